/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-journal.h"

void
chaos_journal_note (ChaosJournal *self,
                    const char   *format,
                    ...)
{
  g_autofree char *text = NULL;
  char **line = &self->lines[self->n_lines++ % CHAOS_EVENTS];
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_free (*line);
  *line = g_strdup_printf ("%.3f %s", (double) g_get_monotonic_time () / G_USEC_PER_SEC, text);
}

void
chaos_journal_print (const ChaosJournal *self,
                     const char         *whose)
{
  g_test_message ("The last events of %s:", whose);
  for (guint64 i = self->n_lines > CHAOS_EVENTS ? self->n_lines - CHAOS_EVENTS : 0;
       i < self->n_lines;
       i++)
    g_test_message ("  %s", self->lines[i % CHAOS_EVENTS]);
}

void
chaos_journal_clear (ChaosJournal *self)
{
  for (guint i = 0; i < CHAOS_EVENTS; i++)
    g_clear_pointer (&self->lines[i], g_free);
  self->n_lines = 0;
}
