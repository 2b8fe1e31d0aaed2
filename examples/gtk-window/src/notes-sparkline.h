/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define NOTES_TYPE_SPARKLINE (notes_sparkline_get_type ())

G_DECLARE_FINAL_TYPE (NotesSparkline, notes_sparkline, NOTES, SPARKLINE, GtkWidget)

void notes_sparkline_add   (NotesSparkline *self,
                            double          value);
void notes_sparkline_clear (NotesSparkline *self);

G_END_DECLS
