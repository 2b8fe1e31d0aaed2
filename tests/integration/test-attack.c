/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What applications may do at the worst moment, and hosts out of malice. */

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc-util.h"
#include "extension-host-process-private.h"

/* Hosts */

static ExtensionHostSpec *
new_script_spec (TestFixture *fixture,
                 const char  *id,
                 const char  *program,
                 const char  *option,
                 const char  *script)
{
  const char *argv[] = { program, option, script, NULL };
  const char *environment[] = { fixture->tag, NULL };
  ExtensionHostSpec *spec = extension_host_spec_new (id, argv);

  g_object_set (spec, "environment", environment, "health-interval", 0, NULL);

  return spec;
}

/* It answers whatever it is asked. */
static ExtensionHostSpec *
new_obliging_spec (TestFixture *fixture)
{
  return new_script_spec (fixture, "h", "python3", "-c",
                          "import json, sys\n"
                          "for line in sys.stdin:\n"
                          "    id = json.loads(line).get('id')\n"
                          "    print(json.dumps({'jsonrpc': '2.0', 'id': id, 'result': True}),\n"
                          "          flush=True)\n");
}

static ExtensionHostProcess *
add_sleeper (TestFixture          *fixture,
             ExtensionHostManager *manager,
             const char           *id)
{
  g_autoptr(ExtensionHostSpec) spec = new_script_spec (fixture, id, "sh", "-c", "exec sleep 1000");
  ExtensionHostProcess *process = NULL;

  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                "backoff-initial", 0,
                NULL);
  process = extension_host_manager_add (manager, spec, NULL);
  g_assert_nonnull (process);

  return process;
}

static void
kill_program (ExtensionHostProcess *process)
{
  g_assert_cmpint (kill ((pid_t) extension_host_process_get_pid (process), SIGKILL), ==, 0);
}

/* Slots */

typedef struct
{
  ExtensionHostManager *manager;
  guint n_restarts;
} Owner;

static void
drop_at_second_restart (ExtensionHostProcess    *process G_GNUC_UNUSED,
                        ExtensionHostTransition *transition,
                        Owner                   *owner)
{
  if (extension_host_transition_get_reason (transition) == EXTENSION_HOST_REASON_BACKOFF_ELAPSED &&
      ++owner->n_restarts == 2)
    g_clear_object (&owner->manager);
}

/* One host gives its slot back, the next one takes it, and who hears of that drops them all. */
static void
test_slot_drops_manager (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  Owner owner = { extension_host_manager_new (), 0 };
  ExtensionHostProcess *hosts[2] = { NULL };
  const char * const ids[] = { "a", "b" };

  extension_host_manager_set_max_concurrent_restarts (owner.manager, 1);
  for (guint i = 0; i < 2; i++)
    {
      hosts[i] = add_sleeper (fixture, owner.manager, ids[i]);
      g_signal_connect (hosts[i], "state-changed", G_CALLBACK (drop_at_second_restart), &owner);
      g_assert_true (extension_host_process_start (hosts[i], NULL));
      rpc_wait_running (fixture, hosts[i]);
    }
  for (guint i = 0; i < 2; i++)
    kill_program (hosts[i]);

  test_wait_until (fixture, owner.n_restarts == 2);
  g_assert_null (owner.manager);
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
}

/* More slots are granted, and who hears of that drops the manager. */
static void
test_more_slots_drop_manager (TestFixture   *fixture,
                              gconstpointer  data G_GNUC_UNUSED)
{
  Owner owner = { extension_host_manager_new (), 1 };
  ExtensionHostProcess *waiting = NULL;
  ExtensionHostProcess *holder = NULL;

  extension_host_manager_set_max_concurrent_restarts (owner.manager, 1);
  holder = add_sleeper (fixture, owner.manager, "holder");
  waiting = add_sleeper (fixture, owner.manager, "waiting");
  g_object_set (extension_host_process_get_spec (holder),
                "protocol", EXTENSION_HOST_PROTOCOL_MCP,   /* it is never ready */
                NULL);
  g_assert_true (extension_host_manager_start_all (owner.manager, NULL));
  rpc_wait_running (fixture, holder);
  rpc_wait_running (fixture, waiting);
  kill_program (holder);
  test_wait_until (fixture, extension_host_process_get_generation (holder) == 2);
  g_signal_connect (waiting, "state-changed", G_CALLBACK (drop_at_second_restart), &owner);
  kill_program (waiting);
  test_wait_until (fixture, waiting->slot.waiting);

  extension_host_manager_set_max_concurrent_restarts (owner.manager, 2);
  test_wait_until (fixture, owner.manager == NULL);
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
}

