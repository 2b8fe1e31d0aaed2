/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "facts.h"

#include <math.h>
#include <string.h>

#include "json-line.h"

/* Returns: (transfer full) (nullable): NULL too if it is of another type */
GVariant *
tool_facts_get (GVariant   *facts,
                const char *name,
                const char *type)
{
  return g_variant_lookup_value (facts, name, G_VARIANT_TYPE (type));
}

/* Empty if there is none. It lives as long as FACTS. */
const char *
tool_facts_get_text (GVariant   *facts,
                     const char *name)
{
  const char *text = NULL;

  return g_variant_lookup (facts, name, "&s", &text) ? text : "";
}

static gint64
get_integer (GVariant *value,
             gint64    fallback)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BYTE:
      return g_variant_get_byte (value);
    case G_VARIANT_CLASS_INT16:
      return g_variant_get_int16 (value);
    case G_VARIANT_CLASS_UINT16:
      return g_variant_get_uint16 (value);
    case G_VARIANT_CLASS_INT32:
      return g_variant_get_int32 (value);
    case G_VARIANT_CLASS_UINT32:
      return g_variant_get_uint32 (value);
    case G_VARIANT_CLASS_INT64:
      return g_variant_get_int64 (value);
    case G_VARIANT_CLASS_UINT64:
      return (gint64) MIN (g_variant_get_uint64 (value), G_MAXINT64);
    case G_VARIANT_CLASS_BOOLEAN:
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_DOUBLE:
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      return fallback;
    }
}

gint64
tool_facts_get_number (GVariant   *facts,
                       const char *name,
                       gint64      fallback)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (facts, name, NULL);

  return value != NULL ? get_integer (value, fallback) : fallback;
}

double
tool_facts_get_double (GVariant   *facts,
                       const char *name,
                       double      fallback)
{
  double number = fallback;

  return g_variant_lookup (facts, name, "d", &number) && isfinite (number) ? number : fallback;
}

gboolean
tool_facts_get_boolean (GVariant   *facts,
                        const char *name)
{
  gboolean value = FALSE;

  return g_variant_lookup (facts, name, "b", &value) && value;
}

/* CommandLine → command-line */
static char *
dup_dashed (const char *name)
{
  GString *dashed = g_string_new (NULL);

  for (const char *p = name; *p != '\0'; p++)
    {
      if (g_ascii_isupper (*p) && p > name)
        g_string_append_c (dashed, '-');
      g_string_append_c (dashed, g_ascii_tolower (*p));
    }

  return g_string_free (dashed, FALSE);
}

/* Properties, called as Describe () calls them. Returns: (transfer full) */
GVariant *
tool_facts_rename (GVariant *properties)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  GVariantIter iter;
  const char *name = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autofree char *dashed = dup_dashed (name);

      g_variant_dict_insert_value (&dict, dashed, value);
    }

  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static JsonNode *
array_to_json (GVariant *value)
{
  g_autoptr(JsonArray) array = json_array_new ();

  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr(GVariant) child = g_variant_get_child_value (value, i);

      json_array_add_element (array, tool_variant_to_json (child));
    }

  return json_node_init_array (json_node_alloc (), array);
}

static JsonNode *
dictionary_to_json (GVariant *value)
{
  g_autoptr(JsonObject) object = json_object_new ();

  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr(GVariant) entry = g_variant_get_child_value (value, i);
      g_autoptr(GVariant) key = g_variant_get_child_value (entry, 0);
      g_autoptr(GVariant) child = g_variant_get_child_value (entry, 1);

      json_object_set_member (object, g_variant_get_string (key, NULL),
                              tool_variant_to_json (child));
    }

  return json_node_init_object (json_node_alloc (), object);
}

/* Returns: (transfer full): null for what JSON has no place for */
JsonNode *
tool_variant_to_json (GVariant *value)
{
  JsonNode *node = json_node_new (JSON_NODE_NULL);

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      g_autoptr(GVariant) child = g_variant_get_variant (value);

      json_node_unref (node);
      return tool_variant_to_json (child);
    }

  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a{s*}")))
    {
      json_node_unref (node);
      return dictionary_to_json (value);
    }

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_ARRAY) ||
      g_variant_is_of_type (value, G_VARIANT_TYPE_TUPLE))
    {
      json_node_unref (node);
      return array_to_json (value);
    }

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return json_node_init_boolean (node, g_variant_get_boolean (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ||
      g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH) ||
      g_variant_is_of_type (value, G_VARIANT_TYPE_SIGNATURE))
    return json_node_init_string (node, g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return isfinite (g_variant_get_double (value))
             ? json_node_init_double (node, g_variant_get_double (value)) : node;

  return json_node_init_int (node, get_integer (value, 0));
}

/* As members of the object that is being built */
void
tool_facts_add_json (JsonBuilder *builder,
                     GVariant    *facts)
{
  GVariantIter iter;
  const char *name = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, facts);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      json_builder_set_member_name (builder, name);
      json_builder_add_value (builder, tool_variant_to_json (value));
    }
}

/* Ends the object that is being built. Returns: it, on one line */
char *
tool_facts_to_line (JsonBuilder *builder)
{
  g_autoptr(JsonNode) root = NULL;
  g_autoptr(GBytes) bytes = NULL;
  char *text = NULL;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  bytes = g_bytes_new_take (text, strlen (text));

  return tool_dup_json_line (bytes);
}
