/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of all hosts of a manager. */

#include "test-util.h"

#include <signal.h>
#include <string.h>

#define AT_ONCE 16
#define LONG (60 * 1000)   /* ms: a test that has to wait for it fails */

/* Hosts are named “0”, “1” … */

static ExtensionHostProcess *
add (TestFixture          *fixture,
     ExtensionHostManager *manager,
     const char           *option)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (manager));
  g_autofree char *id = g_strdup_printf ("%u", n);
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, id, option, NULL);
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = NULL;

  g_object_set (spec, "exit-timeout", LONG, "term-timeout", LONG, NULL);
  process = extension_host_manager_add (manager, spec, &error);
  g_assert_no_error (error);

  return process;
}

static void
start_after (ExtensionHostProcess *process,
             const char           *other)
{
  const char *after[] = { other, NULL };

  g_object_set (extension_host_process_get_spec (process), "after", after, NULL);
}

static ExtensionHostProcess *
get (ExtensionHostManager *manager,
     guint                 i)
{
  g_autoptr(ExtensionHostProcess) process = g_list_model_get_item (G_LIST_MODEL (manager), i);

  return process;
}

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

static gboolean
are_all_in (ExtensionHostManager *manager,
            ExtensionHostState    state)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (manager));

  for (guint i = 0; i < n; i++)
    if (!is_in (get (manager, i), state))
      return FALSE;

  return TRUE;
}

static void
start_all (TestFixture          *fixture,
           ExtensionHostManager *manager)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_manager_start_all (manager, &error));
  g_assert_no_error (error);
  test_wait_until (fixture, are_all_in (manager, EXTENSION_HOST_STATE_RUNNING));
}

static ExtensionHostManager *
manager_new (TestFixture *fixture,
             guint        n,
             const char  *option)
{
  ExtensionHostManager *manager = extension_host_manager_new ();

  for (guint i = 0; i < n; i++)
    add (fixture, manager, option);

  return manager;
}

/* A shutdown under way */

static ExtensionHostShutdownReport *
finish (TestFixture           *fixture,
        ExtensionHostManager  *manager,
        GAsyncResult         **result)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostShutdownReport *report = NULL;

  test_wait_until (fixture, *result != NULL);
  report = extension_host_manager_shutdown_finish (manager, *result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (report);
  g_clear_object (result);

  return report;
}

static ExtensionHostShutdownReport *
shut_down (TestFixture          *fixture,
           ExtensionHostManager *manager,
           guint                 timeout_ms)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostShutdownReport *report = extension_host_manager_shutdown (manager, timeout_ms, NULL,
                                                                         &error);

  g_assert_no_error (error);
  g_assert_nonnull (report);

  return report;
}

static void
assert_complete (ExtensionHostShutdownReport *report,
                 guint                        n)
{
  g_assert_cmpuint (extension_host_shutdown_report_get_n_hosts (report), ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);

      g_assert_cmpstr (extension_host_shutdown_report_get_id (report, i), ==, id);
      g_assert_nonnull (extension_host_shutdown_report_get_outcome (report, i));
    }
}

static void
assert_rung (ExtensionHostShutdownReport *report,
             guint                        i,
             ExtensionHostStopRung        rung)
{
  ExtensionHostStopOutcome *outcome = extension_host_shutdown_report_get_outcome (report, i);

  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==, rung);
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
}

/* How many, in which order */

typedef struct
{
  guint now;
  guint most;
} Count;

static void
count_stopping (ExtensionHostManager    *manager G_GNUC_UNUSED,
                ExtensionHostProcess    *process G_GNUC_UNUSED,
                ExtensionHostTransition *transition,
                Count                   *count)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_STOPPING)
    {
      count->now++;
      g_assert_cmpint (extension_host_transition_get_reason (transition), ==,
                       EXTENSION_HOST_REASON_STOP);
      g_assert_cmpstr (extension_host_transition_get_requester (transition), ==, "application");
    }
  else
    {
      count->now--;
    }
  count->most = MAX (count->most, count->now);
}

