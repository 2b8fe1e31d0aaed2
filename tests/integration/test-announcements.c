/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <signal.h>
#include <string.h>

#include "extension-host-process-private.h"

/* What subscribers may rely on, whatever they and others do in their handlers. */

typedef struct
{
  GArray *sequences;   /* of guint64 */
  guint depth;         /* of announcements that are being made */
  guint deepest;
} Listener;

static void
listen (ExtensionHostProcess    *process,
        ExtensionHostTransition *transition,
        Listener                *listener)
{
  guint64 sequence = extension_host_transition_get_sequence (transition);

  listener->depth++;
  listener->deepest = MAX (listener->deepest, listener->depth);
  g_assert_cmpint (extension_host_process_get_state (process), ==,
                   extension_host_transition_get_new (transition));
  g_assert_cmpuint (extension_host_process_get_sequence (process), ==, sequence);
  g_assert_cmpint (extension_host_process_get_state_since (process), ==,
                   extension_host_transition_get_time (transition));
  g_array_append_val (listener->sequences, sequence);
  listener->depth--;
}

static void
assert_gap_free (Listener *listener,
                 guint     n)
{
  g_assert_cmpuint (listener->sequences->len, ==, n);
  g_assert_cmpuint (listener->deepest, ==, 1);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (g_array_index (listener->sequences, guint64, i), ==, i + 1);
}

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

/* A handler between the others that turns every state into the next operation. */
static void
meddle (ExtensionHostProcess    *process,
        ExtensionHostTransition *transition,
        guint                   *rounds)
{
  ExtensionHostState state = extension_host_transition_get_new (transition);

  if (*rounds == 0)
    return;

  if (state == EXTENSION_HOST_STATE_STARTING)
    {
      extension_host_process_stop_async (process, NULL, NULL, NULL);
      /* The machine has moved; what is announced has not. */
      g_assert_cmpint (extension_host_process_get_state (process), ==, state);
      g_assert_true (extension_host_process_start (process, NULL));
      (*rounds)--;
    }
  else if (state == EXTENSION_HOST_STATE_RUNNING)
    {
      extension_host_process_restart_async (process, NULL, NULL, NULL);
      (*rounds)--;
    }
}

static void
test_meddling (TestFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "meddled", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  Listener listeners[51];
  guint rounds = 20;
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (listeners); i++)
    {
      listeners[i] = (Listener) { g_array_new (FALSE, FALSE, sizeof (guint64)), 0, 0 };
      g_signal_connect (process, "state-changed", G_CALLBACK (listen), &listeners[i]);
      if (i == 25)
        g_signal_connect (process, "state-changed", G_CALLBACK (meddle), &rounds);
    }

  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, rounds == 0 && is_in (process, EXTENSION_HOST_STATE_RUNNING) &&
                            !extension_host_process_get_pending_restart (process));
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_nonnull (outcome);

  n = (guint) extension_host_process_get_sequence (process);
  g_assert_cmpuint (n, >, 40);
  for (guint i = 0; i < G_N_ELEMENTS (listeners); i++)
    {
      assert_gap_free (&listeners[i], n);
      g_array_unref (listeners[i].sequences);
    }
  g_signal_handlers_disconnect_matched (process, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, listen, NULL);
  g_signal_handlers_disconnect_matched (process, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, meddle, NULL);
}

/* Dropping the last reference within a handler */

static void
drop (ExtensionHostProcess    *process G_GNUC_UNUSED,
      ExtensionHostTransition *transition,
      ExtensionHostProcess   **place)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_RUNNING)
    g_clear_object (place);
}

static void
test_drop_in_handler (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "dropped", "--ignore-term", NULL);
  ExtensionHostProcess *process = extension_host_process_new (spec);
  gpointer weak = process;

  g_object_add_weak_pointer (G_OBJECT (process), &weak);
  g_signal_connect (process, "state-changed", G_CALLBACK (drop), &process);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, weak == NULL);
  g_assert_null (process);
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

static void
drop_on_line (ExtensionHostProcess   *process G_GNUC_UNUSED,
              ExtensionHostLogStream  stream G_GNUC_UNUSED,
              const char             *line G_GNUC_UNUSED,
              ExtensionHostProcess  **place)
{
  g_clear_object (place);
}

static void
test_drop_in_log (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "dropped", "--stdout-flood", NULL);
  ExtensionHostProcess *process = extension_host_process_new (spec);
  gpointer weak = process;

  g_object_add_weak_pointer (G_OBJECT (process), &weak);
  g_signal_connect (process, "log", G_CALLBACK (drop_on_line), &process);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, weak == NULL);
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

/* Blocking calls */

