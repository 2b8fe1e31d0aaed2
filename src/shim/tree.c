/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

#define PID_LIMIT (4 * 1024 * 1024)   /* PID_MAX_LIMIT of the kernel */
#define WORD_BITS (sizeof (unsigned long) * CHAR_BIT)
#define REAP_AT_ONCE 256
#define MOST_ROUNDS 100
#define QUEUE_SIZE 65536              /* of those beyond, some are adopted by the next pass */

/* Who got the signal of the present stage already. Large, but a page never touched costs
 * nothing. */
struct marks
{
  unsigned long words[PID_LIMIT / WORD_BITS];
};

static struct marks terminated;
static struct marks killed;

/* Processes found, breadth first, and through whom. */
static pid_t found[QUEUE_SIZE];
static pid_t found_through[QUEUE_SIZE];
static unsigned n_found;

static bool proc_is_usable;
static pid_t own_pid;
static pid_t program;
static pid_t group;   /* 0 once its number might be somebody else's */
static bool program_has_ended;
static bool program_is_reaped;

static bool
is_marked (const struct marks *marks,
           pid_t               pid)
{
  return pid < PID_LIMIT && (marks->words[pid / WORD_BITS] >> (pid % WORD_BITS) & 1) != 0;
}

static void
mark (struct marks *marks,
      pid_t         pid)
{
  if (pid < PID_LIMIT)
    marks->words[pid / WORD_BITS] |= 1UL << (pid % WORD_BITS);
}

static void
unmark (struct marks *marks,
        pid_t         pid)
{
  if (is_marked (marks, pid))   /* reading an untouched page takes no memory, writing does */
    marks->words[pid / WORD_BITS] &= ~(1UL << (pid % WORD_BITS));
}

void
tree_prepare (void)
{
  own_pid = getpid ();
  proc_is_usable = proc_open ();
}

void
tree_set_program (pid_t pid)
{
  program = pid;
  group = pid;
}

/* Finding */

static void
find_own_children (void)
{
  n_found = proc_get_own_children (found, QUEUE_SIZE);
  for (unsigned i = 0; i < n_found; i++)
    found_through[i] = own_pid;
}

static void
find_children (pid_t pid)
{
  unsigned count = proc_get_children (pid, found + n_found, QUEUE_SIZE - n_found);

  for (unsigned i = 0; i < count; i++)
    found_through[n_found + i] = pid;
  n_found += count;
}

/* Once reaped, the number may be that of any child. */
static bool
is_program (pid_t pid)
{
  return pid == program && !program_is_reaped;
}

static bool
is_ended_program (pid_t pid)
{
  return program_has_ended && is_program (pid);
}

bool
tree_has_newly_adopted (void)
{
  if (!proc_is_usable)
    return false;

  find_own_children ();
  for (unsigned i = 0; i < n_found; i++)
    if (!is_marked (&killed, found[i]) && !is_ended_program (found[i]))
      return true;

  return false;
}

/* Reaping. __WALL, because what clone () makes may end without the usual signal. */

static bool
peek (idtype_t   type,
      pid_t      pid,
      siginfo_t *info)
{
  info->si_pid = 0;

  return waitid (type, (id_t) pid, info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
         info->si_pid != 0;
}

static bool
reap (pid_t pid)
{
  siginfo_t info = { .si_pid = 0 };

  if (is_program (pid))
    return false;   /* its time comes last, and its end has to be reported first */

  if (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | __WALL) != 0 || info.si_pid == 0)
    return false;

  unmark (&terminated, pid);
  unmark (&killed, pid);

  return true;
}

bool
tree_has_program_ended (siginfo_t *info)
{
  if (program_has_ended || !peek (P_PID, program, info))
    return false;

  program_has_ended = true;

  return true;
}

/* A tree that forks without end may leave more of them than we can take away, and there is other
 * work to do. */
bool
tree_reap (void)
{
  siginfo_t info;
  unsigned count;

  for (count = 0; count < REAP_AT_ONCE; count++)
    {
      if (!peek (P_ALL, 0, &info) || is_program (info.si_pid))
        break;
      reap (info.si_pid);
    }

  /* The ended program is our eldest child, and hides all the others from a wait for anyone. */
  if (program_has_ended && !program_is_reaped && proc_is_usable)
    {
      find_own_children ();
      for (unsigned i = 0; i < n_found; i++)
        reap (found[i]);
    }

  return count < REAP_AT_ONCE;
}

static void
signal_group (int signal_number)
{
  if (group == 0)
    return;

  /* Without its leader the number lasts as long as somebody has it: nobody, never again. */
  if (kill (-group, signal_number) != 0 && errno == ESRCH && program_is_reaped)
    group = 0;
}

