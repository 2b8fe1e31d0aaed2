/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-log-private.h"
#include "extension-host-publisher-private.h"
#include "extension-host-records-private.h"

/* The methods that start and stop hosts, or change how they are supervised. */

typedef void (*OperationFunc) (ExtensionHostProcess         *process,
                               const ExtensionHostRequester *requester,
                               GDBusMethodInvocation        *invocation);

/* A host or a manager, and what is to be done with it once it is known who asks. */
typedef struct
{
  GWeakRef object;
  OperationFunc func;
  char *why;
  guint timeout_ms;
} Order;

static Order *
order_new (gpointer       object,
           OperationFunc  func,
           char          *why)
{
  Order *order = g_new0 (Order, 1);

  g_weak_ref_init (&order->object, object);
  order->func = func;
  order->why = why;

  return order;
}

static void
order_free (Order *order)
{
  g_weak_ref_clear (&order->object);
  g_free (order->why);
  g_free (order);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Order, order_free)

static const char *
get_why (const Order *order)
{
  return order->why[0] != '\0' ? order->why : NULL;
}

/* Start and restart */

static void
on_up (GObject      *object G_GNUC_UNUSED,
       GAsyncResult *result,
       gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr(GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    extension_host_publisher_return_error (invocation, error);
}

static void
bring_up (ExtensionHostProcess         *process,
          ExtensionHostReason           reason,
          const ExtensionHostRequester *requester,
          GDBusMethodInvocation        *invocation)
{
  GTask *task = NULL;

  g_main_context_push_thread_default (process->context);
  task = extension_host_process_new_task (process, bring_up, NULL, on_up, invocation);
  g_main_context_pop_thread_default (process->context);
  extension_host_process_bring_up (process, reason, requester, task);
}

static void
start (ExtensionHostProcess         *process,
       const ExtensionHostRequester *requester,
       GDBusMethodInvocation        *invocation)
{
  bring_up (process, EXTENSION_HOST_REASON_START, requester, invocation);
}

static void
restart (ExtensionHostProcess         *process,
         const ExtensionHostRequester *requester,
         GDBusMethodInvocation        *invocation)
{
  bring_up (process, EXTENSION_HOST_REASON_RESTART, requester, invocation);
}

/* Stop and kill */

static void
on_down (GObject      *object G_GNUC_UNUSED,
         GAsyncResult *result,
         gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  outcome = g_task_propagate_pointer (G_TASK (result), &error);
  if (outcome != NULL)
    g_dbus_method_invocation_return_value (
      invocation, g_variant_new ("(@a{sv})", extension_host_stop_outcome_to_variant (outcome)));
  else
    extension_host_publisher_return_error (invocation, error);
}

static void
bring_down (ExtensionHostProcess         *process,
            ExtensionHostReason           reason,
            const ExtensionHostRequester *requester,
            GDBusMethodInvocation        *invocation)
{
  GTask *task = NULL;

  g_main_context_push_thread_default (process->context);
  task = extension_host_process_new_task (process, bring_down, NULL, on_down, invocation);
  g_main_context_pop_thread_default (process->context);
  extension_host_process_bring_down (process, reason, 0, requester, task);
}

static void
stop (ExtensionHostProcess         *process,
      const ExtensionHostRequester *requester,
      GDBusMethodInvocation        *invocation)
{
  bring_down (process, EXTENSION_HOST_REASON_STOP, requester, invocation);
}

static void
kill_host (ExtensionHostProcess         *process,
           const ExtensionHostRequester *requester,
           GDBusMethodInvocation        *invocation)
{
  bring_down (process, EXTENSION_HOST_REASON_KILL, requester, invocation);
}

/* What is done at once */

static void
return_done (GDBusMethodInvocation *invocation,
             gboolean               done,
             const GError          *error)
{
  if (done)
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    extension_host_publisher_return_error (invocation, error);
}

static void
pause_host (ExtensionHostProcess         *process,
            const ExtensionHostRequester *requester G_GNUC_UNUSED,
            GDBusMethodInvocation        *invocation)
{
  g_autoptr(GError) error = NULL;
  gboolean done = extension_host_process_pause (process, &error);

  return_done (invocation, done, error);
}

static void
resume (ExtensionHostProcess         *process,
        const ExtensionHostRequester *requester G_GNUC_UNUSED,
        GDBusMethodInvocation        *invocation)
{
  g_autoptr(GError) error = NULL;
  gboolean done = extension_host_process_resume (process, &error);

  return_done (invocation, done, error);
}

static void
quarantine (ExtensionHostProcess         *process,
            const ExtensionHostRequester *requester,
            GDBusMethodInvocation        *invocation)
{
  g_autoptr(GError) error = NULL;
  gboolean done = extension_host_process_quarantine_as (process, requester, &error);

  return_done (invocation, done, error);
}

static void
release (ExtensionHostProcess         *process,
         const ExtensionHostRequester *requester G_GNUC_UNUSED,
         GDBusMethodInvocation        *invocation)
{
  g_autoptr(GError) error = NULL;
  gboolean done = extension_host_process_release (process, &error);

  return_done (invocation, done, error);
}

static void
reset (ExtensionHostProcess         *process,
       const ExtensionHostRequester *requester,
       GDBusMethodInvocation        *invocation)
{
  g_autoptr(GError) error = NULL;
  gboolean done = extension_host_process_reset_as (process, requester, &error);

  return_done (invocation, done, error);
}

static const struct
{
  const char *method;
  const char *handler;
  OperationFunc func;
} operations[] = {
  { "Start", "handle-start", start },
  { "Stop", "handle-stop", stop },
  { "Restart", "handle-restart", restart },
  { "Kill", "handle-kill", kill_host },
  { "Pause", "handle-pause", pause_host },
  { "Resume", "handle-resume", resume },
  { "Quarantine", "handle-quarantine", quarantine },
  { "Release", "handle-release", release },
  { "Reset", "handle-reset", reset },
};

/* Pauses are in no history: the journal tells who asked for what. */
static void
log_operation (ExtensionHostProcess  *process,
               GDBusMethodInvocation *invocation,
               const char            *caller,
               const Order           *order)
{
  const ExtensionHostLogField fields[] = { { "EXTENSION_HOST_REQUESTER", caller } };

  extension_host_log (process->spec->id, G_LOG_LEVEL_INFO, fields, G_N_ELEMENTS (fields),
                      "%s: %s by %s%s%s", process->spec->id,
                      g_dbus_method_invocation_get_method_name (invocation), caller,
                      order->why[0] != '\0' ? ": " : "", order->why);
}

static void
on_identified (GDBusMethodInvocation *invocation,
               const char            *caller,
               gpointer               data)
{
  g_autoptr(Order) order = data;
  g_autoptr(ExtensionHostProcess) process = g_weak_ref_get (&order->object);

  if (process == NULL)
    {
      extension_host_publisher_return_gone (invocation);
      return;
    }

  log_operation (process, invocation, caller, order);
  order->func (process, &(ExtensionHostRequester) { caller, get_why (order) }, invocation);
}

static OperationFunc
find_operation (const char *method)
{
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    if (g_str_equal (operations[i].method, method))
      return operations[i].func;

  g_assert_not_reached ();
}

static gboolean
on_handle_operation (ExtensionHostDBusHost1 *iface,
                     GDBusMethodInvocation  *invocation,
                     GVariant               *options,
                     ExtensionHostProcess   *process)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  g_autoptr(GError) error = NULL;
  char *why = extension_host_publisher_dup_why (options, &error);

  if (why == NULL)
    {
      extension_host_publisher_return_error (invocation, error);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  extension_host_publisher_identify (G_DBUS_INTERFACE_SKELETON (iface), invocation, process->context,
                                     on_identified, order_new (process, find_operation (method), why),
                                     (GDestroyNotify) order_free);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
extension_host_publisher_serve_operations (ExtensionHostDBusHost1 *iface,
                                           ExtensionHostProcess   *process)
{
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    g_signal_connect_object (iface, operations[i].handler, G_CALLBACK (on_handle_operation),
                             process, 0);
}

/* The end of all hosts */

static void
on_shut_down (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr(ExtensionHostShutdownReport) report = NULL;
  g_autoptr(GError) error = NULL;

  report = extension_host_manager_shutdown_finish (EXTENSION_HOST_MANAGER (object), result, &error);
  if (report != NULL)
    g_dbus_method_invocation_return_value (
      invocation, g_variant_new ("(@a{sv})", extension_host_shutdown_report_to_variant (report)));
  else
    extension_host_publisher_return_error (invocation, error);
}

static void
on_identified_for_shutdown (GDBusMethodInvocation *invocation,
                            const char            *caller,
                            gpointer               data)
{
  g_autoptr(Order) order = data;
  g_autoptr(ExtensionHostManager) manager = g_weak_ref_get (&order->object);

  if (manager == NULL)
    {
      extension_host_publisher_return_gone (invocation);
      return;
    }

  g_main_context_push_thread_default (manager->context);
  extension_host_manager_shutdown_as (manager, order->timeout_ms,
                                      &(ExtensionHostRequester) { caller, get_why (order) }, NULL,
                                      on_shut_down, invocation);
  g_main_context_pop_thread_default (manager->context);
}

static gboolean
on_handle_shutdown (ExtensionHostDBusManager1 *iface,
                    GDBusMethodInvocation     *invocation,
                    guint                      timeout_ms,
                    GVariant                  *options,
                    ExtensionHostManager      *manager)
{
  g_autoptr(GError) error = NULL;
  char *why = extension_host_publisher_dup_why (options, &error);
  Order *order = NULL;

  if (why == NULL)
    {
      extension_host_publisher_return_error (invocation, error);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  order = order_new (manager, NULL, why);
  order->timeout_ms = timeout_ms;
  extension_host_publisher_identify (G_DBUS_INTERFACE_SKELETON (iface), invocation, manager->context,
                                     on_identified_for_shutdown, order, (GDestroyNotify) order_free);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
extension_host_publisher_serve_shutdown (ExtensionHostDBusManager1 *iface,
                                         ExtensionHostManager      *manager)
{
  g_signal_connect_object (iface, "handle-shutdown", G_CALLBACK (on_handle_shutdown), manager, 0);
}
