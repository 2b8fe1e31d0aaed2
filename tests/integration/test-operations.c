/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <signal.h>

#include <glib/gstdio.h>

/* Every public operation in every state, on real processes: what it returns, and along which
 * transitions it leads. */

typedef struct
{
  TestFixture *fixture;
  ExtensionHostProcess *process;
  TestRecord *record;
  char *marker;            /* the host crashes as long as this file is not there */
  GAsyncResult *stop;      /* of the stop that is under way in stopping */
} Scene;

static void
kill_host (Scene *scene)
{
  guint pid = extension_host_process_get_pid (scene->process);

  g_assert_cmpuint (pid, >, 0);
  g_assert_no_errno (kill ((pid_t) pid, SIGKILL));
}

static gboolean
is_in (Scene              *scene,
       ExtensionHostState  state)
{
  return extension_host_process_get_state (scene->process) == state;
}

static void
start_and_wait (Scene              *scene,
                ExtensionHostState  state)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_start (scene->process, &error));
  g_assert_no_error (error);
  test_wait_until (scene->fixture, is_in (scene, state));
}

/* How to bring a new host into each state */

static void
go_stopped (Scene *scene)
{
  g_assert_true (g_file_set_contents (scene->marker, "", 0, NULL));
  g_assert_true (is_in (scene, EXTENSION_HOST_STATE_STOPPED));
}

static void
go_starting (Scene *scene)
{
  g_assert_true (g_file_set_contents (scene->marker, "", 0, NULL));
  start_and_wait (scene, EXTENSION_HOST_STATE_STARTING);
}

static void
go_running (Scene *scene)
{
  g_assert_true (g_file_set_contents (scene->marker, "", 0, NULL));
  test_bring_up (scene->fixture, scene->process, scene->record);
}

static void
go_unhealthy (Scene *scene)
{
  go_running (scene);
  g_assert_true (extension_host_process_pause (scene->process, NULL));
  kill_host (scene);
  test_wait_until (scene->fixture, is_in (scene, EXTENSION_HOST_STATE_UNHEALTHY));
}

static void
go_restarting (Scene *scene)
{
  start_and_wait (scene, EXTENSION_HOST_STATE_RESTARTING);
}

static void
go_stopping (Scene *scene)
{
  go_running (scene);
  extension_host_process_stop_async (scene->process, NULL, test_store_result, &scene->stop);
  g_assert_true (is_in (scene, EXTENSION_HOST_STATE_STOPPING));
}

static void
go_crashed (Scene *scene)
{
  g_object_set (extension_host_process_get_spec (scene->process),
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  start_and_wait (scene, EXTENSION_HOST_STATE_CRASHED);
}

static void (*const go_to[]) (Scene *scene) = {
  [EXTENSION_HOST_STATE_STOPPED] = go_stopped,
  [EXTENSION_HOST_STATE_STARTING] = go_starting,
  [EXTENSION_HOST_STATE_RUNNING] = go_running,
  [EXTENSION_HOST_STATE_UNHEALTHY] = go_unhealthy,
  [EXTENSION_HOST_STATE_RESTARTING] = go_restarting,
  [EXTENSION_HOST_STATE_STOPPING] = go_stopping,
  [EXTENSION_HOST_STATE_CRASHED] = go_crashed,
};

/* The operations, as functions that block until they are done */

typedef enum
{
  START,
  STOP,
  RESTART,
  TERMINATE,
  KILL,
  RESET,
  PAUSE,
  RESUME,
  QUARANTINE,
  RELEASE,
  N_OPERATIONS
} Operation;

static const char *const operation_names[] = {
  "start", "stop", "restart", "terminate", "kill", "reset", "pause", "resume", "quarantine",
  "release",
};

static gboolean
run_async (Scene      *scene,
           Operation   operation,
           GError    **error)
{
  ExtensionHostProcess *process = scene->process;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  if (operation == RESTART)
    extension_host_process_restart_async (process, NULL, test_store_result, &result);
  else if (operation == STOP)
    extension_host_process_stop_async (process, NULL, test_store_result, &result);
  else if (operation == TERMINATE)
    extension_host_process_terminate_async (process, 5000, NULL, test_store_result, &result);
  else
    extension_host_process_kill_async (process, NULL, test_store_result, &result);

  g_assert_null (result);   /* never before the call returns */
  test_wait_until (scene->fixture, result != NULL);

  if (operation == RESTART)
    return extension_host_process_restart_finish (process, result, error);

  if (operation == STOP)
    outcome = extension_host_process_stop_finish (process, result, error);
  else if (operation == TERMINATE)
    outcome = extension_host_process_terminate_finish (process, result, error);
  else
    outcome = extension_host_process_kill_finish (process, result, error);

  if (outcome != NULL)
    {
      g_assert_true (extension_host_stop_outcome_get_exited (outcome));
      g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);
    }

  return outcome != NULL;
}