static void
test_many (TestFixture   *fixture,
           gconstpointer  data)
{
  guint n = g_test_slow () ? 300 : 50;
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, n, "--slow-death=100");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  Count count = { 0 };

  start_all (fixture, manager);
  g_signal_connect (manager, "state-changed", G_CALLBACK (count_stopping), &count);
  report = shut_down (fixture, manager, 0);
  assert_complete (report, n);
  for (guint i = 0; i < n; i++)
    assert_rung (report, i, EXTENSION_HOST_STOP_RUNG_EOF);
  g_assert_true (extension_host_shutdown_report_get_clean (report));
  g_assert_cmpint (extension_host_shutdown_report_get_duration (report), <,
                   (TEST_SANITIZED ? 30 : 20) * G_USEC_PER_SEC);
  g_assert_cmpuint (count.most, ==, AT_ONCE);
  g_assert_cmpuint (count.now, ==, 0);
}

/* Nobody is told to stop before those that are after it are down. */
static void
note_stopping (ExtensionHostManager    *manager,
               ExtensionHostProcess    *process,
               ExtensionHostTransition *transition,
               GString                 *order)
{
  const char *id = extension_host_process_get_id (process);

  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_STOPPING)
    return;

  g_string_append_printf (order, " %s", id);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (manager)); i++)
    {
      ExtensionHostProcess *other = get (manager, i);
      g_auto(GStrv) after = NULL;

      g_object_get (extension_host_process_get_spec (other), "after", &after, NULL);
      if (after != NULL && g_strv_contains ((const char * const *) after, id))
        g_assert_true (is_in (other, EXTENSION_HOST_STATE_STOPPED));
    }
}

static void
test_order (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 5, "--slow-death=20");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GString) order = g_string_new (NULL);

  start_after (get (manager, 0), "2");
  start_after (get (manager, 2), "3");
  start_all (fixture, manager);
  g_signal_connect (manager, "state-changed", G_CALLBACK (note_stopping), order);
  report = shut_down (fixture, manager, 0);
  assert_complete (report, 5);

  /* 0 holds up 2, which holds up 3. The others go in the reverse order of the list. */
  g_assert_cmpstr (order->str, ==, " 4 1 0 2 3");
}

/* They cannot be started by start_all, but one by one. */
static void
test_cycle (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 3, "--slow-death=20");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;

  start_all (fixture, manager);
  start_after (get (manager, 0), "1");
  start_after (get (manager, 1), "0");
  start_after (get (manager, 2), "nobody");
  report = shut_down (fixture, manager, 0);
  assert_complete (report, 3);
  g_assert_true (extension_host_shutdown_report_get_clean (report));
  g_assert_true (are_all_in (manager, EXTENSION_HOST_STATE_STOPPED));
}

static void
test_empty (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostShutdownReport) report = shut_down (fixture, manager, 1);

  assert_complete (report, 0);
  g_assert_true (extension_host_shutdown_report_get_clean (report));
}

/* Hosts that are down already, or as good as down */

static void
test_at_rest (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 4, "--ignore-term");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  ExtensionHostProcess *crashed = get (manager, 1);
  ExtensionHostProcess *in_backoff = get (manager, 2);
  ExtensionHostProcess *paused = get (manager, 3);

  for (guint i = 1; i < 4; i++)
    g_assert_true (extension_host_process_start (get (manager, i), NULL));
  test_wait_until (fixture, is_in (crashed, EXTENSION_HOST_STATE_RUNNING) &&
                            is_in (in_backoff, EXTENSION_HOST_STATE_RUNNING) &&
                            is_in (paused, EXTENSION_HOST_STATE_RUNNING));

  g_object_set (extension_host_process_get_spec (crashed),
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_object_set (extension_host_process_get_spec (in_backoff),
                "backoff-initial", LONG, "backoff-max", LONG, NULL);
  g_assert_true (extension_host_process_pause (paused, NULL));
  for (guint i = 1; i < 4; i++)
    g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (get (manager, i)), SIGKILL));
  test_wait_until (fixture, is_in (crashed, EXTENSION_HOST_STATE_CRASHED) &&
                            is_in (in_backoff, EXTENSION_HOST_STATE_RESTARTING) &&
                            is_in (paused, EXTENSION_HOST_STATE_UNHEALTHY));

  report = shut_down (fixture, manager, 0);
  assert_complete (report, 4);
  for (guint i = 0; i < 4; i++)
    assert_rung (report, i, EXTENSION_HOST_STOP_RUNG_NONE);
  g_assert_true (extension_host_shutdown_report_get_clean (report));
  g_assert_true (is_in (get (manager, 0), EXTENSION_HOST_STATE_STOPPED));
  g_assert_true (is_in (crashed, EXTENSION_HOST_STATE_CRASHED));
  g_assert_true (is_in (in_backoff, EXTENSION_HOST_STATE_STOPPED));
  g_assert_true (is_in (paused, EXTENSION_HOST_STATE_STOPPED));
}

