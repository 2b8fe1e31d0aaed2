/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-spec-table-private.h"

G_BEGIN_DECLS

/* Reads a value as files write it into the field of its row. Relative paths are relative to
 * @folder; NULL = it has no path. On failure @cause is set and @self unchanged. */
gboolean extension_host_spec_parse_value (ExtensionHostSpec           *self,
                                          const ExtensionHostSpecRow  *row,
                                          const char                  *text,
                                          const char                  *folder,
                                          char                       **cause);

G_END_DECLS