static gboolean
run (Scene      *scene,
     Operation   operation,
     GError    **error)
{
  switch (operation)
    {
    case START:
      return extension_host_process_start (scene->process, error);
    case RESET:
      return extension_host_process_reset (scene->process, error);
    case PAUSE:
      return extension_host_process_pause (scene->process, error);
    case RESUME:
      return extension_host_process_resume (scene->process, error);
    case QUARANTINE:
      return extension_host_process_quarantine (scene->process, error);
    case RELEASE:
      return extension_host_process_release (scene->process, error);
    case STOP:
    case RESTART:
    case TERMINATE:
    case KILL:
      return run_async (scene, operation, error);
    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }
}

#define OK -1
#define S(state) EXTENSION_HOST_STATE_##state
#define E(code) EXTENSION_HOST_ERROR_##code

/* The host of a scene crashes as long as its marker is missing; from a state that it crashed into,
 * it is up for good the next time. */
static const struct {
  ExtensionHostState state;
  Operation operation;
  int code;
  const char *path;   /* the states it goes through from then on, to where it stays */
} cases[] = {
  { S (STOPPED),    START,      OK,                     "starting running" },
  { S (STOPPED),    STOP,       OK,                     "" },
  { S (STOPPED),    RESTART,    OK,                     "starting running" },
  { S (STOPPED),    TERMINATE,  E (ALREADY_TERMINATED), "" },
  { S (STOPPED),    KILL,       E (ALREADY_TERMINATED), "" },
  { S (STOPPED),    RESET,      OK,                     "" },
  { S (STOPPED),    PAUSE,      OK,                     "" },
  { S (STOPPED),    RESUME,     OK,                     "" },
  { S (STOPPED),    QUARANTINE, OK,                     "" },
  { S (STOPPED),    RELEASE,    OK,                     "" },

  { S (STARTING),   START,      E (INVALID_TRANSITION), "running" },
  { S (STARTING),   STOP,       OK,                     "stopping stopped" },
  { S (STARTING),   RESTART,    OK,                     "stopping stopped starting running" },
  { S (STARTING),   TERMINATE,  OK,                     "stopping stopped" },
  { S (STARTING),   KILL,       OK,                     "stopping stopped" },
  { S (STARTING),   RESET,      E (INVALID_TRANSITION), "running" },
  { S (STARTING),   PAUSE,      OK,                     "running" },
  { S (STARTING),   RESUME,     OK,                     "running" },
  { S (STARTING),   QUARANTINE, OK,                     "stopping stopped" },
  { S (STARTING),   RELEASE,    OK,                     "running" },

  { S (RUNNING),    START,      E (INVALID_TRANSITION), "" },
  { S (RUNNING),    STOP,       OK,                     "stopping stopped" },
  { S (RUNNING),    RESTART,    OK,                     "stopping stopped starting running" },
  { S (RUNNING),    TERMINATE,  OK,                     "stopping stopped" },
  { S (RUNNING),    KILL,       OK,                     "stopping stopped" },
  { S (RUNNING),    RESET,      E (INVALID_TRANSITION), "" },
  { S (RUNNING),    PAUSE,      OK,                     "" },
  { S (RUNNING),    RESUME,     OK,                     "" },
  { S (RUNNING),    QUARANTINE, OK,                     "stopping stopped" },
  { S (RUNNING),    RELEASE,    OK,                     "" },

  /* It rests there because it is paused. */
  { S (UNHEALTHY),  START,      E (INVALID_TRANSITION), "" },
  { S (UNHEALTHY),  STOP,       OK,                     "stopping stopped" },
  { S (UNHEALTHY),  RESTART,    OK,                     "stopping stopped starting running" },
  { S (UNHEALTHY),  TERMINATE,  OK,                     "stopping stopped" },
  { S (UNHEALTHY),  KILL,       OK,                     "stopping stopped" },
  { S (UNHEALTHY),  RESET,      E (INVALID_TRANSITION), "" },
  { S (UNHEALTHY),  PAUSE,      OK,                     "" },
  { S (UNHEALTHY),  RESUME,     OK,                     "restarting" },
  { S (UNHEALTHY),  QUARANTINE, OK,                     "stopping stopped" },
  { S (UNHEALTHY),  RELEASE,    OK,                     "" },

  { S (RESTARTING), START,      OK,                     "starting running" },
  { S (RESTARTING), STOP,       OK,                     "stopping stopped" },
  { S (RESTARTING), RESTART,    OK,                     "stopping stopped starting running" },
  { S (RESTARTING), TERMINATE,  OK,                     "stopping stopped" },
  { S (RESTARTING), KILL,       OK,                     "stopping stopped" },
  { S (RESTARTING), RESET,      E (INVALID_TRANSITION), "" },
  { S (RESTARTING), PAUSE,      OK,                     "" },
  { S (RESTARTING), RESUME,     OK,                     "" },
  { S (RESTARTING), QUARANTINE, OK,                     "stopping stopped" },
  { S (RESTARTING), RELEASE,    OK,                     "" },

  { S (STOPPING),   START,      OK,                     "stopped starting running" },
  { S (STOPPING),   STOP,       OK,                     "stopped" },
  { S (STOPPING),   RESTART,    OK,                     "stopped starting running" },
  { S (STOPPING),   TERMINATE,  OK,                     "stopped" },
  { S (STOPPING),   KILL,       OK,                     "stopped" },
  { S (STOPPING),   RESET,      E (INVALID_TRANSITION), "stopped" },
  { S (STOPPING),   PAUSE,      OK,                     "stopped" },
  { S (STOPPING),   RESUME,     OK,                     "stopped" },
  { S (STOPPING),   QUARANTINE, OK,                     "stopped" },
  { S (STOPPING),   RELEASE,    OK,                     "stopped" },

  { S (CRASHED),    START,      OK,                     "starting running" },
  { S (CRASHED),    STOP,       OK,                     "stopped" },
  { S (CRASHED),    RESTART,    OK,                     "starting running" },
  { S (CRASHED),    TERMINATE,  E (ALREADY_TERMINATED), "" },
  { S (CRASHED),    KILL,       E (ALREADY_TERMINATED), "" },
  { S (CRASHED),    RESET,      OK,                     "stopped" },
  { S (CRASHED),    PAUSE,      OK,                     "" },
  { S (CRASHED),    RESUME,     OK,                     "" },
  { S (CRASHED),    QUARANTINE, OK,                     "stopped" },
  { S (CRASHED),    RELEASE,    OK,                     "" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (cases) == 7 * N_OPERATIONS);

#undef S
#undef E

/* The states entered since transition number @from. */
static char *
path_since (Scene *scene,
            guint  from)
{
  GString *path = g_string_new (NULL);

  for (guint i = from; i < scene->record->transitions->len; i++)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (scene->record->transitions, i);

      g_string_append_printf (path, "%s%s", path->len > 0 ? " " : "",
                              extension_host_state_to_string (
                                extension_host_transition_get_new (transition)));
    }

  return g_string_free (path, FALSE);
}

