/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All that an application may do, from inside of all that it is told. */

#include <sys/resource.h>

#include "rpc-util.h"

typedef enum
{
  IN_CALLBACK,
  IN_BYTES_CALLBACK,
  IN_NOTIFICATION,
  IN_LOG,
  IN_STATE_CHANGED,
  IN_METHOD,
  IN_DENIED,
  N_PLACES
} Place;

typedef enum
{
  DO_CALL,
  DO_BLOCKING_CALL,
  DO_NOTIFY,
  DO_STOP,
  DO_RESTART,
  DO_KILL,
  DO_ITERATE,
  DO_UNREF,
  DO_DISPOSE,
  N_DEEDS
} Deed;

static const char *const place_names[N_PLACES] = {
  "callback", "bytes-callback", "notification", "log", "state-changed", "method", "denied",
};

static const char *const deed_names[N_DEEDS] = {
  "call", "blocking-call", "notify", "stop", "restart", "kill", "iterate", "unref", "dispose",
};

typedef struct
{
  Place place;
  Deed deed;
} Combination;

typedef struct
{
  TestFixture *fixture;
  const Combination *what;
  ExtensionHostProcess *process;   /* the only reference */
  gboolean done;                   /* the deed */
  RpcCall call;                    /* made by it */
  GAsyncResult *result;            /* of its operation */
} Scene;

static void
iterate (Scene *self)
{
  gint64 end = g_get_monotonic_time () + 30 * 1000;
  g_autoptr(GSource) tick = test_tick_every (self->fixture->context, 1);

  while (g_get_monotonic_time () < end)
    g_main_context_iteration (self->fixture->context, TRUE);
  g_source_destroy (tick);
}

static void
call_blocking (Scene *self)
{
  g_autoptr(JsonNode) params = rpc_json ("[1,2]");
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) result =
    extension_host_process_call (self->process, "add", params, 0, NULL, &error);
  g_autoptr(GBytes) text = g_bytes_new_static ("[2,3]", 5);
  g_autoptr(GBytes) answer = NULL;

  if (self->what->place == IN_STATE_CHANGED)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      g_clear_error (&error);
      g_assert_null (extension_host_process_call_bytes (self->process, "add", text, 0, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      return;
    }

  g_assert_no_error (error);
  g_assert_cmpint (json_node_get_int (result), ==, 3);
  answer = extension_host_process_call_bytes (self->process, "add", text, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (answer, NULL), g_bytes_get_size (answer), "5", 1);
}

static void
do_it (Scene *self)
{
  if (self->done)
    return;

  self->done = TRUE;
  switch (self->what->deed)
    {
    case DO_CALL:
      rpc_call (&self->call, self->process, "add", "[1,2]", 0, NULL);
      break;
    case DO_BLOCKING_CALL:
      call_blocking (self);
      break;
    case DO_NOTIFY:
      g_assert_true (extension_host_process_send_notification (self->process, "y", NULL, NULL));
      break;
    case DO_STOP:
      extension_host_process_stop_async (self->process, NULL, test_store_result, &self->result);
      break;
    case DO_RESTART:
      extension_host_process_restart_async (self->process, NULL, test_store_result, &self->result);
      break;
    case DO_KILL:
      extension_host_process_kill_async (self->process, NULL, test_store_result, &self->result);
      break;
    case DO_ITERATE:
      iterate (self);
      break;
    case DO_UNREF:
      g_clear_object (&self->process);
      break;
    case DO_DISPOSE:
      g_object_run_dispose (G_OBJECT (self->process));
      break;
    case N_DEEDS:
    default:
      g_assert_not_reached ();
    }
}

/* The places */

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Scene *self = user_data;

  g_assert_true (G_IS_OBJECT (object));
  do_it (self);
}

static void
on_notification (ExtensionHostProcess *process G_GNUC_UNUSED,
                 const char           *method,
                 JsonNode             *params,
                 Scene                *self)
{
  do_it (self);
  g_assert_cmpstr (method, ==, "x");
  g_assert_nonnull (json_node_get_object (params));
}

