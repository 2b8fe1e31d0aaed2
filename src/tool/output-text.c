/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "output.h"

#include <string.h>

#include "glyphs.h"

#define DIM "\033[2m"
#define NORMAL "\033[0m"

/* Wide enough for every name there is; log lines put their mark where the old state stands. */
#define STATE_WIDTH 10
#define PID_WIDTH 7

/* Bytes of parameters that are shown, as many as of a log line. */
#define MAX_PARAMS (8 * 1024)

static const char *
get_color (ExtensionHostState state)
{
  switch (state)
    {
    case EXTENSION_HOST_STATE_STOPPED:
      return "\033[1m";
    case EXTENSION_HOST_STATE_STARTING:
      return "\033[36m";
    case EXTENSION_HOST_STATE_RUNNING:
      return "\033[1;32m";
    case EXTENSION_HOST_STATE_UNHEALTHY:
      return "\033[1;33m";
    case EXTENSION_HOST_STATE_RESTARTING:
      return "\033[33m";
    case EXTENSION_HOST_STATE_STOPPING:
      return "\033[34m";
    case EXTENSION_HOST_STATE_CRASHED:
      return "\033[1;31m";
    default:
      return NORMAL;
    }
}

static const char *
paint (ToolOutput *self,
       const char *color)
{
  return self->color ? color : "";
}

/* 14:03:22.118 */
static char *
format_time (gint64 time)
{
  g_autoptr(GDateTime) date = g_date_time_new_from_unix_local (time / G_USEC_PER_SEC);
  g_autofree char *seconds = date != NULL ? g_date_time_format (date, "%H:%M:%S") : NULL;

  return g_strdup_printf ("%s.%03d", seconds != NULL ? seconds : "--:--:--",
                          (int) (time % G_USEC_PER_SEC / 1000));
}

static char *
format_place (guint64 generation,
              guint   pid)
{
  if (pid == 0)
    return g_strdup_printf ("gen %-3" G_GUINT64_FORMAT " %*s", generation,
                            (int) sizeof ("pid") + PID_WIDTH, "");

  return g_strdup_printf ("gen %-3" G_GUINT64_FORMAT " pid %-*u", generation, PID_WIDTH, pid);
}

static void
print_transition (ToolOutput              *self,
                  ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition)
{
  ExtensionHostState new_state = extension_host_transition_get_new (transition);
  const char *detail = extension_host_transition_get_detail (transition);
  g_autofree char *time = format_time (extension_host_transition_get_time (transition));
  g_autofree char *id = tool_make_printable (extension_host_process_get_id (process));
  g_autofree char *place =
    format_place (extension_host_transition_get_generation (transition),
                  extension_host_process_get_pid (process));
  g_autofree char *safe_detail = detail != NULL ? tool_make_printable (detail) : NULL;
  g_autofree char *line = NULL;

  line = g_strdup_printf ("%s%s%s  %s  %s%*s %s%s %s%-*s%s  %s%s%s  %s%s%s",
                          paint (self, DIM), time, paint (self, NORMAL),
                          id,
                          paint (self, DIM), STATE_WIDTH,
                          extension_host_state_to_string (
                            extension_host_transition_get_old (transition)),
                          tool_get_glyphs ()->arrow, paint (self, NORMAL),
                          paint (self, get_color (new_state)), STATE_WIDTH,
                          extension_host_state_to_string (new_state), paint (self, NORMAL),
                          paint (self, DIM), place, paint (self, NORMAL),
                          extension_host_reason_to_string (
                            extension_host_transition_get_reason (transition)),
                          safe_detail != NULL ? ": " : "",
                          safe_detail != NULL ? safe_detail : "");
  tool_output_write_line (self, self->events, line);
}

static const char *
get_mark (ExtensionHostLogStream stream)
{
  switch (stream)
    {
    case EXTENSION_HOST_LOG_STREAM_STDOUT:
      return "out";
    case EXTENSION_HOST_LOG_STREAM_STDERR:
      return "err";
    case EXTENSION_HOST_LOG_STREAM_HOST:
      return "log";
    default:
      return "";
    }
}

/* What comes from the host; the line may say anything. */
static void
print_dimmed (ToolOutput           *self,
              ExtensionHostProcess *process,
              const char           *mark,
              const char           *line)
{
  g_autofree char *time = format_time (g_get_real_time ());
  g_autofree char *id = tool_make_printable (extension_host_process_get_id (process));
  g_autofree char *safe_line = tool_make_printable (line);
  g_autofree char *text =
    g_strdup_printf ("%s%s  %s  %*s %s %s%s",
                     paint (self, DIM), time, id,
                     STATE_WIDTH, mark, tool_get_glyphs ()->bar,
                     safe_line, paint (self, NORMAL));

  tool_output_write_line (self, self->events, text);
}

