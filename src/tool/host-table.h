/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus.h"

G_BEGIN_DECLS

char *tool_dup_host_table (ToolBus         *bus,
                           ToolApplication *application,
                           gboolean         color);
void  tool_print_host     (ToolHost        *host,
                           GVariant        *facts);
char *tool_dup_note       (GVariant        *facts,
                           gint64           now);

G_END_DECLS
