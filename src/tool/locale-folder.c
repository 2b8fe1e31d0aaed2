/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "locale-folder.h"

/* The translations that go with the command as it is installed now: a tree may be moved as a whole.
 * Else those where it was installed. */
char *
tool_dup_locale_folder (void)
{
  g_autofree char *command = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = command != NULL ? g_path_get_dirname (command) : NULL;
  g_autofree char *beside = NULL;

  if (folder != NULL)
    beside = g_canonicalize_filename (EXTENSION_HOST_LOCALEDIR_FROM_BINDIR, folder);
  if (beside != NULL && g_file_test (beside, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&beside);

  return g_strdup (EXTENSION_HOST_LOCALEDIR);
}
