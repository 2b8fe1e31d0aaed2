/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-log-private.h"
#include "extension-host-process-private.h"

/* The wiring of a host: facts from its tree and its timers go into the lifecycle, orders of the
 * lifecycle go to the tree and the timers. What there is to tell goes to the news. */

/* The tree */

static ExtensionHostExit *
make_exit (ExtensionHostProcess   *self,
           const ExtensionHostEnd *end)
{
  ExtensionHostExit *exit = extension_host_exit_new ();

  exit->kind = end->kind;
  exit->code = end->code;
  exit->signal = end->signal;
  exit->core_dumped = end->core_dumped;
  exit->reason = extension_host_lifecycle_explain_exit (&self->lifecycle, end->kind,
                                                        &exit->requested);
  exit->generation = self->lifecycle.generation;
  exit->pid = self->pid;
  exit->time = g_get_real_time ();
  exit->runtime = self->spawned_at != 0 ? g_get_monotonic_time () - self->spawned_at : 0;
  g_strfreev (exit->log);
  exit->log = extension_host_log_ring_dup_tail (&self->log, exit->generation);
  g_strfreev (exit->suspects);
  exit->suspects = extension_host_process_dup_suspects (self);

  return exit;
}

static void
keep_exit (ExtensionHostProcess *self,
           ExtensionHostExit    *exit)
{
  g_clear_pointer (&self->last_exit, extension_host_exit_unref);
  self->last_exit = extension_host_exit_ref (exit);
  self->pid = 0;
}

static void
take_outcome (ExtensionHostProcess *self,
              guint                 leftover)
{
  ExtensionHostExit *exit = self->last_exit;

  /* A program that outlives its KILL has not ended yet: the last exit is that of one before it. */
  if (exit != NULL && exit->generation != self->lifecycle.generation)
    exit = NULL;

  g_clear_pointer (&self->outcome, extension_host_stop_outcome_unref);
  self->outcome = extension_host_ladder_get_outcome (&self->ladder, exit, leftover);
}

static void
drop_attempt (ExtensionHostProcess *self)
{
  extension_host_ladder_reset (&self->ladder, NULL, NULL, NULL);
  g_clear_pointer (&self->attempt, extension_host_attempt_unref);
  extension_host_process_weigh (self);
}

static void
on_spawned (ExtensionHostAttempt *attempt,
            gpointer              owner)
{
  ExtensionHostProcess *self = owner;

  self->pid = extension_host_attempt_get_pid (attempt);
  self->spawned_at = g_get_monotonic_time ();
  extension_host_lifecycle_spawned (&self->lifecycle);
  if (self->lifecycle.state == EXTENSION_HOST_STATE_RUNNING)
    extension_host_process_open_traffic (self);
  extension_host_process_flush (self);
}

/* What the host left unanswered will not be answered. */
static void
fail_calls (ExtensionHostProcess *self,
            ExtensionHostExit    *exit)
{
  g_autofree char *how = extension_host_exit_to_string (exit);
  g_autoptr(GError) error = g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED,
                                         _("Host “%s” ended before it had answered: %s"),
                                         self->spec->id, how);

  extension_host_process_close_traffic (self, error);
}

static void
on_exited (ExtensionHostAttempt   *attempt G_GNUC_UNUSED,
           const ExtensionHostEnd *end,
           gpointer                owner)
{
  ExtensionHostProcess *self = owner;
  g_autoptr(ExtensionHostExit) exit = make_exit (self, end);

  keep_exit (self, exit);
  fail_calls (self, exit);
  extension_host_ladder_exited (&self->ladder);
  extension_host_lifecycle_exited (&self->lifecycle, exit);
  extension_host_process_flush (self);
}

static void
on_gone (ExtensionHostAttempt *attempt G_GNUC_UNUSED,
         gpointer              owner)
{
  ExtensionHostProcess *self = owner;

  take_outcome (self, 0);
  drop_attempt (self);
  extension_host_lifecycle_tree_gone (&self->lifecycle);
  extension_host_process_flush (self);
}

