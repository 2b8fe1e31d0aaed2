/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-enum-types.h"
#include "extension-host-state-private.h"

#define S(state) EXTENSION_HOST_STATE_##state
#define R(reason) (1u << EXTENSION_HOST_REASON_##reason)

/* What may end a host on purpose. */
#define ORDERS (R (STOP) | R (TERMINATE) | R (KILL) | R (RESTART) | R (QUARANTINE) | R (GROUP))

/* What may be wrong with a host whose program runs. */
#define FAULTS (R (START_TIMEOUT) | R (UNRESPONSIVE) | R (CHANNEL_LOST) | \
                R (PROTOCOL_ERROR) | R (MEMORY_LIMIT) | R (SHIM_LOST))

/* The whole life of a host. Nothing moves along an arrow that is not here. */
static const ExtensionHostEdge edges[] = {
  { S (STOPPED),    S (STARTING),   R (START) | R (RESTART) | R (GROUP) },
  { S (CRASHED),    S (STARTING),   R (START) | R (RESTART) | R (GROUP) },
  { S (STARTING),   S (RUNNING),    R (SPAWNED) },
  { S (STARTING),   S (CRASHED),    R (SPAWN_FAILED) },
  { S (STARTING),   S (UNHEALTHY),  R (NO_RESOURCES) | R (START_TIMEOUT) | R (SHIM_LOST) },
  { S (RUNNING),    S (UNHEALTHY),  R (EXITED) | R (SIGNALLED) | FAULTS },
  { S (RUNNING),    S (STOPPED),    R (EXITED) },
  { S (UNHEALTHY),  S (RESTARTING), R (RESTART_SCHEDULED) },
  { S (UNHEALTHY),  S (CRASHED),    R (RESTART_LIMIT) | R (POLICY) | R (NO_RESTART_EXIT) },
  { S (RESTARTING), S (STARTING),   R (BACKOFF_ELAPSED) | R (START) },
  { S (STARTING),   S (STOPPING),   ORDERS },
  { S (RUNNING),    S (STOPPING),   ORDERS },
  { S (UNHEALTHY),  S (STOPPING),   ORDERS },
  { S (RESTARTING), S (STOPPING),   ORDERS },
  { S (STOPPING),   S (STOPPED),    R (TREE_GONE) },
  { S (CRASHED),    S (STOPPED),    R (STOP) | R (RESET) | R (QUARANTINE) },
};

#undef S
#undef R

G_STATIC_ASSERT (EXTENSION_HOST_REASON_GROUP < 32);

const ExtensionHostEdge *
extension_host_state_get_edges (guint *n_edges)
{
  *n_edges = G_N_ELEMENTS (edges);

  return edges;
}

gboolean
extension_host_state_has_edge (ExtensionHostState  from,
                               ExtensionHostState  to,
                               ExtensionHostReason reason)
{
  for (guint i = 0; i < G_N_ELEMENTS (edges); i++)
    {
      if (edges[i].from == from && edges[i].to == to)
        return (edges[i].reasons & (1u << reason)) != 0;
    }

  return FALSE;
}

const char *
extension_host_enum_to_nick (GType type,
                             int   value)
{
  GEnumClass *klass = g_type_class_ref (type);   /* static types: the class stays */
  GEnumValue *entry = g_enum_get_value (klass, value);

  g_type_class_unref (klass);
  g_return_val_if_fail (entry != NULL, NULL);

  return entry->value_nick;
}

const char *
extension_host_state_to_string (ExtensionHostState state)
{
  return extension_host_enum_to_nick (EXTENSION_HOST_TYPE_STATE, state);
}

const char *
extension_host_reason_to_string (ExtensionHostReason reason)
{
  return extension_host_enum_to_nick (EXTENSION_HOST_TYPE_REASON, reason);
}

const char *
extension_host_state_get_label (ExtensionHostState state)
{
  switch (state)
    {
    case EXTENSION_HOST_STATE_STOPPED:
      return _("Stopped");
    case EXTENSION_HOST_STATE_STARTING:
      return _("Starting");
    case EXTENSION_HOST_STATE_RUNNING:
      return _("Running");
    case EXTENSION_HOST_STATE_UNHEALTHY:
      return _("Unhealthy");
    case EXTENSION_HOST_STATE_RESTARTING:
      return _("Waiting to restart");
    case EXTENSION_HOST_STATE_STOPPING:
      return _("Stopping");
    case EXTENSION_HOST_STATE_CRASHED:
      return _("Crashed");
    default:
      g_return_val_if_reached (NULL);
    }
}

const char *
extension_host_reason_get_label (ExtensionHostReason reason)
{
  switch (reason)
    {
    case EXTENSION_HOST_REASON_START:
      return _("asked to start");
    case EXTENSION_HOST_REASON_STOP:
      return _("asked to stop");
    case EXTENSION_HOST_REASON_RESTART:
      return _("asked to restart");
    case EXTENSION_HOST_REASON_TERMINATE:
      return _("asked to terminate");
    case EXTENSION_HOST_REASON_KILL:
      return _("asked to be killed");
    case EXTENSION_HOST_REASON_QUARANTINE:
      return _("set aside");
    case EXTENSION_HOST_REASON_RESET:
      return _("failure acknowledged");
    case EXTENSION_HOST_REASON_SPAWNED:
      return _("program executed");
    case EXTENSION_HOST_REASON_SPAWN_FAILED:
      return _("program cannot be executed");
    case EXTENSION_HOST_REASON_NO_RESOURCES:
      return _("no resources to spare");
    case EXTENSION_HOST_REASON_EXITED:
      return _("exited by itself");
    case EXTENSION_HOST_REASON_SIGNALLED:
      return _("ended by a signal");
    case EXTENSION_HOST_REASON_START_TIMEOUT:
      return _("not ready in time");
    case EXTENSION_HOST_REASON_UNRESPONSIVE:
      return _("no longer responding");
    case EXTENSION_HOST_REASON_CHANNEL_LOST:
      return _("channel closed");
    case EXTENSION_HOST_REASON_PROTOCOL_ERROR:
      return _("too many protocol errors");
    case EXTENSION_HOST_REASON_MEMORY_LIMIT:
      return _("too much memory used");
    case EXTENSION_HOST_REASON_SHIM_LOST:
      return _("helper lost");
    case EXTENSION_HOST_REASON_RESTART_SCHEDULED:
      return _("restart scheduled");
    case EXTENSION_HOST_REASON_BACKOFF_ELAPSED:
      return _("wait is over");
    case EXTENSION_HOST_REASON_RESTART_LIMIT:
      return _("failed too often");
    case EXTENSION_HOST_REASON_POLICY:
      return _("not restarted by policy");
    case EXTENSION_HOST_REASON_NO_RESTART_EXIT:
      return _("ended for good");
    case EXTENSION_HOST_REASON_TREE_GONE:
      return _("all processes gone");
    case EXTENSION_HOST_REASON_GROUP:
      return _("restarted with its group");
    default:
      g_return_val_if_reached (NULL);
    }
}
