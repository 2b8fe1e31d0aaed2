/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for a state, and for the next change, without a handler of a signal. */

#include "test-util.h"

#define AT_REST (EXTENSION_HOST_STATE_FLAG_STOPPED | EXTENSION_HOST_STATE_FLAG_CRASHED)
#define BURST_LINES 500

static ExtensionHostProcess *
new_host (TestFixture *fixture,
          const char  *option)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "h", option, NULL);

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_NONE, "health-interval", 0,
                "backoff-initial", 10, "max-restarts", 2, NULL);

  return extension_host_process_new (spec);
}

static void
start (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;

  extension_host_process_start (process, &error);
  g_assert_no_error (error);
}

/* For a state */

static void
assert_reaches (TestFixture             *fixture,
                ExtensionHostProcess    *process,
                ExtensionHostStateFlags  states,
                ExtensionHostState       expected)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  ExtensionHostState state = (ExtensionHostState) -1;

  extension_host_process_wait_for_state_async (process, states, NULL, test_store_result, &result);
  g_assert_null (result);   /* never within the call */
  test_wait_until (fixture, result != NULL);
  g_assert_true (extension_host_process_wait_for_state_finish (process, result, &state, &error));
  g_assert_no_error (error);
  g_assert_cmpint (state, ==, expected);
}

static void
test_state (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, NULL);

  /* It is there already. */
  assert_reaches (fixture, process, AT_REST, EXTENSION_HOST_STATE_STOPPED);

  start (process);
  assert_reaches (fixture, process, EXTENSION_HOST_STATE_FLAG_RUNNING | AT_REST,
                  EXTENSION_HOST_STATE_RUNNING);
  assert_reaches (fixture, process, EXTENSION_HOST_STATE_FLAG_RUNNING,
                  EXTENSION_HOST_STATE_RUNNING);

  extension_host_process_stop_async (process, NULL, NULL, NULL);
  assert_reaches (fixture, process, AT_REST, EXTENSION_HOST_STATE_STOPPED);
}

/* Each bit is the state of the same name. */
static void
test_flags (TestFixture   *fixture G_GNUC_UNUSED,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(GFlagsClass) flags = g_type_class_ref (EXTENSION_HOST_TYPE_STATE_FLAGS);
  g_autoptr(GEnumClass) states = g_type_class_ref (EXTENSION_HOST_TYPE_STATE);

  g_assert_cmpuint (flags->n_values, ==, states->n_values);
  for (guint i = 0; i < states->n_values; i++)
    {
      GFlagsValue *flag = g_flags_get_value_by_nick (flags, states->values[i].value_nick);

      g_assert_nonnull (flag);
      g_assert_cmpuint (flag->value, ==, 1u << states->values[i].value);
    }
}

typedef struct
{
  ExtensionHostState told;    /* by the wait */
  ExtensionHostState since;   /* when the wait was answered */
  guint n_handlers;           /* that had run by then */
  gboolean done;
} Passing;

static void
on_passed (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Passing *self = data;
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (source);
  g_autoptr(GError) error = NULL;

  extension_host_process_wait_for_state_finish (process, result, &self->told, &error);
  g_assert_no_error (error);
  self->since = extension_host_process_get_state (process);
  self->done = TRUE;
}

static void
on_changed (ExtensionHostProcess    *process G_GNUC_UNUSED,
            ExtensionHostTransition *transition,
            Passing                 *self)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_UNHEALTHY)
    self->n_handlers++;
}

/* A state that is left at once is not missed. */
static void
test_passing (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, "--exit=3");
  Passing passing = { .told = EXTENSION_HOST_STATE_STOPPED };

  g_signal_connect (process, "state-changed", G_CALLBACK (on_changed), &passing);
  extension_host_process_wait_for_state_async (process, EXTENSION_HOST_STATE_FLAG_UNHEALTHY, NULL,
                                               on_passed, &passing);
  start (process);
  test_wait_until (fixture, passing.done);
  g_assert_cmpint (passing.told, ==, EXTENSION_HOST_STATE_UNHEALTHY);
  g_assert_cmpuint (passing.n_handlers, ==, 1);

  assert_reaches (fixture, process, AT_REST, EXTENSION_HOST_STATE_CRASHED);
}

