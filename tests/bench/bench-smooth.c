/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-smooth: how late the user interface is drawn while hosts have much to say. In the place of GTK's
 * redraw stands a source of its priority that is due every 16 ms.
 *
 * With each load it is told for how long this process was ready to run and had no processor: on a machine
 * that is busy with other things that is where most of the lateness comes from. */

#include "bench-util.h"

#include <stdio.h>
#include <string.h>

#define FRAME 16000             /* µs */
#define REDRAW_PRIORITY (G_PRIORITY_HIGH_IDLE + 20)

static gboolean is_quick;
static guint seconds = 10;      /* of each load that has no end of its own */
static guint stderr_mib = 100;
static guint reply_mib = 16;
static guint n_replies = 10;
static guint n_stderrs = 5;

static const GOptionEntry entries[] = {
  { "quick", 0, 0, G_OPTION_ARG_NONE, &is_quick, "A moment of each, of little size", NULL },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How long to flood (10)", "SECONDS" },
  { NULL }
};

/* Frames */

typedef struct
{
  GSource source;
  gint64 due;
  GArray *lateness;   /* ms */
  double waited;      /* for a processor, in ms, when it began */
} Frames;

/* For how long the main thread has been ready to run without running (proc(5), schedstat). */
static double
get_waited (void)
{
  g_autofree char *contents = NULL;
  guint64 ran = 0, waited = 0;

  if (!g_file_get_contents ("/proc/self/schedstat", &contents, NULL, NULL) ||
      sscanf (contents, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &ran, &waited) != 2)
    return 0;

  return (double) waited / 1e6;
}

static gboolean
frames_dispatch (GSource     *source,
                 GSourceFunc  callback G_GNUC_UNUSED,
                 gpointer     user_data G_GNUC_UNUSED)
{
  Frames *self = (Frames *) source;
  gint64 late = g_get_monotonic_time () - self->due;

  bench_samples_add (self->lateness, (double) late / 1e3);
  self->due += (late / FRAME + 1) * FRAME;   /* those that were missed are missed */
  g_source_set_ready_time (source, self->due);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs frames_funcs = { .dispatch = frames_dispatch };

static Frames *
frames_new (void)
{
  Frames *self = (Frames *) g_source_new (&frames_funcs, sizeof (Frames));

  self->lateness = bench_samples_new ();
  self->waited = get_waited ();
  self->due = g_get_monotonic_time () + FRAME;
  g_source_set_priority (&self->source, REDRAW_PRIORITY);
  g_source_set_ready_time (&self->source, self->due);
  g_source_attach (&self->source, NULL);

  return self;
}

static void
frames_report (Frames     *self,
               const char *load,
               const char *client)
{
  gint64 late = g_get_monotonic_time () - self->due;

  if (late > 0)   /* the next one has not been drawn yet */
    bench_samples_add (self->lateness, (double) late / 1e3);
  while (self->lateness->len == 0)   /* the load was over before the first one was due */
    g_main_context_iteration (NULL, TRUE);

  bench_line_begin ("smoothness", client);
  bench_line_text ("load", load);
  bench_line_samples ("ms", self->lateness);
  bench_line_number ("without-processor-ms", get_waited () - self->waited);
}

static void
frames_free (Frames *self)
{
  g_array_unref (self->lateness);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

/* Hosts */

static ExtensionHostProcess *
start_host (const char *option)
{
  g_autoptr(ExtensionHostSpec) spec = bench_spec ("host", option);
  ExtensionHostProcess *process = extension_host_process_new (spec);

  extension_host_process_start (process, NULL);

  return process;
}

static GPtrArray *
start_hosts (guint       n,
             const char *option)
{
  GPtrArray *hosts = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (hosts, start_host (option));
  bench_wait_state (hosts, EXTENSION_HOST_STATE_RUNNING);

  return hosts;
}

/* The loads */

static void
on_notification (ExtensionHostProcess *process G_GNUC_UNUSED,
                 const char           *method G_GNUC_UNUSED,
                 JsonNode             *params G_GNUC_UNUSED,
                 guint64              *n_told)
{
  (*n_told)++;
}

static void
measure_notifications (guint n_hosts)
{
  g_autoptr(GPtrArray) hosts = start_hosts (n_hosts, n_hosts > 0 ? "--flood" : NULL);
  guint64 n_told = 0;
  Frames *frames = NULL;
  double began = 0;

  for (guint i = 0; i < hosts->len; i++)
    g_signal_connect (hosts->pdata[i], "notification", G_CALLBACK (on_notification), &n_told);
  bench_run_for (is_quick ? 50 : 500);   /* until all are at it */
  n_told = 0;
  began = bench_now_us ();

  frames = frames_new ();
  bench_run_for (is_quick ? 200 : seconds * 1000);
  frames_report (frames, n_hosts > 0 ? "notifications" : "none", n_hosts > 0 ? "library" : "none");
  bench_line_number ("hosts", n_hosts);
  bench_line_number ("messages-per-second", (double) n_told / ((bench_now_us () - began) / 1e6));
  bench_line_end ();
  frames_free (frames);
  bench_kill_all (hosts);
}

/* The same with what an application would use without this library */

typedef struct
{
  GSubprocess *subprocess;
  GDataInputStream *output;
  guint64 *n_told;
} Plain;

static void read_plain (Plain *plain);

static void
on_plain_line (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  Plain *plain = user_data;
  g_autofree char *line =
    g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (object), result, NULL, NULL);
  g_autoptr(JsonParser) parser = json_parser_new ();

  if (line == NULL)
    {
      g_object_unref (plain->subprocess);
      g_object_unref (plain->output);
      g_free (plain);
      return;
    }

  if (json_parser_load_from_data (parser, line, -1, NULL))
    (*plain->n_told)++;
  read_plain (plain);
}

static void
read_plain (Plain *plain)
{
  g_data_input_stream_read_line_async (plain->output, G_PRIORITY_DEFAULT, NULL, on_plain_line, plain);
}

static GSubprocess *
start_plain (guint64 *n_told)
{
  Plain *plain = g_new0 (Plain, 1);
  g_autoptr(GError) error = NULL;

  plain->subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, bench_host (),
                                        "--flood", NULL);
  if (plain->subprocess == NULL)
    g_error ("%s", error->message);
  plain->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (plain->subprocess));
  plain->n_told = n_told;
  read_plain (plain);

  return g_object_ref (plain->subprocess);
}

