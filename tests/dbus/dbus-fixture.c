/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dbus-fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* The bus */

#define CONFIG                                                                      \
  "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n" \
  "  \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"            \
  "<busconfig>\n"                                                                   \
  "  <type>session</type>\n"                                                        \
  "  <listen>%s</listen>\n"                                                         \
  "  <auth>EXTERNAL</auth>\n"                                                       \
  "  <policy context=\"default\">\n"                                                \
  "    <allow send_destination=\"*\" eavesdrop=\"true\"/>\n"                        \
  "    <allow eavesdrop=\"true\"/>\n"                                               \
  "    <allow own=\"*\"/>\n"                                                        \
  "  </policy>\n"                                                                   \
  "</busconfig>\n"

static char *
get_file (DBusBus    *self,
          const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* A test that aborts must not leave a daemon behind. */
static void
die_with_parent (gpointer data G_GNUC_UNUSED)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* Returns when it listens: that is when it tells where. */
void
dbus_bus_start (DBusBus *self)
{
  g_autofree char *config = get_file (self, "bus.conf");
  g_autofree char *option = g_strconcat ("--config-file=", config, NULL);
  g_autofree char *program = g_find_program_in_path ("dbus-daemon");
  char *argv[] = { program, option, (char *) "--nofork", (char *) "--print-address", NULL };
  g_autoptr(GError) error = NULL;
  char byte = 0;
  int out = -1;

  g_assert_cmpint (self->pid, ==, 0);
  g_assert_nonnull (program);
  g_spawn_async_with_pipes (NULL, argv, NULL,
                            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, die_with_parent,
                            NULL, &self->pid, NULL, &out, NULL, &error);
  g_assert_no_error (error);
  while (byte != '\n')
    g_assert_cmpint (read (out, &byte, 1), ==, 1);
  close (out);
}

void
dbus_bus_kill (DBusBus *self)
{
  g_autofree char *socket = get_file (self, "bus");

  kill (self->pid, SIGKILL);
  while (waitpid (self->pid, NULL, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  g_spawn_close_pid (self->pid);
  self->pid = 0;
  g_assert_cmpint (g_unlink (socket), ==, 0);   /* or the next one could not listen there */
}

DBusBus *
dbus_bus_new (void)
{
  DBusBus *self = g_new0 (DBusBus, 1);
  g_autoptr(GError) error = NULL;
  g_autofree char *config = NULL;
  g_autofree char *text = NULL;

  self->folder = g_dir_make_tmp ("extension-host-XXXXXX", &error);
  g_assert_no_error (error);
  self->address = g_strconcat ("unix:path=", self->folder, "/bus", NULL);
  config = get_file (self, "bus.conf");
  text = g_strdup_printf (CONFIG, self->address);
  g_file_set_contents (config, text, -1, &error);
  g_assert_no_error (error);
  dbus_bus_start (self);

  return self;
}

void
dbus_bus_free (DBusBus *self)
{
  g_autofree char *config = get_file (self, "bus.conf");

  if (self->pid != 0)
    dbus_bus_kill (self);
  g_assert_cmpint (g_unlink (config), ==, 0);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->address);
  g_free (self);
}

/* Its signals and replies come in the context of the test. */
GDBusConnection *
dbus_bus_connect (DBusBus *self)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection =
    g_dbus_connection_new_for_address_sync (self->address,
                                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                            NULL, NULL, &error);

  g_assert_no_error (error);

  return connection;
}

/* The scene */

void
dbus_scene_init (DBusScene   *self,
                 TestFixture *fixture)
{
  self->fixture = fixture;
  self->bus = dbus_bus_new ();
  self->service = dbus_bus_connect (self->bus);
  self->client = dbus_bus_connect (self->bus);
  self->name = g_dbus_connection_get_unique_name (self->service);
  self->manager = extension_host_manager_new ();
}

/* What is still under way for a caller must not be lost, or it would look like a leak. */
void
dbus_scene_clear (DBusScene *self)
{
  g_clear_object (&self->manager);
  while (g_main_context_iteration (self->fixture->context, FALSE))
    ;
  g_dbus_connection_close_sync (self->client, NULL, NULL);
  g_dbus_connection_close_sync (self->service, NULL, NULL);
  while (g_main_context_iteration (self->fixture->context, FALSE))
    ;
  g_clear_object (&self->client);
  g_clear_object (&self->service);
  g_clear_pointer (&self->bus, dbus_bus_free);
}

void
dbus_scene_export (DBusScene           *self,
                   ExtensionHostAccess  access)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_manager_export (self->manager, self->service, NULL, access, &error));
  g_assert_no_error (error);
}

ExtensionHostProcess *
dbus_add (ExtensionHostManager *manager,
          ExtensionHostSpec    *spec)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, &error);

  g_assert_no_error (error);
  g_object_unref (spec);

  return process;
}

void
dbus_remove (TestFixture          *fixture,
             ExtensionHostManager *manager,
             const char           *id)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  extension_host_manager_remove_async (manager, id, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, result, &error));
  g_assert_no_error (error);
}

char *
dbus_host_path (const char *id)
{
  g_autofree char *escaped = g_dbus_escape_object_path (id);

  return g_strconcat (DBUS_MANAGER_PATH "/hosts/", escaped, NULL);
}

