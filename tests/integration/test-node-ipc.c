/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The transport node-ipc: scripts as they are written for child_process.fork(), and others that
 * find themselves on such a socket. */

#include <string.h>

#include "test-node-ipc-fixture.h"

#define MIB (1024 * 1024)
#define BURST 10000

/* Both ways */

static void
test_calls (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *sum = NULL;
  g_auto(RpcCall) node = { NULL };
  g_auto(RpcCall) bytes = { NULL };
  g_auto(RpcCall) unknown = { NULL };

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  sum = rpc_ask (fixture, process, "add", "[2,40]");
  g_assert_cmpstr (sum, ==, "42");
  rpc_call (&node, process, "echo", "{\"a\":[\"\xc3\xa4 \\n\",1.5,null]}", 0, NULL);
  rpc_call_bytes (&bytes, process, "echo", "[1,\n2]", 0, NULL);
  rpc_call (&unknown, process, "no-such-method", NULL, 0, NULL);
  test_wait_until (fixture, node.n_answers > 0 && bytes.n_answers > 0 && unknown.n_answers > 0);
  rpc_assert_text (&node, "{\"a\":[\"\xc3\xa4 \\n\",1.5,null]}");
  rpc_assert_text (&bytes, "[1,2]");
  rpc_assert_error (&unknown, EXTENSION_HOST_RPC_ERROR, EXTENSION_HOST_RPC_ERROR_METHOD_NOT_FOUND);
  assert_no_complaints (process);
  stop_at_eof (process);
}

static void
on_tick (ExtensionHostProcess *process G_GNUC_UNUSED,
         const char           *method G_GNUC_UNUSED,
         JsonNode             *params,
         guint                *n_ticks)
{
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (params), "i"), ==, *n_ticks);
  *n_ticks += 1;
}

static void
test_notifications (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *done = NULL;
  guint n_ticks = 0;

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  record = test_record_new (process);
  g_signal_connect (process, "notification::tick", G_CALLBACK (on_tick), &n_ticks);
  g_assert_true (extension_host_process_send_notification (process, "first", NULL, &error));
  g_assert_true (extension_host_process_send_notification (process, "second", NULL, &error));
  g_assert_no_error (error);
  done = rpc_ask (fixture, process, "tick", "[3]");
  g_assert_cmpstr (done, ==, "3");
  g_assert_cmpuint (n_ticks, ==, 3);
  test_wait_until (fixture, test_record_has_line (record, "told second"));
  g_assert_true (test_record_has_line (record, "told first"));
  stop_at_eof (process);
}

static void
on_open (ExtensionHostProcess    *process G_GNUC_UNUSED,
         ExtensionHostInvocation *invocation,
         gpointer                 user_data G_GNUC_UNUSED)
{
  extension_host_invocation_return_value (invocation,
                                          extension_host_invocation_get_params (invocation));
}

static void
test_requests_of_host (TestFixture   *fixture,
                       gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *unknown = NULL;
  g_autofree char *answer = NULL;

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  unknown = rpc_ask (fixture, process, "ask", "[\"x\"]");
  g_assert_cmpstr (unknown, ==, "-32601");
  extension_host_process_add_method (process, "open", NULL, on_open, NULL, NULL);
  answer = rpc_ask (fixture, process, "ask", "[\"x\"]");
  g_assert_cmpstr (answer, ==, "[\"x\"]");
  assert_no_complaints (process);
  stop_at_eof (process);
}

/* Much more than the socket holds, which Node and we write in pieces. */
static void
test_large_messages (TestFixture   *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *text = NULL;
  g_autofree char *params = NULL;
  RpcCall calls[4] = { { NULL } };

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  text = g_strnfill (MIB, 'x');
  params = g_strdup_printf ("[\"%s\"]", text);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    rpc_call_bytes (&calls[i], process, "echo", params, 0, NULL);
  rpc_wait (fixture, &calls[G_N_ELEMENTS (calls) - 1]);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_assert_no_error (calls[i].error);
      g_assert_true (g_str_equal (calls[i].text, params));
      rpc_call_clear (&calls[i]);
    }

  stop_at_eof (process);
}

static void
test_burst (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree RpcCall *calls = g_new0 (RpcCall, BURST);
  g_autofree char *done = NULL;
  ExtensionHostSpec *spec = NULL;
  guint n_ticks = 0;

  if (skip_without ("node"))
    return;

  spec = new_node_spec (fixture);
  g_object_set (spec, "max-pending", BURST, NULL);
  process = rpc_start (fixture, spec);
  g_signal_connect (process, "notification::tick", G_CALLBACK (on_tick), &n_ticks);
  done = rpc_ask (fixture, process, "tick", "[" G_STRINGIFY (BURST) "]");
  g_assert_cmpuint (n_ticks, ==, BURST);

  for (guint i = 0; i < BURST; i++)
    {
      g_autofree char *params = g_strdup_printf ("[%u,1]", i);

      rpc_call_bytes (&calls[i], process, "add", params, 0, NULL);
    }
  for (guint i = 0; i < BURST; i++)
    {
      g_autofree char *sum = g_strdup_printf ("%u", i + 1);

      rpc_wait (fixture, &calls[i]);
      rpc_assert_text (&calls[i], sum);
      rpc_call_clear (&calls[i]);
    }

  assert_no_complaints (process);
  stop_at_eof (process);
}

