/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-json-glib-private.h"
#include "extension-host-json-repair-private.h"
#include "extension-host-message-private.h"

#define HEAD "{\"jsonrpc\":\"2.0\""

typedef ExtensionHostMessageProblem Problem;

/* Ids */

static gsize
count_digits (const char *text,
              gsize       length)
{
  gsize n = 0;

  while (n < length && g_ascii_isdigit (text[n]))
    n++;

  return n;
}

gint64
extension_host_message_read_call (const char *id,
                                  gsize       length)
{
  gint64 call = 0;

  if (length > 2 && *id == '"')
    {
      id++;
      length -= 2;
    }

  /* We write no leading zero, so what has one is not ours. */
  if (length == 0 || length > 10 || count_digits (id, length) != length ||
      (*id == '0' && length > 1))
    return EXTENSION_HOST_MESSAGE_NO_CALL;

  for (gsize i = 0; i < length; i++)
    call = call * 10 + (id[i] - '0');

  return call <= G_MAXINT32 ? call : EXTENSION_HOST_MESSAGE_NO_CALL;
}

/* Of a raw value, absent or not. */
static Problem
check_id (const char *id,
          gsize       length)
{
  gsize sign = 0;

  if (length == 0)
    return EXTENSION_HOST_MESSAGE_NO_ID;
  if (*id == '"')
    return EXTENSION_HOST_MESSAGE_OK;
  if (*id == 'n')
    return EXTENSION_HOST_MESSAGE_NULL_ID;
  if (*id != '-' && !g_ascii_isdigit (*id))
    return EXTENSION_HOST_MESSAGE_WRONG_ID;

  sign = *id == '-' ? 1 : 0;

  return sign + count_digits (id + sign, length - sign) == length
         ? EXTENSION_HOST_MESSAGE_OK : EXTENSION_HOST_MESSAGE_FRACTIONAL_ID;
}

gboolean
extension_host_message_is_request_id (const char *id,
                                      gsize       length)
{
  return check_id (id, length) == EXTENSION_HOST_MESSAGE_OK;
}

/* Reading */

static const ExtensionHostJsonSpan *
get_member (const ExtensionHostJsonScan *scan,
            ExtensionHostJsonMember      member)
{
  return &scan->members[member];
}

static gboolean
has_member (const ExtensionHostJsonScan *scan,
            ExtensionHostJsonMember      member)
{
  return scan->members[member].length > 0;
}

static Problem
check_version (const char                  *text,
               const ExtensionHostJsonScan *scan)
{
  const ExtensionHostJsonSpan *version = get_member (scan, EXTENSION_HOST_JSON_MEMBER_JSONRPC);

  if (version->length == 0)
    return EXTENSION_HOST_MESSAGE_NO_VERSION;
  if (text[version->start] != '"' ||
      !extension_host_json_string_equals (text + version->start, version->length, "2.0"))
    return EXTENSION_HOST_MESSAGE_WRONG_VERSION;

  return EXTENSION_HOST_MESSAGE_OK;
}

/* What names a method is never taken for the answer to a call. */
static void
find_call (ExtensionHostMessage        *self,
           const char                  *text,
           const ExtensionHostJsonScan *scan)
{
  const ExtensionHostJsonSpan *id = get_member (scan, EXTENSION_HOST_JSON_MEMBER_ID);

  if (!has_member (scan, EXTENSION_HOST_JSON_MEMBER_METHOD))
    self->call = extension_host_message_read_call (text + id->start, id->length);
}

/* A request or a notification. */
static Problem
read_request (ExtensionHostMessage        *self,
              const char                  *text,
              const ExtensionHostJsonScan *scan)
{
  const char *method = text + self->method.start;
  const char *params = NULL;

  if (*method != '"' || self->method.length == 2 || self->method.has_nul)
    return EXTENSION_HOST_MESSAGE_WRONG_METHOD;

  self->payload = *get_member (scan, EXTENSION_HOST_JSON_MEMBER_PARAMS);
  params = text + self->payload.start;
  if (self->payload.length > 0 && *params != '{' && *params != '[')
    return EXTENSION_HOST_MESSAGE_WRONG_PARAMS;

  if (self->id.length == 0)
    {
      self->kind = EXTENSION_HOST_MESSAGE_NOTIFICATION;
      return EXTENSION_HOST_MESSAGE_OK;
    }

  self->kind = EXTENSION_HOST_MESSAGE_REQUEST;

  return check_id (text + self->id.start, self->id.length);
}

