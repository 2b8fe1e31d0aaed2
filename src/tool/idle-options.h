/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"

G_BEGIN_DECLS

gboolean tool_check_idle_options (ToolSettings       *settings,
                                  ExtensionHostSpec  *spec,
                                  GError            **error);

G_END_DECLS
