/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random operations, from outside and from within handlers, on hosts that crash as they like:
 * whatever comes of it, the promises of the lifecycle hold. --seed repeats the operations, if not
 * the crashes. */

#include <string.h>
#include <unistd.h>

#include "extension-host-state-private.h"
#include "test-util.h"

#define SECONDS (g_test_quick () ? 2 : 10)
#define SCAN_INTERVAL (20 * 1000)   /* µs */
#define MOST_PENDING 20

typedef struct
{
  TestFixture *fixture;
  ExtensionHostProcess *process;
  ExtensionHostState state;          /* the last one announced */
  guint64 sequence;
  ExtensionHostTransition *current;  /* being announced: the second handler sees the same */
  gboolean is_announcing;
  gboolean is_over;
  GPtrArray *questions;              /* all that were ever asked */
  guint n_asked;                     /* async operations */
  guint n_answered;
  guint n_operations;
  guint edges[7][7];
} Subject;

/* Operations */

typedef struct
{
  Subject *subject;
  gboolean is_answered;
  gboolean (*finish) (Subject      *subject,
                      GAsyncResult *result,
                      GError      **error);
} Question;

static void
assert_refusal (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_cmpstr (g_quark_to_string (error->domain), ==,
                   g_quark_to_string (EXTENSION_HOST_ERROR));
  switch (error->code)
    {
    case EXTENSION_HOST_ERROR_INVALID_TRANSITION:
    case EXTENSION_HOST_ERROR_QUARANTINED:
    case EXTENSION_HOST_ERROR_ALREADY_TERMINATED:
    case EXTENSION_HOST_ERROR_SUPERSEDED:
    case EXTENSION_HOST_ERROR_HOST_EXITED:
    case EXTENSION_HOST_ERROR_NOT_RUNNING:
      break;
    default:
      g_error ("unexpected: %s (%d)", error->message, error->code);
    }
}

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Question *question = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_false (question->is_answered);
  question->is_answered = TRUE;
  question->subject->n_answered++;
  g_assert_true (object == G_OBJECT (question->subject->process));
  if (!question->finish (question->subject, result, &error))
    assert_refusal (error);
  else
    g_assert_no_error (error);
}

static gboolean
finish_start (Subject       *subject,
              GAsyncResult  *result,
              GError       **error)
{
  return extension_host_process_start_finish (subject->process, result, error);
}

static gboolean
finish_restart (Subject       *subject,
                GAsyncResult  *result,
                GError       **error)
{
  return extension_host_process_restart_finish (subject->process, result, error);
}

static gboolean
finish_ready (Subject       *subject,
              GAsyncResult  *result,
              GError       **error)
{
  return extension_host_process_wait_ready_finish (subject->process, result, error);
}

