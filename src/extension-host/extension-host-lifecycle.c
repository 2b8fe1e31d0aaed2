/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-backoff-private.h"
#include "extension-host-enum-types.h"
#include "extension-host-lifecycle-private.h"
#include "extension-host-log-private.h"
#include "extension-host-state-private.h"

void
extension_host_lifecycle_init (ExtensionHostLifecycle            *self,
                               ExtensionHostSpec                 *spec,
                               const ExtensionHostLifecycleFuncs *funcs,
                               gpointer                           owner)
{
  self->funcs = funcs;
  self->owner = owner;
  self->spec = g_object_ref (spec);
}

void
extension_host_lifecycle_clear (ExtensionHostLifecycle *self)
{
  extension_host_restart_budget_clear (&self->budget);
  g_clear_pointer (&self->exit, extension_host_exit_unref);
  g_clear_pointer (&self->pending_requester, g_free);
  g_clear_pointer (&self->pending_why, g_free);
  g_clear_object (&self->spec);
}

/* The one writer of the state */

static void
advance (ExtensionHostLifecycle *self,
         ExtensionHostState      new_state,
         ExtensionHostReason     reason,
         const char             *detail,
         const ExtensionHostRequester *requester)
{
  g_autoptr(ExtensionHostTransition) transition = extension_host_transition_new ();
  gboolean at_rest = new_state == EXTENSION_HOST_STATE_STOPPED ||
                     new_state == EXTENSION_HOST_STATE_CRASHED;

  if (!extension_host_state_has_edge (self->state, new_state, reason))
    {
      extension_host_log (self->spec->id, G_LOG_LEVEL_CRITICAL, NULL, 0,
                          "%s: refused an edge from %s to %s by %s", self->spec->id,
                          extension_host_state_to_string (self->state),
                          extension_host_state_to_string (new_state),
                          extension_host_reason_to_string (reason));
      return;
    }

  transition->old_state = self->state;
  transition->new_state = new_state;
  transition->reason = reason;
  if (requester != NULL)
    {
      transition->requester = g_strdup (requester->name);
      transition->detail = g_strdup (requester->why);
    }
  if (detail != NULL)
    transition->detail = g_strdup (detail);
  transition->sequence = ++self->sequence;
  transition->generation = self->generation;
  transition->time = g_get_real_time ();
  transition->monotonic_time = self->funcs->now (self->owner);

  self->state = new_state;
  self->funcs->moved (transition, at_rest && !self->pending_restart, self->owner);
}

/* Refusals */

static gboolean
refuse (ExtensionHostLifecycle  *self,
        const char              *operation,
        GError                 **error)
{
  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_TRANSITION,
               /* Translators: the second argument is an operation, the third a state */
               _("Host “%s” cannot be told to %s while it is %s"), self->spec->id, operation,
               extension_host_state_to_string (self->state));
  extension_host_log (self->spec->id, G_LOG_LEVEL_INFO, NULL, 0, "%s: refused to %s while %s",
                      self->spec->id, operation, extension_host_state_to_string (self->state));

  return FALSE;
}

static gboolean
check_not_quarantined (ExtensionHostLifecycle  *self,
                       GError                 **error)
{
  if (self->control != EXTENSION_HOST_CONTROL_QUARANTINED)
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUARANTINED,
               _("Host “%s” is quarantined: release it first"), self->spec->id);

  return FALSE;
}

static gboolean
check_not_closed (ExtensionHostLifecycle  *self,
                  GError                 **error)
{
  if (!self->closed)
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
               _("Host “%s” is not started any more: all hosts are being shut down"),
               self->spec->id);

  return FALSE;
}

/* Spawning */

static void
unschedule (ExtensionHostLifecycle *self)
{
  self->held = 0;
  if (self->due == 0)
    return;

  self->due = 0;
  self->funcs->schedule (0, self->owner);
}

static void
drop_pending_restart (ExtensionHostLifecycle *self)
{
  self->pending_restart = FALSE;
  g_clear_pointer (&self->pending_requester, g_free);
  g_clear_pointer (&self->pending_why, g_free);
}

