/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Extensions in a host: when they are activated, lost, added and removed. */

#include "extension-util.h"

#include <string.h>

#define PLAIN(fixture) rpc_spec_new (fixture, "h", "--tell", NULL)

/* How often @line, or one that begins so if it ends in “*”, was in the output. */
static guint
count_lines (ExtensionScene *scene,
             const char     *pattern)
{
  guint n = 0;

  for (guint i = 0; i < scene->record->lines->len; i++)
    n += g_pattern_match_simple (pattern, g_ptr_array_index (scene->record->lines, i));

  return n;
}

/* The position of the first such line. */
static guint
find_line (ExtensionScene *scene,
           const char     *pattern)
{
  for (guint i = 0; i < scene->record->lines->len; i++)
    if (g_pattern_match_simple (pattern, g_ptr_array_index (scene->record->lines, i)))
      return i;

  return G_MAXUINT;
}

/* Activation */

static void
test_states (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  Extension *extension = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  extension = extension_add (&scene, "a", "/x/ok");
  g_assert_true (extension_is (extension, INACTIVE));
  g_assert_cmpuint (extension_host_extension_get_activations (extension), ==, 0);

  for (guint i = 1; i <= 3; i++)
    {
      extension_scene_start (&scene);
      extension_wait (&scene, extension, ACTIVE);
      g_assert_cmpuint (extension_host_extension_get_activations (extension), ==, i);
      extension_scene_stop (&scene);
      g_assert_true (extension_is (extension, LOST));
      g_assert_null (extension_host_extension_get_error (extension));
    }
  g_assert_cmpstr (extension_trace (&scene, "a"), ==,
                   "activating active lost activating active lost activating active lost");
  g_assert_cmpuint (count_lines (&scene, "asked extension/activate "
                                 "{\"id\":\"a\",\"path\":\"/x/ok\"}"), ==, 3);
}

static const ExtensionHostReadyMode ready_modes[] = {
  EXTENSION_HOST_READY_MODE_SPAWNED,
  EXTENSION_HOST_READY_MODE_NOTIFICATION,
  EXTENSION_HOST_READY_MODE_HANDSHAKE,
};

/* What was called before the host was ready comes after the activation, that it may need. */
static void
test_ready_mode (TestFixture   *fixture,
                 gconstpointer  data)
{
  const ExtensionHostReadyMode *mode = data;
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--tell", "--ready-after=20", NULL);
  Extension *first = NULL, *second = NULL;

  g_object_set (spec, "ready-mode", *mode, NULL);
  if (*mode == EXTENSION_HOST_READY_MODE_HANDSHAKE)
    g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_MCP, NULL);
  extension_scene_init (&scene, fixture, spec);
  first = extension_add (&scene, "a", "/x/ok");
  g_assert_true (extension_host_process_start (scene.process, NULL));
  rpc_call (&call, scene.process, "echo", "[1]", 0, NULL);
  second = extension_add (&scene, "b", "/x/ok");
  rpc_wait (fixture, &call);
  rpc_assert_text (&call, "[1]");
  g_assert_true (extension_is (first, ACTIVE));   /* it was answered before */
  g_assert_true (extension_is (second, ACTIVE));

  test_wait_until (fixture, count_lines (&scene, "asked echo*") > 0);
  g_assert_cmpuint (count_lines (&scene, "asked extension/activate*"), ==, 2);
  g_assert_cmpuint (find_line (&scene, "asked extension/activate*\"b\"*"), <,
                    find_line (&scene, "asked echo*"));
  g_assert_cmpuint (find_line (&scene, "asked extension/activate*\"a\"*"), <,
                    find_line (&scene, "asked extension/activate*\"b\"*"));
  if (*mode == EXTENSION_HOST_READY_MODE_HANDSHAKE)
    g_assert_cmpuint (find_line (&scene, "told notifications/initialized*"), <,
                      find_line (&scene, "asked extension/activate*"));
  extension_scene_stop (&scene);
}

