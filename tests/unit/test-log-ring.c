/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-log-ring-private.h"

#define RATE EXTENSION_HOST_LOG_RATE

#define OUT EXTENSION_HOST_LOG_STREAM_STDOUT
#define ERR EXTENSION_HOST_LOG_STREAM_STDERR
#define HOST EXTENSION_HOST_LOG_STREAM_HOST
#define BAD "\xef\xbf\xbd"   /* U+FFFD */

typedef ExtensionHostLogRing Ring;
typedef ExtensionHostLogLimit Limit;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ring, extension_host_log_ring_clear)

static void
push (Ring                   *ring,
      guint                   max_lines,
      guint64                 generation,
      ExtensionHostLogStream  stream,
      const char             *text)
{
  extension_host_log_ring_push (ring, max_lines, 1, generation, stream, text, strlen (text));
}

static void
push_numbers (Ring                   *ring,
              guint                   max_lines,
              ExtensionHostLogStream  stream,
              guint                   first,
              guint                   last)
{
  for (guint i = first; i <= last; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      push (ring, max_lines, 1, stream, text);
    }
}

/* The texts of the last lines, joined by spaces. */
static char *
dup_texts (Ring  *ring,
           guint  max)
{
  g_autoptr(GVariant) log = extension_host_log_ring_dup (ring, max);
  g_autoptr(GPtrArray) texts = g_ptr_array_new ();
  GVariantIter iter;
  const char *text = NULL;

  g_assert_false (g_variant_is_floating (log));
  g_variant_iter_init (&iter, log);
  while (g_variant_iter_next (&iter, "(t&s&s)", NULL, NULL, &text))
    g_ptr_array_add (texts, (char *) text);
  g_ptr_array_add (texts, NULL);

  return g_strjoinv (" ", (char **) texts->pdata);
}

static void
assert_texts (Ring       *ring,
              guint       max,
              const char *expected)
{
  g_autofree char *texts = dup_texts (ring, max);

  g_assert_cmpstr (texts, ==, expected);
}

static void
assert_tail (Ring       *ring,
             guint64     generation,
             const char *expected)
{
  g_auto(GStrv) tail = extension_host_log_ring_dup_tail (ring, generation);
  g_autofree char *texts = g_strjoinv (" ", tail);

  g_assert_cmpstr (texts, ==, expected);
}

/* Ring */

static void
test_silent_host_has_no_lines_and_no_ring (void)
{
  g_auto(Ring) ring = { 0 };

  assert_texts (&ring, G_MAXUINT, "");
  assert_tail (&ring, 1, "");
  push (&ring, 0, 1, OUT, "unwanted");
  assert_texts (&ring, G_MAXUINT, "");
  g_assert_null (ring.streams[OUT].lines);
}

static void
test_entry_tells_time_stream_and_text (void)
{
  g_auto(Ring) ring = { 0 };
  g_autoptr(GVariant) log = NULL;
  g_autofree char *text = NULL;

  extension_host_log_ring_push (&ring, 5, 11, 1, OUT, "a", 1);
  extension_host_log_ring_push (&ring, 5, 12, 1, ERR, "b", 1);
  extension_host_log_ring_push (&ring, 5, 13, 1, HOST, "", 0);
  log = extension_host_log_ring_dup (&ring, 10);
  text = g_variant_print (log, FALSE);

  g_assert_cmpstr (g_variant_get_type_string (log), ==, "a(tss)");
  g_assert_cmpstr (text, ==, "[(11, 'stdout', 'a'), (12, 'stderr', 'b'), (13, 'host', '')]");
}

