/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>

#include "test-rpc-fixture.h"

/* A random walk over all that can become of a call. Each call carries its number in its params, and
 * the host answers with that number: no call may get the answer of another. */

#define STEPS 100000
#define MEMORY 32   /* requests that the host remembers, whether answered or not */

/* How calls end, and what else happens to them. */
enum { ANSWERED, FAILED, TIMED_OUT, ABANDONED, REFUSED, CANCELLED, UNWRITTEN, N_ENDS };

typedef struct
{
  guint64 generation;
  guint id;
  guint number;
} Heard;

typedef struct
{
  Fixture *fixture;
  GRand *rand;
  GString *input;             /* of the host, up to a line that is not complete */
  Heard heard[MEMORY];
  guint n_heard;
  GHashTable *asked;          /* ids of this generation */
  GHashTable *seen;           /* numbers of all requests ever heard */
  GString *padding;
  guint done[N_ENDS];
} Walk;

static Answer *
get_answer (Walk  *walk,
            guint  number)
{
  return g_ptr_array_index (walk->fixture->answers, number);
}

/* The host */

static void
hear_line (Walk       *walk,
           const char *line)
{
  Heard heard = { .generation = walk->fixture->generation };

  if (sscanf (line, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"m\",\"params\":[%u", &heard.id,
              &heard.number) == 2)
    {
      /* Nobody is asked twice, whatever becomes of the hosts. */
      g_assert_true (g_hash_table_add (walk->seen, GUINT_TO_POINTER (heard.number + 1)));
      g_hash_table_add (walk->asked, GUINT_TO_POINTER (heard.id));
      walk->heard[walk->n_heard++ % MEMORY] = heard;
      return;
    }

  g_assert_cmpint (sscanf (line, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":"
                           "{\"id\":%u}}", &heard.id), ==, 1);
  g_assert_true (g_hash_table_contains (walk->asked, GUINT_TO_POINTER (heard.id)));
  walk->done[CANCELLED]++;
}

static void
hear_some (Walk *walk)
{
  char buffer[8192];
  char *newline = NULL;
  gssize n = 0;

  if (walk->fixture->channel == NULL)
    return;

  n = read (walk->fixture->reader, buffer, sizeof buffer);
  g_string_append_len (walk->input, buffer, MAX (n, 0));
  while ((newline = strchr (walk->input->str, '\n')) != NULL)
    {
      *newline = '\0';
      hear_line (walk, walk->input->str);
      g_string_erase (walk->input, 0, newline + 1 - walk->input->str);
    }
}

/* To any request that it remembers: the answer may be the first, a second, or far too late. */
static void
answer_some (Walk *walk)
{
  guint n = walk->fixture->channel != NULL ? g_rand_int_range (walk->rand, 1, 4) : 0;

  for (guint i = 0; i < n && walk->n_heard > 0; i++)
    {
      guint last = MIN (walk->n_heard, MEMORY);
      Heard *heard = &walk->heard[g_rand_int_range (walk->rand, 0, last)];
      const char *quote = g_rand_boolean (walk->rand) ? "\"" : "";
      g_autofree char *text = g_strdup_printf (RESULT ("%s%u%s", "%u"), quote, heard->id, quote,
                                               heard->number);

      g_assert_cmpint (write (walk->fixture->writer, text, strlen (text)), ==, strlen (text));
    }
}

static void
forget_host (Walk *walk)
{
  g_string_truncate (walk->input, 0);
  g_hash_table_remove_all (walk->asked);
}

/* The application */

static void
call_some (Walk *walk)
{
  guint number = walk->fixture->answers->len;
  guint timeout = g_rand_int_range (walk->rand, 0, 10) == 0 ? 0 : EXTENSION_HOST_NO_TIMEOUT;
  gboolean urgent = g_rand_int_range (walk->rand, 0, 8) == 0;
  gboolean padded = g_rand_int_range (walk->rand, 0, 20) == 0;
  g_autofree char *params = g_strdup_printf ("[%u,\"%s\"]", number,
                                             padded ? walk->padding->str : "");
  g_autoptr(GError) error = NULL;
  Answer *answer = call_full (walk->fixture, "m", params, timeout, urgent, &error);

  if (answer->call == NULL)
    {
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
      walk->done[REFUSED]++;
    }
}

