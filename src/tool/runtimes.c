/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtimes.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include <extension-host.h>

/* A host runtime is a program called “extension-host-NAME” that loads extensions and takes no
 * arguments. */

static gboolean
is_name (const char *name)
{
  return name[0] != '\0' && name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-.")] == '\0';
}

/* The folder that goes with the command as it is installed now: a tree may be moved as a whole. */
static char *
dup_folder_beside_command (void)
{
  g_autofree char *command = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = command != NULL ? g_path_get_dirname (command) : NULL;

  if (folder == NULL)
    return NULL;

  return g_canonicalize_filename (EXTENSION_HOST_RUNTIME_FROM_BINDIR, folder);
}

/* The folders that are looked in, one after the other. What the environment names is taken alone,
 * unless we have more rights than who set it. */
static GStrv
list_folders (void)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  const char *from_environment = g_getenv ("EXTENSION_HOST_RUNTIME_DIR");
  g_autofree char *beside = NULL;

  if (from_environment != NULL && from_environment[0] != '\0' && getauxval (AT_SECURE) == 0)
    {
      /* The host may run in another folder. */
      g_autofree char *folder = g_canonicalize_filename (from_environment, NULL);

      g_strv_builder_add (builder, folder);
      return g_strv_builder_end (builder);
    }

  beside = dup_folder_beside_command ();
  if (beside != NULL)
    g_strv_builder_add (builder, beside);
  if (g_strcmp0 (beside, EXTENSION_HOST_RUNTIME_PATH) != 0)
    g_strv_builder_add (builder, EXTENSION_HOST_RUNTIME_PATH);

  return g_strv_builder_end (builder);
}

static gboolean
is_program (const char *path)
{
  return access (path, X_OK) == 0 && !g_file_test (path, G_FILE_TEST_IS_DIR);
}

/* Returns: the full path of the program, or NULL with ERROR set, which says what was tried. */
char *
tool_runtime_find (const char  *name,
                   GError     **error)
{
  g_auto(GStrv) folders = list_folders ();
  g_autofree char *program = g_strconcat ("extension-host-", name, NULL);
  g_autoptr(GString) tried = g_string_new (NULL);

  if (!is_name (name))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("Bad value “%s” for %s: expected %s"), name, "--runtime",
                   _("the name of a runtime, such as node or python"));
      return NULL;
    }

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (folders[i], program, NULL);

      if (is_program (path))
        return g_steal_pointer (&path);
      g_string_append_printf (tried, "%s“%s”", i > 0 ? ", " : "", path);
    }

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
               /* TRANSLATORS: the last one is a list of files */
               _("There is no runtime “%s”; no program is at %s"), name, tried->str);

  return NULL;
}
