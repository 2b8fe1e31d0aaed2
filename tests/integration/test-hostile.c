/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that do their worst, each beside one that behaves: the application lives, stays small and
 * goes on answering. */

#include <string.h>

#include "extension-host-process-private.h"
#include "rpc-util.h"

#define MIB (1024 * 1024)
#define BIG (16 * MIB - 64)   /* a payload that fits into one message */

/* ms; with the sanitizers nothing is fast, and what it costs is not ours. */
#define PROMPT (TEST_SANITIZED ? 1000 : 100)
#define ROOM (TEST_SANITIZED ? 400 : 100)   /* MiB */

typedef enum
{
  END_STOP,             /* it is still running: we stop it */
  END_EXIT,             /* it died */
  END_PROTOCOL_ERROR,
  END_CHANNEL_LOST,
} HostileEnd;

typedef struct
{
  const char *name;
  const char *option;
  HostileEnd end;
  guint seconds;             /* for how long it goes on at most */
  guint protocol_errors;     /* at least */
  const char *line;          /* that must be in the log, and comes last; NULL for none */
  const char *call;          /* made of it, and what becomes of that: */
  GQuark (*domain) (void);
  int code;
} HostileCase;

static const HostileCase hostile_cases[] = {
  { "deep-line", "--deep-line=100000", END_STOP, 0, 1, NULL, "echo", NULL, 0 },
  { "deep-reply", "--deep=100000", END_STOP, 0, 1, NULL, "echo", extension_host_error_quark,
    EXTENSION_HOST_ERROR_FAILED },
  { "huge-line", "--huge-line=209715200", END_STOP, 10, 0, NULL, NULL, NULL, 0 },
  { "huge-reply", "--huge-reply=40000000", END_STOP, 0, 0, NULL, "echo",
    extension_host_error_quark, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE },
  { "flood-stdout", "--flood-stdout=1073741824", END_STOP, 60, 0, NULL, "echo", NULL, 0 },
  { "flood-stderr", "--flood-stderr=1073741824", END_STOP, 60, 0, NULL, "echo", NULL, 0 },
  { "half-line", "--half-line-then-die", END_EXIT, 0, 0, NULL, "echo",
    extension_host_error_quark, EXTENSION_HOST_ERROR_HOST_EXITED },
  { "close-stdout", "--close-stdout", END_CHANNEL_LOST, 0, 0, NULL, "hold",
    extension_host_error_quark, EXTENSION_HOST_ERROR_HOST_EXITED },
  { "ids-of-others", "--answer-ids-of-others", END_STOP, 0, 1, NULL, "echo",
    extension_host_error_quark, EXTENSION_HOST_ERROR_TIMED_OUT },
  { "never-issued", "--wrong-ids=1000", END_PROTOCOL_ERROR, 0, 101, NULL, NULL, NULL, 0 },
  { "answer-twice", "--answer-twice", END_STOP, 0, 0, NULL, "echo", NULL, 0 },
  { "batch", "--batch", END_STOP, 0, 1, NULL, "echo", extension_host_error_quark,
    EXTENSION_HOST_ERROR_TIMED_OUT },
  { "batches", "--batches=1000", END_PROTOCOL_ERROR, 0, 101, NULL, NULL, NULL, 0 },
  { "garbage", "--garbage", END_STOP, 0, 0, NULL, "echo", NULL, 0 },
  { "nul-bytes", "--nul-bytes", END_STOP, 0, 0, NULL, "echo", NULL, 0 },
  { "crlf", "--crlf", END_STOP, 0, 0, NULL, "echo", NULL, 0 },
  { "two-documents", "--two-documents", END_STOP, 0, 1, NULL, "echo",
    extension_host_error_quark, EXTENSION_HOST_ERROR_FAILED },
  { "notifications", "--flood-notifications=1000000", END_STOP, 30, 0, NULL, "echo", NULL, 0 },
  { "requests", "--requests=1000", END_STOP, 0, 0, NULL, "echo", NULL, 0 },
  { "never-read", "--never-read", END_STOP, 0, 0, NULL, "echo", extension_host_error_quark,
    EXTENSION_HOST_ERROR_TIMED_OUT },
};

