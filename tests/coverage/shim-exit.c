/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linked into the shim where coverage is measured, and nowhere else. The shim leaves by _exit (),
 * which writes no counters; and between vfork () and exec its child has the memory of the shim, and
 * with it the counters: what it did there is written by the shim. */

#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

void __gcov_dump (void);
_Noreturn void __real__exit (int status);
_Noreturn void __wrap__exit (int status);
int __wrap___gcov_execve (const char  *path,
                          char *const *argv,
                          char *const *environment);

static pid_t shim;

__attribute__ ((constructor)) static void
remember_shim (void)
{
  shim = getpid ();
}

_Noreturn void
__wrap__exit (int status)
{
  if (getpid () == shim)
    __gcov_dump ();
  __real__exit (status);
}

/* The compiler puts a call of this in the place of execve (). The function of its library writes the
 * counters, and then the shim, which goes on, would not write them any more. */
int
__wrap___gcov_execve (const char  *path,
                      char *const *argv,
                      char *const *environment)
{
  return execve (path, argv, environment);
}
