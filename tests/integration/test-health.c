/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ticks of a host that is ready: what they measure, when they probe, what properties say. */

#include "health-util.h"

#include <signal.h>

#define MIB (1024 * 1024)

static void
make_helper (TestFixture          *fixture,
             ExtensionHostProcess *process,
             const char           *params)
{
  g_autofree char *answer = rpc_ask (fixture, process, "helper", params);

  g_assert_cmpstr (answer, ==, "true");
}

/* Records */

static void
test_fields (TestFixture   *fixture,
             gconstpointer  data G_GNUC_UNUSED)
{
  gint64 before = g_get_real_time ();
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 100));
  g_autoptr(HealthRecord) record = health_record_new (process);
  ExtensionHostHealth *last = NULL;

  health_wait_checks (fixture, record, 5);
  for (guint i = 0; i < record->checks->len; i++)
    {
      ExtensionHostHealth *health = g_ptr_array_index (record->checks, i);

      g_assert_cmpuint (extension_host_health_get_sequence (health), ==, i + 1);
      g_assert_cmpuint (extension_host_health_get_generation (health), ==, 1);
      g_assert_cmpint (extension_host_health_get_time (health), >=, before);
      g_assert_cmpint (extension_host_health_get_time (health), <=, g_get_real_time ());
      g_assert_cmpint (extension_host_health_get_ok (health), ==,
                       extension_host_health_get_failures (health) == 0);
      g_assert_cmpuint (extension_host_health_get_rss (health), >, 0);
      g_assert_cmpuint (extension_host_health_get_rss (health), <, 20 * MIB);
      g_assert_cmpfloat (extension_host_health_get_cpu_percent (health), >=, 0);
      g_assert_cmpuint (extension_host_health_get_processes (health), ==, 1);
      g_assert_cmpuint (extension_host_health_get_pending_calls (health), ==, 0);
      g_assert_cmpuint (extension_host_health_get_queued_bytes (health), ==, 0);
      g_assert_cmpint (extension_host_health_get_verdict (health), ==,
                       EXTENSION_HOST_VERDICT_NONE);
      before = extension_host_health_get_time (health);
    }

  /* The first has no answer to tell of yet. That to the probe is an error, and will do. */
  last = g_ptr_array_index (record->checks, 0);
  g_assert_cmpint (extension_host_health_get_latency (last), ==, -1);
  test_wait_until (fixture, extension_host_health_get_latency (health_last (record)) > 0 &&
                            extension_host_health_get_ok (health_last (record)));
}

static void
test_tree (TestFixture   *fixture,
           gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 100));
  g_autoptr(HealthRecord) record = health_record_new (process);
  guint64 before = 0, after = 0;

  health_wait_checks (fixture, record, 1);
  before = extension_host_health_get_rss (health_last (record));

  make_helper (fixture, process, "[\"nested\",2]");
  make_helper (fixture, process, "[\"large\",20]");
  health_wait_checks (fixture, record, 2);
  after = extension_host_health_get_rss (health_last (record));
  g_assert_cmpuint (extension_host_health_get_processes (health_last (record)), ==, 4);
  g_assert_cmpuint (after, >=, before + 20 * MIB);
  g_assert_cmpuint (after, <, before + 30 * MIB);
}

