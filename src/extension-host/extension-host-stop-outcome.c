/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-exit-private.h"

G_DEFINE_BOXED_TYPE (ExtensionHostStopOutcome, extension_host_stop_outcome,
                     extension_host_stop_outcome_ref, extension_host_stop_outcome_unref)

ExtensionHostStopOutcome *
extension_host_stop_outcome_new (void)
{
  return g_atomic_rc_box_new0 (ExtensionHostStopOutcome);
}

ExtensionHostStopOutcome *
extension_host_stop_outcome_ref (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
extension_host_stop_outcome_clear (gpointer data)
{
  ExtensionHostStopOutcome *self = data;

  g_clear_pointer (&self->exit, extension_host_exit_unref);
}

void
extension_host_stop_outcome_unref (ExtensionHostStopOutcome *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, extension_host_stop_outcome_clear);
}

gboolean
extension_host_stop_outcome_get_acknowledged (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->acknowledged;
}

gboolean
extension_host_stop_outcome_get_exited (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->exited;
}

gboolean
extension_host_stop_outcome_get_forced (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->forced;
}

ExtensionHostStopRung
extension_host_stop_outcome_get_rung (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, EXTENSION_HOST_STOP_RUNG_NONE);

  return self->rung;
}

gint64
extension_host_stop_outcome_get_duration (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->duration;
}

guint
extension_host_stop_outcome_get_leftover (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->leftover;
}

ExtensionHostExit *
extension_host_stop_outcome_get_exit (ExtensionHostStopOutcome *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->exit;
}
