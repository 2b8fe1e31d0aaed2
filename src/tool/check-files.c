/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "check-files.h"

#include <string.h>

#include <glib/gi18n.h>

#define SUFFIX ".exthost"

static void
tool_file_free (gpointer data)
{
  ToolFile *self = data;

  g_free (self->name);
  g_object_unref (self->file);
  g_clear_object (&self->spec);
  g_clear_error (&self->error);
  g_ptr_array_unref (self->warnings);
  g_free (self);
}

GPtrArray *
tool_files_new (void)
{
  return g_ptr_array_new_with_free_func (tool_file_free);
}

/* Given twice, a file would be its own rival for an id. */
static ToolFile *
find_file (GPtrArray *files,
           GFile     *file)
{
  for (guint i = 0; i < files->len; i++)
    {
      ToolFile *other = g_ptr_array_index (files, i);

      if (g_file_equal (other->file, file))
        return other;
    }

  return NULL;
}

static ToolFile *
add_file (GPtrArray  *files,
          const char *name,
          GFile      *file)
{
  ToolFile *self = find_file (files, file);

  if (self != NULL)
    return self;

  self = g_new0 (ToolFile, 1);
  self->name = g_strdup (name);
  self->file = g_object_ref (file);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (files, self);

  return self;
}

/* What may describe a host: a link that leads nowhere was meant to, a folder was not. */
static gboolean
is_candidate (GFileInfo *info)
{
  const char *name = g_file_info_get_name (info);

  if (name[0] == '.' || !g_str_has_suffix (name, SUFFIX))
    return FALSE;

  switch (g_file_info_get_file_type (info))
    {
    case G_FILE_TYPE_DIRECTORY:
    case G_FILE_TYPE_SPECIAL:
      return FALSE;
    case G_FILE_TYPE_UNKNOWN:
    case G_FILE_TYPE_REGULAR:
    case G_FILE_TYPE_SYMBOLIC_LINK:
    case G_FILE_TYPE_SHORTCUT:
    case G_FILE_TYPE_MOUNTABLE:
    default:
      return TRUE;
    }
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* In the order of their names. */
static GPtrArray *
list_names (GFile   *folder,
            GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GFileEnumerator) children =
    g_file_enumerate_children (folder,
                               G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                               G_FILE_QUERY_INFO_NONE, NULL, error);

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

/* A folder that gives nothing to check stands in the list itself, with the reason. */
static void
add_folder (GPtrArray  *files,
            const char *name,
            GFile      *folder)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) names = list_names (folder, &error);

  if (names != NULL && names->len == 0)
    g_set_error (&error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
                 _("There is no *.exthost file in “%s”"), name);
  if (error != NULL)
    {
      ToolFile *self = add_file (files, name, folder);

      g_clear_error (&self->error);
      self->error = g_steal_pointer (&error);
      return;
    }

  g_assert (names != NULL);
  for (guint i = 0; i < names->len; i++)
    {
      const char *child_name = g_ptr_array_index (names, i);
      g_autofree char *path = g_build_filename (name, child_name, NULL);
      g_autoptr(GFile) child = g_file_get_child (folder, child_name);

      (void) add_file (files, path, child);
    }
}

/* A file, or all of a folder. Whether it was a folder is returned. */
gboolean
tool_files_add (GPtrArray  *files,
                const char *argument)
{
  g_autoptr(GFile) file = g_file_new_for_commandline_arg (argument);

  if (g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, NULL) != G_FILE_TYPE_DIRECTORY)
    {
      (void) add_file (files, argument, file);
      return FALSE;
    }

  add_folder (files, argument, file);

  return TRUE;
}

void
tool_files_load (GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    {
      ToolFile *self = g_ptr_array_index (files, i);

      if (self->error == NULL)
        self->spec = extension_host_spec_new_from_file (self->file, &self->error);
    }
}

/* What shows only across files */

/* 0 if it has no such key. In a file that could be loaded a key is given once, on one line. */
static guint
find_line (const ToolFile *self,
           const char     *key)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_load_contents (self->file, NULL, &text, NULL, NULL, NULL))
    return 0;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *start = g_strchug (lines[i]);

      if (g_str_has_prefix (start, key) && g_strchug (lines[i] + strlen (key))[0] == '=')
        return i + 1;
    }

  return 0;
}

/* As the library says what is wrong within one file. */
static char *
dup_blame (const ToolFile *self,
           const char     *key,
           const char     *cause)
{
  g_autofree char *name = g_file_get_parse_name (self->file);
  guint line = find_line (self, key);

  if (line == 0)
    return g_strdup_printf ("%s: %s", name, cause);

  return g_strdup_printf (_("%s:%u: key “%s”: %s"), name, line, key, cause);
}

