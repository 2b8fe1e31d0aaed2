/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-manager-private.h"
#include "extension-host-shutdown-report-private.h"

/* The end of all hosts, a few at a time and each after those that are `after` it; and when the time
 * is up, all that are left by force. From its begin on nothing is started, and that stays so.
 *
 * User code runs whenever a host is told to stop. So each step looks anew for what is next, and
 * a step within a step is as good as any. */

#define MAX_AT_ONCE 16

typedef struct
{
  ExtensionHostProcess *process;
  GArray *after;               /* of guint, the items that are held up by this one */
  guint held_up;               /* by how many that are not done */
  gboolean begun;
  gboolean counts;             /* among those that are being ended, as there is something to end */
  ExtensionHostStopOutcome *outcome;   /* NULL until it is done */
} Item;

struct _ExtensionHostShutdown
{
  ExtensionHostManager *manager;       /* NULL once that is disposed */
  char *requester;                     /* on whose behalf, and why */
  char *why;
  gint64 began;
  ExtensionHostDeadline deadline;
  gboolean by_force;                   /* it has elapsed */

  GPtrArray *items;                    /* of Item, in the order of the list */
  guint n_ending;
  guint n_left;

  GQueue waiters;
  ExtensionHostShutdownReport *report; /* NULL until it is over */
};

typedef struct
{
  ExtensionHostShutdown *shutdown;     /* that has it in its queue */
  GTask *task;
  GSource *cancelled;                  /* NULL if it cannot be cancelled */
} Waiter;

static void
item_free (gpointer data)
{
  Item *item = data;

  g_object_unref (item->process);
  g_array_unref (item->after);
  g_clear_pointer (&item->outcome, extension_host_stop_outcome_unref);
  g_free (item);
}

static void
shutdown_clear (gpointer data)
{
  ExtensionHostShutdown *self = data;

  g_free (self->requester);
  g_free (self->why);
  g_ptr_array_unref (self->items);
  g_clear_pointer (&self->report, extension_host_shutdown_report_unref);
}

static void
shutdown_unref (ExtensionHostShutdown *self)
{
  g_rc_box_release_full (self, shutdown_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostShutdown, shutdown_unref)

/* Who waits */

static void
waiter_free (Waiter *waiter)
{
  if (waiter->cancelled != NULL)
    g_source_destroy (waiter->cancelled);
  g_clear_pointer (&waiter->cancelled, g_source_unref);
  g_clear_object (&waiter->task);
  g_free (waiter);
}

static gboolean
on_cancelled (GCancellable *cancellable G_GNUC_UNUSED,
              gpointer      user_data)
{
  Waiter *waiter = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&waiter->task);

  /* It ends the waiting, not the shutdown. */
  g_queue_remove (&waiter->shutdown->waiters, waiter);
  waiter_free (waiter);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s",
                           _("Operation was cancelled"));   /* though it may be reset by now */

  return G_SOURCE_REMOVE;
}

static void
wait_for (ExtensionHostShutdown *self,
          GTask                 *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  waiter->shutdown = self;
  waiter->task = g_object_ref (task);
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_static_name (waiter->cancelled, "[extension-host] cancelled");
      g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_cancelled), waiter, NULL);
      g_source_attach (waiter->cancelled, self->manager->context);
    }

  g_queue_push_tail (&self->waiters, waiter);
}

static void
give_report (ExtensionHostShutdown *self,
             GTask                 *task)
{
  g_task_return_pointer (task, extension_host_shutdown_report_ref (self->report),
                         (GDestroyNotify) extension_host_shutdown_report_unref);
}

/* With the report, or CLOSED if there will be none. Runs user code. */
static void
answer_all (ExtensionHostShutdown *self)
{
  Waiter *waiter = NULL;

  while ((waiter = g_queue_pop_head (&self->waiters)) != NULL)
    {
      g_autoptr(GTask) task = g_steal_pointer (&waiter->task);

      waiter_free (waiter);
      if (self->report != NULL)
        give_report (self, task);
      else
        g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED, "%s",
                                 _("The manager of the hosts was closed"));
    }
}

/* Hosts that are done */

