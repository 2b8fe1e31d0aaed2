/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-channel-fixture.h"

#define HEADER_MAX (8 * 1024)
#define NO_FRAME "lost:what came is no frame;"
#define END "lost:end of stream;"
#define BODY(n, body) "Content-Length: " #n "\r\n\r\n" body

/* Lines */

static const char lines[] = "a\nbc\r\n\n\nde\0f\n\0\n\xff\xfe{}\n";
static const char lines_told[] = "[a][bc\r][][][de\0f][\0][\xff\xfe{}]";

static void
test_lines_of_one_read (Fixture       *fixture,
                        gconstpointer  data)
{
  open_lines (fixture);
  feed (fixture, lines, sizeof lines - 1, CHUNK);
  assert_told_bytes (fixture, lines_told, sizeof lines_told - 1);
  g_assert_cmpuint (fixture->n_bursts, ==, 1);
}

static void
test_lines_split_across_reads (Fixture       *fixture,
                               gconstpointer  data)
{
  for (gsize piece = 1; piece < sizeof lines; piece++)
    {
      open_lines (fixture);
      feed (fixture, lines, sizeof lines - 1, piece);
      assert_told_bytes (fixture, lines_told, sizeof lines_told - 1);
      forget (fixture);
    }
}

static void
test_large_line (Fixture       *fixture,
                 gconstpointer  data)
{
  static const gsize lengths[] = { CHUNK - 1, CHUNK, CHUNK + 1, 1024 * 1024 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *text = make_text (lengths[i]);
      int in[2];

      g_assert_cmpint (pipe2 (in, O_CLOEXEC | O_NONBLOCK), ==, 0);
      fixture->writer = in[1];
      fixture->channel = extension_host_channel_new (fixture->reactor, in[0], -1,
                                                     EXTENSION_HOST_FRAMING_LINES, 1024 * 1024,
                                                     &funcs, fixture);
      g_assert_true (extension_host_channel_open (fixture->channel));
      feed (fixture, text, lengths[i] + 1, 40000);
      g_assert_cmpmem (fixture->message->str, fixture->message->len, text, lengths[i]);
      g_assert_cmpuint (fixture->n_large, ==, lengths[i] > CHUNK);
      fixture->n_large = 0;
      g_string_truncate (fixture->told, 0);
      feed_string (fixture, "next\n");
      assert_told (fixture, "[next]");
      forget (fixture);
    }
}

/* However it is split, what is too long is told whole and never kept. */
static void
check_length (Fixture *fixture,
              gsize    length,
              gsize    piece)
{
  g_autofree char *text = make_text (length);

  open_lines (fixture);
  for (gsize i = 0; i <= length; i += piece)
    {
      gsize n = MIN (piece, length + 1 - i);

      feed (fixture, text + i, n, n);
      if (i + n > MAX_SIZE && i + n <= length)
        g_assert_cmpuint (fixture->too_long->len, ==, i + n);
    }

  if (length <= MAX_SIZE)
    {
      g_assert_cmpmem (fixture->message->str, fixture->message->len, text, length);
      g_assert_cmpuint (fixture->too_long->len, ==, 0);
    }
  else
    {
      g_autofree char *expected = g_strdup_printf ("<%" G_GSIZE_FORMAT ">", length);

      g_assert_cmpmem (fixture->too_long->str, fixture->too_long->len, text, length);
      assert_told (fixture, expected);
    }

  g_string_truncate (fixture->told, 0);
  feed_string (fixture, "next\n");
  assert_told (fixture, "[next]");
  forget (fixture);
}

static void
test_longest_line (Fixture       *fixture,
                   gconstpointer  data)
{
  static const gsize lengths[] =
    { MAX_SIZE - 1, MAX_SIZE, MAX_SIZE + 1, 2 * MAX_SIZE, 2 * MAX_SIZE + 1, 10 * MAX_SIZE };
  static const gsize pieces[] = { 1, 7, MAX_SIZE - 1, MAX_SIZE, MAX_SIZE + 1, CHUNK };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (pieces); j++)
      check_length (fixture, lengths[i], pieces[j]);
}

