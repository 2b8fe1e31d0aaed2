/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The properties of hosts and managers, and what Describe tells. */

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "export-compare.h"
#include "extension-host-version.h"

#define SECRET "c0rrect-h0rse-battery-staple"
#define LONG 60000   /* ms */

typedef struct
{
  DBusScene bus;
  ExtensionHostProcess *process;
  GDBusProxy *proxy;
} Scene;

static void
on_proxy (GObject      *object G_GNUC_UNUSED,
          GAsyncResult *result,
          gpointer      user_data)
{
  GDBusProxy **place = user_data;
  g_autoptr(GError) error = NULL;

  *place = g_dbus_proxy_new_finish (result, &error);
  g_assert_no_error (error);
}

static GDBusProxy *
new_proxy (DBusScene  *scene,
           const char *path,
           const char *interface)
{
  GDBusProxy *proxy = NULL;

  g_dbus_proxy_new (scene->client, G_DBUS_PROXY_FLAGS_NONE, NULL, scene->name, path, interface, NULL,
                    on_proxy, &proxy);
  test_wait_until (scene->fixture, proxy != NULL);

  return proxy;
}

/* Takes @spec over, whose id is “h”. */
static void
scene_init (Scene             *self,
            TestFixture       *fixture,
            ExtensionHostSpec *spec)
{
  dbus_scene_init (&self->bus, fixture);
  self->process = dbus_add (self->bus.manager, spec);
  dbus_scene_export (&self->bus, EXTENSION_HOST_ACCESS_CALL);
  self->proxy = new_proxy (&self->bus, EXPORT_HOST, DBUS_HOST_INTERFACE);
}

static void
scene_clear (Scene *self)
{
  g_clear_object (&self->proxy);
  dbus_scene_clear (&self->bus);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Scene, scene_clear)

static void
start (Scene *self)
{
  g_assert_true (extension_host_process_start (self->process, NULL));
  dbus_wait_state (self->bus.fixture, self->process, RUNNING);
}

static void
kill_program (Scene *self)
{
  kill ((pid_t) extension_host_process_get_pid (self->process), SIGKILL);
}

/* When all has come that was sent. */
static void
compare (Scene *self)
{
  dbus_settle (self->bus.fixture, self->bus.client, self->bus.name);
  export_compare (&self->bus, self->process, self->proxy);
}

static GVariant *
describe (Scene *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_host_call (&self->bus, "h", "Describe", NULL, &error);

  g_assert_no_error (error);

  return g_variant_get_child_value (reply, 0);
}

/* The same keys with the same values, but for what the clock changes from one to the other */
static void
compare_description (Scene *self)
{
  g_autoptr(GVariant) told = describe (self);
  g_autoptr(GVariant) here = extension_host_process_describe (self->process);
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  g_assert_cmpuint (g_variant_n_children (told), ==, g_variant_n_children (here));
  g_variant_iter_init (&iter, told);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autoptr(GVariant) other = g_variant_lookup_value (here, key, g_variant_get_type (value));

      if (other == NULL ||
          (!g_str_equal (key, "last-reply") && !g_str_equal (key, "stop-deadline") &&
           !g_variant_equal (value, other)))
        g_error ("%s is not the same on the bus", key);
    }
}

static ExtensionHostSpec *
new_full_spec (TestFixture *fixture)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);

  g_object_set (spec,
                "name", "A host, \xc3\xa4nd what a one",
                "kind", "test",
                "group", "all",
                "capabilities", ((const char *[]) { "clock.read", "files.write", NULL }),
                "working-directory", "/",
                NULL);

  return spec;
}

/* States */

static void
test_states (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  g_auto(RpcCall) held = { NULL };

  scene_init (&scene, fixture, new_full_spec (fixture));
  compare (&scene);
  compare_description (&scene);

  start (&scene);
  rpc_call (&held, scene.process, "hold", NULL, 0, NULL);
  g_free (rpc_ask (fixture, scene.process, "spoil", "[3]"));
  g_free (rpc_ask (fixture, scene.process, "status", "[1]"));
  g_assert_cmpuint (extension_host_process_get_pending_calls (scene.process), ==, 1);
  g_assert_cmpuint (extension_host_process_get_protocol_errors (scene.process), ==, 3);
  g_assert_cmpstr (extension_host_process_get_status_text (scene.process), ==, "1");
  compare (&scene);
  compare_description (&scene);

  g_assert_true (extension_host_process_pause (scene.process, NULL));
  compare (&scene);
  g_assert_true (extension_host_process_resume (scene.process, NULL));
  kill_program (&scene);   /* and it is not started again */
  dbus_wait_state (fixture, scene.process, CRASHED);
  rpc_wait (fixture, &held);
  compare (&scene);
  compare_description (&scene);

  g_assert_true (extension_host_process_quarantine (scene.process, NULL));
  compare (&scene);
}

