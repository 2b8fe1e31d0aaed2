/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-call-failure-private.h"
#include "extension-host-enum-types.h"
#include "extension-host-error.h"
#include "extension-host-extension-private.h"

/**
 * ExtensionHostExtension:
 *
 * An extension that lives inside a host, together with others: made by
 * [method@ExtensionHost.Process.add_extension].
 *
 * It is activated when its host is ready, and again whenever its host has been restarted. When the host
 * leaves `running` it is [lost][enum@ExtensionHost.ExtensionState], in the same turn of the main loop: an
 * extension never looks alive while its host is not.
 *
 * If the host crashes while it is being activated, it is under suspicion: next time it is activated alone,
 * and if the host crashes again it is quarantined, so that the others can live. What was being activated or
 * called when a host ended says [method@ExtensionHost.Exit.get_suspects].
 *
 * Since: 0.1
 */

enum
{
  PROP_0,
  PROP_ID,
  PROP_PATH,
  PROP_STATE,
  PROP_ERROR,
  PROP_ACTIVATIONS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (ExtensionHostExtension, extension_host_extension, G_TYPE_OBJECT)

static void
extension_host_extension_finalize (GObject *object)
{
  ExtensionHostExtension *self = EXTENSION_HOST_EXTENSION (object);

  g_free (self->id);
  g_free (self->path);
  g_clear_error (&self->error);
  g_clear_error (&self->shown_error);

  G_OBJECT_CLASS (extension_host_extension_parent_class)->finalize (object);
}

static void
extension_host_extension_get_property (GObject    *object,
                                       guint       prop_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  ExtensionHostExtension *self = EXTENSION_HOST_EXTENSION (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->shown_state);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->shown_error);
      break;
    case PROP_ACTIVATIONS:
      g_value_set_uint (value, self->shown_activations);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
extension_host_extension_class_init (ExtensionHostExtensionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = extension_host_extension_finalize;
  object_class->get_property = extension_host_extension_get_property;

  /**
   * ExtensionHostExtension:id:
   *
   * The id: unique within its host.
   *
   * Since: 0.1
   */
  properties[PROP_ID] =
    g_param_spec_string ("id", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostExtension:path:
   *
   * What the host loads, as the host understands it: a file most often.
   *
   * Since: 0.1
   */
  properties[PROP_PATH] =
    g_param_spec_string ("path", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostExtension:state:
   *
   * The state. By the time that the state of the host is announced it has changed, too.
   *
   * Since: 0.1
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL,
                       EXTENSION_HOST_TYPE_EXTENSION_STATE, EXTENSION_HOST_EXTENSION_STATE_INACTIVE,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostExtension:error:
   *
   * Why it failed or was quarantined, or %NULL. What the host answered has the domain
   * %EXTENSION_HOST_RPC_ERROR.
   *
   * Since: 0.1
   */
  properties[PROP_ERROR] =
    g_param_spec_boxed ("error", NULL, NULL,
                        G_TYPE_ERROR,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * ExtensionHostExtension:activations:
   *
   * How often it became active.
   *
   * Since: 0.1
   */
  properties[PROP_ACTIVATIONS] =
    g_param_spec_uint ("activations", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
extension_host_extension_init (ExtensionHostExtension *self G_GNUC_UNUSED)
{
}

ExtensionHostExtension *
extension_host_extension_new (const char                        *id,
                              const char                        *path,
                              const ExtensionHostExtensionFuncs *funcs,
                              gpointer                           owner)
{
  ExtensionHostExtension *self = g_object_new (EXTENSION_HOST_TYPE_EXTENSION, NULL);

  self->id = g_strdup (id);
  self->path = g_strdup (path);
  self->funcs = funcs;
  self->owner = owner;

  return self;
}

/* Nobody is told until it is shown. */
void
extension_host_extension_set_state (ExtensionHostExtension      *self,
                                    ExtensionHostExtensionState  state,
                                    const GError                *error)
{
  self->changed = TRUE;
  self->state = state;
  g_clear_error (&self->error);
  if (error != NULL)
    self->error = g_error_copy (error);
  if (state == EXTENSION_HOST_EXTENSION_STATE_ACTIVE)
    self->activations++;
}

static void
show_error (ExtensionHostExtension *self)
{
  if (self->error == NULL && self->shown_error == NULL)
    return;

  g_clear_error (&self->shown_error);
  if (self->error != NULL)
    self->shown_error = g_error_copy (self->error);
  self->untold |= 1u << PROP_ERROR;
}

/* From now on it looks as it is, but nobody has been told. FALSE if there is nothing to tell. */
gboolean
extension_host_extension_show (ExtensionHostExtension *self)
{
  if (!self->changed)
    return FALSE;

  self->changed = FALSE;
  show_error (self);
  if (self->shown_activations != self->activations)
    self->untold |= 1u << PROP_ACTIVATIONS;
  if (self->shown_state != self->state)
    self->untold |= 1u << PROP_STATE;
  self->shown_activations = self->activations;
  self->shown_state = self->state;

  return self->untold != 0;
}

/* It is back already, in a host whose return has not been announced: until that is, it looks lost. */
gboolean
extension_host_extension_show_lost (ExtensionHostExtension *self)
{
  if (self->shown_state != EXTENSION_HOST_EXTENSION_STATE_ACTIVE &&
      self->shown_state != EXTENSION_HOST_EXTENSION_STATE_ACTIVATING)
    return FALSE;

  self->shown_state = EXTENSION_HOST_EXTENSION_STATE_LOST;
  self->untold |= 1u << PROP_STATE;

  return TRUE;
}

/* Runs user code. */
void
extension_host_extension_tell (ExtensionHostExtension *self)
{
  guint untold = self->untold;

  self->untold = 0;
  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = PROP_STATE; i < N_PROPS; i++)
    if (untold & 1u << i)
      g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * extension_host_extension_get_id:
 * @self: an extension
 *
 * Gets [property@ExtensionHost.Extension:id].
 *
 * Returns: (transfer none): the id
 *
 * Since: 0.1
 */
const char *
extension_host_extension_get_id (ExtensionHostExtension *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_EXTENSION (self), NULL);

  return self->id;
}

/**
 * extension_host_extension_get_path:
 * @self: an extension
 *
 * Gets [property@ExtensionHost.Extension:path].
 *
 * Returns: (transfer none): the path
 *
 * Since: 0.1
 */
const char *
extension_host_extension_get_path (ExtensionHostExtension *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_EXTENSION (self), NULL);

  return self->path;
}

/**
 * extension_host_extension_get_state:
 * @self: an extension
 *
 * Gets [property@ExtensionHost.Extension:state].
 *
 * Returns: the state
 *
 * Since: 0.1
 */
ExtensionHostExtensionState
extension_host_extension_get_state (ExtensionHostExtension *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_EXTENSION (self), EXTENSION_HOST_EXTENSION_STATE_INACTIVE);

  return self->shown_state;
}

/**
 * extension_host_extension_get_error:
 * @self: an extension
 *
 * Gets [property@ExtensionHost.Extension:error].
 *
 * Returns: (transfer none) (nullable): the error, or %NULL if it neither failed nor was quarantined
 *
 * Since: 0.1
 */
const GError *
extension_host_extension_get_error (ExtensionHostExtension *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_EXTENSION (self), NULL);

  return self->shown_error;
}

/**
 * extension_host_extension_get_activations:
 * @self: an extension
 *
 * Gets [property@ExtensionHost.Extension:activations].
 *
 * Returns: the number of activations
 *
 * Since: 0.1
 */
guint
extension_host_extension_get_activations (ExtensionHostExtension *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_EXTENSION (self), 0);

  return self->shown_activations;
}

static gboolean
check_owned (ExtensionHostExtension  *self,
             GError                 **error)
{
  if (self->owner != NULL)
    return TRUE;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
               _("Extension “%s” is in no host any more"), self->id);

