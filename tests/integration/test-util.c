/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-util.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST_LIFE "--live-for=60"

/* The fixture */

void
test_set_up (TestFixture   *self,
             gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree char *uuid = g_uuid_string_random ();

  self->context = g_main_context_new ();
  self->tag = g_strconcat (TEST_TAG "=", uuid, NULL);
  g_main_context_push_thread_default (self->context);
}

static char *
describe_processes (GArray *pids)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < pids->len; i++)
    {
      pid_t pid = g_array_index (pids, pid_t, i);
      g_auto(GStrv) argv = test_get_strings (pid, "cmdline");
      g_autofree char *line = argv != NULL ? g_strjoinv (" ", argv) : NULL;

      g_string_append_printf (text, "\n  %d %s", (int) pid, line);
    }

  return g_string_free (text, FALSE);
}

/* A test that leaves anything behind has failed, whatever it is about. */
void
test_tear_down (TestFixture   *self,
                gconstpointer  data G_GNUC_UNUSED)
{
  gint64 end = g_get_monotonic_time () + TEST_DEADLINE / 2 * G_USEC_PER_SEC;
  g_autoptr(GArray) left = test_find_tagged (self);

  while ((left->len > 0 || test_has_children ()) && g_get_monotonic_time () < end)
    {
      g_usleep (10 * 1000);
      g_array_unref (left);
      left = test_find_tagged (self);
    }

  if (left->len > 0)
    {
      g_autofree char *text = describe_processes (left);

      for (guint i = 0; i < left->len; i++)
        if (g_array_index (left, pid_t, i) != getpid ())
          kill (g_array_index (left, pid_t, i), SIGKILL);
      g_error ("%u processes are left behind:%s", left->len, text);
    }
  if (test_has_children ())
    g_error ("children are left behind, or zombies of them");

  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self->tag);
}

typedef struct
{
  TestFunction function;
  gconstpointer data;
} TimedTest;

static GPtrArray *timed_tests;   /* as long as there are tests */

static void
run_timed (TestFixture   *self,
           gconstpointer  data)
{
  const TimedTest *test = data;

  do
    test->function (self, test->data);
  while (timed_again ());
}

void
test_add_timed (const char    *path,
                gconstpointer  data,
                TestFunction   function)
{
  TimedTest *test = g_new0 (TimedTest, 1);

  if (timed_tests == NULL)
    timed_tests = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (timed_tests, test);

  test->function = function;
  test->data = data;
  test_add (path, test, run_timed);
}

/* Waiting */

static gboolean
on_expired (gpointer data)
{
  gboolean *expired = data;

  *expired = TRUE;

  return G_SOURCE_REMOVE;
}

GSource *
test_expire_after (GMainContext *context,
                   guint         seconds,
                   gboolean     *expired)
{
  GSource *source = g_timeout_source_new_seconds (seconds);

  g_source_set_callback (source, on_expired, expired, NULL);
  g_source_attach (source, context);

  return source;
}

static gboolean
on_tick (gpointer data G_GNUC_UNUSED)
{
  return G_SOURCE_CONTINUE;
}

GSource *
test_tick_every (GMainContext *context,
                 guint         ms)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_callback (source, on_tick, NULL, NULL);
  if (ms > 0)
    g_source_attach (source, context);

  return source;
}

void
test_store_result (GObject      *object G_GNUC_UNUSED,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

/* Hosts */

static GStrv
collect_argv (const char *option,
              va_list     options)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  GStrv argv = NULL;

  g_assert_nonnull (g_getenv ("FAKE_HOST"));
  g_strv_builder_add_many (builder, g_getenv ("FAKE_HOST"), HOST_LIFE, NULL);
  for (; option != NULL; option = va_arg (options, const char *))
    g_strv_builder_add (builder, option);
  argv = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);

  return argv;
}

GStrv
test_argv_of (const char *option,
              ...)
{
  GStrv argv = NULL;
  va_list options;

  va_start (options, option);
  argv = collect_argv (option, options);
  va_end (options);

  return argv;
}

ExtensionHostSpec *
test_spec_new (TestFixture *self,
               const char  *id,
               ...)
{
  const char *environment[] = { self->tag, NULL };
  ExtensionHostSpec *spec = NULL;
  g_auto(GStrv) argv = NULL;
  va_list options;

  va_start (options, id);
  argv = collect_argv (va_arg (options, const char *), options);
  va_end (options);

  spec = extension_host_spec_new (id, (const char * const *) argv);
  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                "environment", environment,
                NULL);

  return spec;
}

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  TestRecord              *self)
{
  g_assert_cmpint (extension_host_process_get_state (process), ==,
                   extension_host_transition_get_new (transition));
  g_ptr_array_add (self->transitions, extension_host_transition_ref (transition));
}

static void
on_log (ExtensionHostProcess   *process G_GNUC_UNUSED,
        ExtensionHostLogStream  stream G_GNUC_UNUSED,
        const char             *line,
        TestRecord             *self)
{
  g_ptr_array_add (self->lines, g_strdup (line));
}

TestRecord *
test_record_new (ExtensionHostProcess *process)
{
  TestRecord *self = g_new0 (TestRecord, 1);

  self->process = process;
  self->transitions =
    g_ptr_array_new_with_free_func ((GDestroyNotify) extension_host_transition_unref);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  g_object_add_weak_pointer (G_OBJECT (process), (gpointer *) &self->process);
  g_signal_connect (process, "state-changed", G_CALLBACK (on_state_changed), self);
  g_signal_connect (process, "log", G_CALLBACK (on_log), self);

  return self;
}