static guint
get_budget_used (Scene *self)
{
  g_autoptr(GVariant) budget = g_dbus_proxy_get_cached_property (self->proxy, "RestartBudget");
  guint32 limit = 0, used = 0, window = 0;

  g_variant_get (budget, "(uuu)", &limit, &used, &window);
  g_assert_cmpuint (limit, ==, 3);
  g_assert_cmpuint (window, ==, 300);

  return used;
}

static void
test_backoff (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(GVariant) pending = NULL;
  g_autoptr(GVariant) next = NULL;

  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "backoff-initial", LONG,
                "backoff-max", LONG,
                NULL);
  scene_init (&scene, fixture, spec);
  g_assert_cmpuint (get_budget_used (&scene), ==, 0);
  start (&scene);
  kill_program (&scene);
  dbus_wait_state (fixture, scene.process, RESTARTING);
  compare (&scene);
  compare_description (&scene);
  g_assert_cmpuint (get_budget_used (&scene), ==, 1);

  pending = g_dbus_proxy_get_cached_property (scene.proxy, "PendingRestart");
  next = g_dbus_proxy_get_cached_property (scene.proxy, "NextRestart");
  g_assert_true (g_variant_get_boolean (pending));
  g_assert_cmpuint (g_variant_get_uint64 (next), >, (guint64) g_get_real_time ());
  g_assert_cmpuint (g_variant_get_uint64 (next), <,
                    (guint64) g_get_real_time () + 2 * LONG * G_GUINT64_CONSTANT (1000));
}

/* How it ended the last time can still be read when it is up again. */
static void
test_last_exit (TestFixture   *fixture,
                gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(GVariant) exit = NULL;
  guint64 generation = 0;
  guint32 pid = 0;

  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "backoff-initial", 10,
                NULL);
  scene_init (&scene, fixture, spec);
  start (&scene);
  pid = extension_host_process_get_pid (scene.process);
  kill_program (&scene);
  test_wait_until (fixture, extension_host_process_get_generation (scene.process) == 2);
  dbus_wait_state (fixture, scene.process, RUNNING);
  compare (&scene);
  exit = g_dbus_proxy_get_cached_property (scene.proxy, "LastExit");
  export_compare_exit (exit, extension_host_process_get_last_exit (scene.process));
  g_assert_true (g_variant_lookup (exit, "generation", "t", &generation));
  g_assert_cmpuint (generation, ==, 1);
  g_assert_true (g_variant_lookup (exit, "pid", "u", &pid));
  g_assert_cmpuint (pid, !=, extension_host_process_get_pid (scene.process));
}

/* While it is being ended */

static char *
dup_rung (Scene *self)
{
  g_autoptr(GVariant) description = describe (self);
  char *rung = NULL;
  guint64 deadline = 0;

  compare_description (self);
  if (!g_variant_lookup (description, "stop-rung", "s", &rung))
    {
      g_assert_false (g_variant_lookup (description, "stop-deadline", "t", &deadline));
      return NULL;
    }

  g_assert_true (g_variant_lookup (description, "stop-deadline", "t", &deadline));
  g_assert_cmpuint (deadline, >, (guint64) g_get_real_time ());
  g_assert_cmpuint (deadline, <,
                    (guint64) g_get_real_time () + 2 * LONG * G_GUINT64_CONSTANT (1000));

  return rung;
}

