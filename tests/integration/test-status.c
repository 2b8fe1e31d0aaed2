/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a host says of itself, and what describe () says of the host. */

#include "health-util.h"

#include <signal.h>
#include <string.h>

#define STATUS(params) "[{\"jsonrpc\":\"2.0\",\"method\":\"host/status\"" params "}]"

/* Once the host has answered, all that it said before has been taken. */
static void
say (TestFixture          *fixture,
     ExtensionHostProcess *process,
     const char           *message)
{
  g_autofree char *answer = rpc_ask (fixture, process, "say", message);

  g_assert_cmpstr (answer, ==, "true");
}

/* Those that came too fast for people are shown a little later. */
#define wait_text(fixture, process, text)                                                     \
  test_wait_until (fixture,                                                                   \
                   g_strcmp0 (extension_host_process_get_status_text (process), text) == 0)

/* Says it, and something else behind it, which is there when that was dealt with. */
static void
say_and_settle (TestFixture          *fixture,
                ExtensionHostProcess *process,
                const char           *message)
{
  static guint n;
  g_autofree char *text = g_strdup_printf ("settled %u", ++n);
  g_autofree char *settle =
    g_strdup_printf (STATUS (",\"params\":{\"text\":\"%s\",\"progress\":0.25}"), text);

  say (fixture, process, message);
  say (fixture, process, settle);
  wait_text (fixture, process, text);
}

static void
on_notify (ExtensionHostProcess *process G_GNUC_UNUSED,
           GParamSpec           *pspec G_GNUC_UNUSED,
           guint                *count)
{
  ++*count;
}

static void
test_shown (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  guint n_texts = 0, n_progresses = 0;

  g_signal_connect (process, "notify::status-text", G_CALLBACK (on_notify), &n_texts);
  g_signal_connect (process, "notify::progress", G_CALLBACK (on_notify), &n_progresses);
  g_assert_null (extension_host_process_get_status_text (process));
  g_assert_cmpfloat (extension_host_process_get_progress (process), ==, -1);

  say (fixture, process, STATUS (",\"params\":{\"text\":\"indexing\",\"progress\":0.5}"));
  wait_text (fixture, process, "indexing");
  g_assert_cmpfloat (extension_host_process_get_progress (process), ==, 0.5);
  g_assert_cmpuint (n_texts, ==, 1);
  g_assert_cmpuint (n_progresses, ==, 1);

  say (fixture, process, STATUS (",\"params\":{\"text\":\"sorting\"}"));
  wait_text (fixture, process, "sorting");
  g_assert_cmpfloat (extension_host_process_get_progress (process), ==, -1);
  say (fixture, process, STATUS (",\"params\":{\"text\":\"\",\"progress\":1}"));
  wait_text (fixture, process, NULL);
  g_assert_cmpfloat (extension_host_process_get_progress (process), ==, 1);
  g_assert_cmpuint (n_texts, ==, 3);
  g_assert_cmpuint (n_progresses, ==, 3);
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
}

/* Nobody can read them all, but the last one stands. */
static void
test_burst (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  gint64 began = g_get_monotonic_time ();
  guint n_texts = 0, n_allowed = 0;

  g_signal_connect (process, "notify::status-text", G_CALLBACK (on_notify), &n_texts);
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *answer = rpc_ask (fixture, process, "status", "[10000]");

      g_assert_cmpstr (answer, ==, "true");
    }
  wait_text (fixture, process, "10000");
  g_assert_cmpfloat (extension_host_process_get_progress (process), ==, 1);

  n_allowed = (guint) ((g_get_monotonic_time () - began) / (G_USEC_PER_SEC / 10)) + 2;
  g_assert_cmpuint (n_texts, >, 0);
  g_assert_cmpuint (n_texts, <=, n_allowed);
}

/* After a pause the first is shown at once again, and then again one in a while. */
static void
test_burst_again (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  gint64 pause_ends = 0, began = 0;
  guint n_texts = 0;
  g_autofree char *answer = NULL;

  say (fixture, process, STATUS (",\"params\":{\"text\":\"first\"}"));
  wait_text (fixture, process, "first");
  pause_ends = g_get_monotonic_time () + G_USEC_PER_SEC;
  test_wait_polling (fixture, 10, g_get_monotonic_time () > pause_ends);

  g_signal_connect (process, "notify::status-text", G_CALLBACK (on_notify), &n_texts);
  began = g_get_monotonic_time ();
  answer = rpc_ask (fixture, process, "status", "[10000]");
  wait_text (fixture, process, "10000");
  g_assert_cmpuint (n_texts, <=,
                    (g_get_monotonic_time () - began) / (G_USEC_PER_SEC / 10) + 2);
}

