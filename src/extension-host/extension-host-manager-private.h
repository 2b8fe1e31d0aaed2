/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-manager.h"
#include "extension-host-order-private.h"
#include "extension-host-process-private.h"
#include "extension-host-restart-slot-private.h"

G_BEGIN_DECLS

typedef struct _ExtensionHostShutdown ExtensionHostShutdown;

struct _ExtensionHostManager
{
  GObject parent_instance;

  GMainContext *context;
  GThread *thread;
  ExtensionHostReactor *reactor;
  GPtrArray *processes;    /* in order of add */
  GHashTable *by_id;       /* id → process; the array holds the reference */
  ExtensionHostMethods *methods;   /* that every host may call */
  ExtensionHostIntake *intake;     /* of all hosts */
  ExtensionHostRestartSlots *slots;
  ExtensionHostStrategy strategy;

  GHashTable *waiting;     /* process → ids (GPtrArray) of those that it is to start after */
  ExtensionHostDeadline settle;    /* when it is looked which of them wait no longer */

  char *application_id;    /* NULL if the application told none */
  ExtensionHostAccess access;      /* on the bus */
  char *bus_name;          /* NULL while it owns none */
  gpointer publisher;      /* who shows the hosts on the bus; NULL if nobody does */
  GDestroyNotify end_publishing;

  ExtensionHostShutdown *shutdown; /* under way, or over; NULL before */
  gboolean was_used;
  gboolean closed;         /* disposed */
};

/* extension-host-manager.c */
gboolean   extension_host_manager_is_own_thread (ExtensionHostManager     *self);
gboolean   extension_host_manager_has           (ExtensionHostManager     *self,
                                                 ExtensionHostProcess     *process);
GPtrArray *extension_host_manager_dup_processes (ExtensionHostManager     *self);
void       extension_host_manager_take_out      (ExtensionHostManager     *self,
                                                 ExtensionHostProcess     *process);
gboolean   extension_host_manager_check_open    (ExtensionHostManager     *self,
                                                 GError                  **error);

void       extension_host_manager_show_access   (ExtensionHostManager         *self,
                                                 ExtensionHostAccess           access);
void       extension_host_manager_show_bus_name (ExtensionHostManager         *self,
                                                 const char                   *bus_name);

/* extension-host-manager-start.c */
void       extension_host_manager_follow_start  (ExtensionHostManager     *self,
                                                 ExtensionHostProcess     *process,
                                                 ExtensionHostTransition  *transition);
void       extension_host_manager_end_wait      (ExtensionHostManager     *self,
                                                 ExtensionHostProcess     *process);
void       extension_host_manager_end_waits     (ExtensionHostManager     *self);

/* extension-host-manager-group.c */
void       extension_host_manager_follow_group  (ExtensionHostManager     *self,
                                                 ExtensionHostProcess     *process,
                                                 ExtensionHostTransition  *transition);

/* extension-host-manager-shutdown.c */
void       extension_host_manager_shutdown_as   (ExtensionHostManager         *self,
                                                 guint                         timeout_ms,
                                                 const ExtensionHostRequester *requester,
                                                 GCancellable                 *cancellable,
                                                 GAsyncReadyCallback           callback,
                                                 gpointer                      user_data);
void       extension_host_manager_follow_shutdown (ExtensionHostManager   *self);
void       extension_host_manager_end_shutdown  (ExtensionHostManager     *self);

/* What extension_host_order_sort () and …_check () want; lives as long as @processes. */
ExtensionHostOrderItem *extension_host_manager_new_order_items (GPtrArray *processes);

G_END_DECLS
