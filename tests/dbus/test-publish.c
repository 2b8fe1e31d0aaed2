/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A place on the session bus: its name, and how one does not get there. */

#include <glib/gstdio.h>
#include <unistd.h>

#include "publish-util.h"

static void
take_turns (TestFixture *fixture,
            guint        n)
{
  for (guint i = 0; i < n; i++)
    {
      g_main_context_iteration (fixture->context, FALSE);
      g_usleep (200);
    }
}

/* The name */

static void
test_name (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GVariant) objects = NULL;

  publish_scene_init (&scene, fixture);
  g_assert_null (extension_host_manager_get_bus_name (scene.manager));
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  publish (&scene);
  g_assert_cmpstr (extension_host_manager_get_bus_name (scene.manager), ==, PUBLISH_NAME);
  g_assert_cmpstr (extension_host_manager_get_application_id (scene.manager), ==, PUBLISH_APP_ID);
  objects = dbus_get_objects (fixture, scene.client, PUBLISH_NAME, DBUS_MANAGER_PATH);
  g_assert_cmpuint (g_variant_n_children (objects), ==, 1);

  extension_host_manager_unpublish (scene.manager);
  test_wait_until (fixture, extension_host_manager_get_bus_name (scene.manager) == NULL);
  g_assert_false (publish_is_owned (&scene, PUBLISH_NAME));
  extension_host_manager_unpublish (scene.manager);
}

/* There is no moment at which one could find the name, but no hosts. */
static void
test_objects_first (TestFixture   *fixture,
                    gconstpointer  data)
{
  for (guint round = 0; round < 20; round++)
    {
      g_auto(PublishScene) scene = { NULL };
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GVariant) objects = NULL;

      publish_scene_init (&scene, fixture);
      dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
      extension_host_manager_publish_async (scene.manager, PUBLISH_APP_ID,
                                            EXTENSION_HOST_ACCESS_STATUS, NULL, test_store_result,
                                            &result);
      while (!publish_is_owned (&scene, PUBLISH_NAME))
        g_main_context_iteration (fixture->context, FALSE);
      objects = dbus_get_objects (fixture, scene.client, PUBLISH_NAME, DBUS_MANAGER_PATH);
      g_assert_cmpuint (g_variant_n_children (objects), ==, 1);
      test_wait_until (fixture, result != NULL);
    }
}

static void
test_taken (TestFixture   *fixture,
            gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GRegex) pattern = g_regex_new ("^" PUBLISH_NAME "\\.instance[0-9]+$", 0, 0, NULL);
  g_autofree char *name = NULL;

  publish_scene_init (&scene, fixture);
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  publish_take_name (&scene, "RequestName");
  publish (&scene);
  name = g_strdup (extension_host_manager_get_bus_name (scene.manager));
  g_assert_true (g_regex_match (pattern, name, 0, NULL));
  g_assert_true (publish_is_owned (&scene, name));

  /* No queueing for the name: it stays as it was told. */
  publish_take_name (&scene, "ReleaseName");
  g_assert_false (publish_is_owned (&scene, PUBLISH_NAME));
  extension_host_manager_unpublish (scene.manager);
  publish (&scene);
  g_assert_cmpstr (extension_host_manager_get_bus_name (scene.manager), ==, PUBLISH_NAME);
  test_wait_polling (fixture, 5, !publish_is_owned (&scene, name));
}

/* What was released is free for who comes next, at once. */
static void
test_again (TestFixture   *fixture,
            gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };

  publish_scene_init (&scene, fixture);
  for (guint i = 0; i < 20; i++)
    {
      publish (&scene);
      g_assert_cmpstr (extension_host_manager_get_bus_name (scene.manager), ==, PUBLISH_NAME);
      extension_host_manager_unpublish (scene.manager);
    }
}

