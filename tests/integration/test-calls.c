/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls: what they are answered with, when, and what is known of those that fail. */

#include <string.h>

#include "extension-host-process-private.h"
#include "rpc-util.h"

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

/* What comes back */

static void
test_basics (TestFixture   *fixture,
             gconstpointer  data)
{
  static const char *const texts[] = {
    "[]", "{}", "[1,\"two\",null,true,{\"a\":[1.5,-3]}]", "{\"text\":\"\xc3\xa4 \\\" \\\\ \\n\"}",
  };
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *sum = rpc_ask (fixture, process, "add", "[2,40]");

  g_assert_cmpstr (sum, ==, "42");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto(RpcCall) node = { NULL };
      g_auto(RpcCall) bytes = { NULL };

      rpc_call (&node, process, "echo", texts[i], 0, NULL);
      rpc_call_bytes (&bytes, process, "echo", texts[i], 0, NULL);
      rpc_wait (fixture, &bytes);
      rpc_assert_text (&node, texts[i]);   /* the first was answered first */
      rpc_assert_text (&bytes, texts[i]);
    }

  rpc_stop (process);
}

static void
test_without_params (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_auto(RpcCall) node = { NULL };
  g_auto(RpcCall) bytes = { NULL };

  rpc_call (&node, process, "echo", NULL, 0, NULL);
  rpc_call_bytes (&bytes, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &bytes);
  rpc_assert_text (&node, "null");
  rpc_assert_text (&bytes, "null");

  rpc_stop (process);
}

static void
test_reused_params (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(JsonNode) params = rpc_json ("[1,2]");

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonNode) result =
        extension_host_process_call (process, "add", params, 0, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (json_node_get_int (result), ==, 3);
    }

  rpc_stop (process);
}

/* Nobody else has it, small or parsed by a thread; the data of an error may be asked for by many. */
static void
test_result_is_the_callers (TestFixture   *fixture,
                            gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_auto(RpcCall) failing = { NULL };

  for (gsize length = 10; length <= 100000; length *= 10)
    {
      g_autofree char *text = g_strnfill (length, 'x');
      g_autofree char *object = g_strdup_printf ("{\"text\":\"%s\"}", text);
      g_autoptr(JsonNode) params = rpc_json (object);
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonNode) result =
        extension_host_process_call (process, "echo", params, 0, NULL, &error);

      g_assert_no_error (error);
      g_assert_false (json_node_is_immutable (result));
      g_assert_cmpstr (json_object_get_string_member (json_node_get_object (result), "text"), ==,
                       text);
      json_object_set_int_member (json_node_get_object (result), "text", 1);
    }

  rpc_call (&failing, process, "fail", NULL, 0, NULL);
  rpc_wait (fixture, &failing);
  g_assert_true (json_node_is_immutable (extension_host_call_failure_get_data (failing.failure)));

  rpc_stop (process);
}

/* Lines end where messages do: breaks in the text of an application must not. */
static void
test_line_breaks (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_auto(RpcCall) call = { NULL };

  rpc_call_bytes (&call, process, "add", "[\r\n1\n,\n2]\n", 0, NULL);
  rpc_wait (fixture, &call);
  g_assert_cmpuint (call.n_answers, ==, 1);
  rpc_stop (process);
}

static void
test_refused_params (TestFixture   *fixture,
                     gconstpointer  data)
{
  static const char *const scalars[] = { "1", "\"text\"", "true", "null" };
  static const char *const bad[] = { "1", "", "[", "[1,]", "{\"a\":1} x", "[1]\n[2]", "\xff" };
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));

  for (guint i = 0; i < G_N_ELEMENTS (scalars); i++)
    {
      g_auto(RpcCall) call = { NULL };
      g_autoptr(JsonNode) node = rpc_json (scalars[i]);
      g_autoptr(GError) error = NULL;

      rpc_call (&call, process, "echo", scalars[i], 0, NULL);
      g_assert_cmpuint (call.n_answers, ==, 0);   /* never within the call */
      rpc_wait (fixture, &call);
      rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
      g_assert_false (extension_host_process_send_notification (process, "x", node, &error));
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_auto(RpcCall) call = { NULL };

      rpc_call_bytes (&call, process, "echo", bad[i], 0, NULL);
      rpc_wait (fixture, &call);
      rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
    }

  rpc_stop (process);
}

