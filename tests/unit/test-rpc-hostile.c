/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-rpc-fixture.h"

#define REQUEST(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"do\",\"params\":[1]}\n"
#define REFUSED(id) \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":" \
  "{\"code\":-32002,\"message\":\"too many requests in work\"}}\n"

/* From the host */

static ExtensionHostIncoming *
take (Fixture *fixture)
{
  return g_queue_pop_head (&fixture->incoming);
}

static void
test_notifications (Fixture       *fixture,
                    gconstpointer  data)
{
  ExtensionHostIncoming *incoming;

  attach (fixture, FALSE);
  say (fixture, "{\"jsonrpc\":\"2.0\",\"method\":\"a/\\u00e4\",\"params\":{\"x\":[1, 2]}}\n"
                "{\"jsonrpc\":\"2.0\",\"method\":\"b\"}\n");
  g_assert_cmpuint (fixture->incoming.length, ==, 2);

  incoming = take (fixture);
  g_assert_cmpstr (incoming->method, ==, "a/ä");
  g_assert_null (incoming->id);
  g_assert_cmpuint (incoming->generation, ==, 1);
  assert_payload (&incoming->params, "{\"x\":[1, 2]}");
  g_assert_cmpuint (incoming->params.n_values, ==, 4);
  extension_host_incoming_free (incoming);

  incoming = take (fixture);
  g_assert_cmpstr (incoming->method, ==, "b");
  assert_payload (&incoming->params, NULL);
  extension_host_incoming_free (incoming);
  g_assert_cmpuint (fixture->rpc->inbound, ==, 0);
  assert_counted (fixture, 0, 0);
}

/* Not even the order of the letters of an escape may change. */
static void
test_ids_are_echoed_byte_for_byte (Fixture       *fixture,
                                   gconstpointer  data)
{
  static const char *const ids[] =
    { "1", "0", "-1", "-0", "123456789012345678901234567890", "\"a\"", "\"\"", "\"1\"",
      "\"a\\\"\\u00E4\\/\\n\"", "\"\\ud83d\\ude00 ä\"", "\"\\u0000\"" };

  attach (fixture, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *request = g_strdup_printf (REQUEST ("%s"), ids[i]);
      g_autofree char *answers = g_strdup_printf (
        RESULT ("%s", "{\"a\": 1}")
        "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-5,\"message\":\"no\\n\"}}\n",
        ids[i], ids[i]);
      g_autofree char *both = g_strconcat (request, request, NULL);
      ExtensionHostIncoming *incoming;

      say (fixture, both);
      incoming = take (fixture);
      g_assert_cmpstr (incoming->id, ==, ids[i]);
      g_assert_true (extension_host_rpc_return (fixture->rpc, incoming, "{\"a\":\n1}", 8));
      extension_host_incoming_free (incoming);
      incoming = take (fixture);
      g_assert_true (extension_host_rpc_return_error (fixture->rpc, incoming, -5, "no\n"));
      extension_host_incoming_free (incoming);
      assert_heard (fixture, answers);
    }
  g_assert_cmpuint (fixture->rpc->inbound, ==, 0);
  g_assert_cmpuint (fixture->rpc->inbound_bytes, ==, 0);
}

static void
test_result_may_be_left_out (Fixture       *fixture,
                             gconstpointer  data)
{
  attach (fixture, FALSE);
  say (fixture, REQUEST ("7"));
  extension_host_rpc_return (fixture->rpc, g_queue_peek_head (&fixture->incoming), NULL, 0);
  assert_heard (fixture, RESULT ("7", "null"));
}

static void
test_answer_to_a_host_that_went (Fixture       *fixture,
                                 gconstpointer  data)
{
  ExtensionHostIncoming *incoming = NULL;

  attach (fixture, TRUE);
  say (fixture, REQUEST ("7"));
  incoming = g_queue_peek_head (&fixture->incoming);
  detach (fixture);
  g_assert_false (extension_host_rpc_return (fixture->rpc, incoming, "1", 1));
  attach (fixture, TRUE);
  g_assert_false (extension_host_rpc_return (fixture->rpc, incoming, "1", 1));
  g_assert_false (extension_host_rpc_return_error (fixture->rpc, incoming, 1, "no"));
  assert_heard (fixture, "");
  g_assert_cmpuint (fixture->rpc->inbound, ==, 0);
  g_assert_cmpuint (fixture->rpc->inbound_bytes, ==, 0);
}

