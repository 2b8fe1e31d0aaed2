/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ending whole trees: what the program leaves behind, and what defends itself. */

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim-harness.h"
#include "timed.h"

#define STUBBORN "--ignore-term --ignore-eof --stubborn-children "

static Host *
start_ready (const char *options)
{
  g_autofree char *all = g_strdup_printf ("%s --print=ready", options);
  Host *host = host_start_fake (all);

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");

  return host;
}

/* In ms. */
static gint64
time_kill (Host *host)
{
  gint64 begin = g_get_monotonic_time ();

  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect (host, "signalled 9 0");
  host_expect (host, "gone");

  return (g_get_monotonic_time () - begin) / 1000;
}

static void
test_killed_tree (gconstpointer data)
{
  g_autofree char *options = g_strdup_printf (STUBBORN "%s", (const char *) data);
  g_autoptr(Host) host = start_ready (options);

  g_assert_cmpuint (count_marked (host->marker), >=, 2);
  g_test_minimized_result ((double) time_kill (host), "%s", (const char *) data);
  host_expect_end (host);
}

static void
test_bomb (gconstpointer data)
{
  g_autofree char *options = g_strdup_printf (STUBBORN "%s", (const char *) data);

  for (int i = 0; i < 3; i++)
    {
      g_autoptr(Host) host = start_ready (options);
      gint64 duration;

      wait_until (count_marked (host->marker) >= 10);   /* most are gone before we look */
      duration = time_kill (host);
      g_test_minimized_result ((double) duration, "%s: %d ms", (const char *) data, (int) duration);
      timed_assert_less (duration, 1000);
      host_expect_end (host);
    }
}

static void
test_nested (void)
{
  g_autoptr(Host) host = start_ready (STUBBORN "--nested=200");
  gint64 duration;

  g_assert_cmpuint (count_marked (host->marker), ==, 201);
  duration = time_kill (host);
  g_test_minimized_result ((double) duration, "nested: %d ms", (int) duration);
  timed_assert_less (duration, 1000);
  host_expect_end (host);
}

/* An exit that nobody asked for: what is left gets TERM, then a second. */
static void
test_left_behind (gconstpointer data)
{
  g_autofree char *options = g_strdup_printf ("%s --exit=3", (const char *) data);
  g_autoptr(Host) host = host_start_fake (options);
  gint64 begin;

  host_expect_spawned (host);
  host_expect (host, "exited 3");
  begin = g_get_monotonic_time ();
  host_expect_gone (host);
  timed_assert_less (g_get_monotonic_time () - begin, 900 * 1000);
}

static void
test_left_behind_stubborn (gconstpointer data)
{
  g_autofree char *options =
    g_strdup_printf ("--stubborn-children %s --exit=3", (const char *) data);
  g_autoptr(Host) host = host_start_fake (options);
  gint64 begin;

  host_expect_spawned (host);
  host_expect (host, "exited 3");
  begin = g_get_monotonic_time ();
  host_expect_gone (host);
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 900 * 1000);
}

/* TERM alone would leave a stopped one stopped, until KILL. */
static void
test_left_behind_stopped (void)
{
  g_autofree char *script =
    g_strdup_printf ("setsid '%s' --ignore-eof --print=ready --stop-self & read line",
                     harness_fake_host ());
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  g_autoptr(Host) host = host_start (NULL, argv);
  gint64 begin;

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  begin = g_get_monotonic_time ();
  close (host->input);
  host->input = -1;
  host_expect (host, "exited 1");
  host_expect_gone (host);
  timed_assert_less (g_get_monotonic_time () - begin, 900 * 1000);
}

/* What a wrapper leaves behind has what is left of its time, not a second of its own. */
static void
test_rest_of_term (void)
{
  g_autoptr(Host) host = start_ready ("--on-term-exit=0 --stubborn-children --daemon");
  gint64 begin = g_get_monotonic_time ();

  host_send (host, "term 300");
  host_expect (host, "ok");
  host_expect (host, "exited 0");
  host_expect_gone (host);
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 290 * 1000);
  timed_assert_less (g_get_monotonic_time () - begin, 900 * 1000);
}

static void
test_kill_during_grace (void)
{
  g_autoptr(Host) host = host_start_fake ("--stubborn-children --daemon --exit=0");
  gint64 begin;

  host_expect_spawned (host);
  host_expect (host, "exited 0");
  begin = g_get_monotonic_time ();
  host_send (host, "kill");
  host_expect (host, "ok");
  host_expect_gone (host);
  timed_assert_less (g_get_monotonic_time () - begin, 900 * 1000);
}

