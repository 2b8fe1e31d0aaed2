/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench-util.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define PATIENCE 60   /* s */

/* Lines */

static GString *line;

static void
begin_member (const char *name)
{
  g_string_append_printf (line, ",\"%s\":", name);
}

/* Only names and sentences of our own: nothing in them needs an escape. */
void
bench_line_text (const char *name,
                 const char *value)
{
  begin_member (name);
  g_string_append_printf (line, "\"%s\"", value);
}

void
bench_line_number (const char *name,
                   double      value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  begin_member (name);
  g_string_append (line, g_ascii_formatd (text, sizeof text, "%.10g", round (value * 1000) / 1000));
}

void
bench_line_samples (const char *unit,
                    GArray     *samples)
{
  bench_line_text ("unit", unit);
  bench_line_number ("p50", bench_samples_quantile (samples, 0.5));
  bench_line_number ("p99", bench_samples_quantile (samples, 0.99));
  bench_line_number ("max", bench_samples_quantile (samples, 1));
  bench_line_number ("n", samples->len);
}

void
bench_line_begin (const char *measure,
                  const char *client)
{
  g_assert (line == NULL);
  line = g_string_new (NULL);
  g_string_append_printf (line, "{\"measure\":\"%s\"", measure);
  bench_line_text ("client", client);
}

void
bench_line_end (void)
{
  puts (g_string_append_c (line, '}')->str);
  fflush (stdout);
  g_string_free (g_steal_pointer (&line), TRUE);
}

/* Samples */

GArray *
bench_samples_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (double));
}

void
bench_samples_add (GArray *samples,
                   double  sample)
{
  g_array_append_val (samples, sample);
}

static int
compare_samples (gconstpointer a,
                 gconstpointer b)
{
  double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

double
bench_samples_quantile (GArray *samples,
                        double  part)
{
  g_assert (samples->len > 0);
  g_array_sort (samples, compare_samples);

  return g_array_index (samples, double, (guint) (part * (samples->len - 1) + 0.5));
}

double
bench_now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

/* The main loop */

static gboolean
on_over (gpointer data)
{
  gboolean *is_over = data;

  *is_over = TRUE;

  return G_SOURCE_REMOVE;
}

void
bench_run_for (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, on_over, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

void
bench_wait (gboolean (*is_done) (gpointer data),
            gpointer   data)
{
  gboolean is_over = FALSE;
  guint patience = g_timeout_add_seconds (PATIENCE, on_over, &is_over);

  while (!is_done (data) && !is_over)
    g_main_context_iteration (NULL, TRUE);
  if (is_over)
    g_error ("the hosts take too long");
  g_source_remove (patience);
}

/* Hosts */

const char *
bench_host (void)
{
  const char *path = g_getenv ("BENCH_HOST");

  if (path == NULL)
    g_error ("$BENCH_HOST is not set");

  return path;
}

/* That of a host with the settings that it has by default. */
ExtensionHostSpec *
bench_spec (const char *id,
            const char *option)
{
  const char *argv[] = { bench_host (), option, NULL };

  return extension_host_spec_new (id, argv);
}

typedef struct
{
  GPtrArray *hosts;
  ExtensionHostState state;
} Wait;

static gboolean
are_in_state (gpointer data)
{
  Wait *wait = data;

  for (guint i = 0; i < wait->hosts->len; i++)
    if (extension_host_process_get_state (g_ptr_array_index (wait->hosts, i)) != wait->state)
      return FALSE;

  return TRUE;
}

void
bench_wait_state (GPtrArray          *hosts,
                  ExtensionHostState  state)
{
  bench_wait (are_in_state, &(Wait) { hosts, state });
}

void
bench_kill_all (GPtrArray *hosts)
{
  for (guint i = 0; i < hosts->len; i++)
    extension_host_process_kill_async (g_ptr_array_index (hosts, i), NULL, NULL, NULL);
  bench_wait_state (hosts, EXTENSION_HOST_STATE_STOPPED);
}

/* The limit is meant for programs that use select (). */
void
bench_raise_fd_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}
