/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The last events of one host, or of the world around all of them, in words: what a run that fails
 * has to show. */

#define CHAOS_EVENTS 20

typedef struct
{
  char *lines[CHAOS_EVENTS];
  guint64 n_lines;             /* that there ever were */
} ChaosJournal;

void chaos_journal_note  (ChaosJournal       *self,
                          const char         *format,
                          ...) G_GNUC_PRINTF (2, 3);
void chaos_journal_print (const ChaosJournal *self,
                          const char         *whose);
void chaos_journal_clear (ChaosJournal       *self);

G_END_DECLS
