/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What callers get wrong, on purpose or not, and what hosts do to them: it is told, and harms nobody. */

#include <string.h>

#include "dbus-fixture.h"

#define HOST DBUS_MANAGER_PATH "/hosts/h"
#define ERROR "org.extensionhost.Error."
#define INVALID_ARGS "org.freedesktop.DBus.Error.InvalidArgs"
#define LONG 60000   /* ms */

typedef struct
{
  DBusScene bus;
  ExtensionHostProcess *process;
} Scene;

/* Takes @spec over, whose id is “h”, and starts the host. */
static void
scene_init (Scene             *self,
            TestFixture       *fixture,
            ExtensionHostSpec *spec)
{
  dbus_scene_init (&self->bus, fixture);
  self->process = dbus_add (self->bus.manager, spec);
  dbus_scene_export (&self->bus, EXTENSION_HOST_ACCESS_CALL);
  dbus_host_does (&self->bus, "h", "Start", NULL);
}

static void
scene_clear (Scene *self)
{
  dbus_scene_clear (&self->bus);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Scene, scene_clear)

static GVariant *
no_options (void)
{
  return g_variant_new ("(@a{sv})", dbus_options (NULL));
}

/* Strings as they are: what D-Bus does not carry is for another test. */
static GVariant *
arguments (const char *method,
           const char *params,
           guint       timeout_ms)
{
  return g_variant_new ("(ssu)", method, params, timeout_ms);
}

static char *
call (Scene      *self,
      const char *method,
      const char *params)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_host_call (&self->bus, "h", "Call", arguments (method, params, 0),
                                              &error);
  char *text = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(s)", &text);

  return text;
}

static void
assert_lives (Scene *self)
{
  g_autofree char *sum = call (self, "add", "[40,2]");

  g_assert_cmpstr (sum, ==, "42");
  g_assert_cmpuint (extension_host_process_get_pending_calls (self->process), ==, 0);
}

/* Arguments */

static void
test_bad_params (TestFixture   *fixture,
                 gconstpointer  data)
{
  static const char * const bad[] = {
    "1", "\"text\"", "true", "null", "[", "[1,]", "{\"a\":1} x", "[1]\n[2]", "{'a':1}", "[01]", "]",
    " ", "[\"\\x41\"]", "[\"\\ud800\"", "[\"\x01\"]"
  };
  g_auto(Scene) scene = { .process = NULL };
  g_autofree char *deep = g_strnfill (100000, '[');
  g_autofree char *huge = g_strnfill (1024 * 1024, 'x');

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    dbus_host_fails (&scene.bus, "h", "Call", arguments ("echo", bad[i], 0), INVALID_ARGS);
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("echo", deep, 0), INVALID_ARGS);
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("echo", huge, 0), INVALID_ARGS);
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("", "[]", 0), INVALID_ARGS);
  assert_lives (&scene);
}

/* Odd, and all right */
static void
test_odd_params (TestFixture   *fixture,
                 gconstpointer  data)
{
  static const char * const odd[] = {
    "[]", "{}", "[1e999,-0,18446744073709551616]", "[\"\\u0000\"]", "[\"\xf0\x9f\x90\x9d\xe2\x80\xa8\"]",
    "{\"a\":1,\"a\":2}", "[[[[]]]]"
  };
  g_auto(Scene) scene = { .process = NULL };
  g_autofree char *x = g_strnfill (1024 * 1024, 'x');
  g_autofree char *huge = g_strconcat ("[\"", x, "\"]", NULL);
  g_autofree char *huge_back = NULL;
  g_autofree char *nothing = NULL;

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autofree char *back = call (&scene, "echo", odd[i]);

      g_assert_cmpstr (back, ==, odd[i]);
    }
  huge_back = call (&scene, "echo", huge);
  g_assert_cmpstr (huge_back, ==, huge);
  nothing = call (&scene, "echo", "");
  g_assert_cmpstr (nothing, ==, "null");
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("\"\n\\{\xc3\xa4", "", 0), ERROR "Rpc");
  dbus_host_fails (&scene.bus, "h", "Call", arguments (x, "", 0), ERROR "Rpc");
  assert_lives (&scene);
}

/* (a{sv}) with two entries at most */
static GVariant *
options (const char *first_key,
         GVariant   *first,
         const char *second_key,
         GVariant   *second)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", first_key, first);
  if (second != NULL)
    g_variant_builder_add (&builder, "{sv}", second_key, second);

  return g_variant_new ("(@a{sv})", g_variant_builder_end (&builder));
}