static void
test_newest_lines_stay (void)
{
  static const guint sizes[] = { 1, 2, 3, 7, 8, 9, 10 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_auto(Ring) ring = { 0 };

      for (guint last = 1; last <= 40; last++)
        {
          g_autofree char *newest = g_strdup_printf ("%u", last);
          g_auto(GStrv) words = NULL;
          g_autofree char *texts = NULL;

          push (&ring, sizes[i], 1, OUT, newest);
          texts = dup_texts (&ring, G_MAXUINT);
          words = g_strsplit (texts, " ", -1);
          g_assert_cmpuint (g_strv_length (words), ==, MIN (last, sizes[i]));
          g_assert_cmpstr (words[g_strv_length (words) - 1], ==, newest);
        }
    }
}

static void
test_memory_follows_the_need (void)
{
  g_auto(Ring) ring = { 0 };

  push_numbers (&ring, 200, OUT, 1, 1);
  g_assert_cmpuint (ring.streams[OUT].size, <, 20);
  push_numbers (&ring, 200, OUT, 2, 5000);
  g_assert_cmpuint (ring.streams[OUT].size, ==, 200);
  g_assert_null (ring.streams[ERR].lines);
}

static void
test_fewer_lines_allowed_keep_the_newest (void)
{
  g_auto(Ring) ring = { 0 };

  push_numbers (&ring, 10, OUT, 1, 13);
  push_numbers (&ring, 4, OUT, 14, 14);
  assert_texts (&ring, G_MAXUINT, "11 12 13 14");
  g_assert_cmpuint (ring.streams[OUT].size, ==, 4);
}

static void
test_more_lines_allowed_keep_all (void)
{
  g_auto(Ring) ring = { 0 };

  push_numbers (&ring, 3, OUT, 1, 5);
  push_numbers (&ring, 6, OUT, 6, 8);
  assert_texts (&ring, G_MAXUINT, "3 4 5 6 7 8");
}

static void
test_dup_gives_the_last_ones (void)
{
  g_auto(Ring) ring = { 0 };

  push_numbers (&ring, 5, OUT, 1, 7);
  assert_texts (&ring, 0, "");
  assert_texts (&ring, 2, "6 7");
  assert_texts (&ring, 5, "3 4 5 6 7");
}

static void
test_streams_come_in_the_order_written (void)
{
  g_auto(Ring) ring = { 0 };

  push (&ring, 5, 1, OUT, "a");
  push (&ring, 5, 1, ERR, "b");
  push (&ring, 5, 1, OUT, "c");
  push (&ring, 5, 1, HOST, "d");
  assert_texts (&ring, G_MAXUINT, "a b c d");
  assert_tail (&ring, 1, "a b c d");
}

static void
test_chatter_does_not_wash_away_stderr (void)
{
  g_auto(Ring) ring = { 0 };
  g_autofree char *long_line = g_strnfill (100, 'x');
  g_autofree char *why = g_strnfill (4000, '!');
  g_auto(GStrv) tail = NULL;

  push (&ring, 200, 1, ERR, why);
  for (guint i = 0; i < 1000; i++)
    push (&ring, 200, 1, OUT, long_line);

  tail = extension_host_log_ring_dup_tail (&ring, 1);
  g_assert_cmpstr (tail[0], ==, why);
}

static void
test_slot_is_reused_whole (void)
{
  g_auto(Ring) ring = { 0 };

  push (&ring, 1, 1, OUT, "a long line");
  push (&ring, 1, 1, OUT, "short");
  assert_texts (&ring, G_MAXUINT, "short");
  push (&ring, 1, 1, OUT, "");
  assert_texts (&ring, G_MAXUINT, "");
}

static const struct {
  const char *text;
  gsize length;
  const char *told;
} hostile[] = {
  { "\xff", 1, BAD },
  { "a\xff" "b", 3, "a" BAD "b" },
  { "\xc3", 1, BAD },
  { "a\0b", 3, "a" BAD "b" },
  { "gr\xc3\xb6\xc3\x9f" "e", 7, "gr\xc3\xb6\xc3\x9f" "e" },
  { "ok, not more", 2, "ok" },
};

