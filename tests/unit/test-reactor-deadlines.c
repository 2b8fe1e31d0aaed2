/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-reactor-fixture.h"

#define LAST 500   /* µs: few enough for some to be due at once */

static gint64 last_due;

static void
assert_in_order (gpointer data)
{
  Probe *probe = data;

  g_assert_null (probe->deadline.reactor);
  g_assert_cmpint (probe->due, >=, last_due);
  last_due = probe->due;
}

static void
arm_all (Fixture *fixture,
         void   (*action) (gpointer probe))
{
  last_due = 0;
  for (guint i = 0; i < N_PROBES; i++)
    {
      fixture->probes[i].action = action;
      arm (&fixture->probes[i], fixture->past + g_test_rand_int_range (0, LAST));
    }
}

static void
test_deadlines_elapse_in_order_and_once (Fixture       *fixture,
                                         gconstpointer  data)
{
  arm_all (fixture, assert_in_order);
  turn (fixture);
  turn (fixture);
  for (guint i = 0; i < N_PROBES; i++)
    g_assert_cmpuint (fixture->probes[i].served, ==, 1);
}

static void
test_moved_and_disarmed_deadlines_keep_the_order (Fixture       *fixture,
                                                  gconstpointer  data)
{
  arm_all (fixture, assert_in_order);
  for (guint i = 0; i < 10 * N_PROBES; i++)
    arm (&fixture->probes[g_test_rand_int_range (0, N_PROBES)],
         fixture->past + g_test_rand_int_range (0, LAST));
  for (guint i = 0; i < N_PROBES; i += 3)
    extension_host_deadline_disarm (&fixture->probes[i].deadline);

  turn (fixture);
  for (guint i = 0; i < N_PROBES; i++)
    g_assert_cmpuint (fixture->probes[i].served, ==, i % 3 == 0 ? 0 : 1);
}

static void
test_deadline_ahead_does_not_elapse (Fixture       *fixture,
                                     gconstpointer  data)
{
  arm (&fixture->probes[0], g_get_monotonic_time () + FAR);
  arm (&fixture->probes[1], G_MAXINT64);
  arm (&fixture->probes[2], fixture->past);
  turn (fixture);
  turn (fixture);
  assert_served (fixture, "c");
  g_assert_false (g_main_context_pending (fixture->context));   /* or the loop would spin */
}

/* The loop sleeps till then, and not longer: nothing else would wake it. */
static void
test_loop_wakes_for_a_deadline (Fixture       *fixture,
                                gconstpointer  data)
{
  Probe *probe = &fixture->probes[0];

  arm (&fixture->probes[1], g_get_monotonic_time () + FAR);
  arm (probe, g_get_monotonic_time () + 3000);
  while (probe->served == 0)
    g_main_context_iteration (fixture->context, TRUE);
  g_assert_cmpint (g_get_monotonic_time (), >=, probe->due);
}

static void
test_deadline_moved_ahead_does_not_elapse (Fixture       *fixture,
                                           gconstpointer  data)
{
  arm (&fixture->probes[0], fixture->past);
  arm (&fixture->probes[0], g_get_monotonic_time () + FAR);
  turn (fixture);
  assert_served (fixture, "");
}

/* Inside an elapsed callback */

static void
disarm_some (gpointer data)
{
  Fixture *fixture = ((Probe *) data)->fixture;

  assert_in_order (data);
  for (guint i = 0; i < 3; i++)
    {
      Probe *other = &fixture->probes[g_test_rand_int_range (0, N_PROBES)];

      if (other->deadline.reactor == NULL)
        continue;

      extension_host_deadline_disarm (&other->deadline);
      other->served += 100;   /* must not be served from now on */
    }
}

static void
test_disarm_of_others_inside_a_deadline (Fixture       *fixture,
                                         gconstpointer  data)
{
  arm_all (fixture, disarm_some);
  turn (fixture);
  for (guint i = 0; i < N_PROBES; i++)
    g_assert_true (fixture->probes[i].served == 1 || fixture->probes[i].served == 100);
}

static void
arm_ten_times (gpointer data)
{
  Probe *probe = data;

  if (probe->served < 10)
    arm (probe, g_get_monotonic_time () + 1);
}

static void
test_deadline_armed_inside_itself_waits_for_the_next_turn (Fixture       *fixture,
                                                           gconstpointer  data)
{
  Probe *probe = &fixture->probes[0];

  probe->action = arm_ten_times;
  arm (probe, fixture->past);
  turn (fixture);
  g_assert_cmpuint (probe->served, ==, 1);
  while (probe->served < 10)
    {
      guint before = probe->served;

      g_main_context_iteration (fixture->context, TRUE);
      g_assert_cmpuint (probe->served, <=, before + 1);
    }
}

static void
test_nested_iteration_inside_a_deadline (Fixture       *fixture,
                                         gconstpointer  data)
{
  fixture->probes[0].action = iterate;
  arm (&fixture->probes[0], fixture->past);
  arm (&fixture->probes[1], fixture->past + 1);
  turn (fixture);
  assert_served (fixture, "ab.");
  turn (fixture);
  assert_served (fixture, "");
}

static void
test_last_release_inside_a_deadline (Fixture       *fixture,
                                     gconstpointer  data)
{
  fixture->probes[0].action = release_all;
  arm (&fixture->probes[0], fixture->past);
  arm (&fixture->probes[1], fixture->past + 1);
  turn (fixture);
  assert_served (fixture, "a");
  g_assert_false (g_main_context_pending (fixture->context));
}

#define add(path, func) \
  g_test_add ("/reactor/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("nested/inside-a-deadline", test_nested_iteration_inside_a_deadline);
  add ("deadline/elapse-in-order-and-once", test_deadlines_elapse_in_order_and_once);
  add ("deadline/moved-and-disarmed-keep-the-order",
       test_moved_and_disarmed_deadlines_keep_the_order);
  add ("deadline/ahead-does-not-elapse", test_deadline_ahead_does_not_elapse);
  add ("deadline/loop-wakes-for-it", test_loop_wakes_for_a_deadline);
  add ("deadline/moved-ahead-does-not-elapse", test_deadline_moved_ahead_does_not_elapse);
  add ("deadline/disarm-of-others-inside-one", test_disarm_of_others_inside_a_deadline);
  add ("deadline/armed-inside-itself-waits-for-the-next-turn",
       test_deadline_armed_inside_itself_waits_for_the_next_turn);
  add ("release/last-inside-a-deadline", test_last_release_inside_a_deadline);

  return g_test_run ();
}
