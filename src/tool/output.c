/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "output.h"

#include <stdio.h>

/*
 * A line leaves at once, so that whoever reads a pipe sees it when it happens. SIGPIPE is ignored:
 * a reader that left shows as an error here.
 */
void
tool_output_write_line (ToolOutput *self,
                        const char *line)
{
  if (self->closed)
    return;

  if (fputs (line, stdout) == EOF || fputc ('\n', stdout) == EOF || fflush (stdout) == EOF)
    self->closed = TRUE;
}
