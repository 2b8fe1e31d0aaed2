/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "test-lifecycle-fake.h"

/* Wishes: whose they were, and which of several counts in the end. */

/* Who asked for what: `requester/reason` of each transition, `-` for nobody */

static GString *asked;
static const ExtensionHostLifecycleFuncs *fake_funcs;

static void
note_requester (ExtensionHostTransition *transition,
                gboolean                 rests,
                gpointer                 owner)
{
  g_assert_true ((g_strcmp0 (transition->detail, BECAUSE) == 0) == (transition->requester != NULL));
  g_string_append_printf (asked, "%s%s/%s", asked->len > 0 ? " " : "",
                          transition->requester != NULL ? transition->requester : "-",
                          extension_host_reason_to_string (transition->reason));
  fake_funcs->moved (transition, rests, owner);
}

static gboolean
order_stop (Fake                *fake,
            ExtensionHostReason  reason,
            const char          *requester)
{
  return extension_host_lifecycle_stop (&fake->lifecycle, reason, EXTENSION_HOST_STOP_RUNG_TERM, 1,
                                        BY (requester), NULL);
}

static void
live_with_requesters (Fake *fake)
{
  ExtensionHostLifecycle *lifecycle = &fake->lifecycle;

  extension_host_lifecycle_start (lifecycle, EXTENSION_HOST_REASON_START, BY ("ann"), NULL);
  fake_live_and_die (fake, 1);
  fake_wait (fake);
  fake_spawned (fake);
  extension_host_lifecycle_restart (lifecycle, EXTENSION_HOST_REASON_RESTART, BY ("bob"), NULL);
  fake_gone (fake);
  order_stop (fake, EXTENSION_HOST_REASON_TERMINATE, "cid");
  extension_host_lifecycle_start (lifecycle, EXTENSION_HOST_REASON_START, BY ("dan"), NULL);
  fake_gone (fake);
  fake_live_and_die (fake, 1);
  extension_host_lifecycle_start (lifecycle, EXTENSION_HOST_REASON_START, BY ("eve"), NULL);
  order_stop (fake, EXTENSION_HOST_REASON_KILL, "fay");
  order_stop (fake, EXTENSION_HOST_REASON_STOP, "gus");   /* joins */
  fake_gone (fake);
  g_object_set (fake->spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  extension_host_lifecycle_restart (lifecycle, EXTENSION_HOST_REASON_GROUP, BY ("hal"), NULL);
  fake_live_and_die (fake, 1);
  extension_host_lifecycle_reset (lifecycle, BY ("ida"), NULL);
  extension_host_lifecycle_start (lifecycle, EXTENSION_HOST_REASON_START, NULL, NULL);
  extension_host_lifecycle_quarantine (lifecycle, BY ("joe"));
  fake_gone (fake);
}

static void
test_requesters (void)
{
  g_autoptr(Fake) fake = fake_new ();
  ExtensionHostLifecycleFuncs funcs = *fake->lifecycle.funcs;

  asked = g_string_new (NULL);
  fake_funcs = fake->lifecycle.funcs;
  funcs.moved = note_requester;
  fake->lifecycle.funcs = &funcs;
  live_with_requesters (fake);

  g_assert_cmpstr (asked->str, ==,
                   "ann/start -/spawned -/exited -/restart-scheduled -/backoff-elapsed -/spawned "
                   "bob/restart -/tree-gone bob/restart cid/terminate -/tree-gone dan/start "
                   "-/spawned -/exited -/restart-scheduled eve/start fay/kill -/tree-gone "
                   "hal/group -/spawned -/exited -/policy ida/reset "
                   "-/start joe/quarantine -/tree-gone");
  g_string_free (asked, TRUE);
}

/* Races: the facts of one tree in their order, and two wishes anywhere among them. When all is told
 * the last wish that was granted is the one that counts. */

typedef enum { ASK_START, ASK_RESTART, ASK_STOP, ASK_KILL, N_ASKS } Ask;

static const char facts[] = "seg";   /* spawned, exited, gone */

/* A wish for an end is always granted; one for a start, unless it is up or on the way to it. */
static void
ask (Fake     *fake,
     Ask       which,
     gboolean *up)
{
  gboolean at_rest = fake->state == EXTENSION_HOST_STATE_STOPPED;
  gboolean granted = FALSE;

  switch (which)
    {
    case ASK_START:
      granted = extension_host_lifecycle_start (&fake->lifecycle, EXTENSION_HOST_REASON_START,
                                                NULL, NULL);
      g_assert_cmpint (granted, ==, fake->state == EXTENSION_HOST_STATE_STOPPING || at_rest ||
                                    g_str_has_suffix (fake->trace->str, "starting:start spawn"));
      *up |= granted;
      break;
    case ASK_RESTART:
      fake_restart (fake);
      *up = TRUE;
      break;
    case ASK_STOP:
      fake_stop (fake);
      *up = FALSE;
      break;
    case ASK_KILL:
      granted = order_stop (fake, EXTENSION_HOST_REASON_KILL, NULL);
      g_assert_cmpint (granted, ==, !at_rest);
      *up &= !granted;
      break;
    case N_ASKS:
    default:
      g_assert_not_reached ();
    }
}

/* What a tree tells that may have been replaced already */
static void
tell (Fake  *fake,
      char   fact,
      guint  generation)
{
  if (fake->lifecycle.generation != generation || !fake->tree)
    return;

  if (fact == 's')
    fake_spawned (fake);
  else if (fact == 'e')
    fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
  else
    fake_gone (fake);
}

static void
run_race (Ask   first,
          Ask   second,
          guint first_at,
          guint second_at)
{
  g_autoptr(Fake) fake = fake_new ();
  gboolean up = TRUE;

  fake_start (fake);
  for (guint i = 0; i <= strlen (facts); i++)
    {
      g_string_truncate (fake->trace, 0);
      if (i == first_at)
        ask (fake, first, &up);
      g_string_truncate (fake->trace, 0);
      if (i == second_at)
        ask (fake, second, &up);
      if (facts[i] != '\0')
        tell (fake, facts[i], 1);
    }

  if (fake->state == EXTENSION_HOST_STATE_STOPPING)
    fake_gone (fake);
  fake->now += G_TIME_SPAN_DAY;
  extension_host_lifecycle_due (&fake->lifecycle);

  g_assert_cmpint (fake->lifecycle.desired, ==, up ? EXTENSION_HOST_DESIRED_UP
                                                   : EXTENSION_HOST_DESIRED_DOWN);
  g_assert_cmpint (fake->due, ==, 0);
  if (up)
    g_assert_true (fake->tree);
  else
    g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_STOPPED);
}

static void
test_races (void)
{
  for (Ask first = 0; first < N_ASKS; first++)
    for (Ask second = 0; second < N_ASKS; second++)
      for (guint first_at = 0; first_at <= strlen (facts); first_at++)
        for (guint second_at = first_at; second_at <= strlen (facts); second_at++)
          run_race (first, second, first_at, second_at);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/policy-wishes/requesters", test_requesters);
  g_test_add_func ("/policy-wishes/races", test_races);

  return g_test_run ();
}
