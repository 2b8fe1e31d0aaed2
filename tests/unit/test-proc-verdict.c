/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "test-proc-fixture.h"

#define NONE EXTENSION_HOST_VERDICT_NONE
#define RUNNING EXTENSION_HOST_VERDICT_RUNNING
#define SLEEPING EXTENSION_HOST_VERDICT_SLEEPING
#define STOPPED EXTENSION_HOST_VERDICT_STOPPED
#define UNINTERRUPTIBLE EXTENSION_HOST_VERDICT_UNINTERRUPTIBLE
#define BLOCKED EXTENSION_HOST_VERDICT_BLOCKED

#define judge extension_host_proc_judge

/* Verdicts on processes */

static void
run_busy (Line *line G_GNUC_UNUSED)
{
  for (volatile guint i = 0; TRUE; i++)
    ;
}

static void
test_busy_loop_is_running (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, run_busy);
  wait_until (judge (tree.program, FALSE) == RUNNING);
  g_assert_cmpint (judge (tree.program, TRUE), ==, RUNNING);   /* the output is not its trouble */
}

static void
test_pause_is_sleeping (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, sleep_for_ever);
  wait_until (judge (tree.program, FALSE) == SLEEPING);
}

static void *
be_busy_in_thread (void *data)
{
  report (data, 0);
  run_busy (data);

  return NULL;
}

static void
run_busy_thread (Line *line)
{
  pthread_t thread;

  pthread_create (&thread, NULL, be_busy_in_thread, line);
  sleep_for_ever (line);
}

static void
test_busy_thread_does_not_count (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, run_busy_thread);
  read_report (&tree);
  wait_until (judge (tree.program, FALSE) == SLEEPING);
}

static void
test_stopped_is_stopped (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, sleep_for_ever);
  kill (tree.program, SIGSTOP);
  wait_until (judge (tree.program, FALSE) == STOPPED);
  g_assert_cmpint (judge (tree.program, TRUE), ==, STOPPED);
  kill (tree.program, SIGCONT);
  wait_until (judge (tree.program, FALSE) == SLEEPING);
}

static void
write_for_ever (int fd)
{
  char buffer[4096] = "";

  while (write (fd, buffer, sizeof buffer) > 0)
    ;
}

static void
write_pipe (Line *line G_GNUC_UNUSED)
{
  int fds[2] = { -1, -1 };

  if (pipe (fds) == 0)
    write_for_ever (fds[1]);
}

static void
write_socket (Line *line G_GNUC_UNUSED)
{
  int fds[2] = { -1, -1 };

  if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) == 0)
    write_for_ever (fds[1]);
}

/* "0" if the kernel does not tell, or does not tell us. */
static gboolean
is_waiting_place_known (guint pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/wchan", pid);
  g_autofree char *place = NULL;

  return g_file_get_contents (path, &place, NULL, NULL) && !g_str_equal (place, "0");
}

static void
test_writer_that_nobody_reads_is_blocked (gconstpointer program)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, (Program) program);
  wait_until (judge (tree.program, TRUE) == BLOCKED);
  if (!is_waiting_place_known (tree.program))
    {
      g_test_skip ("no wchan here");
      return;
    }
  wait_until (judge (tree.program, FALSE) == BLOCKED);
}

static void
test_reader_is_not_blocked (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, wait_for_order);
  wait_until (judge (tree.program, FALSE) == SLEEPING);
  g_assert_cmpint (judge (tree.program, TRUE), ==, BLOCKED);
}

static void
run_not_reaping (Line *line)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  report (line, pid);
  sleep_for_ever (line);
}

static void
test_dead_have_no_verdict (void)
{
  g_auto(Tree) tree = { 0 };
  guint zombie = 0;
  guint shim = 0;

  tree_start (&tree, run_not_reaping);
  zombie = read_report (&tree);
  wait_until (judge (zombie, FALSE) == NONE);
  g_assert_cmpint (judge (zombie, TRUE), ==, NONE);
  g_assert_cmpint (kill (zombie, 0), ==, 0);

  shim = tree.shim;
  tree_clear (&tree);
  g_assert_cmpint (judge (shim, TRUE), ==, NONE);
  g_assert_false (extension_host_proc_is_debugged (shim, shim));
}

static const char * const odd_names[] = {
  "a) R 1 (", "x) T 0", "a\nb) R 1 2", ") ) )", "a b", "(((", "", "\nTracerPid:\t1",
};
static const char *odd_name = NULL;

static void
run_with_odd_name (Line *line)
{
  prctl (PR_SET_NAME, odd_name);
  report (line, spawn (sleep_for_ever, line));
  sleep_for_ever (line);
}