/* Nonsense */

static const struct
{
  const char *message;
  double progress;   /* that is shown */
} progresses[] = {
  { STATUS (",\"params\":{\"text\":\"a\",\"progress\":-0.5}"), -1 },
  { STATUS (",\"params\":{\"text\":\"b\",\"progress\":2}"), 1 },
  { STATUS (",\"params\":{\"text\":\"c\",\"progress\":1e300}"), 1 },
  { STATUS (",\"params\":{\"text\":\"d\",\"progress\":-1e300}"), -1 },
  { STATUS (",\"params\":{\"text\":\"e\",\"progress\":\"0.5\"}"), -1 },
  { STATUS (",\"params\":{\"text\":\"f\",\"progress\":null}"), -1 },
  { STATUS (",\"params\":{\"text\":\"g\",\"progress\":[1]}"), -1 },
  { STATUS (",\"params\":{\"text\":\"h\",\"progress\":true}"), -1 },
  { STATUS (",\"params\":{\"text\":\"i\",\"progress\":0}"), 0 },
};

static void
test_odd_progress (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));

  for (guint i = 0; i < G_N_ELEMENTS (progresses); i++)
    {
      const char text[] = { (char) ('a' + i), '\0' };

      say (fixture, process, progresses[i].message);
      wait_text (fixture, process, text);
      g_assert_cmpfloat (extension_host_process_get_progress (process), ==, progresses[i].progress);
    }
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
}

/* Each is one error, and shows nothing. */
static const char * const wrong[] = {
  STATUS (""),
  STATUS (",\"params\":{}"),
  STATUS (",\"params\":[\"text\"]"),
  STATUS (",\"params\":{\"text\":null}"),
  STATUS (",\"params\":{\"text\":1}"),
  STATUS (",\"params\":{\"text\":[\"a\"]}"),
  STATUS (",\"params\":{\"text\":{}}"),
  STATUS (",\"params\":{\"progress\":0.5}"),
};

static void
on_seen (ExtensionHostProcess *process,
         GParamSpec           *pspec G_GNUC_UNUSED,
         GPtrArray            *texts)
{
  g_ptr_array_add (texts, g_strdup (extension_host_process_get_status_text (process)));
}

static void
test_wrong (TestFixture   *fixture,
            gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  g_signal_connect (process, "notify::status-text", G_CALLBACK (on_seen), texts);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      say_and_settle (fixture, process, wrong[i]);
      g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, i + 1);
      g_assert_cmpuint (texts->len, ==, i + 1);
      g_assert_cmpfloat (extension_host_process_get_progress (process), ==, 0.25);
    }
}

/* No JSON, and thus a line of output like any other. */
static void
test_not_a_number (TestFixture   *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
#define NONSENSE "{\"jsonrpc\":\"2.0\",\"method\":\"host/status\"," \
                 "\"params\":{\"text\":\"a\",\"progress\":NaN}}"
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", "--first=" NONSENSE, NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  guint n_texts = 0;

  g_object_unref (spec);
  g_signal_connect (process, "notify::status-text", G_CALLBACK (on_notify), &n_texts);
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, test_record_has_line (record, NONSENSE));
  g_assert_cmpuint (n_texts, ==, 0);
#undef NONSENSE
}

/* Whatever the text holds, what is shown is text. */

static const struct
{
  const char *first;    /* that the host says */
  const char *shown;    /* NULL: nothing, and it is an error */
} texts_said[] = {
#define SAYS(text) "--first={\"jsonrpc\":\"2.0\",\"method\":\"host/status\"," \
                   "\"params\":{\"text\":\"" text "\"}}"
  { SAYS ("a\xff\x80 z"), "a\xef\xbf\xbd\xef\xbf\xbd z" },
  { SAYS ("a\\ud800z"), "a\xef\xbf\xbdz" },
  { SAYS ("a\\u0000z"), NULL },   /* it cannot be had as a string (JsonNode) */
#undef SAYS
};

