/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-idle: what hosts that do nothing cost the application that has them, with the settings that a
 * host has by default and without health checks: wake-ups and processor time in a minute, memory for each,
 * in the application and in its shim; beside children of plain GSubprocess with three pipes. With --publish
 * the hosts are on a bus of our own, where nobody listens. */

#include "bench-util.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static gboolean is_quick;
static gboolean publishes;
static int n_hosts = 300;
static int n_seconds = 60;

static const GOptionEntry entries[] = {
  { "quick", 0, 0, G_OPTION_ARG_NONE, &is_quick, "A few hosts for a moment", NULL },
  { "publish", 0, 0, G_OPTION_ARG_NONE, &publishes, "With the hosts on D-Bus", NULL },
  { "hosts", 0, 0, G_OPTION_ARG_INT, &n_hosts, "How many hosts (300)", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &n_seconds, "How long to watch (60)", "SECONDS" },
  { NULL }
};

/* What the application has used so far */

typedef struct
{
  gint64 time;        /* monotonic, µs */
  gint64 processor;   /* µs */
  long wakeups;       /* of all threads: times that one has been waiting, the last for the end of it */
  double heap;        /* bytes */
  double resident;
  guint n_fds;
} Usage;

static double
get_resident (void)
{
  g_autofree char *contents = NULL;
  long total = 0, resident = 0;

  if (!g_file_get_contents ("/proc/self/statm", &contents, NULL, NULL) ||
      sscanf (contents, "%ld %ld", &total, &resident) != 2)
    return 0;

  return (double) resident * (double) sysconf (_SC_PAGESIZE);
}

static guint
count_fds (void)
{
  g_autoptr(GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    count++;

  return count;
}

static gint64
to_us (const struct timeval *time)
{
  return (gint64) time->tv_sec * G_USEC_PER_SEC + time->tv_usec;
}

static Usage
take_usage (void)
{
  struct mallinfo2 heap = mallinfo2 ();
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);

  return (Usage) {
    .time = g_get_monotonic_time (),
    .processor = to_us (&usage.ru_utime) + to_us (&usage.ru_stime),
    .wakeups = usage.ru_nvcsw,
    .heap = (double) (heap.uordblks + heap.hblkhd),
    .resident = get_resident (),
    .n_fds = count_fds (),
  };
}

/* Hosts */

static void
start_hosts (ExtensionHostManager *manager,
             GPtrArray            *hosts,
             int                   n,
             gboolean              with_health)
{
  for (int i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("host-%u", hosts->len);
      g_autoptr(ExtensionHostSpec) spec = bench_spec (id, NULL);
      g_autoptr(GError) error = NULL;
      ExtensionHostProcess *process = NULL;

      if (!with_health)
        g_object_set (spec, "health-interval", 0, NULL);
      process = extension_host_manager_add (manager, spec, &error);
      if (process == NULL || !extension_host_process_start (process, &error))
        g_error ("%s", error->message);
      g_ptr_array_add (hosts, process);
    }
  bench_wait_state (hosts, EXTENSION_HOST_STATE_RUNNING);
}

static void
on_published (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  gboolean *is_published = user_data;
  g_autoptr(GError) error = NULL;

  if (!extension_host_manager_publish_finish (EXTENSION_HOST_MANAGER (object), result, &error))
    g_error ("%s", error->message);
  *is_published = TRUE;
}

static ExtensionHostManager *
new_manager (void)
{
  ExtensionHostManager *manager = extension_host_manager_new ();
  gboolean is_published = FALSE;

  if (!publishes)
    return manager;

  extension_host_manager_publish_async (manager, "org.example.Bench", EXTENSION_HOST_ACCESS_STATUS,
                                        NULL, on_published, &is_published);
  while (!is_published)
    g_main_context_iteration (NULL, TRUE);

  return manager;
}

/* Wake-ups */

static void
measure_wakeups (int      n,
                 gboolean with_health)
{
  g_autoptr(ExtensionHostManager) manager = new_manager ();
  g_autoptr(GPtrArray) hosts = g_ptr_array_new ();
  Usage before, after;
  double minutes;

  start_hosts (manager, hosts, n, with_health);
  bench_run_for (is_quick ? 200 : 6000);   /* what a start leaves to do */
  before = take_usage ();
  bench_run_for (is_quick ? 300 : (guint) n_seconds * 1000);
  after = take_usage ();

  minutes = (double) (after.time - before.time) / (60.0 * G_USEC_PER_SEC);
  bench_line_begin ("idle-wakeups", "library");
  bench_line_number ("hosts", n);
  bench_line_number ("health", with_health);
  bench_line_number ("published", publishes);
  bench_line_text ("unit", "per minute");
  bench_line_number ("value", (double) (after.wakeups - before.wakeups) / minutes);
  bench_line_number ("ticks", with_health ? 12 : 0);
  bench_line_number ("processor-ms", (double) (after.processor - before.processor) / 1e3 / minutes);
  bench_line_end ();
  bench_kill_all (hosts);
}

