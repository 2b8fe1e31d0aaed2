/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "message.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "glyphs.h"

static void
print_line (const char *kind,
            const char *format,
            va_list     args) G_GNUC_PRINTF (2, 0);

static void
print_line (const char *kind,
            const char *format,
            va_list     args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);
  g_autofree char *safe = tool_make_printable (text);

  if (kind != NULL)
    fprintf (stderr, "%s: %s: %s\n", TOOL_NAME, kind, safe);
  else
    fprintf (stderr, "%s: %s\n", TOOL_NAME, safe);
}

void
tool_note (const char *format,
           ...)
{
  va_list args;

  va_start (args, format);
  print_line (NULL, format, args);
  va_end (args);
}

void
tool_error (const char *format,
            ...)
{
  va_list args;

  va_start (args, format);
  print_line (_("error"), format, args);
  va_end (args);
}

void
tool_warning (const char *format,
              ...)
{
  va_list args;

  va_start (args, format);
  print_line (_("warning"), format, args);
  va_end (args);
}

void
tool_hint (const char *format,
           ...)
{
  va_list args;

  va_start (args, format);
  print_line (_("hint"), format, args);
  va_end (args);
}