static void
finish (ExtensionHostShutdown *self)
{
  extension_host_deadline_disarm (&self->deadline);
  self->report = extension_host_shutdown_report_new ();
  self->report->duration = g_get_monotonic_time () - self->began;
  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = g_ptr_array_index (self->items, i);

      extension_host_shutdown_report_add (self->report, item->process->spec->id, item->outcome);
    }

  g_ptr_array_set_size (self->items, 0);
  answer_all (self);
}

static void
be_done (ExtensionHostShutdown    *self,
         Item                     *item,
         ExtensionHostStopOutcome *outcome)
{
  item->outcome = extension_host_stop_outcome_ref (outcome);
  self->n_ending -= item->counts;
  for (guint i = 0; i < item->after->len; i++)
    ((Item *) g_ptr_array_index (self->items, g_array_index (item->after, guint, i)))->held_up--;

  self->n_left--;
  if (self->n_left == 0)
    finish (self);
}

static ExtensionHostStopOutcome *
nothing_to_end (ExtensionHostProcess *process)
{
  ExtensionHostLadder none = { NULL };

  return extension_host_ladder_get_outcome (&none, process->last_exit, 0);
}

/* Ending hosts */

typedef struct
{
  ExtensionHostShutdown *shutdown;
  Item *item;
} End;

static void go_on (ExtensionHostShutdown *self);

static void
on_stopped (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autofree End *end = user_data;
  g_autoptr(ExtensionHostShutdown) self = end->shutdown;
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (object);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  outcome = extension_host_process_stop_finish (process, result, NULL);
  if (self->manager == NULL)
    return;

  if (outcome == NULL)
    outcome = nothing_to_end (process);   /* somebody has disposed it */
  be_done (self, end->item, outcome);
  go_on (self);
}

/* Whatever rung it stands on, this is the last. */
static void
force (ExtensionHostShutdown *self,
       ExtensionHostProcess  *process)
{
  extension_host_lifecycle_stop (&process->lifecycle, EXTENSION_HOST_REASON_STOP,
                                 EXTENSION_HOST_STOP_RUNG_KILL, 0,
                                 &(ExtensionHostRequester) { self->requester, self->why }, NULL);
  extension_host_process_flush (process);
}

static gboolean
is_at_rest (ExtensionHostProcess *process)
{
  return process->lifecycle.state == EXTENSION_HOST_STATE_STOPPED ||
         process->lifecycle.state == EXTENSION_HOST_STATE_CRASHED;
}

static void
begin (ExtensionHostShutdown *self,
       Item                  *item)
{
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  GMainContext *context = self->manager->context;
  End *end = NULL;

  item->begun = TRUE;
  if (is_at_rest (item->process))
    {
      outcome = nothing_to_end (item->process);
      be_done (self, item, outcome);
      return;
    }

  item->counts = item->process->lifecycle.has_tree;
  self->n_ending += item->counts;
  end = g_new (End, 1);
  end->shutdown = g_rc_box_acquire (self);
  end->item = item;
  if (self->by_force)
    force (self, item->process);

  g_main_context_push_thread_default (context);
  extension_host_process_bring_down (
    item->process, EXTENSION_HOST_REASON_STOP, 0,
    &(ExtensionHostRequester) { self->requester, self->why },
    extension_host_process_new_task (item->process, extension_host_process_stop_async, NULL,
                                     on_stopped, end));
  g_main_context_pop_thread_default (context);
}

/* One that is down, or goes down anyway, need not wait for its turn; and nobody does when the time
 * is up. */
static gboolean
may_begin (ExtensionHostShutdown *self,
           Item                  *item)
{
  return self->by_force || !item->process->lifecycle.has_tree ||
         item->process->lifecycle.state == EXTENSION_HOST_STATE_STOPPING ||
         (item->held_up == 0 && self->n_ending < MAX_AT_ONCE);
}

static Item *
find_next (ExtensionHostShutdown *self)
{
  for (guint i = self->items->len; i > 0; i--)
    {
      Item *item = g_ptr_array_index (self->items, i - 1);

      if (!item->begun && may_begin (self, item))
        return item;
    }

  return NULL;
}

