/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "test-lifecycle-fake.h"

/* Every wish and every fact in every situation, as tables: a state alone does not tell what is to
 * happen, so each is taken apart by what else is the case. */

typedef enum
{
  STOPPED,
  QUARANTINED,
  STARTING,
  RUNNING,
  RUNNING_PAUSED,
  ENDED,              /* exited by itself with 0, others of its tree are still there */
  UNHEALTHY,          /* exited, others of its tree are still there */
  TIMED_OUT,          /* not ready in time, being killed, nothing known of its program */
  LEFTOVER,           /* others of its tree outlived their KILL */
  UNHEALTHY_PAUSED,   /* nothing is left, and nobody decides */
  RESTARTING,
  RESTARTING_PAUSED,
  STOPPING,
  STOPPING_EXITED,    /* others of its tree are still there */
  STOPPING_PENDING,   /* to start again */
  STOPPING_QUARANTINED,
  CRASHED,
  N_SITUATIONS
} Situation;

static const char * const situations[] = {
  "stopped", "quarantined", "starting", "running", "running, paused", "ended", "unhealthy",
  "timed out", "leftover", "unhealthy, paused", "restarting", "restarting, paused", "stopping",
  "stopping, exited", "stopping, pending", "stopping, quarantined", "crashed",
};

G_STATIC_ASSERT (G_N_ELEMENTS (situations) == N_SITUATIONS);

static void
exit_with (Fake *fake,
           int   code)
{
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, code);
}

static void
enter_running (Fake *fake)
{
  fake_start (fake);
  fake_spawned (fake);
}

static void
enter_restarting (Fake *fake)
{
  enter_running (fake);
  exit_with (fake, 1);
  fake_gone (fake);
}

static void
enter_stopping (Fake *fake)
{
  enter_running (fake);
  fake_stop (fake);
}

