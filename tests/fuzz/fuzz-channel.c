/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extension-host-channel-private.h"

#define MAX_SIZE 64         /* bytes of a message; small, so that limits are met often */
#define HEADER_MAX 8192     /* as the framer has it */

int LLVMFuzzerTestOneInput (const guint8 *data,
                            size_t        size);

/* What a channel told, in a form that can be compared: each message as its length and text, each
 * one that was too long as its text. */
typedef struct
{
  GString *told;
  GString *too_long;       /* of the message under way */
  gboolean in_too_long;
  gsize fed;               /* bytes */
  gsize seen;              /* of them, in what was told, an end of line for each message included */
  guint n_lost;
  guint n_bursts;
} Told;

static void
add_message (GString    *told,
             char        kind,
             const char *text,
             gsize       length)
{
  g_string_append_printf (told, "%c%" G_GSIZE_FORMAT ":", kind, length);
  g_string_append_len (told, text, length);
}

static void
on_message (const char *text,
            gsize       length,
            gpointer    owner)
{
  Told *self = owner;

  g_assert_false (self->in_too_long);
  g_assert_cmpuint (self->n_lost, ==, 0);
  g_assert_cmpuint (length, <=, MAX_SIZE);
  self->seen += length + 1;
  add_message (self->told, 'm', text, length);
}

static void
on_too_long (const char *piece,
             gsize       length,
             gboolean    last,
             gpointer    owner)
{
  Told *self = owner;

  g_assert_cmpuint (self->n_lost, ==, 0);
  self->in_too_long = !last;
  self->seen += length + (last ? 1 : 0);
  g_string_append_len (self->too_long, piece, length);
  if (last)
    {
      g_assert_cmpuint (self->too_long->len, >, MAX_SIZE);
      add_message (self->told, 'l', self->too_long->str, self->too_long->len);
      g_string_truncate (self->too_long, 0);
    }
}

static void
on_burst (gpointer owner)
{
  Told *self = owner;

  self->n_bursts++;
}

static void
on_low (gpointer owner)
{
}

static void
on_lost (const char *why,
         gpointer    owner)
{
  Told *self = owner;

  g_assert_nonnull (why);
  self->n_lost++;
}

static const ExtensionHostChannelFuncs funcs = {
  .framer.message = on_message,
  .framer.too_long = on_too_long,
  .burst = on_burst,
  .low = on_low,
  .lost = on_lost,
};

/* The naive split: all bytes at once, one message after the other. */

static void
split_message (GString    *told,
               const char *text,
               gsize       length)
{
  add_message (told, length <= MAX_SIZE ? 'm' : 'l', text, length);
}

static void
split_lines (GString    *told,
             const char *text,
             gsize       size)
{
  while (size > 0)
    {
      const char *newline = memchr (text, '\n', size);
      gsize length = newline != NULL ? (gsize) (newline - text) : size;

      split_message (told, text, length);
      if (newline == NULL)
        return;
      text += length + 1;
      size -= length + 1;
    }
}

static gboolean
is_digits (const char *text)
{
  return text[0] != '\0' && text[strspn (text, "0123456789")] == '\0';
}

/* The length that a header block announces, −1 if it announces none. */
static gint64
read_length (const char *block,
             gsize       size)
{
  g_autofree char *text = g_strndup (block, size);
  g_auto(GStrv) lines = g_strsplit (text, "\r\n", -1);
  gint64 length = -1;

  if (memchr (block, '\0', size) != NULL)
    return -1;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto(GStrv) parts = g_strsplit (lines[i], ":", 2);
      guint64 value = 0;

      if (lines[i][0] == '\0')
        continue;
      if (parts[1] == NULL)
        return -1;
      if (g_ascii_strcasecmp (g_strstrip (parts[0]), "content-length") != 0)
        continue;
      if (!is_digits (g_strstrip (parts[1])))
        return -1;
      errno = 0;
      value = g_ascii_strtoull (parts[1], NULL, 10);
      if (errno == ERANGE || value > G_MAXSSIZE)
        return -1;
      if (length != -1 && (guint64) length != value)
        return -1;
      length = (gint64) value;
    }

  return length;
}

