/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "extension-host-version-macros.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_INVOCATION (extension_host_invocation_get_type ())

EXTENSION_HOST_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (ExtensionHostInvocation, extension_host_invocation, EXTENSION_HOST, INVOCATION,
                      GObject)

EXTENSION_HOST_AVAILABLE_IN_0_1
const char   *extension_host_invocation_get_method      (ExtensionHostInvocation *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
JsonNode     *extension_host_invocation_get_params      (ExtensionHostInvocation *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
GBytes       *extension_host_invocation_get_params_bytes (ExtensionHostInvocation *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
GCancellable *extension_host_invocation_get_cancellable (ExtensionHostInvocation *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
void          extension_host_invocation_return_value    (ExtensionHostInvocation *self,
                                                         JsonNode                *result);
EXTENSION_HOST_AVAILABLE_IN_0_1
void          extension_host_invocation_return_error    (ExtensionHostInvocation *self,
                                                         int                      code,
                                                         const char              *message);
EXTENSION_HOST_AVAILABLE_IN_0_1
void          extension_host_invocation_return_gerror   (ExtensionHostInvocation *self,
                                                         const GError            *error);

G_END_DECLS