/* Nothing was spawned, and nothing is left of the attempt. */
static void
fail_spawn (ExtensionHostProcess *self,
            const GError         *error)
{
  const ExtensionHostEnd end = { .kind = EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED, .code = -1 };
  g_autoptr(ExtensionHostExit) exit = make_exit (self, &end);

  exit->error = g_error_copy (error);
  if (!exit->requested &&
      g_error_matches (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NO_RESOURCES))
    exit->reason = EXTENSION_HOST_REASON_NO_RESOURCES;

  keep_exit (self, exit);
  take_outcome (self, 0);
  drop_attempt (self);
  extension_host_lifecycle_spawn_failed (&self->lifecycle, exit);
}

static void
on_spawn_failure (gpointer data)
{
  ExtensionHostProcess *self = data;
  g_autoptr(GError) error = g_steal_pointer (&self->spawn_error);

  fail_spawn (self, error);
  extension_host_process_flush (self);
}

static void
on_failed (ExtensionHostAttempt *attempt G_GNUC_UNUSED,
           const GError         *error,
           gpointer              owner)
{
  ExtensionHostProcess *self = owner;

  fail_spawn (self, error);
  extension_host_process_flush (self);
}

static const ExtensionHostAttemptFuncs attempt_funcs = {
  .spawned = on_spawned,
  .failed = on_failed,
  .exited = on_exited,
  .gone = on_gone,
  .line = extension_host_process_take_line,
  .lines_read = (void (*) (gpointer)) extension_host_process_flush,
  .channel = &extension_host_process_channel_funcs,
};

/* What was to be done in @phase was not, for the reason that @text tells; @left processes are there
 * that should not be. It is shown by the next flush. */
void
extension_host_process_note_control_failure (ExtensionHostProcess *self,
                                             const char           *phase,
                                             const char           *text,
                                             guint                 left)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "phase", "s", phase);
  g_variant_dict_insert (&dict, "reason", "s", text);
  g_variant_dict_insert (&dict, "recoverable", "b", TRUE);
  g_variant_dict_insert (&dict, "leftover", "u", left);
  g_variant_dict_insert (&dict, "generation", "t", self->lifecycle.generation);
  g_variant_dict_insert (&dict, "time", "t", (guint64) g_get_real_time ());

  g_clear_pointer (&self->last_control_failure, g_variant_unref);
  self->last_control_failure = g_variant_ref_sink (g_variant_dict_end (&dict));
  extension_host_log (self->spec->id, G_LOG_LEVEL_MESSAGE, NULL, 0, "%s: %s", self->spec->id, text);
}

static void
note_leftover (ExtensionHostProcess *self,
               guint                 left)
{
  g_autofree char *text =
    g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                  "%u process was killed and is still there",
                                  "%u processes were killed and are still there", left), left);

  extension_host_process_note_control_failure (self, "kill", text, left);
}

/* The tree outlived its KILL. Who waits for its end is told so; the state stays what it is. */
void
extension_host_process_on_gave_up (guint    left,
                                   gpointer data)
{
  ExtensionHostProcess *self = data;
  g_autoptr(GError) error =
    g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                 g_dngettext (GETTEXT_PACKAGE,
                              "Host “%s” cannot start: %u process of its last run cannot be killed",
                              "Host “%s” cannot start: %u processes of its last run cannot be "
                              "killed", left), self->spec->id, left);

  note_leftover (self, left);
  take_outcome (self, left);
  extension_host_process_answer_kind (self, EXTENSION_HOST_WAIT_STOPPED, self->outcome, NULL);
  extension_host_process_answer_kind (self, EXTENSION_HOST_WAIT_RUNNING, NULL, error);
  extension_host_lifecycle_gave_up (&self->lifecycle, left);
  extension_host_process_flush (self);
}

/* Orders of the lifecycle */

/* The backoff has elapsed, and there is a slot for it. */
static void
restart_now (ExtensionHostProcess *self)
{
  extension_host_lifecycle_due (&self->lifecycle);
  if (self->lifecycle.state != EXTENSION_HOST_STATE_STARTING)
    extension_host_restart_slot_leave (&self->slot);   /* paused, stopped or closed meanwhile */
  extension_host_process_flush (self);
}

static void
on_backoff_elapsed (gpointer data)
{
  ExtensionHostProcess *self = data;

  if (extension_host_restart_slot_enter (&self->slot))
    restart_now (self);
}

/* In a turn of its own: the host that gave the slot back is in the middle of a change, and what is
 * told of this one may end them all. */