static void
test_failure (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };
  Extension *extension = NULL, *other = NULL;
  const GError *error = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  extension = extension_add (&scene, "a", "/x/fail");
  other = extension_add (&scene, "b", "/x/ok");
  extension_scene_start (&scene);
  extension_wait (&scene, extension, FAILED);
  extension_wait (&scene, other, ACTIVE);
  error = extension_host_extension_get_error (extension);
  g_assert_error (error, EXTENSION_HOST_RPC_ERROR, -32050);
  g_assert_nonnull (strstr (error->message, "cannot find its soul"));

  extension_call (&call, extension, scene.process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
  g_assert_nonnull (strstr (call.error->message, "cannot find its soul"));

  /* Not before the host is started anew */
  other = extension_add (&scene, "c", "/x/ok");
  extension_wait (&scene, other, ACTIVE);
  g_assert_true (extension_host_extension_release (extension, NULL));
  g_free (rpc_ask (fixture, scene.process, "echo", NULL));
  g_assert_cmpuint (count_lines (&scene, "asked extension/activate*\"a\"*"), ==, 1);
  extension_scene_stop (&scene);
  g_assert_true (extension_is (extension, FAILED));
  extension_scene_start (&scene);
  test_wait_until (fixture, g_str_equal (extension_trace (&scene, "a"),
                                         "activating failed activating failed"));
  g_assert_cmpuint (extension_host_extension_get_activations (extension), ==, 0);
  extension_scene_stop (&scene);
}

static void
test_timeout (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  ExtensionHostSpec *spec = PLAIN (fixture);
  Extension *extension = NULL;

  g_object_set (spec, "request-timeout", 50, NULL);
  extension_scene_init (&scene, fixture, spec);
  extension = extension_add (&scene, "a", "/x/hold");
  extension_scene_start (&scene);
  extension_wait (&scene, extension, FAILED);
  g_assert_error (extension_host_extension_get_error (extension), EXTENSION_HOST_ERROR,
                  EXTENSION_HOST_ERROR_TIMED_OUT);

  /* An answer that comes too late changes nothing. What brings it has the time that it takes. */
  g_object_set (extension_host_process_get_spec (scene.process), "request-timeout", 60 * 1000, NULL);
  g_free (rpc_ask (fixture, scene.process, "let", NULL));
  g_assert_true (extension_is (extension, FAILED));
  g_assert_cmpuint (rpc_get_stale (scene.process), ==, 1);
  extension_scene_stop (&scene);
}

/* Adding and removing */