/* Nobody but the program is asked to end while it has not. */
static void
test_orphans_live_with_program (void)
{
  g_autoptr(Host) host = start_ready ("--daemon --setsid-grandchild --grandchild");

  g_assert_cmpuint (count_marked (host->marker), ==, 4);
  g_assert_true (host_is_silent (host));
  close (host->input);
  host->input = -1;
  host_expect (host, "exited 0");
  host_expect_gone (host);
}

static gboolean
has_only_program (Host *host)
{
  g_autofree char *path =
    g_strdup_printf ("/proc/%d/task/%d/children", (int) host->shim, (int) host->shim);
  g_autofree char *expected = g_strdup_printf ("%d ", (int) host->program);
  g_autofree char *children = NULL;

  return g_file_get_contents (path, &children, NULL, NULL) && strcmp (children, expected) == 0;
}

static void
test_orphans_are_reaped (void)
{
  const char *const argv[] = {
    "/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do (true & ); done; echo ready; read line", NULL
  };
  g_autoptr(Host) host = host_start (NULL, argv);

  host_expect_spawned (host);
  host_expect_line (host->output, "ready");
  wait_until (has_only_program (host));
}

/* Inside of a pid namespace, but with the /proc of another one. */

static void
play_first_process (gpointer data)
{
  {
    g_autoptr(Host) host = host_start_fake ("--exit=6");

    host_expect_spawned (host);
    host_expect (host, "exited 6");
    host_expect (host, "gone");
  }
  {
    g_autoptr(Host) host = host_start_fake ("--stubborn-children --grandchild --exit=0");

    host_expect_spawned (host);
    host_expect (host, "exited 0");
    host_expect (host, "gone");   /* it is in the group */
  }
  {
    g_autoptr(Host) host = host_start_fake ("--daemon --exit=0");
    g_autofree char *report = NULL;

    host_expect_spawned (host);
    host_expect (host, "exited 0");
    report = host_next_report (host);
    g_assert_cmpstr (report, ==, "left 1");   /* it is not, and nobody else can be found */
    _exit (0);                                /* and with this process the kernel ends them all */
  }
}

static void
enter_namespace (gpointer data)
{
  g_assert_no_errno (unshare (CLONE_NEWPID));
  harness_join (harness_fork (play_first_process, NULL));
}

static void
test_foreign_proc (void)
{
  if (geteuid () != 0)
    g_test_skip ("only root can make a pid namespace");
  else
    harness_join (harness_fork (enter_namespace, NULL));
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);

  g_test_add_data_func ("/shim/tree/killed/grandchild", "--grandchild", test_killed_tree);
  g_test_add_data_func ("/shim/tree/killed/session", "--setsid-grandchild", test_killed_tree);
  g_test_add_data_func ("/shim/tree/killed/daemon", "--daemon", test_killed_tree);
  g_test_add_data_func ("/shim/tree/killed/keeps-stdout", "--grandchild-keeps-stdout",
                        test_killed_tree);
  g_test_add_data_func ("/shim/tree/killed/all",
                        "--grandchild --setsid-grandchild --daemon --nested=5", test_killed_tree);
  timed_add_func ("/shim/tree/nested", test_nested);
  timed_add_data_func ("/shim/tree/bomb/group", "--fork-bomb=200", test_bomb);
  timed_add_data_func ("/shim/tree/bomb/session", "--setsid-fork-bomb=200", test_bomb);
  timed_add_data_func ("/shim/tree/left-behind/grandchild", "--grandchild", test_left_behind);
  timed_add_data_func ("/shim/tree/left-behind/session", "--setsid-grandchild", test_left_behind);
  timed_add_data_func ("/shim/tree/left-behind/daemon", "--daemon", test_left_behind);
  timed_add_data_func ("/shim/tree/left-behind/nested", "--nested=5", test_left_behind);
  g_test_add_data_func ("/shim/tree/left-behind/stubborn", "--grandchild --daemon",
                        test_left_behind_stubborn);
  timed_add_func ("/shim/tree/left-behind/stopped", test_left_behind_stopped);
  timed_add_func ("/shim/tree/rest-of-term", test_rest_of_term);
  timed_add_func ("/shim/tree/kill-during-grace", test_kill_during_grace);
  g_test_add_func ("/shim/tree/orphans/live", test_orphans_live_with_program);
  g_test_add_func ("/shim/tree/orphans/reaped", test_orphans_are_reaped);
  g_test_add_func ("/shim/tree/foreign-proc", test_foreign_proc);

  return g_test_run ();
}
