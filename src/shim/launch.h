/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "options.h"

struct launch
{
  pid_t pid;          /* of the program, or 0; a child that could not become it is reaped already */
  const char *step;   /* that failed, or NULL */
  int error;
};

/* Opens what launching needs and what cannot be opened once the shim is not dumpable. False with
 * errno. */
bool launch_prepare (const struct options *options);

struct launch launch_program (const struct options *options);
