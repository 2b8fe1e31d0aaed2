/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many hosts of a manager are being restarted automatically at the same time: when many fail at
 * once, as after a suspension or for want of memory, they come back a few at a time. */

typedef struct _ExtensionHostRestartSlots ExtensionHostRestartSlots;

/* The place of one host. Embedded in its owner, zeroed before the first use but for the first two. */
typedef struct
{
  void (*granted) (gpointer owner);   /* it may go on now; may not run user code */
  gpointer owner;

  ExtensionHostRestartSlots *slots;   /* NULL: there is no limit */
  gboolean held;
  gboolean waiting;
  GList queued;
} ExtensionHostRestartSlot;

ExtensionHostRestartSlots *extension_host_restart_slots_new       (guint                      limit);
void                       extension_host_restart_slots_unref     (ExtensionHostRestartSlots *self);
void                       extension_host_restart_slots_set_limit (ExtensionHostRestartSlots *self,
                                                                   guint                      limit);
guint                      extension_host_restart_slots_get_limit (ExtensionHostRestartSlots *self);

void                       extension_host_restart_slot_join       (ExtensionHostRestartSlot  *slot,
                                                                   ExtensionHostRestartSlots *slots);
void                       extension_host_restart_slot_part       (ExtensionHostRestartSlot  *slot);
gboolean                   extension_host_restart_slot_enter      (ExtensionHostRestartSlot  *slot);
void                       extension_host_restart_slot_leave      (ExtensionHostRestartSlot  *slot);

G_END_DECLS
