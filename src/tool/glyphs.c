/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "glyphs.h"

#include <string.h>

/* Arrow and bar are equally wide within a set, so that states and log lines share their columns. */
static const ToolGlyphs utf8_glyphs = { "→", "│" };
static const ToolGlyphs ascii_glyphs = { "->", "| " };

const ToolGlyphs *
tool_get_glyphs (void)
{
  return g_get_charset (NULL) ? &utf8_glyphs : &ascii_glyphs;
}

/*
 * What hosts print and what files are called is foreign text: an escape sequence in it would
 * let a host move the cursor, change the title or forge a line of ours.
 */
char *
tool_make_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *safe = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\t' || !g_unichar_iscntrl (c))
        g_string_append_unichar (safe, c);
      else
        g_string_append_printf (safe, "\\x%02x", c);
    }

  return g_string_free (safe, FALSE);
}
