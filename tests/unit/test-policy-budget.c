/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-lifecycle-fake.h"

/* What failures cost, and what gives it back. */

static guint
used (Fake *fake)
{
  return extension_host_restart_budget_count (&fake->lifecycle.budget, fake->now,
                                              fake->spec->restart_window);
}

/* Starts it, and has it fail @n_failures times; it runs again then. */
static Fake *
fake_after (guint       n_failures,
            const char *first_property,
            ...)
{
  Fake *fake = fake_new ();
  va_list properties;

  va_start (properties, first_property);
  g_object_set_valist (G_OBJECT (fake->spec), first_property, properties);
  va_end (properties);

  fake_start (fake);
  for (guint i = 0; i < n_failures; i++)
    {
      fake_live_and_die (fake, 1);
      fake_wait (fake);
    }
  fake_spawned (fake);
  g_string_truncate (fake->trace, 0);

  return fake;
}

static void
die (Fake *fake,
     int   code)
{
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, code);
  fake_gone (fake);
}

/* How long it waits for its next attempt, in ms. */
static gint64
fail_once (Fake *fake)
{
  gint64 wait = 0;

  fake_live_and_die (fake, 1);
  g_assert_cmpint (fake->due, !=, 0);
  wait = (fake->due - fake->now) / 1000;
  fake_wait (fake);
  g_string_truncate (fake->trace, 0);

  return wait;
}

/* Backoff */

static const struct {
  const char *name;
  guint initial;
  double factor;
  guint max;
  gint64 waits[8];
} backoffs[] = {
  { "doubles-up-to-30-s", 1000, 2.0, 30000,
    { 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 } },
  { "stays", 500, 1.0, 30000, { 500, 500, 500, 500, 500, 500, 500, 500 } },
  { "grows-slowly", 100, 1.5, 30000, { 100, 150, 225, 338, 506, 759, 1139, 1709 } },
  { "is-capped-at-once", 9000, 2.0, 7000, { 7000, 7000, 7000, 7000, 7000, 7000, 7000, 7000 } },
  { "is-none", 0, 2.0, 30000, { 0, 0, 0, 0, 0, 0, 0, 0 } },
};

static void
test_backoff (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(Fake) fake = fake_new ();

  g_object_set (fake->spec,
                "backoff-initial", backoffs[i].initial,
                "backoff-factor", backoffs[i].factor,
                "backoff-max", backoffs[i].max,
                "max-restarts", 100,
                NULL);
  fake_start (fake);
  for (gsize k = 0; k < G_N_ELEMENTS (backoffs[i].waits); k++)
    g_assert_cmpint (fail_once (fake), ==, backoffs[i].waits[k]);
}

/* Hosts that failed together do not come back together. */
static void
test_jitter_spreads_hosts (void)
{
  gint64 earliest = G_MAXINT64;
  gint64 latest = 0;

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(Fake) fake = fake_after (0, "backoff-initial", 10000, "backoff-jitter", 0.5, NULL);

      die (fake, 1);
      earliest = MIN (earliest, fake->due);
      latest = MAX (latest, fake->due);
    }

  g_assert_cmpint (earliest, >=, FAKE_EPOCH + 5 * G_USEC_PER_SEC);
  g_assert_cmpint (latest, <=, FAKE_EPOCH + 15 * G_USEC_PER_SEC);
  g_assert_cmpint (latest - earliest, >, 0);
}

static void
test_jitter_is_drawn_anew (void)
{
  g_autoptr(Fake) fake =
    fake_after (0, "backoff-initial", 10000, "backoff-factor", 1.0, "backoff-jitter", 0.5,
                "max-restarts", EXTENSION_HOST_UNLIMITED, NULL);
  gint64 first = fail_once (fake);
  gboolean differs = FALSE;

  for (guint i = 0; i < 20; i++)
    differs |= fail_once (fake) != first;

  g_assert_true (differs);
}

/* The window */

#define WINDOW 60000   /* ms */

static Fake *
fail_at_the_epoch (guint max_restarts)
{
  return fake_after (1, "backoff-initial", 0, "max-restarts", max_restarts,
                     "restart-window", WINDOW, NULL);
}

static void
test_window_still_holds_what_is_as_old_as_it (void)
{
  g_autoptr(Fake) fake = fail_at_the_epoch (1);

  fake->now = FAKE_EPOCH + WINDOW * 1000;
  die (fake, 1);

  assert_trace (fake, "unhealthy:exited crashed:restart-limit!");
}

static void
test_window_forgets_what_is_older (void)
{
  g_autoptr(Fake) fake = fail_at_the_epoch (1);

  fake->now = FAKE_EPOCH + WINDOW * 1000 + 1;
  die (fake, 1);

  assert_trace (fake, "unhealthy:exited restarting:restart-scheduled at=+0");
}

