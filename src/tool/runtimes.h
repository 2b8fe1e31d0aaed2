/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *tool_runtime_find (const char  *name,
                         GError     **error);

G_END_DECLS
