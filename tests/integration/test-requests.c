/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a host sends of its own: notifications and requests. */

#include <string.h>

#include "rpc-util.h"

/* A method that keeps what it was called with. */
typedef struct
{
  GPtrArray *invocations;
  guint n_calls;
  gboolean at_once;       /* answers with its number */
} Method;

static void
on_method (ExtensionHostProcess    *process G_GNUC_UNUSED,
           ExtensionHostInvocation *invocation,
           gpointer                 user_data)
{
  Method *self = user_data;
  g_autoptr(JsonNode) result = NULL;

  self->n_calls++;
  if (!self->at_once)
    {
      g_ptr_array_add (self->invocations, g_object_ref (invocation));
      return;
    }

  result = json_node_init_int (json_node_alloc (), self->n_calls);
  extension_host_invocation_return_value (invocation, result);
}

static Method *
method_new (gboolean at_once)
{
  Method *self = g_new0 (Method, 1);

  self->invocations = g_ptr_array_new_with_free_func (g_object_unref);
  self->at_once = at_once;

  return self;
}

static void
method_free (gpointer data)
{
  Method *self = data;

  g_ptr_array_unref (self->invocations);
  g_free (self);
}

/* The host calls a method, and tells what it was answered. */
static void
ask_for (TestFixture          *fixture,
         ExtensionHostProcess *process,
         const char           *method)
{
  g_autofree char *params = g_strdup_printf ("[\"%s\"]", method);
  g_autofree char *text = rpc_ask (fixture, process, "ask", params);

  g_assert_cmpstr (text, ==, "true");
}

#define RESULT(id, value) "answer {\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" value "}"

static gboolean
has_answer (TestRecord *record,
            const char *id,
            const char *rest)
{
  g_autofree char *begin = g_strdup_printf ("answer {\"jsonrpc\":\"2.0\",\"id\":%s,", id);

  for (guint i = 0; i < record->lines->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (record->lines, i), begin) &&
        strstr (g_ptr_array_index (record->lines, i), rest) != NULL)
      return TRUE;

  return FALSE;
}

static void
test_methods (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  Method *later = method_new (FALSE);
  ExtensionHostInvocation *invocation = NULL;
  g_autoptr(JsonNode) result = rpc_json ("{\"ok\":true}");
  g_autofree char *params = NULL;

  extension_host_process_add_method (process, "count", NULL, on_method, method_new (TRUE),
                                     method_free);
  extension_host_process_add_method (process, "later", NULL, on_method, later, method_free);
  ask_for (fixture, process, "count");
  test_wait_until (fixture, test_record_has_line (record, RESULT ("\"r0\"", "1")));
  ask_for (fixture, process, "unknown");
  test_wait_until (fixture, has_answer (record, "\"r1\"", "\"code\":-32601"));

  ask_for (fixture, process, "later");
  test_wait_until (fixture, later->invocations->len == 1);
  invocation = g_ptr_array_index (later->invocations, 0);
  g_assert_cmpstr (extension_host_invocation_get_method (invocation), ==, "later");
  params = json_to_string (extension_host_invocation_get_params (invocation), FALSE);
  g_assert_cmpstr (params, ==, "{\"n\":1}");
  extension_host_invocation_return_value (invocation, result);
  test_wait_until (fixture, test_record_has_line (record, RESULT ("\"r2\"", "{\"ok\":true}")));

  /* One that is dropped is answered all the same. */
  ask_for (fixture, process, "later");
  test_wait_until (fixture, later->invocations->len == 2);
  g_ptr_array_set_size (later->invocations, 0);
  test_wait_until (fixture, has_answer (record, "\"r3\"", "\"code\":-32603"));

  rpc_stop (process);
}

static void
on_denied (ExtensionHostProcess *process G_GNUC_UNUSED,
           const char           *method,
           char                **denied)
{
  g_assert_null (*denied);
  *denied = g_strdup (method);
}

