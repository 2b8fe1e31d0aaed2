/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "export-compare.h"

/* The nick of property @name of @object, whatever enum that is of. */
static char *
dup_nick (gpointer    object,
          const char *name)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GEnumClass) klass = NULL;

  g_object_get_property (object, name, &value);
  klass = g_type_class_ref (G_VALUE_TYPE (&value));

  return g_strdup (g_enum_get_value (klass, g_value_get_enum (&value))->value_nick);
}

static GVariant *
get (DBusScene  *scene,
     const char *property)
{
  return dbus_get_property (scene, EXPORT_HOST, DBUS_HOST_INTERFACE, property);
}

static void
assert_string (DBusScene  *scene,
               const char *property,
               const char *expected)
{
  g_autoptr(GVariant) value = get (scene, property);

  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, expected != NULL ? expected : "");
}

static void
assert_nick (DBusScene            *scene,
             ExtensionHostProcess *process,
             const char           *property,
             const char           *name)
{
  g_autofree char *nick = dup_nick (process, name);

  assert_string (scene, property, nick);
}

static void
assert_uint32 (DBusScene  *scene,
               const char *property,
               guint       expected)
{
  g_autoptr(GVariant) value = get (scene, property);

  g_assert_cmpuint (g_variant_get_uint32 (value), ==, expected);
}

static void
assert_uint64 (DBusScene  *scene,
               const char *property,
               guint64     expected)
{
  g_autoptr(GVariant) value = get (scene, property);

  g_assert_cmpuint (g_variant_get_uint64 (value), ==, expected);
}

static void
assert_strv (DBusScene          *scene,
             const char         *property,
             const char * const *expected)
{
  const char *none[] = { NULL };
  g_autoptr(GVariant) value = get (scene, property);
  g_autofree const char **strv = g_variant_get_strv (value, NULL);

  g_assert_true (g_strv_equal (strv, expected != NULL ? expected : none));
}

/* Dictionaries */

static const char *
look_up_string (GVariant   *dict,
                const char *key)
{
  const char *value = NULL;

  if (!g_variant_lookup (dict, key, "&s", &value))
    g_error ("there is no “%s”", key);

  return value;
}

static guint64
look_up_uint64 (GVariant   *dict,
                const char *key)
{
  guint64 value = 0;

  if (!g_variant_lookup (dict, key, "t", &value))
    g_error ("there is no “%s”", key);

  return value;
}

static gint64
look_up_int64 (GVariant   *dict,
               const char *key)
{
  gint64 value = 0;

  if (!g_variant_lookup (dict, key, "x", &value))
    g_error ("there is no “%s”", key);

  return value;
}

static gint32
look_up_int32 (GVariant   *dict,
               const char *key)
{
  gint32 value = 0;

  if (!g_variant_lookup (dict, key, "i", &value))
    g_error ("there is no “%s”", key);

  return value;
}

static guint32
look_up_uint32 (GVariant   *dict,
                const char *key)
{
  guint32 value = 0;

  if (!g_variant_lookup (dict, key, "u", &value))
    g_error ("there is no “%s”", key);

  return value;
}

static gboolean
look_up_boolean (GVariant   *dict,
                 const char *key)
{
  gboolean value = FALSE;

  if (!g_variant_lookup (dict, key, "b", &value))
    g_error ("there is no “%s”", key);

  return value;
}

static void
assert_key_strv (GVariant           *dict,
                 const char         *key,
                 const char * const *expected)
{
  const char *none[] = { NULL };
  g_autofree const char **strv = NULL;

  g_assert_true (g_variant_lookup (dict, key, "^a&s", &strv));
  g_assert_true (g_strv_equal (strv, expected != NULL ? expected : none));
}

/* All of them, one after the other */

void
export_compare_exit (GVariant          *told,
                     ExtensionHostExit *exit)
{
  static const char * const kinds[] = { "exited", "signalled", "spawn-failed", "lost" };
  g_autofree char *text = NULL;

  if (exit == NULL)
    {
      g_assert_cmpuint (g_variant_n_children (told), ==, 0);
      return;
    }

  text = extension_host_exit_to_string (exit);
  g_assert_cmpstr (look_up_string (told, "kind"), ==, kinds[extension_host_exit_get_kind (exit)]);
  g_assert_cmpstr (look_up_string (told, "reason"), ==,
                   extension_host_reason_to_string (extension_host_exit_get_reason (exit)));
  g_assert_cmpint (look_up_int32 (told, "code"), ==, extension_host_exit_get_code (exit));
  g_assert_cmpint (look_up_int32 (told, "signal"), ==, extension_host_exit_get_signal (exit));
  g_assert_cmpint (look_up_boolean (told, "core-dumped"), ==,
                   extension_host_exit_get_core_dumped (exit));
  g_assert_cmpint (look_up_boolean (told, "requested"), ==, extension_host_exit_get_requested (exit));
  g_assert_cmpuint (look_up_uint64 (told, "generation"), ==, extension_host_exit_get_generation (exit));
  g_assert_cmpuint (look_up_uint32 (told, "pid"), ==, extension_host_exit_get_pid (exit));
  g_assert_cmpuint (look_up_uint64 (told, "time"), ==, (guint64) extension_host_exit_get_time (exit));
  g_assert_cmpuint (look_up_uint64 (told, "runtime"), ==,
                    (guint64) extension_host_exit_get_runtime (exit));
  assert_key_strv (told, "log", extension_host_exit_get_log (exit));
  assert_key_strv (told, "suspects", extension_host_exit_get_suspects (exit));
  g_assert_cmpstr (look_up_string (told, "text"), ==, text);
}

