/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a host is ready, who waits for that, how long it may take, and how it gets more time. */

#include "health-util.h"

#include <glib/gstdio.h>
#include <string.h>

#define READY "{\"jsonrpc\":\"2.0\",\"method\":\"host/ready\"}"
#define EXTEND(params) "{\"jsonrpc\":\"2.0\",\"method\":\"host/extend-timeout\"" params "}\n"

#define SLACK (TEST_SANITIZED ? 8000 : 5000)   /* ms, for a machine that has much else to do */
#define ATTEMPTS 5

/* Waits */

typedef struct
{
  ExtensionHostProcess *process;
  GAsyncResult *result;
} Wait;

static void
wait_begin (Wait                 *self,
            ExtensionHostProcess *process,
            GCancellable         *cancellable)
{
  *self = (Wait) { process, NULL };
  extension_host_process_wait_ready_async (process, cancellable, test_store_result, &self->result);
  g_assert_null (self->result);
}

static gboolean
wait_finish (Wait    *self,
             GError **error)
{
  g_autoptr(GAsyncResult) result = g_steal_pointer (&self->result);

  return extension_host_process_wait_ready_finish (self->process, result, error);
}

static void
assert_wait_fails (TestFixture *fixture,
                   Wait        *wait,
                   GQuark       domain,
                   int          code)
{
  g_autoptr(GError) error = NULL;

  test_wait_until (fixture, wait->result != NULL);
  g_assert_false (wait_finish (wait, &error));
  g_assert_error (error, domain, code);
}

static void
start (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_start (process, &error));
  g_assert_no_error (error);
}

static ExtensionHostReadiness
get_readiness (ExtensionHostProcess *process)
{
  return extension_host_process_get_readiness (process);
}

/* Reports */

/* Ready is who says so, or who has answered; until then a host that runs is not. */
static void
test_reported (TestFixture   *fixture,
               gconstpointer  data)
{
  gboolean shakes_hands = GPOINTER_TO_INT (data);
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--ready-after=2500", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  Wait waits[10];

  if (shakes_hands)
    g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_MCP, NULL);
  else
    g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  process = rpc_start (fixture, spec);
  g_assert_cmpint (get_readiness (process), ==, EXTENSION_HOST_READINESS_NOT_READY);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    wait_begin (&waits[i], process, NULL);

  test_wait_until (fixture, waits[9].result != NULL);
  g_assert_cmpint (get_readiness (process), ==, EXTENSION_HOST_READINESS_READY);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_true (wait_finish (&waits[i], &error));
      g_assert_no_error (error);
    }

  wait_begin (&waits[0], process, NULL);   /* it is already */
  test_wait_until (fixture, waits[0].result != NULL);
  g_assert_true (wait_finish (&waits[0], NULL));
  rpc_stop (process);
  g_assert_cmpint (get_readiness (process), ==, EXTENSION_HOST_READINESS_UNREPORTED);
}

/* Checks begin when it is ready, and not before. */
static void
test_not_checked_before (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--ready-after=3000", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,
                "health-interval", 20, "health-timeout", 20, "health-failures", 1, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  g_assert_cmpint (get_readiness (process), ==, EXTENSION_HOST_READINESS_NOT_READY);
  test_wait_until (fixture, get_readiness (process) == EXTENSION_HOST_READINESS_READY);
  g_assert_cmpuint (record->checks->len, ==, 0);
  health_assert_spared (record);
  health_wait_checks (fixture, record, 1);
}

/* The first generation dies before it was ready, and the second is. */
static void
test_through_restart (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree char *folder = g_dir_make_tmp ("readiness-XXXXXX", NULL);
  g_autofree char *crash = g_strdup_printf ("--crash-once=%s/crashed", folder);
  g_autofree char *file = g_build_filename (folder, "crashed", NULL);
  ExtensionHostSpec *spec = test_spec_new (fixture, "h", crash, "--print=" READY, NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GError) error = NULL;
  Wait wait;

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_PLAIN, "health-interval", 0,
                "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, "backoff-initial", 10, NULL);
  g_object_unref (spec);
  start (process);
  wait_begin (&wait, process, NULL);
  test_wait_until (fixture, wait.result != NULL);
  g_assert_true (wait_finish (&wait, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);

  g_remove (file);
  g_rmdir (folder);
}

/* Failures */

static ExtensionHostProcess *
new_mute (TestFixture *fixture)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  ExtensionHostProcess *process = extension_host_process_new (spec);

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  g_object_unref (spec);

  return process;
}