static void
test_endless_line_is_not_kept (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autofree char *text = g_strnfill (CHUNK, 'x');

  open_lines (fixture);
  for (guint i = 1; i <= 200; i++)
    {
      feed (fixture, text, CHUNK, CHUNK);
      g_assert_cmpuint (fixture->too_long->len, ==, CHUNK);
      g_string_truncate (fixture->too_long, 0);
    }
  feed_string (fixture, "\nnext\n");
  assert_told (fixture, "<0>[next]");   /* all else had been told long before */
}

/* Content-Length */

static const struct {
  const char *text;
  gsize length;
  const char *told;
} frames[] = {
#define FRAME(in, out) { in, sizeof in - 1, out }
  FRAME (BODY (3, "abc"), "[abc]"),
  FRAME (BODY (3, "abc") BODY (2, "de") BODY (1, "f"), "[abc][de][f]"),
  FRAME ("content-length:3\r\n\r\nabcCONTENT-LENGTH: \t 2 \r\n\r\nde", "[abc][de]"),
  FRAME ("X-Y: z\r\nContent-Length: 3\r\nContent-Type: a; b=c:d\r\n\r\nabc", "[abc]"),
  FRAME (BODY (0, "") BODY (1, "a"), "[][a]"),
  FRAME (BODY (12, "a\r\n\r\nb\nc: d\n"), "[a\r\n\r\nb\nc: d\n]"),
  FRAME ("Content-Length: 1\r\ncontent-length: 1\r\n\r\na", "[a]"),
  FRAME (BODY (1, "a") "Content-Length: 1\r\nContent-Length: 2\r\n\r\nbc", "[a]" NO_FRAME),
  FRAME (BODY (1, "a") "Content-Length: 1\r\nContent-Length: 0\r\n\r\nbc", "[a]" NO_FRAME),
  FRAME (BODY (-1, "a"), NO_FRAME),
  FRAME (BODY (+1, "a"), NO_FRAME),
  FRAME (BODY (0x1, "a"), NO_FRAME),
  FRAME (BODY (1 1, "a"), NO_FRAME),
  FRAME (BODY (1.0, "a"), NO_FRAME),
  FRAME (BODY (18446744073709551617, "a"), NO_FRAME),
  FRAME ("Content-Length: \v" "1\r\n\r\na", NO_FRAME),
  FRAME ("Content-Length:\r\n\r\na", NO_FRAME),
  FRAME ("Content-Length\r\n\r\na", NO_FRAME),
  FRAME ("Content-Type: a\r\n\r\na", NO_FRAME),
  FRAME ("\r\n\r\n" BODY (1, "a"), NO_FRAME),
  FRAME ("log\r\n" BODY (1, "a"), NO_FRAME),
  FRAME ("\0: b\r\n" BODY (1, "a"), NO_FRAME),
  FRAME ("Content-Length: 1\0\r\n\r\na", NO_FRAME),
#undef FRAME
};

static void
test_frames (Fixture       *fixture,
             gconstpointer  data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    for (gsize piece = 1; piece <= frames[i].length; piece++)
      {
        open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
        for (gsize j = 0; j < frames[i].length && strstr (fixture->told->str, "lost") == NULL;
             j += piece)
          feed (fixture, frames[i].text + j, MIN (piece, frames[i].length - j), piece);
        assert_told (fixture, frames[i].told);
        forget (fixture);
      }
}

static void
test_body_of_nul_bytes (Fixture       *fixture,
                        gconstpointer  data)
{
  static const char text[] = BODY (4, "\0\0a\0");

  open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  feed (fixture, text, sizeof text - 1, 3);
  assert_told_bytes (fixture, "[\0\0a\0]", 6);
}

/* The block without its end, at once and cut @cut bytes before the end of all. */
static void
check_header (Fixture    *fixture,
              gsize       length,
              gsize       cut,
              const char *expected)
{
  static const char known[] = "Content-Length: 1\r\nX:";
  g_autofree char *padding = g_strnfill (length - strlen (known), 'x');
  g_autofree char *text = g_strconcat (known, padding, "\r\n\r\n", NULL);

  open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  feed (fixture, text, strlen (text), strlen (text) - cut);
  if (fixture->told->len == 0)
    feed_string (fixture, "a");
  assert_told (fixture, expected);
  forget (fixture);
}