static void
test_capability (TestFixture   *fixture,
                 gconstpointer  data)
{
  static const char *const keys[] = { "doors", "keys", NULL };
  gboolean granted = data != NULL;
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  Method *method = method_new (TRUE);
  g_autofree char *denied = NULL;

  if (granted)
    g_object_set (spec, "capabilities", keys, NULL);
  process = rpc_start (fixture, spec);
  record = test_record_new (process);
  extension_host_process_add_method (process, "open", "keys", on_method, method, method_free);
  g_signal_connect (process, "capability-denied", G_CALLBACK (on_denied), &denied);
  ask_for (fixture, process, "open");
  if (granted)
    {
      test_wait_until (fixture, test_record_has_line (record, RESULT ("\"r0\"", "1")));
      g_assert_null (denied);
    }
  else
    {
      test_wait_until (fixture, has_answer (record, "\"r0\"", "\"code\":-32001"));
      g_assert_cmpstr (denied, ==, "open");
    }
  g_assert_cmpuint (method->n_calls, ==, granted ? 1 : 0);
  rpc_stop (process);
}

/* One of the manager is for all its hosts; one of the host goes before it. */
static void
test_manager_method (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "h", NULL);
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, NULL);
  g_autoptr(TestRecord) record = test_record_new (process);
  Method *common = method_new (TRUE);
  Method *own = method_new (TRUE);

  extension_host_manager_add_method (manager, "work", NULL, on_method, common, method_free);
  extension_host_manager_add_method (manager, "both", NULL, on_method, method_new (TRUE),
                                     method_free);
  extension_host_process_add_method (process, "both", NULL, on_method, own, method_free);
  g_assert_true (extension_host_process_start (process, NULL));
  rpc_wait_running (fixture, process);
  ask_for (fixture, process, "work");
  ask_for (fixture, process, "both");
  test_wait_until (fixture, test_record_has_line (record, RESULT ("\"r1\"", "1")));
  g_assert_cmpuint (common->n_calls, ==, 1);
  g_assert_cmpuint (own->n_calls, ==, 1);
  rpc_stop (process);
}

static void
test_answered_after_restart (TestFixture   *fixture,
                             gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  Method *later = method_new (FALSE);
  g_autofree char *sum = NULL;
  g_autoptr(GError) error = NULL;
  guint64 stale = 0;

  extension_host_process_add_method (process, "later", NULL, on_method, later, method_free);
  ask_for (fixture, process, "later");
  test_wait_until (fixture, later->invocations->len == 1);
  extension_host_process_restart (process, NULL, &error);
  g_assert_no_error (error);
  test_record_clear (record);
  stale = rpc_get_stale (process);
  extension_host_invocation_return_value (g_ptr_array_index (later->invocations, 0), NULL);
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  test_wait_until (fixture, rpc_get_stale (process) == stale + 1);
  g_assert_cmpuint (record->lines->len, ==, 0);   /* the new one has heard nothing of it */
  rpc_stop (process);
}

static void
test_answered_while_stopping (TestFixture   *fixture,
                              gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--late-ack", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GAsyncResult) result = NULL;
  Method *later = method_new (FALSE);

  extension_host_process_add_method (process, "later", NULL, on_method, later, method_free);
  ask_for (fixture, process, "later");
  test_wait_until (fixture, later->invocations->len == 1);
  extension_host_process_stop_async (process, NULL, test_store_result, &result);
  test_wait_until (fixture, test_record_has_line (record, "shutdown"));
  extension_host_invocation_return_value (g_ptr_array_index (later->invocations, 0), NULL);
  test_wait_until (fixture, result != NULL);
  g_assert_true (test_record_has_line (record, RESULT ("\"r0\"", "null")));
}

/* A thousand requests at once: as many as allowed are in work, the others are refused, and all are
 * answered. */
static void
test_thousand (TestFixture   *fixture,
               gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--requests=1000", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  Method *work = method_new (FALSE);
  guint n_refused = 0, n_done = 0;
  g_autofree char *sum = NULL;

  g_object_set (spec, "log-lines", 2000, NULL);
  g_object_unref (spec);
  extension_host_process_add_method (process, "work", NULL, on_method, work, method_free);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, work->n_calls == 128);
  sum = rpc_ask (fixture, process, "add", "[1,2]");
  g_assert_cmpuint (work->n_calls, ==, 128);
  for (guint i = 0; i < 128; i++)
    extension_host_invocation_return_value (g_ptr_array_index (work->invocations, i), NULL);
  test_wait_polling (fixture, 10, record->lines->len >= 1000);
  for (guint i = 0; i < record->lines->len; i++)
    {
      const char *line = g_ptr_array_index (record->lines, i);

      n_refused += strstr (line, "-32002") != NULL;
      n_done += strstr (line, "\"result\":null") != NULL;
    }
  g_assert_cmpuint (n_done, ==, 128);
  g_assert_cmpuint (n_refused, ==, 872);
  g_assert_true (test_record_has_line (record, RESULT ("0", "null")));   /* id 0 is one, too */
  rpc_stop (process);
}

