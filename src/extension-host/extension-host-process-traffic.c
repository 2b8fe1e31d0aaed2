/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-invocation-private.h"
#include "extension-host-process-private.h"

/* What goes between a host and us apart from the calls of the application: its notifications and
 * requests, its mistakes, and the messages that the protocol itself asks for. */

#define PROTOCOL_ERROR_WINDOW (10 * G_USEC_PER_SEC)
#define CHANNEL_PATIENCE (G_USEC_PER_SEC / 2)   /* between the end of the channel and the exit */

/* Mistakes */

static void
on_problem (const char *what,
            gpointer    owner)
{
  ExtensionHostProcess *self = owner;
  gint64 now = g_get_monotonic_time ();
  g_autofree char *detail = NULL;

  self->protocol_errors++;
  if (now - self->protocol_errors_since > PROTOCOL_ERROR_WINDOW)
    {
      self->protocol_errors_since = now;
      self->recent_protocol_errors = 0;
    }

  if (++self->recent_protocol_errors <= self->spec->max_protocol_errors)
    return;

  detail = g_strdup_printf (_("more than %u protocol errors within 10 s, the last: %s"),
                            self->spec->max_protocol_errors, what);
  extension_host_lifecycle_fault (&self->lifecycle, EXTENSION_HOST_REASON_PROTOCOL_ERROR, detail);
}

static void
on_stale (gpointer owner)
{
  ExtensionHostProcess *self = owner;

  self->lifecycle.stale_events++;
}

/* A message may be long; a line is kept with 200 others. */
static void
on_stray (const char *text,
          gsize       length,
          gpointer    owner)
{
  extension_host_process_take_line (EXTENSION_HOST_LOG_STREAM_STDOUT, text,
                                    MIN (length, EXTENSION_HOST_LINE_MAX), owner);
}

/* Requests of the host */

/* Each generation counts its requests anew. */
static char *
make_key (guint64     generation,
          const char *id)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %s", generation, id);
}

static void
answer_request (ExtensionHostIncoming *request,
                const char            *result,
                gsize                  length,
                int                    code,
                const char            *message,
                gpointer               owner)
{
  ExtensionHostProcess *self = owner;
  g_autofree char *key = make_key (request->generation, request->id);
  gboolean sent = FALSE;

  if (self->invocations != NULL)
    g_hash_table_remove (self->invocations, key);
  sent = message == NULL
                    ? extension_host_rpc_return (self->rpc, request, result, length)
                    : extension_host_rpc_return_error (self->rpc, request, code, message);

  if (!sent)
    self->lifecycle.stale_events++;
  extension_host_process_weigh (self);
}

static gboolean
may_call (ExtensionHostProcess *self,
          ExtensionHostMethod  *method)
{
  return method->capability == NULL ||
         g_strv_contains ((const char * const *) self->spec->capabilities, method->capability);
}

static ExtensionHostMethod *
find_method (ExtensionHostProcess *self,
             const char           *name)
{
  ExtensionHostMethod *method = extension_host_methods_lookup (self->methods, name);

  if (method == NULL && self->common_methods != NULL)
    method = extension_host_methods_lookup (self->common_methods, name);

  return method;
}

static void
deliver_request (ExtensionHostProcess *self,
                 gpointer              data)
{
  ExtensionHostIncoming **place = data;
  ExtensionHostIncoming *request = g_steal_pointer (place);
  g_autoptr(ExtensionHostMethod) method = find_method (self, request->method);
  g_autoptr(ExtensionHostInvocation) invocation =
    extension_host_invocation_new (request, answer_request, G_OBJECT (self));

  if (method == NULL)
    {
      extension_host_invocation_return_error (invocation, EXTENSION_HOST_RPC_ERROR_METHOD_NOT_FOUND,
                                              "method not found");
    }
  else if (!may_call (self, method))
    {
      extension_host_invocation_return_error (invocation,
                                              EXTENSION_HOST_RPC_ERROR_CAPABILITY_DENIED,
                                              "capability denied");
      extension_host_process_show_denied (self, request->method);
    }
  else
    {
      if (self->invocations == NULL)
        self->invocations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_replace (self->invocations, make_key (request->generation, request->id),
                            invocation);
      ((ExtensionHostMethodFunc) method->func) (self, invocation, method->user_data);
    }
}

