/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-process-private.h"

/* The public operations: each is a wish put to the lifecycle, and, if it is asynchronous, a wait
 * for the transition that fulfils it. */

/* A wish to have it down undoes what waits for it to come up. */
void
extension_host_process_supersede_starts (ExtensionHostProcess *self)
{
  g_autoptr(GError) error =
    g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_SUPERSEDED,
                 _("Host “%s” was told to stop before it was up"), self->spec->id);

  extension_host_process_answer_kind (self, EXTENSION_HOST_WAIT_RUNNING, NULL, error);
}

/* Whoever has plans of its own for the host is told that there is a wish now. */
void
extension_host_process_tell_wish (ExtensionHostProcess *self)
{
  if (self->keeper != NULL)
    self->keeper_funcs->wished (self, self->keeper);
}

gboolean
extension_host_process_start_as (ExtensionHostProcess          *self,
                                 const ExtensionHostRequester  *requester,
                                 GError                       **error)
{
  if (!extension_host_process_check_open (self, error) ||
      !extension_host_spec_validate (self->spec, error) ||
      !extension_host_lifecycle_start (&self->lifecycle, EXTENSION_HOST_REASON_START, requester,
                                       error))
    return FALSE;

  extension_host_process_tell_wish (self);

  return TRUE;
}

/* @reason is RESTART, or GROUP. */
gboolean
extension_host_process_restart_as (ExtensionHostProcess          *self,
                                   ExtensionHostReason            reason,
                                   const ExtensionHostRequester  *requester,
                                   GError                       **error)
{
  if (!extension_host_process_check_open (self, error) ||
      !extension_host_spec_validate (self->spec, error) ||
      !extension_host_lifecycle_restart (&self->lifecycle, reason, requester, error))
    return FALSE;

  extension_host_process_tell_wish (self);

  return TRUE;
}

/* Stop, terminate (after @timeout_ms by force) or kill, as @reason says. */
gboolean
extension_host_process_stop_as (ExtensionHostProcess          *self,
                                ExtensionHostReason            reason,
                                guint                          timeout_ms,
                                const ExtensionHostRequester  *requester,
                                GError                       **error)
{
  ExtensionHostStopRung rung = EXTENSION_HOST_STOP_RUNG_REQUEST;

  if (reason == EXTENSION_HOST_REASON_TERMINATE && timeout_ms > 0)
    rung = EXTENSION_HOST_STOP_RUNG_TERM;
  else if (reason != EXTENSION_HOST_REASON_STOP)
    rung = EXTENSION_HOST_STOP_RUNG_KILL;

  /* What the tree before came to is not what this stop comes to. */
  if (!self->lifecycle.has_tree)
    {
      ExtensionHostLadder nothing_to_end = { NULL };

      g_clear_pointer (&self->outcome, extension_host_stop_outcome_unref);
      self->outcome = extension_host_ladder_get_outcome (&nothing_to_end, self->last_exit, 0);
    }

  if (!extension_host_process_check_open (self, error))
    return FALSE;

  extension_host_process_tell_wish (self);   /* also of one to have it down that is down */
  if (!extension_host_lifecycle_stop (&self->lifecycle, reason, rung, timeout_ms, requester, error))
    return FALSE;

  extension_host_process_supersede_starts (self);

  return TRUE;
}

/* Start and restart */

/**
 * extension_host_process_start:
 * @self: a host
 * @error: return location for an error
 *
 * Starts the host.
 *
 * It fails only if the wish is refused. What happens from then on, a spawn that fails at once
 * included, is told by [signal@ExtensionHost.Process::state-changed].
 *
 * In `stopped`, `crashed` and `restarting` the host is spawned at once. In `stopping` the wish is
 * remembered and the host is spawned when it has stopped. Starting clears the restart budget.
 *
 * Errors: `INVALID_TRANSITION` in `starting`, `running` and `unhealthy`; `QUARANTINED`;
 * `INVALID_SPEC`; `CLOSED`. Called within a handler, it takes effect at once and is announced after
 * the announcements before it.
 *
 * Returns: %TRUE if the wish was taken
 *
 * Since: 0.1
 */
gboolean
extension_host_process_start (ExtensionHostProcess  *self,
                              GError               **error)
{
  gboolean started = FALSE;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  started = extension_host_process_start_as (self, EXTENSION_HOST_REQUESTER_APPLICATION, error);
  extension_host_process_flush (self);

  return started;
}

