/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-json-repair-private.h"
#include "extension-host-rpc-private.h"

#define NODE_PREFIX "\"NODE_"   /* raw, with the quote of the string */
#define NODE_HANDLE_NACK "{\"cmd\":\"NODE_HANDLE_NACK\"}"

/* What comes from the host: replies to our calls, and calls of its own. */

/* Answers to the host */

static gboolean
send_reply (ExtensionHostRpc      *self,
            ExtensionHostIncoming *request,
            GString               *text)
{
  gboolean current = self->channel != NULL && request->generation == self->generation;

  if (current)
    {
      self->inbound--;
      self->inbound_bytes -= request->params.bytes != NULL
                               ? g_bytes_get_size (request->params.bytes) : 0;
      extension_host_channel_send (self->channel, text->str, text->len);
    }
  g_string_free (text, TRUE);

  return current;
}

/* Answers are not held back by our own limit: the host waits for them to go on reading. */
gboolean
extension_host_rpc_return (ExtensionHostRpc      *self,
                           ExtensionHostIncoming *request,
                           const char            *result,
                           gsize                  length)
{
  GString *text = g_string_new (NULL);

  extension_host_message_append_response (text, request->id, strlen (request->id), result, length);

  return send_reply (self, request, text);
}

gboolean
extension_host_rpc_return_error (ExtensionHostRpc      *self,
                                 ExtensionHostIncoming *request,
                                 int                    code,
                                 const char            *message)
{
  GString *text = g_string_new (NULL);

  extension_host_message_append_error (text, request->id, strlen (request->id), code, message,
                                       NULL, 0);

  return send_reply (self, request, text);
}

/* Receiving */

static gboolean
was_issued (ExtensionHostRpc *self,
            gint64            id)
{
  return id > 0 && (self->wrapped || id <= self->last_id);
}

/* The call that a reply is for. NULL if there is none, and that is counted. */
static ExtensionHostCall *
find_call (ExtensionHostRpc *self,
           gint64            id)
{
  ExtensionHostCall *call = NULL;

  if (id >= 0)
    call = g_hash_table_lookup (self->calls, GUINT_TO_POINTER ((guint32) id));

  /* One that waits in the queue was not asked yet: whoever answers it guesses. */
  if (call != NULL && call->generation == self->generation)
    {
      self->funcs->replied (call->sent, g_get_monotonic_time (), call->urgent, self->owner);
      return call;
    }

  if (was_issued (self, id) && (call == NULL || call->generation != 0))
    self->funcs->stale (self->owner);
  else
    self->funcs->problem ("an answer to a call that was never made", self->owner);

  return NULL;
}

static void
take_response (ExtensionHostRpc           *self,
               const ExtensionHostMessage *message,
               const char                 *text,
               GBytes                     *whole)
{
  ExtensionHostCall *call = find_call (self, message->call);
  ExtensionHostReply *reply = NULL;

  if (call == NULL)
    return;

  reply = g_new0 (ExtensionHostReply, 1);
  extension_host_payload_take_span (&reply->payload, text, whole, &message->payload);
  if (message->kind == EXTENSION_HOST_MESSAGE_ERROR_RESPONSE)
    {
      g_autofree char *what = extension_host_message_dup_error_message (message, text);

      reply->error = g_error_new_literal (EXTENSION_HOST_RPC_ERROR, message->error_code, what);
      reply->payload.is_shared = TRUE;
    }

  extension_host_rpc_answer (self, call, reply);
}

/* A host that does not read its answers gets none. */
static gboolean
may_answer (ExtensionHostRpc *self)
{
  return extension_host_rpc_get_queued (self) <= self->spec->max_write_queue;
}

static void
refuse_request (ExtensionHostRpc *self,
                const char       *id,
                gsize             length,
                int               code,
                const char       *why)
{
  GString *reply = g_string_new (NULL);

  extension_host_message_append_error (reply, id, length, code, why, NULL, 0);
  extension_host_channel_send (self->channel, reply->str, reply->len);
  g_string_free (reply, TRUE);
}