/* A preset says what is spoken; how it gets there is another matter. */
static void
test_language_server (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = NULL;
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autofree char *sum = NULL;

  if (skip_without ("node"))
    return;

  spec = new_spec (fixture, "node", "node-ipc.js", "--can-shutdown");
  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_LSP, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpstr (sum, ==, "3");
  outcome = stop (process);
  assert_left_at_eof (outcome);
  g_assert_true (extension_host_stop_outcome_get_acknowledged (outcome));
  g_assert_true (test_record_has_line (record, "told initialized"));
  g_assert_true (test_record_has_line (record, "told exit"));
}

/* What it prints */

static void
on_log (ExtensionHostProcess   *process G_GNUC_UNUSED,
        ExtensionHostLogStream  stream,
        const char             *line,
        GString                *seen)
{
  g_string_append_printf (seen, "%d %s\n", stream, line);
}

static void
test_log (TestFixture   *fixture,
          gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(GString) seen = g_string_new (NULL);
  g_autofree char *said = NULL;
  g_autofree char *complained = NULL;

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  g_signal_connect (process, "log", G_CALLBACK (on_log), seen);
  said = rpc_ask (fixture, process, "say", "[\"{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":2,"
                                           "\\\"result\\\":0}\"]");
  complained = rpc_ask (fixture, process, "complain", "[\"alas\"]");
  g_assert_cmpstr (complained, ==, "null");   /* and not what it had printed */
  test_wait_until (fixture, strstr (seen->str, "alas") != NULL);
  test_wait_until (fixture, strstr (seen->str, "result") != NULL);
  g_assert_nonnull (strstr (seen->str, "0 {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":0}\n"));
  g_assert_nonnull (strstr (seen->str, "1 alas\n"));
  assert_no_complaints (process);
  stop_at_eof (process);
  g_assert_nonnull (strstr (seen->str, "0 disconnected\n"));
}

/* What Node says to Node */

static void
test_internal (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(GString) seen = g_string_new (NULL);
  g_autofree char *internal = NULL;
  g_autofree char *foreign = NULL;
  guint n_ticks = 0;

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  g_signal_connect (process, "log", G_CALLBACK (on_log), seen);
  g_signal_connect (process, "notification::tick", G_CALLBACK (on_tick), &n_ticks);
  internal = rpc_ask (fixture, process, "internal", NULL);
  assert_no_complaints (process);
  g_assert_cmpuint (n_ticks, ==, 0);
  g_assert_cmpstr (seen->str, ==, "");

  foreign = rpc_ask (fixture, process, "foreign", NULL);
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 2);
  stop_at_eof (process);
}

/* Only where Node is at the other end do its words have a meaning. */
static void
test_internal_by_stdio (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *done = rpc_ask (fixture, process, "say", "[{\"cmd\":\"NODE_X\"}]");

  g_assert_cmpstr (done, ==, "true");
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 1);
  rpc_stop (process);
}

static void
test_handle (TestFixture   *fixture,
             gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *sent = NULL;
  g_autofree char *sum = NULL;
  guint n_fds = 0;

  if (skip_without ("node"))
    return;

  process = rpc_start (fixture, new_node_spec (fixture));
  sum = rpc_ask (fixture, process, "add", "[1,1]");
  n_fds = test_count_fds ();
  sent = rpc_ask (fixture, process, "handle", NULL);
  g_free (sum);
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpstr (sum, ==, "3");
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  assert_no_complaints (process);
  stop_at_eof (process);
}

/* Others on such a socket */

static void
test_other_language (TestFixture   *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  static const struct {
    const char *method;
    const char *expected;
  } rows[] = {
    { "add", "42" },
    { "stdin", "0" },             /* at its end, and not waiting for it */
    { "mode", "\"json\"" },
    { "fds", "[0,1,2,4]" },
  };
  g_autoptr(ExtensionHostProcess) process = NULL;

  if (skip_without ("python3"))
    return;

  process = rpc_start (fixture, new_python_spec (fixture));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *answer = rpc_ask (fixture, process, rows[i].method, "[2,40]");

      g_assert_cmpstr (answer, ==, rows[i].expected);
    }
  stop_at_eof (process);
}

/* What is sent along with bytes would be ours, if it were taken. */
static void
test_descriptors (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  guint n_fds = 0;

  if (skip_without ("python3"))
    return;

  process = rpc_start (fixture, new_python_spec (fixture));
  before = rpc_ask (fixture, process, "add", "[1,1]");
  n_fds = test_count_fds ();
  after = rpc_ask (fixture, process, "give", "[40]");
  g_assert_cmpstr (after, ==, "\"gone\"");
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  stop_at_eof (process);
}

