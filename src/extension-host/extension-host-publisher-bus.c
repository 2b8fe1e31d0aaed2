/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-publisher-private.h"

/* A place on the session bus: a connection of its own, a name, and both once more when the bus was gone.
 * The connection that GLib shares would end the application together with the bus. */

#define CONNECT_TIMEOUT 10000000    /* µs */
#define FIRST_RETRY 100000          /* µs, twice as long each time */
#define LAST_RETRY 10000000         /* µs */
#define LEAVE_TIMEOUT 1000          /* ms */

#define REQUEST_NAME_DO_NOT_QUEUE 4u   /* D-Bus specification, RequestName */
#define REQUEST_NAME_IN_USE 3u

typedef struct
{
  ExtensionHostManager *manager;       /* NULL once it has left */
  char *name;                          /* that it would like to have */
  char *instance_name;                 /* that it has if that is taken; NULL if it is not */
  GTask *task;                         /* of who waits for the first time that it is there */

  GCancellable *cancellable;           /* of the attempt under way */
  GSource *task_cancelled;
  ExtensionHostDeadline deadline;      /* of the attempt, or until the next one */
  gint64 delay;                        /* µs, before the next one */

  GDBusConnection *connection;         /* NULL while there is none */
  gulong closed_handler;
  ExtensionHostPublisher *publisher;
} Bus;

static void
bus_clear (gpointer data)
{
  Bus *self = data;

  g_free (self->name);
  g_free (self->instance_name);
  g_clear_object (&self->cancellable);
}

static void
bus_unref (Bus *self)
{
  g_rc_box_release_full (self, bus_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bus, bus_unref)

static void join (gpointer data);

/* Without the one that would have to be started, which could take its time. */
static char *
find_address (GError **error)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  g_autofree char *escaped = NULL;

  if (address != NULL && address[0] != '\0')
    return g_strdup (address);

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      escaped = g_dbus_address_escape_value (path);
      return g_strconcat ("unix:path=", escaped, NULL);
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               _("There is no session bus: DBUS_SESSION_BUS_ADDRESS is not set, and there is no %s"),
               path);

  return NULL;
}

/* Leaving */

/* Of a name that was given back before this, and not taken again */
static void
forget_name (ExtensionHostManager *manager,
             const char           *name)
{
  gboolean is_published = manager->publisher != NULL &&
                          manager->end_publishing == extension_host_publisher_leave_bus;

  if (!is_published && g_strcmp0 (manager->bus_name, name) == 0)
    extension_host_manager_show_bus_name (manager, NULL);
}

typedef struct
{
  GWeakRef manager;
  char *name;
} Farewell;

static void
on_released (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  GDBusConnection *connection = G_DBUS_CONNECTION (object);
  g_autofree Farewell *farewell = user_data;
  g_autofree char *name = farewell->name;
  g_autoptr(ExtensionHostManager) manager = g_weak_ref_get (&farewell->manager);
  g_autoptr(GVariant) reply G_GNUC_UNUSED =
    g_dbus_connection_call_finish (connection, result, NULL);

  g_weak_ref_clear (&farewell->manager);
  g_dbus_connection_close (connection, NULL, NULL, NULL);
  if (manager != NULL)
    forget_name (manager, name);
}

/* What has been sent before would not be written any more if it were closed at once. */
static void
give_back_name (GDBusConnection      *connection,
                const char           *name,
                ExtensionHostManager *manager)
{
  Farewell *farewell = g_new (Farewell, 1);

  g_weak_ref_init (&farewell->manager, manager->closed ? NULL : manager);
  farewell->name = g_strdup (name);
  g_main_context_push_thread_default (manager->context);
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "ReleaseName", g_variant_new ("(s)", name), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, LEAVE_TIMEOUT, NULL, on_released,
                          farewell);
  g_main_context_pop_thread_default (manager->context);
}

static const char *
get_name (Bus *self)
{
  return self->instance_name != NULL ? self->instance_name : self->name;
}