/* The one that behaves: asked all the time, it answers promptly; and a window that is drawn. */
typedef struct
{
  GSource *pause;      /* between two calls; NULL while one is under way */
  GSource *frames;
  gint64 last_frame;   /* µs */
  gint64 longest_frame;

  ExtensionHostProcess *process;
  GMainContext *context;
  gint64 slowest;      /* µs */
  guint n_answers;
  gboolean done;
} Witness;

static void ask_witness (Witness *self);

static gboolean
on_pause_over (gpointer data)
{
  Witness *self = data;

  g_clear_pointer (&self->pause, g_source_unref);
  ask_witness (self);

  return G_SOURCE_REMOVE;
}

static void
on_witness_answer (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Witness *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node =
    extension_host_process_call_finish (EXTENSION_HOST_PROCESS (object), result, &error);
  gint64 *began = g_object_get_data (G_OBJECT (result), "began");

  g_assert_no_error (error);
  g_assert_cmpint (json_node_get_int (node), ==, 42);
  self->slowest = MAX (self->slowest, g_get_monotonic_time () - *began);
  self->n_answers++;
  if (self->done)
    return;

  self->pause = g_timeout_source_new (5);
  g_source_set_callback (self->pause, on_pause_over, self, NULL);
  g_source_attach (self->pause, self->context);
}

static gint64 asked_at;

static void
on_witness_result (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_object_set_data (G_OBJECT (result), "began", &asked_at);
  on_witness_answer (object, result, user_data);
}

static void
ask_witness (Witness *self)
{
  g_autoptr(JsonNode) params = rpc_json ("[40,2]");

  if (self->done)
    return;

  asked_at = g_get_monotonic_time ();   /* one call at a time */
  extension_host_process_call_async (self->process, "add", params, 0, NULL, on_witness_result,
                                     self);
}

static gboolean
on_frame (gpointer data)
{
  Witness *self = data;
  gint64 now = g_get_monotonic_time ();

  self->longest_frame = MAX (self->longest_frame, now - self->last_frame);
  self->last_frame = now;

  return G_SOURCE_CONTINUE;
}

/* As often as a screen, and with the priority that GTK draws with. */
static void
watch_frames (Witness *self)
{
  self->last_frame = g_get_monotonic_time ();
  self->frames = g_timeout_source_new (16);
  g_source_set_priority (self->frames, G_PRIORITY_HIGH_IDLE + 20);
  g_source_set_callback (self->frames, on_frame, self, NULL);
  g_source_attach (self->frames, self->context);
}

/* It is over when the host has nothing more to say: this is answered behind all that. */
static gboolean
is_over (const HostileCase    *test,
         ExtensionHostProcess *process,
         RpcCall              *call,
         gint64                began)
{
  ExtensionHostState state = extension_host_process_get_state (process);

  if (test->end == END_EXIT || test->end == END_PROTOCOL_ERROR || test->end == END_CHANNEL_LOST)
    return state == EXTENSION_HOST_STATE_CRASHED;
  if (test->call != NULL && test->domain == NULL)
    return call->n_answers > 0;

  return g_get_monotonic_time () - began > (gint64) MAX (test->seconds, 1) * G_USEC_PER_SEC / 4;
}

static ExtensionHostReason
find_fault (TestRecord *record)
{
  for (guint i = 0; i < record->transitions->len; i++)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (record->transitions, i);

      if (extension_host_transition_get_new (transition) == EXTENSION_HOST_STATE_UNHEALTHY)
        return extension_host_transition_get_reason (transition);
    }

  return EXTENSION_HOST_REASON_START;
}

