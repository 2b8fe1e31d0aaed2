/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-spec-private.h"

G_BEGIN_DECLS

/* What a property is in memory. */
typedef enum
{
  EXTENSION_HOST_SPEC_STORAGE_TEXT,
  EXTENSION_HOST_SPEC_STORAGE_STRV,
  EXTENSION_HOST_SPEC_STORAGE_BOOLEAN,
  EXTENSION_HOST_SPEC_STORAGE_ENUM,
  EXTENSION_HOST_SPEC_STORAGE_UINT,
  EXTENSION_HOST_SPEC_STORAGE_UINT64,
  EXTENSION_HOST_SPEC_STORAGE_INT,
  EXTENSION_HOST_SPEC_STORAGE_DOUBLE
} ExtensionHostSpecStorage;

/* How it is written in a file. */
typedef enum
{
  EXTENSION_HOST_SPEC_SYNTAX_TEXT,
  EXTENSION_HOST_SPEC_SYNTAX_PATH,
  EXTENSION_HOST_SPEC_SYNTAX_JSON,
  EXTENSION_HOST_SPEC_SYNTAX_COMMAND,
  EXTENSION_HOST_SPEC_SYNTAX_LIST,
  EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN,
  EXTENSION_HOST_SPEC_SYNTAX_NICK,
  EXTENSION_HOST_SPEC_SYNTAX_COUNT,
  EXTENSION_HOST_SPEC_SYNTAX_DURATION,
  EXTENSION_HOST_SPEC_SYNTAX_SIZE,
  EXTENSION_HOST_SPEC_SYNTAX_INTEGER,
  EXTENSION_HOST_SPEC_SYNTAX_OCTAL,
  EXTENSION_HOST_SPEC_SYNTAX_FRACTION
} ExtensionHostSpecSyntax;

/* One property. Numbers of any width are gint64 here, so a guint64 of G_MAXUINT64 is −1. */
typedef struct
{
  const char *name;
  ExtensionHostSpecStorage storage;
  ExtensionHostSpecSyntax syntax;
  gsize offset;
  GType (*get_type) (void);       /* of an enum */
  gint64 fallback;                /* the default */
  gint64 minimum;
  gint64 maximum;
  const char *word;               /* in a file: a value outside of that range; NULL = none */
  gint64 word_value;
  struct { double fallback, minimum, maximum; } fraction;
  const char *doc;                /* the first sentence of its documentation */
} ExtensionHostSpecRow;

const ExtensionHostSpecRow *extension_host_spec_get_rows     (guint                      *n_rows);
const ExtensionHostSpecRow *extension_host_spec_find_row     (const char                 *name);
char                       *extension_host_spec_row_dup_key  (const ExtensionHostSpecRow *row);
GParamSpec                 *extension_host_spec_row_to_pspec (const ExtensionHostSpecRow *row);

/* Values in the way that files write them. */
char                       *extension_host_spec_row_format   (const ExtensionHostSpecRow *row,
                                                              gint64                      number);

/* The fields, by row. */
#define extension_host_spec_field(self, row, type) \
  (*(type *) G_STRUCT_MEMBER_P ((self), (row)->offset))

gint64                      extension_host_spec_get_number   (ExtensionHostSpec          *self,
                                                              const ExtensionHostSpecRow *row);
void                        extension_host_spec_set_number   (ExtensionHostSpec          *self,
                                                              const ExtensionHostSpecRow *row,
                                                              gint64                      number);

G_END_DECLS
