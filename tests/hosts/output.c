/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
write_all (int         fd,
           const char *data,
           size_t      length)
{
  while (length > 0)
    {
      ssize_t written = write (fd, data, length);

      if (written < 0 && errno != EINTR)
        exit (EXIT_FAILURE);
      if (written > 0)
        {
          data += written;
          length -= (size_t) written;
        }
    }
}

void
output_text (int         fd,
             const char *text)
{
  write_all (fd, text, strlen (text));
}

void
output_line (int         fd,
             const char *text)
{
  output_text (fd, text);
  output_text (fd, "\n");
}

void
output_flood (int           fd,
              unsigned long count)
{
  char line[64];

  for (unsigned long number = 1; count == 0 || number <= count; number++)
    {
      int length = snprintf (line, sizeof line, "flood %lu\n", number);

      write_all (fd, line, (size_t) length);
    }
}

void
output_long_line (int    fd,
                  size_t length)
{
  char block[4096];

  memset (block, 'x', sizeof block);
  while (length > 0)
    {
      size_t part = length < sizeof block ? length : sizeof block;

      write_all (fd, block, part);
      length -= part;
    }
  output_text (fd, "\n");
}

void
output_nul_bytes (int fd)
{
  static const char line[] = "before\0between\0after\n";

  write_all (fd, line, sizeof line - 1);
}
