/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* start_all: hosts that are to start after others wait until these are ready. */

#include "rpc-util.h"

#include <signal.h>
#include <string.h>

#define NEVER 0       /* ready */
#define LATER 2500    /* ms: not before the test has done what comes first, on a busy machine either */

/* One that says that it is ready after @ready_after ms. @after are ids with spaces between them. */
static ExtensionHostProcess *
add (TestFixture          *fixture,
     ExtensionHostManager *manager,
     const char           *id,
     const char           *after,
     guint                 ready_after)
{
  g_autofree char *option = g_strdup_printf ("--ready-after=%u", ready_after);
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, id, option, NULL);
  g_auto(GStrv) ids = g_strsplit (after, " ", -1);
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = NULL;

  g_object_set (spec,
                "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,
                "ack-timeout", 0,
                "backoff-initial", 0,
                NULL);
  if (ids[0] != NULL)
    g_object_set (spec, "after", ids, NULL);
  process = extension_host_manager_add (manager, spec, &error);
  g_assert_no_error (error);

  return process;
}

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

static gboolean
is_ready (ExtensionHostProcess *process)
{
  return extension_host_process_get_readiness (process) == EXTENSION_HOST_READINESS_READY;
}

static gboolean
has_failed (ExtensionHostProcess *process)
{
  return extension_host_process_get_last_control_failure (process) != NULL;
}

/* It was not started, for want of host @other. */
static void
assert_given_up (ExtensionHostProcess *process,
                 const char           *other)
{
  GVariant *failure = extension_host_process_get_last_control_failure (process);
  g_autofree char *quoted = g_strdup_printf ("“%s”", other);
  const char *phase = NULL, *reason = NULL;
  gboolean recoverable = FALSE;

  g_assert_nonnull (failure);
  g_assert_true (g_variant_lookup (failure, "phase", "&s", &phase));
  g_assert_cmpstr (phase, ==, "start");
  g_assert_true (g_variant_lookup (failure, "reason", "&s", &reason));
  g_assert_nonnull (strstr (reason, quoted));
  g_assert_true (g_variant_lookup (failure, "recoverable", "b", &recoverable));
  g_assert_true (recoverable);
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 0);
}

static void
start_all (ExtensionHostManager *manager)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_manager_start_all (manager, &error));
  g_assert_no_error (error);
}

/* Order */

/* Nobody starts before all that it is after are ready. */
static void
note_start (ExtensionHostManager    *manager,
            ExtensionHostProcess    *process,
            ExtensionHostTransition *transition,
            GString                 *order)
{
  g_auto(GStrv) after = NULL;

  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_STARTING)
    return;

  g_object_get (extension_host_process_get_spec (process), "after", &after, NULL);
  for (guint i = 0; after != NULL && after[i] != NULL; i++)
    g_assert_true (is_ready (extension_host_manager_lookup (manager, after[i])));
  g_assert_cmpstr (extension_host_transition_get_requester (transition), ==, "application");
  g_assert_cmpint (extension_host_transition_get_reason (transition), ==,
                   EXTENSION_HOST_REASON_START);

  g_string_append_printf (order, "%s%s", order->len > 0 ? " " : "",
                          extension_host_process_get_id (process));
}

static gboolean
are_all_ready (ExtensionHostManager *manager)
{
  GListModel *list = G_LIST_MODEL (manager);

  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr(ExtensionHostProcess) process = g_list_model_get_item (list, i);

      if (!is_ready (process))
        return FALSE;
    }

  return TRUE;
}

static void
test_chain (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GString) order = g_string_new (NULL);
  g_autoptr(GString) expected = g_string_new (NULL);

  for (guint i = 20; i > 0; i--)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);
      g_autofree char *before = i > 1 ? g_strdup_printf ("%u", i - 1) : g_strdup ("");

      add (fixture, manager, id, before, 1 + i % 3);
      g_string_prepend (expected, i < 20 ? " " : "");
      g_string_prepend (expected, id);
    }

  g_signal_connect (manager, "state-changed", G_CALLBACK (note_start), order);
  start_all (manager);
  test_wait_until (fixture, are_all_ready (manager));
  g_assert_cmpstr (order->str, ==, expected->str);
}

