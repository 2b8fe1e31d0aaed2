/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* client-gdbus: method calls over a private D-Bus connection, one string there and one back, which
 * GDBus does not look into. The other side is echo-dbus.
 *
 *   --api=string   the string is all
 *   --api=json     it is made of a JsonNode, and one is made of the answer */

#include "bench-client.h"

#include <string.h>
#include <sys/socket.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

typedef struct
{
  Bench bench;
  GSubprocess *subprocess;
  GDBusConnection *connection;
  GMainLoop *loop;
  GVariant *params;
  JsonNode *params_node;   /* NULL if it is not to be made of one */
} Client;

static gboolean
is_right (Client     *self,
          const char *text)
{
  g_autoptr(JsonNode) node = NULL;

  if (self->params_node == NULL)
    return strcmp (text, self->bench.params) == 0;

  node = json_from_string (text, NULL);

  return node != NULL &&
         g_strcmp0 (json_object_get_string_member (json_node_get_object (node), BENCH_MEMBER),
                    self->bench.text) == 0;
}

static void call (Client *self);

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Client *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  const char *text = NULL;

  if (!g_main_loop_is_running (self->loop))
    return;

  if (answer == NULL)
    bench_fail (error->message);
  g_variant_get (answer, "(&s)", &text);
  if (!is_right (self, text))
    bench_fail ("a wrong answer");

  if (bench_answered (&self->bench))
    call (self);
  else
    g_main_loop_quit (self->loop);
}

static void
call (Client *self)
{
  GVariant *params = self->params;

  if (self->params_node != NULL)
    params = g_variant_new ("(@s)", g_variant_new_take_string (json_to_string (self->params_node,
                                                                               FALSE)));
  g_dbus_connection_call (self->connection, NULL, "/", "org.extensionhost.Echo", "Echo", params,
                          G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, self);
}

static void
start_host (Client *self)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GSocketConnection) stream = NULL;
  g_autoptr(GError) error = NULL;
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
    bench_fail ("no socket");
  g_subprocess_launcher_take_fd (launcher, pair[1], 3);
  self->subprocess = g_subprocess_launcher_spawn (launcher, &error, self->bench.options.host, NULL);
  if (self->subprocess == NULL)
    bench_fail (error->message);
  g_clear_object (&launcher);

  socket = g_socket_new_from_fd (pair[0], &error);
  if (socket == NULL)
    bench_fail (error->message);
  stream = g_socket_connection_factory_create_connection (socket);
  self->connection =
    g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, &error);
  if (self->connection == NULL)
    bench_fail (error->message);
}

int
main (int    argc,
      char **argv)
{
  Client self = { 0 };
  gboolean wants_json = FALSE;

  bench_init (&self.bench, argc, argv);
  wants_json = g_strcmp0 (self.bench.options.api, "json") == 0;
  self.params = g_variant_ref_sink (g_variant_new ("(s)", self.bench.params));
  if (wants_json)
    self.params_node = json_from_string (self.bench.params, NULL);
  self.loop = g_main_loop_new (NULL, FALSE);
  start_host (&self);

  bench_begin (&self.bench);
  for (guint i = 0; i < self.bench.options.in_flight; i++)
    call (&self);
  g_main_loop_run (self.loop);

  bench_report (&self.bench, wants_json ? "gdbus-json" : "gdbus");
  g_subprocess_force_exit (self.subprocess);
  bench_clear (&self.bench);

  return 0;
}
