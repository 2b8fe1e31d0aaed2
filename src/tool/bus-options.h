/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of --lines: all that there are */
#define TOOL_ALL_LINES G_MAXINT

/* What a command that asks the session bus takes. */
typedef struct
{
  const char *arguments;     /* as --help shows them */
  const char *summary;
  const char *description;   /* NULL for the usual one */
  const char *missing;       /* what is said if there are too few */
  guint min;
  guint max;                 /* G_MAXUINT for any number */
} ToolUsage;

typedef struct
{
  gboolean json;
  gboolean color;
  GStrv arguments;           /* never NULL once parsed */
} ToolBusOptions;

gboolean tool_bus_options_parse (ToolBusOptions     *self,
                                 const ToolUsage    *usage,
                                 const GOptionEntry *entries,
                                 char              **argv);
void     tool_bus_options_clear (ToolBusOptions     *self);
gboolean tool_check_lines       (int                 n);
gboolean tool_flush             (void);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolBusOptions, tool_bus_options_clear)

G_END_DECLS
