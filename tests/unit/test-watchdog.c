/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-watchdog-private.h"

/* When a host is probed, and which silences count. A scenario is a list of what the watchdog is
 * told and of what it is to answer. There is a tick every 1000 ms, and a probe has 400 ms. */

#define MS G_GINT64_CONSTANT (1000)
#define INTERVAL 1000
#define TIMEOUT 400
#define BEGAN 5000   /* ms the system had been suspended for when the host became ready */

typedef enum { END, TICK, MISSED, REPLIED, SLEPT } Event;

typedef struct
{
  Event event;
  guint due;            /* ms */
  guint late;           /* ms that we come too late */
  gboolean answer;      /* probe, of a tick; enough, of a probe that was missed */
  guint failures;       /* afterwards */
} Step;

/* A tick is called by what it leads to. */
#define PROBES(due, failures) { TICK, due, 0, TRUE, failures }
#define SPARES(due, failures) { TICK, due, 0, FALSE, failures }
#define LATE_TICK(due, late) { TICK, due, late, TRUE, 0 }
#define COUNTS(due, failures) { MISSED, due, 0, FALSE, failures }
#define ENOUGH(due, failures) { MISSED, due, 0, TRUE, failures }
#define COUNTS_LATE(due, late, failures) { MISSED, due, late, FALSE, failures }
#define EXCUSED(due, late) { MISSED, due, late, FALSE, 0 }
#define ANSWER { REPLIED, 0, 0, FALSE, 0 }
#define SUSPENSION(ms) { SLEPT, ms, 0, FALSE, 0 }

static const struct {
  const char *name;
  guint limit;
  Step steps[24];
} scenarios[] = {
  { "probes/at-each-tick-of-a-silent-host", 3,
    { PROBES (1000, 0), PROBES (2000, 0), PROBES (3000, 0) } },

  { "probes/not-after-an-answer", 3,
    { PROBES (1000, 0), ANSWER, SPARES (2000, 0), PROBES (3000, 0), ANSWER, ANSWER,
      SPARES (4000, 0), PROBES (5000, 0) } },

  { "failures/host-that-never-answered", 3,
    { PROBES (1000, 0), COUNTS (1400, 1), PROBES (2000, 1), COUNTS (2400, 2), PROBES (3000, 2),
      ENOUGH (3400, 3) } },

  { "failures/told-once-for-an-incident", 2,
    { COUNTS (1400, 1), ENOUGH (2400, 2), COUNTS (3400, 3), COUNTS (4400, 4), COUNTS (5400, 5) } },

  { "failures/told-again-in-the-next-incident", 2,
    { COUNTS (1400, 1), ENOUGH (2400, 2), COUNTS (3400, 3), ANSWER, COUNTS (4400, 1),
      ENOUGH (5400, 2), COUNTS (6400, 3) } },

  { "failures/only-those-in-a-row", 3,
    { COUNTS (1400, 1), COUNTS (2400, 2), ANSWER, SPARES (3000, 0), COUNTS (4400, 1),
      COUNTS (5400, 2), ANSWER, COUNTS (6400, 1), COUNTS (7400, 2), ENOUGH (8400, 3) } },

  { "failures/one-is-enough", 1,
    { ENOUGH (1400, 1), COUNTS (2400, 2), ANSWER, ENOUGH (3400, 1) } },

  { "failures/limit-0-tells-the-first-and-once", 0,
    { ENOUGH (1400, 1), COUNTS (2400, 2), COUNTS (3400, 3), ANSWER, ENOUGH (4400, 1),
      COUNTS (5400, 2) } },

  { "suspended/failures-before-are-forgotten", 3,
    { COUNTS (1400, 1), COUNTS (2400, 2), SUSPENSION (60000), PROBES (3000, 0),
      EXCUSED (3400, 0), COUNTS (4400, 1), COUNTS (5400, 2), ENOUGH (6400, 3) } },

  { "suspended/noticed-at-a-missed-probe", 2,
    { PROBES (1000, 0), COUNTS (1400, 1), PROBES (2000, 1), SUSPENSION (500), EXCUSED (2400, 0),
      PROBES (3000, 0), COUNTS (3400, 1), ENOUGH (4400, 2) } },

  { "suspended/each-time-anew", 1,
    { SUSPENSION (500), EXCUSED (1400, 0), SUSPENSION (500), EXCUSED (2400, 0), SUSPENSION (500),
      EXCUSED (3400, 0), ENOUGH (4400, 1) } },

  { "suspended/not-for-100-ms", 2,
    { SUSPENSION (100), COUNTS (1400, 1), ENOUGH (2400, 2) } },

  { "suspended/for-101-ms", 2,
    { SUSPENSION (101), EXCUSED (1400, 0), COUNTS (2400, 1) } },

  { "suspended/differences-of-the-clocks-do-not-add-up", 4,
    { SUSPENSION (60), COUNTS (1400, 1), SUSPENSION (60), COUNTS (2400, 2), SUSPENSION (60),
      COUNTS (3400, 3), SUSPENSION (60), ENOUGH (4400, 4) } },

  { "suspended/clocks-that-come-closer-mean-nothing", 2,
    { SUSPENSION (-60), COUNTS (1400, 1), SUSPENSION (-3000), ENOUGH (2400, 2) } },

  { "suspended/incident-is-over", 2,
    { COUNTS (1400, 1), ENOUGH (2400, 2), SUSPENSION (500), PROBES (3000, 0), COUNTS (4400, 1),
      ENOUGH (5400, 2) } },

  { "stalled/late-tick", 2,
    { COUNTS (1400, 1), LATE_TICK (2000, 401), EXCUSED (2801, 0), COUNTS (3401, 1),
      ENOUGH (4400, 2) } },

  { "stalled/late-probe", 2,
    { COUNTS (1400, 1), EXCUSED (2400, 30000), COUNTS (33400, 1), ENOUGH (34400, 2) } },

  { "stalled/for-the-timeout-is-not-longer", 2,
    { COUNTS (1400, 1), { TICK, 2000, 400, TRUE, 1 }, { MISSED, 2800, 400, TRUE, 2 } } },

  { "stalled/as-long-as-it-lasts", 1,
    { EXCUSED (1400, 401), EXCUSED (2400, 401), EXCUSED (3400, 401), EXCUSED (4800, 0),
      ENOUGH (4801, 1) } },

  { "stalled/many-that-come-late-at-once", 1,
    { LATE_TICK (1000, 9000), EXCUSED (1400, 8600), LATE_TICK (2000, 8000), EXCUSED (9000, 1000),
      ENOUGH (11000, 1) } },

  { "grace/ends-after-one-interval", 1,
    { EXCUSED (1400, 600), EXCUSED (2999, 0), ENOUGH (3000, 1) } },

  { "grace/answers-still-count", 2,
    { EXCUSED (1400, 600), ANSWER, SPARES (2500, 0), COUNTS (3000, 1), ANSWER, COUNTS (4000, 1),
      ENOUGH (5000, 2) } },
};

