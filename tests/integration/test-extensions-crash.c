/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Extensions that take their host down: who is named, who is set aside, and who is not. */

#include "extension-util.h"

#include <stdio.h>

static gboolean
has_state (ExtensionScene     *scene,
           ExtensionHostState  state)
{
  return extension_host_process_get_state (scene->process) == state;
}

/* Adds one for each path, up to NULL, with the letters of the alphabet as ids. */
static void
add_all (ExtensionScene    *scene,
         const char *const *paths)
{
  for (guint i = 0; paths[i] != NULL; i++)
    {
      const char id[] = { (char) ('a' + (int) i), '\0' };

      extension_add (scene, id, paths[i]);
    }
}

/* The extensions, a letter for each state. */
static char *
get_states (ExtensionScene *scene)
{
  GListModel *extensions = extension_host_process_get_extensions (scene->process);
  guint n = g_list_model_get_n_items (extensions);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_c (text, "i.AFLQ"[extension_host_extension_get_state
                                        (extension_nth (scene->process, i))]);

  return g_string_free (text, FALSE);
}

static gboolean
states_are (ExtensionScene *scene,
            const char     *expected)
{
  g_autofree char *states = get_states (scene);

  return g_str_equal (states, expected);
}

/* In a host that runs: some reach their state before. */
#define wait_for_states(scene, expected) \
  test_wait_until ((scene)->fixture, states_are (scene, expected) && \
                                     has_state (scene, EXTENSION_HOST_STATE_RUNNING))

static guint
count_crashes (ExtensionScene *scene)
{
  guint n = 0;

  for (guint i = 0; i < scene->record->transitions->len; i++)
    n += extension_host_transition_get_new (g_ptr_array_index (scene->record->transitions, i)) ==
         EXTENSION_HOST_STATE_UNHEALTHY;

  return n;
}

/* Suspects */

typedef struct
{
  const char *name;
  const char *paths[6];
  const char *command;    /* of the second, at the end; NULL: the host ends as it activates */
  gboolean others_hold;   /* the others have calls in flight, too */
  const char *suspects;
} SuspectCase;

static const SuspectCase suspect_cases[] = {
  { "activating", { "/x/ok", "/x/die", NULL }, NULL, FALSE, "b" },
  { "all", { "/x/ok", "/x/crash", "/x/ok", NULL }, NULL, FALSE, "a b c" },
  { "call", { "/x/ok", "/x/ok", "/x/ok", NULL }, "crash", FALSE, "b" },
  { "calls", { "/x/ok", "/x/ok", "/x/ok", NULL }, "crash", TRUE, "a b c" },
  { "none", { "/x/ok", "/x/ok", "/x/fail", NULL }, "", FALSE, "" },
  { "hang-call", { "/x/ok", "/x/ok", "/x/ok", NULL }, "hang", FALSE, "b" },
  { "hang-activating", { "/x/ok", "/x/hang", "/x/ok", NULL }, NULL, FALSE, "b c" },
};

static gboolean
is_settled (ExtensionScene *scene)
{
  GListModel *extensions = extension_host_process_get_extensions (scene->process);

  for (guint i = 0; i < g_list_model_get_n_items (extensions); i++)
    if (!extension_is (extension_nth (scene->process, i), ACTIVE) &&
        !extension_is (extension_nth (scene->process, i), FAILED))
      return FALSE;

  return TRUE;
}

static void
test_suspects (TestFixture   *fixture,
               gconstpointer  data)
{
  const SuspectCase *what = data;
  g_auto(ExtensionScene) scene = { NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);

  if (g_str_has_prefix (what->name, "hang"))
    g_object_set (spec, "health-interval", 50, "health-timeout", 2000, "health-failures", 1, NULL);
  extension_scene_init (&scene, fixture, spec);
  add_all (&scene, what->paths);
  extension_scene_start (&scene);
  if (what->command != NULL)
    {
      test_wait_until (fixture, is_settled (&scene));
      if (what->others_hold)
        {
          extension_order (extension_nth (scene.process, 0), "hold");
          extension_order (extension_nth (scene.process, 2), "hold");
        }
      if (*what->command != '\0')
        extension_order (extension_nth (scene.process, 1), what->command);
      else
        extension_host_process_call_async (scene.process, "die", NULL, 0, NULL, NULL, NULL);
    }
  test_wait_until (fixture, has_state (&scene, EXTENSION_HOST_STATE_CRASHED));
  extension_assert_suspects (&scene, what->suspects);
}

