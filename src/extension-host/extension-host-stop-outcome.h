/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <glib-object.h>

#include "extension-host-enums.h"
#include "extension-host-exit.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_STOP_OUTCOME (extension_host_stop_outcome_get_type ())

/**
 * ExtensionHostStopOutcome:
 *
 * What came of stopping a host.
 *
 * It is immutable and may be kept, and read from any thread.
 *
 * Since: 0.1
 */
typedef struct _ExtensionHostStopOutcome ExtensionHostStopOutcome;

EXTENSION_HOST_AVAILABLE_IN_0_1
GType extension_host_stop_outcome_get_type (void) G_GNUC_CONST;

/**
 * extension_host_stop_outcome_ref:
 * @self: the record
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStopOutcome *extension_host_stop_outcome_ref (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_unref:
 * @self: (transfer full): the record
 *
 * Drops a reference. The last one frees the record.
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_stop_outcome_unref (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_get_acknowledged:
 * @self: the record
 *
 * Gets whether the host answered the shutdown request.
 *
 * Returns: %TRUE if it acknowledged
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_stop_outcome_get_acknowledged (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_get_exited:
 * @self: the record
 *
 * Gets whether the whole tree is gone.
 *
 * Returns: %TRUE if no process is left
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_stop_outcome_get_exited (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_get_forced:
 * @self: the record
 *
 * Gets whether the last rung of the ladder was needed.
 *
 * Returns: %TRUE if the tree had to be killed
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_stop_outcome_get_forced (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_get_rung:
 * @self: the record
 *
 * Gets the rung of the ladder at which it ended.
 *
 * Returns: the rung
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStopRung extension_host_stop_outcome_get_rung (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_get_duration:
 * @self: the record
 *
 * Gets how long it took.
 *
 * Returns: the duration, in µs
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_stop_outcome_get_duration (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_get_leftover:
 * @self: the record
 *
 * Gets how many processes are left although they were killed, such as those of another user.
 *
 * Returns: the number of processes
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_stop_outcome_get_leftover (ExtensionHostStopOutcome *self);

/**
 * extension_host_stop_outcome_get_exit:
 * @self: the record
 *
 * Gets how the program ended.
 *
 * Returns: (transfer none) (nullable): the exit, or %NULL if it never ran or has not ended
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExit *extension_host_stop_outcome_get_exit (ExtensionHostStopOutcome *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostStopOutcome, extension_host_stop_outcome_unref)

G_END_DECLS
