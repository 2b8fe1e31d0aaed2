/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Strategies: who is restarted with a host of its group that failed. */

#include "test-util.h"

#include <signal.h>
#include <string.h>

#define N_HOSTS 6

/* Long enough for those that are killed at once to be found dead before one of them is back. */
#define BACKOFF 400   /* ms */

/* “a”, “b” and “c” are a group, “d” is one of its own, “e” and “f” are of none. */
typedef struct
{
  ExtensionHostManager *manager;
  ExtensionHostProcess *hosts[N_HOSTS];
  TestRecord *records[N_HOSTS];
} Group;

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

static void
group_clear (Group *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    g_clear_pointer (&self->records[i], test_record_free);
  g_clear_object (&self->manager);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Group, group_clear)

static gboolean
are_all_ready (Group *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    if (!test_record_has_line (self->records[i], "ready"))
      return FALSE;

  return TRUE;
}

static void
forget (Group *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    test_record_clear (self->records[i]);
}

static void
bring_up (Group                 *self,
          TestFixture           *fixture,
          ExtensionHostStrategy  strategy)
{
  static const char *groups[] = { "g", "g", "g", "d", NULL, NULL };
  g_autoptr(GError) error = NULL;

  self->manager = extension_host_manager_new ();
  extension_host_manager_set_strategy (self->manager, strategy);
  for (guint i = 0; i < N_HOSTS; i++)
    {
      const char id[] = { (char) ('a' + i), '\0' };
      g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, id, "--print=ready", NULL);

      g_object_set (spec, "group", groups[i], "backoff-initial", BACKOFF, NULL);
      self->hosts[i] = extension_host_manager_add (self->manager, spec, &error);
      g_assert_no_error (error);
      self->records[i] = test_record_new (self->hosts[i]);
    }

  g_assert_true (extension_host_manager_start_all (self->manager, &error));
  g_assert_no_error (error);
  test_wait_until (fixture, are_all_ready (self));
  forget (self);
}

static void
break_host (Group *self,
            guint  i)
{
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (self->hosts[i]), SIGKILL));
}

static gboolean
is_back (Group *self,
         guint  i)
{
  return is_in (self->hosts[i], EXTENSION_HOST_STATE_RUNNING) &&
         test_record_has_line (self->records[i], "ready");
}

static void
assert_path (Group      *self,
             guint       i,
             const char *expected)
{
  g_autofree char *path = test_record_path (self->records[i]);

  g_assert_cmpstr (path, ==, expected);
}

static guint
get_used (ExtensionHostProcess *process)
{
  guint limit = 0, used = 0, window = 0;
  g_autoptr(GVariant) budget = NULL;

  g_object_get (process, "restart-budget", &budget, NULL);
  g_variant_get (budget, "(uuu)", &limit, &used, &window);

  return used;
}

static void
assert_restarted_with (Group      *self,
                       guint       i,
                       const char *failed)
{
  GPtrArray *transitions = self->records[i]->transitions;

  assert_path (self, i, "stopping stopped starting running");
  for (guint j = 0; j < transitions->len; j += 2)   /* stopping and starting */
    {
      ExtensionHostTransition *transition = g_ptr_array_index (transitions, j);

      g_assert_cmpint (extension_host_transition_get_reason (transition), ==,
                       EXTENSION_HOST_REASON_GROUP);
      g_assert_cmpstr (extension_host_transition_get_requester (transition), ==, failed);
    }
  g_assert_cmpuint (extension_host_process_get_generation (self->hosts[i]), ==, 2);
  g_assert_cmpuint (get_used (self->hosts[i]), ==, 0);
  g_assert_cmpuint (extension_host_process_get_restart_count (self->hosts[i]), ==, 0);
}

static void
assert_left_alone (Group *self,
                   guint  i)
{
  assert_path (self, i, "");
  g_assert_cmpuint (extension_host_process_get_generation (self->hosts[i]), ==, 1);
}

/* One fails */

typedef struct
{
  const char *path;
  ExtensionHostStrategy strategy;
  guint failed;
  const char *others;   /* that are restarted */
} Case;

