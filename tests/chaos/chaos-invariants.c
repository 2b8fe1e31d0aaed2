/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-invariants.h"

#define TREES_EVERY 25        /* looks */
#define QUESTIONS_EVERY 50

void
chaos_invariants_check_bystanders (Chaos *chaos)
{
  for (guint i = 0; i < chaos->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (chaos->hosts, i);

      if (host->role != CHAOS_BYSTANDER)
        continue;

      chaos_check (chaos, host, host->generation == 1, "a bystander is in generation %"
                   G_GUINT64_FORMAT, host->generation);
      chaos_check (chaos, host, host->state == EXTENSION_HOST_STATE_RUNNING ||
                                host->state == EXTENSION_HOST_STATE_STARTING,
                   "a bystander is %s", extension_host_state_to_string (host->state));
      chaos_check (chaos, host, host->sequence <= 2, "a bystander has seen %" G_GUINT64_FORMAT
                   " transitions", host->sequence);
    }
}

/* What can be asked is what was told. */
static void
check_face (ChaosHost *host)
{
  ExtensionHostProcess *process = host->process;

  chaos_check (host->chaos, host, extension_host_process_get_state (process) == host->state,
               "it is %s, and was told to be %s",
               extension_host_state_to_string (extension_host_process_get_state (process)),
               extension_host_state_to_string (host->state));
  chaos_check (host->chaos, host, extension_host_process_get_sequence (process) == host->sequence,
               "its sequence is %" G_GUINT64_FORMAT ", and %" G_GUINT64_FORMAT " was told",
               extension_host_process_get_sequence (process), host->sequence);
}

void
chaos_invariants_look (Chaos *chaos)
{
  static guint n_looks;

  chaos_invariants_check_bystanders (chaos);
  for (guint i = 0; i < chaos->hosts->len; i++)
    check_face (g_ptr_array_index (chaos->hosts, i));

  n_looks++;
  if (n_looks % TREES_EVERY == 0 && !chaos->is_blind)
    chaos_look_at_trees (chaos);
  if (n_looks % QUESTIONS_EVERY == 0)
    chaos_check_questions (chaos);
}

static void
check_host (ChaosHost *host)
{
  ExtensionHostProcess *process = host->process;
  guint pending = extension_host_process_get_pending_calls (process);
  guint64 queued = extension_host_process_get_queued_bytes (process);

  chaos_check (host->chaos, host, pending == 0, "%u calls are pending", pending);
  chaos_check (host->chaos, host, queued == 0, "%" G_GUINT64_FORMAT " bytes are queued", queued);
  chaos_check (host->chaos, host, host->n_open == 0, "%u questions are open", host->n_open);
}

void
chaos_invariants_check_tally (Chaos *chaos)
{
  ChaosTally *tally = &chaos->tally;

  for (guint i = 0; i < chaos->hosts->len; i++)
    check_host (g_ptr_array_index (chaos->hosts, i));
  for (guint i = 0; i < chaos->guests->len; i++)
    check_host (g_ptr_array_index (chaos->guests, i));

  chaos_check (chaos, NULL, chaos->n_manager_seen == tally->n_transitions,
               "the manager told %" G_GUINT64_FORMAT " transitions, its hosts %" G_GUINT64_FORMAT,
               chaos->n_manager_seen, tally->n_transitions);
  chaos_check (chaos, NULL, tally->n_results + tally->n_failures == tally->n_calls,
               "%" G_GUINT64_FORMAT " calls were made, %" G_GUINT64_FORMAT " answered",
               tally->n_calls, tally->n_results + tally->n_failures);
}

void
chaos_invariants_note_turn (Chaos  *chaos,
                            gint64  began)
{
  gint64 now = g_get_monotonic_time ();

  if (began > chaos->excused_until)
    chaos->tally.worst_turn = MAX (chaos->tally.worst_turn, now - began);
}
