/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event-line.h"

#include <glib/gi18n.h>

#include "glyphs.h"
#include "paint.h"
#include "relative-time.h"

/* Wide enough for every name there is; log lines put their mark where the old state stands. */
#define STATE_WIDTH 10
#define PID_WIDTH 7

static const char *
paint (gboolean    color,
       const char *code)
{
  return color ? code : "";
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

/* With what stands between it and the rest of the line */
static char *
format_host (const char *host)
{
  g_autofree char *safe_host = host != NULL ? tool_make_printable (host) : NULL;

  return g_strconcat (safe_host != NULL ? safe_host : "", safe_host != NULL ? "  " : "", NULL);
}

static char *
format_requester (const char *requester)
{
  g_autofree char *safe_requester = tool_make_printable (requester != NULL ? requester : "");

  if (safe_requester[0] == '\0')
    return g_strdup ("");

  /* TRANSLATORS: who asked for a change of state; it stands after the reason of that */
  return g_strdup_printf (_(" (by %s)"), safe_requester);
}

/* With the day, if it was not today */
static char *
format_time (gint64 time)
{
  return tool_format_date (time, g_get_real_time ());
}

char *
tool_dup_transition_line (const ToolTransitionLine *transition,
                          gboolean                  color)
{
  const char *detail = transition->detail != NULL ? transition->detail : "";
  g_autofree char *time = format_time (transition->time);
  g_autofree char *host = format_host (transition->host);
  g_autofree char *place = format_place (transition->generation, transition->pid);
  g_autofree char *old_state = tool_make_printable (transition->old_state);
  g_autofree char *new_state = tool_make_printable (transition->new_state);
  g_autofree char *reason = tool_make_printable (transition->reason);
  g_autofree char *safe_detail = tool_make_printable (detail);
  g_autofree char *requester = format_requester (transition->requester);

  return g_strdup_printf ("%s%s%s  %s%s%*s %s%s %s%-*s%s  %s%s%s  %s%s%s%s",
                          paint (color, TOOL_DIM), time, paint (color, TOOL_NORMAL),
                          host,
                          paint (color, TOOL_DIM), STATE_WIDTH, old_state,
                          tool_get_glyphs ()->arrow, paint (color, TOOL_NORMAL),
                          paint (color, tool_get_state_color (transition->new_state)),
                          STATE_WIDTH, new_state, paint (color, TOOL_NORMAL),
                          paint (color, TOOL_DIM), place, paint (color, TOOL_NORMAL),
                          reason, safe_detail[0] != '\0' ? ": " : "", safe_detail, requester);
}

/* Marked as the lines of the host are, with a mark that none of these has. */
char *
tool_dup_extension_line (gint64      time,
                         const char *host,
                         const char *id,
                         const char *state,
                         const char *problem,
                         gboolean    color)
{
  g_autofree char *clock = format_time (time);
  g_autofree char *safe_host = format_host (host);
  g_autofree char *safe_id = tool_make_printable (id);
  g_autofree char *safe_state = tool_make_printable (state);
  g_autofree char *safe_problem = tool_make_printable (problem != NULL ? problem : "");

  return g_strdup_printf ("%s%s%s  %s%s%*s %s%s %s %s %s%s%s%s%s",
                          paint (color, TOOL_DIM), clock, paint (color, TOOL_NORMAL),
                          safe_host,
                          paint (color, TOOL_DIM), STATE_WIDTH, "ext", tool_get_glyphs ()->bar,
                          paint (color, TOOL_NORMAL),
                          safe_id, tool_get_glyphs ()->arrow,
                          paint (color, tool_get_state_color (state)), safe_state,
                          paint (color, TOOL_NORMAL),
                          safe_problem[0] != '\0' ? ": " : "", safe_problem);
}

/* STREAM is a nick. */
const char *
tool_get_log_mark (const char *stream)
{
  if (g_str_equal (stream, "stdout"))
    return "out";
  if (g_str_equal (stream, "stderr"))
    return "err";

  return "log";
}

/* What comes from the host; the text may say anything. */
char *
tool_dup_said_line (gint64      time,
                    const char *host,
                    const char *mark,
                    const char *text,
                    gboolean    color)
{
  g_autofree char *clock = format_time (time);
  g_autofree char *safe_host = format_host (host);
  g_autofree char *safe_text = tool_make_printable (text);

  return g_strdup_printf ("%s%s  %s%*s %s %s%s",
                          paint (color, TOOL_DIM), clock, safe_host,
                          STATE_WIDTH, mark, tool_get_glyphs ()->bar,
                          safe_text, paint (color, TOOL_NORMAL));
}
