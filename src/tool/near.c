/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "near.h"

#include <string.h>

#include <glib/gi18n.h>

/* What somebody may have meant who mistyped a word. */

#define MAX_DISTANCE 2   /* letters that a typing mistake may change */

static guint
get_distance (const char *a,
              const char *b)
{
  gsize n = strlen (b);
  g_autofree guint *row = g_new (guint, n + 1);

  for (gsize j = 0; j <= n; j++)
    row[j] = (guint) j;

  for (gsize i = 1; a[i - 1] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = (guint) i;
      for (gsize j = 1; j <= n; j++)
        {
          guint above = row[j];
          guint change = diagonal + (a[i - 1] != b[j - 1]);

          row[j] = MIN (change, MIN (above, row[j - 1]) + 1);
          diagonal = above;
        }
    }

  return row[n];
}

gboolean
tool_is_near (const char *word,
              const char *known)
{
  g_autofree char *a = g_utf8_casefold (word, -1);
  g_autofree char *b = g_utf8_casefold (known, -1);

  return strstr (b, a) != NULL || strstr (a, b) != NULL || get_distance (a, b) <= MAX_DISTANCE;
}

/* Returns: (nullable): “a”, “b”: those of KNOWN that WORD is near to, the first few */
char *
tool_near_dup_list (const char         *word,
                    const char * const *known)
{
  GString *list = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; known[i] != NULL && word[0] != '\0' && n < TOOL_NEAR_MAX; i++)
    {
      if (tool_is_near (word, known[i]))
        g_string_append_printf (list, _("%s“%s”"), n++ > 0 ? ", " : "", known[i]);
    }

  return g_string_free (list, n == 0);
}
