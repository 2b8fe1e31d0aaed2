/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-host.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "extension-host-state-private.h"

#define HEALTH_INTERVAL 200   /* ms */
#define HEALTH_TIMEOUT 200
#define HEALTH_FAILURES 2
#define VERDICT_DEADLINE (5 * G_USEC_PER_SEC)   /* of 600 ms that it takes when all is quiet */

/* Questions: whatever is to be answered once */

typedef struct
{
  ChaosHost *host;
  const char *what;
  guint number;   /* of a call: what it asks for */
  gboolean (*finish) (ChaosHost      *host,
                      GAsyncResult  *result,
                      GError       **error);
} Question;

static Question *
ask (ChaosHost   *self,
     const char *what)
{
  Question *question = g_new0 (Question, 1);

  question->host = self;
  question->what = what;
  g_hash_table_add (self->open, question);

  return question;
}

/* A second answer finds nothing. */
static void
close_question (Question *question)
{
  g_assert_true (g_hash_table_remove (question->host->open, question));
}

static void
assert_refusal (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_cmpstr (g_quark_to_string (error->domain), ==,
                   g_quark_to_string (EXTENSION_HOST_ERROR));
  switch (error->code)
    {
    case EXTENSION_HOST_ERROR_INVALID_TRANSITION:
    case EXTENSION_HOST_ERROR_ALREADY_TERMINATED:
    case EXTENSION_HOST_ERROR_SUPERSEDED:
    case EXTENSION_HOST_ERROR_HOST_EXITED:
    case EXTENSION_HOST_ERROR_NOT_RUNNING:
      break;
    default:
      g_error ("unexpected: %s (%d)", error->message, error->code);
    }
}

/* Orders */

static void
on_ordered (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Question *question = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_true (object == G_OBJECT (question->host->process));
  if (question->finish (question->host, result, &error))
    g_assert_no_error (error);
  else
    assert_refusal (error);

  question->host->tally->n_order_answers++;
  close_question (question);
}

static gboolean
finish_start (ChaosHost      *self,
              GAsyncResult  *result,
              GError       **error)
{
  return extension_host_process_start_finish (self->process, result, error);
}

static gboolean
finish_restart (ChaosHost      *self,
                GAsyncResult  *result,
                GError       **error)
{
  return extension_host_process_restart_finish (self->process, result, error);
}

static gboolean
check_outcome (ExtensionHostStopOutcome *outcome)
{
  if (outcome == NULL)
    return FALSE;

  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
  extension_host_stop_outcome_unref (outcome);

  return TRUE;
}

static gboolean
finish_stop (ChaosHost      *self,
             GAsyncResult  *result,
             GError       **error)
{
  return check_outcome (extension_host_process_stop_finish (self->process, result, error));
}

static gboolean
finish_terminate (ChaosHost      *self,
                  GAsyncResult  *result,
                  GError       **error)
{
  return check_outcome (extension_host_process_terminate_finish (self->process, result, error));
}

static gboolean
finish_kill (ChaosHost      *self,
             GAsyncResult  *result,
             GError       **error)
{
  return check_outcome (extension_host_process_kill_finish (self->process, result, error));
}

static Question *
order (ChaosHost   *self,
       const char *what,
       gboolean  (*finish) (ChaosHost      *host,
                            GAsyncResult  *result,
                            GError       **error))
{
  Question *question = ask (self, what);

  question->finish = finish;
  self->tally->n_orders++;

  return question;
}

void
chaos_host_start (ChaosHost *self)
{
  extension_host_process_start_async (self->process, NULL, on_ordered,
                                      order (self, "start", finish_start));
}

void
chaos_host_stop (ChaosHost *self)
{
  extension_host_process_stop_async (self->process, NULL, on_ordered,
                                     order (self, "stop", finish_stop));
}

static void
restart (ChaosHost *self)
{
  extension_host_process_restart_async (self->process, NULL, on_ordered,
                                        order (self, "restart", finish_restart));
}

static void
terminate (ChaosHost *self)
{
  extension_host_process_terminate_async (self->process, (guint) g_test_rand_int_range (0, 50),
                                          NULL, on_ordered,
                                          order (self, "terminate", finish_terminate));
}

static void
kill_tree (ChaosHost *self)
{
  extension_host_process_kill_async (self->process, NULL, on_ordered,
                                     order (self, "kill", finish_kill));
}

/* Calls */

static void
assert_call_failure (const GError *error)
{
  g_assert_cmpstr (g_quark_to_string (error->domain), ==,
                   g_quark_to_string (EXTENSION_HOST_ERROR));
  if (error->code != EXTENSION_HOST_ERROR_HOST_EXITED &&
      error->code != EXTENSION_HOST_ERROR_NOT_RUNNING &&
      error->code != EXTENSION_HOST_ERROR_TIMED_OUT)
    g_error ("unexpected: %s (%d)", error->message, error->code);
}

