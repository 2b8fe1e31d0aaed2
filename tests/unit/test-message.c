/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-message-private.h"

#define V "\"jsonrpc\":\"2.0\""
#define NO_CALL EXTENSION_HOST_MESSAGE_NO_CALL

static ExtensionHostMessage
read_message (const char *text)
{
  g_autofree char *exact = g_memdup2 (text, strlen (text));
  ExtensionHostJsonScan scan;
  ExtensionHostMessage message;

  extension_host_json_scan (&scan, exact, strlen (text));
  extension_host_message_classify (&message, exact, &scan);
  g_assert_cmpint (message.kind == EXTENSION_HOST_MESSAGE_INVALID, ==,
                   message.problem != EXTENSION_HOST_MESSAGE_OK);

  return message;
}

static void
assert_span (const char                  *text,
             const ExtensionHostJsonSpan *span,
             const char                  *expected)
{
  g_autofree char *found = g_strndup (text + span->start, span->length);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_request (void)
{
  const char *text = "{" V ",\"id\" : \"a\\u0062\" ,\"method\":\"tools\\/call\",\"params\":[1, 2]}";
  ExtensionHostMessage message = read_message (text);
  g_autofree char *method = extension_host_message_dup_method (&message, text);

  g_assert_cmpint (message.kind, ==, EXTENSION_HOST_MESSAGE_REQUEST);
  g_assert_cmpint (message.call, ==, NO_CALL);
  assert_span (text, &message.id, "\"a\\u0062\"");
  assert_span (text, &message.payload, "[1, 2]");
  g_assert_cmpuint (message.payload.n_values, ==, 3);
  g_assert_cmpstr (method, ==, "tools/call");
}

static void
test_request_ids (void)
{
  static const char *const ids[] = {
    "0", "-0", "-1", "7", "123456789012345678901234567890", "\"\"", "\"7\"", "\"\\u0000\"",
    "\"\\ud800\"",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *text = g_strdup_printf ("{" V ",\"method\":\"m\",\"id\":%s}", ids[i]);
      ExtensionHostMessage message = read_message (text);

      g_assert_cmpint (message.kind, ==, EXTENSION_HOST_MESSAGE_REQUEST);
      assert_span (text, &message.id, ids[i]);
    }
}

static void
test_notification (void)
{
  const char *text = "{\"method\":\"host/ready\"," V "}";
  ExtensionHostMessage message = read_message (text);

  g_assert_cmpint (message.kind, ==, EXTENSION_HOST_MESSAGE_NOTIFICATION);
  g_assert_cmpuint (message.id.length, ==, 0);
  g_assert_cmpuint (message.payload.length, ==, 0);
}

static void
test_response (void)
{
  const char *text = "{\"result\":{\"a\":[\"\\udc00\"]}," V ",\"id\":7}";
  ExtensionHostMessage message = read_message (text);

  g_assert_cmpint (message.kind, ==, EXTENSION_HOST_MESSAGE_RESPONSE);
  g_assert_cmpint (message.call, ==, 7);
  assert_span (text, &message.payload, "{\"a\":[\"\\udc00\"]}");
  g_assert_true (message.payload.needs_repair);
  g_assert_false (message.payload.has_nul);
  g_assert_cmpuint (message.payload.n_values, ==, 3);
}

static void
test_error_response (void)
{
  const char *text = "{" V ",\"id\":1,\"error\": {\"code\":-32601, \"message\":\"no \\ud800such\","
                     "\"data\":{\"why\":[null,\"\\u0000\"]}}}";
  ExtensionHostMessage message = read_message (text);
  g_autofree char *said = extension_host_message_dup_error_message (&message, text);

  g_assert_cmpint (message.kind, ==, EXTENSION_HOST_MESSAGE_ERROR_RESPONSE);
  g_assert_cmpint (message.error_code, ==, -32601);
  g_assert_cmpstr (said, ==, "no \357\277\275such");
  assert_span (text, &message.payload, "{\"why\":[null,\"\\u0000\"]}");
  g_assert_cmpuint (message.payload.n_values, ==, 4);
  g_assert_true (message.payload.has_nul);
  g_assert_false (message.payload.needs_repair);
  g_assert_true (message.error_message.needs_repair);

  message = read_message ("{" V ",\"id\":1,\"error\":{\"message\":\"\",\"code\":0}}");
  g_assert_cmpint (message.kind, ==, EXTENSION_HOST_MESSAGE_ERROR_RESPONSE);
  g_assert_cmpuint (message.payload.length, ==, 0);
}

static void
test_error_codes (void)
{
  static const struct {
    const char *code;
    gboolean is_good;
    int number;
  } cases[] = {
    { "0", TRUE, 0 },
    { "-0", TRUE, 0 },
    { "2147483647", TRUE, G_MAXINT },
    { "-2147483648", TRUE, G_MININT },
    { "2147483648", FALSE, 0 },
    { "-2147483649", FALSE, 0 },
    { "9999999999", FALSE, 0 },
    { "18446744073709551616", FALSE, 0 },
    { "1.0", FALSE, 0 },
    { "1e2", FALSE, 0 },
    { "\"1\"", FALSE, 0 },
    { "null", FALSE, 0 },
    { "{}", FALSE, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{" V ",\"id\":3,\"error\":{\"code\":%s,"
                                               "\"message\":\"m\"}}", cases[i].code);
      ExtensionHostMessage message = read_message (text);

      g_assert_cmpint (message.call, ==, 3);
      if (cases[i].is_good)
        {
          g_assert_cmpint (message.kind, ==, EXTENSION_HOST_MESSAGE_ERROR_RESPONSE);
          g_assert_cmpint (message.error_code, ==, cases[i].number);
        }
      else
        {
          g_assert_cmpint (message.problem, ==, EXTENSION_HOST_MESSAGE_WRONG_ERROR);
        }
    }
}

static void
test_calls (void)
{
  static const struct {
    const char *id;
    gint64 call;
  } cases[] = {
    { "0", 0 },
    { "7", 7 },
    { "\"7\"", 7 },
    { "\"0\"", 0 },
    { "2147483647", G_MAXINT32 },
    { "\"2147483647\"", G_MAXINT32 },
    { "2147483648", NO_CALL },
    { "9999999999", NO_CALL },
    { "99999999999", NO_CALL },
    { "18446744073709551623", NO_CALL },
    { "-1", NO_CALL },
    { "-0", NO_CALL },
    { "7.0", NO_CALL },
    { "7e0", NO_CALL },
    { "\"\"", NO_CALL },
    { "\"07\"", NO_CALL },
    { "\" 7\"", NO_CALL },
    { "\"7 \"", NO_CALL },
    { "\"+7\"", NO_CALL },
    { "\"-7\"", NO_CALL },
    { "\"7.0\"", NO_CALL },
    { "\"0x7\"", NO_CALL },
    { "\"\\u0037\"", NO_CALL },
    { "\"\331\243\"", NO_CALL },
    { "[7]", NO_CALL },
    { "null", NO_CALL },
    { "true", NO_CALL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{" V ",\"id\":%s,\"result\":0}", cases[i].id);
      ExtensionHostMessage message = read_message (text);

      g_assert_cmpint (message.call, ==, cases[i].call);
      g_assert_cmpint (message.kind, ==, cases[i].call == NO_CALL
                                         ? EXTENSION_HOST_MESSAGE_INVALID
                                         : EXTENSION_HOST_MESSAGE_RESPONSE);
    }
}

static const struct {
  const char *text;
  ExtensionHostMessageProblem problem;
  gint64 call;
} problems[] = {
  { "[{}]", EXTENSION_HOST_MESSAGE_BATCH, NO_CALL },
  { "[{" V ",\"id\":1,\"result\":0}]", EXTENSION_HOST_MESSAGE_BATCH, NO_CALL },
  { "{} {}", EXTENSION_HOST_MESSAGE_SECOND_DOCUMENT, NO_CALL },
  { "[{}] 1", EXTENSION_HOST_MESSAGE_SECOND_DOCUMENT, NO_CALL },
  { "{" V ",\"id\":5,\"result\":0}{}", EXTENSION_HOST_MESSAGE_SECOND_DOCUMENT, 5 },
  { "{}", EXTENSION_HOST_MESSAGE_NO_VERSION, NO_CALL },
  { "{\"level\":30,\"msg\":\"up\"}", EXTENSION_HOST_MESSAGE_NO_VERSION, NO_CALL },
  { "{\"id\":5,\"result\":0}", EXTENSION_HOST_MESSAGE_NO_VERSION, 5 },
  { "{\"jsonrpc\":2.0,\"id\":5,\"result\":0}", EXTENSION_HOST_MESSAGE_WRONG_VERSION, 5 },
  { "{\"jsonrpc\":\"2\",\"id\":5,\"result\":0}", EXTENSION_HOST_MESSAGE_WRONG_VERSION, 5 },
  { "{\"jsonrpc\":\"1.0\",\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_WRONG_VERSION, NO_CALL },
  { "{\"jsonrpc\":\"2.00\",\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_WRONG_VERSION, NO_CALL },
  { "{\"jsonrpc\":\"\",\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_WRONG_VERSION, NO_CALL },
  { "{\"jsonrpc\":null,\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_WRONG_VERSION, NO_CALL },
  { "{" V ",\"result\":0}", EXTENSION_HOST_MESSAGE_NO_ID, NO_CALL },
  { "{" V ",\"error\":{\"code\":1,\"message\":\"\"}}", EXTENSION_HOST_MESSAGE_NO_ID, NO_CALL },
  { "{" V ",\"id\":null,\"result\":0}", EXTENSION_HOST_MESSAGE_NULL_ID, NO_CALL },
  { "{" V ",\"id\":null,\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_NULL_ID, NO_CALL },
  { "{" V ",\"id\":1.5,\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_FRACTIONAL_ID, NO_CALL },
  { "{" V ",\"id\":1.0,\"result\":0}", EXTENSION_HOST_MESSAGE_FRACTIONAL_ID, NO_CALL },
  { "{" V ",\"id\":1e3,\"result\":0}", EXTENSION_HOST_MESSAGE_FRACTIONAL_ID, NO_CALL },
  { "{" V ",\"id\":true,\"result\":0}", EXTENSION_HOST_MESSAGE_WRONG_ID, NO_CALL },
  { "{" V ",\"id\":{},\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_WRONG_ID, NO_CALL },
  { "{" V ",\"id\":[1],\"method\":\"m\"}", EXTENSION_HOST_MESSAGE_WRONG_ID, NO_CALL },
  { "{" V ",\"id\":\"x\",\"result\":0}", EXTENSION_HOST_MESSAGE_FOREIGN_ID, NO_CALL },
  { "{" V ",\"id\":-1,\"result\":0}", EXTENSION_HOST_MESSAGE_FOREIGN_ID, NO_CALL },
  { "{" V ",\"method\":1}", EXTENSION_HOST_MESSAGE_WRONG_METHOD, NO_CALL },
  { "{" V ",\"method\":null,\"id\":5}", EXTENSION_HOST_MESSAGE_WRONG_METHOD, NO_CALL },
  { "{" V ",\"method\":\"\"}", EXTENSION_HOST_MESSAGE_WRONG_METHOD, NO_CALL },
  { "{" V ",\"method\":\"a\\u0000b\"}", EXTENSION_HOST_MESSAGE_WRONG_METHOD, NO_CALL },
  { "{" V ",\"method\":\"m\",\"params\":1}", EXTENSION_HOST_MESSAGE_WRONG_PARAMS, NO_CALL },
  { "{" V ",\"method\":\"m\",\"params\":null}", EXTENSION_HOST_MESSAGE_WRONG_PARAMS, NO_CALL },
  { "{" V ",\"method\":\"m\",\"params\":\"{}\"}", EXTENSION_HOST_MESSAGE_WRONG_PARAMS, NO_CALL },
  { "{" V ",\"id\":5,\"error\":null}", EXTENSION_HOST_MESSAGE_WRONG_ERROR, 5 },
  { "{" V ",\"id\":5,\"error\":\"bad\"}", EXTENSION_HOST_MESSAGE_WRONG_ERROR, 5 },
  { "{" V ",\"id\":5,\"error\":{}}", EXTENSION_HOST_MESSAGE_WRONG_ERROR, 5 },
  { "{" V ",\"id\":5,\"error\":[{}]}", EXTENSION_HOST_MESSAGE_WRONG_ERROR, 5 },
  { "{" V ",\"id\":5,\"error\":{\"code\":1}}", EXTENSION_HOST_MESSAGE_WRONG_ERROR, 5 },
  { "{" V ",\"id\":5,\"error\":{\"message\":\"\"}}", EXTENSION_HOST_MESSAGE_WRONG_ERROR, 5 },
  { "{" V ",\"id\":5,\"error\":{\"code\":1,\"message\":2}}",
    EXTENSION_HOST_MESSAGE_WRONG_ERROR, 5 },
  { "{" V ",\"id\":5,\"result\":0,\"error\":{\"code\":1,\"message\":\"\"}}",
    EXTENSION_HOST_MESSAGE_AMBIGUOUS, 5 },
  { "{" V ",\"id\":5,\"result\":0,\"error\":null}", EXTENSION_HOST_MESSAGE_AMBIGUOUS, 5 },
  { "{" V ",\"id\":5,\"method\":\"m\",\"result\":0}", EXTENSION_HOST_MESSAGE_AMBIGUOUS, NO_CALL },
  { "{" V ",\"id\":5,\"method\":\"m\",\"error\":0}", EXTENSION_HOST_MESSAGE_AMBIGUOUS, NO_CALL },
  { "{" V ",\"id\":5}", EXTENSION_HOST_MESSAGE_EMPTY, 5 },
  { "{" V "}", EXTENSION_HOST_MESSAGE_EMPTY, NO_CALL },
};

static void
test_problems (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (problems); i++)
    {
      ExtensionHostMessage message = read_message (problems[i].text);

      g_test_message ("%s", problems[i].text);
      g_assert_cmpint (message.problem, ==, problems[i].problem);
      g_assert_cmpint (message.call, ==, problems[i].call);
    }

  for (guint i = 0; i <= EXTENSION_HOST_MESSAGE_EMPTY; i++)
    g_assert_nonnull (extension_host_message_describe_problem (i));
}

static void
test_too_deep (void)
{
  g_autofree char *deep = g_strnfill (1000, '[');
  g_autofree char *text = g_strconcat ("{" V ",\"id\":5,\"result\":", deep, NULL);

  g_assert_cmpint (read_message (text).problem, ==, EXTENSION_HOST_MESSAGE_TOO_DEEP);
  g_assert_cmpint (read_message (deep).problem, ==, EXTENSION_HOST_MESSAGE_TOO_DEEP);
}

static void
test_stray (void)
{
  static const char *const lines[] = {
    "", " ", "Listening on port 3000", "[info] up", "1", "7 up", "\"text\"", "null", "true dat",
    "[]", "[1,2]", "[1] [2]", "[{},1]", "{info} up", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":",
    "\357\273\277{}", "{'a':1}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_cmpint (read_message (lines[i]).kind, ==, EXTENSION_HOST_MESSAGE_STRAY);
}

static void
assert_written (GString                  *out,
                const char               *expected,
                ExtensionHostMessageKind  kind)
{
  g_assert_cmpstr (out->str, ==, expected);
  g_assert_cmpint (read_message (out->str).kind, ==, kind);
  g_string_truncate (out, 0);
}

static void
test_write_calls (void)
{
  const char *params = "{\r\n  \"a\": [1,\n2]\n}";
  g_autoptr(JsonNode) tree = json_from_string ("[\"b\\n\", {}]", NULL);
  g_autoptr(GString) out = g_string_new (NULL);

  extension_host_message_append_request (out, 0, "ping", NULL, 0);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}",
                  EXTENSION_HOST_MESSAGE_REQUEST);

  extension_host_message_append_request (out, G_MAXINT32, "a\"b", params, strlen (params));
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"id\":2147483647,\"method\":\"a\\\"b\","
                       "\"params\":{    \"a\": [1, 2] }}", EXTENSION_HOST_MESSAGE_REQUEST);

  extension_host_message_append_request_node (out, 1, "a", NULL);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}",
                  EXTENSION_HOST_MESSAGE_REQUEST);

  extension_host_message_append_request_node (out, 1, "a", tree);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[\"b\\n\",{}]}",
                  EXTENSION_HOST_MESSAGE_REQUEST);

  extension_host_message_append_notification (out, "exit", NULL, 0);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}",
                  EXTENSION_HOST_MESSAGE_NOTIFICATION);

  extension_host_message_append_notification (out, "m", "[]xx", 2);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[]}",
                  EXTENSION_HOST_MESSAGE_NOTIFICATION);

  extension_host_message_append_cancel (out, "$/cancelRequest", "id", 10, NULL);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\","
                       "\"params\":{\"id\":10}}",
                  EXTENSION_HOST_MESSAGE_NOTIFICATION);

  extension_host_message_append_cancel (out, "notifications/cancelled", "requestId", 10, "late");
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
                       "\"params\":{\"requestId\":10,\"reason\":\"late\"}}",
                  EXTENSION_HOST_MESSAGE_NOTIFICATION);
}

