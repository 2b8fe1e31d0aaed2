/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-operations.h"

#define LONGEST_HOLD 1500   /* ms */

gboolean
chaos_is_refusal (const GError *error)
{
  if (error->domain != EXTENSION_HOST_ERROR)
    return FALSE;

  switch (error->code)
    {
    case EXTENSION_HOST_ERROR_INVALID_TRANSITION:
    case EXTENSION_HOST_ERROR_QUARANTINED:
    case EXTENSION_HOST_ERROR_ALREADY_TERMINATED:
    case EXTENSION_HOST_ERROR_SUPERSEDED:
    case EXTENSION_HOST_ERROR_HOST_EXITED:
    case EXTENSION_HOST_ERROR_NOT_RUNNING:
    case EXTENSION_HOST_ERROR_NO_RESOURCES:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Orders, which take their time */

static void
check_answer (ChaosQuestion *question,
              gboolean       done,
              const GError  *error)
{
  ChaosHost *host = question->host;

  chaos_answered (question, done);
  chaos_check (host->chaos, host, done == (error == NULL), "“%s” did it and failed",
               question->what);
  if (error != NULL)
    chaos_journal_note (&host->journal, "%s: %s", question->what, error->message);
  chaos_check (host->chaos, host, done || chaos_is_refusal (error), "“%s” failed with %s %d: %s",
               question->what, g_quark_to_string (error->domain), error->code, error->message);
}

static void
on_started (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  gboolean done =
    extension_host_process_start_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  check_answer (user_data, done, error);
}

static void
on_restarted (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  gboolean done =
    extension_host_process_restart_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  check_answer (user_data, done, error);
}

static void
check_outcome (ChaosQuestion            *question,
               ExtensionHostStopOutcome *outcome,
               const GError             *error)
{
  guint leftover = outcome != NULL ? extension_host_stop_outcome_get_leftover (outcome) : 0;

  chaos_check (question->chaos, question->host, leftover == 0, "“%s” left %u", question->what,
               leftover);
  check_answer (question, outcome != NULL, error);
}

static void
on_stopped (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_stop_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  check_outcome (user_data, outcome, error);
}

static void
on_terminated (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_terminate_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  check_outcome (user_data, outcome, error);
}

static void
on_killed (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_kill_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  check_outcome (user_data, outcome, error);
}

static ChaosQuestion *
order (ChaosHost  *host,
       const char *what)
{
  chaos_journal_note (&host->journal, "told to %s", what);

  return chaos_ask_order (host->chaos, host, what, 0);
}

void
chaos_start (ChaosHost *host)
{
  extension_host_process_start_async (host->process, NULL, on_started, order (host, "start"));
}

void
chaos_stop (ChaosHost *host)
{
  extension_host_process_stop_async (host->process, NULL, on_stopped, order (host, "stop"));
}

static void
restart (ChaosHost *host)
{
  extension_host_process_restart_async (host->process, NULL, on_restarted, order (host, "restart"));
}

static void
terminate (ChaosHost *host)
{
  guint timeout = (guint) chaos_random (host->chaos, 0, 50);

  extension_host_process_terminate_async (host->process, timeout, NULL, on_terminated,
                                          order (host, "terminate"));
}

static void
kill_tree (ChaosHost *host)
{
  extension_host_process_kill_async (host->process, NULL, on_killed, order (host, "kill"));
}

/* What is done at once */

static void
try_at_once (ChaosHost  *host,
             const char *what,
             gboolean  (*operate) (ExtensionHostProcess  *process,
                                   GError               **error))
{
  g_autoptr(GError) error = NULL;
  gboolean done = FALSE;

  chaos_journal_note (&host->journal, "told to %s", what);
  done = operate (host->process, &error);
  chaos_check (host->chaos, host, done == (error == NULL), "“%s” did it and failed", what);
  chaos_check (host->chaos, host, done || chaos_is_refusal (error), "“%s” failed: %s", what,
               error->message);
}

void
chaos_hold (ChaosHost *host)
{
  host->resume_at = g_get_monotonic_time () + chaos_random (host->chaos, 1, LONGEST_HOLD) * 1000;
}

static void
pause_host (ChaosHost *host)
{
  try_at_once (host, "pause", extension_host_process_pause);
  chaos_hold (host);
}

static void
quarantine (ChaosHost *host)
{
  try_at_once (host, "quarantine", extension_host_process_quarantine);
  chaos_hold (host);
}

static void
reset (ChaosHost *host)
{
  try_at_once (host, "reset", extension_host_process_reset);
}

static void
resume (ChaosHost *host)
{
  host->resume_at = 0;
  try_at_once (host, "release", extension_host_process_release);
  try_at_once (host, "resume", extension_host_process_resume);
}

static gboolean
is_held (ChaosHost *host)
{
  return host->role != CHAOS_BYSTANDER &&
         extension_host_process_get_control (host->process) != EXTENSION_HOST_CONTROL_ACTIVE;
}

/* What came by way of the bus has come later than it was sent. */
void
chaos_resume_in_time (Chaos *chaos)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < chaos->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (chaos->hosts, i);

      if (host->resume_at == 0 && is_held (host))
        chaos_hold (host);
      else if (host->resume_at != 0 && now >= host->resume_at)
        resume (host);
    }
}

void
chaos_resume_all (Chaos *chaos)
{
  for (guint i = 0; i < chaos->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (chaos->hosts, i);

      if (host->resume_at != 0 || is_held (host))
        resume (host);
    }
}

/* Most of them leave the host running, or bring it up again. */
static const struct
{
  void (*operate) (ChaosHost *host);
  int weight;
} operations[] = {
  { chaos_start, 30 },
  { restart, 6 },
  { chaos_stop, 4 },
  { terminate, 3 },
  { kill_tree, 3 },
  { pause_host, 3 },
  { quarantine, 2 },
  { reset, 2 },
};

void
chaos_operate (Chaos *chaos)
{
  ChaosHost *host = chaos_host_pick_any (chaos);
  int total = 0;
  int drawn = 0;
  gsize i = 0;

  for (gsize k = 0; k < G_N_ELEMENTS (operations); k++)
    total += operations[k].weight;
  for (drawn = chaos_random (chaos, 0, total); drawn >= operations[i].weight; i++)
    drawn -= operations[i].weight;
  if (host == NULL)
    return;

  operations[i].operate (host);
  chaos->tally.n_operations++;
}
