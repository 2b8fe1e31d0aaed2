/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-hint.h"

#include <string.h>

#include <glib/gi18n.h>

#include "message.h"
#include "near.h"

#define MAX_LISTED 10

static char *
dup_list (const char * const *ids)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; ids[i] != NULL && i < MAX_LISTED; i++)
    /* TRANSLATORS: a comma or nothing, and a name in a list of names */
    g_string_append_printf (list, _("%s“%s”"), i > 0 ? ", " : "", ids[i]);
  if (g_strv_length ((char **) ids) > MAX_LISTED)
    g_string_append (list, ", …");

  return g_string_free (list, FALSE);
}

/* A host answered that it has no METHOD: it may have been meant for one of its extensions. IDS are
 * theirs. */
void
tool_hint_extension (const char         *method,
                     const char * const *ids)
{
  gboolean has_slash = strchr (method, '/') != NULL;
  g_autofree char *id = g_strndup (method, strcspn (method, "/"));
  g_autofree char *list = dup_list (ids);
  g_autofree char *suggestions = NULL;

  /* Of one that is there it is the command that is not. */
  if (ids[0] == NULL || (has_slash && g_strv_contains (ids, id)))
    return;

  suggestions = tool_near_dup_list (id, ids);
  if (!has_slash)
    tool_hint (_("Commands of extensions are called as ID/COMMAND; its extensions are %s"), list);
  else if (suggestions != NULL)
    tool_hint (_("It has no extension “%s”. Did you mean %s?"), id, suggestions);
  else
    tool_hint (_("It has no extension “%s”; its extensions are %s"), id, list);
}