static void
test_ends_first (TestFixture   *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = test_spec_new (fixture, "h", "--exit=7", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GError) error = NULL;
  Wait wait;

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_PLAIN, "health-interval", 0,
                "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,
                "max-restarts", 2, "backoff-initial", 10, NULL);
  g_object_unref (spec);
  start (process);
  wait_begin (&wait, process, NULL);
  test_wait_until (fixture, wait.result != NULL);
  g_assert_false (wait_finish (&wait, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_nonnull (strstr (error->message, "7"));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 3);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_CRASHED);

  wait_begin (&wait, process, NULL);
  assert_wait_fails (fixture, &wait, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
}

/* Stopping alone is not the end of it, stopped is. */
static void
test_stopped_first (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_mute (fixture);
  g_autoptr(GError) error = NULL;
  ExtensionHostExit *exit = NULL;
  g_autofree char *how = NULL;
  Wait wait;

  wait_begin (&wait, process, NULL);
  assert_wait_fails (fixture, &wait, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);

  start (process);
  wait_begin (&wait, process, NULL);
  rpc_wait_running (fixture, process);
  rpc_stop (process);
  test_wait_until (fixture, wait.result != NULL);
  g_assert_false (wait_finish (&wait, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  exit = extension_host_process_get_last_exit (process);
  how = extension_host_exit_to_string (exit);
  g_assert_nonnull (strstr (error->message, how));

  wait_begin (&wait, process, NULL);
  assert_wait_fails (fixture, &wait, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
}

static void
test_given_up (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_mute (fixture);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Wait cancelled, closed;

  start (process);
  rpc_wait_running (fixture, process);
  wait_begin (&cancelled, process, cancellable);
  wait_begin (&closed, process, NULL);
  g_cancellable_cancel (cancellable);
  assert_wait_fails (fixture, &cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (closed.result);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
  wait_begin (&cancelled, process, cancellable);
  assert_wait_fails (fixture, &cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_object_run_dispose (G_OBJECT (process));
  assert_wait_fails (fixture, &closed, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  wait_begin (&closed, process, NULL);
  assert_wait_fails (fixture, &closed, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
}

/* The start timeout */

/* In ms, from starting to unhealthy, for which @reason was given. */
static gint64
measure_start (TestFixture         *fixture,
               ExtensionHostSpec   *spec,
               ExtensionHostReason *reason,
               guint64             *n_errors)
{
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GArray) pids = NULL;
  gint64 began = 0, ended = 0;

  g_object_unref (spec);
  start (process);
  g_assert_true (extension_host_process_pause (process, NULL));   /* no time passes till it is there */
  rpc_wait_running (fixture, process);
  g_assert_true (extension_host_process_resume (process, NULL));
  pids = test_find_tagged (fixture);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_assert_true (test_are_all_gone (pids));
  for (guint i = 0; i < record->transitions->len; i++)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (record->transitions, i);

      if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_STARTING)
        began = extension_host_transition_get_monotonic_time (transition);
      if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_UNHEALTHY)
        {
          ended = extension_host_transition_get_monotonic_time (transition);
          *reason = extension_host_transition_get_reason (transition);
        }
    }
  if (n_errors != NULL)
    *n_errors = extension_host_process_get_protocol_errors (process);
  g_assert_cmpint (get_readiness (process), ==, EXTENSION_HOST_READINESS_UNREPORTED);

  return (ended - began) / 1000;
}

static void
assert_start_takes (TestFixture       *fixture,
                    ExtensionHostSpec *spec,
                    gint64             ms)
{
  ExtensionHostReason reason = EXTENSION_HOST_REASON_START;
  gint64 took = measure_start (fixture, spec, &reason, NULL);

  g_assert_cmpint (reason, ==, EXTENSION_HOST_REASON_START_TIMEOUT);
  g_assert_cmpint (took, >=, ms);
  g_assert_cmpint (took, <, ms + SLACK);
}

static void
test_never_ready (TestFixture   *fixture,
                  gconstpointer  data)
{
  gboolean shakes_hands = GPOINTER_TO_INT (data);
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--never-reply", NULL);

  if (shakes_hands)
    g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_MCP, NULL);
  else
    g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  g_object_set (spec, "start-timeout", 2000, NULL);
  assert_start_takes (fixture, spec, 2000);
}

/* While it is paused no time passes; and it has what is left of it then. */
static void
test_held (TestFixture   *fixture,
           gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = new_mute (fixture);
  g_autoptr(HealthRecord) record = NULL;
  gint64 pause_ends = 0;

  g_object_set (extension_host_process_get_spec (process), "start-timeout", 300, NULL);
  start (process);
  g_assert_true (extension_host_process_pause (process, NULL));
  rpc_wait_running (fixture, process);
  record = health_record_new (process);
  pause_ends = g_get_monotonic_time () + 5 * 300 * 1000;
  test_wait_polling (fixture, 10, g_get_monotonic_time () > pause_ends);
  health_assert_spared (record);

  g_assert_true (extension_host_process_resume (process, NULL));
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_assert_cmpstr (record->order->str, ==, "unhealthy crashed");
}

/* It takes thrice the time that a start has, and asked for that at first. */
static void
test_extended (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec =
    rpc_spec_new (fixture, "h", "--first=" EXTEND (",\"params\":{\"ms\":20000}"),
                  "--ready-after=6000", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, "start-timeout", 2000,
                NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  test_wait_until (fixture, get_readiness (process) == EXTENSION_HOST_READINESS_READY);
  health_assert_spared (record);
}

/* That it is paused when it asks changes nothing. */
static void
test_extended_while_held (TestFixture   *fixture,
                          gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec =
    rpc_spec_new (fixture, "h",
                  "--first=" EXTEND (",\"params\":{\"ms\":20000}")
                  "{\"jsonrpc\":\"2.0\",\"method\":\"host/log\",\"params\":{\"text\":\"asked\"}}",
                  "--ready-after=2000", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(HealthRecord) record = NULL;
  g_autoptr(TestRecord) lines = test_record_new (process);

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, "start-timeout", 500,
                NULL);
  g_object_unref (spec);
  start (process);
  g_assert_true (extension_host_process_pause (process, NULL));
  rpc_wait_running (fixture, process);
  record = health_record_new (process);
  test_wait_until (fixture, test_record_has_line (lines, "asked"));
  g_assert_true (extension_host_process_resume (process, NULL));
  test_wait_until (fixture, get_readiness (process) == EXTENSION_HOST_READINESS_READY);
  health_assert_spared (record);
}

/* What it asks for counts from now: it does not add up, and never becomes less. */
static void
test_extended_a_little (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec =
    rpc_spec_new (fixture, "h", "--first=" EXTEND (",\"params\":{\"ms\":5000}")
                                           EXTEND (",\"params\":{\"ms\":5000}")
                                           EXTEND (",\"params\":{\"ms\":5000}")
                                           EXTEND (",\"params\":{\"ms\":1}"), NULL);

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, "start-timeout", 2000,
                NULL);
  assert_start_takes (fixture, spec, 5000);
}

static gboolean
try_extending (TestFixture *fixture,
               const char  *option)
{
  const guint timeout = 500;
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", option, NULL);
  ExtensionHostReason reason = EXTENSION_HOST_REASON_START;
  gint64 took = 0;

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, "start-timeout", timeout,
                NULL);
  took = measure_start (fixture, spec, &reason, NULL);
  g_assert_cmpint (reason, ==, EXTENSION_HOST_REASON_START_TIMEOUT);
  g_assert_cmpint (took, <, 11 * timeout + SLACK);

  return took >= 11 * timeout;
}

/* It asks for more all the time, and has ten times as much in the end. A busy machine may keep it
 * from asking in time, but not again and again. */
static void
test_extended_for_ever (TestFixture   *fixture,
                        gconstpointer  data)
{
  gboolean had_all = FALSE;

  for (guint i = 0; i < ATTEMPTS && !had_all; i++)
    had_all = try_extending (fixture, data);
  g_assert_true (had_all);
}

/* None of them is a number of ms. */
static void
test_extended_by_nonsense (TestFixture   *fixture,
                           gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec =
    rpc_spec_new (fixture, "h",
                  "--first="
                  EXTEND ("") EXTEND (",\"params\":{}") EXTEND (",\"params\":[20000]")
                  EXTEND (",\"params\":{\"ms\":-20000}") EXTEND (",\"params\":{\"ms\":0}")
                  EXTEND (",\"params\":{\"ms\":1e300}") EXTEND (",\"params\":{\"ms\":-1e300}")
                  EXTEND (",\"params\":{\"ms\":1e999}") EXTEND (",\"params\":{\"ms\":2147483648}")
                  EXTEND (",\"params\":{\"ms\":9223372036854775808}")
                  EXTEND (",\"params\":{\"ms\":\"20000\"}") EXTEND (",\"params\":{\"ms\":null}")
                  EXTEND (",\"params\":{\"ms\":true}") EXTEND (",\"params\":{\"ms\":[20000]}")
                  EXTEND (",\"params\":{\"ms\":{}}"), NULL);
  ExtensionHostReason reason = EXTENSION_HOST_REASON_START;
  guint64 n_errors = 0;
  gint64 took = 0;

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, "start-timeout", 2000,
                NULL);
  took = measure_start (fixture, spec, &reason, &n_errors);
  g_assert_cmpint (reason, ==, EXTENSION_HOST_REASON_START_TIMEOUT);
  g_assert_cmpint (took, >=, 2000);
  g_assert_cmpint (took, <, 2000 + SLACK);
  g_assert_cmpuint (n_errors, ==, 15);
}

