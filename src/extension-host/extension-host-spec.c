/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-locale-private.h"
#include "extension-host-spec-check-private.h"
#include "extension-host-spec-file-private.h"
#include "extension-host-spec-table-private.h"

/* The number of a property is the number of its row, counted from 1. */
G_DEFINE_FINAL_TYPE (ExtensionHostSpec, extension_host_spec, G_TYPE_OBJECT)

static gboolean
store_text (char       **field,
            const char  *text)
{
  if (g_strcmp0 (*field, text) == 0)
    return FALSE;

  g_free (*field);
  *field = g_strdup (text);

  return TRUE;
}

static gboolean
store_strv (char       ***field,
            const char  **strv)
{
  static const char *empty[] = { NULL };

  if (strv == NULL)
    strv = empty;
  if (*field != NULL && g_strv_equal ((const char * const *) *field, strv))
    return FALSE;

  g_strfreev (*field);
  *field = g_strdupv ((char **) strv);

  return TRUE;
}

static gboolean
store_number (ExtensionHostSpec          *self,
              const ExtensionHostSpecRow *row,
              gint64                      number)
{
  if (extension_host_spec_get_number (self, row) == number)
    return FALSE;

  extension_host_spec_set_number (self, row, number);

  return TRUE;
}

static gboolean
store_fraction (double *field,
                double  fraction)
{
  if (*field == fraction)
    return FALSE;

  *field = fraction;

  return TRUE;
}

static gboolean
store (ExtensionHostSpec          *self,
       const ExtensionHostSpecRow *row,
       const GValue               *value)
{
  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
      return store_text (&extension_host_spec_field (self, row, char *),
                         g_value_get_string (value));
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
      return store_strv (&extension_host_spec_field (self, row, char **),
                         g_value_get_boxed (value));
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
      return store_number (self, row, g_value_get_boolean (value));
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
      return store_number (self, row, g_value_get_enum (value));
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
      return store_number (self, row, g_value_get_uint (value));
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
      return store_number (self, row, (gint64) g_value_get_uint64 (value));
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      return store_number (self, row, g_value_get_int (value));
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
      return store_fraction (&extension_host_spec_field (self, row, double),
                             g_value_get_double (value));
    default:
      g_assert_not_reached ();
    }
}

static void
load (ExtensionHostSpec          *self,
      const ExtensionHostSpecRow *row,
      GValue                     *value)
{
  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
      g_value_set_string (value, extension_host_spec_field (self, row, char *));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
      g_value_set_boxed (value, extension_host_spec_field (self, row, char **));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
      g_value_set_boolean (value, extension_host_spec_get_number (self, row));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
      g_value_set_enum (value, extension_host_spec_get_number (self, row));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
      g_value_set_uint (value, extension_host_spec_get_number (self, row));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
      g_value_set_uint64 (value, (guint64) extension_host_spec_get_number (self, row));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      g_value_set_int (value, extension_host_spec_get_number (self, row));
      break;
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
      g_value_set_double (value, extension_host_spec_field (self, row, double));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
extension_host_spec_set_property (GObject      *object,
                                  guint         property_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  g_assert (property_id <= n_rows);

  if (store (EXTENSION_HOST_SPEC (object), &rows[property_id - 1], value))
    g_object_notify_by_pspec (object, pspec);
}

static void
extension_host_spec_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec G_GNUC_UNUSED)
{
  ExtensionHostSpec *self = EXTENSION_HOST_SPEC (object);
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  g_assert (property_id <= n_rows);

  load (self, &rows[property_id - 1], value);
  if (rows[property_id - 1].offset == G_STRUCT_OFFSET (ExtensionHostSpec, name))
    g_value_set_string (value, extension_host_spec_get_name (self));
}

static void
extension_host_spec_finalize (GObject *object)
{
  ExtensionHostSpec *self = EXTENSION_HOST_SPEC (object);
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      if (rows[i].storage == EXTENSION_HOST_SPEC_STORAGE_TEXT)
        g_free (extension_host_spec_field (self, &rows[i], char *));
      else if (rows[i].storage == EXTENSION_HOST_SPEC_STORAGE_STRV)
        g_strfreev (extension_host_spec_field (self, &rows[i], char **));
    }

  G_OBJECT_CLASS (extension_host_spec_parent_class)->finalize (object);
}

static void
extension_host_spec_class_init (ExtensionHostSpecClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  object_class->set_property = extension_host_spec_set_property;
  object_class->get_property = extension_host_spec_get_property;
  object_class->finalize = extension_host_spec_finalize;

  extension_host_locale_bind ();

  for (guint i = 0; i < n_rows; i++)
    g_object_class_install_property (object_class, i + 1,
                                     extension_host_spec_row_to_pspec (&rows[i]));
}