/* A host that is paused while it starts has all the time there is: the others have not. */
static void
test_slot_of_paused_host (TestFixture   *fixture,
                          gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *paused = add_sleeper (fixture, manager, "paused");
  ExtensionHostProcess *other = add_sleeper (fixture, manager, "other");

  extension_host_manager_set_max_concurrent_restarts (manager, 1);
  g_object_set (extension_host_process_get_spec (paused),
                "protocol", EXTENSION_HOST_PROTOCOL_MCP,   /* it is never ready */
                NULL);
  g_assert_true (extension_host_manager_start_all (manager, NULL));
  rpc_wait_running (fixture, paused);
  rpc_wait_running (fixture, other);
  kill_program (paused);
  test_wait_until (fixture, extension_host_process_get_generation (paused) == 2);
  g_assert_true (extension_host_process_pause (paused, NULL));

  kill_program (other);
  test_wait_until (fixture, extension_host_process_get_generation (other) == 2);
}

/* Extensions */

static void
drop_process (GListModel            *list G_GNUC_UNUSED,
              guint                  position G_GNUC_UNUSED,
              guint                  removed G_GNUC_UNUSED,
              guint                  added G_GNUC_UNUSED,
              ExtensionHostProcess **process)
{
  g_clear_object (process);
}

/* Who is told that an extension came, or went, lets go of the host. */
static void
test_list_drops_process (TestFixture   *fixture,
                         gconstpointer  removing)
{
  g_autoptr(ExtensionHostSpec) spec = new_obliging_spec (fixture);
  ExtensionHostProcess *process = extension_host_process_new (spec);
  gpointer place = process;

  g_object_add_weak_pointer (G_OBJECT (process), &place);
  if (GPOINTER_TO_INT (removing))
    g_assert_nonnull (extension_host_process_add_extension (process, "e", "/e", NULL));
  g_signal_connect (extension_host_process_get_extensions (process), "items-changed",
                    G_CALLBACK (drop_process), &process);
  if (GPOINTER_TO_INT (removing))
    g_assert_true (extension_host_process_remove_extension (process, "e", NULL));
  else
    extension_host_process_add_extension (process, "e", "/e", NULL);
  g_assert_null (process);
  g_assert_null (place);
}

static void
remove_first (ExtensionHostExtension *extension,
              GParamSpec             *pspec G_GNUC_UNUSED,
              ExtensionHostProcess   *process)
{
  if (extension_host_extension_get_state (extension) == EXTENSION_HOST_EXTENSION_STATE_LOST)
    g_assert_true (extension_host_process_remove_extension (process, "a", NULL));
}

static gboolean
is_in (ExtensionHostExtension      *extension,
       ExtensionHostExtensionState  state)
{
  return extension_host_extension_get_state (extension) == state;
}

/* Who is told that one is lost removes it: the one behind it is lost all the same. */
static void
test_removal_while_told (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = new_obliging_spec (fixture);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  ExtensionHostExtension *first =
    extension_host_process_add_extension (process, "a", "/a", NULL);
  ExtensionHostExtension *second =
    extension_host_process_add_extension (process, "b", "/b", NULL);

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, is_in (first, EXTENSION_HOST_EXTENSION_STATE_ACTIVE) &&
                            is_in (second, EXTENSION_HOST_EXTENSION_STATE_ACTIVE));
  g_signal_connect (first, "notify::state", G_CALLBACK (remove_first), process);
  kill_program (process);
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_assert_cmpint (extension_host_extension_get_state (second), ==,
                   EXTENSION_HOST_EXTENSION_STATE_LOST);
}

/* Intake */

static void
keep_invocation (ExtensionHostProcess    *process G_GNUC_UNUSED,
                 ExtensionHostInvocation *invocation,
                 gpointer                 user_data)
{
  ExtensionHostInvocation **kept = user_data;

  *kept = g_object_ref (invocation);
}

