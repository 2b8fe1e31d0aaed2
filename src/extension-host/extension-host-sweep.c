/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "extension-host-proc-private.h"
#include "extension-host-sweep-private.h"

/* Ends what a lost shim left behind. Its children are no longer ours to find by descent, so this
 * looks at every process of the system: at its session, which is the shim's unless the process
 * made one of its own, and at the marker in its environment. */

#define MAX_PASSES 100             /* with the pauses below about 5 s */
#define MAX_PAUSE (50 * 1000)      /* µs */
#define BUFFER_SIZE (64 * 1024)

/* Plain values: no object of ours goes to the worker. */
typedef struct
{
  guint session;
  char *marker;   /* KEY=VALUE, between two NULs */
  gsize marker_size;
  gboolean blind; /* this pass could not look at everybody */
} Sweep;

static void
sweep_free (gpointer data)
{
  Sweep *sweep = data;

  g_free (sweep->marker);
  g_free (sweep);
}

/* Opens a file of /proc/PID. -1 if the process is gone or not ours, or if we are in no position to
 * look: then whatever is found, it is not nothing. */
static int
open_proc (Sweep      *sweep,
           int         pid,
           const char *name)
{
  char path[64];
  int fd = -1;

  g_snprintf (path, sizeof path, "/proc/%d/%s", pid, name);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd == -1 && errno != ENOENT && errno != ESRCH && errno != EACCES && errno != EPERM)
    sweep->blind = TRUE;

  return fd;
}

static gsize
read_proc (Sweep      *sweep,
           int         pid,
           const char *name,
           char       *buffer,
           gsize       size)
{
  gsize length = 0;
  int fd = open_proc (sweep, pid, name);

  if (fd == -1)
    return 0;

  while (length < size)
    {
      gssize n = read (fd, buffer + length, size - length);

      if (n <= 0)
        break;
      length += n;
    }
  close (fd);

  return length;
}

/* FALSE if the process is gone, or a zombie, which is as good. */
static gboolean
get_session (Sweep *sweep,
             int    pid,
             guint *session)
{
  char buffer[1024];
  const char *after_name = NULL;
  char state = 0;
  gsize length = read_proc (sweep, pid, "stat", buffer, sizeof buffer - 1);

  buffer[length] = '\0';
  after_name = strrchr (buffer, ')');   /* the name may hold anything, parentheses too */
  if (after_name == NULL ||
      sscanf (after_name + 1, " %c %*d %*d %u", &state, session) != 2)
    return FALSE;

  return state != 'Z' && state != 'X';
}

/* An environment may have megabytes, and the marker may stand anywhere in it. */
static gboolean
has_marker (Sweep *sweep,
            int    pid,
            char  *buffer)
{
  int fd = open_proc (sweep, pid, "environ");
  gboolean found = FALSE;
  gsize kept = 1;
  gssize n = 0;

  if (fd == -1)
    return FALSE;

  buffer[0] = '\0';   /* in front of the first entry, as in front of all others */
  while (!found && (n = read (fd, buffer + kept, BUFFER_SIZE - kept)) > 0)
    {
      gsize length = kept + n;

      found = memmem (buffer, length, sweep->marker, sweep->marker_size) != NULL;
      kept = MIN (length, sweep->marker_size - 1);
      memmove (buffer, buffer + length - kept, kept);
    }
  close (fd);

  return found;
}

static gboolean
belongs (Sweep *sweep,
         int    pid,
         char  *buffer)
{
  guint session = 0;

  return get_session (sweep, pid, &session) &&
         ((session == sweep->session && session != 0) || has_marker (sweep, pid, buffer));
}

/* The number may have passed to another process since we looked: take hold of whoever has it, look
 * again, and signal the one that we hold. */
static void
kill_held (Sweep *sweep,
           int    pid,
           char  *buffer)
{
  int fd = syscall (SYS_pidfd_open, pid, 0);

  if (fd == -1)
    return;

  if (belongs (sweep, pid, buffer))
    syscall (SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
  close (fd);
}

static guint
sweep_once (Sweep *sweep,
            char  *buffer)
{
  g_autoptr(GDir) proc = extension_host_proc_is_own () ? g_dir_open ("/proc", 0, NULL) : NULL;
  const char *name = NULL;
  guint found = 0;

  sweep->blind = proc == NULL;
  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    {
      guint64 pid = 0;

      if (!g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT, &pid, NULL) ||
          !belongs (sweep, (int) pid, buffer))
        continue;

      kill_held (sweep, (int) pid, buffer);
      found++;
    }

  return sweep->blind ? MAX (found, 1) : found;
}

/* Until two passes in a row find nothing. Returns what the last one found. */
static guint
sweep_until_clean (Sweep *sweep)
{
  g_autofree char *buffer = g_malloc (BUFFER_SIZE);
  guint clean = 0;
  guint found = 0;
  gulong pause = 1000;

  for (guint i = 0; i < MAX_PASSES && clean < 2; i++)
    {
      if (i > 0)
        g_usleep (pause);
      pause = MIN (pause * 2, MAX_PAUSE);
      found = sweep_once (sweep, buffer);
      clean = found == 0 ? clean + 1 : 0;
    }

  return found;
}

static gpointer
sweep_thread (gpointer data)
{
  g_autoptr(GTask) task = data;

  g_task_return_int (task, sweep_until_clean (g_task_get_task_data (task)));

  return NULL;
}

/* Kills what is left of the tree of the shim that was process @session, in a thread: it may take
 * seconds, and must not wait for a place in a pool that the application keeps busy. */
void
extension_host_sweep_async (guint                session,
                            const char          *marker,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Sweep *sweep = g_new0 (Sweep, 1);
  GThread *thread = NULL;

  g_task_set_source_tag (task, extension_host_sweep_async);
  sweep->session = session;
  sweep->marker_size = 1 + strlen (EXTENSION_HOST_TREE_VARIABLE "=") + strlen (marker) + 1;
  sweep->marker = g_malloc (sweep->marker_size);
  sweep->marker[0] = '\0';
  g_snprintf (sweep->marker + 1, sweep->marker_size - 1, EXTENSION_HOST_TREE_VARIABLE "=%s", marker);
  g_task_set_task_data (task, sweep, sweep_free);

  thread = g_thread_try_new ("extension-host-sweep", sweep_thread, g_object_ref (task), NULL);
  if (thread == NULL)
    sweep_thread (g_object_ref (task));   /* no thread to be had: better late than never */
  else
    g_thread_unref (thread);
}

/* How many processes are left although they were killed. */
guint
extension_host_sweep_finish (GAsyncResult *result)
{
  return (guint) g_task_propagate_int (G_TASK (result), NULL);
}