static void
test_pending_restart (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 1, "--slow-death=100");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GAsyncResult) restarted = NULL;
  g_autoptr(GError) error = NULL;

  start_all (fixture, manager);
  extension_host_process_restart_async (get (manager, 0), NULL, test_store_result, &restarted);
  report = shut_down (fixture, manager, 0);
  assert_complete (report, 1);
  test_wait_until (fixture, restarted != NULL);
  g_assert_false (extension_host_process_restart_finish (get (manager, 0), restarted, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_SUPERSEDED);
  g_assert_cmpuint (extension_host_process_get_generation (get (manager, 0)), ==, 1);
  g_assert_true (is_in (get (manager, 0), EXTENSION_HOST_STATE_STOPPED));
}

static void
test_waiting_start (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 2, "--slow-death=20");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;

  start_after (get (manager, 1), "0");
  g_assert_true (extension_host_manager_start_all (manager, NULL));
  report = shut_down (fixture, manager, 0);
  assert_complete (report, 2);
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  g_assert_cmpuint (extension_host_process_get_generation (get (manager, 0)), ==, 1);
  g_assert_cmpuint (extension_host_process_get_generation (get (manager, 1)), ==, 0);
  g_assert_null (extension_host_process_get_last_control_failure (get (manager, 1)));
}

/* Whose turn comes late: one that somebody else stops, and one that is not up at all. */
static void
test_out_of_turn (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 2, "--print=ready");
  ExtensionHostProcess *slow = add (fixture, manager, "--slow-death=3000");
  ExtensionHostProcess *in_backoff = get (manager, 1);
  const char *after[] = { "0", "1", NULL };
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  start_all (fixture, manager);
  g_object_set (extension_host_process_get_spec (slow), "after", after, NULL);
  g_object_set (extension_host_process_get_spec (in_backoff),
                "backoff-initial", LONG, "backoff-max", LONG, NULL);
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (in_backoff), SIGKILL));
  test_wait_until (fixture, is_in (in_backoff, EXTENSION_HOST_STATE_RESTARTING));

  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &result);
  g_assert_true (is_in (in_backoff, EXTENSION_HOST_STATE_STOPPED));
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  g_assert_true (is_in (get (manager, 0), EXTENSION_HOST_STATE_RUNNING));
  extension_host_process_stop_async (get (manager, 0), NULL, NULL, NULL);
  test_wait_until (fixture, is_in (get (manager, 0), EXTENSION_HOST_STATE_STOPPED));
  g_assert_true (is_in (slow, EXTENSION_HOST_STATE_STOPPING));

  report = finish (fixture, manager, &result);
  assert_complete (report, 3);
  assert_rung (report, 0, EXTENSION_HOST_STOP_RUNG_EOF);
  assert_rung (report, 1, EXTENSION_HOST_STOP_RUNG_NONE);
  assert_rung (report, 2, EXTENSION_HOST_STOP_RUNG_EOF);
}

/* One that ends unasked before its turn is not restarted, and nobody with it. */
static void
test_crash_meanwhile (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 3, "--slow-death=2000");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  ExtensionHostProcess *first = get (manager, 0);

  extension_host_manager_set_strategy (manager, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  for (guint i = 0; i < 3; i++)
    g_object_set (extension_host_process_get_spec (get (manager, i)),
                  "group", "g", "backoff-initial", 0, NULL);
  start_after (get (manager, 1), "0");
  start_after (get (manager, 2), "1");
  start_all (fixture, manager);

  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &result);
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (first), SIGKILL));
  test_wait_until (fixture, is_in (first, EXTENSION_HOST_STATE_CRASHED));
  g_assert_true (is_in (get (manager, 2), EXTENSION_HOST_STATE_STOPPING));
  report = finish (fixture, manager, &result);
  assert_complete (report, 3);
  assert_rung (report, 0, EXTENSION_HOST_STOP_RUNG_NONE);
  assert_rung (report, 1, EXTENSION_HOST_STOP_RUNG_EOF);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (extension_host_process_get_generation (get (manager, i)), ==, 1);
}

