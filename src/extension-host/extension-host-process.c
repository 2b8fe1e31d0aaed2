/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-affinity-private.h"
#include "extension-host-enum-types.h"
#include "extension-host-locale-private.h"
#include "extension-host-process-face-private.h"

/**
 * ExtensionHostProcess:
 *
 * An extension host: a program in a process of its own, with all the processes that it starts,
 * supervised for as long as the object lives.
 *
 * The object is the host as the application knows it, with an id that stays the same however often
 * its program is spawned. It is made by [method@ExtensionHost.Manager.add], or by
 * [ctor@ExtensionHost.Process.new] for an application with a single host.
 *
 * ## States
 *
 * The state moves along the edges of a fixed table only. Each transition is announced by
 * [signal@ExtensionHost.Process::state-changed], in order and one at a time: a handler that starts,
 * stops or drops the host is safe, sees [property@ExtensionHost.Process:state] as announced, and
 * what it brings about is announced after all other handlers have seen what it was told of.
 *
 * ## Contexts and threads
 *
 * The object belongs to the main context that was the thread-default one when it was made: that
 * one must run, signals are emitted in it, and all functions are called in its thread. The last
 * reference may be dropped in any thread.
 *
 * Dropping the last reference kills the processes of the host without waiting for them. If the
 * application dies, they are ended within two seconds.
 *
 * Since: 0.1
 */

G_DEFINE_FINAL_TYPE (ExtensionHostProcess, extension_host_process, G_TYPE_OBJECT)

gboolean
extension_host_process_is_own_thread (ExtensionHostProcess *self)
{
  return extension_host_affinity_is_here (self->context, self->thread);
}

/* The object */

static void
extension_host_process_constructed (GObject *object)
{
  ExtensionHostProcess *self = EXTENSION_HOST_PROCESS (object);

  G_OBJECT_CLASS (extension_host_process_parent_class)->constructed (object);

  if (self->spec == NULL)
    self->spec = g_object_new (EXTENSION_HOST_TYPE_SPEC, "id", "host", NULL);   /* no start accepts it */

  extension_host_lifecycle_init (&self->lifecycle, self->spec,
                                 &extension_host_process_lifecycle_funcs, self);
  self->rpc = extension_host_rpc_new (self->reactor, self->spec, &extension_host_process_rpc_funcs,
                                      self);
  self->face.budget_limit = self->spec->max_restarts;
  self->face.budget_window = self->spec->restart_window / 1000;
}

/* Whether our context may be at work for the host at this very moment. What it is busy with cannot be
 * looked at from another thread; that it never had anything to do can. */
static gboolean
was_ever_busy (ExtensionHostProcess *self)
{
  return g_atomic_int_get (&self->was_busy);
}

static void
extension_host_process_dispose (GObject *object)
{
  ExtensionHostProcess *self = EXTENSION_HOST_PROCESS (object);

  if (was_ever_busy (self) && !extension_host_process_is_own_thread (self))
    {
      extension_host_affinity_hand_over (self->context, self);
      return;
    }

  if (!self->closed)
    {
      g_autoptr(GError) error =
        g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
                     _("Host “%s” was closed"), self->spec->id);

      self->closed = TRUE;
      extension_host_process_answer_all (self, error);
      extension_host_rpc_fail_all (self->rpc, error);
    }

  /* Nobody is told any more: whoever held the object has let it go. */
  while (extension_host_process_give_answer (self))
    ;
  extension_host_deadline_disarm (&self->backoff);
  extension_host_deadline_disarm (&self->start_timeout);
  extension_host_deadline_disarm (&self->log_settle);
  extension_host_deadline_disarm (&self->spawn_failure);
  extension_host_deadline_disarm (&self->channel_patience);
  extension_host_deadline_disarm (&self->turn_ends);
  extension_host_process_end_health (self);
  extension_host_process_clear_status (self);
  extension_host_process_disown_extensions (self);
  extension_host_restart_slot_part (&self->slot);
  extension_host_rpc_detach (self->rpc);
  self->rpc_attached = FALSE;
  extension_host_ladder_reset (&self->ladder, NULL, NULL, NULL);
  if (self->attempt != NULL)
    extension_host_attempt_abandon (self->attempt);
  g_clear_pointer (&self->attempt, extension_host_attempt_unref);
  extension_host_process_drop_news (self);
  if (was_ever_busy (self))
    extension_host_process_weigh (self);

  G_OBJECT_CLASS (extension_host_process_parent_class)->dispose (object);
}

