/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Faults of a host that has been behaving, as its processes and its pipes show them. */

#include <signal.h>

#include "chaos-calls.h"
#include "chaos-fault.h"

#define LONGEST_PAUSE 300   /* ms: the watchdog bears that */
#define FLOOD 5000          /* messages */

static gboolean
kill_program (ChaosFault *fault)
{
  ChaosHost *host = chaos_host_pick (fault->chaos, FALSE, FALSE);
  pid_t pid = host != NULL ? chaos_host_get_program (host) : 0;

  if (pid == 0)
    return FALSE;

  chaos_fault_hit (fault, host);
  kill (pid, SIGKILL);

  return TRUE;
}

static gboolean
kill_shim (ChaosFault *fault)
{
  ChaosHost *host = chaos_host_pick (fault->chaos, FALSE, FALSE);
  pid_t pid = host != NULL ? chaos_host_get_shim (host) : 0;

  if (pid == 0)
    return FALSE;

  chaos_fault_hit (fault, host);
  kill (pid, SIGKILL);

  return TRUE;
}

static gboolean
stop (ChaosFault *fault)
{
  fault->pid = chaos_host_get_program (fault->host);
  if (fault->pid == 0)
    return FALSE;

  kill (fault->pid, SIGSTOP);

  return TRUE;
}

/* SIGSTOP, and SIGCONT before anybody has to notice */

static gboolean
pause_program (ChaosFault *fault)
{
  ChaosHost *host = chaos_host_pick (fault->chaos, FALSE, FALSE);

  if (host == NULL || chaos_host_get_program (host) == 0)
    return FALSE;

  chaos_fault_hit (fault, host);
  chaos_fault_wait (fault, chaos_random (fault->chaos, 10, LONGEST_PAUSE));

  return stop (fault);
}

static gboolean
is_same (ChaosFault *fault)
{
  return chaos_host_is_up (fault->host) && fault->host->generation == fault->generation;
}

static gboolean
look_after_pause (ChaosFault *fault)
{
  if (!chaos_fault_is_time (fault))
    return FALSE;

  if (fault->stage == 0)
    {
      if (chaos_host_get_program (fault->host) == fault->pid)
        kill (fault->pid, SIGCONT);
      fault->stage = 1;
      if (is_same (fault) && fault->host->role == CHAOS_SPEAKER)
        fault->question = chaos_call_echo (fault->host);
    }

  if (fault->question != NULL && !fault->question->is_answered)
    return FALSE;

  return is_same (fault) || chaos_fault_is_back (fault);
}

/* Nobody wakes it but the watchdog. */

static gboolean
pick_undisturbed (ChaosFault *fault)
{
  ChaosHost *host = chaos_host_pick (fault->chaos, TRUE, TRUE);

  if (host == NULL || chaos_host_get_program (host) == 0)
    return FALSE;

  chaos_fault_hit (fault, host);
  fault->before = host->n_reasons[EXTENSION_HOST_REASON_UNRESPONSIVE];

  return TRUE;
}

static gboolean
freeze (ChaosFault *fault)
{
  if (!pick_undisturbed (fault) || !stop (fault))
    return FALSE;

  chaos_fault_leave_alone (fault);

  return TRUE;
}

static gboolean
was_found_out (ChaosFault *fault)
{
  ChaosHost *host = fault->host;

  if (!chaos_fault_is_back (fault))
    return FALSE;

  chaos_check (fault->chaos, host,
               host->n_reasons[EXTENSION_HOST_REASON_UNRESPONSIVE] > fault->before,
               "it hung, and ended for another reason");

  return TRUE;
}

static gboolean
hang (ChaosFault *fault)
{
  static const char * const ways[] = {
    "[\"sleeping\"]", "[\"spinning\"]", "[\"writing\"]", "[\"chattering\"]",
  };

  if (!pick_undisturbed (fault))
    return FALSE;

  chaos_fault_leave_alone (fault);
  chaos_call (fault->host, "hang",
              ways[chaos_random (fault->chaos, 0, G_N_ELEMENTS (ways))]);

  return TRUE;
}

/* Messages */

static gboolean
pick_speaker (ChaosFault *fault)
{
  ChaosHost *host = chaos_host_pick (fault->chaos, TRUE, FALSE);

  if (host == NULL)
    return FALSE;

  chaos_fault_hit (fault, host);

  return TRUE;
}

static gboolean
flood (ChaosFault *fault)
{
  g_autofree char *params = g_strdup_printf ("[%d]", FLOOD);

  if (!pick_speaker (fault))
    return FALSE;

  fault->question = chaos_call (fault->host, chaos_random (fault->chaos, 0, 2) == 0 ? "floods"
                                                                                    : "trickle",
                                params);

  return TRUE;
}

static gboolean
send_huge_line (ChaosFault *fault)
{
  if (!pick_speaker (fault))
    return FALSE;

  fault->question = chaos_call_huge (fault->host);

  return TRUE;
}

/* The call was answered, with a failure perhaps, and the host is still there, or there again. */
static gboolean
was_answered (ChaosFault *fault)
{
  return fault->question->is_answered && (is_same (fault) || chaos_fault_is_back (fault));
}

/* Half an answer, and then the end: the first call gets no answer, nor does the second. */
static gboolean
send_half_line (ChaosFault *fault)
{
  if (!pick_speaker (fault))
    return FALSE;

  fault->question = chaos_call (fault->host, "raw", "[]");
  chaos_call (fault->host, "die", "[]");

  return TRUE;
}

static gboolean
is_back_from_half_line (ChaosFault *fault)
{
  chaos_check (fault->chaos, fault->host, !fault->question->had_result,
               "half a line was taken for an answer");

  return fault->question->is_answered && chaos_fault_is_back (fault);
}

const ChaosFaultKind chaos_faults_on_hosts[] = {
  { "SIGKILL of the program", CHAOS_ON_HOST, 20, 0, NULL, kill_program, chaos_fault_is_back },
  { "SIGKILL of the shim", CHAOS_ON_HOST, 8, 0, NULL, kill_shim, chaos_fault_is_back },
  { "SIGSTOP, then SIGCONT", CHAOS_ON_HOST, 8, 0, NULL, pause_program, look_after_pause },
  { "SIGSTOP for good", CHAOS_ON_HOST, 4, 0, NULL, freeze, was_found_out },
  { "hang", CHAOS_ON_HOST, 6, 0, NULL, hang, was_found_out },
  { "flood of messages", CHAOS_ON_HOST, 6, 0, NULL, flood, was_answered },
  { "half a line", CHAOS_ON_HOST, 6, 0, NULL, send_half_line, is_back_from_half_line },
  { "huge line", CHAOS_ON_HOST, 4, 100, NULL, send_huge_line, was_answered },
  { NULL }
};
