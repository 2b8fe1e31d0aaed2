/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-manager-private.h"

/* The blocking form of the shutdown, for scripts and tests. It runs the main context of the manager
 * until all hosts are down, so timers and signals of the application run too. */

static void
store_result (GObject      *object G_GNUC_UNUSED,
              GAsyncResult *result,
              gpointer      user_data)
{
  GAsyncResult **stored = user_data;

  *stored = g_object_ref (result);
}

/* Blocking during an announcement would never end: what is awaited is announced after it. */
static gboolean
check_can_block (ExtensionHostManager  *self,
                 GError               **error)
{
  for (guint i = 0; i < self->processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (self->processes, i);

      if (!process->announcing)
        continue;

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("Host “%s” is announcing a change: block after the handler has returned"),
                   process->spec->id);
      return FALSE;
    }

  return TRUE;
}

/**
 * extension_host_manager_shutdown:
 * @self: a manager
 * @timeout_ms: how long all of it may take before the rest is killed, in ms; 0 for no such limit
 * @cancellable: (nullable): ends the waiting, not the shutdown
 * @error: return location for an error
 *
 * Stops all hosts as [method@ExtensionHost.Manager.shutdown_async] does, and blocks until it is
 * done. Meanwhile the main context of the manager runs.
 *
 * Within a handler of [signal@ExtensionHost.Manager::state-changed], or of the same signal of a
 * host, it fails with `G_IO_ERROR_PENDING` and does nothing.
 *
 * Returns: (transfer full): what came of it, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostShutdownReport *
extension_host_manager_shutdown (ExtensionHostManager  *self,
                                 guint                  timeout_ms,
                                 GCancellable          *cancellable,
                                 GError               **error)
{
  g_autoptr(ExtensionHostManager) hold G_GNUC_UNUSED = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), NULL);
  g_return_val_if_fail (extension_host_manager_is_own_thread (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!check_can_block (self, error))
    return NULL;

  hold = g_object_ref (self);
  g_main_context_push_thread_default (self->context);
  extension_host_manager_shutdown_async (self, timeout_ms, cancellable, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);

  return extension_host_manager_shutdown_finish (self, result, error);
}
