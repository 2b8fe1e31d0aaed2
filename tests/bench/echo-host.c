/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* echo-host: answers JSON-RPC requests with their params, as fast as can be, so that what a benchmark
 * measures is its client. What comes in one read is answered in one write. It knows its clients: the
 * params are one object without another in it, and no text holds a brace.
 *
 *   echo-host [--framing=lines|content-length] [--silent]
 *
 * With $NODE_CHANNEL_FD it speaks over that descriptor, as Node does with its children. --silent reads
 * and never answers. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (64 * 1024)      /* what a pipe holds */
#define FLUSH_AT (64 * 1024)   /* answers that are kept back at most, while there is more to read */
#define LITERAL(text) text, sizeof (text) - 1

/* The order in which most write a request; of others the parts are looked for. */
#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define MIDDLE ",\"method\":\"echo\",\"params\":"
#define RESULT ",\"result\":"

typedef struct
{
  char *data;
  size_t length;
  size_t room;
} Buffer;

typedef struct
{
  const char *text;
  size_t length;
} Span;

static int input = STDIN_FILENO;
static int output = STDOUT_FILENO;
static bool has_headers;
static bool is_silent;

static void
make_room (Buffer *buffer,
           size_t  length)
{
  if (buffer->length + length <= buffer->room)
    return;

  while (buffer->length + length > buffer->room)
    buffer->room = buffer->room > 0 ? 2 * buffer->room : 4 * CHUNK;
  buffer->data = realloc (buffer->data, buffer->room);
  if (buffer->data == NULL)
    abort ();
}

/* There is room for it. */
static inline void
append (Buffer     *buffer,
        const char *text,
        size_t      length)
{
  memcpy (buffer->data + buffer->length, text, length);
  buffer->length += length;
}

static void
flush (Buffer *out)
{
  size_t done = 0;

  while (done < out->length)
    {
      ssize_t n = write (output, out->data + done, out->length - done);

      if (n == -1 && errno == EINTR)
        continue;
      if (n == -1)
        exit (0);   /* nobody listens any more */
      done += n;
    }
  out->length = 0;
}

/* Answers */

static void
answer (Buffer *out,
        Span    id,
        Span    result)
{
  size_t length = strlen (HEAD RESULT "}") + id.length + result.length;

  make_room (out, length + 64);
  if (has_headers)
    out->length += sprintf (out->data + out->length, "Content-Length: %zu\r\n\r\n", length);
  append (out, LITERAL (HEAD));
  append (out, id.text, id.length);
  append (out, LITERAL (RESULT));
  append (out, result.text, result.length);
  append (out, LITERAL ("}"));
  if (!has_headers)
    append (out, LITERAL ("\n"));
}

static Span
find_after (const char *text,
            const char *end,
            const char *name,
            size_t      name_length)
{
  const char *found = memmem (text, end - text, name, name_length);

  return found != NULL ? (Span) { found + name_length, end - found - name_length } : (Span) { 0 };
}

/* The id stands before or behind the params, which may be long: these are not looked through. */
static Span
find_id (const char *line,
         const char *end,
         Span        params)
{
  Span id = { 0 };

  if (params.text != NULL)
    {
      id = find_after (line, params.text, LITERAL ("\"id\":"));
      line = params.text + params.length;
    }
  if (id.text == NULL)
    id = find_after (line, end, LITERAL ("\"id\":"));

  if (id.text != NULL && *id.text == '"')
    id.length = (const char *) memchr (id.text + 1, '"', id.length - 1) + 1 - id.text;
  else if (id.text != NULL)
    id.length = strcspn (id.text, ",} ");

  return id;
}

static Span
find_params (const char *line,
             const char *end)
{
  Span params = find_after (line, end, LITERAL ("\"params\":"));

  if (params.text == NULL || *params.text != '{')
    return (Span) { 0 };
  params.length = (const char *) memchr (params.text, '}', params.length) + 1 - params.text;

  return params;
}