static void
test_odd_text (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts_said); i++)
    {
      g_autoptr(ExtensionHostProcess) process =
        rpc_start (fixture, rpc_spec_new (fixture, "h", texts_said[i].first, NULL));

      if (texts_said[i].shown == NULL)
        test_wait_polling (fixture, 10,
                           extension_host_process_get_protocol_errors (process) == 1);
      wait_text (fixture, process, texts_said[i].shown);
    }
}

static gboolean
shows (ExtensionHostProcess *process,
       char                  first)
{
  const char *text = extension_host_process_get_status_text (process);

  return text != NULL && *text == first;
}

/* What is too long for a line is cut, or is an error and not shown at all. */
static void
test_long_text (TestFixture   *fixture,
                gconstpointer  data G_GNUC_UNUSED)
{
  static const gsize lengths[] = { 1000, 7 * 1024, 9 * 1024, 1024 * 1024 };
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      char letter = (char) ('a' + i);
      guint64 n_errors = extension_host_process_get_protocol_errors (process);
      g_autofree char *filler = g_strnfill (lengths[i], letter);
      g_autofree char *message =
        g_strdup_printf (STATUS (",\"params\":{\"text\":\"%s\"}"), filler);

      say (fixture, process, message);
      test_wait_polling (fixture, 10, shows (process, letter) ||
                         extension_host_process_get_protocol_errors (process) > n_errors);
      g_assert_cmpuint (strlen (extension_host_process_get_status_text (process)), <=, 8 * 1024);
    }
  g_assert_cmpint (extension_host_process_get_state (process), ==, EXTENSION_HOST_STATE_RUNNING);
}

static const char *
find_line (TestRecord *record,
           const char *prefix)
{
  for (guint i = 0; i < record->lines->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (record->lines, i), prefix))
      return g_ptr_array_index (record->lines, i);

  return NULL;
}

/* A long one is not parsed, which would hold up the main loop: it is told as it came, and is no error. */
static void
test_long_log (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostProcess) process = rpc_start (fixture, rpc_spec_new (fixture, "h", NULL));
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *filler = g_strnfill (1024 * 1024, 'x');
  g_autofree char *message = g_strdup_printf (
    "[{\"jsonrpc\":\"2.0\",\"method\":\"host/log\",\"params\":{\"text\":\"%s\"}}]", filler);
  const char *line = NULL;

  say (fixture, process, message);
  test_wait_until (fixture, (line = find_line (record, "{\"text\":\"xxx")) != NULL);
  g_assert_cmpuint (strlen (line), ==, 8 * 1024);
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
}

/* One that is no message, and longer than a line may be, is a line like any other. */
static void
test_long_stray (TestFixture   *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree char *filler = g_strnfill (100 * 1000, 'x');
  g_autofree char *option = g_strconcat ("--first=", filler, NULL);
  g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, "h", option, NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  const char *line = NULL;

  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, (line = find_line (record, "xxx")) != NULL);
  g_assert_cmpuint (strlen (line), ==, 8 * 1024);
  g_assert_cmpuint (extension_host_process_get_protocol_errors (process), ==, 0);
}

/* A host that does not run says nothing any more. */
static void
test_cleared (TestFixture   *fixture,
              gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *answer = NULL;

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS, "backoff-initial", 300,
                NULL);
  process = rpc_start (fixture, spec);
  say (fixture, process, STATUS (",\"params\":{\"text\":\"last words\",\"progress\":1}"));
  wait_text (fixture, process, "last words");
  answer = rpc_ask (fixture, process, "status", "[100]");   /* one more is due in a moment */
  kill ((pid_t) extension_host_process_get_pid (process), SIGKILL);
  test_wait_until (fixture, extension_host_process_get_state (process) !=
                            EXTENSION_HOST_STATE_RUNNING);
  g_assert_null (extension_host_process_get_status_text (process));
  g_assert_cmpfloat (extension_host_process_get_progress (process), ==, -1);

  g_signal_connect (process, "notify::status-text", G_CALLBACK (on_seen), texts);
  test_wait_until (fixture, extension_host_process_get_generation (process) == 2 &&
                            extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_RUNNING);
  g_assert_cmpuint (texts->len, ==, 0);
  g_assert_null (extension_host_process_get_status_text (process));
}

