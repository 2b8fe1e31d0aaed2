/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "calls.h"

G_BEGIN_DECLS

gboolean tool_call_has_params  (const ToolCall  *self,
                                GStrv            original,
                                char            *rest[]);
gboolean tool_call_take_params (ToolCall        *self,
                                char            *rest[],
                                GError         **error);
gboolean tool_check_method     (const char      *method,
                                GError         **error);

G_END_DECLS
