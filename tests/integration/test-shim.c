/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reports and commands: everything that is said over the lifeline, in the order it is said. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim-harness.h"

#define ARGV(...) ((const char *const[]) { __VA_ARGS__, NULL })

static void
test_exit_code (gconstpointer data)
{
  g_autofree char *option = g_strdup_printf ("--exit=%s", (const char *) data);
  g_autofree char *report = g_strdup_printf ("exited %s", (const char *) data);
  g_autoptr(Host) host = host_start_fake (option);

  host_expect_spawned (host);
  host_expect (host, report);
  host_expect_gone (host);
}

static void
test_exit_at_end_of_input (void)
{
  g_autoptr(Host) host = host_start_fake ("--on-eof-exit=5");

  host_expect_spawned (host);
  close (host->input);
  host->input = -1;
  host_expect (host, "exited 5");
  host_expect_gone (host);
}

static void
test_many_immediate_exits (void)
{
  for (int i = 0; i < 200; i++)
    {
      g_autoptr(Host) host = host_start_fake ("--exit-immediately");

      host_expect_spawned (host);
      host_expect (host, "exited 0");
      host_expect_gone (host);
    }
}

static void
test_signalled (gconstpointer data)
{
  g_autoptr(Host) host = host_start (ARGV ("--limit-core=0"), ARGV (harness_fake_host (), data));
  g_autofree char *report = g_strdup_printf ("signalled %d 0",
                                             strcmp (data, "--segv") == 0 ? SIGSEGV : SIGABRT);

  host_expect_spawned (host);
  host_expect (host, report);
  host_expect_gone (host);
}