static void
spawn (ExtensionHostLifecycle *self,
       ExtensionHostReason     reason,
       const ExtensionHostRequester *requester)
{
  self->generation++;
  g_clear_pointer (&self->exit, extension_host_exit_unref);
  unschedule (self);
  advance (self, EXTENSION_HOST_STATE_STARTING, reason, NULL, requester);
  self->has_tree = TRUE;
  self->funcs->spawn (self->owner);
}

/* An operator's start owes nothing to the past. A restart for the sake of others, who failed,
 * leaves the account as it is. */
static void
start_afresh (ExtensionHostLifecycle *self,
              ExtensionHostReason     reason,
              const ExtensionHostRequester *requester)
{
  drop_pending_restart (self);
  if (reason != EXTENSION_HOST_REASON_GROUP)
    {
      extension_host_restart_budget_clear (&self->budget);
      self->restart_count = 0;
      self->operator_starts++;
    }
  self->desired = EXTENSION_HOST_DESIRED_UP;
  spawn (self, reason, requester);
}

static void
remember_restart (ExtensionHostLifecycle *self,
                  ExtensionHostReason     reason,
                  const ExtensionHostRequester *requester)
{
  drop_pending_restart (self);
  self->desired = EXTENSION_HOST_DESIRED_UP;
  self->pending_restart = TRUE;
  self->pending_reason = reason;
  if (requester != NULL)
    {
      self->pending_requester = g_strdup (requester->name);
      self->pending_why = g_strdup (requester->why);
    }
}

gboolean
extension_host_lifecycle_start (ExtensionHostLifecycle  *self,
                                ExtensionHostReason      reason,
                                const ExtensionHostRequester *requester,
                                GError                 **error)
{
  if (!check_not_closed (self, error) || !check_not_quarantined (self, error))
    return FALSE;

  switch (self->state)
    {
    case EXTENSION_HOST_STATE_STOPPED:
    case EXTENSION_HOST_STATE_CRASHED:
    case EXTENSION_HOST_STATE_RESTARTING:
      start_afresh (self, reason, requester);
      return TRUE;

    case EXTENSION_HOST_STATE_STOPPING:
      remember_restart (self, reason, requester);
      return TRUE;

    case EXTENSION_HOST_STATE_STARTING:
    case EXTENSION_HOST_STATE_RUNNING:
    case EXTENSION_HOST_STATE_UNHEALTHY:
    default:
      return refuse (self, "start", error);
    }
}

/* Stopping */

static void
rest_after_stop (ExtensionHostLifecycle *self)
{
  g_autofree char *name = NULL;
  g_autofree char *why = NULL;

  advance (self, EXTENSION_HOST_STATE_STOPPED, EXTENSION_HOST_REASON_TREE_GONE, NULL, NULL);
  if (!self->pending_restart)
    return;

  name = g_steal_pointer (&self->pending_requester);
  why = g_steal_pointer (&self->pending_why);
  start_afresh (self, self->pending_reason, &(ExtensionHostRequester) { name, why });
}

static void
begin_stopping (ExtensionHostLifecycle *self,
                ExtensionHostReason     reason,
                ExtensionHostStopRung   rung,
                guint                   term_timeout,
                const ExtensionHostRequester *requester)
{
  unschedule (self);
  self->ending = reason;
  advance (self, EXTENSION_HOST_STATE_STOPPING, reason, NULL, requester);

  if (self->has_tree)
    self->funcs->end_tree (rung, term_timeout, self->owner);
  else
    rest_after_stop (self);
}

/* Stop, terminate and kill: they differ in the rung that they begin at, and in what they say when
 * there is nothing to end. */
