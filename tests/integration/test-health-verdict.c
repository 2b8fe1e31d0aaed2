/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that do not answer: who is given up, what is said of them, and what becomes of them. */

#include "health-util.h"

#include <signal.h>

/* A machine that has much else to do keeps us from noticing, not the host from being silent. */
#define SLACK (TEST_SANITIZED ? 20 : 10)   /* s */

static pid_t
get_pid (ExtensionHostProcess *process)
{
  return (pid_t) extension_host_process_get_pid (process);
}

/* Hosts that are given up */

/* It was told once that it is unresponsive, ended with all that belongs to it, and replaced. */
static void
assert_replaced (TestFixture          *fixture,
                 HealthRecord         *record,
                 HealthDownfall       *fall,
                 ExtensionHostVerdict  verdict)
{
  ExtensionHostHealth *incident = NULL;

  test_wait_until (fixture, extension_host_process_get_generation (record->process) == 2 &&
                            extension_host_process_get_state (record->process) ==
                            EXTENSION_HOST_STATE_RUNNING);
  g_assert_cmpstr (record->order->str, ==, "u unhealthy restarting starting running");
  g_assert_cmpint (fall->reason, ==, EXTENSION_HOST_REASON_UNRESPONSIVE);
  g_assert_true (fall->all_gone);

  incident = g_ptr_array_index (record->incidents, 0);
  g_assert_cmpint (extension_host_health_get_verdict (incident), ==, verdict);
  g_assert_false (extension_host_health_get_ok (incident));
  g_assert_cmpuint (extension_host_health_get_generation (incident), ==, 1);
}

/* When it has just answered, so that no probe of before counts among those it leaves unanswered. */
static gint64
stop_answering (TestFixture          *fixture,
                ExtensionHostProcess *process)
{
  gint64 asked_at = 0;

  do
    {
      g_autofree char *answer G_GNUC_UNUSED = NULL;

      asked_at = g_get_monotonic_time ();
      answer = rpc_ask (fixture, process, "echo", NULL);
    }
  while (g_get_monotonic_time () - asked_at > HEALTH_INTERVAL * 1000 / 2);
  kill (get_pid (process), SIGSTOP);

  return asked_at;
}

static void
test_stopped (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  const guint failures = 3;
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, health_spec_new (fixture, failures));
  g_autoptr(HealthRecord) record = health_record_new (process);
  g_autofree char *helper G_GNUC_UNUSED =
    rpc_ask (fixture, process, "helper", "[\"nested\",2]");
  g_auto(HealthDownfall) fall = { NULL };
  gint64 stopped_at = 0, tolerance = HEALTH_INTERVAL * failures + HEALTH_TIMEOUT;
  guint n_before = 0;

  health_downfall_watch (&fall, fixture, process);
  g_assert_cmpuint (fall.pids->len, ==, test_expected_count (3, 1));
  health_wait_checks (fixture, record, 2);
  stopped_at = stop_answering (fixture, process);
  n_before = record->checks->len;

  health_wait_incident (fixture, record);
  g_assert_cmpint (record->incident_at - stopped_at, <,
                   tolerance * 1000 + SLACK * G_USEC_PER_SEC);
  g_assert_cmpint (record->incident_at - stopped_at, >,
                   (HEALTH_INTERVAL * (failures - 2) + HEALTH_TIMEOUT) * 1000);
  /* And in ticks: twice what it takes, as we may have been kept from our work once. */
  g_assert_cmpuint (record->checks->len - n_before, <=,
                    2 * (failures + 1 + HEALTH_TIMEOUT / HEALTH_INTERVAL + 1));
  g_assert_cmpuint (extension_host_health_get_failures (
                      g_ptr_array_index (record->incidents, 0)), ==, failures);

  assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_STOPPED);
  health_assert_contains (fall.detail, "stopped");
  health_assert_contains (fall.detail, "3 probes");
}

/* It had answered once. That the application looks at its properties all the time is no answer. */
static void
test_looked_at (TestFixture   *fixture,
                gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 2));
  g_autoptr(HealthRecord) record = health_record_new (process);
  g_auto(HealthDownfall) fall = { NULL };

  health_downfall_watch (&fall, fixture, process);
  health_wait_checks (fixture, record, 2);
  health_hang (fixture, process, "sleeping");
  test_wait_polling (fixture, 1,
                     record->incidents->len > 0 ||
                     (extension_host_process_get_latency (process) > G_MAXINT32 &&
                      extension_host_process_get_rss (process) == 0 &&
                      extension_host_process_get_last_health (process) == NULL &&
                      extension_host_process_get_readiness (process) ==
                      EXTENSION_HOST_READINESS_NOT_READY));
  assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_SLEEPING);
}

