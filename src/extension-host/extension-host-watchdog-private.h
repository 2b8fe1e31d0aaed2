/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a host that was ready still answers, as plain code without a clock: it is told of ticks, of
 * replies and of probes that got none, and says when to probe and when it is enough.
 *
 * Times are monotonic, in µs. `slept` is how long the system has been suspended so far, which is
 * CLOCK_BOOTTIME less CLOCK_MONOTONIC. */
typedef struct
{
  gint64 interval;          /* µs, between ticks */
  gint64 timeout;           /* µs, of a probe */
  guint limit;              /* failures in a row that are enough; 0 = one is enough to tell */

  guint failures;           /* in a row */
  gboolean replied;         /* since the last tick, and not to a probe */
  gint64 latency;           /* µs, of the last answer; -1 = there was none since it was taken */
  gboolean told;            /* that it is enough, in this incident */
  gint64 grace_ends;        /* nothing counts as a failure before; 0 = no grace */
  gint64 slept;             /* at the last look */
} ExtensionHostWatchdog;

void     extension_host_watchdog_begin         (ExtensionHostWatchdog *self,
                                                guint                  interval_ms,
                                                guint                  timeout_ms,
                                                guint                  limit,
                                                gint64                 slept);
void     extension_host_watchdog_grant_grace   (ExtensionHostWatchdog *self,
                                                gint64                 now);

void     extension_host_watchdog_replied       (ExtensionHostWatchdog *self,
                                                gint64                 latency);
void     extension_host_watchdog_probe_answered (ExtensionHostWatchdog *self,
                                                gint64                 latency);
gboolean extension_host_watchdog_tick          (ExtensionHostWatchdog *self,
                                                gint64                 due,
                                                gint64                 now,
                                                gint64                 slept);
gboolean extension_host_watchdog_missed        (ExtensionHostWatchdog *self,
                                                gint64                 due,
                                                gint64                 now,
                                                gint64                 slept);
gint64   extension_host_watchdog_take_latency  (ExtensionHostWatchdog *self);

G_END_DECLS