static void
drop_connection (Bus *self)
{
  g_autoptr(GDBusConnection) connection = g_steal_pointer (&self->connection);
  ExtensionHostPublisher *publisher = NULL;
  g_autofree char *name = NULL;
  gboolean is_closed = FALSE;

  if (connection == NULL)
    return;

  is_closed = g_dbus_connection_is_closed (connection);

  g_signal_handler_disconnect (connection, self->closed_handler);
  publisher = g_steal_pointer (&self->publisher);
  name = g_strdup (get_name (self));
  g_clear_pointer (&self->instance_name, g_free);

  /* Whoever sees the name finds the hosts: so it goes first. */
  if (!is_closed)
    give_back_name (connection, name, self->manager);
  g_clear_pointer (&publisher, extension_host_publisher_free);
  if (is_closed && !self->manager->closed)
    forget_name (self->manager, name);   /* last: runs user code */
}

static void
end_attempt (Bus *self)
{
  extension_host_deadline_disarm (&self->deadline);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

/* The task is answered last, as the answer may run the caller's code. */
static GTask *
steal_task (Bus *self)
{
  if (self->task_cancelled != NULL)
    g_source_destroy (self->task_cancelled);
  g_clear_pointer (&self->task_cancelled, g_source_unref);

  return g_steal_pointer (&self->task);
}

/* The name is shown until the bus has taken it back. */
static void
leave (Bus *self)
{
  end_attempt (self);
  drop_connection (self);
  self->manager = NULL;
}

/* Called when the application does not want it any more, or the manager goes. */
void
extension_host_publisher_leave_bus (gpointer data)
{
  g_autoptr(Bus) self = data;
  g_autoptr(GTask) task = steal_task (self);

  leave (self);
  if (task != NULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s",
                             _("The hosts are not to be published any more"));
}

/* Trouble */

static void
try_again_later (Bus *self)
{
  extension_host_deadline_arm (&self->deadline, self->manager->reactor,
                               g_get_monotonic_time () + self->delay, join, self);
  self->delay = MIN (self->delay * 2, LAST_RETRY);
}

/* Takes over @error. Who publishes for the first time is told; later it is tried again. */
static void
fail (Bus    *self,
      GError *error)
{
  g_autoptr(GTask) task = steal_task (self);
  ExtensionHostManager *manager = self->manager;

  g_assert (error != NULL);

  end_attempt (self);
  drop_connection (self);
  if (task == NULL)
    {
      g_debug ("not on the session bus: %s", error->message);
      g_error_free (error);
      try_again_later (self);
      return;
    }

  manager->publisher = NULL;
  leave (self);
  bus_unref (self);
  g_task_return_error (task, error);
}

static void
on_attempt_timed_out (gpointer data)
{
  fail (data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                   _("The session bus does not answer")));
}

static gboolean
on_task_cancelled (GCancellable *cancellable G_GNUC_UNUSED,
                   gpointer      user_data)
{
  fail (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                        _("Operation was cancelled")));

  return G_SOURCE_REMOVE;
}

static void
on_closed (GDBusConnection *connection G_GNUC_UNUSED,
           gboolean         vanished G_GNUC_UNUSED,
           GError          *error,
           Bus             *self)
{
  if (self->task != NULL)
    {
      fail (self, error != NULL ? g_error_copy (error)
                                : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                                       _("The session bus closed the connection")));
      return;
    }

  end_attempt (self);
  drop_connection (self);
  try_again_later (self);
  extension_host_manager_show_bus_name (self->manager, NULL);   /* last: runs user code */
}

/* Joining. What comes late, for an attempt that is over, finds another cancellable, or none. */

typedef struct
{
  Bus *bus;
  GCancellable *cancellable;
} Attempt;

static Attempt *
attempt_new (Bus *bus)
{
  Attempt *attempt = g_new (Attempt, 1);

  attempt->bus = g_rc_box_acquire (bus);
  attempt->cancellable = g_object_ref (bus->cancellable);

  return attempt;
}

static void
attempt_free (Attempt *attempt)
{
  bus_unref (attempt->bus);
  g_object_unref (attempt->cancellable);
  g_free (attempt);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attempt, attempt_free)

static gboolean
attempt_is_over (const Attempt *attempt)
{
  return attempt->bus->cancellable != attempt->cancellable;
}