static gboolean
read_int (const char *text,
          gsize       length,
          int        *number)
{
  gboolean is_negative = length > 0 && *text == '-';
  gint64 value = 0;

  if (is_negative)
    {
      text++;
      length--;
    }
  if (length == 0 || length > 10 || count_digits (text, length) != length)
    return FALSE;

  for (gsize i = 0; i < length; i++)
    value = value * 10 + (text[i] - '0');
  if (is_negative)
    value = -value;
  if (value < G_MININT || value > G_MAXINT)
    return FALSE;

  *number = (int) value;

  return TRUE;
}

/* From a span of a part of the text to one of the text. */
static ExtensionHostJsonSpan
shift (const ExtensionHostJsonSpan *span,
       gsize                        by)
{
  ExtensionHostJsonSpan shifted = *span;

  if (shifted.length > 0)
    shifted.start += by;

  return shifted;
}

static Problem
read_error (ExtensionHostMessage        *self,
            const char                  *text,
            const ExtensionHostJsonSpan *error)
{
  const char *inner = text + error->start;
  const ExtensionHostJsonSpan *code = NULL;
  const ExtensionHostJsonSpan *message = NULL;
  ExtensionHostJsonScan scan;

  if (*inner != '{' || !extension_host_json_scan (&scan, inner, error->length))
    return EXTENSION_HOST_MESSAGE_WRONG_ERROR;

  code = get_member (&scan, EXTENSION_HOST_JSON_MEMBER_CODE);
  message = get_member (&scan, EXTENSION_HOST_JSON_MEMBER_MESSAGE);
  if (!read_int (inner + code->start, code->length, &self->error_code) ||
      message->length == 0 || inner[message->start] != '"')
    return EXTENSION_HOST_MESSAGE_WRONG_ERROR;

  self->error_message = shift (message, error->start);
  self->payload = shift (get_member (&scan, EXTENSION_HOST_JSON_MEMBER_DATA), error->start);

  return EXTENSION_HOST_MESSAGE_OK;
}

static Problem
read_response (ExtensionHostMessage        *self,
               const char                  *text,
               const ExtensionHostJsonScan *scan)
{
  const ExtensionHostJsonSpan *error = get_member (scan, EXTENSION_HOST_JSON_MEMBER_ERROR);
  Problem problem = check_id (text + self->id.start, self->id.length);

  if (problem != EXTENSION_HOST_MESSAGE_OK)
    return problem;
  if (self->call == EXTENSION_HOST_MESSAGE_NO_CALL)
    return EXTENSION_HOST_MESSAGE_FOREIGN_ID;

  if (error->length > 0)
    {
      self->kind = EXTENSION_HOST_MESSAGE_ERROR_RESPONSE;
      return read_error (self, text, error);
    }

  self->kind = EXTENSION_HOST_MESSAGE_RESPONSE;
  self->payload = *get_member (scan, EXTENSION_HOST_JSON_MEMBER_RESULT);

  return EXTENSION_HOST_MESSAGE_OK;
}

static Problem
read_object (ExtensionHostMessage        *self,
             const char                  *text,
             const ExtensionHostJsonScan *scan)
{
  gboolean has_method = has_member (scan, EXTENSION_HOST_JSON_MEMBER_METHOD);
  gboolean has_result = has_member (scan, EXTENSION_HOST_JSON_MEMBER_RESULT);
  gboolean has_error = has_member (scan, EXTENSION_HOST_JSON_MEMBER_ERROR);
  Problem problem = check_version (text, scan);

  self->id = *get_member (scan, EXTENSION_HOST_JSON_MEMBER_ID);
  self->method = *get_member (scan, EXTENSION_HOST_JSON_MEMBER_METHOD);

  if (problem != EXTENSION_HOST_MESSAGE_OK)
    return problem;
  if (has_method + has_result + has_error > 1)
    return EXTENSION_HOST_MESSAGE_AMBIGUOUS;
  if (has_method)
    return read_request (self, text, scan);
  if (has_result || has_error)
    return read_response (self, text, scan);

  return EXTENSION_HOST_MESSAGE_EMPTY;
}

static Problem
read_document (ExtensionHostMessage        *self,
               const char                  *text,
               const ExtensionHostJsonScan *scan)
{
  if (scan->verdict == EXTENSION_HOST_JSON_TOO_DEEP)
    return EXTENSION_HOST_MESSAGE_TOO_DEEP;
  if (scan->verdict == EXTENSION_HOST_JSON_NOT_JSON)
    return EXTENSION_HOST_MESSAGE_OK;
  if (scan->document != EXTENSION_HOST_JSON_OBJECT &&
      scan->document != EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS)
    return EXTENSION_HOST_MESSAGE_OK;

  find_call (self, text, scan);
  if (scan->verdict == EXTENSION_HOST_JSON_TRAILING)
    return EXTENSION_HOST_MESSAGE_SECOND_DOCUMENT;
  if (scan->document == EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS)
    return EXTENSION_HOST_MESSAGE_BATCH;

  return read_object (self, text, scan);
}

