/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "test-lifecycle-fake.h"

#define HOUR (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC)
#define AGAIN(ms) "running:spawned unhealthy:exited restarting:restart-scheduled at=+" ms

static void
set_policy (Fake                       *fake,
            ExtensionHostRestartPolicy  policy)
{
  g_object_set (fake->spec, "restart", policy, NULL);
}

static guint
used (Fake *fake)
{
  return extension_host_restart_budget_count (&fake->lifecycle.budget, fake->now,
                                              fake->spec->restart_window);
}

static void
run (Fake *fake)
{
  fake_start (fake);
  fake_spawned (fake);
}

/* From running to the wait for the next attempt. */
static void
fail (Fake *fake)
{
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  fake_gone (fake);
}

/* The budget */

static void
test_crash_loop_is_four_spawns (void)
{
  g_autoptr(Fake) fake = fake_new ();

  fake_start (fake);
  assert_trace (fake, "starting:start spawn");
  fake_live_and_die (fake, 1);
  assert_trace (fake, AGAIN ("1000"));
  fake_wait (fake);
  assert_trace (fake, "at=none starting:backoff-elapsed spawn");
  fake_live_and_die (fake, 1);
  assert_trace (fake, AGAIN ("2000"));
  fake_wait (fake);
  fake_live_and_die (fake, 1);
  assert_trace (fake, "at=none starting:backoff-elapsed spawn " AGAIN ("4000"));
  fake_wait (fake);
  fake_live_and_die (fake, 1);
  assert_trace (fake, "at=none starting:backoff-elapsed spawn "
                      "running:spawned unhealthy:exited crashed:restart-limit!");

  g_assert_cmpuint (fake->spawns, ==, 4);
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, 3);
  g_assert_cmpint (fake->due, ==, 0);
  g_assert_cmpint (fake->lifecycle.due, ==, 0);
  g_assert_cmpint (fake->lifecycle.desired, ==, EXTENSION_HOST_DESIRED_UP);
}

/* However fast the answers come, and from within the orders. */
static void
test_spawns_that_fail_at_once_are_four (void)
{
  g_autoptr(Fake) fake = fake_new ();

  fake->spawn_error = EXTENSION_HOST_ERROR_NO_RESOURCES;
  fake->elapses_at_once = TRUE;
  fake_start (fake);

  g_assert_cmpuint (fake->spawns, ==, 4);
  g_assert_cmpint (fake->now - FAKE_EPOCH, ==, 7 * G_USEC_PER_SEC);
  g_assert_true (g_str_has_suffix (fake->trace->str, "crashed:restart-limit!"));
}

static void
test_spawn_that_cannot_succeed_is_tried_once (void)
{
  g_autoptr(Fake) fake = fake_new ();

  fake->spawn_error = EXTENSION_HOST_ERROR_NOT_FOUND;
  fake_start (fake);

  assert_trace (fake, "starting:start spawn crashed:spawn-failed!");
  g_assert_cmpuint (used (fake), ==, 0);
}

/* Program removed during the backoff: the attempt is made, and is the last. */
static void
test_respawn_that_cannot_succeed_is_the_last (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fail (fake);
  fake->spawn_error = EXTENSION_HOST_ERROR_NOT_FOUND;
  fake_wait (fake);

  g_assert_true (g_str_has_suffix (fake->trace->str, "spawn crashed:spawn-failed!"));
}

static void
crash (Fake *fake)
{
  run (fake);
  for (guint i = 0; i < 3; i++)
    {
      fail (fake);
      fake_wait (fake);
      fake_spawned (fake);
    }
  fail (fake);
  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_CRASHED);
  g_string_truncate (fake->trace, 0);
}

static void
test_start_clears_budget_and_count (void)
{
  g_autoptr(Fake) fake = fake_new ();

  crash (fake);
  g_assert_cmpuint (used (fake), ==, 3);
  fake_start (fake);
  g_assert_cmpuint (used (fake), ==, 0);
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, 0);

  fake_live_and_die (fake, 1);
  assert_trace (fake, "starting:start spawn " AGAIN ("1000"));
}

