/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where there is no room left, or no time: what the host is told, and what is not held against it. */

#include "test-rpc-fixture.h"
#include "extension-host-intake-private.h"

#define REQUEST(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"do\"}\n"
#define INVALID(id, why) \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":-32600,\"message\":\"" why "\"}}\n"
#define BRIEF 20       /* ms */
#define SECONDS 2000   /* ms: not over before the first turn, on a busy machine either */

/* Wrong requests are answered */

static const struct {
  const char *text;
  const char *answer;
} wrong[] = {
  { "{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"do\"}\n", INVALID ("7", "jsonrpc is not \\\"2.0\\\"") },
  { "{\"id\":\"x\",\"method\":\"do\"}\n", INVALID ("\"x\"", "no jsonrpc member") },
  { "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":1}\n",
    INVALID ("8", "the method is not a name") },
  { "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"do\",\"params\":1}\n",
    INVALID ("9", "params are neither object nor array") },
  { "{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"do\"} {}\n",
    INVALID ("10", "more text after the message") },

  /* No request, or nobody to answer to */
  { "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"do\"}\n", "" },
  { "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"do\"}\n", "" },
  { "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"do\"}\n", "" },
  { "{\"jsonrpc\":\"1.0\",\"method\":\"do\"}\n", "" },
  { "{\"jsonrpc\":\"2.0\",\"id\":5}\n", "" },
  { "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"do\",\"result\":1}\n", "" },
  { "[{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"do\"}]\n", "" },
};

static void
test_wrong_requests_are_answered (Fixture       *fixture,
                                  gconstpointer  data)
{
  attach (fixture, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      say (fixture, wrong[i].text);
      assert_counted (fixture, 1, 0);
      assert_heard (fixture, wrong[i].answer);
    }
  g_assert_cmpuint (fixture->incoming.length, ==, 0);
}

static void
test_request_that_is_too_deep (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autofree char *brackets = g_strnfill (200, '[');
  g_autofree char *ends = g_strnfill (200, ']');
  g_autofree char *text = g_strdup_printf (
    "{\"jsonrpc\":\"2.0\",\"method\":\"do\",\"params\":%s%s,\"id\":\"late\"}\n", brackets, ends);

  attach (fixture, TRUE);
  say (fixture, text);
  assert_counted (fixture, 1, 0);
  assert_heard (fixture, INVALID ("\"late\"", "nested too deeply"));
}

static void
test_request_that_is_too_long (Fixture       *fixture,
                               gconstpointer  data)
{
  g_autofree char *padding = g_strnfill (5000, 'x');
  g_autofree char *text = g_strdup_printf (
    "{\"jsonrpc\":\"2.0\",\"method\":\"do\",\"params\":[\"%s\"],\"id\":11}\n", padding);

  fixture->spec->max_message_size = 1024;
  attach (fixture, TRUE);
  say (fixture, text);
  assert_counted (fixture, 1, 0);
  assert_heard (fixture, INVALID ("11", "a message that is too long"));
}

static void
test_who_does_not_read_is_not_answered (Fixture       *fixture,
                                        gconstpointer  data)
{
  gsize queued = 0;

  fixture->spec->max_write_queue = 20000;
  attach (fixture, TRUE);
  for (guint i = 0; i < 10000 && extension_host_rpc_get_queued (fixture->rpc) <= 20000; i++)
    say (fixture, wrong[0].text);
  queued = extension_host_rpc_get_queued (fixture->rpc);
  g_assert_cmpuint (queued, >, 20000);
  say (fixture, wrong[0].text);
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, queued);
}

/* No room */

static JsonNode *
make_tree (gsize length)
{
  g_autofree char *padding = g_strnfill (length, 'x');
  JsonArray *array = json_array_new ();
  JsonNode *tree = json_node_new (JSON_NODE_ARRAY);

  json_array_add_string_element (array, padding);
  json_node_take_array (tree, array);

  return tree;
}