/* Requests that the host takes back */

typedef struct
{
  const char *name;
  ExtensionHostProtocol protocol;
  const char *format;         /* of the parameters of its notification */
  const char *other_format;   /* which is that of another protocol */
  const char *method;
} CancelCase;

static const CancelCase cancel_cases[] = {
  { "plain", EXTENSION_HOST_PROTOCOL_PLAIN, "{\"id\":%s}", "{\"requestId\":%s}",
    "$/cancelRequest" },
  { "mcp", EXTENSION_HOST_PROTOCOL_MCP, "{\"requestId\":%s,\"reason\":\"the user went away\"}",
    "{\"id\":%s}", "notifications/cancelled" },
};

/* The host says so, and that has been taken when this returns. */
static void
say (TestFixture          *fixture,
     ExtensionHostProcess *process,
     const char           *rest)
{
  g_autofree char *message = g_strconcat ("[{\"jsonrpc\":\"2.0\",", rest, "}]", NULL);
  g_autofree char *done = rpc_ask (fixture, process, "say", message);

  g_assert_cmpstr (done, ==, "true");
}

/* Returns what the method @later was called with. */
static ExtensionHostInvocation *
request (TestFixture          *fixture,
         ExtensionHostProcess *process,
         Method               *later,
         const char           *id)
{
  g_autofree char *rest = g_strdup_printf ("\"id\":%s,\"method\":\"later\"", id);
  guint before = later->invocations->len;

  say (fixture, process, rest);
  g_assert_cmpuint (later->invocations->len, ==, before + 1);

  return g_ptr_array_index (later->invocations, before);
}

static void
notify_cancel (TestFixture          *fixture,
               ExtensionHostProcess *process,
               const char           *method,
               const char           *format,
               const char           *id)
{
  g_auto(GStrv) parts = g_strsplit (format, "%s", 2);
  g_autofree char *params = g_strjoinv (id, parts);
  g_autofree char *rest = g_strconcat ("\"method\":\"", method, "\",\"params\":", params, NULL);

  say (fixture, process, rest);
}

static gboolean
is_cancelled (ExtensionHostInvocation *invocation)
{
  return g_cancellable_is_cancelled (extension_host_invocation_get_cancellable (invocation));
}

static ExtensionHostProcess *
start_cancel_case (TestFixture      *fixture,
                   const CancelCase *test,
                   Method           *later)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  ExtensionHostProcess *process = NULL;

  g_object_set (spec, "protocol", test->protocol, NULL);
  process = rpc_start (fixture, spec);
  extension_host_process_add_method (process, "later", NULL, on_method, later, method_free);

  return process;
}

/* Each is told of its own end and of no other. It is answered all the same. */
static void
test_cancelled (TestFixture   *fixture,
                gconstpointer  data)
{
  const CancelCase *test = data;
  Method *later = method_new (FALSE);
  g_autoptr(ExtensionHostProcess) process = start_cancel_case (fixture, test, later);
  g_autoptr(TestRecord) record = test_record_new (process);
  ExtensionHostInvocation *number = request (fixture, process, later, "7");
  ExtensionHostInvocation *text = request (fixture, process, later, "\"7\"");
  ExtensionHostInvocation *other = request (fixture, process, later, "\"seven\"");
  g_autoptr(GError) error = g_error_new_literal (EXTENSION_HOST_RPC_ERROR, -32800, "cancelled");

  notify_cancel (fixture, process, test->method, test->format, "7");
  g_assert_true (is_cancelled (number));
  g_assert_false (is_cancelled (text));
  notify_cancel (fixture, process, test->method, test->format, "\"seven\"");
  g_assert_true (is_cancelled (other));
  g_assert_false (is_cancelled (text));

  extension_host_invocation_return_value (number, NULL);
  extension_host_invocation_return_gerror (other, error);
  extension_host_invocation_return_value (text, NULL);
  test_wait_until (fixture, test_record_has_line (record, RESULT ("7", "null")));
  test_wait_until (fixture, has_answer (record, "\"seven\"", "\"code\":-32800"));
  test_wait_until (fixture, test_record_has_line (record, RESULT ("\"7\"", "null")));
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
  rpc_stop (process);
}