void
extension_host_message_classify (ExtensionHostMessage        *self,
                                 const char                  *text,
                                 const ExtensionHostJsonScan *scan)
{
  *self = (ExtensionHostMessage) {
    .kind = EXTENSION_HOST_MESSAGE_STRAY,
    .call = EXTENSION_HOST_MESSAGE_NO_CALL,
  };

  self->problem = read_document (self, text, scan);
  if (self->problem != EXTENSION_HOST_MESSAGE_OK)
    self->kind = EXTENSION_HOST_MESSAGE_INVALID;
}

const char *
extension_host_message_describe_problem (ExtensionHostMessageProblem problem)
{
  switch (problem)
    {
    case EXTENSION_HOST_MESSAGE_OK:
      return "no problem";
    case EXTENSION_HOST_MESSAGE_TOO_DEEP:
      return "nested too deeply";
    case EXTENSION_HOST_MESSAGE_SECOND_DOCUMENT:
      return "more text after the message";
    case EXTENSION_HOST_MESSAGE_BATCH:
      return "a batch";
    case EXTENSION_HOST_MESSAGE_NO_VERSION:
      return "no jsonrpc member";
    case EXTENSION_HOST_MESSAGE_WRONG_VERSION:
      return "jsonrpc is not \"2.0\"";
    case EXTENSION_HOST_MESSAGE_NO_ID:
      return "a response without id";
    case EXTENSION_HOST_MESSAGE_NULL_ID:
      return "the id is null";
    case EXTENSION_HOST_MESSAGE_FRACTIONAL_ID:
      return "the id has a fraction or an exponent";
    case EXTENSION_HOST_MESSAGE_WRONG_ID:
      return "the id is neither number nor string";
    case EXTENSION_HOST_MESSAGE_FOREIGN_ID:
      return "a response to an id never issued";
    case EXTENSION_HOST_MESSAGE_WRONG_METHOD:
      return "the method is not a name";
    case EXTENSION_HOST_MESSAGE_WRONG_PARAMS:
      return "params are neither object nor array";
    case EXTENSION_HOST_MESSAGE_WRONG_ERROR:
      return "the error is no object with code and message";
    case EXTENSION_HOST_MESSAGE_AMBIGUOUS:
      return "more than one of method, result and error";
    case EXTENSION_HOST_MESSAGE_EMPTY:
      return "none of method, result and error";
    default:
      g_return_val_if_reached (NULL);
    }
}

char *
extension_host_message_dup_method (const ExtensionHostMessage *self,
                                   const char                 *text)
{
  return extension_host_json_decode_string (text + self->method.start, self->method.length);
}

char *
extension_host_message_dup_error_message (const ExtensionHostMessage *self,
                                          const char                 *text)
{
  return extension_host_json_decode_string (text + self->error_message.start,
                                            self->error_message.length);
}

/* Writing */

/* g_string_append_len() is a call that looks at more than this, and a message is made of eight pieces. */
static inline void
append (GString    *out,
        const char *text,
        gsize       length)
{
  if (out->allocated_len - out->len <= length)
    {
      g_string_append_len (out, text, (gssize) length);
      return;
    }

  memcpy (out->str + out->len, text, length);
  out->len += length;
  out->str[out->len] = '\0';
}

#define append_literal(out, text) append (out, text, sizeof (text) - 1)

static void
append_control (GString *out,
                char     c)
{
  static const char codes[] = "\b\f\n\r\t";
  static const char letters[] = "bfnrt";
  const char *code = c != '\0' ? strchr (codes, c) : NULL;

  if (code != NULL)
    g_string_append_printf (out, "\\%c", letters[code - codes]);
  else
    g_string_append_printf (out, "\\u%04x", (guint) c);
}

/* One character that does not stand for itself. */
static guint
append_special (GString    *out,
                const char *text,
                const char *end)
{
  gboolean is_valid = FALSE;
  guint n_bytes = 1;

  if ((guchar) *text >= 0x80)
    {
      n_bytes = extension_host_json_sequence (text, end, &is_valid);
      if (is_valid)
        g_string_append_len (out, text, n_bytes);
      else
        g_string_append_unichar (out, 0xfffd);
    }
  else if ((guchar) *text < 0x20)
    append_control (out, *text);
  else
    {
      g_string_append_c (out, '\\');
      g_string_append_c (out, *text);
    }

  return n_bytes;
}