static void
on_log (ExtensionHostProcess   *process G_GNUC_UNUSED,
        ExtensionHostLogStream  stream G_GNUC_UNUSED,
        const char             *line,
        Scene                  *self)
{
  if (!g_str_equal (line, "told x"))
    return;

  do_it (self);
  g_assert_cmpstr (line, ==, "told x");
}

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  Scene                   *self)
{
  if (extension_host_transition_get_new (transition) != EXTENSION_HOST_STATE_RUNNING)
    return;

  do_it (self);
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
}

static void
on_work (ExtensionHostProcess    *process G_GNUC_UNUSED,
         ExtensionHostInvocation *invocation,
         gpointer                 user_data)
{
  g_autoptr(ExtensionHostInvocation) hold = g_object_ref (invocation);

  do_it (user_data);
  extension_host_invocation_return_value (hold, NULL);   /* wherever the host is by now */
}

static void
on_denied (ExtensionHostProcess *process G_GNUC_UNUSED,
           const char           *method,
           Scene                *self)
{
  do_it (self);
  g_assert_cmpstr (method, ==, "secret");
}

static void
connect_all (Scene *self)
{
  ExtensionHostProcess *process = self->process;

  extension_host_process_add_method (process, "work", NULL, on_work, self, NULL);
  extension_host_process_add_method (process, "secret", "keys", on_work, self, NULL);
  if (self->what->place == IN_NOTIFICATION)
    g_signal_connect (process, "notification::x", G_CALLBACK (on_notification), self);
  if (self->what->place == IN_LOG)
    g_signal_connect (process, "log", G_CALLBACK (on_log), self);
  if (self->what->place == IN_STATE_CHANGED)
    g_signal_connect (process, "state-changed", G_CALLBACK (on_state_changed), self);
  if (self->what->place == IN_DENIED)
    g_signal_connect (process, "capability-denied", G_CALLBACK (on_denied), self);
}

/* Makes the host do what leads to the place. */
static void
provoke (Scene *self)
{
  ExtensionHostProcess *process = self->process;
  g_autoptr(JsonNode) x = rpc_json ("[\"x\"]");
  g_autoptr(JsonNode) work = rpc_json ("[\"work\"]");
  g_autoptr(JsonNode) secret = rpc_json ("[\"secret\"]");

  switch (self->what->place)
    {
    case IN_CALLBACK:
      extension_host_process_call_async (process, "echo", NULL, 0, NULL, on_answer, self);
      break;
    case IN_BYTES_CALLBACK:
      extension_host_process_call_bytes_async (process, "echo", NULL, 0, NULL, on_answer, self);
      break;
    case IN_NOTIFICATION:
      extension_host_process_call_async (process, "notify", x, 0, NULL, NULL, NULL);
      break;
    case IN_LOG:
      g_assert_true (extension_host_process_send_notification (process, "x", NULL, NULL));
      break;
    case IN_STATE_CHANGED:
      break;
    case IN_METHOD:
      extension_host_process_call_async (process, "ask", work, 0, NULL, NULL, NULL);
      break;
    case IN_DENIED:
      extension_host_process_call_async (process, "ask", secret, 0, NULL, NULL, NULL);
      break;
    case N_PLACES:
    default:
      g_assert_not_reached ();
    }
}