static void
set_to_default (ExtensionHostSpec          *self,
                const ExtensionHostSpecRow *row)
{
  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
      break;
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
      store_strv (&extension_host_spec_field (self, row, char **), NULL);
      break;
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
      extension_host_spec_field (self, row, double) = row->fraction.fallback;
      break;
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      extension_host_spec_set_number (self, row, row->fallback);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
extension_host_spec_init (ExtensionHostSpec *self)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    set_to_default (self, &rows[i]);
}

ExtensionHostSpec *
extension_host_spec_new (const char         *id,
                         const char * const *argv)
{
  g_return_val_if_fail (id != NULL, NULL);

  return g_object_new (EXTENSION_HOST_TYPE_SPEC,
                       "id", id,
                       "argv", argv,
                       NULL);
}

ExtensionHostSpec *
extension_host_spec_new_from_file (GFile   *file,
                                   GError **error)
{
  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return extension_host_spec_file_load (file, error);
}

gboolean
extension_host_spec_validate (ExtensionHostSpec  *self,
                              GError            **error)
{
  g_autoptr(ExtensionHostSpecFault) fault = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_SPEC (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  fault = extension_host_spec_check (self, EXTENSION_HOST_SPEC_NAMES_PROPERTIES);
  if (fault == NULL)
    return TRUE;

  /* Translators: the name of a property, and what is wrong with it */
  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC,
               _("“%s”: %s"), fault->property, fault->cause);

  return FALSE;
}

const char *
extension_host_spec_get_id (ExtensionHostSpec *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_SPEC (self), NULL);

  return self->id;
}

const char * const *
extension_host_spec_get_argv (ExtensionHostSpec *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_SPEC (self), NULL);

  return (const char * const *) self->argv;
}

const char *
extension_host_spec_get_name (ExtensionHostSpec *self)
{
  return self->name != NULL ? self->name : self->id;
}

static void
copy_field (ExtensionHostSpec          *from,
            ExtensionHostSpec          *to,
            const ExtensionHostSpecRow *row)
{
  if (row->storage == EXTENSION_HOST_SPEC_STORAGE_TEXT)
    store_text (&extension_host_spec_field (to, row, char *),
                extension_host_spec_field (from, row, char *));
  else if (row->storage == EXTENSION_HOST_SPEC_STORAGE_STRV)
    store_strv (&extension_host_spec_field (to, row, char **),
                (const char **) extension_host_spec_field (from, row, char **));
  else if (row->storage == EXTENSION_HOST_SPEC_STORAGE_DOUBLE)
    extension_host_spec_field (to, row, double) = extension_host_spec_field (from, row, double);
  else
    extension_host_spec_set_number (to, row, extension_host_spec_get_number (from, row));
}

ExtensionHostSpec *
extension_host_spec_copy (ExtensionHostSpec *self)
{
  g_autoptr(ExtensionHostSpec) copy = g_object_new (EXTENSION_HOST_TYPE_SPEC, NULL);
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    copy_field (self, copy, &rows[i]);

  return g_steal_pointer (&copy);
}

/* What belongs to the application itself and would mislead the program: a descriptor that the
 * program does not have, its number in a cluster of Nodes, and the marker of a tree that the
 * application may itself be part of. */
static char **
dup_inherited_environ (void)
{
  char **envp = g_get_environ ();

  envp = g_environ_unsetenv (envp, "NODE_CHANNEL_FD");
  envp = g_environ_unsetenv (envp, "NODE_CHANNEL_SERIALIZATION_MODE");
  envp = g_environ_unsetenv (envp, "NODE_UNIQUE_ID");

  return g_environ_unsetenv (envp, "EXTENSION_HOST_TREE");
}

/* Entries without a name were refused before. */
char **
extension_host_spec_dup_environ (ExtensionHostSpec *self)
{
  char **envp = self->clear_environment ? g_new0 (char *, 1) : dup_inherited_environ ();

  for (guint i = 0; self->environment[i] != NULL; i++)
    {
      const char *value = strchr (self->environment[i], '=');
      g_autofree char *name = NULL;

      if (value == NULL || value == self->environment[i])
        continue;

      name = g_strndup (self->environment[i], value - self->environment[i]);
      envp = g_environ_setenv (envp, name, value + 1, TRUE);
    }

  if (self->working_directory != NULL)
    envp = g_environ_setenv (envp, "PWD", self->working_directory, TRUE);

  return envp;
}