static void
block (ExtensionHostProcess    *process,
       ExtensionHostTransition *transition G_GNUC_UNUSED,
       guint                   *refused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome = extension_host_process_stop (process, NULL, &error);

  g_assert_null (outcome);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_false (extension_host_process_restart (process, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_false (extension_host_process_wait_ready (process, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_null (extension_host_process_wait (process, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  (*refused)++;
}

static void
test_block_in_handler (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "blocked", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  guint refused = 0;

  g_signal_connect (process, "state-changed", G_CALLBACK (block), &refused);
  test_bring_up (fixture, process, record);
  g_assert_cmpuint (refused, ==, 2);

  /* Outside of the handlers it works, also in another context than the thread-default one. */
  g_main_context_pop_thread_default (fixture->context);
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_main_context_push_thread_default (fixture->context);
  g_assert_nonnull (outcome);
  g_assert_cmpuint (refused, ==, 4);
}

/* A modal dialog in a handler of one host must not freeze another. */

typedef struct
{
  TestFixture *fixture;
  ExtensionHostProcess *other;
  TestRecord *record;
  guint nested;
} Modal;

static void
run_nested (ExtensionHostProcess    *process,
            ExtensionHostTransition *transition,
            Modal                   *modal)
{
  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_RUNNING)
    return;

  test_bring_up (modal->fixture, modal->other, modal->record);
  g_assert_no_errno (kill ((pid_t) extension_host_process_get_pid (modal->other), SIGKILL));
  test_wait_until (modal->fixture, is_in (modal->other, EXTENSION_HOST_STATE_RESTARTING));
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_RUNNING));
  modal->nested++;
}

static void
test_modal (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "one", "--print=ready", NULL);
  g_autoptr(ExtensionHostSpec) other_spec = test_spec_new (fixture, "two", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(ExtensionHostProcess) other = extension_host_process_new (other_spec);
  g_autoptr(TestRecord) record = test_record_new (other);
  Modal modal = { fixture, other, record, 0 };

  g_signal_connect (process, "state-changed", G_CALLBACK (run_nested), &modal);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, modal.nested == 1);
}

/* An operation waits for what it brings about, not for news that is older than itself. */

static void
restart_behind (ExtensionHostProcess    *process,
                ExtensionHostTransition *transition,
                Modal                   *modal)
{
  if (extension_host_transition_get_sequence (transition) != 1)
    return;

  /* The host is up, and that is not announced before this handler returns. */
  test_wait_until (modal->fixture, process->lifecycle.state == EXTENSION_HOST_STATE_RUNNING);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STARTING));
  extension_host_process_restart_async (process, NULL, test_store_result,
                                        (gpointer) modal->record);
}

static void
test_old_news (TestFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "behind", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) result = NULL;
  Modal modal = { fixture, NULL, (gpointer) &result, 0 };

  g_signal_connect (process, "state-changed", G_CALLBACK (restart_behind), &modal);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, result != NULL);
  g_assert_true (extension_host_process_restart_finish (process, result, NULL));
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 2);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_RUNNING));
}

/* Every operation is answered exactly once: test_store_result () refuses a second answer. */

static void
test_closed (TestFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "closed", "--ignore-eof", NULL);
  ExtensionHostManager *manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostProcess) process =
    g_object_ref (extension_host_manager_add (manager, spec, NULL));
  GAsyncResult *results[6] = { NULL };
  g_autoptr(GError) error = NULL;

  extension_host_process_start_async (process, NULL, test_store_result, &results[0]);
  extension_host_process_wait_async (process, NULL, test_store_result, &results[1]);
  extension_host_process_wait_ready_async (process, NULL, test_store_result, &results[2]);
  extension_host_process_restart_async (process, NULL, test_store_result, &results[3]);
  g_object_unref (manager);
  extension_host_process_stop_async (process, NULL, test_store_result, &results[4]);
  extension_host_process_wait_async (process, NULL, test_store_result, &results[5]);

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      test_wait_until (fixture, results[i] != NULL);
      if (i == 1 || i == 5)
        g_assert_null (extension_host_process_wait_finish (process, results[i], &error));
      else if (i == 4)
        g_assert_null (extension_host_process_stop_finish (process, results[i], &error));
      else
        g_assert_false (g_task_propagate_boolean (G_TASK (results[i]), &error));
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
      g_clear_error (&error);
      g_clear_object (&results[i]);
    }

  g_assert_false (extension_host_process_start (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);

  /* Who still holds the host sees the truth. */
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

/* Those that end a host, too, however far they are */
static void
test_closed_midway (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "closed", "--ignore-eof", "--ignore-term",
                                                     "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  GAsyncResult *results[4] = { NULL };

  test_bring_up (fixture, process, record);
  extension_host_process_stop_async (process, NULL, test_store_result, &results[0]);
  extension_host_process_terminate_async (process, 60000, NULL, test_store_result, &results[1]);
  extension_host_process_kill_async (process, NULL, test_store_result, &results[2]);
  extension_host_process_restart_async (process, NULL, test_store_result, &results[3]);
  g_object_run_dispose (G_OBJECT (process));

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(GError) error = NULL;

      test_wait_until (fixture, results[i] != NULL);
      g_assert_true (g_task_had_error (G_TASK (results[i])));
      g_task_propagate_pointer (G_TASK (results[i]), &error);
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
      g_clear_object (&results[i]);
    }
}

