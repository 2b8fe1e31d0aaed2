/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bus-options.h"

#include <errno.h>
#include <stdio.h>

#include <glib/gi18n.h>

#include "flags.h"
#include "message.h"
#include "paint.h"

static gboolean
check_count (ToolBusOptions   *self,
             const ToolUsage  *usage,
             GError          **error)
{
  guint n = 0;

  if (self->arguments == NULL)
    self->arguments = g_new0 (char *, 1);
  n = g_strv_length (self->arguments);

  if (n < usage->min)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, usage->missing);
  else if (n > usage->max)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _("“%s” is one argument too many"),
                 self->arguments[usage->max]);
  else
    return TRUE;

  return FALSE;
}

static gboolean
parse (ToolBusOptions      *self,
       const ToolUsage     *usage,
       const GOptionEntry  *entries,
       char               **argv,
       GError             **error)
{
  g_autofree char *color = NULL;
  const GOptionEntry common[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json,
      N_("Print JSON objects, one a line"), NULL },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color,
      N_("Use colors: auto, always or never"), N_("WHEN") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->arguments, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GOptionContext) context = g_option_context_new (usage->arguments);
  g_auto(GStrv) words = g_strdupv (argv);

  g_option_context_set_summary (context, usage->summary);
  g_option_context_set_description (context,
                                    usage->description != NULL ? usage->description :
                                    _("HOST is the id of a host; APP/ID where several "
                                      "applications have one of that id. APP is the id\nof an "
                                      "application or its process id.\n\nExit status: 0 if all "
                                      "went well, 1 if not, 2 for wrong usage."));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common, GETTEXT_PACKAGE);

  return g_option_context_parse_strv (context, &words, error) &&
         tool_check_flags (argv, g_strv_length (argv), error) &&
         check_count (self, usage, error) &&
         tool_wants_color (color, &self->color, error);
}

/* Returns: FALSE if the usage is wrong, once that was told */
gboolean
tool_bus_options_parse (ToolBusOptions      *self,
                        const ToolUsage     *usage,
                        const GOptionEntry  *entries,
                        char               **argv)
{
  g_autoptr(GError) error = NULL;

  if (parse (self, usage, entries, argv, &error))
    return TRUE;

  tool_error ("%s", error->message);
  tool_hint (_("“%s --help” lists the options"), g_get_prgname ());

  return FALSE;
}

void
tool_bus_options_clear (ToolBusOptions *self)
{
  g_clear_pointer (&self->arguments, g_strfreev);
}

/* Returns: FALSE once it told that this is wrong */
gboolean
tool_check_lines (int n)
{
  if (n >= 0)
    return TRUE;

  tool_error (_("Bad value “%d” for %s: expected %s"), n, "--lines", _("a number"));
  tool_hint (_("“%s --help” lists the options"), g_get_prgname ());

  return FALSE;
}

/* Whoever reads what is cut off must not take it for the whole. */
gboolean
tool_flush (void)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;

  tool_error (_("Cannot write: %s"), g_strerror (errno));

  return FALSE;
}
