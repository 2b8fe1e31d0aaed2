/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-json-repair-private.h"
#include "extension-host-payload-private.h"

void
extension_host_payload_clear (ExtensionHostPayload *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
}

void
extension_host_payload_move (ExtensionHostPayload *from,
                             ExtensionHostPayload *to)
{
  extension_host_payload_clear (to);
  *to = *from;
  from->bytes = NULL;
}

void
extension_host_payload_take_span (ExtensionHostPayload        *self,
                                  const char                  *text,
                                  const ExtensionHostJsonSpan *span)
{
  if (span->length == 0)
    return;

  self->bytes = g_bytes_new (text + span->start, span->length);
  self->n_values = span->n_values;
  self->needs_repair = span->needs_repair;
  self->has_nul = span->has_nul;
}

static JsonNode *
parse_text (const char  *text,
            gsize        length,
            GError     **error)
{
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();

  if (!json_parser_load_from_data (parser, text, (gssize) length, error))
    return NULL;

  return json_parser_steal_root (parser);
}

/* What reaches json-glib has passed the scan, is repaired, and is not larger than it can bear: a
 * value costs it about 100 bytes. NULL if there is no payload, or with the error set. */
JsonNode *
extension_host_payload_parse (const ExtensionHostPayload  *self,
                              GError                     **error)
{
  g_autofree char *repaired = NULL;
  const char *text = NULL;
  gsize length = 0;

  if (self->bytes == NULL)
    return NULL;

  if (self->n_values > EXTENSION_HOST_JSON_MAX_NODE_VALUES)
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE,
                   _("The payload has more than %u values: take it as bytes"),
                   EXTENSION_HOST_JSON_MAX_NODE_VALUES);
      return NULL;
    }

  if (self->has_nul)
    {
      g_set_error_literal (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_SUPPORTED,
                           _("The payload has a string with a NUL character: take it as bytes"));
      return NULL;
    }

  text = g_bytes_get_data (self->bytes, &length);
  if (self->needs_repair)
    text = repaired = extension_host_json_repair (text, length, &length);

  return parse_text (text, length, error);
}

/* The text of @params, NULL for none. They are an object or an array (JSON-RPC 2.0, §4.2). */
char *
extension_host_params_to_text (JsonNode  *params,
                               gsize     *length,
                               GError   **error)
{
  g_autoptr(JsonGenerator) generator = NULL;

  *length = 0;
  if (params == NULL)
    return NULL;

  if (!JSON_NODE_HOLDS_OBJECT (params) && !JSON_NODE_HOLDS_ARRAY (params))
    {
      g_set_error_literal (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                           _("Parameters must be an object or an array"));
      return NULL;
    }

  generator = json_generator_new ();
  json_generator_set_root (generator, params);

  return json_generator_to_data (generator, length);
}

/* Whether a text can go out as parameters. */
gboolean
extension_host_params_check (const char  *text,
                             gsize        length,
                             GError     **error)
{
  ExtensionHostJsonScan scan;

  if (extension_host_json_scan (&scan, text, length) &&
      (scan.document == EXTENSION_HOST_JSON_OBJECT ||
       scan.document == EXTENSION_HOST_JSON_ARRAY ||
       scan.document == EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS))
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
               _("Parameters must be a JSON object or array: see byte %" G_GSIZE_FORMAT),
               scan.error_offset);

  return FALSE;
}