static void
test_cancel (TestFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "cancel", "--ignore-eof",
                                                     "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autoptr(GAsyncResult) refused = NULL;
  g_autoptr(GError) error = NULL;

  test_bring_up (fixture, process, record);
  g_object_set (spec, "exit-timeout", 2000, NULL);
  extension_host_process_stop_async (process, cancellable, test_store_result, &stopped);
  g_cancellable_cancel (cancellable);
  test_wait_until (fixture, stopped != NULL);
  g_assert_null (extension_host_process_stop_finish (process, stopped, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* The waiting ended; the stop goes on. */
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPING));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_STOPPED));

  /* What was cancelled before it began does nothing. */
  extension_host_process_start_async (process, cancellable, test_store_result, &refused);
  test_wait_until (fixture, refused != NULL);
  g_assert_false (extension_host_process_start_finish (process, refused, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (is_in (process, EXTENSION_HOST_STATE_STOPPED));
}

static void
test_wait_many (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "many", "--exit=7", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  GAsyncResult *results[100] = { NULL };
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GError) error = NULL;

  extension_host_process_wait_async (process, NULL, test_store_result, &late);
  test_wait_until (fixture, late != NULL);
  g_assert_null (extension_host_process_wait_finish (process, late, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
  g_clear_object (&late);

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    extension_host_process_wait_async (process, NULL, test_store_result, &results[i]);

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(ExtensionHostExit) exit = NULL;

      test_wait_until (fixture, results[i] != NULL);
      exit = extension_host_process_wait_finish (process, results[i], NULL);
      g_assert_true (exit == extension_host_process_get_last_exit (process));
      g_assert_cmpint (extension_host_exit_get_code (exit), ==, 7);
      g_assert_false (extension_host_exit_get_requested (exit));
      g_assert_cmpint (extension_host_exit_get_reason (exit), ==, EXTENSION_HOST_REASON_EXITED);
      g_clear_object (&results[i]);
    }

  extension_host_process_wait_async (process, NULL, test_store_result, &late);
  test_wait_until (fixture, late != NULL);
  extension_host_exit_unref (extension_host_process_wait_finish (process, late, NULL));
}

/* Threads */

static gpointer
unref_here (gpointer process)
{
  g_object_unref (process);

  return NULL;
}

static void
test_last_unref_elsewhere (TestFixture   *fixture,
                           gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "collected", "--print=ready", NULL);
  ExtensionHostProcess *process = extension_host_process_new (spec);
  TestRecord *record = test_record_new (process);
  gpointer weak = process;

  test_bring_up (fixture, process, record);
  test_record_free (record);
  g_object_add_weak_pointer (G_OBJECT (process), &weak);
  g_thread_join (g_thread_new ("collector", unref_here, process));
  g_assert_nonnull (weak);
  test_wait_until (fixture, weak == NULL);
  test_wait_polling (fixture, 10, test_count_tagged (fixture) == 0);
}

static gpointer
start_here (gpointer process)
{
  extension_host_process_start (process, NULL);

  return NULL;
}

static void
test_other_thread (void)
{
  const char *argv[] = { "true", NULL };

  if (g_test_subprocess ())
    {
      g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("foreign", argv);
      g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);

      g_thread_join (g_thread_new ("foreigner", start_here, process));
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*extension_host_process_is_own_thread*");
}

/* Of a long life the last 100 transitions are kept, and they end with the latest. */
static void
test_history (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "old", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GPtrArray) history = NULL;
  guint64 latest = 0;

  while ((latest = extension_host_process_get_sequence (process)) <= 100)
    {
      g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

      g_assert_true (extension_host_process_start (process, NULL));
      outcome = extension_host_process_stop (process, NULL, NULL);
      g_assert_nonnull (outcome);
    }

  history = extension_host_process_dup_history (process);
  g_assert_cmpuint (history->len, ==, 100);
  for (guint i = 0; i < history->len; i++)
    g_assert_cmpuint (extension_host_transition_get_sequence (g_ptr_array_index (history, i)), ==,
                      latest - 99 + i);
}

