/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>

#include "test-lifecycle-fake.h"

/* A long random life. What each single order and announcement must satisfy is asserted by the
 * fake; here what must hold between any two inputs. */

#define STEPS 200000

typedef struct
{
  Fake *fake;
  guint spawns;        /* when last looked */
  gboolean spawned;    /* told of this tree */
  gboolean exited;     /* told of this tree */
  guint64 visits[EXTENSION_HOST_STATE_CRASHED + 1];
} Walk;

static void
wish (Walk *walk)
{
  ExtensionHostLifecycle *lifecycle = &walk->fake->lifecycle;
  g_autoptr(GError) error = NULL;
  gboolean granted = TRUE;

  switch (g_test_rand_int_range (0, 10))
    {
    case 0:
      granted = extension_host_lifecycle_start (lifecycle, EXTENSION_HOST_REASON_START, BY ("me"),
                                                &error);
      break;
    case 1:
      granted = extension_host_lifecycle_restart (lifecycle, EXTENSION_HOST_REASON_RESTART, BY ("me"),
                                                  &error);
      break;
    case 2:
      granted = extension_host_lifecycle_stop (lifecycle, EXTENSION_HOST_REASON_STOP,
                                               EXTENSION_HOST_STOP_RUNG_REQUEST, 0, BY ("me"),
                                               &error);
      break;
    case 3:
      granted = extension_host_lifecycle_stop (lifecycle, EXTENSION_HOST_REASON_TERMINATE,
                                               EXTENSION_HOST_STOP_RUNG_TERM, 5, BY ("me"), &error);
      break;
    case 4:
      granted = extension_host_lifecycle_stop (lifecycle, EXTENSION_HOST_REASON_KILL,
                                               EXTENSION_HOST_STOP_RUNG_KILL, 0, BY ("me"), &error);
      break;
    case 5:
      granted = extension_host_lifecycle_reset (lifecycle, BY ("me"), &error);
      break;
    case 6:
      granted = extension_host_lifecycle_pause (lifecycle, &error);
      break;
    case 7:
      granted = extension_host_lifecycle_resume (lifecycle, &error);
      break;
    case 8:
      if (g_test_rand_int_range (0, 4) == 0)
        extension_host_lifecycle_quarantine (lifecycle, BY ("me"));
      break;
    default:
      extension_host_lifecycle_release (lifecycle);
      break;
    }

  g_assert_cmpint (granted, ==, error == NULL);
}

/* An end of the program, early, late or for the second time. */
static void
exit_somehow (Walk *walk)
{
  Fake *fake = walk->fake;
  gboolean known = !fake->tree || walk->spawned;

  walk->exited = TRUE;
  if (known && g_test_rand_bit ())
    fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, g_test_rand_int_range (0, 2));
  else if (known && g_test_rand_bit ())
    fake_exited (fake, EXTENSION_HOST_EXIT_KIND_SIGNALLED, SIGSEGV);
  else
    fake_exited (fake, EXTENSION_HOST_EXIT_KIND_LOST, 0);
}

static void
fail_to_spawn (Walk *walk)
{
  if (walk->fake->tree && (walk->spawned || walk->exited))
    return;   /* no attempt tells that */

  fake_spawn_failed (walk->fake, g_test_rand_bit () ? EXTENSION_HOST_ERROR_NOT_FOUND
                                                    : EXTENSION_HOST_ERROR_NO_RESOURCES);
}

static void
tell (Walk *walk)
{
  Fake *fake = walk->fake;

  switch (g_test_rand_int_range (0, 9))
    {
    case 0:
    case 1:
      walk->spawned = !walk->exited;
      if (walk->spawned)
        fake_spawned (fake);
      break;
    case 2:
      fail_to_spawn (walk);
      break;
    case 3:
      exit_somehow (walk);
      break;
    case 4:
      fake_fault (fake, g_test_rand_int_range (0, EXTENSION_HOST_REASON_GROUP + 1));
      break;
    case 5:
      extension_host_lifecycle_gave_up (&fake->lifecycle, 1);
      break;
    case 6:
    case 7:
      if (!fake->tree || walk->exited)
        fake_gone (fake);
      break;
    default:
      if (fake->due != 0)
        fake_wait (fake);
      else
        extension_host_lifecycle_due (&fake->lifecycle);
      break;
    }
}