static gboolean
has_path (Scene      *scene,
          guint       from,
          const char *path)
{
  g_autofree char *now = path_since (scene, from);

  return g_str_equal (now, path);
}

static ExtensionHostSpec *
make_spec (TestFixture *fixture,
           const char  *marker)
{
  g_autofree char *crash = g_strdup_printf ("--crash-once=%s", marker);
  ExtensionHostSpec *spec = test_spec_new (fixture, "scene", "--ignore-eof", crash, "--print=ready",
                                           NULL);

  g_object_set (spec, "exit-timeout", 100, "backoff-initial", 60000, "backoff-max", 60000, NULL);

  return spec;
}

static void
test_operation (TestFixture   *fixture,
                gconstpointer  data)
{
  guint n = GPOINTER_TO_UINT (data);
  g_autofree char *folder = g_dir_make_tmp ("extension-host-XXXXXX", NULL);
  g_autofree char *marker = g_build_filename (folder, "crashed", NULL);
  g_autoptr(ExtensionHostSpec) spec = make_spec (fixture, marker);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GError) error = NULL;
  Scene scene = { fixture, process, record, marker, NULL };
  guint from = 0;

  go_to[cases[n].state] (&scene);
  g_assert_true (is_in (&scene, cases[n].state));
  from = record->transitions->len;

  g_assert_cmpint (run (&scene, cases[n].operation, &error), ==, cases[n].code == OK);
  if (cases[n].code == OK)
    g_assert_no_error (error);
  else
    g_assert_error (error, EXTENSION_HOST_ERROR, cases[n].code);

  test_wait_until (fixture, has_path (&scene, from, cases[n].path));
  if (scene.stop != NULL)
    test_wait_until (fixture, !is_in (&scene, EXTENSION_HOST_STATE_STOPPING));

  g_clear_object (&scene.stop);
  g_unlink (marker);
  g_rmdir (folder);
}

