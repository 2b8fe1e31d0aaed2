/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-process-private.h"

/* The getters of the properties. */

/**
 * extension_host_process_get_id:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:id].
 *
 * Returns: (transfer none): the id
 *
 * Since: 0.1
 */
const char *
extension_host_process_get_id (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return self->spec->id;
}

/**
 * extension_host_process_get_name:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:name].
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
extension_host_process_get_name (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return extension_host_spec_get_name (self->spec);
}

/**
 * extension_host_process_get_kind:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:kind].
 *
 * Returns: (transfer none) (nullable): the kind
 *
 * Since: 0.1
 */
const char *
extension_host_process_get_kind (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return self->spec->kind;
}

/**
 * extension_host_process_get_spec:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:spec].
 *
 * Returns: (transfer none): the spec
 *
 * Since: 0.1
 */
ExtensionHostSpec *
extension_host_process_get_spec (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return self->spec;
}

/**
 * extension_host_process_get_state:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:state].
 *
 * Returns: the state
 *
 * Since: 0.1
 */
ExtensionHostState
extension_host_process_get_state (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), EXTENSION_HOST_STATE_STOPPED);

  return self->face.state;
}

/**
 * extension_host_process_get_desired:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:desired].
 *
 * Returns: the wish
 *
 * Since: 0.1
 */
ExtensionHostDesired
extension_host_process_get_desired (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), EXTENSION_HOST_DESIRED_DOWN);

  return self->face.desired;
}

/**
 * extension_host_process_get_control:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:control].
 *
 * Returns: the control
 *
 * Since: 0.1
 */
ExtensionHostControl
extension_host_process_get_control (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), EXTENSION_HOST_CONTROL_ACTIVE);

  return self->face.control;
}

/**
 * extension_host_process_get_readiness:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:readiness].
 *
 * Returns: the readiness
 *
 * Since: 0.1
 */
ExtensionHostReadiness
extension_host_process_get_readiness (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), EXTENSION_HOST_READINESS_UNREPORTED);

  return self->face.readiness;
}

/**
 * extension_host_process_get_pid:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:pid].
 *
 * Returns: the process id, or 0
 *
 * Since: 0.1
 */
guint
extension_host_process_get_pid (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.pid;
}

/**
 * extension_host_process_get_generation:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:generation].
 *
 * Returns: the generation, 0 before the first spawn
 *
 * Since: 0.1
 */
guint64
extension_host_process_get_generation (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.generation;
}

/**
 * extension_host_process_get_restart_count:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:restart-count].
 *
 * Returns: the number of automatic restarts
 *
 * Since: 0.1
 */
guint
extension_host_process_get_restart_count (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.restart_count;
}

/**
 * extension_host_process_get_restart_budget:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:restart-budget].
 *
 * Returns: (transfer none): the budget
 *
 * Since: 0.1
 */
GVariant *
extension_host_process_get_restart_budget (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  if (self->face.budget == NULL)
    self->face.budget = g_variant_ref_sink (extension_host_process_new_budget (self));

  return self->face.budget;
}

/**
 * extension_host_process_get_sequence:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:sequence].
 *
 * Returns: the sequence number, 0 before the first transition
 *
 * Since: 0.1
 */
guint64
extension_host_process_get_sequence (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.sequence;
}

/**
 * extension_host_process_get_state_since:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:state-since].
 *
 * Returns: the time, 0 before the first transition
 *
 * Since: 0.1
 */
gint64
extension_host_process_get_state_since (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.state_since;
}

/**
 * extension_host_process_get_pending_restart:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:pending-restart].
 *
 * Returns: %TRUE if a restart is pending
 *
 * Since: 0.1
 */
gboolean
extension_host_process_get_pending_restart (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);

  return self->face.pending_restart;
}

/**
 * extension_host_process_get_next_restart:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:next-restart].
 *
 * Returns: the time, or 0 if no restart is scheduled
 *
 * Since: 0.1
 */
gint64
extension_host_process_get_next_restart (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.next_restart;
}

/**
 * extension_host_process_get_last_exit:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:last-exit].
 *
 * Returns: (transfer none) (nullable): the exit, or %NULL if it has not ended yet
 *
 * Since: 0.1
 */
ExtensionHostExit *
extension_host_process_get_last_exit (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return self->face.last_exit;
}

/**
 * extension_host_process_get_last_control_failure:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:last-control-failure].
 *
 * Returns: (transfer none) (nullable): the failure, or %NULL if there was none
 *
 * Since: 0.1
 */
GVariant *
extension_host_process_get_last_control_failure (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return self->face.last_control_failure;
}

/**
 * extension_host_process_get_stale_events:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:stale-events].
 *
 * Returns: the number of events
 *
 * Since: 0.1
 */
guint64
extension_host_process_get_stale_events (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.stale_events;
}

/**
 * extension_host_process_get_protocol_errors:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:protocol-errors].
 *
 * Returns: the number of errors
 *
 * Since: 0.1
 */
guint64
extension_host_process_get_protocol_errors (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->protocol_errors;
}

/**
 * extension_host_process_get_pending_calls:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:pending-calls].
 *
 * Returns: the number of calls
 *
 * Since: 0.1
 */
guint
extension_host_process_get_pending_calls (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return extension_host_rpc_get_pending (self->rpc);
}

/**
 * extension_host_process_get_queued_bytes:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:queued-bytes].
 *
 * Returns: the number of bytes
 *
 * Since: 0.1
 */
guint64
extension_host_process_get_queued_bytes (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return extension_host_rpc_get_queued (self->rpc);
}

/**
 * extension_host_process_get_last_health:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:last-health].
 *
 * Returns: (transfer none) (nullable): the record, or %NULL if there was no tick yet
 *
 * Since: 0.1
 */
ExtensionHostHealth *
extension_host_process_get_last_health (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return self->face.last_health;
}

/**
 * extension_host_process_get_latency:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:latency].
 *
 * Returns: the latency in µs, or −1 if it is not known
 *
 * Since: 0.1
 */
gint64
extension_host_process_get_latency (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), -1);

  return self->face.latency;
}

/**
 * extension_host_process_get_rss:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:rss].
 *
 * Returns: the number of bytes
 *
 * Since: 0.1
 */
guint64
extension_host_process_get_rss (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.rss;
}

/**
 * extension_host_process_get_cpu_percent:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:cpu-percent].
 *
 * Returns: percent of one CPU
 *
 * Since: 0.1
 */
double
extension_host_process_get_cpu_percent (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), 0);

  return self->face.cpu_percent;
}

/**
 * extension_host_process_get_status_text:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:status-text].
 *
 * Returns: (transfer none) (nullable): the text, or %NULL if the host says nothing
 *
 * Since: 0.1
 */
const char *
extension_host_process_get_status_text (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return self->face.status_text;
}

/**
 * extension_host_process_get_progress:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:progress].
 *
 * Returns: from 0 to 1, or −1 if the host does not say
 *
 * Since: 0.1
 */
double
extension_host_process_get_progress (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), -1);

  return self->face.progress;
}