/* It slides: what counts is how many there were in the last minute, at any time. */
static void
test_window_slides (void)
{
  g_autoptr(Fake) fake = fake_after (0, "backoff-initial", 0, "max-restarts", 3,
                                     "restart-window", WINDOW, NULL);

  for (guint i = 0; i < 200; i++)
    {
      fake->now += WINDOW * 1000 / 3 + 1;   /* never four of them in one minute */
      fail_once (fake);
      fake_spawned (fake);
      g_assert_cmpuint (used (fake), <=, 3);
    }
  g_string_truncate (fake->trace, 0);

  fake->now += WINDOW * 1000 / 3 - 2;
  die (fake, 1);
  assert_trace (fake, "unhealthy:exited crashed:restart-limit!");
}

static void
test_window_resets_the_backoff (void)
{
  g_autoptr(Fake) fake = fake_new ();

  fake_start (fake);
  g_assert_cmpint (fail_once (fake), ==, 1000);
  g_assert_cmpint (fail_once (fake), ==, 2000);
  fake_spawned (fake);
  fake->now += (gint64) fake->spec->restart_window * 1000 + 1;

  g_assert_cmpint (fail_once (fake), ==, 1000);
}

static void
test_window_0_forgets_nothing (void)
{
  g_autoptr(Fake) fake = fake_after (0, "restart-window", 0, NULL);

  for (guint i = 0; i < 3; i++)
    {
      fake->now += 365 * G_TIME_SPAN_DAY;
      fail_once (fake);
      fake_spawned (fake);
    }
  g_string_truncate (fake->trace, 0);
  fake->now += 365 * G_TIME_SPAN_DAY;
  die (fake, 1);
  assert_trace (fake, "unhealthy:exited crashed:restart-limit!");

  fake_start (fake);
  g_assert_cmpint (fail_once (fake), ==, 1000);
}

static void
test_limit_that_changes_counts_at_once (void)
{
  g_autoptr(Fake) fake = fake_after (3, "max-restarts", 3, NULL);

  g_object_set (fake->spec, "max-restarts", 4, NULL);
  die (fake, 1);
  assert_trace (fake, "unhealthy:exited restarting:restart-scheduled at=+8000");

  g_object_set (fake->spec, "max-restarts", 1, NULL);
  fake_wait (fake);
  g_string_truncate (fake->trace, 0);
  fake_live_and_die (fake, 1);
  assert_trace (fake, "running:spawned unhealthy:exited crashed:restart-limit!");
}

/* The clock on the wall, which people and NTP set as they like. The library asks this program. */

static gint64 wall = 1;

gint64
g_get_real_time (void)
{
  return wall;
}

static gint64 last_told;
static const ExtensionHostLifecycleFuncs *fake_funcs;

static void
note_time (ExtensionHostTransition *transition,
           gboolean                 rests,
           gpointer                 owner)
{
  last_told = extension_host_transition_get_time (transition);
  fake_funcs->moved (transition, rests, owner);
}

/* What is told has the time of the wall, as it is by then; what is decided has not. */
static void
test_wall_clock_decides_nothing (void)
{
  static const gint64 walls[] = { 1000 * G_TIME_SPAN_HOUR, 1001 * G_TIME_SPAN_HOUR, 7 };
  g_autoptr(Fake) fake = fake_new ();
  ExtensionHostLifecycleFuncs funcs = *fake->lifecycle.funcs;

  fake_funcs = fake->lifecycle.funcs;
  funcs.moved = note_time;
  fake->lifecycle.funcs = &funcs;
  fake_start (fake);
  for (gsize i = 0; i < G_N_ELEMENTS (walls); i++)
    {
      wall = walls[i];
      g_assert_cmpint (fail_once (fake), ==, 1000 << i);
      g_assert_cmpint (last_told, ==, wall);
    }
  g_assert_cmpuint (used (fake), ==, 3);
}

/* Whatever happens, and however often: the memory of it is bounded. */
static void
test_million_failures (void)
{
  g_autoptr(Fake) fake = fake_after (0, "restart-window", 0, "backoff-initial", 0,
                                     "max-restarts", EXTENSION_HOST_UNLIMITED, NULL);

  for (guint i = 0; i < 1000 * 1000; i++)
    {
      die (fake, 1);
      fake_wait (fake);
      fake_spawned (fake);
      g_string_truncate (fake->trace, 0);
      g_assert_cmpuint (fake->lifecycle.budget.size, <=, EXTENSION_HOST_RESTART_BUDGET_MAX);
    }

  g_assert_cmpuint (used (fake), ==, EXTENSION_HOST_RESTART_BUDGET_MAX);
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, 1000 * 1000);
  g_assert_cmpuint (fake->spawns, ==, 1000 * 1000 + 1);
}

/* What gives back the budget. Before each of these there were two restarts, and it runs. */

static void
do_nothing (Fake *fake G_GNUC_UNUSED)
{
}

static void
do_restart (Fake *fake)
{
  fake_restart (fake);
  fake_gone (fake);
  fake_spawned (fake);
}

static void
do_stop (Fake *fake)
{
  fake_stop (fake);
  fake_gone (fake);
}

