/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "extension-host-log-ring-private.h"
#include "extension-host-output-private.h"

#define MAX_TEXT (20 * 1024)   /* more than is read at once, and less than a pipe holds */
#define RING_LINES 5           /* so that lines are washed away */
#define GENERATION 7

int LLVMFuzzerTestOneInput (const guint8 *data,
                            size_t        size);

/* Small inputs stand for long lines: SOH and a number mean the byte before them, 64 times as often. */
static GString *
expand (const guint8 *data,
        gsize         size)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < size && text->len < MAX_TEXT; i++)
    {
      gsize n = 0;

      if (data[i] != 1 || i + 1 == size || text->len == 0)
        {
          g_string_append_c (text, (char) data[i]);
          continue;
        }

      i++;
      n = MIN (64 * (gsize) data[i], MAX_TEXT - text->len);
      for (char c = text->str[text->len - 1]; n > 0; n--)
        g_string_append_c (text, c);
    }

  return text;
}

static void
free_line (gpointer line)
{
  g_string_free (line, TRUE);
}

static GPtrArray *
new_lines (void)
{
  return g_ptr_array_new_with_free_func (free_line);
}

/* The naive split */
static GPtrArray *
split (const GString *text)
{
  GPtrArray *lines = new_lines ();
  const char *at = text->str;
  const char *end = text->str + text->len;

  while (at < end)
    {
      const char *newline = memchr (at, '\n', end - at);
      gsize length = (newline != NULL ? newline : end) - at;
      gsize kept = MIN (length, EXTENSION_HOST_LINE_MAX);

      if (kept > 0 && at[kept - 1] == '\r')
        kept--;
      g_ptr_array_add (lines, g_string_new_len (at, kept));
      at += length + 1;
    }

  return lines;
}

static void
on_line (ExtensionHostLogStream  stream,
         const char             *text,
         gsize                   length,
         gpointer                data)
{
  g_assert_cmpint (stream, ==, EXTENSION_HOST_LOG_STREAM_STDERR);
  g_assert_cmpuint (length, <=, EXTENSION_HOST_LINE_MAX);
  g_ptr_array_add (data, g_string_new_len (text, length));
}

/* What was told of a text that came in pieces: of any size, or with a seed of 1 to 32 bytes. */
static GPtrArray *
tell (const GString *text,
      guint          seed,
      gboolean       is_drained)
{
  ExtensionHostOutput output = { .fd = -1 };
  GPtrArray *lines = new_lines ();
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (fds[0], TRUE, NULL));
  extension_host_output_init (&output, fds[0], EXTENSION_HOST_LOG_STREAM_STDERR, on_line, lines);

  for (gsize at = 0, n = 0; at < text->len; at += n)
    {
      n = text->len - at;
      if (seed != 0)
        {
          seed = seed * 1103515245 + 12345;
          n = MIN (1 + (seed >> 16) % ((seed & 1) != 0 ? 32 : 9000), n);
        }
      g_assert_cmpint (write (fds[1], text->str + at, n), ==, n);
      if (seed != 0)
        g_assert_true (extension_host_output_read (&output));
    }

  /* A reading is of 16 KiB, and draining takes them all. */
  if (is_drained)
    extension_host_output_drain (&output);
  close (fds[1]);
  while (output.fd != -1)
    extension_host_output_read (&output);
  g_assert_null (output.partial);

  return lines;
}

static void
assert_same (GPtrArray *told,
             GPtrArray *expected)
{
  g_assert_cmpuint (told->len, ==, expected->len);
  for (guint i = 0; i < told->len; i++)
    {
      GString *one = told->pdata[i];
      GString *other = expected->pdata[i];

      g_assert_cmpmem (one->str, one->len, other->str, other->len);
    }
}

/* What is kept */

static void
check_kept (ExtensionHostLogRing *ring,
            GPtrArray            *lines)
{
  g_autoptr(GVariant) kept = extension_host_log_ring_dup (ring, G_MAXUINT);
  gsize n = g_variant_n_children (kept);

  g_assert_cmpuint (n, ==, MIN (lines->len, RING_LINES));
  for (gsize i = 0; i < n; i++)
    {
      GString *line = lines->pdata[lines->len - n + i];
      g_autofree char *valid = g_utf8_make_valid (line->str, line->len);
      const char *stream = NULL;
      const char *text = NULL;
      guint64 time = 0;

      g_variant_get_child (kept, i, "(t&s&s)", &time, &stream, &text);
      g_assert_cmpstr (stream, ==, "stderr");
      g_assert_cmpstr (text, ==, valid);
      g_assert_true (g_utf8_validate (text, -1, NULL));
    }
}

static void
check_tail (ExtensionHostLogRing *ring,
            GPtrArray            *lines)
{
  g_auto(GStrv) tail = extension_host_log_ring_dup_tail (ring, GENERATION);
  g_auto(GStrv) other = extension_host_log_ring_dup_tail (ring, GENERATION + 1);
  guint n = g_strv_length (tail);
  gsize bytes = 0;

  g_assert_cmpuint (g_strv_length (other), ==, 0);
  g_assert_cmpuint (n, <=, MIN (lines->len, RING_LINES));
  for (guint i = 0; i < n; i++)
    {
      GString *line = lines->pdata[lines->len - n + i];
      g_autofree char *valid = g_utf8_make_valid (line->str, line->len);

      g_assert_cmpstr (tail[i], ==, valid);
      bytes += strlen (tail[i]) + 1;
    }
  g_assert_cmpuint (bytes, <=, EXTENSION_HOST_LOG_TAIL_BYTES);
}

static void
check_ring (GPtrArray *lines)
{
  ExtensionHostLogRing ring = { 0 };

  for (guint i = 0; i < lines->len; i++)
    {
      GString *line = lines->pdata[i];

      extension_host_log_ring_push (&ring, RING_LINES, i, GENERATION,
                                    EXTENSION_HOST_LOG_STREAM_STDERR, line->str, line->len);
    }
  check_kept (&ring, lines);
  check_tail (&ring, lines);
  extension_host_log_ring_clear (&ring);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        size_t        size)
{
  g_autoptr(GString) text = expand (data, size);
  g_autoptr(GPtrArray) expected = split (text);
  g_autoptr(GPtrArray) whole = tell (text, 0, FALSE);
  g_autoptr(GPtrArray) drained = tell (text, 0, TRUE);
  g_autoptr(GPtrArray) pieces = tell (text, 1 + (size > 0 ? data[size / 2] : 0), FALSE);

  assert_same (whole, expected);
  assert_same (drained, expected);
  assert_same (pieces, expected);
  check_ring (expected);

  return 0;
}
