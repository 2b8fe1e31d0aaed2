/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus.h"

G_BEGIN_DECLS

gboolean tool_extension_wait (ToolBus    *bus,
                              ToolHost   *host,
                              const char *method,
                              guint       timeout_ms);

G_END_DECLS
