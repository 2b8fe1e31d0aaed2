/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <glib-object.h>

#include "extension-host-stop-outcome.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_SHUTDOWN_REPORT (extension_host_shutdown_report_get_type ())

/**
 * ExtensionHostShutdownReport:
 *
 * What came of stopping all hosts of a manager, host by host.
 *
 * It is immutable and may be kept, and read from any thread.
 *
 * Since: 0.1
 */
typedef struct _ExtensionHostShutdownReport ExtensionHostShutdownReport;

EXTENSION_HOST_AVAILABLE_IN_0_1
GType extension_host_shutdown_report_get_type (void) G_GNUC_CONST;

/**
 * extension_host_shutdown_report_ref:
 * @self: the record
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostShutdownReport *extension_host_shutdown_report_ref (ExtensionHostShutdownReport *self);

/**
 * extension_host_shutdown_report_unref:
 * @self: (transfer full): the record
 *
 * Drops a reference. The last one frees the record.
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_shutdown_report_unref (ExtensionHostShutdownReport *self);

/**
 * extension_host_shutdown_report_get_clean:
 * @self: the record
 *
 * Gets whether all hosts went by themselves: no process of any of them is left, see
 * [method@ExtensionHost.StopOutcome.get_exited], and none of them had to be killed, see
 * [method@ExtensionHost.StopOutcome.get_forced]. How the programs exited does not matter. Without
 * hosts it is clean.
 *
 * Returns: %TRUE if no process is left and none was killed
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_shutdown_report_get_clean (ExtensionHostShutdownReport *self);

/**
 * extension_host_shutdown_report_get_duration:
 * @self: the record
 *
 * Gets how long it took until the last host had ended.
 *
 * Returns: the duration, in µs
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_shutdown_report_get_duration (ExtensionHostShutdownReport *self);

/**
 * extension_host_shutdown_report_get_n_hosts:
 * @self: the record
 *
 * Gets how many hosts it tells of.
 *
 * Returns: the number of hosts
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_shutdown_report_get_n_hosts (ExtensionHostShutdownReport *self);

/**
 * extension_host_shutdown_report_get_id:
 * @self: the record
 * @i: which host, less than [method@ExtensionHost.ShutdownReport.get_n_hosts]
 *
 * Gets the id of a host.
 *
 * Returns: (transfer none): the id
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_shutdown_report_get_id (ExtensionHostShutdownReport *self,
                                                   guint                        i);

/**
 * extension_host_shutdown_report_get_outcome:
 * @self: the record
 * @i: which host, less than [method@ExtensionHost.ShutdownReport.get_n_hosts]
 *
 * Gets what came of stopping a host.
 *
 * Returns: (transfer none): the outcome
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStopOutcome *extension_host_shutdown_report_get_outcome (ExtensionHostShutdownReport *self,
                                                                      guint                        i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostShutdownReport, extension_host_shutdown_report_unref)

G_END_DECLS