/* The host does not wait for the answer of a request any more. */
static void
cancel_request (ExtensionHostProcess        *self,
                const ExtensionHostIncoming *incoming)
{
  const ExtensionHostPreset *preset = extension_host_spec_get_preset (self->spec);
  gboolean plain_id = g_strcmp0 (preset->cancel_id, "id") == 0;
  g_autofree char *id = NULL;
  g_autofree char *key = NULL;
  ExtensionHostJsonSpan *span = NULL;
  ExtensionHostJsonScan scan;
  const char *text = NULL;
  gsize length = 0;
  ExtensionHostInvocation *invocation = NULL;

  if (incoming->params.bytes == NULL || self->invocations == NULL)
    return;

  text = g_bytes_get_data (incoming->params.bytes, &length);
  extension_host_json_scan (&scan, text, length);
  span = &scan.members[plain_id ? EXTENSION_HOST_JSON_MEMBER_ID
                                : EXTENSION_HOST_JSON_MEMBER_REQUEST_ID];
  id = g_strndup (text + span->start, span->length);
  key = make_key (incoming->generation, id);
  invocation = g_hash_table_lookup (self->invocations, key);
  if (invocation != NULL)
    extension_host_invocation_cancel (invocation);
}

/* Notifications of the host */

static const char *
get_text (JsonNode   *params,
          const char *name)
{
  JsonNode *member = NULL;

  if (params == NULL || !JSON_NODE_HOLDS_OBJECT (params))
    return NULL;

  member = json_object_get_member (json_node_get_object (params), name);

  return member != NULL && json_node_get_value_type (member) == G_TYPE_STRING
           ? json_node_get_string (member) : NULL;
}

/* Here and now, in the middle of reading: a large one would hold up the main loop. */
static JsonNode *
parse_small (const ExtensionHostPayload *payload)
{
  if (extension_host_payload_is_large (payload))
    return NULL;

  return extension_host_payload_parse (payload, NULL);
}

/* One that is longer than a line may be is told as it came. */
static gboolean
take_long_log (ExtensionHostProcess        *self,
               const ExtensionHostIncoming *incoming)
{
  if (!extension_host_payload_is_large (&incoming->params))
    return FALSE;

  extension_host_process_take_line (EXTENSION_HOST_LOG_STREAM_HOST,
                                    g_bytes_get_data (incoming->params.bytes, NULL),
                                    MIN (g_bytes_get_size (incoming->params.bytes),
                                         EXTENSION_HOST_LINE_MAX), self);

  return TRUE;
}

static void
take_log (ExtensionHostProcess        *self,
          const ExtensionHostIncoming *incoming)
{
  g_autoptr(JsonNode) params = parse_small (&incoming->params);
  const char *text = get_text (params, "text");
  const char *level = get_text (params, "level");
  const char *extension = get_text (params, "extension");
  g_autofree char *line = NULL;

  if (take_long_log (self, incoming))
    return;

  if (text == NULL)
    {
      on_problem ("host/log without a text", self);
      return;
    }

  line = g_strconcat (level != NULL ? level : "", level != NULL ? ": " : "",
                      extension != NULL ? extension : "", extension != NULL ? ": " : "",
                      text, NULL);
  extension_host_process_take_line (EXTENSION_HOST_LOG_STREAM_HOST, g_strdelimit (line, "\r\n", ' '),
                                    MIN (strlen (line), EXTENSION_HOST_LINE_MAX), self);
}

static double
get_number (JsonNode   *params,
            const char *name)
{
  JsonNode *member = NULL;

  if (params == NULL || !JSON_NODE_HOLDS_OBJECT (params))
    return -1;

  member = json_object_get_member (json_node_get_object (params), name);
  if (member == NULL || (json_node_get_value_type (member) != G_TYPE_INT64 &&
                         json_node_get_value_type (member) != G_TYPE_DOUBLE))
    return -1;

  return json_node_get_double (member);
}

