/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who asked for what, and why, is in the history. */

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "dbus-fixture.h"

#define HOST DBUS_MANAGER_PATH "/hosts/h"
#define LONG 60000   /* ms */

static char *
dup_caller (GDBusConnection *connection)
{
  return g_strdup_printf ("%s (pid %d)", g_dbus_connection_get_unique_name (connection),
                          (int) getpid ());
}

/* The last transition to @state */
static ExtensionHostTransition *
find (ExtensionHostProcess *process,
      ExtensionHostState    state)
{
  g_autoptr(GPtrArray) history = extension_host_process_dup_history (process);

  for (guint i = history->len; i > 0; i--)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (history, i - 1);

      if (extension_host_transition_get_new (transition) == state)
        return transition;   /* the host has it, too */
    }

  g_error ("it never was %s", extension_host_state_to_string (state));
}

static void
assert_asked (ExtensionHostProcess *process,
              ExtensionHostState    state,
              const char           *requester,
              const char           *detail)
{
  ExtensionHostTransition *transition = find (process, state);

  g_assert_cmpstr (extension_host_transition_get_requester (transition), ==, requester);
  g_assert_cmpstr (extension_host_transition_get_detail (transition), ==, detail);
}

static ExtensionHostProcess *
scene_init (DBusScene         *self,
            TestFixture       *fixture,
            ExtensionHostSpec *spec)
{
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (self, fixture);
  process = dbus_add (self->manager, spec);
  dbus_scene_export (self, EXTENSION_HOST_ACCESS_CONTROL);

  return process;
}

/* Operations */

static void
test_operations (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *caller = dup_caller (scene.client);

  dbus_host_does (&scene, "h", "Start", "it is time");
  assert_asked (process, EXTENSION_HOST_STATE_STARTING, caller, "it is time");
  dbus_host_does (&scene, "h", "Restart", "once more");
  assert_asked (process, EXTENSION_HOST_STATE_STOPPING, caller, "once more");
  assert_asked (process, EXTENSION_HOST_STATE_STARTING, caller, "once more");
  dbus_host_does (&scene, "h", "Stop", "enough");
  assert_asked (process, EXTENSION_HOST_STATE_STOPPING, caller, "enough");

  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (fixture, process, RUNNING);
  dbus_host_does (&scene, "h", "Kill", "off with it");
  assert_asked (process, EXTENSION_HOST_STATE_STOPPING, caller, "off with it");

  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (fixture, process, RUNNING);
  assert_asked (process, EXTENSION_HOST_STATE_STARTING, "application", NULL);
  dbus_host_does (&scene, "h", "Quarantine", "it bites");
  assert_asked (process, EXTENSION_HOST_STATE_STOPPING, caller, "it bites");
  dbus_wait_state (fixture, process, STOPPED);

  dbus_host_does (&scene, "h", "Release", NULL);
  dbus_host_does (&scene, "h", "Start", NULL);
  kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
  dbus_wait_state (fixture, process, CRASHED);
  dbus_host_does (&scene, "h", "Reset", "forgive");
  assert_asked (process, EXTENSION_HOST_STATE_STOPPED, caller, "forgive");
}

/* One restart is remembered while the host is being ended, and who asked for that with it. */
static void
test_while_stopping (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostSpec *spec = test_spec_new (fixture, "h", "--ignore-eof", NULL);
  ExtensionHostProcess *process = NULL;
  g_autofree char *caller = NULL;

  g_object_set (spec, "exit-timeout", 200, NULL);
  process = scene_init (&scene, fixture, spec);
  caller = dup_caller (scene.client);
  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (fixture, process, RUNNING);
  extension_host_process_stop_async (process, NULL, NULL, NULL);
  dbus_wait_state (fixture, process, STOPPING);
  dbus_host_does (&scene, "h", "Restart", "on second thoughts");
  assert_asked (process, EXTENSION_HOST_STATE_STOPPING, "application", NULL);
  assert_asked (process, EXTENSION_HOST_STATE_STARTING, caller, "on second thoughts");
}

