/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define TOOL_MANAGER_PATH "/org/extensionhost/Manager1"
#define TOOL_MANAGER_INTERFACE "org.extensionhost.Manager1"
#define TOOL_HOST_INTERFACE "org.extensionhost.Host1"

/* How long an application may take to say what it has: it is asked for what it knows anyway. */
#define TOOL_ANSWER_MS 2000

/* One that publishes its hosts. */
typedef struct
{
  char *name;         /* that it is found by on the bus, until it leaves */
  char *owner;        /* its name on the bus, which no other ever has */
  char *address;      /* what it is typed as: its id, with “.instanceN” if it is not the first */
  char *id;
  guint pid;          /* as the bus sees it; 0 if it does not say */
  GVariant *facts;    /* of the manager, a{sv}; NULL until it answered */
  GPtrArray *hosts;   /* of ToolHost, in the order in which they were added */
  GError *error;      /* why it is not known what hosts it has */
} ToolApplication;

typedef struct
{
  ToolApplication *application;   /* that it is in the list of */
  char *path;
  char *id;
  GVariant *facts;                /* a{sv}, called as Describe () calls them */
  gint64 sequence;                /* of the last transition that is known */
} ToolHost;

typedef struct
{
  GDBusConnection *connection;
  GPtrArray *applications;   /* of ToolApplication, sorted */
} ToolBus;

typedef void (*ToolApplicationFunc) (ToolApplication *application,
                                     gpointer         user_data);

ToolApplication *tool_application_new    (const char           *name,
                                          const char           *owner);
void             tool_application_free   (ToolApplication      *self);
void             tool_application_ask    (ToolApplication      *self,
                                          GDBusConnection      *connection,
                                          int                   timeout_ms,
                                          GCancellable         *cancellable,
                                          ToolApplicationFunc   callback,
                                          gpointer              user_data);
ToolHost        *tool_application_add    (ToolApplication      *self,
                                          const char           *path,
                                          GVariant             *properties);
ToolHost        *tool_application_lookup (ToolApplication      *self,
                                          const char           *path);
void             tool_application_remove (ToolApplication      *self,
                                          ToolHost             *host);
void             tool_host_update        (ToolHost             *self,
                                          GVariant             *properties);
gboolean         tool_is_application     (const char           *name);

gboolean         tool_bus_open           (ToolBus              *self);
GPtrArray       *tool_bus_list           (ToolBus              *self,
                                          GError              **error);
guint            tool_bus_get_pid        (ToolBus              *self,
                                          const char           *owner);
gboolean         tool_bus_load           (ToolBus              *self);
void             tool_bus_tell_silent    (ToolBus              *self);
void             tool_bus_clear          (ToolBus              *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolBus, tool_bus_clear)

G_END_DECLS