static void
test_longest_header (Fixture       *fixture,
                     gconstpointer  data)
{
  for (gsize cut = 0; cut <= 6; cut++)
    {
      check_header (fixture, HEADER_MAX - 1, cut, "[a]");
      check_header (fixture, HEADER_MAX, cut, "[a]");
    }
  check_header (fixture, HEADER_MAX + 1, 0, NO_FRAME);
  check_header (fixture, CHUNK - 4, 0, NO_FRAME);
}

static void
test_header_without_end_is_not_kept (Fixture       *fixture,
                                     gconstpointer  data)
{
  g_autofree char *text = g_strnfill (HEADER_MAX + 4, 'x');

  open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  feed (fixture, text, HEADER_MAX + 4, 100);
  assert_told (fixture, NO_FRAME);
}

static void
test_longest_body (Fixture       *fixture,
                   gconstpointer  data)
{
  static const gsize lengths[] = { MAX_SIZE, MAX_SIZE + 1, 3 * MAX_SIZE, 2 * CHUNK };
  static const gsize pieces[] = { 1, 100, MAX_SIZE, 60000 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths) * G_N_ELEMENTS (pieces); i++)
    {
      gsize length = lengths[i / G_N_ELEMENTS (pieces)];
      g_autofree char *body = make_text (length);
      g_autofree char *head = g_strdup_printf ("Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                                               length);

      open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
      feed_string (fixture, head);
      feed (fixture, body, length, pieces[i % G_N_ELEMENTS (pieces)]);
      feed_string (fixture, BODY (4, "next"));
      g_assert_true (g_str_has_suffix (fixture->told->str, "[next]"));
      g_assert_cmpint (fixture->told->str[0], ==, length > MAX_SIZE ? '<' : '[');
      if (length > MAX_SIZE)
        g_assert_cmpmem (fixture->too_long->str, fixture->too_long->len, body, length);
      forget (fixture);
    }
}

static void
test_announced_monster_is_not_kept (Fixture       *fixture,
                                    gconstpointer  data)
{
  open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  feed_string (fixture, "Content-Length: 9223372036854775807\r\n\r\nabc");
  g_assert_cmpstr (fixture->too_long->str, ==, "abc");
  feed_string (fixture, "def");
  g_assert_cmpstr (fixture->too_long->str, ==, "abcdef");
  assert_told (fixture, "");
}

/* Ends */

static void
test_end_comes_after_what_was_written (Fixture       *fixture,
                                       gconstpointer  data)
{
  open_lines (fixture);
  write_all (fixture->writer, "a\nb\n", 4);
  close_fd (&fixture->writer);
  for (guint i = 0; i < 3; i++)
    turn (fixture);
  assert_told (fixture, "[a][b]" END);
  g_assert_cmpuint (fixture->n_bursts, ==, 2);
  g_assert_false (g_main_context_pending (fixture->context));
  extension_host_channel_drain (fixture->channel);
  extension_host_channel_set_reading (fixture->channel, FALSE);
  extension_host_channel_set_reading (fixture->channel, TRUE);
  turn (fixture);
  assert_told (fixture, "");
}

/* Whether the end or the exit is noticed first must make no difference. */
static void
test_end_tells_the_unfinished_line (Fixture       *fixture,
                                    gconstpointer  data)
{
  open_lines (fixture);
  feed_string (fixture, "a\nhalf");
  close_fd (&fixture->writer);
  turn (fixture);
  extension_host_channel_drain (fixture->channel);
  assert_told (fixture, "[a][half]" END);
}

static void
test_end_tells_the_unfinished_long_line (Fixture       *fixture,
                                         gconstpointer  data)
{
  g_autofree char *text = g_strnfill (2 * MAX_SIZE, 'x');

  open_lines (fixture);
  feed_string (fixture, text);
  close_fd (&fixture->writer);
  turn (fixture);
  assert_told (fixture, "<2048>" END);
}