/* Whether a request may be taken on. */
static gboolean
admit_request (ExtensionHostRpc           *self,
               const ExtensionHostMessage *message,
               const char                 *text)
{
  if (!may_answer (self))
    {
      self->funcs->problem ("a request of a host that does not read the answers", self->owner);
      return FALSE;
    }

  if (self->inbound >= self->spec->max_inbound ||
      self->inbound_bytes + message->payload.length > 2 * (gsize) self->spec->max_message_size ||
      !self->funcs->may_take_in (self->owner))
    {
      refuse_request (self, text + message->id.start, message->id.length,
                      EXTENSION_HOST_RPC_ERROR_TOO_MANY_REQUESTS, "too many requests in work");
      return FALSE;
    }

  self->inbound++;
  self->inbound_bytes += message->payload.length;

  return TRUE;
}

static void
take_incoming (ExtensionHostRpc           *self,
               const ExtensionHostMessage *message,
               const char                 *text,
               GBytes                     *whole)
{
  ExtensionHostIncoming *incoming = NULL;

  if (message->kind == EXTENSION_HOST_MESSAGE_REQUEST && !admit_request (self, message, text))
    return;

  incoming = g_new0 (ExtensionHostIncoming, 1);
  incoming->method = extension_host_message_dup_method (message, text);
  incoming->generation = self->generation;
  extension_host_payload_take_span (&incoming->params, text, whole, &message->payload);
  incoming->params.is_shared = TRUE;
  if (message->kind == EXTENSION_HOST_MESSAGE_REQUEST)
    incoming->id = g_strndup (text + message->id.start, message->id.length);

  self->funcs->incoming (incoming, self->owner);
}

/* What is wrong is answered if it was a request, as JSON-RPC 2.0 has it (section 5.1). */
static void
refuse_invalid (ExtensionHostRpc      *self,
                ExtensionHostOversize *reader,
                const char            *why)
{
  gsize length = 0;
  const char *id = extension_host_oversize_get_id (reader, &length);

  if (id != NULL && may_answer (self))
    refuse_request (self, id, length, EXTENSION_HOST_RPC_ERROR_INVALID_REQUEST, why);
}

/* A reply that is wrong is the one reply that its call gets. */
static void
fail_answered (ExtensionHostRpc *self,
               gint64            id,
               const char       *what)
{
  ExtensionHostCall *call = NULL;

  if (id != EXTENSION_HOST_MESSAGE_NO_CALL)
    call = g_hash_table_lookup (self->calls, GUINT_TO_POINTER ((guint32) id));

  if (call != NULL && call->generation == self->generation)
    extension_host_rpc_fail (self, call,
          g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                       _("Host “%s” sent a wrong answer: %s"), self->spec->id, what));
}

static void
take_invalid (ExtensionHostRpc           *self,
              const ExtensionHostMessage *message,
              const char                 *text,
              gsize                       length)
{
  const char *what = extension_host_message_describe_problem (message->problem);
  ExtensionHostOversize reader;

  /* This reads on where the scan gave up. */
  extension_host_oversize_init_counted (&reader, length);
  extension_host_oversize_feed (&reader, text, length);

  self->funcs->problem (what, self->owner);
  if (message->problem != EXTENSION_HOST_MESSAGE_AMBIGUOUS)
    refuse_invalid (self, &reader, what);
  fail_answered (self, message->problem == EXTENSION_HOST_MESSAGE_TOO_DEEP
                         ? extension_host_oversize_get_call (&reader) : message->call, what);
}

/* What Node says to Node: objects whose `cmd` begins so never reach a program. Node itself escapes
 * nothing in there. */
