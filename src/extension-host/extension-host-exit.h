/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <glib-object.h>

#include "extension-host-enums.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_EXIT (extension_host_exit_get_type ())

/**
 * ExtensionHostExit:
 *
 * How the program of a host ended.
 *
 * An exit status assigns no blame: whether an exit was asked for is known only to the manager,
 * see [method@ExtensionHost.Exit.get_requested].
 *
 * It is immutable and may be kept, and read from any thread.
 *
 * Since: 0.1
 */
typedef struct _ExtensionHostExit ExtensionHostExit;

EXTENSION_HOST_AVAILABLE_IN_0_1
GType extension_host_exit_get_type (void) G_GNUC_CONST;

/**
 * extension_host_exit_ref:
 * @self: the record
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExit *extension_host_exit_ref (ExtensionHostExit *self);

/**
 * extension_host_exit_unref:
 * @self: (transfer full): the record
 *
 * Drops a reference. The last one frees the record.
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_exit_unref (ExtensionHostExit *self);

/**
 * extension_host_exit_get_kind:
 * @self: the record
 *
 * Gets the kind of the end.
 *
 * Returns: the kind
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExitKind extension_host_exit_get_kind (ExtensionHostExit *self);

/**
 * extension_host_exit_get_code:
 * @self: the record
 *
 * Gets the exit status.
 *
 * Returns: the status, 0 to 255, or -1 if it did not exit by itself
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
int extension_host_exit_get_code (ExtensionHostExit *self);

/**
 * extension_host_exit_get_signal:
 * @self: the record
 *
 * Gets the signal that ended it.
 *
 * Returns: the signal, or 0 if none did
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
int extension_host_exit_get_signal (ExtensionHostExit *self);

/**
 * extension_host_exit_get_core_dumped:
 * @self: the record
 *
 * Gets whether the system wrote a core dump.
 *
 * Returns: %TRUE if there is a core dump
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_exit_get_core_dumped (ExtensionHostExit *self);

/**
 * extension_host_exit_get_reason:
 * @self: the record
 *
 * Gets why the generation ended: what ended it unasked, or the operation that did.
 *
 * Returns: the reason
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostReason extension_host_exit_get_reason (ExtensionHostExit *self);

/**
 * extension_host_exit_get_requested:
 * @self: the record
 *
 * Gets whether somebody had asked for the host to end.
 *
 * Returns: %TRUE if it was asked for
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_exit_get_requested (ExtensionHostExit *self);

/**
 * extension_host_exit_get_generation:
 * @self: the record
 *
 * Gets which spawn of the host ended.
 *
 * Returns: the generation
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_exit_get_generation (ExtensionHostExit *self);

/**
 * extension_host_exit_get_pid:
 * @self: the record
 *
 * Gets the process id that the program had. It may belong to another process by now.
 *
 * Returns: the process id, 0 if the program never ran
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_exit_get_pid (ExtensionHostExit *self);

/**
 * extension_host_exit_get_time:
 * @self: the record
 *
 * Gets the wall-clock time of the end.
 *
 * Returns: the time, in µs since the epoch
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_exit_get_time (ExtensionHostExit *self);

/**
 * extension_host_exit_get_runtime:
 * @self: the record
 *
 * Gets for how long the program ran.
 *
 * Returns: the duration, in µs
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_exit_get_runtime (ExtensionHostExit *self);

/**
 * extension_host_exit_get_log:
 * @self: the record
 *
 * Gets the last lines that this generation wrote, at most 16 KiB, oldest first.
 *
 * Returns: (transfer none) (array zero-terminated=1): the lines
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char * const *extension_host_exit_get_log (ExtensionHostExit *self);

/**
 * extension_host_exit_get_suspects:
 * @self: the record
 *
 * Gets the ids of the extensions that were activating or had calls in flight.
 *
 * Returns: (transfer none) (array zero-terminated=1): the ids
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char * const *extension_host_exit_get_suspects (ExtensionHostExit *self);

/**
 * extension_host_exit_to_string:
 * @self: the record
 *
 * Describes the end in one line of stable form, for logs and people.
 *
 * Returns: (transfer full): the line
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
char *extension_host_exit_to_string (ExtensionHostExit *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostExit, extension_host_exit_unref)

G_END_DECLS
