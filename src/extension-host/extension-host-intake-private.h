/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the hosts of one manager have sent and nobody has dealt with yet, counted together: a few
 * hosts may be far behind, but not all of them at once. When there is no more room, all are held until
 * whole messages have been told, and then hosts finish theirs one after the other. */

typedef struct _ExtensionHostIntake ExtensionHostIntake;

/* What one host has of it. Embedded in its owner, zeroed before the first use but for the first two. */
typedef struct
{
  void (*resume) (gpointer owner);   /* it is held no longer; must not run user code */
  gpointer owner;

  ExtensionHostIntake *intake;
  gsize bytes;
  gsize waiting;                     /* of them in whole messages, which will be told by and by */
  gboolean held;
  GList queued;
} ExtensionHostIntakeShare;

ExtensionHostIntake *extension_host_intake_new            (void);
void                 extension_host_intake_unref          (ExtensionHostIntake       *self);
gsize                extension_host_intake_get_bytes      (ExtensionHostIntake       *self);

void                 extension_host_intake_share_join     (ExtensionHostIntakeShare  *share,
                                                           ExtensionHostIntake       *intake);
void                 extension_host_intake_share_leave    (ExtensionHostIntakeShare  *share);
void                 extension_host_intake_share_set      (ExtensionHostIntakeShare  *share,
                                                           gsize                      bytes,
                                                           gsize                      waiting);
gboolean             extension_host_intake_share_may_grow (ExtensionHostIntakeShare  *share);

gboolean             extension_host_intake_share_take_turn (ExtensionHostIntakeShare *share);
gboolean             extension_host_intake_share_has_turn (ExtensionHostIntakeShare  *share);
void                 extension_host_intake_share_end_turn (ExtensionHostIntakeShare  *share);

G_END_DECLS
