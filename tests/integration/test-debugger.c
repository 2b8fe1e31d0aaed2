/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host that somebody looks into with a debugger: it is silent for good reason, and nothing is
 * concluded from that. We are the debugger, which is outside of the tree of the host. */

#include "health-util.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* FALSE where nobody may trace. */
static gboolean
attach (pid_t pid)
{
  int status = 0;

  if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) == -1)
    {
      g_autofree char *why = g_strdup_printf ("PTRACE_SEIZE: %s", g_strerror (errno));

      g_test_skip (why);
      return FALSE;
    }

  g_assert_no_errno (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL));
  g_assert_cmpint (waitpid (pid, &status, __WALL), ==, pid);
  g_assert_true (WIFSTOPPED (status));

  return TRUE;
}

static void
detach (pid_t pid)
{
  g_assert_no_errno (ptrace (PTRACE_DETACH, pid, NULL, NULL));
}

/* A signal that waited for the debugger to go arrives when the kernel next runs the host, which on a
 * busy machine is later than the next look at it. */
static void
await_stopped (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *stat = NULL;

  do
    {
      g_clear_pointer (&stat, g_free);
      g_assert_true (g_file_get_contents (path, &stat, NULL, NULL));
    }
  while (strstr (stat, ") T ") == NULL);
}

/* Stopped for much longer than it may be silent: then it is let go, answers, and hangs. */
static void
test_running (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 2));
  g_autoptr(HealthRecord) record = health_record_new (process);
  guint n_failing = 0;

  health_wait_checks (fixture, record, 1);
  if (!attach (health_get_pid (process)))
    return;
  health_wait_checks (fixture, record, 2 * HEALTH_LONG);
  health_assert_spared (record);
  n_failing = record->checks->len;

  detach (health_get_pid (process));
  test_wait_until (fixture, health_was_well (record, n_failing));
  health_hang (fixture, process, "sleeping");
  health_wait_incident (fixture, record);
  test_wait_until (fixture, extension_host_process_get_generation (process) == 2);
}

/* A debugger that has gone has been heeded for long enough. */
static void
test_left_hanging (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, health_spec_new (fixture, 1));
  g_autoptr(HealthRecord) record = health_record_new (process);

  health_wait_checks (fixture, record, 1);
  if (!attach (health_get_pid (process)))
    return;
  kill (health_get_pid (process), SIGSTOP);
  health_wait_checks (fixture, record, HEALTH_LONG);
  health_assert_spared (record);

  detach (health_get_pid (process));
  await_stopped (health_get_pid (process));
  health_wait_incident (fixture, record);
  g_assert_cmpint (extension_host_health_get_verdict (g_ptr_array_index (record->incidents, 0)), ==,
                   EXTENSION_HOST_VERDICT_STOPPED);
  test_wait_until (fixture, extension_host_process_get_generation (process) == 2);
}

/* Who looks at how it starts has as much time as that takes. */
static void
test_starting (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;
  gint64 end = 0;

  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, "start-timeout", 500,
                NULL);
  process = extension_host_process_new (spec);
  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, NULL));
  g_assert_true (extension_host_process_pause (process, NULL));   /* no time passes till we are there */
  rpc_wait_running (fixture, process);
  record = health_record_new (process);
  if (!attach (health_get_pid (process)))
    return;
  g_assert_true (extension_host_process_resume (process, NULL));
  end = g_get_monotonic_time () + 5 * 500 * 1000;
  test_wait_polling (fixture, 10, g_get_monotonic_time () > end);
  health_assert_spared (record);

  detach (health_get_pid (process));
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_assert_cmpstr (record->order->str, ==, "unhealthy crashed");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/debugger/running", NULL, test_running);
  test_add ("/debugger/left-hanging", NULL, test_left_hanging);
  test_add ("/debugger/starting", NULL, test_starting);

  return g_test_run ();
}
