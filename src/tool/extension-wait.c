/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-wait.h"

#include <extension-host.h>

#include "extension-call.h"
#include "facts.h"

/* In a host that comes up, after a crash too, an extension is active in a moment: whoever calls it need
 * not try again until it is. */

typedef struct
{
  ToolBus *bus;
  ToolHost *host;
  const char *method;
  gboolean changed;
  gboolean expired;
} Wait;

static gboolean
is_one_of (const char *word,
           const char *words[])
{
  return word != NULL && g_strv_contains (words, word);
}

/* A host that is down does not come up by itself, nor does one that ended while it was paused. */
static gboolean
is_host_coming (ToolHost *host)
{
  const char *up[] = { "starting", "running", NULL };
  const char *again[] = { "unhealthy", "restarting", NULL };
  const char *state = tool_facts_get_text (host->facts, "state");

  return is_one_of (state, up) ||
         (is_one_of (state, again) &&
          g_strcmp0 (tool_facts_get_text (host->facts, "control"), "paused") != 0);
}

/* One that is put aside or could not be activated stays so. */
static gboolean
is_coming (Wait *self)
{
  const char *early[] = { "inactive", "activating", "lost", NULL };
  g_autoptr(ToolExtensionCall) call = tool_extension_call_find (self->host, self->method);

  return call != NULL && is_one_of (call->state, early) && is_host_coming (self->host);
}

/* Returns: FALSE if the host is gone: the call will say so */
static gboolean
look_again (Wait *self)
{
  g_autoptr(GVariant) properties = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_sync (self->bus->connection, self->host->application->owner,
                                 self->host->path, "org.freedesktop.DBus.Properties", "GetAll",
                                 g_variant_new ("(s)", TOOL_HOST_INTERFACE),
                                 G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                 TOOL_ANSWER_MS, NULL, NULL);

  if (reply == NULL)
    return FALSE;

  properties = g_variant_get_child_value (reply, 0);
  tool_host_update (self->host, properties);

  return TRUE;
}

static void
on_signal (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *name,
           GVariant        *parameters,
           gpointer         user_data)
{
  Wait *self = user_data;

  self->changed = TRUE;
}

static void
on_closed (GDBusConnection *connection,
           gboolean         vanished,
           GError          *error,
           gpointer         user_data)
{
  Wait *self = user_data;

  self->changed = TRUE;
}

static gboolean
on_expired (gpointer user_data)
{
  Wait *self = user_data;

  self->expired = TRUE;

  return G_SOURCE_REMOVE;
}

/* What changes after we looked is told. */
static void
wait_for_news (Wait *self)
{
  while (is_coming (self) && !self->expired)
    {
      self->changed = FALSE;
      if (!look_again (self) || !is_coming (self))
        return;

      while (!self->changed && !self->expired)
        g_main_context_iteration (NULL, TRUE);
    }
}

static guint
subscribe (Wait       *self,
           const char *sender,
           const char *interface,
           const char *name,
           const char *path,
           const char *arg0)
{
  return g_dbus_connection_signal_subscribe (self->bus->connection, sender, interface, name, path,
                                             arg0, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
}

/* METHOD is EXTENSION/COMMAND; of any other nothing is waited for. Without a TIMEOUT_MS the activation has
 * one. Returns: FALSE if the time is over */
gboolean
tool_extension_wait (ToolBus    *bus,
                     ToolHost   *host,
                     const char *method,
                     guint       timeout_ms)
{
  Wait self = { .bus = bus, .host = host, .method = method };
  g_autoptr(GSource) deadline = NULL;
  guint changes = 0, removal = 0, owner = 0;
  gulong closed = 0;

  if (!is_coming (&self))
    return TRUE;

  changes = subscribe (&self, host->application->owner, "org.freedesktop.DBus.Properties",
                       "PropertiesChanged", host->path, TOOL_HOST_INTERFACE);
  removal = subscribe (&self, host->application->owner, "org.freedesktop.DBus.ObjectManager",
                       "InterfacesRemoved", NULL, NULL);
  owner = subscribe (&self, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
                     "/org/freedesktop/DBus", host->application->owner);
  closed = g_signal_connect (bus->connection, "closed", G_CALLBACK (on_closed), &self);
  if (timeout_ms != 0 && timeout_ms != EXTENSION_HOST_NO_TIMEOUT)
    {
      deadline = g_timeout_source_new (timeout_ms);
      g_source_set_static_name (deadline, "[extension-host] extension");
      g_source_set_callback (deadline, on_expired, &self, NULL);
      g_source_attach (deadline, NULL);
    }

  wait_for_news (&self);

  if (deadline != NULL)
    g_source_destroy (deadline);
  g_signal_handler_disconnect (bus->connection, closed);
  g_dbus_connection_signal_unsubscribe (bus->connection, changes);
  g_dbus_connection_signal_unsubscribe (bus->connection, removal);
  g_dbus_connection_signal_unsubscribe (bus->connection, owner);

  return !self.expired;
}