static void
test_never_answered (TestFixture   *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--never-reply", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;

  g_object_set (spec, "health-interval", 50, "health-timeout", 50, "health-failures", 2, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_assert_cmpstr (record->order->str, ==, "u unhealthy crashed");
  for (guint i = 0; i < record->checks->len; i++)
    g_assert_cmpint (extension_host_health_get_latency (g_ptr_array_index (record->checks, i)), ==,
                     -1);
}

typedef struct
{
  const char *how;
  ExtensionHostVerdict verdict;
  const char *detail;
} Hang;

static const Hang hangs[] = {
  { "sleeping", EXTENSION_HOST_VERDICT_SLEEPING, "sleeping" },
  { "spinning", EXTENSION_HOST_VERDICT_RUNNING, "running at " },
  { "writing", EXTENSION_HOST_VERDICT_BLOCKED, "waiting for its output to be read" },
  /* one that its own child is the debugger of is judged like any other */
  { "debugged", EXTENSION_HOST_VERDICT_SLEEPING, "sleeping" },
};

static void
test_hang (TestFixture   *fixture,
           gconstpointer  data)
{
  const Hang *hang = data;
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 2));
  g_autoptr(HealthRecord) record = health_record_new (process);
  g_auto(HealthDownfall) fall = { NULL };

  health_hang (fixture, process, hang->how);
  health_downfall_watch (&fall, fixture, process);
  assert_replaced (fixture, record, &fall, hang->verdict);
  health_assert_contains (fall.detail, hang->detail);
}

static void
on_counted (ExtensionHostProcess *process G_GNUC_UNUSED,
            const char           *method G_GNUC_UNUSED,
            JsonNode             *params G_GNUC_UNUSED,
            guint                *count)
{
  ++*count;
}

static void
on_line (ExtensionHostProcess   *process G_GNUC_UNUSED,
         ExtensionHostLogStream  stream G_GNUC_UNUSED,
         const char             *line,
         guint                  *count)
{
  if (g_str_equal (line, "chatting"))
    ++*count;
}

static void
answer_chat (ExtensionHostProcess    *process G_GNUC_UNUSED,
             ExtensionHostInvocation *invocation,
             gpointer                 user_data)
{
  guint *count = user_data;

  extension_host_invocation_return_value (invocation, NULL);
  ++*count;
}

/* A thread of its own still talks: notifications, requests, log lines and noise prove nothing. */
static void
test_chattering (TestFixture   *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 3));
  g_autoptr(HealthRecord) record = health_record_new (process);
  g_auto(HealthDownfall) fall = { NULL };
  guint n_notifications = 0, n_requests = 0, n_lines = 0;

  g_signal_connect (process, "notification::chatter", G_CALLBACK (on_counted), &n_notifications);
  g_signal_connect (process, "log", G_CALLBACK (on_line), &n_lines);
  extension_host_process_add_method (process, "chat", NULL, answer_chat, &n_requests, NULL);
  health_downfall_watch (&fall, fixture, process);
  health_hang (fixture, process, "chattering");
  health_wait_incident (fixture, record);
  g_assert_cmpuint (n_notifications, >=, 5);
  g_assert_cmpuint (n_requests, >=, 5);
  g_assert_cmpuint (n_lines, >=, 5);
  assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_SLEEPING);
}

static void
fill_queue (ExtensionHostProcess *process)
{
  g_autofree char *large = g_strdup_printf ("[\"%0*d\"]", 32 * 1024, 0);
  g_autoptr(JsonNode) params = rpc_json (large);
  g_autoptr(GError) error = NULL;

  while (extension_host_process_send_notification (process, "fill", params, &error))
    continue;
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
}

/* It does not read, so that no probe gets to it; and the larger ones find no room to wait in, which
 * is a failure at once, whatever time an answer may take. */
static void
test_not_reading (TestFixture   *fixture,
                  gconstpointer  data)
{
  gboolean large = GPOINTER_TO_INT (data);
  ExtensionHostSpec *spec = health_spec_new (fixture, 3);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;
  g_auto(HealthDownfall) fall = { NULL };
  g_autofree char *params = g_strdup_printf ("{\"x\":\"%0*d\"}", large ? 30 * 1024 : 1, 0);

  g_object_set (spec, "max-write-queue", 128 * 1024, "probe-params", params, NULL);
  if (large)
    g_object_set (spec, "health-timeout", 10 * 60 * 1000, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  health_downfall_watch (&fall, fixture, process);
  health_hang (fixture, process, "sleeping");
  fill_queue (process);
  assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_SLEEPING);
}

/* Hosts that are spared */