/* Limits */

static void
test_max_inbound (Fixture       *fixture,
                  gconstpointer  data)
{
  fixture->spec->max_inbound = 2;
  attach (fixture, TRUE);
  say (fixture, REQUEST ("1") REQUEST ("2") REQUEST ("\"x\"")
       "{\"jsonrpc\":\"2.0\",\"method\":\"note\"}\n");
  g_assert_cmpuint (fixture->incoming.length, ==, 3);   /* notifications are not in work */
  assert_heard (fixture, REFUSED ("\"x\""));
  extension_host_rpc_return (fixture->rpc, g_queue_peek_head (&fixture->incoming), "1", 1);
  say (fixture, REQUEST ("3") REQUEST ("4"));
  assert_heard (fixture, RESULT ("1", "1") REFUSED ("4"));
  assert_counted (fixture, 0, 0);

  attach (fixture, TRUE);   /* whose predecessor's are not in work any more */
  say (fixture, REQUEST ("1") REQUEST ("2") REQUEST ("3"));
  assert_heard (fixture, REFUSED ("3"));
}

static void
test_max_inbound_bytes (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree char *padding = g_strnfill (900, 'x');
  g_autofree char *request = g_strdup_printf (
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"do\",\"params\":[\"%s\"]}\n", padding);

  fixture->spec->max_message_size = 1024;
  attach (fixture, TRUE);
  for (guint i = 0; i < 3; i++)
    say (fixture, request);
  g_assert_cmpuint (fixture->incoming.length, ==, 2);
  assert_heard (fixture, REFUSED ("5"));
  say (fixture, "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"do\"}\n");
  g_assert_cmpuint (fixture->incoming.length, ==, 3);
}

/* A thousand requests of a host that never reads: the answers are bounded too. */
static void
test_requests_of_a_host_that_does_not_read (Fixture       *fixture,
                                            gconstpointer  data)
{
  gsize queued = 0;

  fixture->spec->max_inbound = 1;
  fixture->spec->max_write_queue = 20000;
  attach (fixture, TRUE);
  for (guint i = 0; i < 10000 && fixture->n_problems == 0; i++)
    say (fixture, REQUEST ("1"));
  assert_counted (fixture, 1, 0);
  g_assert_cmpuint (fixture->incoming.length, ==, 1);
  queued = extension_host_rpc_get_queued (fixture->rpc);
  g_assert_cmpuint (queued, >, 20000);
  g_assert_cmpuint (queued, <, 20200);

  for (guint i = 0; i < 10; i++)
    say (fixture, REQUEST ("2"));
  assert_counted (fixture, 10, 0);
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, queued);

  g_free (hear (fixture));
  say (fixture, REQUEST ("3"));
  assert_heard (fixture, REFUSED ("3"));   /* it reads again */
  assert_counted (fixture, 0, 0);
}

/* Too long */

static char *
make_long (const char *before,
           const char *after)
{
  g_autofree char *padding = g_strnfill (5000, 'x');

  return g_strconcat (before, padding, after, "\n", NULL);
}

static void
check_too_long (Fixture    *fixture,
                const char *before,
                const char *after,
                gsize       piece,
                gboolean    answered)
{
  g_autofree char *text = make_long (before, after);
  gsize length = strlen (text);
  Answer *answer;

  attach (fixture, TRUE);
  fixture->rpc->last_id = 0;
  answer = call (fixture, "a");
  turn (fixture);
  for (gsize i = 0; i < length; i += piece)
    {
      g_assert_cmpuint (answer->n, ==, 0);
      say_bytes (fixture, text + i, MIN (piece, length - i));
    }

  if (answered)
    assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  else
    assert_pending (answer);
  assert_counted (fixture, answered ? 0 : 1, 0);

  say (fixture, RESULT ("1", "1"));
  if (answered)
    assert_counted (fixture, 0, 1);
  else
    assert_result (answer, "1");
  fixture->n_stale = 0;
}

