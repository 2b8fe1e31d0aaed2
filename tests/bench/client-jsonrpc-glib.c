/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* client-jsonrpc-glib: calls by JsonrpcClient of jsonrpc-glib, which frames by Content-Length. */

#include "bench-client.h"

#include <fcntl.h>
#include <string.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <jsonrpc-glib.h>

typedef struct
{
  Bench bench;
  GSubprocess *subprocess;
  JsonrpcClient *client;
  GMainLoop *loop;
  GVariant *params;
} Client;

static void call (Client *self);

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Client *self = user_data;
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;
  const char *text = NULL;

  if (!g_main_loop_is_running (self->loop))
    return;

  if (!jsonrpc_client_call_finish (JSONRPC_CLIENT (object), result, &answer, &error))
    bench_fail (error->message);
  if (!g_variant_lookup (answer, BENCH_MEMBER, "&s", &text) || strcmp (text, self->bench.text) != 0)
    bench_fail ("a wrong answer");

  if (bench_answered (&self->bench))
    call (self);
  else
    g_main_loop_quit (self->loop);
}

static void
call (Client *self)
{
  jsonrpc_client_call_async (self->client, BENCH_METHOD, self->params, NULL, on_answer, self);
}

static void
start_host (Client *self)
{
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;
  GInputStream *in = NULL;
  GOutputStream *out = NULL;

  self->subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                       G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                       self->bench.options.host, "--framing=content-length", NULL);
  if (self->subprocess == NULL)
    bench_fail (error->message);

  in = g_subprocess_get_stdout_pipe (self->subprocess);
  out = g_subprocess_get_stdin_pipe (self->subprocess);
  /* As in client-glib */
  fcntl (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (out)), F_SETFL, O_NONBLOCK);
  fcntl (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (in)), F_SETFL, O_NONBLOCK);
  stream = g_simple_io_stream_new (in, out);
  self->client = jsonrpc_client_new (stream);
  jsonrpc_client_start_listening (self->client);
}

int
main (int    argc,
      char **argv)
{
  Client self = { 0 };

  bench_init (&self.bench, argc, argv);
  self.params = g_variant_ref_sink (g_variant_new_parsed ("{%s: <%s>}", BENCH_MEMBER, self.bench.text));
  self.loop = g_main_loop_new (NULL, FALSE);
  start_host (&self);

  bench_begin (&self.bench);
  for (guint i = 0; i < self.bench.options.in_flight; i++)
    call (&self);
  g_main_loop_run (self.loop);

  bench_report (&self.bench, "jsonrpc-glib");
  g_subprocess_force_exit (self.subprocess);
  bench_clear (&self.bench);

  return 0;
}
