/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "shim-harness.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_NOBODY 1000000   /* above all users there are */
#define FIRST_FREE_FD 20   /* out of the way of the numbers that the shim has meanings for */

/* Waiting */

gint64
harness_deadline (void)
{
  return g_get_monotonic_time () + HARNESS_DEADLINE_MS * 1000;
}

void
harness_pause (gint64      deadline,
               const char *where,
               const char *what)
{
  if (g_get_monotonic_time () > deadline)
    g_error ("%s: gave up waiting for %s", where, what);
  g_usleep (1000);
}

static void
wait_readable (int         fd,
               const char *what)
{
  struct pollfd item = { fd, POLLIN, 0 };

  if (poll (&item, 1, HARNESS_DEADLINE_MS) <= 0)
    g_error ("gave up waiting for %s", what);
}

/* Files */

static const char *
require_environment (const char *name)
{
  const char *value = g_getenv (name);

  if (value == NULL)
    g_error ("%s is not set", name);

  return value;
}

const char *
harness_shim (void)
{
  return require_environment ("EXTENSION_HOST_SHIM");
}

const char *
harness_fake_host (void)
{
  return require_environment ("FAKE_HOST");
}

char *
harness_make_folder (void)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp ("test-shim-XXXXXX", &error);

  g_assert_no_error (error);
  g_assert_no_errno (chmod (folder, 0777));

  return folder;
}

void
harness_remove_folder (char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_remove (path) != 0)
        harness_remove_folder (g_steal_pointer (&path));
    }
  g_rmdir (folder);
  g_free (folder);
}

char *
harness_copy_fake_host (const char *folder,
                        guint       mode)
{
  char *path = g_build_filename (folder, "fake-host-copy", NULL);
  g_autofree char *data = NULL;
  gsize length = 0;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (harness_fake_host (), &data, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (path, data, (gssize) length, &error);
  g_assert_no_error (error);
  g_assert_no_errno (chmod (path, mode));

  return path;
}

/* Starting */

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static int
move_up (int fd)
{
  int moved = fcntl (fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

  g_assert_cmpint (moved, >=, 0);
  close (fd);

  return moved;
}

static void
make_pipe (int *ours,
           int *theirs,
           int  theirs_index)
{
  int fds[2];

  g_assert_no_errno (pipe2 (fds, O_CLOEXEC));
  *theirs = move_up (fds[theirs_index]);
  *ours = move_up (fds[1 - theirs_index]);
}

static void
make_lifeline (int *ours,
               int *theirs)
{
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
  *ours = move_up (fds[0]);
  *theirs = move_up (fds[1]);
}

static char **
make_argv (const char *const *options,
           const char *const *argv,
           pid_t              application)
{
  GPtrArray *all = g_ptr_array_new ();

  g_ptr_array_add (all, g_strdup (harness_shim ()));
  g_ptr_array_add (all, g_strdup_printf ("--application=%d", (int) application));
  for (; options != NULL && *options != NULL; options++)
    g_ptr_array_add (all, g_strdup (*options));
  g_ptr_array_add (all, g_strdup ("--"));
  for (; *argv != NULL; argv++)
    g_ptr_array_add (all, g_strdup (*argv));
  g_ptr_array_add (all, NULL);

  return (char **) g_ptr_array_free (all, FALSE);
}

static char *
make_marker (void)
{
  static guint serial;

  return g_strdup_printf ("EXTENSION_HOST_TREE=%d-%u-%" G_GINT64_FORMAT,
                          (int) getpid (), serial++, g_get_monotonic_time ());
}

static void
spawn_shim (Host      *self,
            char     **argv,
            const int  fds[5])
{
  g_auto(GStrv) inherited = g_get_environ ();
  g_auto(GStrv) environment =
    g_environ_setenv (g_steal_pointer (&inherited), "EXTENSION_HOST_TREE",
                      strchr (self->marker, '=') + 1, TRUE);
  posix_spawn_file_actions_t actions;

  posix_spawn_file_actions_init (&actions);
  for (int number = 0; number < 5; number++)
    if (fds[number] >= 0)
      posix_spawn_file_actions_adddup2 (&actions, fds[number], number);
  g_assert_cmpint (posix_spawn (&self->shim, argv[0], &actions, NULL, argv, environment), ==, 0);
  posix_spawn_file_actions_destroy (&actions);
}

static Host *
start (const char *const *options,
       const char *const *argv,
       pid_t              application,
       int                ipc,
       gboolean           lost)
{
  Host *self = g_new0 (Host, 1);
  g_auto(GStrv) shim_argv = make_argv (options, argv, application);
  int fds[5];

  self->marker = make_marker ();
  make_pipe (&self->input, &fds[0], 0);
  make_pipe (&self->output, &fds[1], 1);
  make_pipe (&self->errors, &fds[2], 1);
  make_lifeline (&self->lifeline, &fds[3]);
  if (lost)
    close_fd (&self->lifeline);
  fds[4] = ipc;
  spawn_shim (self, shim_argv, fds);
  for (int number = 0; number < 4; number++)
    close (fds[number]);

  return self;
}

Host *
host_start_full (const char *const *options,
                 const char *const *argv,
                 pid_t              application,
                 int                ipc)
{
  return start (options, argv, application, ipc, FALSE);
}

Host *
host_start_lost (const char *const *argv)
{
  return start (NULL, argv, getpid (), -1, TRUE);
}

Host *
host_start (const char *const *options,
            const char *const *argv)
{
  return host_start_full (options, argv, getpid (), -1);
}

Host *
host_start_fake (const char *options)
{
  g_autofree char *program = g_shell_quote (harness_fake_host ());
  g_autofree char *line = g_strdup_printf ("%s %s", program, options);
  g_auto(GStrv) argv = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));

  return host_start (NULL, (const char *const *) argv);
}

