/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <json-glib/json-glib.h>

#include "extension-host-exit.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_CALL_FAILURE (extension_host_call_failure_get_type ())

/**
 * ExtensionHostCallFailure:
 *
 * Why a call failed, in more detail than a [struct@GLib.Error] has room for.
 *
 * It is immutable and may be kept.
 *
 * Since: 0.1
 */
typedef struct _ExtensionHostCallFailure ExtensionHostCallFailure;

EXTENSION_HOST_AVAILABLE_IN_0_1
GType extension_host_call_failure_get_type (void) G_GNUC_CONST;

/**
 * extension_host_call_failure_ref:
 * @self: the record
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostCallFailure *extension_host_call_failure_ref (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_unref:
 * @self: (transfer full): the record
 *
 * Drops a reference. The last one frees the record.
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_call_failure_unref (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_get_code:
 * @self: the record
 *
 * Gets the code of the error: that of the host if it answered with one, else one of
 * [error@ExtensionHost.Error] or `G_IO_ERROR_CANCELLED`.
 *
 * Returns: the code
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
int extension_host_call_failure_get_code (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_get_message:
 * @self: the record
 *
 * Gets the message of the error.
 *
 * Returns: (transfer none): the message
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_call_failure_get_message (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_get_data:
 * @self: the record
 *
 * Gets what the host sent as data of its error.
 *
 * Returns: (transfer none) (nullable): the data, or %NULL if there is none, or it is too large to be parsed
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
JsonNode *extension_host_call_failure_get_data (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_get_exit:
 * @self: the record
 *
 * Gets how the host ended, if that is why the call failed.
 *
 * Returns: (transfer none) (nullable): the exit, or %NULL
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExit *extension_host_call_failure_get_exit (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_get_generation:
 * @self: the record
 *
 * Gets which spawn of the host the request was written to.
 *
 * Returns: the generation, 0 if it was not written
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_call_failure_get_generation (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_get_written:
 * @self: the record
 *
 * Gets whether the request had left. If it had not, the host knows nothing of it and it may be
 * made again.
 *
 * Returns: %TRUE if the request had been written
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_call_failure_get_written (ExtensionHostCallFailure *self);

/**
 * extension_host_call_failure_get_log:
 * @self: the record
 *
 * Gets the last lines that the host wrote before it ended, at most 16 KiB, oldest first.
 *
 * Returns: (transfer none) (array zero-terminated=1): the lines
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char * const *extension_host_call_failure_get_log (ExtensionHostCallFailure *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostCallFailure, extension_host_call_failure_unref)

G_END_DECLS