static void
fail (ToolFile           *self,
      ExtensionHostError  code,
      const char         *key,
      const char         *cause)
{
  g_autofree char *blame = dup_blame (self, key, cause);

  if (self->error == NULL)
    self->error = g_error_new_literal (EXTENSION_HOST_ERROR, code, blame);
}

static GHashTable *
collect_ids (GPtrArray *files)
{
  g_autoptr(GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < files->len; i++)
    {
      ToolFile *self = g_ptr_array_index (files, i);
      const char *id = self->spec != NULL ? extension_host_spec_get_id (self->spec) : NULL;
      ToolFile *first = id != NULL ? g_hash_table_lookup (ids, id) : NULL;

      if (first != NULL)
        {
          g_autofree char *cause = g_strdup_printf (_("“%s” is the id of %s, too"), id,
                                                    first->name);

          fail (self, EXTENSION_HOST_ERROR_EXISTS, "Id", cause);
        }
      else if (id != NULL)
        {
          g_hash_table_insert (ids, (gpointer) id, self);
        }
    }

  return g_steal_pointer (&ids);
}

static GStrv
dup_after (const ToolFile *self)
{
  GStrv after = NULL;

  g_object_get (self->spec, "after", &after, NULL);

  return after;
}

/* Of a file that is wrong by itself the id is not known. */
static gboolean
has_all_ids (GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    {
      const ToolFile *self = g_ptr_array_index (files, i);

      if (self->spec == NULL)
        return FALSE;
    }

  return TRUE;
}

static void
warn_of_unknown (ToolFile   *self,
                 GHashTable *ids)
{
  g_auto(GStrv) after = dup_after (self);

  for (guint i = 0; after != NULL && after[i] != NULL; i++)
    {
      g_autofree char *cause = NULL;

      if (g_hash_table_contains (ids, after[i]))
        continue;

      cause = g_strdup_printf (_("none of these files has the id “%s”"), after[i]);
      g_ptr_array_add (self->warnings, dup_blame (self, "After", cause));
    }
}

/* PATH leads from one file to the next by “After”; SELF, which is on it, follows once more. */
static void
blame_circle (ToolFile  *self,
              GPtrArray *path)
{
  g_autoptr(GString) circle = g_string_new (NULL);
  g_autofree char *cause = NULL;
  guint first = 0;

  (void) g_ptr_array_find (path, self, &first);
  for (guint i = first; i < path->len; i++)
    {
      const ToolFile *member = g_ptr_array_index (path, i);

      g_string_append_printf (circle, "“%s” → ", extension_host_spec_get_id (member->spec));
    }
  g_string_append_printf (circle, "“%s”", extension_host_spec_get_id (self->spec));

  /* TRANSLATORS: ids with arrows between them follow, the first of them twice */
  cause = g_strdup_printf (_("each waits for the next, and none can be the first: %s"),
                           circle->str);
  fail (self, EXTENSION_HOST_ERROR_DEPENDENCY, "After", cause);
}

enum { NEW, ON_PATH, DONE };

static void
follow (ToolFile   *self,
        GHashTable *ids,
        GPtrArray  *path)
{
  g_auto(GStrv) after = NULL;

  if (self->mark == ON_PATH)
    blame_circle (self, path);
  if (self->mark != NEW)
    return;

  self->mark = ON_PATH;
  g_ptr_array_add (path, self);
  after = dup_after (self);
  for (guint i = 0; after != NULL && after[i] != NULL; i++)
    {
      ToolFile *next = g_hash_table_lookup (ids, after[i]);

      if (next != NULL)
        follow (next, ids, path);
    }
  g_ptr_array_set_size (path, path->len - 1);
  self->mark = DONE;
}

/* An id belongs to one host of a manager, and a circle is never started: those are errors. A host
 * that is missing may be one that the application adds itself: that is a warning. */
void
tool_files_compare (GPtrArray *files)
{
  g_autoptr(GHashTable) ids = collect_ids (files);
  g_autoptr(GPtrArray) path = g_ptr_array_new ();
  gboolean complete = has_all_ids (files);

  for (guint i = 0; i < files->len; i++)
    {
      ToolFile *self = g_ptr_array_index (files, i);

      if (self->spec == NULL)
        continue;

      if (complete)
        warn_of_unknown (self, ids);
      follow (self, ids, path);
    }
}
