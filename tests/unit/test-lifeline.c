/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-lifeline-private.h"

#define REPORT(kind) EXTENSION_HOST_REPORT_##kind

static const struct {
  const char *packet;
  ExtensionHostReport report;
} reports[] = {
  { "spawned 1", { .kind = REPORT (SPAWNED), .number = 1 } },
  { "spawned 4194304", { .kind = REPORT (SPAWNED), .number = 4194304 } },
  { "spawned 2147483647", { .kind = REPORT (SPAWNED), .number = G_MAXINT } },
  { "failed 2 exec", { .kind = REPORT (FAILED), .number = 2, .step = "exec" } },
  { "failed 4095 working-directory",
    { .kind = REPORT (FAILED), .number = 4095, .step = "working-directory" } },
  { "failed 1 abcdefghijklmnopqrstuvwxyz-abcd",
    { .kind = REPORT (FAILED), .number = 1, .step = "abcdefghijklmnopqrstuvwxyz-abcd" } },
  { "exited 0", { .kind = REPORT (EXITED), .number = 0 } },
  { "exited 255", { .kind = REPORT (EXITED), .number = 255 } },
  { "signalled 9 0", { .kind = REPORT (SIGNALLED), .number = 9 } },
  { "signalled 64 1", { .kind = REPORT (SIGNALLED), .number = 64, .core_dumped = TRUE } },
  { "left 1", { .kind = REPORT (LEFT), .number = 1 } },
  { "left 0", { .kind = REPORT (LEFT), .number = 0 } },
  { "gone", { .kind = REPORT (GONE) } },
  { "ok", { .kind = REPORT (OK) } },
};

static const char * const malformed[] = {
  " ", "\n", "gone\n", "ok ", " ok", "GONE", "gon", "gonee", "spawn 1", "unknown", "unknown 1",
  /* too few words, and too many */
  "spawned", "spawned ", "spawned 1 2", "spawned  1", "spawned 1 ", "failed", "failed 2",
  "failed 2 ", "failed 2 exec exec", "exited", "exited 0 0", "signalled 9", "signalled 9 0 0",
  "left", "left 1 1", "gone 1", "gone ", "ok ok", "ok 1 2 3 4 5",
  /* what is no number */
  "spawned x", "spawned 1x", "spawned 0x1", "spawned -1", "spawned +1", "spawned 1.0",
  "spawned 1\n", "spawned\t1", "spawned \v1", "left \f1", "exited -1", "exited 1e1", "signalled x 0",
  "signalled 9 x", "signalled 9 \v1",
  /* numbers out of range */
  "spawned 2147483648", "spawned 4294967297", "spawned 18446744073709551617", "failed 4096 exec",
  "exited 256", "signalled 65 0", "signalled 9 2", "left 2147483648",
  /* steps that are none */
  "failed 2 Exec", "failed 2 ex_ec", "failed 2 exec1", "failed 2 ex\303\244c", "failed 2 %s",
  "failed 1 abcdefghijklmnopqrstuvwxyz-abcde",
};

static gboolean
parse (const char          *packet,
       gsize                length,
       ExtensionHostReport *report)
{
  /* On the heap and without a terminator, so that reading beyond it is seen. */
  g_autofree char *copy = g_memdup2 (packet, length);

  return extension_host_report_parse (copy, length, report);
}

static void
test_each_report_is_read (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reports); i++)
    {
      ExtensionHostReport report;

      memset (&report, 0xff, sizeof report);
      g_assert_true (parse (reports[i].packet, strlen (reports[i].packet), &report));
      g_assert_cmpint (report.kind, ==, reports[i].report.kind);
      g_assert_cmpuint (report.number, ==, reports[i].report.number);
      g_assert_cmpint (report.core_dumped, ==, reports[i].report.core_dumped);
      g_assert_cmpstr (report.step, ==, reports[i].report.step);
    }
}

static void
test_malformed_is_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      ExtensionHostReport report;

      if (parse (malformed[i], strlen (malformed[i]), &report))
        g_error ("“%s” is taken for a report", malformed[i]);
    }
}

static void
test_empty_is_refused (void)
{
  ExtensionHostReport report;

  g_assert_false (extension_host_report_parse ("", 0, &report));
  g_assert_false (extension_host_report_parse (NULL, 0, &report));
}

static void
test_truncated_is_refused (void)
{
  static const char packet[] = "failed 2 e";

  for (gsize length = 1; length < strlen (packet); length++)
    {
      ExtensionHostReport report;

      g_assert_false (parse (packet, length, &report));
    }
}

static void
test_oversize_is_refused (void)
{
  static const gsize lengths[] = { EXTENSION_HOST_REPORT_MAX + 1, 4096, 1024 * 1024 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *zeros = g_strnfill (lengths[i], '0');
      ExtensionHostReport report;

      memcpy (zeros, "exited ", strlen ("exited "));
      g_assert_false (parse (zeros, lengths[i], &report));
    }
}

static void
test_nul_is_refused_wherever_it_stands (void)
{
  static const char packet[] = "signalled 11 1";
  gsize length = strlen (packet);

  for (gsize i = 0; i <= length; i++)
    {
      g_autofree char *copy = g_strdup (packet);
      ExtensionHostReport report;

      copy[i] = '\0';
      g_assert_false (parse (copy, MAX (i + 1, length), &report));
    }
}

static void
assert_sound (const ExtensionHostReport *report)
{
  g_assert_cmpint (report->kind, <=, REPORT (OK));
  g_assert_cmpuint (report->number, <=, G_MAXINT);
  g_assert_nonnull (memchr (report->step, '\0', sizeof report->step));
}

static void
test_random_bytes_do_no_harm (void)
{
  for (guint i = 0; i < 100000; i++)
    {
      char packet[EXTENSION_HOST_REPORT_MAX + 8];
      gsize length = g_test_rand_int_range (0, sizeof packet);
      ExtensionHostReport report;

      for (gsize j = 0; j < length; j++)
        packet[j] = (char) g_test_rand_int ();
      if (parse (packet, length, &report))
        assert_sound (&report);
    }
}

/* Closer to the real ones: each with one byte changed. */
static void
test_changed_bytes_do_no_harm (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reports); i++)
    {
      gsize length = strlen (reports[i].packet);

      for (gsize j = 0; j < length; j++)
        for (int byte = 0; byte < 256; byte++)
          {
            g_autofree char *packet = g_strdup (reports[i].packet);
            ExtensionHostReport report;

            packet[j] = (char) byte;
            if (parse (packet, length, &report))
              assert_sound (&report);
          }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lifeline/each-report-is-read", test_each_report_is_read);
  g_test_add_func ("/lifeline/malformed-is-refused", test_malformed_is_refused);
  g_test_add_func ("/lifeline/empty-is-refused", test_empty_is_refused);
  g_test_add_func ("/lifeline/truncated-is-refused", test_truncated_is_refused);
  g_test_add_func ("/lifeline/oversize-is-refused", test_oversize_is_refused);
  g_test_add_func ("/lifeline/nul-is-refused-wherever-it-stands",
                   test_nul_is_refused_wherever_it_stands);
  g_test_add_func ("/lifeline/random-bytes-do-no-harm", test_random_bytes_do_no_harm);
  g_test_add_func ("/lifeline/changed-bytes-do-no-harm", test_changed_bytes_do_no_harm);

  return g_test_run ();
}
