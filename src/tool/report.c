/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "report.h"

#include <string.h>

#include <glib/gi18n.h>

#include <extension-host.h>

#include "facts.h"
#include "glyphs.h"
#include "history.h"
#include "paint.h"
#include "relative-time.h"

/* All about one host, for people. What is not known or not worth telling has no line. */

#define LABEL_WIDTH 14

typedef struct
{
  GString *text;
  GVariant *facts;
  const char *heading;   /* of the section that has no line yet */
  gint64 now;
  gboolean color;
} Report;

static void
begin_section (Report     *self,
               const char *heading)
{
  self->heading = heading;
}

static void
end_heading (Report *self)
{
  if (self->heading == NULL)
    return;

  g_string_append_printf (self->text, "\n%s%s%s\n", self->color ? TOOL_BOLD : "", self->heading,
                          self->color ? TOOL_NORMAL : "");
  self->heading = NULL;
}

/* COLOR: NULL for none. VALUE may be foreign. */
static void
add_colored (Report     *self,
             const char *label,
             const char *value,
             const char *color)
{
  g_autofree char *safe_value = tool_make_printable (value != NULL ? value : "");
  gboolean painted = self->color && color != NULL;
  int padding = LABEL_WIDTH - (int) g_utf8_strlen (label, -1);

  if (safe_value[0] == '\0')
    return;

  end_heading (self);
  g_string_append_printf (self->text, "  %s%*s%s%s%s\n", label, MAX (padding, 1), "",
                          painted ? color : "", safe_value, painted ? TOOL_NORMAL : "");
}

static void
add_line (Report     *self,
          const char *label,
          const char *value)
{
  add_colored (self, label, value, NULL);
}

static void
add_count (Report     *self,
           const char *label,
           const char *name)
{
  gint64 number = tool_facts_get_number (self->facts, name, 0);
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, number);

  if (number > 0)
    add_line (self, label, text);
}

/* running since 14:03:22.118 (3 min ago) */
static char *
dup_since (Report     *self,
           const char *what,
           gint64      time)
{
  g_autofree char *date = NULL;
  g_autofree char *distance = NULL;

  if (time == 0)
    return g_strdup (what);

  date = tool_format_date (time, self->now);
  distance = tool_format_distance (time, self->now);

  /* TRANSLATORS: a state, a time, and how far away that is: running since 14:03:22 (3 min ago) */
  return g_strdup_printf (_("%s since %s (%s)"), what, date, distance);
}

static char *
join_words (GVariant   *facts,
            const char *name)
{
  g_autoptr(GVariant) value = tool_facts_get (facts, name, "as");
  g_autofree const char **words = value != NULL ? g_variant_get_strv (value, NULL) : NULL;

  return words != NULL ? g_strjoinv (" ", (char **) words) : NULL;
}

static void
add_identity (Report     *self,
              const char *application)
{
  const char *id = tool_facts_get_text (self->facts, "id");
  const char *name = tool_facts_get_text (self->facts, "name");
  g_autofree char *command = join_words (self->facts, "command-line");
  g_autofree char *capabilities = join_words (self->facts, "capabilities");
  g_autofree char *safe_id = tool_make_printable (id);

  g_string_append_printf (self->text, "%s%s%s\n", self->color ? TOOL_BOLD : "", safe_id,
                          self->color ? TOOL_NORMAL : "");
  add_line (self, _("Name"), g_str_equal (name, id) ? NULL : name);
  add_line (self, _("Kind"), tool_facts_get_text (self->facts, "kind"));
  add_line (self, _("Application"), application);
  add_line (self, _("Group"), tool_facts_get_text (self->facts, "group"));
  add_line (self, _("Command"), command);
  add_line (self, _("Folder"), tool_facts_get_text (self->facts, "working-directory"));
  add_line (self, _("Capabilities"), capabilities);
}

static void
add_ending (Report *self)
{
  const char *rung = tool_facts_get_text (self->facts, "stop-rung");
  gint64 deadline = tool_facts_get_number (self->facts, "stop-deadline", 0);
  g_autofree char *date = tool_format_date (deadline, self->now);
  g_autofree char *text = g_strdup_printf (_("%s, until %s"), rung, date);

  if (rung[0] != '\0')
    add_line (self, _("Being ended by"), deadline != 0 ? text : rung);
}

static void
add_words_of_host (Report *self)
{
  double progress = tool_facts_get_double (self->facts, "progress", -1);
  const char *status = tool_facts_get_text (self->facts, "status-text");
  g_autofree char *percent =
    progress >= 0 ? g_strdup_printf ("%d %%", (int) (CLAMP (progress, 0, 1) * 100)) : NULL;
  g_autofree char *text = g_strjoin (status[0] != '\0' && percent != NULL ? ", " : "", status,
                                     percent, NULL);

  add_line (self, _("It says"), text);
}

