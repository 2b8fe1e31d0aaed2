/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-json-glib-private.h"
#include "extension-host-json-repair-private.h"
#include "extension-host-payload-private.h"

void
extension_host_payload_clear (ExtensionHostPayload *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->tree, extension_host_tree_release);
  g_clear_error (&self->error);
  self->is_parsed = FALSE;
}

/* The part of @text that is @span. No copy is made of it if @text is that of @whole, which is not NULL
 * then, and if little else would be kept with it. */
void
extension_host_payload_take_span (ExtensionHostPayload        *self,
                                  const char                  *text,
                                  GBytes                      *whole,
                                  const ExtensionHostJsonSpan *span)
{
  if (span->length == 0)
    return;

  if (whole != NULL && span->length > g_bytes_get_size (whole) / 2)
    self->bytes = g_bytes_new_from_bytes (whole, span->start, span->length);
  else
    self->bytes = g_bytes_new (text + span->start, span->length);
  self->n_values = span->n_values;
  self->needs_repair = span->needs_repair;
  self->has_nul = span->has_nul;
}

/* What reaches json-glib has passed the scan, is repaired, and is not larger than it can bear. */
static JsonNode *
parse (const ExtensionHostPayload  *self,
       GError                     **error)
{
  g_autofree char *repaired = NULL;
  const char *text = NULL;
  gsize length = 0;

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

  return extension_host_json_parse (text, length, self->is_shared, error);
}

/* The payload as a tree, which is immutable if it is shared, and else given away once. NULL if there is
 * none, or with the error set. */
JsonNode *
extension_host_payload_parse (const ExtensionHostPayload  *self,
                              GError                     **error)
{
  if (!self->is_parsed)
    return self->bytes != NULL ? parse (self, error) : NULL;

  if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  if (self->tree == NULL)
    return NULL;

  return self->is_shared ? json_node_ref (extension_host_tree_get_root (self->tree))
                         : extension_host_tree_take_root (self->tree);
}

/* Parsing in a thread */

#define LARGE_BYTES (8 * 1024)
#define LARGE_VALUES 2000
#define MAX_THREADS 2
#define VALUE_SIZE 100   /* bytes of a value in a tree, about, beside its text */

typedef struct
{
  ExtensionHostPayload input;      /* a copy that shares the bytes */
  ExtensionHostPayload *output;    /* its owner says whether that is still there */
  gsize size;                      /* of its tree, in bytes, about */
  GMainContext *context;           /* a reference until there is a source in it: that is owned by it */
  ExtensionHostParsedFunc func;
  GWeakRef owner;
  gboolean is_over;                /* it was told: all that is left is to be freed */
} Parsing;

/* Whether parsing it would be seen as a stutter. What is to be refused is so at once. */
gboolean
extension_host_payload_is_large (const ExtensionHostPayload *self)
{
  if (self->bytes == NULL || self->is_parsed || self->has_nul ||
      self->n_values > EXTENSION_HOST_JSON_MAX_NODE_VALUES)
    return FALSE;

  return self->n_values > LARGE_VALUES || g_bytes_get_size (self->bytes) > LARGE_BYTES;
}

static void
parsing_free (gpointer data)
{
  Parsing *parsing = data;

  g_clear_pointer (&parsing->input.bytes, g_bytes_unref);
  g_clear_pointer (&parsing->input.tree, extension_host_tree_free);   /* nobody took it, or has of it */
  g_clear_error (&parsing->input.error);
  g_weak_ref_clear (&parsing->owner);
  g_free (parsing);
}

static GThreadPool *get_threads (void);

/* To give back the memory of a large message to the system may take milliseconds. */
static void
free_in_thread (gpointer data)
{
  Parsing *parsing = data;

  parsing->is_over = TRUE;
  g_thread_pool_push (get_threads (), parsing, NULL);
}

static gboolean
on_parsed (gpointer data)
{
  Parsing *parsing = data;
  g_autoptr(GObject) owner = g_weak_ref_get (&parsing->owner);

  if (owner != NULL)
    parsing->func (parsing, owner);

  return G_SOURCE_REMOVE;
}

static void
parse_in_thread (gpointer data,
                 gpointer user_data G_GNUC_UNUSED)
{
  Parsing *parsing = data;
  g_autoptr(GMainContext) context = NULL;
  JsonNode *root = NULL;
  GSource *source = NULL;

  if (parsing->is_over)
    {
      parsing_free (parsing);
      return;
    }

  root = parse (&parsing->input, &parsing->input.error);
  if (root != NULL)
    parsing->input.tree = extension_host_tree_new (root, parsing->size);
  extension_host_tree_end_parsing (parsing->size);

  /* It may never be run again, and then nobody but us has it. */
  context = parsing->context;
  source = g_idle_source_new ();
  g_source_set_static_name (source, "[extension-host] parsed");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_parsed, parsing, free_in_thread);
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, context);
  g_source_unref (source);
}

/* Our own few threads: those of GTask may all be busy with the files of the application. */
static GThreadPool *
get_threads (void)
{
  static GThreadPool *threads;

  if (g_once_init_enter (&threads))
    g_once_init_leave (&threads,
                       g_thread_pool_new (parse_in_thread, NULL, MAX_THREADS, FALSE, NULL));

  return threads;
}

/* Parses the payload in a thread, and then calls @func in @context, unless @owner is gone by then.
 * The payload itself is filled in by extension_host_payload_take_parsed (). */
gpointer
extension_host_payload_parse_async (ExtensionHostPayload    *self,
                                    GMainContext            *context,
                                    ExtensionHostParsedFunc  func,
                                    GObject                 *owner)
{
  Parsing *parsing = g_new0 (Parsing, 1);

  parsing->input = *self;
  g_bytes_ref (self->bytes);
  parsing->output = self;
  parsing->size = g_bytes_get_size (self->bytes) + self->n_values * VALUE_SIZE;
  parsing->context = g_main_context_ref (context);
  parsing->func = func;
  g_weak_ref_init (&parsing->owner, owner);
  extension_host_tree_begin_parsing (parsing->size);
  g_thread_pool_push (get_threads (), parsing, NULL);

  return parsing;
}

/* Puts what a thread has made into the payload that it is for. */
void
extension_host_payload_take_parsed (gpointer data)
{
  Parsing *parsing = data;

  if (!parsing->output->is_shared)
    g_clear_pointer (&parsing->output->bytes, g_bytes_unref);   /* but for our own reference */
  parsing->output->tree = g_steal_pointer (&parsing->input.tree);
  if (parsing->output->tree != NULL)
    extension_host_tree_set_context (parsing->output->tree, parsing->context);
  parsing->output->error = g_steal_pointer (&parsing->input.error);
  parsing->output->is_parsed = TRUE;
}

/* Whether a tree can go out as parameters: NULL, an object or an array (JSON-RPC 2.0, §4.2). */
gboolean
extension_host_params_check_node (JsonNode  *params,
                                  GError   **error)
{
  if (params == NULL || JSON_NODE_HOLDS_OBJECT (params) || JSON_NODE_HOLDS_ARRAY (params))
    return TRUE;

  g_set_error_literal (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                       _("Parameters must be an object or an array"));

  return FALSE;
}

/* The text of @params, NULL for none, or with the error set. */
char *
extension_host_params_to_text (JsonNode  *params,
                               gsize     *length,
                               GError   **error)
{
  *length = 0;
  if (params == NULL || !extension_host_params_check_node (params, error))
    return NULL;

  return extension_host_json_to_text (params, length);
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
               _("Parameters must be a JSON object or array: see byte %zu"),
               scan.error_offset);

  return FALSE;
}