static void
test_stopping (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  ExtensionHostSpec *spec = test_spec_new (fixture, "h", "--ignore-eof", "--ignore-term", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *before = NULL;
  g_autofree char *first = NULL;
  g_autofree char *then = NULL;
  g_autofree char *after = NULL;

  g_object_set (spec, "exit-timeout", LONG, "term-timeout", LONG, NULL);
  scene_init (&scene, fixture, spec);
  start (&scene);
  before = dup_rung (&scene);
  g_assert_null (before);

  extension_host_process_stop_async (scene.process, NULL, NULL, NULL);
  first = dup_rung (&scene);
  g_assert_cmpstr (first, ==, "eof");
  extension_host_process_terminate_async (scene.process, LONG, NULL, NULL, NULL);
  then = dup_rung (&scene);
  g_assert_cmpstr (then, ==, "term");
  compare (&scene);

  extension_host_process_kill_async (scene.process, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  after = dup_rung (&scene);
  g_assert_null (after);
}

/* What hosts say */

static char *
dup_extensions (Scene *self)
{
  g_autoptr(GVariant) extensions = NULL;

  dbus_settle (self->bus.fixture, self->bus.client, self->bus.name);
  extensions = g_dbus_proxy_get_cached_property (self->proxy, "Extensions");

  return g_variant_print (extensions, FALSE);
}

#define wait_extensions(scene, expected)                                        \
  G_STMT_START {                                                                \
    g_autofree char *seen_ = NULL;                                              \
                                                                                \
    test_wait_until ((scene)->bus.fixture,                                      \
                     (g_free (seen_), seen_ = dup_extensions (scene),           \
                      g_str_equal (seen_, expected)));                          \
  } G_STMT_END

static void
test_extensions (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };

  scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  g_assert_nonnull (extension_host_process_add_extension (scene.process, "good", "/x/good", NULL));
  g_assert_nonnull (extension_host_process_add_extension (scene.process, "bad", "/x/fail", NULL));
  wait_extensions (&scene, "[('good', 'inactive', ''), ('bad', 'inactive', '')]");
  start (&scene);
  wait_extensions (&scene, "[('good', 'active', ''), ('bad', 'failed', 'cannot find its soul')]");
  compare (&scene);
  compare_description (&scene);

  g_assert_true (extension_host_process_remove_extension (scene.process, "bad", NULL));
  wait_extensions (&scene, "[('good', 'active', '')]");
  kill_program (&scene);
  wait_extensions (&scene, "[('good', 'lost', '')]");
}

static void
on_health (ExtensionHostProcess *process G_GNUC_UNUSED,
           ExtensionHostHealth  *health,
           GPtrArray            *seen)
{
  g_ptr_array_add (seen, extension_host_health_ref (health));
}

static void
compare_with_seen (GVariant  *told,
                   GPtrArray *seen)
{
  guint64 sequence = 0;

  g_assert_true (g_variant_lookup (told, "sequence", "t", &sequence));
  g_assert_cmpuint (sequence, >, 0);
  g_assert_cmpuint (sequence, <=, seen->len);
  export_compare_health (told, g_ptr_array_index (seen, sequence - 1));
}

static void
test_health (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(GPtrArray) seen =
    g_ptr_array_new_with_free_func ((GDestroyNotify) extension_host_health_unref);
  g_autoptr(DBusRecord) record = NULL;
  g_autoptr(GVariant) last = NULL;

  g_object_set (spec, "health-interval", 10, NULL);
  scene_init (&scene, fixture, spec);
  g_signal_connect (scene.process, "health-checked", G_CALLBACK (on_health), seen);
  record = dbus_record_new (scene.bus.client, scene.bus.name);
  start (&scene);
  test_wait_until (fixture, dbus_record_count (record, "HealthChecked") >= 10);
  for (guint i = 0; i < 10; i++)
    {
      DBusSignal *signal = dbus_record_find (record, "HealthChecked", i);
      g_autoptr(GVariant) health = g_variant_get_child_value (signal->parameters, 0);

      compare_with_seen (health, seen);
    }
  last = dbus_get_property (&scene.bus, EXPORT_HOST, DBUS_HOST_INTERFACE, "LastHealth");
  compare_with_seen (last, seen);
  g_signal_handlers_disconnect_by_data (scene.process, seen);
}

/* What nobody may know */

static char *
print_reply (DBusScene  *scene,
             const char *path,
             const char *method,
             GVariant   *parameters)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_call (scene->fixture, scene->client, scene->name, path, method,
                                         parameters, &error);

  g_assert_no_error (error);

  return g_variant_print (reply, TRUE);
}

static void
assert_kept_secret (const char *text)
{
  g_assert_null (strstr (text, SECRET));
  g_assert_null (strstr (text, TEST_TAG));
}

