/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "extension-host-json-scan-private.h"

G_BEGIN_DECLS

/* A payload, and what the scan found out about it: it is parsed only if somebody asks for that. */
typedef struct
{
  GBytes *bytes;          /* NULL: there is none */
  gsize n_values;
  gboolean needs_repair;
  gboolean has_nul;
} ExtensionHostPayload;

void      extension_host_payload_take_span (ExtensionHostPayload         *self,
                                            const char                   *text,
                                            const ExtensionHostJsonSpan  *span);
void      extension_host_payload_move      (ExtensionHostPayload         *from,
                                            ExtensionHostPayload         *to);
void      extension_host_payload_clear     (ExtensionHostPayload         *self);
JsonNode *extension_host_payload_parse     (const ExtensionHostPayload   *self,
                                            GError                      **error);

/* The other way: the text of parameters. */
char     *extension_host_params_to_text    (JsonNode                     *params,
                                            gsize                        *length,
                                            GError                      **error);
gboolean  extension_host_params_check      (const char                   *text,
                                            gsize                         length,
                                            GError                      **error);

G_END_DECLS