static const Case cases[] = {
  { "one-for-one/first", EXTENSION_HOST_STRATEGY_ONE_FOR_ONE, 0, "" },
  { "one-for-one/second", EXTENSION_HOST_STRATEGY_ONE_FOR_ONE, 1, "" },
  { "one-for-one/third", EXTENSION_HOST_STRATEGY_ONE_FOR_ONE, 2, "" },
  { "one-for-all/first", EXTENSION_HOST_STRATEGY_ONE_FOR_ALL, 0, "bc" },
  { "one-for-all/second", EXTENSION_HOST_STRATEGY_ONE_FOR_ALL, 1, "ac" },
  { "one-for-all/third", EXTENSION_HOST_STRATEGY_ONE_FOR_ALL, 2, "ab" },
  { "rest-for-one/first", EXTENSION_HOST_STRATEGY_REST_FOR_ONE, 0, "bc" },
  { "rest-for-one/second", EXTENSION_HOST_STRATEGY_REST_FOR_ONE, 1, "c" },
  { "rest-for-one/third", EXTENSION_HOST_STRATEGY_REST_FOR_ONE, 2, "" },
  { "alone/one-for-all", EXTENSION_HOST_STRATEGY_ONE_FOR_ALL, 3, "" },
  { "alone/without-group", EXTENSION_HOST_STRATEGY_ONE_FOR_ALL, 4, "" },
};

static void
test_one_fails (TestFixture   *fixture,
                gconstpointer  data)
{
  const Case *test = data;
  g_auto(Group) group = { NULL };
  const char failed[] = { (char) ('a' + test->failed), '\0' };

  bring_up (&group, fixture, test->strategy);
  break_host (&group, test->failed);
  test_wait_until (fixture, is_back (&group, test->failed));
  for (const char *other = test->others; *other != '\0'; other++)
    test_wait_until (fixture, is_back (&group, *other - 'a'));

  for (guint i = 0; i < N_HOSTS; i++)
    {
      if (i == test->failed)
        assert_path (&group, i, "unhealthy restarting starting running");
      else if (strchr (test->others, 'a' + i) != NULL)
        assert_restarted_with (&group, i, failed);
      else
        assert_left_alone (&group, i);
    }
  g_assert_cmpuint (get_used (group.hosts[test->failed]), ==, 1);
}

/* Two fail */

