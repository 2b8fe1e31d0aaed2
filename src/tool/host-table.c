/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-table.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "facts.h"
#include "paint.h"
#include "relative-time.h"
#include "table.h"

/* Hosts, one a line. */

static void
append_note (GString    *notes,
             const char *note)
{
  if (note[0] != '\0')
    g_string_append_printf (notes, "%s%s", notes->len > 0 ? ", " : "", note);
}

/* What is out of the ordinary about a host, and what it says of itself; may be empty. */
char *
tool_dup_note (GVariant *facts,
               gint64    now)
{
  const char *state = tool_facts_get_text (facts, "state");
  const char *control = tool_facts_get_text (facts, "control");
  gint64 next = tool_facts_get_number (facts, "next-restart", 0);
  g_autoptr(GVariant) last = tool_facts_get (facts, "last-exit", "a{sv}");
  GString *notes = g_string_new (NULL);

  if (g_str_equal (control, "paused") || g_str_equal (control, "quarantined"))
    append_note (notes, control);
  if (tool_facts_get_boolean (facts, "pending-restart") && next != 0)
    {
      g_autofree char *distance = tool_format_distance (MAX (next, now), now);
      /* TRANSLATORS: a distance in time follows: restart in 3 s */
      g_autofree char *note = g_strdup_printf (_("restart %s"), distance);

      append_note (notes, note);
    }
  if (last != NULL && (g_str_equal (state, "crashed") || g_str_equal (state, "restarting") ||
                       g_str_equal (state, "unhealthy")))
    append_note (notes, tool_facts_get_text (last, "text"));
  append_note (notes, tool_facts_get_text (facts, "status-text"));

  return g_string_free (notes, FALSE);
}

static void
add_count (ToolTable *table,
           gint64     number,
           gboolean   known)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, number);

  tool_table_add_cell (table, known ? text : NULL, NULL);
}

/* How it was when it was looked after last. */
static gint64
get_measure (GVariant   *facts,
             const char *name)
{
  g_autoptr(GVariant) health = tool_facts_get (facts, "last-health", "a{sv}");
  gint64 number = tool_facts_get_number (facts, name, -1);

  return number == -1 && health != NULL ? tool_facts_get_number (health, name, -1) : number;
}

static void
add_measures (ToolTable *table,
              GVariant  *facts,
              gboolean   runs)
{
  gint64 rss = get_measure (facts, "rss");
  gint64 latency = get_measure (facts, "latency");
  g_autofree char *memory = tool_format_size ((guint64) MAX (rss, 0));
  g_autofree char *delay = tool_format_latency (latency);

  tool_table_add_cell (table, runs && rss > 0 ? memory : NULL, NULL);
  tool_table_add_cell (table, runs && latency >= 0 ? delay : NULL, NULL);
}

static void
add_host (ToolTable *table,
          ToolHost  *host,
          gint64     now)
{
  GVariant *facts = host->facts;
  const char *state = tool_facts_get_text (facts, "state");
  gint64 pid = tool_facts_get_number (facts, "pid", 0);
  gint64 since = tool_facts_get_number (facts, "state-since", 0);
  g_autofree char *age = tool_format_duration (tool_get_age (since, now));
  g_autofree char *note = tool_dup_note (facts, now);

  tool_table_add_cell (table, host->id, TOOL_BOLD);
  tool_table_add_cell (table, state, tool_get_state_color (state));
  tool_table_add_cell (table, tool_facts_get_text (facts, "readiness"), NULL);
  add_count (table, pid, pid != 0);
  tool_table_add_cell (table, since != 0 ? age : NULL, NULL);
  add_count (table, tool_facts_get_number (facts, "restart-count", 0), TRUE);
  add_measures (table, facts, pid != 0);
  tool_table_add_cell (table, note, NULL);
}

static void
add_columns (ToolTable *table)
{
  tool_table_add_column (table, _("HOST"), FALSE, TRUE);
  tool_table_add_column (table, _("STATE"), FALSE, FALSE);
  tool_table_add_column (table, _("READY"), FALSE, FALSE);
  tool_table_add_column (table, _("PID"), TRUE, FALSE);
  tool_table_add_column (table, _("SINCE"), TRUE, FALSE);
  tool_table_add_column (table, _("RESTARTS"), TRUE, FALSE);
  tool_table_add_column (table, _("MEMORY"), TRUE, FALSE);
  tool_table_add_column (table, _("LATENCY"), TRUE, FALSE);
  tool_table_add_column (table, _("NOTES"), FALSE, TRUE);
}

/* Of one application, or with NULL of all: then who it belongs to is told if there are several. */
char *
tool_dup_host_table (ToolBus         *bus,
                     ToolApplication *application,
                     gboolean         color)
{
  gboolean several = application == NULL && bus->applications->len > 1;
  gint64 now = g_get_real_time ();
  g_autoptr(ToolTable) table = tool_table_new ();

  if (several)
    tool_table_add_column (table, _("APPLICATION"), FALSE, TRUE);
  add_columns (table);

  for (guint i = 0; i < bus->applications->len; i++)
    {
      ToolApplication *each = g_ptr_array_index (bus->applications, i);

      for (guint j = 0; j < each->hosts->len && (application == NULL || application == each); j++)
        {
          if (several)
            tool_table_add_cell (table, each->address, NULL);
          add_host (table, g_ptr_array_index (each->hosts, j), now);
        }
    }

  return tool_table_dup_text (table, tool_get_columns (), color);
}

/* As JSON */
void
tool_print_host (ToolHost *host,
                 GVariant *facts)
{
  g_autoptr(JsonBuilder) builder = json_builder_begin_object (json_builder_new ());
  g_autofree char *line = NULL;

  json_builder_set_member_name (builder, "id");
  json_builder_add_string_value (builder, host->id);
  tool_facts_add_json (builder, facts);
  json_builder_set_member_name (builder, "application");
  json_builder_add_string_value (builder, host->application->address);
  line = tool_facts_to_line (builder);
  printf ("%s\n", line);
}
