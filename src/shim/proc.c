/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static int proc_fd = -1;
static int own_children_fd = -1;

static bool
proc_is_of_our_namespace (void)
{
  char number[24] = "";
  const char *end = number;
  unsigned long long self;

  return readlinkat (proc_fd, "self", number, sizeof number - 1) > 0 &&
         text_take_number (&end, &self) &&
         *end == '\0' &&
         self == (unsigned long long) getpid ();
}

bool
proc_open (void)
{
  proc_fd = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc_fd < 0 || !proc_is_of_our_namespace ())
    return false;

  own_children_fd = openat (proc_fd, "thread-self/children", O_RDONLY | O_CLOEXEC);

  /* A kernel without CONFIG_PROC_CHILDREN is no better than no /proc. */
  return own_children_fd >= 0;
}

/* The kernel writes a space behind each number, so one that is cut in two by the buffer goes on. */
static unsigned
read_pids (int       fd,
           pid_t    *pids,
           unsigned  size)
{
  char buffer[4096];
  unsigned count = 0;
  pid_t pid = 0;
  ssize_t length;

  while ((length = read (fd, buffer, sizeof buffer)) > 0)
    for (ssize_t i = 0; i < length; i++)
      {
        if (buffer[i] >= '0' && buffer[i] <= '9')
          pid = pid * 10 + (buffer[i] - '0');
        else if (pid != 0)
          {
            if (count < size)
              pids[count++] = pid;
            pid = 0;
          }
      }

  return count;
}

unsigned
proc_get_own_children (pid_t    *pids,
                       unsigned  size)
{
  /* We have one thread, so its children are all our children. */
  if (lseek (own_children_fd, 0, SEEK_SET) < 0)
    return 0;

  return read_pids (own_children_fd, pids, size);
}

static int
open_of_process (pid_t       pid,
                 const char *name)
{
  struct text path = { .length = 0 };

  text_add_number (&path, pid);
  text_add (&path, "/");
  text_add (&path, name);

  return openat (proc_fd, path.string, O_RDONLY | O_CLOEXEC);
}

static unsigned
get_children_of_thread (int         tasks_fd,
                        const char *thread,
                        pid_t      *pids,
                        unsigned    size)
{
  struct text path = { .length = 0 };
  unsigned count;
  int fd;

  text_add (&path, thread);
  text_add (&path, "/children");
  fd = openat (tasks_fd, path.string, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  count = read_pids (fd, pids, size);
  close (fd);

  return count;
}

/* Each thread has a list of its own. */
unsigned
proc_get_children (pid_t     pid,
                   pid_t    *pids,
                   unsigned  size)
{
  _Alignas (struct dirent64) char buffer[4096];   /* opendir () would need the heap */
  int tasks_fd = open_of_process (pid, "task");
  unsigned count = 0;
  ssize_t length;

  if (tasks_fd < 0)
    return 0;

  while ((length = getdents64 (tasks_fd, buffer, sizeof buffer)) > 0)
    for (ssize_t at = 0; at < length;)
      {
        const struct dirent64 *entry = (const void *) (buffer + at);

        if (entry->d_name[0] != '.')
          count += get_children_of_thread (tasks_fd, entry->d_name, pids + count, size - count);
        at += entry->d_reclen;
      }
  close (tasks_fd);

  return count;
}

/* "pid (name) state ppid …", where the name may hold anything, even ") R 1". */
static pid_t
parse_parent (const char *stat)
{
  const char *at = strrchr (stat, ')');
  unsigned long long parent;

  if (at == NULL || strlen (at) < 5)
    return 0;
  at += 4;

  return text_take_number (&at, &parent) ? (pid_t) parent : 0;
}

pid_t
proc_get_parent (pid_t pid)
{
  char stat[512];
  int fd = open_of_process (pid, "stat");
  ssize_t length;

  if (fd < 0)
    return 0;
  length = read (fd, stat, sizeof stat - 1);
  close (fd);
  if (length <= 0)
    return 0;
  stat[length] = '\0';

  return parse_parent (stat);
}