static void
test_two_fail (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(Group) group = { NULL };

  bring_up (&group, fixture, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  break_host (&group, 0);
  break_host (&group, 1);
  test_wait_until (fixture, is_back (&group, 0) && is_back (&group, 1) && is_back (&group, 2));
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (extension_host_process_get_generation (group.hosts[i]), ==, 2);
  assert_path (&group, 2, "stopping stopped starting running");
  g_assert_cmpuint (get_used (group.hosts[2]), ==, 0);
}

/* The account of one that failed before stays as it is. */
static void
test_budget_is_kept (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_auto(Group) group = { NULL };

  bring_up (&group, fixture, EXTENSION_HOST_STRATEGY_REST_FOR_ONE);
  break_host (&group, 2);
  test_wait_until (fixture, is_back (&group, 2));
  g_assert_cmpuint (get_used (group.hosts[2]), ==, 1);

  forget (&group);
  break_host (&group, 1);
  test_wait_until (fixture, is_back (&group, 1) && is_back (&group, 2));
  assert_path (&group, 2, "stopping stopped starting running");
  g_assert_cmpuint (get_used (group.hosts[2]), ==, 1);
  g_assert_cmpuint (extension_host_process_get_restart_count (group.hosts[2]), ==, 1);
}

/* One that is not restarted itself takes nobody with it. */
static void
test_crashed_for_good (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_auto(Group) group = { NULL };

  bring_up (&group, fixture, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  g_object_set (extension_host_process_get_spec (group.hosts[0]), "max-restarts", 0, NULL);
  break_host (&group, 0);
  test_wait_until (fixture, is_in (group.hosts[0], EXTENSION_HOST_STATE_CRASHED));
  for (guint i = 1; i < N_HOSTS; i++)
    assert_left_alone (&group, i);
}

/* Who is left alone */

static void
have_stopped (TestFixture          *fixture,
              ExtensionHostProcess *process)
{
  g_autoptr(ExtensionHostStopOutcome) outcome = extension_host_process_stop (process, NULL, NULL);

  g_assert_nonnull (outcome);
}

static void
have_stopping (TestFixture          *fixture,
               ExtensionHostProcess *process)
{
  extension_host_process_stop_async (process, NULL, NULL, NULL);
}

static void
have_crashed (TestFixture          *fixture,
              ExtensionHostProcess *process)
{
  g_object_set (extension_host_process_get_spec (process),
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (process), SIGKILL));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
}

static void
have_paused (TestFixture          *fixture,
             ExtensionHostProcess *process)
{
  g_assert_true (extension_host_process_pause (process, NULL));
}

static void
have_quarantined (TestFixture          *fixture,
                  ExtensionHostProcess *process)
{
  g_assert_true (extension_host_process_quarantine (process, NULL));
}

static void
test_left_alone (TestFixture   *fixture,
                 gconstpointer  data)
{
  void (*have) (TestFixture *, ExtensionHostProcess *) = data;
  g_auto(Group) group = { NULL };

  bring_up (&group, fixture, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  have (fixture, group.hosts[1]);
  forget (&group);
  break_host (&group, 0);
  test_wait_until (fixture, is_back (&group, 0) && is_back (&group, 2));
  g_assert_cmpuint (extension_host_process_get_generation (group.hosts[1]), ==, 1);
  g_assert_cmpint (extension_host_process_get_desired (group.hosts[1]), ==,
                   have == have_crashed || have == have_paused ? EXTENSION_HOST_DESIRED_UP
                                                               : EXTENSION_HOST_DESIRED_DOWN);
  assert_restarted_with (&group, 2, "a");
}

/* In handlers */

static void
stop_it (ExtensionHostManager    *manager G_GNUC_UNUSED,
         ExtensionHostProcess    *process,
         ExtensionHostTransition *transition,
         gpointer                 data G_GNUC_UNUSED)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RESTARTING)
    extension_host_process_stop_async (process, NULL, NULL, NULL);
}

/* It is not coming back: then there is no reason to restart the others. */
static void
test_stopped_in_handler (TestFixture   *fixture,
                         gconstpointer  data)
{
  g_auto(Group) group = { NULL };

  bring_up (&group, fixture, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  g_signal_connect (group.manager, "state-changed::a", G_CALLBACK (stop_it), NULL);
  break_host (&group, 0);
  test_wait_until (fixture, is_in (group.hosts[0], EXTENSION_HOST_STATE_STOPPED));
  for (guint i = 1; i < N_HOSTS; i++)
    assert_left_alone (&group, i);
}

typedef struct
{
  Group *group;
  GAsyncResult *removed;
} Interference;

static void
remove_third (ExtensionHostManager    *manager,
              ExtensionHostProcess    *process G_GNUC_UNUSED,
              ExtensionHostTransition *transition,
              Interference            *interference)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_STOPPING &&
      interference->removed == NULL)
    extension_host_manager_remove_async (manager, "c", NULL, test_store_result,
                                         &interference->removed);
}

static void
test_removed_in_handler (TestFixture   *fixture,
                         gconstpointer  data)
{
  g_auto(Group) group = { NULL };
  Interference interference = { &group, NULL };

  bring_up (&group, fixture, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  g_signal_connect (group.manager, "state-changed::b", G_CALLBACK (remove_third), &interference);
  break_host (&group, 0);
  test_wait_until (fixture, interference.removed != NULL && is_back (&group, 0) &&
                            is_back (&group, 1));
  g_assert_true (extension_host_manager_remove_finish (group.manager, interference.removed, NULL));
  g_assert_null (extension_host_manager_lookup (group.manager, "c"));
  g_clear_object (&interference.removed);
  assert_path (&group, 2, "stopping stopped");
}

static void
drop_manager (ExtensionHostManager    *manager G_GNUC_UNUSED,
              ExtensionHostProcess    *process G_GNUC_UNUSED,
              ExtensionHostTransition *transition,
              ExtensionHostManager   **place)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RESTARTING ||
      extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_STOPPING)
    g_clear_object (place);
}

