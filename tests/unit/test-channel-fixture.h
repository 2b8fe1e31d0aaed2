/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extension-host-channel-private.h"

#define CHUNK (64 * 1024)
#define MAX_SIZE 1024

/* A channel in a context of its own, and what the other side has: the ends of two pipes, or a
 * socket. All that is told is written down. */
typedef struct _Fixture Fixture;

struct _Fixture
{
  GMainContext *context;
  ExtensionHostReactor *reactor;
  ExtensionHostChannel *channel;
  int writer;           /* what is written here comes in */
  int reader;           /* what is sent goes out here */

  GString *told;        /* [message] <number of bytes that were too long> lost:why; */
  GString *message;     /* the last one */
  GString *too_long;    /* the pieces of the one under way, or of the last one */
  gboolean in_too_long;
  guint n_bursts;
  guint n_lows;
  guint n_large;        /* messages that were told with their memory */
  void (*action) (Fixture *fixture);   /* done once, inside the next burst */
  ExtensionHostChannel *other;         /* for the action */
};

static inline void
on_message (const char *text,
            gsize       length,
            gpointer    owner)
{
  Fixture *fixture = owner;

  g_assert_false (fixture->in_too_long);
  g_string_append_printf (fixture->told, "[");
  g_string_append_len (fixture->told, text, MIN (length, 2 * MAX_SIZE));
  g_string_append_printf (fixture->told, "]");
  g_string_truncate (fixture->message, 0);
  g_string_append_len (fixture->message, text, length);
}

static inline void
on_large (GBytes   *message,
          gpointer  owner)
{
  ((Fixture *) owner)->n_large++;
  on_message (g_bytes_get_data (message, NULL), g_bytes_get_size (message), owner);
}

static inline void
on_too_long (const char *piece,
             gsize       length,
             gboolean    last,
             gpointer    owner)
{
  Fixture *fixture = owner;

  if (!fixture->in_too_long)
    g_string_truncate (fixture->too_long, 0);
  g_string_append_len (fixture->too_long, piece, length);
  fixture->in_too_long = !last;
  if (last)
    g_string_append_printf (fixture->told, "<%" G_GSIZE_FORMAT ">", fixture->too_long->len);
}

static inline void
on_burst (gpointer owner)
{
  Fixture *fixture = owner;
  void (*action) (Fixture *fixture) = g_steal_pointer (&fixture->action);

  fixture->n_bursts++;
  if (action != NULL)
    action (fixture);
}

static inline void
on_low (gpointer owner)
{
  Fixture *fixture = owner;

  fixture->n_lows++;
  g_assert_cmpuint (extension_host_channel_get_queued (fixture->channel), <,
                    EXTENSION_HOST_CHANNEL_LOW);
}

static inline void
on_lost (const char *why,
         gpointer    owner)
{
  Fixture *fixture = owner;

  g_string_append_printf (fixture->told, "lost:%s;", why);
}

static const ExtensionHostChannelFuncs funcs = {
  .framer.message = on_message,
  .framer.large = on_large,
  .framer.too_long = on_too_long,
  .burst = on_burst,
  .low = on_low,
  .lost = on_lost,
};

static inline void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  fixture->context = g_main_context_new ();
  fixture->reactor = extension_host_reactor_acquire (fixture->context);
  fixture->writer = -1;
  fixture->reader = -1;
  fixture->told = g_string_new (NULL);
  fixture->message = g_string_new (NULL);
  fixture->too_long = g_string_new (NULL);
}

static inline void
close_fd (int *fd)
{
  if (*fd != -1)
    close (*fd);
  *fd = -1;
}

/* Ready for another channel. */
static inline void
forget (Fixture *fixture)
{
  g_clear_pointer (&fixture->channel, extension_host_channel_free);
  g_clear_pointer (&fixture->other, extension_host_channel_free);
  close_fd (&fixture->writer);
  close_fd (&fixture->reader);
  g_string_truncate (fixture->told, 0);
  g_string_truncate (fixture->too_long, 0);
  fixture->in_too_long = FALSE;
}

static inline void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  forget (fixture);
  extension_host_reactor_release (fixture->reactor);
  g_assert_false (extension_host_reactor_exists (fixture->context));
  g_main_context_unref (fixture->context);
  g_string_free (fixture->told, TRUE);
  g_string_free (fixture->message, TRUE);
  g_string_free (fixture->too_long, TRUE);
}

static inline void
open_fds (Fixture              *fixture,
          ExtensionHostFraming  framing,
          int                   in_fd,
          int                   out_fd)
{
  fixture->channel = extension_host_channel_new (fixture->reactor, in_fd, out_fd, framing, MAX_SIZE,
                                                 &funcs, fixture);
  g_assert_true (extension_host_channel_open (fixture->channel));
}

static inline void
open_pipes (Fixture              *fixture,
            ExtensionHostFraming  framing)
{
  int in[2], out[2];

  g_assert_cmpint (pipe2 (in, O_CLOEXEC | O_NONBLOCK), ==, 0);
  g_assert_cmpint (pipe2 (out, O_CLOEXEC | O_NONBLOCK), ==, 0);
  fixture->writer = in[1];
  fixture->reader = out[0];
  open_fds (fixture, framing, in[0], out[1]);
}

static inline void
open_lines (Fixture *fixture)
{
  open_pipes (fixture, EXTENSION_HOST_FRAMING_LINES);
}

/* One descriptor for both directions, as that of Node. */
static inline void
open_socket (Fixture *fixture,
             int      type)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  fixture->writer = fds[1];
  fixture->reader = fcntl (fds[1], F_DUPFD_CLOEXEC, 0);
  open_fds (fixture, EXTENSION_HOST_FRAMING_LINES, fds[0], fds[0]);
}

static inline void
turn (Fixture *fixture)
{
  g_main_context_iteration (fixture->context, FALSE);
}

static inline void
write_all (int         fd,
           const char *text,
           gsize       length)
{
  g_assert_cmpint (write (fd, text, length), ==, length);
}

/* In pieces that arrive in one read each. */
static inline void
feed (Fixture    *fixture,
      const char *text,
      gsize       length,
      gsize       piece)
{
  for (gsize i = 0; i < length; i += piece)
    {
      write_all (fixture->writer, text + i, MIN (piece, length - i));
      turn (fixture);
    }
}

static inline void
feed_string (Fixture    *fixture,
             const char *text)
{
  feed (fixture, text, strlen (text), CHUNK);
}

static inline void
assert_told_bytes (Fixture    *fixture,
                   const char *expected,
                   gsize       length)
{
  g_assert_cmpmem (fixture->told->str, fixture->told->len, expected, length);
  g_string_truncate (fixture->told, 0);
}

static inline void
assert_told (Fixture    *fixture,
             const char *expected)
{
  g_assert_cmpstr (fixture->told->str, ==, expected);
  assert_told_bytes (fixture, expected, strlen (expected));
}

/* No two places of it look the same, within reason. */
static inline char *
make_text (gsize length)
{
  char *text = g_malloc (length + 2);

  for (gsize i = 0; i < length; i++)
    text[i] = 'a' + (i % 23 + i / 23 % 3) % 26;
  text[length] = '\n';
  text[length + 1] = '\0';

  return text;
}
