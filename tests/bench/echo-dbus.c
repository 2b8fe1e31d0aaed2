/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* echo-dbus: the echo host for GDBus, as quick as the other one. It speaks as much of D-Bus over
 * descriptor 3 as that takes: the authentication of a peer, and method calls with one string, which
 * are returned as they came. Both sides have the same byte order. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET 3
#define CHUNK (64 * 1024)
#define FLUSH_AT (64 * 1024)
#define CALL 1
#define RETURN 2
#define NO_REPLY_EXPECTED 1

typedef struct
{
  char *data;
  size_t length;
  size_t room;
} Buffer;

/* The fixed part of a message, and the length of its header fields, which always comes next */
typedef struct
{
  uint8_t byte_order;
  uint8_t type;
  uint8_t flags;
  uint8_t version;
  uint32_t body_length;
  uint32_t serial;
  uint32_t fields_length;
} Header;

/* The fields of a reply: the serial that it is to, and the type of its body, which is a string. */
typedef struct
{
  uint8_t reply_serial_code;
  char reply_serial_type[3];   /* a signature: its length, itself, NUL */
  uint32_t reply_serial;
  uint8_t signature_code;
  char signature_type[3];
  char signature[3];
  char padding;
} Fields;

#define FIELDS_LENGTH (sizeof (Fields) - 1)   /* the padding is none of it */

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

static void
append (Buffer     *buffer,
        const void *data,
        size_t      length)
{
  make_room (buffer, length);
  memcpy (buffer->data + buffer->length, data, length);
  buffer->length += length;
}

static void
flush (Buffer *out)
{
  size_t done = 0;

  while (done < out->length)
    {
      ssize_t n = write (SOCKET, out->data + done, out->length - done);

      if (n == -1 && errno == EINTR)
        continue;
      if (n == -1)
        exit (0);
      done += n;
    }
  out->length = 0;
}

static bool
fill (Buffer *in)
{
  ssize_t n;

  make_room (in, CHUNK);
  do
    n = read (SOCKET, in->data + in->length, CHUNK);
  while (n == -1 && errno == EINTR);
  if (n > 0)
    in->length += n;

  return n > 0;
}

static void
drop (Buffer *in,
      size_t  length)
{
  in->length -= length;
  if (length > 0)
    memmove (in->data, in->data + length, in->length);
}

/* Authentication: whoever is at the other end is our parent. FALSE if there is nobody. */
static bool
authenticate (Buffer *in)
{
  static const char ok[] = "OK 0123456789abcdef0123456789abcdef\r\n";
  static const char rejected[] = "REJECTED EXTERNAL\r\n";
  static const char no[] = "ERROR\r\n";
  bool is_done = false;

  while (!is_done)
    {
      char *end = in->length > 0 ? memmem (in->data, in->length, "\r\n", 2) : NULL;
      const char *line = in->data;
      const char *answer = no;

      if (end == NULL)
        {
          if (!fill (in))
            return false;
          continue;
        }

      *end = '\0';
      if (*line == '\0' && line < end)   /* the byte before all else */
        line++;
      is_done = strcmp (line, "BEGIN") == 0;
      if (strncmp (line, "AUTH EXTERNAL", 13) == 0)
        answer = ok;
      else if (strncmp (line, "AUTH", 4) == 0)
        answer = rejected;
      if (!is_done && write (SOCKET, answer, strlen (answer)) == -1)
        return false;
      drop (in, end + 2 - in->data);
    }

  return true;
}

static void
answer (Buffer       *out,
        const Header *call,
        const char   *body)
{
  static uint32_t last_serial;
  Header header = {
    .byte_order = call->byte_order,
    .type = RETURN,
    .flags = NO_REPLY_EXPECTED,
    .version = 1,
    .body_length = call->body_length,
    .serial = ++last_serial,
    .fields_length = FIELDS_LENGTH,
  };
  Fields fields = {
    .reply_serial_code = 5,
    .reply_serial_type = "\1u",
    .reply_serial = call->serial,
    .signature_code = 8,
    .signature_type = "\1g",
    .signature = "\1s",
  };

  append (out, &header, sizeof header);
  append (out, &fields, sizeof fields);
  append (out, body, call->body_length);
}

/* How much of it has been dealt with */
static size_t
split (Buffer       *out,
       const Buffer *in)
{
  size_t done = 0;

  while (in->length - done >= sizeof (Header))
    {
      const char *message = in->data + done;
      Header header;
      size_t head_length;

      memcpy (&header, message, sizeof header);
      head_length = sizeof header + (header.fields_length + 7) / 8 * 8;
      if (in->length - done < head_length + header.body_length)
        break;

      if (header.type == CALL)
        answer (out, &header, message + head_length);
      done += head_length + header.body_length;
      if (out->length > FLUSH_AT)
        flush (out);
    }

  return done;
}

int
main (void)
{
  Buffer in = { 0 };
  Buffer out = { 0 };

  if (!authenticate (&in))
    return 1;

  do
    {
      drop (&in, split (&out, &in));
      flush (&out);
    }
  while (fill (&in));

  return 0;
}
