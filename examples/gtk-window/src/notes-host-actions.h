/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

void notes_host_actions_add (GActionMap           *map,
                             ExtensionHostManager *manager);

G_END_DECLS
