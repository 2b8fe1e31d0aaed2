/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-error.h"
#include "extension-host-invocation-private.h"
#include "extension-host-json-glib-private.h"

/**
 * ExtensionHostInvocation:
 *
 * A request of a host, to be answered by the application.
 *
 * A method that was registered with [method@ExtensionHost.Process.add_method] gets one. It answers
 * with one of the `return` functions, now or later, and exactly once; they do not consume the
 * object. If the last reference is dropped without an answer, the host is told −32603. If the host
 * ends first, the answer goes nowhere, which is no error.
 *
 * Since: 0.1
 */
struct _ExtensionHostInvocation
{
  GObject parent_instance;

  ExtensionHostIncoming *request;
  ExtensionHostAnswerFunc answer;
  GWeakRef owner;
  JsonNode *params;             /* parsed when first asked for */
  GCancellable *cancellable;
  gboolean answered;
};

G_DEFINE_FINAL_TYPE (ExtensionHostInvocation, extension_host_invocation, G_TYPE_OBJECT)

static void
answer_once (ExtensionHostInvocation *self,
             const char              *result,
             gsize                    length,
             int                      code,
             const char              *message)
{
  g_autoptr(GObject) owner = g_weak_ref_get (&self->owner);

  self->answered = TRUE;
  if (owner != NULL)
    self->answer (self->request, result, length, code, message, owner);
}

static void
extension_host_invocation_dispose (GObject *object)
{
  ExtensionHostInvocation *self = EXTENSION_HOST_INVOCATION (object);

  if (!self->answered)
    answer_once (self, NULL, 0, EXTENSION_HOST_RPC_ERROR_INTERNAL_ERROR,
                 "the application gave no answer");

  G_OBJECT_CLASS (extension_host_invocation_parent_class)->dispose (object);
}

static void
extension_host_invocation_finalize (GObject *object)
{
  ExtensionHostInvocation *self = EXTENSION_HOST_INVOCATION (object);

  g_weak_ref_clear (&self->owner);
  g_clear_pointer (&self->params, json_node_unref);
  g_clear_object (&self->cancellable);
  extension_host_incoming_free (self->request);

  G_OBJECT_CLASS (extension_host_invocation_parent_class)->finalize (object);
}

static void
extension_host_invocation_class_init (ExtensionHostInvocationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = extension_host_invocation_dispose;
  object_class->finalize = extension_host_invocation_finalize;
}

static void
extension_host_invocation_init (ExtensionHostInvocation *self)
{
  self->cancellable = g_cancellable_new ();
}

ExtensionHostInvocation *
extension_host_invocation_new (ExtensionHostIncoming   *request,
                               ExtensionHostAnswerFunc  answer,
                               GObject                 *owner)
{
  ExtensionHostInvocation *self = g_object_new (EXTENSION_HOST_TYPE_INVOCATION, NULL);

  self->request = request;
  self->answer = answer;
  g_weak_ref_init (&self->owner, owner);

  return self;
}

const char *
extension_host_invocation_get_id (ExtensionHostInvocation *self)
{
  return self->request->id;
}

/* The host does not wait for it any more. An answer is still due (JSON-RPC has it so), and nobody
 * minds which. */
void
extension_host_invocation_cancel (ExtensionHostInvocation *self)
{
  g_autoptr(ExtensionHostInvocation) hold G_GNUC_UNUSED = g_object_ref (self);

  g_cancellable_cancel (self->cancellable);
}

/**
 * extension_host_invocation_get_method:
 * @self: an invocation
 *
 * Gets the method that the host calls.
 *
 * Returns: (transfer none): the method
 *
 * Since: 0.1
 */
const char *
extension_host_invocation_get_method (ExtensionHostInvocation *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_INVOCATION (self), NULL);

  return self->request->method;
}

/**
 * extension_host_invocation_get_params:
 * @self: an invocation
 *
 * Gets the parameters, which are parsed when this is first called.
 *
 * Returns: (transfer none) (nullable): an object or an array; %NULL if there are none, or if they
 *   have a string with a NUL character or more than 250 000 values: those are there as bytes only
 *
 * Since: 0.1
 */
JsonNode *
extension_host_invocation_get_params (ExtensionHostInvocation *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_INVOCATION (self), NULL);

  if (self->params == NULL)
    self->params = extension_host_payload_parse (&self->request->params, NULL);

  return self->params;
}

/**
 * extension_host_invocation_get_params_bytes:
 * @self: an invocation
 *
 * Gets the parameters as the host wrote them.
 *
 * Returns: (transfer none) (nullable): JSON text, or %NULL if there are none
 *
 * Since: 0.1
 */
GBytes *
extension_host_invocation_get_params_bytes (ExtensionHostInvocation *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_INVOCATION (self), NULL);

  return self->request->params.bytes;
}

/**
 * extension_host_invocation_get_cancellable:
 * @self: an invocation
 *
 * Gets what is cancelled when the host cancels its request.
 *
 * Returns: (transfer none): the cancellable
 *
 * Since: 0.1
 */
GCancellable *
extension_host_invocation_get_cancellable (ExtensionHostInvocation *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_INVOCATION (self), NULL);

  return self->cancellable;
}

/**
 * extension_host_invocation_return_value:
 * @self: an invocation that was not answered
 * @result: (nullable): the result; %NULL is null
 *
 * Answers the host with a result.
 *
 * Since: 0.1
 */
void
extension_host_invocation_return_value (ExtensionHostInvocation *self,
                                        JsonNode                *result)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  g_return_if_fail (EXTENSION_HOST_IS_INVOCATION (self));
  g_return_if_fail (!self->answered);

  if (result != NULL)
    text = extension_host_json_to_text (result, &length);

  answer_once (self, text, length, 0, NULL);
}

/**
 * extension_host_invocation_return_error:
 * @self: an invocation that was not answered
 * @code: a code: see [error@ExtensionHost.RpcError] for those with a meaning
 * @message: a message for people
 *
 * Answers the host with an error.
 *
 * Since: 0.1
 */
void
extension_host_invocation_return_error (ExtensionHostInvocation *self,
                                        int                      code,
                                        const char              *message)
{
  g_return_if_fail (EXTENSION_HOST_IS_INVOCATION (self));
  g_return_if_fail (!self->answered);
  g_return_if_fail (message != NULL);

  answer_once (self, NULL, 0, code, message);
}

/**
 * extension_host_invocation_return_gerror:
 * @self: an invocation that was not answered
 * @error: an error
 *
 * Answers the host with an error: one of `EXTENSION_HOST_RPC_ERROR` with its code, any other as
 * an internal error (−32603) with its message.
 *
 * Since: 0.1
 */
void
extension_host_invocation_return_gerror (ExtensionHostInvocation *self,
                                         const GError            *error)
{
  g_return_if_fail (EXTENSION_HOST_IS_INVOCATION (self));
  g_return_if_fail (!self->answered);
  g_return_if_fail (error != NULL);

  answer_once (self, NULL, 0,
               error->domain == EXTENSION_HOST_RPC_ERROR
                 ? error->code : EXTENSION_HOST_RPC_ERROR_INTERNAL_ERROR,
               error->message);
}
