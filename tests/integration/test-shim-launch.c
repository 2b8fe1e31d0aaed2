/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the program is given, what the shim keeps for itself, and every step that can fail. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim-harness.h"

/* More than the sanitizers reserve, which is 20 TiB. */
#define HUGE_SIZE (G_GUINT64_CONSTANT (1) << 46)

#define ARGV(...) ((const char *const[]) { __VA_ARGS__, NULL })

/* What the fake host says about itself: a line for each fact. */

static void
assert_fact (const char *facts,
             const char *fact)
{
  g_autofree char *line = g_strdup_printf ("%s\n", fact);

  if (strstr (facts, line) == NULL)
    g_error ("%s is not among these:\n%s", fact, facts);
}

static void
assert_number (const char *facts,
               const char *name,
               long        number)
{
  g_autofree char *fact = g_strdup_printf ("{\"%s\":%ld}", name, number);

  assert_fact (facts, fact);
}

static Host *
start_telling (const char *const *options,
               int                ipc)
{
  Host *host = host_start_full (options,
                                ARGV (harness_fake_host (), "--echo-argv-env-cwd", "--print=told"),
                                getpid (), ipc);

  host_expect_spawned (host);

  return host;
}

static char *
read_facts (Host *host)
{
  g_autoptr(GString) facts = g_string_new (NULL);

  for (;;)
    {
      g_autofree char *line = read_line (host->output);

      if (strcmp (line, "told") == 0)
        return g_strdup (facts->str);
      g_string_append_printf (facts, "%s\n", line);
    }
}