/* On the bus as in the library */
static void
test_told (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) record = NULL;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) history = NULL;
  g_autoptr(GVariant) first = NULL;
  g_autoptr(GVariant) second = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *caller = NULL;
  const char *detail = NULL, *requester = NULL;

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  caller = dup_caller (scene.client);
  record = dbus_record_new (scene.client, scene.name);
  dbus_host_does (&scene, "h", "Start", "h\xc3\xb6rt, h\xc3\xb6rt");
  g_variant_get (dbus_record_find (record, "StateChanged", 0)->parameters, "(&s&s&s&stt)", NULL, NULL,
                 NULL, &detail, NULL, NULL);
  g_assert_cmpstr (detail, ==, "h\xc3\xb6rt, h\xc3\xb6rt");

  reply = dbus_host_call (&scene, "h", "GetHistory", g_variant_new ("(u)", 0), &error);
  g_assert_no_error (error);
  history = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (history), ==, 2);
  first = g_variant_get_child_value (history, 0);
  g_assert_true (g_variant_lookup (first, "requester", "&s", &requester));
  g_assert_true (g_variant_lookup (first, "detail", "&s", &detail));
  g_assert_cmpstr (requester, ==, caller);
  g_assert_cmpstr (detail, ==, "h\xc3\xb6rt, h\xc3\xb6rt");
  second = g_variant_get_child_value (history, 1);
  g_assert_true (g_variant_lookup (second, "requester", "&s", &requester));
  g_assert_cmpstr (requester, ==, "");   /* nobody asked it to be running */
}

/* A reason is one line, and not a long one. */
static void
test_odd_reasons (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *caller = dup_caller (scene.client);
  GString *bees = g_string_new ("x");   /* so that no limit is at the end of one */
  const char *detail = NULL;

  dbus_host_does (&scene, "h", "Start", "one\ntwo\r\n\tthree\x1b[31m\x7f");
  assert_asked (process, EXTENSION_HOST_STATE_STARTING, caller, "one two   three [31m ");
  dbus_host_does (&scene, "h", "Restart", "");
  assert_asked (process, EXTENSION_HOST_STATE_STARTING, caller, NULL);

  while (bees->len < 1024 * 1024)
    g_string_append (bees, "\xf0\x9f\x90\x9d");
  dbus_host_does (&scene, "h", "Restart", bees->str);
  g_string_free (bees, TRUE);
  detail = extension_host_transition_get_detail (find (process, EXTENSION_HOST_STATE_STARTING));
  g_assert_true (g_utf8_validate (detail, -1, NULL));
  g_assert_cmpuint (strlen (detail), >, 500);
  g_assert_cmpuint (strlen (detail), <, 2000);
}

/* The end of all */
static void
test_shutdown (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *processes[2] = { NULL };
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) report = NULL;
  g_autoptr(GVariant) outcomes = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *caller = NULL;
  gboolean is_clean = FALSE;
  guint64 duration = 0;

  processes[0] = scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  processes[1] = dbus_add (scene.manager, rpc_spec_new (fixture, "other one", NULL));
  caller = dup_caller (scene.client);
  dbus_host_does (&scene, "h", "Start", NULL);
  dbus_host_does (&scene, "other one", "Start", NULL);

  reply = dbus_call (fixture, scene.client, scene.name, DBUS_MANAGER_PATH,
                     DBUS_MANAGER_INTERFACE ".Shutdown",
                     g_variant_new ("(u@a{sv})", LONG, dbus_options ("closing time")), &error);
  g_assert_no_error (error);
  report = g_variant_get_child_value (reply, 0);
  g_assert_true (g_variant_lookup (report, "clean", "b", &is_clean));
  g_assert_true (g_variant_lookup (report, "duration", "t", &duration));
  outcomes = g_variant_lookup_value (report, "outcomes", G_VARIANT_TYPE_VARDICT);
  g_assert_true (is_clean);
  g_assert_cmpuint (duration, >, 0);
  g_assert_cmpuint (g_variant_n_children (outcomes), ==, 2);
  for (gsize i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      g_autoptr(GVariant) outcome =
        g_variant_lookup_value (outcomes, extension_host_process_get_id (processes[i]),
                                G_VARIANT_TYPE_VARDICT);
      gboolean is_exited = FALSE;

      g_assert_true (g_variant_lookup (outcome, "exited", "b", &is_exited));
      g_assert_true (is_exited);
      assert_asked (processes[i], EXTENSION_HOST_STATE_STOPPING, caller, "closing time");
    }
}