static void
take_step (ExtensionHostWatchdog *watchdog,
           const Step            *step,
           const char            *name,
           gsize                  number,
           gint64                *slept)
{
  gint64 due = step->due * MS;
  gint64 now = due + step->late * MS;
  gboolean answer = step->answer;

  switch (step->event)
    {
    case TICK:
      answer = extension_host_watchdog_tick (watchdog, due, now, *slept);
      break;
    case MISSED:
      answer = extension_host_watchdog_missed (watchdog, due, now, *slept);
      break;
    case REPLIED:
      extension_host_watchdog_replied (watchdog, 1);
      break;
    case SLEPT:
      *slept += (int) step->due * MS;
      return;   /* nobody is told */
    case END:
    default:
      g_assert_not_reached ();
    }

  if (answer != step->answer || watchdog->failures != step->failures)
    g_error ("%s, step %" G_GSIZE_FORMAT ": answers %d with %u failures instead of %d with %u",
             name, number + 1, answer, watchdog->failures, step->answer, step->failures);
}

static void
test_scenario (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  ExtensionHostWatchdog watchdog;
  gint64 slept = BEGAN * MS;

  extension_host_watchdog_begin (&watchdog, INTERVAL, TIMEOUT, scenarios[i].limit, slept);
  for (gsize k = 0; scenarios[i].steps[k].event != END; k++)
    take_step (&watchdog, &scenarios[i].steps[k], scenarios[i].name, k, &slept);
}

/* All that was, is over when the host becomes ready again. */
static void
test_begins_afresh (void)
{
  ExtensionHostWatchdog watchdog;

  extension_host_watchdog_begin (&watchdog, INTERVAL, TIMEOUT, 1, 0);
  extension_host_watchdog_replied (&watchdog, 7);
  extension_host_watchdog_tick (&watchdog, 0, 5000 * MS, 0);   /* grace */
  g_assert_true (extension_host_watchdog_missed (&watchdog, 9000 * MS, 9000 * MS, 0));
  extension_host_watchdog_replied (&watchdog, 7);

  extension_host_watchdog_begin (&watchdog, INTERVAL, TIMEOUT, 2, 0);
  g_assert_cmpuint (watchdog.failures, ==, 0);
  g_assert_cmpint (extension_host_watchdog_take_latency (&watchdog), ==, -1);
  g_assert_true (extension_host_watchdog_tick (&watchdog, 100, 100, 0));
  g_assert_false (extension_host_watchdog_missed (&watchdog, 200, 200, 0));
  g_assert_true (extension_host_watchdog_missed (&watchdog, 300, 300, 0));
}

