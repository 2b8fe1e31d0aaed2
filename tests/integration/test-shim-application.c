/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The application dies, in all sorts of moments; and a program that would rather be rid of its
 * shim. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim-harness.h"
#include "timed.h"

#define ARGV(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define STUBBORN "--ignore-term --ignore-eof --stubborn-children "
#define MANY 300

/* A process between the test and the shim plays the application, because it is to be killed. */

typedef struct
{
  const char *options;      /* of the fake host, which says that it is ready */
  const char *command;      /* sent when the host is ready */
  gboolean waits_for_end;   /* of the program */
  gboolean forks;           /* a child that has all its descriptors */

  int told_fd;
  pid_t pid;
  pid_t shim;
  pid_t child;
  char marker[64];
} Application;

static void
sleep_for_ever (gpointer data)
{
  alarm (60);
  for (;;)
    pause ();
}

static void
play_application (gpointer data)
{
  const Application *self = data;
  Host *host = host_start_fake (self->options);
  pid_t child = self->forks ? harness_fork (sleep_for_ever, NULL) : 0;
  g_autofree char *news = NULL;

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  if (self->command != NULL)
    {
      host_send (host, self->command);
      host_expect (host, "ok");
    }
  if (self->waits_for_end)
    news = host_next_news (host);
  dprintf (self->told_fd, "%d %d %s\n", (int) host->shim, (int) child, host->marker);
  sleep_for_ever (NULL);
}

static void
application_start (Application *self)
{
  g_autofree char *line = NULL;
  int told[2];

  g_assert_no_errno (pipe2 (told, O_CLOEXEC));
  self->told_fd = told[1];
  self->pid = harness_fork (play_application, self);
  close (told[1]);
  line = read_line (told[0]);
  close (told[0]);
  g_assert_cmpint (sscanf (line, "%d %d %63s", &self->shim, &self->child, self->marker), ==, 3);
}

/* Kills it, waits for the shim, which promises to be the last, and returns how long that took. */
static gint64
application_die (Application *self)
{
  gint64 begin = g_get_monotonic_time ();
  gint64 duration;

  kill (self->pid, SIGKILL);
  harness_reap (self->pid);
  harness_reap (self->shim);
  duration = (g_get_monotonic_time () - begin) / 1000;
  g_test_message ("gone after %d ms", (int) duration);
  if (self->child != 0)
    kill (self->child, SIGKILL);
  harness_reap_all ();
  g_assert_cmpuint (count_marked (self->marker), ==, 0);

  return duration;
}

static void
test_end_of_input (void)
{
  Application application = { .options = "--ignore-term --print=ready" };

  application_start (&application);
  timed_assert_less (application_die (&application), 450);
}

static void
test_term (void)
{
  Application application = {
    .options = "--ignore-eof --setsid-grandchild --daemon --grandchild --print=ready"
  };
  gint64 duration;

  application_start (&application);
  duration = application_die (&application);
  g_assert_cmpint (duration, >=, 490);
  timed_assert_less (duration, 1200);
}

static void
test_stubborn (gconstpointer data)
{
  g_autofree char *options = g_strdup_printf (STUBBORN "%s --print=ready", (const char *) data);
  Application application = { .options = options };
  gint64 duration;

  application_start (&application);
  duration = application_die (&application);
  g_assert_cmpint (duration, >=, 1200);
  timed_assert_less (duration, 2000);
}

/* The lifeline stays open, and so does stdin. */
static void
test_forked_child (void)
{
  Application application = { .options = "--print=ready", .forks = TRUE };
  gint64 duration;

  application_start (&application);
  duration = application_die (&application);
  g_assert_cmpint (duration, >=, 490);
  timed_assert_less (duration, 1200);
}

static void
test_stopped_shim (void)
{
  Application application = { .options = STUBBORN "--daemon --print=ready" };

  application_start (&application);
  kill (application.shim, SIGSTOP);
  wait_until (process_is_stopped (application.shim));
  timed_assert_less (application_die (&application), 2000);
}

