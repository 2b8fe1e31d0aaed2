/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Trees of real processes: a shim that is only a subreaper, and a program that is a function here.
 * Test and program wait for each other by orders (a byte) and reports (a number). All processes end
 * with their parent, so nothing outlives a test that fails. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extension-host-proc-private.h"

#define TEST_DEADLINE (30 * G_USEC_PER_SEC)

#define wait_until(condition)                                           \
  G_STMT_START {                                                        \
    gint64 deadline_ = g_get_monotonic_time () + TEST_DEADLINE;         \
                                                                        \
    while (!(condition))                                                \
      {                                                                 \
        if (g_get_monotonic_time () > deadline_)                        \
          g_error ("%s: gave up waiting for %s", G_STRLOC, #condition); \
        g_usleep (1000);                                                \
      }                                                                 \
  } G_STMT_END

typedef struct
{
  int orders;
  int reports;
} Line;

typedef struct
{
  guint shim;
  guint program;
  Line line;
} Tree;

typedef void (*Program) (Line *line);

/* @parent may have died before we could ask for it. */
static inline void
die_with (pid_t parent)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != parent)
    _exit (0);
}

/* In programs */

static inline void
report (Line *line,
        int   number)
{
  if (write (line->reports, &number, sizeof number) != sizeof number)
    _exit (1);
}

static inline void
wait_for_order (Line *line)
{
  char order = 0;

  if (read (line->orders, &order, 1) != 1)
    _exit (0);
}

static inline void
sleep_for_ever (Line *line G_GNUC_UNUSED)
{
  while (TRUE)
    pause ();
}

static inline pid_t
spawn (Program  program,
       Line    *line)
{
  pid_t parent = getpid ();
  pid_t pid = fork ();

  if (pid != 0)
    return pid;

  die_with (parent);
  program (line);
  _exit (0);
}

/* In tests */

/* Not dumpable, as the real one. The first to report is the program. */
static inline void
run_shim (Program  program,
          Line    *line)
{
  pid_t own_pid = getpid ();

  prctl (PR_SET_CHILD_SUBREAPER, 1);
  if (fork () == 0)
    {
      die_with (own_pid);
      report (line, getpid ());
      program (line);
      _exit (0);
    }

  prctl (PR_SET_DUMPABLE, 0);
  close (line->orders);
  close (line->reports);
  while (waitpid (-1, NULL, 0) > 0 || errno == EINTR)
    ;
  pause ();
}

static inline int
read_report (Tree *tree)
{
  int number = 0;

  g_assert_cmpint (read (tree->line.reports, &number, sizeof number), ==, sizeof number);

  return number;
}

static inline gboolean
has_reported (Tree *tree)
{
  struct pollfd item = { .fd = tree->line.reports, .events = POLLIN };

  return poll (&item, 1, 0) > 0;
}

static inline void
give_order (Tree *tree)
{
  g_assert_cmpint (write (tree->line.orders, "", 1), ==, 1);
}

static inline void
tree_start (Tree    *tree,
            Program  program)
{
  int orders[2], reports[2];
  pid_t own_pid = getpid ();
  pid_t pid = 0;

  g_assert_cmpint (pipe (orders), ==, 0);
  g_assert_cmpint (pipe (reports), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      Line line = { orders[0], reports[1] };

      die_with (own_pid);
      close (orders[1]);
      close (reports[0]);
      run_shim (program, &line);
      _exit (0);
    }

  close (orders[0]);
  close (reports[1]);
  tree->line = (Line) { orders[1], reports[0] };
  tree->shim = pid;
  tree->program = read_report (tree);
}

static inline void
tree_clear (Tree *tree)
{
  if (tree->shim != 0)
    {
      kill (tree->shim, SIGKILL);
      waitpid (tree->shim, NULL, 0);
      close (tree->line.orders);
      close (tree->line.reports);
    }
  tree->shim = 0;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Tree, tree_clear)

static inline ExtensionHostProcTree
read_tree (Tree *tree)
{
  ExtensionHostProcTree found = { 0 };

  g_assert_true (extension_host_proc_read_tree (tree->shim, &found));

  return found;
}
