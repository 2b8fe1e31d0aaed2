/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-error.h"

/* The names a D-Bus caller sees; docs and clients match them, so they never change. */
static const GDBusErrorEntry entries[] = {
#define ENTRY(code, name) { EXTENSION_HOST_ERROR_##code, "org.extensionhost.Error." name }
  ENTRY (FAILED, "Failed"),
  ENTRY (INVALID_SPEC, "InvalidSpec"),
  ENTRY (NOT_FOUND, "NotFound"),
  ENTRY (NOT_EXECUTABLE, "NotExecutable"),
  ENTRY (BAD_FORMAT, "BadFormat"),
  ENTRY (BAD_WORKING_DIRECTORY, "BadWorkingDirectory"),
  ENTRY (NO_RESOURCES, "NoResources"),
  ENTRY (INVALID_TRANSITION, "InvalidTransition"),
  ENTRY (QUARANTINED, "Quarantined"),
  ENTRY (ALREADY_TERMINATED, "AlreadyTerminated"),
  ENTRY (NOT_RUNNING, "NotRunning"),
  ENTRY (NOT_SUPPORTED, "NotSupported"),
  ENTRY (HOST_EXITED, "HostExited"),
  ENTRY (TIMED_OUT, "TimedOut"),
  ENTRY (QUEUE_FULL, "QueueFull"),
  ENTRY (MESSAGE_TOO_LARGE, "MessageTooLarge"),
  ENTRY (SUPERSEDED, "Superseded"),
  ENTRY (EXISTS, "Exists"),
  ENTRY (DEPENDENCY, "Dependency"),
  ENTRY (CLOSED, "Closed"),
  ENTRY (CAPABILITY_DENIED, "CapabilityDenied"),
#undef ENTRY
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == EXTENSION_HOST_ERROR_CAPABILITY_DENIED + 1);

GQuark
extension_host_error_quark (void)
{
  static gsize quark;

  g_dbus_error_register_error_domain ("extension-host-error-quark",
                                      &quark, entries, G_N_ELEMENTS (entries));

  return (GQuark) quark;
}

G_DEFINE_QUARK (extension-host-rpc-error-quark, extension_host_rpc_error)
