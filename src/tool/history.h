/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus.h"

G_BEGIN_DECLS

GVariant *tool_history_get             (ToolBus   *bus,
                                        ToolHost  *host,
                                        guint      max,
                                        GError   **error);
char     *tool_history_dup_line        (GVariant  *transition,
                                        gboolean   color);

G_END_DECLS
