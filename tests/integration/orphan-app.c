/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* orphan-app: an application that brings hosts into a state, says so and waits for its end.
 *
 * It prints "pid PID" for each spawn, "line TEXT" for each line of a host, "error NUMBER TEXT" when
 * a start failed, and "ready" once all its hosts are as wanted. Told "dispose" on its standard input
 * it drops its manager and exits at once. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib-unix.h>

#include <extension-host.h>

#define LIFE 120   /* s, for whatever happens to the test */

static int n_hosts = 1;
static int uid = -1;
static int spare_processes = -1;
static int exit_timeout = 20000;
static gboolean forks;
static gboolean restricts;
static char *wanted_name;
static char **host_argv;

static const GOptionEntry entries[] = {
  { "state", 0, 0, G_OPTION_ARG_STRING, &wanted_name, NULL, NULL },
  { "hosts", 0, 0, G_OPTION_ARG_INT, &n_hosts, NULL, NULL },
  { "uid", 0, 0, G_OPTION_ARG_INT, &uid, NULL, NULL },
  { "fork", 0, 0, G_OPTION_ARG_NONE, &forks, NULL, NULL },
  { "no-new-privs", 0, 0, G_OPTION_ARG_NONE, &restricts, NULL, NULL },
  { "exit-timeout", 0, 0, G_OPTION_ARG_INT, &exit_timeout, NULL, NULL },
  { "spare-processes", 0, 0, G_OPTION_ARG_INT, &spare_processes, NULL, NULL },
  { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &host_argv, NULL, NULL },
  { NULL }
};

static ExtensionHostState wanted = EXTENSION_HOST_STATE_RUNNING;
static ExtensionHostManager *manager;
static GMainLoop *loop;
static int n_as_wanted;

static void G_GNUC_PRINTF (1, 2)
say (const char *format,
     ...)
{
  va_list args;

  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  putchar ('\n');
  fflush (stdout);
}

/* A child without exec keeps all that we have open, our ends of the lifelines too. */
static void
fork_child (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      alarm (LIFE);
      for (;;)
        pause ();
    }
  say ("child %d", (int) pid);
}

static void
note_as_wanted (void)
{
  if (++n_as_wanted != n_hosts)
    return;

  if (forks)
    fork_child ();
  say ("ready");
}

static void
lead_to_wanted (ExtensionHostProcess *process)
{
  switch (wanted)
    {
    case EXTENSION_HOST_STATE_RUNNING:
      note_as_wanted ();
      break;

    case EXTENSION_HOST_STATE_STOPPING:
      extension_host_process_stop_async (process, NULL, NULL, NULL);
      break;

    case EXTENSION_HOST_STATE_STOPPED:
      extension_host_process_kill_async (process, NULL, NULL, NULL);
      break;

    case EXTENSION_HOST_STATE_UNHEALTHY:
    case EXTENSION_HOST_STATE_RESTARTING:
    case EXTENSION_HOST_STATE_CRASHED:
      kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
      break;

    case EXTENSION_HOST_STATE_STARTING:
    default:
      break;
    }
}

static void
on_log (ExtensionHostManager   *self G_GNUC_UNUSED,
        ExtensionHostProcess   *process,
        ExtensionHostLogStream  stream G_GNUC_UNUSED,
        const char             *line,
        gpointer                data G_GNUC_UNUSED)
{
  if (g_str_equal (line, "ready"))
    lead_to_wanted (process);
  else
    say ("line %s", line);
}

static void
on_state_changed (ExtensionHostManager    *self G_GNUC_UNUSED,
                  ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  gpointer                 data G_GNUC_UNUSED)
{
  ExtensionHostState state = extension_host_transition_get_new (transition);

  if (state == EXTENSION_HOST_STATE_RUNNING)
    say ("pid %u", extension_host_process_get_pid (process));
  if (state == wanted && wanted != EXTENSION_HOST_STATE_RUNNING)
    note_as_wanted ();
}

static gboolean
on_stdin (int          fd,
          GIOCondition condition G_GNUC_UNUSED,
          gpointer     data G_GNUC_UNUSED)
{
  char text[64] = "";

  if (read (fd, text, sizeof text - 1) <= 0)
    return G_SOURCE_REMOVE;

  if (g_str_has_prefix (text, "dispose"))
    {
      g_object_unref (manager);
      _exit (0);   /* without another turn of the main loop */
    }

  return G_SOURCE_CONTINUE;
}

