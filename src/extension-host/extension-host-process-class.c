/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-process-face-private.h"

/* The properties and signals that the class of a host has. When they are told of is up to the face. */

GParamSpec *extension_host_process_properties[EXTENSION_HOST_PROCESS_N_PROPS];
guint extension_host_process_signals[EXTENSION_HOST_PROCESS_N_SIGNALS];

#define properties extension_host_process_properties
#define signals extension_host_process_signals

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
      g_value_set_variant (value, extension_host_process_get_restart_budget (self));
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
    case PROP_LAST_HEALTH:
      g_value_set_boxed (value, self->face.last_health);
      break;
    case PROP_LATENCY:
      g_value_set_int64 (value, self->face.latency);
      break;
    case PROP_RSS:
      g_value_set_uint64 (value, self->face.rss);
      break;
    case PROP_CPU_PERCENT:
      g_value_set_double (value, self->face.cpu_percent);
      break;
    case PROP_STATUS_TEXT:
      g_value_set_string (value, self->face.status_text);
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, self->face.progress);
      break;
    case PROP_EXTENSIONS:
      g_value_set_object (value, extension_host_process_get_extensions (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

void
extension_host_process_install_properties (GObjectClass *object_class)
{
  object_class->get_property = extension_host_process_get_property;

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

  /**
   * ExtensionHostProcess:last-health:
   *
   * What the last tick saw of the host, or %NULL if it has seen none. It is kept when the host ends.
   *
   * Since: 0.1
   */
  properties[PROP_LAST_HEALTH] =
    g_param_spec_boxed ("last-health", NULL, NULL,
                        EXTENSION_HOST_TYPE_HEALTH,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:latency:
   *
   * How long the host took for the last answer before the last tick, in µs; −1 if that is not known:
   * it has answered nothing yet, or is not ready.
   *
   * Since: 0.1
   */
  properties[PROP_LATENCY] =
    g_param_spec_int64 ("latency", NULL, NULL,
                        -1, G_MAXINT64, -1,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:rss:
   *
   * The resident memory of all processes of the host at the last tick, in bytes; 0 if it is not ready.
   *
   * Since: 0.1
   */
  properties[PROP_RSS] =
    g_param_spec_uint64 ("rss", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:cpu-percent:
   *
   * How much CPU all processes of the host used between the last two ticks, in percent of one CPU: it
   * may be above 100. 0 if it is not ready.
   *
   * Since: 0.1
   */
  properties[PROP_CPU_PERCENT] =
    g_param_spec_double ("cpu-percent", NULL, NULL,
                         0, G_MAXDOUBLE, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:status-text:
   *
   * What the host says that it is doing, with the notification `host/status`; %NULL if it says nothing.
   * It is one line of at most 8 KiB, changes at most ten times a second, and is gone when the host ends.
   *
   * Since: 0.1
   */
  properties[PROP_STATUS_TEXT] =
    g_param_spec_string ("status-text", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:progress:
   *
   * How far the host says that it is, with the notification `host/status`: from 0 to 1, or −1 if it
   * does not say.
   *
   * Since: 0.1
   */
  properties[PROP_PROGRESS] =
    g_param_spec_double ("progress", NULL, NULL,
                         -1, 1, -1,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostProcess:extensions:
   *
   * The extensions in the host, as a list of [class@ExtensionHost.Extension] in the order in which they
   * were added. It is the same object as long as the host lives.
   *
   * Since: 0.1
   */
  properties[PROP_EXTENSIONS] =
    g_param_spec_object ("extensions", NULL, NULL,
                         G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, EXTENSION_HOST_PROCESS_N_PROPS, properties);
}

void
extension_host_process_install_signals (GType type)
{
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
                  type,
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
                  type,
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
                  type,
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
   * Emitted for each notification that the host sends and the library does not use itself (`host/ready`,
   * `host/status`, `host/extend-timeout`, `host/log`). The detail is the method.
   *
   * Since: 0.1
   */
  signals[NOTIFICATION] =
    g_signal_new ("notification",
                  type,
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
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, G_TYPE_STRING);

  /**
   * ExtensionHostProcess::health-checked:
   * @self: the host
   * @health: what was seen
   *
   * Emitted at each tick of a host that is ready, every
   * [property@ExtensionHost.Spec:health-interval], whatever was seen. The properties that come from
   * it, such as [property@ExtensionHost.Process:latency], have changed before.
   *
   * Since: 0.1
   */
  signals[HEALTH_CHECKED] =
    g_signal_new ("health-checked",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, EXTENSION_HOST_TYPE_HEALTH);

  /**
   * ExtensionHostProcess::unresponsive:
   * @self: the host
   * @health: what was seen, with the verdict
   *
   * Emitted when [property@ExtensionHost.Spec:health-failures] probes in a row were not answered, once
   * until the host answers again. The host becomes `unhealthy` right afterwards and is killed, unless a
   * handler pauses it; if health-failures is 0 it is left alone, and this is emitted for the first
   * probe that is not answered.
   *
   * Since: 0.1
   */
  signals[UNRESPONSIVE] =
    g_signal_new ("unresponsive",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, EXTENSION_HOST_TYPE_HEALTH);
}