static void
test_diamond (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GString) order = g_string_new (NULL);

  add (fixture, manager, "bottom", "left right", 1);
  add (fixture, manager, "left", "top", 50);
  add (fixture, manager, "right", "top", 1);
  add (fixture, manager, "top", "", 20);
  add (fixture, manager, "alone", "", 1);
  g_signal_connect (manager, "state-changed", G_CALLBACK (note_start), order);
  start_all (manager);
  g_assert_cmpstr (order->str, ==, "top alone");
  test_wait_until (fixture, are_all_ready (manager));
  g_assert_cmpstr (order->str, ==, "top alone left right bottom");
}

/* Refused */

static void
assert_refused (ExtensionHostManager *manager,
                const char           *message)
{
  GListModel *list = G_LIST_MODEL (manager);
  g_autoptr(GError) error = NULL;

  g_assert_false (extension_host_manager_start_all (manager, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY);
  g_assert_cmpstr (error->message, ==, message);
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr(ExtensionHostProcess) process = g_list_model_get_item (list, i);

      g_assert_cmpuint (extension_host_process_get_generation (process), ==, 0);
      g_assert_false (has_failed (process));
    }
}

static void
test_unknown (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();

  add (fixture, manager, "a", "", 1);
  add (fixture, manager, "b", "a nobody", 1);
  assert_refused (manager, "Host “b” is to start after “nobody”, and there is no such host");

  /* Once there is one, all is well. */
  add (fixture, manager, "nobody", "", 1);
  start_all (manager);
  test_wait_until (fixture, are_all_ready (manager));
}

static void
test_cycle (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();

  add (fixture, manager, "free", "", 1);
  add (fixture, manager, "a", "c", 1);
  add (fixture, manager, "b", "a", 1);
  add (fixture, manager, "c", "b", 1);
  assert_refused (manager, "Hosts wait for each other to start: “a → c → b → a”");
}

/* In vain */

static void
die_by_crash (TestFixture          *fixture,
              ExtensionHostManager *manager,
              ExtensionHostProcess *process)
{
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (process), SIGKILL));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
}

static void
die_by_stop (TestFixture          *fixture,
             ExtensionHostManager *manager,
             ExtensionHostProcess *process)
{
  g_autoptr(ExtensionHostStopOutcome) outcome = extension_host_process_stop (process, NULL, NULL);

  g_assert_nonnull (outcome);
}

static void
die_by_kill (TestFixture          *fixture,
             ExtensionHostManager *manager,
             ExtensionHostProcess *process)
{
  extension_host_process_kill_async (process, NULL, NULL, NULL);
}

static void
die_by_quarantine (TestFixture          *fixture,
                   ExtensionHostManager *manager,
                   ExtensionHostProcess *process)
{
  g_assert_true (extension_host_process_quarantine (process, NULL));
}

static void
die_by_removal (TestFixture          *fixture,
                ExtensionHostManager *manager,
                ExtensionHostProcess *process)
{
  g_autoptr(GAsyncResult) removed = NULL;

  extension_host_manager_remove_async (manager, extension_host_process_get_id (process), NULL,
                                       test_store_result, &removed);
  test_wait_until (fixture, removed != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, removed, NULL));
}

/* It is to be started once more while it leaves. */
static void
die_by_late_removal (TestFixture          *fixture,
                     ExtensionHostManager *manager,
                     ExtensionHostProcess *process)
{
  g_autoptr(GAsyncResult) removed = NULL;

  extension_host_manager_remove_async (manager, extension_host_process_get_id (process), NULL,
                                       test_store_result, &removed);
  start_all (manager);
  test_wait_until (fixture, removed != NULL);
  g_assert_true (extension_host_manager_remove_finish (manager, removed, NULL));
}

typedef void (*Die) (TestFixture          *fixture,
                     ExtensionHostManager *manager,
                     ExtensionHostProcess *process);

