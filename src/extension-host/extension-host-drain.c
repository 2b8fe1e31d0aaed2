/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-drain-private.h"

#define WINDOW 256   /* messages that need not have arrived */

struct _ExtensionHostDrain
{
  GDBusConnection *connection;
  GMainContext *context;
  gboolean ended;
  guint unproven;      /* messages of which it is not known that they arrived */
  guint asked;         /* how many of them came before the ping; 0 while there is none */
};

static void
drain_clear (gpointer data)
{
  ExtensionHostDrain *self = data;

  g_object_unref (self->connection);
  g_main_context_unref (self->context);
}

static void ask (ExtensionHostDrain *self);

static void
on_answered (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  ExtensionHostDrain *self = user_data;
  g_autoptr(GVariant) reply = NULL;

  /* An error is an answer, too. */
  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, NULL);
  self->unproven -= self->asked;
  self->asked = 0;
  if (!self->ended && self->unproven >= WINDOW / 2)
    ask (self);

  g_rc_box_release_full (self, drain_clear);
}

static void
ask (ExtensionHostDrain *self)
{
  gboolean is_bus = g_dbus_connection_get_unique_name (self->connection) != NULL;

  self->asked = self->unproven;
  g_main_context_push_thread_default (self->context);
  g_dbus_connection_call (self->connection, is_bus ? "org.freedesktop.DBus" : NULL,
                          "/org/freedesktop/DBus", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, on_answered,
                          g_rc_box_acquire (self));
  g_main_context_pop_thread_default (self->context);
}

ExtensionHostDrain *
extension_host_drain_new (GDBusConnection *connection,
                          GMainContext    *context)
{
  ExtensionHostDrain *self = g_rc_box_new0 (ExtensionHostDrain);

  self->connection = g_object_ref (connection);
  self->context = g_main_context_ref (context);

  return self;
}

/* It lives on until its ping is answered. */
void
extension_host_drain_end (ExtensionHostDrain *self)
{
  self->ended = TRUE;
  g_rc_box_release_full (self, drain_clear);
}

gboolean
extension_host_drain_has_room (ExtensionHostDrain *self)
{
  return self->unproven < WINDOW;
}

/* One more was sent. */
void
extension_host_drain_note (ExtensionHostDrain *self)
{
  self->unproven++;
  if (self->asked == 0 && self->unproven >= WINDOW / 2)
    ask (self);
}