static void
add_hosts (void)
{
  for (int i = 0; i < n_hosts; i++)
    {
      g_autofree char *id = g_strdup_printf ("host-%d", i);
      g_autoptr(ExtensionHostSpec) spec =
        extension_host_spec_new (id, (const char * const *) host_argv);
      g_autoptr(GError) error = NULL;

      g_object_set (spec,
                    "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                    "restart", wanted == EXTENSION_HOST_STATE_CRASHED
                                 ? EXTENSION_HOST_RESTART_POLICY_NEVER
                                 : EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                    "backoff-initial", spare_processes >= 0 ? 100 : 20000,
                    "exit-timeout", exit_timeout,
                    "term-timeout", 20000,
                    "no-new-privs", restricts,
                    NULL);
      extension_host_manager_add (manager, spec, &error);
      g_assert_no_error (error);
    }
}

/* Room for SPARE more processes of this user than the threads that we have. */
static void
limit_processes (int spare)
{
  g_autoptr(GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  struct rlimit limit;

  getrlimit (RLIMIT_NPROC, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (spare >= 0)
    {
      limit.rlim_cur = (rlim_t) spare;
      while (g_dir_read_name (tasks) != NULL)
        limit.rlim_cur++;
    }
  g_assert_cmpint (setrlimit (RLIMIT_NPROC, &limit), ==, 0);
}

static void
on_started (GObject      *object,
            GAsyncResult *result,
            gpointer      data G_GNUC_UNUSED)
{
  g_autoptr(GError) error = NULL;

  if (!extension_host_process_start_finish (EXTENSION_HOST_PROCESS (object), result, &error))
    say ("error %d %s", error->code, error->message);
  limit_processes (-1);
}

/* With everything running that GLib runs beside us, the next start finds no room. */
static void
start_without_room (void)
{
  g_autoptr(ExtensionHostProcess) process =
    extension_host_process_new (extension_host_process_get_spec (
      extension_host_manager_lookup (manager, "host-0")));
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  extension_host_process_start (process, &error);
  g_assert_no_error (error);
  extension_host_process_wait_ready (process, NULL, &error);
  g_assert_no_error (error);
  outcome = extension_host_process_stop (process, NULL, &error);
  g_assert_no_error (error);

  limit_processes (spare_processes);
  extension_host_process_start_async (extension_host_manager_lookup (manager, "host-0"), NULL,
                                      on_started, NULL);
}

static void
change_user (void)
{
  if (uid < 0)
    return;

  if (setgid ((gid_t) uid) != 0 || setuid ((uid_t) uid) != 0)
    {
      perror ("orphan-app: setuid");
      exit (77);
    }
  /* Others of the same user may look at us, as at any application. */
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static void
parse_options (int    argc,
               char **argv)
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GEnumClass) states = g_type_class_ref (EXTENSION_HOST_TYPE_STATE);
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    g_error ("%s", error->message);
  if (wanted_name != NULL)
    wanted = g_enum_get_value_by_nick (states, wanted_name)->value;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;

  alarm (LIFE);
  parse_options (argc, argv);
  raise_descriptor_limit ();
  change_user ();
  if (host_argv == NULL || access (host_argv[0], X_OK) != 0)
    {
      say ("skip");   /* the build is in a folder that this user cannot enter */
      return 77;
    }

  manager = extension_host_manager_new ();
  add_hosts ();
  g_signal_connect (manager, "log", G_CALLBACK (on_log), NULL);
  if (wanted == EXTENSION_HOST_STATE_STARTING)
    {
      /* It stays so, because nobody iterates the context that would hear of the spawn. */
      extension_host_manager_start_all (manager, &error);
      g_assert_no_error (error);
      say ("ready");
      for (;;)
        pause ();
    }

  g_signal_connect (manager, "state-changed", G_CALLBACK (on_state_changed), NULL);
  if (spare_processes >= 0)
    start_without_room ();
  else
    extension_host_manager_start_all (manager, &error);
  g_assert_no_error (error);

  loop = g_main_loop_new (NULL, FALSE);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, NULL);
  g_main_loop_run (loop);
}