/* How much of a processor it gets depends on what else there is to do; more than one it is not. */
static void
test_cpu (TestFixture   *fixture,
          gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = health_spec_new (fixture, 100);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;

  g_object_set (spec, "health-interval", 500, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  health_wait_checks (fixture, record, 2);
  g_assert_cmpfloat (extension_host_health_get_cpu_percent (health_last (record)), <, 20);

  make_helper (fixture, process, "[\"busy\"]");
  test_wait_until (fixture,
                   extension_host_health_get_cpu_percent (health_last (record)) > 20);
  health_wait_checks (fixture, record, 4);
  for (guint i = 0; i < record->checks->len; i++)
    {
      ExtensionHostHealth *health = g_ptr_array_index (record->checks, i);

      g_assert_cmpfloat (extension_host_health_get_cpu_percent (health), <, 150);
    }
}

/* Probes that wait for their answer are no calls of the application. */
static void
test_pending (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = health_spec_new (fixture, 0);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;
  g_autofree char *large = g_strdup_printf ("[\"%0*d\"]", MIB, 0);
  g_auto(RpcCall) first = { NULL };
  g_auto(RpcCall) second = { NULL };

  g_object_set (spec, "health-method", "hold", "health-timeout", 10 * HEALTH_INTERVAL,
                "ack-timeout", 10, "exit-timeout", 10, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  rpc_call (&first, process, "hold", NULL, 0, NULL);
  health_wait_checks (fixture, record, 3);
  g_assert_cmpuint (extension_host_health_get_pending_calls (health_last (record)), ==, 1);
  g_assert_cmpuint (extension_host_health_get_queued_bytes (health_last (record)), ==, 0);

  kill (health_get_pid (process), SIGSTOP);
  rpc_call (&second, process, "hold", large, 0, NULL);
  health_wait_checks (fixture, record, 2);
  g_assert_cmpuint (extension_host_health_get_pending_calls (health_last (record)), ==, 2);
  g_assert_cmpuint (extension_host_health_get_queued_bytes (health_last (record)), >, MIB / 2);

  rpc_stop (process);
  test_wait_until (fixture, first.n_answers == 1 && second.n_answers == 1);
}

/* Properties */

typedef struct
{
  ExtensionHostHealth *notified;   /* no reference */
  guint n_latency, n_rss, n_cpu;
  guint n_checked;
} Sight;

static void
on_last_health (ExtensionHostProcess *process,
                GParamSpec           *pspec G_GNUC_UNUSED,
                Sight                *sight)
{
  sight->notified = extension_host_process_get_last_health (process);
}

static void
on_number (ExtensionHostProcess *process G_GNUC_UNUSED,
           GParamSpec           *pspec G_GNUC_UNUSED,
           guint                *count)
{
  ++*count;
}

/* Those who were notified have seen what the signal tells, all of it. */
static void
on_health_checked (ExtensionHostProcess *process,
                   ExtensionHostHealth  *health,
                   Sight                *sight)
{
  gint64 latency = extension_host_health_get_latency (health);

  g_assert_true (sight->notified == health);
  g_assert_true (extension_host_process_get_last_health (process) == health);
  g_assert_cmpuint (extension_host_process_get_rss (process), ==,
                    extension_host_health_get_rss (health));
  g_assert_cmpfloat (extension_host_process_get_cpu_percent (process), ==,
                     extension_host_health_get_cpu_percent (health));
  if (latency >= 0)
    g_assert_cmpint (extension_host_process_get_latency (process), ==, latency);
  sight->n_checked++;
}

static void
assert_nothing_measured (ExtensionHostProcess *process)
{
  g_assert_cmpint (extension_host_process_get_latency (process), ==, -1);
  g_assert_cmpuint (extension_host_process_get_rss (process), ==, 0);
  g_assert_cmpfloat (extension_host_process_get_cpu_percent (process), ==, 0);
}

static void
on_left_running (ExtensionHostProcess    *process,
                 ExtensionHostTransition *transition,
                 gpointer                 data G_GNUC_UNUSED)
{
  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_RUNNING)
    assert_nothing_measured (process);
}

static void
test_properties (TestFixture   *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 100));
  Sight sight = { NULL };
  g_autoptr(HealthRecord) record = health_record_new (process);

  assert_nothing_measured (process);
  g_assert_null (extension_host_process_get_last_health (process));
  g_signal_connect (process, "notify::last-health", G_CALLBACK (on_last_health), &sight);
  g_signal_connect (process, "notify::latency", G_CALLBACK (on_number), &sight.n_latency);
  g_signal_connect (process, "notify::rss", G_CALLBACK (on_number), &sight.n_rss);
  g_signal_connect (process, "notify::cpu-percent", G_CALLBACK (on_number), &sight.n_cpu);
  g_signal_connect (process, "health-checked", G_CALLBACK (on_health_checked), &sight);
  g_signal_connect (process, "state-changed", G_CALLBACK (on_left_running), NULL);
  make_helper (fixture, process, "[\"busy\"]");
  test_wait_until (fixture, sight.n_checked >= 3 && sight.n_latency > 0 && sight.n_rss > 0 &&
                            sight.n_cpu > 0);

  sight.n_latency = sight.n_rss = sight.n_cpu = 0;
  rpc_stop (process);
  assert_nothing_measured (process);
  g_assert_cmpuint (sight.n_latency, ==, 1);
  g_assert_cmpuint (sight.n_rss, ==, 1);
  g_assert_cmpuint (sight.n_cpu, ==, 1);
  g_assert_true (extension_host_process_get_last_health (process) == health_last (record));
}

