/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-process-private.h"

/* Operations that wait for the host to get somewhere. Each is answered exactly once, after the
 * announcement that it waited for, so whoever waited finds everyone informed. */

typedef struct
{
  ExtensionHostWaitKind kind;
  guint64 after;         /* transitions up to this one are older than the operation */
  ExtensionHostStateFlags states;   /* that a change is to lead to */
  GTask *task;
  GSource *cancelled;    /* NULL if it cannot be cancelled */

  /* The answer, once there is one */
  GError *error;
  ExtensionHostState reached;
  gpointer value;
  GDestroyNotify free_value;
} Waiter;

static void
clear_cancelled (Waiter *waiter)
{
  if (waiter->cancelled == NULL)
    return;

  g_source_destroy (waiter->cancelled);
  g_clear_pointer (&waiter->cancelled, g_source_unref);
}

static void
waiter_free (Waiter *waiter)
{
  clear_cancelled (waiter);
  g_clear_object (&waiter->task);
  g_free (waiter);
}

static gboolean
on_cancelled (GCancellable *cancellable G_GNUC_UNUSED,
              gpointer      user_data)
{
  Waiter *waiter = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&waiter->task);
  ExtensionHostProcess *self = g_task_get_source_object (task);

  /* It ends the waiting, not the operation. */
  g_queue_remove (&self->waiters, waiter);
  waiter_free (waiter);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s",
                           _("Operation was cancelled"));   /* though it may be reset by now */

  return G_SOURCE_REMOVE;
}

static Waiter *
add_waiter (ExtensionHostProcess  *self,
            ExtensionHostWaitKind  kind,
            guint64                after,
            GTask                 *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  waiter->kind = kind;
  waiter->after = after;
  waiter->task = task;

  /* A source and not a handler: that would run in the thread that cancels. */
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_static_name (waiter->cancelled, "[extension-host] cancelled");
      g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_cancelled), waiter, NULL);
      g_source_attach (waiter->cancelled, self->context);
    }

  g_atomic_int_set (&self->was_busy, TRUE);
  g_queue_push_tail (&self->waiters, waiter);

  return waiter;
}

/* Waits with @task, which is taken, for a transition younger than number @after. */
void
extension_host_process_wait_for (ExtensionHostProcess  *self,
                                 ExtensionHostWaitKind  kind,
                                 guint64                after,
                                 GTask                 *task)
{
  add_waiter (self, kind, after, task);
}

/* Waits with @task, which is taken, for the next announcement of one of @states. */
void
extension_host_process_wait_for_state (ExtensionHostProcess    *self,
                                       ExtensionHostStateFlags  states,
                                       GTask                   *task)
{
  add_waiter (self, EXTENSION_HOST_WAIT_STATE, self->face.sequence, task)->states = states;
}

static void
set_value (Waiter                   *waiter,
           ExtensionHostTransition  *transition,
           ExtensionHostStopOutcome *outcome,
           ExtensionHostExit        *exit)
{
  switch (waiter->kind)
    {
    case EXTENSION_HOST_WAIT_STOPPED:
      waiter->value = extension_host_stop_outcome_ref (outcome);
      waiter->free_value = (GDestroyNotify) extension_host_stop_outcome_unref;
      break;

    case EXTENSION_HOST_WAIT_REST:
      waiter->value = extension_host_exit_ref (exit);
      waiter->free_value = (GDestroyNotify) extension_host_exit_unref;
      break;

    case EXTENSION_HOST_WAIT_STATE:
      g_assert (transition != NULL);   /* without an error only an announcement answers it */
      waiter->reached = transition->new_state;
      break;

    case EXTENSION_HOST_WAIT_CHANGE:
      waiter->value = extension_host_transition_ref (transition);
      waiter->free_value = (GDestroyNotify) extension_host_transition_unref;
      break;

    case EXTENSION_HOST_WAIT_RUNNING:
    case EXTENSION_HOST_WAIT_READY:
    default:
      break;
    }
}

static void
answer (ExtensionHostProcess     *self,
        GList                    *link,
        ExtensionHostTransition  *transition,
        ExtensionHostStopOutcome *outcome,
        ExtensionHostExit        *exit,
        GError                   *error)
{
  Waiter *waiter = link->data;

  clear_cancelled (waiter);   /* too late: it has its answer */
  waiter->error = error;
  if (error == NULL)
    set_value (waiter, transition, outcome, exit);

  g_queue_unlink (&self->waiters, link);
  g_queue_push_tail_link (&self->answers, link);
}

/* Answers the first operation in line. FALSE if there is none. Runs user code. */
gboolean
extension_host_process_give_answer (ExtensionHostProcess *self)
{
  Waiter *waiter = g_queue_pop_head (&self->answers);
  g_autoptr(GTask) task = NULL;

  if (waiter == NULL)
    return FALSE;

  task = g_steal_pointer (&waiter->task);
  if (waiter->error != NULL)
    g_task_return_error (task, waiter->error);
  else if (waiter->kind == EXTENSION_HOST_WAIT_STATE)
    g_task_return_int (task, waiter->reached);
  else if (waiter->value != NULL)
    g_task_return_pointer (task, waiter->value, waiter->free_value);
  else
    g_task_return_boolean (task, TRUE);
  waiter_free (waiter);

  return TRUE;
}

