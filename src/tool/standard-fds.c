/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "standard-fds.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Started with `>&-` the next descriptor opened would be taken for stdout. */
void
tool_open_standard_fds (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    {
      if (fcntl (fd, F_GETFD) >= 0)
        continue;

      if (open ("/dev/null", O_RDWR) != fd)
        abort ();
    }
}
