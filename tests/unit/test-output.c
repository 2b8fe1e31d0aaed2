/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "extension-host-output-private.h"

#define LIMIT EXTENSION_HOST_LINE_MAX

/* A real pipe, and the lines told so far. */
typedef struct
{
  ExtensionHostOutput output;
  int writer;
  GPtrArray *lines;   /* of GString */
} Fixture;

static void
on_line (ExtensionHostLogStream  stream,
         const char             *text,
         gsize                   length,
         gpointer                data)
{
  Fixture *fixture = data;

  g_assert_cmpint (stream, ==, EXTENSION_HOST_LOG_STREAM_STDERR);
  g_ptr_array_add (fixture->lines, g_string_new_len (text, length));
}

static void
free_line (gpointer line)
{
  g_string_free (line, TRUE);
}

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (fds[0], TRUE, NULL));
  fixture->writer = fds[1];
  fixture->lines = g_ptr_array_new_with_free_func (free_line);
  extension_host_output_init (&fixture->output, fds[0], EXTENSION_HOST_LOG_STREAM_STDERR, on_line,
                              fixture);
}

static void
hang_up (Fixture *fixture)
{
  if (fixture->writer != -1)
    close (fixture->writer);
  fixture->writer = -1;
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  hang_up (fixture);
  extension_host_output_close (&fixture->output);
  g_ptr_array_unref (fixture->lines);
}

static void
write_all (int         fd,
           const char *text,
           gsize       length)
{
  g_assert_cmpint (write (fd, text, length), ==, length);
}

/* What is written arrives in one read. */
static void
feed (Fixture    *fixture,
      const char *text,
      gsize       length)
{
  write_all (fixture->writer, text, length);
  g_assert_true (extension_host_output_read (&fixture->output));
}

static void
feed_string (Fixture    *fixture,
             const char *text)
{
  feed (fixture, text, strlen (text));
}

static void
feed_many (Fixture *fixture,
           gsize    n,
           char     c)
{
  g_autofree char *text = g_strnfill (n, c);

  feed (fixture, text, n);
}

/* Reads until the end, which comes with the hang-up. */
static void
finish (Fixture *fixture)
{
  hang_up (fixture);
  while (extension_host_output_read (&fixture->output))
    ;
  g_assert_cmpint (fixture->output.fd, ==, -1);
}

/* The lines told, each in brackets. */
static void
assert_lines (Fixture    *fixture,
              const char *expected)
{
  g_autoptr(GString) told = g_string_new (NULL);

  for (guint i = 0; i < fixture->lines->len; i++)
    {
      GString *line = g_ptr_array_index (fixture->lines, i);

      g_string_append_printf (told, "[%s]", line->str);
    }

  g_assert_cmpstr (told->str, ==, expected);
  g_ptr_array_set_size (fixture->lines, 0);
}

static void
assert_lengths (Fixture *fixture,
                guint    n_lines,
                ...)
{
  va_list args;

  g_assert_cmpuint (fixture->lines->len, ==, n_lines);
  va_start (args, n_lines);
  for (guint i = 0; i < n_lines; i++)
    g_assert_cmpuint (((GString *) g_ptr_array_index (fixture->lines, i))->len, ==,
                      va_arg (args, guint));
  va_end (args);
  g_ptr_array_set_size (fixture->lines, 0);
}

/* Lines, whatever the pieces in which they come: `|` parts one read from the next. */
static const struct {
  const char *pieces;
  const char *told;
} texts[] = {
  { "a\n", "[a]" },
  { "a\nb\n", "[a][b]" },
  { "a|b\n", "[ab]" },
  { "a\nb|c\nd\n", "[a][bc][d]" },
  { "a|\n", "[a]" },
  { "a\n|b\n", "[a][b]" },
  { "a\r\n", "[a]" },
  { "a\r|\n", "[a]" },
  { "a|\r\n", "[a]" },
  { "a\rb\n", "[a\rb]" },
  { "a\r\r\n", "[a\r]" },
  { "\n", "[]" },
  { "\n\n\n", "[][][]" },
  { "\r\n\r\n", "[][]" },
  { "a\n\nb\n", "[a][][b]" },
  { "a\n|\n|b\n", "[a][][b]" },
  { "a", "[a]" },
  { "a\nb", "[a][b]" },
  { "a|b", "[ab]" },
  { "\n|", "[]" },
  { "", "" },
  { "  a\t\n", "[  a\t]" },
  { "\xff\xfe\n", "[\xff\xfe]" },
};

