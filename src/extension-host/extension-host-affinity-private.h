/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* An object belongs to the main context that was the thread-default one when it was made. */

gboolean extension_host_affinity_is_here   (GMainContext *context,
                                            GThread      *maker);
void     extension_host_affinity_hand_over (GMainContext *context,
                                            gpointer      object);

G_END_DECLS
