/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define NOTES_TYPE_EDITOR (notes_editor_get_type ())

G_DECLARE_FINAL_TYPE (NotesEditor, notes_editor, NOTES, EDITOR, GtkTextView)

char    *notes_editor_dup_text    (NotesEditor          *self);
GFile   *notes_editor_get_file    (NotesEditor          *self);
void     notes_editor_load_async  (NotesEditor          *self,
                                   GFile                *file,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data);
gboolean notes_editor_load_finish (NotesEditor          *self,
                                   GAsyncResult         *result,
                                   GError              **error);
void     notes_editor_save_async  (NotesEditor          *self,
                                   GFile                *file,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data);
gboolean notes_editor_save_finish (NotesEditor          *self,
                                   GAsyncResult         *result,
                                   GError              **error);

G_END_DECLS
