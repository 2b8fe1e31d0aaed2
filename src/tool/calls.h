/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extensions.h"

G_BEGIN_DECLS

typedef struct
{
  char *method;
  char *params;   /* checked JSON, or NULL */
} ToolCall;

/* The calls of one run, and what becomes of them. */
typedef struct
{
  ExtensionHostProcess *process;
  ToolExtensions *extensions;  /* whose commands are called as ID/COMMAND; NULL if there are none */
  ToolOutput *output;
  guint timeout_ms;            /* as the library takes it: 0 is what the spec says */
  gboolean repeat_log;         /* with a failure: whoever reads stderr has not seen it */

  GPtrArray *list;             /* of ToolCall, to be made one after the other; may be NULL */
  gboolean ended;              /* no more will be made than those of the list */
  void (*done) (gpointer owner);   /* it has ended, and all calls were answered or failed */
  gpointer owner;

  GQueue held;                 /* calls that were made, but not sent to the host yet */
  gboolean awaiting;           /* that the host is ready */

  guint n_made;
  guint n_pending;
  guint n_failed;
  guint64 log_told;            /* the generation whose last lines were repeated */
} ToolCalls;

ToolCall *tool_call_new        (const char *method);
void      tool_call_free       (ToolCall   *call);

void      tool_calls_clear     (ToolCalls  *self);
void      tool_calls_make_list (ToolCalls  *self);
void      tool_calls_go_on     (ToolCalls  *self);
void      tool_calls_end       (ToolCalls  *self);
gboolean  tool_calls_take_line (ToolCalls  *self,
                                const char *line,
                                GError    **error);

G_END_DECLS