static void
on_replied (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Question *question = user_data;
  ChaosHost *self = question->host;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes =
    extension_host_process_call_bytes_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  if (bytes != NULL)
    {
      g_autofree char *expected = g_strdup_printf ("[%u]", question->number);

      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected,
                       strlen (expected));
      self->tally->n_replies++;
    }
  else
    {
      assert_call_failure (error);
      self->tally->n_failures++;
    }

  close_question (question);
}

/* Held ones are never answered by the host. */
static void
call (ChaosHost *self)
{
  gboolean held = g_test_rand_int_range (0, 10) == 0;
  Question *question = ask (self, held ? "hold" : "echo");
  g_autoptr(GBytes) params = NULL;
  char *text = NULL;

  question->number = ++self->tally->n_calls;
  text = g_strdup_printf ("[%u]", question->number);
  params = g_bytes_new_take (text, strlen (text));
  extension_host_process_call_bytes_async (self->process, question->what, params,
                                           held ? 300 : 20000, NULL, on_replied, question);
}

static void
call_often (ChaosHost *self)
{
  for (int i = g_test_rand_int_range (1, 30); i > 0 && self->speaks; i--)
    call (self);
}

/* Behind the back of the library */

/* The program, if it is there and certainly ours: whose number it is may have changed by now. */
static pid_t
get_program (ChaosHost *self)
{
  pid_t pid = (pid_t) extension_host_process_get_pid (self->process);

  return pid > 0 && test_has_variable (pid, self->fixture->tag) ? pid : 0;
}

static void
kill_program (ChaosHost *self)
{
  pid_t pid = get_program (self);

  if (pid == 0)
    return;

  kill (pid, SIGKILL);
  self->tally->n_kills++;
}

/* It is our child, and the parent of the program. */
static void
kill_shim (ChaosHost *self)
{
  pid_t pid = get_program (self);
  TestStat program, shim;

  if (pid == 0 || !test_stat (pid, &program) || program.parent <= 1 ||
      !test_stat (program.parent, &shim) || shim.parent != getpid ())
    return;

  kill (program.parent, SIGKILL);
  self->tally->n_shim_kills++;
}

/* One that is left alone has nobody but the watchdog. */
static void
freeze (ChaosHost *self)
{
  pid_t pid = get_program (self);
  gboolean watched = self->speaks;   /* one that does not is not probed, and has to be woken */

  if (pid == 0 || self->frozen != 0)
    return;

  kill (pid, SIGSTOP);
  self->frozen = pid;
  self->frozen_generation = extension_host_process_get_generation (self->process);
  self->left_alone = watched && g_test_rand_bit ();
  self->thaw_at = g_get_monotonic_time () +
                  (watched ? VERDICT_DEADLINE : g_test_rand_int_range (10, 600) * 1000);
  self->tally->n_freezes++;
}

static gboolean
is_still_frozen (ChaosHost *self)
{
  return self->frozen != 0 &&
         extension_host_process_get_generation (self->process) == self->frozen_generation &&
         get_program (self) == self->frozen;
}

void
chaos_host_thaw (ChaosHost *self)
{
  if (is_still_frozen (self))
    kill (self->frozen, SIGCONT);
  self->frozen = 0;
}

/* Wakes whom nobody else is going to wake, and sees that the others were seen to hang. */
void
chaos_host_look_after (ChaosHost *self)
{
  if (self->frozen == 0)
    return;

  if (extension_host_process_get_generation (self->process) != self->frozen_generation)
    {
      self->frozen = 0;
    }
  else if (g_get_monotonic_time () >= self->thaw_at)
    {
      if (self->left_alone && is_still_frozen (self))
        g_error ("%s hangs, and nobody cares", extension_host_process_get_id (self->process));
      chaos_host_thaw (self);
    }
}

/* One out of many; most of them leave the host running, or bring it up again. */
static const struct {
  void (*act) (ChaosHost *self);
  int weight;
} acts[] = {
  { call_often, 30 },
  { chaos_host_start, 25 },
  { kill_program, 15 },
  { restart, 6 },
  { freeze, 6 },
  { chaos_host_stop, 5 },
  { kill_shim, 5 },
  { terminate, 4 },
  { kill_tree, 4 },
};

void
chaos_host_operate (ChaosHost *self)
{
  int total = 0;
  int drawn = 0;
  gsize i = 0;

  if (self->frozen != 0 && self->left_alone)
    return;

  for (gsize k = 0; k < G_N_ELEMENTS (acts); k++)
    total += acts[k].weight;
  for (drawn = g_test_rand_int_range (0, total); drawn >= acts[i].weight; i++)
    drawn -= acts[i].weight;

  acts[i].act (self);
  self->tally->n_operations++;
}