static void
measure_plain_notifications (guint n_hosts)
{
  g_autoptr(GPtrArray) children = g_ptr_array_new_with_free_func (g_object_unref);
  static guint64 n_told;   /* what was read when it is killed may still be told */
  Frames *frames = NULL;
  double began = 0;

  for (guint i = 0; i < n_hosts; i++)
    g_ptr_array_add (children, start_plain (&n_told));
  bench_run_for (is_quick ? 50 : 500);
  n_told = 0;
  began = bench_now_us ();

  frames = frames_new ();
  bench_run_for (is_quick ? 200 : seconds * 1000);
  frames_report (frames, "notifications", "gsubprocess");
  bench_line_number ("hosts", n_hosts);
  bench_line_number ("messages-per-second", (double) n_told / ((bench_now_us () - began) / 1e6));
  bench_line_end ();
  frames_free (frames);
  for (guint i = 0; i < children->len; i++)
    g_subprocess_force_exit (children->pdata[i]);
  bench_run_for (200);
}

/* What waits is told first: the flood has been read once its host answers. */
static void
on_replied (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  guint *n_done = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node =
    extension_host_process_call_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  if (node == NULL)
    g_error ("%s", error->message);
  (*n_done)++;
}

static gboolean
is_some (gpointer data)
{
  return *(guint *) data > 0;
}

static void
read_stderr (const char *option)
{
  g_autoptr(GPtrArray) hosts = start_hosts (1, option);
  guint n_done = 0;

  extension_host_process_call_async (hosts->pdata[0], "done", NULL, 0, NULL, on_replied, &n_done);
  bench_wait (is_some, &n_done);
  bench_kill_all (hosts);
}

static void
measure_stderr (void)
{
  g_autofree char *option = g_strdup_printf ("--stderr=%u", stderr_mib);
  Frames *frames = frames_new ();
  double began = bench_now_us ();

  for (guint i = 0; i < n_stderrs; i++)
    read_stderr (option);
  frames_report (frames, "stderr", "library");
  bench_line_number ("mib", stderr_mib);
  bench_line_number ("mib-per-second", stderr_mib * n_stderrs / ((bench_now_us () - began) / 1e6));
  bench_line_end ();
  frames_free (frames);
}

static void
measure_replies (void)
{
  g_autofree char *option = g_strdup_printf ("--reply=%u", reply_mib);
  g_autoptr(GPtrArray) hosts = start_hosts (1, option);
  Frames *frames = frames_new ();
  double began = bench_now_us ();

  for (guint i = 0; i < n_replies; i++)
    {
      guint n_done = 0;

      extension_host_process_call_async (hosts->pdata[0], "list", NULL, 0, NULL, on_replied, &n_done);
      bench_wait (is_some, &n_done);
    }
  frames_report (frames, "replies", "library");
  bench_line_number ("mib", reply_mib);
  bench_line_number ("mib-per-second", reply_mib * n_replies / ((bench_now_us () - began) / 1e6));
  bench_line_end ();
  frames_free (frames);
  bench_kill_all (hosts);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || seconds < 1)
    {
      g_printerr ("bench-smooth: %s\n", error != NULL ? error->message : "at least one second");
      return 2;
    }
  if (is_quick)
    {
      stderr_mib = 2;
      reply_mib = 1;
      n_replies = 2;
      n_stderrs = 1;
    }

  measure_notifications (0);
  measure_notifications (4);
  measure_plain_notifications (4);
  measure_stderr ();
  measure_replies ();

  return 0;
}
