/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-channel-private.h"
#include "extension-host-message-private.h"
#include "extension-host-oversize-private.h"
#include "extension-host-payload-private.h"
#include "extension-host-spec-private.h"

G_BEGIN_DECLS

/* The calls of one host: each is answered exactly once, whatever becomes of the host. It outlives
 * the channels of the generations: what has not been written when one ends goes out with the next.
 *
 * Nothing here runs user code: who is told takes note, and tells the user later. */

typedef struct _ExtensionHostRpc ExtensionHostRpc;
typedef struct _ExtensionHostCall ExtensionHostCall;

/* The answer of a call. */
typedef struct
{
  GError *error;                 /* NULL: `payload` is the result; else the data of the error */
  ExtensionHostPayload payload;
  gboolean written;              /* the request had left */
  guint64 generation;            /* which it had left for; 0 if it had not */
} ExtensionHostReply;

/* What the host sent of its own. */
typedef struct
{
  char *method;
  ExtensionHostPayload params;
  char *id;                      /* raw; NULL: a notification */
  guint64 generation;
} ExtensionHostIncoming;

/* Both are taken over. */
typedef void (*ExtensionHostReplyFunc) (ExtensionHostReply *reply,
                                        gpointer            data);

typedef struct
{
  void (*incoming) (ExtensionHostIncoming       *incoming,
                    gpointer                     owner);
  void (*stray)    (const char                  *text,
                    gsize                        length,
                    gpointer                     owner);
  void (*problem)  (const char                  *what,
                    gpointer                     owner);
  void (*stale)    (gpointer                     owner);

  /* A call that was sent then is answered @now, by whatever. Both are monotonic, in µs. */
  void (*replied)  (gint64                       sent,
                    gint64                       now,
                    gboolean                     urgent,
                    gpointer                     owner);

  /* Whether one more request may be taken on. */
  gboolean (*may_take_in) (gpointer              owner);

  /* The last call of the application has ended, however. Its answer is told next. May be NULL. */
  void (*settled)  (gpointer                     owner);

  /* A call has timed out, and its answer was told: now user code may run. May be NULL. */
  void (*elapsed)  (gpointer                     owner);
} ExtensionHostRpcFuncs;

struct _ExtensionHostCall
{
  guint32 id;
  gboolean urgent;
  guint64 generation;             /* that it was written for; 0 while it waits in the queue */
  ExtensionHostDeadline deadline;
  gint64 sent;                    /* monotonic, µs; when it was made, until then */
  guint64 horizon;                /* that is to be read before it may time out */
  ExtensionHostRpc *rpc;
  ExtensionHostReplyFunc func;
  gpointer data;
};

struct _ExtensionHostRpc
{
  ExtensionHostReactor *reactor;
  ExtensionHostSpec *spec;
  const ExtensionHostRpcFuncs *funcs;
  gpointer owner;

  ExtensionHostChannel *channel;  /* NULL while there is none */
  guint64 generation;
  gboolean ready;

  GHashTable *calls;              /* id → ExtensionHostCall */
  guint n_urgent;                 /* of them */
  guint32 last_id;
  gboolean wrapped;
  GQueue outgoing;                /* of Outgoing */
  gsize outgoing_bytes;
  gboolean is_direct;             /* the message that is being put together does not wait in there */

  guint inbound;                  /* requests in work, of this generation */
  gsize inbound_bytes;
  ExtensionHostOversize oversize;
  gboolean in_oversize;
};

void              extension_host_reply_free          (ExtensionHostReply          *self);
void              extension_host_incoming_free       (ExtensionHostIncoming       *self);

ExtensionHostRpc *extension_host_rpc_new             (ExtensionHostReactor        *reactor,
                                                      ExtensionHostSpec           *spec,
                                                      const ExtensionHostRpcFuncs *funcs,
                                                      gpointer                     owner);
void              extension_host_rpc_free            (ExtensionHostRpc            *self);

/* The channel of a generation */
void              extension_host_rpc_attach          (ExtensionHostRpc            *self,
                                                      ExtensionHostChannel        *channel,
                                                      guint64                      generation);
void              extension_host_rpc_set_ready       (ExtensionHostRpc            *self);
void              extension_host_rpc_hold            (ExtensionHostRpc            *self);
void              extension_host_rpc_detach          (ExtensionHostRpc            *self);
void              extension_host_rpc_take            (ExtensionHostRpc            *self,
                                                      const char                  *text,
                                                      gsize                        length);
void              extension_host_rpc_take_bytes      (ExtensionHostRpc            *self,
                                                      GBytes                      *message);
void              extension_host_rpc_take_piece      (ExtensionHostRpc            *self,
                                                      const char                  *piece,
                                                      gsize                        length,
                                                      gboolean                     last);
void              extension_host_rpc_pump            (ExtensionHostRpc            *self);

/* Calls. An urgent one is the library's own: it goes ahead of the others, also before ready. */
ExtensionHostCall *extension_host_rpc_call           (ExtensionHostRpc            *self,
                                                      const char                  *method,
                                                      const char                  *params,
                                                      gsize                        length,
                                                      guint                        timeout_ms,
                                                      gboolean                     urgent,
                                                      ExtensionHostReplyFunc       func,
                                                      gpointer                     data,
                                                      GError                     **error);
ExtensionHostCall *extension_host_rpc_call_node      (ExtensionHostRpc            *self,
                                                      const char                  *method,
                                                      JsonNode                    *params,
                                                      guint                        timeout_ms,
                                                      ExtensionHostReplyFunc       func,
                                                      gpointer                     data,
                                                      GError                     **error);
void              extension_host_rpc_abandon         (ExtensionHostRpc            *self,
                                                      ExtensionHostCall           *call,
                                                      const char                  *reason);
void              extension_host_rpc_postpone        (ExtensionHostCall           *call,
                                                      gint64                       due);
void              extension_host_rpc_fail_written    (ExtensionHostRpc            *self,
                                                      const GError                *error);
void              extension_host_rpc_fail_unwritten  (ExtensionHostRpc            *self,
                                                      const GError                *error);
void              extension_host_rpc_fail_all        (ExtensionHostRpc            *self,
                                                      const GError                *error);
gboolean          extension_host_rpc_notify          (ExtensionHostRpc            *self,
                                                      const char                  *method,
                                                      const char                  *params,
                                                      gsize                        length,
                                                      gboolean                     urgent,
                                                      GError                     **error);

/* For the two files of it: the one place where a call is answered, and its short form. */
void              extension_host_rpc_answer          (ExtensionHostRpc            *self,
                                                      ExtensionHostCall           *call,
                                                      ExtensionHostReply          *reply);
void              extension_host_rpc_fail            (ExtensionHostRpc            *self,
                                                      ExtensionHostCall           *call,
                                                      GError                      *error);

/* Answers to the host. FALSE if the request is of a generation that is over. */
gboolean          extension_host_rpc_return          (ExtensionHostRpc            *self,
                                                      ExtensionHostIncoming       *request,
                                                      const char                  *result,
                                                      gsize                        length);
gboolean          extension_host_rpc_return_error    (ExtensionHostRpc            *self,
                                                      ExtensionHostIncoming       *request,
                                                      int                          code,
                                                      const char                  *message);

guint             extension_host_rpc_get_pending     (ExtensionHostRpc            *self);
gsize             extension_host_rpc_get_queued      (ExtensionHostRpc            *self);
gsize             extension_host_rpc_get_inbound_bytes (ExtensionHostRpc          *self);

G_END_DECLS
