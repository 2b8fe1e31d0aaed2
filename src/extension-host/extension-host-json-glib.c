/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-json-glib-private.h"

static GPrivate mutable_parser = G_PRIVATE_INIT (g_object_unref);
static GPrivate immutable_parser = G_PRIVATE_INIT (g_object_unref);
static GPrivate generator = G_PRIVATE_INIT (g_object_unref);

/* To seal a tree costs a hash of all that is in it, which for long strings is a fifth of the time. */
static JsonParser *
ensure_parser (gboolean immutable)
{
  GPrivate *place = immutable ? &immutable_parser : &mutable_parser;

  if (g_private_get (place) == NULL)
    g_private_set (place, immutable ? json_parser_new_immutable () : json_parser_new ());

  return g_private_get (place);
}

static JsonGenerator *
ensure_generator (void)
{
  if (g_private_get (&generator) == NULL)
    g_private_set (&generator, json_generator_new ());

  return g_private_get (&generator);
}

/* NULL with @error set if the text is not JSON. */
JsonNode *
extension_host_json_parse (const char  *text,
                           gsize        length,
                           gboolean     immutable,
                           GError     **error)
{
  JsonParser *parser = ensure_parser (immutable);

  if (!json_parser_load_from_data (parser, text, (gssize) length, error))
    return NULL;

  return json_parser_steal_root (parser);
}

/* Appends the text of @node, without any white space. */
void
extension_host_json_write (JsonNode *node,
                           GString  *out)
{
  JsonGenerator *writer = ensure_generator ();

  json_generator_set_root (writer, node);
  json_generator_to_gstring (writer, out);
  json_generator_set_root (writer, NULL);   /* it holds a copy, which shares the members */
}

char *
extension_host_json_to_text (JsonNode *node,
                             gsize    *length)
{
  GString *text = g_string_new (NULL);

  extension_host_json_write (node, text);
  *length = text->len;

  return g_string_free (text, FALSE);
}
