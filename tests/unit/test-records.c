/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-enum-types.h"
#include "extension-host-exit-private.h"
#include "extension-host-health-private.h"
#include "extension-host-shutdown-report-private.h"

#define VERDICT(verdict) EXTENSION_HOST_VERDICT_##verdict
#define N_THREADS 4
#define N_ROUNDS 500000

/* The health and the report: immutable records that are handed around. */

static const struct {
  gboolean ok;
  guint failures;
  ExtensionHostVerdict verdict;
  gint64 latency;
  guint64 rss;
  double cpu_percent;
  guint processes;
  const char *text;
} lines[] = {
  { TRUE, 0, VERDICT (NONE), 800, 35756442, 2.0, 3, "ok, 0.8 ms, 34.1 MiB, 2 % CPU, 3 processes" },
  { TRUE, 0, VERDICT (NONE), -1, 35756442, 2.0, 1, "ok, 34.1 MiB, 2 % CPU, 1 process" },
  { TRUE, 0, VERDICT (NONE), 0, 0, 0.0, 0, "ok, 0.0 ms, 0.0 MiB, 0 % CPU, 0 processes" },
  { TRUE, 0, VERDICT (NONE), 49, 52427, 0.4, 2, "ok, 0.0 ms, 0.0 MiB, 0 % CPU, 2 processes" },
  { TRUE, 0, VERDICT (NONE), 50, 52428, 0.6, 2, "ok, 0.1 ms, 0.1 MiB, 1 % CPU, 2 processes" },
  { TRUE, 0, VERDICT (NONE), 999950, 1048576000, 387.2, 2,
    "ok, 1000.0 ms, 1000.0 MiB, 387 % CPU, 2 processes" },
  { TRUE, 0, VERDICT (NONE), G_MAXINT64, G_MAXUINT64, 100.0, G_MAXUINT,
    "ok, 9223372036854775.8 ms, 17592286708288.0 MiB, 100 % CPU, 4294967295 processes" },
  { FALSE, 0, VERDICT (NONE), -1, 1048576, 2.0, 1, "not ok, 1.0 MiB, 2 % CPU, 1 process" },
  { FALSE, 1, VERDICT (RUNNING), -1, 1048576, 100.0, 1,
    "1 failure, running, 1.0 MiB, 100 % CPU, 1 process" },
  { FALSE, 3, VERDICT (SLEEPING), -1, 1048576, 0.0, 3,
    "3 failures in a row, sleeping, 1.0 MiB, 0 % CPU, 3 processes" },
  { FALSE, 3, VERDICT (STOPPED), -1, 1048576, 0.0, 3,
    "3 failures in a row, stopped, 1.0 MiB, 0 % CPU, 3 processes" },
  { FALSE, 3, VERDICT (UNINTERRUPTIBLE), 5200000, 1048576, 0.0, 3,
    "3 failures in a row, uninterruptible, 5200.0 ms, 1.0 MiB, 0 % CPU, 3 processes" },
  { FALSE, 3, VERDICT (BLOCKED), -1, 1048576, 0.0, 3,
    "3 failures in a row, blocked, 1.0 MiB, 0 % CPU, 3 processes" },
};

static void
test_health_is_told_in_a_line (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr(ExtensionHostHealth) health = extension_host_health_new ();
      g_autofree char *text = NULL;

      health->ok = lines[i].ok;
      health->failures = lines[i].failures;
      health->verdict = lines[i].verdict;
      health->latency = lines[i].latency;
      health->rss = lines[i].rss;
      health->cpu_percent = lines[i].cpu_percent;
      health->processes = lines[i].processes;
      text = extension_host_health_to_string (health);

      g_assert_cmpstr (text, ==, lines[i].text);
    }
}

/* The word in the line is the nick, whatever verdicts there will be. */
static void
test_each_verdict_has_its_word (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (EXTENSION_HOST_TYPE_VERDICT);

  g_assert_cmpuint (klass->n_values, ==, 6);
  for (guint i = 1; i < klass->n_values; i++)
    {
      g_autoptr(ExtensionHostHealth) health = extension_host_health_new ();
      g_autofree char *begin = g_strdup_printf ("ok, %s, ", klass->values[i].value_nick);
      g_autofree char *text = NULL;

      health->verdict = klass->values[i].value;
      text = extension_host_health_to_string (health);
      g_assert_true (g_str_has_prefix (text, begin));
    }
}

