/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dbus-fixture.h"

G_BEGIN_DECLS

/* A manager that has yet to find its way to the session bus, which is one of the test's own, and a
 * client there. */

#define PUBLISH_APP_ID "org.example.Editor"
#define PUBLISH_NAME PUBLISH_APP_ID ".ExtensionHosts"

typedef struct
{
  TestFixture *fixture;
  DBusBus *bus;
  GDBusConnection *client;
  ExtensionHostManager *manager;
} PublishScene;

void     publish_scene_init   (PublishScene  *self,
                               TestFixture   *fixture);
void     publish_scene_clear  (PublishScene  *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PublishScene, publish_scene_clear)

/* For main (): where the session has its bus; until it is called again there is none. */
void     publish_set_up       (void);
void     publish_tear_down    (void);

/* Makes it the session bus; NULL for none. */
void     publish_point_to     (DBusBus       *bus);

gboolean publish_try          (PublishScene  *self,
                               const char    *app_id,
                               GCancellable  *cancellable,
                               GError       **error);
void     publish              (PublishScene  *self);
void     publish_fails        (PublishScene  *self,
                               const char    *app_id,
                               GIOErrorEnum   code);
void     publish_fails_closed (PublishScene  *self);

/* As the client sees it; nothing else happens meanwhile. */
gboolean publish_is_owned     (PublishScene  *self,
                               const char    *name);

/* The client calls a method of the bus for the name of the manager: RequestName, ReleaseName. */
void     publish_take_name    (PublishScene  *self,
                               const char    *method);

/* A new one after the bus was started again. */
void     publish_reconnect    (PublishScene  *self);

G_END_DECLS
