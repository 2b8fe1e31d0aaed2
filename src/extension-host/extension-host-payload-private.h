/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "extension-host-json-scan-private.h"
#include "extension-host-tree-private.h"

G_BEGIN_DECLS

/* A payload, and what the scan found out about it: it is parsed only if somebody asks for that. */
typedef struct
{
  GBytes *bytes;          /* NULL: there is none, or they have been parsed and are not kept */
  gsize n_values;
  gboolean needs_repair;
  gboolean has_nul;
  gboolean is_shared;     /* more than one reads it: the tree is immutable, and its bytes are kept */

  gboolean is_parsed;     /* by a thread; into one of these */
  ExtensionHostTree *tree;
  GError *error;
} ExtensionHostPayload;

/* Called in the context that was given, with what parse_async () returned. */
typedef void (*ExtensionHostParsedFunc) (gpointer parsing,
                                         gpointer owner);

void      extension_host_payload_take_span (ExtensionHostPayload         *self,
                                            const char                   *text,
                                            GBytes                       *whole,
                                            const ExtensionHostJsonSpan  *span);
void      extension_host_payload_clear     (ExtensionHostPayload         *self);
JsonNode *extension_host_payload_parse     (const ExtensionHostPayload   *self,
                                            GError                      **error);

gboolean  extension_host_payload_is_large  (const ExtensionHostPayload   *self);
gpointer  extension_host_payload_parse_async (ExtensionHostPayload       *self,
                                            GMainContext                 *context,
                                            ExtensionHostParsedFunc       func,
                                            GObject                      *owner);

void      extension_host_payload_take_parsed (gpointer                    parsing);

/* The other way: the text of parameters. */
gboolean  extension_host_params_check_node (JsonNode                     *params,
                                            GError                      **error);
char     *extension_host_params_to_text    (JsonNode                     *params,
                                            gsize                        *length,
                                            GError                      **error);
gboolean  extension_host_params_check      (const char                   *text,
                                            gsize                         length,
                                            GError                      **error);

G_END_DECLS
