/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define EXTENSION_HOST_TREE_VARIABLE "EXTENSION_HOST_TREE"

void  extension_host_sweep_async  (guint                session,
                                   const char          *marker,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
guint extension_host_sweep_finish (GAsyncResult        *result);

G_END_DECLS
