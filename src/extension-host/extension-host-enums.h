/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <glib-object.h>

#include "extension-host-version-macros.h"

G_BEGIN_DECLS

/* The value of G_MAXUINT; by that name the scanner would leave both out of the introspection data. */
/**
 * EXTENSION_HOST_NO_TIMEOUT:
 *
 * A timeout, in ms, that never elapses.
 *
 * Since: 0.1
 */
#define EXTENSION_HOST_NO_TIMEOUT ((guint) 0xffffffff)

/**
 * EXTENSION_HOST_UNLIMITED:
 *
 * The value of [property@ExtensionHost.Spec:max-restarts] that sets no limit.
 *
 * Since: 0.1
 */
#define EXTENSION_HOST_UNLIMITED ((guint) 0xffffffff)

/**
 * ExtensionHostState:
 * @EXTENSION_HOST_STATE_STOPPED: at rest, with no process; what a new host is in
 * @EXTENSION_HOST_STATE_STARTING: being spawned
 * @EXTENSION_HOST_STATE_RUNNING: the program was executed and its streams are attached
 * @EXTENSION_HOST_STATE_UNHEALTHY: it ended unasked, or is being ended because it failed
 * @EXTENSION_HOST_STATE_RESTARTING: no process; waiting for the backoff to elapse
 * @EXTENSION_HOST_STATE_STOPPING: being ended because somebody asked for it
 * @EXTENSION_HOST_STATE_CRASHED: at rest, with no process: it failed and is not restarted
 *
 * The states of an extension host. There are no others.
 *
 * The nicks (`stopped`, `starting`…) are what D-Bus and the command show.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_STATE_STOPPED,
  EXTENSION_HOST_STATE_STARTING,
  EXTENSION_HOST_STATE_RUNNING,
  EXTENSION_HOST_STATE_UNHEALTHY,
  EXTENSION_HOST_STATE_RESTARTING,
  EXTENSION_HOST_STATE_STOPPING,
  EXTENSION_HOST_STATE_CRASHED
} ExtensionHostState;

/**
 * ExtensionHostStateFlags:
 * @EXTENSION_HOST_STATE_FLAG_STOPPED: `stopped`
 * @EXTENSION_HOST_STATE_FLAG_STARTING: `starting`
 * @EXTENSION_HOST_STATE_FLAG_RUNNING: `running`
 * @EXTENSION_HOST_STATE_FLAG_UNHEALTHY: `unhealthy`
 * @EXTENSION_HOST_STATE_FLAG_RESTARTING: `restarting`
 * @EXTENSION_HOST_STATE_FLAG_STOPPING: `stopping`
 * @EXTENSION_HOST_STATE_FLAG_CRASHED: `crashed`
 *
 * A set of states: the bit of a state is `1 << state`.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_STATE_FLAG_STOPPED    = 1 << 0,
  EXTENSION_HOST_STATE_FLAG_STARTING   = 1 << 1,
  EXTENSION_HOST_STATE_FLAG_RUNNING    = 1 << 2,
  EXTENSION_HOST_STATE_FLAG_UNHEALTHY  = 1 << 3,
  EXTENSION_HOST_STATE_FLAG_RESTARTING = 1 << 4,
  EXTENSION_HOST_STATE_FLAG_STOPPING   = 1 << 5,
  EXTENSION_HOST_STATE_FLAG_CRASHED    = 1 << 6
} ExtensionHostStateFlags;

/**
 * ExtensionHostReason:
 * @EXTENSION_HOST_REASON_START: it was asked to start
 * @EXTENSION_HOST_REASON_STOP: it was asked to stop
 * @EXTENSION_HOST_REASON_RESTART: it was asked to restart
 * @EXTENSION_HOST_REASON_TERMINATE: it was asked to terminate
 * @EXTENSION_HOST_REASON_KILL: it was asked to be killed
 * @EXTENSION_HOST_REASON_QUARANTINE: it was set aside
 * @EXTENSION_HOST_REASON_RESET: the failure was acknowledged
 * @EXTENSION_HOST_REASON_SPAWNED: its program was executed
 * @EXTENSION_HOST_REASON_SPAWN_FAILED: its program cannot be executed, now or later
 * @EXTENSION_HOST_REASON_NO_RESOURCES: the system had no process, memory or descriptor to spare
 * @EXTENSION_HOST_REASON_EXITED: its program exited by itself
 * @EXTENSION_HOST_REASON_SIGNALLED: its program was ended by a signal
 * @EXTENSION_HOST_REASON_START_TIMEOUT: it was not ready in time
 * @EXTENSION_HOST_REASON_UNRESPONSIVE: it no longer answered probes
 * @EXTENSION_HOST_REASON_CHANNEL_LOST: its channel closed while it lived on
 * @EXTENSION_HOST_REASON_PROTOCOL_ERROR: it broke the protocol too often
 * @EXTENSION_HOST_REASON_MEMORY_LIMIT: its tree used more memory than allowed
 * @EXTENSION_HOST_REASON_SHIM_LOST: the helper that holds its tree ended
 * @EXTENSION_HOST_REASON_RESTART_SCHEDULED: the policy grants another attempt
 * @EXTENSION_HOST_REASON_BACKOFF_ELAPSED: the wait before that attempt is over
 * @EXTENSION_HOST_REASON_RESTART_LIMIT: it failed too often within the window
 * @EXTENSION_HOST_REASON_POLICY: the policy grants no restart
 * @EXTENSION_HOST_REASON_NO_RESTART_EXIT: it ended in a way that is listed as final
 * @EXTENSION_HOST_REASON_TREE_GONE: the last process of its tree is gone
 * @EXTENSION_HOST_REASON_GROUP: its group was restarted
 *
 * Why a host changed its state.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_REASON_START,
  EXTENSION_HOST_REASON_STOP,
  EXTENSION_HOST_REASON_RESTART,
  EXTENSION_HOST_REASON_TERMINATE,
  EXTENSION_HOST_REASON_KILL,
  EXTENSION_HOST_REASON_QUARANTINE,
  EXTENSION_HOST_REASON_RESET,
  EXTENSION_HOST_REASON_SPAWNED,
  EXTENSION_HOST_REASON_SPAWN_FAILED,
  EXTENSION_HOST_REASON_NO_RESOURCES,
  EXTENSION_HOST_REASON_EXITED,
  EXTENSION_HOST_REASON_SIGNALLED,
  EXTENSION_HOST_REASON_START_TIMEOUT,
  EXTENSION_HOST_REASON_UNRESPONSIVE,
  EXTENSION_HOST_REASON_CHANNEL_LOST,
  EXTENSION_HOST_REASON_PROTOCOL_ERROR,
  EXTENSION_HOST_REASON_MEMORY_LIMIT,
  EXTENSION_HOST_REASON_SHIM_LOST,
  EXTENSION_HOST_REASON_RESTART_SCHEDULED,
  EXTENSION_HOST_REASON_BACKOFF_ELAPSED,
  EXTENSION_HOST_REASON_RESTART_LIMIT,
  EXTENSION_HOST_REASON_POLICY,
  EXTENSION_HOST_REASON_NO_RESTART_EXIT,
  EXTENSION_HOST_REASON_TREE_GONE,
  EXTENSION_HOST_REASON_GROUP
} ExtensionHostReason;

/**
 * ExtensionHostReadiness:
 * @EXTENSION_HOST_READINESS_UNREPORTED: nothing is running, or its mode has no report yet
 * @EXTENSION_HOST_READINESS_NOT_READY: running, and its report is awaited
 * @EXTENSION_HOST_READINESS_READY: running, and ready for calls
 *
 * Whether a running host can be talked to. It is apart from the state and goes back to
 * unreported whenever the host leaves running.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_READINESS_UNREPORTED,
  EXTENSION_HOST_READINESS_NOT_READY,
  EXTENSION_HOST_READINESS_READY
} ExtensionHostReadiness;

/**
 * ExtensionHostDesired:
 * @EXTENSION_HOST_DESIRED_DOWN: the last wish was that it be stopped
 * @EXTENSION_HOST_DESIRED_UP: the last wish was that it run
 *
 * What was last asked of a host, as opposed to the state that it is in.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_DESIRED_DOWN,
  EXTENSION_HOST_DESIRED_UP
} ExtensionHostDesired;

/**
 * ExtensionHostControl:
 * @EXTENSION_HOST_CONTROL_ACTIVE: supervised by its policy
 * @EXTENSION_HOST_CONTROL_PAUSED: no automatic restart and no verdict until it is resumed
 * @EXTENSION_HOST_CONTROL_QUARANTINED: stopped, and not started until it is released
 *
 * How a host is supervised.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_CONTROL_ACTIVE,
  EXTENSION_HOST_CONTROL_PAUSED,
  EXTENSION_HOST_CONTROL_QUARANTINED
} ExtensionHostControl;

/**
 * ExtensionHostRestartPolicy:
 * @EXTENSION_HOST_RESTART_POLICY_ALWAYS: restart it however it ended
 * @EXTENSION_HOST_RESTART_POLICY_ON_FAILURE: restart it unless it exited with status 0
 * @EXTENSION_HOST_RESTART_POLICY_NEVER: never restart it
 *
 * What to do when a host ends without having been asked to.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_RESTART_POLICY_ALWAYS,
  EXTENSION_HOST_RESTART_POLICY_ON_FAILURE,
  EXTENSION_HOST_RESTART_POLICY_NEVER
} ExtensionHostRestartPolicy;

/**
 * ExtensionHostTransport:
 * @EXTENSION_HOST_TRANSPORT_STDIO: messages on stdin and stdout; stderr is log
 * @EXTENSION_HOST_TRANSPORT_NODE_IPC: messages on a socket named by `NODE_CHANNEL_FD`; stdin is
 *   `/dev/null`, stdout and stderr are log
 *
 * Which descriptors carry the messages.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_TRANSPORT_STDIO,
  EXTENSION_HOST_TRANSPORT_NODE_IPC
} ExtensionHostTransport;

/**
 * ExtensionHostProtocol:
 * @EXTENSION_HOST_PROTOCOL_PLAIN: JSON-RPC 2.0, a message a line, without a handshake
 * @EXTENSION_HOST_PROTOCOL_MCP: Model Context Protocol, revisions to 2025-11-25
 * @EXTENSION_HOST_PROTOCOL_MCP_2026: Model Context Protocol, revision 2026-07-28
 * @EXTENSION_HOST_PROTOCOL_LSP: Language Server Protocol
 * @EXTENSION_HOST_PROTOCOL_NONE: no messages: stdout is log
 *
 * A preset: it fills in framing, readiness, probe, cancel and stop.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_PROTOCOL_PLAIN,
  EXTENSION_HOST_PROTOCOL_MCP,
  EXTENSION_HOST_PROTOCOL_MCP_2026, /*< nick=mcp-2026 >*/
  EXTENSION_HOST_PROTOCOL_LSP,
  EXTENSION_HOST_PROTOCOL_NONE
} ExtensionHostProtocol;