/* A host that is down takes no room, whatever was asked of the application before. */
static void
test_intake_of_the_dead (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, NULL);
  ExtensionHostInvocation *kept = NULL;

  extension_host_process_add_method (process, "keep", NULL, keep_invocation, &kept, NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  rpc_wait_running (fixture, process);
  g_free (rpc_ask (fixture, process, "ask", "[\"keep\"]"));
  test_wait_until (fixture, kept != NULL);
  g_assert_cmpuint (extension_host_intake_get_bytes (process->intake.intake), >, 0);

  rpc_stop (process);
  g_clear_object (&kept);
  g_assert_cmpuint (extension_host_intake_get_bytes (process->intake.intake), ==, 0);
}

#define TRICKLE \
  "head -c 269000000 /dev/zero | tr '\\000' x; while :; do printf x; sleep 0.05; done"

/* One that goes on with its message byte by byte must not keep the others waiting. */
static void
test_intake_of_trickler (TestFixture   *fixture,
                         gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostSpec) bad = new_script_spec (fixture, "bad", "sh", "-c", TRICKLE);
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "good", "--big-result=16000000:text",
                                                    NULL);
  ExtensionHostProcess *good = NULL;
  g_auto(RpcCall) call = { NULL };

  g_object_set (bad, "max-message-size", 1 << 30, NULL);
  g_assert_nonnull (extension_host_manager_add (manager, bad, NULL));
  good = extension_host_manager_add (manager, spec, NULL);
  g_assert_true (extension_host_manager_start_all (manager, NULL));
  test_wait_until (fixture, extension_host_intake_get_bytes (good->intake.intake) > 268500000);

  rpc_call_bytes (&call, good, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  g_assert_no_error (call.error);
}

/* Memory */

static void
take_all_descriptors (ExtensionHostProcess *process G_GNUC_UNUSED,
                      ExtensionHostHealth  *health,
                      guint                *n_unseen)
{
  struct rlimit limit;
  int next = -1;

  if (extension_host_health_get_rss (health) == 0)
    {
      *n_unseen += 1;
      return;
    }

  next = dup (STDIN_FILENO);
  g_assert_cmpint (next, !=, -1);
  close (next);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = (rlim_t) next;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

/* A tree that cannot be looked at is not one that is still too large. */
static void
test_memory_unseen (TestFixture   *fixture,
                    gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  struct rlimit before;
  guint n_unseen = 0;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_object_set (spec, "health-interval", 50, "memory-limit", G_GUINT64_CONSTANT (4096), NULL);
  g_signal_connect (process, "health-checked", G_CALLBACK (take_all_descriptors), &n_unseen);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, n_unseen >= 4 || extension_host_process_get_last_exit (process) != NULL);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
}

/* Children that were forked without exec */

static gboolean
has_ended (pid_t pid)
{
  return waitpid (pid, NULL, WNOHANG) == pid;
}

/* The socket of the host is the parent's. */
static void
test_forked_child_drops_socket (TestFixture   *fixture,
                                gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "hosts", "ipc-host.py", NULL);
  ExtensionHostSpec *spec = new_script_spec (fixture, "h", "python3", "-u", script);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autofree char *sum = NULL;
  pid_t child = 0;

  g_object_set (spec,
                "transport", EXTENSION_HOST_TRANSPORT_NODE_IPC,
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER,
                NULL);
  process = rpc_start (fixture, spec);
  child = fork ();
  g_assert_cmpint (child, !=, -1);
  if (child == 0)
    {
      g_object_unref (process);
      _exit (0);
    }

  test_wait_polling (fixture, 5, has_ended (child));
  sum = rpc_ask (fixture, process, "add", "[2,40]");
  g_assert_cmpstr (sum, ==, "42");
  rpc_stop (process);
}

/* Starts */

static ExtensionHostProcess *
add_rpc_host (TestFixture          *fixture,
              ExtensionHostManager *manager,
              const char           *id,
              const char           *after)
{
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, id, NULL);
  const char *afters[] = { after, NULL };

  g_object_set (spec,
                "after", after != NULL ? afters : NULL,
                "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,   /* it is never ready */
                NULL);

  return extension_host_manager_add (manager, spec, NULL);
}

/* Their specs change while one waits for the other: it is not to wait for ever for one that waits
 * for it. */
