/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-spawn: what a start costs the application that calls it, whatever its size, and how long it
 * takes to notice an end and to replace the host; each beside what plain GSubprocess takes.
 *
 * Applications of several sizes are run side by side and take turns, so that whatever else the
 * machine does befalls all of them. */

#include "bench-util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench-stamps.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define RESERVE (1024 * MIB)   /* of the memory that is available, left alone */

static gboolean is_quick;
static int worker_size = -1;

static const GOptionEntry entries[] = {
  { "quick", 0, 0, G_OPTION_ARG_NONE, &is_quick, "A few small rounds", NULL },
  { "worker", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &worker_size, NULL, NULL },
  { NULL }
};

/* What is compared */

enum
{
  LIBRARY,
  GSUBPROCESS,
  N_CLIENTS
};

static const char * const clients[] = { "library", "gsubprocess" };

static ExtensionHostProcess *
make_process (const char *id,
              const char *option)
{
  g_autoptr(ExtensionHostSpec) spec = bench_spec (id, option);

  return extension_host_process_new (spec);
}

static GSubprocess *
spawn_plain (const char *option)
{
  g_autoptr(GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                               G_SUBPROCESS_FLAGS_STDERR_PIPE);
  const char *argv[] = { bench_host (), option, NULL };
  g_autoptr(GError) error = NULL;
  GSubprocess *subprocess = g_subprocess_launcher_spawnv (launcher, argv, &error);

  if (subprocess == NULL)
    g_error ("%s", error->message);

  return subprocess;
}

/* The call, in applications of a size each */

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
  g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func (g_object_unref);
  ExtensionHostProcess *process = make_process ("bench", NULL);
  g_autoptr(GError) error = NULL;
  double began = bench_now_us ();
  double duration;

  g_ptr_array_add (hosts, process);
  if (!extension_host_process_start (process, &error))
    g_error ("%s", error->message);
  duration = bench_now_us () - began;

  bench_wait_state (hosts, EXTENSION_HOST_STATE_RUNNING);
  bench_kill_all (hosts);

  return duration;
}

static double
measure_spawn (void)
{
  double began = bench_now_us ();
  g_autoptr(GSubprocess) subprocess = spawn_plain (NULL);
  double duration = bench_now_us () - began;

  g_subprocess_force_exit (subprocess);
  g_subprocess_wait (subprocess, NULL, NULL);

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
      printf ("%f\n", atoi (line) == LIBRARY ? measure_start () : measure_spawn ());
      fflush (stdout);
    }
}

typedef struct
{
  guint mib;
  GSubprocess *subprocess;
  GDataInputStream *output;
  GArray *samples[N_CLIENTS];
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
  for (guint i = 0; i < N_CLIENTS; i++)
    self->samples[i] = bench_samples_new ();
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
  for (guint i = 0; i < N_CLIENTS; i++)
    g_array_unref (self->samples[i]);
  g_free (self);
}

static void
worker_measure (Worker *self,
                guint   client)
{
  g_autofree char *command = g_strdup_printf ("%u\n", client);
  g_autoptr(GError) error = NULL;

  if (!g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->subprocess), command,
                                  strlen (command), NULL, NULL, &error))
    g_error ("%s", error->message);

  bench_samples_add (self->samples[client], worker_read (self));
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

static void
report_call (Worker *worker,
             guint   client)
{
  bench_line_begin ("start-call", clients[client]);
  bench_line_number ("heap-gib", worker->mib / 1024.0);
  bench_line_samples ("us", worker->samples[client]);
  bench_line_end ();
}

static void
report_skipped_call (guint mib)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      bench_line_begin ("start-call", clients[i]);
      bench_line_number ("heap-gib", mib / 1024.0);
      bench_line_text ("reason", "not enough memory is available");
      bench_line_end ();
    }
}

