/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-enum-types.h"
#include "extension-host-error.h"
#include "extension-host-spec-table-private.h"

static const char * const argv[] = { "true", NULL };

static ExtensionHostSpec *
new_spec (void)
{
  return extension_host_spec_new ("host", argv);
}

/* The defaults of the design, spelled out: the table must not vouch for itself. */
static void
test_defaults (void)
{
  g_autoptr(ExtensionHostSpec) spec = g_object_new (EXTENSION_HOST_TYPE_SPEC, NULL);

  g_assert_null (extension_host_spec_get_id (spec));
  g_assert_nonnull (extension_host_spec_get_argv (spec));
  g_assert_null (extension_host_spec_get_argv (spec)[0]);
  g_assert_null (spec->kind);
  g_assert_null (spec->working_directory);
  g_assert_null (spec->environment[0]);
  g_assert_false (spec->clear_environment);
  g_assert_cmpint (spec->transport, ==, EXTENSION_HOST_TRANSPORT_STDIO);
  g_assert_cmpint (spec->protocol, ==, EXTENSION_HOST_PROTOCOL_PLAIN);
  g_assert_cmpint (spec->framing, ==, EXTENSION_HOST_FRAMING_BY_PROTOCOL);
  g_assert_cmpint (spec->ready_mode, ==, EXTENSION_HOST_READY_MODE_BY_PROTOCOL);
  g_assert_null (spec->handshake_params);
  g_assert_null (spec->probe_params);
  g_assert_cmpuint (spec->start_timeout, ==, 30000);
  g_assert_cmpuint (spec->health_interval, ==, 5000);
  g_assert_cmpuint (spec->health_timeout, ==, 5000);
  g_assert_cmpuint (spec->health_failures, ==, 3);
  g_assert_null (spec->health_method);
  g_assert_cmpuint (spec->memory_limit, ==, 0);
  g_assert_cmpint (spec->restart, ==, EXTENSION_HOST_RESTART_POLICY_ALWAYS);
  g_assert_cmpuint (spec->max_restarts, ==, 3);
  g_assert_cmpuint (spec->restart_window, ==, 300000);
  g_assert_cmpuint (spec->backoff_initial, ==, 1000);
  g_assert_cmpfloat (spec->backoff_factor, ==, 2.0);
  g_assert_cmpuint (spec->backoff_max, ==, 30000);
  g_assert_cmpfloat (spec->backoff_jitter, ==, 0.0);
  g_assert_null (spec->no_restart_exits[0]);
  g_assert_null (spec->shutdown_method);
  g_assert_cmpuint (spec->ack_timeout, ==, 2000);
  g_assert_cmpuint (spec->exit_timeout, ==, 5000);
  g_assert_cmpuint (spec->term_timeout, ==, 3000);
  g_assert_cmpuint (spec->kill_timeout, ==, 5000);
  g_assert_cmpuint (spec->request_timeout, ==, 60000);
  g_assert_cmpuint (spec->max_pending, ==, 1024);
  g_assert_cmpuint (spec->max_inbound, ==, 128);
  g_assert_cmpuint (spec->max_message_size, ==, 16 * 1024 * 1024);
  g_assert_cmpuint (spec->max_write_queue, ==, 8 * 1024 * 1024);
  g_assert_cmpuint (spec->max_protocol_errors, ==, 100);
  g_assert_cmpuint (spec->log_lines, ==, 200);
  g_assert_null (spec->capabilities[0]);
  g_assert_null (spec->after[0]);
  g_assert_null (spec->group);
  g_assert_false (spec->no_new_privs);
  g_assert_cmpuint (spec->limit_address_space, ==, G_MAXUINT64);
  g_assert_cmpuint (spec->limit_files, ==, G_MAXUINT64);
  g_assert_cmpuint (spec->limit_processes, ==, G_MAXUINT64);
  g_assert_cmpuint (spec->limit_core, ==, G_MAXUINT64);
  g_assert_cmpint (spec->nice, ==, G_MININT);
  g_assert_cmpint (spec->oom_score_adj, ==, G_MININT);
  g_assert_cmpint (spec->umask, ==, -1);
}