static void
test_wait_in_a_circle (TestFixture   *fixture,
                       gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  ExtensionHostProcess *first = add_rpc_host (fixture, manager, "first", NULL);
  ExtensionHostProcess *second = add_rpc_host (fixture, manager, "second", "first");
  const char * const after_second[] = { "second", NULL };

  g_assert_true (extension_host_manager_start_all (manager, NULL));
  rpc_wait_running (fixture, first);
  g_object_set (extension_host_process_get_spec (first), "after", after_second, NULL);
  g_object_set (extension_host_process_get_spec (second), "after", NULL, NULL);
  extension_host_process_stop_async (first, NULL, NULL, NULL);
  extension_host_manager_start_all (manager, NULL);

  test_wait_until (fixture,
                   extension_host_process_get_state (second) != EXTENSION_HOST_STATE_STOPPED ||
                   extension_host_process_get_last_control_failure (second) != NULL ||
                   extension_host_process_get_last_control_failure (first) != NULL);
}
/* Specs */

static void
take_protocol_away (ExtensionHostProcess    *process,
                    ExtensionHostTransition *transition,
                    gpointer                 data G_GNUC_UNUSED)
{
  if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_STARTING)
    g_object_set (extension_host_process_get_spec (process),
                  "protocol", EXTENSION_HOST_PROTOCOL_PLAIN,   /* it has no handshake */
                  NULL);
}

/* The spec is changed between the spawn and what was to follow on it. */
static void
test_protocol_taken_away (TestFixture   *fixture,
                          gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);

  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_MCP,
                "ready-mode", EXTENSION_HOST_READY_MODE_HANDSHAKE,
                "start-timeout", 500,
                NULL);
  g_object_unref (spec);
  g_signal_connect (process, "state-changed", G_CALLBACK (take_protocol_away), NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
}

/* Removal */

/* A host that is told to start again while it is being removed must not run on without a manager. */
static void
test_restart_while_removed (TestFixture   *fixture,
                            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostProcess) process = g_object_ref (add_sleeper (fixture, manager, "h"));
  g_autoptr(GAsyncResult) removed = NULL;
  g_autoptr(GAsyncResult) restarted = NULL;
  g_autoptr(GError) error = NULL;

  g_object_set (extension_host_process_get_spec (process), "exit-timeout", 0, NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  rpc_wait_running (fixture, process);
  extension_host_manager_remove_async (manager, "h", NULL, test_store_result, &removed);
  extension_host_process_restart_async (process, NULL, test_store_result, &restarted);
  test_wait_until (fixture, removed != NULL && restarted != NULL);

  g_assert_true (extension_host_process_restart_finish (process, restarted, NULL));
  g_assert_true (extension_host_manager_lookup (manager, "h") == process);
  g_assert_false (extension_host_manager_remove_finish (manager, removed, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_SUPERSEDED);
}

/* Answers */

static void
stop_when_told (ExtensionHostProcess  *process,
                GParamSpec            *pspec G_GNUC_UNUSED,
                GAsyncResult         **result)
{
  extension_host_process_stop_async (process, NULL, test_store_result, result);
}

/* Stopped at once, from a handler of a property that changed apart from any transition. */
static void
test_stop_in_notify (TestFixture   *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  const char * const argv[] = { "/no/such/program", NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("h", argv);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) result = NULL;

  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_signal_connect (process, "notify::control", G_CALLBACK (stop_when_told), &result);
  g_assert_true (extension_host_process_pause (process, NULL));
  test_wait_until (fixture, result != NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/attack/slot/drops-manager", NULL, test_slot_drops_manager);
  test_add ("/attack/slot/more-drop-manager", NULL, test_more_slots_drop_manager);
  test_add ("/attack/slot/paused-host", NULL, test_slot_of_paused_host);
  test_add ("/attack/extensions/list-drops-process/adding", GINT_TO_POINTER (FALSE),
            test_list_drops_process);
  test_add ("/attack/extensions/list-drops-process/removing", GINT_TO_POINTER (TRUE),
            test_list_drops_process);
  test_add ("/attack/extensions/removal-while-told", NULL, test_removal_while_told);
  test_add ("/attack/intake/of-the-dead", NULL, test_intake_of_the_dead);
  test_add ("/attack/intake/of-trickler", NULL, test_intake_of_trickler);
  test_add ("/attack/memory/unseen", NULL, test_memory_unseen);
  test_add ("/attack/fork/drops-socket", NULL, test_forked_child_drops_socket);
  test_add ("/attack/start/circle", NULL, test_wait_in_a_circle);
  test_add ("/attack/spec/protocol-taken-away", NULL, test_protocol_taken_away);
  test_add ("/attack/removal/restart", NULL, test_restart_while_removed);
  test_add ("/attack/answers/stop-in-notify", NULL, test_stop_in_notify);

  return g_test_run ();
}
