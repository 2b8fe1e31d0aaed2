/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean tool_parse_duration (const char *text,
                              guint      *duration_ms);

G_END_DECLS
