/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "paint.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <glib/gi18n.h>

#define DEFAULT_COLUMNS 80

/* Whether what goes to @fd, if nobody says anything else, is to have colors. */
gboolean
tool_shows_color (int fd)
{
  const char *no_color = g_getenv ("NO_COLOR");
  const char *term = g_getenv ("TERM");

  return (no_color == NULL || no_color[0] == '\0') &&
         term != NULL && !g_str_equal (term, "dumb") && isatty (fd);
}

/* WHEN is what --color said, or NULL. */
gboolean
tool_wants_color (const char  *when,
                  gboolean    *color,
                  GError     **error)
{
  if (when != NULL && !g_str_equal (when, "auto"))
    {
      *color = g_str_equal (when, "always");
      if (*color || g_str_equal (when, "never"))
        return TRUE;

      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("Bad value “%s” for %s: expected %s"), when, "--color", "auto, always, never");
      return FALSE;
    }

  *color = tool_shows_color (STDOUT_FILENO);

  return TRUE;
}

const char *
tool_get_state_color (const char *state)
{
  static const struct
  {
    const char *state;
    const char *color;
  } colors[] = {
    { "stopped", "\033[1m" },
    { "starting", "\033[36m" },
    { "running", "\033[1;32m" },
    { "unhealthy", "\033[1;33m" },
    { "restarting", "\033[33m" },
    { "stopping", "\033[34m" },
    { "crashed", "\033[1;31m" },
    /* Those of extensions */
    { "activating", "\033[36m" },
    { "active", "\033[1;32m" },
    { "lost", "\033[1;33m" },
    { "failed", "\033[1;31m" },
    { "quarantined", "\033[1;31m" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (colors); i++)
    if (g_str_equal (colors[i].state, state))
      return colors[i].color;

  return TOOL_NORMAL;
}

/* How many columns a line may have; 0 if that does not matter, because stdout is no terminal. */
int
tool_get_columns (void)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size = { 0, };
  guint64 number = 0;

  if (!isatty (STDOUT_FILENO))
    return 0;
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  if (columns != NULL && g_ascii_string_to_unsigned (columns, 10, 1, G_MAXUINT16, &number, NULL))
    return (int) number;

  return DEFAULT_COLUMNS;
}
