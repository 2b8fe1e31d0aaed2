/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* dbus-app: an application that publishes its hosts, and keeps a journal of what happens to them.
 *
 * What it is told on its standard input, a line each:
 *
 *   OPERATION ID      start, stop, restart, kill, pause, resume, quarantine, release, reset; or
 *                     crash, which is a SIGKILL that nobody asked for
 *   add ID            one more host; remove ID takes it away again
 *   walk SEED COUNT   COUNT operations at random; then “walked”
 *   settle            brings all hosts to rest; then “settled”
 *   quit              what also the end of the input does
 *
 * It prints a JSON object a line: “published”, “state-changed” with all that a transition knows,
 * “crashing”, “refused”, and the answers above. Times are monotonic, in µs. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <json-glib/json-glib.h>

#include <extension-host.h>

#define LIFE 300           /* s, for whatever happens to the test */
#define LONGEST_PAUSE 16   /* ms, between the operations of a walk */

static int n_calm;
static int n_wild;
static int n_rpc;
static char *app_id;
static char *access_name;

static const GOptionEntry entries[] = {
  { "calm", 0, 0, G_OPTION_ARG_INT, &n_calm, "Hosts that run until they are ended", "N" },
  { "wild", 0, 0, G_OPTION_ARG_INT, &n_wild, "Hosts that end as they like", "N" },
  { "rpc", 0, 0, G_OPTION_ARG_INT, &n_rpc, "Hosts that can be called", "N" },
  { "app-id", 0, 0, G_OPTION_ARG_STRING, &app_id, "Whose hosts they are", "ID" },
  { "access", 0, 0, G_OPTION_ARG_STRING, &access_name, "status, control or call", "ACCESS" },
  { NULL }
};

static ExtensionHostManager *manager;
static GMainLoop *loop;
static gboolean is_settling;

/* The journal */