static void
assert_add_fails (ExtensionHostProcess *process,
                  const char           *id,
                  int                   code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (extension_host_process_add_extension (process, id, "/x/ok", &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, code);
}

static void
assert_remove_fails (ExtensionHostProcess *process,
                     const char           *id,
                     int                   code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (extension_host_process_remove_extension (process, id, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, code);
}

static void
test_refusals (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(ExtensionScene) mute = { NULL };
  ExtensionHostSpec *spec = PLAIN (fixture);

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_NONE, NULL);
  extension_scene_init (&mute, fixture, spec);
  assert_add_fails (mute.process, "a", EXTENSION_HOST_ERROR_NOT_SUPPORTED);

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  extension_add (&scene, "a", "/x/ok");
  assert_add_fails (scene.process, "a", EXTENSION_HOST_ERROR_EXISTS);
  assert_remove_fails (scene.process, "b", EXTENSION_HOST_ERROR_NOT_FOUND);
  g_object_run_dispose (G_OBJECT (scene.process));
  assert_add_fails (scene.process, "b", EXTENSION_HOST_ERROR_CLOSED);
  assert_remove_fails (scene.process, "a", EXTENSION_HOST_ERROR_CLOSED);
}

static void
test_add_any_time (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(GError) error = NULL;

  extension_scene_init_immortal (&scene, fixture);
  g_assert_true (extension_host_process_start (scene.process, NULL));
  extension_add (&scene, "starting", "/x/ok");
  extension_add (&scene, "gone", "/x/ok");
  g_assert_true (extension_host_process_remove_extension (scene.process, "gone", &error));
  test_wait_until (fixture, extension_all_are (&scene, ACTIVE));
  extension_add (&scene, "running", "/x/ok");
  test_wait_until (fixture, extension_all_are (&scene, ACTIVE));

  extension_host_process_call_async (scene.process, "die", NULL, 0, NULL, NULL, NULL);
  test_wait_until (fixture, extension_host_process_get_state (scene.process) ==
                            EXTENSION_HOST_STATE_RESTARTING);
  extension_add (&scene, "restarting", "/x/ok");
  g_assert_true (extension_host_process_remove_extension (scene.process, "running", &error));
  test_wait_until (fixture, extension_all_are (&scene, ACTIVE));
  g_assert_cmpstr (extension_trace (&scene, "starting"), ==,
                   "activating active lost activating active");
  g_assert_cmpstr (extension_trace (&scene, "restarting"), ==, "activating active");
  g_assert_cmpstr (extension_trace (&scene, "running"), ==, "activating active lost inactive");
  g_assert_cmpstr (extension_trace (&scene, "gone"), ==, "");
  extension_scene_stop (&scene);
}

static void
test_remove_busy (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };
  g_autoptr(ExtensionHostExtension) activating = NULL;
  g_autoptr(ExtensionHostExtension) busy = NULL;
  g_autoptr(GError) error = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  busy = g_object_ref (extension_add (&scene, "busy", "/x/ok"));
  extension_scene_start (&scene);
  extension_wait (&scene, busy, ACTIVE);
  extension_call (&call, busy, scene.process, "hold", NULL, 0, NULL);
  activating = g_object_ref (extension_add (&scene, "activating", "/x/hold"));
  test_wait_until (fixture, count_lines (&scene, "held*") == 2);

  g_assert_true (extension_host_process_remove_extension (scene.process, "busy", &error));
  g_assert_true (extension_host_process_remove_extension (scene.process, "activating", &error));
  g_assert_true (extension_is (busy, INACTIVE));
  g_assert_true (extension_is (activating, INACTIVE));
  g_assert_cmpuint (call.n_answers, ==, 0);
  test_wait_until (fixture,
                   count_lines (&scene, "asked extension/deactivate {\"id\":\"busy\"}") == 1);
  test_wait_until (fixture, count_lines (&scene, "asked extension/deactivate*") == 2);

  /* A new one of the same name is not taken for the old one. */
  extension_add (&scene, "activating", "/x/never");
  g_free (rpc_ask (fixture, scene.process, "let", NULL));
  rpc_assert_text (&call, "\"let\"");
  g_assert_true (extension_is (activating, INACTIVE));
  g_assert_true (extension_is (extension_nth (scene.process, 0), ACTIVATING));
  g_assert_cmpuint (extension_host_extension_get_activations (activating), ==, 0);
  extension_scene_stop (&scene);
}