static void
test_defaults_of_pspecs (void)
{
  g_autoptr(ExtensionHostSpec) spec = g_object_new (EXTENSION_HOST_TYPE_SPEC, NULL);
  guint n_pspecs = 0;
  guint n_rows = 0;
  g_autofree GParamSpec **pspecs =
    g_object_class_list_properties (G_OBJECT_GET_CLASS (spec), &n_pspecs);

  extension_host_spec_get_rows (&n_rows);
  g_assert_cmpuint (n_pspecs, ==, n_rows);

  for (guint i = 0; i < n_pspecs; i++)
    {
      g_auto(GValue) value = G_VALUE_INIT;

      if (G_PARAM_SPEC_VALUE_TYPE (pspecs[i]) == G_TYPE_STRV)
        continue;
      g_value_init (&value, G_PARAM_SPEC_VALUE_TYPE (pspecs[i]));
      g_object_get_property (G_OBJECT (spec), pspecs[i]->name, &value);
      g_assert_true (g_param_value_defaults (pspecs[i], &value));
    }
}

/* Something that is not the default. */
static void
fill_value (const ExtensionHostSpecRow *row,
            GValue                     *value)
{
  static const char * const strv[] = { "a", "b", NULL };

  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
      g_value_set_string (value, row->name);
      break;
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
      g_value_set_boxed (value, strv);
      break;
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
      g_value_set_boolean (value, TRUE);
      break;
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
      g_value_set_enum (value, 1);
      break;
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
      g_value_set_uint (value, 7777);
      break;
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
      g_value_set_uint64 (value, G_GUINT64_CONSTANT (0x123456789a));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      g_value_set_int (value, 7);
      break;
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
      g_value_set_double (value, 0.75);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
values_equal (GParamSpec   *pspec,
              const GValue *a,
              const GValue *b)
{
  if (G_VALUE_TYPE (a) == G_TYPE_STRV)
    return g_strv_equal (g_value_get_boxed (a), g_value_get_boxed (b));

  return g_param_values_cmp (pspec, a, b) == 0;
}

static void
on_notify (GObject    *object,
           GParamSpec *pspec,
           gpointer    user_data)
{
  guint *n_notified = user_data;

  (*n_notified)++;
}

static void
assert_round_trip (ExtensionHostSpec          *spec,
                   const ExtensionHostSpecRow *row)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (spec), row->name);
  g_autofree char *detailed = g_strconcat ("notify::", row->name, NULL);
  g_auto(GValue) before = G_VALUE_INIT;
  g_auto(GValue) value = G_VALUE_INIT;
  g_auto(GValue) after = G_VALUE_INIT;
  guint n_notified = 0;

  g_assert_true (pspec->flags & G_PARAM_EXPLICIT_NOTIFY);
  g_signal_connect (spec, detailed, G_CALLBACK (on_notify), &n_notified);
  g_value_init (&before, pspec->value_type);
  g_value_init (&value, pspec->value_type);
  g_value_init (&after, pspec->value_type);
  g_object_get_property (G_OBJECT (spec), row->name, &before);
  fill_value (row, &value);
  g_assert_false (values_equal (pspec, &before, &value));

  for (guint i = 0; i < 2; i++)
    {
      g_object_set_property (G_OBJECT (spec), row->name, &value);
      g_assert_cmpuint (n_notified, ==, 1);
      g_object_get_property (G_OBJECT (spec), row->name, &after);
      g_assert_true (values_equal (pspec, &value, &after));
    }

  g_object_set_property (G_OBJECT (spec), row->name, &before);
  g_assert_cmpuint (n_notified, ==, 2);
  g_object_get_property (G_OBJECT (spec), row->name, &after);
  g_assert_true (values_equal (pspec, &before, &after));
  g_signal_handlers_disconnect_by_func (spec, on_notify, &n_notified);
}

static void
test_round_trips (void)
{
  g_autoptr(ExtensionHostSpec) spec = new_spec ();
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);
  GObjectClass *klass = G_OBJECT_GET_CLASS (spec);

  g_assert_cmpstr (rows[0].name, ==, "id");
  g_assert_true (g_object_class_find_property (klass, "id")->flags & G_PARAM_CONSTRUCT_ONLY);
  for (guint i = 1; i < n_rows; i++)
    assert_round_trip (spec, &rows[i]);
}

static void
test_name (void)
{
  g_autoptr(ExtensionHostSpec) spec = new_spec ();
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_object_get (spec, "name", &first, NULL);
  g_assert_cmpstr (first, ==, "host");
  g_object_set (spec, "name", "My host", NULL);
  g_object_get (spec, "name", &second, NULL);
  g_assert_cmpstr (second, ==, "My host");
}

static void
test_lists_without_elements (void)
{
  g_autoptr(ExtensionHostSpec) spec = new_spec ();

  g_object_set (spec, "after", NULL, "argv", NULL, NULL);
  g_assert_nonnull (spec->after);
  g_assert_null (spec->after[0]);
  g_assert_nonnull (extension_host_spec_get_argv (spec));
}