static void
finish (Host *host)
{
  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_surroundings (void)
{
  g_autoptr(Host) host = start_telling (NULL, -1);
  g_autofree char *facts = read_facts (host);

  assert_number (facts, "pid", host->program);
  assert_number (facts, "ppid", host->shim);
  assert_number (facts, "pgid", host->program);
  assert_number (facts, "sid", host->shim);
  assert_number (facts, "parent_death_signal", SIGKILL);
  assert_number (facts, "no_new_privs", 0);
  assert_number (facts, "dumpable", 1);
  g_assert_cmpint (getpgid (host->shim), ==, host->shim);
  finish (host);
}

static void
test_arguments (void)
{
  g_autoptr(Host) host = host_start (NULL,
                                     ARGV (harness_fake_host (), "--echo-argv-env-cwd", "--print=",
                                           "--print=-- a \"b\" \t*", "--exit=0"));
  g_autofree char *expected =
    g_strdup_printf ("{\"argv\":[\"%s\",\"--echo-argv-env-cwd\",\"--print=\","
                     "\"--print=-- a \\\"b\\\" \\u0009*\",\"--exit=0\"]}", harness_fake_host ());
  g_autofree char *output = NULL;

  host_expect_spawned (host);
  host_expect (host, "exited 0");
  output = read_until_end (host->output);
  assert_fact (output, expected);
  host_expect_gone (host);
}

/* Nothing more, nothing less, and in the same order. */
static void
test_environment (void)
{
  g_autoptr(Host) host = start_telling (NULL, -1);
  g_autofree char *facts = read_facts (host);
  g_autofree char *path = g_strdup_printf ("/proc/%d/environ", (int) host->program);
  g_autofree char *environment = NULL;
  g_auto(GStrv) own = g_get_environ ();
  const char *at;
  gsize length;
  guint count = 0;

  g_assert_true (g_file_get_contents (path, &environment, &length, NULL));
  for (at = environment; at < environment + length; at += strlen (at) + 1, count++)
    g_assert_true (g_str_has_prefix (at, "EXTENSION_HOST_TREE=") ||
                   g_strv_contains ((const char *const *) own, at));
  g_assert_cmpuint (count, ==, g_strv_length (own) + (g_getenv ("EXTENSION_HOST_TREE") == NULL));
  g_assert_nonnull (strstr (facts, host->marker));
  finish (host);
}

static void
test_descriptors (void)
{
  int stray[] = { open ("/dev/null", O_RDONLY), open ("/", O_RDONLY), dup (0) };   /* not CLOEXEC */
  g_autoptr(Host) host = start_telling (NULL, -1);
  g_autofree char *facts = read_facts (host);

  assert_fact (facts, "{\"fds\":[0,1,2]}");
  finish (host);
  for (gsize i = 0; i < G_N_ELEMENTS (stray); i++)
    close (stray[i]);
}

static void
test_ipc (void)
{
  int pair[2];
  int ours;
  g_autoptr(Host) host = NULL;
  g_autofree char *facts = NULL;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  ours = fcntl (pair[0], F_DUPFD_CLOEXEC, 30);
  close (pair[0]);
  host = start_telling (ARGV ("--ipc"), pair[1]);
  close (pair[1]);
  facts = read_facts (host);
  assert_fact (facts, "{\"fds\":[0,1,2,4]}");
  g_assert_false (is_at_end (ours));

  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  wait_until (is_at_end (ours));   /* no copy of it was left in the shim */
  host_expect_gone (host);
  close (ours);
}

/* Dispositions and masks go through exec. An application has some that would break any program. */
static void
test_signals (void)
{
  static const int numbers[] = { SIGPIPE, SIGINT, SIGTERM, SIGCHLD, SIGHUP };
  sigset_t set;
  sigset_t before;
  g_autoptr(Host) host = NULL;
  g_autofree char *facts = NULL;

  sigemptyset (&set);
  sigaddset (&set, SIGUSR2);
  sigaddset (&set, SIGRTMIN + 3);
  sigprocmask (SIG_BLOCK, &set, &before);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    signal (numbers[i], SIG_IGN);
  host = start_telling (NULL, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    signal (numbers[i], SIG_DFL);
  sigprocmask (SIG_SETMASK, &before, NULL);

  facts = read_facts (host);
  assert_fact (facts, "{\"SigBlk\":\"0000000000000000\"}");
  assert_fact (facts, "{\"SigIgn\":\"0000000000000000\"}");
  finish (host);
}

static char *
read_oom_score_adj (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/oom_score_adj", (int) pid);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));

  return g_strchomp (text);
}

static rlim_t
files_of (pid_t pid)
{
  struct rlimit limit;

  g_assert_no_errno (prlimit (pid, RLIMIT_NOFILE, NULL, &limit));

  return limit.rlim_cur;
}

static void
test_settings (void)
{
  g_autofree char *own_score = read_oom_score_adj (getpid ());
  g_autoptr(Host) host = start_telling (ARGV ("--chdir=/usr", "--umask=027", "--nice=7",
                                              "--oom-score-adj=321", "--no-new-privs",
                                              "--limit-address-space=70368744177664",
                                              "--limit-files=64", "--limit-processes=4000",
                                              "--limit-core=4096"), -1);
  g_autofree char *facts = read_facts (host);
  g_autofree char *score = read_oom_score_adj (host->shim);
  g_autofree char *mask = process_status (host->shim, "Umask");
  g_autofree char *no_new_privs = process_status (host->shim, "NoNewPrivs");

  assert_fact (facts, "{\"cwd\":\"/usr\"}");
  assert_fact (facts, "{\"umask\":\"0027\"}");
  assert_fact (facts, "{\"nice\":7}");
  assert_fact (facts, "{\"oom_score_adj\":321}");
  assert_fact (facts, "{\"no_new_privs\":1}");
  assert_fact (facts, "{\"limit_address_space\":[70368744177664,70368744177664]}");
  assert_fact (facts, "{\"limit_files\":[64,64]}");
  assert_fact (facts, "{\"limit_processes\":[4000,4000]}");
  assert_fact (facts, "{\"limit_core\":[4096,4096]}");

  g_assert_cmpstr (score, ==, own_score);
  g_assert_cmpstr (mask, !=, "0027");
  g_assert_cmpstr (no_new_privs, ==, "0");
  g_assert_cmpint (getpriority (PRIO_PROCESS, (id_t) host->shim), ==,
                   getpriority (PRIO_PROCESS, 0));
  g_assert_cmpuint (files_of (host->shim), ==, files_of (getpid ()));
  finish (host);
}

static void
test_nothing_set (void)
{
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *own_score = read_oom_score_adj (getpid ());
  g_autofree char *own_mask = process_status (getpid (), "Umask");
  g_autoptr(Host) host = start_telling (NULL, -1);
  g_autofree char *facts = read_facts (host);
  g_autofree char *cwd = g_strdup_printf ("{\"cwd\":\"%s\"}", folder);
  g_autofree char *score = g_strdup_printf ("{\"oom_score_adj\":%s}", own_score);
  g_autofree char *mask = g_strdup_printf ("{\"umask\":\"%s\"}", own_mask);

  assert_fact (facts, cwd);
  assert_fact (facts, score);
  assert_fact (facts, mask);
  assert_number (facts, "nice", getpriority (PRIO_PROCESS, 0));
  finish (host);
}

/* Finding the program */

static char *
write_script (const char *folder,
              const char *name,
              const char *text,
              guint       mode)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_no_errno (chmod (path, mode));

  return path;
}

static void
expect_exit (const char *const *options,
             const char        *program,
             const char        *report)
{
  g_autoptr(Host) host = host_start (options, ARGV (program));

  host_expect_spawned (host);
  host_expect (host, report);
  host_expect_gone (host);
}

static void
expect_failure (const char *const *options,
                const char        *program,
                int                error,
                const char        *step)
{
  g_autofree char *expected = g_strdup_printf ("failed %d %s", error, step);
  g_autoptr(Host) host = host_start (options, ARGV (program));

  host_expect (host, expected);
  host_expect_gone (host);
}

static void
with_path (const char *path)
{
  if (path != NULL)
    g_setenv ("PATH", path, TRUE);
  else
    g_unsetenv ("PATH");
}

static void
test_path (void)
{
  char *folder = harness_make_folder ();
  g_autofree char *locked = g_build_filename (folder, "locked", NULL);
  g_autofree char *open_folder = g_build_filename (folder, "open", NULL);
  g_autofree char *path_before = g_strdup (g_getenv ("PATH"));
  g_autofree char *both = NULL;
  g_autofree char *chdir_option = g_strdup_printf ("--chdir=%s", open_folder);
  g_autofree char *chdir_up = g_strdup_printf ("--chdir=%s", folder);

  g_assert_no_errno (mkdir (locked, 0755));
  g_assert_no_errno (mkdir (open_folder, 0755));
  g_free (write_script (locked, "tool", "#!/bin/sh\nexit 1\n", 0644));
  g_free (write_script (locked, "only-here", "#!/bin/sh\nexit 1\n", 0644));
  g_free (write_script (open_folder, "tool", "#!/bin/sh\nexit 42\n", 0755));
  g_free (write_script (open_folder, "text", "exit 43\n", 0755));
  both = g_strdup_printf ("/nonexistent:%s:%s/tool:%s", locked, locked, open_folder);

  with_path (both);
  expect_exit (NULL, "tool", "exited 42");   /* past one that is not executable */
  expect_failure (NULL, "only-here", EACCES, "exec");
  expect_failure (NULL, "nowhere", ENOENT, "exec");
  expect_failure (NULL, "text", ENOEXEC, "exec");   /* execvp () would hand it to a shell */
  expect_failure (NULL, "", ENOENT, "exec");

  with_path ("/nonexistent:");
  expect_exit (ARGV (chdir_option), "tool", "exited 42");   /* empty: the folder it runs in */
  with_path ("open");
  expect_exit (ARGV (chdir_up), "tool", "exited 42");
  with_path ("/nonexistent");
  expect_failure (ARGV (chdir_option), "tool", ENOENT, "exec");
  expect_exit (ARGV (chdir_option), "./tool", "exited 42");
  expect_exit (ARGV (chdir_up), "open/tool", "exited 42");
  with_path (NULL);
  expect_exit (NULL, "true", "exited 0");

  with_path (path_before);
  harness_remove_folder (folder);
}

/* Failing */

static void
test_failing_exec (void)
{
  char *folder = harness_make_folder ();
  g_autofree char *text = write_script (folder, "text", "exit 0\n", 0755);
  g_autofree char *locked = write_script (folder, "locked", "#!/bin/sh\n", 0644);
  g_autofree char *orphan = write_script (folder, "orphan", "#!/nonexistent/sh\n", 0755);
  g_autofree char *busy = harness_copy_fake_host (folder, 0755);
  int writer = open (busy, O_WRONLY | O_CLOEXEC);

  expect_failure (NULL, "/nonexistent/program", ENOENT, "exec");
  expect_failure (NULL, "/etc/passwd/program", ENOTDIR, "exec");
  expect_failure (NULL, folder, EACCES, "exec");
  expect_failure (NULL, locked, EACCES, "exec");
  expect_failure (NULL, text, ENOEXEC, "exec");
  expect_failure (NULL, orphan, ENOENT, "exec");
  expect_failure (NULL, busy, ETXTBSY, "exec");
  close (writer);
  harness_remove_folder (folder);
}

static void
test_failing_chdir (void)
{
  expect_failure (ARGV ("--chdir=/nonexistent"), "/bin/true", ENOENT, "chdir");
  expect_failure (ARGV ("--chdir=/etc/passwd"), "/bin/true", ENOTDIR, "chdir");
}

static void
test_failing_setup (void)
{
  static const char *const bad_options[] = {
    "--bogus", "bogus", "--umask=8", "--umask=1000", "--umask=", "--umask", "--nice=x", "--nice=-",
    "--limit-files=-1", "--limit-files=1x", "--limit-files=99999999999999999999", "--chdir=",
    "--no-new-privs=1", "--application=0", "--ipc=4",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad_options); i++)
    expect_failure (ARGV (bad_options[i]), "/bin/true", EINVAL, "setup");
  expect_failure (NULL, NULL, EINVAL, "setup");
  expect_failure (ARGV ("--ipc"), "/bin/true", EBADF, "setup");   /* there is no descriptor 4 */
}

