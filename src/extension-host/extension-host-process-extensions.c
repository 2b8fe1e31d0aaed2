/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-enum-types.h"
#include "extension-host-extension-private.h"
#include "extension-host-process-private.h"
#include "extension-host-state-private.h"

/* The extensions of a host. They are activated when it is ready, and lost when it leaves running.
 *
 * All are activated at once, but for those that were being activated when the host crashed: these follow one
 * after the other when the rest is done, so that the next crash shows which of them it was. */

#define CRASHES_MAX 2

static void activate_next_suspect (ExtensionHostProcess *self);

static guint
count (ExtensionHostProcess *self)
{
  return self->extensions != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->extensions)) : 0;
}

static GListStore *
ensure_extensions (ExtensionHostProcess *self)
{
  if (self->extensions == NULL)
    {
      self->extensions = g_list_store_new (EXTENSION_HOST_TYPE_EXTENSION);
      self->extensions_by_id = g_hash_table_new (g_str_hash, g_str_equal);
    }

  return self->extensions;
}

/* The list has a reference of its own. */
static ExtensionHostExtension *
nth (ExtensionHostProcess *self,
     guint                 position)
{
  g_autoptr(ExtensionHostExtension) extension =
    g_list_model_get_item (G_LIST_MODEL (self->extensions), position);

  return extension;
}

static ExtensionHostExtension *
find (ExtensionHostProcess *self,
      const char           *id)
{
  return self->extensions != NULL ? g_hash_table_lookup (self->extensions_by_id, id) : NULL;
}

static void
set_state (ExtensionHostProcess        *self,
           ExtensionHostExtension      *extension,
           ExtensionHostExtensionState  state,
           const GError                *error)
{
  extension_host_extension_set_state (extension, state, error);
  self->extensions_changed = TRUE;
}

/* Messages */

static GString *
begin_params (ExtensionHostExtension *extension)
{
  GString *params = g_string_new ("{\"id\":");

  extension_host_message_append_string (params, extension->id, strlen (extension->id));

  return params;
}

static void
add_text (GString    *params,
          const char *name,
          const char *text)
{
  g_string_append_printf (params, ",\"%s\":", name);
  extension_host_message_append_string (params, text, strlen (text));
}

static char *
end_params (GString *params)
{
  g_string_append_c (params, '}');

  return g_string_free (params, FALSE);
}

/* Activation */

typedef struct
{
  ExtensionHostProcess *process;   /* no reference: it answers all its calls before it goes */
  ExtensionHostExtension *extension;
} Activation;

/* Of the host that went down, and not of the extension. */
static gboolean
is_about_host (const GError *error)
{
  return g_error_matches (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED) ||
         g_error_matches (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING) ||
         g_error_matches (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED);
}

static void
on_activated (ExtensionHostReply *reply,
              gpointer            data)
{
  g_autofree Activation *activation = data;
  g_autoptr(ExtensionHostExtension) extension = activation->extension;
  ExtensionHostProcess *self = activation->process;

  if (extension->owner == self && extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVATING &&
      !is_about_host (reply->error))
    {
      extension->crashes = 0;
      set_state (self, extension,
                 reply->error == NULL ? EXTENSION_HOST_EXTENSION_STATE_ACTIVE
                                      : EXTENSION_HOST_EXTENSION_STATE_FAILED, reply->error);
      activate_next_suspect (self);
    }
  extension_host_reply_free (reply);
}

static void
activate (ExtensionHostProcess   *self,
          ExtensionHostExtension *extension)
{
  Activation *activation = g_new (Activation, 1);
  GString *text = begin_params (extension);
  g_autofree char *params = NULL;
  g_autoptr(GError) error = NULL;

  add_text (text, "path", extension->path);
  params = end_params (text);
  *activation = (Activation) { self, g_object_ref (extension) };
  extension->waits = FALSE;
  set_state (self, extension, EXTENSION_HOST_EXTENSION_STATE_ACTIVATING, NULL);
  if (extension_host_rpc_call (self->rpc, "extension/activate", params, strlen (params),
                               self->spec->request_timeout, TRUE, on_activated, activation,
                               &error) != NULL)
    return;

  set_state (self, extension, EXTENSION_HOST_EXTENSION_STATE_FAILED, error);
  g_object_unref (extension);
  g_free (activation);
}

