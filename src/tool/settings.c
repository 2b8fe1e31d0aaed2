/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "settings.h"

static void
free_value (gpointer data)
{
  g_value_unset (data);
  g_free (data);
}

void
tool_settings_init (ToolSettings *self)
{
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_value);
  self->environment = g_strv_builder_new ();
  self->no_restart_exits = g_strv_builder_new ();
}

void
tool_settings_clear (ToolSettings *self)
{
  g_clear_pointer (&self->values, g_hash_table_unref);
  g_clear_pointer (&self->environment, g_strv_builder_unref);
  g_clear_pointer (&self->no_restart_exits, g_strv_builder_unref);
}

/* The last setting of a property wins. */
GValue *
tool_settings_add (ToolSettings *self,
                   const char   *property,
                   GType         type)
{
  GValue *value = g_new0 (GValue, 1);

  g_value_init (value, type);
  g_hash_table_replace (self->values, g_strdup (property), value);

  return value;
}

gboolean
tool_settings_has (ToolSettings *self,
                   const char   *property)
{
  return g_hash_table_contains (self->values, property);
}

/* A spec gets its id when it is made. */
static ExtensionHostSpec *
copy_spec_with_id (ExtensionHostSpec *spec,
                   const GValue      *id)
{
  guint n_properties = 0;
  g_autofree GParamSpec **pspecs =
    g_object_class_list_properties (G_OBJECT_GET_CLASS (spec), &n_properties);
  g_autofree const char **names = g_new0 (const char *, n_properties);
  g_autofree GValue *values = g_new0 (GValue, n_properties);
  GObject *copy = NULL;

  for (guint i = 0; i < n_properties; i++)
    {
      names[i] = pspecs[i]->name;
      g_value_init (&values[i], pspecs[i]->value_type);
      g_object_get_property (G_OBJECT (spec), names[i], &values[i]);

      if (g_str_equal (names[i], "id") ||
          /* A name that is only the id follows it. */
          (g_str_equal (names[i], "name") &&
           g_strcmp0 (g_value_get_string (&values[i]), extension_host_spec_get_id (spec)) == 0))
        g_value_copy (id, &values[i]);
    }

  copy = g_object_new_with_properties (EXTENSION_HOST_TYPE_SPEC, n_properties, names, values);

  for (guint i = 0; i < n_properties; i++)
    g_value_unset (&values[i]);

  return EXTENSION_HOST_SPEC (copy);
}

static void
append_to_list (ExtensionHostSpec *spec,
                const char        *property,
                GStrvBuilder      *additions)
{
  g_auto(GStrv) old = NULL;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) new = NULL;
  g_auto(GStrv) list = NULL;

  g_object_get (spec, property, &old, NULL);
  if (old != NULL)
    g_strv_builder_addv (builder, (const char **) old);
  new = g_strv_builder_end (additions);
  g_strv_builder_addv (builder, (const char **) new);

  list = g_strv_builder_end (builder);
  g_object_set (spec, property, list, NULL);
}

/* Returns a spec of its own, or the one it was given. */
ExtensionHostSpec *
tool_settings_apply (ToolSettings      *self,
                     ExtensionHostSpec *base)
{
  const GValue *id = g_hash_table_lookup (self->values, "id");
  ExtensionHostSpec *spec = id != NULL ? copy_spec_with_id (base, id) : g_object_ref (base);
  GHashTableIter iter;
  gpointer name = NULL;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->values);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      if (!g_str_equal (name, "id"))
        g_object_set_property (G_OBJECT (spec), name, value);
    }

  append_to_list (spec, "environment", self->environment);
  append_to_list (spec, "no-restart-exits", self->no_restart_exits);

  return spec;
}
