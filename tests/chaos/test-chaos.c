/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A long day in the life of twenty hosts: they are killed, frozen, stopped, started and called at
 * random, and time and again all of it has to be as it was before. --seed repeats the operations,
 * if not what comes of them.
 *
 * EXTENSION_HOST_CHAOS_SECONDS says how long it takes (60). */

#include <stdlib.h>
#include <unistd.h>

#include "extension-host-reactor-private.h"
#include "chaos-host.h"
#include "chaos-stock.h"

#define N_HOSTS 20
#define N_ROUNDS 6               /* of which the first two warm up */
#define N_WARM_UP 2
#define LONGEST_ROUND 60         /* s: a long run has more of them */
#define HANG 180                 /* s that it may take longer than it should */
#define MOST_GROWTH 1.2
#define LOOK_AFTER_EVERY 10000   /* µs */

typedef struct
{
  TestFixture *fixture;
  ExtensionHostManager *manager;
  ChaosHost *hosts[N_HOSTS];
  ChaosTally tally;
  guint n_seen;                  /* transitions, told by the manager */
} Chaos;

static guint
get_seconds (void)
{
  const char *text = g_getenv ("EXTENSION_HOST_CHAOS_SECONDS");
  guint64 seconds = 60;

  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 1, 24 * 3600, &seconds, NULL))
    g_error ("EXTENSION_HOST_CHAOS_SECONDS is a number of seconds, not “%s”", text);

  return (guint) seconds;
}

/* A round */

static void
look_after_all (Chaos *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    chaos_host_look_after (self->hosts[i]);
}

static void
run_for (Chaos   *self,
         gint64  duration)
{
  gint64 end = g_get_monotonic_time () + duration;
  gint64 next_look = 0;
  gint64 next_operation = 0;

  while (g_get_monotonic_time () < end)
    {
      gint64 now = g_get_monotonic_time ();

      if (now >= next_operation)
        {
          chaos_host_operate (self->hosts[g_test_rand_int_range (0, N_HOSTS)]);
          next_operation = now + g_test_rand_int_range (0, 30 * 1000);
        }
      if (now >= next_look)
        {
          look_after_all (self);
          next_look = now + LOOK_AFTER_EVERY;
        }
      if (!g_main_context_iteration (self->fixture->context, FALSE))
        g_usleep (500);
    }
}

static gboolean
are_at_rest (Chaos *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    if (!chaos_host_is_at_rest (self->hosts[i]))
      return FALSE;

  return TRUE;
}

static void
start_all (Chaos *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    chaos_host_start (self->hosts[i]);
}

/* Before the wait is given up: a name alone would help nobody. */
static gboolean
on_patience_lost (gpointer data)
{
  Chaos *self = data;

  for (guint i = 0; i < N_HOSTS; i++)
    if (!chaos_host_is_at_rest (self->hosts[i]))
      chaos_host_describe (self->hosts[i]);

  return G_SOURCE_REMOVE;
}

static void
stop_all (Chaos *self)
{
  g_autoptr(GSource) patience = g_timeout_source_new_seconds (TEST_DEADLINE - 5);

  g_source_set_callback (patience, on_patience_lost, self, NULL);
  g_source_attach (patience, self->fixture->context);
  for (guint i = 0; i < N_HOSTS; i++)
    {
      chaos_host_thaw (self->hosts[i]);
      chaos_host_stop (self->hosts[i]);
    }
  test_wait_until (self->fixture, are_at_rest (self));
  g_source_destroy (patience);
}

/* All that was asked is answered, and what there is to count agrees. */
static void
check_tally (Chaos *self)
{
  ChaosTally *tally = &self->tally;
  guint64 n_announced = 0;

  for (guint i = 0; i < N_HOSTS; i++)
    {
      ExtensionHostProcess *process = self->hosts[i]->process;

      n_announced += extension_host_process_get_sequence (process);
      g_assert_cmpuint (extension_host_process_get_pending_calls (process), ==, 0);
      g_assert_cmpuint (extension_host_process_get_queued_bytes (process), ==, 0);
      g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
    }

  g_assert_cmpuint (n_announced, ==, tally->n_transitions);
  g_assert_cmpuint (self->n_seen, ==, tally->n_transitions);
  g_assert_cmpuint (tally->n_order_answers, ==, tally->n_orders);
  g_assert_cmpuint (tally->n_replies + tally->n_failures, ==, tally->n_calls);
}

