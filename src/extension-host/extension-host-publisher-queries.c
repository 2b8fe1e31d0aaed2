/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-publisher-private.h"
#include "extension-host-records-private.h"

/* The methods that only tell something. */

static gboolean
on_handle_get_history (ExtensionHostDBusHost1 *iface,
                       GDBusMethodInvocation  *invocation,
                       guint                   max,
                       ExtensionHostProcess   *process)
{
  g_autoptr(GPtrArray) history = extension_host_process_dup_history (process);
  guint first = max != 0 && max < history->len ? history->len - max : 0;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = first; i < history->len; i++)
    g_variant_builder_add_value (
      &builder, extension_host_transition_to_variant (g_ptr_array_index (history, i)));
  extension_host_dbus_host1_complete_get_history (iface, invocation,
                                                  g_variant_builder_end (&builder));

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_get_log (ExtensionHostDBusHost1 *iface,
                   GDBusMethodInvocation  *invocation,
                   guint                   max,
                   ExtensionHostProcess   *process)
{
  g_autoptr(GVariant) lines = extension_host_process_dup_log (process, max != 0 ? max : G_MAXUINT);

  extension_host_dbus_host1_complete_get_log (iface, invocation, lines);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_describe (ExtensionHostDBusHost1 *iface,
                    GDBusMethodInvocation  *invocation,
                    ExtensionHostProcess   *process)
{
  g_autoptr(GVariant) description = extension_host_process_describe (process);

  extension_host_dbus_host1_complete_describe (iface, invocation, description);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
extension_host_publisher_serve_queries (ExtensionHostDBusHost1 *iface,
                                        ExtensionHostProcess   *process)
{
  g_signal_connect_object (iface, "handle-get-history", G_CALLBACK (on_handle_get_history), process,
                           0);
  g_signal_connect_object (iface, "handle-get-log", G_CALLBACK (on_handle_get_log), process, 0);
  g_signal_connect_object (iface, "handle-describe", G_CALLBACK (on_handle_describe), process, 0);
}
