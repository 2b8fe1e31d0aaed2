/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-affinity-private.h"
#include "extension-host-error.h"
#include "extension-host-locale-private.h"
#include "extension-host-manager-class-private.h"

/**
 * ExtensionHostManager:
 *
 * The extension hosts of an application.
 *
 * It is a [iface@Gio.ListModel] of [class@ExtensionHost.Process] in the order in which they were
 * added, so that a list view can show it. Its signals are those of all its hosts, with the id of
 * the host as detail: connect to `state-changed::my-host` to hear of one.
 *
 * Like its hosts it belongs to the main context that was the thread-default one when it was made.
 * Dropping the last reference kills the processes of all hosts without waiting for them; the last
 * reference may be dropped in any thread.
 *
 * Since: 0.1
 */

#define properties extension_host_manager_properties
#define signals extension_host_manager_signals

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ExtensionHostManager, extension_host_manager, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

gboolean
extension_host_manager_is_own_thread (ExtensionHostManager *self)
{
  return extension_host_affinity_is_here (self->context, self->thread);
}

/* Whether @process is one of its hosts. */
gboolean
extension_host_manager_has (ExtensionHostManager *self,
                            ExtensionHostProcess *process)
{
  return g_hash_table_lookup (self->by_id, process->spec->id) == process;
}

/* For who runs user code in between: hosts may come and go meanwhile. */
GPtrArray *
extension_host_manager_dup_processes (ExtensionHostManager *self)
{
  GPtrArray *processes =
    g_ptr_array_copy (self->processes, (GCopyFunc) (void *) g_object_ref, NULL);

  g_ptr_array_set_free_func (processes, g_object_unref);

  return processes;
}

gboolean
extension_host_manager_check_open (ExtensionHostManager  *self,
                                   GError               **error)
{
  if (!self->closed && self->shutdown == NULL)
    return TRUE;

  g_set_error_literal (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
                       self->closed ? _("The manager of the hosts was closed")
                                    : _("All hosts are being shut down"));

  return FALSE;
}

/* The list */

static GType
manager_get_item_type (GListModel *list G_GNUC_UNUSED)
{
  return EXTENSION_HOST_TYPE_PROCESS;
}

static guint
manager_get_n_items (GListModel *list)
{
  return EXTENSION_HOST_MANAGER (list)->processes->len;
}

static gpointer
manager_get_item (GListModel *list,
                  guint       position)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (list);

  if (position >= self->processes->len)
    return NULL;

  return g_object_ref (g_ptr_array_index (self->processes, position));
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = manager_get_item_type;
  iface->get_n_items = manager_get_n_items;
  iface->get_item = manager_get_item;
}

/* News of the hosts */

static GQuark
detail_of (ExtensionHostProcess *process)
{
  return g_quark_from_string (extension_host_process_get_id (process));
}

static void
on_wished (ExtensionHostProcess *process,
           gpointer              keeper)
{
  extension_host_manager_end_wait (keeper, process);
}

/* Handlers may drop the manager. */
static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  gpointer                 keeper)
{
  g_autoptr(ExtensionHostManager) self = g_object_ref (keeper);

  extension_host_manager_follow_start (self, process, transition);
  g_signal_emit (self, signals[STATE_CHANGED], detail_of (process), process, transition);
  extension_host_manager_follow_group (self, process, transition);
  extension_host_manager_follow_shutdown (self);
}

static void
on_readiness_changed (ExtensionHostProcess *process,
                      gpointer              keeper)
{
  g_autoptr(ExtensionHostManager) self = g_object_ref (keeper);

  extension_host_manager_follow_start (self, process, NULL);
}

static void
on_crashed (ExtensionHostProcess *process,
            ExtensionHostExit    *exit,
            gpointer              keeper)
{
  g_signal_emit (keeper, signals[CRASHED], detail_of (process), process, exit);
}