static void
test_told_text_is_valid (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_auto(Ring) ring = { 0 };

      extension_host_log_ring_push (&ring, 5, 1, 1, OUT, hostile[i].text, hostile[i].length);
      assert_texts (&ring, 1, hostile[i].told);
      assert_tail (&ring, 1, hostile[i].told);
    }
}

/* Tail */

static void
test_tail_is_of_one_generation (void)
{
  g_auto(Ring) ring = { 0 };

  push (&ring, 9, 1, OUT, "old");
  push (&ring, 9, 1, ERR, "old");
  push (&ring, 9, 2, OUT, "new");
  push (&ring, 9, 2, ERR, "newer");
  assert_tail (&ring, 2, "new newer");
  assert_tail (&ring, 3, "");
}

static gsize
tail_bytes (Ring  *ring,
            guint *n_lines)
{
  g_auto(GStrv) tail = extension_host_log_ring_dup_tail (ring, 1);
  gsize bytes = 0;

  *n_lines = g_strv_length (tail);
  for (guint i = 0; i < *n_lines; i++)
    bytes += strlen (tail[i]);

  return bytes;
}

static void
test_tail_is_bounded (void)
{
  for (gsize size = 1; size <= 8 * 1024; size *= 2)
    {
      g_auto(Ring) ring = { 0 };
      g_autofree char *text = g_strnfill (size, 'x');
      guint n_lines = 0;

      for (guint i = 0; i < 20000 / size + 2; i++)
        push (&ring, 100000, 1, ERR, text);

      g_assert_cmpuint (tail_bytes (&ring, &n_lines), <=, EXTENSION_HOST_LOG_TAIL_BYTES);
      g_assert_cmpuint (n_lines, >, 0);
    }
}

/* What is counted is what is told: each wrong byte becomes three. */
static void
test_tail_of_invalid_text_is_bounded (void)
{
  g_auto(Ring) ring = { 0 };
  g_autofree char *text = g_strnfill (1000, '\xff');
  guint n_lines = 0;

  for (guint i = 0; i < 30; i++)
    push (&ring, 100, 1, ERR, text);

  g_assert_cmpuint (tail_bytes (&ring, &n_lines), <=, EXTENSION_HOST_LOG_TAIL_BYTES);
  g_assert_cmpuint (n_lines, >=, 5);
}

/* A line of the greatest length still fits, on whatever stream it came. */
static void
test_tail_has_room_for_the_longest_line (void)
{
  for (ExtensionHostLogStream stream = OUT; stream <= HOST; stream++)
    {
      g_auto(Ring) ring = { 0 };
      g_autofree char *text = g_strnfill (8 * 1024, 'x');
      guint n_lines = 0;

      push (&ring, 5, 1, stream, text);
      g_assert_cmpuint (tail_bytes (&ring, &n_lines), ==, 8 * 1024);
    }
}

/* The limit */

static void
test_limit_admits_so_many_a_second (void)
{
  Limit limit = { 0 };
  gint64 now = 1000 * G_USEC_PER_SEC;

  for (guint second = 0; second < 3; second++, now += G_USEC_PER_SEC)
    for (guint i = 0; i < EXTENSION_HOST_LOG_RATE; i++)
      g_assert_true (extension_host_log_limit_admit (&limit, RATE, now, 10, TRUE));
}

static void
test_limit_counts_what_it_drops (void)
{
  Limit limit = { 0 };
  gint64 now = 1000 * G_USEC_PER_SEC;
  guint64 lines = 0;
  guint64 bytes = 0;

  for (guint i = 0; i < EXTENSION_HOST_LOG_RATE; i++)
    extension_host_log_limit_admit (&limit, RATE, now, 10, TRUE);
  for (guint i = 0; i < 7; i++)
    g_assert_false (extension_host_log_limit_admit (&limit, RATE, now, 10, TRUE));

  g_assert_false (extension_host_log_limit_settle (&limit, now + G_USEC_PER_SEC - 1, &lines,
                                                   &bytes));
  g_assert_cmpuint (lines, ==, 0);
  g_assert_true (extension_host_log_limit_settle (&limit, now + G_USEC_PER_SEC, &lines, &bytes));
  g_assert_cmpuint (lines, ==, 7);
  g_assert_cmpuint (bytes, ==, 70);
  g_assert_false (extension_host_log_limit_settle (&limit, now + 9 * G_USEC_PER_SEC, &lines,
                                                   &bytes));
  g_assert_true (extension_host_log_limit_admit (&limit, RATE, now + G_USEC_PER_SEC, 10, TRUE));
}

