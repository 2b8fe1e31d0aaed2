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

/* Order */

static void
on_notification (ExtensionHostProcess *process,
                 const char           *method,
                 JsonNode             *params,
                 gpointer              told)
{
  g_string_append_printf (told, " %s", method);
}

static void
on_ordered (GObject      *object,
            GAsyncResult *result,
            gpointer      told)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node =
    extension_host_process_call_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  g_assert_no_error (error);
  g_string_append (told, JSON_NODE_HOLDS_ARRAY (node) ? " answer" : " done");
}

static void
echo (ExtensionHostProcess *process,
      gsize                 length,
      GString              *told)
{
  g_autofree char *text = g_strnfill (length, 'x');
  g_autofree char *params = g_strdup_printf ("[\"%s\"]", text);
  g_autoptr(JsonNode) node = rpc_json (params);

  extension_host_process_call_async (process, "echo", node, 0, NULL, on_ordered, told);
}

/* Whatever takes longer, and on both sides of what is read at once. */
static void
test_order (TestFixture   *fixture,
            gconstpointer  data)
{
  static const gsize lengths[] = { 1, 10000, 65450, 65536, 65600, 300000 };
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(JsonNode) name = rpc_json ("[\"note\"]");
  g_autoptr(GString) told = g_string_new (NULL);
  g_autoptr(GString) expected = g_string_new (NULL);

  g_signal_connect (process, "notification", G_CALLBACK (on_notification), told);
  for (guint i = 0; i < 5 * G_N_ELEMENTS (lengths); i++)
    {
      echo (process, lengths[i % G_N_ELEMENTS (lengths)], told);
      extension_host_process_call_async (process, "notify", name, 0, NULL, on_ordered, told);
      g_string_append (expected, " answer note done");
    }
  test_wait_until (fixture, told->len >= expected->len);
  g_assert_cmpstr (told->str, ==, expected->str);
  rpc_stop (process);
}

/* Ends */

typedef enum
{
  UNWANTED_CANCELLED,
  UNWANTED_LATE,
  UNWANTED_STOPPED,
  UNWANTED_DISPOSED,
  UNWANTED_DROPPED,
  N_UNWANTED,
} Unwanted;

static void
on_unwanted (GObject      *object,
             GAsyncResult *result,
             gpointer      n_answers)
{
  g_autoptr(JsonNode) node G_GNUC_UNUSED =
    extension_host_process_call_finish (EXTENSION_HOST_PROCESS (object), result, NULL);

  (*(guint *) n_answers)++;
}

static void
on_stopped (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(ExtensionHostStopOutcome) outcome G_GNUC_UNUSED =
    extension_host_process_stop_finish (EXTENSION_HOST_PROCESS (object), result, NULL);
}

static void
end (Unwanted              how,
     ExtensionHostManager *manager,
     ExtensionHostProcess *process,
     GCancellable         *cancellable)
{
  switch (how)
    {
    case UNWANTED_CANCELLED:
      g_cancellable_cancel (cancellable);
      break;
    case UNWANTED_STOPPED:
      extension_host_process_stop_async (process, NULL, on_stopped, NULL);
      break;
    case UNWANTED_DISPOSED:
      g_object_run_dispose (G_OBJECT (process));
      break;
    case UNWANTED_DROPPED:
      g_object_run_dispose (G_OBJECT (manager));
      break;
    case UNWANTED_LATE:
    case N_UNWANTED:
    default:
      break;
    }
}

/* After @n turns of the main loop, and some, it is over: before there is an answer, while that is parsed, or when
 * it waits to be freed. */
static void
give_up (TestFixture *fixture,
         Unwanted     how,
         guint        n)
{
  ExtensionHostManager *manager = extension_host_manager_new ();
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--big-result=90000:objects", NULL);
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  guint n_answers = 0, n_turns = 0;

  g_object_unref (spec);
  g_assert_true (extension_host_process_start (process, NULL));
  rpc_wait_running (fixture, process);
  for (guint i = 0; i < 3; i++)
    extension_host_process_call_async (process, "echo", NULL, how == UNWANTED_LATE ? 1 + n : 0,
                                       cancellable, on_unwanted, &n_answers);
  test_wait_polling (fixture, 1, n_turns++ >= n);
  end (how, manager, process, cancellable);
  test_wait_until (fixture, n_answers >= 3);
  g_object_unref (manager);
  g_assert_cmpuint (n_answers, ==, 3);
}

static void
test_unwanted (TestFixture   *fixture,
               gconstpointer  data)
{
  for (Unwanted how = 0; how < N_UNWANTED; how++)
    for (guint n = 0; n < 20; n++)
      give_up (fixture, how, n);
  test_wait_until (fixture, extension_host_tree_get_waiting (fixture->context) == 0);
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
  g_autoptr(JsonNode) node G_GNUC_UNUSED =
    extension_host_process_call_finish (process, result, &error);

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
  test_add ("/large-results/order", NULL, test_order);
  test_add ("/large-results/unwanted", NULL, test_unwanted);
  test_add ("/large-results/do-not-pile-up", NULL, test_trees_do_not_pile_up);

  return g_test_run ();
}
