/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-call-failure-private.h"
#include "extension-host-extension-private.h"
#include "extension-host-process-private.h"

/* Calls to a host. Each ends as exactly one GTask that returns: by the reply, the deadline, the end
 * of the host, the end of this object, or its cancellable. */

typedef struct
{
  ExtensionHostProcess *process;   /* the task has the reference, or, with an extension, this has */
  ExtensionHostCall *call;         /* NULL once it has its answer */
  GTask *task;
  GSource *cancelled;
  gboolean wants_node;
  ExtensionHostExtension *extension;   /* that it is for; NULL if it is for the host itself */
  gboolean counted;                    /* among those that it has not answered */
  ExtensionHostReply *reply;
  ExtensionHostExit *exit;         /* that left it without an answer; NULL if none did */
} UserCall;

static void
clear_cancelled (UserCall *user_call)
{
  if (user_call->cancelled == NULL)
    return;

  g_source_destroy (user_call->cancelled);
  g_clear_pointer (&user_call->cancelled, g_source_unref);
}

static void
stop_counting (UserCall *user_call)
{
  if (user_call->counted)
    user_call->extension->n_calls--;
  user_call->counted = FALSE;
}

static void
user_call_free (UserCall *user_call)
{
  clear_cancelled (user_call);
  stop_counting (user_call);
  g_clear_object (&user_call->task);
  g_clear_pointer (&user_call->reply, extension_host_reply_free);
  g_clear_pointer (&user_call->exit, extension_host_exit_unref);
  if (user_call->extension != NULL)
    {
      g_object_unref (user_call->extension);
      g_object_unref (user_call->process);
    }
  g_free (user_call);
}

static ExtensionHostCallFailure *
describe_failure (UserCall *user_call)
{
  ExtensionHostReply *reply = user_call->reply;
  ExtensionHostCallFailure *failure = extension_host_call_failure_new (reply->error);

  failure->written = reply->written;
  failure->generation = reply->generation;
  failure->data = extension_host_payload_parse (&reply->payload, NULL);
  failure->exit = g_steal_pointer (&user_call->exit);

  return failure;
}

static void
return_failure (UserCall *user_call,
                GTask    *task)
{
  g_task_set_task_data (task, describe_failure (user_call),
                        (GDestroyNotify) extension_host_call_failure_unref);
  g_task_return_error (task, g_steal_pointer (&user_call->reply->error));
}

static void
return_payload (UserCall *user_call,
                GTask    *task)
{
  ExtensionHostReply *reply = user_call->reply;
  JsonNode *node = NULL;

  if (!user_call->wants_node)
    {
      g_task_return_pointer (task, g_steal_pointer (&reply->payload.bytes),
                             (GDestroyNotify) g_bytes_unref);
      return;
    }

  node = extension_host_payload_parse (&reply->payload, &reply->error);
  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) json_node_unref);
  else
    return_failure (user_call, task);
}

/* Gives the answer to whoever called: user code may run here. */
static void
give_reply (ExtensionHostProcess *self G_GNUC_UNUSED,
            gpointer              data)
{
  UserCall *user_call = data;
  g_autoptr(GTask) task = g_steal_pointer (&user_call->task);

  if (user_call->reply->error != NULL)
    return_failure (user_call, task);
  else
    return_payload (user_call, task);
}

/* The data of an error is told as a tree in any case. */
static ExtensionHostPayload *
get_reply_payload (ExtensionHostProcess *self G_GNUC_UNUSED,
                   gpointer              data)
{
  UserCall *user_call = data;
  ExtensionHostReply *reply = user_call->reply;

  return user_call->wants_node || reply->error != NULL ? &reply->payload : NULL;
}

/* Its turn has come, or never will: a call is answered even if all other news is dropped. */
static void
end_user_call (gpointer data)
{
  UserCall *user_call = data;

  if (user_call->task != NULL)
    give_reply (user_call->process, user_call);
  user_call_free (user_call);
}

static gsize
reply_size (ExtensionHostReply *reply)
{
  return sizeof *reply + (reply->payload.bytes != NULL ? g_bytes_get_size (reply->payload.bytes) : 0);
}

