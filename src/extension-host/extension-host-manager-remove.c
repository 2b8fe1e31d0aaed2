/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-manager-private.h"

/* Removing a host: it is stopped, and then taken out of the list. */

static void
on_stopped_for_removal (GObject      *object,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (object);
  g_autoptr(GTask) task = user_data;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  guint leftover = 0;

  outcome = extension_host_process_stop_finish (process, result, &error);
  if (outcome == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  leftover = extension_host_stop_outcome_get_leftover (outcome);
  if (leftover > 0)
    {
      g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                               g_dngettext (GETTEXT_PACKAGE,
                                            "Host “%s” stays: %u process cannot be killed",
                                            "Host “%s” stays: %u processes cannot be killed",
                                            leftover),
                               extension_host_process_get_id (process), leftover);
      return;
    }

  /* Out of the list it would run on, and nobody would end it. */
  if (process->lifecycle.state != EXTENSION_HOST_STATE_STOPPED &&
      process->lifecycle.state != EXTENSION_HOST_STATE_CRASHED)
    {
      g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_SUPERSEDED,
                               _("Host “%s” stays: it was told to start again"),
                               extension_host_process_get_id (process));
      return;
    }

  extension_host_manager_take_out (g_task_get_source_object (task), process);
  g_task_return_boolean (task, TRUE);
}

/**
 * extension_host_manager_remove_async:
 * @self: a manager
 * @id: the id of a host
 * @cancellable: (nullable): ends the waiting; the host is stopped, and stays in the list
 * @callback: (scope async): called when the host has stopped and left the list
 * @user_data: data for @callback
 *
 * Stops a host as [method@ExtensionHost.Process.stop_async] does, and takes it out of the list.
 *
 * Errors: `NOT_FOUND`; `FAILED` if processes of the host cannot be killed, and `SUPERSEDED` if it was
 * told to start again meanwhile: then it stays in the list; `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_manager_remove_async (ExtensionHostManager *self,
                                     const char           *id,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              user_data)
{
  ExtensionHostProcess *process = NULL;
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (id != NULL);
  g_return_if_fail (extension_host_manager_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, extension_host_manager_remove_async);
  g_task_set_check_cancellable (task, FALSE);   /* a host that is gone is gone */

  process = g_hash_table_lookup (self->by_id, id);
  if (process == NULL)
    {
      g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
                               _("There is no host with id “%s”"), id);
      return;
    }

  extension_host_process_stop_async (process, cancellable, on_stopped_for_removal,
                                     g_steal_pointer (&task));
}

/**
 * extension_host_manager_remove_finish:
 * @self: a manager
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Manager.remove_async].
 *
 * Returns: %TRUE if the host left the list
 *
 * Since: 0.1
 */
gboolean
extension_host_manager_remove_finish (ExtensionHostManager  *self,
                                      GAsyncResult          *result,
                                      GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_manager_remove_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
