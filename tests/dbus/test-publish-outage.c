/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session bus that goes away, comes back, or stands still, while the hosts do not care. */

#include <signal.h>

#include "publish-util.h"

#define SHORT 10          /* ms, before a host is started again */
#define TICKS 10          /* ms, between looks at a host */
#define N_TALKERS 4
#define MOST_QUEUED 1024  /* messages that may be left out and were not, when nobody takes them */
#define MOST_GROWTH 24    /* MiB */

static ExtensionHostSpec *
new_spec (TestFixture *fixture,
          const char  *id)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, id, NULL);

  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "max-restarts", EXTENSION_HOST_UNLIMITED,
                "backoff-initial", SHORT,
                "backoff-factor", 1.0,
                NULL);

  return spec;
}

static ExtensionHostSpec *
new_flood_spec (TestFixture *fixture)
{
  ExtensionHostSpec *spec = test_spec_new (fixture, "flood", "--stdout-flood=100000", "--exit=0", NULL);

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);

  return spec;
}

static ExtensionHostProcess *
add_running (PublishScene *scene,
             const char   *id)
{
  ExtensionHostProcess *process = dbus_add (scene->manager, new_spec (scene->fixture, id));

  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (scene->fixture, process, RUNNING);

  return process;
}

static void
wait_for_name (PublishScene *scene)
{
  test_wait_until (scene->fixture,
                   g_strcmp0 (extension_host_manager_get_bus_name (scene->manager), PUBLISH_NAME) == 0);
}

static void
wait_for_outage (PublishScene *scene)
{
  test_wait_until (scene->fixture, extension_host_manager_get_bus_name (scene->manager) == NULL);
}

static guint
count_objects (PublishScene *scene)
{
  g_autoptr(GVariant) objects = dbus_get_objects (scene->fixture, scene->client, PUBLISH_NAME,
                                                  DBUS_MANAGER_PATH);

  return (guint) g_variant_n_children (objects);
}

static void
operate (PublishScene *scene,
         const char   *id,
         const char   *method)
{
  g_autofree char *path = dbus_host_path (id);
  g_autofree char *full = g_strconcat (DBUS_HOST_INTERFACE ".", method, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply G_GNUC_UNUSED =
    dbus_call (scene->fixture, scene->client, PUBLISH_NAME, path, full,
               g_variant_new ("(@a{sv})", dbus_options (NULL)), &error);

  g_assert_no_error (error);
}

/* Gone and back */

static void
test_back (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  ExtensionHostProcess *process = NULL;
  guint pid = 0;
  guint64 sequence = 0;

  publish_scene_init (&scene, fixture);
  process = add_running (&scene, "a");
  publish (&scene);
  pid = extension_host_process_get_pid (process);
  sequence = extension_host_process_get_sequence (process);

  for (guint i = 1; i <= 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("new-%u", i);

      dbus_bus_kill (scene.bus);
      wait_for_outage (&scene);
      dbus_add (scene.manager, new_spec (fixture, id));   /* comes while nobody sees it */
      dbus_bus_start (scene.bus);
      publish_reconnect (&scene);
      wait_for_name (&scene);
      g_assert_cmpuint (count_objects (&scene), ==, i + 1);
      g_assert_cmpuint (extension_host_process_get_pid (process), ==, pid);
      g_assert_cmpuint (extension_host_process_get_sequence (process), ==, sequence);
      operate (&scene, id, "Start");
    }
  operate (&scene, "a", "Stop");
  dbus_wait_state (fixture, process, STOPPED);
}

/* One that stays away for several attempts, with hosts that do what they always do. */
static void
test_away (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  ExtensionHostProcess *process = NULL;

  publish_scene_init (&scene, fixture);
  process = add_running (&scene, "a");
  publish (&scene);
  dbus_bus_kill (scene.bus);
  wait_for_outage (&scene);
  for (guint i = 0; i < 5; i++)
    {
      guint64 generation = extension_host_process_get_generation (process);

      kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
      test_wait_until (fixture, extension_host_process_get_generation (process) > generation);
      dbus_wait_state (fixture, process, RUNNING);
    }
  dbus_remove (fixture, scene.manager, "a");
  dbus_add (scene.manager, new_spec (fixture, "b"));
  dbus_bus_start (scene.bus);
  publish_reconnect (&scene);
  wait_for_name (&scene);
  g_assert_cmpuint (count_objects (&scene), ==, 1);
  operate (&scene, "b", "Start");
}

/* The name went to somebody else meanwhile. */
static void
test_back_and_taken (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };

  publish_scene_init (&scene, fixture);
  publish (&scene);
  dbus_bus_kill (scene.bus);
  wait_for_outage (&scene);
  dbus_bus_start (scene.bus);
  publish_reconnect (&scene);
  publish_take_name (&scene, "RequestName");
  test_wait_until (fixture, extension_host_manager_get_bus_name (scene.manager) != NULL);
  g_assert_true (g_str_has_prefix (extension_host_manager_get_bus_name (scene.manager),
                                   PUBLISH_NAME ".instance"));
}