/* Whatever comes after it was given back, a name that is not there any more is not shown for long. */
static void
test_name_forgotten (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GError) error = NULL;

  publish_scene_init (&scene, fixture);
  publish (&scene);
  extension_host_manager_unpublish (scene.manager);
  publish_point_to (NULL);
  g_assert_false (publish_try (&scene, PUBLISH_APP_ID, NULL, &error));
  g_assert_null (extension_host_manager_get_bus_name (scene.manager));

  publish_point_to (scene.bus);
  publish (&scene);
  extension_host_manager_unpublish (scene.manager);
  g_assert_true (extension_host_manager_export (scene.manager, scene.client, NULL,
                                                EXTENSION_HOST_ACCESS_STATUS, NULL));
  test_wait_until (fixture, extension_host_manager_get_bus_name (scene.manager) == NULL);
  extension_host_manager_unexport (scene.manager);

  publish (&scene);
  dbus_bus_kill (scene.bus);
  g_usleep (100 * 1000);   /* the connection knows it, and the manager does not yet */
  extension_host_manager_unpublish (scene.manager);
  test_wait_until (fixture, extension_host_manager_get_bus_name (scene.manager) == NULL);
}

/* What is in the environment is put back at the end of it. */
static void
set_address (const char *address)
{
  if (address != NULL)
    g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  else
    g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
}

/* Without an address in the environment the bus is where the session has it. */
static void
test_runtime_folder (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autofree char *address = g_strdup (g_getenv ("DBUS_SESSION_BUS_ADDRESS"));
  g_autofree char *link = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  g_autofree char *socket = NULL;

  publish_scene_init (&scene, fixture);
  socket = g_build_filename (scene.bus->folder, "bus", NULL);
  g_assert_cmpint (symlink (socket, link), ==, 0);
  set_address (NULL);
  publish (&scene);
  g_assert_true (publish_is_owned (&scene, PUBLISH_NAME));
  g_assert_cmpint (g_unlink (link), ==, 0);
  set_address (address);
}

/* Failures */

static void
test_no_bus (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autofree char *address = g_strdup (g_getenv ("DBUS_SESSION_BUS_ADDRESS"));

  publish_scene_init (&scene, fixture);
  set_address (NULL);
  publish_fails (&scene, PUBLISH_APP_ID, G_IO_ERROR_NOT_FOUND);
  set_address ("");
  publish_fails (&scene, PUBLISH_APP_ID, G_IO_ERROR_NOT_FOUND);
  set_address (address);
  publish (&scene);
}

static void
test_nobody_there (TestFixture   *fixture,
                   gconstpointer  data)
{
  static const char * const addresses[] = {
    "unix:path=/nonexistent/bus", "nonsense", "unix:", "tcp:host=127.0.0.1,port=1", ";;"
  };
  g_auto(PublishScene) scene = { NULL };
  g_autofree char *address = g_strdup (g_getenv ("DBUS_SESSION_BUS_ADDRESS"));

  publish_scene_init (&scene, fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr(GError) error = NULL;

      set_address (addresses[i]);
      g_assert_false (publish_try (&scene, PUBLISH_APP_ID, NULL, &error));
      g_assert_null (extension_host_manager_get_bus_name (scene.manager));
    }
  set_address (address);
  publish (&scene);
}

