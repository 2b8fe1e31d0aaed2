/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

char     *tool_dup_json_line (GBytes      *json);
gboolean  tool_check_params  (const char  *text,
                              GError     **error);

G_END_DECLS
