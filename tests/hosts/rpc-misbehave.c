/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rpc-host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
pour (int           fd,
      const char   *line,
      unsigned long bytes)
{
  char block[CHUNK];
  size_t length = strlen (line);
  size_t fill = 0;

  for (; fill + length <= sizeof block; fill += length)
    memcpy (block + fill, line, length);
  for (unsigned long n = 0; n < bytes; n += fill)
    write_all (fd, block, fill);
}

void
misbehave (void)
{
  if (options.first != NULL)   /* lines of it */
    {
      put_text (options.first);
      put_text ("\n");
      flush_out ();
    }
  if (options.extend > 0)
    keep_asking_for_time ();
  sleep_ms (options.ready_after);
  if (options.ready_after > 0)
    {
      put_text (HEAD "\"method\":\"host/ready\"}");
      end_message ();
    }
  if (options.notify != NULL)
    {
      put_format (HEAD "\"method\":\"%s\",\"params\":{\"n\":1}}", options.notify);
      end_message ();
    }
  for (unsigned long i = 0; i < options.requests; i++)
    {
      char id[32];

      snprintf (id, sizeof id, "%lu", i);
      ask (id, "work", "[1]");
    }
  if (options.deep_line > 0)
    {
      put_repeated ("[", options.deep_line);
      put_text ("\n");
    }
  for (unsigned long i = 0; i < options.batches; i++)
    put_text ("[" HEAD "\"id\":1,\"result\":1}]\n");
  for (unsigned long i = 0; i < options.wrong_ids; i++)
    put_format (HEAD "\"id\":%lu,\"result\":1}\n", 1000000 + i);
  flush_out ();

  if (options.garbage)
    {
      srand (1);
      for (unsigned long i = 0; i < 4 * 1024 * 1024; i++)
        {
          char c = (char) (rand () >> 8);

          put (&c, 1);
        }
      put_text ("\n");
    }
  if (options.nul_bytes)
    for (unsigned i = 0; i < 100; i++)
      {
        put ("before\0after\n", 13);
        put ("{\"jsonrpc\":\"2.0\0\"}\n", 19);
        put ("\0\n", 2);
      }
  if (options.half_line_then_die)
    {
      put_text (HEAD "\"id\":1,\"resu");
      die ();
    }
  flush_out ();

  if (options.notifications > 0)
    pour (STDOUT_FILENO, HEAD "\"method\":\"tick\",\"params\":{\"n\":1}}\n",
          options.notifications * strlen (HEAD "\"method\":\"tick\",\"params\":{\"n\":1}}\n"));
  if (options.stdout_bytes > 0)
    pour (STDOUT_FILENO, "a line of output that is no message at all\n", options.stdout_bytes);
  if (options.stderr_bytes > 0)
    pour (STDERR_FILENO, "a line of complaint that nobody will read\n", options.stderr_bytes);
  if (options.huge_line > 0)
    pour (STDOUT_FILENO, "x", options.huge_line);
  if (options.close_stdout)
    close (STDOUT_FILENO);
}
