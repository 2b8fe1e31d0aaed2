/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-preview.h"

/* Shows the little HTML that the extension for Markdown makes: text with tags, and nothing is
 * ever loaded.
 *
 * It comes from an extension, and so may be anything. What is not well-formed is shown as far as
 * it is; elements that are not known show their text. */

struct _NotesPreview
{
  GtkTextView parent_instance;
};

G_DEFINE_FINAL_TYPE (NotesPreview, notes_preview, GTK_TYPE_TEXT_VIEW)

static const char * const blocks[] = {
  "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "ul", "ol", NULL
};

typedef struct
{
  GtkTextBuffer *buffer;
  gboolean begins_block;   /* what comes next is its first text */
  guint number;            /* of the next item; 0 in a list without */
} Rendering;

static void
create_heading (GtkTextBuffer *buffer,
                const char    *name,
                double         scale)
{
  gtk_text_buffer_create_tag (buffer, name,
                              "weight", PANGO_WEIGHT_BOLD,
                              "scale", scale,
                              "pixels-below-lines", 4,
                              NULL);
}

/* A tag has the name of its element. */
static void
create_tags (GtkTextBuffer *buffer)
{
  create_heading (buffer, "h1", 1.6);
  create_heading (buffer, "h2", 1.3);
  create_heading (buffer, "h3", 1.15);
  create_heading (buffer, "h4", 1.0);
  create_heading (buffer, "h5", 1.0);
  create_heading (buffer, "h6", 1.0);
  gtk_text_buffer_create_tag (buffer, "strong", "weight", PANGO_WEIGHT_BOLD, NULL);
  gtk_text_buffer_create_tag (buffer, "em", "style", PANGO_STYLE_ITALIC, NULL);
  gtk_text_buffer_create_tag (buffer, "a", "underline", PANGO_UNDERLINE_SINGLE, NULL);
  gtk_text_buffer_create_tag (buffer, "code", "family", "monospace", NULL);
  gtk_text_buffer_create_tag (buffer, "pre", "left-margin", 36, NULL);
  gtk_text_buffer_create_tag (buffer, "li", "left-margin", 36, "indent", -14, NULL);
}

static void
apply_tags (Rendering    *self,
            const GSList *elements,
            int           offset)
{
  GtkTextTagTable *tags = gtk_text_buffer_get_tag_table (self->buffer);
  GtkTextIter begin, end;

  gtk_text_buffer_get_iter_at_offset (self->buffer, &begin, offset);
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  for (const GSList *l = elements; l != NULL; l = l->next)
    {
      GtkTextTag *tag = gtk_text_tag_table_lookup (tags, l->data);

      if (tag != NULL)
        gtk_text_buffer_apply_tag (self->buffer, tag, &begin, &end);
    }
}

/* With the tags of all elements that it is in */
static void
insert (Rendering           *self,
        GMarkupParseContext *context,
        const char          *text)
{
  int offset = gtk_text_buffer_get_char_count (self->buffer);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_insert (self->buffer, &end, text, -1);
  apply_tags (self, g_markup_parse_context_get_element_stack (context), offset);
}

static void
begin_item (Rendering           *self,
            GMarkupParseContext *context)
{
  g_autofree char *mark = NULL;

  if (!self->begins_block)
    insert (self, context, "\n");
  self->begins_block = FALSE;
  if (self->number > 0)
    mark = g_strdup_printf ("%u.  ", self->number++);
  insert (self, context, mark != NULL ? mark : "•  ");
}

static void
on_start_element (GMarkupParseContext  *context,
                  const char           *element,
                  const char          **names G_GNUC_UNUSED,
                  const char          **values G_GNUC_UNUSED,
                  gpointer              user_data,
                  GError              **error G_GNUC_UNUSED)
{
  Rendering *self = user_data;

  if (g_strv_contains (blocks, element))
    {
      if (gtk_text_buffer_get_char_count (self->buffer) > 0)
        insert (self, context, "\n\n");
      self->begins_block = TRUE;
      self->number = g_str_equal (element, "ol") ? 1 : 0;
    }
  else if (g_str_equal (element, "li"))
    begin_item (self, context);
}

static gboolean
is_preformatted (GSList *elements)
{
  return g_slist_find_custom (elements, "pre", (GCompareFunc) g_strcmp0) != NULL;
}

/* Between the elements of a document and of a list there are only ends of lines. */
static gboolean
is_between (const char *element)
{
  static const char * const containers[] = { "html", "ul", "ol", NULL };

  return g_strv_contains (containers, element);
}

static void
on_text (GMarkupParseContext  *context,
         const char           *text,
         gsize                 length,
         gpointer              user_data,
         GError              **error G_GNUC_UNUSED)
{
  Rendering *self = user_data;
  const GSList *elements = g_markup_parse_context_get_element_stack (context);
  g_autofree char *part = g_strndup (text, length);

  if (length == 0 || is_between (elements->data))
    return;

  if (is_preformatted ((GSList *) elements))
    g_strchomp (part);
  else
    g_strdelimit (part, "\n", ' ');
  insert (self, context, part);
  self->begins_block = FALSE;
}

static void
notes_preview_constructed (GObject *object)
{
  G_OBJECT_CLASS (notes_preview_parent_class)->constructed (object);

  create_tags (gtk_text_view_get_buffer (GTK_TEXT_VIEW (object)));
}

static void
notes_preview_class_init (NotesPreviewClass *klass)
{
  G_OBJECT_CLASS (klass)->constructed = notes_preview_constructed;
}

static void
notes_preview_init (NotesPreview *self G_GNUC_UNUSED)
{
}

void
notes_preview_set_html (NotesPreview *self,
                        const char   *html)
{
  static const GMarkupParser parser = { .start_element = on_start_element, .text = on_text };
  Rendering rendering = { gtk_text_view_get_buffer (GTK_TEXT_VIEW (self)), FALSE, 0 };
  g_autoptr(GMarkupParseContext) context =
    g_markup_parse_context_new (&parser, 0, &rendering, NULL);
  g_autofree char *document = g_strconcat ("<html>", html, "</html>", NULL);
  g_autoptr(GError) error = NULL;

  gtk_text_buffer_set_text (rendering.buffer, "", 0);
  if (!g_markup_parse_context_parse (context, document, -1, &error))
    g_debug ("%s", error->message);
}