static void
add_process (Report *self)
{
  gint64 pid = tool_facts_get_number (self->facts, "pid", 0);
  gint64 generation = tool_facts_get_number (self->facts, "generation", 0);
  g_autofree char *text =
    /* TRANSLATORS: a process id, and the number of starts */
    g_strdup_printf (ngettext ("%d, started %u time", "%d, started %u times", (gulong) generation),
                     (int) pid, (guint) generation);

  if (pid != 0)
    add_line (self, _("Process"), text);
}

static void
add_state (Report *self)
{
  const char *state = tool_facts_get_text (self->facts, "state");
  const char *control = tool_facts_get_text (self->facts, "control");
  gint64 ready_since = tool_facts_get_number (self->facts, "ready-since", 0);
  g_autofree char *since =
    dup_since (self, state, tool_facts_get_number (self->facts, "state-since", 0));
  const char *readiness = tool_facts_get_text (self->facts, "readiness");
  g_autofree char *ready =
    dup_since (self, readiness, g_str_equal (readiness, "ready") ? ready_since : 0);

  begin_section (self, _("State"));
  add_colored (self, _("State"), since, tool_get_state_color (state));
  add_line (self, _("Ready"), ready);
  add_line (self, _("Wished for"), tool_facts_get_text (self->facts, "desired"));
  add_colored (self, _("Control"), control,
               g_str_equal (control, "active") ? NULL : tool_get_state_color ("unhealthy"));
  add_process (self);
  add_words_of_host (self);
  add_ending (self);
}

static void
add_budget (Report *self)
{
  g_autoptr(GVariant) budget = tool_facts_get (self->facts, "restart-budget", "(uuu)");
  g_autofree char *window = NULL;
  g_autofree char *text = NULL;
  guint limit = 0;
  guint used = 0;
  guint seconds = 0;

  if (budget == NULL)
    return;

  g_variant_get (budget, "(uuu)", &limit, &used, &seconds);
  if (limit == EXTENSION_HOST_UNLIMITED)
    {
      add_line (self, _("Budget"), _("unlimited"));
      return;
    }

  window = tool_format_duration ((gint64) seconds * G_USEC_PER_SEC);
  text = seconds > 0 ? g_strdup_printf (_("%u of %u used within %s"), used, limit, window)
                     : g_strdup_printf (_("%u of %u used since the last start"), used, limit);
  add_line (self, _("Budget"), text);
}

static void
add_restarts (Report *self)
{
  gint64 next = tool_facts_get_number (self->facts, "next-restart", 0);
  g_autofree char *distance = tool_format_distance (MAX (next, self->now), self->now);

  begin_section (self, _("Restarts"));
  add_line (self, _("Policy"), tool_facts_get_text (self->facts, "restart"));
  add_count (self, _("Restarts"), "restart-count");
  add_budget (self);
  if (tool_facts_get_boolean (self->facts, "pending-restart"))
    add_line (self, _("Next"), next != 0 ? distance : _("pending"));
}

static void
add_check (Report *self)
{
  g_autoptr(GVariant) health = tool_facts_get (self->facts, "last-health", "a{sv}");
  gint64 time = health != NULL ? tool_facts_get_number (health, "time", 0) : 0;
  g_autofree char *distance = tool_format_distance (time, self->now);
  g_autofree char *text = NULL;

  if (time == 0)
    return;

  text = g_strdup_printf ("%s (%s)", tool_facts_get_text (health, "text"), distance);
  add_line (self, _("Last check"), text);
  if (tool_facts_get_number (health, "failures", 0) > 0)
    {
      g_autofree char *failures =
        g_strdup_printf ("%" G_GINT64_FORMAT, tool_facts_get_number (health, "failures", 0));

      add_colored (self, _("Failures"), failures, tool_get_state_color ("unhealthy"));
    }
}

