/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-host: a host for the benchmarks of supervision. It ends at the end of its input.
 *
 *   --stamps=FILE   tells in FILE when it began and, at SIGUSR1, when it ended (see bench-stamps.h)
 *   --flood         writes notifications, as fast as they are read
 *   --stderr=MIB    writes so much to stderr
 *   --reply=MIB     answers each request with so much */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench-stamps.h"

#define MIB (1024 * 1024)

static BenchStamps *stamps;

/* Stamps */

static void
on_usr1 (int number)
{
  (void) number;
  stamps->ended_ns = bench_stamps_now ();
  _exit (EXIT_SUCCESS);
}

static void
stamp (const char *file)
{
  int64_t now = bench_stamps_now ();
  int fd = open (file, O_RDWR | O_CLOEXEC);

  stamps = mmap (NULL, sizeof *stamps, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (stamps == MAP_FAILED)
    exit (EXIT_FAILURE);
  close (fd);
  signal (SIGUSR1, on_usr1);
  stamps->pid = getpid ();
  stamps->began_ns = now;
}

/* Output */

static void
write_all (int         fd,
           const char *data,
           size_t      length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, data, length);

      if (n < 0 && errno != EINTR)
        exit (EXIT_FAILURE);
      if (n > 0)
        {
          data += n;
          length -= (size_t) n;
        }
    }
}

static void
pour (int         fd,
      const char *line,
      size_t      bytes)
{
  char block[64 * 1024];
  size_t length = strlen (line);
  size_t fill = 0;

  for (; fill + length <= sizeof block; fill += length)
    memcpy (block + fill, line, length);
  for (size_t n = 0; n < bytes; n += fill)
    write_all (fd, block, fill);
}

/* A list of records as a tool would have it: of 16 MiB, fewer values than are refused as a tree. */
static char *
make_result (size_t bytes)
{
  static const char record[] =
    "{\"id\":12345,\"name\":\"org.example.Something\",\"enabled\":true,\"text\":\"It was a dark and stormy "
    "night; the rain fell in torrents, except at occasional intervals, when it was checked by a violent "
    "gust of wind which swept up the streets, rattling along the housetops, and fiercely agitating the "
    "scanty flame of the lamps that struggled against the darkness.\"}";
  size_t length = strlen (record);
  char *result = malloc (bytes + length + 3);
  size_t fill = 0;

  if (result == NULL)
    exit (EXIT_FAILURE);
  for (result[fill++] = '['; fill + length + 2 < bytes; result[fill++] = ',')
    {
      memcpy (result + fill, record, length);
      fill += length;
    }
  result[fill - 1] = ']';
  result[fill] = '\0';

  return result;
}

/* Answers whatever has an id; what is asked fits one line of this size. */
static void
serve (const char *result)
{
  char line[4096];

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      const char *id = strstr (line, "\"id\":");
      char head[64];

      if (id == NULL)
        continue;
      snprintf (head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":", atol (id + 5));
      write_all (STDOUT_FILENO, head, strlen (head));
      write_all (STDOUT_FILENO, result, strlen (result));
      write_all (STDOUT_FILENO, "}\n", 2);
    }
}

int
main (int    argc,
      char **argv)
{
  const char *result = "null";

  for (int i = 1; i < argc; i++)
    {
      const char *value = strchr (argv[i], '=');

      value = value != NULL ? value + 1 : "";
      if (strncmp (argv[i], "--stamps=", 9) == 0)
        stamp (value);
      else if (strcmp (argv[i], "--flood") == 0)
        pour (STDOUT_FILENO, "{\"jsonrpc\":\"2.0\",\"method\":\"tick\",\"params\":{\"n\":1}}\n", SIZE_MAX);
      else if (strncmp (argv[i], "--stderr=", 9) == 0)
        pour (STDERR_FILENO, "a line of complaint that nobody will read\n", strtoul (value, NULL, 10) * MIB);
      else if (strncmp (argv[i], "--reply=", 8) == 0)
        result = make_result (strtoul (value, NULL, 10) * MIB - 64);
      else
        return 2;
    }
  serve (result);

  return EXIT_SUCCESS;
}
