/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-watchdog-private.h"

#define SUSPENDED (100 * 1000)   /* µs: the two clocks are not read at quite the same moment */

/* A host has become ready. */
void
extension_host_watchdog_begin (ExtensionHostWatchdog *self,
                               guint                  interval_ms,
                               guint                  timeout_ms,
                               guint                  limit,
                               gint64                 slept)
{
  *self = (ExtensionHostWatchdog) {
    .interval = (gint64) interval_ms * 1000,
    .timeout = (gint64) timeout_ms * 1000,
    .limit = limit,
    .latency = -1,
    .slept = slept,
  };
}

/* Starts all over: what came before proves nothing, and what is under way gets one interval. */
void
extension_host_watchdog_grant_grace (ExtensionHostWatchdog *self,
                                     gint64                 now)
{
  self->failures = 0;
  self->told = FALSE;
  self->grace_ends = now + self->interval;
}

/* After @latency µs. An error is an answer, too. */
void
extension_host_watchdog_probe_answered (ExtensionHostWatchdog *self,
                                        gint64                 latency)
{
  self->failures = 0;
  self->told = FALSE;
  self->latency = latency;
}

/* The same for a call of somebody else, which saves us a probe. */
void
extension_host_watchdog_replied (ExtensionHostWatchdog *self,
                                 gint64                 latency)
{
  extension_host_watchdog_probe_answered (self, latency);
  self->replied = TRUE;
}

/* After a suspension, and after we have been kept from our work for long ourselves, silence of the host
 * means nothing: it may have been kept from its work just as well. */
static void
look_at_ourselves (ExtensionHostWatchdog *self,
                   gint64                 due,
                   gint64                 now,
                   gint64                 slept)
{
  gboolean was_suspended = slept - self->slept > SUSPENDED;
  gboolean was_stalled = now - due > self->timeout;

  self->slept = slept;
  if (was_suspended || was_stalled)
    extension_host_watchdog_grant_grace (self, now);
}

/* The tick that was @due. TRUE if the host is to be probed: nothing else has shown that it lives. */
gboolean
extension_host_watchdog_tick (ExtensionHostWatchdog *self,
                              gint64                 due,
                              gint64                 now,
                              gint64                 slept)
{
  gboolean replied = self->replied;

  look_at_ourselves (self, due, now, slept);
  self->replied = FALSE;

  return !replied;
}

/* A probe that should have been answered by @due was not. TRUE if that is one too many, which is said
 * once, until the host answers again. */
gboolean
extension_host_watchdog_missed (ExtensionHostWatchdog *self,
                                gint64                 due,
                                gint64                 now,
                                gint64                 slept)
{
  look_at_ourselves (self, due, now, slept);
  if (now < self->grace_ends)
    return FALSE;

  self->failures++;
  if (self->told || self->failures < MAX (self->limit, 1))
    return FALSE;

  self->told = TRUE;

  return TRUE;
}

/* That of the last reply since this was last asked; -1 if there was none. */
gint64
extension_host_watchdog_take_latency (ExtensionHostWatchdog *self)
{
  gint64 latency = self->latency;

  self->latency = -1;

  return latency;
}