static void
test_names_fool_nobody (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (odd_names); i++)
    {
      g_auto(Tree) tree = { 0 };
      guint child = 0;

      odd_name = odd_names[i];
      tree_start (&tree, run_with_odd_name);
      child = read_report (&tree);
      wait_until (judge (tree.program, FALSE) == SLEEPING);
      wait_until (judge (child, FALSE) == SLEEPING);
      g_assert_cmpuint (read_tree (&tree).processes, ==, 2);
      g_assert_false (extension_host_proc_is_debugged (child, tree.shim));
    }
}

/* Verdicts on text */

static ExtensionHostVerdict
judge_state (const char *state,
             const char *wchan)
{
  g_autofree char *stat =
    g_strdup_printf ("4711 (node) %s 4710 4711 4709 0 -1 4194304 1203 0 2 0 31 7 0 0 20 0 11 0 "
                     "88340 1103101952 15360 18446744073709551615 1 1 0 0 0 0 0 16781312 134235650 "
                     "1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n", state);

  return extension_host_proc_judge_text (stat, wchan, FALSE);
}

static void
test_states_of_text (void)
{
  g_assert_cmpint (judge_state ("R", "0"), ==, RUNNING);
  g_assert_cmpint (judge_state ("S", "ep_poll"), ==, SLEEPING);
  g_assert_cmpint (judge_state ("I", ""), ==, SLEEPING);
  g_assert_cmpint (judge_state ("D", "folio_wait_bit_common"), ==, UNINTERRUPTIBLE);
  g_assert_cmpint (judge_state ("T", "do_signal_stop"), ==, STOPPED);
  g_assert_cmpint (judge_state ("t", "ptrace_stop"), ==, STOPPED);
  g_assert_cmpint (judge_state ("Z", "0"), ==, NONE);
  g_assert_cmpint (judge_state ("X", "0"), ==, NONE);
  g_assert_cmpint (judge_state ("?", "pipe_write"), ==, NONE);
}

static void
test_places_of_writers (void)
{
  g_assert_cmpint (judge_state ("S", "pipe_write"), ==, BLOCKED);
  g_assert_cmpint (judge_state ("S", "anon_pipe_write"), ==, BLOCKED);
  g_assert_cmpint (judge_state ("S", "sock_alloc_send_pskb"), ==, BLOCKED);
  g_assert_cmpint (judge_state ("S", "sk_stream_wait_memory"), ==, BLOCKED);
  g_assert_cmpint (judge_state ("S", "pipe_read"), ==, SLEEPING);
  g_assert_cmpint (judge_state ("S", "unix_stream_read_generic"), ==, SLEEPING);
  g_assert_cmpint (judge_state ("D", "pipe_write"), ==, UNINTERRUPTIBLE);
}

static void
test_text_that_is_none (void)
{
  static const char * const texts[] = {
    "", "\n", "4711", "4711 (node", "4711 (node)", "4711 (node) ", "4711 (node) S",
    "4711 (node) R 4710 4711",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_cmpint (extension_host_proc_judge_text (texts[i], "", TRUE), ==, NONE);
}

/* Tracers */

static gboolean
is_traced (guint pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/status", pid);
  g_autofree char *status = NULL;

  return g_file_get_contents (path, &status, NULL, NULL) &&
         strstr (status, "\nTracerPid:\t0\n") == NULL;
}

static void
assert_seizable (Tree  *tree,
                 guint  pid)
{
  g_assert_false (extension_host_proc_is_debugged (tree->program, tree->shim));
  g_assert_cmpint (ptrace (PTRACE_SEIZE, pid, NULL, NULL), ==, 0);
  g_assert_true (extension_host_proc_is_debugged (tree->program, tree->shim));
}

static void
detach (guint pid)
{
  int status = 0;

  g_assert_cmpint (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, __WALL), ==, pid);
  g_assert_cmpint (ptrace (PTRACE_DETACH, pid, NULL, NULL), ==, 0);
}

static gboolean
may_trace (guint pid)
{
  if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) != 0)
    {
      g_test_skip ("not allowed to trace here");
      return FALSE;
    }
  detach (pid);

  return TRUE;
}

static void
test_program_traced_from_outside_is_debugged (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, sleep_for_ever);
  if (!may_trace (tree.program))
    return;

  assert_seizable (&tree, tree.program);
  detach (tree.program);
  g_assert_false (extension_host_proc_is_debugged (tree.program, tree.shim));
}

static void *
tell_own_number (void *data)
{
  report (data, syscall (SYS_gettid));
  sleep_for_ever (data);

  return NULL;
}

static void
run_with_thread (Line *line)
{
  pthread_t thread;

  pthread_create (&thread, NULL, tell_own_number, line);
  sleep_for_ever (line);
}

static void
test_one_traced_thread_is_enough (void)
{
  g_auto(Tree) tree = { 0 };
  guint thread = 0;

  tree_start (&tree, run_with_thread);
  thread = read_report (&tree);
  if (!may_trace (thread))
    return;

  assert_seizable (&tree, thread);
  detach (thread);
}