static void
on_line (ExtensionHostProcess   *process,
         ExtensionHostLogStream  stream,
         const char             *text,
         gpointer                keeper)
{
  g_signal_emit (keeper, signals[LOG], detail_of (process), process, stream, text);
}

static void
on_health_checked (ExtensionHostProcess *process,
                   ExtensionHostHealth  *health,
                   gpointer              keeper)
{
  g_signal_emit (keeper, signals[HEALTH_CHECKED], detail_of (process), process, health);
}

static const ExtensionHostKeeperFuncs keeper_funcs = {
  .wished = on_wished,
  .state_changed = on_state_changed,
  .readiness_changed = on_readiness_changed,
  .crashed = on_crashed,
  .line = on_line,
  .health_checked = on_health_checked,
};

/* The object */

static void
disconnect (ExtensionHostProcess *process)
{
  extension_host_restart_slot_part (&process->slot);
  process->keeper = NULL;
}

static void
extension_host_manager_dispose (GObject *object)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (object);

  if (self->was_used && !extension_host_manager_is_own_thread (self))
    {
      extension_host_affinity_hand_over (self->context, self);
      return;
    }

  self->closed = TRUE;
  if (self->publisher != NULL)
    self->end_publishing (g_steal_pointer (&self->publisher));
  extension_host_manager_end_waits (self);
  extension_host_manager_end_shutdown (self);
  g_hash_table_remove_all (self->by_id);

  /* Before a slot that one of them gives back is given to another. */
  for (guint i = 0; i < self->processes->len; i++)
    extension_host_lifecycle_close (
      &((ExtensionHostProcess *) g_ptr_array_index (self->processes, i))->lifecycle);

  while (self->processes->len > 0)
    {
      g_autoptr(ExtensionHostProcess) process =
        g_ptr_array_steal_index (self->processes, self->processes->len - 1);

      disconnect (process);
      extension_host_process_close (process);
    }

  G_OBJECT_CLASS (extension_host_manager_parent_class)->dispose (object);
}

static void
extension_host_manager_finalize (GObject *object)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (object);

  g_free (self->application_id);
  g_free (self->bus_name);
  g_hash_table_unref (self->waiting);
  g_hash_table_unref (self->by_id);
  extension_host_methods_unref (self->methods);
  extension_host_intake_unref (self->intake);
  extension_host_restart_slots_unref (self->slots);
  g_ptr_array_unref (self->processes);
  extension_host_reactor_release (self->reactor);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (extension_host_manager_parent_class)->finalize (object);
}

static void
extension_host_manager_class_init (ExtensionHostManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = extension_host_manager_dispose;
  object_class->finalize = extension_host_manager_finalize;

  extension_host_locale_bind ();

  extension_host_manager_install_properties (object_class);
  extension_host_manager_install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
extension_host_manager_init (ExtensionHostManager *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
  self->reactor = extension_host_reactor_acquire (self->context);
  self->processes = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->methods = extension_host_methods_new ();
  self->intake = extension_host_intake_new ();
  self->slots = extension_host_restart_slots_new (MAX_CONCURRENT_RESTARTS);
  self->waiting = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
}

/**
 * extension_host_manager_new:
 *
 * Makes a manager without hosts.
 *
 * Returns: (transfer full): the manager
 *
 * Since: 0.1
 */
ExtensionHostManager *
extension_host_manager_new (void)
{
  return g_object_new (EXTENSION_HOST_TYPE_MANAGER, NULL);
}

/**
 * extension_host_manager_get_strategy:
 * @self: a manager
 *
 * Gets which hosts are restarted when one of a group has failed.
 *
 * Returns: the strategy
 *
 * Since: 0.1
 */
ExtensionHostStrategy
extension_host_manager_get_strategy (ExtensionHostManager *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), EXTENSION_HOST_STRATEGY_ONE_FOR_ONE);

  return self->strategy;
}

/**
 * extension_host_manager_set_strategy:
 * @self: a manager
 * @strategy: the strategy
 *
 * Sets which hosts are restarted when one of a group has failed. It counts from the next failure.
 *
 * Since: 0.1
 */