static void
measure_calls (void)
{
  static const guint sizes[] = { 0, 1024, 4096 };
  static const guint quick_sizes[] = { 0, 64 };
  g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func (worker_free);
  guint n_sizes = is_quick ? G_N_ELEMENTS (quick_sizes) : G_N_ELEMENTS (sizes);

  for (guint i = 0; i < n_sizes; i++)
    {
      guint mib = is_quick ? quick_sizes[i] : sizes[i];

      if (get_available_memory () < mib * MIB + RESERVE)
        report_skipped_call (mib);
      else
        g_ptr_array_add (workers, worker_new (mib));
    }

  /* Not in turns: after a fork the next writes to the heap are slow, whoever makes them. */
  for (guint client = 0; client < N_CLIENTS; client++)
    for (guint i = 0; i < workers->len * (is_quick ? 3 : 60); i++)
      worker_measure (g_ptr_array_index (workers, i % workers->len), client);

  for (guint i = 0; i < workers->len * N_CLIENTS; i++)
    report_call (g_ptr_array_index (workers, i / N_CLIENTS), i % N_CLIENTS);
}

/* Ends, and what follows. One host is made to end again and again, among many others. */

typedef struct
{
  BenchStamps *stamps;        /* of the program that runs, or ran last */
  char *option;               /* that makes it write them */
  gint64 pid;                 /* of the program that runs */
  double seen_at;             /* when its end was told; 0 until then */
  gboolean is_over;           /* it is to end for good */

  ExtensionHostProcess *process;
  GSubprocess *subprocess;    /* the same with the other client */
} Victim;

static void
victim_init (Victim *self)
{
  g_autofree char *file = NULL;
  int fd = g_file_open_tmp ("bench-spawn-XXXXXX", &file, NULL);

  *self = (Victim) { .option = g_strconcat ("--stamps=", file, NULL) };
  if (fd == -1 || ftruncate (fd, sizeof *self->stamps) != 0)
    g_error ("no file for the stamps");
  self->stamps = mmap (NULL, sizeof *self->stamps, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  g_assert (self->stamps != MAP_FAILED);
  close (fd);
}

static void
victim_clear (Victim *self)
{
  unlink (self->option + strlen ("--stamps="));
  munmap (self->stamps, sizeof *self->stamps);
  g_free (self->option);
}

static void
on_state_changed (ExtensionHostProcess    *process G_GNUC_UNUSED,
                  ExtensionHostTransition *transition,
                  Victim                  *victim)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_UNHEALTHY)
    victim->seen_at = bench_now_us ();
}

static void on_waited (GObject      *object,
                       GAsyncResult *result,
                       gpointer      user_data);

static void
spawn_victim (Victim *self)
{
  self->subprocess = spawn_plain (self->option);
  g_subprocess_wait_async (self->subprocess, NULL, on_waited, self);
}

/* As an application would that supervises its children itself. */
static void
on_waited (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Victim *victim = user_data;

  victim->seen_at = bench_now_us ();
  g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL);
  g_clear_object (&victim->subprocess);
  if (!victim->is_over)
    spawn_victim (victim);
}

static gint64
get_pid (Victim *self)
{
  if (self->process != NULL)
    return extension_host_process_get_pid (self->process);

  return g_ascii_strtoll (g_subprocess_get_identifier (self->subprocess), NULL, 10);
}

static gboolean
is_back (gpointer data)
{
  Victim *victim = data;

  return victim->seen_at > 0 && victim->stamps->began_ns != 0 &&
         victim->stamps->pid == get_pid (victim);
}

static gboolean
on_look (gpointer data G_GNUC_UNUSED)
{
  return G_SOURCE_CONTINUE;
}

/* It need not tell us anything when it has begun: that is looked at from time to time. */
static void
wait_until_back (Victim *self)
{
  guint ticks = g_timeout_add (1, on_look, NULL);

  bench_wait (is_back, self);
  g_source_remove (ticks);
  self->pid = self->stamps->pid;
}

static void
end_victim (Victim *self,
            int     number,
            GArray *ends,
            GArray *restarts)
{
  double killed_at;

  self->seen_at = 0;
  self->stamps->began_ns = 0;
  killed_at = bench_now_us ();
  kill ((pid_t) self->pid, number);
  wait_until_back (self);
  if (number == SIGKILL)
    bench_samples_add (restarts, (double) self->stamps->began_ns / 1e3 - killed_at);
  else
    bench_samples_add (ends, self->seen_at - (double) self->stamps->ended_ns / 1e3);
}