/* The exit is now the last one; when the answer is told there may have been another. */
static void
note_exit (UserCall *user_call)
{
  ExtensionHostExit *exit = user_call->process->last_exit;

  if (exit != NULL && g_error_matches (user_call->reply->error, EXTENSION_HOST_ERROR,
                                       EXTENSION_HOST_ERROR_HOST_EXITED))
    user_call->exit = extension_host_exit_ref (exit);
}

/* The answer came: it waits for its turn among the news. */
static void
on_reply (ExtensionHostReply *reply,
          gpointer            data)
{
  UserCall *user_call = data;

  clear_cancelled (user_call);
  stop_counting (user_call);
  user_call->call = NULL;
  user_call->reply = reply;
  note_exit (user_call);
  extension_host_process_queue_delivery (user_call->process, give_reply, get_reply_payload,
                                         user_call, end_user_call, reply_size (reply));
}

/* Whoever cancelled it may have reset the cancellable since. */
static void
return_cancelled (GTask   *task,
                  guint64  generation)
{
  GError *error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                       _("The call was cancelled"));
  ExtensionHostCallFailure *failure = extension_host_call_failure_new (error);

  failure->written = generation != 0;
  failure->generation = generation;
  g_task_set_task_data (task, failure, (GDestroyNotify) extension_host_call_failure_unref);
  g_task_return_error (task, error);
}

static gboolean
on_cancelled (GCancellable *cancellable G_GNUC_UNUSED,
              gpointer      data)
{
  UserCall *user_call = data;
  g_autoptr(GTask) task = g_steal_pointer (&user_call->task);
  guint64 generation = user_call->call->generation;

  extension_host_rpc_abandon (user_call->process->rpc, user_call->call, "cancelled");
  user_call_free (user_call);
  return_cancelled (task, generation);

  return G_SOURCE_REMOVE;
}

/* Calling */

gboolean
extension_host_process_check_protocol (ExtensionHostProcess  *self,
                                       GError               **error)
{
  if (extension_host_spec_has_messages (self->spec))
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_SUPPORTED,
               _("Host “%s” has no protocol to be called by"), self->spec->id);

  return FALSE;
}

/* Whether there is, or will be, somebody to talk to. */
static gboolean
check_callable (ExtensionHostProcess  *self,
                GError               **error)
{
  ExtensionHostState state = self->lifecycle.state;

  if (!extension_host_process_check_open (self, error))
    return FALSE;

  if (!extension_host_process_check_protocol (self, error))
    return FALSE;

  if (state == EXTENSION_HOST_STATE_STOPPED || state == EXTENSION_HOST_STATE_CRASHED ||
      state == EXTENSION_HOST_STATE_STOPPING)
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING,
                   _("Host “%s” is not running: it is %s"), self->spec->id,
                   extension_host_state_to_string (state));
      return FALSE;
    }

  return TRUE;
}

static void
watch_cancellable (UserCall *user_call)
{
  GCancellable *cancellable = g_task_get_cancellable (user_call->task);

  if (cancellable == NULL)
    return;

  user_call->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_static_name (user_call->cancelled, "[extension-host] call cancelled");
  g_source_set_callback (user_call->cancelled, G_SOURCE_FUNC (on_cancelled), user_call, NULL);
  g_source_attach (user_call->cancelled, user_call->process->context);
}

static void
refuse (GTask  *task,
        GError *error)
{
  g_task_set_task_data (task, extension_host_call_failure_new (error),
                        (GDestroyNotify) extension_host_call_failure_unref);
  g_task_return_error (task, error);
}

/* What was checked: a tree, or text, or neither. */
typedef struct
{
  JsonNode *node;
  const char *text;
  gsize length;
} Params;

static ExtensionHostCall *
make_call (ExtensionHostProcess  *self,
           const char            *method,
           const Params          *params,
           guint                  timeout_ms,
           UserCall              *user_call,
           GError               **error)
{
  if (timeout_ms == 0)
    timeout_ms = self->spec->request_timeout;

  if (params->node != NULL)
    return extension_host_rpc_call_node (self->rpc, method, params->node, timeout_ms, on_reply,
                                         user_call, error);

  return extension_host_rpc_call (self->rpc, method, params->text, params->length, timeout_ms, FALSE,
                                  on_reply, user_call, error);
}

