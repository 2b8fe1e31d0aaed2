/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "bus.h"

G_BEGIN_DECLS

/* Events in JSON, as “run --json” tells them, and the application that they are of. */
JsonBuilder *tool_event_begin          (const char      *event,
                                        gint64           time,
                                        ToolApplication *application,
                                        const char      *id);
void         tool_event_add_text       (JsonBuilder     *builder,
                                        const char      *name,
                                        const char      *text);
void         tool_event_add_number     (JsonBuilder     *builder,
                                        const char      *name,
                                        gint64           number);
char        *tool_dup_application_event (ToolApplication *application,
                                         gboolean         added);
char        *tool_dup_host_event       (ToolHost        *host,
                                        gboolean         added);
char        *tool_dup_exit_event       (ToolHost        *host,
                                        GVariant        *last_exit);
char        *tool_dup_extension_event  (ToolHost        *host,
                                        const char      *id,
                                        const char      *state,
                                        const char      *error);
char        *tool_dup_health_event     (ToolHost        *host,
                                        GVariant        *health);
char        *tool_dup_transition_event (ToolHost        *host,
                                        GVariant        *transition);
char        *tool_dup_log_event        (ToolHost        *host,
                                        gint64           time,
                                        const char      *stream,
                                        const char      *line);

G_END_DECLS