static gboolean
is_for_node (ExtensionHostRpc            *self,
             const char                  *text,
             const ExtensionHostJsonScan *scan)
{
  const ExtensionHostJsonSpan *cmd = &scan->members[EXTENSION_HOST_JSON_MEMBER_CMD];

  return extension_host_spec_uses_ipc (self->spec) &&
         scan->verdict == EXTENSION_HOST_JSON_VALID &&
         scan->document == EXTENSION_HOST_JSON_OBJECT &&
         cmd->length > strlen (NODE_PREFIX) &&
         memcmp (text + cmd->start, NODE_PREFIX, strlen (NODE_PREFIX)) == 0;
}

/* A socket or a server that the program has sent along is not taken, as between two Nodes one may
 * get lost: without this answer Node would hold back all that it has to say from then on. */
static void
take_for_node (ExtensionHostRpc            *self,
               const char                  *text,
               const ExtensionHostJsonScan *scan)
{
  const ExtensionHostJsonSpan *cmd = &scan->members[EXTENSION_HOST_JSON_MEMBER_CMD];

  if (extension_host_json_string_equals (text + cmd->start, cmd->length, "NODE_HANDLE") &&
      may_answer (self))
    extension_host_channel_send (self->channel, NODE_HANDLE_NACK, strlen (NODE_HANDLE_NACK));
}

/* One message of the channel. It is that of @whole, if that is not NULL. */
static void
take (ExtensionHostRpc *self,
      const char       *text,
      gsize             length,
      GBytes           *whole)
{
  ExtensionHostJsonScan scan;
  ExtensionHostMessage message;

  extension_host_json_scan (&scan, text, length);
  if (is_for_node (self, text, &scan))
    {
      take_for_node (self, text, &scan);
      return;
    }

  extension_host_message_classify (&message, text, &scan);

  switch (message.kind)
    {
    case EXTENSION_HOST_MESSAGE_RESPONSE:
    case EXTENSION_HOST_MESSAGE_ERROR_RESPONSE:
      take_response (self, &message, text, whole);
      break;

    case EXTENSION_HOST_MESSAGE_REQUEST:
    case EXTENSION_HOST_MESSAGE_NOTIFICATION:
      take_incoming (self, &message, text, whole);
      break;

    case EXTENSION_HOST_MESSAGE_INVALID:
      take_invalid (self, &message, text, length);
      break;

    case EXTENSION_HOST_MESSAGE_STRAY:
    default:
      self->funcs->stray (text, length, self->owner);
      break;
    }
}

/* One whole message of the channel. */
void
extension_host_rpc_take (ExtensionHostRpc *self,
                         const char       *text,
                         gsize             length)
{
  take (self, text, length, NULL);
}

/* The same for one that need not be copied. */
void
extension_host_rpc_take_bytes (ExtensionHostRpc *self,
                               GBytes           *message)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (message, &length);

  take (self, text, length, message);
}

static void
end_oversize (ExtensionHostRpc *self)
{
  const char *what = "a message that is too long";
  ExtensionHostCall *call = NULL;

  if (extension_host_oversize_get_kind (&self->oversize) == EXTENSION_HOST_OVERSIZE_RESPONSE)
    {
      call = find_call (self, extension_host_oversize_get_call (&self->oversize));
    }
  else
    {
      self->funcs->problem (what, self->owner);
      refuse_invalid (self, &self->oversize, what);
    }

  if (call != NULL)
    extension_host_rpc_fail (self, call,
          g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE,
                       _("The answer of host “%s” is too large: more than %u bytes, or than all "
                         "hosts may have together"), self->spec->id, self->spec->max_message_size));
}

/* A piece of a message that is too long to be kept. Its id is found wherever it stands, so that its
 * call fails at once and not at its deadline. */
void
extension_host_rpc_take_piece (ExtensionHostRpc *self,
                               const char       *piece,
                               gsize             length,
                               gboolean          last)
{
  if (!self->in_oversize)
    extension_host_oversize_init_counted (&self->oversize, G_MAXUINT64);

  self->in_oversize = !last;
  extension_host_oversize_feed (&self->oversize, piece, length);
  if (last)
    end_oversize (self);
}
