/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <gio/gio.h>

#include "extension-host-version-macros.h"

G_BEGIN_DECLS

/**
 * EXTENSION_HOST_ERROR:
 *
 * The domain of [error@ExtensionHost.Error].
 *
 * Since: 0.1
 */
#define EXTENSION_HOST_ERROR (extension_host_error_quark ())

/**
 * ExtensionHostError:
 * @EXTENSION_HOST_ERROR_FAILED: it failed for a reason that no other code names
 * @EXTENSION_HOST_ERROR_INVALID_SPEC: the description of the host is wrong
 * @EXTENSION_HOST_ERROR_NOT_FOUND: the program, or the interpreter it names, does not exist
 * @EXTENSION_HOST_ERROR_NOT_EXECUTABLE: the program may not be executed
 * @EXTENSION_HOST_ERROR_BAD_FORMAT: the program is of a format that cannot be executed
 * @EXTENSION_HOST_ERROR_BAD_WORKING_DIRECTORY: the working directory cannot be entered
 * @EXTENSION_HOST_ERROR_NO_RESOURCES: the system had no process, memory or descriptor to spare;
 *   later it may
 * @EXTENSION_HOST_ERROR_INVALID_TRANSITION: the operation does not apply to the state
 * @EXTENSION_HOST_ERROR_QUARANTINED: the host is set aside and must be released first
 * @EXTENSION_HOST_ERROR_ALREADY_TERMINATED: there is nothing left to terminate
 * @EXTENSION_HOST_ERROR_NOT_RUNNING: the host is not running and will not be by itself
 * @EXTENSION_HOST_ERROR_NOT_SUPPORTED: the host, or this build, cannot do that
 * @EXTENSION_HOST_ERROR_HOST_EXITED: the host ended before it had answered
 * @EXTENSION_HOST_ERROR_TIMED_OUT: the time was up
 * @EXTENSION_HOST_ERROR_QUEUE_FULL: too much is waiting to be sent or answered
 * @EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE: a message is larger than allowed
 * @EXTENSION_HOST_ERROR_SUPERSEDED: a later operation undid this one
 * @EXTENSION_HOST_ERROR_EXISTS: there is already one of that name
 * @EXTENSION_HOST_ERROR_DEPENDENCY: another host that this one needs failed
 * @EXTENSION_HOST_ERROR_CLOSED: the object was disposed meanwhile
 * @EXTENSION_HOST_ERROR_CAPABILITY_DENIED: the host lacks the capability
 *
 * What can go wrong with extension hosts. Cancellation and nested blocking calls keep the codes
 * that GIO has for them: `G_IO_ERROR_CANCELLED` and `G_IO_ERROR_PENDING`.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_ERROR_FAILED,
  EXTENSION_HOST_ERROR_INVALID_SPEC,
  EXTENSION_HOST_ERROR_NOT_FOUND,
  EXTENSION_HOST_ERROR_NOT_EXECUTABLE,
  EXTENSION_HOST_ERROR_BAD_FORMAT,
  EXTENSION_HOST_ERROR_BAD_WORKING_DIRECTORY,
  EXTENSION_HOST_ERROR_NO_RESOURCES,
  EXTENSION_HOST_ERROR_INVALID_TRANSITION,
  EXTENSION_HOST_ERROR_QUARANTINED,
  EXTENSION_HOST_ERROR_ALREADY_TERMINATED,
  EXTENSION_HOST_ERROR_NOT_RUNNING,
  EXTENSION_HOST_ERROR_NOT_SUPPORTED,
  EXTENSION_HOST_ERROR_HOST_EXITED,
  EXTENSION_HOST_ERROR_TIMED_OUT,
  EXTENSION_HOST_ERROR_QUEUE_FULL,
  EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE,
  EXTENSION_HOST_ERROR_SUPERSEDED,
  EXTENSION_HOST_ERROR_EXISTS,
  EXTENSION_HOST_ERROR_DEPENDENCY,
  EXTENSION_HOST_ERROR_CLOSED,
  EXTENSION_HOST_ERROR_CAPABILITY_DENIED
} ExtensionHostError;

/**
 * extension_host_error_quark:
 *
 * Gets the domain of [error@ExtensionHost.Error].
 *
 * Returns: the domain
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
GQuark extension_host_error_quark (void);

/**
 * EXTENSION_HOST_RPC_ERROR:
 *
 * The domain of errors that a host answers a call with. The code is the one that the host gave,
 * which may be any integer; [error@ExtensionHost.RpcError] names those with a meaning.
 *
 * Since: 0.1
 */
#define EXTENSION_HOST_RPC_ERROR (extension_host_rpc_error_quark ())

/**
 * ExtensionHostRpcError:
 * @EXTENSION_HOST_RPC_ERROR_PARSE_ERROR: the request was no JSON
 * @EXTENSION_HOST_RPC_ERROR_INVALID_REQUEST: the JSON was no request
 * @EXTENSION_HOST_RPC_ERROR_METHOD_NOT_FOUND: there is no such method
 * @EXTENSION_HOST_RPC_ERROR_INVALID_PARAMS: the parameters do not fit the method
 * @EXTENSION_HOST_RPC_ERROR_INTERNAL_ERROR: the method failed in a way of its own
 * @EXTENSION_HOST_RPC_ERROR_CAPABILITY_DENIED: the caller lacks the capability for the method
 * @EXTENSION_HOST_RPC_ERROR_TOO_MANY_REQUESTS: too many requests are in work already
 *
 * The codes that JSON-RPC 2.0, §5.1, reserves, and those that this library answers a host with.
 *
 * Since: 0.1
 */
typedef enum
{
  EXTENSION_HOST_RPC_ERROR_PARSE_ERROR = -32700,
  EXTENSION_HOST_RPC_ERROR_INVALID_REQUEST = -32600,
  EXTENSION_HOST_RPC_ERROR_METHOD_NOT_FOUND = -32601,
  EXTENSION_HOST_RPC_ERROR_INVALID_PARAMS = -32602,
  EXTENSION_HOST_RPC_ERROR_INTERNAL_ERROR = -32603,
  EXTENSION_HOST_RPC_ERROR_CAPABILITY_DENIED = -32001,
  EXTENSION_HOST_RPC_ERROR_TOO_MANY_REQUESTS = -32002
} ExtensionHostRpcError;

/**
 * extension_host_rpc_error_quark:
 *
 * Gets the domain of errors that hosts answer with.
 *
 * Returns: the domain
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
GQuark extension_host_rpc_error_quark (void);

G_END_DECLS
