/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dlfcn.h>
#include <libintl.h>

#include "extension-host-locale-private.h"

/* Where the translations of our messages are. */

static char *
dup_folder_beside_library (void)
{
  g_autofree char *folder = NULL;
  Dl_info info;

  /* In a program that is linked statically it is what that was called, and may mean any folder. */
  if (dladdr (extension_host_locale_bind, &info) == 0 || info.dli_fname == NULL ||
      !g_path_is_absolute (info.dli_fname))
    return NULL;

  folder = g_path_get_dirname (info.dli_fname);

  return g_canonicalize_filename (EXTENSION_HOST_LOCALEDIR_FROM_LIBDIR, folder);
}

/* Beside the library first, so that an installed tree may be moved; else where it was installed.
 * Called by each class that an application may begin with; only the first call does something. */
void
extension_host_locale_bind (void)
{
  static gsize bound = 0;

  if (g_once_init_enter (&bound))
    {
      g_autofree char *beside = dup_folder_beside_library ();
      gboolean is_there = beside != NULL && g_file_test (beside, G_FILE_TEST_IS_DIR);

      bindtextdomain (GETTEXT_PACKAGE, is_there ? beside : EXTENSION_HOST_LOCALEDIR);
      bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
      g_once_init_leave (&bound, 1);
    }
}
