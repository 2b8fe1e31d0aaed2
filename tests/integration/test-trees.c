/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* However a host ends while its application lives, its tree ends with it. */

#include <signal.h>
#include <unistd.h>

#include "test-util.h"

/* See test-orphans.c */
#define STUBBORN "--ignore-term", "--ignore-eof", "--stubborn-children", "--grandchild", \
                 "--setsid-grandchild", "--daemon", "--print=ready"
#define STUBBORN_TREE 4

#define BOMB "200"
#define BOMB_PROMISE (TEST_SANITIZED ? 4.0 : 1.0)   /* s */

typedef struct
{
  ExtensionHostProcess *process;
  TestRecord *record;
  GArray *pids;      /* of the tree when all of it was there */
} Host;

static void
host_take (Host              *self,
           TestFixture       *fixture,
           ExtensionHostSpec *spec)
{
  self->process = extension_host_process_new (spec);
  self->record = test_record_new (self->process);
  test_bring_up (fixture, self->process, self->record);
  self->pids = test_find_tagged (fixture);
  g_object_unref (spec);
}

static void
host_take_stubborn (Host        *self,
                    TestFixture *fixture,
                    const char  *property,
                    guint        value)
{
  ExtensionHostSpec *spec = test_spec_new (fixture, "host", STUBBORN, NULL);

  g_object_set (spec,
                "exit-timeout", 50,
                "term-timeout", 50,
                "backoff-initial", 0,
                NULL);
  if (property != NULL)
    g_object_set (spec, property, value, NULL);
  host_take (self, fixture, spec);
  g_assert_cmpuint (self->pids->len, ==, test_expected_count (STUBBORN_TREE, 1));
}

static void
host_clear (Host *self)
{
  g_clear_pointer (&self->record, test_record_free);
  g_clear_object (&self->process);
  g_clear_pointer (&self->pids, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Host, host_clear)

static pid_t
host_get_pid (Host *self)
{
  return (pid_t) extension_host_process_get_pid (self->process);
}

static pid_t
host_get_shim (Host *self)
{
  TestStat stat;

  g_assert_true (test_stat (host_get_pid (self), &stat));
  g_assert_cmpint (stat.parent, !=, getpid ());

  return stat.parent;
}

/* Stopping. When an operation is done, so is the tree: nobody waits for it here. */

typedef struct
{
  const char *name;
  ExtensionHostStopOutcome *(*finish) (ExtensionHostProcess  *process,
                                       GAsyncResult          *result,
                                       GError               **error);
  gboolean stops_shim;
} EndCase;

static const EndCase end_cases[] = {
  { "stop", extension_host_process_stop_finish, FALSE },
  { "terminate", extension_host_process_terminate_finish, FALSE },
  { "kill", extension_host_process_kill_finish, FALSE },
  { "stop-stopped-shim", extension_host_process_stop_finish, TRUE },
  { "kill-stopped-shim", extension_host_process_kill_finish, TRUE },
};

static gboolean
is_stopped (pid_t pid)
{
  TestStat stat;

  return test_stat (pid, &stat) && stat.state == 'T';
}

static void
stop_shim (TestFixture *self,
           Host        *host)
{
  pid_t shim = host_get_shim (host);

  g_assert_cmpint (kill (shim, SIGSTOP), ==, 0);
  test_wait_polling (self, 1, is_stopped (shim));
}

static void
begin_end (const EndCase *row,
           Host          *host,
           GAsyncResult **result)
{
  if (row->finish == extension_host_process_stop_finish)
    extension_host_process_stop_async (host->process, NULL, test_store_result, result);
  else if (row->finish == extension_host_process_kill_finish)
    extension_host_process_kill_async (host->process, NULL, test_store_result, result);
  else
    extension_host_process_terminate_async (host->process, 50, NULL, test_store_result, result);
}

static void
test_end (TestFixture   *self,
          gconstpointer  data)
{
  const EndCase *row = data;
  g_auto(Host) host = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  ExtensionHostExit *exit = NULL;

  host_take_stubborn (&host, self, NULL, 0);
  if (row->stops_shim)
    stop_shim (self, &host);
  begin_end (row, &host, &result);
  test_wait_until (self, result != NULL);
  g_assert_true (test_are_all_gone (host.pids));
  g_assert_cmpuint (test_count_tagged (self), ==, 0);

  outcome = row->finish (host.process, result, &error);
  g_assert_no_error (error);
  g_test_message ("%s: %.3f s", row->name,
                  extension_host_stop_outcome_get_duration (outcome) / 1e6);
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_true (extension_host_stop_outcome_get_forced (outcome));
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_KILL);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
  exit = extension_host_stop_outcome_get_exit (outcome);
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, EXTENSION_HOST_EXIT_KIND_SIGNALLED);
  g_assert_cmpint (extension_host_exit_get_signal (exit), ==, SIGKILL);
  g_assert_true (extension_host_exit_get_requested (exit));
  g_assert_cmpint (extension_host_process_get_state (host.process), ==,
                   EXTENSION_HOST_STATE_STOPPED);
  g_assert_false (test_has_children ());
}