/* Announcements */

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  ChaosHost                *self)
{
  ExtensionHostState old_state = extension_host_transition_get_old (transition);
  ExtensionHostState new_state = extension_host_transition_get_new (transition);
  ExtensionHostReason reason = extension_host_transition_get_reason (transition);

  g_assert_cmpint (old_state, ==, self->state);
  g_assert_cmpint (extension_host_process_get_state (process), ==, new_state);
  g_assert_true (extension_host_state_has_edge (old_state, new_state, reason));
  g_assert_cmpuint (extension_host_transition_get_sequence (transition), ==, self->sequence + 1);
  g_assert_cmpint (new_state, !=, EXTENSION_HOST_STATE_CRASHED);   /* its budget has no end */

  self->state = new_state;
  self->sequence++;
  self->tally->n_transitions++;
  self->tally->n_restarts += reason == EXTENSION_HOST_REASON_BACKOFF_ELAPSED;
  self->tally->n_verdicts += reason == EXTENSION_HOST_REASON_UNRESPONSIVE;
}

/* Hosts */

gboolean
chaos_host_is_at_rest (ChaosHost *self)
{
  return self->state == EXTENSION_HOST_STATE_STOPPED && g_hash_table_size (self->open) == 0;
}

static void
describe_transition (ExtensionHostTransition *transition)
{
  gint64 age = g_get_monotonic_time () -
               extension_host_transition_get_monotonic_time (transition);
  ExtensionHostState state = extension_host_transition_get_new (transition);
  ExtensionHostReason reason = extension_host_transition_get_reason (transition);

  g_test_message ("  %" G_GINT64_FORMAT " ms ago: %s by %s", age / 1000,
                  extension_host_state_to_string (state),
                  extension_host_reason_to_string (reason));
}

/* What it is waiting for, and how it came to that */
void
chaos_host_describe (ChaosHost *self)
{
  g_autoptr(GPtrArray) history = extension_host_process_dup_history (self->process);
  GHashTableIter iter;
  gpointer question = NULL;

  g_test_message ("%s: %s, pid %u, %u calls pending", extension_host_process_get_id (self->process),
                  extension_host_state_to_string (self->state),
                  extension_host_process_get_pid (self->process),
                  extension_host_process_get_pending_calls (self->process));

  g_hash_table_iter_init (&iter, self->open);
  while (g_hash_table_iter_next (&iter, &question, NULL))
    g_test_message ("  not answered: %s", ((Question *) question)->what);
  for (guint i = history->len > 12 ? history->len - 12 : 0; i < history->len; i++)
    describe_transition (g_ptr_array_index (history, i));
}

/* Every other one speaks JSON-RPC; of the others, some have children, and some crash. */
static GStrv
make_argv (guint number)
{
  static const char * const habits[][3] = {
    { "--grandchild", "--setsid-grandchild", NULL },
    { "--crash-randomly=3000", NULL },
    { "--exit-after=2000:0", "--daemon", NULL },
    { "--stubborn-children", "--slow-death=20", NULL },
  };
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, g_getenv (number % 2 == 0 ? "RPC_HOST" : "FAKE_HOST"));
  g_strv_builder_add (builder, "--live-for=3600");
  if (number % 2 != 0)
    g_strv_builder_addv (builder, (const char **) habits[number / 2 % G_N_ELEMENTS (habits)]);

  return g_strv_builder_end (builder);
}

ChaosHost *
chaos_host_new (TestFixture          *fixture,
               ExtensionHostManager *manager,
               guint                 number,
               ChaosTally            *tally)
{
  g_autofree char *id = g_strdup_printf ("host-%u", number);
  g_auto(GStrv) argv = make_argv (number);
  g_autoptr(ExtensionHostSpec) spec =
    extension_host_spec_new (id, (const char * const *) argv);
  const char *environment[] = { fixture->tag, NULL };
  g_autoptr(GError) error = NULL;
  ChaosHost *self = g_new0 (ChaosHost, 1);

  self->fixture = fixture;
  self->tally = tally;
  self->speaks = number % 2 == 0;
  self->open = g_hash_table_new_full (NULL, NULL, g_free, NULL);
  g_object_set (spec,
                "environment", environment,
                "protocol", self->speaks ? EXTENSION_HOST_PROTOCOL_PLAIN
                                         : EXTENSION_HOST_PROTOCOL_NONE,
                "backoff-initial", 20,
                "backoff-factor", 1.0,
                "backoff-jitter", 0.5,
                "max-restarts", EXTENSION_HOST_UNLIMITED,
                "exit-timeout", 100,
                "term-timeout", 100,
                "kill-timeout", 20000,
                NULL);
  if (self->speaks)
    g_object_set (spec,
                  "ack-timeout", 100,
                  "health-interval", HEALTH_INTERVAL,
                  "health-timeout", HEALTH_TIMEOUT,
                  "health-failures", HEALTH_FAILURES,
                  NULL);
  self->process = extension_host_manager_add (manager, spec, &error);
  g_assert_no_error (error);
  g_signal_connect (self->process, "state-changed", G_CALLBACK (on_state_changed), self);

  return self;
}

void
chaos_host_free (ChaosHost *self)
{
  g_assert_cmpuint (g_hash_table_size (self->open), ==, 0);
  g_signal_handlers_disconnect_by_data (self->process, self);
  g_hash_table_unref (self->open);
  g_free (self);
}