/* What was told of the end of a host is about that end only. */
static void
test_suspects_anew (TestFixture   *fixture,
                    gconstpointer  data)
{
  static const char *const paths[] = { "/x/ok", "/x/crash-once=b", NULL };
  g_auto(ExtensionScene) scene = { NULL };

  extension_scene_init_immortal (&scene, fixture);
  add_all (&scene, paths);
  extension_scene_start (&scene);
  wait_for_states (&scene, "AA");
  extension_assert_suspects (&scene, "a b");
  extension_host_process_call_async (scene.process, "die", NULL, 0, NULL, NULL, NULL);
  test_wait_until (fixture, extension_host_process_get_generation (scene.process) == 3);
  extension_assert_suspects (&scene, "");
  wait_for_states (&scene, "AA");
  extension_scene_stop (&scene);
}

/* Quarantine */

typedef struct
{
  const char *name;
  const char *paths[6];
  const char *states;      /* that they end in */
  guint n_crashes;         /* at most */
} QuarantineCase;

#define OK "/x/ok"
#define SLOW "/x/slow=20"
#define CRASH "/x/crash"

static const QuarantineCase quarantine_cases[] = {
  { "alone", { CRASH, NULL }, "Q", 2 },
  { "first", { CRASH, OK, OK, OK, OK, NULL }, "QAAAA", 2 },
  { "second", { OK, CRASH, OK, OK, OK, NULL }, "AQAAA", 2 },
  { "third", { OK, OK, CRASH, OK, OK, NULL }, "AAQAA", 2 },
  { "fourth", { OK, OK, OK, CRASH, OK, NULL }, "AAAQA", 2 },
  { "last", { OK, OK, OK, OK, CRASH, NULL }, "AAAAQ", 2 },
  { "slow-others", { SLOW, SLOW, CRASH, SLOW, SLOW, NULL }, "AAQAA", 2 },
  { "beside-failures", { "/x/fail", OK, CRASH, "/x/fail", OK, NULL }, "FAQFA", 2 },
  { "two", { CRASH, OK, OK, OK, CRASH, NULL }, "QAAAQ", 4 },
  { "two-neighbours", { OK, OK, CRASH, CRASH, OK, NULL }, "AAQQA", 4 },
  { "all", { CRASH, CRASH, CRASH, NULL }, "QQQ", 6 },
  { "only-when-first", { "/x/crash-first", OK, "/x/crash-once=c", OK, NULL }, "QAAA", 4 },
  { "only-when-later", { OK, OK, "/x/crash-later", OK, NULL }, "AAQA", 2 },
  { "once", { OK, "/x/crash-once=b", OK, NULL }, "AAA", 1 },
  { "twice-in-a-row", { "/x/crash-once=a", OK, "/x/crash-once=c", NULL }, "AAQ", 2 },
  { "leaves", { OK, "/x/leave", OK, NULL }, "AQA", 2 },
};

static void
test_quarantine (TestFixture   *fixture,
                 gconstpointer  data)
{
  const QuarantineCase *what = data;
  g_auto(ExtensionScene) scene = { NULL };

  extension_scene_init_immortal (&scene, fixture);
  add_all (&scene, what->paths);
  extension_scene_start (&scene);
  wait_for_states (&scene, what->states);
  g_assert_cmpuint (count_crashes (&scene), <=, what->n_crashes);
  for (guint i = 0; what->states[i] != '\0'; i++)
    {
      Extension *extension = extension_nth (scene.process, i);

      if (what->states[i] == 'Q')
        g_assert_error (extension_host_extension_get_error (extension), EXTENSION_HOST_ERROR,
                        EXTENSION_HOST_ERROR_QUARANTINED);
      if (what->states[i] == 'A')
        g_assert_cmpuint (extension_host_extension_get_activations (extension), >=, 1);
    }

  /* It stays set aside. */
  extension_scene_stop (&scene);
  extension_scene_start (&scene);
  wait_for_states (&scene, what->states);
  g_assert_cmpuint (count_crashes (&scene), <=, what->n_crashes);
  extension_scene_stop (&scene);
}

/* The budget that hosts have by default is enough for one. */
static void
test_default_budget (TestFixture   *fixture,
                     gconstpointer  data)
{
  static const char *const paths[] = { OK, CRASH, OK, NULL };
  g_auto(ExtensionScene) scene = { NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS, NULL);
  extension_scene_init (&scene, fixture, spec);
  add_all (&scene, paths);
  extension_scene_start (&scene);
  wait_for_states (&scene, "AQA");
  extension_scene_stop (&scene);
}