/* Start or restart, as @reason says. Takes over @task, which is answered with a boolean. */
void
extension_host_process_bring_up (ExtensionHostProcess         *self,
                                 ExtensionHostReason           reason,
                                 const ExtensionHostRequester *requester,
                                 GTask                        *task)
{
  guint64 before = self->lifecycle.sequence;
  gboolean taken = FALSE;
  g_autoptr(GError) error = NULL;

  if (g_task_return_error_if_cancelled (task))
    {
      g_object_unref (task);
      return;
    }

  taken = reason == EXTENSION_HOST_REASON_START
            ? extension_host_process_start_as (self, requester, &error)
            : extension_host_process_restart_as (self, reason, requester, &error);
  if (!taken)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }

  extension_host_process_wait_for (self, EXTENSION_HOST_WAIT_RUNNING, before, task);

  /* If the stop has given up on a tree that cannot be killed, it is tried once more, so that this
   * wait ends, too. Otherwise the ladder goes on as it does. */
  if (self->lifecycle.state == EXTENSION_HOST_STATE_STOPPING)
    extension_host_ladder_climb (&self->ladder, EXTENSION_HOST_STOP_RUNG_NONE, 0);
  extension_host_process_flush (self);
}

/**
 * extension_host_process_start_async:
 * @self: a host
 * @cancellable: (nullable): ends the waiting, not the start
 * @callback: (scope async): called when the host is running, or could not be started
 * @user_data: data for @callback
 *
 * Starts the host as [method@ExtensionHost.Process.start] does, and waits until it is running.
 *
 * It fails with what start() is refused with; with the error of the spawn: `NOT_FOUND`,
 * `NOT_EXECUTABLE`, `BAD_FORMAT`, `BAD_WORKING_DIRECTORY`, `NO_RESOURCES` (the policy may try
 * again), `FAILED`; with `TIMED_OUT` after [property@ExtensionHost.Spec:start-timeout]; with
 * `SUPERSEDED` if it was told to stop meanwhile; with `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_start_async (ExtensionHostProcess *self,
                                    GCancellable         *cancellable,
                                    GAsyncReadyCallback   callback,
                                    gpointer              user_data)
{
  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  extension_host_process_bring_up (
    self, EXTENSION_HOST_REASON_START, EXTENSION_HOST_REQUESTER_APPLICATION,
    extension_host_process_new_task (self, extension_host_process_start_async, cancellable,
                                     callback, user_data));
}

/**
 * extension_host_process_start_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.start_async].
 *
 * Returns: %TRUE if the host was running
 *
 * Since: 0.1
 */