static void
test_reset_clears_budget (void)
{
  g_autoptr(Fake) fake = fake_new ();

  crash (fake);
  g_assert_true (extension_host_lifecycle_reset (&fake->lifecycle, NULL, NULL));
  assert_trace (fake, "stopped:reset!");
  g_assert_cmpuint (used (fake), ==, 0);
}

static void
test_operators_never_consume_the_budget (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  for (guint i = 0; i < 20; i++)
    {
      fake_restart (fake);
      fake_gone (fake);
      fake_spawned (fake);
    }

  g_assert_cmpuint (used (fake), ==, 0);
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, 0);
  g_assert_cmpuint (fake->lifecycle.generation, ==, 21);
}

static void
test_old_failures_leave_budget_and_backoff (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  for (guint i = 0; i < 20; i++)
    {
      g_string_truncate (fake->trace, 0);
      fail (fake);
      assert_trace (fake, "unhealthy:exited restarting:restart-scheduled at=+1000");
      fake_wait (fake);
      fake_spawned (fake);
      fake->now += (gint64) fake->spec->restart_window * 1000;
    }

  g_assert_cmpuint (fake->lifecycle.restart_count, ==, 20);
}

static void
test_unlimited_restarts_never_end (void)
{
  g_autoptr(Fake) fake = fake_new ();

  g_object_set (fake->spec, "max-restarts", EXTENSION_HOST_UNLIMITED, "restart-window", 0, NULL);
  run (fake);
  for (guint i = 0; i < 3000; i++)
    {
      fail (fake);
      fake_wait (fake);
      fake_spawned (fake);
    }

  g_assert_cmpuint (fake->spawns, ==, 3001);
}

static void
test_largest_limit_is_a_limit (void)
{
  g_autoptr(Fake) fake = fake_new ();

  g_object_set (fake->spec, "max-restarts", 1000, "restart-window", 0, NULL);
  run (fake);
  for (guint i = 0; i < 1000; i++)
    {
      fail (fake);
      fake_wait (fake);
      fake_spawned (fake);
    }
  fail (fake);

  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_CRASHED);
}

static void
test_stop_in_backoff_sticks (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fail (fake);
  fake_stop (fake);
  g_string_truncate (fake->trace, 0);
  fake->now += HOUR;
  extension_host_lifecycle_due (&fake->lifecycle);

  assert_trace (fake, "");
  g_assert_cmpint (fake->due, ==, 0);
  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_STOPPED);
}

/* Pause */

static void
test_pause_holds_the_backoff (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fail (fake);
  fake->now += 300 * 1000;
  fake_pause (fake);
  g_assert_cmpint (fake->due, ==, 0);
  fake->now += HOUR;
  g_string_truncate (fake->trace, 0);

  fake_resume (fake);
  assert_trace (fake, "at=+700");
  fake->now += 200 * 1000;
  fake_pause (fake);
  fake_pause (fake);
  fake_resume (fake);
  assert_trace (fake, "at=none at=+500");
  fake_wait (fake);
  assert_trace (fake, "at=none starting:backoff-elapsed spawn");
}

static void
test_pause_of_an_overdue_backoff_leaves_nothing (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fail (fake);
  fake->now += 5 * G_USEC_PER_SEC;
  fake_pause (fake);
  g_string_truncate (fake->trace, 0);
  fake_resume (fake);

  assert_trace (fake, "at=+0");
}

static void
test_paused_exit_rests_until_resumed (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fake_pause (fake);
  g_string_truncate (fake->trace, 0);
  fail (fake);
  assert_trace (fake, "unhealthy:exited");
  g_assert_cmpuint (used (fake), ==, 0);

  fake_resume (fake);
  assert_trace (fake, "restarting:restart-scheduled at=+1000");
}

