/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-log-private.h"
#include "extension-host-process-face-private.h"

/* What the outside sees of a host: its properties, its signals and its lines in the journal. */

#define properties extension_host_process_properties
#define signals extension_host_process_signals

#define TELL_KEEPER(func, ...) \
  G_STMT_START \
    { \
      if (self->keeper != NULL) \
        self->keeper_funcs->func (self, __VA_ARGS__); \
    } \
  G_STMT_END

GVariant *
extension_host_process_new_budget (ExtensionHostProcess *self)
{
  return g_variant_new ("(uuu)", self->face.budget_limit, self->face.budget_used,
                        self->face.budget_window);
}

#define SHOW(field, value, property) \
  G_STMT_START \
    { \
      if (self->face.field != (value)) \
        { \
          self->face.field = (value); \
          g_object_notify_by_pspec (G_OBJECT (self), properties[property]); \
        } \
    } \
  G_STMT_END

static void
show_budget (ExtensionHostProcess *self)
{
  guint window = self->spec->restart_window;
  guint used = extension_host_restart_budget_count (&self->lifecycle.budget,
                                                    g_get_monotonic_time (), window);

  if (self->face.budget_limit == self->spec->max_restarts && self->face.budget_used == used &&
      self->face.budget_window == window / 1000)
    return;

  if (self->face.budget_used != used)
    self->face.budget_since = g_get_real_time ();
  self->face.budget_limit = self->spec->max_restarts;
  self->face.budget_used = used;
  self->face.budget_window = window / 1000;
  g_clear_pointer (&self->face.budget, g_variant_unref);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RESTART_BUDGET]);
}

static void
show_health (ExtensionHostProcess *self)
{
  gboolean lives = self->readiness == EXTENSION_HOST_READINESS_READY && self->last_health != NULL;

  if (self->face.last_health != self->last_health)
    {
      g_clear_pointer (&self->face.last_health, extension_host_health_unref);
      if (self->last_health != NULL)
        self->face.last_health = extension_host_health_ref (self->last_health);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAST_HEALTH]);
    }

  /* What a host that has ended took last would only mislead. */
  SHOW (latency, lives ? self->latency : -1, PROP_LATENCY);
  SHOW (rss, lives ? extension_host_health_get_rss (self->last_health) : 0, PROP_RSS);
  SHOW (cpu_percent, lives ? extension_host_health_get_cpu_percent (self->last_health) : 0,
        PROP_CPU_PERCENT);
}

static void
show_status (ExtensionHostProcess *self)
{
  if (g_strcmp0 (self->face.status_text, self->status_text) != 0)
    {
      g_free (self->face.status_text);
      self->face.status_text = g_strdup (self->status_text);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS_TEXT]);
    }
  SHOW (progress, self->progress, PROP_PROGRESS);
}

/* Shows what changed apart from the state, which changes with its announcement. */
void
extension_host_process_update_face (ExtensionHostProcess *self)
{
  ExtensionHostLifecycle *lifecycle = &self->lifecycle;
  gboolean pending = lifecycle->pending_restart ||
                     lifecycle->state == EXTENSION_HOST_STATE_RESTARTING;
  gboolean readiness_changed = self->face.readiness != self->readiness;

  g_object_freeze_notify (G_OBJECT (self));
  SHOW (desired, lifecycle->desired, PROP_DESIRED);
  SHOW (control, lifecycle->control, PROP_CONTROL);
  SHOW (readiness, self->readiness, PROP_READINESS);
  SHOW (pid, self->pid, PROP_PID);
  SHOW (generation, lifecycle->generation, PROP_GENERATION);
  SHOW (restart_count, lifecycle->restart_count, PROP_RESTART_COUNT);
  SHOW (pending_restart, pending, PROP_PENDING_RESTART);
  SHOW (next_restart, self->next_restart, PROP_NEXT_RESTART);
  SHOW (stale_events, lifecycle->stale_events, PROP_STALE_EVENTS);
  show_budget (self);
  show_health (self);
  show_status (self);

  if (self->face.last_exit != self->last_exit)
    {
      g_clear_pointer (&self->face.last_exit, extension_host_exit_unref);
      self->face.last_exit = extension_host_exit_ref (self->last_exit);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAST_EXIT]);
    }

  if (self->face.last_control_failure != self->last_control_failure)
    {
      g_clear_pointer (&self->face.last_control_failure, g_variant_unref);
      self->face.last_control_failure = g_variant_ref (self->last_control_failure);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAST_CONTROL_FAILURE]);
    }
  g_object_thaw_notify (G_OBJECT (self));
  if (readiness_changed)
    TELL_KEEPER (readiness_changed, self->keeper);
  extension_host_process_show_extensions (self);   /* whose handlers may run a main loop */
}