static void
test_during_term (void)
{
  Application application = {
    .options = STUBBORN "--daemon --print=ready", .command = "term 60000"
  };

  application_start (&application);
  timed_assert_less (application_die (&application), 2000);
}

/* What is earlier counts: here the time of `term`. */
static void
test_during_short_term (void)
{
  Application application = {
    .options = STUBBORN "--daemon --print=ready", .command = "term 300"
  };

  application_start (&application);
  timed_assert_less (application_die (&application), 1000);
}

static void
test_during_grace (void)
{
  Application application = {
    .options = "--stubborn-children --daemon --print=ready --exit=0", .waits_for_end = TRUE
  };

  application_start (&application);
  timed_assert_less (application_die (&application), 1250);
}

/* Before anything is run */

static void
assert_not_run (Host       *host,
                const char *file)
{
  harness_join (host->shim);
  host->shim = 0;
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
}

static void
end_at_once (gpointer data)
{
}

static void
test_dead_before_spawn (void)
{
  char *folder = harness_make_folder ();
  g_autofree char *file = g_build_filename (folder, "touched", NULL);
  g_autofree char *touch = g_strdup_printf ("--touch=%s", file);
  pid_t dead = harness_fork (end_at_once, NULL);
  g_autoptr(Host) held = NULL;
  g_autoptr(Host) lost = NULL;

  harness_join (dead);
  held = host_start_full (NULL, ARGV (harness_fake_host (), touch, "--exit=0"), dead, -1);
  assert_not_run (held, file);
  lost = host_start_lost (ARGV (harness_fake_host (), touch, "--exit=0"));
  assert_not_run (lost, file);
  harness_remove_folder (folder);
}

/* Somebody else's application is not ours to watch, but the lifeline is. */
static void
test_not_the_parent (void)
{
  g_autoptr(Host) host = host_start_full (NULL, ARGV (harness_fake_host (), "--ignore-eof"), 1, -1);

  host_expect_spawned (host);
  close (host->lifeline);
  host->lifeline = -1;
  harness_join (host->shim);
  host->shim = 0;
  g_assert_cmpuint (count_marked (host->marker), ==, 0);
}

/* Dropping a host without waiting: the command is obeyed, although reports were left unread. */
static void
test_kill_and_leave (void)
{
  g_autoptr(Host) host = host_start_fake (STUBBORN "--daemon --print=ready");
  gint64 begin;

  host_expect_line (host->output, "ready");
  host_await_report (host);   /* `spawned` is still to be read */
  begin = g_get_monotonic_time ();
  host_send (host, "kill");
  close (host->lifeline);
  host->lifeline = -1;
  harness_join (host->shim);
  host->shim = 0;
  timed_assert_less (g_get_monotonic_time () - begin, 450 * 1000);
  g_assert_cmpuint (count_marked (host->marker), ==, 0);
}

/* Many */

typedef struct
{
  int told_fd;
} Many;

static void
allow_many_files (void)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
}

static void
play_application_with_many (gpointer data)
{
  const Many *self = data;
  Host *hosts[MANY];

  allow_many_files ();
  for (guint i = 0; i < MANY; i++)
    hosts[i] = host_start_fake (STUBBORN "--grandchild --setsid-grandchild --daemon --print=ready");
  for (guint i = 0; i < MANY; i++)
    host_expect_line (hosts[i]->output, "ready");
  dprintf (self->told_fd, "ready\n");
  sleep_for_ever (NULL);
}

static void
test_many (void)
{
  Many many;
  g_autofree char *common = NULL;
  g_autofree char *line = NULL;
  int told[2];
  gint64 begin;
  gint64 duration;
  pid_t pid;

  g_assert_no_errno (pipe2 (told, O_CLOEXEC));
  many.told_fd = told[1];
  pid = harness_fork (play_application_with_many, &many);
  close (told[1]);
  line = read_line (told[0]);
  close (told[0]);
  common = g_strdup_printf ("EXTENSION_HOST_TREE=%d-", (int) pid);
  g_assert_cmpuint (count_marked (common), ==, 4 * MANY);

  begin = g_get_monotonic_time ();
  kill (pid, SIGKILL);
  harness_reap_all ();
  duration = (g_get_monotonic_time () - begin) / 1000;
  g_test_minimized_result ((double) duration, "%d hosts of 4 processes: %d ms",
                           MANY, (int) duration);
  g_assert_cmpuint (count_marked (common), ==, 0);
  timed_assert_less (duration, 2000);
}

