/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extension-host-reactor-private.h"

/* What applications do with their objects, threads, children and descriptors, and what they find
 * when they were started. None of it may hurt them, or leave a host behind. */

#define UNREF_WITHIN (6 * 1000)   /* µs: by then the host has crashed and begun anew */

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

static pid_t
get_shim (ExtensionHostProcess *process)
{
  TestStat stat;

  g_assert_true (test_stat ((pid_t) extension_host_process_get_pid (process), &stat));
  g_assert_cmpint (stat.parent, !=, getpid ());

  return stat.parent;
}

/* Stops it and expects that it went by itself when its input was closed. */
static void
expect_gentle_stop (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = extension_host_process_stop (process, NULL, &error);
  ExtensionHostExit *exit = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_EOF);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
  exit = extension_host_stop_outcome_get_exit (outcome);
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, EXTENSION_HOST_EXIT_KIND_EXITED);
  g_assert_cmpint (extension_host_exit_get_code (exit), ==, 0);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

/* Runs the test that is running in a program of its own: what it does to the whole process would
 * hurt the others. FALSE in the program itself. */
static gboolean
in_own_program (void)
{
  if (g_test_subprocess ())
    return FALSE;

  g_test_trap_subprocess (NULL, TEST_DEADLINE * G_USEC_PER_SEC, 0);

  return TRUE;
}

/* Threads */

static gpointer
unref_some_time (gpointer process)
{
  g_usleep ((gulong) g_random_int_range (0, UNREF_WITHIN));
  g_object_unref (process);

  return NULL;
}

/* A garbage collector has no idea what the host is busy with: it crashes and is restarted. */
static void
test_collected_while_busy (TestFixture   *fixture,
                           gconstpointer  data G_GNUC_UNUSED)
{
  static const char *const found[] = { "true", NULL };
  static const char *const missing[] = { "/nonexistent/program", NULL };
  const char *environment[] = { fixture->tag, NULL };
  guint rounds = g_test_slow () ? 400 : 100;

  for (guint i = 0; i < rounds; i++)
    {
      g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("host", i % 3 ? found : missing);
      ExtensionHostProcess *process = extension_host_process_new (spec);
      gpointer weak = process;
      GThread *thread = NULL;

      g_object_set (spec,
                    "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                    "environment", environment,
                    "backoff-initial", 1,
                    "backoff-max", 1,
                    "max-restarts", 1000,
                    NULL);
      g_object_add_weak_pointer (G_OBJECT (process), &weak);
      g_assert_true (extension_host_process_start (process, NULL));
      thread = g_thread_new ("collector", unref_some_time, process);
      test_wait_until (fixture, weak == NULL);
      g_thread_join (thread);
    }

  g_assert_false (extension_host_reactor_exists (fixture->context));
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

typedef struct
{
  GMainContext *context;
  gboolean runs;   /* atomic */
} Runner;

static gpointer
run_context (gpointer data)
{
  Runner *runner = data;

  g_assert_true (g_main_context_acquire (runner->context));
  g_atomic_int_set (&runner->runs, TRUE);
  while (TRUE)
    g_main_context_iteration (runner->context, TRUE);

  return NULL;
}

/* Who made it has no say any more once another thread runs the context. */
static void
test_context_of_another_thread (TestFixture   *fixture,
                                gconstpointer  data)
{
  gboolean on_manager = GPOINTER_TO_INT (data);

  if (in_own_program ())
    {
      g_test_trap_assert_failed ();
      g_test_trap_assert_stderr ("*CRITICAL*is_own_thread*");
    }
  else
    {
      g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", NULL);
      g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
      g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
      Runner runner = { fixture->context, FALSE };

      g_main_context_pop_thread_default (fixture->context);
      g_thread_new ("runner", run_context, &runner);
      while (!g_atomic_int_get (&runner.runs))
        g_thread_yield ();
      if (on_manager)
        extension_host_manager_add (manager, spec, NULL);
      else
        extension_host_process_start (process, NULL);
      _exit (0);   /* nobody said a word */
    }
}

typedef struct
{
  TestFixture *fixture;
  ExtensionHostProcess *process;
  TestRecord *record;
} Bringer;

static gpointer
bring_up_here (gpointer data)
{
  Bringer *bringer = data;

  g_main_context_push_thread_default (bringer->fixture->context);
  test_bring_up (bringer->fixture, bringer->process, bringer->record);
  g_main_context_pop_thread_default (bringer->fixture->context);

  return NULL;
}

/* For the kernel the parent of the shim is the thread that spawned it. Its end is not that of the
 * application. */
static void
test_spawned_by_thread_that_ends (TestFixture   *fixture,
                                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  Bringer bringer = { fixture, process, record };
  g_autofree char *path = NULL;

  g_main_context_pop_thread_default (fixture->context);
  g_thread_join (g_thread_new ("bringer", bring_up_here, &bringer));
  g_main_context_push_thread_default (fixture->context);
  expect_gentle_stop (process);
  path = test_record_path (record);
  g_assert_cmpstr (path, ==, "starting running stopping stopped");
}

/* The context */

/* It belongs to the host whether or not who runs it has pushed it. */
static void
test_context_not_pushed (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", "--daemon", "--print=ready",
                                                     NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);

  g_object_set (spec, "backoff-initial", 0, NULL);
  g_main_context_pop_thread_default (fixture->context);

  test_bring_up (fixture, process, record);
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (process), SIGKILL));
  test_record_clear (record);
  test_wait_until (fixture, test_record_has_line (record, "ready"));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);

  g_assert_no_errno (kill (get_shim (process), SIGKILL));
  test_record_clear (record);
  test_wait_until (fixture, test_record_has_line (record, "ready"));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 3);

  extension_host_process_kill_async (process, NULL, NULL, NULL);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);

  g_main_context_push_thread_default (fixture->context);
}

