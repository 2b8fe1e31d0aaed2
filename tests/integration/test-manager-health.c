/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The health of many hosts costs the main loop no more sources than that of one. */

#include "rpc-util.h"

#define N_TICKS 3

typedef struct
{
  ExtensionHostManager *manager;
  GHashTable *ticks;      /* ExtensionHostProcess → how many there were */
  guint n_done;           /* hosts that had enough of them */
  guint n_bad;            /* ticks */
} Crowd;

static void
on_health_checked (ExtensionHostManager *manager,
                   ExtensionHostProcess *process,
                   ExtensionHostHealth  *health,
                   Crowd                *self)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->ticks, process)) + 1;

  g_assert_true (manager == self->manager);
  g_assert_cmpuint (extension_host_health_get_sequence (health), ==, n);
  g_hash_table_replace (self->ticks, process, GUINT_TO_POINTER (n));
  self->n_done += n == N_TICKS;
  self->n_bad += !extension_host_health_get_ok (health);
  g_assert_cmpuint (extension_host_health_get_processes (health), ==, 1);
}

/* Ids are handed out from 1 on: none behind the last is in use. */
static guint
count_sources (GMainContext *context)
{
  g_autoptr(GSource) probe = g_idle_source_new ();
  guint last = g_source_attach (probe, context);
  guint n = 0;

  for (guint id = 1; id < last; id++)
    n += g_main_context_find_source_by_id (context, id) != NULL;
  g_source_destroy (probe);

  return n;
}

static guint
watch (TestFixture *fixture,
       guint        n_hosts)
{
  Crowd crowd = { extension_host_manager_new (), g_hash_table_new (NULL, NULL), 0, 0 };
  guint n_sources = 0;

  for (guint i = 0; i < n_hosts; i++)
    {
      g_autofree char *id = g_strdup_printf ("h%u", i);
      g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, id, NULL);

      g_object_set (spec, "health-interval", 1000, "health-timeout", 10000, NULL);
      g_assert_nonnull (extension_host_manager_add (crowd.manager, spec, NULL));
    }
  g_signal_connect (crowd.manager, "health-checked", G_CALLBACK (on_health_checked), &crowd);
  g_assert_true (extension_host_manager_start_all (crowd.manager, NULL));
  test_wait_until (fixture, crowd.n_done == n_hosts);
  n_sources = count_sources (fixture->context);
  g_assert_cmpuint (crowd.n_bad, ==, 0);

  g_object_unref (crowd.manager);
  g_hash_table_unref (crowd.ticks);

  return n_sources;
}

static void
test_crowd (TestFixture   *fixture,
            gconstpointer  data)
{
  guint one = watch (fixture, 1);
  guint many = watch (fixture, g_test_slow () ? 300 : 30);

  g_test_message ("sources: %u for one host, %u for many", one, many);
  g_assert_cmpuint (one, >, 0);
  g_assert_cmpuint (many, <=, one + 1);   /* the rest of a burst may be waiting */
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/manager-health/crowd", NULL, test_crowd);

  return g_test_run ();
}