static gboolean
is_alive (ExtensionHostExtension *extension)
{
  return extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVATING ||
         extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVE;
}

static gboolean
is_waiting (ExtensionHostExtension *extension)
{
  return extension->state != EXTENSION_HOST_EXTENSION_STATE_QUARANTINED &&
         !is_alive (extension);
}

static void
activate_next_suspect (ExtensionHostProcess *self)
{
  ExtensionHostExtension *next = NULL;

  if (!self->on_trial)
    return;

  for (guint i = 0; i < count (self); i++)
    {
      ExtensionHostExtension *extension = nth (self, i);

      if (extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVATING)
        return;
      if (next == NULL && is_waiting (extension) && (extension->crashes > 0 || extension->waits))
        next = extension;
    }

  if (next != NULL)
    activate (self, next);
  else
    self->on_trial = FALSE;
}

/* The host is ready. */
void
extension_host_process_activate_extensions (ExtensionHostProcess *self)
{
  if (!self->rpc_attached)
    return;

  for (guint i = 0; i < count (self); i++)
    if (nth (self, i)->crashes == 0 && is_waiting (nth (self, i)))
      activate (self, nth (self, i));
  activate_next_suspect (self);
}

/* Whether one of those that may have brought down the host is being activated, or waits for its turn. */
static gboolean
has_suspects (ExtensionHostProcess *self)
{
  for (guint i = 0; i < count (self); i++)
    if (nth (self, i)->crashes > 0 &&
        nth (self, i)->state != EXTENSION_HOST_EXTENSION_STATE_QUARANTINED)
      return TRUE;

  return FALSE;
}

/* One that came, or came back, while the host is ready. It must not be taken for a suspect, nor a suspect
 * for it. */
static void
activate_alone (ExtensionHostProcess   *self,
                ExtensionHostExtension *extension)
{
  if (self->readiness != EXTENSION_HOST_READINESS_READY || !self->rpc_attached ||
      extension->owner != self || !is_waiting (extension))
    return;

  if (self->on_trial && has_suspects (self))
    extension->waits = TRUE;
  else
    activate (self, extension);
}

/* Loss */

static void
lose (ExtensionHostProcess   *self,
      ExtensionHostExtension *extension,
      gboolean                crashed)
{
  gboolean suspect = crashed && extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVATING;
  g_autoptr(GError) error = NULL;

  if (suspect)
    {
      extension->busy_in = self->lifecycle.generation;
      self->on_trial = TRUE;
    }
  if (crashed)
    extension->crashes = suspect ? extension->crashes + 1 : 0;

  if (suspect && extension->crashes >= CRASHES_MAX)
    {
      error = g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUARANTINED,
                           _("Host “%s” crashed %d times in a row while it activated extension “%s”"),
                           self->spec->id, CRASHES_MAX, extension->id);
      set_state (self, extension, EXTENSION_HOST_EXTENSION_STATE_QUARANTINED, error);
      extension_host_lifecycle_forgive (&self->lifecycle);
    }
  else if (extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVE ||
           extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVATING)
    {
      set_state (self, extension, EXTENSION_HOST_EXTENSION_STATE_LOST, NULL);
    }
}

/* The host left running, unasked if @crashed. */
void
extension_host_process_lose_extensions (ExtensionHostProcess *self,
                                        gboolean              crashed)
{
  for (guint i = 0; i < count (self); i++)
    lose (self, nth (self, i), crashed);
}

/* Those that the host was busy with when it ended. */
char **
extension_host_process_dup_suspects (ExtensionHostProcess *self)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < count (self); i++)
    {
      ExtensionHostExtension *extension = nth (self, i);

      if (extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVATING || extension->n_calls > 0 ||
          extension->busy_in == self->lifecycle.generation)
        g_strv_builder_add (builder, extension->id);
    }

  return g_strv_builder_end (builder);
}

/* Showing */

/* TRUE if something is to be told of @extension. */
static gboolean
show (ExtensionHostProcess   *self,
      ExtensionHostExtension *extension)
{
  gboolean host_looks_running = self->face.state == EXTENSION_HOST_STATE_RUNNING &&
                                self->face.sequence == self->lifecycle.sequence;

  if (!extension->changed || !is_alive (extension) || host_looks_running)
    return extension_host_extension_show (extension);

  self->extensions_changed = TRUE;   /* once the host has been announced */

  return extension_host_extension_show_lost (extension);
}

