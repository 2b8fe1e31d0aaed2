/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "extension-host-pipes-private.h"

/* The descriptors between the application and a host. All are closed on exec; on failure errno is
 * set. */

/* An application that was started without standard streams gets their numbers for ours: it would
 * print into a host, and GLib overwrites them when it puts those of the shim in place. */
static gboolean
lift_fds (int fds[2])
{
  for (guint i = 0; i < 2; i++)
    {
      int fd = fds[i];

      if (fd > EXTENSION_HOST_LIFELINE_FD)
        continue;

      fds[i] = fcntl (fd, F_DUPFD_CLOEXEC, EXTENSION_HOST_LIFELINE_FD + 1);
      close (fd);
      if (fds[i] == -1)
        {
          int error = errno;

          close (fds[1 - i]);
          errno = error;
          return FALSE;
        }
    }

  return TRUE;
}

/* A pipe whose end @ours does not block. The other end is the program's. */
gboolean
extension_host_pipes_open (int   fds[2],
                           guint ours)
{
  if (pipe2 (fds, O_CLOEXEC) == -1 || !lift_fds (fds))
    return FALSE;

  return g_unix_set_fd_nonblocking (fds[ours], TRUE, NULL);
}

static gboolean
open_sockets (int fds[2],
              int type)
{
  if (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, fds) == -1 || !lift_fds (fds))
    return FALSE;

  return g_unix_set_fd_nonblocking (fds[0], TRUE, NULL);
}

/* Of both pairs the end of the application is the first one, and does not block. */

gboolean
extension_host_pipes_open_lifeline (int fds[2])
{
  return open_sockets (fds, SOCK_SEQPACKET);
}

gboolean
extension_host_pipes_open_ipc (int fds[2])
{
  return open_sockets (fds, SOCK_STREAM);
}

/* For a program that is to find the end of its input at once. GLib would open the same file for it,
 * but aborts where there is no descriptor left. */
gboolean
extension_host_pipes_open_null (int *fd)
{
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  *fd = null;
  if (null == -1 || null > EXTENSION_HOST_LIFELINE_FD)
    return null != -1;

  *fd = fcntl (null, F_DUPFD_CLOEXEC, EXTENSION_HOST_LIFELINE_FD + 1);
  extension_host_pipes_close (&null);

  return *fd != -1;
}

void
extension_host_pipes_close (int *fd)
{
  if (*fd != -1)
    close (*fd);
  *fd = -1;
}