static void
test_bad_options (TestFixture   *fixture,
                  gconstpointer  data)
{
  static const char * const methods[] = {
    "Start", "Stop", "Restart", "Kill", "Pause", "Resume", "Quarantine", "Release", "Reset"
  };
  g_auto(Scene) scene = { .process = NULL };
  guint64 sequence = 0;

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  sequence = extension_host_process_get_sequence (scene.process);
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      dbus_host_fails (&scene.bus, "h", methods[i],
                       options ("force", g_variant_new_boolean (TRUE), NULL, NULL), INVALID_ARGS);
      dbus_host_fails (&scene.bus, "h", methods[i],
                       options ("reason", g_variant_new_uint32 (1), NULL, NULL), INVALID_ARGS);
      dbus_host_fails (&scene.bus, "h", methods[i],
                       options ("reason", g_variant_new_string ("fine"),
                                "", g_variant_new_string ("")), INVALID_ARGS);
    }
  g_assert_cmpuint (extension_host_process_get_sequence (scene.process), ==, sequence);
  assert_lives (&scene);
}

/* What GDBus refuses for us */
static void
test_bad_messages (TestFixture   *fixture,
                   gconstpointer  data)
{
  static const struct
  {
    const char *path;
    const char *method;
    const char *type;
  } messages[] = {
    { DBUS_MANAGER_PATH "/hosts/nobody", DBUS_HOST_INTERFACE ".Describe", "()" },
    { DBUS_MANAGER_PATH "/hosts", DBUS_HOST_INTERFACE ".Describe", "()" },
    { "/", DBUS_MANAGER_INTERFACE ".ListHosts", "()" },
    { HOST, DBUS_HOST_INTERFACE ".Explode", "()" },
    { HOST, DBUS_MANAGER_INTERFACE ".ListHosts", "()" },
    { HOST, "org.example.Nothing.Describe", "()" },
    { HOST, DBUS_HOST_INTERFACE ".Describe", "(s)" },
    { HOST, DBUS_HOST_INTERFACE ".Start", "()" },
    { HOST, DBUS_HOST_INTERFACE ".Start", "(s)" },
    { HOST, DBUS_HOST_INTERFACE ".Start", "(a{ss})" },
    { HOST, DBUS_HOST_INTERFACE ".Call", "(ss)" },
    { HOST, DBUS_HOST_INTERFACE ".Call", "(sst)" },
    { HOST, DBUS_HOST_INTERFACE ".GetLog", "(i)" },
    { DBUS_MANAGER_PATH, DBUS_MANAGER_INTERFACE ".Shutdown", "(u)" },
  };
  g_auto(Scene) scene = { .process = NULL };

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      const GVariantType *type = G_VARIANT_TYPE (messages[i].type);
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) reply = NULL;
      GVariant *zeros = g_variant_new_from_data (type, "", 0, FALSE, NULL, NULL);

      reply = dbus_call (fixture, scene.bus.client, scene.bus.name, messages[i].path,
                         messages[i].method, zeros, &error);
      g_assert_null (reply);
      g_assert_true (g_dbus_error_is_remote_error (error));
    }
  assert_lives (&scene);
}

/* More than there is may be asked for. */
static void
test_large_numbers (TestFixture   *fixture,
                    gconstpointer  data)
{
  static const char * const methods[] = { "GetLog", "GetHistory" };
  g_auto(Scene) scene = { .process = NULL };

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) one = dbus_host_call (&scene.bus, "h", methods[i], g_variant_new ("(u)", 1),
                                                &error);
      g_autoptr(GVariant) all = dbus_host_call (&scene.bus, "h", methods[i],
                                                g_variant_new ("(u)", G_MAXUINT32), &error);
      g_autoptr(GVariant) zero = dbus_host_call (&scene.bus, "h", methods[i], g_variant_new ("(u)", 0),
                                                 &error);
      g_autoptr(GVariant) first = NULL;

      g_assert_no_error (error);
      first = g_variant_get_child_value (one, 0);
      g_assert_cmpuint (g_variant_n_children (first), <=, 1);
      g_assert_cmpvariant (all, zero);
    }
  assert_lives (&scene);
}

/* Errors of the library */

