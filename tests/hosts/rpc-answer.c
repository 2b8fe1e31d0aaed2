/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rpc-host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shared with the test: how many answers were about to be written, and had been. */
typedef struct
{
  volatile unsigned long begun;
  volatile unsigned long done;
} Count;

static Count own_count;
static Count *count = &own_count;
static unsigned long n_unwritten;   /* answers that wait in `out` */
static unsigned long n_answered;

/* Writing */

static char *out;
static size_t out_length, out_room;
static size_t message_begin;        /* in `out` */

void
write_all (int         fd,
           const char *data,
           size_t      length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, data, length);

      if (n < 0 && errno != EINTR)
        _exit (EXIT_FAILURE);
      if (n > 0)
        {
          data += n;
          length -= (size_t) n;
        }
    }
}

/* Each byte is read before the next is written. */
static void
drip (void)
{
  for (size_t i = 0; i < out_length; i++)
    {
      int unread = 0;

      write_all (STDOUT_FILENO, out + i, 1);
      while (ioctl (STDOUT_FILENO, FIONREAD, &unread) == 0 && unread > 0)
        usleep (10);
    }
}

void
flush_out (void)
{
  count->begun += n_unwritten;
  if (options.drip)
    drip ();
  else
    write_all (STDOUT_FILENO, out, out_length);
  count->done += n_unwritten;
  out_length = 0;
  message_begin = 0;
  n_unwritten = 0;
}

void
put (const char *data,
     size_t      length)
{
  if (out_length + length > out_room)
    {
      out_room = 2 * (out_length + length);
      out = realloc (out, out_room);
      if (out == NULL)
        _exit (EXIT_FAILURE);
    }
  memcpy (out + out_length, data, length);
  out_length += length;
}

void
put_text (const char *text)
{
  put (text, strlen (text));
}

void
put_format (const char *format,
            ...)
{
  char text[256];
  va_list values;

  va_start (values, format);
  vsnprintf (text, sizeof text, format, values);
  va_end (values);
  put_text (text);
}

void
put_repeated (const char   *text,
              unsigned long times)
{
  for (; times > 0; times--)
    put_text (text);
}

/* What was put since the last one is a message. */
void
end_message (void)
{
  if (options.header == NULL)
    {
      put_text ("\n");
    }
  else
    {
      size_t body = out_length - message_begin;
      char *header = make_header (body);
      size_t length = strlen (header);

      put (header, length);   /* for its room */
      memmove (out + message_begin + length, out + message_begin, body);
      memcpy (out + message_begin, header, length);
      free (header);
    }
  message_begin = out_length;
}

void
note (const char *what,
      const char *text)
{
  dprintf (STDERR_FILENO, "%s%s%s\n", what, *text != '\0' ? " " : "", text);
}

void
sleep_ms (unsigned long ms)
{
  usleep ((useconds_t) ms * 1000);
}

void
die (void)
{
  flush_out ();
  kill (getpid (), SIGKILL);
  pause ();
}

void
share_count (const char *file)
{
  int fd = open (file, O_RDWR | O_CLOEXEC);

  count = mmap (NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (count == MAP_FAILED)
    _exit (EXIT_FAILURE);
  close (fd);
}

/* Answers */

unsigned long
get_answered (void)
{
  return n_answered;
}

static void
put_big (void)
{
  bool is_text = strcmp (options.big_kind, "text") == 0;

  if (is_text)
    {
      put_text ("\"");
      put_repeated ("x", options.big_bytes);
      put_text ("\"");
      return;
    }

  put_text ("[{}");
  put_repeated (",{}", options.big_bytes / 3);
  put_text ("]");
}

static void
put_id (const char *id)
{
  unsigned long number = strtoul (id, NULL, 10);

  if (options.ids_of_others)
    put_format ("\"id\":%lu,", number + 1000000);
  else if (options.string_ids)
    put_format ("\"id\":\"%lu\",", number);
  else
    put_format ("\"id\":%s,", id);
}

static void
put_end (void)
{
  if (options.crlf)
    put_text ("\r");
  end_message ();
  n_unwritten++;
  n_answered++;
}

/* @member is “"result":…” or “"error":…”. */
void
put_answer (const char *id,
            const char *member)
{
  if (options.bom)
    put_text ("\xef\xbb\xbf");
  put_text (options.batch ? "[" HEAD : HEAD);
  if (!options.id_last)
    put_id (id);

  if (options.huge_reply > 0)
    {
      put_text ("\"result\":\"");
      put_repeated ("x", options.huge_reply);
      put_text ("\"");
    }
  else if (options.deep > 0)
    {
      put_text ("\"result\":");
      put_repeated ("[", options.deep);
      put_repeated ("]", options.deep);
    }
  else if (options.big_bytes > 0)
    {
      put_text ("\"result\":");
      put_big ();
    }
  else
    {
      put_text (member);
    }

  if (options.id_last)
    put_format (",\"id\":%s", id);
  put_text (options.batch ? "}]" : "}");
  if (options.two_documents)
    put_text ("{\"more\":1}");
  put_end ();
}

void
answer (const char *id,
        char       *result)
{
  char *member = NULL;

  if (asprintf (&member, "\"result\":%s", result) < 0)
    _exit (EXIT_FAILURE);
  put_answer (id, member);
  free (member);
}

void
ask (const char *id,
     const char *method,
     const char *params)
{
  put_format (HEAD "\"id\":%s,\"method\":\"%s\",\"params\":", id, method);
  put_text (params);
  put_text ("}");
  end_message ();
}