static void
assert_closed (TestFixture *fixture,
               Extension   *extension)
{
  g_auto(RpcCall) call = { NULL };
  g_autoptr(GError) error = NULL;

  extension_call (&call, extension, NULL, "echo", NULL, 0, NULL);
  g_assert_cmpuint (call.n_answers, ==, 0);
  rpc_wait (fixture, &call);
  g_assert_error (call.error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_assert_false (extension_host_extension_release (extension, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
}

static void
test_removed (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(ExtensionHostExtension) extension = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  extension = g_object_ref (extension_add (&scene, "a", "/x/ok"));
  extension_scene_start (&scene);
  extension_wait (&scene, extension, ACTIVE);
  g_assert_true (extension_host_process_remove_extension (scene.process, "a", NULL));
  assert_closed (fixture, extension);
  g_assert_cmpstr (extension_trace (&scene, "a"), ==, "activating active inactive");
  extension_scene_stop (&scene);
}

static void
test_outlive (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(ExtensionHostExtension) extension = NULL;
  g_autoptr(ExtensionHostExtension) activating = NULL;
  g_autoptr(GListModel) list = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  list = g_object_ref (extension_host_process_get_extensions (scene.process));
  extension = g_object_ref (extension_add (&scene, "a", "/x/ok"));
  activating = g_object_ref (extension_add (&scene, "b", "/x/never"));
  extension_scene_start (&scene);
  extension_wait (&scene, extension, ACTIVE);
  g_clear_object (&scene.process);
  test_wait_until (fixture, scene.watched == NULL);

  assert_closed (fixture, extension);
  assert_closed (fixture, activating);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2);
  g_assert_cmpstr (extension_host_extension_get_path (extension), ==, "/x/ok");
}

/* Who keeps an extension is not told that its host is gone, but may look. */
static void
test_outlive_state (TestFixture   *fixture,
                    gconstpointer  data)
{
  gboolean dispose = GPOINTER_TO_INT (data);
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(ExtensionHostExtension) extension = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  extension = g_object_ref (extension_add (&scene, "a", "/x/ok"));
  extension_scene_start (&scene);
  extension_wait (&scene, extension, ACTIVE);
  if (dispose)
    g_object_run_dispose (G_OBJECT (scene.process));
  g_clear_object (&scene.process);
  test_wait_until (fixture, scene.watched == NULL);
  g_assert_false (extension_is (extension, ACTIVE));
}

static void
on_added_remove (GListModel           *list,
                 guint                 position G_GNUC_UNUSED,
                 guint                 n_removed G_GNUC_UNUSED,
                 guint                 n_added,
                 ExtensionHostProcess *process)
{
  if (n_added > 0)
    extension_host_process_remove_extension (process, "a", NULL);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
}

/* NULL comes with an error, whatever handlers do. */
static void
test_add_removed (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(GError) error = NULL;
  Extension *extension = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  g_signal_connect (extension_host_process_get_extensions (scene.process), "items-changed",
                    G_CALLBACK (on_added_remove), scene.process);
  extension = extension_host_process_add_extension (scene.process, "a", "/x/ok", &error);
  g_assert_true ((extension == NULL) == (error != NULL));
}

/* The list */

static void
on_items_changed (GListModel *list G_GNUC_UNUSED,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  GString    *text)
{
  g_string_append_printf (text, "%u:-%u+%u ", position, n_removed, n_added);
}

static void
test_list (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(GString) changes = g_string_new (NULL);
  g_autoptr(GListModel) list = NULL;
  g_autoptr(GListModel) again = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  g_object_get (scene.process, "extensions", &list, NULL);
  g_signal_connect (list, "items-changed", G_CALLBACK (on_items_changed), changes);
  g_assert_true (g_list_model_get_item_type (list) == EXTENSION_HOST_TYPE_EXTENSION);
  extension_add (&scene, "a", "/x/ok");
  extension_add (&scene, "b", "/x/ok");
  extension_add (&scene, "c", "/x/ok");
  assert_add_fails (scene.process, "b", EXTENSION_HOST_ERROR_EXISTS);
  extension_scene_start (&scene);
  test_wait_until (fixture, extension_all_are (&scene, ACTIVE));
  g_assert_true (extension_host_process_remove_extension (scene.process, "b", NULL));
  extension_scene_stop (&scene);

  g_assert_cmpstr (changes->str, ==, "0:-0+1 1:-0+1 2:-0+1 1:-1+0 ");
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2);
  g_assert_null (g_list_model_get_item (list, 2));
  g_assert_cmpstr (extension_host_extension_get_id (extension_nth (scene.process, 1)), ==, "c");
  g_object_get (scene.process, "extensions", &again, NULL);
  g_assert_true (list == again);
  g_assert_true (list == extension_host_process_get_extensions (scene.process));
}

static void
test_describe (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GVariant) extensions = NULL;
  g_autofree char *text = NULL;
  Extension *failed = NULL;

  extension_scene_init (&scene, fixture, PLAIN (fixture));
  extension_add (&scene, "a", "/x/ok");
  failed = extension_add (&scene, "b", "/x/fail");
  extension_scene_start (&scene);
  extension_wait (&scene, failed, FAILED);
  description = extension_host_process_describe (scene.process);
  extensions = g_variant_lookup_value (description, "extensions", G_VARIANT_TYPE ("a(sss)"));
  text = g_variant_print (extensions, FALSE);
  g_assert_cmpstr (text, ==, "[('a', 'active', ''), ('b', 'failed', 'cannot find its soul')]");
  extension_scene_stop (&scene);
}

