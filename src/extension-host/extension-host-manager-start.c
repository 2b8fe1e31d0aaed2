/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-manager-private.h"

/* Starting all hosts, those that are `after` others when these are ready.
 *
 * A host that waits stays in the state it is in: what is kept here is a plan and not a state. News
 * of hosts change the plans at once, and what follows from that is done in a turn of its own, so
 * that it does not matter in which order the news came, nor what handlers did about them. */

static void look_at_waits_later (ExtensionHostManager *self);

static gboolean
is_at_rest (ExtensionHostProcess *process)
{
  return process->lifecycle.state == EXTENSION_HOST_STATE_STOPPED ||
         process->lifecycle.state == EXTENSION_HOST_STATE_CRASHED;
}

static gboolean
is_down (ExtensionHostProcess *process)
{
  return is_at_rest (process) || process->lifecycle.state == EXTENSION_HOST_STATE_STOPPING;
}

static gboolean
is_quarantined (ExtensionHostProcess *process)
{
  return process->lifecycle.control == EXTENSION_HOST_CONTROL_QUARANTINED;
}

static gboolean
is_waiting (ExtensionHostManager *self,
            ExtensionHostProcess *process)
{
  return g_hash_table_contains (self->waiting, process);
}

/* Whether host @id will not get ready, as far as anybody knows. */
static gboolean
is_dead (ExtensionHostManager *self,
         const char           *id)
{
  ExtensionHostProcess *process = g_hash_table_lookup (self->by_id, id);

  return process == NULL || (is_at_rest (process) && !is_waiting (self, process));
}

static const char *
find_dead (ExtensionHostManager *self,
           GPtrArray            *awaited)
{
  for (guint i = 0; i < awaited->len; i++)
    {
      if (is_dead (self, g_ptr_array_index (awaited, i)))
        return g_ptr_array_index (awaited, i);
    }

  return NULL;
}

/* The host stays down, as it waited for one that is. Runs user code. */
static void
give_up (ExtensionHostManager  *self,
         ExtensionHostProcess  *process,
         const char            *awaited,
         GError               **error)
{
  ExtensionHostProcess *other = g_hash_table_lookup (self->by_id, awaited);
  g_autofree char *text = NULL;

  if (other == NULL)
    text = g_strdup_printf (_("not started: “%s”, which it is to start after, was removed"),
                            awaited);
  else if (is_quarantined (other))
    text = g_strdup_printf (_("not started: “%s”, which it is to start after, is quarantined"),
                            awaited);
  else if (other->lifecycle.state == EXTENSION_HOST_STATE_CRASHED)
    text = g_strdup_printf (_("not started: “%s”, which it is to start after, has crashed"),
                            awaited);
  else
    text = g_strdup_printf (_("not started: “%s”, which it is to start after, is down"), awaited);

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY, "%s: %s",
               process->spec->id, text);
  extension_host_process_note_control_failure (process, "start", text, 0);
  extension_host_process_flush (process);
}

/* What waits, settled: one that waits for nobody is started, one that waits in vain is given up. */

static ExtensionHostProcess *
find_settled (ExtensionHostManager *self)
{
  for (guint i = 0; i < self->processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (self->processes, i);
      GPtrArray *awaited = g_hash_table_lookup (self->waiting, process);

      if (awaited != NULL && (awaited->len == 0 || find_dead (self, awaited) != NULL))
        return process;
    }

  return NULL;
}

static void
start_late (ExtensionHostProcess *process)
{
  g_autoptr(GError) error = NULL;

  if (extension_host_process_start (process, &error))
    return;

  extension_host_process_note_control_failure (process, "start", error->message, 0);
  extension_host_process_flush (process);
}

static void
settle (ExtensionHostManager *self,
        ExtensionHostProcess *process)
{
  g_autoptr(ExtensionHostProcess) hold G_GNUC_UNUSED = g_object_ref (process);
  g_autoptr(GPtrArray) awaited = NULL;

  g_hash_table_steal_extended (self->waiting, process, NULL, (gpointer *) &awaited);
  if (awaited->len == 0)
    start_late (process);
  else
    give_up (self, process, find_dead (self, awaited), NULL);
}

static void
on_settle (gpointer data)
{
  g_autoptr(ExtensionHostManager) self = g_object_ref (data);
  ExtensionHostProcess *process = NULL;

  /* Looked for anew each time: user code ran meanwhile. */
  while ((process = find_settled (self)) != NULL)
    settle (self, process);
}

static void
look_at_waits_later (ExtensionHostManager *self)
{
  if (g_hash_table_size (self->waiting) > 0 && self->settle.reactor == NULL)
    extension_host_deadline_arm (&self->settle, self->reactor, g_get_monotonic_time (), on_settle,
                                 self);
}

/* News */

static void
strike_out (GPtrArray  *awaited,
            const char *id)
{
  guint index = 0;

  while (g_ptr_array_find_with_equal_func (awaited, id, g_str_equal, &index))
    g_ptr_array_remove_index (awaited, index);
}

static gboolean
has_been_ready (ExtensionHostProcess    *process,
                ExtensionHostTransition *transition)
{
  if (process->readiness == EXTENSION_HOST_READINESS_READY)
    return TRUE;

  /* It may have ended in the same turn: nobody saw it ready, and it was. */
  return transition != NULL && transition->old_state == EXTENSION_HOST_STATE_RUNNING &&
         transition->generation == process->lifecycle.generation && process->was_ready;
}