void
extension_host_manager_set_strategy (ExtensionHostManager  *self,
                                     ExtensionHostStrategy  strategy)
{
  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (extension_host_manager_is_own_thread (self));
  g_return_if_fail (strategy <= EXTENSION_HOST_STRATEGY_REST_FOR_ONE);

  if (self->strategy == strategy)
    return;

  self->strategy = strategy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STRATEGY]);
}

/**
 * extension_host_manager_get_max_concurrent_restarts:
 * @self: a manager
 *
 * Gets how many hosts may be restarted automatically at the same time.
 *
 * Returns: the number of hosts
 *
 * Since: 0.1
 */
guint
extension_host_manager_get_max_concurrent_restarts (ExtensionHostManager *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), 0);

  return extension_host_restart_slots_get_limit (self->slots);
}

/**
 * extension_host_manager_set_max_concurrent_restarts:
 * @self: a manager
 * @max_concurrent_restarts: the number of hosts, at least 1
 *
 * Sets how many hosts may be restarted automatically at the same time. Those that are being
 * restarted already are not held up.
 *
 * Since: 0.1
 */
void
extension_host_manager_set_max_concurrent_restarts (ExtensionHostManager *self,
                                                    guint                 max_concurrent_restarts)
{
  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (extension_host_manager_is_own_thread (self));
  g_return_if_fail (max_concurrent_restarts > 0);

  if (extension_host_restart_slots_get_limit (self->slots) == max_concurrent_restarts)
    return;

  extension_host_restart_slots_set_limit (self->slots, max_concurrent_restarts);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_CONCURRENT_RESTARTS]);
}

/**
 * extension_host_manager_get_application_id:
 * @self: a manager
 *
 * Gets the id of the application that is told on D-Bus.
 *
 * Returns: (transfer none) (nullable): the id, or %NULL if there is none
 *
 * Since: 0.1
 */
const char *
extension_host_manager_get_application_id (ExtensionHostManager *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), NULL);

  return self->application_id;
}

/**
 * extension_host_manager_set_application_id:
 * @self: a manager
 * @application_id: (nullable): the id, or %NULL for none
 *
 * Sets the id of the application that is told on D-Bus. It does not change the name on the bus.
 *
 * Since: 0.1
 */
void
extension_host_manager_set_application_id (ExtensionHostManager *self,
                                           const char           *application_id)
{
  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (extension_host_manager_is_own_thread (self));
  g_return_if_fail (application_id == NULL || g_application_id_is_valid (application_id));

  if (g_strcmp0 (self->application_id, application_id) == 0)
    return;

  g_free (self->application_id);
  self->application_id = g_strdup (application_id);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_APPLICATION_ID]);
}

/**
 * extension_host_manager_get_access:
 * @self: a manager
 *
 * Gets what others may do on D-Bus.
 *
 * Returns: the access
 *
 * Since: 0.1
 */
ExtensionHostAccess
extension_host_manager_get_access (ExtensionHostManager *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), EXTENSION_HOST_ACCESS_STATUS);

  return self->access;
}

void
extension_host_manager_show_access (ExtensionHostManager *self,
                                    ExtensionHostAccess   access)
{
  if (self->access == access)
    return;

  self->access = access;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACCESS]);
}

/**
 * extension_host_manager_get_bus_name:
 * @self: a manager
 *
 * Gets the name under which the hosts are found on the session bus.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL while there is none
 *
 * Since: 0.1
 */
const char *
extension_host_manager_get_bus_name (ExtensionHostManager *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), NULL);

  return self->bus_name;
}

void
extension_host_manager_show_bus_name (ExtensionHostManager *self,
                                      const char           *bus_name)
{
  if (g_strcmp0 (self->bus_name, bus_name) == 0)
    return;

  g_free (self->bus_name);
  self->bus_name = g_strdup (bus_name);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUS_NAME]);
}