/* Memory */

static void
report_memory (const char  *client,
               int          n,
               const Usage *before,
               const Usage *after)
{
  bench_line_begin ("memory-application", client);
  bench_line_number ("hosts", n);
  bench_line_number ("published", publishes);
  bench_line_text ("unit", "KiB per host");
  bench_line_number ("value", (after->heap - before->heap) / 1024 / n);
  bench_line_number ("resident", (after->resident - before->resident) / 1024 / n);
  bench_line_number ("descriptors", ((double) after->n_fds - before->n_fds) / n);
  bench_line_end ();
}

/* Of a process and no other, in KiB. */
static double
get_private (const char *pid)
{
  g_autofree char *file = g_build_filename ("/proc", pid, "smaps_rollup", NULL);
  g_autofree char *contents = NULL;
  double sum = 0;

  if (!g_file_get_contents (file, &contents, NULL, NULL))
    return -1;

  for (const char *line = strstr (contents, "Private_"); line != NULL;
       line = strstr (line + 1, "Private_"))
    sum += g_ascii_strtod (strchr (line, ':') + 1, NULL);

  return sum;
}

/* The children of this process are the shims. Only the administrator can look into one of them. */
static void
report_shims (void)
{
  g_autofree char *file = g_strdup_printf ("/proc/self/task/%d/children", (int) getpid ());
  g_autofree char *contents = NULL;
  g_auto(GStrv) pids = NULL;
  g_autoptr(GArray) samples = bench_samples_new ();

  g_file_get_contents (file, &contents, NULL, NULL);
  pids = g_strsplit (contents != NULL ? g_strstrip (contents) : "", " ", -1);
  for (guint i = 0; pids[i] != NULL; i++)
    {
      double size = get_private (pids[i]);

      if (size >= 0)
        bench_samples_add (samples, size);
    }

  bench_line_begin ("memory-shim", "library");
  if (samples->len > 0)
    bench_line_samples ("KiB", samples);
  else
    bench_line_text ("reason", "this user may not look into a shim");
  bench_line_end ();
}

static void
measure_memory (void)
{
  g_autoptr(ExtensionHostManager) manager = new_manager ();
  g_autoptr(GPtrArray) hosts = g_ptr_array_new ();
  Usage before, after;

  start_hosts (manager, hosts, 2, TRUE);   /* all that is there once */
  bench_run_for (is_quick ? 200 : 6000);
  before = take_usage ();
  start_hosts (manager, hosts, n_hosts, TRUE);
  bench_run_for (is_quick ? 200 : 11000);   /* each had a tick or two */
  after = take_usage ();

  report_memory ("library", n_hosts, &before, &after);
  report_shims ();
  bench_kill_all (hosts);
}

static GSubprocess *
spawn_plain (void)
{
  g_autoptr(GError) error = NULL;
  GSubprocess *subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                              G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                              G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
                                              bench_host (), NULL);

  if (subprocess == NULL)
    g_error ("%s", error->message);
  g_subprocess_wait_async (subprocess, NULL, NULL, NULL);

  return subprocess;
}

static void
measure_plain_memory (void)
{
  g_autoptr(GPtrArray) children = g_ptr_array_new_with_free_func (g_object_unref);
  Usage before, after;

  g_ptr_array_add (children, spawn_plain ());
  before = take_usage ();
  for (int i = 0; i < n_hosts; i++)
    g_ptr_array_add (children, spawn_plain ());
  bench_run_for (100);
  after = take_usage ();

  report_memory ("gsubprocess", n_hosts, &before, &after);
  for (guint i = 0; i < children->len; i++)
    g_subprocess_force_exit (children->pdata[i]);
  bench_run_for (is_quick ? 100 : 500);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GTestDBus) bus = NULL;
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || n_hosts < 1 || n_seconds < 1)
    {
      g_printerr ("bench-idle: %s\n",
                  error != NULL ? error->message : "at least one host for at least one second");
      return 2;
    }
  if (is_quick)
    n_hosts = 10;

  bench_raise_fd_limit ();
  if (publishes)
    {
      bus = g_test_dbus_new (G_TEST_DBUS_NONE);
      g_test_dbus_up (bus);
    }
  else
    {
      measure_plain_memory ();
    }
  measure_memory ();
  measure_wakeups (1, TRUE);
  measure_wakeups (n_hosts, TRUE);
  measure_wakeups (1, FALSE);
  measure_wakeups (n_hosts, FALSE);
  if (publishes)
    g_test_dbus_stop (bus);

  return 0;
}
