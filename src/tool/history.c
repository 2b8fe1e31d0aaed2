/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "history.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "bus-error.h"
#include "bus-event.h"
#include "bus-options.h"
#include "command.h"
#include "event-line.h"
#include "facts.h"
#include "lookup.h"

/* The last transitions, oldest first, as aa{sv}. MAX: not 0 */
GVariant *
tool_history_get (ToolBus   *bus,
                  ToolHost  *host,
                  guint      max,
                  GError   **error)
{
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_sync (bus->connection, host->application->owner, host->path,
                                 TOOL_HOST_INTERFACE, "GetHistory", g_variant_new ("(u)", max),
                                 G_VARIANT_TYPE ("(aa{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                 TOOL_ANSWER_MS, NULL, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

char *
tool_history_dup_line (GVariant *transition,
                       gboolean  color)
{
  const ToolTransitionLine line = {
    .time = tool_facts_get_number (transition, "time", 0),
    .old_state = tool_facts_get_text (transition, "old"),
    .new_state = tool_facts_get_text (transition, "new"),
    .reason = tool_facts_get_text (transition, "reason"),
    .detail = tool_facts_get_text (transition, "detail"),
    .generation = (guint64) tool_facts_get_number (transition, "generation", 0),
    .requester = tool_facts_get_text (transition, "requester"),
  };

  return tool_dup_transition_line (&line, color);
}

static gboolean
print_history (ToolBus              *bus,
               ToolHost             *host,
               guint                 max,
               const ToolBusOptions *options)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) transitions = tool_history_get (bus, host, max, &error);
  gsize n = transitions != NULL ? g_variant_n_children (transitions) : 0;

  if (transitions == NULL)
    {
      tool_tell_refusal (bus, host, NULL, error);
      return FALSE;
    }

  for (gsize i = max == 0 ? n : 0; i < n; i++)
    {
      g_autoptr(GVariant) transition = g_variant_get_child_value (transitions, i);
      g_autofree char *line = options->json ? tool_dup_transition_event (host, transition)
                                            : tool_history_dup_line (transition, options->color);

      printf ("%s\n", line);
    }

  return tool_flush ();
}

ToolStatus
tool_command_history (int    argc,
                      char **argv)
{
  int max = TOOL_ALL_LINES;
  const ToolUsage usage = {
    .arguments = _("HOST"),
    .summary = _("Shows the last changes of the state of a host, oldest first."),
    .missing = _("No host given"),
    .min = 1,
    .max = 1,
  };
  const GOptionEntry entries[] = {
    { "lines", 'n', 0, G_OPTION_ARG_INT, &max, N_("Show the last N only"), N_("N") },
    G_OPTION_ENTRY_NULL
  };
  g_auto(ToolBusOptions) options = { FALSE, };
  g_auto(ToolBus) bus = { NULL, };
  ToolHost *host = NULL;

  if (!tool_bus_options_parse (&options, &usage, entries, argv) || !tool_check_lines (max))
    return TOOL_STATUS_USAGE;
  if (!tool_bus_open (&bus) || !tool_bus_load (&bus))
    return TOOL_STATUS_FAILED;

  host = tool_bus_find_host (&bus, options.arguments[0]);
  if (host == NULL)
    return TOOL_STATUS_FAILED;

  return print_history (&bus, host, (guint) max, &options) ? TOOL_STATUS_OK
                                                                    : TOOL_STATUS_FAILED;
}
