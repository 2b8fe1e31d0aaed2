/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "output.h"

G_BEGIN_DECLS

/* The extensions of one run. */
typedef struct
{
  ExtensionHostProcess *process;
  ToolOutput *output;
  void (*changed) (gpointer owner);       /* the state of one, which was shown */
  void (*none_active) (gpointer owner);   /* nor will be; may be NULL */
  gpointer owner;

  gboolean none_told;
  GPtrArray *list;                        /* of ExtensionHostExtension */
} ToolExtensions;

gboolean                tool_extensions_add         (ToolExtensions  *self,
                                                     GPtrArray       *words,
                                                     GError         **error);
void                    tool_extensions_clear       (ToolExtensions  *self);
gboolean                tool_extensions_are_settled (ToolExtensions  *self);
ExtensionHostExtension *tool_extensions_find        (ToolExtensions  *self,
                                                     const char      *method,
                                                     const char     **command);
GStrv                   tool_extensions_dup_ids     (ToolExtensions  *self);

G_END_DECLS
