/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define TOOL_DIM "\033[2m"
#define TOOL_BOLD "\033[1m"
#define TOOL_NORMAL "\033[0m"

gboolean    tool_shows_color       (int          fd);
gboolean    tool_wants_color       (const char  *when,
                                    gboolean    *color,
                                    GError     **error);
const char *tool_get_state_color   (const char  *state);
int         tool_get_columns       (void);

G_END_DECLS