static void
test_new_health_claims_nothing (void)
{
  g_autoptr(ExtensionHostHealth) health = extension_host_health_new ();

  g_assert_true (extension_host_health_get_ok (health));
  g_assert_cmpint (extension_host_health_get_latency (health), ==, -1);
  g_assert_cmpuint (extension_host_health_get_failures (health), ==, 0);
  g_assert_cmpint (extension_host_health_get_verdict (health), ==, VERDICT (NONE));
}

static void
test_getters_tell_what_was_filled_in (void)
{
  g_autoptr(ExtensionHostHealth) health = extension_host_health_new ();

  /* All different, and too large for a smaller type. */
  health->sequence = G_MAXUINT64 - 1;
  health->generation = G_MAXUINT64 - 2;
  health->time = G_MAXINT64 - 3;
  health->ok = FALSE;
  health->latency = G_MAXINT64 - 4;
  health->failures = G_MAXUINT - 5;
  health->rss = G_MAXUINT64 - 6;
  health->cpu_percent = 1234.5;
  health->processes = G_MAXUINT - 7;
  health->pending_calls = G_MAXUINT - 8;
  health->queued_bytes = G_MAXUINT64 - 9;
  health->verdict = VERDICT (BLOCKED);

  g_assert_cmpuint (extension_host_health_get_sequence (health), ==, G_MAXUINT64 - 1);
  g_assert_cmpuint (extension_host_health_get_generation (health), ==, G_MAXUINT64 - 2);
  g_assert_cmpint (extension_host_health_get_time (health), ==, G_MAXINT64 - 3);
  g_assert_false (extension_host_health_get_ok (health));
  g_assert_cmpint (extension_host_health_get_latency (health), ==, G_MAXINT64 - 4);
  g_assert_cmpuint (extension_host_health_get_failures (health), ==, G_MAXUINT - 5);
  g_assert_cmpuint (extension_host_health_get_rss (health), ==, G_MAXUINT64 - 6);
  g_assert_cmpfloat (extension_host_health_get_cpu_percent (health), ==, 1234.5);
  g_assert_cmpuint (extension_host_health_get_processes (health), ==, G_MAXUINT - 7);
  g_assert_cmpuint (extension_host_health_get_pending_calls (health), ==, G_MAXUINT - 8);
  g_assert_cmpuint (extension_host_health_get_queued_bytes (health), ==, G_MAXUINT64 - 9);
  g_assert_cmpint (extension_host_health_get_verdict (health), ==, VERDICT (BLOCKED));
}

static ExtensionHostStopOutcome *
make_outcome (gboolean exited,
              gboolean forced)
{
  ExtensionHostStopOutcome *outcome = extension_host_stop_outcome_new ();

  outcome->exited = exited;
  outcome->forced = forced;
  outcome->leftover = exited ? 0 : 1;

  return outcome;
}

static void
test_report_lists_hosts_in_order (void)
{
  g_autoptr(ExtensionHostShutdownReport) report = extension_host_shutdown_report_new ();

  report->duration = G_MAXINT64;
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(ExtensionHostStopOutcome) outcome = make_outcome (TRUE, FALSE);
      g_autofree char *id = g_strdup_printf ("host%u", i);

      outcome->duration = i;
      extension_host_shutdown_report_add (report, id, outcome);
    }

  g_assert_cmpint (extension_host_shutdown_report_get_duration (report), ==, G_MAXINT64);
  g_assert_cmpuint (extension_host_shutdown_report_get_n_hosts (report), ==, 100);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("host%u", i);
      ExtensionHostStopOutcome *outcome = extension_host_shutdown_report_get_outcome (report, i);

      g_assert_cmpstr (extension_host_shutdown_report_get_id (report, i), ==, id);
      g_assert_cmpint (extension_host_stop_outcome_get_duration (outcome), ==, i);
    }
}

