/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A reader may pause for as long as it likes (a pager, Ctrl-S), but not hold up a Ctrl-C: that comes
 * in by a pipe, because the main loop waits here. */
static gboolean
wait_for_room (ToolOutput *self)
{
  struct pollfd items[] = {
    { .fd = STDOUT_FILENO, .events = POLLOUT },
    { .fd = self->urgent_fd, .events = POLLIN },
  };

  while (poll (items, G_N_ELEMENTS (items), -1) < 0)
    if (errno != EINTR)
      return FALSE;

  return items[0].revents != 0;
}

/* A pipe whose reader left, and a terminal that is gone, are how things end. */
static void
close_after_error (ToolOutput *self,
                   int         error)
{
  self->closed = TRUE;
  if (error != EPIPE && error != EIO)
    self->write_error = error;
}

/* No more than PIPE_BUF at a time: so much never blocks once poll () said that there is room. */
static void
write_to_stdout (ToolOutput *self,
                 const char *line)
{
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  gsize length = strlen (text);

  for (gsize done = 0; done < length && !self->closed; )
    {
      gssize n = 0;

      if (!wait_for_room (self))
        {
          self->closed = TRUE;   /* asked to end, and nobody reads */
          return;
        }
      n = write (STDOUT_FILENO, text + done, MIN (length - done, PIPE_BUF));
      if (n > 0)
        done += n;
      else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        close_after_error (self, n == 0 ? EPIPE : errno);
    }
}

/*
 * A line leaves at once, so that whoever reads a pipe sees it when it happens. SIGPIPE is ignored:
 * a reader that left shows as an error here.
 */
void
tool_output_write_line (ToolOutput *self,
                        FILE       *file,
                        const char *line)
{
  if (file == stdout)
    write_to_stdout (self, line);
  else if (fputs (line, file) != EOF && fputc ('\n', file) != EOF)
    fflush (file);
}