/* Takes over @task. */
static void
begin_call (ExtensionHostProcess   *self,
            ExtensionHostExtension *extension,
            const char             *method,
            Params                  params,
            guint                   timeout_ms,
            gboolean                wants_node,
            GTask                  *task)
{
  UserCall *user_call = g_new0 (UserCall, 1);
  GError *error = NULL;

  user_call->process = self;
  user_call->task = task;
  user_call->wants_node = wants_node;
  if (extension != NULL)
    {
      user_call->extension = g_object_ref (extension);
      g_object_ref (self);
      extension->n_calls++;
      user_call->counted = TRUE;
    }

  if (check_callable (self, &error))
    user_call->call = make_call (self, method, &params, timeout_ms, user_call, &error);

  if (user_call->call == NULL)
    {
      refuse (task, error);
      user_call_free (user_call);
      return;
    }

  watch_cancellable (user_call);
}

/* A call of an extension. Takes over @task, and @error: unless that is NULL the call has failed already. */
void
extension_host_process_call_for (ExtensionHostProcess   *self,
                                 ExtensionHostExtension *extension,
                                 const char             *method,
                                 const char             *params,
                                 gsize                   length,
                                 guint                   timeout_ms,
                                 GError                 *error,
                                 GTask                  *task)
{
  if (error != NULL)
    refuse (task, error);
  else if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    return_cancelled (task, 0);
  else
    begin_call (self, extension, method, (Params) { .text = params, .length = length }, timeout_ms,
                TRUE, g_steal_pointer (&task));

  g_clear_object (&task);
}

/**
 * extension_host_process_call_async:
 * @self: a host
 * @method: a method, such as `textDocument/hover`
 * @params: (nullable): an object or an array, which may be used again at once
 * @timeout_ms: how long to wait for the answer, in ms; 0 is
 *   [property@ExtensionHost.Spec:request-timeout], %EXTENSION_HOST_NO_TIMEOUT waits for ever
 * @cancellable: (nullable): ends the call at once; the host is told if it knows of the call
 * @callback: (scope async): called when there is an answer, or there will be none
 * @user_data: data for @callback
 *
 * Calls a method of the host.
 *
 * A call that is made before the host is ready waits for it, its time running, and goes through
 * automatic restarts as long as it has not been written. Calls are written and answered in order
 * of their making, though the host may answer in any order.
 *
 * Errors: those the host answers with have the domain %EXTENSION_HOST_RPC_ERROR and the code of the
 * host. `NOT_RUNNING` in `stopped`, `crashed` and `stopping`; `HOST_EXITED` if the host ended
 * before it had answered; `TIMED_OUT`; `QUEUE_FULL` above
 * [property@ExtensionHost.Spec:max-pending] or [property@ExtensionHost.Spec:max-write-queue];
 * `MESSAGE_TOO_LARGE` for answers above [property@ExtensionHost.Spec:max-message-size] or of more
 * than 250 000 values; `NOT_SUPPORTED` without a protocol; `CLOSED`; `G_IO_ERROR_CANCELLED`.
 * [method@ExtensionHost.Process.get_call_failure] tells more.
 *
 * Since: 0.1
 */
void
extension_host_process_call_async (ExtensionHostProcess *self,
                                   const char           *method,
                                   JsonNode             *params,
                                   guint                 timeout_ms,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data)
{
  GError *error = NULL;
  GTask *task = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (method != NULL && method[0] != '\0');
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = extension_host_process_new_task (self, extension_host_process_call_async, cancellable,
                                          callback, user_data);
  if (!extension_host_params_check_node (params, &error))
    refuse (task, error);
  else if (g_cancellable_is_cancelled (cancellable))
    return_cancelled (task, 0);
  else
    begin_call (self, NULL, method, (Params) { .node = params }, timeout_ms, TRUE,
                g_steal_pointer (&task));

  g_clear_object (&task);
}

/**
 * extension_host_process_call_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.call_async]. It may be kept, and modified.
 *
 * The values of a large result that are not used any more are freed a few at a time in the main
 * context of @self, for a while after the callback. That is of no account in there. To use the result
 * in another thread, hand over the node itself, and drop it as the last of all: `JsonObject` and
 * `JsonArray` do not count their references atomically, so no reference to one of the result
 * may outlive the node there. Where that does not fit, call
 * [method@ExtensionHost.Process.call_bytes_async] and parse the text in that thread.
 *
 * Returns: (transfer full): what the host answered, or %NULL with @error set
 *
 * Since: 0.1
 */
