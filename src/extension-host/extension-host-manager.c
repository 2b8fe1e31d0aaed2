/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-affinity-private.h"
#include "extension-host-enum-types.h"
#include "extension-host-error.h"
#include "extension-host-manager.h"
#include "extension-host-process-private.h"

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
struct _ExtensionHostManager
{
  GObject parent_instance;

  GMainContext *context;
  GThread *thread;
  GPtrArray *processes;    /* in order of add */
  GHashTable *by_id;       /* id → process; the array holds the reference */
  ExtensionHostMethods *methods;   /* that every host may call */
  ExtensionHostIntake *intake;     /* of all hosts */
};

enum
{
  PROP_0,
  PROP_ITEM_TYPE,
  PROP_N_ITEMS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

enum
{
  STATE_CHANGED,
  CRASHED,
  LOG,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ExtensionHostManager, extension_host_manager, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static gboolean
is_own_thread (ExtensionHostManager *self)
{
  return extension_host_affinity_is_here (self->context, self->thread);
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
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  ExtensionHostManager    *self)
{
  g_signal_emit (self, signals[STATE_CHANGED], detail_of (process), process, transition);
}

static void
on_crashed (ExtensionHostProcess *process,
            ExtensionHostExit    *exit,
            ExtensionHostManager *self)
{
  g_signal_emit (self, signals[CRASHED], detail_of (process), process, exit);
}

static void
on_log (ExtensionHostProcess   *process,
        ExtensionHostLogStream  stream,
        const char             *line,
        ExtensionHostManager   *self)
{
  g_signal_emit (self, signals[LOG], detail_of (process), process, stream, line);
}

/* The object */

static void
extension_host_manager_dispose (GObject *object)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (object);

  if (self->processes->len > 0 && !is_own_thread (self))
    {
      extension_host_affinity_hand_over (self->context, self);
      return;
    }

  g_hash_table_remove_all (self->by_id);
  while (self->processes->len > 0)
    {
      g_autoptr(ExtensionHostProcess) process =
        g_ptr_array_steal_index (self->processes, self->processes->len - 1);

      g_signal_handlers_disconnect_by_data (process, self);
      extension_host_process_close (process);
    }

  G_OBJECT_CLASS (extension_host_manager_parent_class)->dispose (object);
}

static void
extension_host_manager_finalize (GObject *object)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (object);

  g_hash_table_unref (self->by_id);
  extension_host_methods_unref (self->methods);
  extension_host_intake_unref (self->intake);
  g_ptr_array_unref (self->processes);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (extension_host_manager_parent_class)->finalize (object);
}