static void
extension_host_process_finalize (GObject *object)
{
  ExtensionHostProcess *self = EXTENSION_HOST_PROCESS (object);

  extension_host_rpc_free (self->rpc);
  g_clear_pointer (&self->invocations, g_hash_table_unref);
  extension_host_methods_unref (self->methods);
  g_clear_pointer (&self->common_methods, extension_host_methods_unref);
  extension_host_intake_share_leave (&self->intake);
  g_free (self->channel_loss);
  g_clear_error (&self->spawn_error);
  extension_host_lifecycle_clear (&self->lifecycle);
  extension_host_log_ring_clear (&self->log);
  g_queue_clear_full (&self->history, (GDestroyNotify) extension_host_transition_unref);
  g_clear_pointer (&self->outcome, extension_host_stop_outcome_unref);
  g_clear_pointer (&self->last_exit, extension_host_exit_unref);
  g_clear_pointer (&self->last_control_failure, g_variant_unref);
  g_clear_pointer (&self->extensions_by_id, g_hash_table_unref);
  g_clear_object (&self->extensions);
  g_clear_pointer (&self->last_health, extension_host_health_unref);
  g_clear_pointer (&self->face.last_health, extension_host_health_unref);
  g_clear_pointer (&self->face.status_text, g_free);
  g_clear_pointer (&self->face.last_exit, extension_host_exit_unref);
  g_clear_pointer (&self->face.last_control_failure, g_variant_unref);
  g_clear_pointer (&self->face.budget, g_variant_unref);
  g_clear_object (&self->spec);
  extension_host_reactor_release (self->reactor);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (extension_host_process_parent_class)->finalize (object);
}

static void
extension_host_process_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  ExtensionHostProcess *self = EXTENSION_HOST_PROCESS (object);

  switch (prop_id)
    {
    case PROP_SPEC:
      self->spec = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
extension_host_process_class_init (ExtensionHostProcessClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = extension_host_process_constructed;
  object_class->dispose = extension_host_process_dispose;
  object_class->finalize = extension_host_process_finalize;
  object_class->set_property = extension_host_process_set_property;

  extension_host_locale_bind ();

  extension_host_process_install_properties (object_class);
  extension_host_process_install_signals (G_TYPE_FROM_CLASS (klass));
}

/* Until a manager has it share that of all its hosts. */
static void
join_new_intake (ExtensionHostProcess *self)
{
  ExtensionHostIntake *intake = extension_host_intake_new ();

  self->intake.resume = extension_host_process_resume_intake;
  self->intake.owner = self;
  extension_host_intake_share_join (&self->intake, intake);
  extension_host_intake_unref (intake);
}

static void
extension_host_process_init (ExtensionHostProcess *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
  self->reactor = extension_host_reactor_acquire (self->context);
  join_new_intake (self);
  self->methods = extension_host_methods_new ();
  self->ladder.request = extension_host_process_request_shutdown;
  self->ladder.is_owed = extension_host_process_is_owed_replies;
  self->ladder.gave_up = extension_host_process_on_gave_up;
  self->ladder.owner = self;
  self->slot.granted = extension_host_process_on_slot_granted;
  self->slot.owner = self;
  self->latency = self->face.latency = -1;
  self->progress = self->face.progress = -1;
  g_queue_init (&self->news);
  g_queue_init (&self->waiters);
  g_queue_init (&self->answers);
  g_queue_init (&self->history);
}

/**
 * extension_host_process_new:
 * @spec: what to run
 *
 * Makes a host outside of any manager. It is `stopped` until it is started.
 *
 * Changes of @spec count from the next spawn, and for the restart policy at once.
 *
 * Returns: (transfer full): the host
 *
 * Since: 0.1
 */
ExtensionHostProcess *
extension_host_process_new (ExtensionHostSpec *spec)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_SPEC (spec), NULL);

  return g_object_new (EXTENSION_HOST_TYPE_PROCESS, "spec", spec, NULL);
}
