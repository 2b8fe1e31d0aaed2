/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How hosts on the socket of Node end, and how they lose it. */

#include "test-node-ipc-fixture.h"

static void
test_crash (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  RpcCall calls[100] = { { NULL } };
  g_auto(RpcCall) fatal = { NULL };

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    rpc_call (&calls[i], process, "hold", NULL, 0, NULL);
  rpc_call (&fatal, process, "kill", NULL, 0, NULL);
  rpc_wait (fixture, &fatal);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  rpc_assert_error (&fatal, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      rpc_assert_error (&calls[i], EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
      rpc_call_clear (&calls[i]);
    }
}

static void
test_restart (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = NULL;
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) fatal = { NULL };
  g_autofree char *sum = NULL;

  if (skip_without ("node"))
    return;

  spec = new_node_spec (fixture);
  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "backoff-initial", 10,
                NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&fatal, process, "kill", NULL, 0, NULL);
  rpc_wait (fixture, &fatal);
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpstr (sum, ==, "3");
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
  stop_at_eof (process);
}

/* When Node closes a channel, what it has not answered by then it never will. */
static void
test_stop_with_pending (TestFixture   *fixture,
                        gconstpointer  data)
{
  const char *shutdown_method = data;
  ExtensionHostSpec *spec = NULL;
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_auto(RpcCall) ready = { NULL };
  g_auto(RpcCall) first = { NULL };
  g_auto(RpcCall) second = { NULL };

  if (skip_without ("node"))
    return;

  spec = new_node_spec (fixture);
  g_object_set (spec, "shutdown-method", shutdown_method, NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&ready, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &ready);
  rpc_call (&first, process, "sleep", "[100]", 0, NULL);
  rpc_call (&second, process, "sleep", "[300]", 0, NULL);
  outcome = stop (process);
  rpc_assert_text (&first, "\"slept\"");
  rpc_assert_text (&second, "\"slept\"");
  assert_left_at_eof (outcome);
}

static void
test_stop_with_pending_forever (TestFixture   *fixture,
                                gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = NULL;
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_auto(RpcCall) ready = { NULL };
  g_auto(RpcCall) call = { NULL };

  if (skip_without ("node"))
    return;

  spec = new_node_spec (fixture);
  g_object_set (spec, "exit-timeout", 200, NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&ready, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &ready);
  rpc_call (&call, process, "hold", NULL, 0, NULL);
  outcome = stop (process);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_TERM);
  g_assert_cmpint (extension_host_stop_outcome_get_duration (outcome), >=, 200 * 1000);
}

/* That the channel is closed from both sides is no loss of it: it is what was asked for. */
static void
test_stop_slowly (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autofree char *done = NULL;

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  done = rpc_ask (fixture, process, "linger", "[1500]");
  outcome = stop (process);
  assert_left_at_eof (outcome);
  g_assert_cmpint (extension_host_stop_outcome_get_duration (outcome), >=, 1500 * 1000);
}

static void
on_stopping (ExtensionHostProcess    *process G_GNUC_UNUSED,
             ExtensionHostTransition *transition,
             GCancellable            *cancellable)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_STOPPING)
    g_cancellable_cancel (cancellable);
}

/* A call that nobody waits for does not hold up the end, nor does one whose time is up. */
static void
test_stop_with_given_up (TestFixture   *fixture,
                         gconstpointer  data)
{
  gboolean by_deadline = data != NULL;
  ExtensionHostSpec *spec = NULL;
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(RpcCall) ready = { NULL };
  g_auto(RpcCall) call = { NULL };

  if (skip_without ("node"))
    return;

  spec = new_node_spec (fixture);
  g_object_set (spec, "exit-timeout", 60 * 1000, "shutdown-method", "", NULL);
  process = rpc_start (fixture, spec);
  if (!by_deadline)
    g_signal_connect (process, "state-changed", G_CALLBACK (on_stopping), cancellable);
  rpc_call (&ready, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &ready);
  rpc_call (&call, process, "hold", NULL, by_deadline ? 100 : 0, cancellable);
  outcome = stop (process);
  g_assert_nonnull (call.error);
  assert_left_at_eof (outcome);
}

static void
test_disconnect (TestFixture   *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) call = { NULL };

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  rpc_call (&call, process, "disconnect", NULL, 0, NULL);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_cmpint (extension_host_exit_get_reason (extension_host_process_get_last_exit (process)),
                   ==, EXTENSION_HOST_REASON_CHANNEL_LOST);
}

/* A socket that is closed one way is of no use either. */
static void
test_half_closed (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *params = g_strdup_printf ("[\"%s\"]", (const char *) data);
  g_auto(RpcCall) call = { NULL };

  if (skip_without ("python3"))
    return;

  process = rpc_start (fixture, new_python_spec (fixture));
  rpc_call (&call, process, "close", params, 0, NULL);
  test_wait_polling (fixture, 20,
                     !extension_host_process_send_notification (process, "x", NULL, NULL) ||
                     extension_host_process_get_state (process) == EXTENSION_HOST_STATE_CRASHED);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_cmpint (extension_host_exit_get_reason (extension_host_process_get_last_exit (process)),
                   ==, EXTENSION_HOST_REASON_CHANNEL_LOST);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/node-ipc-end/crash", NULL, test_crash);
  test_add ("/node-ipc-end/restart", NULL, test_restart);
  test_add ("/node-ipc-end/stop-with-pending/request", NULL, test_stop_with_pending);
  test_add ("/node-ipc-end/stop-with-pending/no-request", "", test_stop_with_pending);
  test_add ("/node-ipc-end/stop-with-pending/forever", NULL, test_stop_with_pending_forever);
  test_add ("/node-ipc-end/stop-with-pending/cancelled", NULL, test_stop_with_given_up);
  test_add ("/node-ipc-end/stop-with-pending/timed-out", "", test_stop_with_given_up);
  test_add ("/node-ipc-end/stop-slowly", NULL, test_stop_slowly);
  test_add ("/node-ipc-end/disconnect", NULL, test_disconnect);
  test_add ("/node-ipc-end/half-closed/read", "SHUT_RD", test_half_closed);
  test_add ("/node-ipc-end/half-closed/write", "SHUT_WR", test_half_closed);

  return g_test_run ();
}