static void
test_resume_may_decide_against_a_restart (void)
{
  g_autoptr(Fake) fake = fake_new ();

  set_policy (fake, EXTENSION_HOST_RESTART_POLICY_NEVER);
  run (fake);
  fake_pause (fake);
  fail (fake);
  g_string_truncate (fake->trace, 0);
  fake_resume (fake);

  assert_trace (fake, "crashed:policy!");
}

static void
test_resume_leaves_a_dying_tree_alone (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fake_pause (fake);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  g_string_truncate (fake->trace, 0);
  fake_resume (fake);
  assert_trace (fake, "");
  fake_gone (fake);
  assert_trace (fake, "restarting:restart-scheduled at=+1000");
}

static void
test_paused_clean_exit_stops_where_it_would (void)
{
  g_autoptr(Fake) fake = fake_new ();

  set_policy (fake, EXTENSION_HOST_RESTART_POLICY_ON_FAILURE);
  run (fake);
  fake_pause (fake);
  g_string_truncate (fake->trace, 0);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 0);
  fake_gone (fake);

  assert_trace (fake, "stopped:exited!");
}

/* The tree */

static void
test_clean_exit_stops_when_the_tree_is_gone (void)
{
  g_autoptr(Fake) fake = fake_new ();

  set_policy (fake, EXTENSION_HOST_RESTART_POLICY_ON_FAILURE);
  run (fake);
  g_string_truncate (fake->trace, 0);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 0);
  assert_trace (fake, "");
  fake_gone (fake);
  assert_trace (fake, "stopped:exited!");
  g_assert_cmpuint (used (fake), ==, 0);
  g_assert_cmpint (fake->lifecycle.desired, ==, EXTENSION_HOST_DESIRED_UP);
}

static void
test_leftovers_hold_up_the_restart (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  g_string_truncate (fake->trace, 0);
  extension_host_lifecycle_gave_up (&fake->lifecycle, 3);
  assert_trace (fake, "");

  fake_gone (fake);
  assert_trace (fake, "restarting:restart-scheduled at=+1000");
}

static void
test_leftovers_keep_a_stop_open (void)
{
  g_autoptr(Fake) fake = fake_new ();

  run (fake);
  fake_stop (fake);
  extension_host_lifecycle_gave_up (&fake->lifecycle, 3);
  g_string_truncate (fake->trace, 0);
  fake_stop (fake);
  assert_trace (fake, "end=request/0");   /* the ladder says KILL again */
  fake_gone (fake);
  assert_trace (fake, "stopped:tree-gone!");
}

/* It exited with 0, and on-failure means that this is no reason to run it again. */
static void
test_clean_exit_is_not_restarted_for_its_leftovers (void)
{
  g_autoptr(Fake) fake = fake_new ();

  set_policy (fake, EXTENSION_HOST_RESTART_POLICY_ON_FAILURE);
  run (fake);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 0);
  g_string_truncate (fake->trace, 0);
  extension_host_lifecycle_gave_up (&fake->lifecycle, 1);
  assert_trace (fake, "unhealthy:exited");
  fake_gone (fake);

  assert_trace (fake, "crashed:policy!");
}

/* Whatever the last tree left: the new one has left nothing. */
static void
test_spawn_begins_without_leftovers (void)
{
  g_autoptr(Fake) fake = fake_new ();

  fake_start (fake);
  fake_stop (fake);
  extension_host_lifecycle_gave_up (&fake->lifecycle, 1);
  fake_spawn_failed (fake, EXTENSION_HOST_ERROR_NOT_FOUND);
  fake_start (fake);
}

/* Killed for a fault, it exits with 0 in the last moment: a failure all the same. */
static void
test_clean_exit_after_a_fault_is_a_failure (void)
{
  g_autoptr(Fake) fake = fake_new ();

  set_policy (fake, EXTENSION_HOST_RESTART_POLICY_ON_FAILURE);
  run (fake);
  fake_fault (fake, EXTENSION_HOST_REASON_UNRESPONSIVE);
  g_string_truncate (fake->trace, 0);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 0);
  fake_gone (fake);

  assert_trace (fake, "restarting:restart-scheduled at=+1000");
}