/* Objects */

/* What bindings do for “Process()”. */
static void
test_without_spec (TestFixture   *fixture G_GNUC_UNUSED,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = g_object_new (EXTENSION_HOST_TYPE_PROCESS, NULL);
  g_autoptr(ExtensionHostProcess) bare = NULL;
  g_autoptr(ExtensionHostSpec) spec = g_object_new (EXTENSION_HOST_TYPE_SPEC, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (extension_host_process_get_spec (process));
  g_assert_false (extension_host_process_start (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPED));
  g_clear_error (&error);

  bare = extension_host_process_new (spec);
  g_assert_false (extension_host_process_start (bare, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
}

static void
drop_manager (ExtensionHostManager  *manager G_GNUC_UNUSED,
              guint                  position G_GNUC_UNUSED,
              guint                  removed,
              guint                  added,
              ExtensionHostManager **place)
{
  g_assert_cmpuint (removed + added, ==, 1);
  g_clear_object (place);
}

static void
test_drop_in_items_changed (TestFixture   *fixture,
                            gconstpointer  data)
{
  gboolean on_removal = GPOINTER_TO_INT (data);
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", NULL);
  ExtensionHostManager *manager = extension_host_manager_new ();
  gpointer weak = manager;
  g_autoptr(GAsyncResult) result = NULL;

  g_object_add_weak_pointer (G_OBJECT (manager), &weak);
  if (on_removal)
    extension_host_manager_add (manager, spec, NULL);
  g_signal_connect (manager, "items-changed", G_CALLBACK (drop_manager), &manager);

  if (on_removal)
    {
      extension_host_manager_remove_async (manager, "host", NULL, test_store_result, &result);
      test_wait_until (fixture, result != NULL);
      g_assert_true (extension_host_manager_remove_finish (weak, result, NULL));
      g_clear_object (&result);
      while (g_main_context_iteration (fixture->context, FALSE))
        ;
    }
  else
    {
      extension_host_manager_add (manager, spec, NULL);
    }

  g_assert_null (manager);
  g_assert_null (weak);
}

typedef struct
{
  gboolean done;
  guint leftover;
} Blocked;

static void
stop_when_lost (ExtensionHostProcess *process,
                GParamSpec           *pspec G_GNUC_UNUSED,
                Blocked              *blocked)
{
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  if (extension_host_process_get_pid (process) != 0 || blocked->done)
    return;

  outcome = extension_host_process_stop (process, NULL, &error);
  g_assert_no_error (error);
  blocked->leftover = extension_host_stop_outcome_get_leftover (outcome);
  blocked->done = TRUE;
}

/* The tree that is waited for must be looked for meanwhile. */
static void
test_block_when_shim_is_lost (TestFixture   *fixture,
                              gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", "--ignore-eof", "--daemon",
                                                     "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  Blocked blocked = { FALSE, 0 };

  test_bring_up (fixture, process, record);
  g_signal_connect (process, "notify::pid", G_CALLBACK (stop_when_lost), &blocked);
  g_assert_no_errno (kill (get_shim (process), SIGKILL));
  test_wait_until (fixture, blocked.done);
  g_assert_cmpuint (blocked.leftover, ==, 0);
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
  g_assert_cmpuint (test_count_tagged (fixture), ==, 0);
}

/* Children */

static gboolean
has_ended (pid_t pid)
{
  int status = 0;

  if (waitpid (pid, &status, WNOHANG) != pid)
    return FALSE;

  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);

  return TRUE;
}

/* A child that was forked without exec drops its copies: they are its parent's. */
static void
test_forked_child_drops (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *path = NULL;
  pid_t child = 0;

  test_bring_up (fixture, process, record);
  child = fork ();
  g_assert_cmpint (child, !=, -1);
  if (child == 0)
    {
      g_object_unref (process);
      _exit (0);
    }

  test_wait_polling (fixture, 5, has_ended (child));
  expect_gentle_stop (process);
  path = test_record_path (record);
  g_assert_cmpstr (path, ==, "starting running stopping stopped");
}

typedef enum
{
  IGNORES_CHILDREN,
  STEALS_CHILDREN,
  STEALS_IN_HANDLER,
  BLOCKS_SIGNAL,
} ChildHabit;

static gpointer
steal_children (gpointer data G_GNUC_UNUSED)
{
  while (TRUE)
    if (waitpid (-1, NULL, 0) == -1)
      g_usleep (1000);   /* there are none at the moment */

  return NULL;
}

static void
on_child_signal (int number G_GNUC_UNUSED)
{
  int error = errno;   /* of whatever was interrupted */

  while (waitpid (-1, NULL, WNOHANG) > 0)
    ;
  errno = error;
}

static void
take_habit (ChildHabit habit)
{
  sigset_t signals;

  switch (habit)
    {
    case IGNORES_CHILDREN:
      signal (SIGCHLD, SIG_IGN);
      break;
    case STEALS_CHILDREN:
      g_thread_unref (g_thread_new ("thief", steal_children, NULL));
      break;
    case STEALS_IN_HANDLER:
      signal (SIGCHLD, on_child_signal);
      break;
    case BLOCKS_SIGNAL:
      sigemptyset (&signals);
      sigaddset (&signals, SIGCHLD);
      g_assert_no_errno (sigprocmask (SIG_BLOCK, &signals, NULL));
      break;
    default:
      g_assert_not_reached ();
    }
}

static const struct ChildCase
{
  const char *path;
  ChildHabit habit;
  gboolean early;   /* before the host is started */
} child_cases[] = {
  { "/odd-applications/ignores-children", IGNORES_CHILDREN, TRUE },
  { "/odd-applications/ignores-children-later", IGNORES_CHILDREN, FALSE },
  { "/odd-applications/steals-children", STEALS_CHILDREN, TRUE },
  { "/odd-applications/steals-children-later", STEALS_CHILDREN, FALSE },
  { "/odd-applications/steals-in-handler", STEALS_IN_HANDLER, FALSE },
  { "/odd-applications/blocks-child-signal", BLOCKS_SIGNAL, TRUE },
};

static void
test_children (TestFixture   *fixture,
               gconstpointer  data)
{
  const struct ChildCase *row = data;

  if (in_own_program ())
    {
      g_test_trap_assert_passed ();
    }
  else
    {
      g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", "--daemon",
                                                         "--print=ready", NULL);
      g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
      g_autoptr(TestRecord) record = test_record_new (process);

      g_log_set_always_fatal (G_LOG_FATAL_MASK);   /* GLib warns of the child that it cannot reap */
      g_object_set (spec, "backoff-initial", 0, NULL);
      if (row->early)
        take_habit (row->habit);
      test_bring_up (fixture, process, record);
      if (!row->early)
        take_habit (row->habit);

      g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (process), SIGKILL));
      test_record_clear (record);
      test_wait_until (fixture, test_record_has_line (record, "ready"));
      g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
      expect_gentle_stop (process);
      g_assert_cmpuint (test_count_tagged (fixture), ==, 0);
    }
}

