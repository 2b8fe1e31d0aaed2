/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-rpc-private.h"

#define URGENT_ROOM (64 * 1024)   /* bytes that calls of our own may add to a full queue */
#define SECOND_LOOK (20 * 1000)   /* µs */
#define ENVELOPE 64               /* bytes of a request, about, beside method and params */

/* A message that waits to be sent. */
typedef struct
{
  ExtensionHostCall *call;        /* NULL: a notification */
  GString *text;
} Outgoing;

void
extension_host_reply_free (ExtensionHostReply *self)
{
  g_clear_error (&self->error);
  extension_host_payload_clear (&self->payload);
  g_free (self);
}

void
extension_host_incoming_free (ExtensionHostIncoming *self)
{
  g_free (self->method);
  g_free (self->id);
  extension_host_payload_clear (&self->params);
  g_free (self);
}

static void
outgoing_free (gpointer data)
{
  Outgoing *outgoing = data;

  g_string_free (outgoing->text, TRUE);
  g_free (outgoing);
}

/* Room */

/* Those of the application: what we ask for ourselves is not counted. */
guint
extension_host_rpc_get_pending (ExtensionHostRpc *self)
{
  return g_hash_table_size (self->calls) - self->n_urgent;
}

gsize
extension_host_rpc_get_queued (ExtensionHostRpc *self)
{
  gsize written = self->channel != NULL ? extension_host_channel_get_queued (self->channel) : 0;

  return self->outgoing_bytes + written;
}

/* Of requests that the host was not answered yet. */
gsize
extension_host_rpc_get_inbound_bytes (ExtensionHostRpc *self)
{
  return self->inbound_bytes;
}

static gboolean
has_room (ExtensionHostRpc  *self,
          gsize              length,
          gboolean           urgent,
          GError           **error)
{
  gsize room = self->spec->max_write_queue + (urgent ? URGENT_ROOM : 0);

  if (extension_host_rpc_get_queued (self) + length <= room)
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL,
               _("Host “%s” does not read: more than %u bytes would wait to be sent"),
               self->spec->id, self->spec->max_write_queue);

  return FALSE;
}

/* Sending */

/* A pipe may break long before the exit is known: nothing is thrown away on it. */
static gboolean
can_send (ExtensionHostRpc *self)
{
  return self->channel != NULL && extension_host_channel_can_send (self->channel);
}

static void
send_now (ExtensionHostRpc *self,
          GString          *text)
{
  extension_host_channel_send (self->channel, text->str, text->len);
}

static void
note_sent (ExtensionHostRpc  *self,
           ExtensionHostCall *call)
{
  call->generation = self->generation;
  call->sent = g_get_monotonic_time ();
}

/* Sends what waits, as long as the other side takes it. */
void
extension_host_rpc_pump (ExtensionHostRpc *self)
{
  while (self->ready && can_send (self) && !g_queue_is_empty (&self->outgoing) &&
         extension_host_channel_get_queued (self->channel) < EXTENSION_HOST_CHANNEL_LOW)
    {
      Outgoing *outgoing = g_queue_pop_head (&self->outgoing);

      self->outgoing_bytes -= outgoing->text->len;
      if (outgoing->call != NULL)
        note_sent (self, outgoing->call);
      send_now (self, outgoing->text);
      outgoing_free (outgoing);
    }
}

/* Takes over @text. An urgent message does not wait for its turn. */
static void
send (ExtensionHostRpc  *self,
      ExtensionHostCall *call,
      GString           *text,
      gboolean           urgent)
{
  Outgoing *outgoing = NULL;

  if (urgent && (call == NULL || can_send (self)))
    {
      if (call != NULL)
        note_sent (self, call);
      if (can_send (self))
        send_now (self, text);   /* else it is for a host that hears nothing any more */
      g_string_free (text, TRUE);
      return;
    }

  outgoing = g_new0 (Outgoing, 1);
  outgoing->call = call;
  outgoing->text = text;
  g_queue_push_tail (&self->outgoing, outgoing);
  self->outgoing_bytes += text->len;
  extension_host_rpc_pump (self);
}

/* What a message of about @length bytes is appended to. One that does not have to wait is written where
 * it leaves from, without a copy. */
