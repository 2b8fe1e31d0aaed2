/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc-util.h"

G_BEGIN_DECLS

/* What the tests of the bus share: a bus of their own, that can be killed, stopped and started again at
 * the same address, connections to it, and somebody who notes every signal. */

#define DBUS_HOST_INTERFACE "org.extensionhost.Host1"
#define DBUS_MANAGER_INTERFACE "org.extensionhost.Manager1"
#define DBUS_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define DBUS_OBJECTS_INTERFACE "org.freedesktop.DBus.ObjectManager"
#define DBUS_MANAGER_PATH "/org/extensionhost/Manager1"

typedef struct
{
  char *folder;
  char *address;
  GPid pid;      /* 0 while there is no daemon */
} DBusBus;

DBusBus         *dbus_bus_new        (void);
void             dbus_bus_free       (DBusBus          *self);
void             dbus_bus_start      (DBusBus          *self);
void             dbus_bus_kill       (DBusBus          *self);
GDBusConnection *dbus_bus_connect    (DBusBus          *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusBus, dbus_bus_free)

/* An application with its hosts, exported to a bus, and a client of it. */
typedef struct
{
  TestFixture *fixture;
  DBusBus *bus;
  GDBusConnection *service;
  GDBusConnection *client;
  const char *name;                /* of the service */
  ExtensionHostManager *manager;
} DBusScene;

void                  dbus_scene_init       (DBusScene            *self,
                                             TestFixture          *fixture);
void                  dbus_scene_clear      (DBusScene            *self);
void                  dbus_scene_export     (DBusScene            *self,
                                             ExtensionHostAccess   access);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DBusScene, dbus_scene_clear)

/* Takes @spec over. */
ExtensionHostProcess *dbus_add              (ExtensionHostManager *manager,
                                             ExtensionHostSpec    *spec);
void                  dbus_remove           (TestFixture          *fixture,
                                             ExtensionHostManager *manager,
                                             const char           *id);
char                 *dbus_host_path        (const char           *id);

#define dbus_wait_state(fixture, process, state) \
  test_wait_until (fixture, extension_host_process_get_state (process) == \
                            EXTENSION_HOST_STATE_##state)

/* Calls: @interface_and_method is “INTERFACE.METHOD”; @parameters may be floating or NULL. */
GVariant             *dbus_call             (TestFixture          *fixture,
                                             GDBusConnection      *client,
                                             const char           *name,
                                             const char           *path,
                                             const char           *interface_and_method,
                                             GVariant             *parameters,
                                             GError              **error);

/* The same for the service of a scene: a method of a host, an error that must come, a property. */
GVariant             *dbus_host_call        (DBusScene            *self,
                                             const char           *id,
                                             const char           *method,
                                             GVariant             *parameters,
                                             GError              **error);
void                  dbus_host_fails       (DBusScene            *self,
                                             const char           *id,
                                             const char           *method,
                                             GVariant             *parameters,
                                             const char           *error_name);
void                  dbus_host_does        (DBusScene            *self,
                                             const char           *id,
                                             const char           *method,
                                             const char           *reason);
GVariant             *dbus_get_property     (DBusScene            *self,
                                             const char           *path,
                                             const char           *interface,
                                             const char           *property);
GVariant             *dbus_get_objects      (TestFixture          *fixture,
                                             GDBusConnection      *client,
                                             const char           *name,
                                             const char           *path);

/* a{sv}, with a reason unless that is NULL */
GVariant             *dbus_options          (const char           *reason);

/* Signals */

typedef struct
{
  char *path;
  char *interface;
  char *member;
  GVariant *parameters;
} DBusSignal;

typedef struct
{
  GDBusConnection *connection;
  guint subscription;
  GPtrArray *signals;     /* of DBusSignal, in the order in which they came */
} DBusRecord;

DBusRecord           *dbus_record_new       (GDBusConnection      *connection,
                                             const char           *sender);
void                  dbus_record_free      (DBusRecord           *self);
guint                 dbus_record_count     (DBusRecord           *self,
                                             const char           *member);
DBusSignal           *dbus_record_find      (DBusRecord           *self,
                                             const char           *member,
                                             guint                 nth);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusRecord, dbus_record_free)

/* Returns when @client has heard all that @name had told it. */
void                  dbus_settle           (TestFixture          *fixture,
                                             GDBusConnection      *client,
                                             const char           *name);

G_END_DECLS
