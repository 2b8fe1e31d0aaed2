/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Trees that cannot be ended for now, or hardly be found. What cannot be ended is said to be there,
 * what is said to be gone is gone, and nobody else is taken for it. */

#define SCATTERED "--ignore-eof", "--stubborn-children", "--setsid-grandchild", "--daemon", \
                  "--print=ready"
#define SCATTERED_TREE 3

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

static gboolean
gave_up (ExtensionHostProcess *process)
{
  return extension_host_process_get_last_control_failure (process) != NULL;
}

/* Each rung is short, and none is gentle. */
static ExtensionHostSpec *
spec_new (TestFixture *self)
{
  ExtensionHostSpec *spec = test_spec_new (self, "host", SCATTERED, NULL);

  g_object_set (spec,
                "exit-timeout", 0,
                "term-timeout", 0,
                "kill-timeout", 300,
                "backoff-initial", 0,
                NULL);

  return spec;
}

/* The freezer: a process in there takes its KILL, and does not die of it before it is thawed. */

#define FREEZER_ROOT "/sys/fs/cgroup/freezer"

static char freezer[64];
static char freezer_state[sizeof freezer + sizeof "/freezer.state"];

/* Also called when a test fails, in a signal handler. */
static gboolean
write_to (const char *path,
          const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gssize n = fd != -1 ? write (fd, text, strlen (text)) : -1;

  if (fd != -1)
    close (fd);

  return n > 0;
}

static void
thaw (void)
{
  write_to (freezer_state, "THAWED");
}

static void
on_fatal (int number)
{
  thaw ();
  signal (number, SIG_DFL);
  raise (number);
}

static gboolean
is_frozen (void)
{
  g_autofree char *state = NULL;

  return g_file_get_contents (freezer_state, &state, NULL, NULL) &&
         g_str_has_prefix (state, "FROZEN");
}

static void
freeze (TestFixture *fixture,
        pid_t        pid)
{
  g_autofree char *file = g_strconcat (freezer, "/cgroup.procs", NULL);
  g_autofree char *text = g_strdup_printf ("%d", (int) pid);

  g_assert_true (write_to (file, text));
  g_assert_true (write_to (freezer_state, "FROZEN"));
  test_wait_polling (fixture, 1, is_frozen ());
}

static void
set_up_freezer (TestFixture   *self,
                gconstpointer  data)
{
  test_set_up (self, data);
  g_snprintf (freezer, sizeof freezer, FREEZER_ROOT "/extension-host-test-%d", (int) getpid ());
  g_snprintf (freezer_state, sizeof freezer_state, "%s/freezer.state", freezer);
  if (mkdir (freezer, 0755) == 0)
    {
      signal (SIGABRT, on_fatal);
      signal (SIGTRAP, on_fatal);   /* g_error () */
      signal (SIGTERM, on_fatal);
    }
}

static void
tear_down_freezer (TestFixture   *self,
                   gconstpointer  data)
{
  thaw ();
  test_wait_polling (self, 5, rmdir (freezer) == 0 || errno != EBUSY);
  test_tear_down (self, data);
}

static gboolean
skip_without_freezer (void)
{
  if (access (freezer_state, W_OK) == 0)
    return FALSE;

  g_test_skip ("There is no " FREEZER_ROOT " (cgroup v1) to make a group in");

  return TRUE;
}

static pid_t
get_program (ExtensionHostProcess *process)
{
  return (pid_t) extension_host_process_get_pid (process);
}

static pid_t
get_shim (ExtensionHostProcess *process)
{
  TestStat stat;

  g_assert_true (test_stat (get_program (process), &stat));
  g_assert_cmpint (stat.parent, !=, getpid ());

  return stat.parent;
}

/* One of the tree that is neither the program nor the shim. */
static pid_t
find_other (TestFixture          *fixture,
            ExtensionHostProcess *process)
{
  g_autoptr(GArray) pids = test_find_tagged (fixture);

  for (guint i = 0; i < pids->len; i++)
    {
      pid_t pid = g_array_index (pids, pid_t, i);

      if (pid != get_program (process) && pid != get_shim (process))
        return pid;
    }
  g_assert_not_reached ();
}

static ExtensionHostStopOutcome *
stop_in_vain (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostStopOutcome *outcome = extension_host_process_stop (process, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), >, 0);
  g_assert_false (extension_host_stop_outcome_get_exited (outcome));
  g_assert_true (extension_host_stop_outcome_get_forced (outcome));
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPING));
  g_assert_true (gave_up (process));

  return outcome;
}

static void
test_stop_frozen (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(ExtensionHostStopOutcome) again = NULL;

  if (skip_without_freezer ())
    return;

  /* There is an exit, and it is not that of the program which is frozen next. */
  test_bring_up (fixture, process, record);
  g_assert_no_errno (kill (get_program (process), SIGKILL));
  test_record_clear (record);
  test_wait_until (fixture, test_record_has_line (record, "ready"));
  g_assert_nonnull (extension_host_process_get_last_exit (process));

  freeze (fixture, get_program (process));
  outcome = stop_in_vain (process);
  g_assert_null (extension_host_stop_outcome_get_exit (outcome));
  again = stop_in_vain (process);
  g_assert_null (extension_host_stop_outcome_get_exit (again));

  thaw ();
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
  g_assert_cmpuint (extension_host_exit_get_generation (
                      extension_host_process_get_last_exit (process)), ==, 2);
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);
}

