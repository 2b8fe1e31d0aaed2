/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct setting
{
  bool given;   /* otherwise the program inherits what the application has */
  long long value;
};

enum limit
{
  LIMIT_ADDRESS_SPACE,
  LIMIT_FILES,
  LIMIT_PROCESSES,
  LIMIT_CORE,
  N_LIMITS
};

/* How the program is to be run: the whole command line of the shim. */
struct options
{
  pid_t application;
  bool ipc;
  bool no_new_privs;
  const char *directory;   /* NULL: the application's */
  struct setting umask;
  struct setting nice;
  struct setting oom_score_adj;
  struct setting limits[N_LIMITS];   /* value is the rlim_t, reinterpreted */
  char **argv;
};

/* Complains on standard error when it returns false. */
bool options_parse (struct options *self,
                    char          **argv);
