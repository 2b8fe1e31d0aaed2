/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every transition is told, in order, each time first what the state is and then how it came to it. */

#include <signal.h>

#include "dbus-fixture.h"

#define N_CYCLES 30

static ExtensionHostSpec *
new_spec (TestFixture *fixture,
          const char  *id)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, id, NULL);

  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "max-restarts", EXTENSION_HOST_UNLIMITED,
                "backoff-initial", 1,
                "backoff-factor", 1.0,
                NULL);

  return spec;
}

/* What a listener knows of one host */
typedef struct
{
  const char *path;
  const char *shown;       /* State, since the last StateChanged; NULL if nothing was told of it */
  guint64 shown_sequence;
  char *state;             /* that the last StateChanged led to */
  guint64 sequence;
  guint64 host_sequence;   /* of the last HostStateChanged */
  guint n_crashed;
} Listener;

static void
hear_properties (Listener   *self,
                 DBusSignal *signal)
{
  g_autoptr(GVariant) changed = g_variant_get_child_value (signal->parameters, 1);

  g_variant_lookup (changed, "State", "&s", &self->shown);
  g_variant_lookup (changed, "Sequence", "t", &self->shown_sequence);
}

static void
hear_state (Listener   *self,
            DBusSignal *signal)
{
  const char *old_state = NULL, *new_state = NULL;
  guint64 sequence = 0;

  g_variant_get (signal->parameters, "(&s&s&s&stt)", &old_state, &new_state, NULL, NULL, NULL,
                 &sequence);
  g_assert_cmpuint (self->host_sequence, ==, self->sequence);   /* all of the last one was told */
  g_assert_cmpuint (sequence, ==, self->sequence + 1);
  g_assert_cmpuint (self->shown_sequence, ==, sequence);
  g_assert_cmpstr (self->shown, ==, new_state);
  g_assert_cmpstr (self->state, ==, old_state);

  self->shown = NULL;
  self->sequence = sequence;
  g_free (self->state);
  self->state = g_strdup (new_state);
}

static void
hear_host_state (Listener   *self,
                 DBusSignal *signal)
{
  const char *path = NULL, *new_state = NULL;

  g_variant_get (signal->parameters, "(&o&s&s&st)", &path, NULL, NULL, NULL, NULL);
  if (!g_str_equal (path, self->path))
    return;

  g_variant_get (signal->parameters, "(&o&s&s&st)", NULL, NULL, &new_state, NULL,
                 &self->host_sequence);
  g_assert_cmpuint (self->host_sequence, ==, self->sequence);
  g_assert_cmpstr (new_state, ==, self->state);
}

static void
hear_crashed (Listener *self)
{
  self->n_crashed++;
  g_assert_cmpstr (self->state, ==, "crashed");
  g_assert_cmpuint (self->host_sequence, ==, self->sequence);
}

static void
hear (Listener   *self,
      DBusSignal *signal)
{
  if (g_str_equal (signal->member, "HostStateChanged"))
    hear_host_state (self, signal);
  else if (!g_str_equal (signal->path, self->path))
    return;
  else if (g_str_equal (signal->member, "PropertiesChanged"))
    hear_properties (self, signal);
  else if (g_str_equal (signal->member, "StateChanged"))
    hear_state (self, signal);
  else if (g_str_equal (signal->member, "Crashed"))
    hear_crashed (self);
}

/* All that @seen has of the host was told to who was there from the beginning; returns how much that is. */
static guint
assert_order (DBusRecord *told,
              const char *id,
              TestRecord *seen)
{
  g_autofree char *path = dbus_host_path (id);
  Listener listener = { .path = path, .state = g_strdup ("stopped") };
  guint n = 0;

  for (guint i = 0; i < told->signals->len; i++)
    hear (&listener, g_ptr_array_index (told->signals, i));

  n = (guint) listener.sequence;
  g_assert_cmpuint (n, ==, seen->transitions->len);
  g_assert_cmpuint (listener.host_sequence, ==, n);
  g_assert_cmpstr (listener.state, ==, extension_host_state_to_string (
                                         extension_host_transition_get_new (test_record_last (seen))));
  g_assert_cmpuint (listener.n_crashed, ==, g_str_equal (listener.state, "crashed"));
  g_free (listener.state);

  return n;
}

static void
start (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;

  extension_host_process_start (process, &error);
  g_assert_no_error (error);
}

static void
stop (ExtensionHostProcess *process)
{
  extension_host_process_stop_async (process, NULL, NULL, NULL);
}

/* From within handlers: as soon as it is up it is stopped, as soon as it is stopped it is started. */

typedef struct
{
  guint n_left;
} Swing;

static void
swing (ExtensionHostProcess    *process,
       ExtensionHostTransition *transition,
       Swing                   *self)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RUNNING)
    stop (process);
  else if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_STOPPED &&
           self->n_left > 0 && self->n_left-- > 0)
    start (process);
}

