/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-lifecycle-fake.h"

/* What a manager asks of a life: to restart it for the sake of others, and to start it no more. */

#define AGAIN(ms) \
  "running:spawned unhealthy:exited restarting:restart-scheduled at=+" ms

static guint
used (Fake *fake)
{
  return extension_host_restart_budget_count (&fake->lifecycle.budget, fake->now,
                                              fake->spec->restart_window);
}

static void
restart_with_group (Fake *fake)
{
  g_assert_true (extension_host_lifecycle_restart (&fake->lifecycle, EXTENSION_HOST_REASON_GROUP,
                                                   BY ("other"), NULL));
}

/* It failed once by itself and runs again. */
static Fake *
fake_new_restarted (void)
{
  Fake *fake = fake_new ();

  fake_start (fake);
  fake_live_and_die (fake, 1);
  fake_wait (fake);
  fake_spawned (fake);
  g_assert_cmpuint (used (fake), ==, 1);
  g_string_truncate (fake->trace, 0);

  return fake;
}

static void
test_budget_is_kept (void)
{
  g_autoptr(Fake) fake = fake_new_restarted ();

  for (guint i = 0; i < 20; i++)
    {
      restart_with_group (fake);
      fake_gone (fake);
      fake_spawned (fake);
    }
  g_assert_cmpuint (used (fake), ==, 1);
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, 1);
  g_assert_cmpint (fake->lifecycle.desired, ==, EXTENSION_HOST_DESIRED_UP);

  /* The next failure is the second. */
  g_string_truncate (fake->trace, 0);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  fake_gone (fake);
  assert_trace (fake, "unhealthy:exited restarting:restart-scheduled at=+2000");
}

static void
test_path (void)
{
  g_autoptr(Fake) fake = fake_new_restarted ();

  restart_with_group (fake);
  assert_trace (fake, "stopping:group end=request/0");
  g_assert_cmpstr (fake->lifecycle.pending_requester, ==, "other");
  fake_gone (fake);
  fake_spawned (fake);
  assert_trace (fake, "stopped:tree-gone starting:group spawn running:spawned");
}

/* An operator who restarts it meanwhile gets what an operator gets. */
static void
test_operator_joins (void)
{
  g_autoptr(Fake) fake = fake_new_restarted ();

  restart_with_group (fake);
  fake_restart (fake);
  fake_gone (fake);
  assert_trace (fake, "stopping:group end=request/0 stopped:tree-gone starting:restart spawn");
  g_assert_cmpuint (used (fake), ==, 0);
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, 0);
}

static void
test_group_joins_operator (void)
{
  g_autoptr(Fake) fake = fake_new_restarted ();

  fake_restart (fake);
  restart_with_group (fake);
  fake_gone (fake);
  assert_trace (fake, "stopping:restart end=request/0 stopped:tree-gone starting:restart spawn");
  g_assert_cmpuint (used (fake), ==, 0);
}

/* Closed */

static void
assert_refused (Fake *fake)
{
  guint64 sequence = fake->sequence;
  g_autoptr(GError) error = NULL;

  g_assert_false (extension_host_lifecycle_start (&fake->lifecycle, EXTENSION_HOST_REASON_START,
                                                  NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (extension_host_lifecycle_restart (&fake->lifecycle, EXTENSION_HOST_REASON_GROUP,
                                                    NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_assert_cmpuint (fake->sequence, ==, sequence);
}

static void
test_closed_starts_nothing (void)
{
  g_autoptr(Fake) fake = fake_new ();

  extension_host_lifecycle_close (&fake->lifecycle);
  assert_refused (fake);
  assert_trace (fake, "");
}

static void
test_closed_is_not_restarted (void)
{
  g_autoptr(Fake) fake = fake_new_restarted ();

  extension_host_lifecycle_close (&fake->lifecycle);
  g_assert_cmpint (fake->lifecycle.desired, ==, EXTENSION_HOST_DESIRED_DOWN);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  fake_gone (fake);
  assert_trace (fake, "unhealthy:exited crashed:policy!");
  assert_refused (fake);
}

static void
test_closed_in_backoff (void)
{
  g_autoptr(Fake) fake = fake_new ();

  fake_start (fake);
  fake_live_and_die (fake, 1);
  extension_host_lifecycle_close (&fake->lifecycle);
  fake_wait (fake);
  assert_trace (fake, "starting:start spawn " AGAIN ("1000"));
  fake_stop (fake);
  assert_trace (fake, "at=none stopping:stop stopped:tree-gone!");
}

static void
test_closed_while_paused (void)
{
  g_autoptr(Fake) fake = fake_new_restarted ();

  fake_pause (fake);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  fake_gone (fake);
  extension_host_lifecycle_close (&fake->lifecycle);
  fake_resume (fake);
  assert_trace (fake, "unhealthy:exited crashed:policy!");
}

static void
test_closed_drops_pending_restart (void)
{
  g_autoptr(Fake) fake = fake_new_restarted ();

  fake_restart (fake);
  extension_host_lifecycle_close (&fake->lifecycle);
  fake_gone (fake);
  assert_trace (fake, "stopping:restart end=request/0 stopped:tree-gone!");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lifecycle/group/budget-is-kept", test_budget_is_kept);
  g_test_add_func ("/lifecycle/group/path", test_path);
  g_test_add_func ("/lifecycle/group/operator-joins", test_operator_joins);
  g_test_add_func ("/lifecycle/group/joins-operator", test_group_joins_operator);
  g_test_add_func ("/lifecycle/closed/starts-nothing", test_closed_starts_nothing);
  g_test_add_func ("/lifecycle/closed/is-not-restarted", test_closed_is_not_restarted);
  g_test_add_func ("/lifecycle/closed/in-backoff", test_closed_in_backoff);
  g_test_add_func ("/lifecycle/closed/while-paused", test_closed_while_paused);
  g_test_add_func ("/lifecycle/closed/drops-pending-restart", test_closed_drops_pending_restart);

  return g_test_run ();
}
