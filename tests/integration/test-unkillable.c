/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Trees that outlive their KILL, on any kernel: here nobody may send that signal. What is left is
 * said to be there, and the state stays what it is until that is gone. */

/* The lower half of an argument, in the byte order of the machine */
#define ARGUMENT(n) \
  (offsetof (struct seccomp_data, args) + (n) * 8 + (G_BYTE_ORDER == G_BIG_ENDIAN ? 4 : 0))

/* KILL as argument @n of @call is refused. */
#define REFUSE(call, n)                                                      \
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),   \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),                          \
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, ARGUMENT (n)),                         \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SIGKILL, 0, 1),                       \
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* Also to all that is started from now on: the shim has no more success than we have. */
static gboolean
forbid_kill (void)
{
  struct sock_filter rules[] = {
    REFUSE (SYS_kill, 1),
    REFUSE (SYS_tkill, 1),
    REFUSE (SYS_tgkill, 2),
    REFUSE (SYS_rt_sigqueueinfo, 1),
    REFUSE (SYS_pidfd_send_signal, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { G_N_ELEMENTS (rules), rules };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 &&
         kill (getpid (), SIGKILL) == -1 && errno == EPERM;
}

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

/* What ends these all the same. The library and the shim do not know of it. */
#define END SIGUSR1

/* The shim counts what is left each second. */
static ExtensionHostSpec *
spec_new (TestFixture *fixture)
{
  ExtensionHostSpec *spec = test_spec_new (fixture, "host", "--ignore-eof", "--stubborn-children",
                                           "--setsid-grandchild", "--print=ready", NULL);

  g_object_set (spec,
                "exit-timeout", 0,
                "term-timeout", 0,
                "kill-timeout", 5000,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "backoff-initial", 0,
                NULL);

  return spec;
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

static pid_t
find_grandchild (TestFixture          *fixture,
                 ExtensionHostProcess *process)
{
  g_autoptr(GArray) pids = test_find_tagged (fixture);
  pid_t shim = get_shim (process);

  for (guint i = 0; i < pids->len; i++)
    {
      pid_t pid = g_array_index (pids, pid_t, i);

      if (pid != get_program (process) && pid != shim)
        return pid;
    }
  g_assert_not_reached ();
}

static void
assert_control_failure (ExtensionHostProcess *process,
                        guint                 n_left)
{
  GVariant *failure = extension_host_process_get_last_control_failure (process);
  const char *phase = NULL, *reason = NULL;
  guint left = 0;

  g_assert_nonnull (failure);
  g_assert_true (g_variant_lookup (failure, "phase", "&s", &phase));
  g_assert_cmpstr (phase, ==, "kill");
  g_assert_true (g_variant_lookup (failure, "reason", "&s", &reason));
  g_assert_cmpstr (reason, !=, "");
  g_assert_true (g_variant_lookup (failure, "leftover", "u", &left));
  g_assert_cmpuint (left, ==, n_left);
}

static void
stop_in_vain (ExtensionHostProcess *process,
              TestRecord           *record,
              guint                 n_left)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = extension_host_process_stop (process, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (extension_host_stop_outcome_get_forced (outcome));
  g_assert_false (extension_host_stop_outcome_get_exited (outcome));
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_KILL);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, n_left);
  assert_control_failure (process, n_left);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPING));
  g_assert_false (test_record_entered (record, EXTENSION_HOST_STATE_STOPPED));
}

static void
stop (TestFixture          *fixture,
      ExtensionHostProcess *process,
      TestRecord           *record,
      pid_t                 grandchild)
{
  stop_in_vain (process, record, 2);

  g_assert_no_errno (kill (get_program (process), END));
  test_wait_until (fixture, extension_host_process_get_last_exit (process) != NULL);
  stop_in_vain (process, record, 1);

  g_assert_no_errno (kill (grandchild, END));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

static void
on_stopped_in_vain (GObject      *object,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (object);
  gboolean *is_answered = user_data;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_stop_finish (process, result, NULL);

  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 2);
  assert_control_failure (process, 2);
  *is_answered = TRUE;
}

