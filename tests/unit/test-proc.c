/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "test-proc-fixture.h"

#define MIB (1024 * 1024)
#define BURNT 30   /* ms of CPU, by each of those who burn some */

/* Trees */

static void
run_parent (Line *line)
{
  spawn (sleep_for_ever, line);
  sleep_for_ever (line);
}

static void
run_grandparent (Line *line)
{
  spawn (run_parent, line);
  sleep_for_ever (line);
}

static void
test_tree_has_three_generations (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, run_grandparent);
  wait_until (read_tree (&tree).processes >= 3);
  g_assert_cmpuint (read_tree (&tree).processes, ==, 3);
}

/* It does not end with its parent, but with the test. */
static void
spawn_orphan (Program  program,
              Line    *line)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      if (fork () == 0)
        program (line);
      _exit (0);
    }
  waitpid (pid, NULL, 0);
}

static void
run_daemon (Line *line)
{
  setsid ();
  report (line, getpid ());
  wait_for_order (line);
}

static void
run_daemonizing (Line *line)
{
  spawn_orphan (run_daemon, line);
  sleep_for_ever (line);
}

static void
test_tree_has_the_adopted (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, run_daemonizing);
  read_report (&tree);
  wait_until (read_tree (&tree).processes == 2);
  give_order (&tree);
  wait_until (read_tree (&tree).processes == 1);
}

static void *
spawn_in_thread (void *data)
{
  Line *line = data;

  report (line, spawn (run_parent, line));
  sleep_for_ever (line);

  return NULL;
}

static void
run_parent_in_thread (Line *line)
{
  pthread_t thread;

  pthread_create (&thread, NULL, spawn_in_thread, line);
  sleep_for_ever (line);
}

static void
test_tree_has_the_children_of_threads (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, run_parent_in_thread);
  read_report (&tree);
  wait_until (read_tree (&tree).processes >= 3);
  g_assert_cmpuint (read_tree (&tree).processes, ==, 3);
}

static void
touch_memory (int flags)
{
  char *memory = mmap (NULL, 20 * MIB, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

  if (memory == MAP_FAILED)
    _exit (1);
  memset (memory, 1, 20 * MIB);
}

static void
run_eater (Line *line)
{
  report (line, 0);
  wait_for_order (line);
  touch_memory (MAP_PRIVATE);
  report (line, 0);
  wait_for_order (line);
  touch_memory (MAP_SHARED);
  report (line, 0);
  sleep_for_ever (line);
}

static void
run_parent_of_eater (Line *line)
{
  spawn (run_eater, line);
  sleep_for_ever (line);
}

/* Up to 1 MiB of it the kernel may not have counted yet. */
static void
assert_20_mib_more (Tree                  *tree,
                    ExtensionHostProcTree *before)
{
  ExtensionHostProcTree now = read_tree (tree);

  g_assert_cmpuint (now.rss, >=, before->rss + 19 * MIB);
  g_assert_cmpuint (now.rss, <, before->rss + 30 * MIB);
  g_assert_cmpuint (now.memory, >=, before->memory + 19 * MIB);
  g_assert_cmpuint (now.memory, <, before->memory + 30 * MIB);
  *before = now;
}

static void
test_tree_has_the_memory_of_a_child (void)
{
  g_auto(Tree) tree = { 0 };
  ExtensionHostProcTree before = { 0 };

  tree_start (&tree, run_parent_of_eater);
  read_report (&tree);
  before = read_tree (&tree);
  g_assert_cmpuint (before.memory, >, 0);
  g_assert_cmpuint (before.rss, >, before.memory);   /* its program is of a file */
  give_order (&tree);
  read_report (&tree);
  assert_20_mib_more (&tree, &before);
  give_order (&tree);
  read_report (&tree);
  assert_20_mib_more (&tree, &before);
}

static void
test_memory_is_what_no_file_can_give_back (void)
{
  ExtensionHostProcTree tree = { .rss = 1, .memory = 2 };

  extension_host_proc_add_memory (&tree,
                                  "Name:\tRssAnon:\\nRssAnon: 7 kB\n"
                                  "Groups:\t4 24 27 \n"
                                  "VmPeak:\t  999999 kB\n"
                                  "VmRSS:\t   70000 kB\n"
                                  "RssAnon:\t   20000 kB\n"
                                  "RssFile:\t   47000 kB\n"
                                  "RssShmem:\t    3000 kB\n"
                                  "VmData:\t  888888 kB\n"
                                  "VmSwap:\t     500 kB\n");
  g_assert_cmpuint (tree.rss, ==, 1 + 70000 * 1024);
  g_assert_cmpuint (tree.memory, ==, 2 + 23500 * 1024);

  extension_host_proc_add_memory (&tree, "Name:\tzombie\nState:\tZ (zombie)\nThreads:\t1\n");
  g_assert_cmpuint (tree.rss, ==, 1 + 70000 * 1024);
  g_assert_cmpuint (tree.memory, ==, 2 + 23500 * 1024);
}

static void
burn (Line *line G_GNUC_UNUSED)
{
  struct timespec used = { 0 };

  do
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &used);
  while (used.tv_sec == 0 && used.tv_nsec < BURNT * 1000 * 1000);
}

