/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-idle: what many hosts that do nothing cost the application that has them, with the health
 * settings that a host has by default: processor time and wake-ups in a minute, memory for each. With
 * --publish they are on a bus of our own, where nobody listens. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <extension-host.h>

#define DEADLINE 60   /* s, until all of them run, and until all of them have ended */

static gboolean prints_json;
static gboolean is_quick;
static gboolean publishes;
static int n_hosts = 300;
static int n_seconds = 60;

static const GOptionEntry entries[] = {
  { "json", 0, 0, G_OPTION_ARG_NONE, &prints_json, "Print JSON", NULL },
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
  gint64 user;        /* µs */
  gint64 system;
  long wakeups;       /* of all threads: times that one had been waiting */
  long preemptions;
  gint64 resident;    /* bytes */
  guint n_fds;
} Usage;

static gint64
to_us (const struct timeval *time)
{
  return (gint64) time->tv_sec * G_USEC_PER_SEC + time->tv_usec;
}

static gint64
get_resident (void)
{
  g_autofree char *contents = NULL;
  long total = 0, resident = 0;

  if (!g_file_get_contents ("/proc/self/statm", &contents, NULL, NULL) ||
      sscanf (contents, "%ld %ld", &total, &resident) != 2)
    return 0;

  return (gint64) resident * sysconf (_SC_PAGESIZE);
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

static Usage
take_usage (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);

  return (Usage) {
    .time = g_get_monotonic_time (),
    .user = to_us (&usage.ru_utime),
    .system = to_us (&usage.ru_stime),
    .wakeups = usage.ru_nvcsw,
    .preemptions = usage.ru_nivcsw,
    .resident = get_resident (),
    .n_fds = count_fds (),
  };
}

/* Hosts */

static void
add_hosts (ExtensionHostManager *manager,
           GPtrArray            *hosts)
{
  const char *argv[] = { g_getenv ("RPC_HOST"), "--live-for=3600", NULL };

  for (int i = 0; i < n_hosts; i++)
    {
      g_autofree char *id = g_strdup_printf ("host-%d", i);
      g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new (id, argv);
      g_autoptr(GError) error = NULL;
      ExtensionHostProcess *process = NULL;

      g_object_set (spec, "shutdown-method", "", NULL);
      process = extension_host_manager_add (manager, spec, &error);
      if (process == NULL)
        g_error ("%s", error->message);
      g_ptr_array_add (hosts, process);
    }
}

static guint
count_in_state (GPtrArray          *hosts,
                ExtensionHostState  state)
{
  guint count = 0;

  for (guint i = 0; i < hosts->len; i++)
    count += extension_host_process_get_state (g_ptr_array_index (hosts, i)) == state;

  return count;
}

static gboolean
on_deadline (gpointer data G_GNUC_UNUSED)
{
  g_error ("the hosts take too long");

  return G_SOURCE_REMOVE;
}

