/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-spawn: what a start costs the application that calls it, whatever its size, and how long it
 * takes to notice an end and to replace the host.
 *
 * Applications of several sizes are run side by side and take turns, so that whatever else the
 * machine does befalls all of them. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <extension-host.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define RESERVE (1024 * MIB)   /* of the memory that is available, left alone */
#define MOST_RATIO 2.0
#define MOST_CALL 1000.0       /* µs */
#define WANTED_RESTART 5000.0  /* µs */
#define ATTEMPTS 3

static gboolean prints_json;
static gboolean is_quick;
static int worker_size = -1;

static const GOptionEntry entries[] = {
  { "json", 0, 0, G_OPTION_ARG_NONE, &prints_json, "Print JSON", NULL },
  { "quick", 0, 0, G_OPTION_ARG_NONE, &is_quick, "A few small rounds, without a verdict", NULL },
  { "worker", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &worker_size, NULL, NULL },
  { NULL }
};

/* Samples, in µs */

static int
compare_samples (gconstpointer a,
                 gconstpointer b)
{
  double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

static double
get_quantile (GArray *samples,
              double  part)
{
  g_assert (samples->len > 0);
  g_array_sort (samples, compare_samples);

  return g_array_index (samples, double, (guint) (part * (samples->len - 1) + 0.5));
}

static double
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void
add_sample (GArray *samples,
            double  sample)
{
  g_array_append_val (samples, sample);
}

static GArray *
samples_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (double));
}

/* Hosts */

static ExtensionHostProcess *
make_process (const char *option)
{
  const char *argv[] = { g_getenv ("FAKE_HOST"), "--live-for=120", option, NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("bench", argv);

  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                "backoff-initial", 0,
                "max-restarts", 1000,
                NULL);

  return extension_host_process_new (spec);
}

static void
wait_for_state (ExtensionHostProcess *process,
                ExtensionHostState    state)
{
  while (extension_host_process_get_state (process) != state)
    g_main_context_iteration (NULL, TRUE);
}

/* The workers: one application of a size each */

static void
touch_heap (gsize size)
{
  char *heap = NULL;

  if (size == 0)
    return;

  heap = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (heap == MAP_FAILED)
    g_error ("no memory");
  madvise (heap, size, MADV_NOHUGEPAGE);   /* as a heap of small pieces is */
  memset (heap, 1, size);
}

static double
measure_start (void)
{
  g_autoptr(ExtensionHostProcess) process = make_process (NULL);
  g_autoptr(GError) error = NULL;
  double began = now_us ();
  double duration;

  if (!extension_host_process_start (process, &error))
    g_error ("%s", error->message);
  duration = now_us () - began;

  wait_for_state (process, EXTENSION_HOST_STATE_RUNNING);
  extension_host_process_kill_async (process, NULL, NULL, NULL);
  wait_for_state (process, EXTENSION_HOST_STATE_STOPPED);

  return duration;
}

/* With a working directory GLib has to fork. */
static double
measure_fork (void)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GSubprocess) subprocess = NULL;
  g_autoptr(GError) error = NULL;
  double began;
  double duration;

  g_subprocess_launcher_set_cwd (launcher, "/");
  began = now_us ();
  subprocess = g_subprocess_launcher_spawn (launcher, &error, "true", NULL);
  duration = now_us () - began;
  if (subprocess == NULL || !g_subprocess_wait (subprocess, NULL, &error))
    g_error ("%s", error->message);

  return duration;
}

static void
work (void)
{
  char line[32];

  alarm (600);
  touch_heap ((gsize) worker_size * MIB);
  measure_start ();   /* all that is done once */
  puts ("0");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      printf ("%f\n", strcmp (line, "start\n") == 0 ? measure_start () : measure_fork ());
      fflush (stdout);
    }
}

typedef struct
{
  guint mib;
  GSubprocess *subprocess;
  GDataInputStream *output;
  GArray *starts;
  GArray *forks;
} Worker;

static double
worker_read (Worker *self)
{
  g_autofree char *line = g_data_input_stream_read_line (self->output, NULL, NULL, NULL);

  if (line == NULL)
    g_error ("the application of %u MiB is gone", self->mib);

  return g_ascii_strtod (line, NULL);
}

static Worker *
worker_new (guint mib)
{
  g_autofree char *option = g_strdup_printf ("--worker=%u", mib);
  g_autoptr(GError) error = NULL;
  Worker *self = g_new0 (Worker, 1);

  self->mib = mib;
  self->starts = samples_new ();
  self->forks = samples_new ();
  self->subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                       G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                       "/proc/self/exe", option, NULL);
  if (self->subprocess == NULL)
    g_error ("%s", error->message);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->subprocess));
  worker_read (self);

  return self;
}