/* Tells what changed of them. All are shown before any is told of: user code, which may add and remove
 * some, and run a main loop, finds none that looks alive when it is not. */
void
extension_host_process_show_extensions (ExtensionHostProcess *self)
{
  g_autoptr(GPtrArray) changed = NULL;

  if (!self->extensions_changed)
    return;

  self->extensions_changed = FALSE;
  changed = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < count (self); i++)
    if (show (self, nth (self, i)))
      g_ptr_array_add (changed, g_object_ref (nth (self, i)));
  for (guint i = 0; i < changed->len; i++)
    extension_host_extension_tell (g_ptr_array_index (changed, i));
}

/* What an extension asks for */

static gboolean
check_active (ExtensionHostExtension  *extension,
              GError                 **error)
{
  const char *state = NULL;

  if (extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVE)
    return TRUE;

  if (extension->state == EXTENSION_HOST_EXTENSION_STATE_QUARANTINED)
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUARANTINED,
                   _("Extension “%s” is quarantined: release it first"), extension->id);
      return FALSE;
    }

  if (extension->state == EXTENSION_HOST_EXTENSION_STATE_FAILED)
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                   _("Extension “%s” could not be activated: %s"), extension->id,
                   extension->error->message);
      return FALSE;
    }

  state = extension_host_enum_to_nick (EXTENSION_HOST_TYPE_EXTENSION_STATE, extension->state);
  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING,
               /* Translators: the second argument is a state: inactive, activating, lost */
               _("Extension “%s” is not active: it is %s"), extension->id, state);

  return FALSE;
}

static void
on_call (ExtensionHostExtension *extension,
         const char             *command,
         JsonNode               *arguments,
         guint                   timeout_ms,
         GTask                  *task,
         gpointer                owner)
{
  ExtensionHostProcess *self = owner;
  g_autoptr(GTask) hold G_GNUC_UNUSED = task;
  GString *text = NULL;
  g_autofree char *params = NULL;
  g_autofree char *given = NULL;
  GError *error = NULL;
  gsize length = 0;

  g_return_if_fail (extension_host_process_is_own_thread (self));

  text = begin_params (extension);
  add_text (text, "command", command);
  given = extension_host_params_to_text (arguments, &length, &error);
  if (given != NULL)
    {
      g_string_append (text, ",\"arguments\":");
      g_string_append_len (text, given, (gssize) length);
    }
  length = text->len + 1;
  params = end_params (text);

  if (error == NULL && extension_host_process_check_open (self, &error))
    check_active (extension, &error);
  extension_host_process_call_for (self, extension, "extension/call", params, length, timeout_ms,
                                   error, g_object_ref (task));
}

static gboolean
on_release (ExtensionHostExtension  *extension,
            gpointer                 owner,
            GError                 **error)
{
  ExtensionHostProcess *self = owner;

  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);

  if (!extension_host_process_check_open (self, error))
    return FALSE;

  if (extension->state == EXTENSION_HOST_EXTENSION_STATE_QUARANTINED)
    {
      extension->crashes = 0;
      set_state (self, extension, EXTENSION_HOST_EXTENSION_STATE_INACTIVE, NULL);
      activate_alone (self, extension);
      extension_host_process_flush (self);
    }

  return TRUE;
}

static const ExtensionHostExtensionFuncs funcs = {
  .call = on_call,
  .release = on_release,
};

/* The list */

/**
 * extension_host_process_add_extension:
 * @self: a host
 * @id: its id, unique within the host
 * @path: what the host is to load, which is told as it is: for the runtimes that come with the library a
 *   file, or a folder with a package; a relative one begins in the working directory of the host
 * @error: return location for an error
 *
 * Adds an extension. The host is told to activate it with the request `extension/activate` {id, path}: at
 * once if it is ready, and otherwise, and after each restart, when it is.
 *
 * Errors: `INVALID_SPEC` if @id is not valid UTF-8; `EXISTS`; `NOT_SUPPORTED` if the host has no
 * protocol; `CLOSED`, also if a handler has removed it meanwhile.
 *
 * Returns: (transfer none): the extension, which the host owns, or %NULL with @error set
 *
 * Since: 0.1
 */
