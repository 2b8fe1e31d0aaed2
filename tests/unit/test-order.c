/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "extension-host-error.h"
#include "extension-host-order-private.h"

#define LONG 100000                       /* hosts; quadratic work on them takes minutes */
#define LONG_ENOUGH (5 * G_USEC_PER_SEC)  /* also with valgrind */
#define SMALL_STACK (256 * 1024)          /* bytes: fewer than three for each host */
#define MAX_AFTER 8

typedef struct
{
  const char *id;
  const char *after[4];
} Row;

/* Up to five hosts; the order in which they are to start, or the message of the error. */
static const struct {
  Row rows[5];
  const char *order;
  const char *message;
} cases[] = {
  { { { "a" } }, "a", NULL },
  { { { "a" }, { "b" }, { "c" } }, "a b c", NULL },
  { { { "a" }, { "b", { "a" } }, { "c", { "b" } } }, "a b c", NULL },
  { { { "a", { "b" } }, { "b", { "c" } }, { "c" } }, "c b a", NULL },
  /* Nobody is overtaken but those that have to wait. */
  { { { "a", { "c" } }, { "b" }, { "c" }, { "d" } }, "b c a d", NULL },
  { { { "a", { "e" } }, { "b" }, { "c", { "b" } }, { "d" }, { "e" } }, "b c d e a", NULL },
  /* The order of the names does not matter, only that of the hosts. */
  { { { "a", { "d", "c", "b" } }, { "b" }, { "c" }, { "d" } }, "b c d a", NULL },
  /* A diamond */
  { { { "d", { "c", "b" } }, { "c", { "a" } }, { "b", { "a" } }, { "a" } }, "a c b d", NULL },
  /* A name twice */
  { { { "a", { "b", "b" } }, { "b" } }, "b a", NULL },
  { { { "a", { "x" } } }, "a", "Host “a” is to start after “x”, and there is no such host" },
  { { { "a" }, { "b", { "a", "y" } }, { "c", { "x" } } }, "a b c",
    "Host “b” is to start after “y”, and there is no such host" },
  /* Nobody waits for an unknown one when all must have a place. */
  { { { "a", { "b" } }, { "b", { "x" } }, { "c" } }, "b a c",
    "Host “b” is to start after “x”, and there is no such host" },
  { { { "a", { "a" } } }, "a", "Hosts wait for each other to start: “a → a”" },
  { { { "a", { "b" } }, { "b", { "a" } } }, "a b",
    "Hosts wait for each other to start: “a → b → a”" },
  { { { "a", { "b" } }, { "b", { "c" } }, { "c", { "a" } } }, "a c b",
    "Hosts wait for each other to start: “a → b → c → a”" },
  /* Neither those that lead to the cycle nor those that are placed belong to it. */
  { { { "a", { "d" } }, { "b", { "c" } }, { "c", { "e", "d", "b" } }, { "d", { "e", "c" } }, { "e" } },
    "e a b c d", "Hosts wait for each other to start: “c → d → c”" },
  /* An unknown name hides a cycle. */
  { { { "a", { "b" } }, { "b", { "x", "a" } } }, "a b",
    "Host “b” is to start after “x”, and there is no such host" },
};

static char *
tell (const ExtensionHostOrderItem *items,
      const guint                  *order,
      guint                         n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", items[order[i]].id);

  return g_string_free (text, FALSE);
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ExtensionHostOrderItem items[G_N_ELEMENTS (cases[i].rows)] = { { NULL, NULL } };
      g_autoptr(GError) error = NULL;
      g_autofree guint *order = NULL;
      g_autofree char *text = NULL;
      guint n = 0;

      for (; n < G_N_ELEMENTS (items) && cases[i].rows[n].id != NULL; n++)
        {
          items[n].id = cases[i].rows[n].id;
          items[n].after = cases[i].rows[n].after;
        }

      g_assert_cmpint (extension_host_order_check (items, n, &error), ==,
                       cases[i].message == NULL);
      if (cases[i].message != NULL)
        {
          g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY);
          g_assert_cmpstr (error->message, ==, cases[i].message);
        }
      g_assert_no_error (cases[i].message == NULL ? error : NULL);

      order = extension_host_order_sort (items, n);
      text = tell (items, order, n);
      g_assert_cmpstr (text, ==, cases[i].order);
    }
}

static void
test_nobody_and_nothing (void)
{
  const ExtensionHostOrderItem lonely[] = { { "a", NULL } };
  g_autoptr(GError) error = NULL;
  g_autofree guint *none = NULL;
  g_autofree guint *one = NULL;

  g_assert_true (extension_host_order_check (NULL, 0, &error));
  g_assert_no_error (error);
  none = extension_host_order_sort (NULL, 0);

  g_assert_true (extension_host_order_check (lonely, 1, &error));
  g_assert_no_error (error);
  one = extension_host_order_sort (lonely, 1);
  g_assert_cmpuint (one[0], ==, 0);
}

