/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <signal.h>

static ExtensionHostProcess *
add (TestFixture          *fixture,
     ExtensionHostManager *manager,
     const char           *id)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, id, "--print=ready", NULL);
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, &error);

  g_assert_no_error (error);

  return process;
}

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

/* The list */

typedef struct
{
  guint position;
  guint removed;
  guint added;
  guint n;
} Change;

static void
note_change (GListModel *list G_GNUC_UNUSED,
             guint       position,
             guint       removed,
             guint       added,
             Change     *change)
{
  *change = (Change) { position, removed, added, change->n + 1 };
}

static void
count_notify (GObject    *object G_GNUC_UNUSED,
              GParamSpec *pspec G_GNUC_UNUSED,
              guint      *n)
{
  (*n)++;
}

static void
test_list (TestFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  GListModel *list = G_LIST_MODEL (manager);
  g_autoptr(GAsyncResult) removed = NULL;
  g_autoptr(GError) error = NULL;
  Change change = { 0 };
  guint notified = 0;
  ExtensionHostProcess *first = NULL;

  g_signal_connect (manager, "items-changed", G_CALLBACK (note_change), &change);
  g_signal_connect (manager, "notify::n-items", G_CALLBACK (count_notify), &notified);
  g_assert_true (g_list_model_get_item_type (list) == EXTENSION_HOST_TYPE_PROCESS);

  first = add (fixture, manager, "first");
  add (fixture, manager, "second");
  add (fixture, manager, "third");
  g_assert_cmpuint (change.position, ==, 2);
  g_assert_cmpuint (change.added, ==, 1);
  g_assert_cmpuint (notified, ==, 3);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 3);
  g_assert_null (g_list_model_get_item (list, 3));

  g_assert_true (extension_host_manager_lookup (manager, "first") == first);
  g_assert_null (extension_host_manager_lookup (manager, "fourth"));

  extension_host_manager_remove_async (manager, "second", NULL, test_store_result, &removed);
  test_wait_until (fixture, removed != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, removed, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (change.position, ==, 1);
  g_assert_cmpuint (change.removed, ==, 1);
  g_assert_cmpuint (change.n, ==, 4);
  g_assert_null (extension_host_manager_lookup (manager, "second"));
}

static void
test_refused (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  const char *nothing[] = { NULL };
  g_autoptr(ExtensionHostSpec) same = test_spec_new (fixture, "taken", NULL);
  g_autoptr(ExtensionHostSpec) bad = extension_host_spec_new ("bad", nothing);
  g_autoptr(GAsyncResult) removed = NULL;
  g_autoptr(GError) error = NULL;

  add (fixture, manager, "taken");
  g_assert_null (extension_host_manager_add (manager, same, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_EXISTS);
  g_clear_error (&error);

  g_assert_null (extension_host_manager_add (manager, bad, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  g_clear_error (&error);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (manager)), ==, 1);

  extension_host_manager_remove_async (manager, "unknown", NULL, test_store_result, &removed);
  test_wait_until (fixture, removed != NULL);
  g_assert_false (extension_host_manager_remove_finish (manager, removed, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND);
}

/* Signals */

static void
count_transition (ExtensionHostManager    *manager,
                  ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  guint                   *n)
{
  g_assert_true (EXTENSION_HOST_IS_MANAGER (manager));
  g_assert_cmpint (extension_host_process_get_state (process), ==,
                   extension_host_transition_get_new (transition));
  (*n)++;
}

static void
count_line (ExtensionHostManager   *manager G_GNUC_UNUSED,
            ExtensionHostProcess   *process,
            ExtensionHostLogStream  stream,
            const char             *line,
            guint                  *n)
{
  g_assert_cmpstr (extension_host_process_get_id (process), ==, "b");
  g_assert_cmpint (stream, ==, EXTENSION_HOST_LOG_STREAM_STDOUT);
  g_assert_cmpstr (line, ==, "ready");
  (*n)++;
}

static void
count_crash (ExtensionHostManager *manager G_GNUC_UNUSED,
             ExtensionHostProcess *process,
             ExtensionHostExit    *exit,
             guint                *n)
{
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_CRASHED));
  g_assert_cmpint (extension_host_exit_get_signal (exit), ==, SIGKILL);
  (*n)++;
}

static void
test_signals (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *b = NULL;
  g_autoptr(GError) error = NULL;
  guint all = 0, of_b = 0, lines_of_b = 0, crashes_of_b = 0;

  add (fixture, manager, "a");
  b = add (fixture, manager, "b");
  add (fixture, manager, "c");
  g_signal_connect (manager, "state-changed", G_CALLBACK (count_transition), &all);
  g_signal_connect (manager, "state-changed::b", G_CALLBACK (count_transition), &of_b);
  g_signal_connect (manager, "log::b", G_CALLBACK (count_line), &lines_of_b);
  g_signal_connect (manager, "crashed::b", G_CALLBACK (count_crash), &crashes_of_b);

  g_assert_true (extension_host_manager_start_all (manager, &error));
  g_assert_no_error (error);
  test_wait_until (fixture, all == 6 && lines_of_b == 1);
  g_assert_cmpuint (of_b, ==, 2);

  g_object_set (extension_host_process_get_spec (b),
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (b), SIGKILL));
  test_wait_until (fixture, crashes_of_b == 1);
  g_assert_cmpuint (of_b, ==, 4);
}

