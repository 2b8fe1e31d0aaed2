/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results that are parsed in threads and freed bit by bit: however many there are, whenever nobody wants
 * them any more, and whatever else is told between them. */

#include <string.h>

#include "extension-host-tree-private.h"
#include "rpc-util.h"

#define MIB (1024 * 1024)

/* One that has about as many values as there may be. */
#define LARGE "--big-result=700000:objects"

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

  test_add ("/large-results/do-not-pile-up", NULL, test_trees_do_not_pile_up);

  return g_test_run ();
}