static void
arrive (Bus *self)
{
  g_autoptr(GTask) task = steal_task (self);

  end_attempt (self);
  self->delay = FIRST_RETRY;
  extension_host_manager_show_bus_name (self->manager, get_name (self));
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void request_name (Bus *self);

/* The digits of a unique name such as :1.42 */
static char *
new_instance_name (Bus *self)
{
  g_autoptr(GString) digits = g_string_new (NULL);

  for (const char *p = g_dbus_connection_get_unique_name (self->connection); *p != '\0'; p++)
    if (g_ascii_isdigit (*p))
      g_string_append_c (digits, *p);

  return g_strconcat (self->name, ".instance", digits->str, NULL);
}

static void
on_name_requested (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(Attempt) attempt = user_data;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GError) error = NULL;
  Bus *self = attempt->bus;
  guint32 code = 0;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  if (attempt_is_over (attempt))
    return;

  if (reply == NULL)
    {
      fail (self, g_steal_pointer (&error));
      return;
    }

  g_variant_get (reply, "(u)", &code);
  if (code != REQUEST_NAME_IN_USE)
    {
      arrive (self);
    }
  else if (self->instance_name == NULL)
    {
      self->instance_name = new_instance_name (self);
      request_name (self);
    }
  else
    {
      fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_EXISTS,
                               _("The name %s is taken on the session bus"), self->instance_name));
    }
}

static void
request_name (Bus *self)
{
  g_main_context_push_thread_default (self->manager->context);
  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "RequestName",
                          g_variant_new ("(su)", get_name (self), REQUEST_NAME_DO_NOT_QUEUE),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          self->cancellable, on_name_requested, attempt_new (self));
  g_main_context_pop_thread_default (self->manager->context);
}

static void
on_connected (GObject      *object G_GNUC_UNUSED,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(Attempt) attempt = user_data;
  g_autoptr(GDBusConnection) connection = NULL;
  g_autoptr(GError) error = NULL;
  Bus *self = attempt->bus;

  connection = g_dbus_connection_new_for_address_finish (result, &error);
  if (attempt_is_over (attempt))
    {
      if (connection != NULL)
        g_dbus_connection_close (connection, NULL, NULL, NULL);
      return;
    }

  if (connection == NULL)
    {
      fail (self, g_steal_pointer (&error));
      return;
    }

  self->connection = g_steal_pointer (&connection);
  self->closed_handler = g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);

  /* Whoever sees the name finds the hosts. */
  self->publisher = extension_host_publisher_new (self->manager, self->connection,
                                                  EXTENSION_HOST_PUBLISHER_PATH, &error);
  if (self->publisher == NULL)
    fail (self, g_steal_pointer (&error));
  else
    request_name (self);
}

static void
join (gpointer data)
{
  Bus *self = data;
  GMainContext *context = self->manager->context;
  GError *error = NULL;
  g_autofree char *address = find_address (&error);

  self->cancellable = g_cancellable_new ();
  if (address == NULL)
    {
      fail (self, error);
      return;
    }

  extension_host_deadline_arm (&self->deadline, self->manager->reactor,
                               g_get_monotonic_time () + CONNECT_TIMEOUT, on_attempt_timed_out, self);
  g_main_context_push_thread_default (context);
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, on_connected, attempt_new (self));
  g_main_context_pop_thread_default (context);
}

/* Takes over @task, which is answered with a boolean. */
void
extension_host_publisher_join_bus (ExtensionHostManager *manager,
                                   const char           *app_id,
                                   GTask                *task)
{
  Bus *self = g_rc_box_new0 (Bus);
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->manager = manager;
  self->name = g_strconcat (app_id, ".ExtensionHosts", NULL);
  self->task = task;
  self->delay = FIRST_RETRY;
  manager->publisher = self;
  manager->end_publishing = extension_host_publisher_leave_bus;

  if (cancellable != NULL)
    {
      self->task_cancelled = g_cancellable_source_new (cancellable);
      g_source_set_static_name (self->task_cancelled, "[extension-host] cancelled");
      g_source_set_callback (self->task_cancelled, G_SOURCE_FUNC (on_task_cancelled), self, NULL);
      g_source_attach (self->task_cancelled, manager->context);
    }

  join (self);
}
