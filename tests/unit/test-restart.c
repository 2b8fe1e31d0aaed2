/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-backoff-private.h"
#include "extension-host-restart-budget-private.h"

#define MS G_GINT64_CONSTANT (1000)
#define WINDOW 300000   /* ms */

typedef ExtensionHostRestartBudget Budget;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Budget, extension_host_restart_budget_clear)

static guint
record (Budget *budget,
        gint64  at_ms,
        guint   window)
{
  return extension_host_restart_budget_record (budget, at_ms * MS, window);
}

static guint
count (Budget *budget,
       gint64  at_ms,
       guint   window)
{
  return extension_host_restart_budget_count (budget, at_ms * MS, window);
}

/* Budget */

static void
test_budget_begins_empty (void)
{
  g_auto(Budget) budget = { 0 };

  g_assert_cmpuint (count (&budget, 1000, WINDOW), ==, 0);
  g_assert_cmpuint (count (&budget, 1000, 0), ==, 0);
}

static void
test_budget_counts_what_it_records (void)
{
  g_auto(Budget) budget = { 0 };

  for (guint i = 1; i <= 20; i++)
    g_assert_cmpuint (record (&budget, i, WINDOW), ==, i);
}

static void
test_budget_counting_does_not_consume (void)
{
  g_auto(Budget) budget = { 0 };

  record (&budget, 0, WINDOW);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (count (&budget, i, WINDOW), ==, 1);
}

static void
test_budget_keeps_a_failure_exactly_as_old_as_the_window (void)
{
  g_auto(Budget) budget = { 0 };

  record (&budget, 7, WINDOW);
  g_assert_cmpuint (count (&budget, 7 + WINDOW, WINDOW), ==, 1);
  g_assert_cmpuint (extension_host_restart_budget_count (&budget, (7 + WINDOW) * MS + 1, WINDOW),
                    ==, 0);
}

static void
test_budget_failures_leave_one_by_one (void)
{
  g_auto(Budget) budget = { 0 };

  for (guint i = 0; i < 3; i++)
    record (&budget, i * 100, 1000);

  g_assert_cmpuint (count (&budget, 1000, 1000), ==, 3);
  g_assert_cmpuint (count (&budget, 1001, 1000), ==, 2);
  g_assert_cmpuint (count (&budget, 1101, 1000), ==, 1);
  g_assert_cmpuint (count (&budget, 1201, 1000), ==, 0);
}

static void
test_budget_recording_drops_the_old_first (void)
{
  g_auto(Budget) budget = { 0 };

  record (&budget, 0, 1000);
  g_assert_cmpuint (record (&budget, 1001, 1000), ==, 1);
}

static void
test_budget_without_window_forgets_nothing (void)
{
  g_auto(Budget) budget = { 0 };

  for (guint i = 0; i < 5; i++)
    record (&budget, i, 0);

  g_assert_cmpuint (extension_host_restart_budget_count (&budget, G_MAXINT64, 0), ==, 5);
}

static void
test_budget_longest_window_does_not_overflow (void)
{
  g_auto(Budget) budget = { 0 };

  record (&budget, 0, G_MAXUINT);
  g_assert_cmpuint (count (&budget, (gint64) G_MAXUINT, G_MAXUINT), ==, 1);
  g_assert_cmpuint (count (&budget, (gint64) G_MAXUINT + 1, G_MAXUINT), ==, 0);
}

static void
test_budget_clock_that_runs_back_drops_nothing (void)
{
  g_auto(Budget) budget = { 0 };

  record (&budget, 5000, 1000);
  g_assert_cmpuint (count (&budget, 1, 1000), ==, 1);
}

static void
test_budget_clear_forgets_all (void)
{
  g_auto(Budget) budget = { 0 };

  for (guint i = 0; i < 10; i++)
    record (&budget, i, WINDOW);

  extension_host_restart_budget_clear (&budget);
  extension_host_restart_budget_clear (&budget);
  g_assert_cmpuint (count (&budget, 10, WINDOW), ==, 0);
  g_assert_null (budget.failures);
  g_assert_cmpuint (record (&budget, 11, WINDOW), ==, 1);
}

