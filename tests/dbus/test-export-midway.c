/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens while something else is under way: handlers that do what is being done, and calls of which
 * it is not yet known whose they are. */

#include <signal.h>
#include <time.h>

#include "publish-util.h"

#define MANY 1000

static void
assert_not_there (TestFixture     *fixture,
                  GDBusConnection *client,
                  GDBusConnection *service)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) hosts = dbus_call (fixture, client, g_dbus_connection_get_unique_name (service),
                                         DBUS_MANAGER_PATH, DBUS_MANAGER_INTERFACE ".ListHosts", NULL,
                                         &error);

  g_assert_null (hosts);
  g_assert_true (g_dbus_error_is_remote_error (error));
}

/* Exporting twice */

typedef struct
{
  DBusScene *scene;
  gboolean published;
  GError *error;
} Handler;

static void
export_in_handler (ExtensionHostManager *manager,
                   GParamSpec           *pspec G_GNUC_UNUSED,
                   Handler              *self)
{
  g_signal_handlers_disconnect_by_func (manager, export_in_handler, self);
  self->published = extension_host_manager_export (manager, self->scene->client, NULL,
                                                   EXTENSION_HOST_ACCESS_STATUS, &self->error);
}

/* Who is told of the access finds the hosts exported: one of the two is refused, and there is but one to
 * be taken off. */
static void
test_export_in_handler (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  g_auto(DBusScene) scene = { NULL };
  Handler handler = { &scene, FALSE, NULL };

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  g_signal_connect (scene.manager, "notify::access", G_CALLBACK (export_in_handler), &handler);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CALL);
  g_assert_false (handler.published);
  g_assert_error (handler.error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_cmpint (extension_host_manager_get_access (scene.manager), ==, EXTENSION_HOST_ACCESS_CALL);

  extension_host_manager_unexport (scene.manager);
  assert_not_there (fixture, scene.client, scene.service);
  assert_not_there (fixture, scene.service, scene.client);
  g_clear_error (&handler.error);
}

static void
publish_in_handler (ExtensionHostManager  *manager,
                    GParamSpec            *pspec G_GNUC_UNUSED,
                    GAsyncResult         **result)
{
  g_signal_handlers_disconnect_by_func (manager, publish_in_handler, result);
  extension_host_manager_publish_async (manager, "org.example.Other", EXTENSION_HOST_ACCESS_STATUS, NULL,
                                        test_store_result, result);
}

static void
test_publish_in_handler (TestFixture   *fixture,
                         gconstpointer  data)
{
  const char *signal = data;
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  publish_scene_init (&scene, fixture);
  g_signal_connect (scene.manager, signal, G_CALLBACK (publish_in_handler), &result);
  publish (&scene);
  test_wait_until (fixture, result != NULL);
  g_assert_false (extension_host_manager_publish_finish (scene.manager, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_cmpstr (extension_host_manager_get_bus_name (scene.manager), ==, PUBLISH_NAME);

  extension_host_manager_unpublish (scene.manager);
  test_wait_until (fixture, extension_host_manager_get_bus_name (scene.manager) == NULL);
  g_assert_false (publish_is_owned (&scene, PUBLISH_NAME));
  g_assert_false (publish_is_owned (&scene, "org.example.Other.ExtensionHosts"));
}

/* Calls on their way */

typedef struct
{
  GPid bus;
  int asked;     /* atomic: the bus was asked who it is, and does not answer */
} Held;

/* In the thread of GIO, before the bus can read it */
static GDBusMessage *
hold_answer (GDBusConnection *connection G_GNUC_UNUSED,
             GDBusMessage    *message,
             gboolean         incoming,
             gpointer         user_data)
{
  Held *held = user_data;

  if (!incoming && g_strcmp0 (g_dbus_message_get_member (message), "GetConnectionUnixProcessID") == 0)
    {
      kill (held->bus, SIGSTOP);
      g_atomic_int_set (&held->asked, 1);
    }

  return message;
}

typedef struct
{
  const char *path;
  const char *interface;
  const char *method;
  const char *arguments;
  gboolean is_removed;      /* the host; else all are taken off the bus */
} Late;

/* Calls it, and takes it away once it is being asked who called. Returns: the name of the error */
static char *
call_late (DBusScene  *scene,
           const Late *late)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GError) error = NULL;
  Held held = { scene->bus->pid, 0 };
  guint filter = g_dbus_connection_add_filter (scene->service, hold_answer, &held, NULL);

  g_dbus_connection_call (scene->client, scene->name, late->path, late->interface, late->method,
                          g_variant_new_parsed (late->arguments), NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                          NULL, test_store_result, &result);
  test_wait_polling (scene->fixture, 2, g_atomic_int_get (&held.asked) != 0);
  if (late->is_removed)
    dbus_remove (scene->fixture, scene->manager, "h");
  else
    extension_host_manager_unexport (scene->manager);
  g_dbus_connection_remove_filter (scene->service, filter);
  kill (scene->bus->pid, SIGCONT);

  test_wait_until (scene->fixture, result != NULL);
  reply = g_dbus_connection_call_finish (scene->client, result, &error);
  g_assert_null (reply);

  return g_dbus_error_get_remote_error (error);
}

/* What is not on the bus any more does nothing for the bus: a host that has left the list, and that the
 * application still holds, would run on with nobody to end it. */
static void
test_late (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *name = NULL;

  dbus_scene_init (&scene, fixture);
  process = g_object_ref (dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL)));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CALL);
  name = call_late (&scene, data);
  g_assert_cmpstr (name, ==, "org.extensionhost.Error.Closed");
  g_assert_cmpuint (extension_host_process_get_sequence (process), ==, 0);

  /* Nor was it shut down. */
  dbus_add (scene.manager, rpc_spec_new (fixture, "i", NULL));
}

