/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What happened to a host, or what it said, as a line for people. States and reasons are nicks. */
typedef struct
{
  gint64 time;            /* µs since the epoch */
  const char *host;       /* NULL if it goes without saying */
  const char *old_state;
  const char *new_state;
  const char *reason;
  const char *detail;     /* NULL or empty if there is none */
  guint64 generation;
  guint pid;              /* 0 if there is none */
  const char *requester;  /* NULL or empty if nobody asked for it, or that is not known */
} ToolTransitionLine;

char       *tool_dup_transition_line (const ToolTransitionLine *transition,
                                      gboolean                  color);
char       *tool_dup_extension_line  (gint64                    time,
                                      const char               *host,
                                      const char               *id,
                                      const char               *state,
                                      const char               *problem,
                                      gboolean                  color);
char       *tool_dup_said_line       (gint64                    time,
                                      const char               *host,
                                      const char               *mark,
                                      const char               *text,
                                      gboolean                  color);
const char *tool_get_log_mark        (const char               *stream);

G_END_DECLS
