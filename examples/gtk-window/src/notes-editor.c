/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-editor.h"

/* The text of a note, and the file that it is in. */

struct _NotesEditor
{
  GtkTextView parent_instance;

  GFile *file;   /* NULL as long as it is in none */
};

G_DEFINE_FINAL_TYPE (NotesEditor, notes_editor, GTK_TYPE_TEXT_VIEW)

static void
set_file (NotesEditor *self,
          GFile       *file)
{
  g_set_object (&self->file, file);
  gtk_text_buffer_set_modified (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self)), FALSE);
}

static void
notes_editor_finalize (GObject *object)
{
  g_clear_object (&NOTES_EDITOR (object)->file);

  G_OBJECT_CLASS (notes_editor_parent_class)->finalize (object);
}

static void
notes_editor_class_init (NotesEditorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = notes_editor_finalize;
}

static void
notes_editor_init (NotesEditor *self G_GNUC_UNUSED)
{
}

char *
notes_editor_dup_text (NotesEditor *self)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));
  GtkTextIter begin, end;

  gtk_text_buffer_get_bounds (buffer, &begin, &end);

  return gtk_text_buffer_get_text (buffer, &begin, &end, TRUE);
}

/* NULL if it is in none. */
GFile *
notes_editor_get_file (NotesEditor *self)
{
  return self->file;
}

static gboolean
take_contents (NotesEditor  *self,
               GFile        *file,
               const char   *contents,
               gsize         length,
               GError      **error)
{
  if (!g_utf8_validate_len (contents, length, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "“%s” is not text",
                   g_file_peek_path (file));
      return FALSE;
    }

  gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self)), contents,
                            (int) length);
  set_file (self, file);

  return TRUE;
}

static void
on_loaded (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autofree char *contents = NULL;
  gsize length = 0;
  GError *error = NULL;

  if (g_file_load_contents_finish (G_FILE (object), result, &contents, &length, NULL, &error) &&
      take_contents (g_task_get_source_object (task), G_FILE (object), contents, length, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
notes_editor_load_async (NotesEditor         *self,
                         GFile               *file,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, notes_editor_load_async);
  g_file_load_contents_async (file, NULL, on_loaded, g_steal_pointer (&task));
}

gboolean
notes_editor_load_finish (NotesEditor   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_saved (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (g_file_replace_contents_finish (G_FILE (object), result, NULL, &error))
    {
      set_file (g_task_get_source_object (task), G_FILE (object));
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

void
notes_editor_save_async (NotesEditor         *self,
                         GFile               *file,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);
  char *text = notes_editor_dup_text (self);
  g_autoptr(GBytes) contents = g_bytes_new_take (text, strlen (text));

  g_task_set_source_tag (task, notes_editor_save_async);
  g_file_replace_contents_bytes_async (file, contents, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                                       on_saved, g_steal_pointer (&task));
}

gboolean
notes_editor_save_finish (NotesEditor   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