static void
announce_items (ExtensionHostManager *self,
                guint                 position,
                guint                 removed,
                guint                 added)
{
  g_autoptr(ExtensionHostManager) hold G_GNUC_UNUSED = g_object_ref (self);   /* handlers may drop it */

  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
}

/* The host is down, and leaves the list. */
void
extension_host_manager_take_out (ExtensionHostManager *self,
                                 ExtensionHostProcess *process)
{
  guint position = 0;

  if (!g_ptr_array_find (self->processes, process, &position))
    return;   /* another removal of the same host was first */

  disconnect (process);
  g_hash_table_remove (self->by_id, extension_host_process_get_id (process));
  extension_host_manager_end_wait (self, process);
  g_ptr_array_remove_index (self->processes, position);
  announce_items (self, position, 1, 0);
}

/**
 * extension_host_manager_add:
 * @self: a manager
 * @spec: what to run; its id must not be taken
 * @error: return location for an error
 *
 * Adds a host, which is `stopped` until it is started.
 *
 * Errors: `INVALID_SPEC`; `EXISTS`; `CLOSED` once the manager shuts down.
 *
 * Returns: (transfer none): the host, which the manager owns, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostProcess *
extension_host_manager_add (ExtensionHostManager  *self,
                            ExtensionHostSpec     *spec,
                            GError               **error)
{
  ExtensionHostProcess *process = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), NULL);
  g_return_val_if_fail (EXTENSION_HOST_IS_SPEC (spec), NULL);
  g_return_val_if_fail (extension_host_manager_is_own_thread (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!extension_host_manager_check_open (self, error) ||
      !extension_host_spec_validate (spec, error))
    return NULL;

  if (g_hash_table_contains (self->by_id, extension_host_spec_get_id (spec)))
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_EXISTS,
                   _("There is already a host with id “%s”"), extension_host_spec_get_id (spec));
      return NULL;
    }

  /* The host belongs where its manager does, whatever is the thread-default context now. */
  g_main_context_push_thread_default (self->context);
  process = extension_host_process_new (spec);
  g_main_context_pop_thread_default (self->context);

  self->was_used = TRUE;
  process->keeper_funcs = &keeper_funcs;
  process->keeper = self;
  process->common_methods = extension_host_methods_ref (self->methods);
  extension_host_intake_share_join (&process->intake, self->intake);
  extension_host_restart_slot_join (&process->slot, self->slots);

  g_ptr_array_add (self->processes, process);
  g_hash_table_insert (self->by_id, (char *) extension_host_process_get_id (process), process);
  announce_items (self, self->processes->len - 1, 0, 1);

  return process;
}

/**
 * extension_host_manager_add_method:
 * @self: a manager
 * @method: the name of the method
 * @capability: (nullable): what a host must have to call it, or %NULL if every host may
 * @func: (scope notified) (closure user_data) (destroy destroy): what answers
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data when the method is replaced, or not needed any more
 *
 * Lets all hosts call a method of the application, as
 * [method@ExtensionHost.Process.add_method] does for one: that goes first.
 *
 * Since: 0.1
 */
void
extension_host_manager_add_method (ExtensionHostManager    *self,
                                   const char              *method,
                                   const char              *capability,
                                   ExtensionHostMethodFunc  func,
                                   gpointer                 user_data,
                                   GDestroyNotify           destroy)
{
  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (method != NULL && method[0] != '\0');
  g_return_if_fail (func != NULL);
  g_return_if_fail (extension_host_manager_is_own_thread (self));

  extension_host_methods_add (self->methods, method, capability, G_CALLBACK (func), user_data,
                              destroy);
}

/**
 * extension_host_manager_lookup:
 * @self: a manager
 * @id: the id of a host
 *
 * Finds a host by its id.
 *
 * Returns: (transfer none) (nullable): the host, or %NULL if there is none of that id
 *
 * Since: 0.1
 */
ExtensionHostProcess *
extension_host_manager_lookup (ExtensionHostManager *self,
                               const char           *id)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  return g_hash_table_lookup (self->by_id, id);
}