static GString *
open_message (ExtensionHostRpc *self,
              gsize             length,
              gboolean          urgent)
{
  self->is_direct = can_send (self) &&
                    (urgent ||
                     (self->ready && g_queue_is_empty (&self->outgoing) &&
                      extension_host_channel_get_queued (self->channel) < EXTENSION_HOST_CHANNEL_LOW));

  return self->is_direct ? extension_host_channel_begin_message (self->channel)
                         : g_string_sized_new (length + ENVELOPE);
}

/* Takes over @text. Nothing was sent since it was opened. */
static void
close_message (ExtensionHostRpc  *self,
               ExtensionHostCall *call,
               GString           *text,
               gboolean           urgent)
{
  if (!self->is_direct)
    {
      send (self, call, text, urgent);
      return;
    }

  if (call != NULL)
    call->generation = self->generation;   /* it was made just now */
  extension_host_channel_end_message (self->channel);
}

/* Instead of close_message () */
static void
drop_message (ExtensionHostRpc *self,
              GString          *text)
{
  if (self->is_direct)
    extension_host_channel_drop_message (self->channel);
  else
    g_string_free (text, TRUE);
}

static void
take_back (ExtensionHostRpc  *self,
           ExtensionHostCall *call)
{
  for (GList *link = self->outgoing.head; link != NULL; link = link->next)
    {
      Outgoing *outgoing = link->data;

      if (outgoing->call != call)
        continue;

      self->outgoing_bytes -= outgoing->text->len;
      g_queue_delete_link (&self->outgoing, link);
      outgoing_free (outgoing);
      return;
    }
}

/* Calls */

/* Ids grow across the generations, so that a late reply is known as such. */
static guint32
next_id (ExtensionHostRpc *self)
{
  do
    {
      if (self->last_id == G_MAXINT32)
        {
          self->last_id = 0;
          self->wrapped = TRUE;
        }
      self->last_id++;
    }
  while (g_hash_table_contains (self->calls, GUINT_TO_POINTER (self->last_id)));

  return self->last_id;
}

static void
drop_call (ExtensionHostRpc  *self,
           ExtensionHostCall *call)
{
  extension_host_deadline_disarm (&call->deadline);
  if (call->generation == 0)
    take_back (self, call);
  g_hash_table_remove (self->calls, GUINT_TO_POINTER (call->id));
  self->n_urgent -= call->urgent != FALSE;
  if (!call->urgent && extension_host_rpc_get_pending (self) == 0 && self->funcs->settled != NULL)
    self->funcs->settled (self->owner);
  g_free (call);
}

/* The one place where a call is answered. Takes over @reply. */
void
extension_host_rpc_answer (ExtensionHostRpc   *self,
                           ExtensionHostCall  *call,
                           ExtensionHostReply *reply)
{
  ExtensionHostReplyFunc func = call->func;
  gpointer data = call->data;

  reply->written = call->generation != 0;
  reply->generation = call->generation;
  drop_call (self, call);
  func (reply, data);
}

void
extension_host_rpc_fail (ExtensionHostRpc  *self,
                         ExtensionHostCall *call,
                         GError            *error)
{
  ExtensionHostReply *reply = g_new0 (ExtensionHostReply, 1);

  reply->error = error;
  extension_host_rpc_answer (self, call, reply);
}

/* Nobody waits for it any more: the host is told, if it has heard of it. */
static void
send_cancel (ExtensionHostRpc *self,
             guint32           id,
             const char       *reason)
{
  const ExtensionHostPreset *preset = extension_host_spec_get_preset (self->spec);
  GString *text = NULL;

  if (self->channel == NULL || preset->cancel_method == NULL)
    return;

  text = g_string_new (NULL);
  extension_host_message_append_cancel (text, preset->cancel_method, preset->cancel_id, id,
                                        preset->cancel_reason != NULL ? reason : NULL);
  if (has_room (self, text->len, TRUE, NULL))
    send (self, NULL, text, TRUE);
  else
    g_string_free (text, TRUE);
}

/* An answer counts by when it was written, and not by when we get to read it. */
static gboolean
may_have_arrived (ExtensionHostRpc  *self,
                  ExtensionHostCall *call)
{
  return self->channel != NULL && call->generation == self->generation &&
         extension_host_channel_is_behind (self->channel, &call->horizon);
}

