/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-process-private.h"
#include "extension-host-records-private.h"
#include "extension-host-state-private.h"

/* Everything there is to know of a host, in one piece, for D-Bus and for support requests. */

#define add_enum extension_host_records_add_enum
#define add_string extension_host_records_add_string

static void
add_spec (GVariantDict      *dict,
          ExtensionHostSpec *spec)
{
  add_string (dict, "id", spec->id);
  add_string (dict, "name", extension_host_spec_get_name (spec));
  add_string (dict, "kind", spec->kind);
  add_string (dict, "group", spec->group);
  add_string (dict, "working-directory", spec->working_directory);
  add_enum (dict, "restart", EXTENSION_HOST_TYPE_RESTART_POLICY, spec->restart);
  g_variant_dict_insert_value (
    dict, "command-line", extension_host_records_new_strv ((const char * const *) spec->argv));
  g_variant_dict_insert_value (
    dict, "capabilities",
    extension_host_records_new_strv ((const char * const *) spec->capabilities));
}

static void
add_face (GVariantDict            *dict,
          const ExtensionHostFace *face)
{
  guint remaining = face->budget_limit - MIN (face->budget_used, face->budget_limit);

  add_enum (dict, "state", EXTENSION_HOST_TYPE_STATE, face->state);
  add_enum (dict, "desired", EXTENSION_HOST_TYPE_DESIRED, face->desired);
  add_enum (dict, "control", EXTENSION_HOST_TYPE_CONTROL, face->control);
  add_enum (dict, "readiness", EXTENSION_HOST_TYPE_READINESS, face->readiness);
  g_variant_dict_insert (dict, "pid", "u", face->pid);
  g_variant_dict_insert (dict, "generation", "t", face->generation);
  g_variant_dict_insert (dict, "restart-count", "u", face->restart_count);
  g_variant_dict_insert (dict, "restart-budget", "(uuu)", face->budget_limit, face->budget_used,
                         face->budget_window);
  g_variant_dict_insert (dict, "restart-budget-since", "t", (guint64) face->budget_since);
  g_variant_dict_insert (dict, "restarts-remaining", "u", remaining);
  g_variant_dict_insert (dict, "restarts-exhausted", "b", remaining == 0);
  g_variant_dict_insert (dict, "sequence", "t", face->sequence);
  g_variant_dict_insert (dict, "state-since", "t", (guint64) face->state_since);
  g_variant_dict_insert (dict, "pending-restart", "b", face->pending_restart);
  g_variant_dict_insert (dict, "next-restart", "t", (guint64) face->next_restart);
  g_variant_dict_insert (dict, "stale-events", "t", face->stale_events);
  g_variant_dict_insert (dict, "latency", "x", face->latency);
  g_variant_dict_insert (dict, "rss", "t", face->rss);
  g_variant_dict_insert (dict, "cpu-percent", "d", face->cpu_percent);
  add_string (dict, "status-text", face->status_text);
  g_variant_dict_insert (dict, "progress", "d", face->progress);
  if (face->last_health != NULL)
    g_variant_dict_insert_value (dict, "last-health",
                                 extension_host_health_to_variant (face->last_health));
  if (face->last_exit != NULL)
    g_variant_dict_insert_value (dict, "last-exit",
                                 extension_host_exit_to_variant (face->last_exit));
  if (face->last_control_failure != NULL)
    g_variant_dict_insert_value (dict, "last-control-failure", face->last_control_failure);
}

/* When it was seen to live. */
static void
add_life (GVariantDict         *dict,
          ExtensionHostProcess *self)
{
  gint64 age = g_get_monotonic_time () - self->replied_at;

  g_variant_dict_insert (dict, "operator-starts", "u", self->lifecycle.operator_starts);
  g_variant_dict_insert (dict, "ready-since", "t", (guint64) self->ready_since);
  g_variant_dict_insert (dict, "last-reply", "t",
                         (guint64) (self->replied_at != 0 ? g_get_real_time () - age : 0));
  g_variant_dict_insert (dict, "pending-calls", "u", extension_host_rpc_get_pending (self->rpc));
  g_variant_dict_insert (dict, "queued-bytes", "t",
                         (guint64) extension_host_rpc_get_queued (self->rpc));
  g_variant_dict_insert (dict, "protocol-errors", "t", self->protocol_errors);
}