/* Attacks */

static void
attack (gpointer data)
{
  const char *way = data;
  g_autofree char *option = g_strdup_printf ("--attack-shim=%s", way);
  g_autofree char *success = g_strdup_printf ("attack: %s: succeeded\n", way);
  g_autofree char *prefix = g_strdup_printf ("attack: %s: ", way);
  g_autofree char *errors = NULL;
  g_autoptr(Host) host = host_start (NULL, ARGV (harness_fake_host (), option, "--exit=7"));

  host_expect_spawned (host);
  host_expect (host, "exited 7");
  errors = read_until_end (host->errors);
  g_assert_true (g_str_has_prefix (errors, prefix));
  g_assert_cmpstr (errors, !=, success);
  host_expect_gone (host);
}

static void
test_attack (gconstpointer data)
{
  harness_run_as_nobody (attack, (gpointer) data);
}

static gboolean
has_signal_scope (void)
{
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
  return syscall (SYS_landlock_create_ruleset, NULL, 0, 1) >= 6;
}

static void
test_signalled_shim (gconstpointer data)
{
  const char *option = data;
  g_autofree char *errors = NULL;
  g_autoptr(Host) host = NULL;

  if (!has_signal_scope ())
    {
      g_test_skip ("this kernel cannot confine signals");
      return;
    }

  host = host_start (ARGV ("--no-new-privs"), ARGV (harness_fake_host (), option, "--exit=7"));
  host_expect_spawned (host);
  host_expect (host, "exited 7");
  errors = read_until_end (host->errors);
  g_assert_nonnull (strstr (errors, "Operation not permitted"));
  host_expect_gone (host);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);

  timed_add_func ("/shim/application/died/end-of-input", test_end_of_input);
  timed_add_func ("/shim/application/died/term", test_term);
  timed_add_data_func ("/shim/application/died/stubborn", "", test_stubborn);
  timed_add_data_func ("/shim/application/died/stubborn-tree",
                       "--grandchild --setsid-grandchild --daemon --nested=20", test_stubborn);
  timed_add_data_func ("/shim/application/died/bomb", "--fork-bomb=100", test_stubborn);
  timed_add_data_func ("/shim/application/died/session-bomb", "--setsid-fork-bomb=100",
                       test_stubborn);
  timed_add_func ("/shim/application/died/forked-child", test_forked_child);
  timed_add_func ("/shim/application/died/stopped-shim", test_stopped_shim);
  timed_add_func ("/shim/application/died/during-term", test_during_term);
  timed_add_func ("/shim/application/died/during-short-term", test_during_short_term);
  timed_add_func ("/shim/application/died/during-grace", test_during_grace);
  g_test_add_func ("/shim/application/died/before-spawn", test_dead_before_spawn);
  g_test_add_func ("/shim/application/not-the-parent", test_not_the_parent);
  timed_add_func ("/shim/application/kill-and-leave", test_kill_and_leave);
  timed_add_func ("/shim/application/died/many", test_many);
  g_test_add_data_func ("/shim/attack/ptrace", "ptrace", test_attack);
  g_test_add_data_func ("/shim/attack/pidfd-getfd", "pidfd-getfd", test_attack);
  g_test_add_data_func ("/shim/attack/procfd", "procfd", test_attack);
  g_test_add_data_func ("/shim/attack/stop", "--stop-shim", test_signalled_shim);
  g_test_add_data_func ("/shim/attack/kill", "--kill-shim", test_signalled_shim);

  return g_test_run ();
}
