/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "bus-options.h"
#include "command.h"
#include "glyphs.h"
#include "host-table.h"
#include "lookup.h"
#include "message.h"

static void
print_words (ToolBus *bus)
{
  for (guint i = 0; i < bus->applications->len; i++)
    {
      ToolApplication *application = g_ptr_array_index (bus->applications, i);

      for (guint j = 0; j < application->hosts->len; j++)
        {
          g_autofree char *word =
            tool_host_dup_word (bus, g_ptr_array_index (application->hosts, j));
          g_autofree char *safe_word = tool_make_printable (word);

          printf ("%s\n", safe_word);
        }
    }
}

static void
print_objects (ToolBus *bus)
{
  for (guint i = 0; i < bus->applications->len; i++)
    {
      ToolApplication *application = g_ptr_array_index (bus->applications, i);

      for (guint j = 0; j < application->hosts->len; j++)
        {
          ToolHost *host = g_ptr_array_index (application->hosts, j);

          tool_print_host (host, host->facts);
        }
    }
}

static void
print_table (ToolBus  *bus,
             gboolean  color)
{
  guint n_hosts = 0;
  g_autofree char *text = NULL;

  for (guint i = 0; i < bus->applications->len; i++)
    n_hosts += ((ToolApplication *) g_ptr_array_index (bus->applications, i))->hosts->len;

  if (n_hosts == 0)
    {
      tool_note (_("No application on this bus shows a host"));
      return;
    }

  text = tool_dup_host_table (bus, NULL, color);
  fputs (text, stdout);
}

static gboolean
all_answered (ToolBus *bus)
{
  for (guint i = 0; i < bus->applications->len; i++)
    {
      if (((ToolApplication *) g_ptr_array_index (bus->applications, i))->error != NULL)
        return FALSE;
    }

  return TRUE;
}

ToolStatus
tool_command_list (int    argc,
                   char **argv)
{
  gboolean quiet = FALSE;
  const ToolUsage usage = {
    .arguments = "",
    .summary = _("Lists the hosts of all applications on the session bus."),
    .description = _("Exit status: 0, or 1 if there is no bus or an application did not answer; 2 "
                     "for wrong\nusage."),
  };
  const GOptionEntry entries[] = {
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet,
      N_("Print nothing but what each host is called on a command line"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_auto(ToolBusOptions) options = { FALSE, };
  g_auto(ToolBus) bus = { NULL, };

  if (!tool_bus_options_parse (&options, &usage, entries, argv))
    return TOOL_STATUS_USAGE;
  if (!tool_bus_open (&bus) || !tool_bus_load (&bus))
    return TOOL_STATUS_FAILED;

  tool_bus_tell_silent (&bus);
  if (quiet)
    print_words (&bus);
  else if (options.json)
    print_objects (&bus);
  else
    print_table (&bus, options.color);

  return tool_flush () && all_answered (&bus) ? TOOL_STATUS_OK : TOOL_STATUS_FAILED;
}
