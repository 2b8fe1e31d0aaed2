/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The protocols that begin with a handshake: its messages, what waits for it, how a call is taken
 * back and how a stop is asked for. */

#include <string.h>

#include "rpc-util.h"

typedef struct
{
  const char *name;
  ExtensionHostProtocol protocol;
  const char *framing;       /* NULL: lines */
  const char *handshake;     /* “METHOD ” and what must be in its parameters: */
  const char *revision;
  const char *done;          /* told behind it; NULL for nothing */
  const char *cancelled;     /* told of the second message, cancelled */
  const char *timed_out;
  gboolean is_asked;         /* to shut down */
} Preset;

#define MCP_CANCEL(reason) \
  "told notifications/cancelled {\"requestId\":2,\"reason\":\"" reason "\"}"
#define LSP_CANCEL "told $/cancelRequest {\"id\":2}"

static const Preset presets[] = {
  { "mcp", EXTENSION_HOST_PROTOCOL_MCP, NULL,
    "asked initialize {", "\"protocolVersion\":\"2025-11-25\"",
    "told notifications/initialized null",
    MCP_CANCEL ("cancelled"), MCP_CANCEL ("timed out"), FALSE },
  { "mcp-2026", EXTENSION_HOST_PROTOCOL_MCP_2026, NULL,
    "asked server/discover {\"_meta\":{",
    "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"", NULL,
    MCP_CANCEL ("cancelled"), MCP_CANCEL ("timed out"), FALSE },
  { "lsp", EXTENSION_HOST_PROTOCOL_LSP, "--framing=content-length",
    "asked initialize {", "\"processId\":null", "told initialized {}",
    LSP_CANCEL, LSP_CANCEL, TRUE },
};

static ExtensionHostSpec *
spec_new (TestFixture  *fixture,
          const Preset *preset,
          const char   *first,
          const char   *second)
{
  const char *framing = preset->framing != NULL ? preset->framing : "--tell";
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--tell", framing, first, second, NULL);

  g_object_set (spec, "protocol", preset->protocol, NULL);

  return spec;
}

static gboolean
is_ready (ExtensionHostProcess *process)
{
  return extension_host_process_get_readiness (process) == EXTENSION_HOST_READINESS_READY;
}

static const char *
get_line (TestRecord *record,
          guint       n)
{
  g_assert_cmpuint (n, <, record->lines->len);

  return g_ptr_array_index (record->lines, n);
}

static gboolean
has_line_with (TestRecord *record,
               const char *text)
{
  for (guint i = 0; i < record->lines->len; i++)
    if (strstr (get_line (record, i), text) != NULL)
      return TRUE;

  return FALSE;
}

static ExtensionHostTransition *
find_fault (TestRecord *record)
{
  for (guint i = 0; i < record->transitions->len; i++)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (record->transitions, i);

      if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_UNHEALTHY)
        return transition;
    }

  return NULL;
}

/* Calls are made before there is a process, and leave in their order when the handshake is done. */
static void
test_handshake (TestFixture   *fixture,
                gconstpointer  data)
{
  const Preset *preset = data;
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, preset, NULL, NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(RpcCall) first = { NULL };
  g_auto(RpcCall) second = { NULL };
  guint n = 0;

  g_assert_true (extension_host_process_start (process, NULL));
  rpc_call (&first, process, "echo", "[1]", 0, NULL);
  rpc_call (&second, process, "add", "[1,2]", 0, NULL);
  rpc_wait (fixture, &second);
  rpc_assert_text (&first, "[1]");
  rpc_assert_text (&second, "3");
  g_assert_true (is_ready (process));

  test_wait_until (fixture, test_record_has_line (record, "asked add [1,2]"));
  g_assert_true (g_str_has_prefix (get_line (record, n), preset->handshake));
  g_assert_nonnull (strstr (get_line (record, n), preset->revision));
  g_assert_nonnull (strstr (get_line (record, n++), "\"name\":\"extension-host\""));
  if (preset->done != NULL)
    g_assert_cmpstr (get_line (record, n++), ==, preset->done);
  g_assert_cmpstr (get_line (record, n++), ==, "asked echo [1]");
  g_assert_cmpstr (get_line (record, n++), ==, "asked add [1,2]");
  g_assert_cmpuint (record->lines->len, ==, n);
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
  rpc_stop (process);
}

static void
test_own_params (TestFixture   *fixture,
                 gconstpointer  data)
{
  const Preset *preset = data;
  ExtensionHostSpec *spec = spec_new (fixture, preset, NULL, NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *sum = NULL;

  g_object_set (spec, "handshake-params", "{\"mine\":\n[1]}", NULL);
  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, NULL));
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  test_wait_until (fixture, test_record_has_line (record, "asked add [1,2]"));
  g_assert_true (g_str_has_suffix (get_line (record, 0), " {\"mine\": [1]}"));
  rpc_stop (process);
}

static void
test_refused (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, data, "--refuse-handshake", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(RpcCall) call = { NULL };

  g_assert_true (extension_host_process_start (process, NULL));
  rpc_call (&call, process, "echo", "[1]", 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_false (extension_host_call_failure_get_written (call.failure));
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_assert_nonnull (find_fault (record));
  g_assert_cmpint (extension_host_transition_get_reason (find_fault (record)), ==,
                   EXTENSION_HOST_REASON_PROTOCOL_ERROR);
  g_assert_nonnull (strstr (extension_host_transition_get_detail (find_fault (record)),
                            "unknown revision"));
  g_assert_false (has_line_with (record, "initialized"));
  g_assert_false (has_line_with (record, "asked echo"));
}

/* Only a host that is ready understands more than the handshake, which may not be cancelled. */
static void
test_stopped_before (TestFixture   *fixture,
                     gconstpointer  data)
{
  const Preset *preset = data;
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, spec_new (fixture, preset, "--never-reply", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, "echo", "[1]", 0, NULL);
  test_wait_until (fixture, has_line_with (record, preset->handshake));
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_false (extension_host_stop_outcome_get_acknowledged (outcome));
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_EOF);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
  g_assert_cmpuint (record->lines->len, ==, 2);
  g_assert_cmpstr (get_line (record, 1), ==, "eof");
}

