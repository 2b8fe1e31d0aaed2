/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls that have to wait: for the host to be ready, for a restart, for room. */

#include <string.h>

#include "rpc-util.h"

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

static void
test_before_ready (TestFixture   *fixture,
                   gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--ready-after=3000", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  RpcCall calls[10];
  g_auto(RpcCall) hasty = { NULL };

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *params = g_strdup_printf ("[%u]", i);

      rpc_call (&calls[i], process, "echo", params, 0, NULL);
    }
  g_assert_true (extension_host_process_send_notification (process, "behind", NULL, NULL));
  rpc_call (&hasty, process, "hold", NULL, 20, NULL);   /* its time runs */

  rpc_wait (fixture, &hasty);
  rpc_assert_error (&hasty, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  g_assert_false (extension_host_call_failure_get_written (hasty.failure));
  g_assert_cmpint (extension_host_process_get_readiness (process), !=,
                   EXTENSION_HOST_READINESS_READY);
  g_assert_cmpuint (calls[0].n_answers, ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *params = g_strdup_printf ("[%u]", i);

      rpc_wait (fixture, &calls[i]);
      rpc_assert_text (&calls[i], params);
      rpc_call_clear (&calls[i]);
    }
  test_wait_until (fixture, test_record_has_line (record, "told behind"));
  for (guint i = 0; i < record->lines->len; i++)
    g_assert_false (g_str_has_prefix (g_ptr_array_index (record->lines, i), "held"));
  rpc_stop (process);
}

/* What is cancelled before it left is not heard of. */
static void
test_cancelled_in_queue (TestFixture   *fixture,
                         gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--ready-after=2000", "--cancel-notices",
                                          NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *sum = NULL;
  g_auto(RpcCall) call = { NULL };

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  rpc_call (&call, process, "hold", NULL, 0, cancellable);
  g_cancellable_cancel (cancellable);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (extension_host_call_failure_get_written (call.failure));
  g_assert_cmpuint (extension_host_process_get_queued_bytes (process), ==, 0);
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpuint (record->lines->len, ==, 0);
  rpc_stop (process);
}

static void
allow_restarts (ExtensionHostSpec *spec)
{
  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "backoff-initial", 500,   /* long enough to be seen in restarting */
                NULL);
}

/* Those that were made while the host came down, waited or came up go to the next one. */
static void
test_survive_restart (TestFixture   *fixture,
                      gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) written = { NULL };
  g_auto(RpcCall) waiting = { NULL };
  g_auto(RpcCall) starting = { NULL };

  allow_restarts (spec);
  process = rpc_start (fixture, spec);
  rpc_call (&written, process, "die", NULL, 0, NULL);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_RESTARTING));
  rpc_call (&waiting, process, "add", "[1,2]", 0, NULL);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STARTING));
  rpc_call (&starting, process, "add", "[3,4]", 0, NULL);
  rpc_wait (fixture, &starting);
  rpc_assert_error (&written, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  rpc_assert_text (&waiting, "3");
  rpc_assert_text (&starting, "7");
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
  rpc_stop (process);
}

/* A host that is being given up is not called any more, though it still runs. */
static void
on_unhealthy (ExtensionHostProcess    *process,
              ExtensionHostTransition *transition,
              RpcCall                 *call)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_UNHEALTHY)
    rpc_call (call, process, "add", "[1,2]", 0, NULL);
}

static void
test_made_while_unhealthy (TestFixture   *fixture,
                           gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--ignore-term", "--deaf-to-eof", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) call = { NULL };

  allow_restarts (spec);
  g_object_set (spec, "max-protocol-errors", 10, NULL);
  process = rpc_start (fixture, spec);
  g_signal_connect (process, "state-changed", G_CALLBACK (on_unhealthy), &call);
  extension_host_process_call_async (process, "spoil", NULL, 0, NULL, NULL, NULL);
  {
    g_autoptr(JsonNode) params = rpc_json ("[100]");

    extension_host_process_call_async (process, "spoil", params, 0, NULL, NULL, NULL);
  }
  test_wait_until (fixture, call.n_answers > 0);
  rpc_assert_text (&call, "3");
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
  g_signal_handlers_disconnect_by_data (process, &call);
  g_assert_true (extension_host_process_get_state (process) == EXTENSION_HOST_STATE_RUNNING);
  g_object_set (spec, "ack-timeout", 0, "exit-timeout", 0, "term-timeout", 0, NULL);
  rpc_stop (process);
}