/* A file may have any name, and an id may come from one. */
static void
test_not_utf8 (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GError) error = NULL;

  extension_scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  extension_add (&scene, "path", "/\xff/ok");
  extension_host_process_add_extension (scene.process, "\xff", "/x/ok", &error);
  extension_scene_start (&scene);
  test_wait_until (fixture, extension_all_are (&scene, ACTIVE));
  description = extension_host_process_describe (scene.process);
  g_assert_true (g_variant_is_normal_form (description));
  extension_scene_stop (&scene);
}

/* Thousands of them take their time each, and not that of all others. */
static double
time_many (TestFixture *fixture,
           guint        n)
{
  g_auto(ExtensionScene) scene = { NULL };
  gint64 began = g_get_monotonic_time ();
  gint64 added = 0, active = 0, lost = 0;

  extension_scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("extension-%u", i);

      extension_add (&scene, id, "/x/ok");
    }
  added = g_get_monotonic_time ();
  extension_scene_start (&scene);
  test_wait_until (fixture, extension_is (extension_nth (scene.process, n - 1), ACTIVE));
  g_assert_true (extension_all_are (&scene, ACTIVE));
  active = g_get_monotonic_time ();
  extension_scene_stop (&scene);
  g_assert_true (extension_all_are (&scene, LOST));
  lost = g_get_monotonic_time ();
  g_test_message ("%u extensions: added in %" G_GINT64_FORMAT " µs, active after %" G_GINT64_FORMAT
                  " µs, lost after %" G_GINT64_FORMAT " µs", n, added - began, active - added,
                  lost - active);

  return (double) (active - began);
}

static void
test_many (TestFixture   *fixture,
           gconstpointer  data)
{
  double few = G_MAXDOUBLE, many = G_MAXDOUBLE;

  for (guint i = 0; i < 5; i++)   /* the best of some: others are at work on the machine, too */
    {
      few = MIN (few, time_many (fixture, 1000));
      many = MIN (many, time_many (fixture, 4000));
    }

  g_test_message ("four times as many take %.1f times as long", many / few);
  g_assert_cmpfloat (few, <, 5 * G_USEC_PER_SEC);
  g_assert_cmpfloat (many / few, <, 8);
}

int
main (int    argc,
      char **argv)
{
  static const char *const mode_names[] = { "spawned", "notification", "handshake" };

  g_test_init (&argc, &argv, NULL);

  test_add ("/extensions/states", NULL, test_states);
  for (guint i = 0; i < G_N_ELEMENTS (ready_modes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/extensions/ready/%s", mode_names[i]);

      test_add (path, &ready_modes[i], test_ready_mode);
    }
  test_add ("/extensions/failure", NULL, test_failure);
  test_add ("/extensions/timeout", NULL, test_timeout);
  test_add ("/extensions/refusals", NULL, test_refusals);
  test_add ("/extensions/add-any-time", NULL, test_add_any_time);
  test_add ("/extensions/remove-busy", NULL, test_remove_busy);
  test_add ("/extensions/removed", NULL, test_removed);
  test_add ("/extensions/outlive", NULL, test_outlive);
  test_add ("/extensions/outlive/dropped", GINT_TO_POINTER (FALSE), test_outlive_state);
  test_add ("/extensions/outlive/disposed", GINT_TO_POINTER (TRUE), test_outlive_state);
  test_add ("/extensions/add-removed", NULL, test_add_removed);
  test_add ("/extensions/list", NULL, test_list);
  test_add ("/extensions/describe", NULL, test_describe);
  test_add ("/extensions/not-utf8", NULL, test_not_utf8);
  test_add ("/extensions/many", NULL, test_many);

  return g_test_run ();
}
