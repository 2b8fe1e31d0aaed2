/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All that an application may do with extensions, from inside of all that it is told of them. */

#include "extension-util.h"

typedef enum
{
  IN_ACTIVATING,      /* the middle one of three has become so */
  IN_ACTIVE,
  IN_LOST,
  IN_ADDED,           /* the list has changed */
  IN_REMOVED,
  IN_STATE_CHANGED,   /* the host is running */
  IN_CALLBACK,        /* of a command */
  N_PLACES
} Place;

typedef enum
{
  DO_ADD,
  DO_REMOVE_FIRST,
  DO_REMOVE_MIDDLE,
  DO_REMOVE_LAST,
  DO_REMOVE_ALL,
  DO_RELEASE,
  DO_CALL,
  DO_STOP,
  DO_RESTART,
  DO_ITERATE,
  DO_UNREF,
  DO_DISPOSE,
  N_DEEDS
} Deed;

static const char *const place_names[N_PLACES] = {
  "activating", "active", "lost", "added", "removed", "state-changed", "callback",
};

static const char *const deed_names[N_DEEDS] = {
  "add", "remove-first", "remove-middle", "remove-last", "remove-all", "release", "call", "stop",
  "restart", "iterate", "unref", "dispose",
};

static const char *const ids[] = { "a", "b", "c" };

typedef struct
{
  Place place;
  Deed deed;
} Combination;

typedef struct
{
  ExtensionScene scene;
  const Combination *what;
  gboolean done;           /* the deed */
  guint n_answers;         /* of the calls */
  guint n_calls;
  GAsyncResult *result;    /* of the operation */
} Play;

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Play *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node =
    extension_host_extension_call_finish (EXTENSION_HOST_EXTENSION (object), result, &error);

  g_assert_true ((node == NULL) == (error != NULL));
  self->n_answers++;
}

static void
call (Play       *self,
      const char *command)
{
  self->n_calls++;
  extension_host_extension_call_async (extension_nth (self->scene.process, 0), command, NULL, 0,
                                       NULL, on_answer, self);
}

static void
remove_one (Play       *self,
            const char *id)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_remove_extension (self->scene.process, id, &error));
  g_assert_no_error (error);
}

static void
iterate (Play *self)
{
  gint64 end = g_get_monotonic_time () + 20 * 1000;
  g_autoptr(GSource) tick = test_tick_every (self->scene.fixture->context, 1);

  while (g_get_monotonic_time () < end)
    g_main_context_iteration (self->scene.fixture->context, TRUE);
  g_source_destroy (tick);
}

static void
do_it (Play *self)
{
  ExtensionHostProcess *process = self->scene.process;

  if (self->done)
    return;

  self->done = TRUE;
  switch (self->what->deed)
    {
    case DO_ADD:
      g_assert_nonnull (extension_host_process_add_extension (process, "new", "/x/ok", NULL));
      break;
    case DO_REMOVE_FIRST:
      remove_one (self, "a");
      break;
    case DO_REMOVE_MIDDLE:
      remove_one (self, "b");
      break;
    case DO_REMOVE_LAST:
      remove_one (self, "c");
      break;
    case DO_REMOVE_ALL:
      while (g_list_model_get_n_items (extension_host_process_get_extensions (process)) > 0)
        remove_one (self, extension_host_extension_get_id (extension_nth (process, 0)));
      break;
    case DO_RELEASE:
      g_assert_true (extension_host_extension_release (extension_nth (process, 0), NULL));
      break;
    case DO_CALL:
      call (self, "echo");
      break;
    case DO_STOP:
      extension_host_process_stop_async (process, NULL, test_store_result, &self->result);
      break;
    case DO_RESTART:
      extension_host_process_restart_async (process, NULL, test_store_result, &self->result);
      break;
    case DO_ITERATE:
      iterate (self);
      break;
    case DO_UNREF:
      g_clear_object (&self->scene.process);
      break;
    case DO_DISPOSE:
      g_object_run_dispose (G_OBJECT (process));
      break;
    case N_DEEDS:
    default:
      g_assert_not_reached ();
    }
}

/* The places */

static void
on_notify (Extension  *extension,
           GParamSpec *pspec G_GNUC_UNUSED,
           Play       *self)
{
  const ExtensionState states[] = { ACTIVATING, ACTIVE, LOST };

  if (self->what->place <= IN_LOST && extension_is (extension, states[self->what->place]))
    do_it (self);
}

