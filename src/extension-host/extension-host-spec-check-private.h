/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-spec-table-private.h"

G_BEGIN_DECLS

/* How causes speak of properties: as “max-restarts” or as “MaxRestarts”. */
typedef enum
{
  EXTENSION_HOST_SPEC_NAMES_PROPERTIES,
  EXTENSION_HOST_SPEC_NAMES_KEYS
} ExtensionHostSpecNames;

typedef struct
{
  const char *property;
  const char *other;    /* the property that it contradicts, or NULL */
  char *cause;          /* translated */
} ExtensionHostSpecFault;

void                    extension_host_spec_fault_free        (ExtensionHostSpecFault     *fault);

/* The first thing that is wrong; NULL = nothing is. */
ExtensionHostSpecFault *extension_host_spec_check             (ExtensionHostSpec          *self,
                                                               ExtensionHostSpecNames      names);

/* The first of the given properties that does nothing beside the others. The array has an element
 * per row. */
ExtensionHostSpecFault *extension_host_spec_find_idle         (ExtensionHostSpec          *self,
                                                               const guint                *given);

/* Whether a number, not one that has a word, is in the range of its row; and how to say that one,
 * as it was written, is not. */
gboolean                extension_host_spec_row_is_in_range   (const ExtensionHostSpecRow *row,
                                                               gint64                      number);
char                   *extension_host_spec_row_blame         (const ExtensionHostSpecRow *row,
                                                               const char                 *text);

/* A text, or its beginning. */
char                   *extension_host_spec_dup_shown         (const char                 *text,
                                                               guint                       length);

/* An element of no-restart-exits. */
gboolean                extension_host_spec_parse_exit        (const char                 *text,
                                                               ExtensionHostExitKind      *kind,
                                                               int                        *value);

/* What the waits before restarts come to. */
gint64                  extension_host_spec_get_least_waits       (ExtensionHostSpec      *self);
gboolean                extension_host_spec_can_reach_limit       (ExtensionHostSpec      *self);
gboolean                extension_host_spec_can_wait_longer       (ExtensionHostSpec      *self);
gboolean                extension_host_spec_can_reach_backoff_max (ExtensionHostSpec      *self);

/* RFC 8259 and an object. On failure @offset is where it goes wrong, in bytes. */
gboolean                extension_host_spec_json_is_object    (const char                 *text,
                                                               gsize                      *offset);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostSpecFault, extension_host_spec_fault_free)

G_END_DECLS