void
host_free (Host *self)
{
  if (self->shim != 0 && self->lifeline >= 0)
    host_send (self, "kill");
  close_fd (&self->lifeline);
  close_fd (&self->input);
  close_fd (&self->output);
  close_fd (&self->errors);
  if (self->shim != 0)
    harness_join (self->shim);
  g_free (self->marker);
  g_free (self);
}

/* The lifeline */

void
host_send (Host       *self,
           const char *command)
{
  send (self->lifeline, command, strlen (command), MSG_NOSIGNAL);
}

char *
host_next_report (Host *self)
{
  char line[128];
  ssize_t length;

  wait_readable (self->lifeline, "a report");
  length = recv (self->lifeline, line, sizeof line - 1, 0);
  if (length < 0)
    g_error ("the lifeline broke: %s", g_strerror (errno));

  return length > 0 ? g_strndup (line, (gsize) length) : NULL;
}

char *
host_next_news (Host *self)
{
  for (;;)
    {
      g_autofree char *report = host_next_report (self);

      if (report == NULL || !g_str_has_prefix (report, "left "))
        return g_steal_pointer (&report);
    }
}

void
host_expect (Host       *self,
             const char *report)
{
  g_autofree char *next = host_next_news (self);

  g_assert_cmpstr (next, ==, report);
}

void
host_expect_spawned (Host *self)
{
  g_autofree char *report = host_next_report (self);

  g_assert_nonnull (report);
  if (!g_str_has_prefix (report, "spawned "))
    g_error ("not spawned: %s", report);
  self->program = atoi (report + strlen ("spawned "));
  g_assert_cmpint (self->program, >, 1);
}

void
host_expect_end (Host *self)
{
  host_expect (self, NULL);
  harness_join (self->shim);
  self->shim = 0;
  g_assert_cmpuint (count_marked (self->marker), ==, 0);
}

void
host_expect_gone (Host *self)
{
  host_expect (self, "gone");
  host_expect_end (self);
}

gboolean
host_is_silent (Host *self)
{
  struct pollfd item = { self->lifeline, POLLIN, 0 };

  return poll (&item, 1, 0) == 0;
}

void
host_await_report (Host *self)
{
  wait_readable (self->lifeline, "a report");
}

/* The streams */

char *
read_until_end (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  ssize_t length;

  do
    {
      wait_readable (fd, "the end of a stream");
      length = read (fd, buffer, sizeof buffer);
      if (length > 0)
        g_string_append_len (text, buffer, length);
    }
  while (length > 0);

  return g_string_free (text, FALSE);
}

