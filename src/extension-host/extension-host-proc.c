/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "extension-host-proc-private.h"

/* What /proc shows of a host: what its tree takes, what its program is doing, and who traces it.
 *
 * Read in the main context, for every host at every tick: no reading takes memory from the heap,
 * waits, or looks at more than a bounded number of files. */

#define MAX_WALKS 3
#define MAX_ANCESTORS 1024

#define PATH_SIZE 64
#define STAT_SIZE 1024
#define STATUS_SIZE (16 * 1024)   /* it lists the groups of the user, of whom some have hundreds */
#define LIST_SIZE 4096

typedef struct
{
  char state;
  guint parent;
  gint64 cpu;             /* µs */
  gint64 cpu_of_reaped;   /* µs of the children that were waited for, and of theirs */
} Stat;

typedef struct
{
  guint pid;
  guint through;   /* whose child it was when it was found */
} Member;

typedef struct
{
  Member members[EXTENSION_HOST_PROC_MAX_PROCESSES];   /* breadth first */
  guint n_members;
  guint files_left;
  ExtensionHostProcTree tree;
  gboolean changed;   /* while we looked */
  gboolean blind;     /* we were in no position to look */
} Walk;

typedef gboolean (*ThreadFunc) (guint    pid,
                                guint    thread,
                                gpointer user_data);

/* The /proc of another pid namespace tells of other processes by our numbers. */
gboolean
extension_host_proc_is_own (void)
{
  char text[24] = "";
  guint64 self = 0;

  return readlink ("/proc/self", text, sizeof text - 1) > 0 &&
         g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT, &self, NULL) &&
         (pid_t) self == getpid ();
}

/* Whoever has ended cannot be looked at, nor can a stranger's process where /proc hides those. */
static gboolean
is_absence (int error)
{
  return error == ENOENT || error == ESRCH || error == EACCES || error == EPERM;
}

static int
open_proc (guint       pid,
           const char *name)
{
  char path[PATH_SIZE];

  g_snprintf (path, sizeof path, "/proc/%u/%s", pid, name);

  return open (path, O_RDONLY | O_CLOEXEC);
}

/* The whole of a file, or FALSE with errno set: half of one would be taken for all of it. */
static gboolean
read_proc (guint       pid,
           const char *name,
           char       *buffer,
           gsize       size)
{
  gsize length = 0;
  gssize n = 0;
  int error = 0;
  int fd = open_proc (pid, name);

  if (fd == -1)
    return FALSE;

  while (length < size && (n = read (fd, buffer + length, size - length)) > 0)
    length += n;
  error = n < 0 ? errno : EOVERFLOW;
  close (fd);
  if (n < 0 || length == size)
    {
      errno = error;
      return FALSE;
    }
  buffer[length] = '\0';

  return TRUE;
}

/* "pid (name) state parent …", where the name may hold anything: parentheses, newlines, a whole
 * line like this one. */
static gboolean
parse_stat (const char *text,
            Stat       *stat)
{
  const char *after_name = strrchr (text, ')');
  guint64 used = 0, used_by_kernel = 0;
  gint64 reaped = 0, reaped_by_kernel = 0;
  gint64 ticks_per_second = sysconf (_SC_CLK_TCK);

  if (after_name == NULL ||
      sscanf (after_name + 1,
              " %c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u"
              " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
              &stat->state, &stat->parent,
              &used, &used_by_kernel, &reaped, &reaped_by_kernel) != 6)
    return FALSE;

  stat->cpu = (gint64) (used + used_by_kernel) * G_USEC_PER_SEC / ticks_per_second;
  stat->cpu_of_reaped = (reaped + reaped_by_kernel) * G_USEC_PER_SEC / ticks_per_second;

  return TRUE;
}

static gboolean
read_stat (guint pid,
           Stat *stat)
{
  char text[STAT_SIZE];

  if (!read_proc (pid, "stat", text, sizeof text))
    return FALSE;

  errno = ESRCH;   /* whoever has no such line is gone */

  return parse_stat (text, stat);
}

/* @key with the newline in front and the colon behind: the kernel escapes those of the name. 0 if
 * it is missing, as all of memory is with a zombie. */
