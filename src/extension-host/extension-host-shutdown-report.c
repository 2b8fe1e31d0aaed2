/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-shutdown-report-private.h"

G_DEFINE_BOXED_TYPE (ExtensionHostShutdownReport, extension_host_shutdown_report,
                     extension_host_shutdown_report_ref, extension_host_shutdown_report_unref)

ExtensionHostShutdownReport *
extension_host_shutdown_report_new (void)
{
  ExtensionHostShutdownReport *self = g_atomic_rc_box_new0 (ExtensionHostShutdownReport);

  self->clean = TRUE;
  self->ids = g_ptr_array_new_with_free_func (g_free);
  self->outcomes =
    g_ptr_array_new_with_free_func ((GDestroyNotify) extension_host_stop_outcome_unref);

  return self;
}

void
extension_host_shutdown_report_add (ExtensionHostShutdownReport *self,
                                    const char                  *id,
                                    ExtensionHostStopOutcome    *outcome)
{
  g_ptr_array_add (self->ids, g_strdup (id));
  g_ptr_array_add (self->outcomes, extension_host_stop_outcome_ref (outcome));

  if (!extension_host_stop_outcome_get_exited (outcome) ||
      extension_host_stop_outcome_get_forced (outcome))
    self->clean = FALSE;
}

ExtensionHostShutdownReport *
extension_host_shutdown_report_ref (ExtensionHostShutdownReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
extension_host_shutdown_report_clear (gpointer data)
{
  ExtensionHostShutdownReport *self = data;

  g_ptr_array_unref (self->ids);
  g_ptr_array_unref (self->outcomes);
}

void
extension_host_shutdown_report_unref (ExtensionHostShutdownReport *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, extension_host_shutdown_report_clear);
}

gboolean
extension_host_shutdown_report_get_clean (ExtensionHostShutdownReport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->clean;
}

gint64
extension_host_shutdown_report_get_duration (ExtensionHostShutdownReport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->duration;
}

guint
extension_host_shutdown_report_get_n_hosts (ExtensionHostShutdownReport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->ids->len;
}

const char *
extension_host_shutdown_report_get_id (ExtensionHostShutdownReport *self,
                                       guint                        i)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (i < self->ids->len, NULL);

  return g_ptr_array_index (self->ids, i);
}

ExtensionHostStopOutcome *
extension_host_shutdown_report_get_outcome (ExtensionHostShutdownReport *self,
                                            guint                        i)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (i < self->outcomes->len, NULL);

  return g_ptr_array_index (self->outcomes, i);
}
