/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

char *tool_dup_start_hint (const GError      *error,
                           ExtensionHostSpec *spec);

G_END_DECLS