gboolean
extension_host_lifecycle_stop (ExtensionHostLifecycle  *self,
                               ExtensionHostReason      reason,
                               ExtensionHostStopRung    rung,
                               guint                    term_timeout,
                               const ExtensionHostRequester *requester,
                               GError                 **error)
{
  gboolean at_rest = self->state == EXTENSION_HOST_STATE_STOPPED ||
                     self->state == EXTENSION_HOST_STATE_CRASHED;

  if (at_rest && reason != EXTENSION_HOST_REASON_STOP && reason != EXTENSION_HOST_REASON_QUARANTINE)
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_ALREADY_TERMINATED,
                   _("Host “%s” has already terminated"), self->spec->id);
      return FALSE;
    }

  self->desired = EXTENSION_HOST_DESIRED_DOWN;
  drop_pending_restart (self);

  switch (self->state)
    {
    case EXTENSION_HOST_STATE_STOPPED:
      break;

    case EXTENSION_HOST_STATE_CRASHED:
      advance (self, EXTENSION_HOST_STATE_STOPPED, reason, NULL, requester);
      break;

    case EXTENSION_HOST_STATE_STOPPING:
      self->funcs->end_tree (rung, term_timeout, self->owner);   /* forward only */
      break;

    case EXTENSION_HOST_STATE_STARTING:
    case EXTENSION_HOST_STATE_RUNNING:
    case EXTENSION_HOST_STATE_UNHEALTHY:
    case EXTENSION_HOST_STATE_RESTARTING:
    default:
      begin_stopping (self, reason, rung, term_timeout, requester);
      break;
    }

  return TRUE;
}

gboolean
extension_host_lifecycle_restart (ExtensionHostLifecycle  *self,
                                  ExtensionHostReason      reason,
                                  const ExtensionHostRequester *requester,
                                  GError                 **error)
{
  if (!check_not_closed (self, error) || !check_not_quarantined (self, error))
    return FALSE;

  switch (self->state)
    {
    case EXTENSION_HOST_STATE_STOPPED:
    case EXTENSION_HOST_STATE_CRASHED:
      start_afresh (self, reason, requester);
      break;

    case EXTENSION_HOST_STATE_STOPPING:
      if (!self->pending_restart || self->pending_reason == EXTENSION_HOST_REASON_GROUP)
        remember_restart (self, reason, requester);
      break;

    case EXTENSION_HOST_STATE_STARTING:
    case EXTENSION_HOST_STATE_RUNNING:
    case EXTENSION_HOST_STATE_UNHEALTHY:
    case EXTENSION_HOST_STATE_RESTARTING:
    default:
      remember_restart (self, reason, requester);
      begin_stopping (self, reason, EXTENSION_HOST_STOP_RUNG_REQUEST, 0, requester);
      break;
    }

  return TRUE;
}

gboolean
extension_host_lifecycle_reset (ExtensionHostLifecycle  *self,
                                const ExtensionHostRequester *requester,
                                GError                 **error)
{
  if (self->state != EXTENSION_HOST_STATE_STOPPED && self->state != EXTENSION_HOST_STATE_CRASHED)
    return refuse (self, "reset", error);

  extension_host_restart_budget_clear (&self->budget);
  if (self->state == EXTENSION_HOST_STATE_CRASHED)
    advance (self, EXTENSION_HOST_STATE_STOPPED, EXTENSION_HOST_REASON_RESET, NULL, requester);

  return TRUE;
}

/* What becomes of a host that ended unasked, once its tree is gone */

static void
schedule_restart (ExtensionHostLifecycle *self,
                  guint                   attempt)
{
  ExtensionHostSpec *spec = self->spec;
  guint delay = extension_host_backoff_delay (spec->backoff_initial, spec->backoff_factor,
                                              spec->backoff_max, spec->backoff_jitter,
                                              attempt, g_random_double ());
  g_autofree char *detail = NULL;

  if (spec->max_restarts == EXTENSION_HOST_UNLIMITED)
    detail = g_strdup_printf (_("restart %u, in %u ms"), attempt, delay);
  else
    detail = g_strdup_printf (_("restart %u of %u, in %u ms"), attempt, spec->max_restarts, delay);

  self->due = self->funcs->now (self->owner) + (gint64) delay * 1000;
  advance (self, EXTENSION_HOST_STATE_RESTARTING, EXTENSION_HOST_REASON_RESTART_SCHEDULED, detail,
           NULL);
  self->funcs->schedule (self->due, self->owner);
}