/* Suspects wait for all others, so that these do not become suspects, too. */
static void
test_fresh (TestFixture   *fixture,
            gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };

  extension_scene_init_immortal (&scene, fixture);
  extension_add (&scene, "culprit", CRASH);
  g_assert_true (extension_host_process_start (scene.process, NULL));
  test_wait_until (fixture, has_state (&scene, EXTENSION_HOST_STATE_RESTARTING));
  extension_assert_suspects (&scene, "culprit");
  extension_add (&scene, "fresh", SLOW);
  wait_for_states (&scene, "QA");
  g_assert_cmpuint (count_crashes (&scene), ==, 2);
  extension_assert_suspects (&scene, "culprit");
  extension_scene_stop (&scene);
}

/* One that became active after a crash is not under suspicion any more. */
static void
test_crash_between (TestFixture   *fixture,
                    gconstpointer  data)
{
  static const char *const paths[] = { "/x/crash-once=a", OK, NULL };
  guint n = GPOINTER_TO_UINT (data);   /* crashes each time */
  g_auto(ExtensionScene) scene = { NULL };
  g_autofree char *mark = NULL;

  extension_scene_init_immortal (&scene, fixture);
  mark = g_build_filename (scene.marks, "a", NULL);
  add_all (&scene, paths);
  for (guint i = 0; i < 3; i++)
    {
      extension_scene_start (&scene);
      wait_for_states (&scene, "AA");
      g_assert_cmpuint (count_crashes (&scene), ==, n * i + 1);
      if (n == 2)
        {
          extension_host_process_call_async (scene.process, "die", NULL, 0, NULL, NULL, NULL);
          test_wait_until (fixture, count_crashes (&scene) == n * i + 2);
          wait_for_states (&scene, "AA");
        }
      extension_scene_stop (&scene);
      g_assert_cmpint (remove (mark), ==, 0);
    }
  g_assert_cmpuint (extension_host_extension_get_activations (extension_nth (scene.process, 0)), ==,
                    3 * n);
}

/* What an operator ends is no crash. */
static void
test_operator (TestFixture   *fixture,
               gconstpointer  data)
{
  static const char *const paths[] = { "/x/never", OK, NULL };
  g_auto(ExtensionScene) scene = { NULL };
  Extension *extension = NULL;
  GAsyncResult *result = NULL;

  extension_scene_init_immortal (&scene, fixture);
  add_all (&scene, paths);
  extension = extension_nth (scene.process, 0);
  for (guint i = 0; i < 4; i++)
    {
      extension_scene_start (&scene);
      wait_for_states (&scene, ".A");
      extension_scene_stop (&scene);
      g_assert_true (states_are (&scene, "LL"));
    }
  extension_scene_start (&scene);
  for (guint i = 0; i < 3; i++)
    {
      wait_for_states (&scene, ".A");
      extension_host_process_restart_async (scene.process, NULL, test_store_result, &result);
      test_wait_until (fixture, result != NULL);
      g_assert_true (extension_host_process_restart_finish (scene.process, result, NULL));
      g_clear_object (&result);
    }
  extension_wait (&scene, extension, ACTIVATING);
  extension_scene_stop (&scene);
}

/* Release */

static void
test_release (TestFixture   *fixture,
              gconstpointer  data)
{
  static const char *const paths[] = { OK, CRASH, OK, NULL };
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(GError) error = NULL;
  Extension *culprit = NULL;

  extension_scene_init_immortal (&scene, fixture);
  add_all (&scene, paths);
  culprit = extension_nth (scene.process, 1);
  g_assert_true (extension_host_extension_release (culprit, &error));   /* does nothing */
  extension_scene_start (&scene);
  wait_for_states (&scene, "AQA");
  g_assert_cmpuint (count_crashes (&scene), ==, 2);

  /* As bad as before: it takes two crashes again. */
  g_assert_true (extension_host_extension_release (culprit, &error));
  g_assert_true (extension_is (culprit, ACTIVATING));
  g_assert_null (extension_host_extension_get_error (culprit));
  test_wait_until (fixture, count_crashes (&scene) == 4);
  wait_for_states (&scene, "AQA");

  extension_scene_stop (&scene);
  g_assert_true (extension_host_extension_release (culprit, &error));
  g_assert_no_error (error);
  g_assert_true (extension_is (culprit, INACTIVE));
  extension_scene_start (&scene);
  wait_for_states (&scene, "AQA");
  g_assert_cmpuint (count_crashes (&scene), ==, 6);
  extension_scene_stop (&scene);
}

