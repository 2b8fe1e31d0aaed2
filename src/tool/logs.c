/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "bus-error.h"
#include "bus-event.h"
#include "bus-options.h"
#include "command.h"
#include "event-line.h"
#include "lookup.h"
#include "message.h"
#include "stream.h"

typedef struct
{
  ToolBusOptions options;
  ToolBus bus;
  ToolStream stream;
  ToolHost *host;
  guint max;                /* lines that are shown of those that are there already */
  gboolean follow;
  guint subscriptions[3];
  gboolean answered;        /* to what is there already */
} Logs;

static void
logs_clear (Logs *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->subscriptions); i++)
    {
      if (self->subscriptions[i] != 0)
        g_dbus_connection_signal_unsubscribe (self->bus.connection, self->subscriptions[i]);
    }
  tool_stream_clear (&self->stream);
  tool_bus_clear (&self->bus);
  tool_bus_options_clear (&self->options);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Logs, logs_clear)

static void
print_line (Logs       *self,
            gint64      time,
            const char *stream,
            const char *text)
{
  g_autofree char *line =
    self->options.json ? tool_dup_log_event (self->host, time, stream, text)
                       : tool_dup_said_line (time, NULL, tool_get_log_mark (stream), text,
                                             self->options.color);

  if (self->follow)
    tool_stream_write (&self->stream, line);
  else
    printf ("%s\n", line);
}

/* Before the answer comes, it is part of it: the application sends both in order. */
static void
on_log (GDBusConnection *connection,
        const char      *sender,
        const char      *path,
        const char      *interface,
        const char      *signal,
        GVariant        *arguments,
        gpointer         user_data)
{
  Logs *self = user_data;
  const char *stream = NULL;
  const char *line = NULL;

  if (!self->answered || !g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(ss)")))
    return;

  g_variant_get (arguments, "(&s&s)", &stream, &line);
  print_line (self, g_get_real_time (), stream, line);
}

static void
end_without (Logs *self)
{
  tool_note (_("“%s” is gone"), self->host->id);
  tool_stream_end (&self->stream, FALSE);
}

static void
on_removed (GDBusConnection *connection,
            const char      *sender,
            const char      *path,
            const char      *interface,
            const char      *signal,
            GVariant        *arguments,
            gpointer         user_data)
{
  Logs *self = user_data;
  const char *removed = NULL;

  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(oas)")))
    return;

  g_variant_get (arguments, "(&oas)", &removed, NULL);
  if (g_str_equal (removed, self->host->path))
    end_without (self);
}

static void
on_owner_changed (GDBusConnection *connection,
                  const char      *sender,
                  const char      *path,
                  const char      *interface,
                  const char      *signal,
                  GVariant        *arguments,
                  gpointer         user_data)
{
  end_without (user_data);
}

static void
subscribe (Logs *self)
{
  GDBusConnection *connection = self->bus.connection;
  const char *owner = self->host->application->owner;

  self->subscriptions[0] =
    g_dbus_connection_signal_subscribe (connection, owner, TOOL_HOST_INTERFACE, "Log",
                                        self->host->path, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_log,
                                        self, NULL);
  self->subscriptions[1] =
    g_dbus_connection_signal_subscribe (connection, owner, "org.freedesktop.DBus.ObjectManager",
                                        "InterfacesRemoved", TOOL_MANAGER_PATH, NULL,
                                        G_DBUS_SIGNAL_FLAGS_NONE, on_removed, self, NULL);
  self->subscriptions[2] =
    g_dbus_connection_signal_subscribe (connection, "org.freedesktop.DBus",
                                        "org.freedesktop.DBus", "NameOwnerChanged",
                                        "/org/freedesktop/DBus", owner,
                                        G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, self, NULL);
}

static void
print_lines (Logs     *self,
             GVariant *reply)
{
  g_autoptr(GVariantIter) lines = NULL;
  guint64 time = 0;
  const char *stream = NULL;
  const char *line = NULL;

  g_variant_get (reply, "(a(tss))", &lines);
  while (self->max > 0 && g_variant_iter_next (lines, "(t&s&s)", &time, &stream, &line))
    print_line (self, (gint64) time, stream, line);
}

static void
on_lines (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Logs *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);

  self->answered = TRUE;
  if (reply != NULL)
    print_lines (self, reply);
  else
    tool_tell_refusal (&self->bus, self->host, NULL, error);

  if (reply == NULL || !self->follow)
    tool_stream_end (&self->stream, reply == NULL);
}

static gboolean
show (Logs *self)
{
  tool_stream_init (&self->stream);
  if (self->follow)
    {
      tool_stream_begin (&self->stream, self->bus.connection);
      subscribe (self);
    }
  g_dbus_connection_call (self->bus.connection, self->host->application->owner, self->host->path,
                          TOOL_HOST_INTERFACE, "GetLog", g_variant_new ("(u)", self->max),
                          G_VARIANT_TYPE ("(a(tss))"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          TOOL_ANSWER_MS, NULL, on_lines, self);

  return tool_stream_run (&self->stream) && tool_flush ();
}

ToolStatus
tool_command_logs (int    argc,
                   char **argv)
{
  g_auto(Logs) self = { .answered = FALSE };
  int max = TOOL_ALL_LINES;
  const ToolUsage usage = {
    .arguments = _("HOST"),
    .summary = _("Shows the last lines that a host has printed."),
    .missing = _("No host given"),
    .min = 1,
    .max = 1,
  };
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &self.follow,
      N_("Go on with new lines as they come, until Ctrl-C"), NULL },
    { "lines", 'n', 0, G_OPTION_ARG_INT, &max, N_("Show the last N only"), N_("N") },
    G_OPTION_ENTRY_NULL
  };

  if (!tool_bus_options_parse (&self.options, &usage, entries, argv) || !tool_check_lines (max))
    return TOOL_STATUS_USAGE;
  if (!tool_bus_open (&self.bus) || !tool_bus_load (&self.bus))
    return TOOL_STATUS_FAILED;

  self.host = tool_bus_find_host (&self.bus, self.options.arguments[0]);
  if (self.host == NULL)
    return TOOL_STATUS_FAILED;

  self.max = (guint) max;

  return show (&self) ? TOOL_STATUS_OK : TOOL_STATUS_FAILED;
}