static void
take_status (ExtensionHostProcess        *self,
             const ExtensionHostIncoming *incoming)
{
  g_autoptr(JsonNode) params = parse_small (&incoming->params);
  const char *text = get_text (params, "text");

  if (text == NULL)
    {
      on_problem ("host/status without a text", self);
      return;
    }

  extension_host_process_take_status (self, *text != '\0' ? text : NULL,
                                      get_number (params, "progress"));
}

static void
take_extension (ExtensionHostProcess        *self,
                const ExtensionHostIncoming *incoming)
{
  g_autoptr(JsonNode) params = parse_small (&incoming->params);
  double ms = get_number (params, "ms");

  if (!(ms >= 1 && ms <= G_MAXINT32))
    {
      on_problem ("host/extend-timeout without a number of ms", self);
      return;
    }

  extension_host_process_extend_timeout (self, (gint64) ms);
}

/* Those that the library understands are dealt with as they come. FALSE for all others. */
static gboolean
take_known (ExtensionHostProcess        *self,
            const ExtensionHostIncoming *incoming)
{
  if (g_str_equal (incoming->method, "host/ready"))
    {
      if (extension_host_spec_get_ready_mode (self->spec) ==
          EXTENSION_HOST_READY_MODE_NOTIFICATION)
        extension_host_process_become_ready (self);
      return TRUE;
    }

  if (g_str_equal (incoming->method, "host/status"))
    {
      take_status (self, incoming);
      return TRUE;
    }

  if (g_str_equal (incoming->method, "host/extend-timeout"))
    {
      take_extension (self, incoming);
      return TRUE;
    }

  if (g_str_equal (incoming->method, "host/log"))
    {
      take_log (self, incoming);
      return TRUE;
    }

  return FALSE;
}

static void
deliver_notification (ExtensionHostProcess *self,
                      gpointer              data)
{
  ExtensionHostIncoming **place = data;
  const ExtensionHostPreset *preset = extension_host_spec_get_preset (self->spec);
  g_autoptr(JsonNode) params = NULL;

  if (g_strcmp0 ((*place)->method, preset->cancel_method) == 0)
    cancel_request (self, *place);

  if (extension_host_process_has_listener (self, (*place)->method))
    {
      params = extension_host_payload_parse (&(*place)->params, NULL);
      extension_host_process_show_notification (self, (*place)->method, params);
    }
}

/* The tree is for the handler of a notification, or for the method of a request. */
static ExtensionHostPayload *
get_incoming_payload (ExtensionHostProcess *self,
                      gpointer              data)
{
  ExtensionHostIncoming **place = data;

  if ((*place)->id == NULL && !extension_host_process_has_listener (self, (*place)->method))
    return NULL;

  return &(*place)->params;
}

static void
free_incoming (gpointer data)
{
  ExtensionHostIncoming **place = data;

  g_clear_pointer (place, extension_host_incoming_free);
  g_free (place);
}

static void
on_incoming (ExtensionHostIncoming *incoming,
             gpointer               owner)
{
  ExtensionHostProcess *self = owner;
  ExtensionHostIncoming **place = NULL;
  gsize size = sizeof *incoming + strlen (incoming->method);

  if (incoming->id == NULL && take_known (self, incoming))
    {
      extension_host_incoming_free (incoming);
      return;
    }

  if (incoming->params.bytes != NULL)
    size += g_bytes_get_size (incoming->params.bytes);
  place = g_new (ExtensionHostIncoming *, 1);
  *place = incoming;
  extension_host_process_queue_delivery (self, incoming->id != NULL ? deliver_request
                                                                    : deliver_notification,
                                         get_incoming_payload, place, free_incoming, size);
}

static void
on_settled (gpointer owner)
{
  ExtensionHostProcess *self = owner;

  extension_host_ladder_settled (&self->ladder);
}

const ExtensionHostRpcFuncs extension_host_process_rpc_funcs = {
  .incoming = on_incoming,
  .stray = on_stray,
  .problem = on_problem,
  .stale = on_stale,
  .replied = extension_host_process_note_reply,
  .may_take_in = extension_host_process_may_take_in,
  .settled = on_settled,
  .elapsed = (void (*) (gpointer)) extension_host_process_flush,
};

/* The channel */