static void
test_refusals (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  dbus_host_fails (&scene.bus, "h", "Start", no_options (), ERROR "InvalidTransition");
  dbus_host_fails (&scene.bus, "h", "Reset", no_options (), ERROR "InvalidTransition");
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("hold", "", 1), ERROR "TimedOut");
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("exit", "[3]", 0), ERROR "HostExited");
  dbus_wait_state (fixture, scene.process, CRASHED);
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("add", "[1,2]", 0), ERROR "NotRunning");
  dbus_host_fails (&scene.bus, "h", "Kill", no_options (), ERROR "AlreadyTerminated");
  dbus_host_does (&scene.bus, "h", "Quarantine", NULL);
  dbus_host_fails (&scene.bus, "h", "Start", no_options (), ERROR "Quarantined");
  dbus_host_fails (&scene.bus, "h", "Restart", no_options (), ERROR "Quarantined");
  dbus_host_does (&scene.bus, "h", "Release", NULL);
  dbus_host_does (&scene.bus, "h", "Start", NULL);
  assert_lives (&scene);
}

static void
assert_start_fails (TestFixture *fixture,
                    const char  *program,
                    const char  *error_name)
{
  const char *argv[] = { program, NULL };
  g_auto(DBusScene) scene = { NULL };

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, extension_host_spec_new ("h", argv));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  dbus_host_fails (&scene, "h", "Start", no_options (), error_name);
}

static void
test_spawn_errors (TestFixture   *fixture,
                   gconstpointer  data)
{
  assert_start_fails (fixture, "/nonexistent/program", ERROR "NotFound");
  assert_start_fails (fixture, "/etc/passwd", ERROR "NotExecutable");
}

static void
test_not_supported (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };

  scene_init (&scene, fixture, test_spec_new (fixture, "h", NULL));
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("x", "", 0), ERROR "NotSupported");
}

static void
test_limits (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_auto(RpcCall) held = { NULL };
  g_autofree char *x = g_strnfill (100 * 1024, 'x');
  g_autofree char *large = g_strconcat ("[\"", x, "\"]", NULL);

  g_object_set (spec, "max-pending", 1, "max-message-size", 64 * 1024, NULL);
  scene_init (&scene, fixture, spec);
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("echo", large, 0), ERROR "MessageTooLarge");
  rpc_call (&held, scene.process, "hold", NULL, 0, NULL);
  dbus_host_fails (&scene.bus, "h", "Call", arguments ("add", "[1,2]", 0), ERROR "QueueFull");
  dbus_host_does (&scene.bus, "h", "Restart", NULL);
  rpc_wait (fixture, &held);
  assert_lives (&scene);
}

static void
store_error (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  GError **error = user_data;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, error);

  g_assert_null (reply);
}

/* A start that waits for the end of the last run is overtaken by a stop. */
static void
test_superseded (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  ExtensionHostSpec *spec = test_spec_new (fixture, "h", "--ignore-eof", "--ignore-term", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;

  g_object_set (spec, "exit-timeout", LONG, NULL);
  scene_init (&scene, fixture, spec);
  extension_host_process_stop_async (scene.process, NULL, NULL, NULL);
  g_dbus_connection_call (scene.bus.client, scene.bus.name, HOST, DBUS_HOST_INTERFACE, "Start",
                          no_options (), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, store_error, &error);
  test_wait_until (fixture, extension_host_process_get_pending_restart (scene.process));
  extension_host_process_stop_async (scene.process, NULL, NULL, NULL);
  test_wait_until (fixture, error != NULL);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, ERROR "Superseded");
}

/* What hosts answer */

static void
assert_rpc_error (Scene      *self,
                  const char *method,
                  const char *message)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_host_call (&self->bus, "h", "Call", arguments (method, "", 0),
                                              &error);
  g_autofree char *name = NULL;

  g_assert_null (reply);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, ERROR "Rpc");
  g_dbus_error_strip_remote_error (error);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_rpc_error (TestFixture   *fixture,
                gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  assert_rpc_error (&scene, "fail", "-7: no such luck");
  assert_rpc_error (&scene, "no-such-method", "-32601: method not found");
  assert_lives (&scene);
}

/* The first call of a host has the id 1. */
#define RAW(rest) "--raw={\"jsonrpc\":\"2.0\",\"id\":1," rest "}\n"

