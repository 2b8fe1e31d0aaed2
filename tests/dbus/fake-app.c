/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An application on the session bus that tells what no application with the library would, and when it
 * likes: fake-app NAME [stays|leaves ERROR]. “ready” on stdout says that it is there. Each line on stdin is a
 * signal of its one host, “SIGNAL ARGUMENTS”, such as: Log ('stdout', 'text'). It ends with stdin.
 *
 * With ERROR it answers all that it is asked with that error. One that leaves gives its name back first; with
 * “none” for ERROR it ends without an answer.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#define MANAGER "/org/extensionhost/Manager1"
#define HOST MANAGER "/hosts/odd"
#define ESC "\\u001b[31m"

#define PROPERTIES                                                                                  \
  "{'Id': <'odd'>, 'Name': <'odd" ESC "'>, 'Kind': <42>, 'CommandLine': <['" ESC "', 'a\\nb']>, "   \
  "'State': <'running" ESC "'>, 'Readiness': <'ready'>, 'Pid': <uint32 1>, 'Sequence': <uint64 5>, " \
  "'StatusText': <'" ESC "\\u009b2J\\ttext'>, 'StateSince': <'never'>, 'RestartBudget': <(1, 2)>, "  \
  "'Generation': <@t 18446744073709551615>, 'LastExit': <{'text': <'" ESC "'>, 'log': <['" ESC "']>, " \
  "'time': <int64 -1>}>, 'LastHealth': <{'cpu-percent': <nan>, 'latency': <-5.0>}>, "              \
  "'Extensions': <[('" ESC "', '" ESC "', '" ESC "')]>}"

static const struct
{
  const char *method;
  const char *reply;
} replies[] = {
  { "GetAll", "({'Access': <'" ESC "'>, 'ProcessId': <'none'>},)" },
  { "ListHosts", "([objectpath '" MANAGER "/hosts/gone', '" HOST "'],)" },
  { "GetManagedObjects", "({objectpath '" HOST "': {'org.extensionhost.Host1': " PROPERTIES "}},)" },
  { "Describe", "(" PROPERTIES ",)" },
  { "GetHistory", "([{'old': <'" ESC "'>, 'new': <7>, 'time': <uint64 18446744073709551615>}],)" },
  { "GetLog", "([(uint64 1, 'stdout', 'first'), (2, 'stdout', 'second'), (3, '" ESC "', '" ESC "')],)" },
};

/* argv */
static const char *name;
static gboolean leaves;
static const char *refusal;

static void
emit (GDBusConnection *connection,
      const char      *signal,
      const char      *arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) value = g_variant_parse (NULL, arguments, NULL, NULL, &error);

  if (value == NULL ||
      !g_dbus_connection_emit_signal (connection, NULL, HOST, "org.extensionhost.Host1", signal, value,
                                      &error))
    g_error ("%s %s: %s", signal, arguments, error->message);
}

static void
answer (GDBusConnection *connection,
        GDBusMessage    *message)
{
  g_autoptr(GDBusMessage) reply = g_dbus_message_new_method_reply (message);
  const char *method = g_dbus_message_get_member (message);

  /* What the answer knows was told before. */
  if (g_str_equal (method, "GetLog"))
    {
      emit (connection, "Log", "('stdout', 'first')");
      emit (connection, "Log", "('stdout', 'second')");
    }

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr(GError) error = NULL;
      GVariant *body = NULL;

      if (!g_str_equal (method, replies[i].method))
        continue;

      body = g_variant_parse (NULL, replies[i].reply, NULL, NULL, &error);
      if (body == NULL)
        g_error ("%s: %s", method, error->message);
      g_dbus_message_set_body (reply, body);
      g_variant_unref (body);
    }

  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static void
refuse (GDBusConnection *connection,
        GDBusMessage    *message)
{
  g_autoptr(GDBusMessage) reply = g_dbus_message_new_method_error_literal (message, refusal, "not here");

  if (leaves && g_str_equal (refusal, "none"))
    _exit (0);

  /* The bus takes one after the other. */
  if (leaves)
    g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                            "org.freedesktop.DBus", "ReleaseName", g_variant_new ("(s)", name), NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* In the thread of GIO, which has nothing else to do here. */
static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage    *message,
            gboolean         incoming,
            gpointer         user_data)
{
  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;

  if (refusal != NULL)
    refuse (connection, message);
  else
    answer (connection, message);
  g_object_unref (message);

  return NULL;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) connection =
    g_dbus_connection_new_for_address_sync (g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
                                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                            NULL, NULL, &error);
  g_autoptr(GVariant) reply = NULL;
  char line[4096];

  g_assert_no_error (error);
  g_assert_true (argc == 2 || argc == 4);
  name = argv[1];
  leaves = argc == 4 && g_str_equal (argv[2], "leaves");
  refusal = argc == 4 ? argv[3] : NULL;
  g_dbus_connection_add_filter (connection, on_message, NULL, NULL);
  reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", name, 4), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  printf ("ready\n");
  fflush (stdout);

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      char *arguments = strchr (line, ' ');

      g_assert_nonnull (arguments);
      *arguments = '\0';
      emit (connection, line, g_strstrip (arguments + 1));
    }

  return 0;
}