static void
assert_end (const HostileCase    *test,
            ExtensionHostProcess *process,
            TestRecord           *record)
{
  switch (test->end)
    {
    case END_PROTOCOL_ERROR:
      g_assert_cmpint (find_fault (record), ==, EXTENSION_HOST_REASON_PROTOCOL_ERROR);
      break;
    case END_CHANNEL_LOST:
      g_assert_cmpint (find_fault (record), ==, EXTENSION_HOST_REASON_CHANNEL_LOST);
      break;
    case END_EXIT:
      g_assert_cmpint (find_fault (record), ==, EXTENSION_HOST_REASON_SIGNALLED);
      break;
    case END_STOP:
    default:
      g_assert_cmpint (extension_host_process_get_state (process), ==,
                       EXTENSION_HOST_STATE_RUNNING);
      break;
    }
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), >=,
                    test->protocol_errors);
  if (test->protocol_errors == 0)
    g_assert_cmpuint (extension_host_process_get_protocol_errors (process), <=, 100);
}

static void
on_tick (ExtensionHostProcess *process G_GNUC_UNUSED,
         const char           *method,
         JsonNode             *params,
         guint                *n_ticks)
{
  g_assert_cmpstr (method, ==, "tick");
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (params), "n"), ==, 1);
  (*n_ticks)++;
}

static void
test_hostile (TestFixture   *fixture,
              gconstpointer  data)
{
  const HostileCase *test = data;
  Witness witness = { .context = fixture->context };
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "hostile", test->option, NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(RpcCall) call = { NULL };
  guint n_ticks = 0;
  gsize before = 0, most = 0;
  gint64 began = 0;
  guint calm = 0;

  g_object_set (spec, "ack-timeout", 100, "exit-timeout", 100, "term-timeout", 100, NULL);
  g_object_unref (spec);
  g_signal_connect (process, "notification::tick", G_CALLBACK (on_tick), &n_ticks);
  witness.process = rpc_start (fixture, rpc_spec_new (fixture, "witness", NULL));
  ask_witness (&witness);
  test_wait_until (fixture, witness.n_answers > 3);
  before = rpc_get_rss ();
  witness.slowest = 0;
  calm = witness.n_answers;
  watch_frames (&witness);

  began = g_get_monotonic_time ();
  g_assert_true (extension_host_process_start (process, NULL));
  if (test->call != NULL)
    rpc_call (&call, process, test->call, "[1]",
              test->code == EXTENSION_HOST_ERROR_TIMED_OUT ? 200 : 100 * 1000, NULL);
  test_wait_polling (fixture, 5,
                     (most = MAX (most, rpc_get_rss ()), is_over (test, process, &call, began)));
  if (test->call != NULL)
    rpc_wait (fixture, &call);
  test_wait_until (fixture, witness.n_answers > calm + 1);
  g_test_message ("%s: %.3f s, +%" G_GSIZE_FORMAT " MiB, witness %u answers, slowest %.1f ms, "
                  "longest frame %.1f ms",
                  test->name, (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC,
                  most > before ? most - before : 0, witness.n_answers - calm,
                  (double) witness.slowest / 1000, (double) witness.longest_frame / 1000);

  assert_end (test, process, record);
  if (g_str_equal (test->name, "notifications"))
    g_assert_cmpuint (n_ticks, >=, 1000000);   /* and none is lost */
  if (test->call != NULL && test->domain == NULL)
    rpc_assert_text (&call, "[1]");
  else if (test->call != NULL)
    rpc_assert_error (&call, test->domain (), test->code);
  g_assert_cmpuint (most, <, before + ROOM);
  timed_assert_less (witness.slowest, PROMPT * 1000);
  timed_assert_less (witness.longest_frame, PROMPT * 1000);

  witness.done = TRUE;
  if (witness.pause != NULL)
    g_source_destroy (witness.pause);
  g_clear_pointer (&witness.pause, g_source_unref);
  g_source_destroy (witness.frames);
  g_source_unref (witness.frames);
  rpc_stop (process);
  rpc_stop (witness.process);
  g_object_unref (witness.process);
}

/* Many small writes: each wakes us, and none is a burst. */

#define TRICKLE (TEST_SANITIZED ? 50000 : 200000)   /* notifications */
#define TRICKLE_ROOM (TEST_SANITIZED ? 400 : 36)     /* MiB; unbounded it is 45 */

typedef struct
{
  guint n_ticks;
  guint n_frames;
  guint last_frame;       /* ticks at the last one */
  guint longest_pause;    /* ticks between two of them */
} Trickle;

static void
on_trickle (ExtensionHostProcess *process G_GNUC_UNUSED,
            const char           *method,
            JsonNode             *params,
            Trickle              *self)
{
  g_assert_cmpstr (method, ==, "tick");
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (params), "n"), ==,
                   self->n_ticks);
  self->n_ticks++;
}

