/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "extension-host-json-scan-private.h"

G_BEGIN_DECLS

/* What a scanned document says as a message of JSON-RPC 2.0, and how ours are written. */

#define EXTENSION_HOST_MESSAGE_NO_CALL (-1)

typedef enum
{
  EXTENSION_HOST_MESSAGE_STRAY,          /* no message: a line for the log */
  EXTENSION_HOST_MESSAGE_INVALID,        /* meant as a message and wrong: see `problem` */
  EXTENSION_HOST_MESSAGE_REQUEST,
  EXTENSION_HOST_MESSAGE_NOTIFICATION,
  EXTENSION_HOST_MESSAGE_RESPONSE,
  EXTENSION_HOST_MESSAGE_ERROR_RESPONSE
} ExtensionHostMessageKind;

typedef enum
{
  EXTENSION_HOST_MESSAGE_OK,
  EXTENSION_HOST_MESSAGE_TOO_DEEP,
  EXTENSION_HOST_MESSAGE_SECOND_DOCUMENT,
  EXTENSION_HOST_MESSAGE_BATCH,
  EXTENSION_HOST_MESSAGE_NO_VERSION,
  EXTENSION_HOST_MESSAGE_WRONG_VERSION,
  EXTENSION_HOST_MESSAGE_NO_ID,
  EXTENSION_HOST_MESSAGE_NULL_ID,
  EXTENSION_HOST_MESSAGE_FRACTIONAL_ID,
  EXTENSION_HOST_MESSAGE_WRONG_ID,       /* neither number nor string */
  EXTENSION_HOST_MESSAGE_FOREIGN_ID,     /* of a response; no id of ours looks like that */
  EXTENSION_HOST_MESSAGE_WRONG_METHOD,   /* no string, empty, or with NUL */
  EXTENSION_HOST_MESSAGE_WRONG_PARAMS,   /* neither object nor array */
  EXTENSION_HOST_MESSAGE_WRONG_ERROR,    /* no object with an integer `code` and a text */
  EXTENSION_HOST_MESSAGE_AMBIGUOUS,      /* more than one of method, result, error */
  EXTENSION_HOST_MESSAGE_EMPTY           /* none of them */
} ExtensionHostMessageProblem;

typedef struct
{
  ExtensionHostMessageKind kind;
  ExtensionHostMessageProblem problem;

  /* Spans of the scanned text. */
  ExtensionHostJsonSpan id;              /* of a request: to be echoed byte for byte */
  ExtensionHostJsonSpan method;
  ExtensionHostJsonSpan payload;         /* params, result, or data of the error; may be absent */
  ExtensionHostJsonSpan error_message;

  /* The call that a response is for, 0 to G_MAXINT32, or NO_CALL. Known even if the response is
   * invalid, so that its call need not wait for its deadline; but not if it is nested too deeply:
   * ExtensionHostOversize finds it there. */
  gint64 call;
  int error_code;
} ExtensionHostMessage;

void        extension_host_message_classify            (ExtensionHostMessage        *self,
                                                        const char                  *text,
                                                        const ExtensionHostJsonScan *scan);

const char *extension_host_message_describe_problem    (ExtensionHostMessageProblem  problem);

/* UTF-8, repaired; free with g_free (). */
char       *extension_host_message_dup_method          (const ExtensionHostMessage  *self,
                                                        const char                  *text);
char       *extension_host_message_dup_error_message   (const ExtensionHostMessage  *self,
                                                        const char                  *text);

/* The number of an id of ours, given raw: plain digits below 2^31, bare or as a string. NO_CALL if
 * it is none. */
gint64      extension_host_message_read_call           (const char                  *id,
                                                        gsize                        length);

/* Whether a raw id may be one of a request: a string, or a number without fraction and exponent. */
gboolean    extension_host_message_is_request_id       (const char                  *id,
                                                        gsize                        length);

/* The writers append one message without framing, on a single line. A payload is valid JSON, which
 * the caller has scanned, and spliced in as it is but for its line breaks; NULL leaves it out.
 * Names and texts need not be valid UTF-8. */
void        extension_host_message_append_request      (GString                     *out,
                                                        guint32                      call,
                                                        const char                  *method,
                                                        const char                  *params,
                                                        gsize                        length);
void        extension_host_message_append_request_node (GString                     *out,
                                                        guint32                      call,
                                                        const char                  *method,
                                                        JsonNode                    *params);
void        extension_host_message_append_notification (GString                     *out,
                                                        const char                  *method,
                                                        const char                  *params,
                                                        gsize                        length);

/* The cancellation of a call: `id_member` is “id” or “requestId”; @reason may be NULL. */
void        extension_host_message_append_cancel       (GString                     *out,
                                                        const char                  *method,
                                                        const char                  *id_member,
                                                        guint32                      call,
                                                        const char                  *reason);

/* Replies: @id is the raw id of the request, NULL writes null. A result of NULL is null too. */
void        extension_host_message_append_response     (GString                     *out,
                                                        const char                  *id,
                                                        gsize                        id_length,
                                                        const char                  *result,
                                                        gsize                        length);
void        extension_host_message_append_error        (GString                     *out,
                                                        const char                  *id,
                                                        gsize                        id_length,
                                                        int                          code,
                                                        const char                  *message,
                                                        const char                  *data,
                                                        gsize                        length);

/* A JSON string with its quotes. */
void        extension_host_message_append_string       (GString                     *out,
                                                        const char                  *text,
                                                        gsize                        length);

G_END_DECLS