/* The end of a tree may be told from within the order to end it. */
static void
test_tree_may_end_at_once (void)
{
  g_autoptr(Fake) fake = fake_new ();

  fake->ends_at_once = TRUE;
  run (fake);
  g_string_truncate (fake->trace, 0);
  fake_restart (fake);
  assert_trace (fake, "stopping:restart end=request/0 stopped:tree-gone starting:restart spawn");
  fake_spawned (fake);
  fake_fault (fake, EXTENSION_HOST_REASON_MEMORY_LIMIT);
  assert_trace (fake, "running:spawned unhealthy:memory-limit end=kill/0 "
                      "restarting:restart-scheduled at=+1000");
  fake_wait (fake);
  fake_stop (fake);
  assert_trace (fake, "at=none starting:backoff-elapsed spawn "
                      "stopping:stop end=request/0 stopped:tree-gone!");
}

static void
test_late_news_is_counted_and_changes_nothing (void)
{
  g_autoptr(Fake) fake = fake_new ();
  g_autoptr(ExtensionHostExit) old = NULL;

  run (fake);
  old = fake_make_exit (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  fail (fake);
  extension_host_lifecycle_exited (&fake->lifecycle, old);
  fake_wait (fake);
  fake_spawned (fake);
  g_string_truncate (fake->trace, 0);
  extension_host_lifecycle_exited (&fake->lifecycle, old);

  assert_trace (fake, "");
  g_assert_null (fake->lifecycle.exit);
  g_assert_cmpuint (fake->lifecycle.stale_events, ==, 2);
}

/* Who asked, and why */

static const struct {
  ExtensionHostReason order;
  gboolean ordered;
  ExtensionHostExitKind kind;
  ExtensionHostReason expected;
} explanations[] = {
  { EXTENSION_HOST_REASON_STOP, TRUE, EXTENSION_HOST_EXIT_KIND_EXITED, EXTENSION_HOST_REASON_STOP },
  { EXTENSION_HOST_REASON_KILL, TRUE, EXTENSION_HOST_EXIT_KIND_SIGNALLED,
    EXTENSION_HOST_REASON_KILL },
  { EXTENSION_HOST_REASON_QUARANTINE, TRUE, EXTENSION_HOST_EXIT_KIND_LOST,
    EXTENSION_HOST_REASON_QUARANTINE },
  { 0, FALSE, EXTENSION_HOST_EXIT_KIND_EXITED, EXTENSION_HOST_REASON_EXITED },
  { 0, FALSE, EXTENSION_HOST_EXIT_KIND_SIGNALLED, EXTENSION_HOST_REASON_SIGNALLED },
  { 0, FALSE, EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED, EXTENSION_HOST_REASON_SPAWN_FAILED },
  { 0, FALSE, EXTENSION_HOST_EXIT_KIND_LOST, EXTENSION_HOST_REASON_SHIM_LOST },
};

static void
test_exit_is_put_down_to_who_asked_for_it (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (explanations); i++)
    {
      g_autoptr(Fake) fake = fake_new ();
      gboolean requested = FALSE;

      run (fake);
      if (explanations[i].ordered)
        extension_host_lifecycle_stop (&fake->lifecycle, explanations[i].order,
                                       EXTENSION_HOST_STOP_RUNG_TERM, 1, NULL, NULL);
      g_assert_cmpint (extension_host_lifecycle_explain_exit (&fake->lifecycle,
                                                              explanations[i].kind, &requested),
                       ==, explanations[i].expected);
      g_assert_cmpint (requested, ==, explanations[i].ordered);
    }
}

static void
test_exit_after_a_fault_is_put_down_to_it (void)
{
  g_autoptr(Fake) fake = fake_new ();
  gboolean requested = TRUE;

  run (fake);
  fake_fault (fake, EXTENSION_HOST_REASON_UNRESPONSIVE);

  g_assert_cmpint (extension_host_lifecycle_explain_exit (&fake->lifecycle,
                                                          EXTENSION_HOST_EXIT_KIND_SIGNALLED,
                                                          &requested),
                   ==, EXTENSION_HOST_REASON_UNRESPONSIVE);
  g_assert_false (requested);
}

