/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "search.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/usr/bin"

/* Not on the stack: this runs in a child that borrows ours. */
static char candidate[PATH_MAX];

/* FOLDER is LENGTH bytes long; an empty one is the current directory. */
static bool
make_candidate (const char *folder,
                size_t      length,
                const char *name)
{
  size_t name_size = strlen (name) + 1;

  if (length + 1 + name_size > sizeof candidate)
    return false;

  memcpy (candidate, folder, length);
  if (length > 0)
    candidate[length++] = '/';
  memcpy (candidate + length, name, name_size);

  return true;
}

/* Errors that say something about this folder and nothing about the next. */
static bool
may_be_elsewhere (int error)
{
  switch (error)
    {
    case EACCES:
    case ENOENT:
    case ENOTDIR:
    case ESTALE:
    case ENODEV:
    case ETIMEDOUT:
      return true;
    default:
      return false;
    }
}

int
search_and_execute (char **argv)
{
  const char *folder = getenv ("PATH");
  bool was_refused = false;

  if (strchr (argv[0], '/') != NULL)
    return execve (argv[0], argv, environ);
  if (argv[0][0] == '\0')
    {
      errno = ENOENT;
      return -1;
    }

  for (folder = folder != NULL ? folder : DEFAULT_PATH;; folder++)
    {
      size_t length = strcspn (folder, ":");

      if (make_candidate (folder, length, argv[0]))
        {
          execve (candidate, argv, environ);
          if (!may_be_elsewhere (errno))
            return -1;
          was_refused = was_refused || errno == EACCES;
        }
      folder += length;
      if (*folder == '\0')
        break;
    }

  /* One that we may not run is a better explanation than none at all. */
  errno = was_refused ? EACCES : ENOENT;

  return -1;
}