static void
worker_free (gpointer data)
{
  Worker *self = data;

  g_output_stream_close (g_subprocess_get_stdin_pipe (self->subprocess), NULL, NULL);
  g_subprocess_wait (self->subprocess, NULL, NULL);
  g_object_unref (self->output);
  g_object_unref (self->subprocess);
  g_array_unref (self->starts);
  g_array_unref (self->forks);
  g_free (self);
}

static double
worker_measure (Worker     *self,
                const char *what)
{
  g_autoptr(GError) error = NULL;

  if (!g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->subprocess), what,
                                  strlen (what), NULL, NULL, &error))
    g_error ("%s", error->message);

  return worker_read (self);
}

static guint64
get_available_memory (void)
{
  g_autofree char *contents = NULL;
  const char *line = NULL;

  if (g_file_get_contents ("/proc/meminfo", &contents, NULL, NULL))
    line = strstr (contents, "MemAvailable:");

  return line != NULL ? g_ascii_strtoull (line + strlen ("MemAvailable:") + 1, NULL, 10) * 1024 : 0;
}

static GPtrArray *
start_workers (void)
{
  static const guint sizes[] = { 0, 1024, 4096 };
  static const guint quick_sizes[] = { 0, 64 };
  GPtrArray *workers = g_ptr_array_new_with_free_func (worker_free);
  guint n_sizes = is_quick ? G_N_ELEMENTS (quick_sizes) : G_N_ELEMENTS (sizes);

  for (guint i = 0; i < n_sizes; i++)
    {
      guint mib = is_quick ? quick_sizes[i] : sizes[i];

      if (get_available_memory () < mib * MIB + RESERVE)
        g_printerr ("%u MiB are not available: left out\n", mib);
      else
        g_ptr_array_add (workers, worker_new (mib));
    }

  return workers;
}

static void
measure_in_turns (GPtrArray  *workers,
                  const char *what,
                  gsize       samples_offset,
                  guint       n_rounds)
{
  for (guint i = 0; i < workers->len; i++)
    g_array_set_size (G_STRUCT_MEMBER (GArray *, g_ptr_array_index (workers, i), samples_offset),
                      0);

  for (guint round = 0; round < n_rounds; round++)
    for (guint i = 0; i < workers->len; i++)
      {
        Worker *worker = g_ptr_array_index (workers, i);

        add_sample (G_STRUCT_MEMBER (GArray *, worker, samples_offset),
                    worker_measure (worker, what));
      }
}

/* Ends and restarts */

typedef struct
{
  double seen_at;     /* when the end was announced */
  guint n_running;
} Watch;

static void
on_state_changed (ExtensionHostProcess    *process G_GNUC_UNUSED,
                  ExtensionHostTransition *transition,
                  Watch                   *watch)
{
  ExtensionHostState state = extension_host_transition_get_new (transition);

  if (state == EXTENSION_HOST_STATE_UNHEALTHY)
    watch->seen_at = now_us ();
  else if (state == EXTENSION_HOST_STATE_RUNNING)
    watch->n_running++;
}

/* When the first instruction of process PID was, or 0 if that has not been told yet. */
static double
get_touched (const char *file,
             guint       pid)
{
  g_autofree char *contents = NULL;
  long long ns = 0;
  guint writer = 0;

  if (!g_file_get_contents (file, &contents, NULL, NULL) ||
      strchr (contents, '\n') == NULL ||
      sscanf (contents, "%lld %u", &ns, &writer) != 2 ||
      writer != pid)
    return 0;

  return ns / 1e3;
}

static double
wait_touched (ExtensionHostProcess *process,
              const char           *file)
{
  double touched = 0;

  while ((touched = get_touched (file, extension_host_process_get_pid (process))) == 0)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (100);
    }

  return touched;
}

