/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Commands of extensions: what they are given, and what comes back. */

#include "extension-util.h"

#include <string.h>

/* A host, and an extension in it that is active. */
static Extension *
begin (ExtensionScene *scene,
       TestFixture    *fixture)
{
  Extension *extension = NULL;

  extension_scene_init (scene, fixture, rpc_spec_new (fixture, "h", "--cancel-notices", NULL));
  extension = extension_add (scene, "a", "/x/ok");
  extension_scene_start (scene);
  extension_wait (scene, extension, ACTIVE);

  return extension;
}

static void
test_arguments (TestFixture   *fixture,
                gconstpointer  data)
{
  static const struct
  {
    const char *arguments;
    const char *expected;
  } cases[] = {
    { NULL, "{\"id\":\"a\",\"command\":\"echo\"}" },
    { "{}", "{\"id\":\"a\",\"command\":\"echo\",\"arguments\":{}}" },
    { "[]", "{\"id\":\"a\",\"command\":\"echo\",\"arguments\":[]}" },
    { "{\"x\":[1,null]}", "{\"id\":\"a\",\"command\":\"echo\",\"arguments\":{\"x\":[1,null]}}" },
    { "[\"\\n\"]", "{\"id\":\"a\",\"command\":\"echo\",\"arguments\":[\"\\n\"]}" },
  };
  g_auto(ExtensionScene) scene = { NULL };
  Extension *extension = begin (&scene, fixture);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto(RpcCall) call = { NULL };

      extension_call (&call, extension, scene.process, "echo", cases[i].arguments, 0, NULL);
      g_assert_cmpuint (call.n_answers, ==, 0);
      rpc_wait (fixture, &call);
      rpc_assert_text (&call, cases[i].expected);
    }
  extension_scene_stop (&scene);
}

static void
test_refused_arguments (TestFixture   *fixture,
                        gconstpointer  data)
{
  static const char *const scalars[] = { "1", "\"text\"", "true", "null" };
  g_auto(ExtensionScene) scene = { NULL };
  Extension *extension = begin (&scene, fixture);

  for (guint i = 0; i < G_N_ELEMENTS (scalars); i++)
    {
      g_auto(RpcCall) call = { NULL };

      extension_call (&call, extension, scene.process, "echo", scalars[i], 0, NULL);
      g_assert_cmpuint (call.n_answers, ==, 0);
      rpc_wait (fixture, &call);
      rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
    }
  extension_scene_stop (&scene);
}

/* Whatever is in a name comes as it was, and stays in its line. */
static void
test_odd_names (TestFixture   *fixture,
                gconstpointer  data)
{
  static const char *const names[] = {
    "\"quoted\" \\ back", "new\nline\r\ttab", "\xc3\xa4\xf0\x9f\x98\x80", "},\"id\":7,{",
    "a\x01\x1f\x7f", " ", "'", "</script>", "%s%n", "../..",
  };
  g_auto(ExtensionScene) scene = { NULL };

  extension_scene_init (&scene, fixture, rpc_spec_new (fixture, "h", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat (names[i], "/ok", NULL);

      extension_add (&scene, names[i], path);
    }
  extension_scene_start (&scene);
  test_wait_until (fixture, extension_all_are (&scene, ACTIVE));

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto(RpcCall) call = { NULL };
      g_autoptr(JsonNode) node = NULL;
      JsonObject *params = NULL;

      extension_call (&call, extension_nth (scene.process, i), scene.process, names[i], NULL, 0,
                      NULL);
      rpc_wait (fixture, &call);
      g_assert_no_error (call.error);
      node = rpc_json (call.text);
      params = json_node_get_object (node);
      g_assert_cmpstr (json_object_get_string_member (params, "id"), ==, names[i]);
      g_assert_cmpstr (json_object_get_string_member (params, "command"), ==, names[i]);
    }
  g_assert_cmpuint (extension_host_process_get_protocol_errors (scene.process), ==, 0);
  extension_scene_stop (&scene);
}

static void
test_error (TestFixture   *fixture,
            gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };
  g_autofree char *text = NULL;
  Extension *extension = begin (&scene, fixture);

  extension_call (&call, extension, scene.process, "fail", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_RPC_ERROR, -7);
  g_assert_cmpstr (extension_host_call_failure_get_message (call.failure), ==, "no such luck");
  text = json_to_string (extension_host_call_failure_get_data (call.failure), FALSE);
  g_assert_cmpstr (text, ==, "{\"why\":[1]}");
  g_assert_true (extension_host_call_failure_get_written (call.failure));
  g_assert_cmpuint (extension_host_call_failure_get_generation (call.failure), ==, 1);
  g_assert_true (extension_is (extension, ACTIVE));   /* its command failed, and not itself */
  extension_scene_stop (&scene);
}

