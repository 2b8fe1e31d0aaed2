/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-rpc-fixture.h"

#define MCP "mcp"
#define URGENT_ROOM (64 * 1024)

/* Answers */

static void
test_answers_find_their_calls (Fixture       *fixture,
                               gconstpointer  data)
{
  Answer *first, *second, *third;

  attach (fixture, TRUE);
  first = call (fixture, "a");
  second = call_full (fixture, "b", "{\"x\":\n[1]}", EXTENSION_HOST_NO_TIMEOUT, FALSE, NULL);
  third = call (fixture, "c\"");
  assert_heard (fixture, SENT (1, "a")
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"b\",\"params\":{\"x\": [1]}}\n"
                SENT (3, "c\\\""));
  g_assert_cmpuint (extension_host_rpc_get_pending (fixture->rpc), ==, 3);

  say (fixture, RESULT ("3", "\"three\"") RESULT ("\"1\"", "{ \"one\" : 1 }"));
  assert_result (first, "{ \"one\" : 1 }");
  assert_pending (second);
  assert_result (third, "\"three\"");
  say (fixture, RESULT ("2", "null"));
  assert_result (second, "null");
  g_assert_true (second->reply->written);
  g_assert_cmpuint (second->reply->generation, ==, 1);
  g_assert_cmpuint (extension_host_rpc_get_pending (fixture->rpc), ==, 0);
  assert_counted (fixture, 0, 0);
}

static void
test_facts_of_the_scan_are_kept (Fixture       *fixture,
                                 gconstpointer  data)
{
  static const char text[] = RESULT ("1", "[1,{\"a\":2},\"\\u0000\",\"\xff\"]");
  Answer *answer;

  attach (fixture, TRUE);
  answer = call (fixture, "a");
  turn (fixture);
  say (fixture, text);
  assert_result (answer, "[1,{\"a\":2},\"\\u0000\",\"\xff\"]");
  g_assert_cmpuint (answer->reply->payload.n_values, ==, 6);
  g_assert_true (answer->reply->payload.needs_repair);
  g_assert_true (answer->reply->payload.has_nul);
}

static void
test_error_is_kept (Fixture       *fixture,
                    gconstpointer  data)
{
  Answer *with_data, *without;

  attach (fixture, TRUE);
  with_data = call (fixture, "a");
  without = call (fixture, "b");
  turn (fixture);
  say (fixture, "{\"error\":{\"data\":{\"why\":[ 1 ]},\"message\":\"no \\u00e4\\n\","
                "\"code\":-32601},\"id\":1,\"jsonrpc\":\"2.0\"}\n"
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":7,\"message\":\"\"}}\n");
  assert_failed (with_data, EXTENSION_HOST_RPC_ERROR, -32601);
  g_assert_cmpstr (with_data->reply->error->message, ==, "no ä\n");
  assert_payload (&with_data->reply->payload, "{\"why\":[ 1 ]}");
  assert_failed (without, EXTENSION_HOST_RPC_ERROR, 7);
  g_assert_cmpstr (without->reply->error->message, ==, "");
  assert_payload (&without->reply->payload, NULL);
  assert_counted (fixture, 0, 0);
}

static void
test_duplicate_and_late_answers_are_stale (Fixture       *fixture,
                                           gconstpointer  data)
{
  attach (fixture, TRUE);
  call (fixture, "a");
  turn (fixture);
  say (fixture, RESULT ("1", "1") RESULT ("1", "2"));
  assert_result (g_ptr_array_index (fixture->answers, 0), "1");
  assert_counted (fixture, 0, 1);

  abandon (fixture, call (fixture, "b"));
  say (fixture, RESULT ("2", "1") RESULT ("\"2\"", "1"));
  assert_counted (fixture, 0, 2);

  call (fixture, "c");
  turn (fixture);
  attach (fixture, TRUE);
  fail_written (fixture);
  call (fixture, "d");
  turn (fixture);
  say (fixture, RESULT ("3", "1"));   /* of the generation before */
  assert_counted (fixture, 0, 1);
  assert_pending (g_ptr_array_index (fixture->answers, 3));
}

/* Although it is still pending, this host was never asked. */
static void
test_answer_of_another_generation_is_stale (Fixture       *fixture,
                                            gconstpointer  data)
{
  Answer *answer;

  attach (fixture, TRUE);
  answer = call (fixture, "a");
  turn (fixture);
  attach (fixture, TRUE);
  say (fixture, RESULT ("1", "1"));
  assert_pending (answer);
  assert_counted (fixture, 0, 1);
}

