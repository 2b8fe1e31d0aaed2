/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dlfcn.h>
#include <sys/auxv.h>

#include "extension-host-place-private.h"

/* The working directory in which the library was loaded, if it was found by a relative name; else NULL */
static char *loaded_in;

/* A relative folder in LD_LIBRARY_PATH makes the name of the library relative. Later the working directory
 * may be another one, with a library folder of somebody else. */
__attribute__ ((constructor)) static void
remember_where (void)
{
  Dl_info library;

  if (dladdr (extension_host_place_resolve, &library) != 0 && library.dli_fname != NULL &&
      !g_path_is_absolute (library.dli_fname))
    loaded_in = g_get_current_dir ();
}

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

  folder = g_path_get_dirname (library.dli_fname);

  return g_canonicalize_filename (folder, loaded_in);
}

/* @from_libdir, which is relative to the folder of the library, as an absolute path. NULL if that folder
 * is not known. */
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
