/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "application.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

static int application_fd = -1;
static bool application_was_gone;

void
application_watch (pid_t pid)
{
  pid_t parent = getppid ();
  int fd = (int) syscall (SYS_pidfd_open, pid, 0);

  /* Our parent is alive as long as it is our parent: a descriptor made before this look is its. */
  if (fd >= 0 && getppid () == pid)
    application_fd = fd;
  else if (fd >= 0)
    close (fd);   /* somebody who has the number now, or who is not our parent */
  else
    /* A parent outside of our pid namespace reads as 0, and its number means nothing here. */
    application_was_gone = errno == ESRCH && parent != 0;
}

int
application_get_fd (void)
{
  return application_fd;
}

bool
application_is_gone (void)
{
  struct pollfd item = { .fd = application_fd, .events = POLLIN };

  return application_was_gone || (application_fd >= 0 && poll (&item, 1, 0) > 0);
}
