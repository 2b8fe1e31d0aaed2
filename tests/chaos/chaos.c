/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-host.h"

int
chaos_random (Chaos *self,
              int    begin,
              int    end)
{
  return g_rand_int_range (self->rand, begin, end);
}

void
chaos_fail (Chaos      *self,
            ChaosHost  *host,
            const char *format,
            ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  chaos_journal_print (&self->journal, "the world");
  if (host != NULL)
    chaos_host_describe (host);
  g_error ("Seed %u: %s%s%s", self->options->seed, host != NULL ? host->id : "",
           host != NULL ? ": " : "", text);
}

void
chaos_excuse (Chaos *self,
              guint  ms)
{
  self->excused_until = MAX (self->excused_until, g_get_monotonic_time () + (gint64) ms * 1000);
}