static gboolean
finish_wait (Subject       *subject,
             GAsyncResult  *result,
             GError       **error)
{
  g_autoptr(ExtensionHostExit) exit =
    extension_host_process_wait_finish (subject->process, result, error);

  return exit != NULL;
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
finish_stop (Subject       *subject,
             GAsyncResult  *result,
             GError       **error)
{
  return check_outcome (extension_host_process_stop_finish (subject->process, result, error));
}

static gboolean
finish_terminate (Subject       *subject,
                  GAsyncResult  *result,
                  GError       **error)
{
  return check_outcome (extension_host_process_terminate_finish (subject->process, result, error));
}

static gboolean
finish_kill (Subject       *subject,
             GAsyncResult  *result,
             GError       **error)
{
  return check_outcome (extension_host_process_kill_finish (subject->process, result, error));
}

static Question *
ask (Subject *subject,
     gboolean (*finish) (Subject       *subject,
                         GAsyncResult  *result,
                         GError       **error))
{
  Question *question = g_new0 (Question, 1);

  question->subject = subject;
  question->finish = finish;
  subject->n_asked++;
  g_ptr_array_add (subject->questions, question);

  return question;
}

typedef enum
{
  START,
  START_ASYNC,
  STOP,
  RESTART,
  TERMINATE,
  KILL,
  RESET,
  PAUSE,
  RESUME,
  QUARANTINE,
  RELEASE,
  WAIT,
  WAIT_READY,
  N_OPERATIONS
} Operation;

/* Those that bring it up come more often: a host that is down does little. */
static Operation
choose (void)
{
  static const Operation ups[] = { START, START, START_ASYNC, RESUME, RELEASE, RELEASE };

  return g_test_rand_bit () ? ups[g_test_rand_int_range (0, G_N_ELEMENTS (ups))]
                            : (Operation) g_test_rand_int_range (0, N_OPERATIONS);
}

static void
operate_sync (Subject   *subject,
              gboolean (*operation) (ExtensionHostProcess  *process,
                                     GError               **error))
{
  g_autoptr(GError) error = NULL;

  if (!operation (subject->process, &error))
    assert_refusal (error);
  else
    g_assert_no_error (error);
}

static void
operate_async (Subject  *subject,
               Operation operation)
{
  ExtensionHostProcess *process = subject->process;

  if (subject->n_asked - subject->n_answered >= MOST_PENDING)
    return;

  switch ((guint) operation)
    {
    case START_ASYNC:
      extension_host_process_start_async (process, NULL, on_answer, ask (subject, finish_start));
      break;
    case STOP:
      extension_host_process_stop_async (process, NULL, on_answer, ask (subject, finish_stop));
      break;
    case RESTART:
      extension_host_process_restart_async (process, NULL, on_answer,
                                            ask (subject, finish_restart));
      break;
    case TERMINATE:
      extension_host_process_terminate_async (process, g_test_rand_int_range (0, 30), NULL,
                                              on_answer, ask (subject, finish_terminate));
      break;
    case KILL:
      extension_host_process_kill_async (process, NULL, on_answer, ask (subject, finish_kill));
      break;
    case WAIT:
      extension_host_process_wait_async (process, NULL, on_answer, ask (subject, finish_wait));
      break;
    case WAIT_READY:
      extension_host_process_wait_ready_async (process, NULL, on_answer,
                                               ask (subject, finish_ready));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
operate (Subject *subject)
{
  Operation operation = choose ();

  subject->n_operations++;
  switch ((guint) operation)
    {
    case START:
      operate_sync (subject, extension_host_process_start);
      break;
    case RESET:
      operate_sync (subject, extension_host_process_reset);
      break;
    case PAUSE:
      operate_sync (subject, extension_host_process_pause);
      break;
    case RESUME:
      operate_sync (subject, extension_host_process_resume);
      break;
    case QUARANTINE:
      operate_sync (subject, extension_host_process_quarantine);
      break;
    case RELEASE:
      operate_sync (subject, extension_host_process_release);
      break;
    default:
      operate_async (subject, operation);
      break;
    }
}

/* Announcements */

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  Subject                 *subject)
{
  ExtensionHostState old_state = extension_host_transition_get_old (transition);
  ExtensionHostState new_state = extension_host_transition_get_new (transition);

  g_assert_false (subject->is_announcing);
  subject->is_announcing = TRUE;
  subject->current = transition;

  g_assert_true (extension_host_state_has_edge (old_state, new_state,
                                                extension_host_transition_get_reason (transition)));
  g_assert_cmpint (old_state, ==, subject->state);
  g_assert_cmpuint (extension_host_transition_get_sequence (transition), ==,
                    subject->sequence + 1);
  g_assert_cmpuint (extension_host_process_get_sequence (process), ==, subject->sequence + 1);
  g_assert_cmpint (extension_host_process_get_state (process), ==, new_state);
  subject->edges[old_state][new_state]++;
  subject->state = new_state;
  subject->sequence++;

  if (!subject->is_over && g_test_rand_int_range (0, 3) == 0)
    operate (subject);
  if (!subject->is_over && g_test_rand_int_range (0, 8) == 0)
    operate (subject);
  g_assert_cmpint (extension_host_process_get_state (process), ==, new_state);
}

/* Connected last: it sees what the first saw, and nothing in between. */
static void
on_state_changed_after (ExtensionHostProcess    *process,
                        ExtensionHostTransition *transition,
                        Subject                 *subject)
{
  g_assert_true (subject->is_announcing);
  g_assert_true (subject->current == transition);
  g_assert_cmpint (extension_host_process_get_state (process), ==,
                   extension_host_transition_get_new (transition));
  subject->is_announcing = FALSE;
}

/* Trees: a process belongs to the tree whose marker is in its environment. */

typedef struct
{
  pid_t pid;
  guint64 started;
  char *marker;
} Member;

static void
member_clear (gpointer data)
{
  g_free (((Member *) data)->marker);
}

static GArray *
find_members (Subject *subject)
{
  GArray *members = g_array_new (FALSE, FALSE, sizeof (Member));
  g_autoptr(GArray) pids = test_find_tagged (subject->fixture);

  g_array_set_clear_func (members, member_clear);
  for (guint i = 0; i < pids->len; i++)
    {
      Member member = { .pid = g_array_index (pids, pid_t, i) };
      TestStat stat;

      member.marker = test_get_variable (member.pid, TEST_TREE);
      if (member.marker != NULL && test_stat (member.pid, &stat))
        {
          member.started = stat.started;
          g_array_append_val (members, member);
        }
      else
        {
          g_free (member.marker);
        }
    }

  return members;
}

/* The list was not made in an instant. Two trees were there at once if a member of one that was
 * seen before a member of the other is still there afterwards. */
static void
expect_one_tree (Subject *subject)
{
  g_autoptr(GArray) members = find_members (subject);

  for (guint i = 1; i < members->len; i++)
    {
      Member *first = &g_array_index (members, Member, 0);
      Member *other = &g_array_index (members, Member, i);
      TestStat stat;

      if (g_str_equal (first->marker, other->marker))
        continue;

      if (test_is_alive (first->pid) && test_stat (first->pid, &stat) &&
          stat.started == first->started)
        g_error ("%d of tree %s and %d of tree %s are alive at once", (int) first->pid,
                 first->marker, (int) other->pid, other->marker);
      break;
    }
}

/* The run */

/* In haste most of the time; now and then a host is let live its own life. */
static gint64
choose_pause (void)
{
  return g_test_rand_int_range (0, 20) == 0 ? g_test_rand_int_range (20, 250) * 1000
                                            : g_test_rand_int_range (0, 12) * 1000;
}

static void
print_edges (Subject *subject)
{
  for (guint from = 0; from < 7; from++)
    for (guint to = 0; to < 7; to++)
      if (subject->edges[from][to] > 0)
        g_test_message ("%s to %s: %u", extension_host_state_to_string (from),
                        extension_host_state_to_string (to), subject->edges[from][to]);
}

static void
run (Subject *subject)
{
  gint64 end = g_get_monotonic_time () + SECONDS * G_USEC_PER_SEC;
  gint64 next_scan = 0;

  while (g_get_monotonic_time () < end)
    {
      gint64 pause = g_get_monotonic_time () + choose_pause ();

      operate (subject);
      do
        {
          if (g_get_monotonic_time () >= next_scan)
            {
              expect_one_tree (subject);
              next_scan = g_get_monotonic_time () + SCAN_INTERVAL;
            }
          if (!g_main_context_iteration (subject->fixture->context, FALSE))
            g_usleep (200);
        }
      while (g_get_monotonic_time () < pause);
    }
}

static void
finish (Subject *subject)
{
  g_autoptr(GError) error = NULL;

  subject->is_over = TRUE;
  extension_host_process_release (subject->process, &error);
  g_assert_no_error (error);
  extension_host_process_resume (subject->process, &error);
  g_assert_no_error (error);
  operate_async (subject, KILL);
  operate_async (subject, STOP);
  extension_host_process_stop_async (subject->process, NULL, on_answer,
                                     ask (subject, finish_stop));
  test_wait_until (subject->fixture,
                   extension_host_process_get_state (subject->process) ==
                   EXTENSION_HOST_STATE_STOPPED &&
                   subject->n_answered == subject->n_asked);
}

/* The last option gives the name. */
static const struct
{
  const char *children;
  const char *end;
} hosts[] = {
  { "--grandchild", "--crash-randomly=60" },
  { "--grandchild", "--exit-after=40:0" },
  { "--stubborn-children", "--slow-death=15" },
};

static void
test_random (TestFixture   *self,
             gconstpointer  data)
{
  guint which = GPOINTER_TO_UINT (data);
  g_autoptr(ExtensionHostSpec) spec =
    test_spec_new (self, "host", hosts[which].children, "--setsid-grandchild", "--daemon",
                   hosts[which].end, NULL);
  g_autoptr(GPtrArray) questions = g_ptr_array_new_with_free_func (g_free);
  Subject subject = { .fixture = self, .questions = questions };
  gpointer object = NULL;

  g_object_set (spec,
                "backoff-initial", 5,
                "backoff-max", 40,
                "backoff-jitter", 0.5,
                "max-restarts", 4,
                "restart-window", 500,
                "restart", which == 1 ? EXTENSION_HOST_RESTART_POLICY_ON_FAILURE
                                      : EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "exit-timeout", 20,
                "term-timeout", 20,
                "kill-timeout", 10000,
                NULL);
  subject.process = extension_host_process_new (spec);
  g_signal_connect (subject.process, "state-changed", G_CALLBACK (on_state_changed), &subject);
  g_signal_connect_after (subject.process, "state-changed", G_CALLBACK (on_state_changed_after),
                          &subject);

  run (&subject);
  finish (&subject);
  print_edges (&subject);
  g_test_message ("%u operations, %u asked, %u answered, %" G_GUINT64_FORMAT " transitions, %"
                  G_GUINT64_FORMAT " generations", subject.n_operations, subject.n_asked,
                  subject.n_answered, subject.sequence,
                  extension_host_process_get_generation (subject.process));
  g_assert_cmpuint (subject.sequence, >, 4);

  object = subject.process;
  g_object_add_weak_pointer (G_OBJECT (subject.process), &object);
  g_object_unref (subject.process);
  g_assert_null (object);
  g_assert_cmpuint (test_count_tagged (self), ==, 0);
  g_assert_false (test_has_children ());
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      const char *name = hosts[i].end + strlen ("--");
      g_autofree char *path = g_strdup_printf ("/random/%.*s", (int) strcspn (name, "="), name);

      test_add (path, GUINT_TO_POINTER (i), test_random);
    }

  return g_test_run ();
}