static void
test_end_tells_no_unfinished_frame (Fixture       *fixture,
                                    gconstpointer  data)
{
  open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  feed_string (fixture, BODY (3, "ab"));
  extension_host_channel_drain (fixture->channel);
  close_fd (&fixture->writer);
  turn (fixture);
  assert_told (fixture, END);
}

static void
test_drain_tells_all_that_waits (Fixture       *fixture,
                                 gconstpointer  data)
{
  open_lines (fixture);
  write_all (fixture->writer, "a\nhalf", 6);
  extension_host_channel_drain (fixture->channel);
  assert_told (fixture, "[a][half]");
  extension_host_channel_drain (fixture->channel);
  assert_told (fixture, "");
  feed_string (fixture, "still open\n");
  assert_told (fixture, "[still open]");
}

static void
test_drain_of_a_full_pipe (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autofree char *text = g_strnfill (3 * CHUNK, '\n');

  open_lines (fixture);
  fcntl (fixture->writer, F_SETPIPE_SZ, 4 * CHUNK);
  write_all (fixture->writer, text, 3 * CHUNK);
  extension_host_channel_set_reading (fixture->channel, FALSE);
  extension_host_channel_drain (fixture->channel);
  g_assert_cmpuint (fixture->told->len, ==, 2 * 3 * CHUNK);
}

typedef struct
{
  int fd;
  int stop;
} Flood;

static gpointer
flood (gpointer data)
{
  Flood *self = data;
  char text[4096];

  memset (text, '\n', sizeof text);
  while (!g_atomic_int_get (&self->stop))
    if (write (self->fd, text, sizeof text) == -1)
      g_thread_yield ();

  return NULL;
}

static void
test_flood_does_not_hold_up_a_drain (Fixture       *fixture,
                                     gconstpointer  data)
{
  Flood self;
  g_autoptr(GThread) thread = NULL;
  int capacity = 0;

  open_lines (fixture);
  capacity = fcntl (fixture->writer, F_GETPIPE_SZ);
  self = (Flood) { .fd = fixture->writer };
  thread = g_thread_new ("flood", flood, &self);
  for (guint i = 0; i < 100; i++)
    {
      g_string_truncate (fixture->told, 0);
      while (fixture->told->len == 0)   /* so that there is a flood to resist */
        extension_host_channel_drain (fixture->channel);
      g_assert_cmpuint (fixture->told->len, <=, 2 * capacity);   /* each byte is a line */
    }

  g_atomic_int_set (&self.stop, TRUE);
  g_thread_join (g_steal_pointer (&thread));
}

/* Not reading */

static void
test_reading_stops_and_goes_on (Fixture       *fixture,
                                gconstpointer  data)
{
  open_lines (fixture);
  feed_string (fixture, "a\nb");
  extension_host_channel_set_reading (fixture->channel, FALSE);
  feed_string (fixture, "c\n");
  assert_told (fixture, "[a]");
  g_assert_false (g_main_context_pending (fixture->context));
  extension_host_channel_set_reading (fixture->channel, TRUE);
  turn (fixture);
  assert_told (fixture, "[bc]");
}

/* A hang-up is told by epoll whether it was asked for or not. */
static void
test_end_while_not_reading_waits (Fixture       *fixture,
                                  gconstpointer  data)
{
  open_lines (fixture);
  extension_host_channel_set_reading (fixture->channel, FALSE);
  feed_string (fixture, "a\n");
  close_fd (&fixture->writer);
  turn (fixture);
  turn (fixture);
  assert_told (fixture, "");
  g_assert_false (g_main_context_pending (fixture->context));
  extension_host_channel_set_reading (fixture->channel, TRUE);
  turn (fixture);
  turn (fixture);
  assert_told (fixture, "[a]" END);
}

static void
test_not_reading_before_open (Fixture       *fixture,
                              gconstpointer  data)
{
  int in[2];

  g_assert_cmpint (pipe2 (in, O_CLOEXEC | O_NONBLOCK), ==, 0);
  fixture->writer = in[1];
  fixture->channel = extension_host_channel_new (fixture->reactor, in[0], -1,
                                                 EXTENSION_HOST_FRAMING_LINES, MAX_SIZE, &funcs,
                                                 fixture);
  extension_host_channel_set_reading (fixture->channel, FALSE);
  g_assert_true (extension_host_channel_open (fixture->channel));
  feed_string (fixture, "a\n");
  assert_told (fixture, "");
  extension_host_channel_set_reading (fixture->channel, TRUE);
  turn (fixture);
  assert_told (fixture, "[a]");
}

