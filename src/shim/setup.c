/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "setup.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "application.h"
#include "launch.h"
#include "lifeline.h"
#include "tree.h"

#define IPC_FD (LIFELINE_FD + 1)

static int null_fd = -1;
static int signals_fd = -1;

/* What the application ignores, the program shall not inherit; and were SIGCHLD ignored, children
 * would vanish without waiting for us. By the bare system call, because libc keeps two signals for
 * itself, refuses to change them, and has posix_spawn () ignore them. All zero is SIG_DFL
 * anywhere. */
static void
reset_dispositions (void)
{
  static const unsigned long by_default[16];

  for (int number = 1; number < _NSIG; number++)
    syscall (SYS_rt_sigaction, number, by_default, NULL, _NSIG / 8);
}

static bool
take_signals (void)
{
  sigset_t all;

  sigfillset (&all);
  if (sigprocmask (SIG_SETMASK, &all, NULL) != 0)
    return false;
  reset_dispositions ();
  signals_fd = signalfd (-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);

  return signals_fd >= 0;
}

static bool
lead_session (void)
{
  return setsid () >= 0 || getsid (0) == getpid ();
}

static bool
close_strangers (const struct options *options)
{
  unsigned first = options->ipc ? IPC_FD + 1 : LIFELINE_FD + 1;

  if (options->ipc && fcntl (IPC_FD, F_SETFD, 0) != 0)
    return false;

  return syscall (SYS_close_range, first, UINT_MAX, 0) == 0;
}

/* Kept open above the standard streams, whichever of these we were started without. */
static bool
open_null (void)
{
  do
    null_fd = open ("/dev/null", O_RDWR);
  while (null_fd >= 0 && null_fd <= STDERR_FILENO);

  return null_fd >= 0 && fcntl (null_fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool
setup_shim (const struct options *options)
{
  /* CONT does nothing to a process that runs and wakes one that was stopped, which is when the
   * death of the application matters most. KILL would be too much: the parent is a thread, and may
   * end long before its process does. */
  if (!close_strangers (options) ||
      !open_null () ||
      !take_signals () ||
      !lead_session () ||
      prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 ||
      prctl (PR_SET_PDEATHSIG, SIGCONT) != 0 ||
      !launch_prepare (options))
    return false;

  tree_prepare ();
  application_watch (options->application);

  /* From here on nobody of our own user can trace us, take our lifeline and report in our name. It
   * comes last, because the files below /proc/self are not ours any more either. */
  return prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

int
setup_get_signals_fd (void)
{
  return signals_fd;
}

void
setup_release (const struct options *options)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    dup3 (null_fd, fd, 0);
  close (null_fd);
  if (options->ipc)
    close (IPC_FD);
  (void) !chdir ("/");
}
