/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-backoff-private.h"
#include "extension-host-restart-budget-private.h"
#include "extension-host-spec-check-private.h"

/* What the waits before restarts come to. Failures are remembered for a window, so that waits which
 * are long beside it are forgotten before the next failure can be counted together with them. All
 * values are in the range of their rows here. */

/* Without the cap, and with the luck that is given: from 0, which is the shortest, to 1. */
static guint
get_wait (ExtensionHostSpec *spec,
          guint              attempt,
          double             luck)
{
  return extension_host_backoff_delay (spec->backoff_initial, spec->backoff_factor, G_MAXUINT,
                                       spec->backoff_jitter, attempt, luck);
}

/* In ms, the shortest time in which as many restarts as are granted can follow each other. */
gint64
extension_host_spec_get_least_waits (ExtensionHostSpec *self)
{
  gint64 sum = 0;

  for (guint i = 1; i <= self->max_restarts; i++)
    sum += extension_host_backoff_delay (self->backoff_initial, self->backoff_factor,
                                         self->backoff_max, self->backoff_jitter, i, 0.0);

  return sum;
}

/* Whether the limit on restarts can be exceeded. A failure that is as old as the window counts, but
 * a host that fails has lived for a moment each time. */
gboolean
extension_host_spec_can_reach_limit (ExtensionHostSpec *self)
{
  return self->restart_window == 0 ||
         self->max_restarts == EXTENSION_HOST_UNLIMITED ||
         extension_host_spec_get_least_waits (self) < self->restart_window;
}

/* Whether a second restart can be one of the same window. */
gboolean
extension_host_spec_can_wait_longer (ExtensionHostSpec *self)
{
  return self->restart_window == 0 || get_wait (self, 1, 0.0) < self->restart_window;
}

/* Whether a wait can become so long that backoff-max cuts it. */
gboolean
extension_host_spec_can_reach_backoff_max (ExtensionHostSpec *self)
{
  guint n_attempts = MIN (self->max_restarts, EXTENSION_HOST_RESTART_BUDGET_MAX);
  gint64 elapsed = 0;

  for (guint i = 1; i <= n_attempts; i++)
    {
      if (get_wait (self, i, 1.0) >= self->backoff_max)
        return TRUE;

      elapsed += get_wait (self, i, 0.0);
      if (self->restart_window > 0 && elapsed >= self->restart_window)
        return FALSE;
    }

  return FALSE;
}