static void
test_answers_to_nothing_are_problems (Fixture       *fixture,
                                      gconstpointer  data)
{
  static const char *const ids[] =
    { "0", "2", "\"2\"", "2147483647", "2147483648", "4294967297", "-1", "1.5", "1e0", "null", "01",
      "\"01\"", "\"1 \"", "\"abc\"", "\"\"", "[]", "{}", "true", "\"\\u0031\"" };
  Answer *answer;

  attach (fixture, TRUE);
  answer = call (fixture, "a");
  turn (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *text = g_strdup_printf (RESULT ("%s", "1"), ids[i]);

      say (fixture, text);
      if (!g_str_equal (ids[i], "01"))   /* which is no JSON */
        assert_counted (fixture, 1, 0);
    }
  say (fixture, "{\"jsonrpc\":\"2.0\",\"result\":1}\n");
  assert_counted (fixture, 1, 0);
  assert_pending (answer);
}

static void
test_waiting_call_is_not_answered (Fixture       *fixture,
                                   gconstpointer  data)
{
  Answer *answer;

  attach (fixture, FALSE);
  answer = call (fixture, "a");
  say (fixture, RESULT ("1", "1"));
  assert_pending (answer);
  assert_counted (fixture, 1, 0);
  say (fixture, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":1}\n");
  assert_pending (answer);
  extension_host_rpc_set_ready (fixture->rpc);
  assert_heard (fixture, SENT (1, "a"));
  say (fixture, RESULT ("1", "2"));
  assert_result (answer, "2");
}

/* Ids */

static void
test_ids_wrap_and_skip_pending_ones (Fixture       *fixture,
                                     gconstpointer  data)
{
  Answer *last;

  attach (fixture, TRUE);
  call (fixture, "one");
  call (fixture, "two");
  fixture->rpc->last_id = G_MAXINT32 - 1;
  last = call (fixture, "last");
  call (fixture, "three");
  call (fixture, "four");
  assert_heard (fixture, SENT (1, "one") SENT (2, "two") SENT (2147483647, "last")
                SENT (3, "three") SENT (4, "four"));
  say (fixture, RESULT ("2147483647", "1"));
  assert_result (last, "1");
  say (fixture, RESULT ("2147483646", "1") RESULT ("1000", "1"));   /* who knows, after a wrap */
  assert_counted (fixture, 0, 2);
  say (fixture, RESULT ("0", "1") RESULT ("2147483648", "1"));
  assert_counted (fixture, 2, 0);
}

/* Time */

static Answer *
call_briefly (Fixture    *fixture,
              const char *method)
{
  return call_full (fixture, method, NULL, 1, FALSE, NULL);
}

static void
test_timeout_of_a_written_call (Fixture       *fixture,
                                gconstpointer  data)
{
  Answer *answer;

  attach (fixture, TRUE);
  answer = call_briefly (fixture, "a");
  wait_until (fixture, answer->n > 0);
  assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  g_assert_true (answer->reply->written);
  g_assert_cmpuint (fixture->n_elapsed, ==, 1);
  assert_heard (fixture, SENT (1, "a") CANCEL (1));
  say (fixture, RESULT ("1", "1"));
  assert_counted (fixture, 0, 1);
}

static void
test_timeout_of_mcp (Fixture       *fixture,
                     gconstpointer  data)
{
  Answer *answer;

  attach (fixture, TRUE);
  answer = call_briefly (fixture, "a");
  wait_until (fixture, answer->n > 0);
  abandon (fixture, call (fixture, "b"));
  assert_heard (fixture, SENT (1, "a")
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":"
                "{\"requestId\":1,\"reason\":\"timed out\"}}\n"
                SENT (2, "b")
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":"
                "{\"requestId\":2,\"reason\":\"not needed\"}}\n");
}

static void
test_timeout_of_a_waiting_call (Fixture       *fixture,
                                gconstpointer  data)
{
  Answer *answer;

  attach (fixture, FALSE);
  answer = call_briefly (fixture, "a");
  call (fixture, "b");
  wait_until (fixture, answer->n > 0);
  assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  g_assert_false (answer->reply->written);
  g_assert_cmpuint (answer->reply->generation, ==, 0);
  extension_host_rpc_set_ready (fixture->rpc);
  assert_heard (fixture, SENT (2, "b"));
}