static void
test_state_given_up (TestFixture   *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) given_up = NULL;
  g_autoptr(GAsyncResult) refused = NULL;
  g_autoptr(GAsyncResult) closed = NULL;
  ExtensionHostState state = EXTENSION_HOST_STATE_STARTING;
  g_autoptr(GError) error = NULL;

  extension_host_process_wait_for_state_async (process, EXTENSION_HOST_STATE_FLAG_CRASHED,
                                               cancellable, test_store_result, &given_up);
  extension_host_process_wait_for_state_async (process, EXTENSION_HOST_STATE_FLAG_CRASHED, NULL,
                                               test_store_result, &closed);
  g_cancellable_cancel (cancellable);
  test_wait_until (fixture, given_up != NULL);
  g_assert_false (extension_host_process_wait_for_state_finish (process, given_up, &state, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (state, ==, EXTENSION_HOST_STATE_STARTING);   /* not touched */
  g_assert_null (closed);
  g_clear_error (&error);

  g_object_run_dispose (G_OBJECT (process));
  test_wait_until (fixture, closed != NULL);
  g_assert_false (extension_host_process_wait_for_state_finish (process, closed, NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);

  extension_host_process_wait_for_state_async (process, EXTENSION_HOST_STATE_FLAG_STOPPED, NULL,
                                               test_store_result, &refused);
  test_wait_until (fixture, refused != NULL);
  g_assert_false (extension_host_process_wait_for_state_finish (process, refused, NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
}

/* Taken back at once, as who uses a cancellable again does: it may be seen or not, but each wait ends. */
static void
test_reset (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autoptr(GAsyncResult) down = NULL;

  start (process);
  assert_reaches (fixture, process, EXTENSION_HOST_STATE_FLAG_RUNNING, EXTENSION_HOST_STATE_RUNNING);
  extension_host_process_wait_for_state_async (process, EXTENSION_HOST_STATE_FLAG_STOPPED,
                                               cancellable, test_store_result, &stopped);
  extension_host_manager_shutdown_async (manager, 0, cancellable, test_store_result, &down);
  g_cancellable_cancel (cancellable);
  g_cancellable_reset (cancellable);
  test_wait_until (fixture, stopped != NULL && down != NULL);
}

/* For a change */

static void on_change (GObject      *source,
                       GAsyncResult *result,
                       gpointer      data);

static void
wait_change (ExtensionHostProcess *process,
             guint64               after,
             GPtrArray            *changes)
{
  extension_host_process_wait_change_async (process, after, NULL, on_change, changes);
}

static void
on_change (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (source);
  GPtrArray *changes = data;
  g_autoptr(ExtensionHostTransition) change = NULL;
  g_autoptr(GError) error = NULL;

  change = extension_host_process_wait_change_finish (process, result, &error);
  if (change == NULL)
    {
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
      g_ptr_array_add (changes, NULL);
      return;
    }

  wait_change (process, extension_host_transition_get_sequence (change), changes);
  g_ptr_array_add (changes, g_steal_pointer (&change));
}

static void
free_change (gpointer change)
{
  g_clear_pointer ((ExtensionHostTransition **) &change, extension_host_transition_unref);
}

/* Whoever waits again each time sees all that a handler sees. */
static void
test_each_change (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, "--exit=3");
  g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func (free_change);
  ExtensionHostState state = EXTENSION_HOST_STATE_STOPPED;

  wait_change (process, 0, changes);
  start (process);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  test_wait_until (fixture, changes->len == extension_host_process_get_sequence (process));

  /* stopped → starting → running → unhealthy, twice more by way of restarting, → crashed */
  g_assert_cmpuint (changes->len, ==, 12);
  for (guint i = 0; i < changes->len; i++)
    {
      ExtensionHostTransition *change = changes->pdata[i];

      g_assert_cmpuint (extension_host_transition_get_sequence (change), ==, i + 1);
      g_assert_cmpint (extension_host_transition_get_old (change), ==, state);
      state = extension_host_transition_get_new (change);
    }
  g_assert_cmpint (state, ==, EXTENSION_HOST_STATE_CRASHED);

  g_object_run_dispose (G_OBJECT (process));
  test_wait_until (fixture, changes->len > 0 && changes->pdata[changes->len - 1] == NULL);
}

/* Those that were announced before anybody waited */
static void
test_past_changes (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, NULL);
  g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func (free_change);
  guint64 last = 0;

  start (process);
  for (guint i = 0; i < 30; i++)   /* four each: more than are remembered */
    {
      g_autoptr(GError) error = NULL;

      extension_host_process_restart (process, NULL, &error);
      g_assert_no_error (error);
    }
  last = extension_host_process_get_sequence (process);
  g_assert_cmpuint (last, >, 100);

  wait_change (process, last - 3, changes);
  test_wait_until (fixture, changes->len == 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (extension_host_transition_get_sequence (changes->pdata[i]), ==, last - 2 + i);

  /* Of what is forgotten the first that is left comes. */
  wait_change (process, 0, changes);
  test_wait_until (fixture, changes->len == 103);
  g_assert_cmpuint (extension_host_transition_get_sequence (changes->pdata[3]), ==, last - 99);
  g_assert_cmpuint (extension_host_transition_get_sequence (changes->pdata[102]), ==, last);

  g_object_run_dispose (G_OBJECT (process));
  test_wait_until (fixture, changes->len == 105);   /* both were waiting for the next */
}

static void
stop_and_wait (ExtensionHostProcess    *process,
               ExtensionHostTransition *transition,
               GAsyncResult           **result)
{
  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_RUNNING)
    return;

  extension_host_process_stop_async (process, NULL, NULL, NULL);
  extension_host_process_wait_change_async (process,
                                            extension_host_transition_get_sequence (transition),
                                            NULL, test_store_result, result);
}

/* What a handler brings about is announced after it has returned, so it is still to come. */
static void
test_own_change (TestFixture   *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, NULL);
  g_autoptr(ExtensionHostTransition) change = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (process, "state-changed", G_CALLBACK (stop_and_wait), &result);
  start (process);
  test_wait_until (fixture, result != NULL);
  change = extension_host_process_wait_change_finish (process, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (extension_host_transition_get_new (change), ==,
                   EXTENSION_HOST_STATE_STOPPING);
}

/* Of several changes in one turn, too, each is told. */
static void
test_changes_at_once (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  static const ExtensionHostState states[] = { EXTENSION_HOST_STATE_STARTING,
                                               EXTENSION_HOST_STATE_STOPPING,
                                               EXTENSION_HOST_STATE_STOPPED };
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, NULL);
  g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func (free_change);

  wait_change (process, 0, changes);
  start (process);
  extension_host_process_stop_async (process, NULL, NULL, NULL);
  g_assert_cmpuint (extension_host_process_get_sequence (process), ==, 2);
  g_assert_cmpuint (changes->len, ==, 0);   /* never within the call */
  test_wait_until (fixture, changes->len == G_N_ELEMENTS (states));
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    g_assert_cmpint (extension_host_transition_get_new (changes->pdata[i]), ==, states[i]);

  g_object_run_dispose (G_OBJECT (process));
  test_wait_until (fixture, changes->pdata[changes->len - 1] == NULL);
}

/* In a main loop that a handler runs */

typedef struct
{
  TestFixture *fixture;
  guint n_told;
  gboolean returned;   /* from the main loop of the first that was told */
} Within;

/* What has its answer already cannot be cancelled. */
static gboolean
on_too_late (gpointer data G_GNUC_UNUSED)
{
  g_error ("gave up waiting for the stop");

  return G_SOURCE_REMOVE;
}

/* What is done at once is answered, whatever the handler was told of. */
static void
stop_within (Within               *self,
             ExtensionHostProcess *process)
{
  g_autoptr(GSource) deadline = g_timeout_source_new_seconds (TEST_DEADLINE);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  g_source_set_callback (deadline, on_too_late, NULL, NULL);
  g_source_attach (deadline, self->fixture->context);
  outcome = extension_host_process_stop (process, NULL, &error);
  g_source_destroy (deadline);
  g_assert_no_error (error);
  g_assert_nonnull (outcome);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_STOPPED);
  self->returned = TRUE;
}

