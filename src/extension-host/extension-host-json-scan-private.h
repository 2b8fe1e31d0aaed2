/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The strict scan of one message: RFC 8259 to the letter, in one pass, without any memory but the
 * result. json-glib takes much for JSON that is none and dies of deep nesting, so nothing reaches
 * it that has not been through here. */

#define EXTENSION_HOST_JSON_MAX_DEPTH 128
#define EXTENSION_HOST_JSON_MAX_NODE_VALUES 250000   /* of which a JsonNode is still made */

typedef enum
{
  EXTENSION_HOST_JSON_VALID,
  EXTENSION_HOST_JSON_NOT_JSON,
  EXTENSION_HOST_JSON_TOO_DEEP,     /* stopped at the bracket that was one too many */
  EXTENSION_HOST_JSON_TRAILING      /* a document, and then more than white space */
} ExtensionHostJsonVerdict;

typedef enum
{
  EXTENSION_HOST_JSON_OTHER,
  EXTENSION_HOST_JSON_OBJECT,
  EXTENSION_HOST_JSON_ARRAY,
  EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS   /* not empty */
} ExtensionHostJsonDocument;

/* The members that are looked for: those of a message, of its `error`, of a cancellation, and of
 * what Node sends for itself. */
typedef enum
{
  EXTENSION_HOST_JSON_MEMBER_JSONRPC,
  EXTENSION_HOST_JSON_MEMBER_ID,
  EXTENSION_HOST_JSON_MEMBER_METHOD,
  EXTENSION_HOST_JSON_MEMBER_PARAMS,
  EXTENSION_HOST_JSON_MEMBER_RESULT,
  EXTENSION_HOST_JSON_MEMBER_ERROR,
  EXTENSION_HOST_JSON_MEMBER_CODE,
  EXTENSION_HOST_JSON_MEMBER_MESSAGE,
  EXTENSION_HOST_JSON_MEMBER_DATA,
  EXTENSION_HOST_JSON_MEMBER_REQUEST_ID,   /* requestId */
  EXTENSION_HOST_JSON_MEMBER_CMD,
  EXTENSION_HOST_JSON_N_MEMBERS
} ExtensionHostJsonMember;

/* One value, as its place in the text that was scanned. */
typedef struct
{
  gsize start;
  gsize length;                 /* 0: there is none, as no value is empty */
  gsize n_values;               /* the value and all values in it; names of members do not count */
  guint needs_repair : 1;       /* invalid UTF-8 or a lone surrogate: see json-repair */
  guint has_nul : 1;            /* \u0000, which json-glib takes for the end of the string */
} ExtensionHostJsonSpan;

typedef struct
{
  ExtensionHostJsonVerdict verdict;
  gsize error_offset;           /* where it went wrong; the length of the text if it is valid */
  ExtensionHostJsonDocument document;
  ExtensionHostJsonSpan whole;  /* the document without the space around it */
  ExtensionHostJsonSpan members[EXTENSION_HOST_JSON_N_MEMBERS];   /* of an object; the last wins */
  gboolean has_duplicates;      /* among these members */
} ExtensionHostJsonScan;

/* All but verdict and offset is for valid documents; after another verdict it says what had been
 * seen until then. */
gboolean    extension_host_json_scan      (ExtensionHostJsonScan *self,
                                           const char            *text,
                                           gsize                  length);

/* The end of the run of plain ASCII at @text: where a quote, a backslash, a control character or
 * a byte above 127 stands. All find the same; the scan uses the fastest that was compiled. */
const char *extension_host_json_run       (const char            *text,
                                           const char            *end);
const char *extension_host_json_run_bytes (const char            *text,
                                           const char            *end);
const char *extension_host_json_run_words (const char            *text,
                                           const char            *end);

G_END_DECLS
