/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dlfcn.h>
#include <sys/auxv.h>

#include "extension-host-place-private.h"

/* The folder of the library; NULL where it is part of the program, which may be anywhere and be called
 * anything, and in a program with more rights than who called it. */
static char *
find_libdir (void)
{
  g_autofree char *folder = NULL;
  Dl_info library, program;

  if (getauxval (AT_SECURE) != 0 ||
      dladdr (extension_host_place_resolve, &library) == 0 || library.dli_fname == NULL)
    return NULL;
  if (dladdr ((gpointer) getauxval (AT_PHDR), &program) != 0 &&
      program.dli_fbase == library.dli_fbase)
    return NULL;

  /* A relative folder in LD_LIBRARY_PATH makes the name of the library relative. */
  folder = g_path_get_dirname (library.dli_fname);

  return g_canonicalize_filename (folder, NULL);
}

/* @from_libdir, which is relative to the folder of the library, as an absolute path. NULL if that folder
 * is not known. It is found out at the first call: later the working directory may be another one. */
char *
extension_host_place_resolve (const char *from_libdir)
{
  static char *libdir = NULL;
  static gsize found = 0;

  if (g_once_init_enter (&found))
    {
      libdir = find_libdir ();
      g_once_init_leave (&found, 1);
    }

  return libdir != NULL ? g_canonicalize_filename (from_libdir, libdir) : NULL;
}
