/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "flags.h"

#include <string.h>

#include <glib/gi18n.h>

/* GOption drops what is given to an option that takes nothing: “--keep=no” would keep. */

static const char * const flags[] = {
  "--clear-environment", "--follow", "--health", "--json", "--keep", "--log", "--no-new-privs",
  "--quiet", "-f", "-q", NULL
};

/* Whether WORD stands behind an option that takes it, whatever it looks like. */
static gboolean
is_value (const char *word,
          const char *before)
{
  return before[0] == '-' && strchr (before, '=') == NULL && !g_strv_contains (flags, before);
}

/* WORDS are those of a command line that was understood; the first is the name of the command. */
gboolean
tool_check_flags (char   **words,
                  guint    n_words,
                  GError **error)
{
  for (guint i = 1; i < n_words && !g_str_equal (words[i], "--"); i++)
    {
      g_autofree char *option = g_strndup (words[i], strcspn (words[i], "="));

      if (words[i][strlen (option)] == '\0' || !g_strv_contains (flags, option) ||
          is_value (words[i], words[i - 1]))
        continue;

      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("%s takes no value"), option);
      return FALSE;
    }

  return TRUE;
}