static void
test_cancelled_in_vain (TestFixture   *fixture,
                        gconstpointer  data)
{
  static const char *const unknown[] = {
    "8", "\"7 \"", "\"8\"", "7.5", "null", "true", "{\"id\":7}", "[7]", "\"\"",
    "123456789012345678901234567890",
  };
  const CancelCase *test = data;
  Method *later = method_new (FALSE);
  g_autoptr(ExtensionHostProcess) process = start_cancel_case (fixture, test, later);
  g_autoptr(TestRecord) record = test_record_new (process);
  ExtensionHostInvocation *invocation = request (fixture, process, later, "7");
  g_autofree char *bare = g_strconcat ("\"method\":\"", test->method, "\"", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    notify_cancel (fixture, process, test->method, test->format, unknown[i]);
  notify_cancel (fixture, process, test->method, test->other_format, "7");
  notify_cancel (fixture, process, test->method, "[%s]", "7");
  notify_cancel (fixture, process, "cancel", test->format, "7");
  say (fixture, process, bare);
  g_assert_false (is_cancelled (invocation));

  /* Once answered it is over, though its id may come again. */
  extension_host_invocation_return_value (invocation, NULL);
  test_wait_until (fixture, test_record_has_line (record, RESULT ("7", "null")));
  notify_cancel (fixture, process, test->method, test->format, "7");
  g_assert_false (is_cancelled (invocation));
  g_assert_false (is_cancelled (request (fixture, process, later, "7")));
  notify_cancel (fixture, process, test->method, test->format, "7");
  g_assert_false (is_cancelled (invocation));
  g_assert_true (is_cancelled (g_ptr_array_index (later->invocations, 1)));
  rpc_stop (process);
}

/* The ids of a generation end with it. */
static void
test_cancelled_by_next (TestFixture   *fixture,
                        gconstpointer  data)
{
  const CancelCase *test = data;
  Method *later = method_new (FALSE);
  g_autoptr(ExtensionHostProcess) process = start_cancel_case (fixture, test, later);
  ExtensionHostInvocation *before = request (fixture, process, later, "7");
  ExtensionHostInvocation *now = NULL;

  g_assert_true (extension_host_process_restart (process, NULL, NULL));
  notify_cancel (fixture, process, test->method, test->format, "7");
  g_assert_false (is_cancelled (before));
  now = request (fixture, process, later, "7");
  extension_host_invocation_return_value (before, NULL);   /* late, and of nobody's concern */
  notify_cancel (fixture, process, test->method, test->format, "7");
  g_assert_true (is_cancelled (now));
  g_assert_false (is_cancelled (before));
  rpc_stop (process);
}

static void
on_cancelled (GCancellable            *cancellable G_GNUC_UNUSED,
              ExtensionHostInvocation *invocation)
{
  extension_host_invocation_return_error (invocation, -32800, "as you like");
  g_object_unref (invocation);   /* the last one of ours */
}

static void
on_method_until_cancelled (ExtensionHostProcess    *process G_GNUC_UNUSED,
                           ExtensionHostInvocation *invocation,
                           gpointer                 user_data G_GNUC_UNUSED)
{
  g_signal_connect (extension_host_invocation_get_cancellable (invocation), "cancelled",
                    G_CALLBACK (on_cancelled), g_object_ref (invocation));
}

/* The handler of the cancellable answers, and lets go of the request. */
static void
test_answered_in_cancelled (TestFixture   *fixture,
                            gconstpointer  data)
{
  const CancelCase *test = data;
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;
  g_auto(RpcCall) first = { NULL };
  g_auto(RpcCall) second = { NULL };
  g_autofree char *params = NULL;

  process = start_cancel_case (fixture, test, method_new (FALSE));
  record = test_record_new (process);
  extension_host_process_add_method (process, "later", NULL, on_method_until_cancelled, NULL, NULL);
  rpc_call (&first, process, "say",
            "[{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"later\"}]", 0, NULL);
  params = g_strdup_printf ("[{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":{\"%s\":7}}]",
                            test->method,
                            test->protocol == EXTENSION_HOST_PROTOCOL_MCP ? "requestId" : "id");
  rpc_call (&second, process, "say", params, 0, NULL);   /* in one read with the request */
  rpc_wait (fixture, &second);
  test_wait_until (fixture, has_answer (record, "7", "\"message\":\"as you like\""));
  rpc_stop (process);
}

/* Notifications */

typedef struct
{
  guint n_named;
  guint n_all;
} Seen;

static void
on_named (ExtensionHostProcess *process G_GNUC_UNUSED,
          const char           *method,
          JsonNode             *params,
          Seen                 *seen)
{
  g_assert_cmpstr (method, ==, "x");
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (params), "n"), ==, 1);
  seen->n_named++;
}