/* A start that waits for the end of what cannot be ended ends as its stop did. */
static void
test_start_after_frozen (TestFixture   *fixture,
                         gconstpointer  data)
{
  gboolean restarts = GPOINTER_TO_INT (data);
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  if (skip_without_freezer ())
    return;

  test_bring_up (fixture, process, record);
  freeze (fixture, get_program (process));
  extension_host_stop_outcome_unref (stop_in_vain (process));
  if (restarts)
    extension_host_process_restart_async (process, NULL, test_store_result, &result);
  else
    extension_host_process_start_async (process, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  if (restarts)
    g_assert_false (extension_host_process_restart_finish (process, result, &error));
  else
    g_assert_false (extension_host_process_start_finish (process, result, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPING));

  /* The waiting ended, the wish did not. */
  test_record_clear (record);
  thaw ();
  test_wait_until (fixture, test_record_has_line (record, "ready"));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
}

static void
test_unhealthy_frozen (TestFixture   *fixture,
                       gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);

  if (skip_without_freezer ())
    return;

  test_bring_up (fixture, process, record);
  freeze (fixture, find_other (fixture, process));
  g_assert_no_errno (kill (get_program (process), SIGKILL));
  test_wait_until (fixture, gave_up (process));
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_UNHEALTHY));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 1);
  g_assert_false (test_record_entered (record, EXTENSION_HOST_STATE_RESTARTING));

  test_record_clear (record);
  thaw ();
  test_wait_until (fixture, test_record_has_line (record, "ready"));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
}

static void
test_remove_frozen (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, NULL);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) again = NULL;
  g_autoptr(GError) error = NULL;

  if (skip_without_freezer ())
    return;

  test_bring_up (fixture, process, record);
  freeze (fixture, get_program (process));
  extension_host_manager_remove_async (manager, "host", NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  g_assert_false (extension_host_manager_remove_finish (manager, result, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
  g_assert_true (extension_host_manager_lookup (manager, "host") == process);

  thaw ();
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
  extension_host_manager_remove_async (manager, "host", NULL, test_store_result, &again);
  test_wait_until (fixture, again != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, again, NULL));
  g_assert_null (extension_host_manager_lookup (manager, "host"));
}

static void
test_dispose_frozen (TestFixture   *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  ExtensionHostProcess *process = extension_host_process_new (spec);
  TestRecord *record = test_record_new (process);
  gpointer weak = process;
  pid_t program = 0;

  if (skip_without_freezer ())
    {
      test_record_free (record);
      g_object_unref (process);
      return;
    }

  test_bring_up (fixture, process, record);
  test_record_free (record);
  program = get_program (process);
  freeze (fixture, program);
  g_object_add_weak_pointer (G_OBJECT (process), &weak);
  g_object_unref (process);
  g_assert_null (weak);

  /* The rest is gone; the shim stays for the one that is frozen. */
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == test_expected_count (1, 1));
  g_assert_true (test_is_alive (program));
  thaw ();
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
}

/* The shim is lost, and the rest is hard to find */

/* Kills the shim of a host that is not restarted, once all of its tree is there. */
static void
lose_shim (TestFixture          *fixture,
           ExtensionHostProcess *process)
{
  test_wait_polling (fixture, 5, test_count_tagged (fixture) ==
                                 test_expected_count (SCATTERED_TREE, 1));
  g_assert_no_errno (kill (get_shim (process), SIGKILL));
}

static void
test_large_environment (TestFixture   *fixture,
                        gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *text = g_strnfill (100 * 1000, 'x');
  g_auto(GStrv) environment = NULL;

  g_strv_builder_add (builder, fixture->tag);
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *entry = g_strdup_printf ("LARGE_%u=%s", i, text);

      g_strv_builder_add (builder, entry);
    }
  environment = g_strv_builder_end (builder);
  g_object_set (spec,
                "environment", environment,
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER,
                NULL);

  test_bring_up (fixture, process, record);
  lose_shim (fixture, process);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);
}

#define LIMIT 32   /* below it all descriptors are taken, and above it none is to be had */

static void
test_no_descriptors (TestFixture   *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  struct rlimit before, none;
  int taken[LIMIT];
  guint n = 0;

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  none = before;
  none.rlim_cur = LIMIT;
  while ((taken[n] = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) < LIMIT - 1)
    n++;

  test_bring_up (fixture, process, record);
  lose_shim (fixture, process);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &none));
  test_wait_until (fixture, gave_up (process) || is_in (process, EXTENSION_HOST_STATE_CRASHED));
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));

  /* It has seen nothing, and does not take that for an answer. */
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_UNHEALTHY));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);

  for (guint i = 0; i <= n; i++)
    close (taken[i]);
}

/* A pid namespace that sees the /proc of its parent: the numbers there are not those it knows. */