/* The others: they live as long as the measurement lasts. */
static GPtrArray *
start_others (guint client,
              guint n)
{
  GPtrArray *others = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n; i++)
    if (client == LIBRARY)
      {
        ExtensionHostProcess *process = make_process ("other", NULL);

        extension_host_process_start (process, NULL);
        g_ptr_array_add (others, process);
      }
    else
      {
        GSubprocess *subprocess = spawn_plain (NULL);

        g_subprocess_wait_async (subprocess, NULL, NULL, NULL);
        g_ptr_array_add (others, subprocess);
      }
  if (client == LIBRARY)
    bench_wait_state (others, EXTENSION_HOST_STATE_RUNNING);

  return others;
}

static void
stop_others (guint      client,
             GPtrArray *others)
{
  if (client == LIBRARY)
    bench_kill_all (others);
  else
    for (guint i = 0; i < others->len; i++)
      g_subprocess_force_exit (others->pdata[i]);
  g_ptr_array_unref (others);
}

static void
start_victim (Victim *self,
              guint   client)
{
  self->seen_at = 1;
  if (client == LIBRARY)
    {
      self->process = make_process ("victim", self->option);
      g_object_set (extension_host_process_get_spec (self->process),
                    "backoff-initial", 0,
                    "max-restarts", 1000,
                    NULL);
      g_signal_connect (self->process, "state-changed", G_CALLBACK (on_state_changed), self);
      extension_host_process_start (self->process, NULL);
    }
  else
    {
      spawn_victim (self);
    }
  wait_until_back (self);
}

static gboolean
is_gone (gpointer data)
{
  return ((Victim *) data)->subprocess == NULL;
}

static void
stop_victim (Victim *self)
{
  g_autoptr(GPtrArray) alone = g_ptr_array_new_with_free_func (g_object_unref);

  self->is_over = TRUE;
  if (self->process != NULL)
    {
      g_ptr_array_add (alone, self->process);
      bench_kill_all (alone);
    }
  else
    {
      g_subprocess_force_exit (self->subprocess);
      bench_wait (is_gone, self);
    }
}

static void
report_ends (const char *measure,
             guint       client,
             guint       n_hosts,
             GArray     *samples)
{
  bench_line_begin (measure, clients[client]);
  bench_line_number ("hosts", n_hosts);
  bench_line_samples ("us", samples);
  bench_line_end ();
}

static void
measure_ends (guint client,
              guint n_hosts)
{
  g_autoptr(GArray) ends = bench_samples_new ();
  g_autoptr(GArray) restarts = bench_samples_new ();
  GPtrArray *others = start_others (client, n_hosts - 1);
  Victim victim;

  victim_init (&victim);
  start_victim (&victim, client);
  bench_run_for (is_quick ? 50 : 1000);   /* what a start leaves to do */
  for (guint i = 0; i < (is_quick ? 5 : 200); i++)
    {
      end_victim (&victim, SIGUSR1, ends, restarts);
      if (n_hosts == 1)
        end_victim (&victim, SIGKILL, ends, restarts);
    }

  report_ends ("exit-to-signal", client, n_hosts, ends);
  if (n_hosts == 1)
    report_ends ("kill-to-restart", client, n_hosts, restarts);
  stop_victim (&victim);
  stop_others (client, others);
  victim_clear (&victim);
}

int
main (int    argc,
      char **argv)
{
  static const guint counts[] = { 1, 100, 1000 };
  static const guint quick_counts[] = { 1, 10, 20 };
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    {
      g_printerr ("bench-spawn: %s\n", error->message);
      return 2;
    }

  bench_raise_fd_limit ();
  if (worker_size >= 0)
    {
      work ();
      return 0;
    }

  measure_calls ();
  for (guint i = 0; i < G_N_ELEMENTS (counts) * N_CLIENTS; i++)
    measure_ends (i % N_CLIENTS, (is_quick ? quick_counts : counts)[i / N_CLIENTS]);

  return 0;
}
