/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "terminal-input.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#define RETRY_SECONDS 1

/* The terminal does the editing and stays as it is: neither raw nor non-blocking, which whoever
 * shares it would feel. A line is read when it is there. */

static void watch_terminal (ToolTerminalInput *self);

static void
set_source (ToolTerminalInput *self,
            GSource           *source,
            GSourceFunc        callback)
{
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }

  self->source = source;
  if (source == NULL)
    return;

  g_source_set_static_name (source, "[extension-host] terminal");
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, NULL);
}

static gboolean
on_retry (gpointer user_data)
{
  watch_terminal (user_data);

  return G_SOURCE_REMOVE;
}

static void
take_line (ToolTerminalInput *self,
           gsize              length)
{
  g_autofree char *line = g_strndup (self->partial->str, length);

  g_string_erase (self->partial, 0, MIN (length + 1, self->partial->len));
  self->line (line, self->owner);
}

static void
take_lines (ToolTerminalInput *self)
{
  const char *end = NULL;

  while ((end = memchr (self->partial->str, '\n', self->partial->len)) != NULL)
    take_line (self, end - self->partial->str);
}

static void
take_end (ToolTerminalInput *self)
{
  if (self->partial->len > 0)
    take_line (self, self->partial->len);

  set_source (self, NULL, NULL);
  self->ended (self->owner);
}

/* In the background a read would stop us, and the supervision with us; the input is for others. */
static gboolean
is_in_background (void)
{
  pid_t foreground = tcgetpgrp (STDIN_FILENO);

  return foreground != -1 && foreground != getpgrp ();
}

static gboolean
on_input (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  ToolTerminalInput *self = user_data;
  char buffer[4096];
  gssize n = 0;

  if (is_in_background ())
    {
      set_source (self, g_timeout_source_new_seconds (RETRY_SECONDS), on_retry);
      return G_SOURCE_REMOVE;
    }

  n = read (fd, buffer, sizeof buffer);
  if (n == -1 && (errno == EINTR || errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  /* It went to the background just now. */
  if (n == -1 && errno == EIO && is_in_background ())
    return G_SOURCE_CONTINUE;

  if (n > 0)
    {
      g_string_append_len (self->partial, buffer, n);
      take_lines (self);
      return G_SOURCE_CONTINUE;
    }

  take_end (self);

  return G_SOURCE_REMOVE;
}

static void
watch_terminal (ToolTerminalInput *self)
{
  set_source (self, g_unix_fd_source_new (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR),
              G_SOURCE_FUNC (on_input));
}

void
tool_terminal_input_begin (ToolTerminalInput  *self,
                           void              (*line) (const char *line,
                                                      gpointer    owner),
                           void              (*ended) (gpointer owner),
                           gpointer            owner)
{
  /* Between looking and reading we may get there: then an error is better than a halt. */
  signal (SIGTTIN, SIG_IGN);

  self->line = line;
  self->ended = ended;
  self->owner = owner;
  self->partial = g_string_new (NULL);
  watch_terminal (self);
}

void
tool_terminal_input_end (ToolTerminalInput *self)
{
  if (self->partial == NULL)
    return;

  set_source (self, NULL, NULL);
  g_string_free (self->partial, TRUE);
  self->partial = NULL;
}
