/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "extension-util.h"

#include <glib/gstdio.h>

/* Watching */

static void
assert_none_looks_alive (ExtensionHostProcess *process)
{
  GListModel *extensions = extension_host_process_get_extensions (process);

  for (guint i = 0; i < g_list_model_get_n_items (extensions); i++)
    {
      Extension *extension = extension_nth (process, i);

      if (extension_is (extension, ACTIVATING) || extension_is (extension, ACTIVE))
        g_error ("extension %s is %s in a host that is %s",
                 extension_host_extension_get_id (extension),
                 extension_is (extension, ACTIVE) ? "active" : "activating",
                 extension_host_state_to_string (extension_host_process_get_state (process)));
    }
}

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  ExtensionScene          *self)
{
  self->n_changes++;
  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_RUNNING)
    assert_none_looks_alive (process);
}

static GString *
get_trace (ExtensionScene *self,
           const char     *id)
{
  GString *trace = g_hash_table_lookup (self->traces, id);

  if (trace == NULL)
    {
      trace = g_string_new (NULL);
      g_hash_table_insert (self->traces, g_strdup (id), trace);
    }

  return trace;
}

static void
on_extension_state (Extension      *extension,
                    GParamSpec     *pspec G_GNUC_UNUSED,
                    ExtensionScene *self)
{
  GString *trace = get_trace (self, extension_host_extension_get_id (extension));
  g_autoptr(GEnumClass) states = g_type_class_ref (EXTENSION_HOST_TYPE_EXTENSION_STATE);
  ExtensionState state = extension_host_extension_get_state (extension);

  g_string_append (trace, trace->len > 0 ? " " : "");
  g_string_append (trace, g_enum_get_value (states, (int) state)->value_nick);

  g_assert_true ((extension_host_extension_get_error (extension) != NULL) ==
                 (state == FAILED || state == QUARANTINED));
  if (state == ACTIVE && self->watched != NULL)
    g_assert_cmpint (extension_host_process_get_state (self->watched), ==,
                     EXTENSION_HOST_STATE_RUNNING);
}

static void
on_items_changed (GListModel     *extensions,
                  guint           position,
                  guint           n_removed G_GNUC_UNUSED,
                  guint           n_added,
                  ExtensionScene *self)
{
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr(GObject) extension = g_list_model_get_item (extensions, i);

      g_signal_connect (extension, "notify::state", G_CALLBACK (on_extension_state), self);
    }
}

static void
free_trace (gpointer trace)
{
  g_string_free (trace, TRUE);
}

/* Takes @spec over. */
void
extension_scene_init (ExtensionScene    *self,
                      TestFixture       *fixture,
                      ExtensionHostSpec *spec)
{
  self->fixture = fixture;
  self->traces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_trace);
  self->process = self->watched = extension_host_process_new (spec);
  g_object_add_weak_pointer (G_OBJECT (self->process), &self->watched);
  g_object_unref (spec);
  g_signal_connect (self->process, "state-changed", G_CALLBACK (on_state_changed), self);
  g_signal_connect (extension_host_process_get_extensions (self->process), "items-changed",
                    G_CALLBACK (on_items_changed), self);
  self->record = test_record_new (self->process);
}

void
extension_scene_init_immortal (ExtensionScene *self,
                               TestFixture    *fixture)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autofree char *variable = NULL;
  g_autoptr(GError) error = NULL;

  self->marks = g_dir_make_tmp (NULL, &error);
  g_assert_no_error (error);
  variable = g_strconcat ("EXTENSION_MARKS=", self->marks, NULL);
  g_object_set (spec,
                "environment", ((const char *[]) { fixture->tag, variable, NULL }),
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "max-restarts", EXTENSION_HOST_UNLIMITED,
                "backoff-initial", 10,
                "backoff-factor", 1.0,
                NULL);
  extension_scene_init (self, fixture, spec);
}

static void
remove_marks (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Nobody but the test may have kept the host. */
void
extension_scene_clear (ExtensionScene *self)
{
  test_record_free (self->record);
  g_clear_object (&self->process);
  test_wait_until (self->fixture, self->watched == NULL);
  g_hash_table_unref (self->traces);
  if (self->marks != NULL)
    remove_marks (self->marks);
  g_free (self->marks);
}

void
extension_scene_start (ExtensionScene *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_start (self->process, &error));
  g_assert_no_error (error);
  rpc_wait_running (self->fixture, self->process);
}

void
extension_scene_stop (ExtensionScene *self)
{
  rpc_stop (self->process);
}

/* Extensions */

Extension *
extension_add (ExtensionScene *scene,
               const char     *id,
               const char     *path)
{
  g_autoptr(GError) error = NULL;
  Extension *extension = extension_host_process_add_extension (scene->process, id, path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (extension_host_extension_get_id (extension), ==, id);
  g_assert_cmpstr (extension_host_extension_get_path (extension), ==, path);

  return extension;
}

gboolean
extension_is (Extension      *extension,
              ExtensionState  state)
{
  return extension_host_extension_get_state (extension) == state;
}

/* The list has the reference. */
Extension *
extension_nth (ExtensionHostProcess *process,
               guint                 position)
{
  g_autoptr(ExtensionHostExtension) extension =
    g_list_model_get_item (extension_host_process_get_extensions (process), position);

  return extension;
}

const char *
extension_trace (ExtensionScene *scene,
                 const char     *id)
{
  return get_trace (scene, id)->str;
}

gboolean
extension_all_are (ExtensionScene *scene,
                   ExtensionState  state)
{
  GListModel *extensions = extension_host_process_get_extensions (scene->process);

  for (guint i = 0; i < g_list_model_get_n_items (extensions); i++)
    if (!extension_is (extension_nth (scene->process, i), state))
      return FALSE;

  return TRUE;
}

void
extension_assert_suspects (ExtensionScene *scene,
                           const char     *expected)
{
  ExtensionHostExit *end = extension_host_process_get_last_exit (scene->process);
  g_autofree char *suspects = NULL;

  g_assert_nonnull (end);
  suspects = g_strjoinv (" ", (char **) extension_host_exit_get_suspects (end));
  g_assert_cmpstr (suspects, ==, expected);
}

/* Calls */

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  RpcCall *self = user_data;
  ExtensionHostCallFailure *failure = NULL;
  g_autoptr(JsonNode) node =
    extension_host_extension_call_finish (EXTENSION_HOST_EXTENSION (object), result, &self->error);

  g_assert_cmpuint (++self->n_answers, ==, 1);
  self->took = g_get_monotonic_time () - self->began;
  self->text = node != NULL ? json_to_string (node, FALSE) : NULL;
  g_assert_true ((node == NULL) == (self->error != NULL));
  if (self->process != NULL)
    failure = extension_host_process_get_call_failure (self->process, result);
  if (failure != NULL)
    self->failure = extension_host_call_failure_ref (failure);
}

/* @process is its host, or NULL if that may be gone by then. */
void
extension_call (RpcCall              *call,
                Extension            *extension,
                ExtensionHostProcess *process,
                const char           *command,
                const char           *arguments,
                guint                 timeout_ms,
                GCancellable         *cancellable)
{
  g_autoptr(JsonNode) node = arguments != NULL ? rpc_json (arguments) : NULL;

  *call = (RpcCall) { .process = process, .began = g_get_monotonic_time () };
  extension_host_extension_call_async (extension, command, node, timeout_ms, cancellable, on_answer,
                                       call);
}

/* Nobody waits for the answer. */
void
extension_order (Extension  *extension,
                 const char *command)
{
  extension_host_extension_call_async (extension, command, NULL, 0, NULL, NULL, NULL);
}
