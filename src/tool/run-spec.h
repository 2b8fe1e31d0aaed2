/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run-options.h"
#include "settings.h"

G_BEGIN_DECLS

gboolean tool_make_run_spec (RunOptions    *options,
                             ToolSettings  *settings,
                             GStrv          original,
                             char          *words[],
                             GError       **error);

G_END_DECLS