/* Whoever waited for it can look at once. */
static void
stop_and_look (TestFixture          *fixture,
               ExtensionHostProcess *process,
               TestRecord           *record G_GNUC_UNUSED,
               pid_t                 grandchild)
{
  gboolean is_answered = FALSE;

  extension_host_process_stop_async (process, NULL, on_stopped_in_vain, &is_answered);
  test_wait_until (fixture, is_answered);

  g_assert_no_errno (kill (get_program (process), END));
  g_assert_no_errno (kill (grandchild, END));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

/* The program ends, and there is no other one beside what it left behind. */
static void
crash (TestFixture          *fixture,
       ExtensionHostProcess *process,
       TestRecord           *record,
       pid_t                 grandchild)
{
  g_assert_no_errno (kill (get_program (process), END));
  test_wait_until (fixture, extension_host_process_get_last_control_failure (process) != NULL);
  assert_control_failure (process, 1);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_UNHEALTHY));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 1);
  g_assert_false (test_record_entered (record, EXTENSION_HOST_STATE_RESTARTING));

  test_record_clear (record);
  g_assert_no_errno (kill (grandchild, END));
  test_wait_until (fixture, test_record_has_line (record, "ready"));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
  grandchild = find_grandchild (fixture, process);
  g_assert_no_errno (kill (get_program (process), END));
  g_assert_no_errno (kill (grandchild, END));
  extension_host_stop_outcome_unref (extension_host_process_stop (process, NULL, NULL));
}

/* What cannot be killed does not hold up the end of all hosts, and is told. */
static void
shut_down (TestFixture       *fixture,
           ExtensionHostSpec *spec)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(ExtensionHostSpec) mortal = test_spec_new (fixture, "mortal", NULL);
  g_autoptr(GError) error = NULL;
  ExtensionHostStopOutcome *outcome = NULL;
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, NULL);
  g_autoptr(TestRecord) record = test_record_new (process);
  pid_t grandchild = 0;

  test_bring_up (fixture, process, record);
  grandchild = find_grandchild (fixture, process);
  g_assert_true (extension_host_process_start (extension_host_manager_add (manager, mortal, NULL),
                                               NULL));
  report = extension_host_manager_shutdown (manager, 1, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (extension_host_shutdown_report_get_clean (report));
  g_assert_cmpuint (extension_host_shutdown_report_get_n_hosts (report), ==, 2);
  outcome = extension_host_shutdown_report_get_outcome (report, 0);
  g_assert_false (extension_host_stop_outcome_get_exited (outcome));
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 2);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPING));

  /* The report is final; the host goes when its processes do. */
  g_assert_no_errno (kill (get_program (process), END));
  g_assert_no_errno (kill (grandchild, END));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

static void
test_unkillable (TestFixture   *fixture,
                 gconstpointer  data)
{
  void (*end) (TestFixture          *fixture,
               ExtensionHostProcess *process,
               TestRecord           *record,
               pid_t                 grandchild) = data;
  g_autoptr(ExtensionHostSpec) spec = NULL;
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(TestRecord) record = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 2 * TEST_DEADLINE * G_USEC_PER_SEC,
                              G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  if (!forbid_kill ())
    {
      g_test_skip ("There are no filters of system calls");
      return;
    }

  spec = spec_new (fixture);
  if (end == NULL)
    {
      shut_down (fixture, spec);
      test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
      return;
    }

  process = extension_host_process_new (spec);
  record = test_record_new (process);
  test_bring_up (fixture, process, record);
  end (fixture, process, record, find_grandchild (fixture, process));
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/unkillable/stop", stop, test_unkillable);
  test_add ("/unkillable/stop-and-look", stop_and_look, test_unkillable);
  test_add ("/unkillable/crash", crash, test_unkillable);
  test_add ("/unkillable/shutdown", NULL, test_unkillable);

  return g_test_run ();
}
