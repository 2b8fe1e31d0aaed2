/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The shutdown request: the first rung of a stop, and what its answer leads to. */

#include "rpc-util.h"

typedef struct
{
  const char *name;
  const char *options[3];
  guint ack_timeout, exit_timeout, term_timeout;   /* ms */

  gboolean acknowledged;
  gboolean forced;
  ExtensionHostStopRung rung;
  int code;             /* of the exit; -1 if it was killed */
  guint at_least;       /* ms */
  guint at_most;
  const char *line;     /* that the host wrote */
} StopCase;

/* A rung that ends the host has AMPLE time, of which it takes little. The time of one that does not is
 * all waited out, so that is short. */
#define AMPLE 20000

static const StopCase stop_cases[] = {
  /* It acknowledges and exits 10 ms later. */
  { "coop", { "--coop" }, AMPLE, AMPLE, AMPLE,
    TRUE, FALSE, EXTENSION_HOST_STOP_RUNG_EOF, 0, 0, 190, "shutdown" },
  { "ack-then-eof", { "--ack-shutdown" }, AMPLE, AMPLE, AMPLE,
    TRUE, FALSE, EXTENSION_HOST_STOP_RUNG_EOF, 0, 0, 190, "eof" },
  { "late-ack", { "--late-ack" }, AMPLE, AMPLE, AMPLE,
    TRUE, FALSE, EXTENSION_HOST_STOP_RUNG_EOF, 0, 300, 900, "eof" },
  /* An acknowledgement that comes too late is none, and the rest of the ladder goes on. */
  { "too-late-ack", { "--late-ack" }, 50, AMPLE, AMPLE,
    FALSE, FALSE, EXTENSION_HOST_STOP_RUNG_EOF, 0, 250, 900, "eof" },
  { "exit-no-ack", { "--exit-on-shutdown-no-ack" }, AMPLE, AMPLE, AMPLE,
    FALSE, FALSE, EXTENSION_HOST_STOP_RUNG_REQUEST, 0, 0, 1000, "shutdown" },
  { "ack-then-hang", { "--ack-then-hang", "--tidy-on-term" }, AMPLE, 100, AMPLE,
    TRUE, FALSE, EXTENSION_HOST_STOP_RUNG_TERM, 0, 100, 900, "cleaned up" },
  { "ack-then-hang-for-ever", { "--ack-then-hang", "--ignore-term" }, AMPLE, 50, 50,
    TRUE, TRUE, EXTENSION_HOST_STOP_RUNG_KILL, -1, 100, 900, "shutdown" },
  { "ignore", { "--ignore-shutdown", "--tidy-on-term" }, 50, 50, AMPLE,
    FALSE, FALSE, EXTENSION_HOST_STOP_RUNG_TERM, 0, 100, 900, "cleaned up" },
  { "ignore-all", { "--ignore-shutdown", "--ignore-term" }, 20, 200, 20,
    FALSE, TRUE, EXTENSION_HOST_STOP_RUNG_KILL, -1, 240, 900, "shutdown" },
  /* Both are answers: the time for one is not waited out. */
  { "refuse", { "--refuse-shutdown", "--tidy-on-term" }, AMPLE, 100, AMPLE,
    FALSE, FALSE, EXTENSION_HOST_STOP_RUNG_TERM, 0, 100, 900, "cleaned up" },
  { "error", { "--shutdown-error", "--tidy-on-term" }, AMPLE, 100, AMPLE,
    FALSE, FALSE, EXTENSION_HOST_STOP_RUNG_TERM, 0, 100, 900, "cleaned up" },
  /* A rung of 0 ms is none. */
  { "no-request", { "--coop" }, 0, AMPLE, AMPLE,
    FALSE, FALSE, EXTENSION_HOST_STOP_RUNG_EOF, 0, 0, 450, "eof" },
  { "term-at-once", { "--deaf-to-eof", "--tidy-on-term" }, 0, 0, AMPLE,
    FALSE, FALSE, EXTENSION_HOST_STOP_RUNG_TERM, 0, 0, 450, "cleaned up" },
};

static guint
count_lines (TestRecord *record,
             const char *line)
{
  guint n = 0;

  for (guint i = 0; i < record->lines->len; i++)
    n += g_str_equal (g_ptr_array_index (record->lines, i), line);

  return n;
}