static void
test_release_cured (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autofree char *mark = NULL;
  Extension *culprit = NULL;

  extension_scene_init_immortal (&scene, fixture);
  mark = g_build_filename (scene.marks, "a", NULL);
  culprit = extension_add (&scene, "a", "/x/crash-once=a");
  extension_scene_start (&scene);
  test_wait_until (fixture, count_crashes (&scene) == 1);
  g_assert_cmpint (remove (mark), ==, 0);
  extension_wait (&scene, culprit, QUARANTINED);
  rpc_wait_running (fixture, scene.process);
  g_assert_true (extension_host_extension_release (culprit, NULL));
  extension_wait (&scene, culprit, ACTIVE);
  g_assert_cmpuint (count_crashes (&scene), ==, 2);
  extension_scene_stop (&scene);
}

/* One on trial is alone: what comes meanwhile waits, and its misdeeds are not those of another. */
static void
test_trial_add (TestFixture   *fixture,
                gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  Extension *innocent = NULL;

  extension_scene_init_immortal (&scene, fixture);
  innocent = extension_add (&scene, "innocent", "/x/slow=50");
  extension_add (&scene, "once", "/x/crash-once=a");
  g_assert_true (extension_host_process_start (scene.process, NULL));
  test_wait_until (fixture, count_crashes (&scene) == 1);
  test_wait_until (fixture, extension_is (innocent, ACTIVATING));
  extension_add (&scene, "culprit", CRASH);
  wait_for_states (&scene, "AAQ");
  extension_scene_stop (&scene);
}

static void
test_trial_release (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  Extension *innocent = NULL, *culprit = NULL;

  extension_scene_init_immortal (&scene, fixture);
  culprit = extension_add (&scene, "culprit", CRASH);
  g_assert_true (extension_host_process_start (scene.process, NULL));
  wait_for_states (&scene, "Q");
  innocent = extension_add (&scene, "innocent", "/x/slow=50");
  extension_add (&scene, "once", "/x/crash-once=a");
  test_wait_until (fixture, count_crashes (&scene) == 3);
  test_wait_until (fixture, extension_is (innocent, ACTIVATING));
  g_assert_true (extension_host_extension_release (culprit, NULL));
  wait_for_states (&scene, "QAA");
  extension_scene_stop (&scene);
}

/* What is quarantined is the extension, and not the host. */
static void
test_budget_of_two (TestFixture   *fixture,
                    gconstpointer  data)
{
  static const char *const paths[] = { CRASH, OK, OK, OK, CRASH, NULL };
  g_auto(ExtensionScene) scene = { NULL };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);

  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "backoff-initial", 10,
                NULL);
  extension_scene_init (&scene, fixture, spec);
  add_all (&scene, paths);
  extension_scene_start (&scene);
  test_wait_until (fixture, states_are (&scene, "QAAAQ") ||
                            has_state (&scene, EXTENSION_HOST_STATE_CRASHED));
  g_assert_true (has_state (&scene, EXTENSION_HOST_STATE_RUNNING));
  extension_scene_stop (&scene);
}

/* The answer takes a while to be parsed, so that the end of the host is told late: meanwhile it has
 * been restarted. */
static void
test_late_news (TestFixture   *fixture,
                gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };

  extension_scene_init_immortal (&scene, fixture);
  g_object_set (extension_host_process_get_spec (scene.process), "backoff-initial", 1, NULL);
  extension_add (&scene, "a", OK);
  extension_scene_start (&scene);
  wait_for_states (&scene, "A");
  extension_call (&call, extension_nth (scene.process, 0), scene.process, "big-die", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  g_assert_no_error (call.error);
  test_wait_until (fixture, count_crashes (&scene) == 1);
  wait_for_states (&scene, "A");
  extension_scene_stop (&scene);
}

/* A handler may take its time, and run a main loop meanwhile: so does a dialog. */

static void
on_unhealthy_iterate (ExtensionHostProcess    *process,
                      ExtensionHostTransition *transition,
                      ExtensionScene          *scene)
{
  gint64 end = g_get_monotonic_time () + 300 * 1000;
  g_autoptr(GSource) tick = test_tick_every (scene->fixture->context, 1);

  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_UNHEALTHY)
    while (g_get_monotonic_time () < end)
      g_main_context_iteration (scene->fixture->context, TRUE);
  g_source_destroy (tick);
}

