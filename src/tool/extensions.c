/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extensions.h"

#include <string.h>

#include <glib/gi18n.h>

#include "extension-words.h"
#include "message.h"

static gboolean
is_lost_for_good (ExtensionHostExtension *extension)
{
  ExtensionHostExtensionState state = extension_host_extension_get_state (extension);

  return state == EXTENSION_HOST_EXTENSION_STATE_FAILED ||
         state == EXTENSION_HOST_EXTENSION_STATE_QUARANTINED;
}

/* A host without extensions runs on, and looks as if all were well. */
static void
tell_none_active (ToolExtensions *self)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      if (!is_lost_for_good (g_ptr_array_index (self->list, i)))
        {
          self->none_told = FALSE;
          return;
        }
    }

  if (!self->none_told)
    self->none_active (self->owner);
  self->none_told = TRUE;
}

static void
on_state (ExtensionHostExtension *extension,
          GParamSpec             *pspec,
          ToolExtensions         *self)
{
  self->output->extension (self->output, self->process, extension);
  if (extension_host_extension_get_state (extension) == EXTENSION_HOST_EXTENSION_STATE_QUARANTINED)
    tool_hint (_("“%s” is set aside: two hosts in a row crashed while they activated it"),
               extension_host_extension_get_id (extension));

  if (self->none_active != NULL)
    tell_none_active (self);

  self->changed (self->owner);
}

/* WORDS are ToolExtensionWord. */
gboolean
tool_extensions_add (ToolExtensions  *self,
                     GPtrArray       *words,
                     GError         **error)
{
  self->list = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < words->len; i++)
    {
      const ToolExtensionWord *word = g_ptr_array_index (words, i);
      ExtensionHostExtension *extension =
        extension_host_process_add_extension (self->process, word->id, word->path, error);

      if (extension == NULL)
        return FALSE;

      g_ptr_array_add (self->list, g_object_ref (extension));
      g_signal_connect (extension, "notify::state", G_CALLBACK (on_state), self);
    }

  return TRUE;
}

void
tool_extensions_clear (ToolExtensions *self)
{
  for (guint i = 0; self->list != NULL && i < self->list->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->list, i), self);
  g_clear_pointer (&self->list, g_ptr_array_unref);
}

static gboolean
is_settled (ExtensionHostExtension *extension)
{
  switch (extension_host_extension_get_state (extension))
    {
    case EXTENSION_HOST_EXTENSION_STATE_ACTIVE:
    case EXTENSION_HOST_EXTENSION_STATE_FAILED:
    case EXTENSION_HOST_EXTENSION_STATE_QUARANTINED:
      return TRUE;
    case EXTENSION_HOST_EXTENSION_STATE_INACTIVE:
    case EXTENSION_HOST_EXTENSION_STATE_ACTIVATING:
    case EXTENSION_HOST_EXTENSION_STATE_LOST:
    default:
      return FALSE;
    }
}

/* Whether the host is done with activating. */
gboolean
tool_extensions_are_settled (ToolExtensions *self)
{
  /* What failed before a restart is tried again after it. */
  if (extension_host_process_get_readiness (self->process) != EXTENSION_HOST_READINESS_READY)
    return FALSE;

  for (guint i = 0; i < self->list->len; i++)
    if (!is_settled (g_ptr_array_index (self->list, i)))
      return FALSE;

  return TRUE;
}

/* Whose command “ID/COMMAND” is, or NULL if METHOD is none of an extension. */
ExtensionHostExtension *
tool_extensions_find (ToolExtensions  *self,
                      const char      *method,
                      const char     **command)
{
  gsize length = strcspn (method, "/");

  if (method[length] == '\0' || method[length + 1] == '\0')
    return NULL;

  for (guint i = 0; self->list != NULL && i < self->list->len; i++)
    {
      ExtensionHostExtension *extension = g_ptr_array_index (self->list, i);
      const char *id = extension_host_extension_get_id (extension);

      if (strlen (id) == length && strncmp (id, method, length) == 0)
        {
          *command = method + length + 1;
          return extension;
        }
    }

  return NULL;
}

GStrv
tool_extensions_dup_ids (ToolExtensions *self)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; self->list != NULL && i < self->list->len; i++)
    g_strv_builder_add (builder,
                        extension_host_extension_get_id (g_ptr_array_index (self->list, i)));

  return g_strv_builder_end (builder);
}
