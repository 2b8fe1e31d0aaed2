/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libintl.h>

#include "extension-host-locale-private.h"
#include "extension-host-place-private.h"

/* Where the translations of our messages are. */

/* Beside the library first, so that an installed tree may be moved; else where it was installed.
 * Called by each class that an application may begin with; only the first call does something. */
void
extension_host_locale_bind (void)
{
  static gsize bound = 0;

  if (g_once_init_enter (&bound))
    {
      g_autofree char *beside =
        extension_host_place_resolve (EXTENSION_HOST_LOCALEDIR_FROM_LIBDIR);
      gboolean is_there = beside != NULL && g_file_test (beside, G_FILE_TEST_IS_DIR);

      bindtextdomain (GETTEXT_PACKAGE, is_there ? beside : EXTENSION_HOST_LOCALEDIR);
      bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
      g_once_init_leave (&bound, 1);
    }
}