static void
abandon_some (Walk *walk)
{
  guint n = walk->fixture->answers->len;
  guint back = MIN (n, 40);
  Answer *answer = NULL;

  if (n == 0)
    return;

  answer = get_answer (walk, n - 1 - g_rand_int_range (walk->rand, 0, back));
  if (answer->call == NULL || answer->n > 0 || answer->abandoned)
    return;

  abandon (walk->fixture, answer);
  walk->done[ABANDONED]++;
}

static void
change_host (Walk *walk)
{
  if (g_rand_boolean (walk->rand))
    {
      detach (walk->fixture);
      fail_written (walk->fixture);
    }
  else
    {
      attach (walk->fixture, g_rand_boolean (walk->rand));
      fail_written (walk->fixture);
    }
  forget_host (walk);
}

static void
step (Walk *walk)
{
  Fixture *fixture = walk->fixture;
  gint32 dice = g_rand_int_range (walk->rand, 0, 1000);

  if (dice < 300)
    call_some (walk);
  else if (dice < 550)
    answer_some (walk);
  else if (dice < 750)
    turn (fixture);
  else if (dice < 900)
    hear_some (walk);
  else if (dice < 940)
    abandon_some (walk);
  else if (dice < 980)
    {
      if (fixture->channel != NULL)
        extension_host_rpc_set_ready (fixture->rpc);
    }
  else if (dice < 990)
    change_host (walk);
  else if (dice < 992)
    fail_all (fixture);
  else if (dice < 994)
    fail_unwritten (fixture);
  else
    turn (fixture);
}

/* The end */

static void
check_answer (Walk  *walk,
              guint  number)
{
  Answer *answer = get_answer (walk, number);
  g_autofree char *expected = g_strdup_printf ("%u", number);
  gboolean asked = g_hash_table_contains (walk->seen, GUINT_TO_POINTER (number + 1));

  if (answer->call == NULL)
    g_assert_false (asked);
  if (answer->call == NULL || answer->abandoned)
    return;

  g_assert_cmpuint (answer->n, ==, 1);
  g_assert_cmpint (answer->reply->written, ==, answer->reply->generation != 0);
  if (answer->reply->error == NULL)
    {
      assert_result (answer, expected);
      g_assert_true (asked);
      g_assert_true (answer->reply->written);
      walk->done[ANSWERED]++;
    }
  else if (g_error_matches (answer->reply->error, EXTENSION_HOST_ERROR,
                            EXTENSION_HOST_ERROR_TIMED_OUT))
    walk->done[TIMED_OUT]++;
  else
    walk->done[FAILED]++;

  if (!answer->reply->written)
    {
      g_assert_false (asked);
      walk->done[UNWRITTEN]++;
    }
}

static void
test_every_call_is_answered_once (Fixture       *fixture,
                                  gconstpointer  data)
{
  Walk walk = { .fixture = fixture };
  guint32 seed = g_test_rand_int ();

  g_test_message ("seed %u", seed);
  walk.rand = g_rand_new_with_seed (seed);
  walk.input = g_string_new (NULL);
  walk.asked = g_hash_table_new (NULL, NULL);
  walk.seen = g_hash_table_new (NULL, NULL);
  walk.padding = g_string_new (NULL);
  for (guint i = 0; i < 20000; i++)
    g_string_append_c (walk.padding, 'x');
  fixture->spec->max_pending = 60;
  fixture->spec->max_write_queue = 200000;

  for (guint i = 0; i < STEPS; i++)
    {
      if (i == STEPS / 2)
        fixture->rpc->last_id = G_MAXINT32 - 100;
      step (&walk);
    }
  g_assert_true (fixture->rpc->wrapped);
  assert_counted (fixture, 0, fixture->n_stale);

  detach (fixture);
  fail_all (fixture);
  g_assert_cmpuint (extension_host_rpc_get_pending (fixture->rpc), ==, 0);
  for (guint i = 0; i < fixture->answers->len; i++)
    check_answer (&walk, i);

  /* It has been everywhere. */
  for (guint i = 0; i < G_N_ELEMENTS (walk.done); i++)
    {
      g_test_message ("%u: %u", i, walk.done[i]);
      g_assert_cmpuint (walk.done[i], >, 10);
    }

  g_rand_free (walk.rand);
  g_string_free (walk.input, TRUE);
  g_string_free (walk.padding, TRUE);
  g_hash_table_unref (walk.asked);
  g_hash_table_unref (walk.seen);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("walk/every-call-is-answered-once", test_every_call_is_answered_once);

  return g_test_run ();
}