static void
test_copy (void)
{
  g_autoptr(ExtensionHostSpec) spec = new_spec ();
  g_autoptr(ExtensionHostSpec) copy = NULL;
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 1; i < n_rows; i++)
    {
      GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (spec), rows[i].name);
      g_auto(GValue) value = G_VALUE_INIT;

      g_value_init (&value, pspec->value_type);
      fill_value (&rows[i], &value);
      g_object_set_property (G_OBJECT (spec), rows[i].name, &value);
    }

  copy = extension_host_spec_copy (spec);
  g_assert_cmpstr (copy->id, ==, "host");
  for (guint i = 0; i < n_rows; i++)
    {
      GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (spec), rows[i].name);
      g_auto(GValue) a = G_VALUE_INIT;
      g_auto(GValue) b = G_VALUE_INIT;

      g_value_init (&a, pspec->value_type);
      g_value_init (&b, pspec->value_type);
      g_object_get_property (G_OBJECT (spec), rows[i].name, &a);
      g_object_get_property (G_OBJECT (copy), rows[i].name, &b);
      g_assert_true (values_equal (pspec, &a, &b));
    }
}

static void
test_environ (void)
{
  static const char * const environment[] = { "A=1", "B=2", "A=3=4", "PWD=/x", NULL };
  g_autoptr(ExtensionHostSpec) spec = new_spec ();
  g_auto(GStrv) inherited = NULL;
  g_auto(GStrv) cleared = NULL;

  g_setenv ("TEST_SPEC", "here", TRUE);
  g_setenv ("EXTENSION_HOST_TREE", "outer", TRUE);
  g_setenv ("NODE_CHANNEL_FD", "9", TRUE);
  g_setenv ("NODE_CHANNEL_SERIALIZATION_MODE", "advanced", TRUE);
  g_setenv ("NODE_UNIQUE_ID", "1", TRUE);
  g_object_set (spec, "environment", environment, "working-directory", "/tmp", NULL);

  inherited = extension_host_spec_dup_environ (spec);
  g_assert_cmpstr (g_environ_getenv (inherited, "TEST_SPEC"), ==, "here");
  g_assert_cmpstr (g_environ_getenv (inherited, "A"), ==, "3=4");
  g_assert_cmpstr (g_environ_getenv (inherited, "PWD"), ==, "/tmp");
  g_assert_null (g_environ_getenv (inherited, "EXTENSION_HOST_TREE"));
  g_assert_null (g_environ_getenv (inherited, "NODE_CHANNEL_FD"));
  g_assert_null (g_environ_getenv (inherited, "NODE_CHANNEL_SERIALIZATION_MODE"));
  g_assert_null (g_environ_getenv (inherited, "NODE_UNIQUE_ID"));

  g_object_set (spec, "clear-environment", TRUE, NULL);
  cleared = extension_host_spec_dup_environ (spec);
  g_assert_cmpuint (g_strv_length (cleared), ==, 3);
  g_assert_cmpstr (g_environ_getenv (cleared, "B"), ==, "2");

  g_unsetenv ("TEST_SPEC");
  g_unsetenv ("EXTENSION_HOST_TREE");
  g_unsetenv ("NODE_CHANNEL_FD");
  g_unsetenv ("NODE_CHANNEL_SERIALIZATION_MODE");
  g_unsetenv ("NODE_UNIQUE_ID");
}

static void
test_presets (void)
{
  g_autoptr(ExtensionHostSpec) spec = new_spec ();
  g_autofree char *params = NULL;
  g_autofree char *own = NULL;

  g_assert_cmpint (extension_host_spec_get_framing (spec), ==, EXTENSION_HOST_FRAMING_LINES);
  g_assert_cmpint (extension_host_spec_get_ready_mode (spec), ==,
                   EXTENSION_HOST_READY_MODE_SPAWNED);
  g_assert_null (extension_host_spec_get_handshake_method (spec));
  g_assert_cmpstr (extension_host_spec_get_health_method (spec), ==, "ping");
  g_assert_cmpstr (extension_host_spec_get_shutdown_method (spec), ==, "shutdown");
  g_object_set (spec, "health-method", "", "shutdown-method", "bye", NULL);
  g_assert_null (extension_host_spec_get_health_method (spec));
  g_assert_cmpstr (extension_host_spec_get_shutdown_method (spec), ==, "bye");

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_LSP, NULL);
  g_assert_cmpint (extension_host_spec_get_framing (spec), ==,
                   EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  g_assert_cmpstr (extension_host_spec_get_handshake_method (spec), ==, "initialize");
  params = extension_host_spec_dup_handshake_params (spec);
  g_assert_true (g_str_has_prefix (params, "{\"processId\":null,"));
  g_object_set (spec, "handshake-params", "{\n\"a\":\r\n1}",
                "ready-mode", EXTENSION_HOST_READY_MODE_SPAWNED, NULL);
  own = extension_host_spec_dup_handshake_params (spec);
  g_assert_cmpstr (own, ==, "{ \"a\":  1}");
  g_assert_null (extension_host_spec_get_handshake_method (spec));

  g_object_set (spec, "transport", EXTENSION_HOST_TRANSPORT_NODE_IPC, NULL);
  g_assert_cmpint (extension_host_spec_get_framing (spec), ==, EXTENSION_HOST_FRAMING_LINES);
}