static void
unpublish_in_handler (ExtensionHostManager *manager,
                      GParamSpec           *pspec G_GNUC_UNUSED,
                      guint                *n)
{
  (*n)++;
  if (extension_host_manager_get_bus_name (manager) == NULL)
    extension_host_manager_unpublish (manager);
}

/* Told of the end, the application has had enough. */
static void
test_unpublish_in_handler (TestFixture   *fixture,
                           gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  guint n = 0;

  publish_scene_init (&scene, fixture);
  g_signal_connect (scene.manager, "notify::bus-name", G_CALLBACK (unpublish_in_handler), &n);
  publish (&scene);
  dbus_bus_kill (scene.bus);
  wait_for_outage (&scene);
  g_assert_cmpuint (n, ==, 2);
  g_signal_handlers_disconnect_by_func (scene.manager, unpublish_in_handler, &n);

  /* It does not come back by itself. */
  dbus_bus_start (scene.bus);
  publish_reconnect (&scene);
  publish (&scene);
}

/* Killed, at each turn of the loop that there is on the way to it */
static gboolean
kill_after (TestFixture *fixture,
            guint        n_turns)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean had_answer = FALSE;

  publish_scene_init (&scene, fixture);
  extension_host_manager_publish_async (scene.manager, PUBLISH_APP_ID, EXTENSION_HOST_ACCESS_CONTROL,
                                        NULL, test_store_result, &result);
  for (guint i = 0; i < n_turns; i++)
    {
      g_main_context_iteration (fixture->context, FALSE);
      g_usleep (200);
    }
  had_answer = result != NULL;
  dbus_bus_kill (scene.bus);
  test_wait_until (fixture, result != NULL);
  if (extension_host_manager_publish_finish (scene.manager, result, &error))
    {
      wait_for_outage (&scene);
      extension_host_manager_unpublish (scene.manager);
    }
  else
    {
      g_assert_nonnull (error);
      g_assert_null (extension_host_manager_get_bus_name (scene.manager));
    }

  dbus_bus_start (scene.bus);
  publish_reconnect (&scene);
  publish (&scene);

  return had_answer;
}

static void
test_killed_while_publishing (TestFixture   *fixture,
                              gconstpointer  data)
{
  guint n_done = 0;

  for (guint n = 0; n_done < 3; n += 1 + n / 32)
    n_done += kill_after (fixture, n);
}

/* Dropped while it is away, and on its way back */
static gboolean
drop_after (TestFixture *fixture,
            guint        n_turns)
{
  g_auto(PublishScene) scene = { NULL };
  gboolean was_back = FALSE;

  publish_scene_init (&scene, fixture);
  publish (&scene);
  dbus_bus_kill (scene.bus);
  wait_for_outage (&scene);
  dbus_bus_start (scene.bus);
  publish_reconnect (&scene);
  for (guint i = 0; i < n_turns; i++)
    {
      g_main_context_iteration (fixture->context, FALSE);
      g_usleep (10 * 1000);
    }
  was_back = extension_host_manager_get_bus_name (scene.manager) != NULL;
  g_object_add_weak_pointer (G_OBJECT (scene.manager), (gpointer *) &scene.manager);
  g_object_unref (scene.manager);
  g_assert_null (scene.manager);
  test_wait_polling (fixture, 2, !publish_is_owned (&scene, PUBLISH_NAME));

  return was_back;
}

