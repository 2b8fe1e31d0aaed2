/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-process-private.h"

/* Blocking forms, for scripts and tests. They run the main context of the host until the
 * operation is done, so timers and signals of the application run too. */

typedef void (*Begin) (ExtensionHostProcess *self,
                       GCancellable         *cancellable,
                       GAsyncReadyCallback   callback,
                       gpointer              user_data);

static void
store_result (GObject      *object G_GNUC_UNUSED,
              GAsyncResult *result,
              gpointer      user_data)
{
  GAsyncResult **stored = user_data;

  *stored = g_object_ref (result);
}

/* NULL, with the error set, if blocking here would never end: what is awaited is announced after
 * the announcement that is being made now. */
static GAsyncResult *
run (ExtensionHostProcess  *self,
     Begin                  begin,
     GCancellable          *cancellable,
     GError               **error)
{
  g_autoptr(ExtensionHostProcess) hold = g_object_ref (self);
  GAsyncResult *result = NULL;

  if (self->announcing)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("Host “%s” is announcing a change: block after the handler has returned"),
                   self->spec->id);
      return NULL;
    }

  g_main_context_push_thread_default (self->context);
  begin (hold, cancellable, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);

  return result;
}

/**
 * extension_host_process_stop:
 * @self: a host
 * @cancellable: (nullable): ends the waiting, not the stop
 * @error: return location for an error
 *
 * Stops the host as [method@ExtensionHost.Process.stop_async] does, and blocks until it is done.
 * Meanwhile the main context of the host runs.
 *
 * Within a handler of [signal@ExtensionHost.Process::state-changed] of the same host it fails with
 * `G_IO_ERROR_PENDING` and does nothing.
 *
 * Returns: (transfer full): what came of it, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostStopOutcome *
extension_host_process_stop (ExtensionHostProcess  *self,
                             GCancellable          *cancellable,
                             GError               **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), NULL);

  result = run (self, extension_host_process_stop_async, cancellable, error);

  return result != NULL ? extension_host_process_stop_finish (self, result, error) : NULL;
}

/**
 * extension_host_process_restart:
 * @self: a host
 * @cancellable: (nullable): ends the waiting, not the restart
 * @error: return location for an error
 *
 * Restarts the host as [method@ExtensionHost.Process.restart_async] does, and blocks until it is
 * running. Meanwhile the main context of the host runs.
 *
 * Within a handler of [signal@ExtensionHost.Process::state-changed] of the same host it fails with
 * `G_IO_ERROR_PENDING` and does nothing.
 *
 * Returns: %TRUE if the host is running again
 *
 * Since: 0.1
 */
gboolean
extension_host_process_restart (ExtensionHostProcess  *self,
                                GCancellable          *cancellable,
                                GError               **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);

  result = run (self, extension_host_process_restart_async, cancellable, error);

  return result != NULL && extension_host_process_restart_finish (self, result, error);
}

/**
 * extension_host_process_wait_ready:
 * @self: a host
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Blocks until the host is ready, as [method@ExtensionHost.Process.wait_ready_async] says.
 * Meanwhile the main context of the host runs.
 *
 * Within a handler of [signal@ExtensionHost.Process::state-changed] of the same host it fails with
 * `G_IO_ERROR_PENDING`.
 *
 * Returns: %TRUE if the host is ready
 *
 * Since: 0.1
 */
gboolean
extension_host_process_wait_ready (ExtensionHostProcess  *self,
                                   GCancellable          *cancellable,
                                   GError               **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);

  result = run (self, extension_host_process_wait_ready_async, cancellable, error);

  return result != NULL && extension_host_process_wait_ready_finish (self, result, error);
}

/**
 * extension_host_process_wait:
 * @self: a host
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Blocks until the host is at rest, as [method@ExtensionHost.Process.wait_async] says. Meanwhile
 * the main context of the host runs.
 *
 * Within a handler of [signal@ExtensionHost.Process::state-changed] of the same host it fails with
 * `G_IO_ERROR_PENDING`.
 *
 * Returns: (transfer full): how the program ended, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostExit *
extension_host_process_wait (ExtensionHostProcess  *self,
                             GCancellable          *cancellable,
                             GError               **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), NULL);

  result = run (self, extension_host_process_wait_async, cancellable, error);

  return result != NULL ? extension_host_process_wait_finish (self, result, error) : NULL;
}