static void
give_up (ExtensionHostLifecycle *self,
         ExtensionHostReason     reason,
         const char             *why)
{
  g_autofree char *end = self->exit != NULL ? extension_host_exit_to_string (self->exit) : NULL;
  g_autofree char *detail = g_strdup_printf (end != NULL ? "%s: %s" : "%s", why, end);

  advance (self, EXTENSION_HOST_STATE_CRASHED, reason, detail, NULL);
}

static gboolean
is_final_exit (ExtensionHostLifecycle *self)
{
  ExtensionHostExit *exit = self->exit;

  /* An end that we brought about says nothing of the host. */
  if (exit == NULL || (exit->reason != EXTENSION_HOST_REASON_EXITED &&
                       exit->reason != EXTENSION_HOST_REASON_SIGNALLED))
    return FALSE;

  return extension_host_spec_is_final_exit (self->spec, exit->kind,
                                            exit->kind == EXTENSION_HOST_EXIT_KIND_SIGNALLED
                                              ? exit->signal : exit->code);
}

/* It left by itself, and would have come to rest in stopped but for what it left behind. */
static gboolean
is_clean_exit (ExtensionHostLifecycle *self)
{
  return self->exit != NULL && self->exit->reason == EXTENSION_HOST_REASON_EXITED &&
         extension_host_exit_is_clean (self->exit);
}

static void
decide (ExtensionHostLifecycle *self)
{
  ExtensionHostSpec *spec = self->spec;
  gint64 now = self->funcs->now (self->owner);
  guint used = extension_host_restart_budget_count (&self->budget, now, spec->restart_window);

  if (self->control == EXTENSION_HOST_CONTROL_PAUSED)
    return;   /* resume decides */

  if (self->closed)
    give_up (self, EXTENSION_HOST_REASON_POLICY, _("all hosts are being shut down"));
  else if (spec->restart == EXTENSION_HOST_RESTART_POLICY_NEVER)
    give_up (self, EXTENSION_HOST_REASON_POLICY, _("its policy is never to restart it"));
  else if (is_final_exit (self))
    give_up (self, EXTENSION_HOST_REASON_NO_RESTART_EXIT, _("such an end is final"));
  else if (is_clean_exit (self) && spec->restart == EXTENSION_HOST_RESTART_POLICY_ON_FAILURE)
    give_up (self, EXTENSION_HOST_REASON_POLICY, _("such an end is final"));
  else if (spec->max_restarts != EXTENSION_HOST_UNLIMITED && used >= spec->max_restarts)
    give_up (self, EXTENSION_HOST_REASON_RESTART_LIMIT,
             used > 0 ? _("it failed too often") : _("no restart is granted"));
  else
    schedule_restart (self, extension_host_restart_budget_record (&self->budget, now,
                                                                  spec->restart_window));
}

/* Pause, quarantine */

gboolean
extension_host_lifecycle_pause (ExtensionHostLifecycle  *self,
                                GError                 **error)
{
  if (!check_not_quarantined (self, error))
    return FALSE;

  if (self->control == EXTENSION_HOST_CONTROL_PAUSED)
    return TRUE;

  self->control = EXTENSION_HOST_CONTROL_PAUSED;
  if (self->due != 0)
    {
      gint64 left = MAX (self->due - self->funcs->now (self->owner), 0);

      unschedule (self);
      self->held = left;
    }

  return TRUE;
}

gboolean
extension_host_lifecycle_resume (ExtensionHostLifecycle  *self,
                                 GError                 **error)
{
  if (!check_not_quarantined (self, error))
    return FALSE;

  if (self->control == EXTENSION_HOST_CONTROL_ACTIVE)
    return TRUE;

  self->control = EXTENSION_HOST_CONTROL_ACTIVE;
  if (self->state == EXTENSION_HOST_STATE_RESTARTING)
    {
      self->due = self->funcs->now (self->owner) + self->held;
      self->held = 0;
      self->funcs->schedule (self->due, self->owner);
    }
  else if (self->state == EXTENSION_HOST_STATE_UNHEALTHY && !self->has_tree)
    {
      decide (self);
    }

  return TRUE;
}