static void
enter (Fake      *fake,
       Situation  situation)
{
  switch (situation)
    {
    case STOPPED:
      break;
    case QUARANTINED:
      extension_host_lifecycle_quarantine (&fake->lifecycle, NULL);
      break;
    case STARTING:
      fake_start (fake);
      break;
    case RUNNING:
      enter_running (fake);
      break;
    case RUNNING_PAUSED:
      enter_running (fake);
      fake_pause (fake);
      break;
    case ENDED:
      g_object_set (fake->spec, "restart", EXTENSION_HOST_RESTART_POLICY_ON_FAILURE, NULL);
      enter_running (fake);
      exit_with (fake, 0);
      break;
    case UNHEALTHY:
      enter_running (fake);
      exit_with (fake, 1);
      break;
    case TIMED_OUT:
      fake_start (fake);
      fake_fault (fake, EXTENSION_HOST_REASON_START_TIMEOUT);
      break;
    case LEFTOVER:
      enter_running (fake);
      exit_with (fake, 1);
      extension_host_lifecycle_gave_up (&fake->lifecycle, 1);
      break;
    case UNHEALTHY_PAUSED:
      enter_running (fake);
      fake_pause (fake);
      exit_with (fake, 1);
      fake_gone (fake);
      break;
    case RESTARTING:
      enter_restarting (fake);
      break;
    case RESTARTING_PAUSED:
      enter_restarting (fake);
      fake->now += 400 * 1000;
      fake_pause (fake);
      break;
    case STOPPING:
      enter_stopping (fake);
      break;
    case STOPPING_EXITED:
      enter_stopping (fake);
      exit_with (fake, 0);
      break;
    case STOPPING_PENDING:
      enter_running (fake);
      fake_restart (fake);
      break;
    case STOPPING_QUARANTINED:
      enter_running (fake);
      extension_host_lifecycle_quarantine (&fake->lifecycle, NULL);
      break;
    case CRASHED:
      g_object_set (fake->spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
      enter_running (fake);
      exit_with (fake, 1);
      fake_gone (fake);
      break;
    case N_SITUATIONS:
    default:
      g_assert_not_reached ();
    }

  g_string_truncate (fake->trace, 0);
}

/* Wishes */

enum
{
  START, RESTART, STOP, TERMINATE, KILL, RESET, PAUSE, RESUME, QUARANTINE, RELEASE,
  N_WISHES
};

static const char * const wishes[] = {
  "start", "restart", "stop", "terminate", "kill", "reset", "pause", "resume", "quarantine",
  "release",
};

static gboolean
wish (Fake    *fake,
      int      which,
      GError **error)
{
  ExtensionHostLifecycle *lifecycle = &fake->lifecycle;

  switch (which)
    {
    case START:
      return extension_host_lifecycle_start (lifecycle, EXTENSION_HOST_REASON_START, BY ("me"),
                                             error);
    case RESTART:
      return extension_host_lifecycle_restart (lifecycle, EXTENSION_HOST_REASON_RESTART, BY ("me"),
                                               error);
    case STOP:
      return extension_host_lifecycle_stop (lifecycle, EXTENSION_HOST_REASON_STOP,
                                            EXTENSION_HOST_STOP_RUNG_REQUEST, 0, BY ("me"), error);
    case TERMINATE:
      return extension_host_lifecycle_stop (lifecycle, EXTENSION_HOST_REASON_TERMINATE,
                                            EXTENSION_HOST_STOP_RUNG_TERM, FAKE_TERM_TIMEOUT,
                                            BY ("me"), error);
    case KILL:
      return extension_host_lifecycle_stop (lifecycle, EXTENSION_HOST_REASON_KILL,
                                            EXTENSION_HOST_STOP_RUNG_KILL, 0, BY ("me"), error);
    case RESET:
      return extension_host_lifecycle_reset (lifecycle, BY ("me"), error);
    case PAUSE:
      return extension_host_lifecycle_pause (lifecycle, error);
    case RESUME:
      return extension_host_lifecycle_resume (lifecycle, error);
    case QUARANTINE:
      extension_host_lifecycle_quarantine (lifecycle, BY ("me"));
      return TRUE;
    case RELEASE:
      extension_host_lifecycle_release (lifecycle);
      return TRUE;
    default:
      g_assert_not_reached ();
    }
}

/* Down or Up, active, paused or quarantined, whether it is to start again. */
static char *
describe_wishes (Fake *fake)
{
  ExtensionHostLifecycle *lifecycle = &fake->lifecycle;

  return g_strdup_printf ("%c%c%c",
                          lifecycle->desired == EXTENSION_HOST_DESIRED_UP ? 'U' : 'D',
                          "apq"[lifecycle->control], lifecycle->pending_restart ? 'r' : '-');
}

/* A refusal is the nick of its error and changes nothing; all else is `orders | wishes after`. */
static char *
try_wish (Situation situation,
          int       which)
{
  g_autoptr(Fake) fake = fake_new ();
  g_autoptr(GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  gboolean granted = FALSE;

  enter (fake, situation);
  before = describe_wishes (fake);
  granted = wish (fake, which, &error);
  after = describe_wishes (fake);

  g_assert_cmpint (granted, ==, error == NULL);
  if (granted)
    return g_strdup_printf ("%s%s| %s", fake->trace->str, fake->trace->len > 0 ? " " : "", after);

  g_assert_true (error->domain == EXTENSION_HOST_ERROR);
  g_assert_nonnull (strstr (error->message, "“fake”"));
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpstr (fake->trace->str, ==, "");

  return g_strdup (fake_nick (EXTENSION_HOST_TYPE_ERROR, error->code));
}

#define AFRESH "stopped:tree-gone starting:restart spawn"
#define NOT_NOW "invalid-transition"
#define TOO_LATE "already-terminated"

/* A tree is there and nobody has asked for its end. */
#define UP(control)                                                                             \
  { NOT_NOW, "stopping:restart end=request/0 | U" control "r",                                  \
    "stopping:stop end=request/0 | D" control "-",                                              \
    "stopping:terminate end=term/250 | D" control "-",                                          \
    "stopping:kill end=kill/0 | D" control "-", NOT_NOW, "| Up-", "| Ua-",                      \
    "stopping:quarantine end=request/0 | Dq-", "| U" control "-" }

static const char * const granted[N_SITUATIONS][N_WISHES] = {
  [STOPPED] =
    { "starting:start spawn | Ua-", "starting:restart spawn | Ua-", "| Da-", TOO_LATE, TOO_LATE,
      "| Da-", "| Dp-", "| Da-", "| Dq-", "| Da-" },
  [QUARANTINED] =
    { "quarantined", "quarantined", "| Dq-", TOO_LATE, TOO_LATE,
      "| Dq-", "quarantined", "quarantined", "| Dq-", "| Da-" },
  [STARTING] = UP ("a"),
  [RUNNING] = UP ("a"),
  [RUNNING_PAUSED] = UP ("p"),
  [ENDED] = UP ("a"),
  [UNHEALTHY] = UP ("a"),
  [TIMED_OUT] = UP ("a"),
  [LEFTOVER] = UP ("a"),
  [UNHEALTHY_PAUSED] =
    { NOT_NOW, "stopping:restart " AFRESH " | Up-", "stopping:stop stopped:tree-gone! | Dp-",
      "stopping:terminate stopped:tree-gone! | Dp-", "stopping:kill stopped:tree-gone! | Dp-",
      NOT_NOW, "| Up-", "restarting:restart-scheduled at=+1000 | Ua-",
      "stopping:quarantine stopped:tree-gone! | Dq-", "| Up-" },
  [RESTARTING] =
    { "at=none starting:start spawn | Ua-", "at=none stopping:restart " AFRESH " | Ua-",
      "at=none stopping:stop stopped:tree-gone! | Da-",
      "at=none stopping:terminate stopped:tree-gone! | Da-",
      "at=none stopping:kill stopped:tree-gone! | Da-", NOT_NOW, "at=none | Up-", "| Ua-",
      "at=none stopping:quarantine stopped:tree-gone! | Dq-", "| Ua-" },
  [RESTARTING_PAUSED] =
    { "starting:start spawn | Up-", "stopping:restart " AFRESH " | Up-",
      "stopping:stop stopped:tree-gone! | Dp-", "stopping:terminate stopped:tree-gone! | Dp-",
      "stopping:kill stopped:tree-gone! | Dp-", NOT_NOW, "| Up-", "at=+600 | Ua-",
      "stopping:quarantine stopped:tree-gone! | Dq-", "| Up-" },
  [STOPPING] =
    { "| Uar", "| Uar", "end=request/0 | Da-", "end=term/250 | Da-", "end=kill/0 | Da-",
      NOT_NOW, "| Dp-", "| Da-", "end=request/0 | Dq-", "| Da-" },
  [STOPPING_EXITED] =
    { "| Uar", "| Uar", "end=request/0 | Da-", "end=term/250 | Da-", "end=kill/0 | Da-",
      NOT_NOW, "| Dp-", "| Da-", "end=request/0 | Dq-", "| Da-" },
  [STOPPING_PENDING] =
    { "| Uar", "| Uar", "end=request/0 | Da-", "end=term/250 | Da-", "end=kill/0 | Da-",
      NOT_NOW, "| Upr", "| Uar", "end=request/0 | Dq-", "| Uar" },
  [STOPPING_QUARANTINED] =
    { "quarantined", "quarantined", "end=request/0 | Dq-", "end=term/250 | Dq-",
      "end=kill/0 | Dq-", NOT_NOW, "quarantined", "quarantined", "end=request/0 | Dq-", "| Da-" },
  [CRASHED] =
    { "starting:start spawn | Ua-", "starting:restart spawn | Ua-", "stopped:stop! | Da-",
      TOO_LATE, TOO_LATE, "stopped:reset! | Ua-", "| Up-", "| Ua-", "stopped:quarantine! | Dq-",
      "| Ua-" },
};

static void
test_wishes (gconstpointer data)
{
  Situation situation = GPOINTER_TO_INT (data);

  for (int which = 0; which < N_WISHES; which++)
    {
      g_autofree char *found = try_wish (situation, which);

      if (strcmp (found, granted[situation][which]) != 0)
        g_error ("%s: %s gives “%s” instead of “%s”", situations[situation], wishes[which], found,
                 granted[situation][which]);
    }
}

/* Facts */

static const ExtensionHostReason faults[] = {
  EXTENSION_HOST_REASON_UNRESPONSIVE, EXTENSION_HOST_REASON_CHANNEL_LOST,
  EXTENSION_HOST_REASON_PROTOCOL_ERROR, EXTENSION_HOST_REASON_MEMORY_LIMIT,
};

enum
{
  SPAWNED, FAILED, NO_RESOURCES, EXITED_0, EXITED_1, SIGNALLED, LOST, START_TIMEOUT, FAULT,
  SHIM_LOST, NO_FAULT, GAVE_UP, TREE_GONE, DUE,
  N_FACTS
};

static const char * const facts[] = {
  "spawned", "spawn failed", "no resources", "exited 0", "exited 1", "signalled", "lost",
  "start timeout", "fault", "shim lost", "no fault", "gave up", "tree gone", "due",
};

static void
tell (Fake                *fake,
      int                  fact,
      ExtensionHostReason  fault)
{
  switch (fact)
    {
    case SPAWNED:
      fake_spawned (fake);
      break;
    case FAILED:
      fake_spawn_failed (fake, EXTENSION_HOST_ERROR_NOT_FOUND);
      break;
    case NO_RESOURCES:
      fake_spawn_failed (fake, EXTENSION_HOST_ERROR_NO_RESOURCES);
      break;
    case EXITED_0:
    case EXITED_1:
      exit_with (fake, fact == EXITED_0 ? 0 : 1);
      break;
    case SIGNALLED:
      fake_exited (fake, EXTENSION_HOST_EXIT_KIND_SIGNALLED, SIGSEGV);
      break;
    case LOST:
      fake_exited (fake, EXTENSION_HOST_EXIT_KIND_LOST, 0);
      break;
    case START_TIMEOUT:
      fake_fault (fake, EXTENSION_HOST_REASON_START_TIMEOUT);
      break;
    case FAULT:
      fake_fault (fake, fault);
      break;
    case SHIM_LOST:
      fake_fault (fake, EXTENSION_HOST_REASON_SHIM_LOST);
      break;
    case NO_FAULT:
      fake_fault (fake, EXTENSION_HOST_REASON_STOP);
      break;
    case GAVE_UP:
      extension_host_lifecycle_gave_up (&fake->lifecycle, 2);
      break;
    case TREE_GONE:
      fake_gone (fake);
      break;
    case DUE:
      extension_host_lifecycle_due (&fake->lifecycle);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* What an attempt never tells: the end of a program before its spawn, that of the tree before that
 * of its program, a failed spawn after a spawn; and nobody judges a paused host. */
#define NEVER NULL

#define LATE_NEWS { "", "", "", "", "", "", "", "", "", "", "", "", "", "" }
#define AGAIN "restarting:restart-scheduled at=+1000"
#define NOTHING_BUT(gone) \
  { "", gone, gone, "", "", "", "", "", "", "", "", "", gone, "" }

static const char * const followed[N_SITUATIONS][N_FACTS] = {
  [STOPPED] = LATE_NEWS,
  [QUARANTINED] = LATE_NEWS,
  [STARTING] =
    { "running:spawned", "crashed:spawn-failed!", "unhealthy:no-resources " AGAIN,
      NEVER, NEVER, NEVER, "unhealthy:shim-lost", "unhealthy:start-timeout end=kill/0", "",
      "unhealthy:shim-lost end=kill/0", "", "", NEVER, "" },
  [RUNNING] =
    { "", NEVER, NEVER, "unhealthy:exited", "unhealthy:exited", "unhealthy:signalled",
      "unhealthy:shim-lost", "unhealthy:start-timeout end=kill/0", "unhealthy:%s end=kill/0",
      "unhealthy:shim-lost end=kill/0", "", "", NEVER, "" },
  [RUNNING_PAUSED] =
    { "", NEVER, NEVER, "unhealthy:exited", "unhealthy:exited", "unhealthy:signalled",
      "unhealthy:shim-lost", NEVER, NEVER, NEVER, "", "", NEVER, "" },
  [ENDED] =
    { "", NEVER, NEVER, "", "", "", "", "", "", "", "", "unhealthy:exited", "stopped:exited!", "" },
  [UNHEALTHY] = NOTHING_BUT (AGAIN),
  [TIMED_OUT] = NOTHING_BUT (AGAIN),
  [LEFTOVER] = NOTHING_BUT (AGAIN),
  [UNHEALTHY_PAUSED] = LATE_NEWS,
  [RESTARTING] =
    { "", "", "", "", "", "", "", "", "", "", "", "", "",
      "at=none starting:backoff-elapsed spawn" },
  [RESTARTING_PAUSED] = LATE_NEWS,
  [STOPPING] = NOTHING_BUT ("stopped:tree-gone!"),
  [STOPPING_EXITED] = NOTHING_BUT ("stopped:tree-gone!"),
  [STOPPING_PENDING] = NOTHING_BUT (AFRESH),
  [STOPPING_QUARANTINED] = NOTHING_BUT ("stopped:tree-gone!"),
  [CRASHED] = LATE_NEWS,
};

/* The faults behave alike: %s stands for the one that it is. */
static void
try_fact (Situation           situation,
          int                 fact,
          ExtensionHostReason fault)
{
  g_autoptr(Fake) fake = fake_new ();
  g_auto(GStrv) parts = g_strsplit (followed[situation][fact], "%s", 2);
  g_autofree char *expected = g_strjoinv (extension_host_reason_to_string (fault), parts);

  enter (fake, situation);
  tell (fake, fact, fault);
  if (strcmp (fake->trace->str, expected) != 0)
    g_error ("%s: “%s” gives “%s” instead of “%s”", situations[situation], facts[fact],
             fake->trace->str, expected);
}

static void
test_facts (gconstpointer data)
{
  Situation situation = GPOINTER_TO_INT (data);

  for (int fact = 0; fact < N_FACTS; fact++)
    {
      if (followed[situation][fact] == NEVER)
        continue;

      for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
        try_fact (situation, fact, faults[i]);
    }
}

/* How a host ended × policy × whether that end is listed as final × whether the budget has room.
 * One letter each for plain, listed, spent, listed and spent: Restarted, Stopped, or crashed for
 * the Limit, its Policy, a final (N)o-restart-exit. */
static const struct {
  const char *name;
  int fact;
  const char *always;
  const char *on_failure;
  const char *never;
} ends[] = {
  { "exited 0", EXITED_0, "RNLN", "SSSS", "SSSS" },
  { "exited 1", EXITED_1, "RNLN", "RNLN", "PPPP" },
  { "signalled", SIGNALLED, "RNLN", "RNLN", "PPPP" },
  { "lost", LOST, "RRLL", "RRLL", "PPPP" },
  { "unresponsive", FAULT, "RRLL", "RRLL", "PPPP" },
  { "start timeout", START_TIMEOUT, "RRLL", "RRLL", "PPPP" },
  { "no resources", NO_RESOURCES, "RRLL", "RRLL", "PPPP" },
  { "cannot be spawned", FAILED, "FFFF", "FFFF", "FFFF" },
};

static const char *
outcome_of (char letter)
{
  switch (letter)
    {
    case 'R':
      return "restarting:restart-scheduled at=+1000";
    case 'S':
      return "stopped:exited!";
    case 'L':
      return "crashed:restart-limit!";
    case 'P':
      return "crashed:policy!";
    case 'N':
      return "crashed:no-restart-exit!";
    case 'F':
      return "crashed:spawn-failed!";
    default:
      g_assert_not_reached ();
    }
}

/* A host that we end is killed: what its program makes of that is not held against it. */
static void
end_host (Fake *fake,
          int   fact)
{
  gboolean failed = fact == NO_RESOURCES || fact == FAILED;

  fake_start (fake);
  if (!failed)
    fake_spawned (fake);
  tell (fake, fact, EXTENSION_HOST_REASON_UNRESPONSIVE);
  if (failed)
    return;

  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_SIGNALLED, SIGKILL);   /* late news, mostly */
  fake_gone (fake);
}

static void
try_end (gsize                      row,
         ExtensionHostRestartPolicy policy,
         guint                      variant,
         char                       expected)
{
  static const char * const listed[] = { "0", "1", "SEGV", "KILL", NULL };
  static const char * const unlisted[] = { "2", "ABRT", NULL };
  g_autoptr(Fake) fake = fake_new ();

  g_object_set (fake->spec,
                "restart", policy,
                "max-restarts", (variant & 2) != 0 ? 0 : 3,
                "no-restart-exits", (variant & 1) != 0 ? listed : unlisted,
                NULL);
  end_host (fake, ends[row].fact);
  if (!g_str_has_suffix (fake->trace->str, outcome_of (expected)))
    g_error ("%s, policy %d, variant %u: “%s” does not end with “%s”", ends[row].name, policy,
             variant, fake->trace->str, outcome_of (expected));
  g_assert_cmpint (fake->due != 0, ==, expected == 'R');
}

static void
test_end_by_policy_and_budget (void)
{
  for (gsize row = 0; row < G_N_ELEMENTS (ends); row++)
    for (guint variant = 0; variant < 4; variant++)
      {
        try_end (row, EXTENSION_HOST_RESTART_POLICY_ALWAYS, variant, ends[row].always[variant]);
        try_end (row, EXTENSION_HOST_RESTART_POLICY_ON_FAILURE, variant,
                 ends[row].on_failure[variant]);
        try_end (row, EXTENSION_HOST_RESTART_POLICY_NEVER, variant, ends[row].never[variant]);
      }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (int i = 0; i < N_SITUATIONS; i++)
    {
      g_autofree char *wish_path = g_strdup_printf ("/lifecycle/wishes/%s", situations[i]);
      g_autofree char *fact_path = g_strdup_printf ("/lifecycle/facts/%s", situations[i]);

      g_test_add_data_func (wish_path, GINT_TO_POINTER (i), test_wishes);
      g_test_add_data_func (fact_path, GINT_TO_POINTER (i), test_facts);
    }
  g_test_add_func ("/lifecycle/end/by-policy-and-budget", test_end_by_policy_and_budget);

  return g_test_run ();
}
