/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define EXTENSION_HOST_LIFELINE_FD 3   /* of the shim */

gboolean extension_host_pipes_open          (int   fds[2],
                                             guint ours);
gboolean extension_host_pipes_open_lifeline (int   fds[2]);
void     extension_host_pipes_close         (int  *fd);

G_END_DECLS
