/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-enum-types.h"
#include "extension-host-publisher-private.h"
#include "extension-host-state-private.h"

/* Who may call which method. */

static const struct
{
  const char *method;
  ExtensionHostAccess access;
} needs[] = {
  { "ListHosts", EXTENSION_HOST_ACCESS_STATUS },
  { "GetHistory", EXTENSION_HOST_ACCESS_STATUS },
  { "GetLog", EXTENSION_HOST_ACCESS_STATUS },
  { "Describe", EXTENSION_HOST_ACCESS_STATUS },
  { "Start", EXTENSION_HOST_ACCESS_CONTROL },
  { "Stop", EXTENSION_HOST_ACCESS_CONTROL },
  { "Restart", EXTENSION_HOST_ACCESS_CONTROL },
  { "Kill", EXTENSION_HOST_ACCESS_CONTROL },
  { "Pause", EXTENSION_HOST_ACCESS_CONTROL },
  { "Resume", EXTENSION_HOST_ACCESS_CONTROL },
  { "Quarantine", EXTENSION_HOST_ACCESS_CONTROL },
  { "Release", EXTENSION_HOST_ACCESS_CONTROL },
  { "Reset", EXTENSION_HOST_ACCESS_CONTROL },
  { "Shutdown", EXTENSION_HOST_ACCESS_CONTROL },
};

/* What is not in the table needs most. */
static ExtensionHostAccess
get_need (const char *method)
{
  for (gsize i = 0; i < G_N_ELEMENTS (needs); i++)
    if (g_str_equal (needs[i].method, method))
      return needs[i].access;

  return EXTENSION_HOST_ACCESS_CALL;
}

gboolean
extension_host_publisher_on_authorize (GDBusInterfaceSkeleton *skeleton G_GNUC_UNUSED,
                                       GDBusMethodInvocation  *invocation,
                                       ExtensionHostManager   *manager)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  ExtensionHostAccess need = get_need (method);

  if (manager->access >= need)
    return TRUE;

  g_dbus_method_invocation_return_error (
    invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
    _("%s needs access “%s”, and the application grants “%s”"), method,
    extension_host_enum_to_nick (EXTENSION_HOST_TYPE_ACCESS, (int) need),
    extension_host_enum_to_nick (EXTENSION_HOST_TYPE_ACCESS, (int) manager->access));

  return FALSE;
}
