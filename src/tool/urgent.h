/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

int      tool_urgent_begin      (void);
void     tool_urgent_take       (void);
gboolean tool_signal_is_ignored (int  signo);

G_END_DECLS