/* What is asked beside the echo, by the one or the other client. */
static void
answer_other (Buffer     *out,
              const char *line,
              const char *end)
{
  static const char initialized[] =
    "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"
    "\"serverInfo\":{\"name\":\"echo-host\",\"version\":\"1\"}}";
  bool is_initialize = memmem (line, end - line, LITERAL ("\"initialize\"")) != NULL;
  bool is_shutdown = memmem (line, end - line, LITERAL ("\"shutdown\"")) != NULL;
  Span id = find_id (line, end, (Span) { 0 });

  if (id.text == NULL)   /* a notification */
    return;

  if (is_initialize)
    answer (out, id, (Span) { LITERAL (initialized) });
  else if (is_shutdown)
    answer (out, id, (Span) { LITERAL ("true") });
  else
    answer (out, id, (Span) { LITERAL ("{}") });
}

/* Whether it has the order that is known. */
static inline bool
answer_quickly (Buffer     *out,
                const char *line,
                const char *end)
{
  const char *id = line + strlen (HEAD);
  const char *p = id;

  if (end - line < (ssize_t) strlen (HEAD MIDDLE) + 16 || memcmp (line, LITERAL (HEAD)) != 0)
    return false;

  while (*p >= '0' && *p <= '9' && p - id < 16)
    p++;
  if (memcmp (p, LITERAL (MIDDLE)) != 0)
    return false;

  p += strlen (MIDDLE);
  answer (out, (Span) { id, p - strlen (MIDDLE) - id }, (Span) { p, end - 1 - p });

  return true;
}

static void
take_message (Buffer     *out,
              const char *line,
              const char *end)
{
  Span params = { 0 };

  if (is_silent || answer_quickly (out, line, end))
    return;

  if (memmem (line, end - line, LITERAL ("\"echo\"")) != NULL)
    params = find_params (line, end);
  if (params.text != NULL)
    answer (out, find_id (line, end, params), params);
  else
    answer_other (out, line, end);
}

/* Framing: how much of @text has been dealt with */

static size_t
split_lines (Buffer     *out,
             const char *text,
             size_t      length,
             size_t      scanned)
{
  const char *end = text + length;
  const char *line = text;
  const char *newline = memchr (text + scanned, '\n', length - scanned);

  for (; newline != NULL; newline = memchr (line, '\n', end - line))
    {
      take_message (out, line, newline);
      line = newline + 1;
      if (out->length > FLUSH_AT)
        flush (out);
    }

  return line - text;
}

static size_t
split_headers (Buffer     *out,
               const char *text,
               size_t      length)
{
  const char *end = text + length;
  const char *p = text;

  while (p < end)
    {
      const char *body = memmem (p, end - p, LITERAL ("\r\n\r\n"));
      const char *value = NULL;
      size_t size = 0;

      if (body == NULL)
        break;
      value = memmem (p, body - p, LITERAL ("Content-Length:"));
      if (value == NULL)
        abort ();
      size = strtoul (value + strlen ("Content-Length:"), NULL, 10);
      body += 4;
      if ((size_t) (end - body) < size)
        break;

      take_message (out, body, body + size);
      p = body + size;
      if (out->length > FLUSH_AT)
        flush (out);
    }

  return p - text;
}

static void
serve (void)
{
  Buffer in = { 0 };
  Buffer out = { 0 };

  for (;;)
    {
      size_t done = 0;
      size_t scanned = in.length;
      ssize_t n;

      make_room (&in, CHUNK);
      n = read (input, in.data + in.length, CHUNK);
      if (n == -1 && errno == EINTR)
        continue;
      if (n <= 0)
        return;

      in.length += n;
      done = has_headers ? split_headers (&out, in.data, in.length)
                         : split_lines (&out, in.data, in.length, scanned);
      flush (&out);
      in.length -= done;
      if (done > 0)
        memmove (in.data, in.data + done, in.length);
    }
}

int
main (int    argc,
      char **argv)
{
  const char *channel = getenv ("NODE_CHANNEL_FD");

  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--framing=content-length") == 0)
      has_headers = true;
    else if (strcmp (argv[i], "--silent") == 0)
      is_silent = true;

  if (channel != NULL)
    input = output = atoi (channel);
  serve ();

  return 0;
}
