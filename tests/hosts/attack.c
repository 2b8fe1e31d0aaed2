/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIFELINE_FD 3

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static bool
forge_by_pidfd (pid_t shim)
{
  static const char forged[] = "exited 0";
  int pidfd = (int) syscall (SYS_pidfd_open, shim, 0);
  int lifeline;

  if (pidfd < 0)
    return false;
  lifeline = (int) syscall (SYS_pidfd_getfd, pidfd, LIFELINE_FD, 0);

  return lifeline >= 0 && send (lifeline, forged, sizeof forged - 1, MSG_NOSIGNAL) > 0;
}

static bool
forge_by_ptrace (pid_t shim)
{
  return ptrace (PTRACE_SEIZE, shim, NULL, NULL) == 0;   /* with that, anything can be done to it */
}

/* A socket cannot be opened by its name in /proc, but seeing it, or writing to the memory, takes
 * the permission that we should not have. */
static bool
reach_by_proc (pid_t shim)
{
  char path[64];
  char target[64];

  snprintf (path, sizeof path, "/proc/%d/fd/%d", (int) shim, LIFELINE_FD);
  if (readlink (path, target, sizeof target) > 0)
    return true;
  snprintf (path, sizeof path, "/proc/%d/mem", (int) shim);

  return open (path, O_RDWR | O_CLOEXEC) >= 0;
}

static void
tell (const char *way,
      bool        succeeded)
{
  const char *outcome = succeeded ? "succeeded" : strerror (errno);

  dprintf (STDERR_FILENO, "attack: %s: %s\n", way, outcome);
}

void
attack_lifeline (const char *way)
{
  pid_t shim = getppid ();

  if (strcmp (way, "ptrace") == 0)
    tell (way, forge_by_ptrace (shim));
  else if (strcmp (way, "pidfd-getfd") == 0)
    tell (way, forge_by_pidfd (shim));
  else if (strcmp (way, "procfd") == 0)
    tell (way, reach_by_proc (shim));
  else
    dprintf (STDERR_FILENO, "attack: %s: no such way\n", way);
}

void
attack_by_signal (int         signal_number,
                  const char *name)
{
  tell (name, kill (getppid (), signal_number) == 0);
}
