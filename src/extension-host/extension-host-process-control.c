/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-process-private.h"

/* Pause, quarantine and reset: how a host is supervised. They take effect at once. */

/**
 * extension_host_process_pause:
 * @self: a host
 * @error: return location for an error
 *
 * Pauses the supervision: no automatic restart, no verdict on the host's health; backoff and start
 * timeout are held. If the host ends meanwhile, that is recorded and it rests in `unhealthy`, or
 * in `stopped` where its exit leads there.
 *
 * It may be called in every state. Errors: `QUARANTINED`; `CLOSED`.
 *
 * Returns: %TRUE if the host is paused now
 *
 * Since: 0.1
 */
gboolean
extension_host_process_pause (ExtensionHostProcess  *self,
                              GError               **error)
{
  gboolean paused = FALSE;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  paused = extension_host_process_check_open (self, error) &&
           extension_host_lifecycle_pause (&self->lifecycle, error);
  if (paused)
    {
      extension_host_process_hold_start (self);
      extension_host_restart_slot_leave (&self->slot);   /* others are not to wait for the resume */
    }
  extension_host_process_flush (self);

  return paused;
}

/**
 * extension_host_process_resume:
 * @self: a host
 * @error: return location for an error
 *
 * Resumes the supervision. If the host ended while it was paused, the policy decides now.
 *
 * It may be called in every state. Errors: `QUARANTINED`; `CLOSED`.
 *
 * Returns: %TRUE if the host is not paused now
 *
 * Since: 0.1
 */
gboolean
extension_host_process_resume (ExtensionHostProcess  *self,
                               GError               **error)
{
  gboolean was_paused = FALSE;
  gboolean resumed = FALSE;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  was_paused = self->lifecycle.control == EXTENSION_HOST_CONTROL_PAUSED;
  resumed = extension_host_process_check_open (self, error) &&
            extension_host_lifecycle_resume (&self->lifecycle, error);
  if (resumed && was_paused)
    {
      extension_host_process_resume_start (self);
      extension_host_process_resume_health (self);
    }
  extension_host_process_flush (self);

  return resumed;
}

gboolean
extension_host_process_quarantine_as (ExtensionHostProcess          *self,
                                      const ExtensionHostRequester  *requester,
                                      GError                       **error)
{
  if (!extension_host_process_check_open (self, error))
    return FALSE;

  extension_host_process_tell_wish (self);
  extension_host_lifecycle_quarantine (&self->lifecycle, requester);
  extension_host_process_supersede_starts (self);
  extension_host_process_flush (self);

  return TRUE;
}

/**
 * extension_host_process_quarantine:
 * @self: a host
 * @error: return location for an error
 *
 * Sets the host aside: it is stopped if it is up, and cannot be started until it is released.
 *
 * It may be called in every state, and does not wait for the host to stop. Errors: `CLOSED`.
 *
 * Returns: %TRUE if the host is quarantined now
 *
 * Since: 0.1
 */
gboolean
extension_host_process_quarantine (ExtensionHostProcess  *self,
                                   GError               **error)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return extension_host_process_quarantine_as (self, EXTENSION_HOST_REQUESTER_APPLICATION, error);
}

/**
 * extension_host_process_release:
 * @self: a host
 * @error: return location for an error
 *
 * Ends the quarantine. The host is not started by that.
 *
 * It may be called in every state. Errors: `CLOSED`.
 *
 * Returns: %TRUE if the host is not quarantined now
 *
 * Since: 0.1
 */
gboolean
extension_host_process_release (ExtensionHostProcess  *self,
                                GError               **error)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!extension_host_process_check_open (self, error))
    return FALSE;

  extension_host_lifecycle_release (&self->lifecycle);
  extension_host_process_flush (self);

  return TRUE;
}

gboolean
extension_host_process_reset_as (ExtensionHostProcess          *self,
                                 const ExtensionHostRequester  *requester,
                                 GError                       **error)
{
  gboolean reset = extension_host_process_check_open (self, error) &&
                   extension_host_lifecycle_reset (&self->lifecycle, requester, error);

  extension_host_process_flush (self);

  return reset;
}

/**
 * extension_host_process_reset:
 * @self: a host
 * @error: return location for an error
 *
 * Clears the restart budget, and makes a crashed host a stopped one without starting it.
 *
 * Errors: `INVALID_TRANSITION` in all states but `crashed` and `stopped`; `CLOSED`.
 *
 * Returns: %TRUE if the host is stopped now
 *
 * Since: 0.1
 */
gboolean
extension_host_process_reset (ExtensionHostProcess  *self,
                              GError               **error)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return extension_host_process_reset_as (self, EXTENSION_HOST_REQUESTER_APPLICATION, error);
}