static gboolean
on_trickle_frame (gpointer data)
{
  Trickle *self = data;

  self->n_frames++;
  self->longest_pause = MAX (self->longest_pause, self->n_ticks - self->last_frame);
  self->last_frame = self->n_ticks;

  return G_SOURCE_CONTINUE;
}

/* The pace of the host is not known: what others get is counted against what it got. */
static void
test_trickle (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "trickle", NULL);
  g_autoptr(ExtensionHostSpec) calm = rpc_spec_new (fixture, "calm", NULL);
  ExtensionHostProcess *process = extension_host_manager_add (manager, spec, NULL);
  Witness witness = {
    .process = extension_host_manager_add (manager, calm, NULL),
    .context = fixture->context,
  };
  Trickle trickle = { 0 };
  GSource *frames = g_timeout_source_new (1);
  g_autofree char *params = g_strdup_printf ("[%d]", TRICKLE);
  g_auto(RpcCall) call = { NULL };
  gsize before = 0, most = 0;
  guint n_answers = 0;

  g_signal_connect (process, "notification::tick", G_CALLBACK (on_trickle), &trickle);
  g_assert_true (extension_host_process_start (process, NULL));
  g_assert_true (extension_host_process_start (witness.process, NULL));
  rpc_wait_running (fixture, process);
  rpc_wait_running (fixture, witness.process);
  ask_witness (&witness);
  test_wait_until (fixture, witness.n_answers > 3);
  before = rpc_get_rss ();
  n_answers = witness.n_answers;
  g_source_set_priority (frames, G_PRIORITY_HIGH_IDLE + 20);
  g_source_set_callback (frames, on_trickle_frame, &trickle, NULL);
  g_source_attach (frames, fixture->context);

  rpc_call (&call, process, "trickle", params, EXTENSION_HOST_NO_TIMEOUT, NULL);
  test_wait_polling (fixture, 5, (most = MAX (most, rpc_get_rss ()), call.n_answers > 0));
  rpc_assert_text (&call, "true");
  on_trickle_frame (&trickle);
  n_answers = witness.n_answers - n_answers;
  g_test_message ("%.3f s, +%" G_GSIZE_FORMAT " MiB, %u answers of the other, %u frames, "
                  "at most %u notifications between two",
                  (double) call.took / G_USEC_PER_SEC, most > before ? most - before : 0,
                  n_answers, trickle.n_frames, trickle.longest_pause);
  g_assert_cmpuint (trickle.n_ticks, ==, TRICKLE);
  g_assert_cmpuint (trickle.longest_pause, <, TRICKLE / 8);
  g_assert_cmpuint (n_answers, >=, 8);
  g_assert_cmpuint (most, <, before + TRICKLE_ROOM);

  witness.done = TRUE;
  if (witness.pause != NULL)
    g_source_destroy (witness.pause);
  g_clear_pointer (&witness.pause, g_source_unref);
  test_wait_until (fixture, extension_host_process_get_pending_calls (witness.process) == 0);
  g_source_destroy (frames);
  g_source_unref (frames);
  rpc_stop (process);
  rpc_stop (witness.process);
}

