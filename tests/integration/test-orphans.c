/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever an application is doing when it dies, two seconds later nothing is left of its hosts. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test-util.h"

#define PROMISE (TEST_SANITIZED ? 4.0 : 2.0)   /* s; the sanitizers take their share */
#define OTHER_USER 64123
#define N_HOSTS (TEST_SANITIZED ? 30 : 300)

/* A host that nothing but KILL ends, and three more of the kind: in its group, in a session of its
 * own, and in one without a parent. */
#define STUBBORN "--ignore-term", "--ignore-eof", "--stubborn-children", "--grandchild", \
                 "--setsid-grandchild", "--daemon", "--print=ready"
#define STUBBORN_TREE 4

typedef struct
{
  TestFixture *fixture;
  GSubprocess *subprocess;
  GDataInputStream *output;
  GPtrArray *lines;
  GAsyncResult *reading;
  pid_t pid;
} App;

/* The application, with the arguments up to NULL */
static App *
app_start (TestFixture *fixture,
           const char  *argument,
           ...)
{
  g_autoptr(GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;
  App *self = g_new0 (App, 1);
  va_list arguments;

  g_assert_nonnull (g_getenv ("ORPHAN_APP"));
  g_strv_builder_add (builder, g_getenv ("ORPHAN_APP"));
  va_start (arguments, argument);
  for (; argument != NULL; argument = va_arg (arguments, const char *))
    g_strv_builder_add (builder, argument);
  va_end (arguments);
  argv = g_strv_builder_end (builder);

  g_subprocess_launcher_setenv (launcher, TEST_TAG, fixture->tag + strlen (TEST_TAG "="), TRUE);
  self->fixture = fixture;
  self->subprocess = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv, &error);
  g_assert_no_error (error);
  self->pid = atoi (g_subprocess_get_identifier (self->subprocess));
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->subprocess));
  self->lines = g_ptr_array_new_with_free_func (g_free);

  return self;
}