static void
do_stop_start (Fake *fake)
{
  do_stop (fake);
  fake_start (fake);
}

static void
do_stop_reset (Fake *fake)
{
  do_stop (fake);
  g_assert_true (extension_host_lifecycle_reset (&fake->lifecycle, NULL, NULL));
}

static void
do_kill (Fake *fake)
{
  extension_host_lifecycle_stop (&fake->lifecycle, EXTENSION_HOST_REASON_KILL,
                                 EXTENSION_HOST_STOP_RUNG_KILL, 0, NULL, NULL);
  fake_gone (fake);
}

static void
do_quarantine (Fake *fake)
{
  extension_host_lifecycle_quarantine (&fake->lifecycle, NULL);
  fake_gone (fake);
  extension_host_lifecycle_release (&fake->lifecycle);
}

static void
do_pause_resume (Fake *fake)
{
  fake_pause (fake);
  fake_resume (fake);
}

static void
do_clean_exit (Fake *fake)
{
  g_object_set (fake->spec, "restart", EXTENSION_HOST_RESTART_POLICY_ON_FAILURE, NULL);
  die (fake, 0);
  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_STOPPED);
}

static void
do_clean_exit_always (Fake *fake)
{
  die (fake, 0);
  fake_wait (fake);
}

static void
do_start_in_backoff (Fake *fake)
{
  die (fake, 1);
  fake_start (fake);
}

static void
do_restart_in_backoff (Fake *fake)
{
  die (fake, 1);
  fake_restart (fake);
}

static void
do_crash (Fake *fake)
{
  die (fake, 1);
  fake_wait (fake);
  fake_live_and_die (fake, 1);
  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_CRASHED);
}

static void
do_crash_reset (Fake *fake)
{
  do_crash (fake);
  g_assert_true (extension_host_lifecycle_reset (&fake->lifecycle, NULL, NULL));
}

static void
do_crash_stop (Fake *fake)
{
  do_crash (fake);
  fake_stop (fake);
}

static void
do_crash_restart (Fake *fake)
{
  do_crash (fake);
  fake_restart (fake);
}

static void
do_spawn_failure (Fake *fake)
{
  do_restart (fake);
  fake_restart (fake);
  fake->spawn_error = EXTENSION_HOST_ERROR_NOT_FOUND;
  fake_gone (fake);
  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_CRASHED);
}

static const struct {
  const char *name;
  void (*act) (Fake *fake);
  guint used;
  guint restarts;
} acts[] = {
  { "nothing", do_nothing, 2, 2 },
  { "restart", do_restart, 0, 0 },
  { "stop", do_stop, 2, 2 },
  { "stop-and-start", do_stop_start, 0, 0 },
  { "stop-and-reset", do_stop_reset, 0, 2 },
  { "kill", do_kill, 2, 2 },
  { "quarantine", do_quarantine, 2, 2 },
  { "pause-and-resume", do_pause_resume, 2, 2 },
  { "clean-exit", do_clean_exit, 2, 2 },
  { "clean-exit-that-is-restarted", do_clean_exit_always, 3, 3 },
  { "start-in-backoff", do_start_in_backoff, 0, 0 },
  { "restart-in-backoff", do_restart_in_backoff, 0, 0 },
  { "crash", do_crash, 3, 3 },
  { "crash-and-reset", do_crash_reset, 0, 3 },
  { "crash-and-stop", do_crash_stop, 3, 3 },
  { "crash-and-restart", do_crash_restart, 0, 0 },
  { "restart-that-cannot-be-spawned", do_spawn_failure, 0, 0 },
};

static void
test_act (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(Fake) fake = fake_after (2, "max-restarts", 3, NULL);

  acts[i].act (fake);
  g_assert_cmpuint (used (fake), ==, acts[i].used);
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, acts[i].restarts);
}

#define add(path, func) g_test_add_func ("/policy-budget/" path, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (backoffs); i++)
    {
      g_autofree char *path = g_strconcat ("/policy-budget/backoff/", backoffs[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_backoff);
    }
  add ("jitter/spreads-hosts", test_jitter_spreads_hosts);
  add ("jitter/is-drawn-anew", test_jitter_is_drawn_anew);
  add ("window/still-holds-what-is-as-old-as-it", test_window_still_holds_what_is_as_old_as_it);
  add ("window/forgets-what-is-older", test_window_forgets_what_is_older);
  add ("window/slides", test_window_slides);
  add ("window/resets-the-backoff", test_window_resets_the_backoff);
  add ("window/0-forgets-nothing", test_window_0_forgets_nothing);
  add ("limit-that-changes-counts-at-once", test_limit_that_changes_counts_at_once);
  add ("wall-clock-decides-nothing", test_wall_clock_decides_nothing);
  add ("million-failures", test_million_failures);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      g_autofree char *path = g_strconcat ("/policy-budget/after/", acts[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_act);
    }

  return g_test_run ();
}