/* start_all */

static void
test_start_all (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *down = add (fixture, manager, "down");
  ExtensionHostProcess *up = add (fixture, manager, "up");
  ExtensionHostProcess *aside = add (fixture, manager, "aside");
  const char *nothing[] = { NULL };
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_start (up, NULL));
  g_assert_true (extension_host_process_quarantine (aside, NULL));
  g_assert_true (extension_host_manager_start_all (manager, &error));
  g_assert_no_error (error);
  test_wait_until (fixture, is_in (down, EXTENSION_HOST_STATE_RUNNING) &&
                            is_in (up, EXTENSION_HOST_STATE_RUNNING));
  g_assert_true (is_in (aside, EXTENSION_HOST_STATE_STOPPED));
  g_assert_cmpuint (extension_host_process_get_generation (up), ==, 1);

  /* One that is refused does not keep the others down. */
  extension_host_process_release (aside, NULL);
  outcome = extension_host_process_stop (down, NULL, NULL);
  g_assert_nonnull (outcome);
  g_object_set (extension_host_process_get_spec (down), "argv", nothing, NULL);
  g_assert_false (extension_host_manager_start_all (manager, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  test_wait_until (fixture, is_in (aside, EXTENSION_HOST_STATE_RUNNING));
  g_assert_true (is_in (down, EXTENSION_HOST_STATE_STOPPED));
}

/* In handlers */

static void
remove_it (ExtensionHostManager    *manager,
           ExtensionHostProcess    *process,
           ExtensionHostTransition *transition,
           GAsyncResult           **result)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RUNNING)
    extension_host_manager_remove_async (manager, extension_host_process_get_id (process), NULL,
                                         test_store_result, result);
}

static void
test_remove_in_handler (TestFixture   *fixture,
                        gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GAsyncResult) removed = NULL;
  gpointer weak = add (fixture, manager, "guest");

  g_object_add_weak_pointer (weak, &weak);
  g_signal_connect (manager, "state-changed", G_CALLBACK (remove_it), &removed);
  g_assert_true (extension_host_manager_start_all (manager, NULL));
  test_wait_until (fixture, removed != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, removed, NULL));
  g_clear_object (&removed);
  test_wait_until (fixture, weak == NULL);

  /* The id is free again. */
  g_assert_nonnull (add (fixture, manager, "guest"));
}

static void
drop_manager (ExtensionHostManager    *manager G_GNUC_UNUSED,
              ExtensionHostProcess    *process G_GNUC_UNUSED,
              ExtensionHostTransition *transition,
              ExtensionHostManager   **place)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RUNNING)
    g_clear_object (place);
}

static void
test_drop_in_handler (TestFixture   *fixture,
                      gconstpointer  data)
{
  ExtensionHostManager *manager = extension_host_manager_new ();
  gpointer weak = manager;
  gpointer weak_host = NULL;

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *id = g_strdup_printf ("host-%u", i);

      weak_host = add (fixture, manager, id);
    }
  g_object_add_weak_pointer (G_OBJECT (manager), &weak);
  g_object_add_weak_pointer (weak_host, &weak_host);
  g_signal_connect (manager, "state-changed", G_CALLBACK (drop_manager), &manager);
  g_assert_true (extension_host_manager_start_all (manager, NULL));
  test_wait_until (fixture, weak == NULL && weak_host == NULL);
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

/* What is removed twice at once is removed once, and both are told. */
static void
test_remove_twice (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_assert_true (extension_host_process_start (add (fixture, manager, "guest"), NULL));
  extension_host_manager_remove_async (manager, "guest", NULL, test_store_result, &first);
  extension_host_manager_remove_async (manager, "guest", NULL, test_store_result, &second);
  test_wait_until (fixture, first != NULL && second != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, first, NULL));
  g_assert_true (extension_host_manager_remove_finish (manager, second, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (manager)), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/manager/list", NULL, test_list);
  test_add ("/manager/refused", NULL, test_refused);
  test_add ("/manager/signals", NULL, test_signals);
  test_add ("/manager/start-all", NULL, test_start_all);
  test_add ("/manager/remove-in-handler", NULL, test_remove_in_handler);
  test_add ("/manager/drop-in-handler", NULL, test_drop_in_handler);
  test_add ("/manager/remove-twice", NULL, test_remove_twice);

  return g_test_run ();
}
