/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* client-glib: what an application writes for itself. GSubprocess, lines from a GDataInputStream,
 * json-glib for the messages, one asynchronous write after the other. */

#include "bench-client.h"

#include <fcntl.h>
#include <string.h>

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <json-glib/json-glib.h>

typedef struct
{
  Bench bench;
  GSubprocess *subprocess;
  GDataInputStream *in;
  GOutputStream *out;
  GMainLoop *loop;
  JsonNode *params;
  gint64 last_id;
  GHashTable *pending;    /* of ids */
  GQueue lines;           /* that wait to be written */
  char *line;             /* that is being written */
} Client;

/* Writing */

static void write_next (Client *self);

static void
on_written (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Client *self = user_data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, NULL))
    bench_fail ("the echo host is gone");
  g_clear_pointer (&self->line, g_free);
  write_next (self);
}

static void
write_next (Client *self)
{
  if (self->line != NULL || g_queue_is_empty (&self->lines))
    return;

  self->line = g_queue_pop_head (&self->lines);
  g_output_stream_write_all_async (self->out, self->line, strlen (self->line), G_PRIORITY_DEFAULT,
                                   NULL, on_written, self);
}

static char *
make_request (Client *self,
              gint64  id)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();
  g_autoptr(JsonGenerator) generator = json_generator_new ();
  g_autoptr(JsonNode) root = NULL;
  GString *text = g_string_new (NULL);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "jsonrpc");
  json_builder_add_string_value (builder, "2.0");
  json_builder_set_member_name (builder, "id");
  json_builder_add_int_value (builder, id);
  json_builder_set_member_name (builder, "method");
  json_builder_add_string_value (builder, BENCH_METHOD);
  json_builder_set_member_name (builder, "params");
  json_builder_add_value (builder, json_node_copy (self->params));
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  json_generator_to_gstring (generator, text);
  g_string_append_c (text, '\n');

  return g_string_free (text, FALSE);
}

static void
call (Client *self)
{
  gint64 id = ++self->last_id;

  g_hash_table_add (self->pending, GINT_TO_POINTER (id));
  g_queue_push_tail (&self->lines, make_request (self, id));
  write_next (self);
}

/* Reading */

static void
verify (Client     *self,
        const char *line,
        gsize       length)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonObject *answer = NULL;
  JsonObject *result = NULL;

  if (!json_parser_load_from_data (parser, line, length, NULL))
    bench_fail ("an answer that is no JSON");

  answer = json_node_get_object (json_parser_get_root (parser));
  result = json_object_get_object_member (answer, "result");
  if (!g_hash_table_remove (self->pending,
                            GINT_TO_POINTER (json_object_get_int_member (answer, "id"))) ||
      g_strcmp0 (json_object_get_string_member (result, BENCH_MEMBER), self->bench.text) != 0)
    bench_fail ("a wrong answer");
}

static void read_next (Client *self);

static void
on_line (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Client *self = user_data;
  gsize length = 0;
  g_autofree char *line =
    g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (object), result, &length, NULL);

  if (line == NULL)
    bench_fail ("the echo host is gone");
  verify (self, line, length);

  if (!bench_answered (&self->bench))
    {
      g_main_loop_quit (self->loop);
      return;
    }

  call (self);
  read_next (self);
}

static void
read_next (Client *self)
{
  g_data_input_stream_read_line_async (self->in, G_PRIORITY_DEFAULT, NULL, on_line, self);
}

static void
start_host (Client *self)
{
  g_autoptr(GError) error = NULL;
  GInputStream *in = NULL;

  self->subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                       G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                       self->bench.options.host, NULL);
  if (self->subprocess == NULL)
    bench_fail (error->message);

  self->out = g_subprocess_get_stdin_pipe (self->subprocess);
  in = g_subprocess_get_stdout_pipe (self->subprocess);
  self->in = g_data_input_stream_new (in);
  /* These pipes block, and with large messages in flight both sides would write for ever. */
  fcntl (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (self->out)), F_SETFL, O_NONBLOCK);
  fcntl (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (in)), F_SETFL, O_NONBLOCK);
}

int
main (int    argc,
      char **argv)
{
  Client self = { 0 };

  bench_init (&self.bench, argc, argv);
  self.params = json_from_string (self.bench.params, NULL);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.pending = g_hash_table_new (NULL, NULL);
  g_queue_init (&self.lines);
  start_host (&self);

  bench_begin (&self.bench);
  for (guint i = 0; i < self.bench.options.in_flight; i++)
    call (&self);
  read_next (&self);
  g_main_loop_run (self.loop);

  bench_report (&self.bench, "glib");
  g_subprocess_force_exit (self.subprocess);
  bench_clear (&self.bench);

  return 0;
}