/* Hosts that went by themselves (g), were killed (k), or are left although they were killed (l). */
static void
test_clean_is_nothing_killed_and_nothing_left (void)
{
  const char *cases[] = { "", "g", "gg", "k", "l", "kg", "gk", "lg", "gl", "gkg", "glg", "kl" };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ExtensionHostShutdownReport) report = extension_host_shutdown_report_new ();

      for (const char *c = cases[i]; *c != '\0'; c++)
        {
          g_autoptr(ExtensionHostStopOutcome) outcome = make_outcome (*c != 'l', *c != 'g');

          extension_host_shutdown_report_add (report, "host", outcome);
        }
      g_assert_cmpint (extension_host_shutdown_report_get_clean (report), ==,
                       strspn (cases[i], "g") == strlen (cases[i]));
    }
}

/* Left, and not killed: somebody else ended the wait. */
static void
test_left_alone_is_not_clean (void)
{
  g_autoptr(ExtensionHostShutdownReport) report = extension_host_shutdown_report_new ();
  g_autoptr(ExtensionHostStopOutcome) outcome = make_outcome (FALSE, FALSE);

  extension_host_shutdown_report_add (report, "host", outcome);
  g_assert_false (extension_host_shutdown_report_get_clean (report));
}

static void
test_index_out_of_range_is_refused (void)
{
  g_autoptr(ExtensionHostShutdownReport) report = extension_host_shutdown_report_new ();
  g_autoptr(ExtensionHostStopOutcome) outcome = make_outcome (TRUE, FALSE);

  extension_host_shutdown_report_add (report, "host", outcome);
  if (g_test_subprocess ())
    {
      /* Both getters are to refuse and to go on. */
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      g_assert_null (extension_host_shutdown_report_get_id (report, 1));
      g_assert_null (extension_host_shutdown_report_get_outcome (report, G_MAXUINT));
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*get_id*i < self->ids->len*get_outcome*i < self->outcomes->len*");
}

/* An error deep inside a record tells when the record is freed. */
static int n_freed;   /* atomic */

static void
on_error_made (GError *error G_GNUC_UNUSED)
{
}

static void
on_error_copied (const GError *error G_GNUC_UNUSED,
                 GError       *copy G_GNUC_UNUSED)
{
}

static void
on_error_freed (GError *error G_GNUC_UNUSED)
{
  g_atomic_int_inc (&n_freed);
}

static ExtensionHostShutdownReport *
make_traced_report (void)
{
  static GQuark domain = 0;
  ExtensionHostShutdownReport *report = extension_host_shutdown_report_new ();
  g_autoptr(ExtensionHostStopOutcome) outcome = make_outcome (TRUE, FALSE);

  if (domain == 0)
    domain = g_error_domain_register_static ("traced", sizeof (gpointer), on_error_made,
                                             on_error_copied, on_error_freed);
  outcome->exit = extension_host_exit_new ();
  outcome->exit->error = g_error_new_literal (domain, 0, "traced");
  extension_host_shutdown_report_add (report, "host", outcome);
  g_atomic_int_set (&n_freed, 0);

  return report;
}

static void
test_report_keeps_the_outcomes (void)
{
  g_autoptr(ExtensionHostShutdownReport) report = make_traced_report ();
  g_autoptr(ExtensionHostStopOutcome) kept = NULL;

  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, 0);
  kept = extension_host_stop_outcome_ref (extension_host_shutdown_report_get_outcome (report, 0));
  g_clear_pointer (&report, extension_host_shutdown_report_unref);
  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, 0);

  g_clear_pointer (&kept, extension_host_stop_outcome_unref);
  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, 1);
}

