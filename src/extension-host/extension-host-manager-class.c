/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-manager-class-private.h"

/* The properties and signals of a manager. */

GParamSpec *extension_host_manager_properties[EXTENSION_HOST_MANAGER_N_PROPS];
guint extension_host_manager_signals[EXTENSION_HOST_MANAGER_N_SIGNALS];

#define properties extension_host_manager_properties
#define signals extension_host_manager_signals

static void
extension_host_manager_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (object);

  switch (prop_id)
    {
    case PROP_ITEM_TYPE:
      g_value_set_gtype (value, EXTENSION_HOST_TYPE_PROCESS);
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, self->processes->len);
      break;
    case PROP_STRATEGY:
      g_value_set_enum (value, self->strategy);
      break;
    case PROP_MAX_CONCURRENT_RESTARTS:
      g_value_set_uint (value, extension_host_manager_get_max_concurrent_restarts (self));
      break;
    case PROP_APPLICATION_ID:
      g_value_set_string (value, self->application_id);
      break;
    case PROP_ACCESS:
      g_value_set_enum (value, self->access);
      break;
    case PROP_BUS_NAME:
      g_value_set_string (value, self->bus_name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
extension_host_manager_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (object);

  switch (prop_id)
    {
    case PROP_STRATEGY:
      extension_host_manager_set_strategy (self, g_value_get_enum (value));
      break;
    case PROP_MAX_CONCURRENT_RESTARTS:
      extension_host_manager_set_max_concurrent_restarts (self, g_value_get_uint (value));
      break;
    case PROP_APPLICATION_ID:
      extension_host_manager_set_application_id (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

void
extension_host_manager_install_properties (GObjectClass *object_class)
{
  object_class->get_property = extension_host_manager_get_property;
  object_class->set_property = extension_host_manager_set_property;

  /**
   * ExtensionHostManager:item-type:
   *
   * The type of the items, which is [class@ExtensionHost.Process].
   *
   * Since: 0.1
   */
  properties[PROP_ITEM_TYPE] =
    g_param_spec_gtype ("item-type", NULL, NULL,
                        G_TYPE_OBJECT,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostManager:n-items:
   *
   * How many hosts there are.
   *
   * Since: 0.1
   */
  properties[PROP_N_ITEMS] =
    g_param_spec_uint ("n-items", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostManager:strategy:
   *
   * Which hosts are restarted when one of a group, see [property@ExtensionHost.Spec:group], has
   * failed and is about to be restarted automatically.
   *
   * The others are restarted if they are up, with reason `group`, the id of the failed host as
   * requester, and without any effect on their budget. Those that are down, that are going down or
   * are to be restarted already, that are paused or quarantined, are left alone. A host that
   * crashed for good takes nobody with it.
   *
   * Since: 0.1
   */
  properties[PROP_STRATEGY] =
    g_param_spec_enum ("strategy", NULL, NULL,
                       EXTENSION_HOST_TYPE_STRATEGY,
                       EXTENSION_HOST_STRATEGY_ONE_FOR_ONE,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY |
                       G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostManager:max-concurrent-restarts:
   *
   * How many hosts may be restarted automatically at the same time. When more fail at once, the
   * others wait for their turn after their backoff. A host is being restarted until it is ready, has
   * failed again, or is paused.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_CONCURRENT_RESTARTS] =
    g_param_spec_uint ("max-concurrent-restarts", NULL, NULL,
                       1, G_MAXUINT, MAX_CONCURRENT_RESTARTS,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY |
                       G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostManager:application-id:
   *
   * The id of the application, such as `org.example.Editor`, that is told on D-Bus; %NULL if there is none.
   *
   * [method@ExtensionHost.Manager.publish_async] sets it.
   *
   * Since: 0.1
   */
  properties[PROP_APPLICATION_ID] =
    g_param_spec_string ("application-id", NULL, NULL,
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostManager:access:
   *
   * What others may do on D-Bus, as the last [method@ExtensionHost.Manager.export] or
   * [method@ExtensionHost.Manager.publish_async] said.
   *
   * Since: 0.1
   */
  properties[PROP_ACCESS] =
    g_param_spec_enum ("access", NULL, NULL,
                       EXTENSION_HOST_TYPE_ACCESS,
                       EXTENSION_HOST_ACCESS_STATUS,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostManager:bus-name:
   *
   * The name under which the hosts are found on the session bus; %NULL while they are not published,
   * and while the bus is gone. After [method@ExtensionHost.Manager.unpublish] it becomes %NULL when the bus
   * has taken back the name, and with it all that was sent before.
   *
   * Since: 0.1
   */
  properties[PROP_BUS_NAME] =
    g_param_spec_string ("bus-name", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, EXTENSION_HOST_MANAGER_N_PROPS, properties);
}

void
extension_host_manager_install_signals (GType type)
{
  /**
   * ExtensionHostManager::state-changed:
   * @self: the manager
   * @process: the host
   * @transition: what changed
   *
   * Emitted for each transition of each host, see [signal@ExtensionHost.Process::state-changed].
   * The detail is the id of the host.
   *
   * Since: 0.1
   */
  signals[STATE_CHANGED] =
    g_signal_new ("state-changed",
                  type,
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, EXTENSION_HOST_TYPE_PROCESS, EXTENSION_HOST_TYPE_TRANSITION);

  /**
   * ExtensionHostManager::crashed:
   * @self: the manager
   * @process: the host
   * @exit: how it ended the last time
   *
   * Emitted when a host enters `crashed`, see [signal@ExtensionHost.Process::crashed]. The detail
   * is the id of the host.
   *
   * Since: 0.1
   */
  signals[CRASHED] =
    g_signal_new ("crashed",
                  type,
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, EXTENSION_HOST_TYPE_PROCESS, EXTENSION_HOST_TYPE_EXIT);

  /**
   * ExtensionHostManager::log:
   * @self: the manager
   * @process: the host
   * @stream: where the line came from
   * @line: the line, valid UTF-8, without its end
   *
   * Emitted for each line that a host wrote, see [signal@ExtensionHost.Process::log]. The detail
   * is the id of the host.
   *
   * Since: 0.1
   */
  signals[LOG] =
    g_signal_new ("log",
                  type,
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  3, EXTENSION_HOST_TYPE_PROCESS, EXTENSION_HOST_TYPE_LOG_STREAM, G_TYPE_STRING);

  /**
   * ExtensionHostManager::health-checked:
   * @self: the manager
   * @process: the host
   * @health: what was seen
   *
   * Emitted at each tick of each host that is ready, see
   * [signal@ExtensionHost.Process::health-checked]. The detail is the id of the host.
   *
   * Since: 0.1
   */
  signals[HEALTH_CHECKED] =
    g_signal_new ("health-checked",
                  type,
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, EXTENSION_HOST_TYPE_PROCESS, EXTENSION_HOST_TYPE_HEALTH);
}
