/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-payload-private.h"
#include "extension-host-publisher-private.h"

/* Calls of the methods of a host from the bus. */

#define MAX_RESULT (64 * 1024 * 1024)   /* bytes; a D-Bus message has at most 128 MiB */

typedef struct
{
  GWeakRef process;
  GDBusMethodInvocation *invocation;
  char *method;
  GBytes *params;            /* NULL for none */
  guint timeout_ms;
  GCancellable *cancellable;
  guint watch;               /* of the caller; 0 if there is no bus */
} Call;

static void
call_free (Call *call)
{
  if (call->watch != 0)
    g_bus_unwatch_name (call->watch);
  g_weak_ref_clear (&call->process);
  g_free (call->method);
  g_clear_pointer (&call->params, g_bytes_unref);
  g_object_unref (call->cancellable);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
return_result (GDBusMethodInvocation *invocation,
               GBytes                *result)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (result, &length);

  if (length > MAX_RESULT)
    {
      g_dbus_method_invocation_return_error (invocation, EXTENSION_HOST_ERROR,
                                             EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE,
                                             _("A result of %zu bytes is too large for the bus"),
                                             length);
      return;
    }

  g_dbus_method_invocation_return_value (
    invocation, g_variant_new ("(@s)", g_variant_new_take_string (g_utf8_make_valid (text,
                                                                                     length))));
}

static void
on_answered (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) answer =
    extension_host_process_call_bytes_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  if (answer != NULL)
    return_result (call->invocation, answer);
  else
    extension_host_publisher_return_error (call->invocation, error);
}

static void
on_caller_left (GDBusConnection *connection G_GNUC_UNUSED,
                const char      *name G_GNUC_UNUSED,
                gpointer         user_data)
{
  Call *call = user_data;

  g_cancellable_cancel (call->cancellable);
}

static void
on_identified (GDBusMethodInvocation *invocation,
               const char            *caller G_GNUC_UNUSED,
               gpointer               data)
{
  g_autoptr(Call) call = data;
  g_autoptr(ExtensionHostProcess) process = g_weak_ref_get (&call->process);
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  const char *sender = extension_host_publisher_get_sender (invocation);

  /* Who left together with the bus cannot be watched any more: GDBus would take that for a bug of ours. */
  if (process == NULL || g_dbus_connection_is_closed (connection))
    {
      extension_host_publisher_return_gone (invocation);
      return;
    }

  g_main_context_push_thread_default (process->context);
  if (sender != NULL)
    call->watch =
      g_bus_watch_name_on_connection (connection, sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                      on_caller_left, call, NULL);
  extension_host_process_call_bytes_async (process, call->method, call->params, call->timeout_ms,
                                           call->cancellable, on_answered, call);
  call = NULL;   /* it is the callback's now */
  g_main_context_pop_thread_default (process->context);
}

/* What makes no sense is the mistake of the caller, whatever state the host is in. */
static gboolean
check_arguments (const char  *method,
                 const char  *params_json,
                 GError     **error)
{
  if (method[0] == '\0')
    {
      g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                           _("The name of the method is empty"));
      return FALSE;
    }

  return params_json[0] == '\0' ||
         extension_host_params_check (params_json, strlen (params_json), error);
}

static gboolean
on_handle_call (ExtensionHostDBusHost1 *iface,
                GDBusMethodInvocation  *invocation,
                const char             *method,
                const char             *params_json,
                guint                   timeout_ms,
                ExtensionHostProcess   *process)
{
  g_autoptr(GError) error = NULL;
  Call *call = NULL;

  if (!check_arguments (method, params_json, &error))
    {
      g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR,
                                                     G_DBUS_ERROR_INVALID_ARGS, error->message);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  call = g_new0 (Call, 1);
  g_weak_ref_init (&call->process, process);
  call->invocation = invocation;
  call->method = g_strdup (method);
  if (params_json[0] != '\0')
    call->params = g_bytes_new (params_json, strlen (params_json));
  call->timeout_ms = timeout_ms;
  call->cancellable = g_cancellable_new ();
  extension_host_publisher_identify (G_DBUS_INTERFACE_SKELETON (iface), invocation, process->context,
                                     on_identified, call, (GDestroyNotify) call_free);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
extension_host_publisher_serve_calls (ExtensionHostDBusHost1 *iface,
                                      ExtensionHostProcess   *process)
{
  g_signal_connect_object (iface, "handle-call", G_CALLBACK (on_handle_call), process, 0);
}