/* What a new spec says counts from then on. */
static void
change_spec (Walk *walk)
{
  static const char * const some[] = { "1", "SEGV", NULL };
  static const char * const none[] = { NULL };

  g_object_set (walk->fake->spec,
                "restart", g_test_rand_int_range (0, 3),
                "max-restarts", g_test_rand_int_range (0, 6),
                "backoff-initial", g_test_rand_int_range (0, 2) * 1000,
                "no-restart-exits", g_test_rand_int_range (0, 4) == 0 ? some : none,
                NULL);
}

static void
check (Walk *walk)
{
  Fake *fake = walk->fake;
  ExtensionHostLifecycle *lifecycle = &fake->lifecycle;
  gboolean at_rest = fake->state == EXTENSION_HOST_STATE_STOPPED ||
                     fake->state == EXTENSION_HOST_STATE_CRASHED;

  g_assert_cmpint (lifecycle->state, ==, fake->state);
  g_assert_cmpuint (lifecycle->sequence, ==, fake->sequence);
  g_assert_cmpuint (lifecycle->generation, ==, fake->spawns);
  g_assert_cmpint (lifecycle->has_tree, ==, fake->tree);
  g_assert_cmpint (lifecycle->due, ==, fake->due);

  /* No tree at rest and in backoff, and a tree wherever there is something to end. */
  if (at_rest || fake->state == EXTENSION_HOST_STATE_RESTARTING)
    g_assert_false (fake->tree);
  else if (fake->state != EXTENSION_HOST_STATE_UNHEALTHY)
    g_assert_true (fake->tree);
  else if (!fake->tree)
    g_assert_cmpint (lifecycle->control, ==, EXTENSION_HOST_CONTROL_PAUSED);

  /* The timer runs in backoff, unless paused, and never else. */
  g_assert_cmpint (fake->due != 0, ==, fake->state == EXTENSION_HOST_STATE_RESTARTING &&
                                       lifecycle->control != EXTENSION_HOST_CONTROL_PAUSED);

  if (lifecycle->pending_restart)
    g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_STOPPING);
  if (at_rest && fake->sequence > 0)
    g_assert_true (fake->rests);
  if (lifecycle->control == EXTENSION_HOST_CONTROL_QUARANTINED)
    g_assert_true (fake->state == EXTENSION_HOST_STATE_STOPPED ||
                   fake->state == EXTENSION_HOST_STATE_STOPPING);
}

static void
look (Walk *walk)
{
  if (walk->fake->spawns != walk->spawns || !walk->fake->tree)
    {
      walk->spawned = FALSE;
      walk->exited = FALSE;
    }

  walk->spawns = walk->fake->spawns;
  walk->visits[walk->fake->state]++;
  g_string_truncate (walk->fake->trace, 0);
}

static void
test_random_walk (void)
{
  g_autoptr(Fake) fake = fake_new ();
  Walk walk = { .fake = fake };

  for (guint i = 0; i < STEPS; i++)
    {
      fake->now += g_test_rand_int_range (0, 2000 * 1000);
      if (g_test_rand_int_range (0, 500) == 0)
        change_spec (&walk);

      /* At rest there is little to tell. */
      if (g_test_rand_int_range (0, fake->tree || fake->due != 0 ? 8 : 2) == 0)
        wish (&walk);
      else
        tell (&walk);
      check (&walk);
      look (&walk);
    }

  /* A walk that stayed at home would have proved nothing. */
  for (gsize state = 0; state < G_N_ELEMENTS (walk.visits); state++)
    g_assert_cmpuint (walk.visits[state], >, STEPS / 500);
  g_assert_cmpuint (fake->spawns, >, STEPS / 200);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lifecycle/random-walk", test_random_walk);

  return g_test_run ();
}
