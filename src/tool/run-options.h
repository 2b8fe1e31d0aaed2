/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "calls.h"

G_BEGIN_DECLS

typedef enum
{
  TOOL_COLOR_AUTO,
  TOOL_COLOR_ALWAYS,
  TOOL_COLOR_NEVER
} ToolColor;

typedef struct
{
  ExtensionHostSpec *spec;
  char *runtime;           /* NULL without --runtime */
  GPtrArray *extensions;   /* of ToolExtensionWord; NULL without --runtime */
  ToolColor color;
  gboolean json;
  gboolean keep;
  gboolean quiet;
  GPtrArray *calls;        /* of ToolCall; NULL without --call */
  guint call_timeout_ms;   /* 0: what the spec says */
} RunOptions;

gboolean run_options_parse       (RunOptions        *self,
                                  int                argc,
                                  char             **argv,
                                  GError           **error);
gboolean run_options_wants_color (const RunOptions  *self,
                                  int                fd);
void     run_options_clear       (RunOptions        *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RunOptions, run_options_clear)

G_END_DECLS
