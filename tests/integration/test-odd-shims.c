/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A shim that is not ours: it ends at once, says nothing, says too much, or lies. Whatever it is,
 * operations end, the tree ends, and the others have their turn. */

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

#define BRIEF 2000   /* ms: for starts that time out, which is long enough for what is told in them */

static ExtensionHostSpec *
spec_new (TestFixture *self,
          const char  *lie)
{
  ExtensionHostSpec *spec = test_spec_new (self, "host", NULL);
  g_autofree char *entry = g_strconcat ("LIE=", lie, NULL);
  const char *environment[] = { self->tag, entry, NULL };

  g_object_set (spec,
                "environment", environment,
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER,
                "start-timeout", 1000 * TEST_DEADLINE,
                "exit-timeout", 50,
                "term-timeout", 50,
                "kill-timeout", 20000,
                NULL);

  return spec;
}

/* Ended before it was looked at */

static gboolean waits_for_reaping;

/* In the place of GLib's, for this program: it gives the worker of GLib, which reaps the child, the
 * time that only a busy machine would give it. */
const char *
g_subprocess_get_identifier (GSubprocess *subprocess)
{
  static const char *(*get_identifier) (GSubprocess *subprocess);
  gint64 end = g_get_monotonic_time () + TEST_DEADLINE * G_USEC_PER_SEC;
  const char *identifier = NULL;

  if (get_identifier == NULL)
    get_identifier = (const char *(*) (GSubprocess *)) dlsym (RTLD_NEXT,
                                                              "g_subprocess_get_identifier");

  while ((identifier = get_identifier (subprocess)) != NULL && waits_for_reaping)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }

  return identifier;
}

/* Whose session has no number is nobody in particular: kernel threads, and in a container all that
 * came from outside. Should they be taken for the tree, they must not be killed by this test. */
static gboolean
forbid_killing (void)
{
  struct sock_filter rules[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { G_N_ELEMENTS (rules), rules };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 &&
         syscall (SYS_pidfd_send_signal, -1, 0, NULL, 0) == -1 && errno == EPERM;
}

static void
end_at_once (TestFixture *fixture)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, "ends");
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  waits_for_reaping = TRUE;
  extension_host_process_start_async (process, NULL, test_store_result, &result);
  waits_for_reaping = FALSE;
  test_wait_until (fixture, result != NULL);
  g_assert_false (extension_host_process_start_finish (process, result, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
  g_assert_cmpint (extension_host_exit_get_kind (extension_host_process_get_last_exit (process)),
                   ==, EXTENSION_HOST_EXIT_KIND_LOST);
}

static void
test_ended_at_once (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 2 * TEST_DEADLINE * G_USEC_PER_SEC, 0);
      g_test_trap_assert_passed ();
    }
  else if (forbid_killing ())
    {
      end_at_once (fixture);
    }
  else
    {
      g_test_skip ("There are no filters of system calls");
    }
}

/* Says too much */

static gboolean
count (gpointer data)
{
  guint *n = data;

  (*n)++;

  return G_SOURCE_CONTINUE;
}

/* The flood never ends; SIGALRM ends the test should nobody else ever have a turn. */
static void
test_flood (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, "flood");
  ExtensionHostProcess *process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  gpointer weak = process;
  GSource *source = g_timeout_source_new (1);
  guint turns = 0;

  alarm (2 * TEST_DEADLINE);
  g_object_set (spec, "kill-timeout", 3000, NULL);   /* which it takes the stop to end */
  g_source_set_callback (source, count, &turns, NULL);
  g_source_attach (source, fixture->context);

  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_RUNNING));
  turns = 0;
  test_wait_until (fixture, turns > 100);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_RUNNING));

  extension_host_process_stop_async (process, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  outcome = extension_host_process_stop_finish (process, result, NULL);
  g_assert_nonnull (outcome);
  g_clear_object (&result);

  g_object_add_weak_pointer (G_OBJECT (process), &weak);
  g_object_unref (process);
  g_assert_null (weak);
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
  alarm (0);

  g_source_destroy (source);
  g_source_unref (source);
}

/* Lies */

#define STARTS -1
#define E(code) EXTENSION_HOST_ERROR_##code
#define K(kind) EXTENSION_HOST_EXIT_KIND_##kind

#define LOST_EARLY "starting unhealthy crashed"
#define LOST_LATER "starting running unhealthy crashed"

static const struct Tale
{
  const char *lie;
  int start;                    /* what the start fails with */
  const char *path;             /* the states up to the one where it rests */
  ExtensionHostExitKind kind;   /* of the last exit, there */
} tales[] = {
  { "silent",          E (TIMED_OUT),   LOST_EARLY,                 K (LOST) },
  { "gone-first",      E (HOST_EXITED), LOST_EARLY,                 K (LOST) },
  { "exited-first",    E (HOST_EXITED), LOST_EARLY,                 K (LOST) },
  { "garbage",         E (HOST_EXITED), LOST_EARLY,                 K (LOST) },
  { "empty",           E (HOST_EXITED), LOST_EARLY,                 K (LOST) },
  { "endless",         E (HOST_EXITED), LOST_EARLY,                 K (LOST) },
  { "unasked-ok",      E (TIMED_OUT),   LOST_EARLY,                 K (LOST) },
  { "failed-stays",    E (TIMED_OUT),   LOST_EARLY,                 K (SPAWN_FAILED) },
  { "failed-ends",     E (NOT_FOUND),   "starting crashed",         K (SPAWN_FAILED) },
  { "failed-oddly",    E (FAILED),      "starting crashed",         K (SPAWN_FAILED) },
  { "two-spawned",     STARTS,          LOST_LATER,                 K (LOST) },
  { "signalled-by-0",  STARTS,          LOST_LATER,                 K (SIGNALLED) },
  { "signalled-by-64", STARTS,          LOST_LATER,                 K (SIGNALLED) },
  { "signalled-by-65", STARTS,          LOST_LATER,                 K (LOST) },
  { "gone-stays",      STARTS,          "starting running stopped", K (EXITED) },
  { "gone-goes-on",    STARTS,          "starting running stopped", K (EXITED) },
};