static void
measure_restarts (GArray *ends,
                  GArray *restarts)
{
  g_autofree char *folder = g_dir_make_tmp ("bench-spawn-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "touched", NULL);
  g_autofree char *option = g_strconcat ("--touch=", file, NULL);
  g_autoptr(ExtensionHostProcess) process = make_process (option);
  guint n_rounds = is_quick ? 5 : 200;
  Watch watch = { 0 };

  g_signal_connect (process, "state-changed", G_CALLBACK (on_state_changed), &watch);
  extension_host_process_start (process, NULL);
  wait_for_state (process, EXTENSION_HOST_STATE_RUNNING);
  wait_touched (process, file);

  for (guint i = 0; i < n_rounds; i++)
    {
      guint n_running = watch.n_running;
      double killed_at = now_us ();

      kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
      while (watch.n_running == n_running)
        g_main_context_iteration (NULL, TRUE);
      add_sample (ends, watch.seen_at - killed_at);
      add_sample (restarts, wait_touched (process, file) - killed_at);
    }

  extension_host_process_kill_async (process, NULL, NULL, NULL);
  wait_for_state (process, EXTENSION_HOST_STATE_STOPPED);
  unlink (file);
  rmdir (folder);
}

/* Reports */

typedef struct
{
  GPtrArray *workers;
  GArray *ends;
  GArray *restarts;
} Results;

static Worker *
get_worker (const Results *results,
            guint          i)
{
  return g_ptr_array_index (results->workers, i);
}

static double
get_call (Worker *worker)
{
  return get_quantile (worker->starts, 0.5);
}

static double
get_ratio (const Results *results)
{
  return get_call (get_worker (results, results->workers->len - 1)) /
         get_call (get_worker (results, 0));
}

static void
print_table (const Results *results)
{
  printf ("%-24s", "median of the call, ms");
  for (guint i = 0; i < results->workers->len; i++)
    printf ("%8u MiB", get_worker (results, i)->mib);
  printf ("\n%-24s", "start()");
  for (guint i = 0; i < results->workers->len; i++)
    printf ("%12.3f", get_call (get_worker (results, i)) / 1e3);
  printf ("   largest/smallest %.2f\n%-24s", get_ratio (results), "a spawn that forks");
  for (guint i = 0; i < results->workers->len; i++)
    printf ("%12.3f", get_quantile (get_worker (results, i)->forks, 0.5) / 1e3);

  printf ("\n\n%-44s%8s%8s\n", "after kill -9, ms", "median", "95 %");
  printf ("%-44s%8.3f%8.3f\n", "end announced", get_quantile (results->ends, 0.5) / 1e3,
          get_quantile (results->ends, 0.95) / 1e3);
  printf ("%-44s%8.3f%8.3f\n", "first instruction of the replacement",
          get_quantile (results->restarts, 0.5) / 1e3,
          get_quantile (results->restarts, 0.95) / 1e3);
}

static void
print_json (const Results *results)
{
  printf ("{\"calls\":[");
  for (guint i = 0; i < results->workers->len; i++)
    {
      Worker *worker = get_worker (results, i);

      printf ("%s{\"mib\":%u,\"start_us\":%.1f,\"fork_us\":%.1f}", i > 0 ? "," : "", worker->mib,
              get_call (worker), get_quantile (worker->forks, 0.5));
    }
  printf ("],\"ratio\":%.3f,\"end_us\":%.1f,\"end_95_us\":%.1f,\"restart_us\":%.1f,"
          "\"restart_95_us\":%.1f}\n", get_ratio (results), get_quantile (results->ends, 0.5),
          get_quantile (results->ends, 0.95), get_quantile (results->restarts, 0.5),
          get_quantile (results->restarts, 0.95));
}

static gboolean
is_good (const Results *results)
{
  for (guint i = 0; i < results->workers->len; i++)
    if (get_call (get_worker (results, i)) >= MOST_CALL)
      return FALSE;

  return get_ratio (results) < MOST_RATIO;
}

/* A machine that is busy with other things may spoil one measurement, but hardly several. */
static gboolean
measure (const Results *results)
{
  gboolean has_passed = FALSE;

  for (guint i = 0; i < ATTEMPTS && !has_passed; i++)
    {
      measure_in_turns (results->workers, "start\n", G_STRUCT_OFFSET (Worker, starts),
                        is_quick ? 3 : 60);
      has_passed = is_quick || is_good (results);
    }
  measure_in_turns (results->workers, "fork\n", G_STRUCT_OFFSET (Worker, forks),
                    is_quick ? 3 : 15);
  measure_restarts (results->ends, results->restarts);

  return has_passed;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GPtrArray) workers = NULL;
  g_autoptr(GArray) ends = samples_new ();
  g_autoptr(GArray) restarts = samples_new ();
  g_autoptr(GError) error = NULL;
  Results results;
  gboolean has_passed = FALSE;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || g_getenv ("FAKE_HOST") == NULL)
    {
      g_printerr ("bench-spawn: %s\n", error != NULL ? error->message : "$FAKE_HOST is not set");
      return 2;
    }
  if (worker_size >= 0)
    {
      work ();
      return 0;
    }

  workers = start_workers ();
  results = (Results) { workers, ends, restarts };
  has_passed = measure (&results);
  if (prints_json)
    print_json (&results);
  else
    print_table (&results);

  if (!has_passed)
    g_printerr ("a start() takes %.0f us or more, or %.1f times longer in the largest application "
                "than in the smallest\n", MOST_CALL, MOST_RATIO);
  if (!is_quick && get_quantile (restarts, 0.5) >= WANTED_RESTART)
    g_printerr ("a restart takes %.0f us or more, which is the target\n", WANTED_RESTART);

  return has_passed ? 0 : 1;
}
