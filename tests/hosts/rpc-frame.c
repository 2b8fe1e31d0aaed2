/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How messages are told apart, in both directions: by the ends of lines, or by a header with the
 * length of what follows. */

#include "rpc-host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns the header block before a body of @length bytes, to be freed. */
char *
make_header (size_t length)
{
  const char *number = strchr (options.header, '#');
  int before = number != NULL ? (int) (number - options.header) : 0;
  char *header = NULL;

  if (number == NULL ||
      asprintf (&header, "%.*s%zu%s\r\n\r\n", before, options.header, length, number + 1) < 0)
    _exit (EXIT_FAILURE);

  return header;
}

/* Takes the whole lines in @text, and returns how much that was. */
static size_t
take_lines (char  *text,
            size_t length)
{
  size_t begin = 0;
  char *newline = NULL;

  while ((newline = memchr (text + begin, '\n', length - begin)) != NULL)
    {
      *newline = '\0';
      take_message (text + begin);
      begin = (size_t) (newline - text) + 1;
    }

  return begin;
}

/* Returns the begin of the body, NULL if the header is not complete. What the library writes is the
 * one line that it needs: whatever else it might be is told, and not understood. */
static char *
read_header (char   *text,
             size_t  length,
             size_t *body)
{
  char *end = memmem (text, length, "\r\n\r\n", 4);
  int used = 0;

  if (end == NULL)
    return NULL;

  *end = '\0';
  if (sscanf (text, "Content-Length: %zu%n", body, &used) != 1 || text + used != end)
    {
      note ("no header:", text);
      _exit (EXIT_FAILURE);
    }
  *end = '\r';

  return end + 4;
}

/* The byte behind @text is ours, too. */
static size_t
take_frames (char  *text,
             size_t length)
{
  size_t begin = 0, size = 0;
  char *body = NULL;

  while ((body = read_header (text + begin, length - begin, &size)) != NULL &&
         size <= (size_t) (text + length - body))
    {
      char next = body[size];

      body[size] = '\0';
      take_message (body);
      body[size] = next;
      begin = (size_t) (body - text) + size;
    }

  return begin;
}

void
read_messages (void)
{
  size_t room = 2 * CHUNK, length = 0;
  char *text = malloc (room + 1);
  ssize_t n = 0;

  while (text != NULL && (n = read (STDIN_FILENO, text + length, room - length)) > 0)
    {
      size_t taken = 0;

      length += (size_t) n;
      taken = options.header != NULL ? take_frames (text, length) : take_lines (text, length);
      flush_out ();
      length -= taken;
      memmove (text, text + taken, length);
      if (length == room)
        text = realloc (text, (room *= 2) + 1);
    }
  free (text);
}