/* The deadline */

static void
test_deadline (TestFixture   *fixture,
               gconstpointer  data)
{
  guint n = 2 * AT_ONCE + 3;
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, n, "--ignore-eof");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  Count count = { 0 };

  start_after (get (manager, 0), "1");
  start_all (fixture, manager);
  g_signal_connect (manager, "state-changed", G_CALLBACK (count_stopping), &count);
  report = shut_down (fixture, manager, 200);
  assert_complete (report, n);
  g_assert_cmpuint (count.most, ==, n);   /* there are no turns any more */
  for (guint i = 0; i < n; i++)
    {
      assert_rung (report, i, EXTENSION_HOST_STOP_RUNG_KILL);
      g_assert_true (extension_host_stop_outcome_get_forced (
                       extension_host_shutdown_report_get_outcome (report, i)));
    }
  g_assert_false (extension_host_shutdown_report_get_clean (report));
  g_assert_cmpint (extension_host_shutdown_report_get_duration (report), >=, 200 * 1000);
  g_assert_cmpint (extension_host_shutdown_report_get_duration (report), <,
                   20 * G_USEC_PER_SEC);
}

/* Who joins makes it faster, and not slower, and gets the same report. */

typedef struct
{
  const char *path;
  guint first;    /* ms */
  guint second;
} Join;

static const Join joins[] = {
  { "faster", 0, 100 },
  { "faster-than-slow", LONG, 100 },
  { "not-slower", 100, LONG },
  { "not-without-end", 100, 0 },
};

static void
test_join (TestFixture   *fixture,
           gconstpointer  data)
{
  const Join *join = data;
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 3, "--ignore-eof");
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(ExtensionHostShutdownReport) same = NULL;
  g_autoptr(ExtensionHostShutdownReport) late = NULL;

  start_all (fixture, manager);
  extension_host_manager_shutdown_async (manager, join->first, NULL, test_store_result, &first);
  extension_host_manager_shutdown_async (manager, join->second, NULL, test_store_result, &second);
  test_wait_until (fixture, first != NULL && second != NULL);
  report = finish (fixture, manager, &first);
  same = finish (fixture, manager, &second);
  late = shut_down (fixture, manager, 0);
  assert_complete (report, 3);
  g_assert_true (report == same);
  g_assert_true (report == late);
  for (guint i = 0; i < 3; i++)
    assert_rung (report, i, EXTENSION_HOST_STOP_RUNG_KILL);
}

/* Nothing is started any more */