char *
read_line (int fd)
{
  GString *text = g_string_new (NULL);
  char byte = '\0';

  for (;;)
    {
      wait_readable (fd, "a line");
      if (read (fd, &byte, 1) != 1)
        g_error ("the stream ended behind \"%s\"", text->str);
      if (byte == '\n')
        return g_string_free (text, FALSE);
      g_string_append_c (text, byte);
    }
}

void
host_expect_line (int         fd,
                  const char *line)
{
  g_autofree char *text = read_line (fd);

  g_assert_cmpstr (text, ==, line);
}

gboolean
is_at_end (int fd)
{
  struct pollfd item = { fd, POLLIN, 0 };

  return poll (&item, 1, 0) > 0 && (item.revents & POLLHUP) != 0;
}

/* Processes */

static gboolean
is_shim (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "exe", NULL);
  g_autofree char *program = g_file_read_link (path, NULL);
  g_autofree char *shim = g_canonicalize_filename (harness_shim (), NULL);

  return g_strcmp0 (program, shim) == 0;
}

static gboolean
is_marked (const char *pid,
           const char *marker)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "environ", NULL);
  g_autofree char *environment = NULL;
  gsize length = 0;

  return g_file_get_contents (path, &environment, &length, NULL) &&
         memmem (environment, length, marker, strlen (marker)) != NULL &&
         !is_shim (pid);
}

guint
count_marked (const char *marker)
{
  g_autoptr(GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (proc)) != NULL)
    if (g_ascii_isdigit (name[0]) && is_marked (name, marker))
      count++;

  return count;
}

char *
process_status (pid_t       pid,
                const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  gsize length = strlen (name);

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (strncmp (lines[i], name, length) == 0 && lines[i][length] == ':')
      return g_strdup (g_strstrip (lines[i] + length + 1));

  return NULL;
}

gboolean
process_exists (pid_t pid)
{
  g_autofree char *state = process_status (pid, "State");

  return state != NULL && state[0] != 'Z' && state[0] != 'X';
}

gboolean
process_is_stopped (pid_t pid)
{
  g_autofree char *state = process_status (pid, "State");

  return state != NULL && state[0] == 'T';
}

pid_t
harness_fork (HarnessFunc func,
              gpointer    data)
{
  pid_t pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      func (data);
      _exit (0);
    }

  return pid;
}

void
harness_join (pid_t pid)
{
  gint64 deadline = harness_deadline ();
  pid_t reaped;
  int status = 0;

  while ((reaped = waitpid (pid, &status, WNOHANG)) == 0)
    harness_pause (deadline, G_STRLOC, "the end of a process");

  g_assert_cmpint (reaped, ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

typedef struct
{
  HarnessFunc func;
  gpointer data;
  uid_t uid;
} Call;

static void
call_as_nobody (gpointer data)
{
  const Call *call = data;

  g_assert_no_errno (setgroups (0, NULL));
  g_assert_no_errno (setresgid (call->uid, call->uid, call->uid));
  g_assert_no_errno (setresuid (call->uid, call->uid, call->uid));
  call->func (call->data);
}

static gboolean
may_be_entered_by_all (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat info;

  if (stat (folder, &info) != 0 || (info.st_mode & S_IXOTH) == 0)
    return FALSE;

  return strcmp (folder, "/") == 0 || may_be_entered_by_all (folder);
}

void
harness_run_as_nobody (HarnessFunc func,
                       gpointer    data)
{
  /* One whom no other test is at the same time: some count the processes of the user. */
  Call call = { func, data, FIRST_NOBODY + (uid_t) getpid () };

  if (geteuid () != 0)
    g_test_skip ("only root can become somebody else");
  else if (!may_be_entered_by_all (harness_shim ()) ||
           !may_be_entered_by_all (harness_fake_host ()))
    g_test_skip ("nobody cannot reach the programs");
  else
    harness_join (harness_fork (call_as_nobody, &call));
}

void
harness_reap (pid_t pid)
{
  wait_until (waitpid (pid, NULL, WNOHANG) == pid);
}

void
harness_reap_all (void)
{
  pid_t pid;

  wait_until ((pid = waitpid (-1, NULL, WNOHANG)) < 0);
}

void
harness_init (int    *argc,
              char ***argv)
{
  /* Shims whose application dies come to us, and their end can be waited for. */
  g_assert_no_errno (prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  g_test_init (argc, argv, NULL);
}