static void
on_any (ExtensionHostProcess *process G_GNUC_UNUSED,
        const char           *method G_GNUC_UNUSED,
        JsonNode             *params G_GNUC_UNUSED,
        Seen                 *seen)
{
  seen->n_all++;
}

static void
test_notifications (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  Seen seen = { 0, 0 };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_signal_connect (process, "notification::x", G_CALLBACK (on_named), &seen);
  first = rpc_ask (fixture, process, "notify", "[\"x\"]");
  second = rpc_ask (fixture, process, "notify", "[\"y\"]");
  g_assert_cmpuint (seen.n_named, ==, 1);   /* told before the answer that came behind it */
  g_signal_connect (process, "notification", G_CALLBACK (on_any), &seen);
  g_free (first);
  g_free (second);
  first = rpc_ask (fixture, process, "notify", "[\"x\"]");
  second = rpc_ask (fixture, process, "notify", "[\"y\"]");
  g_assert_cmpuint (seen.n_named, ==, 2);
  g_assert_cmpuint (seen.n_all, ==, 2);
  rpc_stop (process);
}

/* Names that a host makes up are not kept for ever: the table of quarks never shrinks. */
static void
test_hostile_names (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  Seen seen = { 0, 0 };
  g_autofree char *done = NULL;
  g_autofree char *last = g_strdup_printf ("made-up-%u-9999",
                                           extension_host_process_get_pid (process));

  g_signal_connect (process, "notification", G_CALLBACK (on_any), &seen);
  done = rpc_ask (fixture, process, "floods", "[10000]");
  g_assert_cmpuint (seen.n_all, ==, 10000);
  g_assert_cmpuint (g_quark_try_string (last), ==, 0);
  rpc_stop (process);
}

static void
add_cancel_case (const CancelCase *test,
                 const char       *name,
                 void (*function) (TestFixture   *fixture,
                                   gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/requests/", name, "/", test->name, NULL);

  test_add (path, test, function);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/requests/methods", NULL, test_methods);
  test_add ("/requests/denied", NULL, test_capability);
  test_add ("/requests/granted", "granted", test_capability);
  test_add ("/requests/manager-method", NULL, test_manager_method);
  test_add ("/requests/answered-after-restart", NULL, test_answered_after_restart);
  test_add ("/requests/answered-while-stopping", NULL, test_answered_while_stopping);
  test_add ("/requests/thousand", NULL, test_thousand);
  test_add ("/requests/notifications", NULL, test_notifications);
  test_add ("/requests/hostile-names", NULL, test_hostile_names);

  for (guint i = 0; i < G_N_ELEMENTS (cancel_cases); i++)
    {
      add_cancel_case (&cancel_cases[i], "cancelled", test_cancelled);
      add_cancel_case (&cancel_cases[i], "cancelled-in-vain", test_cancelled_in_vain);
      add_cancel_case (&cancel_cases[i], "cancelled-by-next-generation", test_cancelled_by_next);
      add_cancel_case (&cancel_cases[i], "answered-in-cancelled", test_answered_in_cancelled);
    }

  return g_test_run ();
}