/* Hosts with names of their own that wait for any others: for half of the graphs only for lower
 * ones, in a hidden order, so that there is no cycle. */
typedef struct
{
  guint n;
  char ids[12][8];
  const char *after[12][MAX_AFTER + 1];
  gboolean edges[12][12];
  ExtensionHostOrderItem items[12];
} Graph;

static void
shuffle (guint *numbers,
         guint  n)
{
  for (guint i = 0; i < n; i++)
    numbers[i] = i;
  for (guint i = n; i > 1; i--)
    {
      guint j = g_test_rand_int_range (0, i);
      guint kept = numbers[j];

      numbers[j] = numbers[i - 1];
      numbers[i - 1] = kept;
    }
}

static void
make_graph (Graph    *self,
            gboolean  may_have_cycle)
{
  guint rank[12];
  guint density = g_test_rand_int_range (0, 60);

  memset (self, 0, sizeof *self);
  self->n = g_test_rand_int_range (1, G_N_ELEMENTS (self->items) + 1);
  shuffle (rank, self->n);

  for (guint i = 0; i < self->n; i++)
    g_snprintf (self->ids[i], sizeof self->ids[i], "host%u", i);
  for (guint i = 0; i < self->n; i++)
    {
      guint names[12];
      guint used = 0;

      shuffle (names, self->n);
      for (guint j = 0; j < self->n; j++)
        {
          guint other = names[j];

          if (used == MAX_AFTER || g_test_rand_int_range (0, 100) >= (int) density ||
              (rank[other] >= rank[i] && !may_have_cycle))
            continue;
          self->after[i][used++] = self->ids[other];
          self->edges[i][other] = TRUE;
        }
      self->items[i].id = self->ids[i];
      self->items[i].after = self->after[i];
    }
}

/* The first given of those whose turn it may be, looked for in the plainest way. FALSE if there
 * are none, and all that are left wait. */
static gboolean
oracle (const Graph *self,
        guint       *order)
{
  gboolean is_placed[12] = { FALSE };

  for (guint placed = 0; placed < self->n; placed++)
    {
      guint next = 0;

      for (; next < self->n; next++)
        {
          gboolean may = !is_placed[next];

          for (guint other = 0; other < self->n; other++)
            may = may && (!self->edges[next][other] || is_placed[other]);
          if (may)
            break;
        }
      if (next == self->n)
        return FALSE;
      is_placed[next] = TRUE;
      order[placed] = next;
    }

  return TRUE;
}

/* The message must walk along edges and come back to where it began, with no host twice. */
static void
assert_cycle (const Graph *self,
              const char  *message)
{
  const char *begin = strstr (message, "“") + strlen ("“");
  g_autofree char *inside = g_strndup (begin, strstr (begin, "”") - begin);
  g_auto(GStrv) names = g_strsplit (inside, " → ", -1);
  guint length = g_strv_length (names);
  gboolean was_seen[12] = { FALSE };

  g_assert_cmpuint (length, >=, 2);
  g_assert_cmpstr (names[0], ==, names[length - 1]);
  for (guint i = 0; i + 1 < length; i++)
    {
      guint from = atoi (names[i] + strlen ("host"));
      guint to = atoi (names[i + 1] + strlen ("host"));

      g_assert_true (self->edges[from][to]);
      g_assert_false (was_seen[to]);
      was_seen[to] = TRUE;
    }
}

static void
assert_all_are_there (const guint *order,
                      guint        n)
{
  g_autofree gboolean *was_seen = g_new0 (gboolean, n);

  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (order[i], <, n);
      g_assert_false (was_seen[order[i]]);
      was_seen[order[i]] = TRUE;
    }
}

static void
test_random_graphs (void)
{
  guint n_cycles = 0;
  guint n_rounds = g_test_slow () ? 200000 : 20000;

  for (guint round = 0; round < n_rounds; round++)
    {
      Graph graph;
      g_autoptr(GError) error = NULL;
      g_autofree guint *order = NULL;
      guint expected[12] = { 0 };

      make_graph (&graph, round % 2 == 0);
      order = extension_host_order_sort (graph.items, graph.n);
      assert_all_are_there (order, graph.n);

      if (oracle (&graph, expected))
        {
          g_assert_true (extension_host_order_check (graph.items, graph.n, &error));
          g_assert_no_error (error);
          g_assert_cmpmem (order, graph.n * sizeof *order, expected, graph.n * sizeof *expected);
          continue;
        }
      n_cycles++;
      g_assert_false (extension_host_order_check (graph.items, graph.n, &error));
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY);
      assert_cycle (&graph, error->message);
    }

  /* Both kinds were met. */
  g_assert_cmpuint (n_cycles, >, n_rounds / 10);
  g_assert_cmpuint (n_cycles, <, n_rounds / 2);
}

