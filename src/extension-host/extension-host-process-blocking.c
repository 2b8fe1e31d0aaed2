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

/* Blocking during an announcement would never end: what is awaited is announced after it. */
static gboolean
check_can_block (ExtensionHostProcess  *self,
                 GError               **error)
{
  if (!self->announcing)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
               _("Host “%s” is announcing a change: block after the handler has returned"),
               self->spec->id);

  return FALSE;
}

/* The context has been pushed, so that the result comes to it. */
static void
wait_for_result (ExtensionHostProcess  *self,
                 GAsyncResult         **result)
{
  while (*result == NULL)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
}

static GAsyncResult *
run (ExtensionHostProcess  *self,
     Begin                  begin,
     GCancellable          *cancellable,
     GError               **error)
{
  g_autoptr(ExtensionHostProcess) hold = g_object_ref (self);
  GAsyncResult *result = NULL;

  /* The asynchronous form would not begin, and there would never be a result. */
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!check_can_block (self, error))
    return NULL;

  g_main_context_push_thread_default (self->context);
  begin (hold, cancellable, store_result, &result);
  wait_for_result (self, &result);

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

/**
 * extension_host_process_call:
 * @self: a host
 * @method: a method
 * @params: (nullable): an object or an array, which may be used again
 * @timeout_ms: how long to wait for the answer, in ms; 0 is
 *   [property@ExtensionHost.Spec:request-timeout], %EXTENSION_HOST_NO_TIMEOUT waits for ever
 * @cancellable: (nullable): ends the call
 * @error: return location for an error
 *
 * Calls a method of the host as [method@ExtensionHost.Process.call_async] does, and blocks until it
 * is answered. Meanwhile the main context of the host runs.
 *
 * Within a handler of [signal@ExtensionHost.Process::state-changed] of the same host it fails with
 * `G_IO_ERROR_PENDING` and does nothing.
 *
 * Returns: (transfer full): what the host answered, or %NULL with @error set
 *
 * Since: 0.1
 */
JsonNode *
extension_host_process_call (ExtensionHostProcess  *self,
                             const char            *method,
                             JsonNode              *params,
                             guint                  timeout_ms,
                             GCancellable          *cancellable,
                             GError               **error)
{
  g_autoptr(ExtensionHostProcess) hold G_GNUC_UNUSED = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (method != NULL && method[0] != '\0', NULL);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!check_can_block (self, error))
    return NULL;

  hold = g_object_ref (self);
  g_main_context_push_thread_default (self->context);
  extension_host_process_call_async (self, method, params, timeout_ms, cancellable, store_result,
                                     &result);
  wait_for_result (self, &result);

  return extension_host_process_call_finish (self, result, error);
}

/**
 * extension_host_process_call_bytes:
 * @self: a host
 * @method: a method
 * @params: (nullable): JSON text in UTF-8, an object or an array
 * @timeout_ms: how long to wait for the answer, in ms; 0 is
 *   [property@ExtensionHost.Spec:request-timeout], %EXTENSION_HOST_NO_TIMEOUT waits for ever
 * @cancellable: (nullable): ends the call
 * @error: return location for an error
 *
 * Calls a method of the host as [method@ExtensionHost.Process.call_bytes_async] does, and blocks
 * until it is answered. Meanwhile the main context of the host runs.
 *
 * Within a handler of [signal@ExtensionHost.Process::state-changed] of the same host it fails with
 * `G_IO_ERROR_PENDING` and does nothing.
 *
 * Returns: (transfer full): what the host answered, as JSON text, or %NULL with @error set
 *
 * Since: 0.1
 */
GBytes *
extension_host_process_call_bytes (ExtensionHostProcess  *self,
                                   const char            *method,
                                   GBytes                *params,
                                   guint                  timeout_ms,
                                   GCancellable          *cancellable,
                                   GError               **error)
{
  g_autoptr(ExtensionHostProcess) hold G_GNUC_UNUSED = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (method != NULL && method[0] != '\0', NULL);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!check_can_block (self, error))
    return NULL;

  hold = g_object_ref (self);
  g_main_context_push_thread_default (self->context);
  extension_host_process_call_bytes_async (self, method, params, timeout_ms, cancellable,
                                           store_result, &result);
  wait_for_result (self, &result);

  return extension_host_process_call_bytes_finish (self, result, error);
}