static void
test_secret (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(Scene) scene = { .process = NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  const char *environment[] = { "API_TOKEN=" SECRET, fixture->tag, NULL };
  g_autoptr(DBusRecord) record = NULL;
  g_autofree char *texts[6] = { NULL };

  g_object_set (spec, "environment", environment, NULL);
  scene_init (&scene, fixture, spec);
  record = dbus_record_new (scene.bus.client, scene.bus.name);
  start (&scene);
  /* While it is being executed its environment looks empty. */
  test_wait_polling (fixture, 5,
                     test_has_variable ((pid_t) extension_host_process_get_pid (scene.process),
                                        "API_TOKEN=" SECRET));
  kill_program (&scene);
  dbus_wait_state (fixture, scene.process, CRASHED);

  texts[0] = print_reply (&scene.bus, DBUS_MANAGER_PATH, DBUS_OBJECTS_INTERFACE ".GetManagedObjects",
                          NULL);
  texts[1] = print_reply (&scene.bus, EXPORT_HOST, DBUS_HOST_INTERFACE ".Describe", NULL);
  texts[2] = print_reply (&scene.bus, EXPORT_HOST,
                          "org.freedesktop.DBus.Introspectable.Introspect", NULL);
  texts[3] = print_reply (&scene.bus, EXPORT_HOST, DBUS_HOST_INTERFACE ".GetLog",
                          g_variant_new ("(u)", 0));
  texts[4] = print_reply (&scene.bus, EXPORT_HOST, DBUS_HOST_INTERFACE ".GetHistory",
                          g_variant_new ("(u)", 0));
  texts[5] = print_reply (&scene.bus, DBUS_MANAGER_PATH, DBUS_PROPERTIES_INTERFACE ".GetAll",
                          g_variant_new ("(s)", DBUS_MANAGER_INTERFACE));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      assert_kept_secret (texts[i]);
      g_clear_pointer (&texts[i], g_free);
    }
  g_assert_cmpuint (record->signals->len, >, 0);
  for (guint i = 0; i < record->signals->len; i++)
    {
      DBusSignal *signal = g_ptr_array_index (record->signals, i);
      g_autofree char *text = g_variant_print (signal->parameters, TRUE);

      assert_kept_secret (text);
    }
}

/* The manager */

static void
assert_manager_string (GDBusProxy *proxy,
                       const char *property,
                       const char *expected)
{
  g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property (proxy, property);

  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, expected);
}

static void
test_manager (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(GDBusProxy) proxy = NULL;
  g_autoptr(GVariant) pid = NULL;

  dbus_scene_init (&scene, fixture);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  proxy = new_proxy (&scene, DBUS_MANAGER_PATH, DBUS_MANAGER_INTERFACE);
  assert_manager_string (proxy, "Version", EXTENSION_HOST_VERSION_S);
  assert_manager_string (proxy, "ApplicationId", "");
  assert_manager_string (proxy, "Access", "control");
  assert_manager_string (proxy, "Strategy", "one-for-one");
  pid = g_dbus_proxy_get_cached_property (proxy, "ProcessId");
  g_assert_cmpuint (g_variant_get_uint32 (pid), ==, (guint) getpid ());

  extension_host_manager_set_application_id (scene.manager, "org.example.Editor");
  extension_host_manager_set_strategy (scene.manager, EXTENSION_HOST_STRATEGY_REST_FOR_ONE);
  dbus_settle (fixture, scene.client, scene.name);
  dbus_settle (fixture, scene.client, scene.name);   /* changes are sent when there is nothing else to do */
  assert_manager_string (proxy, "ApplicationId", "org.example.Editor");
  assert_manager_string (proxy, "Strategy", "rest-for-one");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/properties/states", NULL, test_states);
  test_add ("/dbus/properties/backoff", NULL, test_backoff);
  test_add ("/dbus/properties/last-exit", NULL, test_last_exit);
  test_add ("/dbus/properties/stopping", NULL, test_stopping);
  test_add ("/dbus/properties/extensions", NULL, test_extensions);
  test_add ("/dbus/properties/health", NULL, test_health);
  test_add ("/dbus/properties/secret", NULL, test_secret);
  test_add ("/dbus/properties/manager", NULL, test_manager);

  return g_test_run ();
}
