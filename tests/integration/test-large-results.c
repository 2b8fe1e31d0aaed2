/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results that are parsed in threads and freed bit by bit: however many there are, whenever nobody wants
 * them any more, and whatever else is told between them. */

#include <dlfcn.h>
#include <string.h>

#include "extension-host-tree-private.h"
#include "rpc-util.h"

#define MIB (1024 * 1024)

/* One that has about as many values as there may be. */
#define LARGE "--big-result=700000:objects"

/* Threads */

static GThread *main_thread;   /* where nothing large is parsed; NULL while nobody looks */

/* Instead of that of json-glib, which does the work. */
gboolean
json_parser_load_from_data (JsonParser   *parser,
                            const char   *data,
                            gssize        length,
                            GError      **error)
{
  gboolean (*load) (JsonParser *, const char *, gssize, GError **) =
    (gboolean (*) (JsonParser *, const char *, gssize, GError **))
      dlsym (RTLD_NEXT, "json_parser_load_from_data");

  g_assert_true (g_thread_self () != main_thread || length < 8 * 1024);

  return load (parser, data, length, error);
}

static void
test_result (TestFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--big-result=90000:objects", NULL));
  g_auto(RpcCall) call = { NULL };

  main_thread = g_thread_self ();
  rpc_call (&call, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  g_assert_no_error (call.error);
  main_thread = NULL;
  rpc_stop (process);
}

/* Whatever the call is to be answered with. */
static void
test_data_of_error (TestFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autofree char *text = g_strnfill (20000, ' ');
  g_autofree char *message =
    g_strdup_printf ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":"
                     "{\"code\":1,\"message\":\"\",\"data\":\"%s\"}}]", text);
  g_auto(RpcCall) call = { NULL };

  main_thread = g_thread_self ();
  rpc_call_bytes (&call, process, "say", message, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_RPC_ERROR, 1);
  g_assert_cmpstr (json_node_get_string (extension_host_call_failure_get_data (call.failure)), ==,
                   text);
  main_thread = NULL;
  rpc_stop (process);
}

/* What is so large is no refusal. */
static void
test_shutdown_reply (TestFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--big-result=90000:objects", NULL));
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  main_thread = g_thread_self ();
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_nonnull (outcome);
  g_assert_true (extension_host_stop_outcome_get_acknowledged (outcome));
  main_thread = NULL;
}

/* Bounds */

typedef struct
{
  guint n_begun;
  guint n_answers;
  gsize most;      /* bytes that waited to be freed */
} Stream;

static void on_answer (GObject      *object,
                       GAsyncResult *result,
                       gpointer      user_data);

static void
ask (ExtensionHostProcess *process,
     Stream               *stream)
{
  stream->n_begun++;
  extension_host_process_call_async (process, "echo", NULL, 0, NULL, on_answer, stream);
}

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Stream *stream = user_data;
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (object);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = extension_host_process_call_finish (process, result, &error);

  g_assert_no_error (error);
  stream->n_answers++;
  if (stream->n_begun < 40)
    ask (process, stream);
}

static guint
look (TestFixture *fixture,
      Stream      *stream)
{
  stream->most = MAX (stream->most, extension_host_tree_get_waiting (fixture->context));

  return stream->n_answers;
}

/* Two threads parse faster than one main loop frees when it has nothing else to do. */
static void
test_trees_do_not_pile_up (TestFixture   *fixture,
                           gconstpointer  data)
{
  ExtensionHostProcess *processes[4];
  Stream stream = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      processes[i] = rpc_start (fixture, rpc_spec_new (fixture, "h", LARGE, NULL));
      ask (processes[i], &stream);
      ask (processes[i], &stream);
    }
  test_wait_until (fixture, look (fixture, &stream) == stream.n_begun);
  g_test_message ("%" G_GSIZE_FORMAT " MiB", stream.most / MIB);
  g_assert_cmpuint (stream.most, <, 128 * MIB);

  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      rpc_stop (processes[i]);
      g_object_unref (processes[i]);
    }
  test_wait_until (fixture, extension_host_tree_get_waiting (fixture->context) == 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/large-results/threads/result", NULL, test_result);
  test_add ("/large-results/threads/data-of-error", NULL, test_data_of_error);
  test_add ("/large-results/threads/shutdown-reply", NULL, test_shutdown_reply);
  test_add ("/large-results/do-not-pile-up", NULL, test_trees_do_not_pile_up);

  return g_test_run ();
}
