/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "extension-host-error.h"
#include "extension-host-exit-private.h"

#define KIND(kind) EXTENSION_HOST_EXIT_KIND_##kind
#define REASON(reason) EXTENSION_HOST_REASON_##reason
#define LOST_TEXT "ended out of sight: the helper that held it was lost"

static const struct {
  ExtensionHostExitKind kind;
  int value;
  gboolean core_dumped;
  const char *error;
  ExtensionHostReason reason;
  gboolean requested;
  const char *text;
} lines[] = {
  { KIND (EXITED), 0, FALSE, NULL, REASON (EXITED), FALSE, "exited with status 0" },
  { KIND (EXITED), 255, FALSE, NULL, REASON (EXITED), FALSE, "exited with status 255" },
  { KIND (EXITED), 0, FALSE, NULL, REASON (STOP), TRUE, "exited with status 0, reason: stop" },
  { KIND (EXITED), 1, FALSE, NULL, REASON (RESTART), TRUE,
    "exited with status 1, reason: restart" },
  { KIND (SIGNALLED), SIGSEGV, FALSE, NULL, REASON (SIGNALLED), FALSE,
    "killed by signal 11 (Segmentation fault)" },
  { KIND (SIGNALLED), SIGABRT, TRUE, NULL, REASON (SIGNALLED), FALSE,
    "killed by signal 6 (Aborted), core dumped" },
  { KIND (SIGNALLED), SIGKILL, FALSE, NULL, REASON (UNRESPONSIVE), FALSE,
    "killed by signal 9 (Killed), reason: unresponsive" },
  { KIND (SIGNALLED), SIGTERM, FALSE, NULL, REASON (TERMINATE), TRUE,
    "killed by signal 15 (Terminated), reason: terminate" },
  { KIND (SPAWN_FAILED), 0, FALSE, "no such program", REASON (SPAWN_FAILED), FALSE,
    "no such program" },
  { KIND (SPAWN_FAILED), 0, FALSE, "no process to spare", REASON (NO_RESOURCES), FALSE,
    "no process to spare" },
  { KIND (SPAWN_FAILED), 0, FALSE, NULL, REASON (SPAWN_FAILED), FALSE, "not spawned" },
  { KIND (SPAWN_FAILED), 0, FALSE, "no such program", REASON (STOP), TRUE,
    "no such program, reason: stop" },
  { KIND (LOST), 0, FALSE, NULL, REASON (SHIM_LOST), FALSE, LOST_TEXT },
  { KIND (LOST), 0, FALSE, NULL, REASON (KILL), TRUE, LOST_TEXT ", reason: kill" },
};

static ExtensionHostExit *
make_exit (gsize row)
{
  ExtensionHostExit *exit = extension_host_exit_new ();

  exit->kind = lines[row].kind;
  exit->code = lines[row].kind == KIND (EXITED) ? lines[row].value : -1;
  exit->signal = lines[row].kind == KIND (SIGNALLED) ? lines[row].value : 0;
  exit->core_dumped = lines[row].core_dumped;
  exit->reason = lines[row].reason;
  exit->requested = lines[row].requested;
  if (lines[row].error != NULL)
    exit->error = g_error_new_literal (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
                                       lines[row].error);

  return exit;
}

static void
test_each_end_is_told_in_a_line (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr(ExtensionHostExit) exit = make_exit (i);
      g_autofree char *text = extension_host_exit_to_string (exit);

      g_assert_cmpstr (text, ==, lines[i].text);
    }
}

/* Also those that no program we know of can die of. */
static void
test_each_signal_is_told (void)
{
  for (int number = 1; number <= SIGRTMAX; number++)
    {
      g_autoptr(ExtensionHostExit) exit = extension_host_exit_new ();
      g_autofree char *begin = g_strdup_printf ("killed by signal %d (", number);
      g_autofree char *text = NULL;

      exit->kind = KIND (SIGNALLED);
      exit->signal = number;
      exit->reason = REASON (SIGNALLED);
      text = extension_host_exit_to_string (exit);

      g_assert_true (g_str_has_prefix (text, begin));
      g_assert_null (strchr (text, '\n'));
    }
}

static void
test_clean_is_status_0_and_nothing_else (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr(ExtensionHostExit) exit = make_exit (i);

      g_assert_cmpint (extension_host_exit_is_clean (exit), ==,
                       lines[i].kind == KIND (EXITED) && lines[i].value == 0);
      exit->code = 0;
      g_assert_cmpint (extension_host_exit_is_clean (exit), ==, lines[i].kind == KIND (EXITED));
    }
}

static void
test_new_exit_claims_nothing (void)
{
  g_autoptr(ExtensionHostExit) exit = extension_host_exit_new ();

  g_assert_cmpint (extension_host_exit_get_code (exit), ==, -1);
  g_assert_cmpint (extension_host_exit_get_signal (exit), ==, 0);
  g_assert_false (extension_host_exit_get_core_dumped (exit));
  g_assert_false (extension_host_exit_get_requested (exit));
  g_assert_cmpuint (extension_host_exit_get_pid (exit), ==, 0);
  g_assert_nonnull (extension_host_exit_get_log (exit));
  g_assert_null (extension_host_exit_get_log (exit)[0]);
  g_assert_nonnull (extension_host_exit_get_suspects (exit));
  g_assert_null (extension_host_exit_get_suspects (exit)[0]);
}

static void
test_getters_tell_what_was_filled_in (void)
{
  g_autoptr(ExtensionHostExit) exit = make_exit (5);

  exit->generation = G_MAXUINT64;
  exit->pid = 4711;
  exit->time = 12;
  exit->runtime = 34;

  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, KIND (SIGNALLED));
  g_assert_cmpint (extension_host_exit_get_code (exit), ==, -1);
  g_assert_cmpint (extension_host_exit_get_signal (exit), ==, SIGABRT);
  g_assert_true (extension_host_exit_get_core_dumped (exit));
  g_assert_cmpint (extension_host_exit_get_reason (exit), ==, REASON (SIGNALLED));
  g_assert_cmpuint (extension_host_exit_get_generation (exit), ==, G_MAXUINT64);
  g_assert_cmpuint (extension_host_exit_get_pid (exit), ==, 4711);
  g_assert_cmpint (extension_host_exit_get_time (exit), ==, 12);
  g_assert_cmpint (extension_host_exit_get_runtime (exit), ==, 34);
}

static void
test_boxed_copy_is_a_reference (void)
{
  g_autoptr(ExtensionHostExit) exit = make_exit (8);
  ExtensionHostExit *copy = g_boxed_copy (EXTENSION_HOST_TYPE_EXIT, exit);

  g_assert_true (copy == exit);
  g_boxed_free (EXTENSION_HOST_TYPE_EXIT, copy);
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, KIND (SPAWN_FAILED));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/exit/each-end-is-told-in-a-line", test_each_end_is_told_in_a_line);
  g_test_add_func ("/exit/each-signal-is-told", test_each_signal_is_told);
  g_test_add_func ("/exit/clean-is-status-0-and-nothing-else",
                   test_clean_is_status_0_and_nothing_else);
  g_test_add_func ("/exit/new-exit-claims-nothing", test_new_exit_claims_nothing);
  g_test_add_func ("/exit/getters-tell-what-was-filled-in", test_getters_tell_what_was_filled_in);
  g_test_add_func ("/exit/boxed-copy-is-a-reference", test_boxed_copy_is_a_reference);

  return g_test_run ();
}