/* What it was suspended for before the host was ready is none of its business. */
static void
test_old_suspensions_do_not_count (void)
{
  ExtensionHostWatchdog watchdog;

  extension_host_watchdog_begin (&watchdog, INTERVAL, TIMEOUT, 1, G_TIME_SPAN_DAY);

  g_assert_true (extension_host_watchdog_missed (&watchdog, 1, 1, G_TIME_SPAN_DAY));
}

static void
test_latency_is_taken_once (void)
{
  ExtensionHostWatchdog watchdog;

  extension_host_watchdog_begin (&watchdog, INTERVAL, TIMEOUT, 3, 0);
  g_assert_cmpint (extension_host_watchdog_take_latency (&watchdog), ==, -1);

  extension_host_watchdog_replied (&watchdog, 700);
  extension_host_watchdog_replied (&watchdog, 300);
  g_assert_cmpint (extension_host_watchdog_take_latency (&watchdog), ==, 300);
  g_assert_cmpint (extension_host_watchdog_take_latency (&watchdog), ==, -1);

  extension_host_watchdog_replied (&watchdog, 0);   /* faster than the clock */
  g_assert_cmpint (extension_host_watchdog_take_latency (&watchdog), ==, 0);
  g_assert_cmpint (extension_host_watchdog_take_latency (&watchdog), ==, -1);
}

/* Neither a tick nor a silence takes away what has been measured. */
static void
test_latency_outlives_ticks (void)
{
  ExtensionHostWatchdog watchdog;

  extension_host_watchdog_begin (&watchdog, INTERVAL, TIMEOUT, 3, 0);
  extension_host_watchdog_replied (&watchdog, 42);
  extension_host_watchdog_tick (&watchdog, 1000 * MS, 1000 * MS, 0);
  extension_host_watchdog_missed (&watchdog, 2400 * MS, 2400 * MS, 0);

  g_assert_cmpint (extension_host_watchdog_take_latency (&watchdog), ==, 42);
}

/* As after a pause, and whenever else its owner knows better */
static void
test_grace_granted_from_outside (void)
{
  ExtensionHostWatchdog watchdog;
  gint64 now = 3000 * MS;

  extension_host_watchdog_begin (&watchdog, INTERVAL, TIMEOUT, 2, 0);
  extension_host_watchdog_missed (&watchdog, 1400 * MS, 1400 * MS, 0);
  extension_host_watchdog_grant_grace (&watchdog, now);
  g_assert_cmpuint (watchdog.failures, ==, 0);

  now += INTERVAL * MS - 1;
  g_assert_false (extension_host_watchdog_missed (&watchdog, now, now, 0));
  g_assert_cmpuint (watchdog.failures, ==, 0);
  now++;
  g_assert_false (extension_host_watchdog_missed (&watchdog, now, now, 0));
  g_assert_true (extension_host_watchdog_missed (&watchdog, now, now, 0));
}

/* The longest settings there are, and a silence without end */
static void
test_extremes (void)
{
  ExtensionHostWatchdog watchdog;
  gint64 interval = (gint64) G_MAXUINT * 1000;

  extension_host_watchdog_begin (&watchdog, G_MAXUINT, G_MAXUINT, G_MAXUINT, 0);
  g_assert_true (extension_host_watchdog_tick (&watchdog, 0, interval + 1, 0));
  g_assert_false (extension_host_watchdog_missed (&watchdog, interval, 2 * interval, 0));
  g_assert_cmpuint (watchdog.failures, ==, 0);
  g_assert_false (extension_host_watchdog_missed (&watchdog, interval + 1, 2 * interval + 1, 0));
  g_assert_cmpuint (watchdog.failures, ==, 1);
}

#define add(path, func) g_test_add_func ("/watchdog/" path, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      g_autofree char *path = g_strconcat ("/watchdog/", scenarios[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_scenario);
    }
  add ("begins-afresh", test_begins_afresh);
  add ("suspended/old-suspensions-do-not-count", test_old_suspensions_do_not_count);
  add ("latency/is-taken-once", test_latency_is_taken_once);
  add ("latency/outlives-ticks", test_latency_outlives_ticks);
  add ("grace/granted-from-outside", test_grace_granted_from_outside);
  add ("extremes", test_extremes);

  return g_test_run ();
}