void
test_record_free (TestRecord *self)
{
  if (self->process != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->process, self);
      g_object_remove_weak_pointer (G_OBJECT (self->process), (gpointer *) &self->process);
    }
  g_ptr_array_unref (self->transitions);
  g_ptr_array_unref (self->lines);
  g_free (self);
}

ExtensionHostTransition *
test_record_last (TestRecord *self)
{
  g_assert_cmpuint (self->transitions->len, >, 0);

  return g_ptr_array_index (self->transitions, self->transitions->len - 1);
}

gboolean
test_record_entered (TestRecord         *self,
                     ExtensionHostState  state)
{
  for (guint i = 0; i < self->transitions->len; i++)
    if (extension_host_transition_get_new (g_ptr_array_index (self->transitions, i)) == state)
      return TRUE;

  return FALSE;
}

gboolean
test_record_has_line (TestRecord *self,
                      const char *line)
{
  return g_ptr_array_find_with_equal_func (self->lines, line, g_str_equal, NULL);
}

void
test_record_clear (TestRecord *self)
{
  g_ptr_array_set_size (self->transitions, 0);
  g_ptr_array_set_size (self->lines, 0);
}

/* The states entered, with a space between them. */
char *
test_record_path (TestRecord *self)
{
  GString *path = g_string_new (NULL);

  for (guint i = 0; i < self->transitions->len; i++)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (self->transitions, i);
      ExtensionHostState state = extension_host_transition_get_new (transition);

      g_string_append (path, i > 0 ? " " : "");
      g_string_append (path, extension_host_state_to_string (state));
    }

  return g_string_free (path, FALSE);
}

void
test_bring_up (TestFixture          *self,
               ExtensionHostProcess *process,
               TestRecord           *record)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_start (process, &error));
  g_assert_no_error (error);
  test_wait_until (self, test_record_has_line (record, "ready"));
}

/* Processes */

/* NULL if the process is gone; for environ also if it is not ours to look at. */
static char *
read_proc (pid_t       pid,
           const char *file,
           gsize      *length)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, file);
  char *contents = NULL;

  if (!g_file_get_contents (path, &contents, length, NULL))
    return NULL;

  return contents;
}

gboolean
test_stat (pid_t     pid,
           TestStat *stat)
{
  g_autofree char *contents = read_proc (pid, "stat", NULL);
  const char *rest = contents != NULL ? strrchr (contents, ')') : NULL;
  int parent = 0, session = 0;

  if (rest == NULL ||
      sscanf (rest + 1,
              " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %"
              G_GUINT64_FORMAT,
              &stat->state, &parent, &session, &stat->started) != 4)
    return FALSE;

  stat->parent = parent;
  stat->session = session;

  return TRUE;
}

/* A zombie has ended: who reaps it is another question. */
gboolean
test_is_alive (pid_t pid)
{
  TestStat stat;

  return test_stat (pid, &stat) && stat.state != 'Z' && stat.state != 'X';
}

GStrv
test_get_strings (pid_t       pid,
                  const char *file)
{
  gsize length = 0;
  g_autofree char *contents = read_proc (pid, file, &length);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  if (contents == NULL)
    return NULL;

  for (gsize at = 0; at < length; at += strlen (contents + at) + 1)
    g_strv_builder_add (builder, contents + at);

  return g_strv_builder_end (builder);
}

gboolean
test_has_variable (pid_t       pid,
                   const char *entry)
{
  gsize length = 0;
  g_autofree char *contents = read_proc (pid, "environ", &length);

  if (contents == NULL)
    return FALSE;

  for (gsize at = 0; at < length; at += strlen (contents + at) + 1)
    if (g_str_equal (contents + at, entry))
      return TRUE;

  return FALSE;
}

char *
test_get_variable (pid_t       pid,
                   const char *name)
{
  g_auto(GStrv) environment = test_get_strings (pid, "environ");

  return environment != NULL ? g_strdup (g_environ_getenv (environment, name)) : NULL;
}

GArray *
test_find_tagged (TestFixture *self)
{
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (pid_t));
  g_autoptr(GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (proc)) != NULL)
    {
      pid_t pid = (pid_t) g_ascii_strtoull (name, NULL, 10);

      if (pid > 0 && test_has_variable (pid, self->tag) && test_is_alive (pid))
        g_array_append_val (pids, pid);
    }

  return pids;
}

guint
test_count_tagged (TestFixture *self)
{
  g_autoptr(GArray) pids = test_find_tagged (self);

  return pids->len;
}

gboolean
test_are_all_gone (GArray *pids)
{
  for (guint i = 0; i < pids->len; i++)
    if (test_is_alive (g_array_index (pids, pid_t, i)))
      return FALSE;

  return TRUE;
}

guint
test_expected_count (guint n_processes,
                     guint n_shims)
{
  return n_processes + (geteuid () == 0 ? n_shims : 0);
}

static guint
count_entries (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;

  return count;
}

guint
test_count_fds (void)
{
  return count_entries ("/proc/self/fd") - 1;   /* the folder itself */
}

guint
test_count_threads (void)
{
  return count_entries ("/proc/self/task");
}

/* Zombies included. */
gboolean
test_has_children (void)
{
  siginfo_t info;

  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}
