/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <gio/gio.h>

#include "extension-host-enums.h"
#include "extension-host-version-macros.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_SPEC (extension_host_spec_get_type ())

/**
 * ExtensionHostSpec:
 *
 * How to run one extension host: the program, and how it is started, watched, restarted, stopped
 * and limited.
 *
 * Applications make one per host, in C or from an `*.exthost` file, set what differs from the
 * defaults, and give it to an [class@ExtensionHost.Process] or [class@ExtensionHost.Manager]. It
 * is plain data: it starts nothing, has no context of its own and may be used in one thread at a
 * time.
 *
 * Any number can be set to a property, and text to any property of text. Whether all of it makes
 * sense together is judged by [method@ExtensionHost.Spec.validate], so that what a user typed
 * gives an error that can be shown and not a warning.
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (ExtensionHostSpec, extension_host_spec, EXTENSION_HOST, SPEC, GObject)

/**
 * extension_host_spec_new:
 * @id: what the host is called by programs
 * @argv: (array zero-terminated=1) (element-type filename) (nullable): the program and its arguments;
 *   %NULL is the same as an empty list, which no host can be started with
 *
 * Describes a host. Nothing is looked at yet: see [method@ExtensionHost.Spec.validate].
 *
 * Returns: (transfer full): a new description
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostSpec  *extension_host_spec_new           (const char          *id,
                                                       const char * const  *argv);

/**
 * extension_host_spec_new_from_file:
 * @file: an `*.exthost` file
 * @error: return location for an error
 *
 * Describes a host as a file does: a key file with the group `[Extension Host]`, whose keys are
 * the properties in CamelCase (`WorkingDirectory`, and `Exec` for the argv).
 *
 * Whatever is wrong in it, also what is merely without effect, is an
 * `EXTENSION_HOST_ERROR_INVALID_SPEC` whose message names file, line and key. The result is valid.
 * A file that cannot be read gives an error of GIO. The call blocks while it reads.
 *
 * Returns: (transfer full): a new description, or `NULL` on error
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostSpec  *extension_host_spec_new_from_file (GFile               *file,
                                                       GError             **error);

/**
 * extension_host_spec_validate:
 * @self: a description of a host
 * @error: return location for an error
 *
 * Checks that every property is in its range and that no two contradict each other. Whether the
 * program exists is not looked at. The message names the property at fault.
 *
 * Adding a host to a manager and starting it do this too.
 *
 * Returns: `TRUE` if a host can be run like that; else @error is
 *   `EXTENSION_HOST_ERROR_INVALID_SPEC`
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean            extension_host_spec_validate      (ExtensionHostSpec   *self,
                                                       GError             **error);

/**
 * extension_host_spec_get_id:
 * @self: a description of a host
 *
 * Gets what the host is called by programs.
 *
 * Returns: (transfer none) (nullable): the id; `NULL` only if the object was made without one
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char         *extension_host_spec_get_id        (ExtensionHostSpec   *self);

/**
 * extension_host_spec_get_argv:
 * @self: a description of a host
 *
 * Gets the program and its arguments.
 *
 * Returns: (transfer none) (array zero-terminated=1) (element-type filename): the arguments, the
 *   program first
 *
 * Since: 0.1
 */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char * const *extension_host_spec_get_argv      (ExtensionHostSpec   *self);

