/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

/* What the whole run came to. */
typedef struct
{
  ExtensionHostProcess *process;
  ExtensionHostStopOutcome *outcome;   /* NULL if nobody asked it to stop */
  gint64 duration;                     /* µs */
  guint restarts;
  int status;
} ToolSummary;

/* The two ways to show events on stdout: lines for people, and JSON, one object a line. */
typedef struct _ToolOutput ToolOutput;

struct _ToolOutput
{
  void (*transition) (ToolOutput              *self,
                      ExtensionHostProcess    *process,
                      ExtensionHostTransition *transition);
  void (*log)        (ToolOutput              *self,
                      ExtensionHostProcess    *process,
                      ExtensionHostLogStream   stream,
                      const char              *line);
  void (*exit)       (ToolOutput              *self,
                      ExtensionHostProcess    *process,
                      ExtensionHostExit       *exit);
  void (*summary)    (ToolOutput              *self,
                      const ToolSummary       *summary);

  gboolean color;
  gboolean closed;   /* nobody reads stdout any more */
};

void tool_output_init_json  (ToolOutput *self);
void tool_output_init_text  (ToolOutput *self,
                             gboolean    color);
void tool_output_write_line (ToolOutput *self,
                             const char *line);

G_END_DECLS
