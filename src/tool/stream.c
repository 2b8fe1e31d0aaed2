/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "stream.h"

#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "message.h"
#include "urgent.h"

static gboolean
on_signal (gpointer user_data)
{
  tool_urgent_take ();
  tool_stream_end (user_data, FALSE);

  return G_SOURCE_CONTINUE;
}

/* Nobody reads what we print, as after “| head”. */
static gboolean
on_stdout_closed (int          fd,
                  GIOCondition condition,
                  gpointer     user_data)
{
  tool_stream_end (user_data, FALSE);

  return G_SOURCE_REMOVE;
}

static void
on_bus_closed (GDBusConnection *connection,
               gboolean         vanished,
               GError          *error,
               gpointer         user_data)
{
  tool_error (_("The session bus has closed the connection"));
  tool_stream_end (user_data, TRUE);
}

static void
add_source (ToolStream  *self,
            guint        place,
            GSource     *source,
            GSourceFunc  callback)
{
  g_source_set_static_name (source, "[extension-host] stream");
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, NULL);
  self->sources[place] = source;
}

void
tool_stream_init (ToolStream *self)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  self->output.urgent_fd = -1;
}

/* From now on a signal is a wish to end it. */
void
tool_stream_begin (ToolStream      *self,
                   GDBusConnection *connection)
{
  self->connection = g_object_ref (connection);
  self->closed = g_signal_connect (connection, "closed", G_CALLBACK (on_bus_closed), self);
  add_source (self, 0, g_unix_signal_source_new (SIGINT), on_signal);
  add_source (self, 1, g_unix_signal_source_new (SIGTERM), on_signal);
  /* Under nohup the end of the terminal is not meant for us. */
  if (!tool_signal_is_ignored (SIGHUP))
    add_source (self, 2, g_unix_signal_source_new (SIGHUP), on_signal);
  self->output.urgent_fd = tool_urgent_begin ();
  signal (SIGPIPE, SIG_IGN);
  /* Hosts may say nothing for hours: the reader that left is seen without writing. */
  add_source (self, 3, g_unix_fd_source_new (STDOUT_FILENO, G_IO_ERR | G_IO_HUP),
              G_SOURCE_FUNC (on_stdout_closed));
}

void
tool_stream_write (ToolStream *self,
                   const char *line)
{
  tool_output_write_line (&self->output, stdout, line);
  if (self->output.closed)
    tool_stream_end (self, FALSE);
}

/* Returns: FALSE if it came to a bad end, which was told */
gboolean
tool_stream_run (ToolStream *self)
{
  /* It may have ended before it began. */
  if (!self->failed && !self->output.closed)
    g_main_loop_run (self->loop);

  return !self->failed;
}

void
tool_stream_end (ToolStream *self,
                 gboolean    failed)
{
  self->failed |= failed;
  self->output.closed = TRUE;   /* nothing more is to be printed */
  g_main_loop_quit (self->loop);
}

void
tool_stream_clear (ToolStream *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sources); i++)
    {
      if (self->sources[i] != NULL)
        {
          g_source_destroy (self->sources[i]);
          g_clear_pointer (&self->sources[i], g_source_unref);
        }
    }
  if (self->connection != NULL)
    g_clear_signal_handler (&self->closed, self->connection);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}
