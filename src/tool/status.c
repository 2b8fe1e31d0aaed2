/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "bus-error.h"
#include "bus-options.h"
#include "command.h"
#include "facts.h"
#include "glyphs.h"
#include "history.h"
#include "host-table.h"
#include "lookup.h"
#include "message.h"
#include "paint.h"
#include "report.h"

#define N_TRANSITIONS 5

static char *
dup_application (ToolApplication *application)
{
  const char *access =
    application->facts != NULL ? tool_facts_get_text (application->facts, "access") : "";

  return g_strdup_printf (_("%s (process %u, access %s)"), application->address, application->pid,
                          access);
}

static GVariant *
describe (ToolBus   *bus,
          ToolHost  *host,
          GError   **error)
{
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_sync (bus->connection, host->application->owner, host->path,
                                 TOOL_HOST_INTERFACE, "Describe", NULL, G_VARIANT_TYPE ("(a{sv})"),
                                 G_DBUS_CALL_FLAGS_NO_AUTO_START, TOOL_ANSWER_MS, NULL, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static void
print_report (ToolHost *host,
              GVariant *facts,
              GVariant *transitions,
              gboolean  color)
{
  g_autofree char *application = dup_application (host->application);
  g_autofree char *text = tool_dup_report (application, facts, transitions, color);

  fputs (text, stdout);
}

static gboolean
show_host (ToolBus              *bus,
           ToolHost             *host,
           const ToolBusOptions *options)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) facts = describe (bus, host, &error);
  g_autoptr(GVariant) transitions = NULL;

  if (facts != NULL && !options->json)
    transitions = tool_history_get (bus, host, N_TRANSITIONS, &error);
  if (error != NULL)
    {
      tool_tell_refusal (bus, host, NULL, error);
      return FALSE;
    }

  if (options->json)
    tool_print_host (host, facts);
  else
    print_report (host, facts, transitions, options->color);

  return TRUE;
}

static void
print_application (ToolBus         *bus,
                   ToolApplication *application,
                   gboolean         color)
{
  g_autofree char *heading = dup_application (application);
  g_autofree char *safe_heading = tool_make_printable (heading);
  g_autofree char *table = tool_dup_host_table (bus, application, color);

  printf ("%s%s%s\n", color ? TOOL_BOLD : "", safe_heading, color ? TOOL_NORMAL : "");
  if (application->hosts->len > 0)
    fputs (table, stdout);
  else
    printf ("%s\n", _("No hosts"));
}

/* Returns: whether all of them answered */
static gboolean
show_all (ToolBus              *bus,
          const ToolBusOptions *options)
{
  guint n_shown = 0;

  tool_bus_tell_silent (bus);
  for (guint i = 0; i < bus->applications->len; i++)
    {
      ToolApplication *application = g_ptr_array_index (bus->applications, i);

      if (application->error != NULL)
        continue;

      for (guint j = 0; options->json && j < application->hosts->len; j++)
        {
          ToolHost *host = g_ptr_array_index (application->hosts, j);

          tool_print_host (host, host->facts);
        }
      if (!options->json)
        {
          fputs (n_shown > 0 ? "\n" : "", stdout);
          print_application (bus, application, options->color);
        }
      n_shown++;
    }

  if (bus->applications->len == 0)
    tool_note (_("No application on this bus shows its hosts"));

  return n_shown == bus->applications->len;
}

static gboolean
show_hosts (ToolBus              *bus,
            const ToolBusOptions *options)
{
  g_autoptr(GPtrArray) hosts = tool_bus_find_hosts (bus, options->arguments);
  gboolean good = hosts != NULL;

  for (guint i = 0; hosts != NULL && i < hosts->len; i++)
    {
      if (i > 0 && !options->json)
        printf ("\n");
      good &= show_host (bus, g_ptr_array_index (hosts, i), options);
    }

  return good;
}

ToolStatus
tool_command_status (int    argc,
                     char **argv)
{
  const ToolUsage usage = {
    .arguments = _("[HOST…]"),
    .summary = _("Tells all there is to know of hosts; without HOST, a line for each host of each "
                 "application."),
    .max = G_MAXUINT,
  };
  g_auto(ToolBusOptions) options = { FALSE, };
  g_auto(ToolBus) bus = { NULL, };
  gboolean good = FALSE;

  if (!tool_bus_options_parse (&options, &usage, NULL, argv))
    return TOOL_STATUS_USAGE;
  if (!tool_bus_open (&bus) || !tool_bus_load (&bus))
    return TOOL_STATUS_FAILED;

  good = options.arguments[0] != NULL ? show_hosts (&bus, &options) : show_all (&bus, &options);

  return tool_flush () && good ? TOOL_STATUS_OK : TOOL_STATUS_FAILED;
}
