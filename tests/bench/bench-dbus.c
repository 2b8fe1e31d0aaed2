/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-dbus: how long it takes until another process, which listens on the bus, has heard of a
 * transition. A host is killed again and again; what its end and its restart are made of is told on
 * a bus of our own. Both processes have the same monotonic clock. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>

#include "bench-util.h"

#define PATH "/org/extensionhost/Manager1"
#define HOST_PATH PATH "/hosts/bench"
#define HOST_INTERFACE "org.extensionhost.Host1"
#define DEADLINE 60          /* s, for each thing that is waited for */
#define PAUSE 2              /* ms, between two rounds, so that each begins at rest */

static gboolean is_quick;
static int n_transitions = 2000;
static char *owner;

static const GOptionEntry entries[] = {
  { "quick", 0, 0, G_OPTION_ARG_NONE, &is_quick, "A few transitions", NULL },
  { "transitions", 0, 0, G_OPTION_ARG_INT, &n_transitions, "How many transitions (2000)", "N" },
  { "listen-to", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &owner, NULL, NULL },
  { NULL }
};

static gboolean
on_deadline (gpointer data)
{
  g_error ("gave up waiting for %s", (const char *) data);

  return G_SOURCE_REMOVE;
}

#define wait_until(condition)                                                    \
  G_STMT_START {                                                                 \
    guint deadline_ = g_timeout_add_seconds (DEADLINE, on_deadline, #condition); \
                                                                                 \
    while (!(condition))                                                         \
      g_main_context_iteration (NULL, TRUE);                                     \
    g_source_remove (deadline_);                                                 \
  } G_STMT_END

static GDBusConnection *
connect_to_bus (void)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection =
    g_dbus_connection_new_for_address_sync (g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
                                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                            NULL, NULL, &error);

  if (connection == NULL)
    g_error ("%s", error->message);

  return connection;
}

/* The listener: a process of its own. Times are told at the end, so that telling costs nothing. */

typedef struct
{
  guint64 sequence;
  gint64 time;   /* monotonic, µs */
} Stamp;

static void
on_heard (GDBusConnection *connection G_GNUC_UNUSED,
          const char      *sender G_GNUC_UNUSED,
          const char      *path G_GNUC_UNUSED,
          const char      *interface G_GNUC_UNUSED,
          const char      *member G_GNUC_UNUSED,
          GVariant        *parameters,
          gpointer         user_data)
{
  GArray *stamps = user_data;
  Stamp stamp = { 0, g_get_monotonic_time () };

  g_variant_get_child (parameters, 5, "t", &stamp.sequence);
  g_array_append_val (stamps, stamp);
}

static void
on_input_closed (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  gboolean *is_closed = user_data;

  g_input_stream_read_finish (G_INPUT_STREAM (object), result, NULL);
  *is_closed = TRUE;
}

/* What was sent before the answer has been heard when it is there. The application answers in a thread
 * of GLib: it need not iterate. */
static void
make_round_trip (GDBusConnection *connection)
{
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_sync (connection, owner, PATH, "org.freedesktop.DBus.Peer", "Ping", NULL,
                                 NULL, G_DBUS_CALL_FLAGS_NONE, DEADLINE * 1000, NULL, NULL);

  if (reply == NULL)
    g_error ("the application does not answer");
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
listen (void)
{
  g_autoptr(GDBusConnection) connection = connect_to_bus ();
  g_autoptr(GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr(GArray) stamps = g_array_new (FALSE, FALSE, sizeof (Stamp));
  gboolean is_closed = FALSE;
  char byte;

  alarm (600);
  g_dbus_connection_signal_subscribe (connection, owner, HOST_INTERFACE, "StateChanged", HOST_PATH,
                                      NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_heard, stamps, NULL);
  make_round_trip (connection);
  puts ("listening");
  fflush (stdout);

  g_input_stream_read_async (input, &byte, 1, G_PRIORITY_DEFAULT, NULL, on_input_closed, &is_closed);
  while (!is_closed)
    g_main_context_iteration (NULL, TRUE);
  make_round_trip (connection);
  for (guint i = 0; i < stamps->len; i++)
    printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT "\n",
            g_array_index (stamps, Stamp, i).sequence, g_array_index (stamps, Stamp, i).time);
}

/* The application */

typedef struct
{
  ExtensionHostManager *manager;
  ExtensionHostProcess *process;
  GArray *stamps;              /* of transitions, as they were made */
  GSubprocess *listener;
  GDataInputStream *output;    /* of the listener */
} Bench;

static void
on_state_changed (ExtensionHostProcess    *process G_GNUC_UNUSED,
                  ExtensionHostTransition *transition,
                  Bench                   *self)
{
  Stamp stamp = { extension_host_transition_get_sequence (transition),
                  extension_host_transition_get_monotonic_time (transition) };

  g_array_append_val (self->stamps, stamp);
}

static void
add_host (Bench *self)
{
  const char *argv[] = { g_getenv ("FAKE_HOST"), "--live-for=600", NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("bench", argv);
  g_autoptr(GError) error = NULL;

  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                "backoff-initial", 0,
                "max-restarts", 1000,
                "restart-window", 1000,
                NULL);
  self->process = extension_host_manager_add (self->manager, spec, &error);
  if (self->process == NULL)
    g_error ("%s", error->message);
}

static void
on_published (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  gboolean *is_published = user_data;
  g_autoptr(GError) error = NULL;

  if (!extension_host_manager_publish_finish (EXTENSION_HOST_MANAGER (object), result, &error))
    g_error ("%s", error->message);
  *is_published = TRUE;
}

static void
publish (Bench *self)
{
  gboolean is_published = FALSE;

  extension_host_manager_publish_async (self->manager, "org.example.Bench",
                                        EXTENSION_HOST_ACCESS_STATUS, NULL, on_published,
                                        &is_published);
  wait_until (is_published);
}

static void
start_listener (Bench *self)
{
  g_autofree char *option =
    g_strconcat ("--listen-to=", extension_host_manager_get_bus_name (self->manager), NULL);
  g_autofree char *line = NULL;
  g_autoptr(GError) error = NULL;

  self->listener = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                     &error, "/proc/self/exe", option, NULL);
  if (self->listener == NULL)
    g_error ("%s", error->message);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->listener));
  line = g_data_input_stream_read_line (self->output, NULL, NULL, NULL);
  if (line == NULL)
    g_error ("the listener is gone");
}

