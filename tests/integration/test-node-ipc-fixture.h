/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hosts on the socket of Node, for the tests of the transport node-ipc. */

#include "rpc-util.h"

static inline ExtensionHostSpec *
new_spec (TestFixture *fixture,
          const char  *interpreter,
          const char  *script,
          const char  *argument)
{
  const char *path = g_test_get_filename (G_TEST_DIST, "hosts", script, NULL);
  const char *argv[] = { interpreter, path, argument, NULL };
  const char *environment[] = { fixture->tag, NULL };
  ExtensionHostSpec *spec = extension_host_spec_new ("h", argv);

  g_object_set (spec,
                "environment", environment,
                "transport", EXTENSION_HOST_TRANSPORT_NODE_IPC,
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER,
                "health-interval", 0,
                NULL);

  return spec;
}

static inline ExtensionHostSpec *
new_node_spec (TestFixture *fixture)
{
  return new_spec (fixture, "node", "node-ipc.js", NULL);
}

static inline ExtensionHostSpec *
new_python_spec (TestFixture *fixture)
{
  return new_spec (fixture, "python3", "ipc-host.py", NULL);
}

static inline gboolean
skip_without (const char *program)
{
  g_autofree char *path = g_find_program_in_path (program);

  if (path == NULL)
    g_test_skip_printf ("there is no %s", program);

  return path == NULL;
}

static inline ExtensionHostStopOutcome *
stop (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostStopOutcome *outcome = extension_host_process_stop (process, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (extension_host_stop_outcome_get_leftover (outcome), ==, 0);

  return outcome;
}

/* It left by itself when its channel was closed, and well. */
static inline void
assert_left_at_eof (ExtensionHostStopOutcome *outcome)
{
  ExtensionHostExit *exit = extension_host_stop_outcome_get_exit (outcome);

  g_assert_cmpint (extension_host_stop_outcome_get_rung (outcome), ==,
                   EXTENSION_HOST_STOP_RUNG_EOF);
  g_assert_false (extension_host_stop_outcome_get_forced (outcome));
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, EXTENSION_HOST_EXIT_KIND_EXITED);
  g_assert_cmpint (extension_host_exit_get_code (exit), ==, 0);
}

static inline void
stop_at_eof (ExtensionHostProcess *process)
{
  g_autoptr(ExtensionHostStopOutcome) outcome = stop (process);

  assert_left_at_eof (outcome);
}

static inline void
assert_no_complaints (ExtensionHostProcess *process)
{
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
  g_assert_cmpuint (extension_host_process_get_stale_events (process), ==, 0);
}