/* Without any time it is not asked at all: this one would exit with 3. */
static void
test_terminate_at_once (TestFixture   *self,
                        gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (self, "host", "--on-term-exit=3", "--print=ready",
                                                     NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  test_bring_up (self, process, record);
  extension_host_process_terminate_async (process, 0, NULL, test_store_result, &result);
  test_wait_until (self, result != NULL);
  outcome = extension_host_process_terminate_finish (process, result, NULL);
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==, EXTENSION_HOST_STOP_RUNG_KILL);
  g_assert_cmpint (extension_host_exit_get_signal (extension_host_stop_outcome_get_exit (outcome)), ==,
                   SIGKILL);
}

/* The end of the object */

static void
expect_gone_soon (TestFixture *self,
                  gint64       began)
{
  double duration;

  test_wait_polling (self, 5, test_count_tagged (self) == 0);
  duration = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  g_test_message ("%s: gone after %.3f s", g_test_get_path (), duration);
  timed_assert_less (duration, 1.0);   /* it is killed: nobody waits for it to end by itself */
}

static void
test_dispose (TestFixture   *self,
              gconstpointer  data)
{
  gboolean stops = GPOINTER_TO_INT (data);
  g_auto(Host) host = { NULL };
  gint64 began;

  host_take_stubborn (&host, self, NULL, 0);
  if (stops)
    stop_shim (self, &host);

  began = g_get_monotonic_time ();
  g_clear_object (&host.process);
  g_assert_null (host.record->process);
  expect_gone_soon (self, began);
}

static void
test_dispose_manager (TestFixture   *self,
                      gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostManager *manager = extension_host_manager_new ();
  g_autoptr(GError) error = NULL;
  gint64 began;

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *id = g_strdup_printf ("host-%u", i);
      g_autoptr(ExtensionHostSpec) spec = test_spec_new (self, id, STUBBORN, NULL);

      extension_host_manager_add (manager, spec, &error);
      g_assert_no_error (error);
    }
  extension_host_manager_start_all (manager, &error);
  g_assert_no_error (error);
  test_wait_polling (self, 5, test_count_tagged (self) ==
                              test_expected_count (5 * STUBBORN_TREE, 5));

  g_object_add_weak_pointer (G_OBJECT (manager), (gpointer *) &manager);
  began = g_get_monotonic_time ();
  g_object_unref (manager);
  g_assert_null (manager);
  expect_gone_soon (self, began);
}

/* Unasked ends. The next generation begins when nothing is left of the one before. */

static void
on_starting_again (ExtensionHostProcess    *process G_GNUC_UNUSED,
                   ExtensionHostTransition *transition,
                   Host                    *host)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RESTARTING)
    g_assert_true (test_are_all_gone (host->pids));
}

