/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "extension-host-enum-types.h"
#include "extension-host-publisher-private.h"
#include "extension-host-state-private.h"
#include "extension-host-version.h"

static char *
new_host_path (ExtensionHostPublisher *self,
               const char             *id)
{
  g_autofree char *escaped = g_dbus_escape_object_path (id);

  return g_strconcat (g_str_equal (self->path, "/") ? "" : self->path, "/hosts/", escaped, NULL);
}

/* Hosts */

static void
take_down (ExtensionHostPublisher     *self,
           ExtensionHostPublishedHost *host)
{
  extension_host_published_host_detach (host);
  g_dbus_object_manager_server_unexport (self->server,
                                         extension_host_published_host_get_path (host));
}

static void
put_up (ExtensionHostPublisher *self,
        ExtensionHostProcess   *process)
{
  const char *id = process->spec->id;
  g_autofree char *path = new_host_path (self, id);
  g_autoptr(GDBusObjectSkeleton) object = g_dbus_object_skeleton_new (path);
  ExtensionHostPublishedHost *host = extension_host_published_host_new (self, process, path);

  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (host));
  g_dbus_object_manager_server_export (self->server, object);
  g_hash_table_insert (self->hosts, g_strdup (id), host);
}

static gboolean
is_gone (gpointer key,
         gpointer value,
         gpointer user_data)
{
  ExtensionHostPublisher *self = user_data;
  ExtensionHostPublishedHost *host = value;
  ExtensionHostProcess *process = g_hash_table_lookup (self->manager->by_id, key);

  if (process != NULL && extension_host_published_host_is (host, process))
    return FALSE;

  take_down (self, host);

  return TRUE;
}

/* Positions are of no use here: a handler before us may have changed the list once more. */
static void
sync_hosts (ExtensionHostPublisher *self)
{
  GPtrArray *processes = self->manager->processes;

  g_main_context_push_thread_default (self->manager->context);
  g_hash_table_foreach_remove (self->hosts, is_gone, self);
  for (guint i = 0; i < processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (processes, i);

      if (!g_hash_table_contains (self->hosts, process->spec->id))
        put_up (self, process);
    }
  g_main_context_pop_thread_default (self->manager->context);
}

static void
on_items_changed (GListModel             *list G_GNUC_UNUSED,
                  guint                   position G_GNUC_UNUSED,
                  guint                   removed G_GNUC_UNUSED,
                  guint                   added G_GNUC_UNUSED,
                  ExtensionHostPublisher *self)
{
  sync_hosts (self);
}

/* The manager */

static void
show_manager (ExtensionHostPublisher *self)
{
  ExtensionHostManager *manager = self->manager;

  extension_host_dbus_manager1_set_application_id (
    self->iface, manager->application_id != NULL ? manager->application_id : "");
  extension_host_dbus_manager1_set_access (
    self->iface, extension_host_enum_to_nick (EXTENSION_HOST_TYPE_ACCESS, (int) manager->access));
  extension_host_dbus_manager1_set_strategy (
    self->iface,
    extension_host_enum_to_nick (EXTENSION_HOST_TYPE_STRATEGY, (int) manager->strategy));
}

static void
on_notify (ExtensionHostManager   *manager G_GNUC_UNUSED,
           GParamSpec             *pspec G_GNUC_UNUSED,
           ExtensionHostPublisher *self)
{
  show_manager (self);
}

static gboolean
on_handle_list_hosts (ExtensionHostDBusManager1 *iface,
                      GDBusMethodInvocation     *invocation,
                      ExtensionHostManager      *manager)
{
  ExtensionHostPublisher *self = g_object_get_data (G_OBJECT (iface), "publisher");
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < manager->processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (manager->processes, i);

      g_ptr_array_add (paths, new_host_path (self, process->spec->id));
    }
  g_ptr_array_add (paths, NULL);
  extension_host_dbus_manager1_complete_list_hosts (iface, invocation,
                                                    (const char * const *) paths->pdata);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
make_manager (ExtensionHostPublisher *self)
{
  ExtensionHostManager *manager = self->manager;

  self->iface = extension_host_dbus_manager1_skeleton_new ();
  extension_host_dbus_manager1_set_version (self->iface, EXTENSION_HOST_VERSION_S);
  extension_host_dbus_manager1_set_process_id (self->iface, (guint) getpid ());
  show_manager (self);

  extension_host_publisher_guard (G_DBUS_INTERFACE_SKELETON (self->iface), manager);
  g_object_set_data (G_OBJECT (self->iface), "publisher", self);
  g_signal_connect_object (self->iface, "handle-list-hosts", G_CALLBACK (on_handle_list_hosts),
                           manager, 0);
  extension_host_publisher_serve_shutdown (self->iface, manager);
}

void
extension_host_publisher_free (gpointer data)
{
  ExtensionHostPublisher *self = data;

  g_signal_handlers_disconnect_by_data (self->manager, self);
  if (self->server != NULL)
    {
      GHashTableIter iter;
      gpointer host = NULL;

      g_hash_table_iter_init (&iter, self->hosts);
      while (g_hash_table_iter_next (&iter, NULL, &host))
        take_down (self, host);
      g_dbus_object_manager_server_set_connection (self->server, NULL);
      g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->iface));
    }
  g_signal_handlers_disconnect_by_data (self->iface, self->manager);

  extension_host_drain_end (self->drain);
  g_hash_table_unref (self->hosts);
  g_clear_object (&self->server);
  g_object_unref (self->iface);
  g_object_unref (self->connection);
  g_free (self->path);
  g_free (self);
}

/* The server of GDBus would take the path to be free, and only warn. */
static gboolean
check_no_object_manager (GDBusConnection  *connection,
                         const char       *path,
                         GError          **error)
{
  static GDBusInterfaceInfo info = { -1, (char *) "org.freedesktop.DBus.ObjectManager", NULL, NULL,
                                     NULL, NULL };
  guint registration = g_dbus_connection_register_object (connection, path, &info, NULL, NULL, NULL,
                                                          error);

  if (registration != 0)
    g_dbus_connection_unregister_object (connection, registration);

  return registration != 0;
}

/* NULL if something else is at the path already. */
ExtensionHostPublisher *
extension_host_publisher_new (ExtensionHostManager  *manager,
                              GDBusConnection       *connection,
                              const char            *path,
                              GError               **error)
{
  ExtensionHostPublisher *self = g_new0 (ExtensionHostPublisher, 1);
  gboolean exported = FALSE;

  self->manager = manager;
  self->connection = g_object_ref (connection);
  self->path = g_strdup (path);
  self->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->drain = extension_host_drain_new (connection, manager->context);

  g_main_context_push_thread_default (manager->context);
  make_manager (self);
  exported = check_no_object_manager (connection, path, error) &&
             g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->iface), connection,
                                               path, error);
  if (exported)
    {
      self->server = g_dbus_object_manager_server_new (path);
      sync_hosts (self);
      g_dbus_object_manager_server_set_connection (self->server, connection);
      g_signal_connect (manager, "items-changed", G_CALLBACK (on_items_changed), self);
      g_signal_connect (manager, "notify", G_CALLBACK (on_notify), self);
    }
  g_main_context_pop_thread_default (manager->context);

  if (!exported)
    {
      extension_host_publisher_free (self);
      return NULL;
    }

  return self;
}