static void
reap_program (void)
{
  program_is_reaped = true;
  reap (program);

  /* Where /proc cannot be used the group is all we can reach, so we hold on to it for as long as it
   * has members. */
  if (proc_is_usable)
    group = 0;
  else
    signal_group (0);
}

bool
tree_is_gone (void)
{
  siginfo_t info;

  if (!program_has_ended)
    return false;

  if (!program_is_reaped)
    {
      if (proc_is_usable)
        {
          find_own_children ();
          if (n_found > 1)
            return false;
          signal_group (SIGKILL);
        }
      reap_program ();
      tree_reap ();
    }

  /* Not having found anybody proves little: the kernel saying that there is nobody does. */
  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 && errno == ECHILD;
}

/* Ending */

static void
terminate_process (pid_t pid)
{
  kill (pid, SIGTERM);
  kill (pid, SIGCONT);
}

void
tree_terminate_program (void)
{
  if (!program_is_reaped)
    terminate_process (program);
}

/* Members of the group have had their TERM with the group. A second one would cut short the end of
 * those who take the first as a request and the next as an order. */
static void
terminate_child (pid_t pid)
{
  if (is_marked (&terminated, pid))
    return;

  mark (&terminated, pid);
  if (getpgid (pid) != program)
    terminate_process (pid);
}

void
tree_terminate_newly_adopted (void)
{
  if (!proc_is_usable)
    {
      signal_group (0);   /* only to learn whether it still is */
      return;
    }

  find_own_children ();
  for (unsigned i = 0; i < n_found; i++)
    terminate_child (found[i]);
}

void
tree_terminate (void)
{
  signal_group (SIGTERM);
  signal_group (SIGCONT);
  tree_terminate_newly_adopted ();
}

static void
note_killed (pid_t             pid,
             struct tree_pass *pass)
{
  pass->left++;
  if (!is_marked (&killed, pid))
    pass->met_new = true;
  mark (&killed, pid);
}

/* Nothing but listing and killing, because whoever forks and exits without end is new each time
 * we look, and has to be met before that. None of them is reaped meanwhile, so the numbers are
 * safe. */
static bool
kill_newly_adopted (void)
{
  bool met_new = false;

  find_own_children ();
  for (unsigned i = 0; i < n_found; i++)
    if (!is_marked (&killed, found[i]))
      {
        mark (&killed, found[i]);
        kill (found[i], SIGKILL);
        met_new = met_new || !is_ended_program (found[i]);
      }

  return met_new;
}

/* Leaves in FOUND all children that there were at the end. */
static void
kill_children (struct tree_pass *pass)
{
  for (unsigned round = 0; round < MOST_ROUNDS && kill_newly_adopted (); round++)
    pass->met_new = true;
}

/* True for one that only waits for its parent to take notice, and false for one whose first thread
 * is the only one that has ended. */
static bool
has_ended (int pidfd)
{
  struct pollfd item = { .fd = pidfd, .events = POLLIN };

  return poll (&item, 1, 0) > 0;
}

/* The number of a descendant may be given to a stranger while we look. The descriptor cannot: that
 * it takes the signal proves that the number meant the same process from the opening on, so its
 * parent and its children were what we read. */
static void
kill_descendant (pid_t             pid,
                 pid_t             through,
                 struct tree_pass *pass)
{
  unsigned n_found_before = n_found;
  int fd = (int) syscall (SYS_pidfd_open, pid, 0);
  pid_t parent;

  if (fd < 0)
    return;

  parent = has_ended (fd) ? 0 : proc_get_parent (pid);
  if (parent == through || parent == own_pid)
    {
      find_children (pid);
      if (syscall (SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0 || errno == EPERM)
        note_killed (pid, pass);
      else
        n_found = n_found_before;
    }
  close (fd);
}

/* From the top down: a parent that has been killed forks no more, and its children come to us. */
static void
kill_descendants (struct tree_pass *pass)
{
  unsigned n_children = n_found;

  for (unsigned i = 0; i < n_children; i++)
    if (!is_ended_program (found[i]) && !reap (found[i]))
      {
        kill (found[i], SIGKILL);
        find_children (found[i]);
        pass->left++;
      }
  for (unsigned i = n_children; i < n_found; i++)
    kill_descendant (found[i], found_through[i], pass);
}

static void
kill_group_only (struct tree_pass *pass)
{
  /* The program may have gone to another group of the session, and may have left no one in its
   * own. */
  if (!program_is_reaped)
    kill (program, SIGKILL);
  pass->left = 1;
}

void
tree_kill (bool              deep,
           struct tree_pass *pass)
{
  pass->left = 0;
  pass->met_new = false;

  signal_group (SIGKILL);
  if (!proc_is_usable)
    {
      kill_group_only (pass);
      return;
    }

  kill_children (pass);
  if (deep)
    kill_descendants (pass);
}
