/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host may come and go as often as it likes: afterwards everything is as it was. */

#include "extension-host-reactor-private.h"
#include "test-util.h"

#define N_CYCLES (TEST_SANITIZED || g_test_quick () ? 200u : 1000u)

/* What a context asks to be woken for, and what the process holds */
typedef struct
{
  guint n_fds;
  guint n_threads;
  int n_polled;
  int timeout;
} Holdings;

static Holdings
take_stock (TestFixture *self)
{
  Holdings holdings = { 0 };
  GPollFD fds[16];
  int priority = 0;

  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_prepare (self->context, &priority);
  holdings.n_polled = g_main_context_query (self->context, G_MAXINT, &holdings.timeout, fds,
                                            G_N_ELEMENTS (fds));
  holdings.n_fds = test_count_fds ();
  holdings.n_threads = test_count_threads ();

  return holdings;
}

static gboolean
are_equal (const Holdings *a,
           const Holdings *b)
{
  return a->n_fds == b->n_fds && a->n_threads == b->n_threads && a->n_polled == b->n_polled &&
         a->timeout == b->timeout;
}

/* A thread that has done its work takes a moment to end. */
static void
expect_as_before (TestFixture    *self,
                  const Holdings *before)
{
  Holdings after = take_stock (self);
  gint64 end = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;

  while (!are_equal (before, &after) && g_get_monotonic_time () < end)
    {
      g_usleep (10 * 1000);
      after = take_stock (self);
    }

  g_test_message ("before and after: %u, %u descriptors; %u, %u threads; %d, %d polled",
                  before->n_fds, after.n_fds, before->n_threads, after.n_threads,
                  before->n_polled, after.n_polled);
  g_assert_cmpuint (after.n_fds, ==, before->n_fds);
  g_assert_cmpuint (after.n_threads, ==, before->n_threads);
  g_assert_cmpint (after.n_polled, ==, before->n_polled);
  g_assert_cmpint (after.timeout, ==, before->timeout);
  g_assert_false (extension_host_reactor_exists (self->context));
  g_assert_false (test_has_children ());
  g_assert_cmpuint (test_count_tagged (self), ==, 0);
}

static ExtensionHostProcess *
process_of (ExtensionHostSpec *spec)
{
  ExtensionHostProcess *process = extension_host_process_new (spec);

  g_object_unref (spec);

  return process;
}

/* Drops the last reference and sees the object go. */
static void
drop (ExtensionHostProcess *process)
{
  gpointer object = process;

  g_object_add_weak_pointer (G_OBJECT (process), &object);
  g_object_unref (process);
  g_assert_null (object);
}

static void
start (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;

  extension_host_process_start (process, &error);
  g_assert_no_error (error);
}

static void
wait_running (TestFixture          *self,
              ExtensionHostProcess *process)
{
  test_wait_until (self, extension_host_process_get_state (process) ==
                         EXTENSION_HOST_STATE_RUNNING);
}

static void
stop (TestFixture          *self,
      ExtensionHostProcess *process)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  extension_host_process_stop_async (process, NULL, test_store_result, &result);
  test_wait_until (self, result != NULL);
  outcome = extension_host_process_stop_finish (process, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
}

/* All that GLib and we make once and keep */
static void
warm_up (TestFixture *self)
{
  ExtensionHostProcess *process = process_of (test_spec_new (self, "warm", NULL));

  start (process);
  wait_running (self, process);
  stop (self, process);
  drop (process);
}

static void
test_start_stop (TestFixture   *self,
                 gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostProcess *process = NULL;
  guint n_fds;
  Holdings before;

  warm_up (self);
  before = take_stock (self);
  process = process_of (test_spec_new (self, "host", NULL));

  start (process);
  wait_running (self, process);
  stop (self, process);
  n_fds = test_count_fds ();
  for (guint i = 1; i < N_CYCLES; i++)
    {
      start (process);
      wait_running (self, process);
      stop (self, process);
      g_assert_false (test_has_children ());
      g_assert_cmpuint (test_count_fds (), <=, n_fds + 2);   /* GLib closes its pidfds in a thread */
    }

  g_assert_cmpuint (extension_host_process_get_generation (process), ==, N_CYCLES);
  g_assert_cmpuint (extension_host_process_get_sequence (process), ==, 4 * N_CYCLES);
  drop (process);
  expect_as_before (self, &before);
}