static void
test_notification (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(JsonNode) params = rpc_json ("{\"a\":1}");
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_send_notification (process, "first", params, &error));
  g_assert_true (extension_host_process_send_notification (process, "second", NULL, &error));
  g_assert_no_error (error);
  test_wait_until (fixture, test_record_has_line (record, "told second"));
  g_assert_true (test_record_has_line (record, "told first"));
  rpc_stop (process);

  g_assert_false (extension_host_process_send_notification (process, "late", NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
}

/* Errors of the host keep what it said. */
static void
test_rpc_error (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *why = NULL;
  g_auto(RpcCall) failing = { NULL };
  g_auto(RpcCall) unknown = { NULL };

  rpc_call (&failing, process, "fail", NULL, 0, NULL);
  rpc_call (&unknown, process, "no-such-method", NULL, 0, NULL);
  rpc_wait (fixture, &unknown);

  rpc_assert_error (&failing, EXTENSION_HOST_RPC_ERROR, -7);
  g_assert_cmpstr (failing.error->message, ==, "no such luck");
  g_assert_cmpstr (extension_host_call_failure_get_message (failing.failure), ==, "no such luck");
  why = json_to_string (extension_host_call_failure_get_data (failing.failure), FALSE);
  g_assert_cmpstr (why, ==, "{\"why\":[1]}");
  g_assert_true (extension_host_call_failure_get_written (failing.failure));
  g_assert_cmpuint (extension_host_call_failure_get_generation (failing.failure), ==, 1);
  g_assert_null (extension_host_call_failure_get_exit (failing.failure));
  rpc_assert_error (&unknown, EXTENSION_HOST_RPC_ERROR, EXTENSION_HOST_RPC_ERROR_METHOD_NOT_FOUND);
  g_assert_null (extension_host_call_failure_get_data (unknown.failure));

  rpc_stop (process);
}

static void
test_string_ids (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--string-ids", NULL));
  g_autofree char *sum = rpc_ask (fixture, process, "add", "[1,1]");

  g_assert_cmpstr (sum, ==, "2");
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
  rpc_stop (process);
}

/* Deadlines */

static void
test_deadline (TestFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--cancel-notices", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *sum = NULL;
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, "sleep", "[4000]", 50, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  g_assert_true (extension_host_call_failure_get_written (call.failure));
  g_assert_cmpint (call.took, >=, 50 * 1000);
  g_assert_cmpint (call.took, <, 3900 * 1000);

  /* The late answer is dropped, and the host was told. */
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpstr (sum, ==, "3");
  test_wait_until (fixture, rpc_get_stale (process) == 1);
  test_wait_until (fixture, test_record_has_line (record, "cancel 1"));
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
  g_assert_cmpuint (extension_host_process_get_pending_calls (process), ==, 0);
  rpc_stop (process);
}

static void
test_default_deadline (TestFixture   *fixture,
                       gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) usual = { NULL };
  g_auto(RpcCall) endless = { NULL };

  g_object_set (spec, "request-timeout", 50, NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&endless, process, "hold", NULL, EXTENSION_HOST_NO_TIMEOUT, NULL);
  rpc_call (&usual, process, "hold", NULL, 0, NULL);
  rpc_wait (fixture, &usual);
  rpc_assert_error (&usual, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  g_assert_cmpuint (endless.n_answers, ==, 0);

  rpc_stop (process);
  rpc_wait (fixture, &endless);
  rpc_assert_error (&endless, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
}

/* An answer that came in time counts, however late we get to read it. */
static void
test_judged_by_receipt (TestFixture   *fixture,
                        gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, "add", "[1,2]", 100, NULL);
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  g_usleep (3 * G_USEC_PER_SEC);   /* the application is busy; the host has time to answer */
  rpc_wait (fixture, &call);
  rpc_assert_text (&call, "3");
  rpc_stop (process);
}

/* Cancellation */

static void
test_cancelled_before (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--cancel-notices", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *sum = NULL;
  g_auto(RpcCall) node = { NULL };
  g_auto(RpcCall) bytes = { NULL };

  g_cancellable_cancel (cancellable);
  rpc_call (&node, process, "hold", NULL, 0, cancellable);
  rpc_call_bytes (&bytes, process, "hold", NULL, 0, cancellable);
  rpc_wait (fixture, &bytes);
  rpc_assert_error (&node, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  rpc_assert_error (&bytes, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (extension_host_call_failure_get_written (node.failure));

  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpuint (record->lines->len, ==, 0);   /* the host has heard of neither */
  rpc_stop (process);
}

static void
test_cancelled_after (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--cancel-notices", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(RpcCall) call = { NULL };
  gint64 cancelled = 0;

  rpc_call (&call, process, "hold", NULL, 0, cancellable);
  test_wait_until (fixture, test_record_has_line (record, "held 1"));
  cancelled = g_get_monotonic_time ();
  g_cancellable_cancel (cancellable);
  rpc_wait (fixture, &call);
  timed_assert_less (g_get_monotonic_time () - cancelled, 100 * 1000);
  rpc_assert_error (&call, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (extension_host_call_failure_get_written (call.failure));
  g_assert_cmpuint (extension_host_process_get_pending_calls (process), ==, 0);
  test_wait_until (fixture, test_record_has_line (record, "cancel 1"));
  rpc_stop (process);
}

/* What was reset again was cancelled all the same. */
static void
test_cancelled_and_reset (TestFixture   *fixture,
                          gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, "hold", NULL, 0, cancellable);
  g_main_context_iteration (fixture->context, FALSE);
  g_cancellable_cancel (cancellable);
  g_cancellable_reset (cancellable);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  rpc_stop (process);
}

static gpointer
cancel_in_thread (gpointer data)
{
  g_usleep (20 * 1000);
  g_cancellable_cancel (data);

  return NULL;
}

static void
test_cancelled_by_thread (TestFixture   *fixture,
                          gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  GThread *thread = g_thread_new ("canceller", cancel_in_thread, cancellable);

  g_assert_null (extension_host_process_call (process, "hold", NULL, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  rpc_stop (process);
}

/* States */

static void
assert_not_running (TestFixture          *fixture,
                    ExtensionHostProcess *process)
{
  g_auto(RpcCall) call = { NULL };
  g_autoptr(GError) error = NULL;

  rpc_call (&call, process, "echo", NULL, 0, NULL);
  g_assert_cmpuint (call.n_answers, ==, 0);
  test_wait_until (fixture, call.n_answers > 0);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
  g_assert_false (extension_host_call_failure_get_written (call.failure));
  g_assert_false (extension_host_process_send_notification (process, "x", NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
}

static void
test_not_running (TestFixture   *fixture,
                  gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--ignore-shutdown", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) result = NULL;

  assert_not_running (fixture, process);   /* stopped */

  g_object_set (spec, "ack-timeout", 2000, "exit-timeout", 0, NULL);
  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, NULL));
  rpc_wait_running (fixture, process);
  extension_host_process_stop_async (process, NULL, test_store_result, &result);
  assert_not_running (fixture, process);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPING));
  test_wait_until (fixture, result != NULL);

  g_assert_true (extension_host_process_start (process, NULL));
  rpc_wait_running (fixture, process);
  extension_host_process_call_async (process, "die", NULL, 0, NULL, NULL, NULL);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
  assert_not_running (fixture, process);
}

static void
test_not_supported (TestFixture   *fixture,
                    gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(RpcCall) call = { NULL };

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_NONE, NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&call, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_SUPPORTED);
  g_assert_false (extension_host_process_send_notification (process, "x", NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_SUPPORTED);
  rpc_stop (process);
}

/* The end of the host */

static void
assert_exited (RpcCall    *call,
               gboolean    written,
               int         signal)
{
  ExtensionHostExit *exit = NULL;
  const char *const *log = NULL;

  rpc_assert_error (call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  exit = extension_host_call_failure_get_exit (call->failure);
  g_assert_nonnull (exit);
  g_assert_cmpint (extension_host_exit_get_signal (exit), ==, signal);
  g_assert_true (extension_host_call_failure_get_written (call->failure) == written);
  g_assert_cmpuint (extension_host_call_failure_get_generation (call->failure), ==,
                    written ? 1 : 0);
  log = extension_host_call_failure_get_log (call->failure);
  g_assert_true (g_strv_contains (log, "last words"));
}

static void
test_die_with_pending (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  RpcCall calls[100];
  gint64 began = 0;
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    rpc_call (&calls[i], process, i < 99 ? "hold" : "die", NULL, 0, NULL);
  test_wait_until (fixture, extension_host_process_get_pid (process) == 0);
  began = g_get_monotonic_time ();
  do
    {
      n = 0;
      for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
        n += calls[i].n_answers;
      if (n < G_N_ELEMENTS (calls))
        g_main_context_iteration (fixture->context, TRUE);
    }
  while (n < G_N_ELEMENTS (calls));
  timed_assert_less (g_get_monotonic_time () - began, TEST_SANITIZED ? 1000000 : 100000);

  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      assert_exited (&calls[i], TRUE, 9);
      g_assert_true (extension_host_call_failure_get_log (calls[i].failure) ==
                     extension_host_call_failure_get_log (calls[0].failure));   /* one copy */
    }
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    rpc_call_clear (&calls[i]);
}

static void
test_reply_then_die (TestFixture   *fixture,
                     gconstpointer  data)
{
  for (guint i = 0; i < (g_test_quick () ? 5 : 50); i++)
    {
      g_autoptr(ExtensionHostProcess) process =
        rpc_start (fixture, rpc_spec_new (fixture, "h", "--reply-then-die", NULL));
      g_auto(RpcCall) answered = { NULL };
      g_auto(RpcCall) lost = { NULL };

      rpc_call (&answered, process, "add", "[1,2]", 0, NULL);
      rpc_call (&lost, process, "add", "[1,2]", 0, NULL);
      rpc_wait (fixture, &lost);
      rpc_assert_text (&answered, "3");
      assert_exited (&lost, TRUE, 9);
      test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
    }
}

/* The end is known before the answer is read: as if the machine had kept us from reading. */
static void
test_last_words (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--reply-then-die", NULL));
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, "add", "[1,2]", 0, NULL);
  extension_host_channel_set_reading (extension_host_attempt_get_channel (process->attempt), FALSE);
  rpc_wait (fixture, &call);
  rpc_assert_text (&call, "3");
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
}

/* One that was never written knows how the host ended, too. */
static void
test_crash_before_ready (TestFixture   *fixture,
                         gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--say=last words", "--half-line-then-die",
                                          NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_auto(RpcCall) call = { NULL };

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, NULL));
  rpc_call (&call, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  assert_exited (&call, FALSE, 9);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
}

static void
test_dropped_in_flight (TestFixture   *fixture,
                        gconstpointer  data)
{
  ExtensionHostProcess *process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  gpointer weak = process;
  g_auto(RpcCall) call = { NULL };

  g_object_add_weak_pointer (G_OBJECT (process), &weak);
  rpc_call (&call, process, "hold", NULL, 0, NULL);
  g_object_run_dispose (G_OBJECT (process));
  test_wait_until (fixture, call.n_answers > 0);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_object_unref (process);
  test_wait_until (fixture, weak == NULL);
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/calls/basics", NULL, test_basics);
  test_add ("/calls/without-params", NULL, test_without_params);
  test_add ("/calls/reused-params", NULL, test_reused_params);
  test_add ("/calls/result-is-the-callers", NULL, test_result_is_the_callers);
  test_add ("/calls/line-breaks", NULL, test_line_breaks);
  test_add ("/calls/refused-params", NULL, test_refused_params);
  test_add ("/calls/notification", NULL, test_notification);
  test_add ("/calls/rpc-error", NULL, test_rpc_error);
  test_add ("/calls/string-ids", NULL, test_string_ids);
  test_add ("/calls/deadline", NULL, test_deadline);
  test_add ("/calls/default-deadline", NULL, test_default_deadline);
  test_add ("/calls/judged-by-receipt", NULL, test_judged_by_receipt);
  test_add ("/calls/cancelled-before", NULL, test_cancelled_before);
  test_add_timed ("/calls/cancelled-after", NULL, test_cancelled_after);
  test_add ("/calls/cancelled-and-reset", NULL, test_cancelled_and_reset);
  test_add ("/calls/cancelled-by-thread", NULL, test_cancelled_by_thread);
  test_add ("/calls/not-running", NULL, test_not_running);
  test_add ("/calls/not-supported", NULL, test_not_supported);
  test_add_timed ("/calls/die-with-pending", NULL, test_die_with_pending);
  test_add ("/calls/reply-then-die", NULL, test_reply_then_die);
  test_add ("/calls/last-words", NULL, test_last_words);
  test_add ("/calls/crash-before-ready", NULL, test_crash_before_ready);
  test_add ("/calls/dropped-in-flight", NULL, test_dropped_in_flight);

  return g_test_run ();
}