static void
say (const char *format,
     ...)
{
  g_autoptr(GVariant) object = NULL;
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  object = g_variant_ref_sink (g_variant_new_parsed_va (format, &args));
  va_end (args);
  line = json_gvariant_serialize_data (object, NULL);
  puts (line);
  fflush (stdout);
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void check_settled (void);

static void
on_state_changed (ExtensionHostManager    *self G_GNUC_UNUSED,
                  ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  gpointer                 data G_GNUC_UNUSED)
{
  say ("{'event': <'state-changed'>, 'host': <%s>, 'old': <%s>, 'new': <%s>, 'reason': <%s>,"
       " 'detail': <%s>, 'generation': <%t>, 'sequence': <%t>, 'monotonic': <%x>}",
       extension_host_process_get_id (process),
       extension_host_state_to_string (extension_host_transition_get_old (transition)),
       extension_host_state_to_string (extension_host_transition_get_new (transition)),
       extension_host_reason_to_string (extension_host_transition_get_reason (transition)),
       or_empty (extension_host_transition_get_detail (transition)),
       extension_host_transition_get_generation (transition),
       extension_host_transition_get_sequence (transition),
       extension_host_transition_get_monotonic_time (transition));
  if (is_settling)
    check_settled ();
}

/* Operations */

static void
crash (ExtensionHostProcess *process)
{
  guint pid = extension_host_process_get_pid (process);

  say ("{'event': <'crashing'>, 'host': <%s>, 'monotonic': <%x>}",
       extension_host_process_get_id (process), g_get_monotonic_time ());
  if (pid != 0)
    kill ((pid_t) pid, SIGKILL);
}

static void
stop (ExtensionHostProcess *process)
{
  extension_host_process_stop_async (process, NULL, NULL, NULL);
}

static void
restart (ExtensionHostProcess *process)
{
  extension_host_process_restart_async (process, NULL, NULL, NULL);
}

static void
kill_host (ExtensionHostProcess *process)
{
  extension_host_process_kill_async (process, NULL, NULL, NULL);
}

static const struct
{
  const char *name;
  void     (*order) (ExtensionHostProcess *process);
  gboolean (*try)   (ExtensionHostProcess  *process,
                     GError               **error);
} operations[] = {
  { "start", NULL, extension_host_process_start },
  { "stop", stop, NULL },
  { "restart", restart, NULL },
  { "kill", kill_host, NULL },
  { "pause", NULL, extension_host_process_pause },
  { "resume", NULL, extension_host_process_resume },
  { "quarantine", NULL, extension_host_process_quarantine },
  { "release", NULL, extension_host_process_release },
  { "reset", NULL, extension_host_process_reset },
  { "crash", crash, NULL },
};

static void
operate (gsize                 which,
         ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;

  if (operations[which].order != NULL)
    operations[which].order (process);
  else if (!operations[which].try (process, &error))
    say ("{'event': <'refused'>, 'operation': <%s>, 'host': <%s>, 'error': <%s>}",
         operations[which].name, extension_host_process_get_id (process), error->message);
}

static gboolean
operate_by_name (const char *name,
                 const char *id)
{
  ExtensionHostProcess *process = extension_host_manager_lookup (manager, id);

  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    if (process != NULL && g_str_equal (operations[i].name, name))
      {
        operate (i, process);
        return TRUE;
      }

  return FALSE;
}

/* All hosts */

static guint
count_hosts (void)
{
  return g_list_model_get_n_items (G_LIST_MODEL (manager));
}

/* It lives as long as the manager has it. */
static ExtensionHostProcess *
get_host (guint position)
{
  g_autoptr(ExtensionHostProcess) process =
    g_list_model_get_item (G_LIST_MODEL (manager), position);

  return process;
}

static void
check_settled (void)
{
  for (guint i = 0; i < count_hosts (); i++)
    if (extension_host_process_get_state (get_host (i)) != EXTENSION_HOST_STATE_STOPPED)
      return;

  is_settling = FALSE;
  say ("{'event': <'settled'>}");
}

static void
settle (void)
{
  static const char * const orders[] = { "release", "resume", "kill", "reset" };

  is_settling = TRUE;
  for (guint i = 0; i < count_hosts (); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (orders); j++)
      operate_by_name (orders[j], extension_host_process_get_id (get_host (i)));
  if (is_settling)
    check_settled ();
}

/* A walk */

typedef struct
{
  GRand *rand;
  guint left;
} Walk;

/* Those that bring it up come more often: a host that is down does little. */
static const char *
choose_operation (GRand *rand)
{
  static const char * const ups[] = { "start", "start", "restart", "resume", "release",
                                      "reset" };

  if (g_rand_double (rand) < 0.7)
    return ups[g_rand_int_range (rand, 0, G_N_ELEMENTS (ups))];

  return operations[g_rand_int_range (rand, 0, G_N_ELEMENTS (operations))].name;
}

static void go_on (Walk *walk);

static gboolean
on_step (gpointer data)
{
  Walk *walk = data;
  guint which = (guint) g_rand_int_range (walk->rand, 0, (int) count_hosts ());

  operate_by_name (choose_operation (walk->rand),
                   extension_host_process_get_id (get_host (which)));
  walk->left--;
  go_on (walk);

  return G_SOURCE_REMOVE;
}

static void
go_on (Walk *walk)
{
  if (walk->left > 0)
    {
      g_timeout_add ((guint) g_rand_int_range (walk->rand, 0, LONGEST_PAUSE + 1), on_step, walk);
      return;
    }

  say ("{'event': <'walked'>}");
  g_rand_free (walk->rand);
  g_free (walk);
}

static void
begin_walk (const char *seed,
            const char *count)
{
  Walk *walk = g_new0 (Walk, 1);

  walk->rand = g_rand_new_with_seed ((guint32) g_ascii_strtoull (seed, NULL, 10));
  walk->left = (guint) g_ascii_strtoull (count, NULL, 10);
  go_on (walk);
}

/* Hosts */

static void
add_host (const char         *kind,
          const char         *id,
          const char * const *argv,
          const char         *first_property,
          ...)
{
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new (id, argv);
  g_autoptr(GError) error = NULL;
  va_list properties;

  g_object_set (spec,
                "kind", kind,
                "backoff-initial", 5,
                "backoff-max", 5,
                "restart-window", 1000,
                NULL);
  va_start (properties, first_property);
  g_object_set_valist (G_OBJECT (spec), first_property, properties);
  va_end (properties);
  if (extension_host_manager_add (manager, spec, &error) == NULL)
    g_error ("%s", error->message);
}

static void
add_calm (const char *id)
{
  const char *argv[] = { g_getenv ("FAKE_HOST"), "--print=ready", NULL };

  add_host ("calm", id, argv,
            "protocol", EXTENSION_HOST_PROTOCOL_NONE,
            "max-restarts", EXTENSION_HOST_UNLIMITED,
            NULL);
}

static void
add_wild (const char *id)
{
  static const char * const ends[] = { "--crash-randomly=60", "--exit-after=40:0",
                                       "--slow-death=15" };
  const char *end = ends[count_hosts () % G_N_ELEMENTS (ends)];
  const char *argv[] = { g_getenv ("FAKE_HOST"), end, NULL };

  add_host ("wild", id, argv,
            "protocol", EXTENSION_HOST_PROTOCOL_NONE,
            "max-restarts", 4,
            "exit-timeout", 20,
            "term-timeout", 20,
            NULL);
}

static void
add_rpc (const char *id)
{
  const char *argv[] = { g_getenv ("RPC_HOST"), NULL };

  add_host ("rpc", id, argv, "shutdown-method", "", NULL);
}

static void
add_hosts (const char *kind,
           int         count,
           void      (*add) (const char *id))
{
  for (int i = 0; i < count; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s-%d", kind, i);

      add (id);
    }
}

static void
remove_host (const char *id)
{
  extension_host_manager_remove_async (manager, id, NULL, NULL, NULL);
}

/* What it is told */

static void
obey (const char *line)
{
  g_auto(GStrv) words = g_strsplit (line, " ", 3);
  guint n_words = g_strv_length (words);

  if (n_words == 3 && g_str_equal (words[0], "walk"))
    begin_walk (words[1], words[2]);
  else if (n_words == 2 && g_str_equal (words[0], "add"))
    add_calm (words[1]);
  else if (n_words == 2 && g_str_equal (words[0], "remove"))
    remove_host (words[1]);
  else if (n_words == 1 && g_str_equal (words[0], "settle"))
    settle ();
  else if (n_words == 1 && g_str_equal (words[0], "quit"))
    g_main_loop_quit (loop);
  else if (n_words != 2 || !operate_by_name (words[0], words[1]))
    g_error ("what is “%s”?", line);
}

static void
on_line (GObject      *object,
         GAsyncResult *result,
         gpointer      data G_GNUC_UNUSED)
{
  GDataInputStream *input = G_DATA_INPUT_STREAM (object);
  g_autofree char *line = g_data_input_stream_read_line_finish (input, result, NULL, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (loop);
      return;
    }

  obey (line);
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, on_line, NULL);
}

