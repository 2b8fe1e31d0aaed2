/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-dbus.h"
#include "extension-host-drain-private.h"
#include "extension-host-manager-private.h"

G_BEGIN_DECLS

/* The hosts of a manager on one D-Bus connection. It holds no policy: what the bus can do, the C API
 * can do. */

#define EXTENSION_HOST_PUBLISHER_PATH "/org/extensionhost/Manager1"

typedef struct
{
  ExtensionHostManager *manager;        /* which ends us before it goes */
  GDBusConnection *connection;
  char *path;
  GDBusObjectManagerServer *server;     /* NULL if the path was taken */
  ExtensionHostDBusManager1 *iface;
  GHashTable *hosts;                    /* id → ExtensionHostPublishedHost */
  ExtensionHostDrain *drain;
} ExtensionHostPublisher;

ExtensionHostPublisher *extension_host_publisher_new  (ExtensionHostManager     *manager,
                                                       GDBusConnection          *connection,
                                                       const char               *path,
                                                       GError                  **error);
void                    extension_host_publisher_free (gpointer                  data);

/* extension-host-publisher-access.c */
void     extension_host_publisher_guard               (GDBusInterfaceSkeleton   *skeleton,
                                                       ExtensionHostManager     *manager);

/* extension-host-publisher-caller.c */
typedef void (*ExtensionHostCallerFunc) (GDBusMethodInvocation *invocation,
                                         const char            *caller,
                                         gpointer               data);

void     extension_host_publisher_identify            (GDBusInterfaceSkeleton   *skeleton,
                                                       GDBusMethodInvocation    *invocation,
                                                       GMainContext             *context,
                                                       ExtensionHostCallerFunc   func,
                                                       gpointer                  data,
                                                       GDestroyNotify            drop);
void     extension_host_publisher_return_gone         (GDBusMethodInvocation    *invocation);
const char *extension_host_publisher_get_sender       (GDBusMethodInvocation    *invocation);
char    *extension_host_publisher_dup_why             (GVariant                 *options,
                                                       GError                  **error);
void     extension_host_publisher_return_error        (GDBusMethodInvocation    *invocation,
                                                       const GError             *error);

/* extension-host-publisher-operations.c */
void     extension_host_publisher_serve_operations    (ExtensionHostDBusHost1   *iface,
                                                       ExtensionHostProcess     *process);
void     extension_host_publisher_serve_shutdown      (ExtensionHostDBusManager1 *iface,
                                                       ExtensionHostManager     *manager);

/* extension-host-publisher-call.c */
void     extension_host_publisher_serve_calls         (ExtensionHostDBusHost1   *iface,
                                                       ExtensionHostProcess     *process);

/* extension-host-publisher-queries.c */
void     extension_host_publisher_serve_queries       (ExtensionHostDBusHost1   *iface,
                                                       ExtensionHostProcess     *process);

/* extension-host-publisher-host.c */
#define EXTENSION_HOST_TYPE_PUBLISHED_HOST (extension_host_published_host_get_type ())
G_DECLARE_FINAL_TYPE (ExtensionHostPublishedHost, extension_host_published_host, EXTENSION_HOST,
                      PUBLISHED_HOST, ExtensionHostDBusHost1Skeleton)

ExtensionHostPublishedHost *extension_host_published_host_new (ExtensionHostPublisher *publisher,
                                                               ExtensionHostProcess   *process,
                                                               const char             *path);
gboolean    extension_host_published_host_is          (ExtensionHostPublishedHost *self,
                                                       ExtensionHostProcess     *process);
const char *extension_host_published_host_get_path    (ExtensionHostPublishedHost *self);
void        extension_host_published_host_detach      (ExtensionHostPublishedHost *self);

/* extension-host-publisher-bus.c */
void     extension_host_publisher_join_bus            (ExtensionHostManager     *manager,
                                                       const char               *app_id,
                                                       GTask                    *task);
void     extension_host_publisher_leave_bus           (gpointer                  data);

G_END_DECLS
