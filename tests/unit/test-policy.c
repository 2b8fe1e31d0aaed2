/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>

#include "test-lifecycle-fake.h"

/* What becomes of a host that ended unasked: every cause × state × policy × budget × control. What
 * is expected is told by rules, the first that fits counts; they are those of the manual, and know
 * nothing of how the lifecycle comes to its decision. */

typedef enum
{
  EXIT_CLEAN,
  EXIT_FAILURE_CODE,
  EXIT_FINAL,
  SIGNAL,
  SIGNAL_FINAL,
  CORE_DUMP,
  SPAWN_FATAL,
  SPAWN_RESOURCES,
  START_TIMEOUT,
  UNRESPONSIVE,
  CHANNEL_LOST,
  PROTOCOL_ERROR,
  MEMORY_LIMIT,
  SHIM_LOST,
  N_CAUSES
} Cause;

typedef enum { STARTING, RUNNING, N_STATES } State;
typedef enum { ALWAYS, ON_FAILURE, NEVER, N_POLICIES } Policy;
typedef enum { ROOM, SPENT, NOTHING_GRANTED, UNLIMITED, N_BUDGETS } Budget;
typedef enum { ACTIVE, PAUSED, N_CONTROLS } Control;

#define FINAL_CODE 78

/* KILL is what becomes of a host that we end: not its own end, hence never final. */
static const char * const final_exits[] = { "78", "SEGV", "KILL", NULL };

typedef struct
{
  Cause cause;
  State state;
  Policy policy;
  Budget budget;
  Control control;
} Case;

/* What is told at once */

#define CANNOT_BE NULL   /* no attempt tells that in this state, and no arrow leads from there */
#define REFUSED ""       /* of no consequence there */

static const struct {
  const char *name;
  const char *told[N_STATES];
  ExtensionHostReason reason;
} causes[N_CAUSES] = {
  [EXIT_CLEAN] =
    { "exit 0", { CANNOT_BE, "unhealthy:exited" }, EXTENSION_HOST_REASON_EXITED },
  [EXIT_FAILURE_CODE] =
    { "exit 1", { CANNOT_BE, "unhealthy:exited" }, EXTENSION_HOST_REASON_EXITED },
  [EXIT_FINAL] =
    { "listed exit", { CANNOT_BE, "unhealthy:exited" }, EXTENSION_HOST_REASON_EXITED },
  [SIGNAL] =
    { "signal", { CANNOT_BE, "unhealthy:signalled" }, EXTENSION_HOST_REASON_SIGNALLED },
  [SIGNAL_FINAL] =
    { "listed signal", { CANNOT_BE, "unhealthy:signalled" }, EXTENSION_HOST_REASON_SIGNALLED },
  [CORE_DUMP] =
    { "core dump", { CANNOT_BE, "unhealthy:signalled" }, EXTENSION_HOST_REASON_SIGNALLED },
  [SPAWN_FATAL] =
    { "cannot be spawned", { "crashed:spawn-failed!", CANNOT_BE },
      EXTENSION_HOST_REASON_SPAWN_FAILED },
  [SPAWN_RESOURCES] =
    { "no resources", { "unhealthy:no-resources", CANNOT_BE },
      EXTENSION_HOST_REASON_NO_RESOURCES },
  [START_TIMEOUT] =
    { "start timeout", { "unhealthy:start-timeout end=kill/0",
                         "unhealthy:start-timeout end=kill/0" },
      EXTENSION_HOST_REASON_START_TIMEOUT },
  [UNRESPONSIVE] =
    { "unresponsive", { REFUSED, "unhealthy:unresponsive end=kill/0" },
      EXTENSION_HOST_REASON_UNRESPONSIVE },
  [CHANNEL_LOST] =
    { "channel lost", { REFUSED, "unhealthy:channel-lost end=kill/0" },
      EXTENSION_HOST_REASON_CHANNEL_LOST },
  [PROTOCOL_ERROR] =
    { "protocol error", { REFUSED, "unhealthy:protocol-error end=kill/0" },
      EXTENSION_HOST_REASON_PROTOCOL_ERROR },
  [MEMORY_LIMIT] =
    { "memory limit", { REFUSED, "unhealthy:memory-limit end=kill/0" },
      EXTENSION_HOST_REASON_MEMORY_LIMIT },
  [SHIM_LOST] =
    { "shim lost", { "unhealthy:shim-lost", "unhealthy:shim-lost" },
      EXTENSION_HOST_REASON_SHIM_LOST },
};

/* What is decided once the tree is gone */

typedef enum { STOPS, FAILS, POLICY, FINAL, LIMIT, RESTARTS } Outcome;

