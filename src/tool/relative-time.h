/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char  *tool_format_clock    (gint64  time);
char  *tool_format_date     (gint64  time,
                             gint64  now);
char  *tool_format_duration (gint64  duration);
gint64 tool_get_age         (gint64  time,
                             gint64  now);
char  *tool_format_distance (gint64  time,
                             gint64  now);
char  *tool_format_latency  (gint64  latency);
char  *tool_format_size     (guint64 size);

G_END_DECLS
