/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "extension-host-enums.h"
#include "extension-host-version-macros.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_EXTENSION (extension_host_extension_get_type ())

EXTENSION_HOST_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (ExtensionHostExtension, extension_host_extension, EXTENSION_HOST, EXTENSION,
                      GObject)

EXTENSION_HOST_AVAILABLE_IN_0_1
const char                  *extension_host_extension_get_id          (ExtensionHostExtension  *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
const char                  *extension_host_extension_get_path        (ExtensionHostExtension  *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExtensionState  extension_host_extension_get_state       (ExtensionHostExtension  *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
const GError                *extension_host_extension_get_error       (ExtensionHostExtension  *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint                        extension_host_extension_get_activations (ExtensionHostExtension  *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean                     extension_host_extension_release         (ExtensionHostExtension  *self,
                                                                       GError                 **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void                         extension_host_extension_call_async      (ExtensionHostExtension  *self,
                                                                       const char              *command,
                                                                       JsonNode                *arguments,
                                                                       guint                    timeout_ms,
                                                                       GCancellable            *cancellable,
                                                                       GAsyncReadyCallback      callback,
                                                                       gpointer                 user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
JsonNode                    *extension_host_extension_call_finish     (ExtensionHostExtension  *self,
                                                                       GAsyncResult            *result,
                                                                       GError                 **error);

G_END_DECLS
