/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malloc.h>

#include "test-channel-fixture.h"

static gsize
read_some (Fixture *fixture,
           char    *buffer,
           gsize    length)
{
  gssize n = read (fixture->reader, buffer, length);

  g_assert_true (n >= 0 || errno == EAGAIN);

  return MAX (n, 0);
}

static void
assert_at_end (Fixture *fixture)
{
  char c;

  g_assert_cmpint (read (fixture->reader, &c, 1), ==, 0);
}

static void
assert_nothing_to_read (Fixture *fixture)
{
  char c;

  g_assert_cmpint (read (fixture->reader, &c, 1), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
}

static void
send_string (Fixture    *fixture,
             const char *text)
{
  extension_host_channel_send (fixture->channel, text, strlen (text));
}

/* Writing */

static void
test_messages_of_a_turn_leave_together (Fixture       *fixture,
                                        gconstpointer  data)
{
  char buffer[100];
  gsize n = 0;

  open_socket (fixture, SOCK_SEQPACKET);   /* one read for each write */
  for (guint i = 0; i < 2; i++)
    {
      send_string (fixture, "one");
      send_string (fixture, "");
      send_string (fixture, "three");
      assert_nothing_to_read (fixture);
      g_assert_cmpuint (extension_host_channel_get_queued (fixture->channel), ==, 11);
      turn (fixture);
      n = read_some (fixture, buffer, sizeof buffer);
      g_assert_cmpmem (buffer, n, "one\n\nthree\n", 11);
      assert_nothing_to_read (fixture);
      g_assert_cmpuint (extension_host_channel_get_queued (fixture->channel), ==, 0);
    }
}

static void
test_frames_are_written (Fixture       *fixture,
                         gconstpointer  data)
{
  char buffer[100];
  gsize n = 0;

  open_pipes (fixture, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  send_string (fixture, "a\nb");
  send_string (fixture, "");
  turn (fixture);
  n = read_some (fixture, buffer, sizeof buffer);
  g_assert_cmpmem (buffer, n, "Content-Length: 3\r\n\r\na\nbContent-Length: 0\r\n\r\n", 45);
}

/* Sends @n messages and reads @piece bytes in each turn. */
static void
check_slow_reader (Fixture *fixture,
                   guint    n,
                   gsize    length,
                   gsize    piece)
{
  g_autofree char *text = make_text (length);
  g_autofree char *buffer = g_malloc (piece);
  g_autoptr(GString) heard = g_string_new (NULL);
  g_autoptr(GString) expected = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      memcpy (text, &i, sizeof i);
      extension_host_channel_send (fixture->channel, text, length);
      g_string_append_len (expected, text, length + 1);
    }

  while (heard->len < expected->len)
    {
      turn (fixture);
      assert_told (fixture, "");
      g_string_append_len (heard, buffer, read_some (fixture, buffer, piece));
      if (extension_host_channel_get_queued (fixture->channel) >= EXTENSION_HOST_CHANNEL_LOW)
        g_assert_cmpuint (fixture->n_lows, ==, 0);
      /* What has not been written is as much as is said. */
      g_assert_cmpuint (heard->len + extension_host_channel_get_queued (fixture->channel), <=,
                        expected->len);
    }

  g_assert_cmpmem (heard->str, heard->len, expected->str, expected->len);
  turn (fixture);
  g_assert_cmpuint (extension_host_channel_get_queued (fixture->channel), ==, 0);
  g_assert_cmpuint (fixture->n_lows, >, 0);
  assert_nothing_to_read (fixture);
}

static void
test_slow_reader (Fixture       *fixture,
                  gconstpointer  data)
{
  open_lines (fixture);
  check_slow_reader (fixture, 1000, 4001, 10007);
  fixture->n_lows = 0;
  check_slow_reader (fixture, 1, 3 * 1024 * 1024, 8192);
  send_string (fixture, "later");
  turn (fixture);
  g_assert_false (g_main_context_pending (fixture->context));   /* waits for nothing any more */
  assert_told (fixture, "");
}

/* Zero where malloc is not that of the C library. */
static gsize
get_memory (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static void
test_large_message_leaves_its_memory (Fixture       *fixture,
                                      gconstpointer  data)
{
  gsize before = 0;

  open_lines (fixture);
  check_slow_reader (fixture, 1, 10, CHUNK);
  before = get_memory ();
  fixture->n_lows = 0;
  check_slow_reader (fixture, 1, 4 * 1024 * 1024, CHUNK);
  g_assert_cmpuint (get_memory (), <, before + 1024 * 1024);
}

static void
test_slow_reader_of_a_socket (Fixture       *fixture,
                              gconstpointer  data)
{
  open_socket (fixture, SOCK_STREAM);
  check_slow_reader (fixture, 1000, 1001, 10007);
  feed_string (fixture, "in\n");
  assert_told (fixture, "[in]");
}

static void
test_reader_that_went (Fixture       *fixture,
                       gconstpointer  data)
{
  open_lines (fixture);
  close_fd (&fixture->reader);
  for (guint i = 0; i < 3; i++)
    {
      send_string (fixture, "to nobody");
      turn (fixture);
      g_assert_cmpuint (extension_host_channel_get_queued (fixture->channel), ==, 0);
    }
  feed_string (fixture, "still there\n");
  close_fd (&fixture->writer);
  turn (fixture);
  turn (fixture);
  assert_told (fixture, "lost:Broken pipe;[still there]");
}

static void
test_reader_that_went_while_full (Fixture       *fixture,
                                  gconstpointer  data)
{
  g_autofree char *text = make_text (1024 * 1024);

  open_lines (fixture);
  extension_host_channel_send (fixture->channel, text, 1024 * 1024);
  turn (fixture);
  assert_told (fixture, "");
  close_fd (&fixture->reader);
  turn (fixture);
  turn (fixture);
  assert_told (fixture, "lost:Broken pipe;");
  g_assert_cmpuint (extension_host_channel_get_queued (fixture->channel), ==, 0);
  g_assert_false (g_main_context_pending (fixture->context));
}

static void
test_socket_that_is_not_read_any_more (Fixture       *fixture,
                                       gconstpointer  data)
{
  open_socket (fixture, SOCK_STREAM);
  g_assert_cmpint (shutdown (fixture->reader, SHUT_RD), ==, 0);
  send_string (fixture, "to nobody");
  turn (fixture);
  assert_told (fixture, "lost:Broken pipe;");
  feed_string (fixture, "still there\n");
  assert_told (fixture, "[still there]");
}

/* Everything until the end, with turns in between. */
static gsize
read_to_end (Fixture *fixture)
{
  g_autofree char *buffer = g_malloc (CHUNK);
  gsize total = 0;
  gssize n = 0;

  while ((n = read (fixture->reader, buffer, CHUNK)) != 0)
    {
      g_assert_true (n > 0 || errno == EAGAIN);
      total += MAX (n, 0);
      turn (fixture);
    }

  return total;
}

static void
test_close_out_comes_after_what_is_queued (Fixture       *fixture,
                                           gconstpointer  data)
{
  g_autofree char *text = make_text (1024 * 1024);

  open_lines (fixture);
  extension_host_channel_send (fixture->channel, text, 1024 * 1024);
  extension_host_channel_close_out (fixture->channel);
  send_string (fixture, "too late");
  turn (fixture);
  g_assert_cmpuint (read_to_end (fixture), ==, 1024 * 1024 + 1);
  assert_told (fixture, "");   /* we did that ourselves */
  extension_host_channel_close_out (fixture->channel);
  feed_string (fixture, "in\n");
  assert_told (fixture, "[in]");
}

static void
test_close_out_of_an_empty_queue (Fixture       *fixture,
                                  gconstpointer  data)
{
  open_lines (fixture);
  send_string (fixture, "a");
  turn (fixture);
  extension_host_channel_close_out (fixture->channel);
  g_assert_cmpuint (read_to_end (fixture), ==, 2);
}

static void
test_close_out_of_a_socket_goes_on_reading (Fixture       *fixture,
                                            gconstpointer  data)
{
  open_socket (fixture, SOCK_STREAM);
  send_string (fixture, "a");
  extension_host_channel_close_out (fixture->channel);
  turn (fixture);
  g_assert_cmpuint (read_to_end (fixture), ==, 2);
  assert_at_end (fixture);
  feed_string (fixture, "in\n");
  assert_told (fixture, "[in]");
}

#define add(path, func) \
  g_test_add ("/channel/write/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  signal (SIGPIPE, SIG_DFL);   /* whatever we were started with */
  g_test_init (&argc, &argv, NULL);

  add ("messages-of-a-turn-leave-together", test_messages_of_a_turn_leave_together);
  add ("frames", test_frames_are_written);
  add ("slow-reader", test_slow_reader);
  add ("large-message-leaves-its-memory", test_large_message_leaves_its_memory);
  add ("slow-reader-of-a-socket", test_slow_reader_of_a_socket);
  add ("reader-that-went", test_reader_that_went);
  add ("reader-that-went-while-full", test_reader_that_went_while_full);
  add ("socket-that-is-not-read-any-more", test_socket_that_is_not_read_any_more);
  add ("close-out/comes-after-what-is-queued", test_close_out_comes_after_what_is_queued);
  add ("close-out/of-an-empty-queue", test_close_out_of_an_empty_queue);
  add ("close-out/of-a-socket-goes-on-reading", test_close_out_of_a_socket_goes_on_reading);

  return g_test_run ();
}
