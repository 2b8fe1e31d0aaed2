/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-spec-file-private.h"

#define SUFFIX ".exthost"
#define ATTRIBUTES G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE

/* Links are followed, so one that is still seen as such leads nowhere: it was meant to be a host,
 * and whoever made it is told. A folder or a FIFO was not. Copies that editors leave behind do not
 * end like that, or are hidden. */
static gboolean
is_candidate (GFileInfo *info)
{
  const char *name = g_file_info_get_name (info);
  GFileType type = g_file_info_get_file_type (info);

  return name[0] != '.' && g_str_has_suffix (name, SUFFIX) &&
         (type == G_FILE_TYPE_REGULAR || type == G_FILE_TYPE_SYMBOLIC_LINK);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* The same on every machine: a file system has its own order, and a locale another one. */
static GPtrArray *
list_names (GFile   *directory,
            GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GFileEnumerator) children =
    g_file_enumerate_children (directory, ATTRIBUTES, G_FILE_QUERY_INFO_NONE, NULL, error);

  if (children == NULL)
    return NULL;

  for (;;)
    {
      GFileInfo *info = NULL;

      if (!g_file_enumerator_iterate (children, &info, NULL, NULL, error))
        return NULL;
      if (info == NULL)
        break;
      if (is_candidate (info))
        g_ptr_array_add (names, g_strdup (g_file_info_get_name (info)));
    }

  g_ptr_array_sort (names, compare_names);

  return g_steal_pointer (&names);
}

/* Programs are started from there and paths are relative to it. */
static gboolean
check_local (GFile   *directory,
             GError **error)
{
  g_autofree char *path = g_file_get_path (directory);
  g_autofree char *name = NULL;

  if (path != NULL)
    return TRUE;

  name = g_file_get_parse_name (directory);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _("“%s” is not a local folder"), name);

  return FALSE;
}

/*
 * The specs of all regular *.exthost files of a folder, in the order (strcmp ()) of their names.
 * Hidden files are left out. Those that are wrong are left out, too, and the error of the first of
 * them goes to @file_error, which may be NULL. NULL is returned, with @error set, only if the folder
 * itself cannot be read. Two files may have the same id: who adds them to a manager is told then.
 */
GPtrArray *
extension_host_spec_read_directory (GFile   *directory,
                                    GError **file_error,
                                    GError **error)
{
  g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) names = NULL;
  g_autoptr(GError) first = NULL;

  if (!check_local (directory, error))
    return NULL;

  names = list_names (directory, error);
  if (names == NULL)
    return NULL;

  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr(GFile) file = g_file_get_child (directory, g_ptr_array_index (names, i));
      ExtensionHostSpec *spec = extension_host_spec_file_load (file,
                                                               first == NULL ? &first : NULL);

      if (spec != NULL)
        g_ptr_array_add (specs, spec);
    }

  if (first != NULL)
    g_propagate_error (file_error, g_steal_pointer (&first));

  return g_steal_pointer (&specs);
}