/* A drop is never forgotten: until it is settled no new second begins. */
static void
test_limit_keeps_drops_until_settled (void)
{
  Limit limit = { 0 };
  gint64 now = 1000 * G_USEC_PER_SEC;
  guint64 lines = 0;
  guint64 bytes = 0;

  for (guint i = 0; i < EXTENSION_HOST_LOG_RATE + 1; i++)
    extension_host_log_limit_admit (&limit, RATE, now, 1, TRUE);
  g_assert_false (extension_host_log_limit_admit (&limit, RATE, now + 5 * G_USEC_PER_SEC, 1, TRUE));
  g_assert_true (extension_host_log_limit_settle (&limit, now + 5 * G_USEC_PER_SEC, &lines,
                                                  &bytes));
  g_assert_cmpuint (lines, ==, 2);
}

static void
test_limit_drops_what_there_is_no_room_for (void)
{
  Limit limit = { 0 };
  gint64 now = 1000 * G_USEC_PER_SEC;
  guint64 lines = 0;
  guint64 bytes = 0;

  g_assert_false (extension_host_log_limit_admit (&limit, RATE, now, 5, FALSE));
  g_assert_true (extension_host_log_limit_admit (&limit, RATE, now, 5, TRUE));
  g_assert_true (extension_host_log_limit_settle (&limit, now + G_USEC_PER_SEC, &lines, &bytes));
  g_assert_cmpuint (lines, ==, 1);
  g_assert_cmpuint (bytes, ==, 5);
}

#define add(path, func) g_test_add_func ("/log/" path, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("ring/silent-host-has-no-lines-and-no-ring", test_silent_host_has_no_lines_and_no_ring);
  add ("ring/entry-tells-time-stream-and-text", test_entry_tells_time_stream_and_text);
  add ("ring/newest-lines-stay", test_newest_lines_stay);
  add ("ring/memory-follows-the-need", test_memory_follows_the_need);
  add ("ring/fewer-lines-allowed-keep-the-newest", test_fewer_lines_allowed_keep_the_newest);
  add ("ring/more-lines-allowed-keep-all", test_more_lines_allowed_keep_all);
  add ("ring/dup-gives-the-last-ones", test_dup_gives_the_last_ones);
  add ("ring/streams-come-in-the-order-written", test_streams_come_in_the_order_written);
  add ("ring/chatter-does-not-wash-away-stderr", test_chatter_does_not_wash_away_stderr);
  add ("ring/slot-is-reused-whole", test_slot_is_reused_whole);
  add ("ring/told-text-is-valid", test_told_text_is_valid);
  add ("tail/is-of-one-generation", test_tail_is_of_one_generation);
  add ("tail/is-bounded", test_tail_is_bounded);
  add ("tail/of-invalid-text-is-bounded", test_tail_of_invalid_text_is_bounded);
  add ("tail/has-room-for-the-longest-line", test_tail_has_room_for_the_longest_line);
  add ("limit/admits-so-many-a-second", test_limit_admits_so_many_a_second);
  add ("limit/counts-what-it-drops", test_limit_counts_what_it_drops);
  add ("limit/keeps-drops-until-settled", test_limit_keeps_drops_until_settled);
  add ("limit/drops-what-there-is-no-room-for", test_limit_drops_what_there_is_no_room_for);

  return g_test_run ();
}