JsonNode *
extension_host_process_call_finish (ExtensionHostProcess  *self,
                                    GAsyncResult          *result,
                                    GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_call_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * extension_host_process_call_bytes_async:
 * @self: a host
 * @method: a method
 * @params: (nullable): JSON text in UTF-8, an object or an array
 * @timeout_ms: how long to wait for the answer, in ms; 0 is
 *   [property@ExtensionHost.Spec:request-timeout], %EXTENSION_HOST_NO_TIMEOUT waits for ever
 * @cancellable: (nullable): ends the call at once; the host is told if it knows of the call
 * @callback: (scope async): called when there is an answer, or there will be none
 * @user_data: data for @callback
 *
 * Calls a method of the host with text, and is answered with text: several times as fast as
 * [method@ExtensionHost.Process.call_async], which it is like in all else. The answer is valid JSON
 * but for its UTF-8, and has no limit of values.
 *
 * Errors: also `FAILED` if @params is no JSON object or array.
 *
 * Since: 0.1
 */
void
extension_host_process_call_bytes_async (ExtensionHostProcess *self,
                                         const char           *method,
                                         GBytes               *params,
                                         guint                 timeout_ms,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data)
{
  const char *text = NULL;
  GError *error = NULL;
  gsize length = 0;
  GTask *task = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_PROCESS (self));
  g_return_if_fail (method != NULL && method[0] != '\0');
  g_return_if_fail (extension_host_process_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = extension_host_process_new_task (self, extension_host_process_call_bytes_async,
                                          cancellable, callback, user_data);
  if (params != NULL)
    text = g_bytes_get_data (params, &length);
  if (params != NULL && !extension_host_params_check (text, length, &error))
    refuse (task, error);
  else if (g_cancellable_is_cancelled (cancellable))
    return_cancelled (task, 0);
  else
    begin_call (self, NULL, method, (Params) { .text = text, .length = length }, timeout_ms, FALSE,
                g_steal_pointer (&task));

  g_clear_object (&task);
}

/**
 * extension_host_process_call_bytes_finish:
 * @self: a host
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Process.call_bytes_async].
 *
 * Returns: (transfer full): what the host answered, as JSON text, or %NULL with @error set
 *
 * Since: 0.1
 */
GBytes *
extension_host_process_call_bytes_finish (ExtensionHostProcess  *self,
                                          GAsyncResult          *result,
                                          GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_process_call_bytes_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * extension_host_process_get_call_failure:
 * @self: a host
 * @result: the result of a call that failed, of this host or of an extension in it
 *
 * Gets why a call failed, in more detail than its error has, and in every language: some bindings
 * drop all but code and message of an error. Call it in the callback, before or after the finish
 * function.
 *
 * Returns: (transfer none) (nullable): the failure, or %NULL if the call did not fail
 *
 * Since: 0.1
 */
ExtensionHostCallFailure *
extension_host_process_get_call_failure (ExtensionHostProcess *self,
                                         GAsyncResult         *result)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  if (g_async_result_is_tagged (result, extension_host_extension_call_async))
    return g_task_get_task_data (G_TASK (result));

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_get_task_data (G_TASK (result));
}

/**
 * extension_host_process_send_notification:
 * @self: a host
 * @method: a method
 * @params: (nullable): an object or an array, which may be used again at once
 * @error: return location for an error
 *
 * Sends the host a notification, which it does not answer. It waits in the same queue as calls do.
 *
 * Errors: `NOT_RUNNING`, `QUEUE_FULL`, `NOT_SUPPORTED`, `CLOSED` as for
 * [method@ExtensionHost.Process.call_async]; `FAILED` if @params is neither object nor array.
 *
 * Returns: %TRUE if it was sent, or is about to be
 *
 * Since: 0.1
 */
gboolean
extension_host_process_send_notification (ExtensionHostProcess  *self,
                                          const char            *method,
                                          JsonNode              *params,
                                          GError               **error)
{
  g_autofree char *text = NULL;
  GError *local_error = NULL;
  gsize length = 0;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (method != NULL && method[0] != '\0', FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  text = extension_host_params_to_text (params, &length, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }

  return check_callable (self, error) &&
         extension_host_rpc_notify (self->rpc, method, text, length, FALSE, error);
}