/* Calls */

GVariant *
dbus_call (TestFixture      *fixture,
           GDBusConnection  *client,
           const char       *name,
           const char       *path,
           const char       *interface_and_method,
           GVariant         *parameters,
           GError          **error)
{
  const char *dot = strrchr (interface_and_method, '.');
  g_autofree char *interface =
    g_strndup (interface_and_method, (gsize) (dot - interface_and_method));
  g_autoptr(GAsyncResult) result = NULL;

  g_dbus_connection_call (client, name, path, interface, dot + 1, parameters, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, test_store_result,
                          &result);
  test_wait_until (fixture, result != NULL);

  return g_dbus_connection_call_finish (client, result, error);
}

GVariant *
dbus_host_call (DBusScene   *self,
                const char  *id,
                const char  *method,
                GVariant    *parameters,
                GError     **error)
{
  g_autofree char *path = dbus_host_path (id);
  g_autofree char *full = g_strconcat (DBUS_HOST_INTERFACE ".", method, NULL);

  return dbus_call (self->fixture, self->client, self->name, path, full, parameters, error);
}

void
dbus_host_fails (DBusScene  *self,
                 const char *id,
                 const char *method,
                 GVariant   *parameters,
                 const char *error_name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_host_call (self, id, method, parameters, &error);
  g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;

  g_assert_null (reply);
  g_assert_cmpstr (name, ==, error_name);
  g_assert_true (g_dbus_error_strip_remote_error (error));
  g_assert_cmpstr (error->message, !=, "");
}

void
dbus_host_does (DBusScene  *self,
                const char *id,
                const char *method,
                const char *reason)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    dbus_host_call (self, id, method, g_variant_new ("(@a{sv})", dbus_options (reason)), &error);

  g_assert_no_error (error);
  g_assert_nonnull (reply);
}

GVariant *
dbus_get_property (DBusScene  *self,
                   const char *path,
                   const char *interface,
                   const char *property)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_call (self->fixture, self->client, self->name, path,
                                         DBUS_PROPERTIES_INTERFACE ".Get",
                                         g_variant_new ("(ss)", interface, property), &error);
  GVariant *value = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &value);

  return value;
}

/* a{oa{sa{sv}}} */
GVariant *
dbus_get_objects (TestFixture     *fixture,
                  GDBusConnection *client,
                  const char      *name,
                  const char      *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_call (fixture, client, name, path,
                                         DBUS_OBJECTS_INTERFACE ".GetManagedObjects", NULL, &error);

  g_assert_no_error (error);

  return g_variant_get_child_value (reply, 0);
}

GVariant *
dbus_options (const char *reason)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (reason != NULL)
    g_variant_dict_insert (&dict, "reason", "s", reason);

  return g_variant_dict_end (&dict);
}

/* Signals */

static void
signal_free (gpointer data)
{
  DBusSignal *signal = data;

  g_free (signal->path);
  g_free (signal->interface);
  g_free (signal->member);
  g_variant_unref (signal->parameters);
  g_free (signal);
}

static void
on_signal (GDBusConnection *connection G_GNUC_UNUSED,
           const char      *sender G_GNUC_UNUSED,
           const char      *path,
           const char      *interface,
           const char      *member,
           GVariant        *parameters,
           gpointer         user_data)
{
  DBusRecord *self = user_data;
  DBusSignal *signal = g_new (DBusSignal, 1);

  *signal = (DBusSignal) {
    .path = g_strdup (path),
    .interface = g_strdup (interface),
    .member = g_strdup (member),
    .parameters = g_variant_ref (parameters),
  };
  g_ptr_array_add (self->signals, signal);
}

DBusRecord *
dbus_record_new (GDBusConnection *connection,
                 const char      *sender)
{
  DBusRecord *self = g_new0 (DBusRecord, 1);

  self->connection = g_object_ref (connection);
  self->signals = g_ptr_array_new_with_free_func (signal_free);
  self->subscription = g_dbus_connection_signal_subscribe (connection, sender, NULL, NULL, NULL, NULL,
                                                           G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self,
                                                           NULL);

  return self;
}

void
dbus_record_free (DBusRecord *self)
{
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_object_unref (self->connection);
  g_ptr_array_unref (self->signals);
  g_free (self);
}

guint
dbus_record_count (DBusRecord *self,
                   const char *member)
{
  guint n = 0;

  for (guint i = 0; i < self->signals->len; i++)
    n += g_str_equal (((DBusSignal *) g_ptr_array_index (self->signals, i))->member, member);

  return n;
}

/* NULL if there were not so many. */
DBusSignal *
dbus_record_find (DBusRecord *self,
                  const char *member,
                  guint       nth)
{
  for (guint i = 0; i < self->signals->len; i++)
    {
      DBusSignal *signal = g_ptr_array_index (self->signals, i);

      if (g_str_equal (signal->member, member) && nth-- == 0)
        return signal;
    }

  return NULL;
}

/* What was sent before its answer comes before its answer. */
void
dbus_settle (TestFixture     *fixture,
             GDBusConnection *client,
             const char      *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply G_GNUC_UNUSED = dbus_call (fixture, client, name, "/",
                                                       "org.freedesktop.DBus.Peer.Ping", NULL,
                                                       &error);

  g_assert_no_error (error);
}