static void
on_items_changed (GListModel *list G_GNUC_UNUSED,
                  guint       position G_GNUC_UNUSED,
                  guint       n_removed,
                  guint       n_added,
                  Play       *self)
{
  if ((self->what->place == IN_ADDED && n_added > 0) ||
      (self->what->place == IN_REMOVED && n_removed > 0))
    do_it (self);
}

static void
on_state_changed (ExtensionHostProcess    *process G_GNUC_UNUSED,
                  ExtensionHostTransition *transition,
                  Play                    *self)
{
  if (self->what->place == IN_STATE_CHANGED &&
      extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RUNNING)
    do_it (self);
}

static void
on_place_answer (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  on_answer (object, result, user_data);
  do_it (user_data);
}

/* Makes happen what leads to the place. */
static void
provoke (Play *self)
{
  ExtensionScene *scene = &self->scene;

  switch (self->what->place)
    {
    case IN_LOST:
      test_wait_until (scene->fixture, extension_all_are (scene, ACTIVE));
      extension_host_process_call_async (scene->process, "die", NULL, 0, NULL, NULL, NULL);
      break;
    case IN_ADDED:
      test_wait_until (scene->fixture, extension_all_are (scene, ACTIVE));
      g_signal_connect (extension_host_process_get_extensions (scene->process), "items-changed",
                        G_CALLBACK (on_items_changed), self);
      extension_host_process_add_extension (scene->process, "d", "/x/ok", NULL);
      break;
    case IN_REMOVED:
      test_wait_until (scene->fixture, extension_all_are (scene, ACTIVE));
      extension_add (scene, "d", "/x/ok");
      g_signal_connect (extension_host_process_get_extensions (scene->process), "items-changed",
                        G_CALLBACK (on_items_changed), self);
      extension_host_process_remove_extension (scene->process, "d", NULL);
      break;
    case IN_CALLBACK:
      test_wait_until (scene->fixture, extension_all_are (scene, ACTIVE));
      self->n_calls++;
      extension_host_extension_call_async (extension_nth (scene->process, 0), "echo", NULL, 0, NULL,
                                           on_place_answer, self);
      break;
    case IN_ACTIVATING:
    case IN_ACTIVE:
    case IN_STATE_CHANGED:
    case N_PLACES:
    default:
      break;
    }
}

/* Whatever has been done, the host can be used as before. */
static void
assert_sound (Play *self)
{
  ExtensionScene *scene = &self->scene;
  ExtensionHostState state = EXTENSION_HOST_STATE_STOPPED;

  if (self->result != NULL || self->what->deed == DO_STOP || self->what->deed == DO_RESTART)
    test_wait_until (scene->fixture, self->result != NULL);
  test_wait_until (scene->fixture,
                   (state = extension_host_process_get_state (scene->process)) ==
                   EXTENSION_HOST_STATE_RUNNING || state == EXTENSION_HOST_STATE_STOPPED);
  if (state == EXTENSION_HOST_STATE_STOPPED)
    extension_scene_start (scene);
  test_wait_until (scene->fixture, extension_all_are (scene, ACTIVE));
  rpc_stop (scene->process);
  g_assert_true (extension_all_are (scene, LOST));
}

static void
test_combination (TestFixture   *fixture,
                  gconstpointer  data)
{
  Play play = { .what = data };
  ExtensionScene *scene = &play.scene;

  extension_scene_init_immortal (scene, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    extension_add (scene, ids[i], "/x/ok");
  g_signal_connect (extension_nth (scene->process, 1), "notify::state", G_CALLBACK (on_notify),
                    &play);
  g_signal_connect (scene->process, "state-changed", G_CALLBACK (on_state_changed), &play);
  g_assert_true (extension_host_process_start (scene->process, NULL));
  if (play.what->place != IN_STATE_CHANGED && !play.done)
    test_wait_until (fixture, play.done || extension_host_process_get_state (scene->process) ==
                                           EXTENSION_HOST_STATE_RUNNING);
  if (!play.done)
    provoke (&play);
  test_wait_until (fixture, play.done);

  if (scene->process != NULL && play.what->deed != DO_DISPOSE)
    assert_sound (&play);
  test_wait_until (fixture, play.n_answers == play.n_calls);
  g_clear_object (&play.result);
  extension_scene_clear (scene);
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
}

int
main (int    argc,
      char **argv)
{
  static Combination combinations[N_PLACES * N_DEEDS];

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < N_PLACES * N_DEEDS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/extensions/reentrancy/%s/%s",
                                               place_names[i / N_DEEDS], deed_names[i % N_DEEDS]);

      combinations[i] = (Combination) { i / N_DEEDS, i % N_DEEDS };
      test_add (path, &combinations[i], test_combination);
    }

  return g_test_run ();
}