static guint64
get_number (const char *status,
            const char *key)
{
  const char *at = strstr (status, key);

  return at != NULL ? g_ascii_strtoull (at + strlen (key), NULL, 10) : 0;
}

/* Until @func had enough. FALSE, with errno set, if the threads cannot be listed. */
static gboolean
foreach_thread (guint      pid,
                ThreadFunc func,
                gpointer   user_data)
{
  _Alignas (struct dirent64) char buffer[LIST_SIZE];   /* opendir () would need the heap */
  int fd = open_proc (pid, "task");
  gboolean go_on = TRUE;
  gssize length = 0;

  if (fd == -1)
    return FALSE;

  while (go_on && (length = getdents64 (fd, buffer, sizeof buffer)) > 0)
    for (gssize at = 0; go_on && at < length;)
      {
        const struct dirent64 *entry = (const void *) (buffer + at);

        if (entry->d_name[0] != '.')
          go_on = func (pid, (guint) g_ascii_strtoull (entry->d_name, NULL, 10), user_data);
        at += entry->d_reclen;
      }
  close (fd);

  return TRUE;
}

/* Trees */

/* Whether the numbers that lack this one are still good for something. */
static void
note_absence (Walk *walk,
              int   error)
{
  if (is_absence (error))
    walk->changed = TRUE;
  else
    walk->blind = TRUE;
}

static gboolean
take_files (Walk  *walk,
            guint  n_files)
{
  if (walk->files_left < n_files)
    return FALSE;

  walk->files_left -= n_files;

  return TRUE;
}

static void
add_member (Walk  *walk,
            guint  pid,
            guint  through)
{
  if (walk->n_members < G_N_ELEMENTS (walk->members))
    walk->members[walk->n_members++] = (Member) { pid, through };
}

/* The kernel writes a space behind each number, so one that is cut in two by the buffer goes on. */
static void
add_listed (Walk  *walk,
            int    fd,
            guint  through)
{
  char buffer[LIST_SIZE];
  guint pid = 0;
  gssize length = 0;

  while (walk->n_members < G_N_ELEMENTS (walk->members) &&
         (length = read (fd, buffer, sizeof buffer)) > 0)
    for (gssize i = 0; i < length; i++)
      {
        if (g_ascii_isdigit (buffer[i]))
          pid = pid * 10 + g_ascii_digit_value (buffer[i]);
        else if (pid != 0)
          {
            add_member (walk, pid, through);
            pid = 0;
          }
      }
}

/* Each thread has a list of its own. */
static gboolean
add_children_of_thread (guint    pid,
                        guint    thread,
                        gpointer user_data)
{
  Walk *walk = user_data;
  char name[PATH_SIZE];
  int fd = -1;

  if (!take_files (walk, 1))
    return FALSE;

  g_snprintf (name, sizeof name, "task/%u/children", thread);
  fd = open_proc (pid, name);
  if (fd == -1)
    {
      note_absence (walk, errno);   /* its children are another thread's now */
      return TRUE;
    }
  add_listed (walk, fd, pid);
  close (fd);

  return TRUE;
}

/* A process that was listed may be gone by now, and its number may even mean a stranger. While it
 * is being reaped (X) its CPU time may be its parent's already, and must not count twice. */
static gboolean
is_member (const Member *member,
           const Stat   *stat)
{
  return stat->parent == member->through && stat->state != 'X';
}

/* Its children are listed first. One who is reaped after that is found in its CPU time, or missed
 * when its turn comes, but never counted twice. */
static void
add_process (Walk         *walk,
             const Member *member)
{
  char status[STATUS_SIZE];
  Stat stat = { 0 };

  if (!take_files (walk, 3))
    return;

  if (!foreach_thread (member->pid, add_children_of_thread, walk) ||
      !read_stat (member->pid, &stat) ||
      !read_proc (member->pid, "status", status, sizeof status))
    {
      note_absence (walk, errno);
      return;
    }
  if (!is_member (member, &stat))
    {
      walk->changed = TRUE;
      return;
    }

  walk->tree.processes++;
  walk->tree.cpu += stat.cpu + stat.cpu_of_reaped;
  extension_host_proc_add_memory (&walk->tree, status);
}

