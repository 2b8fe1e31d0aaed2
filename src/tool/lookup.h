/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus.h"

G_BEGIN_DECLS

char      *tool_host_dup_word  (ToolBus          *bus,
                                ToolHost         *host);
gboolean   tool_host_matches   (const char       *word,
                                ToolApplication  *application,
                                const char       *id);
ToolHost  *tool_bus_find_host  (ToolBus          *bus,
                                const char       *word);
GPtrArray *tool_bus_find_hosts (ToolBus          *bus,
                                GStrv             words);

G_END_DECLS
