/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether the other side of a D-Bus connection takes what it is sent. GDBus queues without bound what
 * it does not take; so there is a window of messages that one can do without, and it opens again as
 * the other side answers a ping that was sent after them. */
typedef struct _ExtensionHostDrain ExtensionHostDrain;

ExtensionHostDrain *extension_host_drain_new      (GDBusConnection    *connection,
                                                   GMainContext       *context);
void                extension_host_drain_end      (ExtensionHostDrain *self);
gboolean            extension_host_drain_has_room (ExtensionHostDrain *self);
void                extension_host_drain_note     (ExtensionHostDrain *self);

G_END_DECLS