static void
test_lines_are_told_as_written (Fixture       *fixture,
                                gconstpointer  data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto(GStrv) pieces = g_strsplit (texts[i].pieces, "|", -1);
      Fixture own = { 0 };

      fixture_set_up (&own, NULL);
      for (guint j = 0; pieces[j] != NULL; j++)
        feed_string (&own, pieces[j]);
      finish (&own);
      assert_lines (&own, texts[i].told);
      fixture_tear_down (&own, NULL);
    }
}

static void
test_each_byte_alone_makes_the_same_lines (Fixture       *fixture,
                                           gconstpointer  data)
{
  static const char text[] = "one\r\n\ntwo three\n\r\nfour";

  for (gsize i = 0; i < strlen (text); i++)
    feed (fixture, text + i, 1);
  finish (fixture);
  assert_lines (fixture, "[one][][two three][][four]");
}

static void
test_nul_bytes_are_part_of_a_line (Fixture       *fixture,
                                   gconstpointer  data)
{
  feed (fixture, "a\0b\n\0\n", 6);
  g_assert_cmpuint (fixture->lines->len, ==, 2);
  g_assert_cmpmem (((GString *) fixture->lines->pdata[0])->str, 3, "a\0b", 3);
  assert_lengths (fixture, 2, 3, 1);
}

/* A line of @length whose first bytes come alone: its end may be in the same read or not. */

static void
assert_cut (gsize length,
            gsize first)
{
  Fixture own = { 0 };
  g_autofree char *begin = g_strnfill (length - first, 'x');
  g_autofree char *rest = g_strconcat (begin, "\nnext\n", NULL);

  fixture_set_up (&own, NULL);
  if (first > 0)
    feed_many (&own, first, 'x');
  feed_string (&own, rest);
  finish (&own);
  assert_lengths (&own, 2, (guint) MIN (length, LIMIT), 4u);
  fixture_tear_down (&own, NULL);
}

static void
test_long_line_is_cut_at_the_limit (Fixture       *fixture,
                                    gconstpointer  data)
{
  static const gsize lengths[] = { LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT - 1, 2 * LIMIT,
                                   2 * LIMIT + 1, 3 * LIMIT };
  static const gsize firsts[] = { 0, 1, LIMIT - 1, LIMIT, LIMIT + 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (firsts); j++)
      if (firsts[j] <= lengths[i])
        assert_cut (lengths[i], firsts[j]);
}

static void
test_carriage_return_counts_for_the_cut_only_if_kept (Fixture       *fixture,
                                                      gconstpointer  data)
{
  feed_many (fixture, LIMIT - 1, 'x');
  feed_string (fixture, "\r\n");
  assert_lengths (fixture, 1, LIMIT - 1);
  feed_many (fixture, LIMIT, 'x');
  feed_string (fixture, "\r\n");
  assert_lengths (fixture, 1, LIMIT);
}

/* It is told when it is cut, not when it ends, which may be never; and once. */
static void
test_endless_line_is_told_once (Fixture       *fixture,
                                gconstpointer  data)
{
  for (guint i = 0; i < 1000; i++)
    feed_many (fixture, LIMIT, 'x');
  assert_lengths (fixture, 1, LIMIT);
  g_assert_null (fixture->output.partial);
  feed_string (fixture, "y\nz\n");
  assert_lines (fixture, "[z]");
}

static void
test_end_after_a_cut_tells_nothing_more (Fixture       *fixture,
                                         gconstpointer  data)
{
  feed_many (fixture, LIMIT + 1, 'x');
  finish (fixture);
  assert_lengths (fixture, 1, LIMIT);
}

static void
test_reading_nothing_is_no_end (Fixture       *fixture,
                                gconstpointer  data)
{
  g_assert_true (extension_host_output_read (&fixture->output));
  assert_lines (fixture, "");
}

static void
test_end_of_stream_closes_the_descriptor (Fixture       *fixture,
                                          gconstpointer  data)
{
  int fd = fixture->output.fd;

  hang_up (fixture);
  g_assert_false (extension_host_output_read (&fixture->output));
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
  extension_host_output_close (&fixture->output);
}