static void
add_health (Report *self)
{
  gint64 latency = tool_facts_get_number (self->facts, "latency", -1);
  gint64 rss = tool_facts_get_number (self->facts, "rss", 0);
  gint64 reply = tool_facts_get_number (self->facts, "last-reply", 0);
  g_autofree char *delay = tool_format_latency (latency);
  g_autofree char *memory = tool_format_size ((guint64) MAX (rss, 0));
  g_autofree char *cpu =
    g_strdup_printf ("%.1f %%", tool_facts_get_double (self->facts, "cpu-percent", 0));
  g_autofree char *distance = tool_format_distance (reply, self->now);

  begin_section (self, _("Health"));
  add_line (self, _("Latency"), latency >= 0 ? delay : NULL);
  add_line (self, _("Memory"), rss > 0 ? memory : NULL);
  add_line (self, _("Processor"), rss > 0 ? cpu : NULL);
  add_check (self);
  add_line (self, _("Last reply"), reply > 0 ? distance : NULL);
  add_count (self, _("Pending calls"), "pending-calls");
  add_count (self, _("Queued bytes"), "queued-bytes");
  add_count (self, _("Bad messages"), "protocol-errors");
  add_count (self, _("Late events"), "stale-events");
}

static void
add_log (Report   *self,
         GVariant *last_exit)
{
  g_autoptr(GVariant) value = tool_facts_get (last_exit, "log", "as");
  g_autofree const char **lines = value != NULL ? g_variant_get_strv (value, NULL) : NULL;

  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      g_autofree char *safe_line = tool_make_printable (lines[i]);

      end_heading (self);
      g_string_append_printf (self->text, "    %s%s %s%s\n", self->color ? TOOL_DIM : "",
                              tool_get_glyphs ()->bar, safe_line,
                              self->color ? TOOL_NORMAL : "");
    }
}

static void
add_last_exit (Report *self)
{
  g_autoptr(GVariant) last = tool_facts_get (self->facts, "last-exit", "a{sv}");
  g_autofree char *suspects = last != NULL ? join_words (last, "suspects") : NULL;
  g_autofree char *ran = NULL;
  g_autofree char *distance = NULL;

  if (last == NULL || g_variant_n_children (last) == 0)
    return;

  ran = tool_format_duration (tool_facts_get_number (last, "runtime", 0));
  distance = tool_format_distance (tool_facts_get_number (last, "time", 0), self->now);
  begin_section (self, _("Last exit"));
  add_line (self, _("How"), tool_facts_get_text (last, "text"));
  add_line (self, _("When"), distance);
  add_line (self, _("It had run for"), ran);
  add_line (self, _("Suspects"), suspects);
  add_log (self, last);
}

static void
add_control_failure (Report *self)
{
  g_autoptr(GVariant) failure = tool_facts_get (self->facts, "last-control-failure", "a{sv}");
  g_autofree char *distance = NULL;
  g_autofree char *text = NULL;

  if (failure == NULL || g_variant_n_children (failure) == 0)
    return;

  distance = tool_format_distance (tool_facts_get_number (failure, "time", 0), self->now);
  text = g_strdup_printf ("%s: %s (%s)", tool_facts_get_text (failure, "phase"),
                          tool_facts_get_text (failure, "reason"), distance);
  begin_section (self, _("Could not be done"));
  add_line (self, _("What"), text);
}

static void
add_extensions (Report *self)
{
  g_autoptr(GVariant) extensions = tool_facts_get (self->facts, "extensions", "a(sss)");
  GVariantIter iter;
  const char *id = NULL;
  const char *state = NULL;
  const char *error = NULL;

  if (extensions == NULL)
    return;

  begin_section (self, _("Extensions"));
  g_variant_iter_init (&iter, extensions);
  while (g_variant_iter_next (&iter, "(&s&s&s)", &id, &state, &error))
    {
      g_autofree char *safe_id = tool_make_printable (id);
      g_autofree char *text = g_strjoin (error[0] != '\0' ? ": " : "", state, error, NULL);

      add_colored (self, safe_id, text, tool_get_state_color (state));
    }
}

static void
add_transitions (Report   *self,
                 GVariant *transitions)
{
  begin_section (self, _("Last changes"));
  for (gsize i = 0; i < g_variant_n_children (transitions); i++)
    {
      g_autoptr(GVariant) transition = g_variant_get_child_value (transitions, i);
      g_autofree char *line = tool_history_dup_line (transition, self->color);

      end_heading (self);
      g_string_append_printf (self->text, "  %s\n", line);
    }
}

/* FACTS as Describe () tells them. APPLICATION: how it is called here */
char *
tool_dup_report (const char *application,
                 GVariant   *facts,
                 GVariant   *transitions,
                 gboolean    color)
{
  Report self = {
    .text = g_string_new (NULL),
    .facts = facts,
    .now = g_get_real_time (),
    .color = color,
  };

  add_identity (&self, application);
  add_state (&self);
  add_restarts (&self);
  add_health (&self);
  add_last_exit (&self);
  add_control_failure (&self);
  add_extensions (&self);
  add_transitions (&self, transitions);

  return g_string_free (self.text, FALSE);
}
