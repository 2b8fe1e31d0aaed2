/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <gio/gio.h>

#include "extension-host-process.h"
#include "extension-host-shutdown-report.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_MANAGER (extension_host_manager_get_type ())

EXTENSION_HOST_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (ExtensionHostManager, extension_host_manager, EXTENSION_HOST, MANAGER, GObject)

/* The functions are documented beside their code, in the .c file; the reference shows it all. */

EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostManager *extension_host_manager_new (void);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStrategy extension_host_manager_get_strategy (ExtensionHostManager *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_set_strategy (ExtensionHostManager  *self,
                                          ExtensionHostStrategy  strategy);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_manager_get_max_concurrent_restarts (ExtensionHostManager *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_set_max_concurrent_restarts (ExtensionHostManager *self,
                                                         guint max_concurrent_restarts);
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_manager_get_application_id (ExtensionHostManager *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_set_application_id (ExtensionHostManager *self,
                                                const char           *application_id);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostAccess extension_host_manager_get_access (ExtensionHostManager *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_manager_get_bus_name (ExtensionHostManager *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostProcess *extension_host_manager_add (ExtensionHostManager  *self,
                                                  ExtensionHostSpec     *spec,
                                                  GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_remove_async (ExtensionHostManager *self,
                                          const char           *id,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_manager_remove_finish (ExtensionHostManager  *self,
                                               GAsyncResult          *result,
                                               GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostProcess *extension_host_manager_lookup (ExtensionHostManager *self,
                                                     const char           *id);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_add_method (ExtensionHostManager    *self,
                                        const char              *method,
                                        const char              *capability,
                                        ExtensionHostMethodFunc  func,
                                        gpointer                 user_data,
                                        GDestroyNotify           destroy);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_manager_start_all (ExtensionHostManager  *self,
                                           GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_shutdown_async (ExtensionHostManager *self,
                                            guint                 timeout_ms,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostShutdownReport *
extension_host_manager_shutdown_finish (ExtensionHostManager  *self,
                                        GAsyncResult          *result,
                                        GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostShutdownReport *
extension_host_manager_shutdown (ExtensionHostManager  *self,
                                 guint                  timeout_ms,
                                 GCancellable          *cancellable,
                                 GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_manager_load_directory (ExtensionHostManager  *self,
                                             GFile                 *directory,
                                             GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_manager_export (ExtensionHostManager  *self,
                                        GDBusConnection       *connection,
                                        const char            *path,
                                        ExtensionHostAccess    access,
                                        GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_unexport (ExtensionHostManager *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_publish_async (ExtensionHostManager *self,
                                           const char           *app_id,
                                           ExtensionHostAccess   access,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_manager_publish_finish (ExtensionHostManager  *self,
                                                GAsyncResult          *result,
                                                GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_manager_unpublish (ExtensionHostManager *self);

G_END_DECLS