/* Everything that is asked of the host, from now on. The log has one line for each probe. */
static guint
count_probes (TestRecord *record)
{
  guint n = 0;

  for (guint i = 0; i < record->lines->len; i++)
    n += g_str_has_prefix (g_ptr_array_index (record->lines, i), "asked ping");

  return n;
}

static ExtensionHostSpec *
telling_spec_new (TestFixture *fixture,
                  const char  *id,
                  guint        interval)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, id, "--tell", NULL);

  g_object_set (spec, "health-interval", interval, "health-timeout", HEALTH_TIMEOUT,
                "health-failures", 100, NULL);

  return spec;
}

/* Probes */

static void
test_probe (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, telling_spec_new (fixture, "h", HEALTH_INTERVAL));
  g_autoptr(TestRecord) lines = test_record_new (process);
  g_autoptr(HealthRecord) record = health_record_new (process);

  test_wait_until (fixture, record->checks->len >= 5 && count_probes (lines) >= 4);
  g_assert_cmpuint (count_probes (lines), <=, record->checks->len);
}

static void
test_off (TestFixture   *fixture,
          gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) checked =
    rpc_start (fixture, telling_spec_new (fixture, "checked", 10));
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, telling_spec_new (fixture, "unchecked", 0));
  g_autoptr(TestRecord) lines = test_record_new (process);
  g_autoptr(HealthRecord) other = health_record_new (checked);
  g_autoptr(HealthRecord) record = health_record_new (process);

  health_wait_checks (fixture, other, 20);
  g_assert_cmpuint (record->checks->len, ==, 0);
  g_assert_cmpuint (count_probes (lines), ==, 0);
  g_assert_null (extension_host_process_get_last_health (process));
}

/* The application may change its mind about a host that runs. */
static void
test_switched_off (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) other =
    rpc_start (fixture, telling_spec_new (fixture, "other", 10));
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, telling_spec_new (fixture, "h", 10));
  g_autoptr(HealthRecord) other_record = health_record_new (other);
  g_autoptr(HealthRecord) record = health_record_new (process);

  health_wait_checks (fixture, record, 2);
  g_object_set (extension_host_process_get_spec (process), "health-interval", 0, NULL);
  health_wait_checks (fixture, other_record, 5);
  health_assert_spared (record);
}