static void
test_give_up (TestFixture   *fixture,
              gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--say=last words", "--half-line-then-die",
                                          NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_auto(RpcCall) call = { NULL };

  allow_restarts (spec);
  g_object_set (spec, "max-restarts", 2, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,
                NULL);
  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, NULL));
  rpc_call (&call, process, "add", "[1,2]", 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_false (extension_host_call_failure_get_written (call.failure));
  g_assert_cmpuint (extension_host_exit_get_generation (
                      extension_host_call_failure_get_exit (call.failure)), ==, 3);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
}

/* Room */

static void
test_max_pending (TestFixture   *fixture,
                  gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  RpcCall calls[5];

  g_object_set (spec, "max-pending", 4, NULL);
  process = rpc_start (fixture, spec);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    rpc_call (&calls[i], process, "hold", NULL, 0, NULL);
  g_assert_cmpuint (extension_host_process_get_pending_calls (process), ==, 4);
  rpc_wait (fixture, &calls[4]);
  rpc_assert_error (&calls[4], EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
  g_assert_false (extension_host_call_failure_get_written (calls[4].failure));
  g_assert_cmpuint (calls[0].n_answers, ==, 0);
  rpc_stop (process);   /* the request to shut down has room of its own */
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      rpc_wait (fixture, &calls[i]);
      rpc_call_clear (&calls[i]);
    }
}

static void
test_max_write_queue (TestFixture   *fixture,
                      gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--never-read", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *text = g_strnfill (100 * 1000, 'x');
  g_autofree char *params = g_strconcat ("[\"", text, "\"]", NULL);
  RpcCall calls[20];
  guint n_full = 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = rpc_json (params);

  g_object_set (spec, "max-write-queue", 1000 * 1000, "ack-timeout", 50, "exit-timeout", 50,
                "term-timeout", 50, NULL);
  process = rpc_start (fixture, spec);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    rpc_call_bytes (&calls[i], process, "echo", params, 0, NULL);
  g_assert_cmpuint (extension_host_process_get_queued_bytes (process), <=, 1000 * 1000);
  rpc_wait (fixture, &calls[19]);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (calls[i].n_answers > 0)
      {
        rpc_assert_error (&calls[i], EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
        n_full++;
      }
  g_assert_cmpuint (n_full, ==, 11);   /* nine fit */
  while (extension_host_process_send_notification (process, "x", node, &error))
    ;   /* what has left for the pipe made room */
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
  g_assert_cmpuint (extension_host_process_get_queued_bytes (process), <=, 1000 * 1000);

  rpc_stop (process);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      rpc_wait (fixture, &calls[i]);
      rpc_call_clear (&calls[i]);
    }
}

static void
test_message_too_large (TestFixture   *fixture,
                        gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *text = g_strnfill (9000, 'x');
  g_autofree char *params = g_strconcat ("[\"", text, "\"]", NULL);
  g_autofree char *sum = NULL;
  g_auto(RpcCall) call = { NULL };

  g_object_set (spec, "max-message-size", 8192, NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&call, process, "echo", params, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpstr (sum, ==, "3");
  rpc_stop (process);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/calls-queue/before-ready", NULL, test_before_ready);
  test_add ("/calls-queue/cancelled", NULL, test_cancelled_in_queue);
  test_add ("/calls-queue/survive-restart", NULL, test_survive_restart);
  test_add ("/calls-queue/made-while-unhealthy", NULL, test_made_while_unhealthy);
  test_add ("/calls-queue/give-up", NULL, test_give_up);
  test_add ("/calls-queue/max-pending", NULL, test_max_pending);
  test_add ("/calls-queue/max-write-queue", NULL, test_max_write_queue);
  test_add ("/calls-queue/message-too-large", NULL, test_message_too_large);

  return g_test_run ();
}