static void
wait_for_state (GPtrArray          *hosts,
                ExtensionHostState  state)
{
  guint deadline = g_timeout_add_seconds (DEADLINE, on_deadline, NULL);

  while (count_in_state (hosts, state) < hosts->len)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
start (ExtensionHostManager *manager)
{
  g_autoptr(GError) error = NULL;

  if (!extension_host_manager_start_all (manager, &error))
    g_error ("%s", error->message);
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

static void
publish (ExtensionHostManager *manager)
{
  gboolean is_published = FALSE;

  extension_host_manager_publish_async (manager, "org.example.Bench", EXTENSION_HOST_ACCESS_STATUS,
                                        NULL, on_published, &is_published);
  while (!is_published)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
on_over (gpointer data)
{
  gboolean *is_over = data;

  *is_over = TRUE;

  return G_SOURCE_REMOVE;
}

static void
idle_for (int seconds)
{
  gboolean is_over = FALSE;

  g_timeout_add_seconds ((guint) seconds, on_over, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

/* The report: per minute, and per host */

typedef struct
{
  double user;          /* ms per minute */
  double system;
  double wakeups;       /* per minute */
  double preemptions;
  double memory;        /* KiB per host */
  double fds;           /* per host */
} Report;

static Report
make_report (const Usage *without,
             const Usage *before,
             const Usage *after)
{
  double minutes = (double) (after->time - before->time) / (60.0 * G_USEC_PER_SEC);

  return (Report) {
    .user = (double) (after->user - before->user) / 1e3 / minutes,
    .system = (double) (after->system - before->system) / 1e3 / minutes,
    .wakeups = (double) (after->wakeups - before->wakeups) / minutes,
    .preemptions = (double) (after->preemptions - before->preemptions) / minutes,
    .memory = (double) (after->resident - without->resident) / 1024 / n_hosts,
    .fds = (double) (after->n_fds - without->n_fds) / n_hosts,
  };
}

static void
print_report (const Report *report)
{
  if (prints_json)
    {
      printf ("{\"hosts\":%d,\"published\":%s,\"seconds\":%d,\"user_ms_per_minute\":%.1f,"
              "\"system_ms_per_minute\":%.1f,\"wakeups_per_minute\":%.0f,"
              "\"memory_kib_per_host\":%.1f,\"descriptors_per_host\":%.2f}\n",
              n_hosts, publishes ? "true" : "false", n_seconds, report->user, report->system,
              report->wakeups, report->memory, report->fds);
      return;
    }

  printf ("%d idle hosts%s, watched for %d s\n\n", n_hosts, publishes ? " on D-Bus" : "",
          n_seconds);
  printf ("%-40s%10.1f ms (user %.1f, system %.1f)\n", "processor time, per minute",
          report->user + report->system, report->user, report->system);
  printf ("%-40s%10.2f %%\n", "of one processor",
          (report->user + report->system) / (60 * 1000) * 100);
  printf ("%-40s%10.0f (and %.0f preemptions)\n", "wake-ups, per minute", report->wakeups,
          report->preemptions);
  printf ("%-40s%10.1f KiB\n", "memory of the application, per host", report->memory);
  printf ("%-40s%10.2f\n", "descriptors, per host", report->fds);
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

static void
end_all (GPtrArray *hosts)
{
  for (guint i = 0; i < hosts->len; i++)
    extension_host_process_kill_async (g_ptr_array_index (hosts, i), NULL, NULL, NULL);
  wait_for_state (hosts, EXTENSION_HOST_STATE_STOPPED);
}

static Report
measure (void)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GPtrArray) hosts = g_ptr_array_new ();
  Usage without, before, after;

  without = take_usage ();
  add_hosts (manager, hosts);
  if (publishes)
    publish (manager);
  start (manager);
  wait_for_state (hosts, EXTENSION_HOST_STATE_RUNNING);
  idle_for (is_quick ? 1 : 5);   /* what a start leaves to do */

  before = take_usage ();
  idle_for (n_seconds);
  after = take_usage ();
  if (count_in_state (hosts, EXTENSION_HOST_STATE_RUNNING) < hosts->len)
    g_error ("not all of them are still running");
  end_all (hosts);

  return make_report (&without, &before, &after);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GTestDBus) bus = NULL;
  g_autoptr(GError) error = NULL;
  Report report;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || g_getenv ("RPC_HOST") == NULL)
    {
      g_printerr ("bench-idle: %s\n", error != NULL ? error->message : "$RPC_HOST is not set");
      return 2;
    }
  if (is_quick)
    {
      n_hosts = 10;
      n_seconds = 1;
    }
  if (n_hosts < 1 || n_seconds < 1)
    {
      g_printerr ("bench-idle: at least one host for at least one second\n");
      return 2;
    }

  if (publishes)
    {
      bus = g_test_dbus_new (G_TEST_DBUS_NONE);
      g_test_dbus_up (bus);
    }
  raise_fd_limit ();
  report = measure ();
  if (publishes)
    g_test_dbus_stop (bus);
  print_report (&report);

  return 0;
}