static void
stop_when_crashed (GObject      *source,
                   GAsyncResult *result,
                   gpointer      data)
{
  g_autoptr(ExtensionHostExit) exit = NULL;

  exit = extension_host_process_wait_finish (EXTENSION_HOST_PROCESS (source), result, NULL);
  g_assert_nonnull (exit);
  stop_within (data, EXTENSION_HOST_PROCESS (source));
}

static void
test_block_in_answer (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, "--exit=3");
  Within within = { fixture, 0, FALSE };

  start (process);
  extension_host_process_wait_async (process, NULL, stop_when_crashed, &within);
  test_wait_until (fixture, within.returned);
}

static void
stop_before_restart (ExtensionHostProcess *process,
                     GParamSpec           *pspec G_GNUC_UNUSED,
                     Within               *within)
{
  if (within->n_told++ == 0)
    stop_within (within, process);
}

static void
test_block_in_notify (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, "--exit=3");
  Within within = { fixture, 0, FALSE };

  g_signal_connect (process, "notify::next-restart", G_CALLBACK (stop_before_restart), &within);
  start (process);
  test_wait_until (fixture, within.returned);
}

/* The first that is told of something runs a main loop until the next is. */
static void
take_turn (Within *self)
{
  if (++self->n_told > 1)
    return;

  test_wait_until (self->fixture, self->n_told == 2);
  self->returned = TRUE;
}

