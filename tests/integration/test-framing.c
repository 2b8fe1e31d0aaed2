/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages behind a `Content-Length` header: whole ones, those cut into single bytes, and what is
 * no frame at all. */

#include <string.h>

#include "rpc-util.h"

#define KIB 1024
#define MIB (1024 * KIB)
#define LIMIT (64 * KIB)   /* of a message, where one is too long */
#define HEADER_MAX (8 * KIB)

#define SOON (20 * G_USEC_PER_SEC)

static ExtensionHostSpec *
spec_new (TestFixture *fixture,
          const char  *first,
          const char  *second)
{
  ExtensionHostSpec *spec =
    rpc_spec_new (fixture, "h", "--framing=content-length", first, second, NULL);

  g_object_set (spec, "framing", EXTENSION_HOST_FRAMING_CONTENT_LENGTH, NULL);

  return spec;
}

static guint
count_problems (ExtensionHostProcess *process)
{
  return (guint) extension_host_process_get_protocol_errors (process);
}

/* Of messages that are as they should be */

#define TYPE "Content-Type: application/vscode-jsonrpc; charset=utf-8"

static const struct Style
{
  const char *name;
  const char *option;
  gboolean slow;
} styles[] = {
  { "plain", NULL, FALSE },
  { "type-first", "--header=" TYPE "\r\nContent-Length: #", FALSE },
  { "type-last", "--header=Content-Length: #\r\n" TYPE, FALSE },
  { "odd-case", "--header=cONTENT-lENGTH:\t #  ", FALSE },
  { "line-end-in-body", "--crlf", FALSE },
  { "byte-by-byte", "--drip", TRUE },
};

static ExtensionHostProcess *
start_in_style (TestFixture        *fixture,
                const struct Style *style)
{
  return rpc_start (fixture, spec_new (fixture, style->option, NULL));
}

/* The text of an array with one string. */
static char *
make_params (gsize length)
{
  g_autofree char *text = g_strnfill (length, 'x');

  return g_strconcat ("[\"", text, "\"]", NULL);
}