void
extension_host_process_on_slot_granted (gpointer data)
{
  ExtensionHostProcess *self = data;

  extension_host_deadline_arm (&self->backoff, self->reactor, g_get_monotonic_time (),
                               on_backoff_elapsed, self);
}

static gint64
lifecycle_now (gpointer owner G_GNUC_UNUSED)
{
  return g_get_monotonic_time ();
}

/* Calls that wait for a host that is not coming back by itself wait no longer. */
static void
give_up_calls (ExtensionHostProcess *self,
               ExtensionHostState    state)
{
  g_autoptr(GError) error = NULL;

  if (state == EXTENSION_HOST_STATE_STOPPING)
    {
      error = g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING,
                           _("Host “%s” was told to stop"), self->spec->id);
      extension_host_rpc_fail_unwritten (self->rpc, error);
      return;
    }

  error = g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED,
                       _("Host “%s” ended and is not restarted"), self->spec->id);
  extension_host_rpc_fail_all (self->rpc, error);
}

static void
lifecycle_moved (ExtensionHostTransition *transition,
                 gboolean                 rests,
                 gpointer                 owner)
{
  ExtensionHostProcess *self = owner;

  g_atomic_int_set (&self->was_busy, TRUE);
  extension_host_process_queue_transition (self, transition, rests);
  extension_host_process_follow_readiness (self, transition->new_state);
  if (rests || transition->new_state == EXTENSION_HOST_STATE_STOPPING)
    give_up_calls (self, transition->new_state);
}

static void
lifecycle_spawn (gpointer owner)
{
  ExtensionHostProcess *self = owner;

  self->spawned_at = 0;
  g_clear_pointer (&self->outcome, extension_host_stop_outcome_unref);
  self->attempt = extension_host_attempt_new (self->reactor, &attempt_funcs, self);
  extension_host_ladder_reset (&self->ladder, self->attempt, self->reactor, self->spec);

  /* Validated anew: the spec may have been changed since the start. */
  if (!extension_host_spec_validate (self->spec, &self->spawn_error) ||
      !extension_host_attempt_spawn (self->attempt, self->spec, &self->spawn_error))
    {
      /* In a turn of its own, as all other failures are: who starts a host and then runs a main
       * loop must not miss that it has crashed. */
      extension_host_deadline_arm (&self->spawn_failure, self->reactor, g_get_monotonic_time (),
                                   on_spawn_failure, self);
      return;
    }

  extension_host_process_await_ready (self);
}

static void
lifecycle_end_tree (ExtensionHostStopRung rung,
                    guint                 term_timeout,
                    gpointer              owner)
{
  ExtensionHostProcess *self = owner;

  if (rung < EXTENSION_HOST_STOP_RUNG_TERM)
    term_timeout = self->spec->term_timeout;

  extension_host_ladder_climb (&self->ladder, rung, term_timeout);
}

static void
lifecycle_schedule (gint64   due,
                    gpointer owner)
{
  ExtensionHostProcess *self = owner;

  if (due == 0)
    {
      self->next_restart = 0;
      extension_host_deadline_disarm (&self->backoff);
      return;
    }

  self->next_restart = g_get_real_time () + MAX (due - g_get_monotonic_time (), 0);
  extension_host_deadline_arm (&self->backoff, self->reactor, due, on_backoff_elapsed, self);
}

const ExtensionHostLifecycleFuncs extension_host_process_lifecycle_funcs = {
  .now = lifecycle_now,
  .moved = lifecycle_moved,
  .spawn = lifecycle_spawn,
  .end_tree = lifecycle_end_tree,
  .schedule = lifecycle_schedule,
};

/* Kills the tree without waiting for it, and refuses everything from now on. Who still holds the
 * object sees the tree go. */
void
extension_host_process_close (ExtensionHostProcess *self)
{
  g_autoptr(GError) error =
    g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
                 _("Host “%s” was closed"), self->spec->id);

  if (self->closed)
    return;

  self->closed = TRUE;
  extension_host_process_answer_all (self, error);
  extension_host_rpc_fail_all (self->rpc, error);
  extension_host_lifecycle_stop (&self->lifecycle, EXTENSION_HOST_REASON_KILL,
                                 EXTENSION_HOST_STOP_RUNG_KILL, 0, NULL, NULL);
  extension_host_process_flush (self);
}
