/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include <extension-host.h>

G_BEGIN_DECLS

/* What the whole run came to. */
typedef struct
{
  ExtensionHostProcess *process;
  ExtensionHostStopOutcome *outcome;   /* NULL if nobody asked it to stop */
  gint64 duration;                     /* µs */
  guint restarts;
  guint calls;                         /* that were answered, or failed */
  guint failed_calls;
  int status;
} ToolSummary;

/* What became of a call. */
typedef struct
{
  guint number;                        /* 1, 2, 3 … in the order in which they were made */
  const char *method;
  const char *result;                  /* JSON on one line; NULL if it failed */
  const GError *error;                 /* NULL if it did not */
  ExtensionHostCallFailure *failure;   /* NULL if the call was not even made */
} ToolAnswer;

/* The two ways to show events: lines for people, and JSON, one object a line. */
typedef struct _ToolOutput ToolOutput;

struct _ToolOutput
{
  void (*transition)   (ToolOutput              *self,
                        ExtensionHostProcess    *process,
                        ExtensionHostTransition *transition);
  void (*log)          (ToolOutput              *self,
                        ExtensionHostProcess    *process,
                        ExtensionHostLogStream   stream,
                        const char              *line);
  void (*exit)         (ToolOutput              *self,
                        ExtensionHostProcess    *process,
                        ExtensionHostExit       *exit);
  void (*extension)    (ToolOutput              *self,
                        ExtensionHostProcess    *process,
                        ExtensionHostExtension  *extension);
  void (*answer)       (ToolOutput              *self,
                        ExtensionHostProcess    *process,
                        const ToolAnswer        *answer);
  void (*notification) (ToolOutput              *self,
                        ExtensionHostProcess    *process,
                        const char              *method,
                        JsonNode                *params);
  void (*summary)      (ToolOutput              *self,
                        const ToolSummary       *summary);

  FILE *events;            /* where all but results is written */
  gboolean bare_results;   /* with nothing before them, for a program to read */
  gboolean color;
  gboolean closed;         /* nobody reads stdout any more */
  int write_error;         /* errno, if that is not because the reader left; else 0 */
  int urgent_fd;     /* readable once a signal asked for the end; -1 */
};

void tool_output_init_json  (ToolOutput *self);
void tool_output_init_text  (ToolOutput *self,
                             gboolean    color);
void tool_output_write_line (ToolOutput *self,
                             FILE       *file,
                             const char *line);

G_END_DECLS