/* It was asked, but that host is not there any more. */
static void
test_timeout_after_the_host_went (Fixture       *fixture,
                                  gconstpointer  data)
{
  Answer *first, *second;

  attach (fixture, TRUE);
  first = call_briefly (fixture, "a");
  turn (fixture);
  detach (fixture);
  wait_until (fixture, first->n > 0);
  attach (fixture, TRUE);
  second = call_briefly (fixture, "b");
  turn (fixture);
  attach (fixture, TRUE);
  wait_until (fixture, second->n > 0);
  assert_heard (fixture, "");
}

static void
test_answer_that_has_arrived_beats_the_deadline (Fixture       *fixture,
                                                 gconstpointer  data)
{
  for (guint i = 1; i <= 20; i++)
    {
      g_autofree char *text = g_strdup_printf (RESULT ("%u", "1"), i);
      gint64 before = 0;
      Answer *answer;

      attach (fixture, TRUE);
      turn (fixture);
      before = g_get_monotonic_time ();
      answer = call_full (fixture, "a", NULL, 20, FALSE, NULL);
      g_assert_cmpint (answer->call->deadline.due, >=, before + 20000);
      g_assert_cmpint (write (fixture->writer, text, strlen (text)), ==, strlen (text));
      while (g_get_monotonic_time () <= answer->call->deadline.due)
        ;
      turn (fixture);
      assert_result (answer, "1");
    }
}

/* Nobody waits any more */

static void
test_abandoned_calls (Fixture       *fixture,
                      gconstpointer  data)
{
  Answer *waiting;

  attach (fixture, FALSE);
  call (fixture, "a");
  waiting = call (fixture, "b");
  call (fixture, "c");
  abandon (fixture, waiting);
  g_assert_cmpuint (extension_host_rpc_get_pending (fixture->rpc), ==, 2);
  extension_host_rpc_set_ready (fixture->rpc);
  abandon (fixture, g_ptr_array_index (fixture->answers, 0));
  assert_heard (fixture, SENT (1, "a") SENT (3, "c") CANCEL (1));
  detach (fixture);
  abandon (fixture, g_ptr_array_index (fixture->answers, 2));
  attach (fixture, TRUE);
  assert_heard (fixture, "");
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, 0);
}

static void
test_abandoned_call_has_no_deadline (Fixture       *fixture,
                                     gconstpointer  data)
{
  Answer *other;

  attach (fixture, TRUE);
  abandon (fixture, call_briefly (fixture, "a"));
  other = call_full (fixture, "b", NULL, 5, FALSE, NULL);
  wait_until (fixture, other->n > 0);
}

/* The queue */

static void
test_calls_wait_until_ready (Fixture       *fixture,
                             gconstpointer  data)
{
  call (fixture, "a");
  g_assert_true (extension_host_rpc_notify (fixture->rpc, "note", "[1]", 3, FALSE, NULL));
  attach (fixture, FALSE);
  call (fixture, "b");
  call_urgently (fixture, "hello");
  assert_heard (fixture, SENT (3, "hello"));
  g_assert_true (extension_host_rpc_notify (fixture->rpc, "greeted", NULL, 0, TRUE, NULL));
  say (fixture, RESULT ("3", "1"));
  assert_result (g_ptr_array_index (fixture->answers, 2), "1");
  extension_host_rpc_set_ready (fixture->rpc);
  call (fixture, "c");
  assert_heard (fixture, "{\"jsonrpc\":\"2.0\",\"method\":\"greeted\"}\n" SENT (1, "a")
                "{\"jsonrpc\":\"2.0\",\"method\":\"note\",\"params\":[1]}\n" SENT (2, "b")
                SENT (4, "c"));
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, 0);
}

static char *
make_params (gsize length)
{
  g_autofree char *padding = g_strnfill (length - 4, 'x');

  return g_strdup_printf ("[\"%s\"]", padding);
}

