/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-spec-private.h"

G_BEGIN_DECLS

ExtensionHostSpec *extension_host_spec_file_load      (GFile   *file,
                                                       GError **error);

/* Of ExtensionHostSpec; NULL = the folder cannot be read. */
GPtrArray         *extension_host_spec_read_directory (GFile   *directory,
                                                       GError **file_error,
                                                       GError **error);

G_END_DECLS