static void
go_on (ExtensionHostShutdown *self)
{
  g_autoptr(ExtensionHostShutdown) hold G_GNUC_UNUSED = g_rc_box_acquire (self);
  Item *item = NULL;

  while (self->manager != NULL && (item = find_next (self)) != NULL)
    begin (self, item);
}

static void
on_deadline (gpointer data)
{
  ExtensionHostShutdown *self = data;
  g_autoptr(ExtensionHostShutdown) hold G_GNUC_UNUSED = g_rc_box_acquire (self);

  self->by_force = TRUE;
  for (guint i = 0; i < self->items->len; i++)   /* none of them when it is over */
    {
      Item *item = g_ptr_array_index (self->items, i);

      if (item->begun && item->outcome == NULL)
        force (self, item->process);
    }
  go_on (self);
}

/* Who joins may make it faster, and not slower. */
static void
allow (ExtensionHostShutdown *self,
       guint                  ms)
{
  gint64 due = g_get_monotonic_time () + (gint64) ms * 1000;

  if (ms == 0 || ms == EXTENSION_HOST_NO_TIMEOUT || self->by_force ||
      (self->deadline.reactor != NULL && self->deadline.due <= due))
    return;

  extension_host_deadline_disarm (&self->deadline);
  extension_host_deadline_arm (&self->deadline, self->manager->reactor, due, on_deadline, self);
}

/* The begin */

/* In @order each stands behind those that it is after, but for those of a cycle: that is cut. */
static void
hold_up (ExtensionHostShutdown *self,
         const guint           *order)
{
  g_autoptr(GHashTable) placed = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = g_ptr_array_index (self->items, order[i]);
      char **after = item->process->spec->after;

      for (; after != NULL && *after != NULL; after++)
        {
          gpointer value = NULL;
          guint other = 0;

          if (!g_hash_table_lookup_extended (placed, *after, NULL, &value))
            continue;
          other = GPOINTER_TO_UINT (value);
          g_array_append_val (item->after, other);
          ((Item *) g_ptr_array_index (self->items, other))->held_up++;
        }
      g_hash_table_insert (placed, item->process->spec->id, GUINT_TO_POINTER (order[i]));
    }
}

static ExtensionHostShutdown *
shutdown_new (ExtensionHostManager *manager)
{
  ExtensionHostShutdown *self = g_rc_box_new0 (ExtensionHostShutdown);
  g_autofree ExtensionHostOrderItem *items =
    extension_host_manager_new_order_items (manager->processes);
  g_autofree guint *order = NULL;
  guint n = manager->processes->len;

  self->manager = manager;
  self->began = g_get_monotonic_time ();
  g_queue_init (&self->waiters);
  self->n_left = n;
  self->items = g_ptr_array_new_with_free_func (item_free);
  for (guint i = 0; i < n; i++)
    {
      Item *item = g_new0 (Item, 1);

      item->process = g_object_ref (g_ptr_array_index (manager->processes, i));
      item->after = g_array_new (FALSE, FALSE, sizeof (guint));
      g_ptr_array_add (self->items, item);
    }

  order = extension_host_order_sort (items, n);
  hold_up (self, order);

  return self;
}

/* Nothing is started from now on, by nobody and for no reason. */
static void
forbid_starts (ExtensionHostManager *self)
{
  g_autoptr(GPtrArray) processes = extension_host_manager_dup_processes (self);

  extension_host_manager_end_waits (self);
  for (guint i = 0; i < processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (processes, i);

      extension_host_lifecycle_close (&process->lifecycle);
      extension_host_process_supersede_starts (process);
    }

  for (guint i = 0; i < processes->len; i++)
    extension_host_process_flush (g_ptr_array_index (processes, i));
}

/* News of a host: it may be down, or be going down, before its turn. */
void
extension_host_manager_follow_shutdown (ExtensionHostManager *self)
{
  if (self->shutdown != NULL)
    go_on (self->shutdown);
}

/* Nobody will know how it ends. */
void
extension_host_manager_end_shutdown (ExtensionHostManager *self)
{
  g_autoptr(ExtensionHostShutdown) shutdown = g_steal_pointer (&self->shutdown);

  if (shutdown == NULL)
    return;

  shutdown->manager = NULL;
  extension_host_deadline_disarm (&shutdown->deadline);
  answer_all (shutdown);
}

