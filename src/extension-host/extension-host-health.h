/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <glib-object.h>

#include "extension-host-enums.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_HEALTH (extension_host_health_get_type ())

/**
 * ExtensionHostHealth:
 *
 * How a host was at one tick of its supervision.
 *
 * It is immutable and may be kept, and read from any thread.
 *
 * Since: 0.1
 */
typedef struct _ExtensionHostHealth ExtensionHostHealth;

EXTENSION_HOST_AVAILABLE_IN_0_1
GType extension_host_health_get_type (void) G_GNUC_CONST;

/**
 * extension_host_health_ref:
 * @self: the record
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostHealth *extension_host_health_ref (ExtensionHostHealth *self);

/**
 * extension_host_health_unref:
 * @self: (transfer full): the record
 *
 * Drops a reference. The last one frees the record.
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_health_unref (ExtensionHostHealth *self);

/**
 * extension_host_health_get_sequence:
 * @self: the record
 *
 * Gets the number of the tick among those of this host. It grows, and is not reset by a restart.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_health_get_sequence (ExtensionHostHealth *self);

/**
 * extension_host_health_get_generation:
 * @self: the record
 *
 * Gets which spawn of the host was looked at.
 *
 * Returns: the generation
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_health_get_generation (ExtensionHostHealth *self);

/**
 * extension_host_health_get_time:
 * @self: the record
 *
 * Gets the wall-clock time of the tick.
 *
 * Returns: the time, in µs since the epoch
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_health_get_time (ExtensionHostHealth *self);

/**
 * extension_host_health_get_ok:
 * @self: the record
 *
 * Gets whether the host is well: nothing that it was asked since its last reply has gone
 * unanswered for too long.
 *
 * Returns: %TRUE if it is well
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_health_get_ok (ExtensionHostHealth *self);

/**
 * extension_host_health_get_latency:
 * @self: the record
 *
 * Gets how long the host took for the last reply that was measured since the tick before, to a
 * probe or to a call.
 *
 * Returns: the duration, in µs, or -1 if none was measured
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_health_get_latency (ExtensionHostHealth *self);

/**
 * extension_host_health_get_failures:
 * @self: the record
 *
 * Gets how many probes in a row have gone unanswered for too long.
 *
 * Returns: the number of failures, 0 if it is well
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_health_get_failures (ExtensionHostHealth *self);

/**
 * extension_host_health_get_rss:
 * @self: the record
 *
 * Gets how much memory the whole tree of the host has resident.
 *
 * Returns: the size, in bytes
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_health_get_rss (ExtensionHostHealth *self);

/**
 * extension_host_health_get_cpu_percent:
 * @self: the record
 *
 * Gets how much of one processor the whole tree of the host has used since the tick before. On
 * several it may use more than 100.
 *
 * Returns: the share, in percent of one processor
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
double extension_host_health_get_cpu_percent (ExtensionHostHealth *self);

/**
 * extension_host_health_get_processes:
 * @self: the record
 *
 * Gets how many processes the tree of the host has.
 *
 * Returns: the number of processes
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_health_get_processes (ExtensionHostHealth *self);

/**
 * extension_host_health_get_pending_calls:
 * @self: the record
 *
 * Gets how many calls to the host have no answer yet.
 *
 * Returns: the number of calls
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_health_get_pending_calls (ExtensionHostHealth *self);

/**
 * extension_host_health_get_queued_bytes:
 * @self: the record
 *
 * Gets how much is waiting to be written to the host.
 *
 * Returns: the size, in bytes
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_health_get_queued_bytes (ExtensionHostHealth *self);

/**
 * extension_host_health_get_verdict:
 * @self: the record
 *
 * Gets what the system says of a host that does not answer.
 *
 * Returns: the verdict
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostVerdict extension_host_health_get_verdict (ExtensionHostHealth *self);

/**
 * extension_host_health_to_string:
 * @self: the record
 *
 * Describes the health in one line of stable form, for logs and people, such as
 * `ok, 0.8 ms, 34.1 MiB, 2 % CPU, 3 processes` or
 * `3 failures in a row, stopped, 34.1 MiB, 0 % CPU, 1 process`. What was not measured is left out.
 *
 * Returns: (transfer full): the line
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
char *extension_host_health_to_string (ExtensionHostHealth *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostHealth, extension_host_health_unref)

G_END_DECLS