static void
expect_next_generation (TestFixture           *self,
                        Host                  *host,
                        ExtensionHostExitKind  kind,
                        ExtensionHostReason    reason)
{
  ExtensionHostTransition *first = NULL;
  ExtensionHostExit *exit = NULL;
  g_autofree char *path = NULL;

  test_wait_until (self, test_record_has_line (host->record, "ready"));
  path = test_record_path (host->record);
  g_assert_cmpstr (path, ==, "unhealthy restarting starting running");
  first = g_ptr_array_index (host->record->transitions, 0);
  g_assert_cmpint (extension_host_transition_get_reason (first), ==, reason);

  exit = extension_host_process_get_last_exit (host->process);
  g_assert_nonnull (exit);
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, kind);
  g_assert_false (extension_host_exit_get_requested (exit));
  g_assert_true (test_are_all_gone (host->pids));
  g_assert_cmpuint (test_count_tagged (self), ==, test_expected_count (STUBBORN_TREE, 1));
}

static void
test_crash (TestFixture   *self,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_auto(Host) host = { NULL };

  host_take_stubborn (&host, self, NULL, 0);
  g_signal_connect (host.process, "state-changed", G_CALLBACK (on_starting_again), &host);
  test_record_clear (host.record);
  kill (host_get_pid (&host), SIGABRT);

  expect_next_generation (self, &host, EXTENSION_HOST_EXIT_KIND_SIGNALLED,
                          EXTENSION_HOST_REASON_SIGNALLED);
  g_assert_cmpint (extension_host_exit_get_signal (
                     extension_host_process_get_last_exit (host.process)), ==, SIGABRT);
}

/* Its end is told at once: nobody waits for those that it leaves behind, nor for the end of the output
 * that they keep open. */

#define PROMPT (TEST_SANITIZED ? 1000 : 100)   /* ms */

static void
on_told_of_end (ExtensionHostProcess    *process,
                ExtensionHostTransition *transition,
                TestFixture             *fixture)
{
  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_UNHEALTHY)
    return;

  g_assert_cmpuint (extension_host_process_get_pid (process), ==, 0);
  g_assert_cmpuint (test_count_tagged (fixture), ==, test_expected_count (1, 1));
}

static void
test_told_at_once (TestFixture   *self,
                   gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = test_spec_new (self, "host", "--stubborn-children",
                                           "--grandchild-keeps-stdout", "--print=ready", NULL);
  g_auto(Host) host = { NULL };
  gint64 killed = 0, told = 0;

  host_take (&host, self, spec);
  g_signal_connect (host.process, "state-changed", G_CALLBACK (on_told_of_end), self);
  test_record_clear (host.record);
  killed = g_get_monotonic_time ();
  g_assert_no_errno (kill (host_get_pid (&host), SIGKILL));
  test_wait_until (self, test_record_entered (host.record, EXTENSION_HOST_STATE_UNHEALTHY));

  told = extension_host_transition_get_monotonic_time (test_record_last (host.record));
  g_test_message ("told after %.1f ms", (double) (told - killed) / 1000);
  timed_assert_less (told - killed, PROMPT * 1000);
}

/* What it held in sessions of their own is neither below us nor in a group that we know. */
static void
test_lost_shim (TestFixture   *self,
                gconstpointer  data G_GNUC_UNUSED)
{
  g_auto(Host) host = { NULL };

  host_take_stubborn (&host, self, NULL, 0);
  g_signal_connect (host.process, "state-changed", G_CALLBACK (on_starting_again), &host);
  test_record_clear (host.record);
  g_assert_cmpint (kill (host_get_shim (&host), SIGKILL), ==, 0);

  expect_next_generation (self, &host, EXTENSION_HOST_EXIT_KIND_LOST,
                          EXTENSION_HOST_REASON_SHIM_LOST);
  g_assert_cmpuint (extension_host_process_get_generation (host.process), ==, 2);
}