static void
test_budget_million_failures_stay_bounded (void)
{
  g_auto(Budget) budget = { 0 };

  for (guint i = 0; i < 1000 * 1000; i++)
    g_assert_cmpuint (record (&budget, i, 0), ==, MIN (i + 1, EXTENSION_HOST_RESTART_BUDGET_MAX));

  g_assert_cmpuint (budget.size, ==, EXTENSION_HOST_RESTART_BUDGET_MAX);
}

/* A window slides over a ring of every size it grows through, at every offset of its begin. */
static void
test_budget_ring_wraps_and_grows_in_order (void)
{
  g_auto(Budget) budget = { 0 };

  for (guint window = 1; window <= 70; window++)
    {
      gint64 base = window * 10000;

      for (guint i = 0; i < 203; i++)   /* so that the ring begins anywhere */
        g_assert_cmpuint (record (&budget, base + i, window), ==, MIN (i, window) + 1);
    }
}

static void
test_budget_full_ring_keeps_the_newest (void)
{
  g_auto(Budget) budget = { 0 };

  for (guint i = 0; i < EXTENSION_HOST_RESTART_BUDGET_MAX + 500; i++)
    record (&budget, i, 0);

  /* The last 300 are 1200…1499. */
  g_assert_cmpuint (count (&budget, 1499, 299), ==, 300);
}

/* Backoff */

static const struct {
  guint initial;
  double factor;
  guint max;
  double jitter;
  guint attempt;
  double random;
  guint delay;
} delays[] = {
  { 1000, 2.0, 30000, 0.0, 1, 0.5, 1000 },
  { 1000, 2.0, 30000, 0.0, 2, 0.5, 2000 },
  { 1000, 2.0, 30000, 0.0, 3, 0.5, 4000 },
  { 1000, 2.0, 30000, 0.0, 5, 0.5, 16000 },
  { 1000, 2.0, 30000, 0.0, 6, 0.5, 30000 },
  { 1000, 2.0, 30000, 0.0, 7, 0.5, 30000 },
  { 1000, 2.0, 16000, 0.0, 5, 0.5, 16000 },
  { 1000, 1.0, 30000, 0.0, 1, 0.5, 1000 },
  { 1000, 1.0, 30000, 0.0, 50, 0.5, 1000 },
  { 1000, 1.5, 30000, 0.0, 2, 0.5, 1500 },
  { 1000, 1.5, 30000, 0.0, 3, 0.5, 2250 },
  { 1, 1.5, 30000, 0.0, 2, 0.5, 2 },           /* rounded, not cut */
  { 0, 2.0, 30000, 0.0, 1, 0.5, 0 },
  { 0, 2.0, 30000, 0.5, 9, 0.9, 0 },
  { 5000, 2.0, 3000, 0.0, 1, 0.5, 3000 },      /* the cap holds for the first, too */
  { 5000, 2.0, 3000, 0.5, 1, 0.0, 1500 },      /* and it is capped before it is spread */
  { 1000, 2.0, 0, 0.0, 3, 0.5, 0 },
  { 1000, 2.0, 30000, 0.1, 1, 0.0, 900 },
  { 1000, 2.0, 30000, 0.1, 1, 0.5, 1000 },
  { 1000, 2.0, 30000, 0.1, 2, 0.0, 1800 },
  { 1000, 2.0, 30000, 1.0, 1, 0.0, 0 },
  { 1000, 2.0, 30000, 1.0, 1, 0.75, 1500 },
  { 1000, 2.0, 30000, 0.5, 9, 0.99, 30000 },   /* never beyond the cap */
  { 1000, 2.0, 30000, 0.0, G_MAXUINT, 0.5, 30000 },
  { 1000, 1.0, 30000, 0.0, G_MAXUINT, 0.5, 1000 },
  { 1000, 100.0, 30000, 0.0, G_MAXUINT, 0.5, 30000 },
  { 1, 2.0, G_MAXUINT, 0.0, G_MAXUINT, 0.5, G_MAXUINT },
  { G_MAXUINT, 100.0, G_MAXUINT, 1.0, 2, 0.999, G_MAXUINT },
  { G_MAXUINT, 1.0, G_MAXUINT, 1.0, 1, 0.0, 0 },
};

