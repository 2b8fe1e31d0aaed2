/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "duration.h"

/* As in a spec file: a whole number with a unit; only 0 may do without. */
gboolean
tool_parse_duration (const char *text,
                     guint      *duration_ms)
{
  static const struct
  {
    const char *unit;
    guint factor;
  } units[] = {
    { "ms", 1 },
    { "s", 1000 },
    { "min", 60 * 1000 },
    { "h", 60 * 60 * 1000 },
  };
  char *end = NULL;
  guint64 number;

  if (!g_ascii_isdigit (text[0]))
    return FALSE;

  number = g_ascii_strtoull (text, &end, 10);
  if (*end == '\0' && number == 0)
    {
      *duration_ms = 0;
      return TRUE;
    }

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    {
      /* G_MAXUINT means “never” to the library: it is not a duration. */
      if (g_str_equal (end, units[i].unit) && number <= (G_MAXUINT - 1) / units[i].factor)
        {
          *duration_ms = (guint) number * units[i].factor;
          return TRUE;
        }
    }

  return FALSE;
}
