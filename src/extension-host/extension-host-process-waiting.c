/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-process-private.h"

/* Waiting for a host to be ready, to rest, to be in a state, or to change. */

/* NULL if it has its answer already. */
static GTask *
begin_wait (ExtensionHostProcess *self,
            gpointer              tag,
            GCancellable         *cancellable,
            GAsyncReadyCallback   callback,
            gpointer              user_data)
{
  g_autoptr(GTask) task =
    extension_host_process_new_task (self, tag, cancellable, callback, user_data);
  g_autoptr(GError) error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return NULL;

  if (extension_host_process_check_open (self, &error))
    return g_steal_pointer (&task);

  g_task_return_error (task, g_steal_pointer (&error));

  return NULL;
}

static gboolean
is_at_rest (ExtensionHostProcess *self)
{
  return self->lifecycle.state == EXTENSION_HOST_STATE_STOPPED ||
         self->lifecycle.state == EXTENSION_HOST_STATE_CRASHED;
}

/**
 * extension_host_process_wait_ready_async:
 * @self: a host
 * @cancellable: (nullable): ends the waiting
 * @callback: (scope async): called when the host is ready, or will not be
 * @user_data: data for @callback
 *
 * Waits until the host is ready, through automatic restarts if need be.
 *
 * Errors: `NOT_RUNNING` if it is stopped, crashed, or being stopped for good; `HOST_EXITED` if it
 * comes to rest before it was ready; `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_wait_ready_async (ExtensionHostProcess *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = begin_wait (self, extension_host_process_wait_ready_async, cancellable, callback,
                     user_data);
  if (task == NULL)
    return;

  if (self->readiness == EXTENSION_HOST_READINESS_READY)
    g_task_return_boolean (task, TRUE);
  else if (is_at_rest (self) || (self->lifecycle.state == EXTENSION_HOST_STATE_STOPPING &&
                                 !self->lifecycle.pending_restart))
    g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING,
                             _("Host “%s” is not running: it is %s"), self->spec->id,
                             extension_host_state_to_string (self->lifecycle.state));
  else
    extension_host_process_wait_for (self, EXTENSION_HOST_WAIT_READY, self->lifecycle.sequence,
                                     g_steal_pointer (&task));
}

/**
 * extension_host_process_wait_ready_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.wait_ready_async].
 *
 * Returns: %TRUE if the host was ready
 *
 * Since: 0.1
 */