void
extension_host_lifecycle_quarantine (ExtensionHostLifecycle *self,
                                     const ExtensionHostRequester *requester)
{
  self->control = EXTENSION_HOST_CONTROL_QUARANTINED;
  extension_host_lifecycle_stop (self, EXTENSION_HOST_REASON_QUARANTINE,
                                 EXTENSION_HOST_STOP_RUNG_REQUEST, 0, requester, NULL);
}

void
extension_host_lifecycle_release (ExtensionHostLifecycle *self)
{
  if (self->control == EXTENSION_HOST_CONTROL_QUARANTINED)
    self->control = EXTENSION_HOST_CONTROL_ACTIVE;
}

/* Nothing is spawned from now on: a restart that is pending is dropped, one that is scheduled never
 * due, and after a failure there is none. A tree remains until it ends, or is ended. */
void
extension_host_lifecycle_close (ExtensionHostLifecycle *self)
{
  self->closed = TRUE;
  self->desired = EXTENSION_HOST_DESIRED_DOWN;
  drop_pending_restart (self);
}

void
extension_host_lifecycle_forgive (ExtensionHostLifecycle *self)
{
  extension_host_restart_budget_clear (&self->budget);
}

/* Facts */

static gboolean
is_fatal (const GError *error)
{
  return !g_error_matches (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NO_RESOURCES);
}

ExtensionHostReason
extension_host_lifecycle_explain_exit (ExtensionHostLifecycle *self,
                                       ExtensionHostExitKind   kind,
                                       gboolean               *requested)
{
  *requested = self->state == EXTENSION_HOST_STATE_STOPPING;

  if (self->state == EXTENSION_HOST_STATE_STOPPING || self->state == EXTENSION_HOST_STATE_UNHEALTHY)
    return self->ending;

  switch (kind)
    {
    case EXTENSION_HOST_EXIT_KIND_EXITED:
      return EXTENSION_HOST_REASON_EXITED;
    case EXTENSION_HOST_EXIT_KIND_SIGNALLED:
      return EXTENSION_HOST_REASON_SIGNALLED;
    case EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED:
      return EXTENSION_HOST_REASON_SPAWN_FAILED;
    case EXTENSION_HOST_EXIT_KIND_LOST:
    default:
      return EXTENSION_HOST_REASON_SHIM_LOST;
    }
}

void
extension_host_lifecycle_spawned (ExtensionHostLifecycle *self)
{
  if (self->state == EXTENSION_HOST_STATE_STARTING)
    advance (self, EXTENSION_HOST_STATE_RUNNING, EXTENSION_HOST_REASON_SPAWNED, NULL, NULL);
}

static void
take_exit (ExtensionHostLifecycle *self,
           ExtensionHostExit      *exit)
{
  g_clear_pointer (&self->exit, extension_host_exit_unref);
  self->exit = extension_host_exit_ref (exit);
}

/* Whether news of generation @generation comes too late: its tree is gone already. */
static gboolean
is_stale (ExtensionHostLifecycle *self,
          guint64                 generation)
{
  if (self->has_tree && generation == self->generation)
    return FALSE;

  self->stale_events++;

  return TRUE;
}

/* The program could not be executed, and of the attempt nothing is left. */
void
extension_host_lifecycle_spawn_failed (ExtensionHostLifecycle *self,
                                       ExtensionHostExit      *exit)
{
  const char *detail = exit->error->message;

  if (is_stale (self, exit->generation))
    return;

  self->has_tree = FALSE;
  take_exit (self, exit);

  if (self->state == EXTENSION_HOST_STATE_STOPPING)
    {
      rest_after_stop (self);
    }
  else if (self->state == EXTENSION_HOST_STATE_UNHEALTHY)
    {
      decide (self);
    }
  else if (is_fatal (exit->error))
    {
      advance (self, EXTENSION_HOST_STATE_CRASHED, EXTENSION_HOST_REASON_SPAWN_FAILED, detail, NULL);
    }
  else
    {
      self->ending = EXTENSION_HOST_REASON_NO_RESOURCES;
      advance (self, EXTENSION_HOST_STATE_UNHEALTHY, EXTENSION_HOST_REASON_NO_RESOURCES, detail,
               NULL);
      decide (self);
    }
}

