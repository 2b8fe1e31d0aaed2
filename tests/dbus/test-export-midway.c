/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens while something else is under way: handlers that do what is being done. */

#include "publish-util.h"

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
  status = g_test_run ();
  publish_tear_down ();

  return status;
}