static const struct {
  const char *before;
  const char *after;
  gboolean answered;
} too_long[] = {
  { "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"", "\"}", TRUE },
  { "{\"jsonrpc\":\"2.0\",\"result\":\"", "\",\"id\":1}", TRUE },
  { "{\"result\":[{\"id\":2,\"x\":\"\\\"}", "\"}] , \"id\" : \"1\" , \"jsonrpc\":\"2.0\"}", TRUE },
  { "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"", "\"}}", TRUE },
  { "{\"x\":\"", "\",\"\\u0069d\":1,\"result\":1}", TRUE },
  { "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"", "", TRUE },
  { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"", "\"}", FALSE },
  { "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"", "\"}", FALSE },
  { "{\"jsonrpc\":\"2.0\",\"result\":\"", "\"}", FALSE },
  { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"", "\"}]", FALSE },
  { "garbage", "\"id\":1,\"result\":1}", FALSE },
  { "", "", FALSE },
};

static void
test_answer_that_is_too_long (Fixture       *fixture,
                              gconstpointer  data)
{
  static const gsize pieces[] = { 1, 999, 8192 };

  fixture->spec->max_message_size = 1024;
  for (gsize i = 0; i < G_N_ELEMENTS (too_long); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (pieces); j++)
      {
        check_too_long (fixture, too_long[i].before, too_long[i].after, pieces[j],
                        too_long[i].answered);
        fail_all (fixture);
      }
}

static void
test_late_answer_that_is_too_long (Fixture       *fixture,
                                   gconstpointer  data)
{
  g_autofree char *text = make_long (too_long[0].before, too_long[0].after);
  g_autofree char *next = make_long ("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"", "\"}");

  fixture->spec->max_message_size = 1024;
  attach (fixture, TRUE);
  abandon (fixture, call (fixture, "a"));
  say (fixture, text);
  assert_counted (fixture, 0, 1);
  attach (fixture, TRUE);
  say_bytes (fixture, text, 3000);   /* the rest never comes */
  attach (fixture, TRUE);
  call (fixture, "b");
  turn (fixture);
  say (fixture, next);
  assert_failed ((Answer *) g_ptr_array_index (fixture->answers, 1), EXTENSION_HOST_ERROR,
                 EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  assert_counted (fixture, 0, 0);
}

/* Wrong */

static void
test_wrong_answers_fail_their_calls (Fixture       *fixture,
                                     gconstpointer  data)
{
  static const char *const texts[] = {
    "{\"id\":1,\"result\":1}",
    "{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":1}",
    "{\"jsonrpc\":2.0,\"id\":\"1\",\"result\":1}",
    "{\"jsonrpc\":\"2.0\",\"id\":1}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{\"code\":1,\"message\":\"\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":null}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1.5,\"message\":\"\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":99999999999,\"message\":\"\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}{\"x\":1}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1} x",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *line = g_strconcat (texts[i], "\n", NULL);
      Answer *answer;

      attach (fixture, TRUE);
      fixture->rpc->last_id = 0;
      answer = call (fixture, "a");
      say (fixture, line);
      assert_failed (answer, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED);
      assert_counted (fixture, 1, 0);
      say (fixture, line);   /* once more, to nobody */
      assert_counted (fixture, 1, 0);
    }
}

static char *
nest (guint       depth,
      const char *before,
      const char *after)
{
  g_autofree char *open = g_strnfill (depth, '[');
  g_autofree char *close = g_strnfill (depth, ']');

  return g_strconcat (before, open, close, after, "\n", NULL);
}

/* The id stands behind what made the scan give up. */
static void
test_answer_that_is_too_deep_fails_its_call (Fixture       *fixture,
                                             gconstpointer  data)
{
  g_autofree char *first = nest (1000, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":", "}");
  g_autofree char *last = nest (1000, "{\"result\":", ",\"jsonrpc\":\"2.0\",\"id\":\"2\"}");
  g_autofree char *request = nest (1000, "{\"id\":3,\"method\":\"a\",\"params\":", "}");

  attach (fixture, TRUE);
  for (guint i = 0; i < 3; i++)
    call (fixture, "a");
  turn (fixture);
  say (fixture, first);
  say (fixture, last);
  say (fixture, request);
  for (guint i = 0; i < 2; i++)
    assert_failed ((Answer *) g_ptr_array_index (fixture->answers, i), EXTENSION_HOST_ERROR,
                   EXTENSION_HOST_ERROR_FAILED);
  assert_pending (g_ptr_array_index (fixture->answers, 2));
  assert_counted (fixture, 3, 0);
}