#define A(value) (1u << (value))
#define ANY G_MAXUINT

static const struct {
  guint causes;
  guint policies;
  guint budgets;
  Outcome outcome;
} rules[] = {
  { A (SPAWN_FATAL), ANY, ANY, FAILS },
  { A (EXIT_CLEAN), A (ON_FAILURE) | A (NEVER), ANY, STOPS },
  { ANY, A (NEVER), ANY, POLICY },
  { A (EXIT_FINAL) | A (SIGNAL_FINAL), ANY, ANY, FINAL },
  { ANY, ANY, A (SPENT) | A (NOTHING_GRANTED), LIMIT },
  { ANY, ANY, ANY, RESTARTS },
};

static Outcome
foretell (const Case *what)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if ((rules[i].causes & A (what->cause)) != 0 &&
        (rules[i].policies & A (what->policy)) != 0 &&
        (rules[i].budgets & A (what->budget)) != 0)
      return rules[i].outcome;

  g_assert_not_reached ();
}

/* How many failures the host already has, all of them within the window, and how long it thus waits
 * before the next restart: 1, 2, 4 s…, at most 30 s. */
static const struct {
  guint max_restarts;
  guint failures;
  const char *wait;
} budgets[N_BUDGETS] = {
  [ROOM] = { 3, 2, "4000" },
  [SPENT] = { 3, 3, NULL },
  [NOTHING_GRANTED] = { 0, 0, NULL },
  [UNLIMITED] = { EXTENSION_HOST_UNLIMITED, 9, "30000" },
};

static char *
get_decision (const Case *what)
{
  switch (foretell (what))
    {
    case POLICY:
      return g_strdup ("crashed:policy!");
    case FINAL:
      return g_strdup ("crashed:no-restart-exit!");
    case LIMIT:
      return g_strdup ("crashed:restart-limit!");
    case RESTARTS:
      return g_strconcat ("restarting:restart-scheduled at=+", budgets[what->budget].wait, NULL);
    case STOPS:
    case FAILS:
    default:
      return g_strdup ("");
    }
}

/* Words, with a space between them */
static char *
join (const char *first,
      const char *second)
{
  return g_strconcat (first, *first != '\0' && *second != '\0' ? " " : "", second, NULL);
}

/* All that is told up to the end of the tree; and, of a paused host, when it is resumed. */
static void
expect (const Case  *what,
        char       **at_once,
        char       **on_resume)
{
  Outcome outcome = foretell (what);
  const char *told = outcome == STOPS ? "stopped:exited!" : causes[what->cause].told[what->state];
  g_autofree char *decision = get_decision (what);

  *at_once = join (told, what->control == PAUSED ? "" : decision);
  *on_resume = g_strdup (what->control == PAUSED ? decision : "");
}

/* A host in the state and with the past of the case */

static const ExtensionHostRestartPolicy policies[N_POLICIES] = {
  [ALWAYS] = EXTENSION_HOST_RESTART_POLICY_ALWAYS,
  [ON_FAILURE] = EXTENSION_HOST_RESTART_POLICY_ON_FAILURE,
  [NEVER] = EXTENSION_HOST_RESTART_POLICY_NEVER,
};

static Fake *
enter (const Case *what)
{
  Fake *fake = fake_new ();

  g_object_set (fake->spec, "max-restarts", budgets[what->budget].max_restarts, NULL);
  fake_start (fake);
  for (guint i = 0; i < budgets[what->budget].failures; i++)
    {
      fake_live_and_die (fake, 1);
      fake_wait (fake);
    }
  if (what->state == RUNNING)
    fake_spawned (fake);

  g_object_set (fake->spec,
                "restart", policies[what->policy],
                "no-restart-exits", final_exits,
                NULL);
  g_string_truncate (fake->trace, 0);

  return fake;
}

/* The transitions themselves, beside what the fake makes of them */

static GPtrArray *transitions;
static const ExtensionHostLifecycleFuncs *fake_funcs;

static void
keep_transition (ExtensionHostTransition *transition,
                 gboolean                 rests,
                 gpointer                 owner)
{
  g_ptr_array_add (transitions, extension_host_transition_ref (transition));
  fake_funcs->moved (transition, rests, owner);
}

static void
record_transitions (Fake                        *fake,
                    ExtensionHostLifecycleFuncs *funcs)
{
  g_clear_pointer (&transitions, g_ptr_array_unref);
  transitions =
    g_ptr_array_new_with_free_func ((GDestroyNotify) extension_host_transition_unref);
  fake_funcs = fake->lifecycle.funcs;
  *funcs = *fake_funcs;
  funcs->moved = keep_transition;
  fake->lifecycle.funcs = funcs;
}

