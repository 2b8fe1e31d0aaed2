/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus.h"

G_BEGIN_DECLS

char *tool_dup_error_kind (const GError *error);
void  tool_tell_refusal   (ToolBus      *bus,
                           ToolHost     *host,
                           const char   *action,
                           GError       *error);

G_END_DECLS
