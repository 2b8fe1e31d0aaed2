/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-log-view.h"

/* What a host says.
 *
 * However much that is, it costs a bounded time: lines wait in a queue of at most LINES_MAX, the
 * oldest of which are dropped, and each frame takes at most FRAME_LINES of them. The view keeps
 * LINES_MAX. */

#define LINES_MAX 500
#define FRAME_LINES 50
#define LINE_CHARACTERS 500   /* a line is at most 8 KiB, and nobody reads that here */

struct _NotesLogView
{
  AdwBin parent_instance;

  GtkTextView *view;
  GtkTextBuffer *buffer;
  ExtensionHostProcess *host;
  GQueue waiting;               /* of char *, each with the end of its line */
  guint tick;                   /* 0 while nothing waits */
  gulong logged;
  gboolean follows;             /* the end */
};

G_DEFINE_FINAL_TYPE (NotesLogView, notes_log_view, ADW_TYPE_BIN)

static void
take_waiting (NotesLogView *self)
{
  g_autoptr(GString) text = g_string_new (NULL);
  GtkTextIter end;

  for (guint i = 0; i < FRAME_LINES && !g_queue_is_empty (&self->waiting); i++)
    {
      g_autofree char *line = g_queue_pop_head (&self->waiting);

      g_string_append (text, line);
    }

  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_insert (self->buffer, &end, text->str, (int) text->len);
}

static void
drop_oldest (NotesLogView *self)
{
  int excess = gtk_text_buffer_get_line_count (self->buffer) - LINES_MAX;
  GtkTextIter begin, end;

  if (excess <= 0)
    return;

  gtk_text_buffer_get_start_iter (self->buffer, &begin);
  gtk_text_buffer_get_iter_at_line (self->buffer, &end, excess);
  gtk_text_buffer_delete (self->buffer, &begin, &end);
}

static void
scroll_to_end (NotesLogView *self)
{
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_place_cursor (self->buffer, &end);
  gtk_text_view_scroll_mark_onscreen (self->view, gtk_text_buffer_get_insert (self->buffer));
}

/* Whoever scrolls up reads, and is left there. Where the text stands does not tell: it moves by
 * itself, too, when lines come and go. */
static gboolean
on_scroll (NotesLogView *self,
           double        dx G_GNUC_UNUSED,
           double        dy)
{
  if (dy < 0)
    self->follows = FALSE;

  return GDK_EVENT_PROPAGATE;
}

static void
on_edge_reached (NotesLogView    *self,
                 GtkPositionType  edge)
{
  if (edge == GTK_POS_BOTTOM)
    self->follows = TRUE;
}

static gboolean
on_frame (GtkWidget     *widget,
          GdkFrameClock *clock G_GNUC_UNUSED,
          gpointer       data G_GNUC_UNUSED)
{
  NotesLogView *self = NOTES_LOG_VIEW (widget);

  take_waiting (self);
  drop_oldest (self);
  if (self->follows)
    scroll_to_end (self);
  if (!g_queue_is_empty (&self->waiting))
    return G_SOURCE_CONTINUE;

  self->tick = 0;

  return G_SOURCE_REMOVE;
}

static void
queue_line (NotesLogView *self,
            const char   *line)
{
  const char *end = line + strlen (line);

  if (end - line > LINE_CHARACTERS && g_utf8_strlen (line, -1) > LINE_CHARACTERS)
    end = g_utf8_offset_to_pointer (line, LINE_CHARACTERS);

  g_queue_push_tail (&self->waiting, g_strdup_printf ("%.*s\n", (int) (end - line), line));
  if (g_queue_get_length (&self->waiting) > LINES_MAX)
    g_free (g_queue_pop_head (&self->waiting));
  if (self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_frame, NULL, NULL);
}

static void
on_log (ExtensionHostProcess   *host G_GNUC_UNUSED,
        ExtensionHostLogStream  stream G_GNUC_UNUSED,
        const char             *line,
        NotesLogView           *self)
{
  queue_line (self, line);
}

static void
queue_past (NotesLogView *self)
{
  g_autoptr(GVariant) past = extension_host_process_dup_log (self->host, LINES_MAX);
  GVariantIter iter;
  const char *line = NULL;

  g_variant_iter_init (&iter, past);
  while (g_variant_iter_next (&iter, "(t&s&s)", NULL, NULL, &line))
    queue_line (self, line);
}

static void
forget_host (NotesLogView *self)
{
  if (self->host != NULL)
    g_clear_signal_handler (&self->logged, self->host);
  g_clear_object (&self->host);
  g_queue_clear_full (&self->waiting, g_free);
}

static void
notes_log_view_dispose (GObject *object)
{
  forget_host (NOTES_LOG_VIEW (object));

  G_OBJECT_CLASS (notes_log_view_parent_class)->dispose (object);
}

static void
notes_log_view_class_init (NotesLogViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = notes_log_view_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/extensionhost/Notes/notes-log-view.ui");
  gtk_widget_class_bind_template_child (widget_class, NotesLogView, view);
  gtk_widget_class_bind_template_callback (widget_class, on_scroll);
  gtk_widget_class_bind_template_callback (widget_class, on_edge_reached);
}

static void
notes_log_view_init (NotesLogView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->buffer = gtk_text_view_get_buffer (self->view);
  g_queue_init (&self->waiting);
  self->follows = TRUE;
}

/* NULL is none. */
void
notes_log_view_set_host (NotesLogView         *self,
                         ExtensionHostProcess *host)
{
  if (self->host == host)
    return;

  forget_host (self);
  gtk_text_buffer_set_text (self->buffer, "", 0);
  self->follows = TRUE;
  if (host == NULL)
    return;

  self->host = g_object_ref (host);
  self->logged = g_signal_connect (host, "log", G_CALLBACK (on_log), self);
  queue_past (self);
}
