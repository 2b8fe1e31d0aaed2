/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dbus-fixture.h"

G_BEGIN_DECLS

/* What the bus says of the host “h”, against what the library says of it. */

#define EXPORT_HOST DBUS_MANAGER_PATH "/hosts/h"

/* All properties; and that @proxy, who only listens, knows as much. */
void export_compare        (DBusScene            *scene,
                            ExtensionHostProcess *process,
                            GDBusProxy           *proxy);
void export_compare_exit   (GVariant             *told,
                            ExtensionHostExit    *exit);
void export_compare_health (GVariant             *told,
                            ExtensionHostHealth  *health);

G_END_DECLS