static void
test_backoff_delays (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      guint delay = extension_host_backoff_delay (delays[i].initial, delays[i].factor,
                                                  delays[i].max, delays[i].jitter,
                                                  delays[i].attempt, delays[i].random);

      if (delay != delays[i].delay)
        g_error ("row %zu: %u instead of %u", i, delay, delays[i].delay);
    }
}

/* As many as are ever remembered, with the slowest growth worth the name. */
static void
test_backoff_grows_up_to_the_last_attempt (void)
{
  guint last = 0;

  for (guint attempt = 1; attempt <= EXTENSION_HOST_RESTART_BUDGET_MAX; attempt++)
    {
      guint delay = extension_host_backoff_delay (1000, 1.001, G_MAXUINT, 0.0, attempt, 0.5);

      g_assert_cmpuint (delay, >, last);
      last = delay;
    }
  g_assert_cmpuint (last, ==, 2714);   /* 1000 × 1.001^999 */
}

static void
test_backoff_jitter_stays_in_range (void)
{
  for (guint i = 0; i < 10000; i++)
    {
      guint delay = extension_host_backoff_delay (1000, 2.0, 30000, 0.25, 2,
                                                  g_test_rand_double ());

      g_assert_cmpuint (delay, >=, 1500);
      g_assert_cmpuint (delay, <=, 2500);
    }
}

static void
test_backoff_jitter_spreads_hosts (void)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);
  guint earliest = G_MAXUINT;
  guint latest = 0;

  for (guint host = 0; host < 20; host++)
    {
      guint delay = extension_host_backoff_delay (10000, 2.0, 30000, 0.5, 1,
                                                  g_test_rand_double ());

      earliest = MIN (earliest, delay);
      latest = MAX (latest, delay);
      g_hash_table_add (seen, GUINT_TO_POINTER (delay));
    }

  g_assert_cmpuint (g_hash_table_size (seen), >, 10);
  g_assert_cmpuint (latest - earliest, >, 2000);
}

#define add(path, func) g_test_add_func ("/restart/" path, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("budget/begins-empty", test_budget_begins_empty);
  add ("budget/counts-what-it-records", test_budget_counts_what_it_records);
  add ("budget/counting-does-not-consume", test_budget_counting_does_not_consume);
  add ("budget/keeps-a-failure-exactly-as-old-as-the-window",
       test_budget_keeps_a_failure_exactly_as_old_as_the_window);
  add ("budget/failures-leave-one-by-one", test_budget_failures_leave_one_by_one);
  add ("budget/recording-drops-the-old-first", test_budget_recording_drops_the_old_first);
  add ("budget/without-window-forgets-nothing", test_budget_without_window_forgets_nothing);
  add ("budget/longest-window-does-not-overflow", test_budget_longest_window_does_not_overflow);
  add ("budget/clock-that-runs-back-drops-nothing",
       test_budget_clock_that_runs_back_drops_nothing);
  add ("budget/clear-forgets-all", test_budget_clear_forgets_all);
  add ("budget/million-failures-stay-bounded", test_budget_million_failures_stay_bounded);
  add ("budget/ring-wraps-and-grows-in-order", test_budget_ring_wraps_and_grows_in_order);
  add ("budget/full-ring-keeps-the-newest", test_budget_full_ring_keeps_the_newest);
  add ("backoff/delays", test_backoff_delays);
  add ("backoff/grows-up-to-the-last-attempt", test_backoff_grows_up_to_the_last_attempt);
  add ("backoff/jitter-stays-in-range", test_backoff_jitter_stays_in_range);
  add ("backoff/jitter-spreads-hosts", test_backoff_jitter_spreads_hosts);

  return g_test_run ();
}