/**
 * ExtensionHostFraming:
 * @EXTENSION_HOST_FRAMING_BY_PROTOCOL: as the protocol says
 * @EXTENSION_HOST_FRAMING_LINES: a message a line
 * @EXTENSION_HOST_FRAMING_CONTENT_LENGTH: a `Content-Length` header before each message
 *
 * How messages are told apart.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_FRAMING_BY_PROTOCOL,
  EXTENSION_HOST_FRAMING_LINES,
  EXTENSION_HOST_FRAMING_CONTENT_LENGTH
} ExtensionHostFraming;

/**
 * ExtensionHostReadyMode:
 * @EXTENSION_HOST_READY_MODE_BY_PROTOCOL: as the protocol says
 * @EXTENSION_HOST_READY_MODE_SPAWNED: as soon as its program was executed
 * @EXTENSION_HOST_READY_MODE_NOTIFICATION: when it sent the notification `host/ready`
 * @EXTENSION_HOST_READY_MODE_HANDSHAKE: when the handshake of its protocol was done
 *
 * When a running host counts as ready.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_READY_MODE_BY_PROTOCOL,
  EXTENSION_HOST_READY_MODE_SPAWNED,
  EXTENSION_HOST_READY_MODE_NOTIFICATION,
  EXTENSION_HOST_READY_MODE_HANDSHAKE
} ExtensionHostReadyMode;

/**
 * ExtensionHostStrategy:
 * @EXTENSION_HOST_STRATEGY_ONE_FOR_ONE: that host alone
 * @EXTENSION_HOST_STRATEGY_ONE_FOR_ALL: all hosts of its group
 * @EXTENSION_HOST_STRATEGY_REST_FOR_ONE: that host, and those of its group that were added after it
 *
 * Which hosts are restarted when one of a group, see [property@ExtensionHost.Spec:group], has
 * failed. A host without a group is always alone.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_STRATEGY_ONE_FOR_ONE,
  EXTENSION_HOST_STRATEGY_ONE_FOR_ALL,
  EXTENSION_HOST_STRATEGY_REST_FOR_ONE
} ExtensionHostStrategy;

/**
 * ExtensionHostExitKind:
 * @EXTENSION_HOST_EXIT_KIND_EXITED: it exited with a status
 * @EXTENSION_HOST_EXIT_KIND_SIGNALLED: a signal ended it
 * @EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED: it never ran
 * @EXTENSION_HOST_EXIT_KIND_LOST: how it ended is not known: the helper that held it was lost
 *
 * How the program of a host ended.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_EXIT_KIND_EXITED,
  EXTENSION_HOST_EXIT_KIND_SIGNALLED,
  EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED,
  EXTENSION_HOST_EXIT_KIND_LOST
} ExtensionHostExitKind;

/**
 * ExtensionHostStopRung:
 * @EXTENSION_HOST_STOP_RUNG_NONE: nothing had to be done
 * @EXTENSION_HOST_STOP_RUNG_REQUEST: it was asked by the shutdown request of its protocol
 * @EXTENSION_HOST_STOP_RUNG_EOF: its stdin was closed
 * @EXTENSION_HOST_STOP_RUNG_TERM: it was sent `SIGTERM`
 * @EXTENSION_HOST_STOP_RUNG_KILL: its tree was sent `SIGKILL`
 *
 * The rungs of the ladder that ends a host, from gentle to final.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_STOP_RUNG_NONE,
  EXTENSION_HOST_STOP_RUNG_REQUEST,
  EXTENSION_HOST_STOP_RUNG_EOF,
  EXTENSION_HOST_STOP_RUNG_TERM,
  EXTENSION_HOST_STOP_RUNG_KILL
} ExtensionHostStopRung;

/**
 * ExtensionHostLogStream:
 * @EXTENSION_HOST_LOG_STREAM_STDOUT: standard output, where it is no message
 * @EXTENSION_HOST_LOG_STREAM_STDERR: standard error
 * @EXTENSION_HOST_LOG_STREAM_HOST: the notification `host/log`
 *
 * Where a line of log came from.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_LOG_STREAM_STDOUT,
  EXTENSION_HOST_LOG_STREAM_STDERR,
  EXTENSION_HOST_LOG_STREAM_HOST
} ExtensionHostLogStream;

/**
 * ExtensionHostExtensionState:
 * @EXTENSION_HOST_EXTENSION_STATE_INACTIVE: its host has not been ready since it was added
 * @EXTENSION_HOST_EXTENSION_STATE_ACTIVATING: the host has been told to activate it
 * @EXTENSION_HOST_EXTENSION_STATE_ACTIVE: the host has activated it
 * @EXTENSION_HOST_EXTENSION_STATE_FAILED: it could not be activated; that is tried again when the host has
 *   been restarted
 * @EXTENSION_HOST_EXTENSION_STATE_LOST: its host left `running`; it is activated again when it is ready
 * @EXTENSION_HOST_EXTENSION_STATE_QUARANTINED: two hosts in a row crashed while they activated it; it is
 *   not activated any more until it is released
 *
 * The states of an extension.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_EXTENSION_STATE_INACTIVE,
  EXTENSION_HOST_EXTENSION_STATE_ACTIVATING,
  EXTENSION_HOST_EXTENSION_STATE_ACTIVE,
  EXTENSION_HOST_EXTENSION_STATE_FAILED,
  EXTENSION_HOST_EXTENSION_STATE_LOST,
  EXTENSION_HOST_EXTENSION_STATE_QUARANTINED
} ExtensionHostExtensionState;

/**
 * ExtensionHostVerdict:
 * @EXTENSION_HOST_VERDICT_NONE: there was no reason to look, or nothing to be seen
 * @EXTENSION_HOST_VERDICT_RUNNING: busy: it uses the processor, and does not get to answer
 * @EXTENSION_HOST_VERDICT_SLEEPING: asleep: it waits for something, and does not answer
 * @EXTENSION_HOST_VERDICT_STOPPED: stopped, by `SIGSTOP` for example
 * @EXTENSION_HOST_VERDICT_UNINTERRUPTIBLE: within the kernel, waiting for a disk or a network
 *   file system
 * @EXTENSION_HOST_VERDICT_BLOCKED: blocked writing to us
 *
 * What the system says of a host that does not answer.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_VERDICT_NONE,
  EXTENSION_HOST_VERDICT_RUNNING,
  EXTENSION_HOST_VERDICT_SLEEPING,
  EXTENSION_HOST_VERDICT_STOPPED,
  EXTENSION_HOST_VERDICT_UNINTERRUPTIBLE,
  EXTENSION_HOST_VERDICT_BLOCKED
} ExtensionHostVerdict;

/**
 * ExtensionHostAccess:
 * @EXTENSION_HOST_ACCESS_STATUS: look: properties, signals, and the methods that only tell something
 * @EXTENSION_HOST_ACCESS_CONTROL: also start, stop, restart, kill, pause, resume, quarantine, release
 *   and reset hosts, and shut down
 * @EXTENSION_HOST_ACCESS_CALL: also call methods of hosts
 *
 * What others may do on D-Bus. Each includes the ones before.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_ACCESS_STATUS,
  EXTENSION_HOST_ACCESS_CONTROL,
  EXTENSION_HOST_ACCESS_CALL
} ExtensionHostAccess;

/**
 * extension_host_state_to_string:
 * @state: a state
 *
 * Gets the nick of a state, which is also its name on D-Bus.
 *
 * Returns: (transfer none): the nick, such as `running`
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_state_to_string   (ExtensionHostState  state);

/**
 * extension_host_state_get_label:
 * @state: a state
 *
 * Gets a word for a state to show to people, in their language.
 *
 * Returns: (transfer none): the label
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_state_get_label   (ExtensionHostState  state);

/**
 * extension_host_reason_to_string:
 * @reason: a reason
 *
 * Gets the nick of a reason, which is also its name on D-Bus.
 *
 * Returns: (transfer none): the nick, such as `backoff-elapsed`
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_reason_to_string  (ExtensionHostReason reason);

/**
 * extension_host_reason_get_label:
 * @reason: a reason
 *
 * Gets a short phrase for a reason to show to people, in their language.
 *
 * Returns: (transfer none): the label
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_reason_get_label  (ExtensionHostReason reason);

G_END_DECLS
