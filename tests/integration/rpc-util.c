/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rpc-util.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_LIFE "--live-for=120"

/* Hosts */

ExtensionHostSpec *
rpc_spec_new (TestFixture *fixture,
              const char  *id,
              ...)
{
  const char *environment[] = { fixture->tag, NULL };
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  ExtensionHostSpec *spec = NULL;
  va_list options;

  g_assert_nonnull (g_getenv ("RPC_HOST"));
  g_ptr_array_add (argv, (gpointer) g_getenv ("RPC_HOST"));
  g_ptr_array_add (argv, (gpointer) HOST_LIFE);
  va_start (options, id);
  do
    g_ptr_array_add (argv, va_arg (options, char *));
  while (g_ptr_array_index (argv, argv->len - 1) != NULL);
  va_end (options);

  spec = extension_host_spec_new (id, (const char * const *) argv->pdata);
  g_object_set (spec,
                "environment", environment,
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER,
                "health-interval", 0,   /* no probes among what a test counts */
                NULL);

  return spec;
}

void
rpc_wait_running (TestFixture          *fixture,
                  ExtensionHostProcess *process)
{
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_RUNNING);
}

ExtensionHostProcess *
rpc_start (TestFixture       *fixture,
           ExtensionHostSpec *spec)
{
  ExtensionHostProcess *process = extension_host_process_new (spec);
  g_autoptr(GError) error = NULL;

  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, &error));
  g_assert_no_error (error);
  rpc_wait_running (fixture, process);

  return process;
}

void
rpc_stop (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_stop (process, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
}

JsonNode *
rpc_json (const char *text)
{
  g_autoptr(GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);

  return node;
}

/* Calls */

static char *
finish (RpcCall      *self,
        GAsyncResult *result)
{
  g_autoptr(JsonNode) node = NULL;
  g_autoptr(GBytes) bytes = NULL;

  if (self->in_bytes)
    {
      bytes = extension_host_process_call_bytes_finish (self->process, result, &self->error);
      return bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
                           : NULL;
    }

  node = extension_host_process_call_finish (self->process, result, &self->error);

  return node != NULL ? json_to_string (node, FALSE) : NULL;
}

static void
on_answer (GObject      *object G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      user_data)
{
  RpcCall *self = user_data;
  ExtensionHostCallFailure *failure = NULL;

  g_assert_cmpuint (++self->n_answers, ==, 1);
  self->took = g_get_monotonic_time () - self->began;
  self->text = finish (self, result);
  g_assert_true ((self->text == NULL) == (self->error != NULL));
  failure = extension_host_process_get_call_failure (self->process, result);
  g_assert_true ((failure == NULL) == (self->error == NULL));
  if (failure != NULL)
    self->failure = extension_host_call_failure_ref (failure);
}

void
rpc_call (RpcCall              *self,
          ExtensionHostProcess *process,
          const char           *method,
          const char           *params,
          guint                 timeout_ms,
          GCancellable         *cancellable)
{
  g_autoptr(JsonNode) node = params != NULL ? rpc_json (params) : NULL;

  *self = (RpcCall) { .process = process, .began = g_get_monotonic_time () };
  extension_host_process_call_async (process, method, node, timeout_ms, cancellable, on_answer,
                                     self);
}

void
rpc_call_bytes (RpcCall              *self,
                ExtensionHostProcess *process,
                const char           *method,
                const char           *params,
                guint                 timeout_ms,
                GCancellable         *cancellable)
{
  g_autoptr(GBytes) bytes = params != NULL ? g_bytes_new (params, strlen (params)) : NULL;

  *self = (RpcCall) {
    .process = process,
    .began = g_get_monotonic_time (),
    .in_bytes = TRUE,
  };
  extension_host_process_call_bytes_async (process, method, bytes, timeout_ms, cancellable,
                                           on_answer, self);
}

void
rpc_call_clear (RpcCall *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->failure, extension_host_call_failure_unref);
}

char *
rpc_ask (TestFixture          *fixture,
         ExtensionHostProcess *process,
         const char           *method,
         const char           *params)
{
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, method, params, 0, NULL);
  rpc_wait (fixture, &call);
  g_assert_no_error (call.error);

  return g_steal_pointer (&call.text);
}

guint64
rpc_get_stale (ExtensionHostProcess *process)
{
  return extension_host_process_get_stale_events (process);
}

gsize
rpc_get_rss (void)
{
  g_autofree char *contents = NULL;
  unsigned long total = 0, resident = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &contents, NULL, NULL));
  g_assert_cmpint (sscanf (contents, "%lu %lu", &total, &resident), ==, 2);

  return resident * (gsize) sysconf (_SC_PAGESIZE) / (1024 * 1024);
}