static void
test_dropped_while_away (TestFixture   *fixture,
                         gconstpointer  data)
{
  guint n_done = 0;

  for (guint n = 0; n_done < 2; n++)
    n_done += drop_after (fixture, n);
}

/* Standing still */

static void
stand_still (PublishScene *scene)
{
  kill (scene->bus->pid, SIGSTOP);
}

static void
go_on (PublishScene *scene)
{
  kill (scene->bus->pid, SIGCONT);
}

/* All that happened while the bus stood still is told when it goes on, without a gap. */
static void
test_stopped_supervision (TestFixture   *fixture,
                          gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(TestRecord) seen = NULL;
  g_autoptr(DBusRecord) told = NULL;
  ExtensionHostProcess *process = NULL;
  guint n = 0;

  publish_scene_init (&scene, fixture);
  process = add_running (&scene, "a");
  publish (&scene);
  told = dbus_record_new (scene.client, PUBLISH_NAME);
  dbus_settle (fixture, scene.client, PUBLISH_NAME);
  seen = test_record_new (process);

  stand_still (&scene);
  for (guint i = 0; i < 20; i++)
    {
      gint64 began = g_get_monotonic_time ();
      guint64 generation = extension_host_process_get_generation (process);

      kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
      test_wait_until (fixture, extension_host_process_get_generation (process) > generation);
      dbus_wait_state (fixture, process, RUNNING);
      g_assert_cmpint (g_get_monotonic_time () - began, <, 20 * G_USEC_PER_SEC);
    }
  g_assert_cmpuint (seen->transitions->len, ==, 80);   /* unhealthy restarting starting running */
  g_assert_cmpuint (dbus_record_count (told, "StateChanged"), ==, 0);
  go_on (&scene);

  test_wait_until (fixture, (n = dbus_record_count (told, "StateChanged")) >= 80);
  for (guint i = 0; i < 80; i++)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (seen->transitions, i);
      DBusSignal *signal = dbus_record_find (told, "StateChanged", i);
      guint64 sequence = 0;
      const char *new_state = NULL;

      g_variant_get (signal->parameters, "(&s&s&s&stt)", NULL, &new_state, NULL, NULL, NULL, &sequence);
      g_assert_cmpuint (sequence, ==, extension_host_transition_get_sequence (transition));
      g_assert_cmpstr (new_state, ==,
                       extension_host_state_to_string (extension_host_transition_get_new (transition)));
    }
}

static guint64
get_ticks (ExtensionHostProcess *process)
{
  ExtensionHostHealth *health = extension_host_process_get_last_health (process);

  return health != NULL ? extension_host_health_get_sequence (health) : 0;
}