static void
test_failing_oom_score_adj (void)
{
  expect_failure (ARGV ("--oom-score-adj=5000"), "/bin/true", EINVAL, "oom-score-adj");
}

static void
fail_without_privileges (gpointer data)
{
  struct rlimit files = { 500, 500 };
  struct rlimit core = { 1000, 1000 };
  struct rlimit processes = { 5000, 5000 };
  struct rlimit memory = { HUGE_SIZE, HUGE_SIZE };

  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &files));
  g_assert_no_errno (setrlimit (RLIMIT_CORE, &core));
  g_assert_no_errno (setrlimit (RLIMIT_NPROC, &processes));
  g_assert_no_errno (setrlimit (RLIMIT_AS, &memory));

  expect_failure (ARGV ("--nice=-5"), "/bin/true", EACCES, "nice");
  expect_failure (ARGV ("--oom-score-adj=-900"), "/bin/true", EACCES, "oom-score-adj");
  expect_failure (ARGV ("--limit-files=501"), "/bin/true", EPERM, "limit-files");
  expect_failure (ARGV ("--limit-core=1001"), "/bin/true", EPERM, "limit-core");
  expect_failure (ARGV ("--limit-processes=5001"), "/bin/true", EPERM, "limit-processes");
  expect_failure (ARGV ("--limit-address-space=18446744073709551615"), "/bin/true",
                  EPERM, "limit-address-space");
}

