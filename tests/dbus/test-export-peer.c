/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts on a connection without a bus. */

#include <sys/socket.h>
#include <unistd.h>

#include "dbus-fixture.h"

typedef struct
{
  GDBusConnection *ends[2];
} Peers;

static void
on_connected (GObject      *object G_GNUC_UNUSED,
              GAsyncResult *result,
              gpointer      user_data)
{
  GDBusConnection **place = user_data;
  g_autoptr(GError) error = NULL;

  *place = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

static void
connect_end (int                  fd,
             GDBusConnectionFlags flags,
             const char          *guid,
             GDBusConnection    **place)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr(GSocketConnection) stream = NULL;

  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  g_dbus_connection_new (G_IO_STREAM (stream), guid, flags, NULL, NULL, on_connected, place);
}

static void
connect_peers (TestFixture *fixture,
               Peers       *self)
{
  g_autofree char *guid = g_dbus_generate_guid ();
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  connect_end (fds[0], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, guid, &self->ends[0]);
  connect_end (fds[1], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, &self->ends[1]);
  test_wait_until (fixture, self->ends[0] != NULL && self->ends[1] != NULL);
}

static void
peers_clear (Peers *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->ends); i++)
    {
      g_dbus_connection_close_sync (self->ends[i], NULL, NULL);
      g_clear_object (&self->ends[i]);
    }
}

/* Of the first transition there was */
static char *
dup_requester (ExtensionHostProcess *process)
{
  g_autoptr(GPtrArray) history = extension_host_process_dup_history (process);

  g_assert_cmpuint (history->len, >, 0);

  return g_strdup (
    extension_host_transition_get_requester (g_ptr_array_index (history, 0)));
}

static void
test_peer (TestFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *process = dbus_add (manager, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *expected = g_strdup_printf ("peer (pid %d)", (int) getpid ());
  g_autofree char *requester = NULL;
  g_autoptr(GVariant) objects = NULL;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) sum = NULL;
  g_autoptr(DBusRecord) record = NULL;
  g_autoptr(GError) error = NULL;
  const char *json = NULL;
  Peers peers = { { NULL } };

  connect_peers (fixture, &peers);
  g_assert_true (extension_host_manager_export (manager, peers.ends[0], NULL,
                                                EXTENSION_HOST_ACCESS_CALL, &error));
  g_assert_no_error (error);
  record = dbus_record_new (peers.ends[1], NULL);
  objects = dbus_get_objects (fixture, peers.ends[1], NULL, DBUS_MANAGER_PATH);
  g_assert_cmpuint (g_variant_n_children (objects), ==, 1);

  reply = dbus_call (fixture, peers.ends[1], NULL, DBUS_MANAGER_PATH "/hosts/h",
                     DBUS_HOST_INTERFACE ".Start", g_variant_new ("(@a{sv})", dbus_options (NULL)),
                     &error);
  g_assert_no_error (error);
  requester = dup_requester (process);
  g_assert_cmpstr (requester, ==, expected);
  g_assert_cmpuint (dbus_record_count (record, "StateChanged"), ==, 2);
  sum = dbus_call (fixture, peers.ends[1], NULL, DBUS_MANAGER_PATH "/hosts/h",
                   DBUS_HOST_INTERFACE ".Call", g_variant_new ("(ssu)", "add", "[2,3]", 0), &error);
  g_assert_no_error (error);
  g_variant_get (sum, "(&s)", &json);
  g_assert_cmpstr (json, ==, "5");

  g_clear_pointer (&record, dbus_record_free);
  g_clear_object (&manager);
  peers_clear (&peers);
}

/* Without a bus nobody checks the sender of a message. */
static void
test_peer_in_disguise (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *process = dbus_add (manager, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *expected = g_strdup_printf ("peer (pid %d)", (int) getpid ());
  g_autoptr(GDBusMessage) message =
    g_dbus_message_new_method_call (NULL, DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE, "Start");
  g_autofree char *requester = NULL;
  g_autoptr(GError) error = NULL;
  Peers peers = { { NULL } };

  connect_peers (fixture, &peers);
  g_assert_true (extension_host_manager_export (manager, peers.ends[0], NULL,
                                                EXTENSION_HOST_ACCESS_CALL, &error));
  g_dbus_message_set_sender (message, ":1.1");
  g_dbus_message_set_body (message, g_variant_new ("(@a{sv})", dbus_options (NULL)));
  g_assert_true (g_dbus_connection_send_message (peers.ends[1], message,
                                                 G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, &error));
  dbus_wait_state (fixture, process, RUNNING);
  requester = dup_requester (process);
  g_assert_cmpstr (requester, ==, expected);

  g_clear_object (&manager);
  peers_clear (&peers);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/peer/basics", NULL, test_peer);
  test_add ("/dbus/peer/in-disguise", NULL, test_peer_in_disguise);

  return g_test_run ();
}