/* Descriptions */

typedef struct
{
  gint64 latency, ready_since, last_reply, checked_at;
  guint64 rss, health_rss, sequence;
  double cpu_percent, progress;
  guint processes;
  char *readiness;
  char *status_text;
  gboolean has_health;
} Description;

static void
description_clear (Description *self)
{
  g_clear_pointer (&self->readiness, g_free);
  g_clear_pointer (&self->status_text, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Description, description_clear)

static void
describe (ExtensionHostProcess *process,
          Description          *description)
{
  g_autoptr(GVariant) all = extension_host_process_describe (process);
  g_autoptr(GVariant) health = g_variant_lookup_value (all, "last-health", G_VARIANT_TYPE_VARDICT);

  description_clear (description);
  g_assert_true (g_variant_lookup (all, "latency", "x", &description->latency));
  g_assert_true (g_variant_lookup (all, "ready-since", "t", &description->ready_since));
  g_assert_true (g_variant_lookup (all, "last-reply", "t", &description->last_reply));
  g_assert_true (g_variant_lookup (all, "rss", "t", &description->rss));
  g_assert_true (g_variant_lookup (all, "cpu-percent", "d", &description->cpu_percent));
  g_assert_true (g_variant_lookup (all, "progress", "d", &description->progress));
  g_assert_true (g_variant_lookup (all, "readiness", "s", &description->readiness));
  g_assert_true (g_variant_lookup (all, "status-text", "s", &description->status_text));
  description->has_health = health != NULL;
  if (health == NULL)
    return;

  g_assert_true (g_variant_lookup (health, "sequence", "t", &description->sequence));
  g_assert_true (g_variant_lookup (health, "time", "t", &description->checked_at));
  g_assert_true (g_variant_lookup (health, "rss", "t", &description->health_rss));
  g_assert_true (g_variant_lookup (health, "processes", "u", &description->processes));
}

static void
test_description (TestFixture   *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = health_spec_new (fixture, 100);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(HealthRecord) record = health_record_new (process);
  g_auto(Description) first = { 0 };
  g_auto(Description) next = { 0 };
  gint64 before = g_get_real_time ();

  g_object_unref (spec);
  describe (process, &first);
  g_assert_false (first.has_health);
  g_assert_cmpint (first.ready_since, ==, 0);
  g_assert_cmpint (first.last_reply, ==, 0);
  g_assert_cmpint (first.latency, ==, -1);
  g_assert_cmpstr (first.readiness, ==, "unreported");
  g_assert_cmpstr (first.status_text, ==, "");
  g_assert_cmpfloat (first.progress, ==, -1);

  g_assert_true (extension_host_process_start (process, NULL));
  rpc_wait_running (fixture, process);
  say (fixture, process, STATUS (",\"params\":{\"text\":\"indexing\",\"progress\":0.5}"));
  wait_text (fixture, process, "indexing");
  test_wait_until (fixture, record->checks->len >= 2 &&
                            extension_host_process_get_latency (process) > 0);
  describe (process, &first);
  g_assert_cmpstr (first.readiness, ==, "ready");
  g_assert_cmpstr (first.status_text, ==, "indexing");
  g_assert_cmpfloat (first.progress, ==, 0.5);
  g_assert_cmpint (first.ready_since, >=, before);
  g_assert_cmpint (first.last_reply, >=, first.ready_since);
  g_assert_cmpint (first.last_reply, <=, g_get_real_time ());
  g_assert_cmpint (first.latency, ==, extension_host_process_get_latency (process));
  g_assert_cmpuint (first.rss, ==, extension_host_process_get_rss (process));
  g_assert_cmpfloat (first.cpu_percent, ==, extension_host_process_get_cpu_percent (process));
  g_assert_cmpuint (first.health_rss, ==, first.rss);
  g_assert_cmpuint (first.processes, ==, 1);
  g_assert_cmpuint (first.sequence, ==, extension_host_health_get_sequence (health_last (record)));
  g_assert_cmpint (first.checked_at, ==, extension_host_health_get_time (health_last (record)));

  /* The one stays while the other follows the answers. */
  health_wait_checks (fixture, record, 3);
  say (fixture, process, STATUS (",\"params\":{\"text\":\"sorting\"}"));
  describe (process, &next);
  g_assert_cmpint (next.ready_since, ==, first.ready_since);
  g_assert_cmpint (next.last_reply, >, first.last_reply);
  g_assert_cmpuint (next.sequence, >=, first.sequence + 3);

  rpc_stop (process);
  describe (process, &next);
  g_assert_true (next.has_health);
  g_assert_cmpint (next.latency, ==, -1);
  g_assert_cmpuint (next.rss, ==, 0);
  g_assert_cmpstr (next.readiness, ==, "unreported");
  g_assert_cmpstr (next.status_text, ==, "");
}

/* How often it was started, by whom, and what the budget has left: a program that always fails. */

typedef struct
{
  guint operator_starts, restart_count, used, remaining;
  gboolean exhausted;
  guint64 since;
} Starts;

static Starts
describe_starts (ExtensionHostProcess *process)
{
  g_autoptr(GVariant) all = extension_host_process_describe (process);
  Starts starts = { 0 };

  g_assert_true (g_variant_lookup (all, "operator-starts", "u", &starts.operator_starts));
  g_assert_true (g_variant_lookup (all, "restart-count", "u", &starts.restart_count));
  g_assert_true (g_variant_lookup (all, "restart-budget", "(uuu)", NULL, &starts.used, NULL));
  g_assert_true (g_variant_lookup (all, "restarts-remaining", "u", &starts.remaining));
  g_assert_true (g_variant_lookup (all, "restarts-exhausted", "b", &starts.exhausted));
  g_assert_true (g_variant_lookup (all, "restart-budget-since", "t", &starts.since));

  return starts;
}

static void
start_until_crashed (TestFixture          *fixture,
                     ExtensionHostProcess *process)
{
  g_assert_true (extension_host_process_start (process, NULL));
  test_wait_until (fixture, extension_host_process_get_state (process) ==
                            EXTENSION_HOST_STATE_CRASHED);
}

static void
test_starts (TestFixture   *fixture,
             gconstpointer  data G_GNUC_UNUSED)
{
  const char *argv[] = { "false", NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("starts", argv);
  g_autoptr(ExtensionHostProcess) process = NULL;
  guint64 before = (guint64) g_get_real_time ();
  Starts starts = { 0 };

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_NONE, "backoff-initial", 1,
                "max-restarts", 2, NULL);
  process = extension_host_process_new (spec);
  starts = describe_starts (process);
  g_assert_cmpuint (starts.operator_starts, ==, 0);
  g_assert_cmpuint (starts.since, ==, 0);
  g_assert_cmpuint (starts.remaining, ==, 2);
  g_assert_false (starts.exhausted);

  start_until_crashed (fixture, process);
  starts = describe_starts (process);
  g_assert_cmpuint (starts.operator_starts, ==, 1);
  g_assert_cmpuint (starts.restart_count, ==, 2);
  g_assert_cmpuint (starts.used, ==, 2);
  g_assert_cmpuint (starts.remaining, ==, 0);
  g_assert_true (starts.exhausted);
  g_assert_cmpuint (starts.since, >=, before);
  g_assert_cmpuint (starts.since, <=, (guint64) g_get_real_time ());

  start_until_crashed (fixture, process);
  g_assert_cmpuint (describe_starts (process).operator_starts, ==, 2);
  g_assert_cmpuint (describe_starts (process).restart_count, ==, 2);
  g_assert_cmpuint (describe_starts (process).since, >, starts.since);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/status/shown", NULL, test_shown);
  test_add ("/status/burst", NULL, test_burst);
  test_add ("/status/burst-again", NULL, test_burst_again);
  test_add ("/status/odd-progress", NULL, test_odd_progress);
  test_add ("/status/wrong", NULL, test_wrong);
  test_add ("/status/starts", NULL, test_starts);
  test_add ("/status/not-a-number", NULL, test_not_a_number);
  test_add ("/status/odd-text", NULL, test_odd_text);
  test_add ("/status/long-text", NULL, test_long_text);
  test_add ("/status/long-log", NULL, test_long_log);
  test_add ("/status/long-stray", NULL, test_long_stray);
  test_add ("/status/cleared", NULL, test_cleared);
  test_add ("/status/description", NULL, test_description);

  return g_test_run ();
}
