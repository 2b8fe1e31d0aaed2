/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "calls.h"

#include <string.h>

#include "call-words.h"
#include "crash.h"
#include "extension-hint.h"
#include "json-line.h"

/* One call under way */
typedef struct
{
  ToolCalls *calls;
  char *method;
  char *params;
  guint number;
} Pending;

static void go_on (ToolCalls *self);

static void
pending_free (Pending *self)
{
  g_free (self->method);
  g_free (self->params);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pending, pending_free)

ToolCall *
tool_call_new (const char *method)
{
  ToolCall *self = g_new0 (ToolCall, 1);

  self->method = g_strdup (method);

  return self;
}

void
tool_call_free (ToolCall *self)
{
  g_free (self->method);
  g_free (self->params);
  g_free (self);
}

/* The last lines of one end are told with the first call that failed for it. */
static void
tell_failure (ToolCalls        *self,
              const ToolAnswer *answer)
{
  ExtensionHostExit *exit =
    answer->failure != NULL ? extension_host_call_failure_get_exit (answer->failure) : NULL;
  guint64 generation = exit != NULL ? extension_host_exit_get_generation (exit) : 0;

  tool_tell_failed_call (answer, self->repeat_log && generation != self->log_told);
  if (generation != 0)
    self->log_told = generation;
  if (self->extensions != NULL &&
      g_error_matches (answer->error, EXTENSION_HOST_RPC_ERROR,
                       EXTENSION_HOST_RPC_ERROR_METHOD_NOT_FOUND))
    {
      g_auto(GStrv) ids = tool_extensions_dup_ids (self->extensions);

      tool_hint_extension (answer->method, (const char * const *) ids);
    }
}

static void
take_answer (ToolCalls        *self,
             const ToolAnswer *answer)
{
  self->output->answer (self->output, self->process, answer);
  if (answer->error == NULL)
    return;

  self->n_failed++;
  tell_failure (self, answer);
}

/* LINE is its result, or NULL with ERROR set. */
static void
answer_call (Pending                  *pending,
             const char               *line,
             const GError             *error,
             ExtensionHostCallFailure *failure)
{
  const ToolAnswer answer = {
    .number = pending->number,
    .method = pending->method,
    .result = line,
    .error = error,
    .failure = failure,
  };

  pending->calls->n_pending--;
  take_answer (pending->calls, &answer);
}

static void
on_called (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(Pending) pending = user_data;
  ToolCalls *self = pending->calls;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes =
    extension_host_process_call_bytes_finish (self->process, result, &error);
  g_autofree char *line = bytes != NULL ? tool_dup_json_line (bytes) : NULL;

  answer_call (pending, line, error,
               extension_host_process_get_call_failure (self->process, result));
  go_on (self);
}

static void
on_extension_called (GObject      *object,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(Pending) pending = user_data;
  ToolCalls *self = pending->calls;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node =
    extension_host_extension_call_finish (EXTENSION_HOST_EXTENSION (object), result, &error);
  char *text = node != NULL ? json_to_string (node, FALSE) : NULL;
  g_autoptr(GBytes) bytes = text != NULL ? g_bytes_new_take (text, strlen (text)) : NULL;
  g_autofree char *line = bytes != NULL ? tool_dup_json_line (bytes) : NULL;

  answer_call (pending, line, error,
               extension_host_process_get_call_failure (self->process, result));
  go_on (self);
}

static void
send_to_host (Pending *pending)
{
  ToolCalls *self = pending->calls;
  g_autoptr(GBytes) params =
    pending->params != NULL ? g_bytes_new (pending->params, strlen (pending->params)) : NULL;

  extension_host_process_call_bytes_async (self->process, pending->method, params,
                                           self->timeout_ms, NULL, on_called, pending);
}

static ExtensionHostExtension *
find_extension (ToolCalls   *self,
                const char  *method,
                const char **command)
{
  return self->extensions != NULL ? tool_extensions_find (self->extensions, method, command) : NULL;
}

static void
send_call (Pending *pending)
{
  ToolCalls *self = pending->calls;
  const char *command = NULL;
  ExtensionHostExtension *extension = find_extension (self, pending->method, &command);
  g_autoptr(JsonNode) arguments = NULL;

  if (extension == NULL)
    {
      send_to_host (pending);
      return;
    }

  /* It was checked, and more strictly. */
  if (pending->params != NULL)
    arguments = json_from_string (pending->params, NULL);
  extension_host_extension_call_async (extension, command, arguments, self->timeout_ms, NULL,
                                       on_extension_called, pending);
}

/* Calls of the list all wait for the extensions; of those that are typed, those to one do. */
static gboolean
has_to_wait (Pending *pending)
{
  ToolCalls *self = pending->calls;
  const char *command = NULL;

  return self->extensions != NULL &&
         (self->list != NULL || find_extension (self, pending->method, &command) != NULL) &&
         !tool_extensions_are_settled (self->extensions);
}

