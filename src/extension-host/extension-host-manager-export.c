/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-affinity-private.h"
#include "extension-host-publisher-private.h"

/* The hosts on D-Bus. */

static gboolean
check_not_published (ExtensionHostManager  *self,
                     GError               **error)
{
  if (self->closed)
    {
      g_set_error_literal (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
                           _("The manager of the hosts was closed"));
      return FALSE;
    }

  if (self->publisher != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                           _("The hosts are on D-Bus already"));
      return FALSE;
    }

  return TRUE;
}

static void
end_publishing (ExtensionHostManager *self,
                GDestroyNotify        how)
{
  if (self->publisher != NULL && self->end_publishing == how)
    how (g_steal_pointer (&self->publisher));
}

/**
 * extension_host_manager_export:
 * @self: a manager
 * @connection: a connection, to a bus or to a peer
 * @path: (nullable): an object path, or %NULL for `/org/extensionhost/Manager1`
 * @access: what others may do
 * @error: return location for an error
 *
 * Shows the hosts on a D-Bus connection of the application.
 *
 * There is then `org.freedesktop.DBus.ObjectManager` and `org.extensionhost.Manager1` at @path, and
 * `org.extensionhost.Host1` for each host below it. Hosts that are added and removed come and go.
 *
 * It takes no name on the bus: who has a well-known name there already is found by that. See
 * [method@ExtensionHost.Manager.publish_async] for a connection and a name that the manager takes care of.
 * When @connection is closed, call [method@ExtensionHost.Manager.unexport] and export to the next one.
 * The end of the manager ends the export.
 *
 * Errors: `G_IO_ERROR_EXISTS` if the hosts are exported or published already, or something else is at
 * @path; `G_IO_ERROR_INVALID_ARGUMENT` if @path is no object path; `G_IO_ERROR_CLOSED` if @connection is;
 * `CLOSED`.
 *
 * Returns: %TRUE if the hosts are on @connection now
 *
 * Since: 0.1
 */
gboolean
extension_host_manager_export (ExtensionHostManager  *self,
                               GDBusConnection       *connection,
                               const char            *path,
                               ExtensionHostAccess    access,
                               GError               **error)
{
  gboolean exported = FALSE;

  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (G_IS_DBUS_CONNECTION (connection), FALSE);
  g_return_val_if_fail (access <= EXTENSION_HOST_ACCESS_CALL, FALSE);
  g_return_val_if_fail (extension_host_manager_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (path == NULL)
    path = EXTENSION_HOST_PUBLISHER_PATH;

  if (!check_not_published (self, error))
    return FALSE;

  if (!g_variant_is_object_path (path))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("“%s” is no object path of D-Bus"), path);
      return FALSE;
    }

  if (g_dbus_connection_is_closed (connection))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The connection is closed"));
      return FALSE;
    }

  self->was_used = TRUE;
  g_object_freeze_notify (G_OBJECT (self));   /* a handler that exports, too, finds it done */
  extension_host_manager_show_access (self, access);
  self->publisher = extension_host_publisher_new (self, connection, path, error);
  self->end_publishing = extension_host_publisher_free;
  exported = self->publisher != NULL;
  g_object_thaw_notify (G_OBJECT (self));

  return exported;
}

/**
 * extension_host_manager_unexport:
 * @self: a manager
 *
 * Takes the hosts off the connection to which they were exported. If they were not, nothing happens.
 *
 * Since: 0.1
 */
void
extension_host_manager_unexport (ExtensionHostManager *self)
{
  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (extension_host_manager_is_own_thread (self));

  end_publishing (self, extension_host_publisher_free);
}

/**
 * extension_host_manager_publish_async:
 * @self: a manager
 * @app_id: the id of the application, such as `org.example.Editor`
 * @access: what others may do
 * @cancellable: (nullable): gives up
 * @callback: (scope async): called when the hosts are on the session bus, or cannot be
 * @user_data: data for @callback
 *
 * Shows the hosts on the session bus, as [method@ExtensionHost.Manager.export] does, at
 * `/org/extensionhost/Manager1`, where the command `extension-host` finds them.
 *
 * The connection is the manager's own. It owns the name `APP_ID.ExtensionHosts`, which a Flatpak may own
 * without asking; if another instance of the application has that already,
 * `APP_ID.ExtensionHosts.instanceN`, where N are the digits of the unique name of the connection.
 * [property@ExtensionHost.Manager:bus-name] says which. When the bus goes away, that does no harm: the
 * manager returns to it when it is back, as soon as 100 ms and at the latest 10 s after that.
 *
 * Errors: `G_IO_ERROR_EXISTS` if the hosts are exported or published already;
 * `G_IO_ERROR_INVALID_ARGUMENT` if @app_id is no application id, see
 * [func@Gio.Application.id_is_valid], or too long; `G_IO_ERROR_NOT_FOUND` if there is no session bus, and
 * others of [error@Gio.IOErrorEnum] and [error@Gio.DBusError] if it cannot be reached;
 * `G_IO_ERROR_TIMED_OUT` if it does not answer within 10 s; `G_IO_ERROR_CANCELLED`, also if
 * [method@ExtensionHost.Manager.unpublish] was called meanwhile; `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_manager_publish_async (ExtensionHostManager *self,
                                      const char           *app_id,
                                      ExtensionHostAccess   access,
                                      GCancellable         *cancellable,
                                      GAsyncReadyCallback   callback,
                                      gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autofree char *name = NULL;
  GError *error = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (app_id != NULL);
  g_return_if_fail (access <= EXTENSION_HOST_ACCESS_CALL);
  g_return_if_fail (extension_host_manager_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, extension_host_manager_publish_async);
  g_task_set_check_cancellable (task, FALSE);   /* what is published is published */

  if (g_task_return_error_if_cancelled (task))
    return;

  /* One that was given back, and the bus has not said so yet: the next one may never come. */
  if (self->publisher == NULL)
    extension_host_manager_show_bus_name (self, NULL);

  if (!check_not_published (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  name = g_strconcat (app_id, ".ExtensionHosts", NULL);
  if (!g_application_id_is_valid (app_id) || !g_dbus_is_name (name))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               _("“%s” is no application id"), app_id);
      return;
    }

  self->was_used = TRUE;
  g_object_freeze_notify (G_OBJECT (self));   /* a handler that publishes, too, finds it done */
  extension_host_manager_set_application_id (self, app_id);
  extension_host_manager_show_access (self, access);
  extension_host_publisher_join_bus (self, app_id, g_steal_pointer (&task));
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * extension_host_manager_publish_finish:
 * @self: a manager
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Manager.publish_async].
 *
 * Returns: %TRUE if the hosts are on the session bus
 *
 * Since: 0.1
 */
gboolean
extension_host_manager_publish_finish (ExtensionHostManager  *self,
                                       GAsyncResult          *result,
                                       GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_manager_publish_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * extension_host_manager_unpublish:
 * @self: a manager
 *
 * Takes the hosts off the session bus. If they were not published, nothing happens.
 *
 * The connection is closed when the bus has taken what was sent, at the latest after a second;
 * [property@ExtensionHost.Manager:bus-name] is %NULL then. An application that is about to leave and
 * wants others to see the end of its hosts waits for that.
 *
 * Since: 0.1
 */
void
extension_host_manager_unpublish (ExtensionHostManager *self)
{
  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (extension_host_manager_is_own_thread (self));

  end_publishing (self, extension_host_publisher_leave_bus);
}