static void
test_brackets_without_end (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autofree char *text = g_strnfill (100000, '[');

  attach (fixture, TRUE);
  say_bytes (fixture, text, 60000);
  say_bytes (fixture, text, 40000);
  say (fixture, "\n");
  assert_counted (fixture, 1, 0);
}

static const struct {
  const char *text;
  guint n_problems;
  const char *strays;
} oddities[] = {
  { "[" RESULT ("1", "1"), 0, "[[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}]" },   /* no JSON */
  { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}]\n", 1, "" },
  { "[{\"jsonrpc\":\"2.0\",\"method\":\"a\"},{}]\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":\"a\"}{\"jsonrpc\":\"2.0\",\"method\":\"b\"}\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":\"\"}\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":1,\"id\":1}\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":\"a\\u0000b\"}\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":1}\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":null}\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1.5}\n", 1, "" },
  { "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1,\"result\":1}\n", 1, "" },
  { "{}\n", 1, "" },
  { "hello\n", 0, "[hello]" },
  { "hello\r\n\n", 0, "[hello\r][]" },
  { "42\n\"x\"\nnull\n", 0, "[42][\"x\"][null]" },
  { "[]\n[1,2]\n", 0, "[[]][[1,2]]" },
  { "\xef\xbb\xbf{}\n", 0, "[\xef\xbb\xbf{}]" },
  { "\x7f" "ELF\xff\x01\n", 0, "[\x7f" "ELF\xff\x01]" },
  { "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":tru}\n", 0,
    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":tru}]" },
};

static void
test_oddities_are_counted (Fixture       *fixture,
                           gconstpointer  data)
{
  Answer *answer;

  attach (fixture, TRUE);
  answer = call (fixture, "a");
  turn (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (oddities); i++)
    {
      say (fixture, oddities[i].text);
      assert_counted (fixture, oddities[i].n_problems, 0);
      g_assert_cmpstr (fixture->strays->str, ==, oddities[i].strays);
      g_string_truncate (fixture->strays, 0);
      g_assert_cmpuint (fixture->incoming.length, ==, 0);
    }
  g_free (hear (fixture));   /* what was a request got its answer: test-rpc-bounds.c */
  say (fixture, " {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\t\r\n");
  assert_result (answer, "1");
}

static void
test_nul_bytes_are_stray (Fixture       *fixture,
                          gconstpointer  data)
{
  attach (fixture, TRUE);
  say_bytes (fixture, "a\0b\n\0{}\n", 8);
  g_assert_cmpmem (fixture->strays->str, fixture->strays->len, "[a\0b][\0{}]", 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("incoming/notifications", test_notifications);
  add ("incoming/ids-are-echoed-byte-for-byte", test_ids_are_echoed_byte_for_byte);
  add ("incoming/result-may-be-left-out", test_result_may_be_left_out);
  add ("incoming/answer-to-a-host-that-went", test_answer_to_a_host_that_went);
  add ("limits/max-inbound", test_max_inbound);
  add ("limits/max-inbound-bytes", test_max_inbound_bytes);
  add ("limits/host-that-does-not-read", test_requests_of_a_host_that_does_not_read);
  add ("too-long/answer", test_answer_that_is_too_long);
  add ("too-long/late-answer", test_late_answer_that_is_too_long);
  add ("wrong/answers-fail-their-calls", test_wrong_answers_fail_their_calls);
  add ("wrong/answer-that-is-too-deep", test_answer_that_is_too_deep_fails_its_call);
  add ("wrong/brackets-without-end", test_brackets_without_end);
  add ("wrong/oddities", test_oddities_are_counted);
  add ("wrong/nul-bytes", test_nul_bytes_are_stray);

  return g_test_run ();
}