/* The first requester is the one that counts. */
void
extension_host_manager_shutdown_as (ExtensionHostManager         *self,
                                    guint                         timeout_ms,
                                    const ExtensionHostRequester *requester,
                                    GCancellable                 *cancellable,
                                    GAsyncReadyCallback           callback,
                                    gpointer                      user_data)
{
  g_autoptr(ExtensionHostShutdown) shutdown = NULL;
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, extension_host_manager_shutdown_async);
  g_task_set_check_cancellable (task, FALSE);   /* what is over is over */

  if (g_task_return_error_if_cancelled (task))
    return;

  if (self->closed)
    {
      g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED, "%s",
                               _("The manager of the hosts was closed"));
      return;
    }

  if (self->shutdown != NULL && self->shutdown->report != NULL)
    {
      give_report (self->shutdown, task);
      return;
    }

  if (self->shutdown != NULL)
    {
      allow (self->shutdown, timeout_ms);
      wait_for (self->shutdown, task);
      return;
    }

  self->was_used = TRUE;
  self->shutdown = shutdown_new (self);
  shutdown = g_rc_box_acquire (self->shutdown);
  shutdown->requester = g_strdup (requester->name);
  shutdown->why = g_strdup (requester->why);
  allow (shutdown, timeout_ms);
  wait_for (shutdown, task);
  if (shutdown->n_left == 0)
    {
      finish (shutdown);
      return;
    }

  forbid_starts (self);
  go_on (shutdown);
}

/**
 * extension_host_manager_shutdown_async:
 * @self: a manager
 * @timeout_ms: how long all of it may take before the rest is killed, in ms; 0 for no such limit
 * @cancellable: (nullable): ends the waiting, not the shutdown
 * @callback: (scope async): called when all hosts have stopped
 * @user_data: data for @callback
 *
 * Stops all hosts as [method@ExtensionHost.Process.stop_async] does, for an application that is
 * about to leave.
 *
 * They are stopped in the reverse order of the list, but a host only when those have stopped that
 * are to start after it, see [property@ExtensionHost.Spec:after]; at most 16 at a time. When
 * @timeout_ms are over, all hosts that are not down yet are killed at once. Processes that outlive
 * their `SIGKILL` do not hold it up for longer than [property@ExtensionHost.Spec:kill-timeout]: the
 * report tells of them.
 *
 * From the call on nothing is started: start, restart, [method@ExtensionHost.Manager.start_all] and
 * [method@ExtensionHost.Manager.add] are refused with `CLOSED`, restarts that are pending and
 * starts that wait are dropped, and a host that fails before its turn is not restarted but
 * `crashed`. That stays so when the shutdown is over, and cannot be undone.
 *
 * It may be called again, and joins then: all callers get the same report, also those that come
 * when it is over. A call that joins may make the shutdown faster by its @timeout_ms, and not
 * slower.
 *
 * Errors: `CLOSED` if the manager was disposed before the end.
 *
 * Since: 0.1
 */
void
extension_host_manager_shutdown_async (ExtensionHostManager *self,
                                       guint                 timeout_ms,
                                       GCancellable         *cancellable,
                                       GAsyncReadyCallback   callback,
                                       gpointer              user_data)
{
  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (extension_host_manager_is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  extension_host_manager_shutdown_as (self, timeout_ms, EXTENSION_HOST_REQUESTER_APPLICATION,
                                      cancellable, callback, user_data);
}

/**
 * extension_host_manager_shutdown_finish:
 * @self: a manager
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Manager.shutdown_async].
 *
 * Hosts that were down already are in the report, too, with [enum@ExtensionHost.StopRung] `none`.
 *
 * Returns: (transfer full): what came of it, host by host in the order of the list, or %NULL with
 *   @error set
 *
 * Since: 0.1
 */
ExtensionHostShutdownReport *
extension_host_manager_shutdown_finish (ExtensionHostManager  *self,
                                        GAsyncResult          *result,
                                        GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_manager_shutdown_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