static void
on_deadline (gpointer data)
{
  ExtensionHostCall *call = data;
  ExtensionHostRpc *self = call->rpc;

  if (may_have_arrived (self, call))
    {
      extension_host_deadline_arm (&call->deadline, self->reactor,
                                   g_get_monotonic_time () + SECOND_LOOK, on_deadline, call);
      return;
    }

  /* To cancel the wish to shut down would take it back, and a handshake may not be cancelled. */
  if (call->generation == self->generation && !call->urgent)
    send_cancel (self, call->id, "timed out");
  extension_host_rpc_fail (self, call,
        g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT,
                     _("Host “%s” did not answer in time"), self->spec->id));
  if (self->funcs->elapsed != NULL)
    self->funcs->elapsed (self->owner);
}

/* Begins a call. @func is told of its one answer, never before this returns. NULL, with the error
 * set, if there is no room for it. @params is valid JSON, or NULL. */
static gboolean
may_call (ExtensionHostRpc  *self,
          gboolean           urgent,
          GError           **error)
{
  if (urgent || extension_host_rpc_get_pending (self) < self->spec->max_pending)
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL,
               _("Host “%s” has %u calls to answer already"), self->spec->id,
               self->spec->max_pending);

  return FALSE;
}

static ExtensionHostCall *
call_new (ExtensionHostRpc       *self,
          guint                   timeout_ms,
          gboolean                urgent,
          ExtensionHostReplyFunc  func,
          gpointer                data)
{
  gint64 now = g_get_monotonic_time ();
  ExtensionHostCall *call = g_new0 (ExtensionHostCall, 1);

  call->id = next_id (self);
  call->urgent = urgent;
  self->n_urgent += urgent != FALSE;
  call->rpc = self;
  call->func = func;
  call->data = data;
  call->sent = now;
  g_hash_table_insert (self->calls, GUINT_TO_POINTER (call->id), call);
  if (timeout_ms != EXTENSION_HOST_NO_TIMEOUT)
    extension_host_deadline_arm (&call->deadline, self->reactor, now + (gint64) timeout_ms * 1000,
                                 on_deadline, call);

  return call;
}

ExtensionHostCall *
extension_host_rpc_call (ExtensionHostRpc        *self,
                         const char              *method,
                         const char              *params,
                         gsize                    length,
                         guint                    timeout_ms,
                         gboolean                 urgent,
                         ExtensionHostReplyFunc   func,
                         gpointer                 data,
                         GError                 **error)
{
  ExtensionHostCall *call = NULL;
  GString *text = NULL;

  if (!may_call (self, urgent, error) ||
      !has_room (self, length + strlen (method), urgent, error))
    return NULL;

  call = call_new (self, timeout_ms, urgent, func, data);
  text = open_message (self, length + strlen (method), urgent);
  extension_host_message_append_request (text, call->id, method, params, length);
  close_message (self, call, text, urgent);

  return call;
}

/* The same with @params as a tree, which is written where it leaves from. How long that is shows then. */
ExtensionHostCall *
extension_host_rpc_call_node (ExtensionHostRpc        *self,
                              const char              *method,
                              JsonNode                *params,
                              guint                    timeout_ms,
                              ExtensionHostReplyFunc   func,
                              gpointer                 data,
                              GError                 **error)
{
  ExtensionHostCall *call = NULL;
  GString *text = NULL;

  if (!may_call (self, FALSE, error) || !has_room (self, strlen (method), FALSE, error))
    return NULL;

  call = call_new (self, timeout_ms, FALSE, func, data);
  text = open_message (self, strlen (method), FALSE);
  extension_host_message_append_request_node (text, call->id, method, params);
  if (!has_room (self, self->is_direct ? 0 : text->len, FALSE, error))
    {
      drop_message (self, text);
      drop_call (self, call);
      return NULL;
    }

  close_message (self, call, text, FALSE);

  return call;
}

/* Gives it time until @due, if it has a deadline. */
void
extension_host_rpc_postpone (ExtensionHostCall *call,
                             gint64             due)
{
  if (call->deadline.reactor == NULL)
    return;

  call->horizon = 0;
  extension_host_deadline_arm (&call->deadline, call->rpc->reactor, due, on_deadline, call);
}

/* Ends a call without an answer: who made it does not wait any more. */
void
extension_host_rpc_abandon (ExtensionHostRpc  *self,
                            ExtensionHostCall *call,
                            const char        *reason)
{
  if (call->generation == self->generation && call->generation != 0 && !call->urgent)
    send_cancel (self, call->id, reason);
  drop_call (self, call);
}

