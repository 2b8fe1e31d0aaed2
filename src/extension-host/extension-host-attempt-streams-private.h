/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "extension-host-channel-private.h"
#include "extension-host-output-private.h"
#include "extension-host-spec.h"

G_BEGIN_DECLS

/* Our ends of what joins an attempt to its shim and its program. A descriptor is -1 where there is
 * none: not opened yet, closed, or taken over by the channel. */
typedef struct
{
  int lifeline;
  int stdin_fd;
  int ipc_fd;
  ExtensionHostOutput outputs[2];   /* stdout, stderr */
} ExtensionHostAttemptStreams;

void     extension_host_attempt_streams_init  (ExtensionHostAttemptStreams *self,
                                               ExtensionHostLineFunc        line,
                                               gpointer                     data);
gboolean extension_host_attempt_streams_open  (ExtensionHostAttemptStreams *self,
                                               ExtensionHostSpec           *spec,
                                               GSubprocessLauncher         *launcher);
void     extension_host_attempt_streams_close (ExtensionHostAttemptStreams *self);

ExtensionHostChannel *
extension_host_attempt_streams_take_channel   (ExtensionHostAttemptStreams     *self,
                                               ExtensionHostReactor            *reactor,
                                               ExtensionHostSpec               *spec,
                                               const ExtensionHostChannelFuncs *funcs,
                                               gpointer                         owner);

G_END_DECLS
