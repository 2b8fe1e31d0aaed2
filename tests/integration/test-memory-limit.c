/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that take more memory than they may. */

#include "health-util.h"

/* ms: what is asked for right after a tick is done before the next one, also on a busy machine. One
 * that comes while memory is being taken would see some amount between. */
#define INTERVAL 3000

static void
test_exceeded (TestFixture   *fixture,
               gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = health_spec_new (fixture, 100);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;
  g_autofree char *small = NULL;
  g_autofree char *large = NULL;
  g_auto(HealthDownfall) fall = { NULL };
  guint n_over = 0;

  g_object_set (spec, "memory-limit", (guint64) 30 << 20, "health-interval", INTERVAL, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  small = rpc_ask (fixture, process, "helper", "[\"large\",10]");
  health_wait_checks (fixture, record, 3);
  health_assert_spared (record);

  large = rpc_ask (fixture, process, "helper", "[\"large\",50]");
  health_downfall_watch (&fall, fixture, process);
  g_assert_cmpuint (fall.pids->len, ==, test_expected_count (3, 1));
  test_wait_until (fixture, extension_host_process_get_generation (process) == 2);
  g_assert_cmpint (fall.reason, ==, EXTENSION_HOST_REASON_MEMORY_LIMIT);
  g_assert_true (fall.all_gone);
  health_assert_contains (fall.detail, "30.0");
  for (guint i = 0; i < record->checks->len; i++)
    n_over += extension_host_health_get_rss (g_ptr_array_index (record->checks, i)) > 40 << 20;
  g_assert_cmpuint (n_over, ==, 2);
  g_assert_cmpuint (record->incidents->len, ==, 0);
}

/* Whoever is above it at one tick and gives it back until the next has had it for a moment only. */
static void
test_given_back (TestFixture   *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  ExtensionHostSpec *spec = health_spec_new (fixture, 100);
  g_autoptr(ExtensionHostProcess) process = NULL;
  g_autoptr(HealthRecord) record = NULL;

  g_object_set (spec, "memory-limit", (guint64) 30 << 20, "health-interval", INTERVAL, NULL);
  process = rpc_start (fixture, spec);
  record = health_record_new (process);
  health_wait_checks (fixture, record, 1);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *taken G_GNUC_UNUSED =
        rpc_ask (fixture, process, "take-memory", "[50]");
      g_autofree char *given = NULL;

      test_wait_until (fixture,
                       extension_host_health_get_rss (health_last (record)) > 50 << 20);
      given = rpc_ask (fixture, process, "give-memory", NULL);
      health_wait_checks (fixture, record, 1);
      g_assert_cmpuint (extension_host_health_get_rss (health_last (record)), <, 30 << 20);
    }
  health_assert_spared (record);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/memory-limit/exceeded", NULL, test_exceeded);
  test_add ("/memory-limit/given-back", NULL, test_given_back);

  return g_test_run ();
}