static void
test_cancel (TestFixture   *fixture,
             gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) before = { NULL };
  g_auto(RpcCall) call = { NULL };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Extension *extension = begin (&scene, fixture);

  extension_call (&call, extension, scene.process, "hold", NULL, 0, cancellable);
  g_free (rpc_ask (fixture, scene.process, "echo", NULL));
  g_cancellable_cancel (cancellable);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (extension_host_call_failure_get_written (call.failure));
  test_wait_until (fixture, scene.record->lines->len >= 2);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (scene.record->lines, 1), "cancel "));

  extension_call (&before, extension, scene.process, "echo", NULL, 0, cancellable);
  rpc_wait (fixture, &before);
  rpc_assert_error (&before, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (extension_host_call_failure_get_written (before.failure));

  /* Nobody waits any more: that it was called is no ground for suspicion. */
  extension_host_process_call_async (scene.process, "die", NULL, 0, NULL, NULL, NULL);
  test_wait_until (fixture, extension_host_process_get_state (scene.process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  extension_assert_suspects (&scene, "");
}

static void
test_timeout (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };
  Extension *extension = begin (&scene, fixture);

  extension_call (&call, extension, scene.process, "hold", NULL, 30, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  g_assert_cmpint (call.took, >=, 30 * 1000);
  g_assert_true (extension_is (extension, ACTIVE));
  extension_scene_stop (&scene);
}

/* One that is not active fails at once, and not within the call. */

static void
assert_refused (ExtensionScene *scene,
                Extension      *extension,
                int             code)
{
  g_auto(RpcCall) call = { NULL };

  extension_call (&call, extension, scene->process, "echo", NULL, 0, NULL);
  g_assert_cmpuint (call.n_answers, ==, 0);
  rpc_wait (scene->fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, code);
  g_assert_false (extension_host_call_failure_get_written (call.failure));
  g_assert_nonnull (strstr (call.error->message, extension_host_extension_get_id (extension)));
}

static void
test_not_active (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  Extension *ok = NULL, *failed = NULL, *held = NULL, *culprit = NULL;

  extension_scene_init_immortal (&scene, fixture);
  ok = extension_add (&scene, "ok", "/x/ok");
  failed = extension_add (&scene, "failed", "/x/fail");
  held = extension_add (&scene, "held", "/x/hold");
  assert_refused (&scene, ok, EXTENSION_HOST_ERROR_NOT_RUNNING);   /* inactive */

  extension_scene_start (&scene);
  extension_wait (&scene, ok, ACTIVE);
  extension_wait (&scene, failed, FAILED);
  assert_refused (&scene, failed, EXTENSION_HOST_ERROR_FAILED);
  assert_refused (&scene, held, EXTENSION_HOST_ERROR_NOT_RUNNING);   /* activating */

  extension_scene_stop (&scene);
  assert_refused (&scene, ok, EXTENSION_HOST_ERROR_NOT_RUNNING);     /* lost */
  assert_refused (&scene, failed, EXTENSION_HOST_ERROR_FAILED);

  g_assert_true (extension_host_process_remove_extension (scene.process, "held", NULL));
  culprit = extension_add (&scene, "culprit", "/x/crash");
  extension_scene_start (&scene);
  extension_wait (&scene, culprit, QUARANTINED);
  assert_refused (&scene, culprit, EXTENSION_HOST_ERROR_QUARANTINED);
  extension_wait (&scene, ok, ACTIVE);
  extension_scene_stop (&scene);
  assert_refused (&scene, culprit, EXTENSION_HOST_ERROR_QUARANTINED);
}

/* Calls that a host leaves open end with it, once, and find the extension lost. */

typedef struct
{
  Extension *extension;
  guint n_answers;
} Lost;

static void
on_lost_answer (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Lost *self = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_true (object == (GObject *) self->extension);
  g_assert_null (extension_host_extension_call_finish (self->extension, result, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_true (extension_is (self->extension, LOST));
  self->n_answers++;
}

static void
test_lost (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  Lost lost = { .extension = begin (&scene, fixture) };

  for (guint i = 0; i < 20; i++)
    extension_host_extension_call_async (lost.extension, "hold", NULL, 0, NULL, on_lost_answer,
                                         &lost);
  extension_host_process_call_async (scene.process, "die", NULL, 0, NULL, NULL, NULL);
  test_wait_until (fixture, lost.n_answers == 20);
  test_wait_until (fixture, extension_host_process_get_state (scene.process) ==
                            EXTENSION_HOST_STATE_CRASHED);
  g_assert_cmpuint (lost.n_answers, ==, 20);
  extension_assert_suspects (&scene, "a");
}

/* Calls keep their host: it goes when they all have been answered. */
static void
test_dropped_host (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_autoptr(ExtensionHostExtension) extension = g_object_ref (begin (&scene, fixture));
  RpcCall calls[10] = { { NULL } };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    extension_call (&calls[i], extension, NULL, i % 2 == 0 ? "echo" : "hold", NULL, 0,
                    i % 2 == 0 ? NULL : cancellable);
  g_clear_object (&scene.process);
  g_assert_nonnull (scene.watched);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i += 2)
    {
      rpc_wait (fixture, &calls[i]);
      g_assert_no_error (calls[i].error);
    }
  g_assert_nonnull (scene.watched);
  g_cancellable_cancel (cancellable);
  test_wait_until (fixture, scene.watched == NULL);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      rpc_wait (fixture, &calls[i]);
      g_assert_cmpuint (calls[i].n_answers, ==, 1);
      if (i % 2 == 1)
        g_assert_error (calls[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      rpc_call_clear (&calls[i]);
    }
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
}

static void
test_disposed_host (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) held = { NULL };
  g_auto(RpcCall) late = { NULL };
  Extension *extension = begin (&scene, fixture);

  extension_call (&held, extension, NULL, "hold", NULL, 0, NULL);
  g_object_run_dispose (G_OBJECT (scene.process));
  extension_call (&late, extension, NULL, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &held);
  rpc_wait (fixture, &late);
  g_assert_error (held.error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  g_assert_error (late.error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
}

/* The host knows why a call of one that was removed failed. */
static void
test_removed (TestFixture   *fixture,
              gconstpointer  data)
{
  g_auto(ExtensionScene) scene = { NULL };
  g_auto(RpcCall) call = { NULL };
  g_autoptr(ExtensionHostExtension) extension = g_object_ref (begin (&scene, fixture));

  g_assert_true (extension_host_process_remove_extension (scene.process, "a", NULL));
  extension_call (&call, extension, scene.process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  extension_scene_stop (&scene);
}

/* A host whose manager is gone is closed, even if somebody still has it. */
static void
test_closed_manager (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_auto(RpcCall) call = { NULL };
  g_auto(RpcCall) other = { NULL };
  Extension *extension = NULL;

  process = g_object_ref (extension_host_manager_add (manager, spec, NULL));
  extension = extension_host_process_add_extension (process, "a", "/x/ok", NULL);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, extension_is (extension, ACTIVE));
  g_clear_object (&manager);
  extension_call (&call, extension, process, "echo", NULL, 0, NULL);
  rpc_call (&other, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_wait (fixture, &other);
  rpc_assert_error (&other, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
  test_wait_polling (fixture, 5, test_count_tagged (fixture) == 0);
}

static gpointer
call_here (gpointer extension)
{
  extension_host_extension_call_async (extension, "echo", NULL, 0, NULL, NULL, NULL);

  return NULL;
}

static void
test_other_thread (TestFixture   *fixture,
                   gconstpointer  data)
{
  if (g_test_subprocess ())
    {
      g_auto(ExtensionScene) scene = { NULL };
      Extension *extension = begin (&scene, fixture);

      g_thread_join (g_thread_new ("foreigner", call_here, extension));
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_stderr ("*CRITICAL*extension_host_process_is_own_thread*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/extensions/calls/arguments", NULL, test_arguments);
  test_add ("/extensions/calls/refused-arguments", NULL, test_refused_arguments);
  test_add ("/extensions/calls/odd-names", NULL, test_odd_names);
  test_add ("/extensions/calls/error", NULL, test_error);
  test_add ("/extensions/calls/cancel", NULL, test_cancel);
  test_add ("/extensions/calls/timeout", NULL, test_timeout);
  test_add ("/extensions/calls/not-active", NULL, test_not_active);
  test_add ("/extensions/calls/lost", NULL, test_lost);
  test_add ("/extensions/calls/removed", NULL, test_removed);
  test_add ("/extensions/calls/closed-manager", NULL, test_closed_manager);
  test_add ("/extensions/calls/other-thread", NULL, test_other_thread);
  test_add ("/extensions/calls/dropped-host", NULL, test_dropped_host);
  test_add ("/extensions/calls/disposed-host", NULL, test_disposed_host);

  return g_test_run ();
}