/* Descriptors */

/* Whether it is one of those that the hosts of this program hang on. */
static gboolean
leads_to_host (int fd)
{
  struct stat stat;

  return fstat (fd, &stat) == 0 && (S_ISFIFO (stat.st_mode) || S_ISSOCK (stat.st_mode));
}

/* Started without standard streams: what it prints must not go to a host, nor what hosts print get
 * lost. @data has a bit for each one that is missing. */
static void
test_without_streams (TestFixture   *fixture,
                      gconstpointer  data)
{
  guint missing = GPOINTER_TO_UINT (data);

  if (in_own_program ())
    {
      g_test_trap_assert_passed ();
    }
  else
    {
      g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "host", "--print=ready",
                                                         "--print-stderr=complaint", NULL);
      g_autoptr(ExtensionHostProcess) process = NULL;
      g_autoptr(TestRecord) record = NULL;

      for (int fd = 0; fd < 3; fd++)
        if (missing & 1u << fd)
          close (fd);

      process = extension_host_process_new (spec);
      record = test_record_new (process);
      test_bring_up (fixture, process, record);
      test_wait_until (fixture, test_record_has_line (record, "complaint"));
      for (int fd = 0; fd < 3; fd++)
        if (missing & 1u << fd)
          g_assert_false (leads_to_host (fd));
      expect_gentle_stop (process);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/odd-applications/collected-while-busy", NULL, test_collected_while_busy);
  test_add ("/odd-applications/context-of-another-thread", GINT_TO_POINTER (FALSE),
            test_context_of_another_thread);
  test_add ("/odd-applications/manager-of-another-thread", GINT_TO_POINTER (TRUE),
            test_context_of_another_thread);
  test_add ("/odd-applications/spawned-by-thread-that-ends", NULL,
            test_spawned_by_thread_that_ends);
  test_add ("/odd-applications/context-not-pushed", NULL, test_context_not_pushed);
  test_add ("/odd-applications/without-spec", NULL, test_without_spec);
  test_add ("/odd-applications/drop-when-added", GINT_TO_POINTER (FALSE),
            test_drop_in_items_changed);
  test_add ("/odd-applications/drop-when-removed", GINT_TO_POINTER (TRUE),
            test_drop_in_items_changed);
  test_add ("/odd-applications/block-when-shim-is-lost", NULL, test_block_when_shim_is_lost);
  test_add ("/odd-applications/forked-child-drops", NULL, test_forked_child_drops);
  for (guint i = 0; i < G_N_ELEMENTS (child_cases); i++)
    test_add (child_cases[i].path, &child_cases[i], test_children);
  for (guint missing = 1; missing < 8; missing++)
    {
      g_autofree char *path = g_strdup_printf ("/odd-applications/without-streams/%s%s%s",
                                               missing & 1 ? "0" : "", missing & 2 ? "1" : "",
                                               missing & 4 ? "2" : "");

      test_add (path, GUINT_TO_POINTER (missing), test_without_streams);
    }

  return g_test_run ();
}
