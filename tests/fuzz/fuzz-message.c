/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-message-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            size_t        size);

static ExtensionHostMessage
read_back (GString *out)
{
  ExtensionHostJsonScan scan;
  ExtensionHostMessage message;

  g_assert_true (extension_host_json_scan (&scan, out->str, out->len));
  g_assert_false (scan.has_duplicates);
  g_assert_null (memchr (out->str, '\n', out->len));
  g_assert_null (memchr (out->str, '\r', out->len));
  extension_host_message_classify (&message, out->str, &scan);

  return message;
}

static void
check_span (const ExtensionHostJsonSpan *span,
            gsize                        size)
{
  g_assert_cmpuint (span->start, <=, size);
  g_assert_cmpuint (span->length, <=, size - span->start);
}

static void
assert_same (const char                  *text,
             const ExtensionHostJsonSpan *span,
             GString                     *out,
             const ExtensionHostJsonSpan *written)
{
  g_assert_cmpuint (span->length, ==, written->length);
  g_assert_cmpuint (span->n_values, ==, written->n_values);
  for (gsize i = 0; i < span->length; i++)
    {
      char c = text[span->start + i];

      g_assert_cmpint (c == '\n' || c == '\r' ? ' ' : c, ==, out->str[written->start + i]);
    }
}

/* A request that was read and is written comes back as the same. */
static void
check_request (const ExtensionHostMessage *message,
               const char                 *text)
{
  g_autofree char *method = extension_host_message_dup_method (message, text);
  g_autofree char *again = NULL;
  g_autoptr(GString) out = g_string_new (NULL);
  ExtensionHostMessage written;

  g_assert_true (g_utf8_validate (method, -1, NULL));
  extension_host_message_append_request (out, 7, method,
                                         message->payload.length > 0
                                         ? text + message->payload.start : NULL,
                                         message->payload.length);
  written = read_back (out);
  g_assert_cmpint (written.kind, ==, EXTENSION_HOST_MESSAGE_REQUEST);
  again = extension_host_message_dup_method (&written, out->str);
  g_assert_cmpstr (again, ==, method);
  assert_same (text, &message->payload, out, &written.payload);
}

/* The id of a request is echoed byte for byte. */
static void
check_echo (const ExtensionHostMessage *message,
            const char                 *text)
{
  g_autoptr(GString) out = g_string_new (NULL);
  ExtensionHostMessage written;

  extension_host_message_append_response (out, text + message->id.start, message->id.length,
                                          NULL, 0);
  written = read_back (out);
  if (written.kind == EXTENSION_HOST_MESSAGE_INVALID)
    g_assert_cmpint (written.problem, ==, EXTENSION_HOST_MESSAGE_FOREIGN_ID);
  assert_same (text, &message->id, out, &written.id);
}

static void
check_response (const ExtensionHostMessage *message,
                const char                 *text)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, message->call);
  g_autoptr(GString) out = g_string_new (NULL);
  ExtensionHostMessage written;

  g_assert_cmpint (message->call, >=, 0);
  g_assert_cmpint (message->call, <=, G_MAXINT32);
  extension_host_message_append_response (out, id, strlen (id), text + message->payload.start,
                                          message->payload.length);
  written = read_back (out);
  g_assert_cmpint (written.kind, ==, EXTENSION_HOST_MESSAGE_RESPONSE);
  g_assert_cmpint (written.call, ==, message->call);
  assert_same (text, &message->payload, out, &written.payload);
}

static void
check_error (const ExtensionHostMessage *message,
             const char                 *text)
{
  g_autofree char *said = extension_host_message_dup_error_message (message, text);
  g_autofree char *again = NULL;
  g_autoptr(GString) out = g_string_new (NULL);
  ExtensionHostMessage written;

  g_assert_true (g_utf8_validate (said, -1, NULL));
  extension_host_message_append_error (out, "7", 1, message->error_code, said,
                                       message->payload.length > 0
                                       ? text + message->payload.start : NULL,
                                       message->payload.length);
  written = read_back (out);
  g_assert_cmpint (written.kind, ==, EXTENSION_HOST_MESSAGE_ERROR_RESPONSE);
  g_assert_cmpint (written.error_code, ==, message->error_code);
  again = extension_host_message_dup_error_message (&written, out->str);
  g_assert_cmpstr (again, ==, said);
  assert_same (text, &message->payload, out, &written.payload);
}

/* Any bytes at all are good for a name. */
static void
check_string (const char *text,
              gsize       size)
{
  g_autoptr(GString) out = g_string_new (NULL);
  ExtensionHostJsonScan scan;

  extension_host_message_append_string (out, text, size);
  g_assert_true (extension_host_json_scan (&scan, out->str, out->len));
  g_assert_false (scan.whole.needs_repair);
  g_assert_cmpint (scan.document, ==, EXTENSION_HOST_JSON_OTHER);
  g_assert_cmpint (scan.whole.has_nul, ==, memchr (text, '\0', size) != NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        size_t        size)
{
  const char *text = (const char *) data;
  ExtensionHostJsonScan scan;
  ExtensionHostMessage message;

  if (size == 0)
    return 0;

  check_string (text, size);
  extension_host_json_scan (&scan, text, size);
  extension_host_message_classify (&message, text, &scan);
  check_span (&message.id, size);
  check_span (&message.method, size);
  check_span (&message.payload, size);
  check_span (&message.error_message, size);
  g_assert_nonnull (extension_host_message_describe_problem (message.problem));

  switch (message.kind)
    {
    case EXTENSION_HOST_MESSAGE_STRAY:
    case EXTENSION_HOST_MESSAGE_INVALID:
      break;
    case EXTENSION_HOST_MESSAGE_REQUEST:
      check_echo (&message, text);
      check_request (&message, text);
      break;
    case EXTENSION_HOST_MESSAGE_NOTIFICATION:
      check_request (&message, text);
      break;
    case EXTENSION_HOST_MESSAGE_RESPONSE:
      check_response (&message, text);
      break;
    case EXTENSION_HOST_MESSAGE_ERROR_RESPONSE:
      check_error (&message, text);
      break;
    default:
      g_assert_not_reached ();
    }

  return 0;
}