static void
test_lost_shim_while_stopping (TestFixture   *self,
                               gconstpointer  data G_GNUC_UNUSED)
{
  g_auto(Host) host = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  host_take_stubborn (&host, self, "exit-timeout", 20000);
  extension_host_process_stop_async (host.process, NULL, test_store_result, &result);
  g_assert_cmpint (kill (host_get_shim (&host), SIGKILL), ==, 0);
  test_wait_until (self, result != NULL);

  outcome = extension_host_process_stop_finish (host.process, result, &error);
  g_assert_no_error (error);
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_cmpint (extension_host_exit_get_kind (extension_host_stop_outcome_get_exit (outcome)),
                   ==, EXTENSION_HOST_EXIT_KIND_LOST);
  g_assert_true (test_are_all_gone (host.pids));
  g_assert_cmpuint (test_count_tagged (self), ==, 0);
}

/* kill (0, SIGKILL) in the host: neither the shim nor we are in its group. */
static void
test_kill_group (TestFixture   *self,
                 gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = test_spec_new (self, "host", STUBBORN, "--kill-group", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *path = NULL;
  ExtensionHostExit *exit = NULL;
  g_autoptr(GError) error = NULL;

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  extension_host_process_start (process, &error);
  g_assert_no_error (error);
  test_wait_until (self, test_record_entered (record, EXTENSION_HOST_STATE_CRASHED));

  path = test_record_path (record);
  g_assert_cmpstr (path, ==, "starting running unhealthy crashed");
  exit = extension_host_process_get_last_exit (process);
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, EXTENSION_HOST_EXIT_KIND_SIGNALLED);
  g_assert_cmpint (extension_host_exit_get_signal (exit), ==, SIGKILL);
  g_assert_cmpuint (test_count_tagged (self), ==, 0);
  g_object_unref (spec);
}

/* Trees that are hard to end. The bombs keep their number, and end by themselves after a while. */

static void
test_hard (TestFixture   *self,
           gconstpointer  data)
{
  ExtensionHostSpec *spec = test_spec_new (self, "host", "--live-for=20", "--ignore-term",
                                           "--ignore-eof", data, "--print=ready", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Host) host = { NULL };
  gint64 began;
  double duration;

  host_take (&host, self, spec);
  test_wait_polling (self, 5, test_count_tagged (self) > 100);
  began = g_get_monotonic_time ();
  extension_host_process_kill_async (host.process, NULL, test_store_result, &result);
  test_wait_until (self, result != NULL);
  duration = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  g_assert_cmpuint (test_count_tagged (self), ==, 0);

  outcome = extension_host_process_kill_finish (host.process, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
  g_test_message ("%s: gone after %.3f s", (const char *) data, duration);
  timed_assert_less (duration, BOMB_PROMISE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (end_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/trees/", end_cases[i].name, NULL);

      test_add (path, &end_cases[i], test_end);
    }
  test_add ("/trees/terminate-at-once", NULL, test_terminate_at_once);
  test_add_timed ("/trees/dispose", GINT_TO_POINTER (FALSE), test_dispose);
  test_add_timed ("/trees/dispose-stopped-shim", GINT_TO_POINTER (TRUE), test_dispose);
  test_add_timed ("/trees/dispose-manager", NULL, test_dispose_manager);
  test_add ("/trees/crash", NULL, test_crash);
  test_add_timed ("/trees/told-at-once", NULL, test_told_at_once);
  test_add ("/trees/lost-shim", NULL, test_lost_shim);
  test_add ("/trees/lost-shim-while-stopping", NULL, test_lost_shim_while_stopping);
  test_add ("/trees/kill-group", NULL, test_kill_group);
  test_add_timed ("/trees/fork-bomb", "--fork-bomb=" BOMB, test_hard);
  test_add_timed ("/trees/setsid-fork-bomb", "--setsid-fork-bomb=" BOMB, test_hard);
  test_add_timed ("/trees/nested", "--nested=" BOMB, test_hard);

  return g_test_run ();
}