static void
burn_and_wait (Line *line)
{
  burn (line);
  report (line, getpid ());
  wait_for_order (line);
}

/* One is waited for by its parent, the other by the shim. */
static void
run_burner_as_child (Line *line)
{
  waitpid (spawn (burn_and_wait, line), NULL, 0);
  sleep_for_ever (line);
}

static void
run_burner_as_orphan (Line *line)
{
  spawn_orphan (burn_and_wait, line);
  sleep_for_ever (line);
}

static void
test_cpu_outlives_its_user (gconstpointer program)
{
  g_auto(Tree) tree = { 0 };
  gint64 alive = 0;

  tree_start (&tree, (Program) program);
  read_report (&tree);
  alive = read_tree (&tree).cpu;
  g_assert_cmpint (alive, >=, (BURNT - 20) * 1000);   /* whole ticks of 10 ms, of two kinds */
  give_order (&tree);
  wait_until (read_tree (&tree).processes == 1);
  g_assert_cmpint (read_tree (&tree).cpu, >=, alive);
}

static void
run_many_burners (Line *line)
{
  for (guint i = 0; i < 5; i++)
    {
      waitpid (spawn (burn, line), NULL, 0);
      waitpid (spawn (burn, line), NULL, 0);
    }
  report (line, 0);
  sleep_for_ever (line);
}

static void
test_cpu_never_shrinks (void)
{
  g_auto(Tree) tree = { 0 };
  gint64 cpu = 0;

  tree_start (&tree, run_many_burners);
  while (!has_reported (&tree))
    {
      gint64 now = read_tree (&tree).cpu;

      g_assert_cmpint (now, >=, cpu);
      cpu = now;
    }
  g_assert_cmpint (read_tree (&tree).cpu, >=, 10 * BURNT * 1000 - 20 * 1000);
}

static void
test_percent_is_of_one_cpu (void)
{
  g_assert_cmpfloat (extension_host_proc_get_cpu_percent (500, 1500, 1000), ==, 100.0);
  g_assert_cmpfloat (extension_host_proc_get_cpu_percent (0, 2500, 1000), ==, 250.0);
  g_assert_cmpfloat (extension_host_proc_get_cpu_percent (0, 1, 1000), ==, 0.1);
  g_assert_cmpfloat (extension_host_proc_get_cpu_percent (500, 400, 1000), ==, 0.0);
  g_assert_cmpfloat (extension_host_proc_get_cpu_percent (500, 600, 0), ==, 0.0);
}

static void
run_crowd (Line *line)
{
  for (guint i = 0; i < EXTENSION_HOST_PROC_MAX_PROCESSES + 20; i++)
    if (spawn (sleep_for_ever, line) == -1)
      report (line, errno);
  report (line, 0);
  sleep_for_ever (line);
}

static void
test_crowd_is_not_counted_to_its_end (void)
{
  g_auto(Tree) tree = { 0 };
  guint processes = 0;

  tree_start (&tree, run_crowd);
  if (read_report (&tree) != 0)
    {
      g_test_skip ("no room for a crowd");
      return;
    }
  processes = read_tree (&tree).processes;
  g_assert_cmpuint (processes, <=, EXTENSION_HOST_PROC_MAX_PROCESSES);
  g_assert_cmpuint (processes, >, EXTENSION_HOST_PROC_MAX_PROCESSES / 2);
}

