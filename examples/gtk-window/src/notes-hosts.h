/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

#define NOTES_HOST_WORDS "words"
#define NOTES_HOST_PREVIEW "preview"
#define NOTES_HOST_PLAYGROUND "playground"

gboolean                notes_hosts_add           (ExtensionHostManager  *manager,
                                                   GError               **error);
ExtensionHostExtension *notes_hosts_get_extension (ExtensionHostManager  *manager,
                                                   const char            *host_id);

G_END_DECLS