static GError *
start_error (ExtensionHostProcess    *self,
             ExtensionHostTransition *transition,
             ExtensionHostExit       *exit)
{
  /* The last exit there was may be that of an earlier generation. */
  if (exit != NULL && exit->error != NULL && exit->generation == transition->generation)
    return g_error_copy (exit->error);

  if (transition->reason == EXTENSION_HOST_REASON_START_TIMEOUT)
    return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT,
                        _("Host “%s” did not start in time"), self->spec->id);

  return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED,
                      _("Host “%s” was lost while it started"), self->spec->id);
}

static GError *
rest_error (ExtensionHostProcess *self,
            ExtensionHostExit    *exit)
{
  g_autofree char *how = NULL;

  if (exit == NULL)
    return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING,
                        _("Host “%s” was stopped before it was ready"), self->spec->id);

  how = extension_host_exit_to_string (exit);

  return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED,
                      _("Host “%s” ended before it was ready: %s"), self->spec->id, how);
}

/* Whether @transition answers @waiter; if it does so with a failure, sets the error. */
static gboolean
is_answered (ExtensionHostProcess    *self,
             Waiter                  *waiter,
             ExtensionHostTransition *transition,
             ExtensionHostExit       *exit,
             gboolean                 rests,
             GError                 **error)
{
  if (transition->sequence <= waiter->after)
    return FALSE;

  switch (waiter->kind)
    {
    case EXTENSION_HOST_WAIT_RUNNING:
      if (transition->old_state == EXTENSION_HOST_STATE_STARTING &&
          (transition->new_state == EXTENSION_HOST_STATE_UNHEALTHY ||
           transition->new_state == EXTENSION_HOST_STATE_CRASHED))
        *error = start_error (self, transition, exit);
      return *error != NULL || transition->new_state == EXTENSION_HOST_STATE_RUNNING;

    case EXTENSION_HOST_WAIT_READY:
      if (rests)
        *error = rest_error (self, exit);
      return rests || (transition->new_state == EXTENSION_HOST_STATE_RUNNING &&
                       self->readiness == EXTENSION_HOST_READINESS_READY);

    case EXTENSION_HOST_WAIT_STOPPED:
      return transition->new_state == EXTENSION_HOST_STATE_STOPPED;

    case EXTENSION_HOST_WAIT_REST:
      return rests;

    case EXTENSION_HOST_WAIT_STATE:
      return (waiter->states & (1u << transition->new_state)) != 0;

    case EXTENSION_HOST_WAIT_CHANGE:
      return TRUE;

    default:
      g_return_val_if_reached (FALSE);
    }
}

/* @transition has been announced: whoever waited for it is next. */
void
extension_host_process_answer (ExtensionHostProcess     *self,
                               ExtensionHostTransition  *transition,
                               ExtensionHostExit        *exit,
                               ExtensionHostStopOutcome *outcome,
                               gboolean                  rests)
{
  for (GList *link = self->waiters.head, *next = NULL; link != NULL; link = next)
    {
      g_autoptr(GError) error = NULL;

      next = link->next;
      if (!is_answered (self, link->data, transition, exit, rests, &error))
        continue;

      if (error == NULL && exit == NULL && ((Waiter *) link->data)->kind == EXTENSION_HOST_WAIT_REST)
        error = rest_error (self, NULL);
      answer (self, link, transition, outcome, exit, g_steal_pointer (&error));
    }
}

/* Ends all waits of one kind: with @error, or, those for stopped, with @outcome. */
void
extension_host_process_answer_kind (ExtensionHostProcess     *self,
                                    ExtensionHostWaitKind     kind,
                                    ExtensionHostStopOutcome *outcome,
                                    const GError             *error)
{
  for (GList *link = self->waiters.head, *next = NULL; link != NULL; link = next)
    {
      next = link->next;
      if (((Waiter *) link->data)->kind == kind)
        answer (self, link, NULL, outcome, NULL, error != NULL ? g_error_copy (error) : NULL);
    }
}

void
extension_host_process_answer_all (ExtensionHostProcess *self,
                                   const GError         *error)
{
  while (self->waiters.head != NULL)
    answer (self, self->waiters.head, NULL, NULL, NULL, g_error_copy (error));
}

/* What operations have in common */

gboolean
extension_host_process_check_open (ExtensionHostProcess  *self,
                                   GError               **error)
{
  if (!self->closed)
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
               _("Host “%s” was closed"), self->spec->id);

  return FALSE;
}

GTask *
extension_host_process_new_task (ExtensionHostProcess *self,
                                 gpointer              tag,
                                 GCancellable         *cancellable,
                                 GAsyncReadyCallback   callback,
                                 gpointer              user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);   /* what is done is done */

  return task;
}
