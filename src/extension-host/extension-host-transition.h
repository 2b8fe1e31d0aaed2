/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <glib-object.h>

#include "extension-host-enums.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_TRANSITION (extension_host_transition_get_type ())

/**
 * ExtensionHostTransition:
 *
 * One change of the state of a host: what [signal@ExtensionHost.Process::state-changed] carries
 * and what the history keeps.
 *
 * It is immutable and may be kept, and read from any thread.
 *
 * Since: 0.1
 */
typedef struct _ExtensionHostTransition ExtensionHostTransition;

EXTENSION_HOST_AVAILABLE_IN_0_1
GType extension_host_transition_get_type (void) G_GNUC_CONST;

/**
 * extension_host_transition_ref:
 * @self: the record
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostTransition *extension_host_transition_ref (ExtensionHostTransition *self);

/**
 * extension_host_transition_unref:
 * @self: (transfer full): the record
 *
 * Drops a reference. The last one frees the record.
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_transition_unref (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_old:
 * @self: the record
 *
 * Gets the state that was left.
 *
 * Returns: the old state
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostState extension_host_transition_get_old (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_new:
 * @self: the record
 *
 * Gets the state that was entered.
 *
 * Returns: the new state
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostState extension_host_transition_get_new (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_reason:
 * @self: the record
 *
 * Gets why the state changed.
 *
 * Returns: the reason
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostReason extension_host_transition_get_reason (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_detail:
 * @self: the record
 *
 * Gets a line that says more than the reason, such as what went wrong.
 *
 * Returns: (transfer none) (nullable): the detail, or %NULL if there is nothing to add
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_transition_get_detail (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_sequence:
 * @self: the record
 *
 * Gets the place of the transition among those of its host: 1, 2, 3… without a gap.
 *
 * Returns: the sequence number
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_transition_get_sequence (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_generation:
 * @self: the record
 *
 * Gets which spawn of the host it belongs to.
 *
 * Returns: the generation, 0 before the first spawn
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_transition_get_generation (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_time:
 * @self: the record
 *
 * Gets the wall-clock time, sampled when it happened.
 *
 * Returns: the time, in µs since the epoch
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_transition_get_time (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_monotonic_time:
 * @self: the record
 *
 * Gets the time on the clock of g_get_monotonic_time(), to measure durations with.
 *
 * Returns: the time, in µs
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_transition_get_monotonic_time (ExtensionHostTransition *self);

/**
 * extension_host_transition_get_requester:
 * @self: the record
 *
 * Gets who asked: `application` for the C API, else the name of who did. With reason `group` it is
 * the id of the host that failed.
 *
 * Returns: (transfer none) (nullable): the requester, or %NULL if nobody asked
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_transition_get_requester (ExtensionHostTransition *self);

/**
 * extension_host_transition_to_string:
 * @self: the record
 *
 * Describes the transition in one line, for logs.
 *
 * Returns: (transfer full): the line
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
char *extension_host_transition_to_string (ExtensionHostTransition *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostTransition, extension_host_transition_unref)

G_END_DECLS