static void
test_dead (TestFixture   *fixture,
           gconstpointer  data)
{
  Die die = data;
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *first = add (fixture, manager, "first", "", NEVER);
  ExtensionHostProcess *second = add (fixture, manager, "second", "first", 1);
  ExtensionHostProcess *third = add (fixture, manager, "third", "other second", 1);
  ExtensionHostProcess *other = add (fixture, manager, "other", "", 1);

  start_all (manager);
  test_wait_until (fixture, is_in (first, EXTENSION_HOST_STATE_RUNNING) && is_ready (other));
  g_assert_false (has_failed (second));
  die (fixture, manager, first);
  test_wait_until (fixture, has_failed (second) && has_failed (third));
  assert_given_up (second, "first");
  assert_given_up (third, "second");
  g_assert_true (is_in (second, EXTENSION_HOST_STATE_STOPPED));
  g_assert_true (is_ready (other));
}

/* One that is known to be of no use already. */
static void
test_dead_at_once (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *second = add (fixture, manager, "second", "first", 1);
  ExtensionHostProcess *first = add (fixture, manager, "first", "", 1);
  ExtensionHostProcess *third = add (fixture, manager, "third", "second", 1);
  ExtensionHostProcess *other = add (fixture, manager, "other", "", 1);
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_process_quarantine (first, NULL));
  g_assert_false (extension_host_manager_start_all (manager, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY);
  g_assert_cmpstr (error->message, ==, "second: not started: “first”, which it is to start after, "
                                       "is quarantined");
  assert_given_up (second, "first");
  assert_given_up (third, "second");
  test_wait_until (fixture, is_ready (other));

  g_assert_true (extension_host_process_release (first, NULL));
  start_all (manager);
  test_wait_until (fixture, are_all_ready (manager));
}

/* Not in vain */

static void
test_restarted (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *first = add (fixture, manager, "first", "", LATER);
  ExtensionHostProcess *second = add (fixture, manager, "second", "first", 1);

  g_object_set (extension_host_process_get_spec (first),
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS, NULL);
  start_all (manager);
  test_wait_until (fixture, is_in (first, EXTENSION_HOST_STATE_RUNNING));
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (first), SIGKILL));
  test_wait_until (fixture, is_ready (second));
  g_assert_cmpuint (extension_host_process_get_generation (first), ==, 2);
  g_assert_false (has_failed (second));
}

/* It was ready, and then it left: that was enough. */
static void
test_was_ready (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *quick = add (fixture, manager, "quick", "", 1);
  ExtensionHostProcess *second = add (fixture, manager, "second", "quick slow", 1);

  add (fixture, manager, "slow", "", LATER);
  start_all (manager);
  test_wait_until (fixture, is_ready (quick));
  g_assert_cmpuint (extension_host_process_get_generation (second), ==, 0);
  die_by_stop (fixture, manager, quick);
  test_wait_until (fixture, is_ready (second));
}

static void
test_twice (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *first = add (fixture, manager, "first", "", LATER);
  ExtensionHostProcess *second = add (fixture, manager, "second", "first", 1);

  start_all (manager);
  start_all (manager);
  g_assert_true (is_in (second, EXTENSION_HOST_STATE_STOPPED));
  test_wait_until (fixture, is_in (first, EXTENSION_HOST_STATE_RUNNING));
  start_all (manager);
  g_assert_true (is_in (second, EXTENSION_HOST_STATE_STOPPED));
  test_wait_until (fixture, are_all_ready (manager));
  g_assert_cmpuint (extension_host_process_get_generation (first), ==, 1);
  g_assert_cmpuint (extension_host_process_get_generation (second), ==, 1);
}

/* Other wishes meanwhile */

static void
test_started_by_hand (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *first = add (fixture, manager, "first", "", LATER);
  ExtensionHostProcess *second = add (fixture, manager, "second", "first", 1);
  ExtensionHostProcess *third = add (fixture, manager, "third", "second", 1);

  start_all (manager);
  g_assert_true (extension_host_process_start (second, NULL));
  test_wait_until (fixture, is_ready (second) && is_ready (third));
  g_assert_false (is_ready (first));

  /* What it waited for does not start it again. */
  die_by_crash (fixture, manager, second);
  test_wait_until (fixture, is_ready (first));
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  g_assert_cmpuint (extension_host_process_get_generation (second), ==, 1);
  g_assert_true (is_in (second, EXTENSION_HOST_STATE_CRASHED));
  g_assert_false (has_failed (third));
}