static gboolean
on_rested (gpointer data)
{
  gboolean *has_rested = data;

  *has_rested = TRUE;

  return G_SOURCE_REMOVE;
}

static void
rest (guint ms)
{
  gboolean has_rested = FALSE;

  g_timeout_add (ms, on_rested, &has_rested);
  while (!has_rested)
    g_main_context_iteration (NULL, TRUE);
}

static void
make_transitions (Bench *self)
{
  g_autoptr(GError) error = NULL;

  if (!extension_host_process_start (self->process, &error))
    g_error ("%s", error->message);
  wait_until (extension_host_process_get_state (self->process) == EXTENSION_HOST_STATE_RUNNING);

  while (self->stamps->len < (guint) n_transitions)
    {
      guint64 generation = extension_host_process_get_generation (self->process);

      kill ((pid_t) extension_host_process_get_pid (self->process), SIGKILL);
      wait_until (extension_host_process_get_generation (self->process) > generation &&
                  extension_host_process_get_state (self->process) == EXTENSION_HOST_STATE_RUNNING);
      rest (PAUSE);
    }
}

/* The difference of each transition, in µs. All of them have to be there, in order. */
static GArray *
compare (Bench *self)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (double));

  g_output_stream_close (g_subprocess_get_stdin_pipe (self->listener), NULL, NULL);
  for (guint i = 0; i < self->stamps->len; i++)
    {
      Stamp *stamp = &g_array_index (self->stamps, Stamp, i);
      g_autofree char *line = g_data_input_stream_read_line (self->output, NULL, NULL, NULL);
      Stamp heard = { 0, 0 };
      double sample;

      if (line == NULL ||
          sscanf (line, "%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT, &heard.sequence, &heard.time) != 2 ||
          heard.sequence != stamp->sequence)
        g_error ("transition %" G_GUINT64_FORMAT " was not heard", stamp->sequence);
      sample = (double) (heard.time - stamp->time);
      g_array_append_val (samples, sample);
    }

  return samples;
}

static void
end (Bench *self)
{
  g_subprocess_wait (self->listener, NULL, NULL);
  extension_host_process_kill_async (self->process, NULL, NULL, NULL);
  wait_until (extension_host_process_get_state (self->process) == EXTENSION_HOST_STATE_STOPPED);
  extension_host_manager_unpublish (self->manager);
  g_object_unref (self->output);
  g_object_unref (self->listener);
  g_array_unref (self->stamps);
  g_object_unref (self->manager);
}

static GArray *
measure (void)
{
  Bench self = {
    .manager = extension_host_manager_new (),
    .stamps = g_array_new (FALSE, FALSE, sizeof (Stamp)),
  };
  GArray *samples = NULL;

  add_host (&self);
  g_signal_connect (self.process, "state-changed", G_CALLBACK (on_state_changed), &self);
  publish (&self);
  start_listener (&self);
  make_transitions (&self);
  samples = compare (&self);
  end (&self);

  return samples;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GTestDBus) bus = NULL;
  g_autoptr(GArray) samples = NULL;
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || g_getenv ("FAKE_HOST") == NULL)
    {
      g_printerr ("bench-dbus: %s\n", error != NULL ? error->message : "$FAKE_HOST is not set");
      return 2;
    }
  if (owner != NULL)
    {
      listen ();
      return 0;
    }
  if (is_quick)
    n_transitions = 40;

  bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus);
  samples = measure ();
  g_test_dbus_stop (bus);
  bench_line_begin ("transition-to-receipt", "library");
  bench_line_samples ("us", samples);
  bench_line_end ();

  return 0;
}