/* A byte out of band is none of a message. */
static void
test_urgent_byte (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *urged = NULL;
  g_autofree char *sum = NULL;

  if (skip_without ("python3"))
    return;

  process = rpc_start (fixture, new_python_spec (fixture));
  for (guint i = 0; i < 3; i++)
    {
      g_free (urged);
      urged = rpc_ask (fixture, process, "urge", NULL);
    }
  sum = rpc_ask (fixture, process, "add", "[1,1]");
  g_assert_cmpstr (sum, ==, "2");
  stop_at_eof (process);
}

/* The environment */

/* While a program is being executed its environment looks empty: ask it something before. */
static char *
get_variable (ExtensionHostProcess *process,
              const char           *name)
{
  return test_get_variable ((pid_t) extension_host_process_get_pid (process), name);
}

/* The application may itself be the child of a Node: that channel is its own. */
static void
test_environment (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) by_stdio = NULL;
  g_autoptr(ExtensionHostProcess) by_ipc = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *tag = NULL;
  g_autofree char *fd = NULL;
  g_autofree char *mode = NULL;

  if (skip_without ("python3"))
    return;

  g_setenv ("NODE_CHANNEL_FD", "9", TRUE);
  g_setenv ("NODE_CHANNEL_SERIALIZATION_MODE", "advanced", TRUE);
  g_setenv ("NODE_UNIQUE_ID", "1", TRUE);
  by_stdio = rpc_start (fixture, rpc_spec_new (fixture, "stdio", NULL));
  by_ipc = rpc_start (fixture, new_python_spec (fixture));
  g_unsetenv ("NODE_CHANNEL_FD");
  g_unsetenv ("NODE_CHANNEL_SERIALIZATION_MODE");
  g_unsetenv ("NODE_UNIQUE_ID");

  first = rpc_ask (fixture, by_stdio, "add", "[1,2]");
  second = rpc_ask (fixture, by_ipc, "add", "[1,2]");
  tag = get_variable (by_stdio, TEST_TAG);
  g_assert_nonnull (tag);
  g_assert_null (get_variable (by_stdio, "NODE_CHANNEL_FD"));
  g_assert_null (get_variable (by_stdio, "NODE_CHANNEL_SERIALIZATION_MODE"));
  g_assert_null (get_variable (by_stdio, "NODE_UNIQUE_ID"));
  fd = get_variable (by_ipc, "NODE_CHANNEL_FD");
  g_assert_cmpstr (fd, ==, "4");
  mode = get_variable (by_ipc, "NODE_CHANNEL_SERIALIZATION_MODE");
  g_assert_cmpstr (mode, ==, "json");
  g_assert_null (get_variable (by_ipc, "NODE_UNIQUE_ID"));

  rpc_stop (by_stdio);
  rpc_stop (by_ipc);
}

static void
test_reserved (TestFixture   *fixture,
               gconstpointer  data)
{
  const char *environment[] = { data, NULL };
  g_autoptr(ExtensionHostSpec) spec = new_python_spec (fixture);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(GError) error = NULL;

  g_object_set (spec, "environment", environment, NULL);
  process = extension_host_process_new (spec);
  g_assert_false (extension_host_process_start (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
}

/* Without messages there is nothing to carry. */
static void
test_no_protocol (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) call = { NULL };
  g_autofree char *path = NULL;
  g_autofree char *tag = NULL;

  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                "transport", EXTENSION_HOST_TRANSPORT_NODE_IPC,
                NULL);
  process = rpc_start (fixture, spec);
  test_wait_polling (fixture, 1, (tag = get_variable (process, TEST_TAG)) != NULL);
  path = g_strdup_printf ("/proc/%u/fd/4", extension_host_process_get_pid (process));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_null (get_variable (process, "NODE_CHANNEL_FD"));
  rpc_call (&call, process, "add", "[1,2]", 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_SUPPORTED);
  rpc_stop (process);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("PYTHONUNBUFFERED");

  test_add ("/node-ipc/calls", NULL, test_calls);
  test_add ("/node-ipc/notifications", NULL, test_notifications);
  test_add ("/node-ipc/requests-of-host", NULL, test_requests_of_host);
  test_add ("/node-ipc/large-messages", NULL, test_large_messages);
  test_add ("/node-ipc/burst", NULL, test_burst);
  test_add ("/node-ipc/language-server", NULL, test_language_server);
  test_add ("/node-ipc/log", NULL, test_log);
  test_add ("/node-ipc/internal", NULL, test_internal);
  test_add ("/node-ipc/internal-by-stdio", NULL, test_internal_by_stdio);
  test_add ("/node-ipc/handle", NULL, test_handle);
  test_add ("/node-ipc/other-language", NULL, test_other_language);
  test_add ("/node-ipc/descriptors", NULL, test_descriptors);
  test_add ("/node-ipc/urgent-byte", NULL, test_urgent_byte);
  test_add ("/node-ipc/environment", NULL, test_environment);
  test_add ("/node-ipc/reserved/descriptor", "NODE_CHANNEL_FD=4", test_reserved);
  test_add ("/node-ipc/reserved/mode", "NODE_CHANNEL_SERIALIZATION_MODE=advanced", test_reserved);
  test_add ("/node-ipc/no-protocol", NULL, test_no_protocol);

  return g_test_run ();
}