static void
assert_done (Scene *self)
{
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  switch (self->what->deed)
    {
    case DO_CALL:
      rpc_wait (self->fixture, &self->call);
      rpc_assert_text (&self->call, "3");
      break;
    case DO_STOP:
      test_wait_until (self->fixture, self->result != NULL);
      outcome = extension_host_process_stop_finish (self->process, self->result, &error);
      g_assert_no_error (error);
      g_assert_true (extension_host_stop_outcome_get_exited (outcome));
      break;
    case DO_KILL:
      test_wait_until (self->fixture, self->result != NULL);
      outcome = extension_host_process_kill_finish (self->process, self->result, &error);
      g_assert_no_error (error);
      g_assert_true (extension_host_stop_outcome_get_exited (outcome));
      break;
    case DO_RESTART:
      test_wait_until (self->fixture, self->result != NULL);
      extension_host_process_restart_finish (self->process, self->result, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (extension_host_process_get_generation (self->process), ==, 2);
      break;
    case DO_BLOCKING_CALL:
    case DO_NOTIFY:
    case DO_ITERATE:
    case DO_UNREF:
    case DO_DISPOSE:
    case N_DEEDS:
    default:
      break;
    }
}

static void
test_combination (TestFixture   *fixture,
                  gconstpointer  data)
{
  Scene scene = { .fixture = fixture, .what = data };
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "h", NULL);
  gpointer weak = NULL;

  g_object_set (spec, "exit-timeout", 500, NULL);
  scene.process = weak = extension_host_process_new (spec);
  g_object_add_weak_pointer (weak, &weak);
  connect_all (&scene);
  g_assert_true (extension_host_process_start (scene.process, NULL));
  if (scene.what->place != IN_STATE_CHANGED)
    rpc_wait_running (fixture, scene.process);
  provoke (&scene);
  test_wait_until (fixture, scene.done);
  assert_done (&scene);

  if (scene.process != NULL && scene.what->deed != DO_DISPOSE)
    rpc_stop (scene.process);
  g_clear_object (&scene.process);
  g_clear_object (&scene.result);   /* has a reference of its own */
  test_wait_until (fixture, weak == NULL);
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
  rpc_call_clear (&scene.call);
}

/* Thousands of callbacks that each begin an operation must not stand on each other's shoulders. */

#define N_CALLS 10000

typedef struct
{
  ExtensionHostProcess *process;
  Deed deed;
  guint n_answers;
  guint depth;
  guint deepest;
} Crowd;

static void
on_crowd_answer (GObject      *object G_GNUC_UNUSED,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Crowd *self = user_data;
  g_autoptr(GBytes) bytes G_GNUC_UNUSED =
    extension_host_process_call_bytes_finish (self->process, result, NULL);

  self->n_answers++;
  self->depth++;
  self->deepest = MAX (self->deepest, self->depth);
  if (self->deed == DO_STOP)
    extension_host_process_stop_async (self->process, NULL, NULL, NULL);
  else
    extension_host_process_start (self->process, NULL);
  self->depth--;
}

static void
test_crowd (TestFixture   *fixture,
            gconstpointer  data)
{
  const Combination *what = data;
  Crowd crowd = { .deed = what->deed };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);

  g_object_set (spec, "max-pending", N_CALLS, NULL);
  crowd.process = rpc_start (fixture, spec);
  for (guint i = 0; i < N_CALLS; i++)
    extension_host_process_call_bytes_async (crowd.process, i < N_CALLS - 1 ? "echo" : "die", NULL,
                                             0, NULL, on_crowd_answer, &crowd);
  test_wait_until (fixture, crowd.n_answers == N_CALLS);
  g_test_message ("%u callbacks deep", crowd.deepest);
  g_assert_cmpuint (crowd.deepest, <=, 2);

  test_wait_until (fixture, extension_host_process_get_state (crowd.process) ==
                            EXTENSION_HOST_STATE_STOPPED ||
                            extension_host_process_get_state (crowd.process) ==
                            EXTENSION_HOST_STATE_CRASHED ||
                            what->deed == DO_RESTART);
  rpc_stop (crowd.process);
  g_object_unref (crowd.process);
}

int
main (int    argc,
      char **argv)
{
  static Combination combinations[N_PLACES * N_DEEDS];
  static const Combination crowds[] = { { IN_CALLBACK, DO_STOP }, { IN_CALLBACK, DO_RESTART } };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < N_PLACES * N_DEEDS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/reentrancy/%s/%s", place_names[i / N_DEEDS],
                                               deed_names[i % N_DEEDS]);

      combinations[i] = (Combination) { i / N_DEEDS, i % N_DEEDS };
      test_add (path, &combinations[i], test_combination);
    }
  test_add ("/reentrancy/crowd/stop", &crowds[0], test_crowd);
  test_add ("/reentrancy/crowd/start", &crowds[1], test_crowd);

  return g_test_run ();
}
