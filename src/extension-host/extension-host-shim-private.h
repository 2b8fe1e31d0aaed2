/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-spec.h"

G_BEGIN_DECLS

char   *extension_host_shim_find        (GError            **error);
GStrv   extension_host_shim_build_argv  (const char         *path,
                                         ExtensionHostSpec  *spec);
GStrv   extension_host_shim_add_ipc     (GStrv               environment);
gboolean extension_host_shim_has_room   (ExtensionHostSpec  *spec,
                                         int                 lifeline);
GError *extension_host_shim_spawn_error (int                 error_number,
                                         const char         *step,
                                         ExtensionHostSpec  *spec);
GError *extension_host_shim_own_error   (const GError       *error,
                                         ExtensionHostSpec  *spec);

G_END_DECLS