/* What is up is wanted up, what is down is wanted down: the last wish counts, not the state. */
static void
test_desired (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "wish", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autoptr(GAsyncResult) restarted = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (extension_host_process_get_desired (process), ==, EXTENSION_HOST_DESIRED_DOWN);
  g_assert_true (extension_host_process_start (process, NULL));
  g_assert_cmpint (extension_host_process_get_desired (process), ==, EXTENSION_HOST_DESIRED_UP);

  extension_host_process_restart_async (process, NULL, test_store_result, &restarted);
  extension_host_process_stop_async (process, NULL, test_store_result, &stopped);
  g_assert_cmpint (extension_host_process_get_desired (process), ==, EXTENSION_HOST_DESIRED_DOWN);
  g_assert_false (extension_host_process_get_pending_restart (process));

  test_wait_until (fixture, stopped != NULL && restarted != NULL);
  g_assert_false (extension_host_process_restart_finish (process, restarted, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_SUPERSEDED);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_STOPPED);
}

static void
test_quarantine (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "aside", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) restarted = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_quarantine (process, NULL));
  g_assert_cmpint (extension_host_process_get_control (process), ==,
                   EXTENSION_HOST_CONTROL_QUARANTINED);

  g_assert_false (extension_host_process_start (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUARANTINED);
  g_clear_error (&error);
  g_assert_false (extension_host_process_pause (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUARANTINED);
  g_clear_error (&error);

  extension_host_process_restart_async (process, NULL, test_store_result, &restarted);
  test_wait_until (fixture, restarted != NULL);
  g_assert_false (extension_host_process_restart_finish (process, restarted, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUARANTINED);

  g_assert_true (extension_host_process_release (process, NULL));
  g_assert_true (extension_host_process_start (process, NULL));
}

/* Ten stops at once are one stop with ten equal results. */
static void
test_stop_ten_times (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "ten", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  GAsyncResult *results[10] = { NULL };
  gint64 duration = -1;

  test_bring_up (fixture, process, record);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    extension_host_process_stop_async (process, NULL, test_store_result, &results[i]);

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

      test_wait_until (fixture, results[i] != NULL);
      outcome = extension_host_process_stop_finish (process, results[i], NULL);
      g_assert_true (extension_host_stop_outcome_get_exited (outcome));
      g_assert_false (extension_host_stop_outcome_get_forced (outcome));
      g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                       EXTENSION_HOST_STOP_RUNG_EOF);
      g_assert_cmpint (extension_host_exit_get_code (
                         extension_host_stop_outcome_get_exit (outcome)), ==, 0);
      if (i > 0)
        g_assert_cmpint (extension_host_stop_outcome_get_duration (outcome), ==, duration);
      duration = extension_host_stop_outcome_get_duration (outcome);
      g_clear_object (&results[i]);
    }

  g_assert_cmpuint (record->transitions->len, ==, 4);
}