static void
test_failing_without_privileges (void)
{
  harness_run_as_nobody (fail_without_privileges, NULL);
}

static void
fail_to_fork (gpointer data)
{
  static const char *const argv[] = { "/bin/true", NULL };
  struct rlimit limit = { 2, 2 };   /* this process, and the shim */
  g_autoptr(Host) host = NULL;

  g_assert_no_errno (setrlimit (RLIMIT_NPROC, &limit));
  host = host_start (NULL, argv);
  host_expect (host, "failed 11 vfork");
  host_expect_gone (host);
}

static void
test_failing_vfork (void)
{
  harness_run_as_nobody (fail_to_fork, NULL);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);

  g_test_add_func ("/shim/launch/surroundings", test_surroundings);
  g_test_add_func ("/shim/launch/arguments", test_arguments);
  g_test_add_func ("/shim/launch/environment", test_environment);
  g_test_add_func ("/shim/launch/descriptors", test_descriptors);
  g_test_add_func ("/shim/launch/ipc", test_ipc);
  g_test_add_func ("/shim/launch/signals", test_signals);
  g_test_add_func ("/shim/launch/settings", test_settings);
  g_test_add_func ("/shim/launch/nothing-set", test_nothing_set);
  g_test_add_func ("/shim/launch/path", test_path);
  g_test_add_func ("/shim/launch/failed/exec", test_failing_exec);
  g_test_add_func ("/shim/launch/failed/chdir", test_failing_chdir);
  g_test_add_func ("/shim/launch/failed/setup", test_failing_setup);
  g_test_add_func ("/shim/launch/failed/oom-score-adj", test_failing_oom_score_adj);
  g_test_add_func ("/shim/launch/failed/without-privileges", test_failing_without_privileges);
  g_test_add_func ("/shim/launch/failed/vfork", test_failing_vfork);

  return g_test_run ();
}