static gboolean
leads_to_stopped (ExtensionHostLifecycle *self,
                  ExtensionHostExit      *exit)
{
  return self->state == EXTENSION_HOST_STATE_RUNNING &&
         extension_host_exit_is_clean (exit) &&
         self->spec->restart != EXTENSION_HOST_RESTART_POLICY_ALWAYS;
}

/* The program ended; others of its tree may still be there. */
void
extension_host_lifecycle_exited (ExtensionHostLifecycle *self,
                                 ExtensionHostExit      *exit)
{
  g_autofree char *detail = extension_host_exit_to_string (exit);

  if (is_stale (self, exit->generation) || self->exit != NULL)
    return;

  take_exit (self, exit);
  if (leads_to_stopped (self, exit))
    return;   /* stopped means that the tree is gone: that is next */

  if (self->state == EXTENSION_HOST_STATE_STARTING || self->state == EXTENSION_HOST_STATE_RUNNING)
    {
      self->ending = exit->reason;
      advance (self, EXTENSION_HOST_STATE_UNHEALTHY, exit->reason, detail, NULL);
    }
}

/* The program runs, or is about to, and must not go on. */
void
extension_host_lifecycle_fault (ExtensionHostLifecycle *self,
                                ExtensionHostReason     reason,
                                const char             *detail)
{
  gboolean up = self->state == EXTENSION_HOST_STATE_STARTING ||
                self->state == EXTENSION_HOST_STATE_RUNNING;

  if (!up || !self->has_tree || self->exit != NULL ||
      !extension_host_state_has_edge (self->state, EXTENSION_HOST_STATE_UNHEALTHY, reason))
    return;

  self->ending = reason;
  advance (self, EXTENSION_HOST_STATE_UNHEALTHY, reason, detail, NULL);
  self->funcs->end_tree (EXTENSION_HOST_STOP_RUNG_KILL, 0, self->owner);
}

/* Processes of the tree were killed and are still there. No new tree until they are gone; and a
 * host whose program has ended no longer passes for running. */
void
extension_host_lifecycle_gave_up (ExtensionHostLifecycle *self,
                                  guint                   left)
{
  g_autofree char *detail = NULL;

  if (!self->has_tree || self->state != EXTENSION_HOST_STATE_RUNNING || self->exit == NULL)
    return;

  detail = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                         "its program exited, but %u process cannot be killed",
                                         "its program exited, but %u processes cannot be killed",
                                         left), left);
  self->ending = EXTENSION_HOST_REASON_EXITED;
  advance (self, EXTENSION_HOST_STATE_UNHEALTHY, EXTENSION_HOST_REASON_EXITED, detail, NULL);
}

/* The last process is gone and reaped. */
void
extension_host_lifecycle_tree_gone (ExtensionHostLifecycle *self)
{
  if (is_stale (self, self->generation))
    return;

  self->has_tree = FALSE;

  switch (self->state)
    {
    case EXTENSION_HOST_STATE_RUNNING:
      {
        g_autofree char *detail = extension_host_exit_to_string (self->exit);

        advance (self, EXTENSION_HOST_STATE_STOPPED, EXTENSION_HOST_REASON_EXITED, detail, NULL);
        break;
      }

    case EXTENSION_HOST_STATE_UNHEALTHY:
      decide (self);
      break;

    case EXTENSION_HOST_STATE_STOPPING:
      rest_after_stop (self);
      break;

    case EXTENSION_HOST_STATE_STOPPED:
    case EXTENSION_HOST_STATE_STARTING:
    case EXTENSION_HOST_STATE_RESTARTING:
    case EXTENSION_HOST_STATE_CRASHED:
    default:
      g_assert_not_reached ();   /* there was no tree in these, or an exit came first */
    }
}

/* The backoff has elapsed. */
void
extension_host_lifecycle_due (ExtensionHostLifecycle *self)
{
  if (self->state != EXTENSION_HOST_STATE_RESTARTING || self->due == 0 || self->closed)
    return;

  self->restart_count++;
  spawn (self, EXTENSION_HOST_REASON_BACKOFF_ELAPSED, NULL);
}