static void
app_free (App *self)
{
  g_clear_object (&self->reading);
  g_object_unref (self->output);
  g_ptr_array_unref (self->lines);
  kill (self->pid, SIGKILL);   /* not reaped yet, so the number is still its */
  g_subprocess_wait (self->subprocess, NULL, NULL);
  g_object_unref (self->subprocess);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (App, app_free)

/* NULL at the end of its output */
static const char *
app_read_line (App *self)
{
  g_autoptr(GError) error = NULL;
  char *line = NULL;

  g_data_input_stream_read_line_async (self->output, G_PRIORITY_DEFAULT, NULL, test_store_result,
                                       &self->reading);
  test_wait_until (self->fixture, self->reading != NULL);
  line = g_data_input_stream_read_line_finish (self->output, self->reading, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&self->reading);
  if (line != NULL)
    g_ptr_array_add (self->lines, line);

  return line;
}

/* What follows @word in the first line that begins with it */
static const char *
app_find (App        *self,
          const char *word)
{
  for (guint i = 0; i < self->lines->len; i++)
    {
      const char *line = g_ptr_array_index (self->lines, i);

      if (g_str_has_prefix (line, word))
        return line + strlen (word);
    }

  return NULL;
}

/* FALSE, and the test is skipped, if this machine does not let the application do its work. */
static gboolean
app_wait_ready (App *self)
{
  const char *line = NULL;

  do
    line = app_read_line (self);
  while (line != NULL && !g_str_equal (line, "ready") && !g_str_equal (line, "skip"));

  if (line == NULL || g_str_equal (line, "skip"))
    g_test_skip ("the other user cannot run this build");

  return g_strcmp0 (line, "ready") == 0;
}

static pid_t
app_get_shim (App *self)
{
  const char *pid = app_find (self, "pid ");
  TestStat stat;

  g_assert_nonnull (pid);
  g_assert_true (test_stat (atoi (pid), &stat));
  g_assert_cmpint (stat.parent, !=, self->pid);

  return stat.parent;
}

static guint
count_besides (TestFixture *self,
               pid_t        exception)
{
  g_autoptr(GArray) pids = test_find_tagged (self);
  guint count = 0;

  for (guint i = 0; i < pids->len; i++)
    if (g_array_index (pids, pid_t, i) != exception)
      count++;

  return count;
}

static guint
count_of_trees (App *app)
{
  return count_besides (app->fixture, app->pid);
}

/* The clock runs from BEGAN until nobody who has the tag is left, one child excepted. */
static void
expect_all_gone (TestFixture *self,
                 gint64       began,
                 pid_t        exception)
{
  double duration;

  test_wait_polling (self, 10, count_besides (self, exception) == 0);
  duration = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  g_test_message ("%s: gone after %.2f s", g_test_get_path (), duration);
  timed_assert_less (duration, PROMISE);
}

static void
kill_app (App   *app,
          pid_t  exception)
{
  gint64 began = g_get_monotonic_time ();

  g_assert_cmpint (kill (app->pid, SIGKILL), ==, 0);
  expect_all_gone (app->fixture, began, exception);
}

/* Tests */

typedef struct
{
  const char *name;
  const char *option;      /* for the application */
  guint n_processes;       /* of the tree when it dies */
} StateCase;

/* In unhealthy the program is a zombie and the others are in their grace. */
static const StateCase state_cases[] = {
  { "stopped", "--exit-timeout=20000", 0 },
  { "starting", "--exit-timeout=20000", STUBBORN_TREE },
  { "running", "--exit-timeout=20000", STUBBORN_TREE },
  { "unhealthy", "--exit-timeout=20000", STUBBORN_TREE - 1 },
  { "restarting", "--exit-timeout=20000", 0 },
  { "stopping", "--exit-timeout=20000", STUBBORN_TREE },   /* after the end of stdin */
  { "stopping", "--exit-timeout=0", STUBBORN_TREE },       /* after TERM */
  { "crashed", "--exit-timeout=20000", 0 },
};

static void
test_state (TestFixture   *self,
            gconstpointer  data)
{
  const StateCase *row = data;
  g_autofree char *state = g_strconcat ("--state=", row->name, NULL);
  g_autoptr(App) app = app_start (self, state, row->option, "--", g_getenv ("FAKE_HOST"),
                                  "--live-for=60", STUBBORN, NULL);
  guint expected = test_expected_count (row->n_processes, row->n_processes > 0 ? 1 : 0);

  g_assert_true (app_wait_ready (app));
  /* While they start, one look may see a process that the next one does not. */
  if (g_str_equal (row->name, "starting"))
    test_wait_polling (self, 5, count_of_trees (app) == expected);
  else
    g_assert_cmpuint (count_of_trees (app), ==, expected);

  kill_app (app, 0);
}

/* The shim may be anywhere between its own start and the exec of the program. */
static void
test_starting_race (TestFixture   *self,
                    gconstpointer  data G_GNUC_UNUSED)
{
  App *apps[12];
  gint64 began;

  for (guint i = 0; i < G_N_ELEMENTS (apps); i++)
    {
      apps[i] = app_start (self, "--state=starting", "--", g_getenv ("FAKE_HOST"), "--live-for=60",
                           STUBBORN, NULL);
      g_assert_true (app_wait_ready (apps[i]));
      g_usleep (i * 300);
      kill (apps[i]->pid, SIGKILL);
    }

  began = g_get_monotonic_time ();
  expect_all_gone (self, began, 0);
  for (guint i = 0; i < G_N_ELEMENTS (apps); i++)
    app_free (apps[i]);
}

/* A host that does as it is told ends at the end of its stdin and needs no signal. */
static void
test_polite (TestFixture   *self,
             gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(App) app = app_start (self, "--", g_getenv ("FAKE_HOST"), "--live-for=60",
                                  "--ignore-term", "--print=ready", NULL);
  gint64 began;

  g_assert_true (app_wait_ready (app));
  began = g_get_monotonic_time ();
  kill_app (app, 0);
  timed_assert_less (g_get_monotonic_time () - began, G_USEC_PER_SEC / 2);
}

static void
test_forked_child (TestFixture   *self,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(App) app = app_start (self, "--fork", "--", g_getenv ("FAKE_HOST"), "--live-for=60",
                                  STUBBORN, NULL);
  pid_t child;

  g_assert_true (app_wait_ready (app));
  g_assert_nonnull (app_find (app, "child "));
  child = atoi (app_find (app, "child "));

  kill_app (app, child);
  g_assert_true (test_is_alive (child));   /* or it was no test */
  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
}

static gboolean
is_stopped (pid_t pid)
{
  TestStat stat;

  return test_stat (pid, &stat) && stat.state == 'T';
}

static void
test_stopped_shim (TestFixture   *self,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(App) app = app_start (self, "--", g_getenv ("FAKE_HOST"), "--live-for=60", STUBBORN,
                                  NULL);
  pid_t shim;

  g_assert_true (app_wait_ready (app));
  shim = app_get_shim (app);
  g_assert_cmpint (kill (shim, SIGSTOP), ==, 0);
  test_wait_polling (self, 1, is_stopped (shim));

  kill_app (app, 0);
}

/* The one thing that it may do before it is gone is drop its manager. */
static void
test_dispose_and_exit (TestFixture   *self,
                       gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(App) app = app_start (self, "--hosts=5", "--", g_getenv ("FAKE_HOST"),
                                  "--live-for=60", STUBBORN, NULL);
  GOutputStream *input = g_subprocess_get_stdin_pipe (app->subprocess);
  g_autoptr(GError) error = NULL;
  gint64 began;

  g_assert_true (app_wait_ready (app));
  began = g_get_monotonic_time ();
  g_output_stream_write_all (input, "dispose\n", 8, NULL, NULL, &error);
  g_assert_no_error (error);
  expect_all_gone (self, began, 0);
}

static void
test_many (TestFixture   *self,
           gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree char *hosts = g_strdup_printf ("--hosts=%d", N_HOSTS);
  g_autoptr(App) app = app_start (self, hosts, "--", g_getenv ("FAKE_HOST"), "--live-for=60",
                                  STUBBORN, NULL);

  g_assert_true (app_wait_ready (app));
  g_assert_cmpuint (count_of_trees (app), ==,
                    test_expected_count (N_HOSTS * STUBBORN_TREE, N_HOSTS));

  kill_app (app, 0);
}

/* Attacks. A host has the uid of its application, which must not be root: root may do anything. */

static App *
start_attack (TestFixture *self,
              const char  *option,
              const char  *attack)
{
  g_autofree char *user = g_strdup_printf ("--uid=%d", geteuid () == 0 ? OTHER_USER : -1);

  return app_start (self, user, option, "--", g_getenv ("FAKE_HOST"), "--live-for=60", attack,
                    STUBBORN, NULL);
}

static void
test_attack (TestFixture   *self,
             gconstpointer  data)
{
  g_autofree char *attack = g_strdup_printf ("--attack-shim=%s", (const char *) data);
  g_autofree char *prefix = g_strdup_printf ("line attack: %s: ", (const char *) data);
  g_autoptr(App) app = start_attack (self, "--state=running", attack);
  const char *outcome = NULL;

  if (!app_wait_ready (app))
    return;

  while ((outcome = app_find (app, prefix)) == NULL)
    g_assert_nonnull (app_read_line (app));
  g_test_message ("%s: %s", (const char *) data, outcome);
  g_assert_cmpstr (outcome, !=, "succeeded");
  g_assert_cmpuint (count_of_trees (app), ==, test_expected_count (STUBBORN_TREE, 1));

  kill_app (app, 0);
}

static gboolean
kernel_can_scope_signals (void)
{
  /* landlock_create_ruleset with LANDLOCK_CREATE_RULESET_VERSION */
  return syscall (444, NULL, 0, 1) >= 6;
}

/* With no-new-privs it cannot even signal it. */
static void
test_scope (TestFixture   *self,
            gconstpointer  data)
{
  g_autofree char *attack = g_strdup_printf ("--%s-shim", (const char *) data);
  g_autofree char *prefix = g_strdup_printf ("line attack: %s: ", (const char *) data);
  g_autoptr(App) app = NULL;
  const char *outcome = NULL;

  if (!kernel_can_scope_signals ())
    {
      g_test_skip ("this kernel has no Landlock, or one without signal scopes");
      return;
    }

  app = start_attack (self, "--no-new-privs", attack);
  if (!app_wait_ready (app))
    return;

  while ((outcome = app_find (app, prefix)) == NULL)
    g_assert_nonnull (app_read_line (app));
  g_assert_cmpstr (outcome, !=, "succeeded");

  kill_app (app, 0);
}

/* Without it, it can stop its shim, which does not save it. */
static void
test_host_stops_shim (TestFixture   *self,
                      gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(App) app = app_start (self, "--", g_getenv ("FAKE_HOST"), "--live-for=60",
                                  "--grandchild", STUBBORN, "--stop-shim", NULL);
  pid_t shim;

  g_assert_true (app_wait_ready (app));
  shim = app_get_shim (app);
  test_wait_polling (self, 1, is_stopped (shim));

  kill_app (app, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (state_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/orphans/state/%u-%s", i, state_cases[i].name);

      test_add_timed (path, &state_cases[i], test_state);
    }
  test_add_timed ("/orphans/starting-race", NULL, test_starting_race);
  test_add_timed ("/orphans/polite", NULL, test_polite);
  test_add_timed ("/orphans/forked-child", NULL, test_forked_child);
  test_add_timed ("/orphans/stopped-shim", NULL, test_stopped_shim);
  test_add_timed ("/orphans/host-stops-shim", NULL, test_host_stops_shim);
  test_add_timed ("/orphans/dispose-and-exit", NULL, test_dispose_and_exit);
  test_add_timed ("/orphans/attack/ptrace", "ptrace", test_attack);
  test_add_timed ("/orphans/attack/pidfd-getfd", "pidfd-getfd", test_attack);
  test_add_timed ("/orphans/attack/procfd", "procfd", test_attack);
  test_add_timed ("/orphans/scope/stop", "stop", test_scope);
  test_add_timed ("/orphans/scope/kill", "kill", test_scope);
  test_add_timed ("/orphans/many", NULL, test_many);

  return g_test_run ();
}
