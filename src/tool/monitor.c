/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "bus-event.h"
#include "bus-options.h"
#include "command.h"
#include "event-line.h"
#include "facts.h"
#include "host-table.h"
#include "lookup.h"
#include "relative-time.h"
#include "stream.h"
#include "watch.h"

#define MAX_WIDTH 40

typedef struct
{
  ToolBusOptions options;
  gboolean log;
  gboolean health;
  ToolBus bus;
  ToolStream stream;
  ToolWatch watch;
  glong width;             /* of the longest name so far, so that lines share their columns */
} Monitor;

static void
monitor_clear (Monitor *self)
{
  tool_watch_end (&self->watch);
  tool_stream_clear (&self->stream);
  tool_bus_clear (&self->bus);
  tool_bus_options_clear (&self->options);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Monitor, monitor_clear)

/* Without words, all hosts; the words may mean some that are not there yet. */
static gboolean
is_wanted (Monitor  *self,
           ToolHost *host)
{
  gboolean wanted = self->options.arguments[0] == NULL;

  for (guint i = 0; self->options.arguments[i] != NULL && !wanted; i++)
    wanted = tool_host_matches (self->options.arguments[i], host->application, host->id);

  return wanted;
}

/* Where there are several applications, they are told apart. */
static char *
dup_name (Monitor  *self,
          ToolHost *host)
{
  gboolean several = tool_watch_count (&self->watch) > 1;
  g_autofree char *name = g_strconcat (several ? host->application->address : "",
                                       several ? "/" : "", host->id, NULL);
  glong length = g_utf8_strlen (name, -1);

  self->width = MAX (self->width, MIN (length, MAX_WIDTH));

  return g_strdup_printf ("%s%*s", name, (int) MAX (self->width - length, 0), "");
}

/* Takes LINE. */
static void
print (Monitor *self,
       char    *line)
{
  tool_stream_write (&self->stream, line);
  g_free (line);
}

static void
say (Monitor    *self,
     gint64      time,
     ToolHost   *host,
     const char *mark,
     const char *text)
{
  g_autofree char *name = dup_name (self, host);

  print (self, tool_dup_said_line (time, name, mark, text, self->options.color));
}

static void
say_of_application (Monitor         *self,
                    ToolApplication *application,
                    const char      *text)
{
  g_autofree char *name =
    g_strdup_printf ("%-*s", (int) self->width, application->address);

  print (self, tool_dup_said_line (g_get_real_time (), name, "app", text, self->options.color));
}

static void
on_application_added (ToolApplication *application,
                      gpointer         owner)
{
  Monitor *self = owner;
  g_autofree char *text = NULL;

  if (self->options.arguments[0] == NULL)
    self->width = MAX (self->width, (glong) strlen (application->address));
  for (guint i = 0; i < application->hosts->len; i++)
    {
      ToolHost *host = g_ptr_array_index (application->hosts, i);

      if (is_wanted (self, host))
        g_free (dup_name (self, host));   /* makes room */
    }

  if (self->options.arguments[0] != NULL)
    return;

  text = g_strdup_printf (ngettext ("shows %u host, process %u, access %s",
                                    "shows %u hosts, process %u, access %s",
                                    application->hosts->len),
                          application->hosts->len, application->pid,
                          tool_facts_get_text (application->facts, "access"));
  if (self->options.json)
    print (self, tool_dup_application_event (application, TRUE));
  else
    say_of_application (self, application, text);
}

static void
on_application_removed (ToolApplication *application,
                        gpointer         owner)
{
  Monitor *self = owner;

  if (self->options.arguments[0] != NULL)
    return;

  if (self->options.json)
    print (self, tool_dup_application_event (application, FALSE));
  else
    say_of_application (self, application, _("is gone"));
}

/* is running since 3 min, pid 123 */
static char *
dup_summary (ToolHost *host)
{
  const char *state = tool_facts_get_text (host->facts, "state");
  gint64 now = g_get_real_time ();
  gint64 since = tool_facts_get_number (host->facts, "state-since", 0);
  gint64 pid = tool_facts_get_number (host->facts, "pid", 0);
  g_autofree char *age = tool_format_duration (tool_get_age (since, now));
  g_autofree char *note = tool_dup_note (host->facts, now);
  GString *text = g_string_new (NULL);

  if (since != 0)
    /* TRANSLATORS: a state, which is not translated, and a duration: is running for 3 min */
    g_string_append_printf (text, _("is %s for %s"), state, age);
  else
    g_string_append_printf (text, _("is %s"), state);
  if (pid != 0)
    /* TRANSLATORS: it goes on after what a host is: is running for 3 min, pid 123 */
    g_string_append_printf (text, _(", pid %d"), (int) pid);
  if (note[0] != '\0')
    g_string_append_printf (text, ", %s", note);

  return g_string_free (text, FALSE);
}

