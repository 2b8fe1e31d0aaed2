/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-attempt-streams-private.h"
#include "extension-host-pipes-private.h"
#include "extension-host-spec-private.h"

void
extension_host_attempt_streams_init (ExtensionHostAttemptStreams *self,
                                     ExtensionHostLineFunc        line,
                                     gpointer                     data)
{
  self->lifeline = -1;
  self->stdin_fd = -1;
  self->ipc_fd = -1;
  extension_host_output_init (&self->outputs[0], -1, EXTENSION_HOST_LOG_STREAM_STDOUT, line, data);
  extension_host_output_init (&self->outputs[1], -1, EXTENSION_HOST_LOG_STREAM_STDERR, line, data);
}

static gboolean
open_stdin (ExtensionHostAttemptStreams *self,
            GSubprocessLauncher         *launcher)
{
  int fds[2];

  if (!extension_host_pipes_open (fds, 1))
    return FALSE;
  self->stdin_fd = fds[1];
  g_subprocess_launcher_take_stdin_fd (launcher, fds[0]);

  return TRUE;
}

/* Messages go over a socket of their own, and nothing goes over stdin. */
static gboolean
open_ipc (ExtensionHostAttemptStreams *self,
          GSubprocessLauncher         *launcher)
{
  int null = -1;
  int fds[2];

  if (!extension_host_pipes_open_ipc (fds))
    return FALSE;
  self->ipc_fd = fds[0];
  g_subprocess_launcher_take_fd (launcher, fds[1], EXTENSION_HOST_IPC_FD);

  if (!extension_host_pipes_open_null (&null))
    return FALSE;
  g_subprocess_launcher_take_stdin_fd (launcher, null);

  return TRUE;
}

/* The ends of the shim are owned by @launcher from the moment they exist. FALSE with errno set:
 * what was opened before is still to be closed. */
gboolean
extension_host_attempt_streams_open (ExtensionHostAttemptStreams *self,
                                     ExtensionHostSpec           *spec,
                                     GSubprocessLauncher         *launcher)
{
  int fds[2];

  if (!extension_host_pipes_open_lifeline (fds))
    return FALSE;
  self->lifeline = fds[0];
  g_subprocess_launcher_take_fd (launcher, fds[1], EXTENSION_HOST_LIFELINE_FD);

  if (!(extension_host_spec_uses_ipc (spec) ? open_ipc : open_stdin) (self, launcher))
    return FALSE;

  if (!extension_host_pipes_open (fds, 0))
    return FALSE;
  self->outputs[0].fd = fds[0];
  g_subprocess_launcher_take_stdout_fd (launcher, fds[1]);

  if (!extension_host_pipes_open (fds, 0))
    return FALSE;
  self->outputs[1].fd = fds[0];
  g_subprocess_launcher_take_stderr_fd (launcher, fds[1]);

  return TRUE;
}

static int
take_fd (int *fd)
{
  int taken = *fd;

  *fd = -1;

  return taken;
}

/* A channel over those that carry messages. They are the channel's from now on. */
ExtensionHostChannel *
extension_host_attempt_streams_take_channel (ExtensionHostAttemptStreams     *self,
                                             ExtensionHostReactor            *reactor,
                                             ExtensionHostSpec               *spec,
                                             const ExtensionHostChannelFuncs *funcs,
                                             gpointer                         owner)
{
  gboolean uses_ipc = extension_host_spec_uses_ipc (spec);
  int in_fd = take_fd (uses_ipc ? &self->ipc_fd : &self->outputs[0].fd);
  int out_fd = uses_ipc ? in_fd : take_fd (&self->stdin_fd);

  return extension_host_channel_new (reactor, in_fd, out_fd, extension_host_spec_get_framing (spec),
                                     spec->max_message_size, funcs, owner);
}

void
extension_host_attempt_streams_close (ExtensionHostAttemptStreams *self)
{
  extension_host_pipes_close (&self->lifeline);
  extension_host_pipes_close (&self->stdin_fd);
  extension_host_pipes_close (&self->ipc_fd);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    extension_host_output_close (&self->outputs[i]);
}