/* What the library sends by itself must pass its own check. */
static void
test_parameters_of_presets (void)
{
  for (guint i = 0; i <= EXTENSION_HOST_PROTOCOL_NONE; i++)
    {
      g_autoptr(ExtensionHostSpec) spec = new_spec ();
      g_autoptr(GError) error = NULL;
      g_autofree char *handshake = NULL;
      g_autofree char *probe = NULL;

      g_object_set (spec, "protocol", i, NULL);
      handshake = extension_host_spec_dup_handshake_params (spec);
      probe = extension_host_spec_dup_probe_params (spec);
      g_object_set (spec, "handshake-params", handshake, "probe-params", probe, NULL);
      extension_host_spec_validate (spec, &error);
      g_assert_no_error (error);
    }
}

static void
test_final_exits (void)
{
  static const char * const exits[] = { "0", "SIGSEGV", "TERM", "42", NULL };
  g_autoptr(ExtensionHostSpec) spec = new_spec ();

#define IS_FINAL(kind, value) \
  extension_host_spec_is_final_exit (spec, EXTENSION_HOST_EXIT_KIND_##kind, value)
  g_assert_false (IS_FINAL (EXITED, 0));
  g_object_set (spec, "no-restart-exits", exits, NULL);
  g_assert_true (IS_FINAL (EXITED, 0));
  g_assert_true (IS_FINAL (EXITED, 42));
  g_assert_false (IS_FINAL (EXITED, 11));
  g_assert_true (IS_FINAL (SIGNALLED, 11));
  g_assert_true (IS_FINAL (SIGNALLED, 15));
  g_assert_false (IS_FINAL (SIGNALLED, 42));
  g_assert_false (IS_FINAL (LOST, 0));
#undef IS_FINAL
}

static char *
squeeze (const char *text)
{
  g_autoptr(GRegex) regex = g_regex_new ("(\\s|\\*)+", 0, 0, NULL);

  return g_regex_replace_literal (regex, text, -1, 0, " ", 0, NULL);
}

/* Each row: a comment in the header that begins with the sentence of the row. */
static void
test_documentation (void)
{
  g_autofree char *path =
    g_test_build_filename (G_TEST_DIST, "..", "..", "src", "extension-host",
                           "extension-host-spec.h", NULL);
  g_autofree char *source = NULL;
  g_autofree char *header = NULL;
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  if (!g_file_get_contents (path, &source, NULL, NULL))
    {
      g_test_skip ("needs G_TEST_SRCDIR");
      return;
    }

  header = squeeze (source);
  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *expected =
        g_strdup_printf ("/ ExtensionHostSpec:%s: %s", rows[i].name, rows[i].doc);

      if (strstr (header, expected) == NULL)
        g_error ("no “%s” in %s", expected, path);
    }
}

int
main (int   argc,
      char *args[])
{
  g_test_init (&argc, &args, NULL);

  g_test_add_func ("/spec/defaults", test_defaults);
  g_test_add_func ("/spec/defaults-of-pspecs", test_defaults_of_pspecs);
  g_test_add_func ("/spec/round-trips", test_round_trips);
  g_test_add_func ("/spec/name", test_name);
  g_test_add_func ("/spec/lists-without-elements", test_lists_without_elements);
  g_test_add_func ("/spec/copy", test_copy);
  g_test_add_func ("/spec/environ", test_environ);
  g_test_add_func ("/spec/presets", test_presets);
  g_test_add_func ("/spec/parameters-of-presets", test_parameters_of_presets);
  g_test_add_func ("/spec/final-exits", test_final_exits);
  g_test_add_func ("/spec/documentation", test_documentation);

  return g_test_run ();
}