/* Calls that are taken back */

static void
test_cancelled (TestFixture   *fixture,
                gconstpointer  data)
{
  const Preset *preset = data;
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, spec_new (fixture, preset, NULL, NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(RpcCall) call = { NULL };
  g_autofree char *sum = NULL;

  rpc_call (&call, process, "hold", NULL, 0, cancellable);
  test_wait_until (fixture, test_record_has_line (record, "held 2"));
  g_cancellable_cancel (cancellable);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_wait_until (fixture, test_record_has_line (record, preset->cancelled));
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  rpc_stop (process);
}

static void
test_timed_out (TestFixture   *fixture,
                gconstpointer  data)
{
  const Preset *preset = data;
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, spec_new (fixture, preset, NULL, NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(RpcCall) call = { NULL };

  test_wait_until (fixture, is_ready (process));
  rpc_call (&call, process, "hold", NULL, 100, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  test_wait_until (fixture, test_record_has_line (record, preset->timed_out));
  rpc_stop (process);
}

/* Stops */

static ExtensionHostStopOutcome *
stop_when_ready (TestFixture          *fixture,
                 ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostStopOutcome *outcome = NULL;

  test_wait_until (fixture, is_ready (process));
  outcome = extension_host_process_stop (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_false (extension_host_stop_outcome_get_forced (outcome));
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_EOF);
  g_assert_cmpint (extension_host_exit_get_code (extension_host_stop_outcome_get_exit (outcome)),
                   ==, 0);

  return outcome;
}

static void
test_stop (TestFixture   *fixture,
           gconstpointer  data)
{
  const Preset *preset = data;
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, spec_new (fixture, preset, NULL, NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(ExtensionHostStopOutcome) outcome = stop_when_ready (fixture, process);

  g_assert_cmpint (extension_host_stop_outcome_get_acknowledged (outcome), ==, preset->is_asked);
  g_assert_cmpint (has_line_with (record, "shutdown"), ==, preset->is_asked);
  g_assert_cmpint (has_line_with (record, "told exit"), ==, preset->is_asked);
  g_assert_cmpint (test_record_has_line (record, "eof"), ==, !preset->is_asked);
}

/* The end of its input does not impress it: it leaves because it is told to, and that in order. A
 * method of another name is the same wish. */
static void
test_lsp_stop (TestFixture   *fixture,
               gconstpointer  data)
{
  const char *method = data;
  g_autofree char *option = g_strconcat ("--shutdown-name=", method, NULL);
  g_autofree char *asked = g_strconcat ("asked ", method, " null", NULL);
  const Preset *preset = &presets[G_N_ELEMENTS (presets) - 1];
  ExtensionHostSpec *spec = spec_new (fixture, preset, option, "--deaf-to-eof");
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  g_assert_cmpint (preset->protocol, ==, EXTENSION_HOST_PROTOCOL_LSP);
  if (!g_str_equal (method, "shutdown"))
    g_object_set (spec, "shutdown-method", method, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  outcome = stop_when_ready (fixture, process);
  g_assert_true (extension_host_stop_outcome_get_acknowledged (outcome));
  g_assert_cmpuint (record->lines->len, ==, 5);
  g_assert_cmpstr (get_line (record, 1), ==, preset->done);
  g_assert_cmpstr (get_line (record, 2), ==, asked);
  g_assert_cmpstr (get_line (record, 3), ==, "shutdown");
  g_assert_cmpstr (get_line (record, 4), ==, "told exit null");
}

/* A host that refuses is not told to exit: it sees the end of its input, as any other. */
static void
test_lsp_stop_refused (TestFixture   *fixture,
                       gconstpointer  data)
{
  const Preset *preset = &presets[G_N_ELEMENTS (presets) - 1];
  ExtensionHostSpec *spec = spec_new (fixture, preset, data, NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  g_object_set (spec, "exit-timeout", 2000, NULL);   /* it says that it has seen it by then */
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  test_wait_until (fixture, is_ready (process));
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_false (extension_host_stop_outcome_get_acknowledged (outcome));
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_TERM);
  g_assert_true (test_record_has_line (record, "eof"));
  g_assert_false (has_line_with (record, "told exit"));
}

static void
add_preset (const Preset *preset,
            const char   *name,
            void (*function) (TestFixture   *fixture,
                              gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/presets/", preset->name, "/", name, NULL);

  test_add (path, preset, function);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    {
      add_preset (&presets[i], "handshake", test_handshake);
      add_preset (&presets[i], "own-params", test_own_params);
      add_preset (&presets[i], "refused", test_refused);
      add_preset (&presets[i], "stopped-before", test_stopped_before);
      add_preset (&presets[i], "cancelled", test_cancelled);
      add_preset (&presets[i], "timed-out", test_timed_out);
      add_preset (&presets[i], "stop", test_stop);
    }
  test_add ("/presets/lsp/stop/deaf-to-eof", "shutdown", test_lsp_stop);
  test_add ("/presets/lsp/stop/other-method", "workspace/leave", test_lsp_stop);
  test_add ("/presets/lsp/stop/refused", "--refuse-shutdown", test_lsp_stop_refused);
  test_add ("/presets/lsp/stop/error", "--shutdown-error", test_lsp_stop_refused);

  return g_test_run ();
}