/* The shim has one thread. Being our child it keeps its number until we reap it. */
static gboolean
add_shim (Walk  *walk,
          guint  pid)
{
  Stat stat = { 0 };

  if (!add_children_of_thread (pid, pid, walk) || walk->changed || walk->blind ||
      !read_stat (pid, &stat) || stat.parent != (guint) getpid ())
    return FALSE;

  walk->tree.cpu = stat.cpu_of_reaped;

  return TRUE;
}

static gboolean
walk_tree (Walk  *walk,
           guint  shim_pid)
{
  walk->n_members = 0;
  walk->tree = (ExtensionHostProcTree) { 0 };
  walk->changed = FALSE;
  if (!add_shim (walk, shim_pid))
    return FALSE;

  for (guint i = 0; i < walk->n_members && !walk->blind; i++)
    add_process (walk, &walk->members[i]);

  return !walk->blind;
}

/* Adds what /proc/PID/status says of the memory of a process. */
void
extension_host_proc_add_memory (ExtensionHostProcTree *tree,
                                const char            *status)
{
  tree->rss += get_number (status, "\nVmRSS:") * 1024;
  tree->memory += (get_number (status, "\nRssAnon:") +
                   get_number (status, "\nRssShmem:") +
                   get_number (status, "\nVmSwap:")) * 1024;
}

/* What descends from the shim @shim_pid, a child of ours. When somebody ended meanwhile we look
 * again, a few times: an end that was missed makes the CPU time shrink. Of a tree too large to be
 * walked the numbers are lower bounds.
 *
 * FALSE, with @tree as it was, if the shim is gone, if /proc is of another pid namespace or hides
 * the shim, which is not dumpable (hidepid), if the kernel lists no children (that is without
 * CONFIG_PROC_CHILDREN), or if we have no descriptor to spare. Then nothing is known: the program
 * alone is not the tree, and its share would pass for a healthy whole. */
gboolean
extension_host_proc_read_tree (guint                  shim_pid,
                               ExtensionHostProcTree *tree)
{
  Walk walk;

  if (!extension_host_proc_is_own ())
    return FALSE;

  walk.files_left = EXTENSION_HOST_PROC_MAX_FILES;
  walk.blind = FALSE;
  for (guint i = 0; i < MAX_WALKS; i++)
    {
      guint files_before = walk.files_left;

      if (!walk_tree (&walk, shim_pid))
        return FALSE;
      if (!walk.changed || files_before - walk.files_left > walk.files_left)
        break;   /* nothing to look for, or no means to look as far again */
    }
  *tree = walk.tree;

  return TRUE;
}

/* Of one CPU, so a tree may use more than 100. Not below 0 although the time may shrink: that of a
 * child goes nowhere when its parent ignores SIGCHLD. */
double
extension_host_proc_get_cpu_percent (gint64 cpu_before,
                                     gint64 cpu_now,
                                     gint64 interval)
{
  if (interval <= 0 || cpu_now <= cpu_before)
    return 0.0;

  return 100.0 * (cpu_now - cpu_before) / interval;
}

/* Verdicts */

/* Where in the kernel a process sleeps that waits for somebody to read what it writes. */
static gboolean
is_wait_of_writer (const char *wchan)
{
  static const char * const places[] = {
    "pipe_write", "anon_pipe_write", "fifo_pipe_write",
    "sock_alloc_send_pskb", "sock_wait_for_wmem", "unix_stream_sendmsg", "unix_wait_for_peer",
    "sk_stream_wait_memory",
  };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    if (g_str_equal (wchan, places[i]))
      return TRUE;

  return FALSE;
}

ExtensionHostVerdict
extension_host_proc_judge_text (const char *stat,
                                const char *wchan,
                                gboolean    output_is_full)
{
  Stat parsed = { 0 };

  if (!parse_stat (stat, &parsed))
    return EXTENSION_HOST_VERDICT_NONE;

  switch (parsed.state)
    {
    case 'R':
      return EXTENSION_HOST_VERDICT_RUNNING;
    case 'S':
    case 'I':
      if (output_is_full || is_wait_of_writer (wchan))
        return EXTENSION_HOST_VERDICT_BLOCKED;
      return EXTENSION_HOST_VERDICT_SLEEPING;
    case 'T':
    case 't':
      return EXTENSION_HOST_VERDICT_STOPPED;
    case 'D':
      return EXTENSION_HOST_VERDICT_UNINTERRUPTIBLE;
    default:
      return EXTENSION_HOST_VERDICT_NONE;
    }
}

