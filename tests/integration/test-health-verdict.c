/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that do not answer: who is given up, what is said of them, and what becomes of them. */

#include "health-util.h"

#include <signal.h>

/* A machine that has much else to do keeps us from noticing, not the host from being silent. */
#define SLACK (TEST_SANITIZED ? 20 : 10)   /* s */

/* Hosts that are given up */

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
  kill (health_get_pid (process), SIGSTOP);

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

  health_assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_STOPPED);
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
  health_assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_SLEEPING);
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
  health_assert_replaced (fixture, record, &fall, hang->verdict);
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
  health_assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_SLEEPING);
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
  health_assert_replaced (fixture, record, &fall, EXTENSION_HOST_VERDICT_SLEEPING);
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
  kill (health_get_pid (slow), SIGSTOP);
  kill (health_get_pid (quick), SIGSTOP);
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
  if (g_test_slow ())
    test_add ("/health-verdict/defaults", NULL, test_defaults);

  return g_test_run ();
}