/* A process of no host that has, in our namespace, the number @pid. 0 if that cannot be had. */
static pid_t
make_stranger (pid_t pid)
{
  g_autofree char *last = g_strdup_printf ("%d", (int) pid - 1);
  pid_t stranger = 0;

  if (!write_to ("/proc/sys/kernel/ns_last_pid", last))
    return 0;

  stranger = fork ();
  g_assert_cmpint (stranger, !=, -1);
  if (stranger == 0)
    {
      setsid ();
      alarm (2 * TEST_DEADLINE);
      while (TRUE)
        pause ();
    }

  return stranger;
}

static gboolean
lose_shim_in_namespace (TestFixture *fixture)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GArray) outside = NULL;
  g_autoptr(GArray) strangers = g_array_new (FALSE, FALSE, sizeof (pid_t));

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  test_bring_up (fixture, process, record);
  test_wait_polling (fixture, 5, test_count_tagged (fixture) ==
                                 test_expected_count (SCATTERED_TREE, 1));

  outside = test_find_tagged (fixture);
  for (guint i = 0; i < outside->len; i++)
    {
      pid_t pid = g_array_index (outside, pid_t, i);

      if (make_stranger (pid) == pid)
        g_array_append_val (strangers, pid);
    }
  g_test_message ("%u strangers have numbers of the tree", strangers->len);

  /* The program leads no session: its is that of the shim. */
  g_assert_no_errno (kill (getsid (get_program (process)), SIGKILL));
  test_wait_until (fixture, gave_up (process) || is_in (process, EXTENSION_HOST_STATE_CRASHED));
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_UNHEALTHY));
  for (guint i = 0; i < strangers->len; i++)
    g_assert_cmpint (waitpid (g_array_index (strangers, pid_t, i), NULL, WNOHANG), ==, 0);

  return TRUE;
}

/* Runs @func in a child. FALSE if it fails. */
static gboolean
run_in_child (gboolean    (*func) (TestFixture *fixture),
              TestFixture  *fixture)
{
  int status = 0;
  pid_t child = fork ();

  g_assert_cmpint (child, !=, -1);
  if (child == 0)
    _exit (func (fixture) ? 0 : 1);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);

  return status == 0;
}

static gboolean
make_namespace (TestFixture *fixture G_GNUC_UNUSED)
{
  return unshare (CLONE_NEWPID) == 0;
}

/* The next child is the first process in there, whose end is the end of all others. */
static gboolean
run_in_namespace (TestFixture *fixture)
{
  return make_namespace (fixture) && run_in_child (lose_shim_in_namespace, fixture);
}

static void
test_foreign_proc (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  if (g_test_subprocess ())
    {
      g_assert_true (run_in_child (run_in_namespace, fixture));
      return;
    }

  if (!run_in_child (make_namespace, fixture))
    {
      g_test_skip ("It takes root, or CAP_SYS_ADMIN, to make a pid namespace");
      return;
    }

  /* Without the threads of GLib, which a child would lack */
  g_test_trap_subprocess (NULL, 2 * TEST_DEADLINE * G_USEC_PER_SEC, 0);
  g_test_trap_assert_passed ();
}

/* Joining a stop makes it faster, or leaves it as it is. */
static void
test_terminate_while_stopping (TestFixture   *fixture,
                               gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", "--ignore-term",
                                                     "--ignore-eof", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autoptr(GAsyncResult) terminated = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  guint never = 10 * 1000 * TEST_DEADLINE;

  g_object_set (spec,
                "exit-timeout", 50,
                "term-timeout", 50,
                NULL);
  test_bring_up (fixture, process, record);
  extension_host_process_stop_async (process, NULL, test_store_result, &stopped);
  extension_host_process_terminate_async (process, never, NULL, test_store_result, &terminated);
  test_wait_until (fixture, stopped != NULL && terminated != NULL);
  outcome = extension_host_process_stop_finish (process, stopped, NULL);
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_KILL);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

#define add_frozen(path, data, function) \
  g_test_add (path, TestFixture, data, set_up_freezer, function, tear_down_freezer)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/odd-trees/foreign-proc", NULL, test_foreign_proc);
  test_add ("/odd-trees/no-descriptors", NULL, test_no_descriptors);
  test_add ("/odd-trees/large-environment", NULL, test_large_environment);
  test_add ("/odd-trees/terminate-while-stopping", NULL, test_terminate_while_stopping);
  add_frozen ("/odd-trees/frozen/stop", NULL, test_stop_frozen);
  add_frozen ("/odd-trees/frozen/start", GINT_TO_POINTER (FALSE), test_start_after_frozen);
  add_frozen ("/odd-trees/frozen/restart", GINT_TO_POINTER (TRUE), test_start_after_frozen);
  add_frozen ("/odd-trees/frozen/unhealthy", NULL, test_unhealthy_frozen);
  add_frozen ("/odd-trees/frozen/remove", NULL, test_remove_frozen);
  add_frozen ("/odd-trees/frozen/dispose", NULL, test_dispose_frozen);

  return g_test_run ();
}