static void
listen_to_stdin (void)
{
  g_autoptr(GInputStream) stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr(GDataInputStream) input = g_data_input_stream_new (stream);

  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, on_line, NULL);
}

/* On the bus */

static void
on_published (GObject      *object G_GNUC_UNUSED,
              GAsyncResult *result,
              gpointer      data G_GNUC_UNUSED)
{
  g_autoptr(GError) error = NULL;

  if (!extension_host_manager_publish_finish (manager, result, &error))
    g_error ("%s", error->message);
  say ("{'event': <'published'>, 'name': <%s>}", extension_host_manager_get_bus_name (manager));
}

static ExtensionHostAccess
parse_access (void)
{
  g_autoptr(GEnumClass) accesses = g_type_class_ref (EXTENSION_HOST_TYPE_ACCESS);
  GEnumValue *value =
    g_enum_get_value_by_nick (accesses, access_name != NULL ? access_name : "status");

  if (value == NULL)
    g_error ("there is no access “%s”", access_name);

  return (ExtensionHostAccess) value->value;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  alarm (LIFE);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || app_id == NULL)
    {
      g_printerr ("dbus-app: %s\n", error != NULL ? error->message : "--app-id is missing");
      return 2;
    }

  loop = g_main_loop_new (NULL, FALSE);
  manager = extension_host_manager_new ();
  add_hosts ("calm", n_calm, add_calm);
  add_hosts ("wild", n_wild, add_wild);
  add_hosts ("rpc", n_rpc, add_rpc);
  g_signal_connect (manager, "state-changed", G_CALLBACK (on_state_changed), NULL);
  extension_host_manager_publish_async (manager, app_id, parse_access (), NULL, on_published, NULL);
  listen_to_stdin ();
  g_main_loop_run (loop);

  extension_host_manager_unpublish (manager);
  g_clear_object (&manager);
  g_main_loop_unref (loop);

  return 0;
}