static void
run_rounds (Chaos *self)
{
  guint seconds = get_seconds ();
  guint n_rounds = MAX (N_ROUNDS, seconds / LONGEST_ROUND);
  ChaosStock least = { 0 };
  ChaosStock warm = { 0 };
  ChaosStock stock = { 0 };

  for (guint i = 1; i <= n_rounds; i++)
    {
      g_autofree char *when = g_strdup_printf ("round %u", i);

      start_all (self);
      run_for (self, seconds * G_USEC_PER_SEC / n_rounds);
      stop_all (self);
      check_tally (self);

      if (i == 1)
        least = chaos_stock_take (self->fixture);
      chaos_stock_match (self->fixture, &least, &stock);
      least = stock;
      chaos_stock_print (when, &stock);
      if (i == N_WARM_UP)
        warm = stock;
      else if (i > N_WARM_UP && !TEST_SANITIZED)   /* what is freed is kept there */
        g_assert_cmpfloat ((double) stock.resident, <=, MOST_GROWTH * (double) warm.resident);
    }
}

/* The whole of it */

static void
on_state_changed (ExtensionHostManager    *manager G_GNUC_UNUSED,
                  ExtensionHostProcess    *process G_GNUC_UNUSED,
                  ExtensionHostTransition *transition G_GNUC_UNUSED,
                  guint                   *n_seen)
{
  (*n_seen)++;
}

static void
bring_up (Chaos        *self,
          TestFixture *fixture)
{
  *self = (Chaos) { .fixture = fixture, .manager = extension_host_manager_new () };
  g_signal_connect (self->manager, "state-changed", G_CALLBACK (on_state_changed), &self->n_seen);
  for (guint i = 0; i < N_HOSTS; i++)
    self->hosts[i] = chaos_host_new (fixture, self->manager, i, &self->tally);
}

static void
bring_down (Chaos *self)
{
  gpointer object = self->manager;

  for (guint i = 0; i < N_HOSTS; i++)
    chaos_host_free (self->hosts[i]);
  g_object_add_weak_pointer (object, &object);
  g_object_unref (self->manager);
  g_assert_null (object);
}

/* All that GLib and we make once and keep */
static void
warm_up (TestFixture *fixture)
{
  Chaos chaos;

  bring_up (&chaos, fixture);
  start_all (&chaos);
  stop_all (&chaos);
  bring_down (&chaos);
}

static void
print_tally (const ChaosTally *tally,
             guint            n_leaks)
{
  const struct {
    const char *what;
    guint number;
  } rows[] = {
    { "operations", tally->n_operations },
    { "programs killed", tally->n_kills },
    { "shims killed", tally->n_shim_kills },
    { "programs frozen", tally->n_freezes },
    { "called unresponsive", tally->n_verdicts },
    { "automatic restarts", tally->n_restarts },
    { "transitions", tally->n_transitions },
    { "orders, all answered", tally->n_orders },
    { "calls", tally->n_calls },
    { "replies", tally->n_replies },
    { "failures", tally->n_failures },
    { "leaks", n_leaks },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_message ("%-22s %9u", rows[i].what, rows[i].number);
}

/* A run in which nothing happened would have proved nothing. */
static void
expect_enough (const ChaosTally *tally)
{
  guint enough = get_seconds () / 10;

  g_assert_cmpuint (tally->n_kills, >=, enough);
  g_assert_cmpuint (tally->n_shim_kills, >=, enough);
  g_assert_cmpuint (tally->n_freezes, >=, enough);
  g_assert_cmpuint (tally->n_restarts, >=, enough);
  g_assert_cmpuint (tally->n_replies, >=, enough);
  g_assert_cmpuint (tally->n_failures, >=, enough);
}

static void
test_chaos (TestFixture   *fixture,
           gconstpointer  data G_GNUC_UNUSED)
{
  ChaosStock before = { 0 };
  ChaosStock after = { 0 };
  Chaos chaos;

  alarm (get_seconds () + HANG);
  warm_up (fixture);
  before = chaos_stock_take (fixture);

  bring_up (&chaos, fixture);
  run_rounds (&chaos);
  bring_down (&chaos);

  chaos_stock_match (fixture, &before, &after);
  chaos_stock_print ("before", &before);
  chaos_stock_print ("after", &after);
  g_assert_false (extension_host_reactor_exists (fixture->context));
  print_tally (&chaos.tally, chaos_stock_count_leaks (&before, &after));
  expect_enough (&chaos.tally);
  alarm (0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/chaos/random", NULL, test_chaos);

  return g_test_run ();
}