static void
on_host_added (ToolHost *host,
               gpointer  owner)
{
  Monitor *self = owner;
  g_autofree char *summary = dup_summary (host);

  if (!is_wanted (self, host))
    return;

  if (self->options.json)
    print (self, tool_dup_host_event (host, TRUE));
  else
    say (self, g_get_real_time (), host, "host", summary);
}

static void
on_host_removed (ToolHost *host,
                 gpointer  owner)
{
  Monitor *self = owner;

  if (!is_wanted (self, host))
    return;

  if (self->options.json)
    print (self, tool_dup_host_event (host, FALSE));
  else
    say (self, g_get_real_time (), host, "host", _("is gone"));
}

static void
print_transition (Monitor  *self,
                  ToolHost *host,
                  GVariant *transition)
{
  g_autofree char *name = dup_name (self, host);
  const ToolTransitionLine line = {
    .time = tool_facts_get_number (transition, "time", 0),
    .host = name,
    .old_state = tool_facts_get_text (transition, "old"),
    .new_state = tool_facts_get_text (transition, "new"),
    .reason = tool_facts_get_text (transition, "reason"),
    .detail = tool_facts_get_text (transition, "detail"),
    .generation = (guint64) tool_facts_get_number (transition, "generation", 0),
    .pid = (guint) tool_facts_get_number (transition, "pid", 0),
  };

  print (self, tool_dup_transition_line (&line, self->options.color));
}

static void
on_transition (ToolHost *host,
               GVariant *transition,
               gpointer  owner)
{
  Monitor *self = owner;

  if (!is_wanted (self, host))
    return;

  if (self->options.json)
    print (self, tool_dup_transition_event (host, transition));
  else
    print_transition (self, host, transition);
}

/* The detail of the transition that the exit leads to says it already. */
static void
on_exited (ToolHost *host,
           GVariant *last_exit,
           gpointer  owner)
{
  Monitor *self = owner;

  if (self->options.json && is_wanted (self, host))
    print (self, tool_dup_exit_event (host, last_exit));
}

static void
on_extension (ToolHost   *host,
              const char *id,
              const char *state,
              const char *error,
              gpointer    owner)
{
  Monitor *self = owner;
  g_autofree char *name = dup_name (self, host);

  if (!is_wanted (self, host))
    return;

  if (self->options.json)
    print (self, tool_dup_extension_event (host, id, state, error));
  else
    print (self, tool_dup_extension_line (g_get_real_time (), name, id, state, error,
                                          self->options.color));
}

static void
on_log (ToolHost   *host,
        const char *stream,
        const char *line,
        gpointer    owner)
{
  Monitor *self = owner;
  gint64 now = g_get_real_time ();

  if (!is_wanted (self, host))
    return;

  if (self->options.json)
    print (self, tool_dup_log_event (host, now, stream, line));
  else
    say (self, now, host, tool_get_log_mark (stream), line);
}

static void
on_health (ToolHost *host,
           GVariant *health,
           gpointer  owner)
{
  Monitor *self = owner;

  if (!is_wanted (self, host))
    return;

  if (self->options.json)
    print (self, tool_dup_health_event (host, health));
  else
    say (self, tool_facts_get_number (health, "time", 0), host, "health",
         tool_facts_get_text (health, "text"));
}

static const ToolWatcher watcher = {
  .application_added = on_application_added,
  .application_removed = on_application_removed,
  .host_added = on_host_added,
  .host_removed = on_host_removed,
  .transition = on_transition,
  .exit = on_exited,
  .extension = on_extension,
  .log = on_log,
  .health = on_health,
};

static gboolean
parse (Monitor  *self,
       char    **argv)
{
  const ToolUsage usage = {
    .arguments = _("[HOST…]"),
    .summary = _("Shows what hosts there are, and from then on each change of their states, until "
                 "Ctrl-C. Hosts and\napplications that come later are shown as well."),
    .max = G_MAXUINT,
  };
  const GOptionEntry entries[] = {
    { "log", 0, 0, G_OPTION_ARG_NONE, &self->log, N_("Also show what the hosts print"), NULL },
    { "health", 0, 0, G_OPTION_ARG_NONE, &self->health,
      N_("Also show each check of their health"), NULL },
    G_OPTION_ENTRY_NULL
  };

  return tool_bus_options_parse (&self->options, &usage, entries, argv);
}

ToolStatus
tool_command_monitor (int    argc,
                      char **argv)
{
  g_auto(Monitor) self = { .log = FALSE };

  if (!parse (&self, argv))
    return TOOL_STATUS_USAGE;
  if (!tool_bus_open (&self.bus))
    return TOOL_STATUS_FAILED;

  tool_stream_init (&self.stream);
  tool_stream_begin (&self.stream, self.bus.connection);
  if (!tool_watch_begin (&self.watch, &self.bus, &watcher, self.log, self.health, &self))
    return TOOL_STATUS_FAILED;

  return tool_stream_run (&self.stream) ? TOOL_STATUS_OK : TOOL_STATUS_FAILED;
}
