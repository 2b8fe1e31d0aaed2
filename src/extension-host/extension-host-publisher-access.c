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

/* TRUE if that is all there is to do. */
static gboolean
on_handle (ExtensionHostManager  *manager,
           GDBusMethodInvocation *invocation)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  ExtensionHostAccess need = get_need (method);

  if (manager->access >= need)
    return FALSE;

  g_dbus_method_invocation_return_error (
    invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
    _("%s needs access “%s”, and the application grants “%s”"), method,
    extension_host_enum_to_nick (EXTENSION_HOST_TYPE_ACCESS, (int) need),
    extension_host_enum_to_nick (EXTENSION_HOST_TYPE_ACCESS, (int) manager->access));

  return TRUE;
}

/* As gdbus-codegen makes it: GetLog has “handle-get-log”. */
static char *
new_signal_name (const char *method)
{
  GString *name = g_string_new ("handle");

  for (const char *p = method; *p != '\0'; p++)
    {
      if (g_ascii_isupper (*p))
        g_string_append_c (name, '-');
      g_string_append_c (name, g_ascii_tolower (*p));
    }

  return g_string_free (name, FALSE);
}

/* To be done before any other handler is there. It is not “g-authorize-method”, which GDBus emits in a
 * thread of GTask's pool: what it sends through there comes out in another order than it came in. */
void
extension_host_publisher_guard (GDBusInterfaceSkeleton *skeleton,
                                ExtensionHostManager   *manager)
{
  GDBusInterfaceInfo *info = g_dbus_interface_skeleton_get_info (skeleton);

  for (guint i = 0; info->methods[i] != NULL; i++)
    {
      g_autofree char *signal = new_signal_name (info->methods[i]->name);

      g_signal_connect_object (skeleton, signal, G_CALLBACK (on_handle), manager, G_CONNECT_SWAPPED);
    }
}