static ExtensionHostCall *
call_with_tree (Fixture  *fixture,
                gsize     length,
                Answer   *answer,
                GError  **error)
{
  g_autoptr(JsonNode) tree = make_tree (length);

  return extension_host_rpc_call_node (fixture->rpc, "a", tree, 1, on_reply, answer, error);
}

static void
assert_refused (Fixture *fixture,
                gsize    queued)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (call_with_tree (fixture, 2000, NULL, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, queued);
  g_assert_cmpuint (extension_host_rpc_get_pending (fixture->rpc), ==, queued > 0);
}

/* How long a tree is shows only when it has been written: nothing of it may be left then. */
static void
test_tree_without_room (Fixture       *fixture,
                        gconstpointer  data)
{
  Answer *waiting = NULL;

  fixture->spec->max_write_queue = 1000;
  attach (fixture, FALSE);
  assert_refused (fixture, 0);
  waiting = call (fixture, "first");
  assert_refused (fixture, extension_host_rpc_get_queued (fixture->rpc));

  extension_host_rpc_set_ready (fixture->rpc);
  assert_refused (fixture, extension_host_rpc_get_queued (fixture->rpc));
  turn (fixture);
  assert_heard (fixture, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"first\"}\n");
  say (fixture, RESULT ("2", "1"));
  assert_result (waiting, "1");

  assert_refused (fixture, 0);
  turn (fixture);
  assert_heard (fixture, "");
}

static void
test_request_without_room (Fixture       *fixture,
                           gconstpointer  data)
{
  attach (fixture, TRUE);
  fixture->full = TRUE;
  say (fixture, REQUEST ("1"));
  g_assert_cmpuint (fixture->incoming.length, ==, 0);
  assert_heard (fixture, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32002,"
                         "\"message\":\"too many requests in work\"}}\n");
  fixture->full = FALSE;
  say (fixture, REQUEST ("2"));
  g_assert_cmpuint (fixture->incoming.length, ==, 1);
}

static void
test_answer_without_room (Fixture       *fixture,
                          gconstpointer  data)
{
  Answer *answer, *next;

  attach (fixture, TRUE);
  answer = call (fixture, "a");
  next = call (fixture, "b");
  turn (fixture);
  say (fixture, "{\"jsonrpc\":\"2.0\",\"id\":1,");
  extension_host_channel_drop_partial (fixture->channel);
  say (fixture, "\"result\":[1,2,3]}\n" RESULT ("2", "2"));
  assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  assert_result (next, "2");
}

static void
test_room_is_shared (Fixture       *fixture G_GNUC_UNUSED,
                     gconstpointer  data)
{
  const gsize mib = 1024 * 1024;
  ExtensionHostIntake *intake = extension_host_intake_new ();
  ExtensionHostIntakeShare much = { NULL, 0 }, little = { NULL, 0 };

  extension_host_intake_share_join (&much, intake);
  extension_host_intake_share_join (&little, intake);
  extension_host_intake_share_set (&much, 200 * mib, 0);
  extension_host_intake_share_set (&little, 56 * mib, 0);
  g_assert_cmpuint (extension_host_intake_get_bytes (intake), ==, 256 * mib);
  g_assert_true (extension_host_intake_share_may_grow (&much));
  g_assert_true (extension_host_intake_share_may_grow (&little));

  extension_host_intake_share_set (&much, 252 * mib, 0);
  g_assert_false (extension_host_intake_share_may_grow (&much));
  g_assert_false (extension_host_intake_share_may_grow (&little));
  extension_host_intake_share_set (&little, 5 * mib, 0);
  g_assert_false (extension_host_intake_share_may_grow (&much));
  g_assert_true (extension_host_intake_share_may_grow (&little));   /* it has little */

  extension_host_intake_share_leave (&much);
  g_assert_cmpuint (extension_host_intake_get_bytes (intake), ==, 5 * mib);
  g_assert_true (extension_host_intake_share_may_grow (&little));
  extension_host_intake_unref (intake);
  extension_host_intake_share_leave (&little);   /* the last one frees it */
  extension_host_intake_share_leave (&little);
}

