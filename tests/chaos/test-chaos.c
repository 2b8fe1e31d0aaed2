/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A long day in the life of an application and its hosts: see README.md. */

#include <locale.h>
#include <unistd.h>

#include "chaos-bus.h"
#include "chaos-calls.h"
#include "chaos-faults.h"
#include "chaos-invariants.h"
#include "chaos-operations.h"
#include "chaos-stock.h"
#include "chaos-table.h"
#include "extension-host-reactor-private.h"

#define FEWEST_HOSTS 10
#define N_ROUNDS 6               /* of which the first two warm up */
#define N_WARM_UP 2
#define LONGEST_ROUND 60         /* s: a long run has more of them */
#define HANG 300                 /* s that it may take longer than it should */

#define FAULT_EVERY 120          /* ms, at most; and so on */
#define OPERATION_EVERY 60
#define BUS_EVERY 60
#define CALL_EVERY 60
#define LOOK_EVERY 10

static ChaosOptions options = { .n_hosts = 20, .seconds = 60 };

/* A round */

/* What is done again and again: the times between are drawn, or are the same. */
static const struct
{
  void (*act) (Chaos *chaos);
  guint every;                   /* ms */
  gboolean is_regular;
  gboolean is_harm;
} acts[] = {
  { chaos_invariants_look, LOOK_EVERY, TRUE, FALSE },
  { chaos_faults_look, LOOK_EVERY, TRUE, FALSE },
  { chaos_resume_in_time, LOOK_EVERY, TRUE, FALSE },
  { chaos_call_standing, LOOK_EVERY, TRUE, FALSE },
  { chaos_faults_inject, FAULT_EVERY, FALSE, TRUE },
  { chaos_operate, OPERATION_EVERY, FALSE, TRUE },
  { chaos_bus_operate, BUS_EVERY, FALSE, TRUE },
  { chaos_call_often, CALL_EVERY, FALSE, TRUE },
};

static void
act_when_due (Chaos    *self,
              gint64   *due,
              gboolean  harm)
{
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      gint64 now = g_get_monotonic_time ();
      guint ms = acts[i].every;

      if (now < due[i] || (acts[i].is_harm && !harm))
        continue;

      acts[i].act (self);
      if (!acts[i].is_regular)
        ms = (guint) chaos_random (self, 0, (int) ms);
      due[i] = now + (gint64) ms * 1000;
    }
}

/* Until @end, and then until @is_over, while nothing new is done. */
static void
run_until (Chaos     *self,
           gint64     end,
           gboolean (*is_over) (Chaos *chaos))
{
  gint64 due[G_N_ELEMENTS (acts)] = { 0 };
  gint64 now = g_get_monotonic_time ();
  gint64 give_up = end + 2 * CHAOS_PATIENCE * G_USEC_PER_SEC;

  while (now < end || !is_over (self))
    {
      chaos_check (self, NULL, now < give_up, "it does not come to rest");
      act_when_due (self, due, now < end);
      if (!g_main_context_iteration (self->fixture->context, FALSE))
        g_usleep (500);
      chaos_invariants_note_turn (self, now);
      now = g_get_monotonic_time ();
    }
}

/* One that is not at rest, and is to be; NULL if there is none. */
static ChaosHost *
find_restless (Chaos *self)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (self->hosts, i);

      if (host->n_open > 0 || (host->role != CHAOS_BYSTANDER && !chaos_host_is_at_rest (host)))
        return host;
    }

  return NULL;
}

static gboolean
are_quiet (Chaos *self)
{
  return chaos_all_answered (self) && find_restless (self) == NULL;
}

/* Nobody is asked anything any more. */
static void
run_to (Chaos     *self,
        gboolean (*is_reached) (Chaos *chaos))
{
  gint64 give_up = g_get_monotonic_time () + 2 * CHAOS_PATIENCE * G_USEC_PER_SEC;

  while (!is_reached (self))
    {
      chaos_check_questions (self);
      chaos_check (self, find_restless (self), g_get_monotonic_time () < give_up,
                   "it does not come to rest");
      if (!g_main_context_iteration (self->fixture->context, FALSE))
        g_usleep (500);
    }
}

