/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "urgent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>

/* A signal that asks for the end, for those who wait outside the main loop. */

static int urgent[2] = { -1, -1 };
static struct sigaction chained[NSIG];

/* Ahead of GLib's handler, which only the main loop listens to. */
static void
on_urgent (int signo)
{
  int saved = errno;

  (void) !write (urgent[1], "", 1);
  chained[signo].sa_handler (signo);
  errno = saved;
}

static void
chain_urgent (int signo)
{
  struct sigaction action;

  if (sigaction (signo, NULL, &chained[signo]) != 0 ||
      chained[signo].sa_handler == SIG_IGN || chained[signo].sa_handler == SIG_DFL)
    return;

  action = chained[signo];
  action.sa_handler = on_urgent;
  sigaction (signo, &action, NULL);
}

/* To be called when GLib has its handlers. Returns: what is readable once such a signal came, or
 * -1. */
int
tool_urgent_begin (void)
{
  if (!g_unix_open_pipe (urgent, FD_CLOEXEC, NULL))
    return -1;

  g_unix_set_fd_nonblocking (urgent[0], TRUE, NULL);
  g_unix_set_fd_nonblocking (urgent[1], TRUE, NULL);
  chain_urgent (SIGINT);
  chain_urgent (SIGTERM);
  chain_urgent (SIGHUP);

  return urgent[0];
}

/* The main loop has heard of one. */
void
tool_urgent_take (void)
{
  char byte = 0;

  (void) !read (urgent[0], &byte, 1);
}

gboolean
tool_signal_is_ignored (int signo)
{
  struct sigaction action;

  return sigaction (signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}