/* Refusals */

static void
assert_unreadable (guint pid)
{
  ExtensionHostProcTree tree = { 1, 2, 3, 4 };

  g_assert_false (extension_host_proc_read_tree (pid, &tree));
  g_assert_cmpuint (tree.processes, ==, 1);
  g_assert_cmpuint (tree.rss, ==, 2);
  g_assert_cmpuint (tree.memory, ==, 3);
  g_assert_cmpint (tree.cpu, ==, 4);
}

static void
test_only_a_child_of_ours_is_a_shim (void)
{
  g_auto(Tree) tree = { 0 };
  guint shim = 0;

  tree_start (&tree, sleep_for_ever);
  read_tree (&tree);
  assert_unreadable (tree.program);
  assert_unreadable (getpid ());
  assert_unreadable (0);
  shim = tree.shim;
  tree_clear (&tree);
  assert_unreadable (shim);
}

static void
test_without_descriptors_nothing_is_known (void)
{
  g_auto(Tree) tree = { 0 };
  struct rlimit limit = { 0 };
  struct rlimit none = { 0 };

  tree_start (&tree, sleep_for_ever);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  none.rlim_max = limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  assert_unreadable (tree.shim);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpuint (read_tree (&tree).processes, ==, 1);
}

/* In a pid namespace of its own, with the /proc of ours, where 1 is somebody else. Exits with what
 * it was told. */
static void
look_from_foreign_namespace (void)
{
  ExtensionHostProcTree tree = { 0 };
  pid_t shim = fork ();

  if (shim == 0)
    sleep_for_ever (NULL);

  _exit (extension_host_proc_read_tree (shim, &tree) ||
         extension_host_proc_judge (1, FALSE) != EXTENSION_HOST_VERDICT_NONE ||
         extension_host_proc_is_debugged (1, shim) ? 1 : 0);
}

static int
enter_foreign_namespace (void)
{
  int status = 0;
  pid_t pid = 0;

  if (unshare (CLONE_NEWPID) != 0 && unshare (CLONE_NEWUSER | CLONE_NEWPID) != 0)
    return 77;
  pid = fork ();
  if (pid == 0)
    look_from_foreign_namespace ();

  return waitpid (pid, &status, 0) == pid && WIFEXITED (status) ? WEXITSTATUS (status) : 2;
}

static void
test_proc_of_another_namespace_is_not_believed (void)
{
  pid_t pid = fork ();
  int status = 0;

  if (pid == 0)
    _exit (enter_foreign_namespace ());

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == 77)
    g_test_skip ("no pid namespaces here");
  else
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/proc/tree/three-generations", test_tree_has_three_generations);
  g_test_add_func ("/proc/tree/adopted", test_tree_has_the_adopted);
  g_test_add_func ("/proc/tree/children-of-threads", test_tree_has_the_children_of_threads);
  g_test_add_func ("/proc/tree/memory-of-child", test_tree_has_the_memory_of_a_child);
  g_test_add_func ("/proc/tree/memory-without-files", test_memory_is_what_no_file_can_give_back);
  g_test_add_data_func ("/proc/tree/cpu-of-child", run_burner_as_child, test_cpu_outlives_its_user);
  g_test_add_data_func ("/proc/tree/cpu-of-orphan", run_burner_as_orphan,
                        test_cpu_outlives_its_user);
  g_test_add_func ("/proc/tree/cpu-never-shrinks", test_cpu_never_shrinks);
  g_test_add_func ("/proc/tree/cpu-percent", test_percent_is_of_one_cpu);
  g_test_add_func ("/proc/tree/crowd", test_crowd_is_not_counted_to_its_end);
  g_test_add_func ("/proc/refusal/not-our-child", test_only_a_child_of_ours_is_a_shim);
  g_test_add_func ("/proc/refusal/no-descriptors", test_without_descriptors_nothing_is_known);
  g_test_add_func ("/proc/refusal/foreign-namespace",
                   test_proc_of_another_namespace_is_not_believed);

  return g_test_run ();
}