#define HOST(method, arguments, is_removed) \
  { DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE, method, arguments, is_removed }

static const Late late_calls[] = {
  HOST ("Start", "(@a{sv} {},)", TRUE),
  HOST ("Start", "(@a{sv} {},)", FALSE),
  HOST ("Call", "('add', '[40,2]', @u 0)", FALSE),
  { DBUS_MANAGER_PATH, DBUS_MANAGER_INTERFACE, "Shutdown", "(@u 0, @a{sv} {})", FALSE },
};

/* The bus dies while it is asked: nobody waits for an answer any more. */
static void
test_bus_dies (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  Held held = { 0, 0 };

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CALL);
  dbus_host_does (&scene, "h", "Start", NULL);

  held.bus = scene.bus->pid;
  g_dbus_connection_add_filter (scene.service, hold_answer, &held, NULL);
  g_dbus_connection_call (scene.client, scene.name, DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE, "Call",
                          g_variant_new ("(ssu)", "add", "[40,2]", 0), NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                          NULL, test_store_result, &result);
  test_wait_polling (fixture, 2, g_atomic_int_get (&held.asked) != 0);
  dbus_bus_kill (scene.bus);
  test_wait_until (fixture, result != NULL);
  test_wait_polling (fixture, 2, g_dbus_connection_is_closed (scene.service));
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
}

/* Extensions */

static void
remove_old (GListModel           *extensions,
            guint                 position,
            guint                 removed G_GNUC_UNUSED,
            guint                 added,
            ExtensionHostProcess *process)
{
  if (position == 1 && added == 1)
    extension_host_process_remove_extension (process, "old", NULL);
}

static GVariant *
get_extensions (DBusScene *scene)
{
  return dbus_get_property (scene, DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE, "Extensions");
}

static gboolean
are_all (DBusScene  *scene,
         const char *state,
         guint       n)
{
  g_autoptr(GVariant) extensions = get_extensions (scene);

  for (gsize i = 0; i < g_variant_n_children (extensions); i++)
    {
      const char *text = NULL;

      g_variant_get_child (extensions, i, "(&s&s&s)", NULL, &text, NULL);
      if (!g_str_equal (text, state))
        return FALSE;
    }

  return g_variant_n_children (extensions) == n;
}

/* Where the new one was when that was told is not where it is when we hear of it. */
static void
test_removed_while_added (TestFixture   *fixture,
                          gconstpointer  data G_GNUC_UNUSED)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  g_signal_connect (extension_host_process_get_extensions (process), "items-changed",
                    G_CALLBACK (remove_old), process);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CALL);
  g_assert_nonnull (extension_host_process_add_extension (process, "old", "/x/old", NULL));
  g_assert_nonnull (extension_host_process_add_extension (process, "new", "/x/new", NULL));
  test_wait_polling (fixture, 2, are_all (&scene, "inactive", 1));
  dbus_host_does (&scene, "h", "Start", NULL);
  test_wait_polling (fixture, 2, are_all (&scene, "active", 1));
}

/* CPU time of this process, in s */
static double
live (TestFixture *fixture,
      gboolean     exported,
      guint        n)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(ExtensionHostExtension) last = NULL;
  ExtensionHostProcess *process = NULL;
  clock_t began = 0;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  if (exported)
    dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CALL);

  began = clock ();
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("extension-%u", i);

      g_assert_nonnull (extension_host_process_add_extension (process, id, "/x", NULL));
    }
  extension_host_process_start_async (process, NULL, NULL, NULL);
  last = g_list_model_get_item (extension_host_process_get_extensions (process), n - 1);
  test_wait_until (fixture, extension_host_extension_get_state (last) ==
                            EXTENSION_HOST_EXTENSION_STATE_ACTIVE);
  if (exported)
    test_wait_polling (fixture, 2, are_all (&scene, "active", n));
  kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
  dbus_wait_state (fixture, process, CRASHED);
  if (exported)
    test_wait_polling (fixture, 2, are_all (&scene, "lost", n));

  return (double) (clock () - began) / CLOCKS_PER_SEC;
}

/* All extensions are one property, which is not made anew for each of them: that would take MANY times as
 * long, and hold up the application with it. */
static void
test_many_extensions (TestFixture   *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  double alone = live (fixture, FALSE, MANY);
  double exported = live (fixture, TRUE, MANY);

  g_test_message ("%u extensions: %.3f s, and %.3f s exported", MANY, alone, exported);
  g_assert_cmpfloat (exported, <, 10 * alone + 0.5);
}

int
main (int   argc,
      char *argv[])
{
  int status = 0;

  publish_set_up ();
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/midway/export-in-handler", NULL, test_export_in_handler);
  test_add ("/dbus/midway/publish-in-handler/access", "notify::access", test_publish_in_handler);
  test_add ("/dbus/midway/publish-in-handler/application-id", "notify::application-id",
            test_publish_in_handler);
  test_add ("/dbus/midway/late/start-of-removed", &late_calls[0], test_late);
  test_add ("/dbus/midway/late/start", &late_calls[1], test_late);
  test_add ("/dbus/midway/late/call", &late_calls[2], test_late);
  test_add ("/dbus/midway/late/shutdown", &late_calls[3], test_late);
  test_add ("/dbus/midway/bus-dies", NULL, test_bus_dies);
  test_add ("/dbus/midway/extensions/removed-while-added", NULL, test_removed_while_added);
  test_add ("/dbus/midway/extensions/many", NULL, test_many_extensions);
  status = g_test_run ();
  publish_tear_down ();

  return status;
}