/* The cause */

static void
end_by_signal (Fake     *fake,
               int       signal,
               gboolean  dumps)
{
  g_autoptr(ExtensionHostExit) exit =
    fake_make_exit (fake, EXTENSION_HOST_EXIT_KIND_SIGNALLED, signal);

  exit->core_dumped = dumps;
  extension_host_lifecycle_exited (&fake->lifecycle, exit);
}

static gboolean
is_verdict (Cause cause)
{
  return cause == UNRESPONSIVE || cause == START_TIMEOUT;
}

static void
bring_about (Fake  *fake,
             Cause  cause)
{
  switch (cause)
    {
    case EXIT_CLEAN:
      fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 0);
      break;
    case EXIT_FAILURE_CODE:
      fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, 1);
      break;
    case EXIT_FINAL:
      fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, FINAL_CODE);
      break;
    case SIGNAL:
      end_by_signal (fake, SIGTERM, FALSE);
      break;
    case SIGNAL_FINAL:
      end_by_signal (fake, SIGSEGV, FALSE);
      break;
    case CORE_DUMP:
      end_by_signal (fake, SIGABRT, TRUE);
      break;
    case SPAWN_FATAL:
      fake_spawn_failed (fake, EXTENSION_HOST_ERROR_NOT_EXECUTABLE);
      break;
    case SPAWN_RESOURCES:
      fake_spawn_failed (fake, EXTENSION_HOST_ERROR_NO_RESOURCES);
      break;
    case SHIM_LOST:
      fake_exited (fake, EXTENSION_HOST_EXIT_KIND_LOST, 0);
      break;
    case START_TIMEOUT:
    case UNRESPONSIVE:
    case CHANNEL_LOST:
    case PROTOCOL_ERROR:
    case MEMORY_LIMIT:
      extension_host_lifecycle_fault (&fake->lifecycle, causes[cause].reason, "it was seen");
      break;
    case N_CAUSES:
    default:
      g_assert_not_reached ();
    }
}

/* Up to the last process. No verdict falls on a paused host: that one is paused between the verdict
 * and the end of its tree. */
static void
end_host (Fake       *fake,
          const Case *what)
{
  if (what->control == PAUSED && !is_verdict (what->cause))
    fake_pause (fake);
  bring_about (fake, what->cause);
  if (what->control == PAUSED && is_verdict (what->cause))
    fake_pause (fake);

  if (!fake->tree)
    return;

  if (fake->lifecycle.exit == NULL)
    end_by_signal (fake, SIGKILL, FALSE);   /* as was ordered */
  fake_gone (fake);
}

static void
assert_words (const Case *what,
              Fake       *fake,
              const char *when,
              const char *expected)
{
  if (g_strcmp0 (fake->trace->str, expected) != 0)
    g_error ("%s while %s, policy %s, budget %d, control %d, %s: “%s” instead of “%s”",
             causes[what->cause].name, what->state == STARTING ? "starting" : "running",
             fake_nick (EXTENSION_HOST_TYPE_RESTART_POLICY, policies[what->policy]),
             what->budget, what->control, when, fake->trace->str, expected);

  g_string_truncate (fake->trace, 0);
}

/* Nobody asked for any of it, and each step says why it was taken. */
static void
check_records (const Case *what)
{
  for (guint i = 0; i < transitions->len; i++)
    {
      ExtensionHostTransition *transition = g_ptr_array_index (transitions, i);

      g_assert_null (transition->requester);
      g_assert_nonnull (transition->detail);
      g_assert_cmpstr (transition->detail, !=, "");
      if (i == 0)
        g_assert_cmpint (transition->reason, ==, causes[what->cause].reason);
    }
}

static void
check_exit (const Case *what,
            Fake       *fake)
{
  ExtensionHostExit *exit = fake->lifecycle.exit;

  g_assert_nonnull (exit);
  g_assert_false (exit->requested);
  g_assert_cmpint (exit->core_dumped, ==, what->cause == CORE_DUMP);
  if (what->cause != SPAWN_RESOURCES)
    g_assert_cmpint (exit->reason, ==, causes[what->cause].reason);
}