static void
stop_other (Fixture *fixture)
{
  extension_host_channel_set_reading (fixture->channel, FALSE);
  extension_host_channel_set_reading (fixture->other, FALSE);
}

/* Both are ready in the same turn, so one of them had been collected already. */
static void
test_reading_stops_within_a_turn (Fixture       *fixture,
                                  gconstpointer  data)
{
  int writer = -1;

  open_lines (fixture);
  writer = fixture->writer;
  close_fd (&fixture->reader);
  fixture->other = g_steal_pointer (&fixture->channel);
  open_lines (fixture);
  fixture->action = stop_other;
  write_all (writer, "a\n", 2);
  write_all (fixture->writer, "a\n", 2);
  turn (fixture);
  turn (fixture);
  assert_told (fixture, "[a]");
  close (writer);
}

static void
free_channel (Fixture *fixture)
{
  g_clear_pointer (&fixture->channel, extension_host_channel_free);
}

static void
test_free_inside_a_burst (Fixture       *fixture,
                          gconstpointer  data)
{
  for (guint i = 0; i < 2; i++)
    {
      open_lines (fixture);
      extension_host_channel_send (fixture->channel, "never sent", 10);
      fixture->action = free_channel;
      write_all (fixture->writer, "a\nb\nhalf", i == 0 ? 8 : 4);
      if (i == 1)
        close_fd (&fixture->writer);
      turn (fixture);
      turn (fixture);
      g_assert_null (fixture->channel);
      assert_told (fixture, "[a][b]");
      forget (fixture);
    }
}

static void
test_free_tells_nothing (Fixture       *fixture,
                         gconstpointer  data)
{
  open_lines (fixture);
  feed_string (fixture, "half");
  extension_host_channel_send (fixture->channel, "never sent", 10);
  free_channel (fixture);
  turn (fixture);
  assert_told (fixture, "");
}

#define add(path, func) \
  g_test_add ("/channel/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("lines/of-one-read", test_lines_of_one_read);
  add ("lines/split-across-reads", test_lines_split_across_reads);
  add ("lines/large", test_large_line);
  add ("lines/longest", test_longest_line);
  add ("lines/endless-line-is-not-kept", test_endless_line_is_not_kept);
  add ("frames/are-told", test_frames);
  add ("frames/body-of-nul-bytes", test_body_of_nul_bytes);
  add ("frames/longest-header", test_longest_header);
  add ("frames/header-without-end-is-not-kept", test_header_without_end_is_not_kept);
  add ("frames/longest-body", test_longest_body);
  add ("frames/announced-monster-is-not-kept", test_announced_monster_is_not_kept);
  add ("end/comes-after-what-was-written", test_end_comes_after_what_was_written);
  add ("end/tells-the-unfinished-line", test_end_tells_the_unfinished_line);
  add ("end/tells-the-unfinished-long-line", test_end_tells_the_unfinished_long_line);
  add ("end/tells-no-unfinished-frame", test_end_tells_no_unfinished_frame);
  add ("drain/tells-all-that-waits", test_drain_tells_all_that_waits);
  add ("drain/of-a-full-pipe", test_drain_of_a_full_pipe);
  add ("drain/is-not-held-up-by-a-flood", test_flood_does_not_hold_up_a_drain);
  add ("reading/stops-and-goes-on", test_reading_stops_and_goes_on);
  add ("reading/end-while-not-reading-waits", test_end_while_not_reading_waits);
  add ("reading/not-before-open", test_not_reading_before_open);
  add ("reading/stops-within-a-turn", test_reading_stops_within_a_turn);
  add ("free/inside-a-burst", test_free_inside_a_burst);
  add ("free/tells-nothing", test_free_tells_nothing);

  return g_test_run ();
}