static void
test_bad_id (TestFixture   *fixture,
             gconstpointer  data)
{
  g_autofree char *label = g_strnfill (240, 'a');
  g_autofree char *too_long = g_strconcat ("org.", label, NULL);   /* ours, but not with what we add */
  const char *ids[] = { "", "one", "org..b", "org.1b", ".org.b", "org.b.", "a b.c", "\xff.b", too_long };
  g_auto(PublishScene) scene = { NULL };

  publish_scene_init (&scene, fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    publish_fails (&scene, ids[i], G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_null (extension_host_manager_get_application_id (scene.manager));
}

static void
test_exists (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  publish_scene_init (&scene, fixture);
  g_assert_true (extension_host_manager_export (scene.manager, scene.client, NULL,
                                                EXTENSION_HOST_ACCESS_STATUS, NULL));
  publish_fails (&scene, PUBLISH_APP_ID, G_IO_ERROR_EXISTS);
  extension_host_manager_unpublish (scene.manager);   /* does not take off what was exported */
  publish_fails (&scene, PUBLISH_APP_ID, G_IO_ERROR_EXISTS);
  extension_host_manager_unexport (scene.manager);

  extension_host_manager_publish_async (scene.manager, PUBLISH_APP_ID, EXTENSION_HOST_ACCESS_STATUS,
                                        NULL, test_store_result, &result);
  publish_fails (&scene, PUBLISH_APP_ID, G_IO_ERROR_EXISTS);
  test_wait_until (fixture, result != NULL);
  g_assert_true (extension_host_manager_publish_finish (scene.manager, result, NULL));
  g_assert_false (extension_host_manager_export (scene.manager, scene.client, NULL,
                                                 EXTENSION_HOST_ACCESS_STATUS, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  extension_host_manager_unexport (scene.manager);   /* does not take off what was published */
  g_assert_true (publish_is_owned (&scene, PUBLISH_NAME));
}

/* Giving up, at each turn of the loop that there is */

static void
test_cancelled_before (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  publish_scene_init (&scene, fixture);
  g_cancellable_cancel (cancellable);
  g_assert_false (publish_try (&scene, PUBLISH_APP_ID, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (extension_host_manager_get_bus_name (scene.manager));
  publish (&scene);
}

typedef enum
{
  GIVE_UP_CANCEL,
  GIVE_UP_UNPUBLISH,
  GIVE_UP_DISPOSE
} GiveUp;

static void
give_up (PublishScene *scene,
         GCancellable *cancellable,
         GiveUp        how)
{
  switch (how)
    {
    case GIVE_UP_CANCEL:
      g_cancellable_cancel (cancellable);
      break;
    case GIVE_UP_UNPUBLISH:
      extension_host_manager_unpublish (scene->manager);
      break;
    case GIVE_UP_DISPOSE:
      g_object_run_dispose (G_OBJECT (scene->manager));
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Whether it had been published already. */
static gboolean
give_up_after (TestFixture *fixture,
               guint        n_turns,
               GiveUp       how)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean had_answer = FALSE;
  gboolean done = FALSE;

  publish_scene_init (&scene, fixture);
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  extension_host_manager_publish_async (scene.manager, PUBLISH_APP_ID, EXTENSION_HOST_ACCESS_STATUS,
                                        cancellable, test_store_result, &result);
  take_turns (fixture, n_turns);
  had_answer = result != NULL;
  give_up (&scene, cancellable, how);
  test_wait_until (fixture, result != NULL);
  done = extension_host_manager_publish_finish (scene.manager, result, &error);
  if (had_answer)
    g_assert_true (done);
  if (!done)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (how == GIVE_UP_UNPUBLISH || !done)
    test_wait_until (fixture, extension_host_manager_get_bus_name (scene.manager) == NULL);
  if (how != GIVE_UP_CANCEL || !done)
    test_wait_polling (fixture, 2, !publish_is_owned (&scene, PUBLISH_NAME));
  if (how == GIVE_UP_DISPOSE)
    publish_fails_closed (&scene);
  else if (how == GIVE_UP_UNPUBLISH || !done)
    publish (&scene);

  return had_answer;
}

static void
test_give_up (TestFixture   *fixture,
              gconstpointer  data)
{
  GiveUp how = GPOINTER_TO_UINT (data);
  guint n_done = 0;

  for (guint n = 0; n_done < 3; n += 1 + n / 32)
    n_done += give_up_after (fixture, n, how);
}

int
main (int   argc,
      char *argv[])
{
  int status = 0;

  publish_set_up ();
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/publish/name", NULL, test_name);
  test_add ("/dbus/publish/objects-first", NULL, test_objects_first);
  test_add ("/dbus/publish/taken", NULL, test_taken);
  test_add ("/dbus/publish/again", NULL, test_again);
  test_add ("/dbus/publish/name-forgotten", NULL, test_name_forgotten);
  test_add ("/dbus/publish/runtime-folder", NULL, test_runtime_folder);
  test_add ("/dbus/publish/no-bus", NULL, test_no_bus);
  test_add ("/dbus/publish/nobody-there", NULL, test_nobody_there);
  test_add ("/dbus/publish/bad-id", NULL, test_bad_id);
  test_add ("/dbus/publish/exists", NULL, test_exists);
  test_add ("/dbus/publish/cancelled-before", NULL, test_cancelled_before);
  test_add ("/dbus/publish/cancelled", GUINT_TO_POINTER (GIVE_UP_CANCEL), test_give_up);
  test_add ("/dbus/publish/unpublished", GUINT_TO_POINTER (GIVE_UP_UNPUBLISH), test_give_up);
  test_add ("/dbus/publish/disposed", GUINT_TO_POINTER (GIVE_UP_DISPOSE), test_give_up);
  status = g_test_run ();
  publish_tear_down ();

  return status;
}
