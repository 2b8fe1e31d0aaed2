/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that do not answer, and have a reason or an excuse: they are spared, for as long as it holds. */

#include "health-util.h"

#include <signal.h>

/* Those that answer again */

static void
test_stopped_briefly (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 50));
  g_autoptr(HealthRecord) record = health_record_new (process);
  guint n_failing = 0;

  health_wait_checks (fixture, record, 2);
  kill (health_get_pid (process), SIGSTOP);
  test_wait_until (fixture, extension_host_health_get_failures (health_last (record)) >= 2);
  n_failing = record->checks->len;
  kill (health_get_pid (process), SIGCONT);
  test_wait_until (fixture, health_was_well (record, n_failing));
  health_wait_checks (fixture, record, 3);
  g_assert_cmpuint (extension_host_health_get_failures (health_last (record)), <=, 1);
  health_assert_spared (record);
}

/* One incident is told once, however long it is; then there may be another. */
static void
test_report_only (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 0));
  g_autoptr(HealthRecord) record = health_record_new (process);

  for (guint i = 1; i <= 2; i++)
    {
      guint n_failing = 0;

      kill (health_get_pid (process), SIGSTOP);
      test_wait_until (fixture, record->incidents->len == i);
      test_wait_until (fixture, extension_host_health_get_failures (health_last (record)) >= 5);
      g_assert_cmpuint (record->incidents->len, ==, i);

      n_failing = record->checks->len;
      kill (health_get_pid (process), SIGCONT);
      test_wait_until (fixture, health_was_well (record, n_failing));
    }
  g_assert_cmpstr (record->order->str, ==, "u u");
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 1);
}

static void
test_paused (TestFixture   *fixture,
             gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 1));
  g_autoptr(HealthRecord) record = health_record_new (process);
  g_auto(HealthDownfall) fall = { NULL };
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_pause (process, &error));
  g_assert_no_error (error);
  kill (health_get_pid (process), SIGSTOP);
  health_downfall_watch (&fall, fixture, process);
  health_wait_checks (fixture, record, HEALTH_LONG);
  health_assert_spared (record);

  g_assert_true (extension_host_process_resume (process, &error));
  g_assert_no_error (error);
  health_wait_incident (fixture, record);
  health_assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_STOPPED);
}

/* What was asked before is not held against it either. */
static void
test_paused_midway (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 1));
  g_autoptr(HealthRecord) record = health_record_new (process);

  health_wait_checks (fixture, record, 1);
  kill (health_get_pid (process), SIGSTOP);
  health_wait_checks (fixture, record, 2);
  health_assert_spared (record);
  g_assert_true (extension_host_process_pause (process, NULL));
  health_wait_checks (fixture, record, HEALTH_LONG);
  health_assert_spared (record);
}

/* The probe that is under way was sent before the pause. It is not held against the host. */
static void
test_resumed (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  const guint interval = HEALTH_TIMEOUT * 3 / 2;   /* or an answer has more time than that anyway */
  ExtensionHostSpec *spec = health_spec_new (fixture, 1);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;
  g_autofree char *answer = NULL;
  gint64 resumed_at = 0;

  g_object_set (spec, "health-interval", interval, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  health_wait_checks (fixture, record, 1);
  answer = rpc_ask (fixture, process, "echo", NULL);   /* which saves it one probe */
  kill (health_get_pid (process), SIGSTOP);
  health_wait_checks (fixture, record, 2);
  health_assert_spared (record);

  g_assert_true (extension_host_process_pause (process, NULL));
  resumed_at = g_get_monotonic_time ();
  g_assert_true (extension_host_process_resume (process, NULL));
  health_wait_incident (fixture, record);
  g_assert_cmpint (record->incident_at - resumed_at, >=, interval * 1000);
}

static void
on_unresponsive_pause (ExtensionHostProcess *process,
                       ExtensionHostHealth  *health G_GNUC_UNUSED,
                       gpointer              data G_GNUC_UNUSED)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_pause (process, &error));
  g_assert_no_error (error);
}

/* The last word is that of the application. */
static void
test_paused_in_handler (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 1));
  g_autoptr(HealthRecord) record = health_record_new (process);

  g_signal_connect (process, "unresponsive", G_CALLBACK (on_unresponsive_pause), NULL);
  kill (health_get_pid (process), SIGSTOP);
  health_wait_incident (fixture, record);
  health_wait_checks (fixture, record, 5);
  g_assert_cmpstr (record->order->str, ==, "u");
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 1);
}

static void
on_unresponsive_stop (ExtensionHostProcess  *process,
                      ExtensionHostHealth   *health G_GNUC_UNUSED,
                      GAsyncResult         **result)
{
  extension_host_process_kill_async (process, NULL, test_store_result, result);
}

static void
test_killed_in_handler (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 1));
  g_autoptr(HealthRecord) record = health_record_new (process);
  g_autoptr(GAsyncResult) result = NULL;

  g_signal_connect (process, "unresponsive", G_CALLBACK (on_unresponsive_stop), &result);
  kill (health_get_pid (process), SIGSTOP);
  test_wait_until (fixture, result != NULL);
  g_assert_cmpstr (record->order->str, ==, "u stopping stopped");
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 1);
}

/* Our own main loop */

/* What the host wrote meanwhile has not been read, and it has been written in time. */
static void
test_stalled_ourselves (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 1));
  g_autoptr(HealthRecord) record = health_record_new (process);

  for (guint i = 0; i < 3; i++)
    {
      health_wait_checks (fixture, record, 2);
      g_usleep (3 * HEALTH_TIMEOUT * 1000);
    }
  health_wait_checks (fixture, record, 5);
  health_assert_spared (record);
}

/* Who knows what kept us from our work, and whether it kept the host from its own. */
static void
test_stalled_with_host (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  const guint interval = HEALTH_TIMEOUT * 3 / 2;   /* or an answer has more time than that anyway */
  ExtensionHostSpec *spec = health_spec_new (fixture, 1);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;
  g_auto(HealthDownfall) fall = { NULL };
  gint64 back_at = 0;
  guint n_before = 0;

  g_object_set (spec, "health-interval", interval, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  health_downfall_watch (&fall, fixture, process);
  health_wait_checks (fixture, record, 1);
  kill (health_get_pid (process), SIGSTOP);
  n_before = record->checks->len;
  g_usleep (3 * HEALTH_TIMEOUT * 1000);
  back_at = g_get_monotonic_time ();

  health_wait_incident (fixture, record);
  g_assert_cmpint (record->incident_at - back_at, >=, interval * 1000);
  g_assert_cmpuint (record->checks->len - n_before, >=, 2);
  health_assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_STOPPED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/health-spared/stopped-briefly", NULL, test_stopped_briefly);
  test_add ("/health-spared/report-only", NULL, test_report_only);
  test_add ("/health-spared/paused", NULL, test_paused);
  test_add ("/health-spared/paused-midway", NULL, test_paused_midway);
  test_add ("/health-spared/resumed", NULL, test_resumed);
  test_add ("/health-spared/paused-in-handler", NULL, test_paused_in_handler);
  test_add ("/health-spared/killed-in-handler", NULL, test_killed_in_handler);
  test_add ("/health-spared/stalled-ourselves", NULL, test_stalled_ourselves);
  test_add ("/health-spared/stalled-with-host", NULL, test_stalled_with_host);

  return g_test_run ();
}