static void
on_message (const char *text,
            gsize       length,
            gpointer    owner)
{
  ExtensionHostProcess *self = owner;

  if (self->rpc_attached)
    extension_host_rpc_take (self->rpc, text, length);
  else
    on_stray (text, length, owner);   /* its program has ended */
}

static void
on_large (GBytes   *message,
          gpointer  owner)
{
  ExtensionHostProcess *self = owner;

  if (self->rpc_attached)
    extension_host_rpc_take_bytes (self->rpc, message);
  else
    on_message (g_bytes_get_data (message, NULL), g_bytes_get_size (message), owner);
}

static void
on_too_long (const char *piece,
             gsize       length,
             gboolean    last,
             gpointer    owner)
{
  ExtensionHostProcess *self = owner;

  if (self->rpc_attached)
    extension_host_rpc_take_piece (self->rpc, piece, length, last);
}

static void
on_burst (gpointer owner)
{
  extension_host_process_weigh (owner);
  extension_host_process_flush (owner);
}

static void
on_low (gpointer owner)
{
  ExtensionHostProcess *self = owner;

  if (self->rpc_attached)
    extension_host_rpc_pump (self->rpc);
}

static void
on_channel_patience (gpointer data)
{
  ExtensionHostProcess *self = data;

  extension_host_lifecycle_fault (&self->lifecycle, EXTENSION_HOST_REASON_CHANNEL_LOST,
                                  self->channel_loss);
  extension_host_process_flush (self);
}

/* Most often the program has ended, and that is about to be told with more detail. */
static void
on_lost (const char *why,
         gpointer    owner)
{
  ExtensionHostProcess *self = owner;

  g_free (self->channel_loss);
  self->channel_loss = g_strdup (why);
  if (self->rpc_attached)
    extension_host_deadline_arm (&self->channel_patience, self->reactor,
                                 g_get_monotonic_time () + CHANNEL_PATIENCE, on_channel_patience,
                                 self);
}

const ExtensionHostChannelFuncs extension_host_process_channel_funcs = {
  .framer.message = on_message,
  .framer.large = on_large,
  .framer.too_long = on_too_long,
  .burst = on_burst,
  .low = on_low,
  .lost = on_lost,
};

/* The messages of the protocol */

/* For what is asked only for what it does. */
void
extension_host_process_ignore_reply (ExtensionHostReply *reply,
                                     gpointer            data G_GNUC_UNUSED)
{
  extension_host_reply_free (reply);
}

static void
on_handshake (ExtensionHostReply *reply,
              gpointer            data)
{
  ExtensionHostProcess *self = data;
  const ExtensionHostPreset *preset = extension_host_spec_get_preset (self->spec);
  g_autofree char *detail = NULL;

  if (reply->error == NULL)
    {
      const char *params = preset->handshake_done_params;

      if (preset->handshake_done != NULL)
        extension_host_rpc_notify (self->rpc, preset->handshake_done, params,
                                   params != NULL ? strlen (params) : 0, TRUE, NULL);
      extension_host_process_become_ready (self);
    }
  else if (reply->error->domain == EXTENSION_HOST_RPC_ERROR)
    {
      detail = g_strdup_printf (_("handshake refused: %s"), reply->error->message);
      extension_host_lifecycle_fault (&self->lifecycle, EXTENSION_HOST_REASON_PROTOCOL_ERROR,
                                      detail);
    }

  extension_host_reply_free (reply);
}

static void
shake_hands (ExtensionHostProcess *self)
{
  const char *method = extension_host_spec_get_handshake_method (self->spec);
  g_autofree char *params = extension_host_spec_dup_handshake_params (self->spec);

  if (method == NULL)   /* the protocol has been changed since the spawn: it is never ready */
    return;

  extension_host_rpc_call (self->rpc, method, params, params != NULL ? strlen (params) : 0,
                           EXTENSION_HOST_NO_TIMEOUT, TRUE, on_handshake, self, NULL);
}