static void
assert_closed (TestFixture          *fixture,
               ExtensionHostManager *manager)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "late", NULL);
  g_autoptr(GFile) folder = g_file_new_for_path ("/");
  ExtensionHostProcess *process = get (manager, 0);
  g_autoptr(GAsyncResult) started = NULL;
  g_autoptr(GAsyncResult) restarted = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (extension_host_manager_start_all (manager, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (extension_host_manager_add (manager, spec, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpuint (extension_host_manager_load_directory (manager, folder, &error), ==, 0);
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (extension_host_process_start (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);

  extension_host_process_start_async (process, NULL, test_store_result, &started);
  extension_host_process_restart_async (process, NULL, test_store_result, &restarted);
  test_wait_until (fixture, started != NULL && restarted != NULL);
  g_assert_false (extension_host_process_start_finish (process, started, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (extension_host_process_restart_finish (process, restarted, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
}

static void
test_refused (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 2, "--slow-death=2000");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  start_all (fixture, manager);
  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &result);
  assert_closed (fixture, manager);
  report = finish (fixture, manager, &result);
  assert_complete (report, 2);
  assert_closed (fixture, manager);

  /* All else goes on. */
  outcome = extension_host_process_stop (get (manager, 0), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (extension_host_process_quarantine (get (manager, 0), NULL));
  g_assert_true (extension_host_process_release (get (manager, 0), NULL));
  extension_host_manager_remove_async (manager, "1", NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, result, NULL));
  g_assert_cmpuint (extension_host_process_get_generation (get (manager, 0)), ==, 1);
}

/* The end of the waiting */

static void
assert_cancelled (TestFixture          *fixture,
                  ExtensionHostManager *manager,
                  GAsyncResult        **result)
{
  g_autoptr(GError) error = NULL;

  test_wait_until (fixture, *result != NULL);
  g_assert_null (extension_host_manager_shutdown_finish (manager, *result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (result);
}

static void
test_cancel (TestFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 3, "--slow-death=2000");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(ExtensionHostShutdownReport) report = NULL;

  start_all (fixture, manager);
  extension_host_manager_shutdown_async (manager, 0, cancellable, test_store_result, &first);
  g_cancellable_cancel (cancellable);
  assert_cancelled (fixture, manager, &first);
  g_assert_true (are_all_in (manager, EXTENSION_HOST_STATE_STOPPING));

  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &second);
  report = finish (fixture, manager, &second);
  assert_complete (report, 3);
  g_assert_true (extension_host_shutdown_report_get_clean (report));
}

/* Nobody waits, and nobody holds the manager. */
static void
test_drop (TestFixture   *fixture,
           gconstpointer  data)
{
  ExtensionHostManager *manager = manager_new (fixture, AT_ONCE + 2, "--ignore-eof");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;

  start_all (fixture, manager);
  extension_host_manager_shutdown_async (manager, LONG, cancellable, test_store_result, &result);
  g_cancellable_cancel (cancellable);
  assert_cancelled (fixture, manager, &result);
  g_assert_finalize_object (manager);
}

static void
test_dispose (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, AT_ONCE + 2, "--ignore-eof");
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  GAsyncResult **results[] = { &first, &second, &late };

  start_all (fixture, manager);
  extension_host_manager_shutdown_async (manager, LONG, NULL, test_store_result, &first);
  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &second);
  g_object_run_dispose (G_OBJECT (manager));
  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &late);
  test_wait_until (fixture, first != NULL && second != NULL && late != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (extension_host_manager_shutdown_finish (manager, *results[i], &error));
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
    }
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

/* In handlers */

typedef struct
{
  GAsyncResult *removed;
  guint n_refused;
} Meddling;

static void
meddle (ExtensionHostManager    *manager,
        ExtensionHostProcess    *process,
        ExtensionHostTransition *transition,
        Meddling                *meddling)
{
  g_autoptr(GError) error = NULL;

  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_STOPPING &&
      extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_STOPPED)
    return;

  g_assert_false (extension_host_process_start (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (extension_host_manager_shutdown (manager, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);

  if (meddling->n_refused++ == 0)
    extension_host_manager_remove_async (manager, "0", NULL, test_store_result,
                                         &meddling->removed);
  if (extension_host_manager_lookup (manager, "5") != NULL)
    extension_host_process_stop_async (extension_host_manager_lookup (manager, "5"), NULL, NULL,
                                       NULL);
}

static void
test_meddling (TestFixture   *fixture,
               gconstpointer  data)
{
  guint n = 2 * AT_ONCE;
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, n, "--slow-death=20");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  Meddling meddling = { NULL, 0 };

  start_all (fixture, manager);
  g_signal_connect (manager, "state-changed", G_CALLBACK (meddle), &meddling);
  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &result);
  report = finish (fixture, manager, &result);
  assert_complete (report, n);
  for (guint i = 0; i < n; i++)
    assert_rung (report, i, EXTENSION_HOST_STOP_RUNG_EOF);
  test_wait_until (fixture, meddling.removed != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, meddling.removed, NULL));
  g_clear_object (&meddling.removed);
  g_assert_null (extension_host_manager_lookup (manager, "0"));
  g_assert_cmpuint (meddling.n_refused, ==, 2 * n);
}

typedef struct
{
  TestFixture *fixture;
  ExtensionHostProcess *other;   /* no reference */
  gboolean done;
} Dialog;

static void
run_dialog (ExtensionHostProcess *process G_GNUC_UNUSED,
            GParamSpec           *pspec G_GNUC_UNUSED,
            Dialog               *dialog)
{
  if (dialog->done)
    return;

  dialog->done = TRUE;
  test_wait_until (dialog->fixture, is_in (dialog->other, EXTENSION_HOST_STATE_STOPPED));
}

/* A handler runs the main loop: all else goes on, and what was pending stays dropped. */
static void
test_dialog (TestFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 2, "--slow-death=50");
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GAsyncResult) restarted = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  Dialog dialog = { fixture, get (manager, 0), FALSE };

  start_all (fixture, manager);
  extension_host_process_restart_async (get (manager, 0), NULL, test_store_result, &restarted);
  g_signal_connect (get (manager, 1), "notify::desired", G_CALLBACK (run_dialog), &dialog);
  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &result);
  g_assert_true (dialog.done);
  report = finish (fixture, manager, &result);
  assert_complete (report, 2);
  test_wait_until (fixture, restarted != NULL);
  g_assert_false (extension_host_process_restart_finish (get (manager, 0), restarted, NULL));
  g_assert_cmpuint (extension_host_process_get_generation (get (manager, 0)), ==, 1);
}