/* Only a restart takes from the budget, and only a wait for one leaves a timer. */
static void
check_afterwards (const Case *what,
                  Fake       *fake)
{
  gboolean restarts = foretell (what) == RESTARTS;
  guint failures = budgets[what->budget].failures;
  guint used = extension_host_restart_budget_count (&fake->lifecycle.budget, fake->now,
                                                    fake->spec->restart_window);

  g_assert_false (fake->tree);
  g_assert_cmpint (fake->due != 0, ==, restarts);
  g_assert_cmpint (fake->lifecycle.due != 0, ==, restarts);
  g_assert_cmpuint (used, ==, failures + (restarts ? 1 : 0));
  g_assert_cmpuint (fake->lifecycle.restart_count, ==, failures);
  g_assert_cmpint (fake->lifecycle.desired, ==, EXTENSION_HOST_DESIRED_UP);
  g_assert_cmpint (fake->rests, ==, !restarts);
  g_assert_cmpuint (fake->lifecycle.stale_events, ==, 0);
}

static void
check_next_attempt (const Case *what,
                    Fake       *fake)
{
  if (foretell (what) == RESTARTS)
    {
      fake_wait (fake);
      assert_words (what, fake, "next", "at=none starting:backoff-elapsed spawn");
      g_assert_cmpuint (fake->lifecycle.restart_count, ==, budgets[what->budget].failures + 1);
    }
  else
    {
      fake->now += G_TIME_SPAN_DAY;
      extension_host_lifecycle_due (&fake->lifecycle);
      assert_words (what, fake, "next", "");
    }
}

static void
try_case (const Case *what)
{
  g_autoptr(Fake) fake = enter (what);
  g_autofree char *at_once = NULL;
  g_autofree char *on_resume = NULL;
  ExtensionHostLifecycleFuncs funcs;

  expect (what, &at_once, &on_resume);
  record_transitions (fake, &funcs);

  end_host (fake, what);
  assert_words (what, fake, "at once", at_once);
  g_assert_true (what->control == ACTIVE || fake->due == 0);

  fake_resume (fake);
  assert_words (what, fake, "resumed", on_resume);
  check_records (what);
  check_exit (what, fake);
  check_afterwards (what, fake);
  check_next_attempt (what, fake);
}

/* Nothing comes of it, and the host goes on as it would have. */
static void
try_refused (const Case *what)
{
  g_autoptr(Fake) fake = enter (what);

  if (what->control == PAUSED)
    fake_pause (fake);
  bring_about (fake, what->cause);
  assert_words (what, fake, "refused", "");
  fake_spawned (fake);
  assert_words (what, fake, "refused", "running:spawned");
}

static void
try_impossible (const Case *what)
{
  ExtensionHostState from = what->state == STARTING ? EXTENSION_HOST_STATE_STARTING
                                                    : EXTENSION_HOST_STATE_RUNNING;
  ExtensionHostReason reason = causes[what->cause].reason;

  for (int to = EXTENSION_HOST_STATE_STOPPED; to <= EXTENSION_HOST_STATE_CRASHED; to++)
    g_assert_false (extension_host_state_has_edge (from, to, reason));
}

/* Tests */

static void
try_any (const Case *what)
{
  const char *told = causes[what->cause].told[what->state];

  if (told == CANNOT_BE)
    try_impossible (what);
  else if (g_str_equal (told, REFUSED))
    try_refused (what);
  else
    try_case (what);
}

static void
test_cause (gconstpointer data)
{
  Case what = { .cause = GPOINTER_TO_UINT (data) / N_STATES,
                .state = GPOINTER_TO_UINT (data) % N_STATES };

  for (what.policy = 0; what.policy < N_POLICIES; what.policy++)
    for (what.budget = 0; what.budget < N_BUDGETS; what.budget++)
      for (what.control = 0; what.control < N_CONTROLS; what.control++)
        try_any (&what);

  g_clear_pointer (&transitions, g_ptr_array_unref);
}

/* The tables above leave nothing out: each outcome, and each kind of end, in both states. */
static void
test_tables_are_complete (void)
{
  guint n_told = 0, n_refused = 0, n_impossible = 0;

  for (Cause cause = 0; cause < N_CAUSES; cause++)
    for (State state = 0; state < N_STATES; state++)
      {
        const char *told = causes[cause].told[state];

        g_assert_nonnull (causes[cause].name);
        n_impossible += told == CANNOT_BE;
        n_refused += told != CANNOT_BE && *told == '\0';
        n_told += told != CANNOT_BE && *told != '\0';
      }

  g_assert_cmpuint (n_told, ==, 16);
  g_assert_cmpuint (n_refused, ==, 4);
  g_assert_cmpuint (n_impossible, ==, 8);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < N_CAUSES * N_STATES; i++)
    {
      g_autofree char *path =
        g_strdup_printf ("/policy/%s/%s", i % N_STATES == STARTING ? "starting" : "running",
                         causes[i / N_STATES].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_cause);
    }
  g_test_add_func ("/policy/tables-are-complete", test_tables_are_complete);

  return g_test_run ();
}