static void
test_stop (TestFixture   *fixture,
           gconstpointer  data)
{
  const StopCase *test = data;
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", test->options[0], test->options[1], NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *ready = NULL;
  ExtensionHostExit *exit = NULL;
  gint64 began = 0, took = 0;

  g_object_set (spec, "ack-timeout", test->ack_timeout, "exit-timeout", test->exit_timeout,
                "term-timeout", test->term_timeout, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  ready = rpc_ask (fixture, process, "echo", NULL);

  began = g_get_monotonic_time ();
  outcome = extension_host_process_stop (process, NULL, &error);
  took = (g_get_monotonic_time () - began) / 1000;
  g_assert_no_error (error);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_STOPPED);
  if (g_str_equal (test->name, "too-late-ack") &&
      extension_host_stop_outcome_get_acknowledged (outcome))
    {
      /* Both had come when we got to look. An acknowledgement that has come counts. */
      timed_is_late (G_STRLOC, "the deadline before the acknowledgement", took);
      return;
    }
  g_assert_cmpint (extension_host_stop_outcome_get_acknowledged (outcome), ==, test->acknowledged);
  g_assert_cmpint (extension_host_stop_outcome_get_exited (outcome), ==, TRUE);
  g_assert_cmpint (extension_host_stop_outcome_get_forced (outcome), ==, test->forced);
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==, test->rung);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);

  exit = extension_host_stop_outcome_get_exit (outcome);
  g_assert_nonnull (exit);
  g_assert_true (extension_host_exit_get_requested (exit));
  if (test->code >= 0)
    g_assert_cmpint (extension_host_exit_get_code (exit), ==, test->code);
  else
    g_assert_cmpint (extension_host_exit_get_signal (exit), ==, 9);

  g_assert_cmpint (took, >=, test->at_least);
  timed_assert_less (took, test->at_most * (TEST_SANITIZED ? 5 : 1) + 50);
  g_assert_true (test_record_has_line (record, test->line));
  g_assert_cmpuint (count_lines (record, "shutdown"), ==, test->ack_timeout > 0 ? 1 : 0);
}

/* Only a host that is ready understands the request. */
static void
test_not_ready (TestFixture   *fixture,
                gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--coop", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_EOF);
  g_assert_cmpuint (count_lines (record, "shutdown"), ==, 0);
}

static void
test_other_method (TestFixture   *fixture,
                   gconstpointer  data)
{
  const char *method = data;
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  g_object_set (spec, "shutdown-method", method, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_cmpint (extension_host_stop_outcome_get_acknowledged (outcome), ==, *method != '\0');
  g_assert_cmpuint (count_lines (record, "shutdown"), ==, 0);
}

/* Ten stops are one. */
static void
test_ten_stops (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--late-ack", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  GAsyncResult *results[10] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      extension_host_process_stop_async (process, NULL, test_store_result, &results[i]);
      g_main_context_iteration (fixture->context, FALSE);
    }
  test_wait_until (fixture, results[9] != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(ExtensionHostStopOutcome) outcome =
        extension_host_process_stop_finish (process, results[i], NULL);

      g_assert_true (extension_host_stop_outcome_get_acknowledged (outcome));
      g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                       EXTENSION_HOST_STOP_RUNG_EOF);
      g_object_unref (results[i]);
    }
  g_assert_cmpuint (count_lines (record, "shutdown"), ==, 1);
}

/* The host is already dead when it is asked. */
static void
test_dead_before (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_auto(RpcCall) call = { NULL };
  gint64 began = 0;

  rpc_call (&call, process, "exit", "[0]", 0, NULL);
  g_main_context_iteration (fixture->context, FALSE);
  g_usleep (50 * 1000);
  began = g_get_monotonic_time ();
  extension_host_process_stop_async (process, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  outcome = extension_host_process_stop_finish (process, result, NULL);
  g_assert_false (extension_host_stop_outcome_get_acknowledged (outcome));
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_false (extension_host_stop_outcome_get_forced (outcome));
  timed_assert_less (g_get_monotonic_time () - began, G_USEC_PER_SEC);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
}

/* A stop that ran out of patience does not take the wish back. */
static void
test_not_cancelled (TestFixture   *fixture,
                    gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--late-ack", "--cancel-notices", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;

  g_object_set (spec, "ack-timeout", 50, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  rpc_stop (process);
  g_assert_true (test_record_has_line (record, "shutdown"));
  g_assert_true (test_record_has_line (record, "eof"));
  for (guint i = 0; i < record->lines->len; i++)
    g_assert_false (g_str_has_prefix (g_ptr_array_index (record->lines, i), "cancel"));
}

/* What was asked before the stop is still answered. */
static void
test_answers_while_stopping (TestFixture   *fixture,
                             gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--late-ack", NULL));
  g_autoptr(GAsyncResult) result = NULL;
  g_auto(RpcCall) slow = { NULL };
  g_auto(RpcCall) held = { NULL };

  rpc_call (&held, process, "hold", NULL, 0, NULL);
  rpc_call (&slow, process, "sleep", "[100]", 0, NULL);
  extension_host_process_stop_async (process, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL && held.n_answers > 0);
  rpc_assert_text (&slow, "true");
  rpc_assert_error (&held, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (stop_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/shutdown/", stop_cases[i].name, NULL);

      test_add_timed (path, &stop_cases[i], test_stop);
    }
  test_add ("/shutdown/not-ready", NULL, test_not_ready);
  test_add ("/shutdown/no-method", "", test_other_method);
  test_add ("/shutdown/other-method", "echo", test_other_method);
  test_add ("/shutdown/ten-stops", NULL, test_ten_stops);
  test_add_timed ("/shutdown/dead-before", NULL, test_dead_before);
  test_add ("/shutdown/not-cancelled", NULL, test_not_cancelled);
  test_add ("/shutdown/answers-while-stopping", NULL, test_answers_while_stopping);

  return g_test_run ();
}
