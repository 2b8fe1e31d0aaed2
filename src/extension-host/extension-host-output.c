/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "extension-host-output-private.h"

#define MUCH 4096           /* as much as the smallest pipe holds */
#define CHUNK (16 * 1024)   /* read at once: even as empty lines it is worked off within a ms */

void
extension_host_output_init (ExtensionHostOutput    *self,
                            int                     fd,
                            ExtensionHostLogStream  stream,
                            ExtensionHostLineFunc   line,
                            gpointer                data)
{
  self->fd = fd;
  self->stream = stream;
  self->line = line;
  self->data = data;
  self->partial = NULL;
  self->cut = FALSE;
}

static void
tell (ExtensionHostOutput *self,
      const char          *text,
      gsize                length)
{
  if (length > 0 && text[length - 1] == '\r')
    length--;

  self->line (self->stream, text, length, self->data);
}

static void
end_line (ExtensionHostOutput *self)
{
  g_autoptr(GString) partial = g_steal_pointer (&self->partial);

  if (partial != NULL && !self->cut)
    tell (self, partial->str, partial->len);
  self->cut = FALSE;
}

/* The begin of a line, or more of one that has begun. */
static void
keep (ExtensionHostOutput *self,
      const char          *text,
      gsize                length)
{
  gsize room = 0;

  if (self->cut || length == 0)
    return;

  if (self->partial == NULL)
    self->partial = g_string_new (NULL);

  room = EXTENSION_HOST_LINE_MAX - self->partial->len;
  g_string_append_len (self->partial, text, MIN (length, room));
  if (length > room)
    {
      end_line (self);
      self->cut = TRUE;
    }
}

static void
split (ExtensionHostOutput *self,
       const char          *text,
       gsize                length)
{
  const char *end = text + length;

  while (text < end)
    {
      const char *newline = memchr (text, '\n', end - text);

      if (newline == NULL)
        {
          keep (self, text, end - text);
          return;
        }

      if (self->partial == NULL && !self->cut && newline - text <= EXTENSION_HOST_LINE_MAX)
        {
          tell (self, text, newline - text);
        }
      else
        {
          keep (self, text, newline - text);
          end_line (self);
        }

      text = newline + 1;
    }
}

static gssize
read_chunk (ExtensionHostOutput *self,
            gsize                length)
{
  char buffer[CHUNK];
  gssize n = 0;

  do
    n = read (self->fd, buffer, MIN (length, sizeof buffer));
  while (n == -1 && errno == EINTR);

  if (n > 0)
    split (self, buffer, n);

  return n;
}

/* Reads once. FALSE at the end of the stream, which is closed then. */
gboolean
extension_host_output_read (ExtensionHostOutput *self)
{
  gssize n = read_chunk (self, CHUNK);

  extension_host_watch_note (&self->watch, n >= MUCH);
  if (n > 0 || (n == -1 && errno == EAGAIN))
    return TRUE;

  extension_host_output_close (self);

  return FALSE;
}

/* Reads what the program, which has ended, has written, and no more: somebody else who goes on
 * writing cannot hold it up. A line that it left unfinished is told as it is. */
void
extension_host_output_drain (ExtensionHostOutput *self)
{
  gssize n = 1;
  int waiting = 0;

  if (self->fd == -1 || ioctl (self->fd, FIONREAD, &waiting) == -1)
    return;

  for (; waiting > 0 && n > 0; waiting -= n)
    n = read_chunk (self, waiting);

  end_line (self);
}

void
extension_host_output_close (ExtensionHostOutput *self)
{
  if (self->fd == -1)
    return;

  extension_host_watch_stop (&self->watch);
  end_line (self);
  close (self->fd);
  self->fd = -1;
}