gboolean
extension_host_process_wait_ready_finish (ExtensionHostProcess  *self,
                                          GAsyncResult          *result,
                                          GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_wait_ready_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * extension_host_process_wait_async:
 * @self: a host
 * @cancellable: (nullable): ends the waiting
 * @callback: (scope async): called when the host is at rest
 * @user_data: data for @callback
 *
 * Waits until the host rests in `stopped` or `crashed`, with no restart pending. If it rests
 * already, that is at once.
 *
 * Any number of callers may wait; all get the same record.
 *
 * Errors: `NOT_RUNNING` if it rests and has never been started, so that there is no exit to tell
 * of; `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_wait_async (ExtensionHostProcess *self,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = begin_wait (self, extension_host_process_wait_async, cancellable, callback,
                     user_data);
  if (task == NULL)
    return;

  if (!is_at_rest (self))
    extension_host_process_wait_for (self, EXTENSION_HOST_WAIT_REST, self->lifecycle.sequence,
                                     g_steal_pointer (&task));
  else if (self->last_exit != NULL)
    g_task_return_pointer (task, extension_host_exit_ref (self->last_exit),
                           (GDestroyNotify) extension_host_exit_unref);
  else
    g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING,
                             _("Host “%s” has not been started"), self->spec->id);
}

/**
 * extension_host_process_wait_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.wait_async].
 *
 * Returns: (transfer full): how the program ended, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostExit *
extension_host_process_wait_finish (ExtensionHostProcess  *self,
                                    GAsyncResult          *result,
                                    GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_wait_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

#define EVERY_STATE ((ExtensionHostStateFlags) ((EXTENSION_HOST_STATE_FLAG_CRASHED << 1) - 1))

/**
 * extension_host_process_wait_for_state_async:
 * @self: a host
 * @states: one or more states
 * @cancellable: (nullable): ends the waiting
 * @callback: (scope async): called when the host is in one of @states
 * @user_data: data for @callback
 *
 * Waits until the host is in one of @states. If [property@ExtensionHost.Process:state] is one of
 * them already, that is at once; otherwise at the next announcement that leads to one, after the
 * handlers of [signal@ExtensionHost.Process::state-changed] have run. By the time that the callback
 * runs the host may be in another state again: [method@ExtensionHost.Process.wait_for_state_finish]
 * tells which one it was.
 *
 * It may never come, and a wait keeps the host alive: see to a @cancellable, or add the states in
 * which the host rests to @states.
 *
 * Errors: `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_wait_for_state_async (ExtensionHostProcess    *self,
                                             ExtensionHostStateFlags  states,
                                             GCancellable            *cancellable,
                                             GAsyncReadyCallback      callback,
                                             gpointer                 user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (states != 0 && (states & ~EVERY_STATE) == 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = begin_wait (self, extension_host_process_wait_for_state_async, cancellable, callback,
                     user_data);
  if (task == NULL)
    return;

  if ((states & (1u << self->face.state)) != 0)
    g_task_return_int (task, self->face.state);
  else
    extension_host_process_wait_for_state (self, states, g_steal_pointer (&task));
}

/**
 * extension_host_process_wait_for_state_finish:
 * @self: a host
 * @result: the result given to the callback
 * @state: (out) (optional): the state that the host was in
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.wait_for_state_async].
 *
 * Returns: %TRUE if the host was in one of the states
 *
 * Since: 0.1
 */
gboolean
extension_host_process_wait_for_state_finish (ExtensionHostProcess  *self,
                                              GAsyncResult          *result,
                                              ExtensionHostState    *state,
                                              GError               **error)
{
  gssize reached = -1;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result,
                                                  extension_host_process_wait_for_state_async),
                        FALSE);

  reached = g_task_propagate_int (G_TASK (result), error);
  if (reached == -1)
    return FALSE;

  if (state != NULL)
    *state = (ExtensionHostState) reached;

  return TRUE;
}

/* The first change behind number @after that is in the history; NULL if there is none yet. */
static ExtensionHostTransition *
find_change (ExtensionHostProcess *self,
             guint64               after)
{
  ExtensionHostTransition *found = NULL;

  for (GList *link = self->history.tail; link != NULL; link = link->prev)
    {
      ExtensionHostTransition *change = link->data;

      if (change->sequence <= after)
        break;
      found = change;
    }

  return found;
}

/**
 * extension_host_process_wait_change_async:
 * @self: a host
 * @after: the sequence number of a change, such as [property@ExtensionHost.Process:sequence]
 * @cancellable: (nullable): ends the waiting
 * @callback: (scope async): called when the state has changed
 * @user_data: data for @callback
 *
 * Waits for the first change of the state behind number @after. If it has been announced already it is
 * taken from the history, and that is at once; otherwise it is announced first, and the handlers of
 * [signal@ExtensionHost.Process::state-changed] have run.
 *
 * Who waits again with the number of the change that came misses none, however late. Of those that
 * are older than the history of 100 the first one that is left comes, and its number tells.
 *
 * A host at rest may never change again, and a wait keeps it alive, also when its manager has removed
 * it: see to a @cancellable.
 *
 * Errors: `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_process_wait_change_async (ExtensionHostProcess *self,
                                          guint64               after,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;
  ExtensionHostTransition *change = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = begin_wait (self, extension_host_process_wait_change_async, cancellable, callback,
                     user_data);
  if (task == NULL)
    return;

  change = find_change (self, after);
  if (change != NULL)
    g_task_return_pointer (task, extension_host_transition_ref (change),
                           (GDestroyNotify) extension_host_transition_unref);
  else
    extension_host_process_wait_for (self, EXTENSION_HOST_WAIT_CHANGE, after,
                                     g_steal_pointer (&task));
}

/**
 * extension_host_process_wait_change_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.wait_change_async].
 *
 * Returns: (transfer full): the change, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostTransition *
extension_host_process_wait_change_finish (ExtensionHostProcess  *self,
                                           GAsyncResult          *result,
                                           GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_wait_change_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