static void
extension_host_manager_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  ExtensionHostManager *self = EXTENSION_HOST_MANAGER (object);

  switch (prop_id)
    {
    case PROP_ITEM_TYPE:
      g_value_set_gtype (value, EXTENSION_HOST_TYPE_PROCESS);
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, self->processes->len);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
extension_host_manager_class_init (ExtensionHostManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = extension_host_manager_dispose;
  object_class->finalize = extension_host_manager_finalize;
  object_class->get_property = extension_host_manager_get_property;

  bindtextdomain (GETTEXT_PACKAGE, EXTENSION_HOST_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");

  /**
   * ExtensionHostManager:item-type:
   *
   * The type of the items, which is [class@ExtensionHost.Process].
   *
   * Since: 0.1
   */
  properties[PROP_ITEM_TYPE] =
    g_param_spec_gtype ("item-type", NULL, NULL,
                        G_TYPE_OBJECT,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostManager:n-items:
   *
   * How many hosts there are.
   *
   * Since: 0.1
   */
  properties[PROP_N_ITEMS] =
    g_param_spec_uint ("n-items", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * ExtensionHostManager::state-changed:
   * @self: the manager
   * @process: the host
   * @transition: what changed
   *
   * Emitted for each transition of each host, see [signal@ExtensionHost.Process::state-changed].
   * The detail is the id of the host.
   *
   * Since: 0.1
   */
  signals[STATE_CHANGED] =
    g_signal_new ("state-changed",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, EXTENSION_HOST_TYPE_PROCESS, EXTENSION_HOST_TYPE_TRANSITION);

  /**
   * ExtensionHostManager::crashed:
   * @self: the manager
   * @process: the host
   * @exit: how it ended the last time
   *
   * Emitted when a host enters `crashed`, see [signal@ExtensionHost.Process::crashed]. The detail
   * is the id of the host.
   *
   * Since: 0.1
   */
  signals[CRASHED] =
    g_signal_new ("crashed",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, EXTENSION_HOST_TYPE_PROCESS, EXTENSION_HOST_TYPE_EXIT);

  /**
   * ExtensionHostManager::log:
   * @self: the manager
   * @process: the host
   * @stream: where the line came from
   * @line: the line, valid UTF-8, without its end
   *
   * Emitted for each line that a host wrote, see [signal@ExtensionHost.Process::log]. The detail
   * is the id of the host.
   *
   * Since: 0.1
   */
  signals[LOG] =
    g_signal_new ("log",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  3, EXTENSION_HOST_TYPE_PROCESS, EXTENSION_HOST_TYPE_LOG_STREAM, G_TYPE_STRING);
}

static void
extension_host_manager_init (ExtensionHostManager *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
  self->processes = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->methods = extension_host_methods_new ();
  self->intake = extension_host_intake_new ();
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

/**
 * extension_host_manager_add:
 * @self: a manager
 * @spec: what to run; its id must not be taken
 * @error: return location for an error
 *
 * Adds a host, which is `stopped` until it is started.
 *
 * Errors: `INVALID_SPEC`; `EXISTS`.
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
  g_return_val_if_fail (is_own_thread (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!extension_host_spec_validate (spec, error))
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

  process->common_methods = extension_host_methods_ref (self->methods);
  extension_host_intake_share_join (&process->intake, self->intake);
  g_signal_connect_object (process, "state-changed", G_CALLBACK (on_state_changed), self, 0);
  g_signal_connect_object (process, "crashed", G_CALLBACK (on_crashed), self, 0);
  g_signal_connect_object (process, "log", G_CALLBACK (on_log), self, 0);

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
  g_return_if_fail (is_own_thread (self));

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

static void
take_out (ExtensionHostManager *self,
          ExtensionHostProcess *process)
{
  guint position = 0;

  if (!g_ptr_array_find (self->processes, process, &position))
    return;   /* another removal of the same host was first */

  g_signal_handlers_disconnect_by_data (process, self);
  g_hash_table_remove (self->by_id, extension_host_process_get_id (process));
  g_ptr_array_remove_index (self->processes, position);
  announce_items (self, position, 1, 0);
}

static void
on_stopped_for_removal (GObject      *object,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (object);
  g_autoptr(GTask) task = user_data;
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  guint leftover = 0;

  outcome = extension_host_process_stop_finish (process, result, &error);
  if (outcome == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  leftover = extension_host_stop_outcome_get_leftover (outcome);
  if (leftover > 0)
    {
      g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                               g_dngettext (GETTEXT_PACKAGE,
                                            "Host “%s” stays: %u process cannot be killed",
                                            "Host “%s” stays: %u processes cannot be killed",
                                            leftover),
                               extension_host_process_get_id (process), leftover);
      return;
    }

  take_out (g_task_get_source_object (task), process);
  g_task_return_boolean (task, TRUE);
}

/**
 * extension_host_manager_remove_async:
 * @self: a manager
 * @id: the id of a host
 * @cancellable: (nullable): ends the waiting; the host is stopped, and stays in the list
 * @callback: (scope async): called when the host has stopped and left the list
 * @user_data: data for @callback
 *
 * Stops a host as [method@ExtensionHost.Process.stop_async] does, and takes it out of the list.
 *
 * Errors: `NOT_FOUND`; `FAILED` if processes of the host cannot be killed, and then it stays in the
 * list; `CLOSED`.
 *
 * Since: 0.1
 */
void
extension_host_manager_remove_async (ExtensionHostManager *self,
                                     const char           *id,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              user_data)
{
  ExtensionHostProcess *process = NULL;
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_MANAGER (self));
  g_return_if_fail (id != NULL);
  g_return_if_fail (is_own_thread (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, extension_host_manager_remove_async);
  g_task_set_check_cancellable (task, FALSE);   /* a host that is gone is gone */

  process = g_hash_table_lookup (self->by_id, id);
  if (process == NULL)
    {
      g_task_return_new_error (task, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
                               _("There is no host with id “%s”"), id);
      return;
    }

  extension_host_process_stop_async (process, cancellable, on_stopped_for_removal,
                                     g_steal_pointer (&task));
}

/**
 * extension_host_manager_remove_finish:
 * @self: a manager
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Manager.remove_async].
 *
 * Returns: %TRUE if the host left the list
 *
 * Since: 0.1
 */
gboolean
extension_host_manager_remove_finish (ExtensionHostManager  *self,
                                      GAsyncResult          *result,
                                      GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_manager_remove_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
is_down (ExtensionHostProcess *process)
{
  ExtensionHostState state = process->lifecycle.state;

  return state == EXTENSION_HOST_STATE_STOPPED || state == EXTENSION_HOST_STATE_CRASHED ||
         state == EXTENSION_HOST_STATE_STOPPING;
}

/**
 * extension_host_manager_start_all:
 * @self: a manager
 * @error: return location for an error
 *
 * Starts every host that is down, in the order of the list. Those that are quarantined, and those
 * that are up, are left as they are.
 *
 * It returns at once. If hosts are refused, the others are started all the same, and the error
 * is that of the first: `INVALID_SPEC` or `CLOSED`.
 *
 * Returns: %TRUE if no host was refused
 *
 * Since: 0.1
 */
gboolean
extension_host_manager_start_all (ExtensionHostManager  *self,
                                  GError               **error)
{
  g_autoptr(GPtrArray) processes = NULL;
  g_autoptr(GError) first = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* A handler may add and remove hosts meanwhile. */
  processes = g_ptr_array_copy (self->processes, (GCopyFunc) (void *) g_object_ref, NULL);
  g_ptr_array_set_free_func (processes, g_object_unref);

  for (guint i = 0; i < processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (processes, i);
      g_autoptr(GError) local_error = NULL;

      if (!is_down (process) ||
          process->lifecycle.control == EXTENSION_HOST_CONTROL_QUARANTINED)
        continue;

      if (!extension_host_process_start (process, &local_error) && first == NULL)
        first = g_steal_pointer (&local_error);
    }

  if (first == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&first));

  return FALSE;
}
