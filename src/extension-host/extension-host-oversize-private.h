/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads a message that is too large to be kept, as it comes, to find whom it is for: wherever its
 * id stands, the call fails at once and not at its deadline. It keeps a few bytes, whatever is fed
 * to it. What it is fed need not be JSON: what looked like a message up to a mistake counts. It
 * has no limit of nesting, so it also serves for messages that were refused as too deep. */

#define EXTENSION_HOST_OVERSIZE_ID_MAX 40   /* a UUID with its quotes has 38 */

typedef enum
{
  EXTENSION_HOST_OVERSIZE_OTHER,          /* no message that could be told */
  EXTENSION_HOST_OVERSIZE_REQUEST,
  EXTENSION_HOST_OVERSIZE_NOTIFICATION,
  EXTENSION_HOST_OVERSIZE_RESPONSE        /* with a result or an error */
} ExtensionHostOversizeKind;

typedef enum
{
  EXTENSION_HOST_OVERSIZE_AT_START,
  EXTENSION_HOST_OVERSIZE_AT_NAME,        /* of a member of the outermost object */
  EXTENSION_HOST_OVERSIZE_IN_NAME,
  EXTENSION_HOST_OVERSIZE_AT_COLON,
  EXTENSION_HOST_OVERSIZE_AT_VALUE,
  EXTENSION_HOST_OVERSIZE_IN_STRING,
  EXTENSION_HOST_OVERSIZE_IN_SCALAR,
  EXTENSION_HOST_OVERSIZE_AT_COMMA,
  EXTENSION_HOST_OVERSIZE_NESTED,
  EXTENSION_HOST_OVERSIZE_NESTED_STRING,
  EXTENSION_HOST_OVERSIZE_PAST            /* nothing more is to be learned */
} ExtensionHostOversizePlace;

typedef struct
{
  gboolean is_counted;
  gboolean is_done;             /* the end has been seen: the newline, or the last byte */
  guint64 left;                 /* if counted: bytes that are still to come */

  ExtensionHostOversizePlace place;
  guint64 depth;                /* of nesting below the outermost object */
  gboolean is_escaped;          /* in a string, behind a backslash */
  guint n_hex;                  /* in a name: digits of an escape that are still to come */
  guint code;
  char name[8];                 /* begin of the name, unescaped; longer ones are not looked for */
  guint name_length;

  gboolean is_id;               /* the value under way is that of the id */
  gboolean has_id;
  gboolean has_method;
  gboolean has_answer;
  char id[EXTENSION_HOST_OVERSIZE_ID_MAX];   /* raw */
  guint id_length;              /* more than the array holds if it is too long */
} ExtensionHostOversize;

/* A line ends with its newline, which is consumed, a counted message with its last byte. */
void                      extension_host_oversize_init_line    (ExtensionHostOversize  *self);
void                      extension_host_oversize_init_counted (ExtensionHostOversize  *self,
                                                                guint64                 length);

/* Returns how many bytes belonged to the message. `is_done` says whether it has ended. */
gsize                     extension_host_oversize_feed         (ExtensionHostOversize  *self,
                                                                const char             *bytes,
                                                                gsize                   length);

ExtensionHostOversizeKind extension_host_oversize_get_kind     (ExtensionHostOversize  *self);

/* The call that it answers, or EXTENSION_HOST_MESSAGE_NO_CALL. */
gint64                    extension_host_oversize_get_call     (ExtensionHostOversize  *self);

/* The raw id of a request, fit to be echoed. NULL if there is none, or it is too long. */
const char               *extension_host_oversize_get_id       (ExtensionHostOversize  *self,
                                                                gsize                  *length);

G_END_DECLS