/* There is nobody to ask, and it is measured nevertheless. */
static void
test_without_protocol (TestFixture   *fixture,
                       gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = test_spec_new (fixture, "h", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;

  g_object_set (spec, "health-interval", 20, "health-timeout", 20, "health-failures", 1, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  kill (health_get_pid (process), SIGSTOP);
  health_wait_checks (fixture, record, 10);
  for (guint i = 0; i < record->checks->len; i++)
    {
      ExtensionHostHealth *health = g_ptr_array_index (record->checks, i);

      g_assert_true (extension_host_health_get_ok (health));
      g_assert_cmpint (extension_host_health_get_latency (health), ==, -1);
      g_assert_cmpuint (extension_host_health_get_processes (health), ==, 1);
    }
  health_assert_spared (record);
}

/* Life */

typedef struct
{
  RpcCall call;
  ExtensionHostProcess *process;
  gint64 answered_at;   /* monotonic, of the last one */
  gint64 silence;       /* the longest time without an answer, in µs */
} Caller;

/* One call after the other, each of which takes the host a small part of the interval. */
static gboolean
go_on_calling (Caller *caller)
{
  gint64 now = g_get_monotonic_time ();

  if (caller->answered_at > 0)
    caller->silence = MAX (caller->silence, now - caller->answered_at);
  if (caller->call.process != NULL && caller->call.n_answers == 0)
    return TRUE;

  caller->answered_at = now;
  rpc_call_clear (&caller->call);
  rpc_call (&caller->call, caller->process, "sleep", "[20]", 0, NULL);

  return TRUE;
}

/* FALSE if the machine had so much else to do that there was not an answer in each interval. */
static gboolean
try_saving_probes (TestFixture *fixture)
{
  const guint interval = 500;
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, telling_spec_new (fixture, "h", interval));
  g_autoptr(TestRecord) lines = test_record_new (process);
  g_autoptr(HealthRecord) record = health_record_new (process);
  Caller caller = { .process = process };
  guint n_before = 0;

  test_wait_until (fixture, go_on_calling (&caller) && record->checks->len >= 1);
  n_before = count_probes (lines);
  test_wait_until (fixture, go_on_calling (&caller) && record->checks->len >= 6);
  rpc_wait (fixture, &caller.call);
  rpc_call_clear (&caller.call);
  if (caller.silence > interval * 1000 / 2)
    return FALSE;

  g_assert_cmpuint (count_probes (lines), <=, n_before + 1);   /* the first may have been sent */
  for (guint i = 1; i < record->checks->len; i++)
    g_assert_cmpint (extension_host_health_get_latency (g_ptr_array_index (record->checks, i)), >=,
                     20 * 1000);

  return TRUE;
}

static void
test_reply_saves_probe (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  for (guint i = 0; i < 20; i++)
    if (try_saving_probes (fixture))
      return;

  g_test_skip ("The machine has too much else to do");
}

/* Its probes are never answered, its calls are. */
static void
test_reply_clears_failures (TestFixture   *fixture,
                            gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = health_spec_new (fixture, 100);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;
  Caller caller = { .process = NULL };
  guint n_failing = 0;

  g_object_set (spec, "health-method", "hold", NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  test_wait_until (fixture, record->checks->len > 0 &&
                            extension_host_health_get_failures (health_last (record)) >= 3);
  g_assert_false (extension_host_health_get_ok (health_last (record)));

  n_failing = record->checks->len;
  caller.process = process;
  test_wait_until (fixture, go_on_calling (&caller) && health_was_well (record, n_failing));
  rpc_wait (fixture, &caller.call);
  rpc_call_clear (&caller.call);
  health_assert_spared (record);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/health/fields", NULL, test_fields);
  test_add ("/health/tree", NULL, test_tree);
  test_add ("/health/cpu", NULL, test_cpu);
  test_add ("/health/pending", NULL, test_pending);
  test_add ("/health/properties", NULL, test_properties);
  test_add ("/health/probe", NULL, test_probe);
  test_add ("/health/off", NULL, test_off);
  test_add ("/health/switched-off", NULL, test_switched_off);
  test_add ("/health/without-protocol", NULL, test_without_protocol);
  test_add ("/health/reply-saves-probe", NULL, test_reply_saves_probe);
  test_add ("/health/reply-clears-failures", NULL, test_reply_clears_failures);

  return g_test_run ();
}
