/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _ToolTable ToolTable;

ToolTable *tool_table_new        (void);
void       tool_table_free       (ToolTable  *self);
void       tool_table_add_column (ToolTable  *self,
                                  const char *title,
                                  gboolean    right,
                                  gboolean    flexible);
void       tool_table_add_cell   (ToolTable  *self,
                                  const char *text,
                                  const char *color);
char      *tool_table_dup_text   (ToolTable  *self,
                                  int         columns,
                                  gboolean    color);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolTable, tool_table_free)

G_END_DECLS