static void
drop_manager (ExtensionHostManager     *manager G_GNUC_UNUSED,
              ExtensionHostProcess     *process G_GNUC_UNUSED,
              ExtensionHostTransition  *transition G_GNUC_UNUSED,
              ExtensionHostManager    **place)
{
  g_clear_object (place);
}

/* Who waits keeps it alive to the end. */
static void
test_unref_in_handler (TestFixture   *fixture,
                       gconstpointer  data)
{
  ExtensionHostManager *manager = manager_new (fixture, 5, "--slow-death=20");
  gpointer weak = manager;
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  start_all (fixture, manager);
  g_object_add_weak_pointer (weak, &weak);
  g_signal_connect (manager, "state-changed", G_CALLBACK (drop_manager), &manager);
  extension_host_manager_shutdown_async (manager, 0, NULL, test_store_result, &result);
  report = finish (fixture, weak, &result);
  assert_complete (report, 5);
  g_assert_true (extension_host_shutdown_report_get_clean (report));
  test_wait_until (fixture, weak == NULL);
}

static void
dispose_manager (ExtensionHostManager    *manager,
                 ExtensionHostProcess    *process G_GNUC_UNUSED,
                 ExtensionHostTransition *transition G_GNUC_UNUSED,
                 gpointer                 data G_GNUC_UNUSED)
{
  g_object_run_dispose (G_OBJECT (manager));
}

static void
test_dispose_in_handler (TestFixture   *fixture,
                         gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = manager_new (fixture, 5, "--ignore-eof");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  start_all (fixture, manager);
  g_signal_connect (manager, "state-changed", G_CALLBACK (dispose_manager), NULL);
  extension_host_manager_shutdown_async (manager, LONG, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  g_assert_null (extension_host_manager_shutdown_finish (manager, result, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/manager-shutdown/many", NULL, test_many);
  test_add ("/manager-shutdown/order", NULL, test_order);
  test_add ("/manager-shutdown/cycle", NULL, test_cycle);
  test_add ("/manager-shutdown/empty", NULL, test_empty);
  test_add ("/manager-shutdown/at-rest", NULL, test_at_rest);
  test_add ("/manager-shutdown/pending-restart", NULL, test_pending_restart);
  test_add ("/manager-shutdown/waiting-start", NULL, test_waiting_start);
  test_add ("/manager-shutdown/out-of-turn", NULL, test_out_of_turn);
  test_add ("/manager-shutdown/crash-meanwhile", NULL, test_crash_meanwhile);
  test_add ("/manager-shutdown/deadline", NULL, test_deadline);
  for (guint i = 0; i < G_N_ELEMENTS (joins); i++)
    {
      g_autofree char *path = g_strdup_printf ("/manager-shutdown/join/%s", joins[i].path);

      test_add (path, &joins[i], test_join);
    }
  test_add ("/manager-shutdown/refused", NULL, test_refused);
  test_add ("/manager-shutdown/cancel", NULL, test_cancel);
  test_add ("/manager-shutdown/drop", NULL, test_drop);
  test_add ("/manager-shutdown/dispose", NULL, test_dispose);
  test_add ("/manager-shutdown/meddling", NULL, test_meddling);
  test_add ("/manager-shutdown/dialog", NULL, test_dialog);
  test_add ("/manager-shutdown/unref-in-handler", NULL, test_unref_in_handler);
  test_add ("/manager-shutdown/dispose-in-handler", NULL, test_dispose_in_handler);

  return g_test_run ();
}