static void
test_outcome (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) outcome = NULL;
  g_autoptr(GVariant) exit = NULL;
  g_autoptr(GError) error = NULL;
  const char *rung = NULL;
  gboolean is_forced = TRUE, is_requested = FALSE;
  guint32 leftover = 1;

  dbus_host_does (&scene, "h", "Start", NULL);
  reply = dbus_host_call (&scene, "h", "Stop", g_variant_new ("(@a{sv})", dbus_options (NULL)), &error);
  g_assert_no_error (error);
  outcome = g_variant_get_child_value (reply, 0);
  g_assert_true (g_variant_lookup (outcome, "rung", "&s", &rung));
  g_assert_true (g_variant_lookup (outcome, "forced", "b", &is_forced));
  g_assert_true (g_variant_lookup (outcome, "leftover", "u", &leftover));
  exit = g_variant_lookup_value (outcome, "exit", G_VARIANT_TYPE_VARDICT);
  g_assert_cmpstr (rung, ==, "eof");
  g_assert_false (is_forced);
  g_assert_cmpuint (leftover, ==, 0);
  g_assert_true (g_variant_lookup (exit, "requested", "b", &is_requested));
  g_assert_true (is_requested);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_STOPPED);
}

/* Those who do not wait */

static void
tell (GDBusConnection *connection,
      const char      *name,
      const char      *method)
{
  g_autoptr(GDBusMessage) message = g_dbus_message_new_method_call (name, HOST, DBUS_HOST_INTERFACE,
                                                                    method);
  g_autoptr(GError) error = NULL;

  g_dbus_message_set_body (message, g_variant_new ("(@a{sv})", dbus_options (method)));
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_connection_send_message (connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
}

/* What was asked for is done, whether somebody is there to hear of it or not. */
static void
test_fire_and_forget (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(GDBusConnection) caller = dbus_bus_connect (scene.bus);
      const char *requester = NULL;

      tell (caller, scene.name, "Start");
      g_assert_true (g_dbus_connection_flush_sync (caller, NULL, NULL));
      g_assert_true (g_dbus_connection_close_sync (caller, NULL, NULL));
      dbus_wait_state (fixture, process, RUNNING);
      requester =
        extension_host_transition_get_requester (find (process, EXTENSION_HOST_STATE_STARTING));
      g_assert_true (g_str_has_prefix (requester, g_dbus_connection_get_unique_name (caller)));
      dbus_host_does (&scene, "h", "Stop", NULL);
    }
}

/* One after the other, as they were asked for. */
static void
test_in_order (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));

  for (guint i = 0; i < 10; i++)
    {
      tell (scene.client, scene.name, "Start");
      tell (scene.client, scene.name, "Stop");
      tell (scene.client, scene.name, "Start");
      dbus_host_does (&scene, "h", "Kill", NULL);
      g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_STOPPED);
      tell (scene.client, scene.name, "Stop");
      dbus_host_does (&scene, "h", "Start", NULL);
      g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
      dbus_host_does (&scene, "h", "Stop", NULL);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/requester/operations", NULL, test_operations);
  test_add ("/dbus/requester/while-stopping", NULL, test_while_stopping);
  test_add ("/dbus/requester/told", NULL, test_told);
  test_add ("/dbus/requester/odd-reasons", NULL, test_odd_reasons);
  test_add ("/dbus/requester/shutdown", NULL, test_shutdown);
  test_add ("/dbus/requester/outcome", NULL, test_outcome);
  test_add ("/dbus/requester/fire-and-forget", NULL, test_fire_and_forget);
  test_add ("/dbus/requester/in-order", NULL, test_in_order);

  return g_test_run ();
}