/* The end of a host */

typedef struct
{
  const char *name;
  const char *option;          /* besides those that ask for more and go on */
  guint ack_timeout, exit_timeout, term_timeout;   /* ms */
  ExtensionHostStopRung rung;
  guint takes;                 /* ms */
} End;

static const End ends[] = {
  { "request", "--tidy-on-term", 300, 0, 20000, EXTENSION_HOST_STOP_RUNG_TERM, 11 * 300 },
  { "eof", "--tidy-on-term", 0, 300, 20000, EXTENSION_HOST_STOP_RUNG_TERM, 11 * 300 },
  { "request-and-eof", "--tidy-on-term", 200, 200, 20000,
    EXTENSION_HOST_STOP_RUNG_TERM, 2 * 11 * 200 },
  { "term", "--ignore-term", 0, 0, 300, EXTENSION_HOST_STOP_RUNG_KILL, 300 },
};

static gboolean
try_extending_end (TestFixture *fixture,
                   const End   *end)
{
  ExtensionHostSpec *spec =
    rpc_spec_new (fixture, "h", "--ignore-shutdown", "--extend=20000", end->option, NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *answer = NULL;
  gint64 took = 0;

  g_object_set (spec, "ack-timeout", end->ack_timeout, "exit-timeout", end->exit_timeout,
                "term-timeout", end->term_timeout, NULL);
  process = rpc_start (fixture, spec);
  answer = rpc_ask (fixture, process, "echo", NULL);   /* it does what it is told to by then */
  outcome = extension_host_process_stop (process, NULL, &error);
  g_assert_no_error (error);
  took = extension_host_stop_outcome_get_duration (outcome) / 1000;
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==, end->rung);
  g_assert_cmpint (took, <, end->takes + SLACK);

  return took >= end->takes;
}

