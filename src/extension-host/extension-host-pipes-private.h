/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define EXTENSION_HOST_LIFELINE_FD 3   /* of the shim */
#define EXTENSION_HOST_IPC_FD 4        /* of the shim, and of the program */

gboolean extension_host_pipes_open          (int   fds[2],
                                             guint ours);
gboolean extension_host_pipes_open_lifeline (int   fds[2]);
gboolean extension_host_pipes_open_ipc      (int   fds[2]);
gboolean extension_host_pipes_open_null     (int  *fd);
void     extension_host_pipes_close         (int  *fd);

G_END_DECLS
