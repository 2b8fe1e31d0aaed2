/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What is told on the bus, as a{sv}. Nothing is there for sure, and nothing of the type it should be. */

const char *tool_facts_get_text    (GVariant    *facts,
                                    const char  *name);
gint64      tool_facts_get_number  (GVariant    *facts,
                                    const char  *name,
                                    gint64       fallback);
double      tool_facts_get_double  (GVariant    *facts,
                                    const char  *name,
                                    double       fallback);
gboolean    tool_facts_get_boolean (GVariant    *facts,
                                    const char  *name);
GVariant   *tool_facts_get         (GVariant    *facts,
                                    const char  *name,
                                    const char  *type);
GVariant   *tool_facts_rename      (GVariant    *properties);
void        tool_facts_add_json    (JsonBuilder *builder,
                                    GVariant    *facts);
JsonNode   *tool_variant_to_json   (GVariant    *value);
char       *tool_facts_to_line     (JsonBuilder *builder);

G_END_DECLS