static void
test_write_replies (void)
{
  g_autoptr(GString) out = g_string_new (NULL);

  extension_host_message_append_response (out, "7", 1, "\"a\\nb\"", 6);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\\nb\"}",
                  EXTENSION_HOST_MESSAGE_RESPONSE);

  extension_host_message_append_response (out, "\"x\"", 3, NULL, 0);
  g_assert_cmpstr (out->str, ==, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":null}");
  g_string_truncate (out, 0);

  extension_host_message_append_error (out, "7", 1, G_MININT, "no “x”\n", "[\n]", 3);
  assert_written (out, "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-2147483648,"
                       "\"message\":\"no “x”\\n\",\"data\":[ ]}}",
                  EXTENSION_HOST_MESSAGE_ERROR_RESPONSE);

  extension_host_message_append_error (out, NULL, 0, -32700, "", NULL, 0);
  g_assert_cmpstr (out->str, ==, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
                                 "\"message\":\"\"}}");
}

static void
test_write_string (void)
{
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GString) all = g_string_new (NULL);
  ExtensionHostJsonScan scan;

  extension_host_message_append_string (out, "\0\1\b\t\n\f\r\37\"\\/\177", 12);
  g_assert_cmpstr (out->str, ==, "\"\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f\\\"\\\\/\177\"");
  g_string_truncate (out, 0);

  extension_host_message_append_string (out, "\303\251\377x\342\202", 6);
  g_assert_cmpstr (out->str, ==, "\"\303\251\357\277\275x\357\277\275\"");
  g_string_truncate (out, 0);

  for (guint i = 0; i < 65536; i++)
    {
      g_string_append_c (all, i >> 8);
      g_string_append_c (all, i & 0xff);
    }
  extension_host_message_append_string (out, all->str, all->len);
  g_assert_true (extension_host_json_scan (&scan, out->str, out->len));
  g_assert_false (scan.whole.needs_repair);
  g_assert_null (memchr (out->str, '\n', out->len));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/message/request", test_request);
  g_test_add_func ("/message/request-ids", test_request_ids);
  g_test_add_func ("/message/notification", test_notification);
  g_test_add_func ("/message/response", test_response);
  g_test_add_func ("/message/error-response", test_error_response);
  g_test_add_func ("/message/error-codes", test_error_codes);
  g_test_add_func ("/message/calls", test_calls);
  g_test_add_func ("/message/problems", test_problems);
  g_test_add_func ("/message/too-deep", test_too_deep);
  g_test_add_func ("/message/stray", test_stray);
  g_test_add_func ("/message/write-calls", test_write_calls);
  g_test_add_func ("/message/write-replies", test_write_replies);
  g_test_add_func ("/message/write-string", test_write_string);

  return g_test_run ();
}