static void
test_close_tells_the_unfinished_line (Fixture       *fixture,
                                      gconstpointer  data)
{
  feed_string (fixture, "a\nb");
  extension_host_output_close (&fixture->output);
  assert_lines (fixture, "[a][b]");
}

/* Drain */

static void
test_drain_takes_all_that_waits (Fixture       *fixture,
                                 gconstpointer  data)
{
  g_autofree char *text = g_strnfill (60 * 1024, '\n');

  memcpy (text + 60 * 1024 - 3, "end", 3);
  write_all (fixture->writer, text, 60 * 1024);
  extension_host_output_drain (&fixture->output);
  g_assert_cmpuint (fixture->lines->len, ==, 60 * 1024 - 2);
  g_assert_cmpstr (((GString *) fixture->lines->pdata[60 * 1024 - 3])->str, ==, "end");
}

static void
test_drain_of_nothing_tells_nothing (Fixture       *fixture,
                                     gconstpointer  data)
{
  extension_host_output_drain (&fixture->output);
  hang_up (fixture);
  extension_host_output_drain (&fixture->output);
  extension_host_output_close (&fixture->output);
  extension_host_output_drain (&fixture->output);
  assert_lines (fixture, "");
}

static void
test_drain_leaves_the_stream_open (Fixture       *fixture,
                                   gconstpointer  data)
{
  feed_string (fixture, "last wo");
  write_all (fixture->writer, "rds", 3);
  extension_host_output_drain (&fixture->output);
  assert_lines (fixture, "[last words]");
  feed_string (fixture, "of somebody else\n");
  assert_lines (fixture, "[of somebody else]");
}

/* Somebody of the tree writes as fast as we read: a drain ends all the same. */
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
  while (!g_atomic_int_get (&self->stop) && write (self->fd, text, sizeof text) > 0)
    ;

  return NULL;
}

static void
test_flood_does_not_hold_up_a_drain (Fixture       *fixture,
                                     gconstpointer  data)
{
  Flood self = { .fd = fixture->writer };
  g_autoptr(GThread) thread = g_thread_new ("flood", flood, &self);
  int capacity = fcntl (fixture->writer, F_GETPIPE_SZ);

  for (guint i = 0; i < 200; i++)
    {
      struct pollfd fd = { .fd = fixture->output.fd, .events = POLLIN };

      g_assert_cmpint (poll (&fd, 1, -1), ==, 1);   /* so that there is a flood to resist */
      extension_host_output_drain (&fixture->output);
      g_assert_cmpuint (fixture->lines->len, <=, capacity);   /* each byte is a line */
      g_ptr_array_set_size (fixture->lines, 0);
    }

  g_atomic_int_set (&self.stop, TRUE);
  extension_host_output_drain (&fixture->output);   /* lets a blocked write go on */
  g_thread_join (g_steal_pointer (&thread));
}

#define add(path, func) \
  g_test_add ("/output/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("lines-are-told-as-written", test_lines_are_told_as_written);
  add ("each-byte-alone-makes-the-same-lines", test_each_byte_alone_makes_the_same_lines);
  add ("nul-bytes-are-part-of-a-line", test_nul_bytes_are_part_of_a_line);
  add ("long-line-is-cut-at-the-limit", test_long_line_is_cut_at_the_limit);
  add ("carriage-return-counts-for-the-cut-only-if-kept",
       test_carriage_return_counts_for_the_cut_only_if_kept);
  add ("endless-line-is-told-once", test_endless_line_is_told_once);
  add ("end-after-a-cut-tells-nothing-more", test_end_after_a_cut_tells_nothing_more);
  add ("reading-nothing-is-no-end", test_reading_nothing_is_no_end);
  add ("end-of-stream-closes-the-descriptor", test_end_of_stream_closes_the_descriptor);
  add ("close-tells-the-unfinished-line", test_close_tells_the_unfinished_line);
  add ("drain/takes-all-that-waits", test_drain_takes_all_that_waits);
  add ("drain/of-nothing-tells-nothing", test_drain_of_nothing_tells_nothing);
  add ("drain/leaves-the-stream-open", test_drain_leaves_the_stream_open);
  add ("drain/is-not-held-up-by-a-flood", test_flood_does_not_hold_up_a_drain);

  return g_test_run ();
}