/* Ids wrap around: the latest is the one that was given last, and the oldest the one behind it. */
static int
by_age (gconstpointer a,
        gconstpointer b,
        gpointer      last_id)
{
  guint32 first = (GPOINTER_TO_UINT (*(gpointer *) a) - GPOINTER_TO_UINT (last_id) - 1) & G_MAXINT32;
  guint32 second = (GPOINTER_TO_UINT (*(gpointer *) b) - GPOINTER_TO_UINT (last_id) - 1) & G_MAXINT32;

  return first < second ? -1 : first > second;
}

/* An urgent call is for the generation that it was made in, written or not. */
static void
fail_some (ExtensionHostRpc *self,
           gboolean          written,
           gboolean          unwritten,
           const GError     *error)
{
  guint n = 0;
  g_autofree gpointer *ids = g_hash_table_get_keys_as_array (self->calls, &n);

  /* in the order in which they were made */
  g_qsort_with_data (ids, (int) n, sizeof *ids, by_age, GUINT_TO_POINTER (self->last_id));
  for (guint i = 0; i < n; i++)
    {
      ExtensionHostCall *call = g_hash_table_lookup (self->calls, ids[i]);

      if (call == NULL)
        continue;
      if (call->generation != 0 || call->urgent ? written : unwritten)
        extension_host_rpc_fail (self, call, g_error_copy (error));
    }
}

/* The host went down: no answer will come to what was written. What was not is for the next
 * generation. */
void
extension_host_rpc_fail_written (ExtensionHostRpc *self,
                                 const GError     *error)
{
  fail_some (self, TRUE, FALSE, error);
}

/* The host is being stopped: it still may answer what was written, but gets nothing more. */
void
extension_host_rpc_fail_unwritten (ExtensionHostRpc *self,
                                   const GError     *error)
{
  fail_some (self, FALSE, TRUE, error);
  g_queue_clear_full (&self->outgoing, outgoing_free);
  self->outgoing_bytes = 0;
}

/* There will be no next generation by itself. */
void
extension_host_rpc_fail_all (ExtensionHostRpc *self,
                             const GError     *error)
{
  fail_some (self, TRUE, TRUE, error);
  g_queue_clear_full (&self->outgoing, outgoing_free);
  self->outgoing_bytes = 0;
}

gboolean
extension_host_rpc_notify (ExtensionHostRpc  *self,
                           const char        *method,
                           const char        *params,
                           gsize              length,
                           gboolean           urgent,
                           GError           **error)
{
  GString *text = NULL;

  if (!has_room (self, length + strlen (method), urgent, error))
    return FALSE;

  text = open_message (self, length + strlen (method), urgent);
  extension_host_message_append_notification (text, method, params, length);
  close_message (self, NULL, text, urgent);

  return TRUE;
}

/* The channel of a generation */

/* @channel stays that of the caller, until it is detached. */
void
extension_host_rpc_attach (ExtensionHostRpc     *self,
                           ExtensionHostChannel *channel,
                           guint64               generation)
{
  self->channel = channel;
  self->generation = generation;
  self->ready = FALSE;
  self->inbound = 0;
  self->inbound_bytes = 0;
  self->in_oversize = FALSE;
}

/* From now on calls leave. */
void
extension_host_rpc_set_ready (ExtensionHostRpc *self)
{
  self->ready = TRUE;
  extension_host_rpc_pump (self);
}

/* What is queued from now on is for the next generation. Answers of this one are still taken. */
void
extension_host_rpc_hold (ExtensionHostRpc *self)
{
  self->ready = FALSE;
}

void
extension_host_rpc_detach (ExtensionHostRpc *self)
{
  self->channel = NULL;
  self->ready = FALSE;
  self->inbound = 0;   /* nobody waits for an answer any more */
  self->inbound_bytes = 0;
}

ExtensionHostRpc *
extension_host_rpc_new (ExtensionHostReactor        *reactor,
                        ExtensionHostSpec           *spec,
                        const ExtensionHostRpcFuncs *funcs,
                        gpointer                     owner)
{
  ExtensionHostRpc *self = g_new0 (ExtensionHostRpc, 1);

  self->reactor = reactor;
  self->spec = spec;
  self->funcs = funcs;
  self->owner = owner;
  self->calls = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->outgoing);

  return self;
}

/* All calls have been answered by then. */
void
extension_host_rpc_free (ExtensionHostRpc *self)
{
  g_assert (g_hash_table_size (self->calls) == 0);

  g_queue_clear_full (&self->outgoing, outgoing_free);
  g_hash_table_unref (self->calls);
  g_free (self);
}