/* It never goes by itself, and asks for more time all the time: in time, unless the machine keeps it
 * from that. */
static void
test_end_extended (TestFixture   *fixture,
                   gconstpointer  data)
{
  gboolean had_all = FALSE;

  for (guint i = 0; i < ATTEMPTS && !had_all; i++)
    had_all = try_extending_end (fixture, data);
  g_assert_true (had_all);
}

static const char extends_long[] = "--extend=20000";
static const char extends_short[] = "--extend=150";

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/readiness/notified", GINT_TO_POINTER (FALSE), test_reported);
  test_add ("/readiness/handshake", GINT_TO_POINTER (TRUE), test_reported);
  test_add ("/readiness/not-checked-before", NULL, test_not_checked_before);
  test_add ("/readiness/through-restart", NULL, test_through_restart);
  test_add ("/readiness/ends-first", NULL, test_ends_first);
  test_add ("/readiness/stopped-first", NULL, test_stopped_first);
  test_add ("/readiness/given-up", NULL, test_given_up);
  test_add ("/readiness/never-notified", GINT_TO_POINTER (FALSE), test_never_ready);
  test_add ("/readiness/never-shaken", GINT_TO_POINTER (TRUE), test_never_ready);
  test_add ("/readiness/held", NULL, test_held);
  test_add ("/readiness/extended", NULL, test_extended);
  test_add ("/readiness/extended-while-held", NULL, test_extended_while_held);
  test_add ("/readiness/extended-a-little", NULL, test_extended_a_little);
  test_add ("/readiness/extended-for-ever", extends_long, test_extended_for_ever);
  test_add ("/readiness/extended-bit-by-bit", extends_short, test_extended_for_ever);
  test_add ("/readiness/extended-by-nonsense", NULL, test_extended_by_nonsense);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *path = g_strconcat ("/readiness/end-extended/", ends[i].name, NULL);

      test_add (path, &ends[i], test_end_extended);
    }

  return g_test_run ();
}