static void
print_log (ToolOutput             *self,
           ExtensionHostProcess   *process,
           ExtensionHostLogStream  stream,
           const char             *line)
{
  print_dimmed (self, process, get_mark (stream), line);
}

static void
print_notification (ToolOutput           *self,
                    ExtensionHostProcess *process,
                    const char           *method,
                    JsonNode             *params)
{
  g_autofree char *text = params != NULL ? json_to_string (params, FALSE) : NULL;
  g_autofree char *line = NULL;

  if (text != NULL && strlen (text) > MAX_PARAMS)
    text[MAX_PARAMS] = '\0';
  line = g_strjoin (" ", method, text, NULL);
  print_dimmed (self, process, "note", line);
}

static const char *
get_extension_color (ExtensionHostExtensionState state)
{
  switch (state)
    {
    case EXTENSION_HOST_EXTENSION_STATE_ACTIVATING:
      return "\033[36m";
    case EXTENSION_HOST_EXTENSION_STATE_ACTIVE:
      return "\033[1;32m";
    case EXTENSION_HOST_EXTENSION_STATE_LOST:
      return "\033[1;33m";
    case EXTENSION_HOST_EXTENSION_STATE_FAILED:
    case EXTENSION_HOST_EXTENSION_STATE_QUARANTINED:
      return "\033[1;31m";
    case EXTENSION_HOST_EXTENSION_STATE_INACTIVE:
    default:
      return NORMAL;
    }
}

/* Marked as the lines of the host are, with a mark that none of these has. */
static void
print_extension (ToolOutput             *self,
                 ExtensionHostProcess   *process,
                 ExtensionHostExtension *extension)
{
  ExtensionHostExtensionState state = extension_host_extension_get_state (extension);
  const GError *error = extension_host_extension_get_error (extension);
  g_autoptr(GEnumClass) states = g_type_class_ref (EXTENSION_HOST_TYPE_EXTENSION_STATE);
  g_autofree char *time = format_time (g_get_real_time ());
  g_autofree char *host = tool_make_printable (extension_host_process_get_id (process));
  g_autofree char *id = tool_make_printable (extension_host_extension_get_id (extension));
  g_autofree char *safe_error = error != NULL ? tool_make_printable (error->message) : NULL;
  g_autofree char *line = NULL;

  line = g_strdup_printf ("%s%s%s  %s  %s%*s %s%s %s %s %s%s%s%s%s",
                          paint (self, DIM), time, paint (self, NORMAL),
                          host,
                          paint (self, DIM), STATE_WIDTH, "ext", tool_get_glyphs ()->bar,
                          paint (self, NORMAL),
                          id, tool_get_glyphs ()->arrow,
                          paint (self, get_extension_color (state)),
                          g_enum_get_value (states, (int) state)->value_nick,
                          paint (self, NORMAL),
                          safe_error != NULL ? ": " : "",
                          safe_error != NULL ? safe_error : "");
  tool_output_write_line (self, self->events, line);
}

/* Answers of several calls may come in any order, so that each names its method; a failure is
 * told on stderr. */
static void
print_answer (ToolOutput           *self,
              ExtensionHostProcess *process,
              const ToolAnswer     *answer)
{
  g_autofree char *method = tool_make_printable (answer->method);
  g_autofree char *line = NULL;

  if (answer->error != NULL)
    return;

  if (!self->bare_results)
    line = g_strdup_printf ("%s%s %s%s %s", paint (self, DIM), method,
                            tool_get_glyphs ()->arrow, paint (self, NORMAL), answer->result);
  tool_output_write_line (self, stdout, line != NULL ? line : answer->result);
}

/* The detail of the transition that the exit leads to says it already. */
static void
print_exit (ToolOutput           *self,
            ExtensionHostProcess *process,
            ExtensionHostExit    *exit)
{
}

/* The last transition is the end; what went wrong is told on stderr. */
static void
print_summary (ToolOutput        *self,
               const ToolSummary *summary)
{
}

void
tool_output_init_text (ToolOutput *self,
                       gboolean    color)
{
  *self = (ToolOutput) {
    .transition = print_transition,
    .log = print_log,
    .exit = print_exit,
    .extension = print_extension,
    .answer = print_answer,
    .notification = print_notification,
    .summary = print_summary,
    .events = stdout,
    .color = color,
  };
}
