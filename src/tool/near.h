/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define TOOL_NEAR_MAX 3   /* suggestions */

gboolean  tool_is_near       (const char         *word,
                              const char         *known);
char     *tool_near_dup_list (const char         *word,
                              const char * const *known);

G_END_DECLS