void
export_compare_health (GVariant            *told,
                       ExtensionHostHealth *health)
{
  g_assert_cmpuint (look_up_uint64 (told, "sequence"), ==, extension_host_health_get_sequence (health));
  g_assert_cmpuint (look_up_uint64 (told, "generation"), ==,
                    extension_host_health_get_generation (health));
  g_assert_cmpuint (look_up_uint64 (told, "time"), ==, (guint64) extension_host_health_get_time (health));
  g_assert_cmpint (look_up_boolean (told, "ok"), ==, extension_host_health_get_ok (health));
  g_assert_cmpint (look_up_int64 (told, "latency"), ==, extension_host_health_get_latency (health));
  g_assert_cmpuint (look_up_uint32 (told, "failures"), ==, extension_host_health_get_failures (health));
  g_assert_cmpuint (look_up_uint64 (told, "rss"), ==, extension_host_health_get_rss (health));
  g_assert_cmpuint (look_up_uint32 (told, "processes"), ==,
                    extension_host_health_get_processes (health));
}

static void
assert_static (DBusScene            *scene,
               ExtensionHostProcess *process)
{
  g_autoptr(ExtensionHostSpec) spec = NULL;
  g_auto(GStrv) argv = NULL;
  g_auto(GStrv) capabilities = NULL;

  g_object_get (process, "spec", &spec, NULL);
  g_object_get (spec, "argv", &argv, "capabilities", &capabilities, NULL);
  assert_string (scene, "Id", extension_host_process_get_id (process));
  assert_string (scene, "Name", extension_host_process_get_name (process));
  assert_string (scene, "Kind", extension_host_process_get_kind (process));
  assert_strv (scene, "CommandLine", (const char * const *) argv);
  assert_strv (scene, "Capabilities", (const char * const *) capabilities);
}

static void
assert_records (DBusScene            *scene,
                ExtensionHostProcess *process)
{
  g_autoptr(GVariant) budget = get (scene, "RestartBudget");
  g_autoptr(GVariant) exit = get (scene, "LastExit");
  g_autoptr(GVariant) failure = get (scene, "LastControlFailure");
  GVariant *failure_here = extension_host_process_get_last_control_failure (process);

  g_assert_cmpvariant (budget, extension_host_process_get_restart_budget (process));
  export_compare_exit (exit, extension_host_process_get_last_exit (process));
  if (failure_here != NULL)
    g_assert_cmpvariant (failure, failure_here);
  else
    g_assert_cmpuint (g_variant_n_children (failure), ==, 0);
}

/* Nobody has to ask again: what has changed has been told. */
static void
assert_told (DBusScene  *scene,
             GDBusProxy *proxy)
{
  static const char * const properties[] = {
    "State", "Desired", "Control", "Readiness", "Pid", "Generation", "RestartCount", "Sequence",
    "StateSince", "StatusText", "PendingRestart", "NextRestart", "RestartBudget", "LastExit",
    "LastControlFailure", "Extensions"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      g_autoptr(GVariant) known = g_dbus_proxy_get_cached_property (proxy, properties[i]);
      g_autoptr(GVariant) value = get (scene, properties[i]);

      if (known == NULL || !g_variant_equal (known, value))
        g_error ("nobody was told of the last change of %s", properties[i]);
    }
}

void
export_compare (DBusScene            *scene,
                ExtensionHostProcess *process,
                GDBusProxy           *proxy)
{
  g_autoptr(GVariant) pending = get (scene, "PendingRestart");

  assert_static (scene, process);
  assert_nick (scene, process, "State", "state");
  assert_nick (scene, process, "Desired", "desired");
  assert_nick (scene, process, "Control", "control");
  assert_nick (scene, process, "Readiness", "readiness");
  assert_uint32 (scene, "Pid", extension_host_process_get_pid (process));
  assert_uint64 (scene, "Generation", extension_host_process_get_generation (process));
  assert_uint32 (scene, "RestartCount", extension_host_process_get_restart_count (process));
  assert_uint64 (scene, "Sequence", extension_host_process_get_sequence (process));
  assert_uint64 (scene, "StateSince", (guint64) extension_host_process_get_state_since (process));
  assert_string (scene, "StatusText", extension_host_process_get_status_text (process));
  g_assert_cmpint (g_variant_get_boolean (pending), ==,
                   extension_host_process_get_pending_restart (process));
  assert_uint64 (scene, "NextRestart", (guint64) extension_host_process_get_next_restart (process));
  assert_uint32 (scene, "PendingCalls", extension_host_process_get_pending_calls (process));
  assert_uint64 (scene, "QueuedBytes", extension_host_process_get_queued_bytes (process));
  assert_uint64 (scene, "ProtocolErrors", extension_host_process_get_protocol_errors (process));
  assert_uint64 (scene, "StaleEvents", extension_host_process_get_stale_events (process));
  assert_records (scene, process);
  assert_told (scene, proxy);
}