void
extension_host_message_append_string (GString    *out,
                                      const char *text,
                                      gsize       length)
{
  const char *end = text + length;

  append_literal (out, "\"");
  while (text < end)
    {
      const char *special = extension_host_json_run (text, end);

      append (out, text, (gsize) (special - text));
      text = special;
      if (text < end)
        text += append_special (out, text, end);
    }
  append_literal (out, "\"");
}

/* Valid JSON has line breaks between its tokens only, where a space is as good. */
static void
blank_line_breaks (GString *out,
                   gsize    start)
{
  for (char *p = out->str + start; (p = memchr (p, '\n', out->str + out->len - p)) != NULL; )
    *p = ' ';
  for (char *p = out->str + start; (p = memchr (p, '\r', out->str + out->len - p)) != NULL; )
    *p = ' ';
}

static void
append_payload (GString    *out,
                const char *name,
                const char *payload,
                gsize       length)
{
  gsize start = 0;

  if (payload == NULL)
    return;

  append (out, name, strlen (name));
  start = out->len;
  append (out, payload, length);
  blank_line_breaks (out, start);
}

static void
append_node (GString    *out,
             const char *name,
             JsonNode   *node)
{
  gsize start = 0;

  if (node == NULL)
    return;

  append (out, name, strlen (name));
  start = out->len;
  extension_host_json_write (node, out);
  blank_line_breaks (out, start);
}

/* Without printf, which would cost more than all the rest of a short message. */
static void
append_number (GString *out,
               gint64   number)
{
  char digits[24];
  char *p = digits + sizeof digits;
  guint64 rest = ABS (number);

  do
    *--p = '0' + rest % 10;
  while ((rest /= 10) > 0);
  if (number < 0)
    *--p = '-';

  append (out, p, (gsize) (digits + sizeof digits - p));
}

static void
append_method (GString    *out,
               const char *method)
{
  append_literal (out, ",\"method\":");
  extension_host_message_append_string (out, method, strlen (method));
}

void
extension_host_message_append_request (GString    *out,
                                       guint32     call,
                                       const char *method,
                                       const char *params,
                                       gsize       length)
{
  append_literal (out, HEAD ",\"id\":");
  append_number (out, call);
  append_method (out, method);
  append_payload (out, ",\"params\":", params, length);
  append_literal (out, "}");
}

void
extension_host_message_append_request_node (GString    *out,
                                            guint32     call,
                                            const char *method,
                                            JsonNode   *params)
{
  append_literal (out, HEAD ",\"id\":");
  append_number (out, call);
  append_method (out, method);
  append_node (out, ",\"params\":", params);
  append_literal (out, "}");
}

void
extension_host_message_append_notification (GString    *out,
                                            const char *method,
                                            const char *params,
                                            gsize       length)
{
  append_literal (out, HEAD);
  append_method (out, method);
  append_payload (out, ",\"params\":", params, length);
  append_literal (out, "}");
}

void
extension_host_message_append_cancel (GString    *out,
                                      const char *method,
                                      const char *id_member,
                                      guint32     call,
                                      const char *reason)
{
  append_literal (out, HEAD);
  append_method (out, method);
  append_literal (out, ",\"params\":{");
  extension_host_message_append_string (out, id_member, strlen (id_member));
  g_string_append_c (out, ':');
  append_number (out, call);
  if (reason != NULL)
    {
      append_literal (out, ",\"reason\":");
      extension_host_message_append_string (out, reason, strlen (reason));
    }
  append_literal (out, "}}");
}

static void
append_reply_head (GString    *out,
                   const char *id,
                   gsize       id_length)
{
  append_literal (out, HEAD ",\"id\":");
  if (id != NULL)
    g_string_append_len (out, id, id_length);
  else
    append_literal (out, "null");
}

void
extension_host_message_append_response (GString    *out,
                                        const char *id,
                                        gsize       id_length,
                                        const char *result,
                                        gsize       length)
{
  append_reply_head (out, id, id_length);
  if (result != NULL)
    append_payload (out, ",\"result\":", result, length);
  else
    append_literal (out, ",\"result\":null");
  append_literal (out, "}");
}

void
extension_host_message_append_error (GString    *out,
                                     const char *id,
                                     gsize       id_length,
                                     int         code,
                                     const char *message,
                                     const char *data,
                                     gsize       length)
{
  append_reply_head (out, id, id_length);
  append_literal (out, ",\"error\":{\"code\":");
  append_number (out, code);
  append_literal (out, ",\"message\":");
  extension_host_message_append_string (out, message, strlen (message));
  append_payload (out, ",\"data\":", data, length);
  append_literal (out, "}}");
}
