/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "publish-util.h"

#include <unistd.h>

#include <glib/gstdio.h>

/* The address in the environment never changes, as there are threads that look there: what is at that
 * place does. */
void
publish_set_up (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("extension host-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "session", NULL);
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  g_autofree char *address = g_strconcat ("unix:path=", escaped, NULL);

  g_assert_no_error (error);
  g_setenv ("XDG_RUNTIME_DIR", folder, TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
}

void
publish_tear_down (void)
{
  publish_point_to (NULL);
  g_assert_cmpint (g_rmdir (g_get_user_runtime_dir ()), ==, 0);
}

void
publish_point_to (DBusBus *bus)
{
  g_autofree char *link = g_build_filename (g_get_user_runtime_dir (), "session", NULL);
  g_autofree char *socket = bus != NULL ? g_build_filename (bus->folder, "bus", NULL) : NULL;

  g_unlink (link);
  if (socket != NULL)
    g_assert_cmpint (symlink (socket, link), ==, 0);
}

void
publish_scene_init (PublishScene *self,
                    TestFixture  *fixture)
{
  self->fixture = fixture;
  self->bus = dbus_bus_new ();
  self->client = dbus_bus_connect (self->bus);
  self->manager = extension_host_manager_new ();
  publish_point_to (self->bus);
}

static void
drop_client (PublishScene *self)
{
  g_dbus_connection_close_sync (self->client, NULL, NULL);
  g_clear_object (&self->client);
}

/* The connection of the manager ends when the bus has answered, or is dead. */
void
publish_scene_clear (PublishScene *self)
{
  g_clear_object (&self->manager);
  drop_client (self);
  g_clear_pointer (&self->bus, dbus_bus_free);
  while (g_main_context_iteration (self->fixture->context, FALSE))
    ;
}

void
publish_reconnect (PublishScene *self)
{
  drop_client (self);
  self->client = dbus_bus_connect (self->bus);
}

gboolean
publish_try (PublishScene  *self,
             const char    *app_id,
             GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  gboolean done = FALSE;

  extension_host_manager_publish_async (self->manager, app_id, EXTENSION_HOST_ACCESS_CALL, cancellable,
                                        test_store_result, &result);
  g_assert_null (result);   /* never within the call */
  test_wait_until (self->fixture, result != NULL);
  done = extension_host_manager_publish_finish (self->manager, result, error);
  g_assert_true (done == (error == NULL || *error == NULL));

  return done;
}

void
publish (PublishScene *self)
{
  g_autoptr(GError) error = NULL;

  publish_try (self, PUBLISH_APP_ID, NULL, &error);
  g_assert_no_error (error);
}

void
publish_fails (PublishScene *self,
               const char   *app_id,
               GIOErrorEnum  code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (publish_try (self, app_id, NULL, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_assert_null (extension_host_manager_get_bus_name (self->manager));
}

void
publish_fails_closed (PublishScene *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (publish_try (self, PUBLISH_APP_ID, NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
}

static GVariant *
call_bus (PublishScene *self,
          const char   *method,
          GVariant     *parameters)
{
  g_autoptr(GError) error = NULL;
  GVariant *reply = g_dbus_connection_call_sync (self->client, "org.freedesktop.DBus",
                                                 "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                                 method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                                                 NULL, &error);

  g_assert_no_error (error);

  return reply;
}

gboolean
publish_is_owned (PublishScene *self,
                  const char   *name)
{
  g_autoptr(GVariant) reply = call_bus (self, "NameHasOwner", g_variant_new ("(s)", name));
  gboolean is_owned = FALSE;

  g_variant_get (reply, "(b)", &is_owned);

  return is_owned;
}

void
publish_take_name (PublishScene *self,
                   const char   *method)
{
  gboolean is_request = g_str_equal (method, "RequestName");
  g_autoptr(GVariant) reply =
    call_bus (self, method, is_request ? g_variant_new ("(su)", PUBLISH_NAME, 0)
                                       : g_variant_new ("(s)", PUBLISH_NAME));
  guint32 code = 0;

  g_variant_get (reply, "(u)", &code);
  g_assert_cmpuint (code, ==, 1);   /* now the owner; now released */
}