/* Returns FALSE where there is no next frame to be found. What is incomplete at the end is none. */
static gboolean
split_frames (GString    *told,
              const char *text,
              gsize       size)
{
  while (size > 0)
    {
      const char *end = memmem (text, MIN (size, HEADER_MAX + 4), "\r\n\r\n", 4);
      gsize header = 0;
      gint64 length = 0;

      if (end == NULL)
        return size < HEADER_MAX + 4;

      header = end + 4 - text;
      length = read_length (text, end - text);
      if (length < 0)
        return FALSE;
      if ((guint64) length > size - header)
        return TRUE;

      split_message (told, text + header, length);
      text += header + length;
      size -= header + length;
    }

  return TRUE;
}

static void
turn (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

/* FALSE if the channel does not want any more. */
static gboolean
write_piece (GMainContext *context,
             Told         *told,
             int           fd,
             const char   *text,
             gsize         length)
{
  gssize n = send (fd, text, length, MSG_NOSIGNAL);

  if (n == -1)
    return FALSE;

  g_assert_cmpint (n, ==, length);
  told->fed += length;
  turn (context);

  return TRUE;
}

/* In pieces of 1 to 48 bytes; a seed of 0 writes all in one. */
static void
feed (GMainContext         *context,
      Told                 *told,
      ExtensionHostFraming  framing,
      int                   fd,
      const char           *text,
      gsize                 size,
      guint                 seed)
{
  gsize n = 0;

  for (gsize i = 0; i < size; i += n)
    {
      n = MIN (32 * 1024, size - i);
      if (seed != 0)
        {
          seed = seed * 1103515245 + 12345;
          n = MIN (1 + (seed >> 16) % 48, n);
        }
      if (!write_piece (context, told, fd, text + i, n))
        return;
      /* What is not told is kept: never more than a message may have. */
      if (framing == EXTENSION_HOST_FRAMING_LINES)
        g_assert_cmpuint (told->fed, <=, told->seen + MAX_SIZE);
    }
}

static void
check (ExtensionHostFraming  framing,
       const char           *text,
       gsize                 size,
       guint                 seed,
       GString              *expected,
       gboolean              is_whole)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  ExtensionHostReactor *reactor = extension_host_reactor_acquire (context);
  Told told = { g_string_new (NULL), g_string_new (NULL), FALSE, 0, 0, 0, 0 };
  ExtensionHostChannel *channel = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  channel = extension_host_channel_new (reactor, fds[0], fds[0], framing, MAX_SIZE, &funcs, &told);
  g_assert_true (extension_host_channel_open (channel));

  feed (context, &told, framing, fds[1], text, size, seed);
  g_assert_cmpuint (told.n_lost, ==, is_whole ? 0 : 1);
  shutdown (fds[1], SHUT_WR);
  turn (context);

  g_assert_cmpmem (told.told->str, told.told->len, expected->str, expected->len);
  g_assert_cmpuint (told.n_lost, ==, 1);
  g_assert_cmpuint (told.n_bursts, >, 0);

  extension_host_channel_free (channel);
  extension_host_reactor_release (reactor);
  close (fds[1]);
  g_string_free (told.told, TRUE);
  g_string_free (told.too_long, TRUE);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        size_t        size)
{
  const char *text = (const char *) data;
  guint seed = size > 0 ? 1 + data[size / 2] : 1;
  g_autoptr(GString) lines = g_string_new (NULL);
  g_autoptr(GString) frames = g_string_new (NULL);
  gboolean is_whole = split_frames (frames, text, size);

  split_lines (lines, text, size);
  check (EXTENSION_HOST_FRAMING_LINES, text, size, 0, lines, TRUE);
  check (EXTENSION_HOST_FRAMING_LINES, text, size, seed, lines, TRUE);
  check (EXTENSION_HOST_FRAMING_CONTENT_LENGTH, text, size, 0, frames, is_whole);
  check (EXTENSION_HOST_FRAMING_CONTENT_LENGTH, text, size, seed, frames, is_whole);

  return 0;
}