static void
start_all (Chaos *self)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (self->hosts, i);

      if (!chaos_host_is_up (host))
        chaos_start (host);
    }
}

static void
stop_all (Chaos    *self,
          gboolean  bystanders_too)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (self->hosts, i);

      if (host->role != CHAOS_BYSTANDER || bystanders_too)
        chaos_stop (host);
    }
}

static void
run_round (Chaos *self,
           gint64 duration)
{
  start_all (self);
  run_until (self, g_get_monotonic_time () + duration, chaos_faults_are_over);
  chaos_resume_all (self);
  run_to (self, chaos_all_answered);   /* a start that is still on the bus must not follow a stop */
  chaos_resume_all (self);
  stop_all (self, FALSE);
  run_to (self, are_quiet);
  chaos_look_at_trees (self);
  chaos_invariants_check_tally (self);
  chaos_forget_questions (self);
  g_ptr_array_set_size (self->guests, 0);
}

static void
run_rounds (Chaos *self)
{
  guint n_rounds = MAX (N_ROUNDS, options.seconds / LONGEST_ROUND);
  ChaosStock least = { 0 };
  ChaosStock warm = { 0 };
  ChaosStock stock = { 0 };

  for (guint i = 1; i <= n_rounds; i++)
    {
      g_autofree char *when = g_strdup_printf ("round %u", i);
      gboolean matches = FALSE;

      run_round (self, options.seconds * G_USEC_PER_SEC / n_rounds);
      if (i == 1)
        least = chaos_stock_take (self->fixture);
      matches = chaos_stock_match (self->fixture, &least, &stock);
      chaos_stock_print (when, &stock);
      chaos_check (self, NULL, matches, "there is more than after the round before");
      chaos_stock_lower (&least, &stock);
      if (i == N_WARM_UP)
        warm = stock;
      chaos_check (self, NULL, i <= N_WARM_UP ||
                               !chaos_stock_has_grown (&warm, &stock, options.n_hosts),
                   "there is more memory than after round %d", N_WARM_UP);
    }
}

/* The whole of it */

static void
on_state_changed (ExtensionHostManager    *manager G_GNUC_UNUSED,
                  ExtensionHostProcess    *process G_GNUC_UNUSED,
                  ExtensionHostTransition *transition G_GNUC_UNUSED,
                  guint64                 *n_seen)
{
  (*n_seen)++;
}

static void
bring_up (Chaos       *self,
          TestFixture *fixture)
{
  *self = (Chaos) {
    .fixture = fixture,
    .options = &options,
    .rand = g_rand_new_with_seed (options.seed),
    .manager = extension_host_manager_new (),
    .hosts = g_ptr_array_new_with_free_func ((GDestroyNotify) chaos_host_free),
    .guests = g_ptr_array_new_with_free_func ((GDestroyNotify) chaos_host_free),
    .questions = g_ptr_array_new_with_free_func (g_free),
    .faults = g_ptr_array_new_with_free_func (g_free),
  };
  g_signal_connect (self->manager, "state-changed", G_CALLBACK (on_state_changed),
                    &self->n_manager_seen);
  for (guint i = 0; i < options.n_hosts; i++)
    g_ptr_array_add (self->hosts, chaos_host_new_nth (self, i));
  self->bus = chaos_bus_new (self);
  chaos_faults_set_up (self);
}

/* For the bystanders this is the first that is done to them. */
static void
bring_down (Chaos *self)
{
  gpointer object = self->manager;

  chaos_invariants_check_bystanders (self);
  stop_all (self, TRUE);
  run_to (self, are_quiet);
  chaos_forget_questions (self);
  chaos_faults_tear_down (self);
  g_clear_pointer (&self->guests, g_ptr_array_unref);
  g_clear_pointer (&self->hosts, g_ptr_array_unref);
  g_object_add_weak_pointer (object, &object);
  g_object_unref (self->manager);
  g_assert_null (object);
  g_clear_pointer (&self->bus, chaos_bus_free);
  g_clear_pointer (&self->questions, g_ptr_array_unref);
  g_clear_pointer (&self->faults, g_ptr_array_unref);
  g_clear_pointer (&self->rand, g_rand_free);
  chaos_journal_clear (&self->journal);
}