/* The host does not read: what the pipe and the channel hold has left, the rest waits. */
static void
test_urgent_goes_ahead_of_the_queue (Fixture       *fixture,
                                     gconstpointer  data)
{
  g_autofree char *params = make_params (30000);
  g_autofree char *heard = NULL;
  const char *ping, *first, *waiting;

  attach (fixture, TRUE);
  for (guint i = 0; i < 20; i++)
    {
      call_full (fixture, "a", params, EXTENSION_HOST_NO_TIMEOUT, FALSE, NULL);
      turn (fixture);
    }
  call_urgently (fixture, "ping");
  heard = hear (fixture);
  first = strstr (heard, "\"id\":1,");
  ping = strstr (heard, SENT (21, "ping"));
  waiting = strstr (heard, "\"id\":20,");
  g_assert_true (first != NULL && first < ping && ping < waiting);
  g_assert_true (ping < strstr (heard, "\"id\":10,"));
}

static void
test_max_pending (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  Answer *refused;

  fixture->spec->max_pending = 3;
  attach (fixture, TRUE);
  for (guint i = 0; i < 3; i++)
    call (fixture, "a");
  refused = call_full (fixture, "b", NULL, 1, FALSE, &error);
  g_assert_null (refused->call);
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
  g_assert_nonnull (call_urgently (fixture, "ping")->call);
  assert_heard (fixture, SENT (1, "a") SENT (2, "a") SENT (3, "a") SENT (4, "ping"));
  say (fixture, RESULT ("1", "1") RESULT ("2", "1"));
  call (fixture, "c");   /* there is room again */
}

/* Fills the queue until there is no more room. */
static guint
fill (Fixture    *fixture,
      const char *params,
      gboolean    urgent)
{
  for (guint n = 0; ; n++)
    {
      g_autoptr(GError) error = NULL;
      Answer *answer = call_full (fixture, "a", params, EXTENSION_HOST_NO_TIMEOUT, urgent, &error);

      if (answer->call != NULL)
        continue;

      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
      return n;
    }
}

static void
test_max_write_queue (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *params = make_params (1000);
  g_autoptr(GError) error = NULL;
  guint n = 0;

  fixture->spec->max_write_queue = 100000;
  attach (fixture, FALSE);
  n = fill (fixture, params, FALSE);
  g_assert_cmpuint (n, >=, 90);
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), <=, 100000 + 100);
  g_assert_false (extension_host_rpc_notify (fixture->rpc, "a", params, 1000, FALSE, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUEUE_FULL);
  n += fill (fixture, params, TRUE);
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), >, 100000 + URGENT_ROOM - 2000);
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), <=, 100000 + URGENT_ROOM + 100);
  g_assert_false (extension_host_rpc_notify (fixture->rpc, "a", params, 1000, TRUE, NULL));

  extension_host_rpc_set_ready (fixture->rpc);
  g_free (hear (fixture));
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, 0);
  g_assert_cmpuint (g_hash_table_size (fixture->rpc->calls), ==, n);
  g_assert_nonnull (call_full (fixture, "b", params, 1, FALSE, NULL)->call);
}

/* Generations */

