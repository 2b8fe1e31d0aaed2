/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extension-host-channel-private.h"

#define CHUNK (64 * 1024)        /* bytes read at once */
#define MUCH 4096                /* as much as the smallest pipe holds */

struct _ExtensionHostChannel
{
  ExtensionHostReactor *reactor;
  const ExtensionHostChannelFuncs *funcs;   /* NULL once it is being freed */
  gpointer owner;
  ExtensionHostFraming framing;

  int in_fd;                /* -1 when closed */
  guint64 n_read;           /* bytes, in all */
  ExtensionHostWatch in_watch;
  gboolean opened;
  gboolean reading;
  ExtensionHostFramer *framer;

  int out_fd;               /* -1 when closed */
  int error;                /* of what could not be done when it was made; 0 if all could */
  ExtensionHostWatch out_watch;
  ExtensionHostAfterwork flush;
  GString *out;
  gsize out_offset;         /* of what has not been written */
  gsize out_begun;          /* where the message starts that is being appended */
  gboolean full;            /* the other side does not take more: waiting for it */
  gboolean close_when_written;

  gboolean lost;
};

/* Writing to a dead host must be an error and not the end of the application. GSocket does the same
 * when it is first used. What the application has decided itself stays. */
static void
ignore_sigpipe (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      struct sigaction action;

      if (sigaction (SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal (SIGPIPE, SIG_IGN);
      g_once_init_leave (&once, 1);
    }
}

static void
lose (ExtensionHostChannel *self,
      const char           *why)
{
  if (self->lost || self->funcs == NULL)
    return;

  self->lost = TRUE;
  self->funcs->lost (why, self->owner);
}

/* Writing */

/* A single long message must not leave its memory with us for ever. */
static void
empty_out (ExtensionHostChannel *self)
{
  if (self->out->allocated_len > CHUNK)
    {
      g_string_free (self->out, TRUE);
      self->out = g_string_new (NULL);
    }
  g_string_truncate (self->out, 0);
}

static void on_writable (guint32  events,
                         gpointer data);

static void
stop_writing (ExtensionHostChannel *self)
{
  extension_host_afterwork_drop (&self->flush);
  extension_host_watch_stop (&self->out_watch);
  empty_out (self);
  self->out_offset = 0;
  self->full = FALSE;
  if (self->out_fd != -1)
    {
      /* A socket that is still read from would stay open. A forked child shares it. */
      if (!extension_host_reactor_is_foreign (self->reactor))
        shutdown (self->out_fd, SHUT_WR);
      close (self->out_fd);
    }
  self->out_fd = -1;
}

static void
forget_written (ExtensionHostChannel *self)
{
  if (self->out_offset == self->out->len)
    empty_out (self);
  else if (self->out_offset > self->out->len / 2)
    g_string_erase (self->out, 0, self->out_offset);
  else
    return;

  self->out_offset = 0;
}

/* FALSE at an error, which is the end of the channel. */
static gboolean
write_out (ExtensionHostChannel *self)
{
  while (self->out_offset < self->out->len)
    {
      gssize n = write (self->out_fd, self->out->str + self->out_offset,
                        self->out->len - self->out_offset);

      if (n == -1 && errno == EINTR)
        continue;
      if (n == -1 && errno == EAGAIN)
        break;
      if (n == -1)
        return FALSE;

      self->out_offset += n;
    }

  self->full = self->out_offset < self->out->len;
  forget_written (self);

  return TRUE;
}

static void
flush (gpointer data)
{
  ExtensionHostChannel *self = data;

  if (self->out_fd == -1)
    return;

  if (!write_out (self))
    {
      const char *why = g_strerror (errno);

      stop_writing (self);
      lose (self, why);
      return;
    }

  if (extension_host_channel_get_queued (self) < EXTENSION_HOST_CHANNEL_LOW &&
      !self->close_when_written)
    self->funcs->low (self->owner);

  if (!self->full)
    {
      extension_host_watch_stop (&self->out_watch);
      if (self->close_when_written && self->out->len == 0)
        stop_writing (self);
    }
  else if (self->out_watch.reactor == NULL &&
           !extension_host_watch_start (&self->out_watch, self->reactor, self->out_fd, EPOLLOUT,
                                        on_writable, self))
    {
      const char *why = g_strerror (errno);

      stop_writing (self);
      lose (self, why);
    }
}

static void
on_writable (guint32  events G_GNUC_UNUSED,
             gpointer data)
{
  flush (data);
}

static void
flush_later (ExtensionHostChannel *self)
{
  if (!self->full)
    extension_host_afterwork_add (&self->flush, self->reactor, flush, self);
}

/* Whether what is sent would be taken, and not thrown away. */
gboolean
extension_host_channel_can_send (ExtensionHostChannel *self)
{
  return self->out_fd != -1 && !self->close_when_written;
}

/* For one message, which is appended to what this returns, and sent by end_message (). Whoever calls
 * has asked can_send (), and calls nothing else of the channel in between. */
GString *
extension_host_channel_begin_message (ExtensionHostChannel *self)
{
  self->out_begun = self->out->len;

  return self->out;
}

/* A message of lines must be a single one. It leaves when the turn ends. */
void
extension_host_channel_end_message (ExtensionHostChannel *self)
{
  extension_host_framing_close (self->framing, self->out, self->out_begun);
  flush_later (self);
}

/* Takes back what was appended since begin_message (). */
void
extension_host_channel_drop_message (ExtensionHostChannel *self)
{
  g_string_truncate (self->out, self->out_begun);
  forget_written (self);
}

void
extension_host_channel_send (ExtensionHostChannel *self,
                             const char           *text,
                             gsize                 length)
{
  if (!extension_host_channel_can_send (self))
    return;

  g_string_append_len (extension_host_channel_begin_message (self), text, length);
  extension_host_channel_end_message (self);
}

/* Bytes that have not been written. */
gsize
extension_host_channel_get_queued (ExtensionHostChannel *self)
{
  return self->out->len - self->out_offset;
}

/* The other side sees the end of its input once what is queued is written. */
void
extension_host_channel_close_out (ExtensionHostChannel *self)
{
  if (self->out_fd == -1)
    return;

  self->close_when_written = TRUE;
  if (self->out->len == 0)
    stop_writing (self);
  else
    flush_later (self);
}

/* Reading */

static void
stop_reading (ExtensionHostChannel *self)
{
  extension_host_watch_stop (&self->in_watch);
  if (self->in_fd != -1)
    close (self->in_fd);
  self->in_fd = -1;
}

/* Returns what read() does; -1 with EPROTO if what came is no frame. */
static gssize
read_chunk (ExtensionHostChannel *self,
            gsize                 length)
{
  char buffer[CHUNK];
  gssize n = 0;

  do
    n = read (self->in_fd, buffer, MIN (length, sizeof buffer));
  while (n == -1 && errno == EINTR);

  if (n <= 0)
    return n;

  self->n_read += (guint64) n;
  if (!extension_host_framer_feed (self->framer, buffer, (gsize) n))
    {
      errno = EPROTO;
      return -1;
    }

  return n;
}

static void
on_readable (guint32  events G_GNUC_UNUSED,
             gpointer data)
{
  ExtensionHostChannel *self = data;
  gssize n = read_chunk (self, CHUNK);

  extension_host_watch_note (&self->in_watch, n >= MUCH);
  if (n == 0 || (n == -1 && errno != EAGAIN))
    {
      const char *why = n == 0 ? "end of stream"
                               : errno == EPROTO ? "what came is no frame" : g_strerror (errno);

      stop_reading (self);
      extension_host_framer_end (self->framer);
      lose (self, why);
    }

  self->funcs->burst (self->owner);   /* last: it may free us */
}

static gboolean
watch_in (ExtensionHostChannel *self)
{
  return extension_host_watch_start (&self->in_watch, self->reactor, self->in_fd, EPOLLIN,
                                     on_readable, self);
}

/* While not reading, what comes waits in the pipe, and its writer with it. It is not watched at all
 * then: a hang-up would be told in each turn. */
void
extension_host_channel_set_reading (ExtensionHostChannel *self,
                                    gboolean              reading)
{
  if (self->reading == reading)
    return;

  self->reading = reading;
  if (!reading)
    extension_host_watch_stop (&self->in_watch);
  else if (self->opened && self->in_fd != -1 && !watch_in (self))
    {
      const char *why = g_strerror (errno);

      stop_reading (self);
      lose (self, why);
    }
}

/* Bytes of a message that is still coming. */
gsize
extension_host_channel_get_partial (ExtensionHostChannel *self)
{
  return extension_host_framer_get_partial (self->framer);
}

/* From now on the message that is still coming, if any, is one that is too long. */
void
extension_host_channel_drop_partial (ExtensionHostChannel *self)
{
  extension_host_framer_drop_partial (self->framer);
}

static guint64
count_unread (ExtensionHostChannel *self)
{
  int waiting = 0;

  return ioctl (self->in_fd, FIONREAD, &waiting) == 0 && waiting > 0 ? (guint64) waiting : 0;
}

/* Whether the other side cannot write any more until we read. */
gboolean
extension_host_channel_is_input_full (ExtensionHostChannel *self)
{
  int size = self->in_fd != -1 ? fcntl (self->in_fd, F_GETPIPE_SZ) : -1;

  return size > 0 && count_unread (self) + MUCH > (guint64) size;
}

/* Whether anything at all has come in. */
gboolean
extension_host_channel_has_read (ExtensionHostChannel *self)
{
  return self->n_read > 0;
}

/* Whether the other side may have written what we have not read. @horizon, 0 at first, is then set to
 * the count of bytes up to which everything had been written at this call: once that much has been
 * read this is FALSE, whatever more has come since. */
gboolean
extension_host_channel_is_behind (ExtensionHostChannel *self,
                                  guint64              *horizon)
{
  if (self->in_fd == -1)
    return FALSE;

  if (*horizon == 0 && !self->reading)
    return TRUE;   /* what it would like to write may not even fit into the pipe */

  if (*horizon == 0)
    *horizon = self->n_read + count_unread (self);

  return self->n_read < *horizon;
}

/* Reads what the program, which has ended, has written, and no more. */
void
extension_host_channel_drain (ExtensionHostChannel *self)
{
  gssize n = 1;
  int waiting = 0;

  if (self->in_fd == -1 || ioctl (self->in_fd, FIONREAD, &waiting) == -1)
    return;

  for (; waiting > 0 && n > 0; waiting -= n)
    n = read_chunk (self, waiting);

  extension_host_framer_end (self->framer);
}

/* Takes over both descriptors, which are not blocking and may be the same one. Each direction then
 * gets one of its own, to be watched and closed alone. */
ExtensionHostChannel *
extension_host_channel_new (ExtensionHostReactor            *reactor,
                            int                              in_fd,
                            int                              out_fd,
                            ExtensionHostFraming             framing,
                            guint                            max_size,
                            const ExtensionHostChannelFuncs *funcs,
                            gpointer                         owner)
{
  ExtensionHostChannel *self = g_new0 (ExtensionHostChannel, 1);

  ignore_sigpipe ();
  self->reactor = reactor;
  self->in_fd = in_fd;
  self->out_fd = out_fd == in_fd ? fcntl (in_fd, F_DUPFD_CLOEXEC, 0) : out_fd;
  self->error = out_fd == in_fd && self->out_fd == -1 ? errno : 0;
  self->framing = framing;
  self->framer = extension_host_framer_new (framing, max_size, &funcs->framer, owner);
  self->funcs = funcs;
  self->owner = owner;
  self->reading = TRUE;
  self->out = g_string_new (NULL);

  return self;
}

/* Begins to read. FALSE, with errno set, if there is no memory or descriptor for that. */
gboolean
extension_host_channel_open (ExtensionHostChannel *self)
{
  errno = self->error;
  if (self->error != 0)
    return FALSE;

  self->opened = TRUE;

  return !self->reading || watch_in (self);
}

void
extension_host_channel_free (ExtensionHostChannel *self)
{
  self->funcs = NULL;
  stop_writing (self);
  stop_reading (self);
  extension_host_framer_free (self->framer);
  g_string_free (self->out, TRUE);
  g_free (self);
}