/* Dropped at any moment of its life, without a stop */
static void
test_start_drop (TestFixture   *self,
                 gconstpointer  data G_GNUC_UNUSED)
{
  Holdings before;

  warm_up (self);
  before = take_stock (self);
  for (guint i = 0; i < N_CYCLES; i++)
    {
      ExtensionHostProcess *process = process_of (test_spec_new (self, "host", NULL));

      start (process);
      if (i % 4 == 1)
        wait_running (self, process);
      else if (i % 4 > 1)
        for (guint turn = 0; turn < i % 7; turn++)
          g_main_context_iteration (self->context, FALSE);
      if (i % 4 == 3)
        extension_host_process_stop_async (process, NULL, NULL, NULL);

      if (i % 4 == 3)
        g_object_unref (process);   /* the stop may hold it for as long as it takes */
      else
        drop (process);
    }

  test_wait_polling (self, 10, test_count_tagged (self) == 0);
  test_wait_polling (self, 10, !test_has_children ());
  test_wait_polling (self, 10, !extension_host_reactor_exists (self->context));
  expect_as_before (self, &before);
}

/* However early the program ends, its end is told, once. */

typedef struct
{
  guint n_exits;
  guint n_running;
} Tally;

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  Tally                   *tally)
{
  ExtensionHostExit *exit = extension_host_process_get_last_exit (process);

  switch (extension_host_transition_get_new (transition))
    {
    case EXTENSION_HOST_STATE_RUNNING:
      tally->n_running++;
      break;

    case EXTENSION_HOST_STATE_STOPPED:
      tally->n_exits++;
      g_assert_nonnull (exit);
      g_assert_cmpint (extension_host_exit_get_kind (exit), ==, EXTENSION_HOST_EXIT_KIND_EXITED);
      g_assert_cmpint (extension_host_exit_get_code (exit), ==, 0);
      g_assert_cmpuint (extension_host_exit_get_generation (exit), ==,
                        extension_host_process_get_generation (process));
      break;

    case EXTENSION_HOST_STATE_STARTING:
    case EXTENSION_HOST_STATE_UNHEALTHY:
    case EXTENSION_HOST_STATE_RESTARTING:
    case EXTENSION_HOST_STATE_STOPPING:
    case EXTENSION_HOST_STATE_CRASHED:
    default:
      break;
    }
}

static void
test_exit_immediately (TestFixture   *self,
                       gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = test_spec_new (self, "host", "--exit-immediately", NULL);
  ExtensionHostProcess *process = NULL;
  Tally tally = { 0 };
  Holdings before;

  warm_up (self);
  before = take_stock (self);
  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_ON_FAILURE, NULL);
  process = process_of (spec);
  g_signal_connect (process, "state-changed", G_CALLBACK (on_state_changed), &tally);

  for (guint i = 1; i <= N_CYCLES; i++)
    {
      start (process);
      test_wait_until (self, tally.n_exits == i);
      g_assert_false (test_has_children ());
    }

  g_assert_cmpuint (tally.n_running, ==, N_CYCLES);
  g_assert_cmpuint (tally.n_exits, ==, N_CYCLES);
  g_assert_cmpuint (extension_host_process_get_stale_events (process), ==, 0);
  drop (process);
  expect_as_before (self, &before);
}

/* A host that always crashes, restarted by policy as often as it takes */
static void
test_crash_loop (TestFixture   *self,
                 gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = test_spec_new (self, "host", "--exit=3", NULL);
  ExtensionHostProcess *process = NULL;
  Holdings before;

  warm_up (self);
  before = take_stock (self);
  g_object_set (spec, "backoff-initial", 0, "max-restarts", N_CYCLES - 1, NULL);
  process = process_of (spec);

  start (process);
  for (guint i = 2; i <= N_CYCLES; i++)   /* each has its own time, not a share in that of all */
    test_wait_until (self, extension_host_process_get_generation (process) >= i);
  test_wait_until (self, extension_host_process_get_state (process) ==
                         EXTENSION_HOST_STATE_CRASHED);
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, N_CYCLES);
  g_assert_cmpuint (extension_host_process_get_restart_count (process), ==, N_CYCLES - 1);
  drop (process);
  expect_as_before (self, &before);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/cycles/start-stop", NULL, test_start_stop);
  test_add ("/cycles/start-drop", NULL, test_start_drop);
  test_add ("/cycles/exit-immediately", NULL, test_exit_immediately);
  test_add ("/cycles/crash-loop", NULL, test_crash_loop);

  return g_test_run ();
}