/* @data: whether the handler is there before the one of the export. */
static void
test_handlers (TestFixture   *fixture,
               gconstpointer  data)
{
  gboolean first = data != NULL;
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) told = NULL;
  g_autoptr(TestRecord) seen = NULL;
  ExtensionHostProcess *process = NULL;
  Swing pendulum = { N_CYCLES };

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, new_spec (fixture, "h"));
  if (first)
    g_signal_connect (process, "state-changed", G_CALLBACK (swing), &pendulum);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  if (!first)
    g_signal_connect (process, "state-changed", G_CALLBACK (swing), &pendulum);
  told = dbus_record_new (scene.client, scene.name);
  dbus_settle (fixture, scene.client, scene.name);
  seen = test_record_new (process);

  start (process);
  test_wait_until (fixture, pendulum.n_left == 0 &&
                            extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_STOPPED);
  dbus_settle (fixture, scene.client, scene.name);
  g_assert_cmpuint (assert_order (told, "h", seen), ==, 4 * (N_CYCLES + 1));
}

/* Several at a time, in one turn of the loop */
static void
churn (TestFixture          *fixture,
       ExtensionHostProcess *process)
{
  start (process);
  stop (process);
  start (process);
  stop (process);
  dbus_wait_state (fixture, process, STOPPED);
  start (process);
  extension_host_process_restart_async (process, NULL, NULL, NULL);
  dbus_wait_state (fixture, process, RUNNING);
  extension_host_process_restart_async (process, NULL, NULL, NULL);
  extension_host_process_kill_async (process, NULL, NULL, NULL);
  dbus_wait_state (fixture, process, STOPPED);
  start (process);
  dbus_wait_state (fixture, process, RUNNING);
}

static void
crash (TestFixture          *fixture,
       ExtensionHostProcess *process)
{
  guint64 generation = extension_host_process_get_generation (process);

  kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
  test_wait_until (fixture, extension_host_process_get_generation (process) > generation);
  dbus_wait_state (fixture, process, RUNNING);
}

static void
test_flapping (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) told = NULL;
  g_autoptr(TestRecord) seen = NULL;
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, new_spec (fixture, "h"));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  told = dbus_record_new (scene.client, scene.name);
  dbus_settle (fixture, scene.client, scene.name);
  seen = test_record_new (process);

  for (guint i = 0; i < 15; i++)
    {
      churn (fixture, process);
      crash (fixture, process);
      stop (process);
      dbus_wait_state (fixture, process, STOPPED);
    }
  dbus_settle (fixture, scene.client, scene.name);
  g_assert_cmpuint (assert_order (told, "h", seen), >=, 200);
}

/* Hosts that flap side by side, and two who listen */
static void
test_side_by_side (TestFixture   *fixture,
                   gconstpointer  data)
{
  static const char * const ids[] = { "a", "b", "c d" };
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(GDBusConnection) other = NULL;
  g_autoptr(DBusRecord) told = NULL;
  g_autoptr(DBusRecord) told_other = NULL;
  Swing pendulums[G_N_ELEMENTS (ids)];
  TestRecord *seen[G_N_ELEMENTS (ids)];

  dbus_scene_init (&scene, fixture);
  other = dbus_bus_connect (scene.bus);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  told = dbus_record_new (scene.client, scene.name);
  told_other = dbus_record_new (other, scene.name);
  dbus_settle (fixture, scene.client, scene.name);
  dbus_settle (fixture, other, scene.name);

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      ExtensionHostProcess *process = dbus_add (scene.manager, new_spec (fixture, ids[i]));

      pendulums[i].n_left = N_CYCLES;
      seen[i] = test_record_new (process);
      g_signal_connect (process, "state-changed", G_CALLBACK (swing), &pendulums[i]);
      start (process);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    test_wait_until (fixture, seen[i]->transitions->len == 4 * (N_CYCLES + 1));
  dbus_settle (fixture, scene.client, scene.name);
  dbus_settle (fixture, other, scene.name);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      assert_order (told, ids[i], seen[i]);
      assert_order (told_other, ids[i], seen[i]);
      test_record_free (seen[i]);
    }
  g_assert_true (g_dbus_connection_close_sync (other, NULL, NULL));
}

static void
test_crashed (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) told = NULL;
  g_autoptr(TestRecord) seen = NULL;
  g_autoptr(GVariant) exit = NULL;
  ExtensionHostProcess *process = NULL;
  const char *kind = NULL;
  gint32 signal = 0;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  told = dbus_record_new (scene.client, scene.name);
  dbus_settle (fixture, scene.client, scene.name);
  seen = test_record_new (process);
  start (process);
  dbus_wait_state (fixture, process, RUNNING);
  kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
  test_wait_until (fixture, dbus_record_count (told, "Crashed") == 1);
  dbus_settle (fixture, scene.client, scene.name);
  assert_order (told, "h", seen);

  exit = g_variant_get_child_value (dbus_record_find (told, "Crashed", 0)->parameters, 0);
  g_assert_true (g_variant_lookup (exit, "kind", "&s", &kind));
  g_assert_true (g_variant_lookup (exit, "signal", "i", &signal));
  g_assert_cmpstr (kind, ==, "signalled");
  g_assert_cmpint (signal, ==, SIGKILL);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/order/handlers-before", "before", test_handlers);
  test_add ("/dbus/order/handlers-after", NULL, test_handlers);
  test_add ("/dbus/order/flapping", NULL, test_flapping);
  test_add ("/dbus/order/side-by-side", NULL, test_side_by_side);
  test_add ("/dbus/order/crashed", NULL, test_crashed);

  return g_test_run ();
}
