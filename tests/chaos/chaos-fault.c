/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-fault.h"

#include <signal.h>

void
chaos_fault_hit (ChaosFault *self,
                 ChaosHost  *host)
{
  self->host = host;
  self->generation = host->generation;
  chaos_journal_note (&host->journal, "fault: %s", self->kind->name);
}

void
chaos_fault_leave_alone (ChaosFault *self)
{
  self->leaves_alone = TRUE;
  self->host->n_left_alone++;
}

gboolean
chaos_fault_kill (ChaosFault *self)
{
  ChaosHost *host = chaos_host_pick (self->chaos, FALSE, TRUE);
  pid_t pid = host != NULL ? chaos_host_get_program (host) : 0;

  if (pid == 0)
    return FALSE;

  chaos_fault_hit (self, host);
  kill (pid, SIGKILL);

  return TRUE;
}

gboolean
chaos_fault_is_back (ChaosFault *self)
{
  ChaosHost *host = self->host;
  gboolean is_held =
    extension_host_process_get_control (host->process) != EXTENSION_HOST_CONTROL_ACTIVE;

  if (chaos_host_is_up (host))
    return host->generation > self->generation;

  return host->state == EXTENSION_HOST_STATE_STOPPED ||
         (is_held && host->state != EXTENSION_HOST_STATE_STARTING &&
          extension_host_process_get_pid (host->process) == 0);
}

void
chaos_fault_wait (ChaosFault *self,
                  int         ms)
{
  self->next = g_get_monotonic_time () + (gint64) ms * 1000;
}

gboolean
chaos_fault_is_time (ChaosFault *self)
{
  return g_get_monotonic_time () >= self->next;
}