static void
test_boxed_copies_are_references (void)
{
  g_autoptr(ExtensionHostHealth) health = extension_host_health_new ();
  ExtensionHostShutdownReport *report = make_traced_report ();
  GValue values[2] = { G_VALUE_INIT, G_VALUE_INIT };
  GValue copy = G_VALUE_INIT;

  g_value_init (&values[0], EXTENSION_HOST_TYPE_HEALTH);
  g_value_set_boxed (&values[0], health);
  g_assert_true (g_value_get_boxed (&values[0]) == health);

  g_value_init (&values[1], EXTENSION_HOST_TYPE_SHUTDOWN_REPORT);
  g_value_take_boxed (&values[1], report);
  g_value_init (&copy, EXTENSION_HOST_TYPE_SHUTDOWN_REPORT);
  g_value_copy (&values[1], &copy);
  g_assert_true (g_value_get_boxed (&copy) == report);

  g_value_unset (&values[0]);
  g_assert_cmpint (extension_host_health_get_latency (health), ==, -1);
  g_value_unset (&values[1]);
  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, 0);
  g_value_unset (&copy);
  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, 1);
}

/* Compiles only with a cleanup function, and must not run it on NULL. */
static void
test_no_record_is_cleaned_up (void)
{
  g_autoptr(ExtensionHostHealth) health = NULL;
  g_autoptr(ExtensionHostShutdownReport) report = NULL;

  g_assert_null (health);
  g_assert_null (report);
}

typedef struct
{
  ExtensionHostHealth *health;
  ExtensionHostShutdownReport *report;
  int n_waiting;   /* atomic: threads that are not there yet */
} Shared;

/* Each thread comes with references of its own, which it drops. They set out together, as each would
 * be done before the next began. */
static gpointer
use_records (gpointer data)
{
  Shared *shared = data;

  g_atomic_int_add (&shared->n_waiting, -1);
  while (g_atomic_int_get (&shared->n_waiting) > 0)
    g_thread_yield ();

  for (int i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(ExtensionHostHealth) health = extension_host_health_ref (shared->health);
      g_autoptr(ExtensionHostShutdownReport) report =
        extension_host_shutdown_report_ref (shared->report);

      g_assert_cmpint (extension_host_health_get_latency (health), ==, 4711);
      g_assert_cmpstr (extension_host_shutdown_report_get_id (report, 0), ==, "host");
    }
  extension_host_health_unref (shared->health);
  extension_host_shutdown_report_unref (shared->report);

  return NULL;
}

static void
test_threads_share_records (void)
{
  Shared shared = { extension_host_health_new (), make_traced_report (), N_THREADS };
  GThread *threads[N_THREADS];

  shared.health->latency = 4711;
  for (guint i = 0; i < N_THREADS; i++)
    {
      extension_host_health_ref (shared.health);
      extension_host_shutdown_report_ref (shared.report);
    }
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("records", use_records, &shared);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, 0);
  g_assert_cmpint (extension_host_health_get_latency (shared.health), ==, 4711);
  extension_host_health_unref (shared.health);
  extension_host_shutdown_report_unref (shared.report);
  g_assert_cmpint (g_atomic_int_get (&n_freed), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/health/is-told-in-a-line", test_health_is_told_in_a_line);
  g_test_add_func ("/health/each-verdict-has-its-word", test_each_verdict_has_its_word);
  g_test_add_func ("/health/new-claims-nothing", test_new_health_claims_nothing);
  g_test_add_func ("/health/getters-tell-what-was-filled-in",
                   test_getters_tell_what_was_filled_in);
  g_test_add_func ("/shutdown-report/lists-hosts-in-order", test_report_lists_hosts_in_order);
  g_test_add_func ("/shutdown-report/clean-is-nothing-killed-and-nothing-left",
                   test_clean_is_nothing_killed_and_nothing_left);
  g_test_add_func ("/shutdown-report/left-alone-is-not-clean", test_left_alone_is_not_clean);
  g_test_add_func ("/shutdown-report/index-out-of-range-is-refused",
                   test_index_out_of_range_is_refused);
  g_test_add_func ("/shutdown-report/keeps-the-outcomes", test_report_keeps_the_outcomes);
  g_test_add_func ("/records/boxed-copies-are-references", test_boxed_copies_are_references);
  g_test_add_func ("/records/none-is-cleaned-up", test_no_record_is_cleaned_up);
  g_test_add_func ("/records/threads-share-them", test_threads_share_records);

  return g_test_run ();
}