static void
expect_echo (TestFixture          *fixture,
             ExtensionHostProcess *process,
             const char           *params)
{
  g_auto(RpcCall) call = { NULL };

  rpc_call_bytes (&call, process, "echo", params, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_text (&call, params);
}

static void
test_calls (TestFixture   *fixture,
            gconstpointer  data)
{
  const struct Style *style = data;
  const gsize sizes[] = { 0, 4 * KIB, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, MIB };
  g_autoptr(ExtensionHostProcess) process = start_in_style (fixture, style);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *sum = NULL;

  for (guint i = 0; i < (style->slow ? 2 : G_N_ELEMENTS (sizes)); i++)
    {
      g_autofree char *params = make_params (sizes[i]);

      expect_echo (fixture, process, params);
    }
  expect_echo (fixture, process, "[\"\xc3\xa4\xf0\x9f\x98\x80\"]");   /* bytes are counted */
  expect_echo (fixture, process, "{\"Content-Length: 3\\r\\n\\r\\n\":1}");
  sum = rpc_ask (fixture, process, "add", "[40,2]");
  g_assert_cmpstr (sum, ==, "42");
  g_assert_cmpuint (record->lines->len, ==, 0);   /* nothing was taken for output */
  g_assert_cmpuint (count_problems (process), ==, 0);
  rpc_stop (process);
}

/* Those of one turn leave in one write, and come back in one. */
static void
test_coalesced_calls (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = start_in_style (fixture, data);
  RpcCall calls[100] = { { NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *params = g_strdup_printf ("[%u,1000]", i);

      rpc_call (&calls[i], process, "add", params, 0, NULL);
    }
  rpc_wait (fixture, &calls[G_N_ELEMENTS (calls) - 1]);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *sum = g_strdup_printf ("%u", i + 1000);

      rpc_assert_text (&calls[i], sum);
      rpc_call_clear (&calls[i]);
    }
  rpc_stop (process);
}

static void
on_made_up (ExtensionHostProcess *process,
            const char           *method,
            JsonNode             *params,
            guint                *n_seen)
{
  g_autofree char *expected = g_strdup_printf ("made-up-%u-%u",
                                               extension_host_process_get_pid (process), *n_seen);

  g_assert_cmpstr (method, ==, expected);
  g_assert_null (params);
  (*n_seen)++;
}

/* Notifications and their answer in one write, which is many reads. */
static void
test_coalesced_notifications (TestFixture   *fixture,
                              gconstpointer  data)
{
  const struct Style *style = data;
  g_autoptr(ExtensionHostProcess) process = start_in_style (fixture, style);
  g_autofree char *done = NULL;
  guint n_seen = 0;

  g_signal_connect (process, "notification", G_CALLBACK (on_made_up), &n_seen);
  done = rpc_ask (fixture, process, "floods", style->slow ? "[20]" : "[10000]");
  g_assert_cmpuint (n_seen, ==, style->slow ? 20 : 10000);
  g_assert_cmpuint (count_problems (process), ==, 0);
  rpc_stop (process);
}

/* Of messages that are too long */

static void
test_too_long (TestFixture   *fixture,
               gconstpointer  data)
{
  ExtensionHostSpec *spec = spec_new (fixture, data, NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *large = make_params (3 * MIB);
  g_auto(RpcCall) before = { NULL };
  g_auto(RpcCall) call = { NULL };
  g_auto(RpcCall) behind = { NULL };

  g_object_set (spec, "max-message-size", LIMIT, NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&before, process, "echo", "[1]", 0, NULL);
  rpc_call (&call, process, "echo", large, 0, NULL);
  rpc_call (&behind, process, "echo", "[2]", 0, NULL);
  rpc_wait (fixture, &behind);
  rpc_assert_text (&before, "[1]");
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  rpc_assert_text (&behind, "[2]");
  expect_echo (fixture, process, "[3]");
  g_assert_cmpuint (count_problems (process), ==, 0);
  rpc_stop (process);
}

static void
test_longest (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = spec_new (fixture, NULL, NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  gsize others = strlen ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[\"\"]}");
  g_autofree char *longest = make_params (LIMIT - others);
  g_autofree char *too_long = make_params (LIMIT - others + 1);
  g_auto(RpcCall) call = { NULL };

  g_object_set (spec, "max-message-size", LIMIT, NULL);
  process = rpc_start (fixture, spec);
  expect_echo (fixture, process, longest);
  rpc_call (&call, process, "echo", too_long, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  rpc_stop (process);
}

/* What nobody waits for is a mistake, and the one behind it is understood. */
static void
test_too_long_notification (TestFixture   *fixture,
                            gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = spec_new (fixture, NULL, NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *large = make_params (LIMIT);
  g_autofree char *message = g_strconcat ("[{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":",
                                          large, "}]", NULL);
  g_autofree char *done = NULL;

  g_object_set (spec, "max-message-size", LIMIT, NULL);
  process = rpc_start (fixture, spec);
  done = rpc_ask (fixture, process, "say", message);
  g_assert_cmpstr (done, ==, "true");
  g_assert_cmpuint (count_problems (process), ==, 1);
  rpc_stop (process);
}

/* Of what is no frame */

static const struct Wrong
{
  const char *name;
  const char *text;
} wrong[] = {
  { "negative", "Content-Length: -5\r\n\r\n" },
  { "no-number", "Content-Length: many\r\n\r\n" },
  { "fraction", "Content-Length: 2.5\r\n\r\n" },
  { "two-numbers", "Content-Length: 2 2\r\n\r\n{}" },
  { "beyond-64-bits", "Content-Length: 18446744073709551617\r\n\r\n{}" },
  { "contradiction", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" },
  { "no-length", "Content-Type: application/json\r\n\r\n{}" },
  { "no-header", "a line that was printed\r\n\r\n" },
  { "output-before-header", "a line that was printed\nContent-Length: 2\r\n\r\n{}" },
  { "long-header", NULL },
  { "long-header-without-end", NULL },
};

static char *
make_wrong (const struct Wrong *test)
{
  g_autofree char *filling = g_strnfill (HEADER_MAX, 'x');

  if (test->text != NULL)
    return g_strconcat ("--raw=", test->text, NULL);

  return g_strconcat ("--raw=Content-Length: 2\r\nX-Filling: ", filling,
                      g_str_has_suffix (test->name, "end") ? "" : "\r\n\r\n{}", NULL);
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

/* There is no telling where the next message begins. What came before is answered; no more than the
 * wrong frame itself is needed to see that it is one. */
static void
test_wrong (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autofree char *option = make_wrong (data);
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, spec_new (fixture, option, NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(RpcCall) before = { NULL };
  g_auto(RpcCall) call = { NULL };
  g_auto(RpcCall) behind = { NULL };

  rpc_call (&before, process, "add", "[1,2]", 0, NULL);
  rpc_call (&call, process, "raw", NULL, 0, NULL);
  rpc_wait (fixture, &before);
  rpc_assert_text (&before, "3");
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_cmpint (call.took, <, SOON);
  g_assert_nonnull (find_fault (record));
  g_assert_cmpint (extension_host_transition_get_reason (find_fault (record)), ==,
                   EXTENSION_HOST_REASON_CHANNEL_LOST);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  rpc_call (&behind, process, "add", "[1,2]", 0, NULL);
  rpc_wait (fixture, &behind);
  rpc_assert_error (&behind, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
}

/* Nothing of it was understood: the next generation begins anew. */
static void
test_wrong_then_restart (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec =
    spec_new (fixture, "--raw=Content-Length: 100\r\nContent-Length: 1\r\n\r\n", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) call = { NULL };

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_ON_FAILURE, "backoff-initial", 0,
                NULL);
  process = rpc_start (fixture, spec);
  rpc_call (&call, process, "raw", NULL, 0, NULL);
  test_wait_until (fixture, extension_host_process_get_generation (process) == 2);
  rpc_wait_running (fixture, process);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  expect_echo (fixture, process, "[1]");
  rpc_stop (process);
}

static void
add_style (const struct Style *style,
           const char         *name,
           void (*function)   (TestFixture   *fixture,
                               gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/framing/", style->name, "/", name, NULL);

  test_add (path, style, function);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      add_style (&styles[i], "calls", test_calls);
      add_style (&styles[i], "coalesced-calls", test_coalesced_calls);
      add_style (&styles[i], "coalesced-notifications", test_coalesced_notifications);
    }
  test_add ("/framing/too-long", NULL, test_too_long);
  test_add ("/framing/too-long/id-last", "--id-last", test_too_long);
  test_add ("/framing/longest", NULL, test_longest);
  test_add ("/framing/too-long-notification", NULL, test_too_long_notification);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *path = g_strconcat ("/framing/wrong/", wrong[i].name, NULL);

      test_add (path, &wrong[i], test_wrong);
    }
  test_add ("/framing/wrong-then-restart", NULL, test_wrong_then_restart);

  return g_test_run ();
}