static void
test_late_handler (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };

  extension_scene_init_immortal (&scene, fixture);
  g_signal_connect (scene.process, "state-changed", G_CALLBACK (on_unhealthy_iterate), &scene);
  extension_add (&scene, "a", OK);
  extension_scene_start (&scene);
  wait_for_states (&scene, "A");
  extension_host_process_call_async (scene.process, "die", NULL, 0, NULL, NULL, NULL);
  test_wait_until (fixture, count_crashes (&scene) == 1);
  wait_for_states (&scene, "A");
  g_assert_true (g_str_has_prefix (extension_trace (&scene, "a"), "activating active lost "));
  extension_scene_stop (&scene);
}

/* What has been answered was not in flight. */
static void
test_suspects_answered (TestFixture   *fixture,
                        gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };

  extension_scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  extension_add (&scene, "a", OK);
  extension_scene_start (&scene);
  wait_for_states (&scene, "A");
  extension_call (&call, extension_nth (scene.process, 0), scene.process, "big-die", NULL, 0, NULL);
  test_wait_until (fixture, has_state (&scene, EXTENSION_HOST_STATE_CRASHED));
  rpc_wait (fixture, &call);
  g_assert_no_error (call.error);
  extension_assert_suspects (&scene, "");
}

/* In the handler of an extension that runs a main loop, its host goes on being told of. */

typedef struct
{
  ExtensionScene scene;
  gboolean done;
  guint n_notified;       /* of the state of the host */
  guint n_in_handler;
} Frozen;

static void
on_host_notify (Frozen *self)
{
  self->n_notified++;
}

static void
on_lost_iterate (Extension  *extension,
                 GParamSpec *pspec G_GNUC_UNUSED,
                 Frozen     *self)
{
  if (!extension_is (extension, LOST) || self->done)
    return;

  self->done = TRUE;
  self->n_notified = 0;
  test_wait_until (self->scene.fixture, extension_host_process_get_state (self->scene.process) ==
                                        EXTENSION_HOST_STATE_RESTARTING);
  self->n_in_handler = self->n_notified;
}

static void
test_frozen (TestFixture   *fixture,
             gconstpointer  data)
{
  Frozen frozen = { .done = FALSE };
  ExtensionScene *scene = &frozen.scene;

  extension_scene_init_immortal (scene, fixture);
  extension_add (scene, "a", OK);
  extension_scene_start (scene);
  wait_for_states (scene, "A");
  g_signal_connect_swapped (scene->process, "notify::state", G_CALLBACK (on_host_notify), &frozen);
  g_signal_connect (extension_nth (scene->process, 0), "notify::state",
                    G_CALLBACK (on_lost_iterate), &frozen);
  extension_host_process_call_async (scene->process, "die", NULL, 0, NULL, NULL, NULL);
  test_wait_until (fixture, frozen.done);
  wait_for_states (scene, "A");
  extension_scene_stop (scene);
  extension_scene_clear (scene);
  g_assert_cmpuint (frozen.n_in_handler, >, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (suspect_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/extensions/suspects/", suspect_cases[i].name, NULL);

      test_add (path, &suspect_cases[i], test_suspects);
    }
  test_add ("/extensions/suspects/anew", NULL, test_suspects_anew);
  for (guint i = 0; i < G_N_ELEMENTS (quarantine_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/extensions/quarantine/", quarantine_cases[i].name,
                                           NULL);

      test_add (path, &quarantine_cases[i], test_quarantine);
    }
  test_add ("/extensions/quarantine/default-budget", NULL, test_default_budget);
  test_add ("/extensions/quarantine/fresh", NULL, test_fresh);
  test_add ("/extensions/quarantine/stop-between", GUINT_TO_POINTER (1), test_crash_between);
  test_add ("/extensions/quarantine/crash-between", GUINT_TO_POINTER (2), test_crash_between);
  test_add ("/extensions/quarantine/operator", NULL, test_operator);
  test_add ("/extensions/trial/add", NULL, test_trial_add);
  test_add ("/extensions/trial/release", NULL, test_trial_release);
  test_add ("/extensions/quarantine/budget-of-two", NULL, test_budget_of_two);
  test_add ("/extensions/late/news", NULL, test_late_news);
  test_add ("/extensions/late/handler", NULL, test_late_handler);
  test_add ("/extensions/suspects/answered", NULL, test_suspects_answered);
  test_add ("/extensions/frozen", NULL, test_frozen);
  test_add ("/extensions/release/again", NULL, test_release);
  test_add ("/extensions/release/cured", NULL, test_release_cured);

  return g_test_run ();
}