/* What the main thread of a program is doing, which is where most read their messages: others may
 * be busy while it sleeps. @output_is_full tells of one that does not wait in a write but polls
 * until it can write. */
ExtensionHostVerdict
extension_host_proc_judge (guint    pid,
                           gboolean output_is_full)
{
  char stat[STAT_SIZE];
  char wchan[PATH_SIZE];

  if (!extension_host_proc_is_own () || !read_proc (pid, "stat", stat, sizeof stat))
    return EXTENSION_HOST_VERDICT_NONE;

  if (!read_proc (pid, "wchan", wchan, sizeof wchan))
    wchan[0] = '\0';   /* a kernel without it, or a program that may not be looked into */

  return extension_host_proc_judge_text (stat, wchan, output_is_full);
}

/* @cpu_percent is that of the tree, or below 0 if not known. */
char *
extension_host_proc_describe (ExtensionHostVerdict verdict,
                              double               cpu_percent)
{
  int percent = (int) (CLAMP (cpu_percent, -1.0, 1e6) + 0.5);

  switch (verdict)
    {
    case EXTENSION_HOST_VERDICT_NONE:
      return g_strdup (_("activity unknown"));
    case EXTENSION_HOST_VERDICT_RUNNING:
      if (cpu_percent < 0)
        return g_strdup (_("running"));
      return g_strdup_printf (_("running at %d %% of a CPU"), percent);
    case EXTENSION_HOST_VERDICT_SLEEPING:
      if (percent < 1)
        return g_strdup (_("sleeping"));
      return g_strdup_printf (_("sleeping while its threads or children use %d %% of a CPU"),
                              percent);
    case EXTENSION_HOST_VERDICT_STOPPED:
      return g_strdup (_("stopped by a signal or a debugger"));
    case EXTENSION_HOST_VERDICT_UNINTERRUPTIBLE:
      return g_strdup (_("waiting for a device or a file system"));
    case EXTENSION_HOST_VERDICT_BLOCKED:
      return g_strdup (_("waiting for its output to be read"));
    default:
      g_return_val_if_reached (NULL);
    }
}

/* Tracers */

typedef struct
{
  guint shim_pid;
  guint threads_left;
  gboolean found;
} Search;

static gboolean
descends_from (guint pid,
               guint ancestor)
{
  Stat stat = { 0 };

  for (guint i = 0; i < MAX_ANCESTORS && pid > 1; i++)
    {
      if (pid == ancestor)
        return TRUE;
      if (!read_stat (pid, &stat))
        return FALSE;
      pid = stat.parent;
    }

  return FALSE;
}

/* Each thread may have a tracer of its own. That too is a thread, and /proc shows those like
 * processes, although it does not list them. */
static gboolean
look_for_tracer (guint    pid,
                 guint    thread,
                 gpointer user_data)
{
  Search *search = user_data;
  char name[PATH_SIZE];
  char status[STATUS_SIZE];
  guint tracer = 0;

  g_snprintf (name, sizeof name, "task/%u/status", thread);
  if (read_proc (pid, name, status, sizeof status))
    tracer = (guint) get_number (status, "\nTracerPid:");
  if (tracer != 0 && !descends_from (tracer, search->shim_pid))
    search->found = TRUE;

  return !search->found && --search->threads_left > 0;
}

/* Whether somebody outside its own tree traces the program, so that its silence is theirs. One who
 * is traced by its own child or supervisor has to answer nevertheless. A tracer that we cannot look
 * at is none of the tree. */
gboolean
extension_host_proc_is_debugged (guint pid,
                                 guint shim_pid)
{
  Search search = { shim_pid, EXTENSION_HOST_PROC_MAX_FILES, FALSE };

  if (extension_host_proc_is_own ())
    foreach_thread (pid, look_for_tracer, &search);

  return search.found;
}
