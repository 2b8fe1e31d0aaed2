/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-backoff-private.h"

/* The wait in ms before restart number @attempt (1, 2, 3…) of an incident: @initial_ms, growing by
 * @factor up to @max_ms. @random, drawn anew from [0, 1) each time, moves it by up to ± @jitter
 * (a fraction of it), so that hosts that failed together do not come back together. The cap holds
 * for the result too. */
guint
extension_host_backoff_delay (guint  initial_ms,
                              double factor,
                              guint  max_ms,
                              double jitter,
                              guint  attempt,
                              double random)
{
  double delay = initial_ms;

  /* Bounded: with the smallest factor above 1 the cap may be far, but attempts are few. */
  for (guint i = 1; i < attempt && delay < max_ms && factor > 1.0; i++)
    delay *= factor;

  delay = MIN (delay, max_ms);
  delay += delay * jitter * (2.0 * random - 1.0);

  return (guint) (CLAMP (delay, 0.0, max_ms) + 0.5);
}
