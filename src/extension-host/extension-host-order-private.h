/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In which order hosts may start when some wait for others. */

typedef struct
{
  const char *id;               /* unique */
  const char * const *after;    /* ids of those that must be ready before; NULL: none */
} ExtensionHostOrderItem;

gboolean extension_host_order_check (const ExtensionHostOrderItem  *items,
                                     guint                          n,
                                     GError                       **error);
guint   *extension_host_order_sort  (const ExtensionHostOrderItem  *items,
                                     guint                          n);

G_END_DECLS