/* Each waits for the next; `last` is what the last one waits for. */
typedef struct
{
  char ids[LONG][8];
  const char *after[LONG][2];
  ExtensionHostOrderItem items[LONG];
} Chain;

static Chain *
make_chain (const char *last)
{
  Chain *chain = g_new0 (Chain, 1);

  for (guint i = 0; i < LONG; i++)
    g_snprintf (chain->ids[i], sizeof chain->ids[i], "%u", i);
  for (guint i = 0; i < LONG; i++)
    {
      chain->after[i][0] = i + 1 < LONG ? chain->ids[i + 1] : last;
      chain->items[i].id = chain->ids[i];
      chain->items[i].after = chain->after[i];
    }

  return chain;
}

static gpointer
sort_long_chain (gpointer data)
{
  Chain *chain = data;
  g_autoptr(GError) error = NULL;
  g_autofree guint *order = NULL;
  gint64 began = g_get_monotonic_time ();

  g_assert_true (extension_host_order_check (chain->items, LONG, &error));
  g_assert_no_error (error);
  order = extension_host_order_sort (chain->items, LONG);
  g_assert_cmpint (g_get_monotonic_time () - began, <, LONG_ENOUGH);

  for (guint i = 0; i < LONG; i++)
    g_assert_cmpuint (order[i], ==, LONG - 1 - i);

  return NULL;
}

static gpointer
find_long_cycle (gpointer data)
{
  Chain *chain = data;
  g_autoptr(GError) error = NULL;
  g_autofree guint *order = NULL;

  g_assert_false (extension_host_order_check (chain->items, LONG, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY);
  g_assert_cmpstr (error->message, ==,
                   "Hosts wait for each other to start: “0 → 1 → 2 → 3 → 4 → 5 → 6 → 7 → 8 → 9 → "
                   "10 → 11 → 12 → 13 → 14 → 15 → … → 0”");

  /* Cut before the first, the rest is a chain. */
  order = extension_host_order_sort (chain->items, LONG);
  g_assert_cmpuint (order[0], ==, 0);
  for (guint i = 1; i < LONG; i++)
    g_assert_cmpuint (order[i], ==, LONG - i);

  return NULL;
}

/* Where what calls itself for each host does not get far. */
static void
run_on_small_stack (gpointer (*func) (gpointer),
                    gpointer  data)
{
  pthread_attr_t attributes;
  pthread_t thread;

  g_assert_cmpint (pthread_attr_init (&attributes), ==, 0);
  g_assert_cmpint (pthread_attr_setstacksize (&attributes, SMALL_STACK), ==, 0);
  g_assert_cmpint (pthread_create (&thread, &attributes, func, data), ==, 0);
  g_assert_cmpint (pthread_join (thread, NULL), ==, 0);
  pthread_attr_destroy (&attributes);
}

static void
test_long_chain (void)
{
  g_autofree Chain *chain = make_chain (NULL);

  run_on_small_stack (sort_long_chain, chain);
}

static void
test_long_cycle (void)
{
  g_autofree Chain *chain = make_chain ("0");

  run_on_small_stack (find_long_cycle, chain);
}

/* The first waits for all others, and the last for the first: no walk may look at all again and
 * again. */
static void
test_wide_cycle (void)
{
  g_autofree Chain *chain = make_chain ("0");
  g_autofree const char **all = g_new0 (const char *, LONG);
  g_autoptr(GError) error = NULL;
  gint64 began = 0;

  for (guint i = 1; i < LONG; i++)
    {
      all[i - 1] = chain->ids[i];
      if (i + 1 < LONG)
        chain->items[i].after = NULL;
    }
  chain->items[0].after = all;

  began = g_get_monotonic_time ();
  g_assert_false (extension_host_order_check (chain->items, LONG, &error));
  g_assert_cmpint (g_get_monotonic_time () - began, <, LONG_ENOUGH);
  g_assert_cmpstr (error->message, ==, "Hosts wait for each other to start: “0 → 99999 → 0”");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/order/cases", test_cases);
  g_test_add_func ("/order/nobody-and-nothing", test_nobody_and_nothing);
  g_test_add_func ("/order/random-graphs", test_random_graphs);
  g_test_add_func ("/order/long-chain", test_long_chain);
  g_test_add_func ("/order/long-cycle", test_long_cycle);
  g_test_add_func ("/order/wide-cycle", test_wide_cycle);

  return g_test_run ();
}
