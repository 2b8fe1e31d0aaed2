/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define NOTES_TYPE_PREVIEW (notes_preview_get_type ())

G_DECLARE_FINAL_TYPE (NotesPreview, notes_preview, NOTES, PREVIEW, GtkTextView)

void notes_preview_set_html (NotesPreview *self,
                             const char   *html);

G_END_DECLS