static void
log_transition (ExtensionHostProcess    *self,
                ExtensionHostTransition *transition)
{
  g_autofree char *line = extension_host_transition_to_string (transition);
  g_autofree char *generation = g_strdup_printf ("%" G_GUINT64_FORMAT, transition->generation);
  g_autofree char *pid = g_strdup_printf ("%u", self->face.pid);
  const ExtensionHostLogField fields[] = {
    { "EXTENSION_HOST_OLD_STATE", extension_host_state_to_string (transition->old_state) },
    { "EXTENSION_HOST_NEW_STATE", extension_host_state_to_string (transition->new_state) },
    { "EXTENSION_HOST_REASON", extension_host_reason_to_string (transition->reason) },
    { "EXTENSION_HOST_GENERATION", generation },
    { "EXTENSION_HOST_PID", pid },
    { "EXTENSION_HOST_REQUESTER", transition->requester },
  };

  extension_host_log (self->spec->id, G_LOG_LEVEL_DEBUG, fields, G_N_ELEMENTS (fields),
                      "%s: %s", self->spec->id, line);
}

void
extension_host_process_show_transition (ExtensionHostProcess    *self,
                                        ExtensionHostTransition *transition,
                                        ExtensionHostExit       *exit)
{
  log_transition (self, transition);
  g_object_freeze_notify (G_OBJECT (self));
  SHOW (state, transition->new_state, PROP_STATE);
  SHOW (sequence, transition->sequence, PROP_SEQUENCE);
  SHOW (state_since, transition->time, PROP_STATE_SINCE);
  g_object_thaw_notify (G_OBJECT (self));

  TELL_KEEPER (state_changed, transition, self->keeper);
  g_signal_emit (self, signals[STATE_CHANGED], 0, transition);
  if (transition->new_state != EXTENSION_HOST_STATE_CRASHED || exit == NULL)
    return;

  TELL_KEEPER (crashed, exit, self->keeper);
  g_signal_emit (self, signals[CRASHED], 0, exit);
}

void
extension_host_process_show_line (ExtensionHostProcess   *self,
                                  ExtensionHostLogStream  stream,
                                  const char             *text)
{
  g_autofree char *generation = g_strdup_printf ("%" G_GUINT64_FORMAT,
                                                 self->lifecycle.generation);
  const ExtensionHostLogField fields[] = {
    { "EXTENSION_HOST_STREAM", stream == EXTENSION_HOST_LOG_STREAM_STDOUT ? "stdout" :
                               stream == EXTENSION_HOST_LOG_STREAM_STDERR ? "stderr" : "host" },
    { "EXTENSION_HOST_GENERATION", generation },
  };

  extension_host_log (self->spec->id, G_LOG_LEVEL_INFO, fields, G_N_ELEMENTS (fields), "%s: %s",
                      self->spec->id, text);
  TELL_KEEPER (line, stream, text, self->keeper);
  g_signal_emit (self, signals[LOG], 0, stream, text);
}

/* The detail of a notification. A name becomes a quark only if somebody has connected to it: names
 * that a host makes up must not fill the table of quarks, which never shrinks. */
gboolean
extension_host_process_has_listener (ExtensionHostProcess *self,
                                     const char           *method)
{
  return g_signal_has_handler_pending (self, signals[NOTIFICATION], g_quark_try_string (method),
                                       FALSE);
}

void
extension_host_process_show_notification (ExtensionHostProcess *self,
                                          const char           *method,
                                          JsonNode             *params)
{
  g_signal_emit (self, signals[NOTIFICATION], g_quark_try_string (method), method, params);
}

void
extension_host_process_show_denied (ExtensionHostProcess *self,
                                    const char           *method)
{
  g_signal_emit (self, signals[CAPABILITY_DENIED], 0, method);
}

void
extension_host_process_show_health (ExtensionHostProcess *self,
                                    ExtensionHostHealth  *health)
{
  TELL_KEEPER (health_checked, health, self->keeper);
  g_signal_emit (self, signals[HEALTH_CHECKED], 0, health);
}

void
extension_host_process_show_unresponsive (ExtensionHostProcess *self,
                                          ExtensionHostHealth  *health)
{
  g_autofree char *text = extension_host_health_to_string (health);

  extension_host_log (self->spec->id, G_LOG_LEVEL_MESSAGE, NULL, 0, "%s: unresponsive: %s",
                      self->spec->id, text);
  g_signal_emit (self, signals[UNRESPONSIVE], 0, health);
}