static void
test_odd_rpc_errors (TestFixture   *fixture,
                     gconstpointer  data)
{
  static const struct
  {
    const char *option;
    const char *message;
  } errors[] = {
    { RAW ("\"error\":{\"code\":-7,\"message\":\"\xff \xc3\"}"),
      "-7: \xef\xbf\xbd \xef\xbf\xbd" },
    { RAW ("\"error\":{\"code\":-7,\"message\":\"a\\u0007\\n%s%n\\ud800z\"}"),
      "-7: a\x07\n%s%n\xef\xbf\xbdz" },
    { RAW ("\"error\":{\"code\":2147483647,\"message\":\"\"}"), "2147483647: " },
    { RAW ("\"error\":{\"code\":-2147483648,\"message\":\"GDBus.Error:x.y: z\"}"),
      "-2147483648: GDBus.Error:x.y: z" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_auto(Scene) scene = { .process = NULL };

      scene_init (&scene, fixture, rpc_spec_new (fixture, "h", errors[i].option, NULL));
      assert_rpc_error (&scene, "raw", errors[i].message);
      assert_lives (&scene);
    }
}

/* The text of a result is that of the host, but for bytes that no text has. */
static void
test_odd_results (TestFixture   *fixture,
                  gconstpointer  data)
{
  static const struct
  {
    const char *option;
    const char *result;
  } results[] = {
    { RAW ("\"result\":\"\xff\""), "\"\xef\xbf\xbd\"" },
    { RAW ("\"result\":\"\\u0000\\ud800\""), "\"\\u0000\\ud800\"" },
    { RAW ("\"result\": [ 1 ,2 ]"), "[ 1 ,2 ]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_auto(Scene) scene = { .process = NULL };
      g_autofree char *text = NULL;

      scene_init (&scene, fixture, rpc_spec_new (fixture, "h", results[i].option, NULL));
      text = call (&scene, "raw", "");
      g_assert_cmpstr (text, ==, results[i].result);
      assert_lives (&scene);
    }
}

/* Callers who leave */

static void
test_caller_leaves (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  g_autoptr(GDBusConnection) caller = NULL;
  g_autoptr(TestRecord) record = NULL;

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", "--cancel-notices", NULL));
  record = test_record_new (scene.process);
  caller = dbus_bus_connect (scene.bus.bus);
  g_dbus_connection_call (caller, scene.bus.name, HOST, DBUS_HOST_INTERFACE, "Call",
                          arguments ("hold", "", G_MAXUINT32), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                          NULL, NULL);
  test_wait_until (fixture, test_record_has_line (record, "held 1"));
  g_assert_cmpuint (extension_host_process_get_pending_calls (scene.process), ==, 1);
  g_assert_true (g_dbus_connection_close_sync (caller, NULL, NULL));
  test_wait_until (fixture, extension_host_process_get_pending_calls (scene.process) == 0);
  test_wait_until (fixture, test_record_has_line (record, "cancel 1"));
  assert_lives (&scene);
}

/* Gone before anybody knows who it was */
static void
test_caller_gone (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GDBusConnection) caller = dbus_bus_connect (scene.bus.bus);

      g_dbus_connection_call (caller, scene.bus.name, HOST, DBUS_HOST_INTERFACE, "Call",
                              arguments ("hold", "", G_MAXUINT32), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                              NULL, NULL, NULL);
      g_assert_true (g_dbus_connection_flush_sync (caller, NULL, NULL));
      g_assert_true (g_dbus_connection_close_sync (caller, NULL, NULL));
    }
  /* By then each has been looked at, as this caller comes after them. */
  dbus_host_does (&scene.bus, "h", "Pause", NULL);
  test_wait_until (fixture, extension_host_process_get_pending_calls (scene.process) == 0);
  assert_lives (&scene);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/errors/bad-params", NULL, test_bad_params);
  test_add ("/dbus/errors/odd-params", NULL, test_odd_params);
  test_add ("/dbus/errors/bad-options", NULL, test_bad_options);
  test_add ("/dbus/errors/bad-messages", NULL, test_bad_messages);
  test_add ("/dbus/errors/large-numbers", NULL, test_large_numbers);
  test_add ("/dbus/errors/refusals", NULL, test_refusals);
  test_add ("/dbus/errors/spawn", NULL, test_spawn_errors);
  test_add ("/dbus/errors/not-supported", NULL, test_not_supported);
  test_add ("/dbus/errors/limits", NULL, test_limits);
  test_add ("/dbus/errors/superseded", NULL, test_superseded);
  test_add ("/dbus/errors/rpc", NULL, test_rpc_error);
  test_add ("/dbus/errors/odd-rpc", NULL, test_odd_rpc_errors);
  test_add ("/dbus/errors/odd-results", NULL, test_odd_results);
  test_add ("/dbus/errors/caller-leaves", NULL, test_caller_leaves);
  test_add ("/dbus/errors/caller-gone", NULL, test_caller_gone);

  return g_test_run ();
}
