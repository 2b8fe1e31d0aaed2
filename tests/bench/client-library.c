/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* client-library: calls of the echo host by this library. The hosts are as an application makes them,
 * with health probes, deadlines and restarts as they are by default.
 *
 *   --api=bytes       params and result as JSON text
 *   --api=json        as JsonNode
 *   --api=json-glib   no host at all: what json-glib takes to write and to parse the same */

#include "bench-client.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <extension-host.h>

#define LIFE_MS (10 * 60 * 1000)   /* of a call that is never answered */

typedef struct
{
  Bench bench;
  ExtensionHostManager *manager;
  ExtensionHostProcess *process;
  GPtrArray *hosts;         /* all of them */
  GMainLoop *loop;
  GBytes *params;
  JsonNode *params_node;
} Client;

/* Hosts */

static ExtensionHostProcess *
add_host (Client     *self,
          const char *id,
          const char *option)
{
  const char *argv[] = { self->bench.options.host, option, NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new (id, argv);
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = NULL;

  /* So that the largest fit as often as they are to be in flight */
  g_object_set (spec, "max-write-queue", 64 * 1024 * 1024, NULL);
  process = extension_host_manager_add (self->manager, spec, &error);
  if (process == NULL)
    bench_fail (error->message);
  g_ptr_array_add (self->hosts, process);

  return process;
}

static void
wait_for_state (Client             *self,
                ExtensionHostState  state)
{
  for (guint i = 0; i < self->hosts->len; i++)
    while (extension_host_process_get_state (g_ptr_array_index (self->hosts, i)) != state)
      {
        if (extension_host_process_get_state (g_ptr_array_index (self->hosts, i)) ==
            EXTENSION_HOST_STATE_CRASHED)
          bench_fail ("a host cannot be started; is $EXTENSION_HOST_SHIM set?");
        g_main_context_iteration (NULL, TRUE);
      }
}

static void
ignore_answer (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data G_GNUC_UNUSED)
{
  g_autoptr(GBytes) bytes G_GNUC_UNUSED =
    extension_host_process_call_bytes_finish (EXTENSION_HOST_PROCESS (object), result, NULL);
}

/* A host that hears, and never says a word */
static void
make_pending_calls (Client *self)
{
  ExtensionHostProcess *silent = g_ptr_array_index (self->hosts, 1);

  for (guint i = 0; i < self->bench.options.pending; i++)
    extension_host_process_call_bytes_async (silent, BENCH_METHOD, self->params, LIFE_MS, NULL,
                                             ignore_answer, NULL);
}

static void
start_hosts (Client *self)
{
  g_autoptr(GError) error = NULL;

  self->process = add_host (self, "echo", NULL);
  if (self->bench.options.pending > 0)
    {
      g_autoptr(ExtensionHostSpec) spec = NULL;

      g_object_get (add_host (self, "silent", "--silent"), "spec", &spec, NULL);
      g_object_set (spec, "health-interval", 0, NULL);   /* it would be taken for a hung one */
    }
  for (guint i = 0; i < self->bench.options.idle_hosts; i++)
    {
      g_autofree char *id = g_strdup_printf ("idle-%u", i);

      add_host (self, id, NULL);
    }

  if (!extension_host_manager_start_all (self->manager, &error))
    bench_fail (error->message);
  wait_for_state (self, EXTENSION_HOST_STATE_RUNNING);
  make_pending_calls (self);
}

static void
end_hosts (Client *self)
{
  for (guint i = 0; i < self->hosts->len; i++)
    extension_host_process_kill_async (g_ptr_array_index (self->hosts, i), NULL, NULL, NULL);
  wait_for_state (self, EXTENSION_HOST_STATE_STOPPED);
}

/* Calls */

static void call (Client *self);

/* The answer was right. */
static void
go_on (Client *self)
{
  if (bench_answered (&self->bench))
    call (self);
  else
    g_main_loop_quit (self->loop);
}

static void
on_bytes (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Client *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes =
    extension_host_process_call_bytes_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  if (!g_main_loop_is_running (self->loop))
    return;   /* a rest of those in flight */

  if (bytes == NULL)
    bench_fail (error->message);
  if (!g_bytes_equal (bytes, self->params))
    bench_fail ("a wrong answer");
  go_on (self);
}

static gboolean
is_right (const Bench *bench,
          JsonNode    *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  return object != NULL &&
         g_strcmp0 (json_object_get_string_member (object, BENCH_MEMBER), bench->text) == 0;
}

static void
on_node (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Client *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node =
    extension_host_process_call_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  if (!g_main_loop_is_running (self->loop))
    return;

  if (node == NULL)
    bench_fail (error->message);
  if (!is_right (&self->bench, node))
    bench_fail ("a wrong answer");
  go_on (self);
}

static void
call (Client *self)
{
  if (self->params_node != NULL)
    extension_host_process_call_async (self->process, BENCH_METHOD, self->params_node, 0, NULL,
                                       on_node, self);
  else
    extension_host_process_call_bytes_async (self->process, BENCH_METHOD, self->params, 0, NULL,
                                             on_bytes, self);
}

static void
measure_calls (Client *self)
{
  start_hosts (self);

  bench_begin (&self->bench);
  for (guint i = 0; i < self->bench.options.in_flight; i++)
    call (self);
  g_main_loop_run (self->loop);

  end_hosts (self);
}

/* What of the JsonNode API is none of ours */
static void
measure_json_glib (Client *self)
{
  gboolean goes_on = TRUE;

  bench_begin (&self->bench);
  while (goes_on)
    {
      g_autoptr(JsonGenerator) generator = json_generator_new ();
      g_autoptr(JsonParser) parser = json_parser_new ();
      g_autofree char *text = NULL;
      gsize length = 0;

      json_generator_set_root (generator, self->params_node);
      text = json_generator_to_data (generator, &length);
      if (!json_parser_load_from_data (parser, text, length, NULL) ||
          !is_right (&self->bench, json_parser_get_root (parser)))
        bench_fail ("json-glib does not read what it wrote");
      goes_on = bench_answered (&self->bench);
    }
}

/* The limit is meant for programs that use select (). */
static void
raise_fd_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int    argc,
      char **argv)
{
  Client self = { 0 };
  const char *api = NULL;
  g_autofree char *name = NULL;

  bench_init (&self.bench, argc, argv);
  api = self.bench.options.api != NULL ? self.bench.options.api : "bytes";
  if (strcmp (api, "bytes") != 0)
    self.params_node = json_from_string (self.bench.params, NULL);
  raise_fd_limit ();

  self.params = g_bytes_new_static (self.bench.params, self.bench.options.size);
  self.manager = extension_host_manager_new ();
  self.hosts = g_ptr_array_new ();
  self.loop = g_main_loop_new (NULL, FALSE);

  if (strcmp (api, "json-glib") == 0)
    measure_json_glib (&self);
  else
    measure_calls (&self);

  name = g_strconcat (strcmp (api, "json-glib") == 0 ? "" : "library-", api, NULL);
  bench_report (&self.bench, name);

  g_object_unref (self.manager);
  g_ptr_array_unref (self.hosts);
  g_main_loop_unref (self.loop);
  g_bytes_unref (self.params);
  g_clear_pointer (&self.params_node, json_node_unref);
  bench_clear (&self.bench);

  return 0;
}
