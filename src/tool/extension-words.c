/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-words.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>

/* The EXTENSION… of a command line: PATH or ID=PATH. */

static void
word_free (ToolExtensionWord *self)
{
  g_free (self->id);
  g_free (self->path);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolExtensionWord, word_free)

static gboolean
refuse (const char  *word,
        const char  *why,
        GError     **error)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               /* TRANSLATORS: the last one says why */
               _("“%s” is no extension: %s"), word, why);

  return FALSE;
}

/* What it is called in “ID=PATH”: a path with an “=” in its name is written “./a=b”. */
static char *
dup_given_id (const char *word)
{
  gsize length = strcspn (word, "=/");

  return word[length] == '=' ? g_strndup (word, length) : NULL;
}

/* Files go by their name without suffix, folders by their name. */
static char *
dup_base_name (const char *path)
{
  char *name = g_path_get_basename (path);
  char *suffix = strrchr (name, '.');

  if (suffix != NULL && suffix != name && !g_file_test (path, G_FILE_TEST_IS_DIR))
    *suffix = '\0';

  return name;
}

static gboolean
check_word (const char  *word,
            GError     **error)
{
  if (word[0] == '-')
    return refuse (word, _("options go before the first one"), error);
  if (!g_utf8_validate (word, -1, NULL))
    return refuse (word, _("its name has to be valid UTF-8"), error);
  if (g_str_has_suffix (word, ".exthost"))
    return refuse (word, _("a spec file names a program of its own, and is run without --runtime"),
                   error);

  return TRUE;
}

/* The id is NULL unless it was given. */
static ToolExtensionWord *
parse_word (const char  *word,
            GError     **error)
{
  g_autoptr(ToolExtensionWord) self = g_new0 (ToolExtensionWord, 1);
  const char *path = word;

  if (!check_word (word, error))
    return NULL;

  self->id = dup_given_id (word);
  if (self->id != NULL)
    path = word + strlen (self->id) + 1;
  if (path[0] == '\0' || (self->id != NULL && self->id[0] == '\0'))
    {
      refuse (word, _("expected PATH or ID=PATH"), error);
      return NULL;
    }

  self->path = g_canonicalize_filename (path, NULL);
  if (!g_utf8_validate (self->path, -1, NULL))
    {
      refuse (word, _("its name has to be valid UTF-8"), error);
      return NULL;
    }

  return g_steal_pointer (&self);
}

static gboolean
name_given (ToolExtensionWord  *self,
            GHashTable         *taken,
            GError            **error)
{
  if (self->id == NULL || g_hash_table_add (taken, self->id))
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _("Two extensions are called “%s”"), self->id);

  return FALSE;
}

/* The second of one name is called “name-2”. */
static gboolean
name_by_path (ToolExtensionWord  *self,
              GHashTable         *taken,
              GError            **error)
{
  g_autofree char *name = NULL;
  g_autofree char *id = NULL;

  if (self->id != NULL)
    return TRUE;

  name = dup_base_name (self->path);
  if (strchr (name, '/') != NULL)
    return refuse (self->path, _("it has no name: write ID=PATH"), error);

  id = g_strdup (name);
  for (guint i = 2; g_hash_table_contains (taken, id); i++)
    {
      g_free (id);
      id = g_strdup_printf ("%s-%u", name, i);
    }
  self->id = g_steal_pointer (&id);
  g_hash_table_add (taken, self->id);

  return TRUE;
}

/* Returns: ToolExtensionWord with an id each, or NULL with ERROR set. */
GPtrArray *
tool_extension_words_parse (char   *words[],
                            GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) word_free);
  g_autoptr(GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; words[i] != NULL; i++)
    {
      ToolExtensionWord *word = parse_word (words[i], error);

      if (word == NULL)
        return NULL;
      g_ptr_array_add (list, word);
    }

  /* A given name is kept, whatever comes before it. */
  for (guint i = 0; i < list->len; i++)
    if (!name_given (g_ptr_array_index (list, i), taken, error))
      return NULL;
  for (guint i = 0; i < list->len; i++)
    if (!name_by_path (g_ptr_array_index (list, i), taken, error))
      return NULL;

  return g_steal_pointer (&list);
}

/* The host would say so, too, and then stay without it. What cannot be seen from here is left to it. */
gboolean
tool_extension_words_check (GPtrArray  *words,
                            GError    **error)
{
  for (guint i = 0; i < words->len; i++)
    {
      const ToolExtensionWord *word = g_ptr_array_index (words, i);

      if (access (word->path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
        continue;

      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("There is no “%s” to run as an extension"), word->path);
      return FALSE;
    }

  return TRUE;
}
