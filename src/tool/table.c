/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "table.h"

#include "glyphs.h"
#include "paint.h"

/* Rows of aligned cells. Their texts are foreign: they are made printable, and measured in columns
 * of the terminal rather than in characters. */

#define GAP 2
#define MIN_WIDTH 6   /* below that a cut text says nothing */

typedef struct
{
  const char *title;
  gboolean right;      /* its cells end in one line, as numbers should */
  gboolean flexible;   /* may be cut where the terminal is too narrow */
  int width;
} Column;

typedef struct
{
  char *text;
  const char *color;   /* NULL for none */
} Cell;

struct _ToolTable
{
  GArray *columns;
  GArray *cells;       /* of all rows, one after the other */
};

static int
get_char_width (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;

  return g_unichar_iswide (c) ? 2 : 1;
}

static int
get_text_width (const char *text)
{
  int width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    width += get_char_width (g_utf8_get_char (p));

  return width;
}

static const char *
get_ellipsis (void)
{
  return g_get_charset (NULL) ? "…" : "~";
}

/* A wide character that does not fit leaves a column empty. */
static void
append_cut (GString    *line,
            const char *text,
            int         width)
{
  int used = 0;

  if (get_text_width (text) <= width)
    {
      g_string_append (line, text);
      return;
    }

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      used += get_char_width (g_utf8_get_char (p));
      if (used > width - 1)
        break;
      g_string_append_unichar (line, g_utf8_get_char (p));
    }
  g_string_append (line, get_ellipsis ());
}

static void
append_spaces (GString *line,
               int      n)
{
  for (int i = 0; i < n; i++)
    g_string_append_c (line, ' ');
}

static void
clear_cell (gpointer data)
{
  Cell *cell = data;

  g_free (cell->text);
}

ToolTable *
tool_table_new (void)
{
  ToolTable *self = g_new0 (ToolTable, 1);

  self->columns = g_array_new (FALSE, FALSE, sizeof (Column));
  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, clear_cell);

  return self;
}

void
tool_table_free (ToolTable *self)
{
  g_array_unref (self->columns);
  g_array_unref (self->cells);
  g_free (self);
}

void
tool_table_add_column (ToolTable  *self,
                       const char *title,
                       gboolean    right,
                       gboolean    flexible)
{
  Column column = { title, right, flexible, get_text_width (title) };

  g_array_append_val (self->columns, column);
}

/* Cells fill row after row. NULL stands for what is not known. */
void
tool_table_add_cell (ToolTable  *self,
                     const char *text,
                     const char *color)
{
  Column *column = &g_array_index (self->columns, Column, self->cells->len % self->columns->len);
  Cell cell = { tool_make_printable (text != NULL ? text : "-"), color };

  /* A tabulator would move all that follows. */
  g_strdelimit (cell.text, "\t", ' ');
  column->width = MAX (column->width, get_text_width (cell.text));
  g_array_append_val (self->cells, cell);
}

static int
get_line_width (ToolTable *self)
{
  int width = 0;

  for (guint i = 0; i < self->columns->len; i++)
    width += g_array_index (self->columns, Column, i).width + (i > 0 ? GAP : 0);

  return width;
}

static Column *
find_widest (ToolTable *self)
{
  Column *widest = NULL;

  for (guint i = 0; i < self->columns->len; i++)
    {
      Column *column = &g_array_index (self->columns, Column, i);

      if (column->flexible && column->width > MIN_WIDTH &&
          (widest == NULL || column->width > widest->width))
        widest = column;
    }

  return widest;
}

/* Takes from the widest, one column at a time, so that the widest share the loss. */
static void
fit (ToolTable *self,
     int        columns)
{
  Column *widest = NULL;

  while (get_line_width (self) > columns && (widest = find_widest (self)) != NULL)
    widest->width--;
}

static void
append_cell (ToolTable  *self,
             GString    *line,
             guint       place,
             const char *text,
             const char *color)
{
  const Column *column = &g_array_index (self->columns, Column, place);
  g_autoptr(GString) cut = g_string_new (NULL);
  gboolean last = place + 1 == self->columns->len;
  int rest;

  if (last && text[0] == '\0')
    return;

  append_cut (cut, text, column->width);
  rest = column->width - get_text_width (cut->str);

  if (place > 0)
    append_spaces (line, GAP);
  if (column->right)
    append_spaces (line, rest);
  if (color != NULL)
    g_string_append_printf (line, "%s%s%s", color, cut->str, TOOL_NORMAL);
  else
    g_string_append (line, cut->str);
  if (!column->right && !last)
    append_spaces (line, rest);
}

/* COLUMNS: how wide it may be, 0 for as wide as it is */
char *
tool_table_dup_text (ToolTable *self,
                     int        columns,
                     gboolean   color)
{
  GString *text = g_string_new (NULL);

  if (columns > 0)
    fit (self, columns);

  for (guint i = 0; i < self->columns->len; i++)
    append_cell (self, text, i, g_array_index (self->columns, Column, i).title,
                 color ? TOOL_DIM : NULL);
  g_assert (self->columns->len > 0 || self->cells->len == 0);
  for (guint i = 0; i < self->cells->len; i++)
    {
      const Cell *cell = &g_array_index (self->cells, Cell, i);

      if (i % self->columns->len == 0)
        g_string_append_c (text, '\n');
      append_cell (self, text, i % self->columns->len, cell->text, color ? cell->color : NULL);
    }
  g_string_append_c (text, '\n');

  return g_string_free (text, FALSE);
}