static void
run_traced (Line *line)
{
  report (line, ptrace (PTRACE_TRACEME, 0, NULL, NULL) == 0 ? getpid () : 0);
  sleep_for_ever (line);
}

static void *
trace_in_thread (void *data)
{
  spawn (run_traced, data);
  sleep_for_ever (data);

  return NULL;
}

/* The tracer is a thread, and not the one that has the number of its process. */
static void
run_tracing_thread (Line *line)
{
  pthread_t thread;

  pthread_create (&thread, NULL, trace_in_thread, line);
  sleep_for_ever (line);
}

static void
run_tracing (Line *line)
{
  spawn (run_traced, line);
  sleep_for_ever (line);
}

static void
test_child_traced_by_its_parent_is_not_debugged (gconstpointer program)
{
  g_auto(Tree) tree = { 0 };
  guint child = 0;

  tree_start (&tree, (Program) program);
  child = read_report (&tree);
  if (child == 0)
    {
      g_test_skip ("not allowed to trace here");
      return;
    }
  g_assert_true (is_traced (child));
  g_assert_false (extension_host_proc_is_debugged (child, tree.shim));
  g_assert_true (extension_host_proc_is_debugged (child, child));   /* as seen from another tree */
}

static void
run_tracer_of_parent (Line *line)
{
  report (line, ptrace (PTRACE_SEIZE, getppid (), NULL, NULL));
  sleep_for_ever (line);
}

static void
run_traced_by_child (Line *line)
{
  prctl (PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  spawn (run_tracer_of_parent, line);
  sleep_for_ever (line);
}

static void
test_program_traced_by_its_child_is_not_debugged (void)
{
  g_auto(Tree) tree = { 0 };

  tree_start (&tree, run_traced_by_child);
  if (read_report (&tree) != 0)
    {
      g_test_skip ("not allowed to trace here");
      return;
    }
  g_assert_true (is_traced (tree.program));
  g_assert_false (extension_host_proc_is_debugged (tree.program, tree.shim));
}

/* Words */

static void
assert_described (ExtensionHostVerdict  verdict,
                  double                cpu_percent,
                  const char           *expected)
{
  g_autofree char *text = extension_host_proc_describe (verdict, cpu_percent);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_verdicts_in_words (void)
{
  assert_described (NONE, 50, "activity unknown");
  assert_described (RUNNING, -1, "running");
  assert_described (RUNNING, 0, "running at 0 % of a CPU");
  assert_described (RUNNING, 99.6, "running at 100 % of a CPU");
  assert_described (SLEEPING, -1, "sleeping");
  assert_described (SLEEPING, 0.4, "sleeping");
  assert_described (SLEEPING, 198.7, "sleeping while its threads or children use 199 % of a CPU");
  assert_described (STOPPED, -1, "stopped by a signal or a debugger");
  assert_described (UNINTERRUPTIBLE, 0, "waiting for a device or a file system");
  assert_described (BLOCKED, 0, "waiting for its output to be read");
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "C");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/proc/verdict/running", test_busy_loop_is_running);
  g_test_add_func ("/proc/verdict/sleeping", test_pause_is_sleeping);
  g_test_add_func ("/proc/verdict/busy-thread", test_busy_thread_does_not_count);
  g_test_add_func ("/proc/verdict/stopped", test_stopped_is_stopped);
  g_test_add_data_func ("/proc/verdict/full-pipe", write_pipe,
                        test_writer_that_nobody_reads_is_blocked);
  g_test_add_data_func ("/proc/verdict/full-socket", write_socket,
                        test_writer_that_nobody_reads_is_blocked);
  g_test_add_func ("/proc/verdict/reader", test_reader_is_not_blocked);
  g_test_add_func ("/proc/verdict/dead", test_dead_have_no_verdict);
  g_test_add_func ("/proc/verdict/odd-names", test_names_fool_nobody);
  g_test_add_func ("/proc/text/states", test_states_of_text);
  g_test_add_func ("/proc/text/places", test_places_of_writers);
  g_test_add_func ("/proc/text/none", test_text_that_is_none);
  g_test_add_func ("/proc/tracer/outside", test_program_traced_from_outside_is_debugged);
  g_test_add_func ("/proc/tracer/of-one-thread", test_one_traced_thread_is_enough);
  g_test_add_data_func ("/proc/tracer/parent", run_tracing,
                        test_child_traced_by_its_parent_is_not_debugged);
  g_test_add_data_func ("/proc/tracer/thread-of-parent", run_tracing_thread,
                        test_child_traced_by_its_parent_is_not_debugged);
  g_test_add_func ("/proc/tracer/child", test_program_traced_by_its_child_is_not_debugged);
  g_test_add_func ("/proc/words", test_verdicts_in_words);

  return g_test_run ();
}
