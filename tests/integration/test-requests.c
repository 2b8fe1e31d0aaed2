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

  return g_test_run ();
}