static gboolean
are_all_up (Chaos *self)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (self->hosts, i);

      if (host->role == CHAOS_BYSTANDER && !chaos_host_is_up (host))
        return FALSE;
    }

  return chaos_all_answered (self);
}

/* All that GLib and we make once and keep */
static void
warm_up (TestFixture *fixture)
{
  Chaos chaos;

  bring_up (&chaos, fixture);
  start_all (&chaos);
  test_wait_until (fixture, are_all_up (&chaos));
  bring_down (&chaos);
}

static void
test_chaos (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  ChaosStock before = { 0 };
  ChaosStock after = { 0 };
  gboolean matches = FALSE;
  Chaos chaos;

  g_test_message ("seed %u, %u hosts, %u s", options.seed, options.n_hosts, options.seconds);
  alarm (options.seconds + HANG);
  warm_up (fixture);
  before = chaos_stock_take (fixture);

  bring_up (&chaos, fixture);
  run_rounds (&chaos);
  bring_down (&chaos);

  matches = chaos_stock_match (fixture, &before, &after);
  chaos_stock_print ("before", &before);
  chaos_stock_print ("after", &after);
  chaos_check (&chaos, NULL, matches, "there is more than before the first round");
  g_assert_false (extension_host_reactor_exists (fixture->context));
  chaos_table_print (&chaos, chaos_stock_count_leaks (&before, &after));
  chaos_table_write_markdown (&chaos, chaos_stock_count_leaks (&before, &after));
  chaos_table_expect_all (&chaos);
  alarm (0);
}

/* Options */

static guint
parse_seconds (const char *text)
{
  guint64 seconds = 0;

  if (!g_ascii_string_to_unsigned (text, 10, 1, 24 * 3600, &seconds, NULL))
    g_error ("EXTENSION_HOST_CHAOS_SECONDS is a number of seconds, not “%s”", text);

  return (guint) seconds;
}

/* Those that GLib's tests have are left to them. */
static void
parse_options (int    *argc,
               char ***argv)
{
  int seed = -1;
  int n_hosts = (int) options.n_hosts;
  double minutes = 0;
  const GOptionEntry entries[] = {
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "Repeat the faults and operations of a run", "N" },
    { "hosts", 0, 0, G_OPTION_ARG_INT, &n_hosts, "How many hosts there are", "N" },
    { "minutes", 0, 0, G_OPTION_ARG_DOUBLE, &minutes, "How long it takes", "M" },
    { "markdown", 0, 0, G_OPTION_ARG_FILENAME, &options.markdown, "Write the table there", "FILE" },
    { NULL }
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  if (g_getenv ("EXTENSION_HOST_CHAOS_SECONDS") != NULL)
    options.seconds = parse_seconds (g_getenv ("EXTENSION_HOST_CHAOS_SECONDS"));
  if (!g_option_context_parse (context, argc, argv, &error))
    g_error ("%s", error->message);

  if (n_hosts < FEWEST_HOSTS)
    g_error ("There have to be %d hosts, not %d", FEWEST_HOSTS, n_hosts);
  options.n_hosts = (guint) n_hosts;
  options.seed = seed >= 0 ? (guint32) seed : g_random_int () & G_MAXINT32;
  if (minutes > 0)
    options.seconds = MAX (1, (guint) (minutes * 60));
}

int
main (int    argc,
      char **argv)
{
  int status = 0;

  setlocale (LC_ALL, "");   /* messages of the library have quotes */
  parse_options (&argc, &argv);
  chaos_bus_set_up ();
  g_test_init (&argc, &argv, NULL);

  test_add ("/chaos/random", NULL, test_chaos);
  status = g_test_run ();
  chaos_bus_tear_down ();
  g_free (options.markdown);

  return status;
}