static void
test_share_moves_with_what_it_has (Fixture       *fixture G_GNUC_UNUSED,
                                   gconstpointer  data)
{
  ExtensionHostIntake *first = extension_host_intake_new ();
  ExtensionHostIntake *second = extension_host_intake_new ();
  ExtensionHostIntakeShare share = { NULL, 0 };

  extension_host_intake_share_join (&share, first);
  extension_host_intake_share_set (&share, 1000, 0);
  extension_host_intake_share_join (&share, second);
  g_assert_cmpuint (extension_host_intake_get_bytes (first), ==, 0);
  g_assert_cmpuint (extension_host_intake_get_bytes (second), ==, 1000);

  extension_host_intake_share_leave (&share);
  extension_host_intake_unref (first);
  extension_host_intake_unref (second);
}

/* No time */

static void
pass (Fixture *fixture,
      Answer  *answer)
{
  gint64 due = answer->call->deadline.due;

  while (g_get_monotonic_time () <= due)
    ;
  turn (fixture);
}

static void
test_nothing_times_out_while_we_do_not_read (Fixture       *fixture,
                                             gconstpointer  data)
{
  Answer *answer, *other;

  attach (fixture, TRUE);
  answer = call_full (fixture, "a", NULL, SECONDS, FALSE, NULL);
  other = call_full (fixture, "b", NULL, SECONDS, FALSE, NULL);
  turn (fixture);
  extension_host_channel_set_reading (fixture->channel, FALSE);
  say (fixture, RESULT ("1", "1"));
  for (guint i = 0; i < 3; i++)
    {
      pass (fixture, other);
      assert_pending (answer);
      assert_pending (other);
    }

  extension_host_channel_set_reading (fixture->channel, TRUE);
  turn (fixture);
  assert_result (answer, "1");
  wait_until (fixture, other->n > 0);
  assert_failed (other, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
}

/* A host that writes without end is always behind: it is judged by what it had written in time. */
static void
test_flood_is_no_excuse (Fixture       *fixture,
                         gconstpointer  data)
{
  Answer *answer;

  attach (fixture, TRUE);
  answer = call_full (fixture, "a", NULL, BRIEF, FALSE, NULL);
  for (guint i = 0; i < 1000000 && answer->n == 0; i++)
    say (fixture, "noise\n");
  assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
}

/* The oldest call fails first, also when ids began anew in between. */
static void
test_failures_come_in_order (Fixture       *fixture,
                             gconstpointer  data)
{
  Answer *answers[4];
  g_autoptr(GError) error = g_error_new_literal (EXTENSION_HOST_ERROR,
                                                 EXTENSION_HOST_ERROR_HOST_EXITED, "gone");

  attach (fixture, TRUE);
  fixture->rpc->last_id = G_MAXINT32 - 2;
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i] = call (fixture, "a");
  turn (fixture);
  extension_host_rpc_fail_written (fixture->rpc, error);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_assert_cmpuint (answers[i]->rank, ==, answers[0]->rank + i);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("wrong/requests-are-answered", test_wrong_requests_are_answered);
  add ("wrong/request-that-is-too-deep", test_request_that_is_too_deep);
  add ("wrong/request-that-is-too-long", test_request_that_is_too_long);
  add ("wrong/who-does-not-read-is-not-answered", test_who_does_not_read_is_not_answered);
  add ("room/tree", test_tree_without_room);
  add ("room/request", test_request_without_room);
  add ("room/answer", test_answer_without_room);
  add ("room/is-shared", test_room_is_shared);
  add ("room/share-moves", test_share_moves_with_what_it_has);
  add ("time/nothing-times-out-while-we-do-not-read", test_nothing_times_out_while_we_do_not_read);
  add ("time/flood-is-no-excuse", test_flood_is_no_excuse);
  add ("failures/come-in-order", test_failures_come_in_order);

  return g_test_run ();
}