  return FALSE;
}

/**
 * extension_host_extension_release:
 * @self: an extension
 * @error: return location for an error
 *
 * Ends the quarantine: the extension is activated again, at once if its host is ready. Does nothing if it
 * is not quarantined.
 *
 * Errors: `CLOSED` if it is in no host any more.
 *
 * Returns: %TRUE if it is not quarantined now
 *
 * Since: 0.1
 */
gboolean
extension_host_extension_release (ExtensionHostExtension  *self,
                                  GError                 **error)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_EXTENSION (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return check_owned (self, error) && self->funcs->release (self, self->owner, error);
}

/**
 * extension_host_extension_call_async:
 * @self: an extension
 * @command: a command that the extension has registered
 * @arguments: (nullable): its arguments, an object or an array, which may be used again at once
 * @timeout_ms: how long to wait for the answer, in ms; 0 is
 *   [property@ExtensionHost.Spec:request-timeout], %EXTENSION_HOST_NO_TIMEOUT waits for ever
 * @cancellable: (nullable): ends the call at once; the host is told if it knows of the call
 * @callback: (scope async): called when there is an answer, or there will be none
 * @user_data: data for @callback
 *
 * Calls a command of the extension, with the request `extension/call`.
 *
 * It does not wait for the extension: one that is not `active` fails at once.
 *
 * Errors: as [method@ExtensionHost.Process.call_async], and: `NOT_RUNNING` if the extension is not active,
 * `QUARANTINED` if it is quarantined, `FAILED` with its own error if it failed; `CLOSED` if it is in no
 * host any more. [method@ExtensionHost.Process.get_call_failure] of its host tells more.
 *
 * Since: 0.1
 */
void
extension_host_extension_call_async (ExtensionHostExtension *self,
                                     const char             *command,
                                     JsonNode               *arguments,
                                     guint                   timeout_ms,
                                     GCancellable           *cancellable,
                                     GAsyncReadyCallback     callback,
                                     gpointer                user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GError) error = NULL;

  g_return_if_fail (EXTENSION_HOST_IS_EXTENSION (self));
  g_return_if_fail (command != NULL && command[0] != '\0');
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, extension_host_extension_call_async);
  g_task_set_check_cancellable (task, FALSE);   /* an answer that is there is there */
  if (check_owned (self, &error))
    {
      self->funcs->call (self, command, arguments, timeout_ms, g_steal_pointer (&task), self->owner);
      return;
    }

  g_task_set_task_data (task, extension_host_call_failure_new (error),
                        (GDestroyNotify) extension_host_call_failure_unref);
  g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * extension_host_extension_call_finish:
 * @self: an extension
 * @result: the result given to the callback
 * @error: return location for an error
 *
 * Gets the result of [method@ExtensionHost.Extension.call_async]. For its use in another thread see
 * [method@ExtensionHost.Process.call_finish].
 *
 * Returns: (transfer full): what the command returned, or %NULL with @error set
 *
 * Since: 0.1
 */
JsonNode *
extension_host_extension_call_finish (ExtensionHostExtension  *self,
                                      GAsyncResult            *result,
                                      GError                 **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, extension_host_extension_call_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