/* Logs */

static void
test_tail (TestFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "tail", "--stdout-flood=5000",
                                                     "--print-and-abort=last words", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(ExtensionHostExit) exit = NULL;
  const char * const *log = NULL;

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  exit = extension_host_process_wait (process, NULL, NULL);
  g_assert_cmpint (extension_host_exit_get_signal (exit), ==, SIGABRT);

  log = extension_host_exit_get_log (exit);
  g_assert_true (g_strv_contains (log, "last words"));
}

/* Whatever a host writes, what is told of it is text. */

static gboolean
has_entry (GVariant   *log,
           const char *line)
{
  for (gsize i = 0; i < g_variant_n_children (log); i++)
    {
      const char *text = NULL;

      g_variant_get_child (log, i, "(ts&s)", NULL, NULL, &text);
      if (g_str_equal (text, line))
        return TRUE;
    }

  return FALSE;
}

static void
test_invalid_lines (TestFixture   *fixture,
                    gconstpointer  data)
{
  static const char * const lines[] = { "o\xef\xbf\xbd\xef\xbf\xbd z", "e\xef\xbf\xbd" };
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "mumbling", "--print=o\xff\x80 z",
                                                     "--print-stderr=e\xed", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GVariant) log = NULL;

  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, record->lines->len == G_N_ELEMENTS (lines));
  log = extension_host_process_dup_log (process, G_MAXUINT);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_assert_true (test_record_has_line (record, lines[i]));
      g_assert_true (has_entry (log, lines[i]));
    }
}

/* The fields by which the journal finds what one host did */
static GLogWriterOutput
note_fields (GLogLevelFlags   level G_GNUC_UNUSED,
             const GLogField *fields,
             gsize            n_fields,
             gpointer         journal)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_has_prefix (fields[i].key, "EXTENSION_HOST_"))
      g_string_append_printf (journal, "%s=%s ", fields[i].key + strlen ("EXTENSION_HOST_"),
                              (const char *) fields[i].value);
  g_string_append_c (journal, '\n');

  return G_LOG_WRITER_HANDLED;
}

static void
test_journal (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "noted", "--exit=7", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  GString *journal = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, TEST_DEADLINE * G_USEC_PER_SEC, 0);
      g_test_trap_assert_passed ();
      return;
    }

  journal = g_string_new (NULL);   /* from here on it is that of GLib, which takes it once and keeps it */
  g_log_set_writer_func (note_fields, journal, NULL);
  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, is_in (process, EXTENSION_HOST_STATE_CRASHED));
  g_assert_nonnull (strstr (journal->str, "ID=noted OLD_STATE=stopped NEW_STATE=starting "
                                          "REASON=start GENERATION=1 PID=0 REQUESTER=application"));
  g_assert_nonnull (strstr (journal->str, "ID=noted OLD_STATE=unhealthy NEW_STATE=crashed "
                                          "REASON=policy GENERATION=1 PID=0 \n"));
}

static void
test_flood (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (fixture, "flood", "--stderr-flood=200000",
                                                     "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  const char *last = NULL;

  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, record->lines->len > 0 &&
                            (last = g_ptr_array_index (record->lines, record->lines->len - 1)) &&
                            g_str_has_suffix (last, "were dropped)"));
  g_assert_cmpuint (record->lines->len, >=, 1000);
  g_assert_cmpuint (record->lines->len, <, 20000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/announcements/meddling", NULL, test_meddling);
  test_add ("/announcements/drop-in-handler", NULL, test_drop_in_handler);
  test_add ("/announcements/drop-in-log", NULL, test_drop_in_log);
  test_add ("/announcements/block-in-handler", NULL, test_block_in_handler);
  test_add ("/announcements/modal", NULL, test_modal);
  test_add ("/announcements/old-news", NULL, test_old_news);
  test_add ("/announcements/closed", NULL, test_closed);
  test_add ("/announcements/closed-midway", NULL, test_closed_midway);
  test_add ("/announcements/cancel", NULL, test_cancel);
  test_add ("/announcements/wait-many", NULL, test_wait_many);
  test_add ("/announcements/last-unref-elsewhere", NULL, test_last_unref_elsewhere);
  g_test_add_func ("/announcements/other-thread", test_other_thread);
  test_add ("/announcements/history", NULL, test_history);
  test_add ("/announcements/tail", NULL, test_tail);
  test_add ("/announcements/invalid-lines", NULL, test_invalid_lines);
  test_add ("/announcements/journal", NULL, test_journal);
  test_add ("/announcements/flood", NULL, test_flood);

  return g_test_run ();
}