static void
test_unwritten_calls_go_to_the_next_host (Fixture       *fixture,
                                          gconstpointer  data)
{
  Answer *written, *waiting, *urgent;

  attach (fixture, TRUE);
  written = call (fixture, "written");
  assert_heard (fixture, SENT (1, "written"));
  detach (fixture);
  waiting = call (fixture, "waiting");
  urgent = call_urgently (fixture, "too late");
  fail_written (fixture);
  assert_failed (written, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_true (written->reply->written);
  g_assert_cmpuint (written->reply->generation, ==, 1);
  assert_failed (urgent, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  assert_pending (waiting);

  attach (fixture, FALSE);
  assert_heard (fixture, "");
  extension_host_rpc_set_ready (fixture->rpc);
  assert_heard (fixture, SENT (2, "waiting"));
  fail_written (fixture);
  assert_failed (waiting, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
  g_assert_cmpuint (waiting->reply->generation, ==, 2);
  attach (fixture, TRUE);
  assert_heard (fixture, "");
}

/* Between the end of the pipe and the news of the exit. */
static void
test_broken_pipe_swallows_nothing (Fixture       *fixture,
                                   gconstpointer  data)
{
  Answer *waiting;

  attach (fixture, TRUE);
  hang_up (fixture);
  call (fixture, "lost");
  turn (fixture);
  g_assert_cmpuint (fixture->n_lost, ==, 1);
  waiting = call (fixture, "waiting");
  abandon (fixture, call_urgently (fixture, "ping"));
  extension_host_rpc_notify (fixture->rpc, "exit", NULL, 0, TRUE, NULL);
  abandon (fixture, g_ptr_array_index (fixture->answers, 0));   /* whose cancel is for nobody */
  turn (fixture);
  detach (fixture);
  extension_host_rpc_notify (fixture->rpc, "exit", NULL, 0, TRUE, NULL);
  fail_written (fixture);
  assert_pending (waiting);
  attach (fixture, TRUE);
  assert_heard (fixture, SENT (2, "waiting"));
}

/* While it stops a host may answer, but is asked nothing more. */
static void
test_fail_unwritten (Fixture       *fixture,
                     gconstpointer  data)
{
  Answer *written, *urgent;

  call (fixture, "waiting");
  call_briefly (fixture, "brief");
  attach (fixture, FALSE);
  extension_host_rpc_notify (fixture->rpc, "note", NULL, 0, FALSE, NULL);
  urgent = call_urgently (fixture, "hello");
  fail_unwritten (fixture);
  for (guint i = 0; i < 2; i++)
    {
      Answer *answer = g_ptr_array_index (fixture->answers, i);

      assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
      g_assert_false (answer->reply->written);
    }
  g_assert_cmpuint (g_hash_table_size (fixture->rpc->calls), ==, 1);
  extension_host_rpc_set_ready (fixture->rpc);
  written = call (fixture, "written");
  assert_heard (fixture, SENT (3, "hello") SENT (4, "written"));
  fail_unwritten (fixture);
  say (fixture, RESULT ("3", "1") RESULT ("4", "1"));
  assert_result (urgent, "1");
  assert_result (written, "1");
}

static void
test_fail_all_leaves_nothing (Fixture       *fixture,
                              gconstpointer  data)
{
  attach (fixture, TRUE);
  call (fixture, "written");
  assert_heard (fixture, SENT (1, "written"));
  detach (fixture);
  call (fixture, "waiting");
  extension_host_rpc_notify (fixture->rpc, "note", NULL, 0, FALSE, NULL);
  call_briefly (fixture, "brief");
  fail_all (fixture);
  for (guint i = 0; i < 3; i++)
    {
      Answer *answer = g_ptr_array_index (fixture->answers, i);

      assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING);
      g_assert_cmpint (answer->reply->written, ==, i == 0);
    }
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, 0);
  attach (fixture, TRUE);
  call (fixture, "next");
  assert_heard (fixture, SENT (4, "next"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("answers/find-their-calls", test_answers_find_their_calls);
  add ("answers/facts-of-the-scan-are-kept", test_facts_of_the_scan_are_kept);
  add ("answers/error-is-kept", test_error_is_kept);
  add ("answers/duplicate-and-late-ones-are-stale", test_duplicate_and_late_answers_are_stale);
  add ("answers/of-another-generation-are-stale", test_answer_of_another_generation_is_stale);
  add ("answers/to-nothing-are-problems", test_answers_to_nothing_are_problems);
  add ("answers/not-for-a-waiting-call", test_waiting_call_is_not_answered);
  add ("ids/wrap-and-skip-pending-ones", test_ids_wrap_and_skip_pending_ones);
  add ("timeout/of-a-written-call", test_timeout_of_a_written_call);
  add_for (MCP, "timeout/of-mcp", test_timeout_of_mcp);
  add ("timeout/of-a-waiting-call", test_timeout_of_a_waiting_call);
  add ("timeout/after-the-host-went", test_timeout_after_the_host_went);
  add ("timeout/is-beaten-by-an-answer-that-has-arrived",
       test_answer_that_has_arrived_beats_the_deadline);
  add ("abandoned/calls", test_abandoned_calls);
  add ("abandoned/call-has-no-deadline", test_abandoned_call_has_no_deadline);
  add ("queue/calls-wait-until-ready", test_calls_wait_until_ready);
  add ("queue/urgent-goes-ahead", test_urgent_goes_ahead_of_the_queue);
  add ("queue/max-pending", test_max_pending);
  add ("queue/max-write-queue", test_max_write_queue);
  add ("generations/unwritten-calls-go-to-the-next-host", test_unwritten_calls_go_to_the_next_host);
  add ("generations/broken-pipe-swallows-nothing", test_broken_pipe_swallows_nothing);
  add ("generations/fail-unwritten", test_fail_unwritten);
  add ("generations/fail-all-leaves-nothing", test_fail_all_leaves_nothing);

  return g_test_run ();
}