static void
send_held (ToolCalls *self)
{
  Pending *pending = NULL;

  while ((pending = g_queue_pop_head (&self->held)) != NULL)
    send_call (pending);
}

/* The host will not be ready any more. */
static void
fail_held (ToolCalls    *self,
           const GError *error)
{
  GQueue held = self->held;
  Pending *next = NULL;

  g_queue_init (&self->held);
  while ((next = g_queue_pop_head (&held)) != NULL)
    {
      g_autoptr(Pending) pending = next;

      answer_call (pending, NULL, error, NULL);
    }
}

static void
on_held_ready (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  ToolCalls *self = user_data;
  g_autoptr(GError) error = NULL;

  self->awaiting = FALSE;
  if (!extension_host_process_wait_ready_finish (self->process, result, &error))
    {
      fail_held (self, error);
      go_on (self);
    }
  else if (tool_extensions_are_settled (self->extensions))
    {
      send_held (self);
    }
  else if (extension_host_process_get_readiness (self->process) != EXTENSION_HOST_READINESS_READY)
    {
      /* It went down again before we were told. */
      tool_calls_go_on (self);
    }
}

/* An extension changed its state: what waited for that may be sent now. The news are not out yet,
 * and waiting for the host lets them come first. */
void
tool_calls_go_on (ToolCalls *self)
{
  if (self->awaiting || g_queue_is_empty (&self->held))
    return;

  self->awaiting = TRUE;
  extension_host_process_wait_ready_async (self->process, NULL, on_held_ready, self);
}

static void
make_call (ToolCalls      *self,
           const ToolCall *call)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->calls = self;
  pending->method = g_strdup (call->method);
  pending->params = g_strdup (call->params);
  pending->number = ++self->n_made;
  self->n_pending++;
  if (!has_to_wait (pending))
    {
      send_call (pending);
      return;
    }

  g_queue_push_tail (&self->held, pending);
  tool_calls_go_on (self);
}

static void
go_on (ToolCalls *self)
{
  if (self->list != NULL && self->n_made < self->list->len)
    make_call (self, g_ptr_array_index (self->list, self->n_made));
  else if (self->ended && self->n_pending == 0)
    self->done (self->owner);
}

static void
on_ready (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  ToolCalls *self = user_data;
  g_autoptr(GError) error = NULL;

  /* It will not be ready any more: none of the calls can be made. */
  if (!extension_host_process_wait_ready_finish (self->process, result, &error))
    {
      for (; self->n_made < self->list->len; )
        {
          const ToolCall *call = g_ptr_array_index (self->list, self->n_made);
          const ToolAnswer answer = {
            .number = ++self->n_made,
            .method = call->method,
            .error = error,
          };

          take_answer (self, &answer);
        }
    }

  go_on (self);
}

/* Each is made when the one before it has its answer, the first when the host is ready. */
void
tool_calls_make_list (ToolCalls *self)
{
  self->ended = TRUE;
  extension_host_process_wait_ready_async (self->process, NULL, on_ready, self);
}

void
tool_calls_clear (ToolCalls *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) pending_free);
}

/* There are no more lines. */
void
tool_calls_end (ToolCalls *self)
{
  self->ended = TRUE;
  go_on (self);
}

static gboolean
notify (ToolCalls       *self,
        const ToolCall  *call,
        GError         **error)
{
  g_autoptr(JsonNode) params = NULL;

  if (call->params != NULL)
    params = json_from_string (call->params, error);
  if (call->params != NULL && params == NULL)
    return FALSE;

  return extension_host_process_send_notification (self->process, call->method, params, error);
}

/* “METHOD [JSON]” is a call, “!METHOD [JSON]” a notification, a line of white space is nothing. */
gboolean
tool_calls_take_line (ToolCalls   *self,
                      const char  *line,
                      GError     **error)
{
  g_autofree char *text = g_strstrip (g_strdup (line));
  gboolean is_call = text[0] != '!';
  const char *method = is_call ? text : g_strchug (text + 1);
  gsize length = strcspn (method, " \t");
  ToolCall call = { NULL, NULL };
  g_autofree char *name = g_strndup (method, length);
  g_autofree char *params = g_strchug (g_strdup (method + length));

  if (text[0] == '\0')
    return TRUE;

  call.method = name;
  call.params = params[0] != '\0' ? params : NULL;
  if (!tool_check_method (name, error) ||
      (call.params != NULL && !tool_check_params (call.params, error)))
    return FALSE;

  if (!is_call)
    return notify (self, &call, error);

  make_call (self, &call);

  return TRUE;
}