/**
 * ExtensionHostSpec:id:
 *
 * What the host is called by programs.
 *
 * 1 to 255 bytes of UTF-8 without `/` and control characters, unique within a manager. In a file it
 * defaults to the name of the file without `.exthost`.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:name:
 *
 * What the host is called by people.
 *
 * Default: the id.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:kind:
 *
 * What sort of host it is, for programs that list hosts.
 *
 * Default: `NULL`. The library gives it no meaning.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:argv:
 *
 * The program and its arguments; `Exec` in a file.
 *
 * Default: empty. A program without a slash is looked up in the `PATH` of the environment of the
 * host. No shell is involved. Each string may have 131071 bytes.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:working-directory:
 *
 * The folder that the program starts in, as an absolute path.
 *
 * Default: that of the application. A file may give it relative to its own folder. `PWD` is set to
 * it.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:environment:
 *
 * Variables, as `NAME=VALUE`, added to the environment of the program.
 *
 * Default: empty. The last one of a name wins. `EXTENSION_HOST_TREE` is reserved, and with
 * [property@ExtensionHost.Spec:transport] `node-ipc` so are `NODE_CHANNEL_FD` and
 * `NODE_CHANNEL_SERIALIZATION_MODE`. Values are never published on D-Bus.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:clear-environment:
 *
 * Whether the program gets nothing of the environment of the application.
 *
 * Default: `FALSE`.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:transport:
 *
 * Which descriptors carry the messages.
 *
 * Default: `stdio`. `node-ipc` is for scripts that talk by the `process.send()` of Node, and for
 * whatever else reads and writes a line of JSON a message on the socket that `NODE_CHANNEL_FD`
 * names.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:protocol:
 *
 * The preset that fills in whatever is left to it by the other properties.
 *
 * Default: `plain`.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:framing:
 *
 * How messages are told apart.
 *
 * Default: `by-protocol`. The transport `node-ipc` has `lines` only, whatever the protocol.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:ready-mode:
 *
 * When the host counts as ready.
 *
 * Default: `by-protocol`. The handshake of a protocol is made in the mode `handshake` only; in
 * another one it is left to the application.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:handshake-params:
 *
 * The parameters of the handshake, as the text of a JSON object.
 *
 * Default: by protocol. At most 1 MiB. `NULL` = by protocol, the empty string = none.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:probe-params:
 *
 * The parameters of the health probe, as the text of a JSON object.
 *
 * Default: by protocol. At most 32 KiB. `NULL` = by protocol, the empty string = none.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:start-timeout:
 *
 * How long the host may take to become ready.
 *
 * In ms, from 1 to 24 days, or `EXTENSION_HOST_NO_TIMEOUT` (`never` in a file) for no limit.
 * Default: 30000.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:health-interval:
 *
 * How often the health of the host is looked at.
 *
 * In ms, from 0 to 24 days. Default: 5000. 0 = never; otherwise at least 10 ms.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:health-timeout:
 *
 * How long a health probe may stay unanswered before it is a failure.
 *
 * In ms, from 1 to 24 days. Default: 5000.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:health-failures:
 *
 * How many failures in a row make the host unhealthy.
 *
 * From 0 to 1000. Default: 3. 0 = failures are reported and nothing is done.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:health-method:
 *
 * The method of the health probe.
 *
 * Default: by protocol. `NULL` = by protocol, the empty string = none.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:memory-limit:
 *
 * How much memory the processes of the host may use together.
 *
 * In bytes. Default: 0, which is no limit. It is looked at once per
 * [property@ExtensionHost.Spec:health-interval].
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:restart:
 *
 * What to do when the host ends without having been asked to.
 *
 * Default: `always`.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:max-restarts:
 *
 * How many automatic restarts are granted within the window.
 *
 * From 0 to 1000, or `EXTENSION_HOST_UNLIMITED` (`unlimited` in a file). Default: 3.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:restart-window:
 *
 * How long a failure is remembered.
 *
 * In ms, from 0 to 24 days. Default: 300000. 0 = until the host is started by somebody. Else it is
 * longer than the waits before [property@ExtensionHost.Spec:max-restarts] restarts are together, as
 * with a shorter one that limit is never reached.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:backoff-initial:
 *
 * How long to wait before the first automatic restart.
 *
 * In ms, from 0 to 24 days. Default: 1000. 0 = no wait, which needs a limit on the number of
 * restarts.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:backoff-factor:
 *
 * By how much the wait grows from one restart to the next.
 *
 * From 1.0 to 100.0. Default: 2.0.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:backoff-max:
 *
 * How long the wait becomes at most.
 *
 * In ms, from 0 to 24 days. Default: 30000. Not less than
 * [property@ExtensionHost.Spec:backoff-initial].
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:backoff-jitter:
 *
 * The part of each wait that is left to chance.
 *
 * From 0.0 to 1.0. Default: 0.0. 0.1 = up to a tenth more or less.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:no-restart-exits:
 *
 * The exits after which the host is not restarted.
 *
 * Default: empty. Exit statuses (`0` to `255`) and signals (`SIGSEGV` or `SEGV`).
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:shutdown-method:
 *
 * The method of the request that asks the host to leave.
 *
 * Default: by protocol. `NULL` = by protocol, the empty string = none.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:ack-timeout:
 *
 * How long to wait for the answer to that request.
 *
 * In ms, from 0 to 24 days. Default: 2000. 0 = it is not sent.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:exit-timeout:
 *
 * How long to wait for the exit once its input is closed.
 *
 * In ms, from 0 to 24 days. Default: 5000. 0 = the next means is used at once. With
 * [property@ExtensionHost.Spec:transport] `node-ipc` the input is closed when the calls that had left
 * are answered, and this is the time for both.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:term-timeout:
 *
 * How long to wait for the exit after `SIGTERM`.
 *
 * In ms, from 0 to 24 days. Default: 3000. 0 = `SIGKILL` is used at once.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:kill-timeout:
 *
 * How long to wait for the end of the tree after `SIGKILL`.
 *
 * In ms, from 1 to 24 days. Default: 5000.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:request-timeout:
 *
 * How long a call may take that gives no timeout of its own.
 *
 * In ms, from 1 to 24 days, or `EXTENSION_HOST_NO_TIMEOUT` (`never` in a file) for no limit.
 * Default: 60000.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:max-pending:
 *
 * How many calls may wait for their answers.
 *
 * From 1 to 1000000. Default: 1024.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:max-inbound:
 *
 * How many requests of the host may be in work.
 *
 * From 1 to 1000000. Default: 128.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:max-message-size:
 *
 * How large a message of the host may be.
 *
 * In bytes, from 1024 to 1 GiB. Default: 16 MiB.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:max-write-queue:
 *
 * How much may wait to be written to the host.
 *
 * In bytes, from 1024 to 1 GiB. Default: 8 MiB.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:max-protocol-errors:
 *
 * How many errors of protocol in 10 s are forgiven.
 *
 * From 0 to 1000000. Default: 100.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:log-lines:
 *
 * How many lines of its log are kept.
 *
 * From 0 to 10000. Default: 200.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:capabilities:
 *
 * What the host is allowed to ask for.
 *
 * Default: empty. Names that the application demands with its own methods.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:after:
 *
 * The ids of the hosts that must be ready before this one is started.
 *
 * Default: empty. It counts for [method@ExtensionHost.Manager.start_all], and in reverse for
 * [method@ExtensionHost.Manager.shutdown_async].
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:group:
 *
 * The group whose hosts are restarted together.
 *
 * Default: none. What is restarted together depends on
 * [property@ExtensionHost.Manager:strategy].
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:no-new-privs:
 *
 * Whether the host is barred from gaining privileges, by setuid programs for example.
 *
 * Default: `FALSE`.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:limit-address-space:
 *
 * `RLIMIT_AS` of the program.
 *
 * In bytes, at least 1, or `G_MAXUINT64` (`inherit` in a file). Default: inherited.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:limit-files:
 *
 * `RLIMIT_NOFILE` of the program.
 *
 * at least 4, or `G_MAXUINT64` (`inherit` in a file). Default: inherited.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:limit-processes:
 *
 * `RLIMIT_NPROC` of the program.
 *
 * at least 1, or `G_MAXUINT64` (`inherit` in a file). Default: inherited. The kernel counts all
 * threads of the user.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:limit-core:
 *
 * `RLIMIT_CORE` of the program.
 *
 * In bytes, at least 0, or `G_MAXUINT64` (`inherit` in a file). Default: inherited.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:nice:
 *
 * The nice value of the program.
 *
 * From -20 to 19, or `G_MININT` (`inherit` in a file). Default: inherited.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:oom-score-adj:
 *
 * How readily the kernel kills the program when memory is short.
 *
 * From -1000 to 1000, or `G_MININT` (`inherit` in a file). Default: inherited.
 *
 * Since: 0.1
 */

/**
 * ExtensionHostSpec:umask:
 *
 * The file mode bits that the program leaves out; octal in a file.
 *
 * From 0 to 0777, or -1 (`inherit` in a file). Default: inherited.
 *
 * Since: 0.1
 */

G_END_DECLS
