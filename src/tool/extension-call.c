/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-call.h"

#include <string.h>

#include <glib/gi18n.h>

#include <extension-host.h>

#include "extension-hint.h"
#include "facts.h"

/* EXTENSION/COMMAND of a host on the bus: there it is a method of the host, with the extension, the
 * command and its arguments as parameters, as the library calls it in the application. */

void
tool_extension_call_free (ToolExtensionCall *self)
{
  g_free (self->id);
  g_free (self->state);
  g_free (self->error);
  g_free (self->command);
  g_free (self);
}

/* Returns: (nullable): NULL if METHOD is none of an extension of that host */
ToolExtensionCall *
tool_extension_call_find (ToolHost   *host,
                          const char *method)
{
  g_autoptr(GVariant) extensions = tool_facts_get (host->facts, "extensions", "a(sss)");
  gsize length = strcspn (method, "/");
  GVariantIter iter;
  const char *id = NULL;
  const char *state = NULL;
  const char *error = NULL;

  if (extensions == NULL || method[length] == '\0' || method[length + 1] == '\0')
    return NULL;

  g_variant_iter_init (&iter, extensions);
  while (g_variant_iter_next (&iter, "(&s&s&s)", &id, &state, &error))
    {
      ToolExtensionCall *self = NULL;

      if (strlen (id) != length || strncmp (id, method, length) != 0)
        continue;

      self = g_new0 (ToolExtensionCall, 1);
      self->id = g_strdup (id);
      self->state = g_strdup (state);
      self->error = g_strdup (error);
      self->command = g_strdup (method + length + 1);

      return self;
    }

  return NULL;
}

/* The host knows nothing of those that it could not load: why, is told by the application alone. All
 * others may have become active since. */
gboolean
tool_extension_call_check (ToolExtensionCall  *self,
                           GError            **error)
{
  if (g_str_equal (self->state, "quarantined"))
    g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_QUARANTINED,
                 _("Extension “%s” is quarantined: %s"), self->id, self->error);
  else if (g_str_equal (self->state, "failed"))
    g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                 _("Extension “%s” could not be activated: %s"), self->id, self->error);
  else
    return TRUE;

  return FALSE;
}

/* ARGUMENTS: JSON, handed on as it is; empty for none */
char *
tool_extension_call_dup_params (ToolExtensionCall *self,
                                const char        *arguments)
{
  g_autoptr(JsonBuilder) builder = json_builder_begin_object (json_builder_new ());
  g_autofree char *params = NULL;

  json_builder_set_member_name (builder, "id");
  json_builder_add_string_value (builder, self->id);
  json_builder_set_member_name (builder, "command");
  json_builder_add_string_value (builder, self->command);
  params = tool_facts_to_line (builder);
  if (arguments[0] == '\0')
    return g_steal_pointer (&params);

  return g_strdup_printf ("%.*s,\"arguments\":%s}", (int) strlen (params) - 1, params, arguments);
}

/* The host knows no such method: it may have been meant for an extension. */
void
tool_extension_call_tell_hint (ToolHost   *host,
                               const char *method)
{
  g_autoptr(GVariant) extensions = tool_facts_get (host->facts, "extensions", "a(sss)");
  g_autoptr(GPtrArray) ids = g_ptr_array_new ();
  GVariantIter iter;
  const char *id = NULL;

  if (extensions == NULL)
    return;

  g_variant_iter_init (&iter, extensions);
  while (g_variant_iter_next (&iter, "(&s&s&s)", &id, NULL, NULL))
    g_ptr_array_add (ids, (gpointer) id);
  g_ptr_array_add (ids, NULL);

  tool_hint_extension (method, (const char * const *) ids->pdata);
}