static void
on_answer (GObject      *source G_GNUC_UNUSED,
           GAsyncResult *result G_GNUC_UNUSED,
           gpointer      data)
{
  take_turn (data);
}

static void
test_answer_within (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, NULL);
  Within within = { fixture, 0, FALSE };

  for (guint i = 0; i < 2; i++)
    extension_host_process_wait_for_state_async (process, EXTENSION_HOST_STATE_FLAG_RUNNING, NULL,
                                                 on_answer, &within);
  start (process);
  test_wait_until (fixture, within.returned);
}

static void
on_line (ExtensionHostProcess   *process G_GNUC_UNUSED,
         ExtensionHostLogStream  stream G_GNUC_UNUSED,
         const char             *line G_GNUC_UNUSED,
         Within                 *within)
{
  take_turn (within);
}

static void
test_line_within (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, "--print=one\ntwo");
  Within within = { fixture, 0, FALSE };

  g_signal_connect (process, "log", G_CALLBACK (on_line), &within);
  start (process);
  test_wait_until (fixture, within.returned);
}

typedef struct
{
  GMainContext *context;
  guint n_told;
  guint depth;
  guint deepest;
} Burst;

/* Lets others have a turn. */
static void
on_line_of_burst (ExtensionHostProcess   *process G_GNUC_UNUSED,
                  ExtensionHostLogStream  stream G_GNUC_UNUSED,
                  const char             *line G_GNUC_UNUSED,
                  Burst                  *burst)
{
  burst->n_told++;
  burst->depth++;
  burst->deepest = MAX (burst->deepest, burst->depth);
  g_main_context_iteration (burst->context, FALSE);
  burst->depth--;
}

/* Each on top of the one before it would be the end of the stack. */
static void
test_burst_within (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree char *lines = g_strnfill (2 * BURST_LINES - 1, '\n');
  g_autofree char *argument = NULL;
  g_autoptr(ExtensionHostProcess) process = NULL;
  Burst burst = { fixture->context, 0, 0, 0 };

  for (guint i = 0; i < BURST_LINES; i++)
    lines[2 * i] = 'a';
  argument = g_strconcat ("--print=", lines, NULL);
  process = new_host (fixture, argument);
  g_signal_connect (process, "log", G_CALLBACK (on_line_of_burst), &burst);
  start (process);
  test_wait_until (fixture, burst.n_told == BURST_LINES);
  g_assert_cmpuint (burst.deepest, <, BURST_LINES / 4);
}

/* Misuse */

static void
block_with_nonsense (ExtensionHostProcess *process,
                     ExtensionHostManager *manager)
{
  GCancellable *nonsense = (GCancellable *) process;

  g_log_set_always_fatal (G_LOG_FATAL_MASK);   /* it says so, and comes back */
  g_assert_null (extension_host_process_stop (process, nonsense, NULL));
  g_assert_false (extension_host_process_restart (process, nonsense, NULL));
  g_assert_false (extension_host_process_wait_ready (process, nonsense, NULL));
  g_assert_null (extension_host_process_wait (process, nonsense, NULL));
  g_assert_null (extension_host_manager_shutdown (manager, 0, nonsense, NULL));
}

static void
test_misuse (TestFixture   *fixture,
             gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_host (fixture, NULL);
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();

  if (g_test_subprocess ())
    {
      block_with_nonsense (process, manager);
      return;
    }

  g_test_trap_subprocess (NULL, TEST_DEADLINE * G_USEC_PER_SEC, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*CRITICAL*CRITICAL*CRITICAL*CRITICAL*CRITICAL*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/waiting/state/reached", NULL, test_state);
  test_add ("/waiting/state/flags", NULL, test_flags);
  test_add ("/waiting/state/passing", NULL, test_passing);
  test_add ("/waiting/state/given-up", NULL, test_state_given_up);
  test_add ("/waiting/state/reset", NULL, test_reset);
  test_add ("/waiting/change/each", NULL, test_each_change);
  test_add ("/waiting/change/past", NULL, test_past_changes);
  test_add ("/waiting/change/own", NULL, test_own_change);
  test_add ("/waiting/change/at-once", NULL, test_changes_at_once);
  test_add ("/waiting/within/stop-in-answer", NULL, test_block_in_answer);
  test_add ("/waiting/within/stop-in-notify", NULL, test_block_in_notify);
  test_add ("/waiting/within/answer", NULL, test_answer_within);
  test_add ("/waiting/within/line", NULL, test_line_within);
  test_add ("/waiting/within/burst", NULL, test_burst_within);
  test_add ("/waiting/misuse", NULL, test_misuse);

  return g_test_run ();
}