/* @process got somewhere, by @transition, or to a readiness if that is NULL. */
void
extension_host_manager_follow_start (ExtensionHostManager    *self,
                                     ExtensionHostProcess    *process,
                                     ExtensionHostTransition *transition)
{
  GHashTableIter iter;
  gpointer awaited = NULL;

  if (g_hash_table_size (self->waiting) == 0)
    return;

  if (has_been_ready (process, transition))
    {
      g_hash_table_iter_init (&iter, self->waiting);
      while (g_hash_table_iter_next (&iter, NULL, &awaited))
        strike_out (awaited, process->spec->id);
    }

  look_at_waits_later (self);
}

/* Somebody has other wishes for @process, or it left. */
void
extension_host_manager_end_wait (ExtensionHostManager *self,
                                 ExtensionHostProcess *process)
{
  g_hash_table_remove (self->waiting, process);
  look_at_waits_later (self);
}

void
extension_host_manager_end_waits (ExtensionHostManager *self)
{
  g_hash_table_remove_all (self->waiting);
  extension_host_deadline_disarm (&self->settle);
}

/* Starting all */

static GPtrArray *
list_awaited (ExtensionHostManager *self,
              ExtensionHostProcess *process)
{
  GPtrArray *awaited = g_ptr_array_new_null_terminated (0, g_free, TRUE);
  char **after = process->spec->after;

  for (; after != NULL && *after != NULL; after++)
    {
      ExtensionHostProcess *other = g_hash_table_lookup (self->by_id, *after);

      if (other == NULL || other->readiness != EXTENSION_HOST_READINESS_READY)
        g_ptr_array_add (awaited, g_strdup (*after));
    }

  return awaited;
}

static gboolean
start_or_wait (ExtensionHostManager  *self,
               ExtensionHostProcess  *process,
               GError               **error)
{
  g_autoptr(GPtrArray) awaited = NULL;
  const char *dead = NULL;

  /* A handler may have done anything meanwhile. */
  if (!extension_host_manager_has (self, process) || !is_down (process) ||
      is_quarantined (process) || is_waiting (self, process))
    return TRUE;

  awaited = list_awaited (self, process);
  if (awaited->len == 0)
    return extension_host_process_start (process, error);

  dead = find_dead (self, awaited);
  if (dead != NULL)
    {
      give_up (self, process, dead, error);
      return FALSE;
    }

  g_hash_table_insert (self->waiting, process, g_steal_pointer (&awaited));

  return TRUE;
}

ExtensionHostOrderItem *
extension_host_manager_new_order_items (GPtrArray *processes)
{
  ExtensionHostOrderItem *items = g_new0 (ExtensionHostOrderItem, processes->len);

  for (guint i = 0; i < processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (processes, i);

      items[i].id = process->spec->id;
      items[i].after = (const char * const *) process->spec->after;
    }

  return items;
}

/* Those that wait do so by their plan: their spec may have been changed since. */
static ExtensionHostOrderItem *
new_start_items (ExtensionHostManager *self,
                 GPtrArray            *processes)
{
  ExtensionHostOrderItem *items = extension_host_manager_new_order_items (processes);

  for (guint i = 0; i < processes->len; i++)
    {
      GPtrArray *awaited = g_hash_table_lookup (self->waiting, g_ptr_array_index (processes, i));

      if (awaited != NULL)
        items[i].after = (const char * const *) awaited->pdata;
    }

  return items;
}

/**
 * extension_host_manager_start_all:
 * @self: a manager
 * @error: return location for an error
 *
 * Starts every host that is down. Those that are quarantined, and those that are up, are left as
 * they are.
 *
 * A host with [property@ExtensionHost.Spec:after] is started when all of those have been ready; the
 * others are started at once, in the order of the list. While a host waits it stays in the state it
 * is in, and who starts, stops, kills, quarantines or removes it ends the waiting. A host that is
 * waited for may be restarted automatically; if it comes to rest without having been ready, or is
 * removed, the one that waits is not started, which its
 * [property@ExtensionHost.Process:last-control-failure] tells, with phase `start`, and neither are
 * those that wait for that one. Calling this function again changes nothing for those that wait.
 *
 * It returns at once. Before anything is started it fails with `DEPENDENCY` if a host of the
 * manager is to start after one that the manager does not have, or if hosts are to start after each
 * other; and with `CLOSED` once the manager shuts down. If single hosts are refused, the others are
 * started all the same, and the error is that of the first: `DEPENDENCY` if a host is to start
 * after one that is down and not started, because it is quarantined for example; `INVALID_SPEC`;
 * `CLOSED`.
 *
 * Returns: %TRUE if no host was refused
 *
 * Since: 0.1
 */
gboolean
extension_host_manager_start_all (ExtensionHostManager  *self,
                                  GError               **error)
{
  g_autoptr(ExtensionHostManager) hold G_GNUC_UNUSED = NULL;
  g_autoptr(GPtrArray) processes = NULL;
  g_autofree ExtensionHostOrderItem *items = NULL;
  g_autofree guint *order = NULL;
  g_autoptr(GError) first = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (extension_host_manager_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!extension_host_manager_check_open (self, error))
    return FALSE;

  hold = g_object_ref (self);   /* a handler may drop it, and add and remove hosts */
  processes = extension_host_manager_dup_processes (self);
  items = new_start_items (self, processes);
  if (!extension_host_order_check (items, processes->len, error))
    return FALSE;

  order = extension_host_order_sort (items, processes->len);
  for (guint i = 0; i < processes->len; i++)
    {
      g_autoptr(GError) local_error = NULL;

      if (!start_or_wait (self, g_ptr_array_index (processes, order[i]), &local_error) &&
          first == NULL)
        first = g_steal_pointer (&local_error);
    }

  if (first == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&first));

  return FALSE;
}