static void
test_dropped_in_handler (TestFixture   *fixture,
                         gconstpointer  data)
{
  const char *news = data;
  g_auto(Group) group = { NULL };
  gpointer weak = NULL;

  bring_up (&group, fixture, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  weak = group.manager;
  g_object_add_weak_pointer (weak, &weak);
  g_signal_connect (group.manager, news, G_CALLBACK (drop_manager), &group.manager);
  break_host (&group, 0);
  test_wait_until (fixture, weak == NULL);
}

/* The properties */

static void
count_notify (GObject    *object G_GNUC_UNUSED,
              GParamSpec *pspec G_GNUC_UNUSED,
              guint      *n)
{
  (*n)++;
}

static void
test_properties (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostManager) other =
    g_object_new (EXTENSION_HOST_TYPE_MANAGER,
                  "strategy", EXTENSION_HOST_STRATEGY_REST_FOR_ONE,
                  "max-concurrent-restarts", 7,
                  NULL);
  ExtensionHostStrategy strategy = EXTENSION_HOST_STRATEGY_ONE_FOR_ALL;
  guint n_strategy = 0, n_restarts = 0, restarts = 0;

  g_object_get (manager, "strategy", &strategy, "max-concurrent-restarts", &restarts, NULL);
  g_assert_cmpint (strategy, ==, EXTENSION_HOST_STRATEGY_ONE_FOR_ONE);
  g_assert_cmpuint (restarts, ==, 4);
  g_assert_cmpint (extension_host_manager_get_strategy (other), ==,
                   EXTENSION_HOST_STRATEGY_REST_FOR_ONE);
  g_assert_cmpuint (extension_host_manager_get_max_concurrent_restarts (other), ==, 7);

  g_signal_connect (manager, "notify::strategy", G_CALLBACK (count_notify), &n_strategy);
  g_signal_connect (manager, "notify::max-concurrent-restarts", G_CALLBACK (count_notify),
                    &n_restarts);
  for (guint i = 0; i < 2; i++)
    {
      extension_host_manager_set_strategy (manager, EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
      g_object_set (manager, "max-concurrent-restarts", 1, NULL);
    }
  g_assert_cmpuint (n_strategy, ==, 1);
  g_assert_cmpuint (n_restarts, ==, 1);
  g_assert_cmpint (extension_host_manager_get_strategy (manager), ==,
                   EXTENSION_HOST_STRATEGY_ONE_FOR_ALL);
  g_assert_cmpuint (extension_host_manager_get_max_concurrent_restarts (manager), ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/manager-group/%s", cases[i].path);

      test_add (path, &cases[i], test_one_fails);
    }
  test_add ("/manager-group/two-fail", NULL, test_two_fail);
  test_add ("/manager-group/budget-is-kept", NULL, test_budget_is_kept);
  test_add ("/manager-group/crashed-for-good", NULL, test_crashed_for_good);
  test_add ("/manager-group/left-alone/stopped", have_stopped, test_left_alone);
  test_add ("/manager-group/left-alone/stopping", have_stopping, test_left_alone);
  test_add ("/manager-group/left-alone/crashed", have_crashed, test_left_alone);
  test_add ("/manager-group/left-alone/paused", have_paused, test_left_alone);
  test_add ("/manager-group/left-alone/quarantined", have_quarantined, test_left_alone);
  test_add ("/manager-group/stopped-in-handler", NULL, test_stopped_in_handler);
  test_add ("/manager-group/removed-in-handler", NULL, test_removed_in_handler);
  test_add ("/manager-group/dropped-in-handler/of-the-failed", "state-changed::a",
            test_dropped_in_handler);
  test_add ("/manager-group/dropped-in-handler/of-another", "state-changed::b",
            test_dropped_in_handler);
  test_add ("/manager-group/properties", NULL, test_properties);

  return g_test_run ();
}