static void
test_stopped_briefly (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 50));
  g_autoptr(HealthRecord) record = health_record_new (process);
  guint n_failing = 0;

  health_wait_checks (fixture, record, 2);
  kill (get_pid (process), SIGSTOP);
  test_wait_until (fixture, extension_host_health_get_failures (health_last (record)) >= 2);
  n_failing = record->checks->len;
  kill (get_pid (process), SIGCONT);
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

      kill (get_pid (process), SIGSTOP);
      test_wait_until (fixture, record->incidents->len == i);
      test_wait_until (fixture, extension_host_health_get_failures (health_last (record)) >= 5);
      g_assert_cmpuint (record->incidents->len, ==, i);

      n_failing = record->checks->len;
      kill (get_pid (process), SIGCONT);
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
  kill (get_pid (process), SIGSTOP);
  health_downfall_watch (&fall, fixture, process);
  health_wait_checks (fixture, record, HEALTH_LONG);
  health_assert_spared (record);

  g_assert_true (extension_host_process_resume (process, &error));
  g_assert_no_error (error);
  health_wait_incident (fixture, record);
  assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_STOPPED);
}

/* What was asked before is not held against it either. */
static void
test_paused_midway (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 1));
  g_autoptr(HealthRecord) record = health_record_new (process);

  health_wait_checks (fixture, record, 1);
  kill (get_pid (process), SIGSTOP);
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
  kill (get_pid (process), SIGSTOP);
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
  kill (get_pid (process), SIGSTOP);
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
  kill (get_pid (process), SIGSTOP);
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
  kill (get_pid (process), SIGSTOP);
  n_before = record->checks->len;
  g_usleep (3 * HEALTH_TIMEOUT * 1000);
  back_at = g_get_monotonic_time ();

  health_wait_incident (fixture, record);
  g_assert_cmpint (record->incident_at - back_at, >=, interval * 1000);
  g_assert_cmpuint (record->checks->len - n_before, >=, 2);
  assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_STOPPED);
}

/* Patience */

static guint
seconds_since (gint64 then)
{
  return (guint) ((g_get_monotonic_time () - then) / G_USEC_PER_SEC);
}

/* Each host has as much time as its own spec says: 5 s for an answer if that says nothing. */
static void
test_defaults (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *slow_spec = rpc_spec_new (fixture, "slow", NULL);
  ExtensionHostSpec *quick_spec = rpc_spec_new (fixture, "quick", NULL);
  g_autoptr(ExtensionHostProcess) slow = NULL;
  g_autoptr(ExtensionHostProcess) quick = NULL;
  g_autoptr(HealthRecord) slow_record = NULL;
  g_autoptr(HealthRecord) quick_record = NULL;
  gint64 began = 0;

  g_object_set (slow_spec, "health-interval", 5000, "health-failures", 1, NULL);
  g_object_set (quick_spec, "health-interval", 700, "health-timeout", 700,
                "health-failures", 1, NULL);
  slow = rpc_start (fixture, slow_spec);
  quick = rpc_start (fixture, quick_spec);
  slow_record = health_record_new (slow);
  quick_record = health_record_new (quick);
  kill (get_pid (slow), SIGSTOP);
  kill (get_pid (quick), SIGSTOP);
  began = g_get_monotonic_time ();

  health_wait_incident (fixture, quick_record);
  g_assert_cmpint (quick_record->incident_at - began, >=, 700 * 1000);
  g_assert_cmpuint (slow_record->incidents->len, ==, 0);
  health_wait_incident (fixture, slow_record);
  g_assert_cmpint (slow_record->incident_at - began, >=, 5 * G_USEC_PER_SEC);
  g_assert_cmpuint (seconds_since (began), <, 10 + SLACK);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/health-verdict/stopped", NULL, test_stopped);
  test_add ("/health-verdict/looked-at", NULL, test_looked_at);
  test_add ("/health-verdict/never-answered", NULL, test_never_answered);
  for (guint i = 0; i < G_N_ELEMENTS (hangs); i++)
    {
      g_autofree char *path = g_strconcat ("/health-verdict/hang/", hangs[i].how, NULL);

      test_add (path, &hangs[i], test_hang);
    }
  test_add ("/health-verdict/chattering", NULL, test_chattering);
  test_add ("/health-verdict/not-reading/small-probe", GINT_TO_POINTER (FALSE), test_not_reading);
  test_add ("/health-verdict/not-reading/large-probe", GINT_TO_POINTER (TRUE), test_not_reading);
  test_add ("/health-verdict/stopped-briefly", NULL, test_stopped_briefly);
  test_add ("/health-verdict/report-only", NULL, test_report_only);
  test_add ("/health-verdict/paused", NULL, test_paused);
  test_add ("/health-verdict/paused-midway", NULL, test_paused_midway);
  test_add ("/health-verdict/resumed", NULL, test_resumed);
  test_add ("/health-verdict/paused-in-handler", NULL, test_paused_in_handler);
  test_add ("/health-verdict/killed-in-handler", NULL, test_killed_in_handler);
  test_add ("/health-verdict/stalled-ourselves", NULL, test_stalled_ourselves);
  test_add ("/health-verdict/stalled-with-host", NULL, test_stalled_with_host);
  if (g_test_slow ())
    test_add ("/health-verdict/defaults", NULL, test_defaults);

  return g_test_run ();
}