static void
test_first_pending_restart_keeps_its_requester (void)
{
  g_autoptr(Fake) fake = fake_new ();
  ExtensionHostLifecycle *lifecycle = &fake->lifecycle;

  run (fake);
  extension_host_lifecycle_restart (lifecycle, EXTENSION_HOST_REASON_RESTART, BY ("first"), NULL);
  extension_host_lifecycle_restart (lifecycle, EXTENSION_HOST_REASON_RESTART, BY ("second"), NULL);
  g_assert_cmpstr (lifecycle->pending_requester, ==, "first");
  fake_stop (fake);
  g_assert_null (lifecycle->pending_requester);
  fake_gone (fake);
  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_STOPPED);
}

#define add(path, func) g_test_add_func ("/lifecycle/" path, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("budget/crash-loop-is-four-spawns", test_crash_loop_is_four_spawns);
  add ("budget/spawns-that-fail-at-once-are-four", test_spawns_that_fail_at_once_are_four);
  add ("budget/spawn-that-cannot-succeed-is-tried-once",
       test_spawn_that_cannot_succeed_is_tried_once);
  add ("budget/respawn-that-cannot-succeed-is-the-last",
       test_respawn_that_cannot_succeed_is_the_last);
  add ("budget/start-clears-budget-and-count", test_start_clears_budget_and_count);
  add ("budget/reset-clears-budget", test_reset_clears_budget);
  add ("budget/operators-never-consume-it", test_operators_never_consume_the_budget);
  add ("budget/old-failures-leave-budget-and-backoff", test_old_failures_leave_budget_and_backoff);
  add ("budget/unlimited-restarts-never-end", test_unlimited_restarts_never_end);
  add ("budget/largest-limit-is-a-limit", test_largest_limit_is_a_limit);
  add ("stop-in-backoff-sticks", test_stop_in_backoff_sticks);
  add ("pause/holds-the-backoff", test_pause_holds_the_backoff);
  add ("pause/of-an-overdue-backoff-leaves-nothing",
       test_pause_of_an_overdue_backoff_leaves_nothing);
  add ("pause/exit-rests-until-resumed", test_paused_exit_rests_until_resumed);
  add ("pause/resume-may-decide-against-a-restart", test_resume_may_decide_against_a_restart);
  add ("pause/resume-leaves-a-dying-tree-alone", test_resume_leaves_a_dying_tree_alone);
  add ("pause/clean-exit-stops-where-it-would", test_paused_clean_exit_stops_where_it_would);
  add ("tree/clean-exit-stops-when-it-is-gone", test_clean_exit_stops_when_the_tree_is_gone);
  add ("tree/leftovers-hold-up-the-restart", test_leftovers_hold_up_the_restart);
  add ("tree/leftovers-keep-a-stop-open", test_leftovers_keep_a_stop_open);
  add ("tree/clean-exit-is-not-restarted-for-its-leftovers",
       test_clean_exit_is_not_restarted_for_its_leftovers);
  add ("tree/spawn-begins-without-leftovers", test_spawn_begins_without_leftovers);
  add ("tree/clean-exit-after-a-fault-is-a-failure", test_clean_exit_after_a_fault_is_a_failure);
  add ("tree/may-end-at-once", test_tree_may_end_at_once);
  add ("late-news-is-counted-and-changes-nothing", test_late_news_is_counted_and_changes_nothing);
  add ("exit/is-put-down-to-who-asked-for-it", test_exit_is_put_down_to_who_asked_for_it);
  add ("exit/after-a-fault-is-put-down-to-it", test_exit_after_a_fault_is_put_down_to_it);
  add ("first-pending-restart-keeps-its-requester",
       test_first_pending_restart_keeps_its_requester);

  return g_test_run ();
}
