/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "output.h"

G_BEGIN_DECLS

void tool_tell_crash       (ExtensionHostProcess *process,
                            const GError         *start_error,
                            gboolean              repeat_log);
void tool_tell_failed_call (const ToolAnswer     *answer,
                            gboolean              repeat_log);

G_END_DECLS
