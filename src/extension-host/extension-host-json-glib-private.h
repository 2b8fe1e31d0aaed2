/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* json-glib's parser and generator, of which each thread keeps its own: to make them anew costs as much as
 * to use them for a short message. */

JsonNode *extension_host_json_parse (const char  *text,
                                     gsize        length,
                                     gboolean     immutable,
                                     GError     **error);
void      extension_host_json_write (JsonNode    *node,
                                     GString     *out);
char     *extension_host_json_to_text (JsonNode  *node,
                                       gsize     *length);

G_END_DECLS