/* A byte order mark is no JSON: what bears one is output. */
static void
test_bom (TestFixture   *fixture,
          gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--bom", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, "add", "[1,2]", 200, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT);
  test_wait_until (fixture, record->lines->len > 0);
  g_assert_cmpuint (record->lines->len, ==, 1);
  rpc_stop (process);
}

/* Results as large as a message may be */

static void
test_many_values (TestFixture   *fixture,
                  gconstpointer  data)
{
  g_autofree char *option = g_strdup_printf ("--big-result=%d:objects", BIG - 8);
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", option, NULL));
  g_auto(RpcCall) node = { NULL };
  g_auto(RpcCall) bytes = { NULL };
  gsize before = rpc_get_rss (), most = 0;

  rpc_call (&node, process, "echo", NULL, 0, NULL);
  test_wait_polling (fixture, 1, (most = MAX (most, rpc_get_rss ()), node.n_answers > 0));
  rpc_assert_error (&node, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  rpc_call_bytes (&bytes, process, "echo", NULL, 0, NULL);
  test_wait_polling (fixture, 1, (most = MAX (most, rpc_get_rss ()), bytes.n_answers > 0));
  g_assert_no_error (bytes.error);
  g_assert_cmpuint (strlen (bytes.text), >, BIG - 64);
  g_assert_true (g_str_has_prefix (bytes.text, "[{},{}"));
  g_test_message ("+%" G_GSIZE_FORMAT " MiB", most - before);
  g_assert_cmpuint (most, <, before + ROOM);
  rpc_stop (process);
}

static void
test_long_text (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autofree char *option = g_strdup_printf ("--big-result=%d:text", BIG - 64);
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", option, NULL));
  g_auto(RpcCall) node = { NULL };

  rpc_call (&node, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &node);
  g_assert_no_error (node.error);
  g_assert_cmpuint (strlen (node.text), ==, BIG - 64 + 2);
  rpc_stop (process);
}

/* The id of what is too long is found wherever it stands. */
static void
test_id_last (TestFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(ExtensionHostProcess) process =
    rpc_start (fixture, rpc_spec_new (fixture, "h", "--huge-reply=20000000", "--id-last", NULL));
  g_auto(RpcCall) call = { NULL };

  rpc_call (&call, process, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  rpc_assert_error (&call, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
  rpc_stop (process);
}

/* The limit is for those of 10 s. */
static void
test_errors_of_long_ago (TestFixture   *fixture,
                         gconstpointer  data)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(JsonNode) one = rpc_json ("[1]");

  g_object_set (spec, "max-protocol-errors", 10, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER,
                NULL);
  process = rpc_start (fixture, spec);
  for (guint i = 1; i <= 3; i++)
    {
      g_autofree char *answer = rpc_ask (fixture, process, "spoil", "[10]");

      g_assert_cmpstr (answer, ==, "true");
      g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 10 * i);
      process->protocol_errors_since -= i < 3 ? 11 * G_USEC_PER_SEC : 0;   /* as if it were later */
    }

  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
  extension_host_process_call_async (process, "spoil", one, 0, NULL, NULL, NULL);
  test_wait_until (fixture,
                   extension_host_process_get_state (process) == EXTENSION_HOST_STATE_CRASHED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (hostile_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/hostile/", hostile_cases[i].name, NULL);

      test_add_timed (path, &hostile_cases[i], test_hostile);
    }
  test_add ("/hostile/trickle", NULL, test_trickle);
  test_add ("/hostile/bom", NULL, test_bom);
  test_add ("/hostile/many-values", NULL, test_many_values);
  test_add ("/hostile/long-text", NULL, test_long_text);
  test_add ("/hostile/id-last", NULL, test_id_last);
  test_add ("/hostile/errors-of-long-ago", NULL, test_errors_of_long_ago);

  return g_test_run ();
}