/* Nobody starts it any more, and who waits for it waits in vain. */
static void
test_called_off (TestFixture   *fixture,
                 gconstpointer  data)
{
  Die die = data;
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *first = add (fixture, manager, "first", "", LATER);
  g_autoptr(ExtensionHostProcess) second =
    g_object_ref (add (fixture, manager, "second", "first", 1));
  ExtensionHostProcess *third = add (fixture, manager, "third", "second", 1);
  ExtensionHostProcess *fourth = add (fixture, manager, "fourth", "first", 1);

  start_all (manager);
  test_wait_until (fixture, is_in (first, EXTENSION_HOST_STATE_RUNNING));
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  die (fixture, manager, second);
  test_wait_until (fixture, has_failed (third));
  assert_given_up (third, "second");
  g_assert_false (is_ready (first));
  test_wait_until (fixture, is_ready (first) && is_ready (fourth));
  g_assert_cmpuint (extension_host_process_get_generation (second), ==, 0);
  g_assert_false (has_failed (second));
}

/* In handlers */

static void
drop_manager (ExtensionHostProcess  *process G_GNUC_UNUSED,
              GParamSpec            *pspec G_GNUC_UNUSED,
              ExtensionHostManager **place)
{
  g_clear_object (place);
}

static void
test_drop_in_handler (TestFixture   *fixture,
                      gconstpointer  data)
{
  const char *news = data;
  ExtensionHostManager *manager = extension_host_manager_new ();
  gpointer weak = manager;
  ExtensionHostProcess *first = add (fixture, manager, "first", "", 1);

  g_object_add_weak_pointer (G_OBJECT (manager), &weak);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("second-%u", i);
      ExtensionHostProcess *second = add (fixture, manager, id, "first", 1);

      g_signal_connect (second, news, G_CALLBACK (drop_manager), &manager);
    }
  start_all (manager);
  if (g_str_equal (news, "notify::last-control-failure"))
    g_assert_true (extension_host_process_quarantine (first, NULL));
  test_wait_until (fixture, weak == NULL);
}

static void
test_drop_while_waiting (TestFixture   *fixture,
                         gconstpointer  data)
{
  ExtensionHostManager *manager = extension_host_manager_new ();
  ExtensionHostProcess *first = add (fixture, manager, "first", "", 1);

  add (fixture, manager, "second", "first", 1);
  start_all (manager);
  test_wait_until (fixture, is_in (first, EXTENSION_HOST_STATE_RUNNING));
  g_assert_finalize_object (manager);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/manager-start/chain", NULL, test_chain);
  test_add ("/manager-start/diamond", NULL, test_diamond);
  test_add ("/manager-start/unknown", NULL, test_unknown);
  test_add ("/manager-start/cycle", NULL, test_cycle);
  test_add ("/manager-start/dead/by-crash", die_by_crash, test_dead);
  test_add ("/manager-start/dead/by-stop", die_by_stop, test_dead);
  test_add ("/manager-start/dead/by-kill", die_by_kill, test_dead);
  test_add ("/manager-start/dead/by-quarantine", die_by_quarantine, test_dead);
  test_add ("/manager-start/dead/by-removal", die_by_removal, test_dead);
  test_add ("/manager-start/dead/at-once", NULL, test_dead_at_once);
  test_add ("/manager-start/restarted", NULL, test_restarted);
  test_add ("/manager-start/was-ready", NULL, test_was_ready);
  test_add ("/manager-start/twice", NULL, test_twice);
  test_add ("/manager-start/started-by-hand", NULL, test_started_by_hand);
  test_add ("/manager-start/called-off/by-stop", die_by_stop, test_called_off);
  test_add ("/manager-start/called-off/by-kill", die_by_kill, test_called_off);
  test_add ("/manager-start/called-off/by-quarantine", die_by_quarantine, test_called_off);
  test_add ("/manager-start/called-off/by-removal", die_by_removal, test_called_off);
  test_add ("/manager-start/called-off/by-late-removal", die_by_late_removal, test_called_off);
  test_add ("/manager-start/drop/when-started", "notify::generation", test_drop_in_handler);
  test_add ("/manager-start/drop/when-given-up", "notify::last-control-failure",
            test_drop_in_handler);
  test_add ("/manager-start/drop/while-waiting", NULL, test_drop_while_waiting);

  return g_test_run ();
}
