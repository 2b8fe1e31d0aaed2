/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-table.h"

#include "chaos-faults.h"

static char *
format_ms (gint64 duration)
{
  return g_strdup_printf ("%.0f ms", (double) duration / 1000);
}

static char *
format_number (guint64 number)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
}

static void
add_fault (GString               *text,
           const ChaosFaultCount *count)
{
  g_autofree char *longest = format_ms (count->longest);

  if (count->why_not != NULL)
    g_string_append_printf (text, "| %s | – | – | not here: %s |\n", count->name, count->why_not);
  else
    g_string_append_printf (text, "| %s | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %s |\n",
                            count->name, count->n_injected, count->n_survived, longest);
}

/* Takes @value over. */
static void
add_fact (GString    *text,
          const char *what,
          char       *value)
{
  g_string_append_printf (text, "| %s | %s |\n", what, value);
  g_free (value);
}

static void
add_facts (GString          *text,
           const ChaosTally *tally,
           guint             n_leaks)
{
  g_string_append (text, "| what | how many |\n|---|--:|\n");
  add_fact (text, "operations by the application", format_number (tally->n_operations));
  add_fact (text, "operations by the bus", format_number (tally->n_bus_operations));
  add_fact (text, "calls made", format_number (tally->n_calls));
  add_fact (text, "calls answered by the host", format_number (tally->n_results));
  add_fact (text, "calls answered with a failure", format_number (tally->n_failures));
  add_fact (text, "calls lost", format_number (tally->n_calls - tally->n_results -
                                               tally->n_failures));
  add_fact (text, "other operations not answered", format_number (tally->n_asked -
                                                                  tally->n_answered));
  add_fact (text, "transitions", format_number (tally->n_transitions));
  add_fact (text, "transitions told on the bus", format_number (tally->n_told));
  add_fact (text, "automatic restarts", format_number (tally->n_restarts));
  add_fact (text, "hosts found hanging", format_number (tally->n_verdicts));
  add_fact (text, "starts without resources", format_number (tally->n_no_resources));
  add_fact (text, "looks at all processes", format_number (tally->n_looks));
  add_fact (text, "orphans", format_number (tally->n_orphans));
  add_fact (text, "leaks", format_number (n_leaks));
  add_fact (text, "slowest answer of an untouched host", format_ms (tally->worst_answer));
  add_fact (text, "slowest turn of the main loop", format_ms (tally->worst_turn));
}

static char *
make_table (Chaos *chaos,
            guint  n_leaks)
{
  GString *text = g_string_new ("| fault | injected | survived | slowest |\n|---|--:|--:|--:|\n");

  for (guint i = 0; i < chaos_faults_get_n_kinds (); i++)
    add_fault (text, chaos_faults_get_count (i));
  g_string_append (text, "\n");
  add_facts (text, &chaos->tally, n_leaks);

  return g_string_free (text, FALSE);
}

void
chaos_table_print (Chaos *chaos,
                   guint  n_leaks)
{
  g_autofree char *table = make_table (chaos, n_leaks);
  g_auto(GStrv) lines = g_strsplit (table, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      g_test_message ("%s", lines[i]);
}

void
chaos_table_write_markdown (Chaos *chaos,
                            guint  n_leaks)
{
  g_autofree char *table = make_table (chaos, n_leaks);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;

  if (chaos->options->markdown == NULL)
    return;

  text = g_strdup_printf ("%u hosts, %u s, seed %u\n\n%s", chaos->options->n_hosts,
                          chaos->options->seconds, chaos->options->seed, table);
  g_file_set_contents (chaos->options->markdown, text, -1, &error);
  g_assert_no_error (error);
}

/* A look that sees nobody finds no orphan either. */
void
chaos_table_expect_all (Chaos *chaos)
{
  chaos_check (chaos, NULL, chaos->tally.n_seen > 0, "%" G_GUINT64_FORMAT
               " looks at all processes saw none of a host", chaos->tally.n_looks);
  for (guint i = 0; i < chaos_faults_get_n_kinds (); i++)
    {
      const ChaosFaultCount *count = chaos_faults_get_count (i);

      chaos_check (chaos, NULL, count->why_not != NULL || count->n_injected > 0,
                   "“%s” was never injected", count->name);
      chaos_check (chaos, NULL, count->n_survived == count->n_injected,
                   "“%s” was injected %" G_GUINT64_FORMAT " times and survived %" G_GUINT64_FORMAT,
                   count->name, count->n_injected, count->n_survived);
    }
}