/* What one can do without is not kept for a bus that does not take it. */
static void
test_stopped_talk (TestFixture   *fixture,
                   gconstpointer  data)
{
  ExtensionHostProcess *processes[N_TALKERS] = { NULL };
  ExtensionHostProcess *flood = NULL;
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(DBusRecord) told = NULL;
  guint n_told = 0, n_ticks = 0;
  gsize before = 0, after = 0;

  publish_scene_init (&scene, fixture);
  for (guint i = 0; i < N_TALKERS; i++)
    {
      g_autofree char *id = g_strdup_printf ("h%u", i);
      ExtensionHostSpec *spec = new_spec (fixture, id);

      g_object_set (spec, "health-interval", TICKS, NULL);
      processes[i] = dbus_add (scene.manager, spec);
      g_assert_true (extension_host_process_start (processes[i], NULL));
    }
  flood = dbus_add (scene.manager, new_flood_spec (fixture));
  publish (&scene);
  told = dbus_record_new (scene.client, PUBLISH_NAME);
  for (guint i = 0; i < N_TALKERS; i++)
    test_wait_until (fixture, get_ticks (processes[i]) > 10);
  dbus_settle (fixture, scene.client, PUBLISH_NAME);

  stand_still (&scene);
  before = rpc_get_rss ();
  n_told = dbus_record_count (told, "HealthChecked");
  n_ticks = (guint) get_ticks (processes[0]);
  g_assert_true (extension_host_process_start (flood, NULL));
  dbus_wait_state (fixture, flood, STOPPED);
  test_wait_until (fixture, get_ticks (processes[0]) > n_ticks + MOST_QUEUED);
  after = rpc_get_rss ();
  if (!TEST_SANITIZED)
    g_assert_cmpuint (after, <=, before + MOST_GROWTH);

  go_on (&scene);
  dbus_settle (fixture, scene.client, PUBLISH_NAME);
  g_assert_cmpuint (dbus_record_count (told, "HealthChecked"), <=, n_told + MOST_QUEUED);

  /* And from then on it is told again. */
  n_told = dbus_record_count (told, "HealthChecked");
  test_wait_until (fixture, dbus_record_count (told, "HealthChecked") > n_told + 100);
}

/* Nothing waits for a bus that stands still, neither for the first time nor at the end. */
static void
test_stopped_while_publishing (TestFixture   *fixture,
                               gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  publish_scene_init (&scene, fixture);
  stand_still (&scene);
  extension_host_manager_publish_async (scene.manager, PUBLISH_APP_ID, EXTENSION_HOST_ACCESS_CONTROL,
                                        cancellable, test_store_result, &result);
  for (guint i = 0; i < 20; i++)
    {
      g_main_context_iteration (fixture->context, FALSE);
      g_usleep (1000);
    }
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  test_wait_until (fixture, result != NULL);
  g_assert_false (extension_host_manager_publish_finish (scene.manager, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (g_test_slow ())
    publish_fails (&scene, PUBLISH_APP_ID, G_IO_ERROR_TIMED_OUT);
  go_on (&scene);
  publish (&scene);
}

static void
test_stopped_at_the_end (TestFixture   *fixture,
                         gconstpointer  data)
{
  g_auto(PublishScene) scene = { NULL };
  gint64 began = 0;

  publish_scene_init (&scene, fixture);
  add_running (&scene, "a");
  publish (&scene);
  stand_still (&scene);
  began = g_get_monotonic_time ();
  extension_host_manager_unpublish (scene.manager);
  wait_for_outage (&scene);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 20 * G_USEC_PER_SEC);
  go_on (&scene);
  test_wait_polling (fixture, 5, !publish_is_owned (&scene, PUBLISH_NAME));

  publish (&scene);
  stand_still (&scene);
  g_clear_object (&scene.manager);
  go_on (&scene);
  test_wait_polling (fixture, 5, !publish_is_owned (&scene, PUBLISH_NAME));
}

int
main (int   argc,
      char *argv[])
{
  int status = 0;

  publish_set_up ();
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/outage/back", NULL, test_back);
  test_add ("/dbus/outage/away", NULL, test_away);
  test_add ("/dbus/outage/back-and-taken", NULL, test_back_and_taken);
  test_add ("/dbus/outage/unpublish-in-handler", NULL, test_unpublish_in_handler);
  test_add ("/dbus/outage/killed-while-publishing", NULL, test_killed_while_publishing);
  test_add ("/dbus/outage/dropped-while-away", NULL, test_dropped_while_away);
  test_add ("/dbus/outage/stopped-supervision", NULL, test_stopped_supervision);
  test_add ("/dbus/outage/stopped-talk", NULL, test_stopped_talk);
  test_add ("/dbus/outage/stopped-while-publishing", NULL, test_stopped_while_publishing);
  test_add ("/dbus/outage/stopped-at-the-end", NULL, test_stopped_at_the_end);
  status = g_test_run ();
  publish_tear_down ();

  return status;
}
