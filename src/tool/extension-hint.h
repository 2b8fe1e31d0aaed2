/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void tool_hint_extension (const char         *method,
                          const char * const *ids);

G_END_DECLS