ExtensionHostExtension *
extension_host_process_add_extension (ExtensionHostProcess  *self,
                                      const char            *id,
                                      const char            *path,
                                      GError               **error)
{
  g_autoptr(ExtensionHostProcess) hold G_GNUC_UNUSED = NULL;
  g_autoptr(ExtensionHostExtension) extension = NULL;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);
  g_return_val_if_fail (id != NULL && id[0] != '\0', NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!extension_host_process_check_open (self, error) ||
      !extension_host_process_check_protocol (self, error))
    return NULL;

  if (!g_utf8_validate (id, -1, NULL))
    {
      g_set_error_literal (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC,
                           _("The id of an extension must be valid UTF-8"));
      return NULL;
    }

  if (find (self, id) != NULL)
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_EXISTS,
                   _("Host “%s” has an extension with id “%s” already"), self->spec->id, id);
      return NULL;
    }

  hold = g_object_ref (self);   /* handlers may do what they like, and remove it, too */
  extension = extension_host_extension_new (id, path, &funcs, self);
  ensure_extensions (self);
  g_hash_table_insert (self->extensions_by_id, extension->id, extension);
  g_list_store_append (self->extensions, extension);
  activate_alone (self, extension);
  extension_host_process_flush (self);

  if (extension->owner == self)
    return extension;

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_CLOSED,
               _("Extension “%s” was removed as it was added"), id);

  return NULL;
}

static void
deactivate (ExtensionHostProcess   *self,
            ExtensionHostExtension *extension)
{
  GString *text = begin_params (extension);
  g_autofree char *params = end_params (text);

  if (self->rpc_attached && (extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVE ||
                             extension->state == EXTENSION_HOST_EXTENSION_STATE_ACTIVATING))
    extension_host_rpc_call (self->rpc, "extension/deactivate", params, strlen (params),
                             self->spec->request_timeout, TRUE, extension_host_process_ignore_reply,
                             NULL, NULL);
}

/* What becomes of it now is no matter of this host. */
static void
disown (ExtensionHostExtension *extension)
{
  extension_host_extension_set_state (extension, EXTENSION_HOST_EXTENSION_STATE_INACTIVE, NULL);
  extension_host_extension_show (extension);
  extension->owner = NULL;
}

/**
 * extension_host_process_remove_extension:
 * @self: a host
 * @id: the id of an extension
 * @error: return location for an error
 *
 * Removes an extension. If it is active the host is told with the request `extension/deactivate` {id};
 * calls that it has not answered yet may still be.
 *
 * Errors: `NOT_FOUND`; `CLOSED`.
 *
 * Returns: %TRUE if it was removed
 *
 * Since: 0.1
 */
gboolean
extension_host_process_remove_extension (ExtensionHostProcess  *self,
                                         const char            *id,
                                         GError               **error)
{
  g_autoptr(ExtensionHostProcess) hold G_GNUC_UNUSED = NULL;
  g_autoptr(ExtensionHostExtension) extension = NULL;
  guint position = 0;

  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (id != NULL, FALSE);
  g_return_val_if_fail (extension_host_process_is_own_thread (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!extension_host_process_check_open (self, error))
    return FALSE;

  extension = find (self, id);
  if (extension == NULL)
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
                   _("Host “%s” has no extension with id “%s”"), self->spec->id, id);
      return FALSE;
    }

  hold = g_object_ref (self);
  g_object_ref (extension);
  deactivate (self, extension);
  disown (extension);
  g_hash_table_remove (self->extensions_by_id, extension->id);
  if (g_list_store_find (self->extensions, extension, &position))
    g_list_store_remove (self->extensions, position);
  if (self->readiness == EXTENSION_HOST_READINESS_READY)
    activate_next_suspect (self);
  extension_host_extension_tell (extension);
  extension_host_process_flush (self);

  return TRUE;
}

/* The host goes: its extensions may outlive it, but not do anything any more. */
void
extension_host_process_disown_extensions (ExtensionHostProcess *self)
{
  for (guint i = 0; i < count (self); i++)
    disown (nth (self, i));
}

/**
 * extension_host_process_get_extensions:
 * @self: a host
 *
 * Gets [property@ExtensionHost.Process:extensions].
 *
 * Returns: (transfer none): the list
 *
 * Since: 0.1
 */
GListModel *
extension_host_process_get_extensions (ExtensionHostProcess *self)
{
  g_return_val_if_fail (EXTENSION_HOST_IS_PROCESS (self), NULL);

  return G_LIST_MODEL (ensure_extensions (self));
}