/* So are ten kills. */
static void
test_kill_ten_times (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "ten", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  GAsyncResult *results[10] = { NULL };

  test_bring_up (fixture, process, record);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    extension_host_process_kill_async (process, NULL, test_store_result, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

      test_wait_until (fixture, results[i] != NULL);
      outcome = extension_host_process_kill_finish (process, results[i], NULL);
      g_assert_true (extension_host_stop_outcome_get_forced (outcome));
      g_clear_object (&results[i]);
    }

  g_assert_cmpuint (record->transitions->len, ==, 4);
}

static const struct {
  const char *name;
  const char *option;
  ExtensionHostStopRung rung;
  gboolean forced;
  ExtensionHostExitKind kind;
} rungs[] = {
  { "eof", "--on-eof-exit=0", EXTENSION_HOST_STOP_RUNG_EOF, FALSE, EXTENSION_HOST_EXIT_KIND_EXITED },
  { "term", "--ignore-eof", EXTENSION_HOST_STOP_RUNG_TERM, FALSE,
    EXTENSION_HOST_EXIT_KIND_SIGNALLED },
  { "kill", "--ignore-term", EXTENSION_HOST_STOP_RUNG_KILL, TRUE,
    EXTENSION_HOST_EXIT_KIND_SIGNALLED },
};

static void
test_rung (TestFixture   *fixture,
           gconstpointer  data)
{
  guint n = GPOINTER_TO_UINT (data);
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "rung", rungs[n].option,
                                                     n > 0 ? "--ignore-eof" : "--print=ready",
                                                     "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  ExtensionHostExit *exit = NULL;

  g_object_set (spec, "exit-timeout", n == 0 ? 30000 : 50, "term-timeout", n == 1 ? 30000 : 50,
                NULL);
  test_bring_up (fixture, process, record);
  outcome = extension_host_process_stop (process, NULL, &error);
  g_assert_no_error (error);

  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==, rungs[n].rung);
  g_assert_cmpint (extension_host_stop_outcome_get_forced (outcome), ==, rungs[n].forced);
  exit = extension_host_stop_outcome_get_exit (outcome);
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, rungs[n].kind);
  g_assert_true (extension_host_exit_get_requested (exit));
  g_assert_cmpint (extension_host_exit_get_reason (exit), ==, EXTENSION_HOST_REASON_STOP);
}

/* A user's stop in the middle of a backoff sticks: nothing comes back by itself. */
static void
test_operator_actions_are_free (TestFixture   *fixture,
                                gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "free", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  guint limit = 0, used = 0, window = 0;

  test_bring_up (fixture, process, record);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_true (extension_host_process_restart (process, NULL, &error));
      g_assert_no_error (error);
    }

  g_variant_get (extension_host_process_get_restart_budget (process), "(uuu)", &limit, &used,
                 &window);
  g_assert_cmpuint (limit, ==, 3);
  g_assert_cmpuint (used, ==, 0);
  g_assert_cmpuint (window, ==, 300);
  g_assert_cmpuint (extension_host_process_get_restart_count (process), ==, 0);
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 11);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/operations/%s/%s",
                                               extension_host_state_to_string (cases[i].state),
                                               operation_names[cases[i].operation]);

      test_add (path, GUINT_TO_POINTER (i), test_operation);
    }

  for (guint i = 0; i < G_N_ELEMENTS (rungs); i++)
    {
      g_autofree char *path = g_strdup_printf ("/operations/rung/%s", rungs[i].name);

      test_add (path, GUINT_TO_POINTER (i), test_rung);
    }

  test_add ("/operations/desired", NULL, test_desired);
  test_add ("/operations/quarantine", NULL, test_quarantine);
  test_add ("/operations/stop-ten-times", NULL, test_stop_ten_times);
  test_add ("/operations/kill-ten-times", NULL, test_kill_ten_times);
  test_add ("/operations/operator-actions-are-free", NULL, test_operator_actions_are_free);

  return g_test_run ();
}
