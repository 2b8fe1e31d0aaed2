/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-enums.h"

G_BEGIN_DECLS

/* One arrow of the state diagram, and the reasons that may lead along it. */
typedef struct
{
  ExtensionHostState from;
  ExtensionHostState to;
  guint32 reasons;      /* bit r is set if ExtensionHostReason r may lead here */
} ExtensionHostEdge;

const ExtensionHostEdge *extension_host_state_get_edges (guint              *n_edges);
gboolean                 extension_host_state_has_edge  (ExtensionHostState  from,
                                                         ExtensionHostState  to,
                                                         ExtensionHostReason reason);

const char *extension_host_enum_to_nick (GType type,
                                         int   value);

G_END_DECLS