gboolean
extension_host_process_start_finish (ExtensionHostProcess  *self,
                                     GAsyncResult          *result,
                                     GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_start_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * extension_host_process_restart_async:
 * @self: a host
 * @cancellable: (nullable): ends the waiting, not the restart
 * @callback: (scope async): called when the host is running again, or could not be started
 * @user_data: data for @callback
 *
 * Stops the host if it is up, as [method@ExtensionHost.Process.stop_async] does, and starts it.
 * If a restart is pending already, this one joins it.
 *
 * Errors are those of [method@ExtensionHost.Process.start_async], without `INVALID_TRANSITION`; and
 * `FAILED` if processes of the run before cannot be killed.
 *
 * Since: 0.1
 */
void
extension_host_process_restart_async (ExtensionHostProcess *self,
                                      GCancellable         *cancellable,
                                      GAsyncReadyCallback   callback,
                                      gpointer              user_data)
{
  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  extension_host_process_bring_up (
    self, EXTENSION_HOST_REASON_RESTART, EXTENSION_HOST_REQUESTER_APPLICATION,
    extension_host_process_new_task (self, extension_host_process_restart_async, cancellable,
                                     callback, user_data));
}

/**
 * extension_host_process_restart_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.restart_async].
 *
 * Returns: %TRUE if the host was running again
 *
 * Since: 0.1
 */
gboolean
extension_host_process_restart_finish (ExtensionHostProcess  *self,
                                       GAsyncResult          *result,
                                       GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_restart_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Stop, terminate and kill */

/* Takes over @task, which is answered with an ExtensionHostStopOutcome. */
void
extension_host_process_bring_down (ExtensionHostProcess         *self,
                                   ExtensionHostReason           reason,
                                   guint                         timeout_ms,
                                   const ExtensionHostRequester *requester,
                                   GTask                        *task)
{
  guint64 before = self->lifecycle.sequence;
  gboolean was_stopped = self->lifecycle.state == EXTENSION_HOST_STATE_STOPPED;
  g_autoptr(GError) error = NULL;

  if (g_task_return_error_if_cancelled (task))
    {
      g_object_unref (task);
      return;
    }

  if (!extension_host_process_stop_as (self, reason, timeout_ms, requester, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }

  if (was_stopped)
    {
      ExtensionHostLadder nothing_to_end = { NULL };

      g_task_return_pointer (task,
                             extension_host_ladder_get_outcome (&nothing_to_end, self->last_exit, 0),
                             (GDestroyNotify) extension_host_stop_outcome_unref);
      g_object_unref (task);
    }
  else
    {
      extension_host_process_wait_for (self, EXTENSION_HOST_WAIT_STOPPED, before, task);
    }

  extension_host_process_flush (self);
}

/**
 * extension_host_process_stop_async:
 * @self: a host
 * @cancellable: (nullable): ends the waiting, not the stop
 * @callback: (scope async): called when the host has stopped
 * @user_data: data for @callback
 *
 * Stops the host, gently first.
 *
 * The rungs, each skipped if its time is 0: stdin is closed
 * ([property@ExtensionHost.Spec:exit-timeout]); the program gets `SIGTERM` and `SIGCONT`
 * ([property@ExtensionHost.Spec:term-timeout]); the whole tree gets `SIGKILL`
 * ([property@ExtensionHost.Spec:kill-timeout]). It is done when the last process is gone. If
 * processes outlive their `SIGKILL`, such as those of another user, it is done all the same after
 * the kill timeout: the outcome says how many are left, and the state stays `stopping`.
 *
 * It may be called in every state and as often as one likes: all calls are answered with an equal
 * outcome. It drops a restart that is pending, and the host stays down until it is started.
 *
 * Errors: `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_stop_async (ExtensionHostProcess *self,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data)
{
  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  extension_host_process_bring_down (
    self, EXTENSION_HOST_REASON_STOP, 0, EXTENSION_HOST_REQUESTER_APPLICATION,
    extension_host_process_new_task (self, extension_host_process_stop_async, cancellable,
                                     callback, user_data));
}

/**
 * extension_host_process_stop_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.stop_async].
 *
 * Returns: (transfer full): what came of it, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostStopOutcome *
extension_host_process_stop_finish (ExtensionHostProcess  *self,
                                    GAsyncResult          *result,
                                    GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_stop_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * extension_host_process_terminate_async:
 * @self: a host
 * @timeout_ms: how long the program has after `SIGTERM`, in ms; 0 kills the tree at once
 * @cancellable: (nullable): ends the waiting, not the termination
 * @callback: (scope async): called when the host has stopped
 * @user_data: data for @callback
 *
 * Ends the host as [method@ExtensionHost.Process.stop_async] does, but begins with `SIGTERM`.
 *
 * If the host is being stopped already, that only gets faster.
 *
 * Errors: `ALREADY_TERMINATED` in `stopped` and `crashed`; `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_terminate_async (ExtensionHostProcess *self,
                                        guint                 timeout_ms,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data)
{
  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  extension_host_process_bring_down (
    self, EXTENSION_HOST_REASON_TERMINATE, timeout_ms, EXTENSION_HOST_REQUESTER_APPLICATION,
    extension_host_process_new_task (self, extension_host_process_terminate_async, cancellable,
                                     callback, user_data));
}

/**
 * extension_host_process_terminate_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.terminate_async].
 *
 * Returns: (transfer full): what came of it, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostStopOutcome *
extension_host_process_terminate_finish (ExtensionHostProcess  *self,
                                         GAsyncResult          *result,
                                         GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_terminate_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * extension_host_process_kill_async:
 * @self: a host
 * @cancellable: (nullable): ends the waiting, not the killing
 * @callback: (scope async): called when the host has stopped
 * @user_data: data for @callback
 *
 * Kills the whole tree of the host at once.
 *
 * Errors: `ALREADY_TERMINATED` in `stopped` and `crashed`; `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_kill_async (ExtensionHostProcess *self,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data)
{
  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  extension_host_process_bring_down (
    self, EXTENSION_HOST_REASON_KILL, 0, EXTENSION_HOST_REQUESTER_APPLICATION,
    extension_host_process_new_task (self, extension_host_process_kill_async, cancellable,
                                     callback, user_data));
}

/**
 * extension_host_process_kill_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.kill_async].
 *
 * Returns: (transfer full): what came of it, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostStopOutcome *
extension_host_process_kill_finish (ExtensionHostProcess  *self,
                                    GAsyncResult          *result,
                                    GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_kill_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