/* a(sss): id, state, error */
GVariant *
extension_host_process_new_extensions (ExtensionHostProcess *self)
{
  GListModel *extensions = extension_host_process_get_extensions (self);
  GVariantBuilder builder;
  guint n = g_list_model_get_n_items (extensions);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sss)"));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(ExtensionHostExtension) extension = g_list_model_get_item (extensions, i);
      const GError *error = extension_host_extension_get_error (extension);
      const char *state =
        extension_host_enum_to_nick (EXTENSION_HOST_TYPE_EXTENSION_STATE,
                                     (int) extension_host_extension_get_state (extension));

      g_variant_builder_add (&builder, "(sss)", extension_host_extension_get_id (extension), state,
                             error != NULL ? error->message : "");
    }

  return g_variant_builder_end (&builder);
}

static void
add_stop (GVariantDict              *dict,
          const ExtensionHostLadder *ladder)
{
  if (ladder->began == 0)
    return;

  add_enum (dict, "stop-rung", EXTENSION_HOST_TYPE_STOP_RUNG, ladder->rung);
  if (ladder->deadline.reactor != NULL)
    g_variant_dict_insert (dict, "stop-deadline", "t",
                           (guint64) (g_get_real_time () + ladder->deadline.due -
                                      g_get_monotonic_time ()));
}

/**
 * extension_host_process_describe:
 * @self: a host
 *
 * Describes the host: what its properties say and what its spec says, but no environment.
 *
 * The keys are the names of the properties; times are in µs since the epoch, and 0 if it has not happened.
 * Besides there are `operator-starts`, how often somebody started or restarted it; `restart-budget-since`, when
 * the count of restarts in the budget last changed, `restarts-remaining` and `restarts-exhausted`;
 * `ready-since`; `last-reply`, when the host last answered a call; and while it is being ended `stop-rung` and
 * `stop-deadline`.
 *
 * Returns: (transfer full): the description, of type `a{sv}`
 *
 * Since: 0.1
 */
GVariant *
extension_host_process_describe (ExtensionHostProcess *self)
{
  GVariantDict dict;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  g_variant_dict_init (&dict, NULL);
  add_spec (&dict, self->spec);
  add_face (&dict, &self->face);
  add_life (&dict, self);
  g_variant_dict_insert_value (&dict, "extensions",
                               extension_host_process_new_extensions (self));
  add_stop (&dict, &self->ladder);

  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/**
 * extension_host_process_dup_log:
 * @self: a host
 * @max: how many lines at most
 *
 * Gets the last lines that the host wrote, oldest first. How many are kept says
 * [property@ExtensionHost.Spec:log-lines].
 *
 * Returns: (transfer full): the lines, of type `a(tss)`: time in µs since the epoch, stream
 *   (`stdout`, `stderr`, `host`), text
 *
 * Since: 0.1
 */
GVariant *
extension_host_process_dup_log (ExtensionHostProcess *self,
                                guint                 max)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return extension_host_log_ring_dup (&self->log, max);
}

/**
 * extension_host_process_dup_history:
 * @self: a host
 *
 * Gets the last 100 transitions, oldest first. The one that is being announced is among them.
 *
 * Returns: (transfer container) (element-type ExtensionHost.Transition): the transitions, which the
 *   array frees
 *
 * Since: 0.1
 */
GPtrArray *
extension_host_process_dup_history (ExtensionHostProcess *self)
{
  GPtrArray *history = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  history = g_ptr_array_new_full (self->history.length,
                                  (GDestroyNotify) extension_host_transition_unref);
  for (GList *link = self->history.head; link != NULL; link = link->next)
    g_ptr_array_add (history, extension_host_transition_ref (link->data));

  return history;
}