/* The program runs: its channel is open. */
void
extension_host_process_open_traffic (ExtensionHostProcess *self)
{
  ExtensionHostChannel *channel = extension_host_attempt_get_channel (self->attempt);

  if (channel == NULL)
    return;

  extension_host_rpc_attach (self->rpc, channel, self->lifecycle.generation);
  self->rpc_attached = TRUE;
  self->recent_protocol_errors = 0;

  switch (extension_host_spec_get_ready_mode (self->spec))
    {
    case EXTENSION_HOST_READY_MODE_SPAWNED:
      extension_host_process_activate_extensions (self);
      extension_host_rpc_set_ready (self->rpc);
      break;
    case EXTENSION_HOST_READY_MODE_HANDSHAKE:
      shake_hands (self);
      break;
    case EXTENSION_HOST_READY_MODE_NOTIFICATION:
    case EXTENSION_HOST_READY_MODE_BY_PROTOCOL:
    default:
      break;
    }
}

/* The program has ended, and what it wrote has been read: @error is for all that it left open. */
void
extension_host_process_close_traffic (ExtensionHostProcess *self,
                                      const GError         *error)
{
  extension_host_deadline_disarm (&self->channel_patience);
  if (!self->rpc_attached)
    return;

  extension_host_rpc_detach (self->rpc);
  self->rpc_attached = FALSE;
  extension_host_rpc_fail_written (self->rpc, error);
}

/* The shutdown request */

/* What is large is none, whatever it is. */
static gboolean
is_refusal (ExtensionHostReply *reply)
{
  g_autoptr(JsonNode) result = NULL;

  if (reply->error != NULL)
    return TRUE;

  result = parse_small (&reply->payload);

  return result != NULL && json_node_get_value_type (result) == G_TYPE_BOOLEAN &&
         !json_node_get_boolean (result);
}

static void
on_shutdown_reply (ExtensionHostReply *reply,
                   gpointer            data)
{
  ExtensionHostProcess *self = data;
  const ExtensionHostPreset *preset = extension_host_spec_get_preset (self->spec);
  gboolean acknowledged = !is_refusal (reply);

  self->shutdown_call = NULL;
  if (acknowledged && preset->exit_method != NULL && self->rpc_attached)
    extension_host_rpc_notify (self->rpc, preset->exit_method, NULL, 0, TRUE, NULL);
  if (self->rpc_attached)
    extension_host_ladder_answered (&self->ladder, acknowledged);

  extension_host_reply_free (reply);
}

/* Whether it has calls of the application to answer. */
gboolean
extension_host_process_is_owed_replies (gpointer data)
{
  ExtensionHostProcess *self = data;

  return self->rpc_attached && extension_host_rpc_get_pending (self->rpc) > 0;
}

/* Asks the host to leave. FALSE if it cannot be asked. */
gboolean
extension_host_process_request_shutdown (gpointer data)
{
  ExtensionHostProcess *self = data;
  const char *method = extension_host_spec_get_shutdown_method (self->spec);

  if (method == NULL || !self->rpc_attached || !self->was_ready)
    return FALSE;

  self->shutdown_call = extension_host_rpc_call (self->rpc, method, NULL, 0, self->spec->ack_timeout,
                                                 TRUE, on_shutdown_reply, self, NULL);

  return self->shutdown_call != NULL;
}

/**
 * extension_host_process_add_method:
 * @self: a host
 * @method: the name of the method
 * @capability: (nullable): what the host must have among its
 *   [property@ExtensionHost.Spec:capabilities] to call it, or %NULL if it may in any case
 * @func: (scope notified) (closure user_data) (destroy destroy): what answers
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data when the method is replaced, or not needed any more
 *
 * Lets the host call a method of the application. One of the same name is replaced.
 *
 * A host that calls a method that there is not is answered −32601; one without the capability
 * −32001, and [signal@ExtensionHost.Process::capability-denied] is emitted.
 *
 * Since: 0.1
 */
void
extension_host_process_add_method (ExtensionHostProcess    *self,
                                   const char              *method,
                                   const char              *capability,
                                   ExtensionHostMethodFunc  func,
                                   gpointer                 user_data,
                                   GDestroyNotify           destroy)
{
  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (method != NULL && method[0] != '\0');
  g_return_if_fail (func != NULL);
  g_return_if_fail (extension_host_process_is_own_thread (self));

  extension_host_methods_add (self->methods, method, capability, G_CALLBACK (func), user_data,
                              destroy);
}
