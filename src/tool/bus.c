/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bus.h"

#include <string.h>

#include <glib/gi18n.h>

#include "facts.h"
#include "message.h"

/* The session bus, and the applications on it. */

/* GIO would start a bus of its own if there is none, which nobody would be on. Returns: (nullable) */
static char *
find_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  g_autofree char *escaped = g_dbus_address_escape_value (path);

  if (address != NULL && address[0] != '\0')
    return g_strdup (address);

  return g_file_test (path, G_FILE_TEST_EXISTS) ? g_strconcat ("unix:path=", escaped, NULL) : NULL;
}

static void
tell_no_address (void)
{
  tool_error (_("There is no session bus: DBUS_SESSION_BUS_ADDRESS is not set, and there is no "
                "“bus” in XDG_RUNTIME_DIR, “%s”"), g_get_user_runtime_dir ());
  tool_hint (_("Run it in the session that the application runs in, as the same user, or under "
               "“dbus-run-session”"));
}

static void
tell_no_connection (const char   *address,
                    const GError *error)
{
  tool_error (_("Cannot reach the session bus: %s"), error->message);
  tool_hint (_("Its address is “%s”, by DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR"), address);
}

/* A connection of our own: the shared one would end the process with it. Returns: FALSE once it told
 * why not */
gboolean
tool_bus_open (ToolBus *self)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *address = find_address ();

  self->applications =
    g_ptr_array_new_with_free_func ((GDestroyNotify) tool_application_free);
  if (address == NULL)
    {
      tell_no_address ();
      return FALSE;
    }

  self->connection =
    g_dbus_connection_new_for_address_sync (address,
                                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                            NULL, NULL, &error);
  if (self->connection != NULL)
    return TRUE;

  tell_no_connection (address, error);

  return FALSE;
}

static GVariant *
ask_bus (ToolBus     *self,
         const char  *method,
         const char  *name,
         const char  *type,
         GError     **error)
{
  return g_dbus_connection_call_sync (self->connection, "org.freedesktop.DBus",
                                      "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
                                      name != NULL ? g_variant_new ("(s)", name) : NULL,
                                      G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NONE,
                                      TOOL_ANSWER_MS, NULL, error);
}

/* 0 if the bus does not tell */
guint
tool_bus_get_pid (ToolBus    *self,
                  const char *owner)
{
  g_autoptr(GVariant) reply = ask_bus (self, "GetConnectionUnixProcessID", owner, "(u)", NULL);
  guint pid = 0;

  if (reply != NULL)
    g_variant_get (reply, "(u)", &pid);

  return pid;
}

static ToolApplication *
find_owner (GPtrArray  *applications,
            const char *owner)
{
  for (guint i = 0; i < applications->len; i++)
    {
      ToolApplication *application = g_ptr_array_index (applications, i);

      if (g_str_equal (application->owner, owner))
        return application;
    }

  return NULL;
}

/* Returns: NULL with ERROR set */
static char *
dup_owner (ToolBus     *self,
           const char  *name,
           GError     **error)
{
  g_autoptr(GVariant) reply = ask_bus (self, "GetNameOwner", name, "(s)", error);
  char *owner = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s)", &owner);

  return owner;
}

/* Who has two names is one application. Who has left since has none. */
static void
add_application (ToolBus    *self,
                 GPtrArray  *applications,
                 const char *name)
{
  g_autofree char *owner = dup_owner (self, name, NULL);
  ToolApplication *application = NULL;

  if (owner == NULL || find_owner (applications, owner) != NULL)
    return;

  application = tool_application_new (name, owner);
  application->pid = tool_bus_get_pid (self, owner);
  g_ptr_array_add (applications, application);
}

static int
compare_names (gconstpointer a,
               gconstpointer b,
               gpointer      user_data)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* Returns: (transfer full): those that are there, which have been asked for nothing yet; NULL if the
 * bus does not say */
GPtrArray *
tool_bus_list (ToolBus  *self,
               GError  **error)
{
  g_autoptr(GPtrArray) applications =
    g_ptr_array_new_with_free_func ((GDestroyNotify) tool_application_free);
  g_autoptr(GVariant) reply = ask_bus (self, "ListNames", NULL, "(as)", error);
  g_autofree const char **names = NULL;

  if (reply == NULL)
    return NULL;

  g_variant_get (reply, "(^a&s)", &names);
  g_qsort_with_data (names, (int) g_strv_length ((GStrv) names), sizeof (char *), compare_names,
                     NULL);
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (tool_is_application (names[i]))
        add_application (self, applications, names[i]);
    }

  return g_steal_pointer (&applications);
}

static void
on_asked (ToolApplication *application,
          gpointer         user_data)
{
  guint *pending = user_data;

  (*pending)--;
}

/* It gives its name back before its hosts go, and may answer then that it has nothing of that kind,
 * or not at all. */
static gboolean
has_left (ToolBus         *self,
          ToolApplication *application)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *owner = dup_owner (self, application->name, &error);

  /* A bus that is gone itself says nothing of anybody. */
  if (owner == NULL)
    return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);

  return !g_str_equal (owner, application->owner);
}

/* Who left while it was asked was not there. */
static void
forget_gone (ToolBus *self)
{
  for (guint i = self->applications->len; i > 0; i--)
    {
      ToolApplication *application = g_ptr_array_index (self->applications, i - 1);

      if (application->error != NULL && has_left (self, application))
        g_ptr_array_remove_index (self->applications, i - 1);
    }
}

/* Asks all of them at once, so that one that is stopped holds up the others no longer than itself.
 * Returns: FALSE once it told why not */
gboolean
tool_bus_load (ToolBus *self)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *applications = tool_bus_list (self, &error);
  guint pending = 0;

  if (applications == NULL)
    {
      tool_error (_("The session bus does not answer: %s"), error->message);
      return FALSE;
    }

  g_ptr_array_unref (self->applications);
  self->applications = applications;
  pending = applications->len;
  for (guint i = 0; i < applications->len; i++)
    tool_application_ask (g_ptr_array_index (applications, i), self->connection, TOOL_ANSWER_MS,
                          NULL, on_asked, &pending);
  while (pending > 0)
    g_main_context_iteration (NULL, TRUE);
  forget_gone (self);

  return TRUE;
}

/* Says of whom nothing is known. */
void
tool_bus_tell_silent (ToolBus *self)
{
  for (guint i = 0; i < self->applications->len; i++)
    {
      ToolApplication *application = g_ptr_array_index (self->applications, i);

      if (application->error == NULL)
        continue;

      g_dbus_error_strip_remote_error (application->error);
      if (g_error_matches (application->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        tool_warning (_("“%s” (process %u) did not answer within %d s: it may be stopped or busy"),
                      application->address, application->pid, TOOL_ANSWER_MS / 1000);
      else
        tool_warning (_("“%s” (process %u) does not show its hosts: %s"), application->address,
                      application->pid, application->error->message);
    }
}

void
tool_bus_clear (ToolBus *self)
{
  g_clear_pointer (&self->applications, g_ptr_array_unref);
  if (self->connection != NULL)
    g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_clear_object (&self->connection);
}
