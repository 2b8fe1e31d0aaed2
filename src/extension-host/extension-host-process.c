/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-affinity-private.h"
#include "extension-host-enum-types.h"
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

GParamSpec *extension_host_process_properties[EXTENSION_HOST_PROCESS_N_PROPS];
guint extension_host_process_signals[EXTENSION_HOST_PROCESS_N_SIGNALS];

#define properties extension_host_process_properties
#define signals extension_host_process_signals

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
  self->face.budget = g_variant_ref_sink (extension_host_process_new_budget (self));
}

/* Whether our context may be at work for the host at this very moment. What it is busy with cannot be
 * looked at from another thread; that it never had anything to do can. */
static gboolean
was_ever_busy (ExtensionHostProcess *self)
{
  return self->lifecycle.generation > 0 || self->lifecycle.sequence > 0 || self->waiters.length > 0;
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
  g_hash_table_unref (self->invocations);
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
  g_clear_pointer (&self->face.last_exit, extension_host_exit_unref);
  g_clear_pointer (&self->face.last_control_failure, g_variant_unref);
  g_clear_pointer (&self->face.budget, g_variant_unref);
  g_clear_object (&self->spec);
  extension_host_reactor_release (self->reactor);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (extension_host_process_parent_class)->finalize (object);
}

static void
extension_host_process_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  ExtensionHostProcess *self = EXTENSION_HOST_PROCESS (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_string (value, self->spec->id);
      break;
    case PROP_NAME:
      g_value_set_string (value, extension_host_spec_get_name (self->spec));
      break;
    case PROP_KIND:
      g_value_set_string (value, self->spec->kind);
      break;
    case PROP_SPEC:
      g_value_set_object (value, self->spec);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->face.state);
      break;
    case PROP_DESIRED:
      g_value_set_enum (value, self->face.desired);
      break;
    case PROP_CONTROL:
      g_value_set_enum (value, self->face.control);
      break;
    case PROP_READINESS:
      g_value_set_enum (value, self->face.readiness);
      break;
    case PROP_PID:
      g_value_set_uint (value, self->face.pid);
      break;
    case PROP_GENERATION:
      g_value_set_uint64 (value, self->face.generation);
      break;
    case PROP_RESTART_COUNT:
      g_value_set_uint (value, self->face.restart_count);
      break;
    case PROP_RESTART_BUDGET:
      g_value_set_variant (value, self->face.budget);
      break;
    case PROP_SEQUENCE:
      g_value_set_uint64 (value, self->face.sequence);
      break;
    case PROP_STATE_SINCE:
      g_value_set_int64 (value, self->face.state_since);
      break;
    case PROP_PENDING_RESTART:
      g_value_set_boolean (value, self->face.pending_restart);
      break;
    case PROP_NEXT_RESTART:
      g_value_set_int64 (value, self->face.next_restart);
      break;
    case PROP_LAST_EXIT:
      g_value_set_boxed (value, self->face.last_exit);
      break;
    case PROP_LAST_CONTROL_FAILURE:
      g_value_set_variant (value, self->face.last_control_failure);
      break;
    case PROP_STALE_EVENTS:
      g_value_set_uint64 (value, self->face.stale_events);
      break;
    case PROP_PROTOCOL_ERRORS:
      g_value_set_uint64 (value, self->protocol_errors);
      break;
    case PROP_PENDING_CALLS:
      g_value_set_uint (value, extension_host_rpc_get_pending (self->rpc));
      break;
    case PROP_QUEUED_BYTES:
      g_value_set_uint64 (value, extension_host_rpc_get_queued (self->rpc));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
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
  object_class->get_property = extension_host_process_get_property;
  object_class->set_property = extension_host_process_set_property;

  bindtextdomain (GETTEXT_PACKAGE, EXTENSION_HOST_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");

  /**
   * ExtensionHostProcess:id:
   *
   * The id: unique within its manager, and the same across restarts.
   *
   * Since: 0.1
   */
  properties[PROP_ID] =
    g_param_spec_string ("id", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:name:
   *
   * A name to show to people.
   *
   * Since: 0.1
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:kind:
   *
   * A label of the application's own, such as `mcp-server`.
   *
   * Since: 0.1
   */
  properties[PROP_KIND] =
    g_param_spec_string ("kind", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:spec:
   *
   * What is run, and how it is supervised.
   *
   * Since: 0.1
   */
  properties[PROP_SPEC] =
    g_param_spec_object ("spec", NULL, NULL,
                         EXTENSION_HOST_TYPE_SPEC,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:state:
   *
   * The state, as of the last announcement.
   *
   * Since: 0.1
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL,
                       EXTENSION_HOST_TYPE_STATE, EXTENSION_HOST_STATE_STOPPED,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:desired:
   *
   * What was last asked of the host. The last wish wins, in every state.
   *
   * Since: 0.1
   */
  properties[PROP_DESIRED] =
    g_param_spec_enum ("desired", NULL, NULL,
                       EXTENSION_HOST_TYPE_DESIRED, EXTENSION_HOST_DESIRED_DOWN,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:control:
   *
   * Whether the host is supervised, paused or quarantined.
   *
   * Since: 0.1
   */
  properties[PROP_CONTROL] =
    g_param_spec_enum ("control", NULL, NULL,
                       EXTENSION_HOST_TYPE_CONTROL, EXTENSION_HOST_CONTROL_ACTIVE,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:readiness:
   *
   * Whether the running host is ready.
   *
   * Since: 0.1
   */
  properties[PROP_READINESS] =
    g_param_spec_enum ("readiness", NULL, NULL,
                       EXTENSION_HOST_TYPE_READINESS, EXTENSION_HOST_READINESS_UNREPORTED,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:pid:
   *
   * The process id of the program, which is the id of its process group too. 0 when there is none:
   * before the spawn, and as soon as its exit was seen.
   *
   * Since: 0.1
   */
  properties[PROP_PID] =
    g_param_spec_uint ("pid", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:generation:
   *
   * How often the host was spawned. It is never reused.
   *
   * Since: 0.1
   */
  properties[PROP_GENERATION] =
    g_param_spec_uint64 ("generation", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:restart-count:
   *
   * How often the host was restarted automatically since it was last started.
   *
   * Since: 0.1
   */
  properties[PROP_RESTART_COUNT] =
    g_param_spec_uint ("restart-count", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:restart-budget:
   *
   * The restart budget, as `(uuu)`: the limit, how much of it is used, and the window in seconds.
   *
   * Since: 0.1
   */
  properties[PROP_RESTART_BUDGET] =
    g_param_spec_variant ("restart-budget", NULL, NULL,
                          G_VARIANT_TYPE ("(uuu)"), NULL,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:sequence:
   *
   * The number of the last announced transition.
   *
   * Since: 0.1
   */
  properties[PROP_SEQUENCE] =
    g_param_spec_uint64 ("sequence", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:state-since:
   *
   * When the state was entered, in µs since the epoch.
   *
   * Since: 0.1
   */
  properties[PROP_STATE_SINCE] =
    g_param_spec_int64 ("state-since", NULL, NULL,
                        0, G_MAXINT64, 0,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:pending-restart:
   *
   * Whether the host will be started again by itself: it waits for its backoff, or was told to
   * start while it was stopping.
   *
   * Since: 0.1
   */
  properties[PROP_PENDING_RESTART] =
    g_param_spec_boolean ("pending-restart", NULL, NULL,
                          FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:next-restart:
   *
   * When the backoff ends, in µs since the epoch.
   *
   * Since: 0.1
   */
  properties[PROP_NEXT_RESTART] =
    g_param_spec_int64 ("next-restart", NULL, NULL,
                        0, G_MAXINT64, 0,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:last-exit:
   *
   * How the program ended the last time. It is kept while the next one runs.
   *
   * Since: 0.1
   */
  properties[PROP_LAST_EXIT] =
    g_param_spec_boxed ("last-exit", NULL, NULL,
                        EXTENSION_HOST_TYPE_EXIT,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:last-control-failure:
   *
   * The last time that the host could not be controlled, as `a{sv}`: `phase` (s), `reason` (s),
   * `recoverable` (b), `leftover` (u), `generation` (t), `time` (t, µs since the epoch).
   *
   * Since: 0.1
   */
  properties[PROP_LAST_CONTROL_FAILURE] =
    g_param_spec_variant ("last-control-failure", NULL, NULL,
                          G_VARIANT_TYPE_VARDICT, NULL,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:stale-events:
   *
   * How much news of a generation that is over was dropped.
   *
   * Since: 0.1
   */
  properties[PROP_STALE_EVENTS] =
    g_param_spec_uint64 ("stale-events", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:protocol-errors:
   *
   * How often the host broke the protocol. It changes without notification.
   *
   * Since: 0.1
   */
  properties[PROP_PROTOCOL_ERRORS] =
    g_param_spec_uint64 ("protocol-errors", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:pending-calls:
   *
   * How many calls have no answer yet. It changes without notification.
   *
   * Since: 0.1
   */
  properties[PROP_PENDING_CALLS] =
    g_param_spec_uint ("pending-calls", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:queued-bytes:
   *
   * How many bytes wait to be written to the host. It changes without notification.
   *
   * Since: 0.1
   */
  properties[PROP_QUEUED_BYTES] =
    g_param_spec_uint64 ("queued-bytes", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, EXTENSION_HOST_PROCESS_N_PROPS, properties);

  /**
   * ExtensionHostProcess::state-changed:
   * @self: the host
   * @transition: what changed
   *
   * Emitted for each transition of the state, in order, with a sequence number without a gap.
   *
   * While it is emitted [property@ExtensionHost.Process:state] equals the new state of
   * @transition. Emissions are never nested. All operations but the blocking ones may be called in
   * a handler.
   *
   * Since: 0.1
   */
  signals[STATE_CHANGED] =
    g_signal_new ("state-changed",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, EXTENSION_HOST_TYPE_TRANSITION);

  /**
   * ExtensionHostProcess::crashed:
   * @self: the host
   * @exit: how it ended the last time
   *
   * Emitted once when the host enters `crashed`, after
   * [signal@ExtensionHost.Process::state-changed]: it will not be restarted unless somebody starts
   * it.
   *
   * Since: 0.1
   */
  signals[CRASHED] =
    g_signal_new ("crashed",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, EXTENSION_HOST_TYPE_EXIT);

  /**
   * ExtensionHostProcess::log:
   * @self: the host
   * @stream: where the line came from
   * @line: the line, valid UTF-8, without its end
   *
   * Emitted for each line that the host wrote. Lines are cut at 8 KiB. Of a flood the first 1000
   * lines of each second are told, and then how many were dropped.
   *
   * Since: 0.1
   */
  signals[LOG] =
    g_signal_new ("log",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, EXTENSION_HOST_TYPE_LOG_STREAM, G_TYPE_STRING);

  /**
   * ExtensionHostProcess::notification:
   * @self: the host
   * @method: the method
   * @params: (nullable): the parameters, an object or an array; %NULL if there are none, or if they
   *   cannot be parsed: see [method@ExtensionHost.Invocation.get_params]
   *
   * Emitted for each notification that the host sends and the library does not use itself
   * (`host/ready`, `host/log`). The detail is the method.
   *
   * Since: 0.1
   */
  signals[NOTIFICATION] =
    g_signal_new ("notification",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, G_TYPE_STRING, JSON_TYPE_NODE);

  /**
   * ExtensionHostProcess::capability-denied:
   * @self: the host
   * @method: the method
   *
   * Emitted when the host called a method that it lacks the capability for.
   *
   * Since: 0.1
   */
  signals[CAPABILITY_DENIED] =
    g_signal_new ("capability-denied",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, G_TYPE_STRING);
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
  self->invocations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->ladder.request = extension_host_process_request_shutdown;
  self->ladder.gave_up = extension_host_process_on_gave_up;
  self->ladder.owner = self;
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