static void
test_kill_group (void)
{
  g_autoptr(Host) host = host_start_fake ("--grandchild --kill-group");

  host_expect_spawned (host);
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_output_ends_with_program (void)
{
  g_autoptr(Host) host = host_start_fake ("--stubborn-children --daemon --print=last --exit=0");
  g_autofree char *output = NULL;

  host_expect_spawned (host);
  host_expect (host, "exited 0");
  g_assert_true (is_at_end (host->output));
  output = read_until_end (host->output);
  g_assert_cmpstr (output, ==, "last\n");
  g_assert_true (is_at_end (host->errors));
  host_expect_gone (host);
}

/* Commands */

static void
test_kill (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-term --ignore-eof");

  host_expect_spawned (host);
  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_kill_before_spawned (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-eof");

  host_send (host, "kill");
  host_expect_spawned (host);
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_term (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-eof --print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  host_send (host, "term 10000");
  host_expect (host, "ok");
  host_expect (host, "signalled 15 0");
  host_expect_gone (host);
}

static void
test_term_is_handled (void)
{
  g_autoptr(Host) host = host_start_fake ("--on-term-exit=3 --slow-death=50 --print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  host_send (host, "term 10000");
  host_expect (host, "ok");
  host_expect (host, "exited 3");
  host_expect_gone (host);
}

static void
test_term_wakes_stopped (void)
{
  g_autoptr(Host) host = host_start_fake ("--on-term-exit=4 --print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  kill (host->program, SIGSTOP);
  wait_until (process_is_stopped (host->program));
  host_send (host, "term 10000");
  host_expect (host, "ok");
  host_expect (host, "exited 4");
  host_expect_gone (host);
}

static void
test_term_ignored (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-term --print=ready");
  gint64 begin;

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  begin = g_get_monotonic_time ();
  host_send (host, "term 300");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 300 * 1000);
  host_expect_gone (host);
}

/* Later ones may shorten the time, never extend it. */
static void
test_term_twice (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-term --print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  host_send (host, "term 60000");
  host_send (host, "term 100");
  host_send (host, "term 60000");
  host_expect (host, "ok");
  host_expect (host, "ok");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_term_is_for_program_alone (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-term --grandchild --print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  g_assert_cmpuint (count_marked (host->marker), ==, 2);
  host_send (host, "term 60000");
  host_expect (host, "ok");
  host_send (host, "term 60000");
  host_expect (host, "ok");   /* the first has been obeyed by now */
  g_assert_cmpuint (count_marked (host->marker), ==, 2);
  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_kill_during_term (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-term --print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  host_send (host, "term 60000");
  host_expect (host, "ok");
  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_malformed_commands (void)
{
  static const char *const commands[] = {
    "bogus", "kil", "kill ", "kill now", "term", "term ", "term x", "term -1", "term 1 2",
    "term 99999999999999999999", "TERM 1", " kill",
    "term 000000000000000000000000000000000000000000000000000000000000000000000000000000001",
  };
  g_autoptr(Host) host = host_start_fake ("--print=ready");

  host_expect_spawned (host);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    host_send (host, commands[i]);
  g_assert_cmpint (send (host->lifeline, "kill\0", 5, MSG_NOSIGNAL), ==, 5);
  host_send (host, "term 60000");
  host_expect (host, "ok");             /* the first answer of all */
  host_expect (host, "signalled 15 0");
  host_expect_gone (host);
}

/* What is still to be read when the shim ends must not cost the application the last reports. */
static void
test_commands_until_the_end (void)
{
  for (int i = 0; i < 50; i++)
    {
      g_autoptr(Host) host = host_start_fake ("--exit=7");
    
      host_expect_spawned (host);
      for (int n = 0; n < 20; n++)
        host_send (host, "bogus");
      host_expect (host, "exited 7");
      host_expect_gone (host);
    }
}

/* The shim */

static void
test_deaf_to_signals (void)
{
  static const int numbers[] = {
    SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGALRM, SIGTSTP, SIGCHLD
  };
  g_autoptr(Host) host = host_start_fake ("--print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    kill (host->shim, numbers[i]);
  host_send (host, "bogus");
  g_assert_true (process_exists (host->program));
  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect_gone (host);
}

static void
test_program_dies_with_shim (void)
{
  g_autoptr(Host) host = host_start_fake ("--ignore-eof --ignore-term --print=ready");

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  kill (host->shim, SIGKILL);
  host_expect (host, NULL);
  wait_until (!process_exists (host->program));
  waitpid (host->shim, NULL, 0);
  host->shim = 0;
  harness_reap_all ();
}

static void
test_without_lifeline (void)
{
  g_autofree char *errors = NULL;
  const char *argv[] = { harness_shim (), "--application=1", "--", "true", NULL };
  int status = 0;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                               NULL, &errors, &status, NULL));
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 2);
  g_assert_nonnull (strstr (errors, "libextension-host"));
}

/* A stopped application reads nothing, and must find the end of the story nevertheless. */
static void
test_unread_reports (void)
{
  g_autoptr(Host) host = host_start_fake ("--exit=9");

  wait_until (!process_exists (host->shim));
  host_expect_spawned (host);
  host_expect (host, "exited 9");
  host_expect_gone (host);
}

/* Something that cannot be killed, because it is root's. It has a child that can, and has to be
 * found. */

static double
processor_seconds (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/schedstat", (int) pid);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));

  return g_ascii_strtod (text, NULL) / 1e9;
}

static pid_t
read_second_pid (const char *file)
{
  g_autofree char *text = NULL;
  int first = 0;
  int second = 0;

  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%d\n%d\n", &first, &second), ==, 2);

  return second;
}

static void
leave_unkillable (gpointer data)
{
  const char *folder = data;
  g_autofree char *script =
    g_strdup_printf ("exec 9<&0; setsid %s/fake-host-copy --pids=%s/pids --stubborn-children "
                     "--setsid-grandchild --become-root --print=ready <&9 & wait", folder, folder);
  g_autofree char *pids = g_build_filename (folder, "pids", NULL);
  g_autofree char *report = NULL;
  g_autofree char *again = NULL;
  guint n_looks = 0;
  g_autoptr(Host) host = host_start (NULL, ARGV ("/bin/sh", "-c", script));

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  do   /* on a busy machine the child may need longer than a second to go */
    {
      g_free (report);
      report = host_next_report (host);
    }
  while (g_strcmp0 (report, "left 2") == 0 && n_looks++ < 10);
  g_assert_cmpstr (report, ==, "left 1");
  again = host_next_report (host);
  g_assert_cmpstr (again, ==, "left 1");
  g_assert_false (process_exists (read_second_pid (pids)));
  g_assert_cmpfloat (processor_seconds (host->shim), <, 0.2);

  close (host->input);   /* which is how the test asks it to end */
  host->input = -1;
  host_expect_gone (host);
}

static void
test_left (void)
{
  char *folder = harness_make_folder ();
  g_autofree char *program G_GNUC_UNUSED = harness_copy_fake_host (folder, 04755);

  harness_run_as_nobody (leave_unkillable, folder);
  harness_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);

  g_test_add_data_func ("/shim/report/exited/0", "0", test_exit_code);
  g_test_add_data_func ("/shim/report/exited/7", "7", test_exit_code);
  g_test_add_data_func ("/shim/report/exited/255", "255", test_exit_code);
  g_test_add_func ("/shim/report/exited/end-of-input", test_exit_at_end_of_input);
  g_test_add_func ("/shim/report/exited/many", test_many_immediate_exits);
  g_test_add_data_func ("/shim/report/signalled/segv", "--segv", test_signalled);
  g_test_add_data_func ("/shim/report/signalled/abort", "--abort", test_signalled);
  g_test_add_func ("/shim/report/signalled/kill-group", test_kill_group);
  g_test_add_func ("/shim/report/left", test_left);
  g_test_add_func ("/shim/report/unread", test_unread_reports);
  g_test_add_func ("/shim/report/output-ends-first", test_output_ends_with_program);
  g_test_add_func ("/shim/command/kill", test_kill);
  g_test_add_func ("/shim/command/kill-before-spawned", test_kill_before_spawned);
  g_test_add_func ("/shim/command/kill-during-term", test_kill_during_term);
  g_test_add_func ("/shim/command/term", test_term);
  g_test_add_func ("/shim/command/term-handled", test_term_is_handled);
  g_test_add_func ("/shim/command/term-stopped", test_term_wakes_stopped);
  g_test_add_func ("/shim/command/term-ignored", test_term_ignored);
  g_test_add_func ("/shim/command/term-twice", test_term_twice);
  g_test_add_func ("/shim/command/term-program-alone", test_term_is_for_program_alone);
  g_test_add_func ("/shim/command/malformed", test_malformed_commands);
  g_test_add_func ("/shim/command/until-the-end", test_commands_until_the_end);
  g_test_add_func ("/shim/deaf-to-signals", test_deaf_to_signals);
  g_test_add_func ("/shim/program-dies-with-it", test_program_dies_with_shim);
  g_test_add_func ("/shim/without-lifeline", test_without_lifeline);

  return g_test_run ();
}