static gboolean
rests (ExtensionHostProcess *process)
{
  return is_in (process, EXTENSION_HOST_STATE_CRASHED) ||
         is_in (process, EXTENSION_HOST_STATE_STOPPED);
}

static void
expect_nothing_to_end (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = extension_host_process_stop (process, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_false (extension_host_stop_outcome_get_forced (outcome));
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_NONE);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
  g_assert_cmpint (extension_host_stop_outcome_get_duration (outcome), ==, 0);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

static void
expect_start_error (TestFixture          *fixture,
                    ExtensionHostProcess *process,
                    int                   code)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  extension_host_process_start_async (process, NULL, test_store_result, &result);
  test_wait_until (fixture, result != NULL);
  if (code == STARTS)
    {
      g_assert_true (extension_host_process_start_finish (process, result, &error));
      g_assert_no_error (error);
    }
  else
    {
      g_assert_false (extension_host_process_start_finish (process, result, &error));
      g_assert_error (error, EXTENSION_HOST_ERROR, code);
    }
}

static void
test_tale (TestFixture   *fixture,
           gconstpointer  data)
{
  const struct Tale *tale = data;
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, tale->lie);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *path = NULL;

  if (tale->start == E (TIMED_OUT))
    g_object_set (spec, "start-timeout", BRIEF, NULL);
  expect_start_error (fixture, process, tale->start);
  test_wait_until (fixture, rests (process));
  path = test_record_path (record);
  g_assert_cmpstr (path, ==, tale->path);
  g_assert_cmpint (extension_host_exit_get_kind (extension_host_process_get_last_exit (process)),
                   ==, tale->kind);
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);
  expect_nothing_to_end (process);
}

/* It speaks of processes that are left, and there are none: nobody has to wait for them. */
static void
test_left_many (TestFixture   *fixture,
                gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, "left-many");
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  expect_start_error (fixture, process, STARTS);
  outcome = extension_host_process_stop (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_true (extension_host_stop_outcome_get_forced (outcome));
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);
}

/* The tree went at the end of its input, and no more was needed: the shim that has to be reaped is not of
 * it. That takes this one longer than it should, and others on a busy machine. */
static void
test_gone_lingers (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, "gone-lingers");
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  g_object_set (spec, "exit-timeout", 1000 * TEST_DEADLINE, NULL);
  expect_start_error (fixture, process, STARTS);
  outcome = extension_host_process_stop (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (extension_host_stop_outcome_get_exited (outcome));
  g_assert_false (extension_host_stop_outcome_get_forced (outcome));
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==, EXTENSION_HOST_STOP_RUNG_EOF);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPED));
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);
}

/* What is told of one generation is not what was the matter with the one before. */

static void
test_error_of_this_start (TestFixture   *fixture,
                          gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, "failed-ends");
  g_autoptr(ExtensionHostSpec) silent = spec_new (fixture, "silent");
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_auto(GStrv) environment = NULL;

  expect_start_error (fixture, process, EXTENSION_HOST_ERROR_NOT_FOUND);
  g_object_get (silent, "environment", &environment, NULL);
  g_object_set (spec, "environment", environment, "start-timeout", BRIEF, NULL);
  expect_start_error (fixture, process, EXTENSION_HOST_ERROR_TIMED_OUT);
  test_wait_until (fixture, rests (process));
}

/* The end of the tree before was one by force; this stop has none to end. */
static void
test_outcome_of_this_stop (TestFixture   *fixture,
                           gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = spec_new (fixture, "silent");
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);

  g_object_set (spec,
                "start-timeout", BRIEF,
                "restart", EXTENSION_HOST_RESTART_POLICY_ON_FAILURE,
                "backoff-initial", 1000 * TEST_DEADLINE,
                "backoff-max", 1000 * TEST_DEADLINE,
                "restart-window", 0,
                NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_RESTARTING));
  expect_nothing_to_end (process);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("LYING_SHIM"));
  g_setenv ("EXTENSION_HOST_SHIM", g_getenv ("LYING_SHIM"), TRUE);

  test_add ("/odd-shims/ended-at-once", NULL, test_ended_at_once);
  test_add ("/odd-shims/flood", NULL, test_flood);
  test_add ("/odd-shims/left-many", NULL, test_left_many);
  test_add ("/odd-shims/gone-lingers", NULL, test_gone_lingers);
  test_add ("/odd-shims/error-of-this-start", NULL, test_error_of_this_start);
  test_add ("/odd-shims/outcome-of-this-stop", NULL, test_outcome_of_this_stop);

  for (guint i = 0; i < G_N_ELEMENTS (tales); i++)
    {
      g_autofree char *path = g_strconcat ("/odd-shims/", tales[i].lie, NULL);

      test_add (path, &tales[i], test_tale);
    }

  return g_test_run ();
}
