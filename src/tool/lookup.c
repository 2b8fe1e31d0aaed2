/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "lookup.h"

#include <string.h>

#include <glib/gi18n.h>

#include "facts.h"
#include "message.h"
#include "near.h"

/* HOST, as somebody types it: ID, or APP/ID. No id has a slash. */

/* The name of one is part of that of its other instances: what is typed is it, if it is there. */
static gboolean
is_exact (const char      *word,
          ToolApplication *application)
{
  gint64 pid = application->pid;
  g_autofree char *number = NULL;

  /* A bus that does not know it: as the application itself sees it, then. */
  if (pid == 0 && application->facts != NULL)
    pid = tool_facts_get_number (application->facts, "process-id", 0);
  number = g_strdup_printf ("%" G_GINT64_FORMAT, pid);

  return g_str_equal (word, application->address) || (pid != 0 && g_str_equal (word, number));
}

/* Whether the host of that id is one that WORD may mean. */
gboolean
tool_host_matches (const char      *word,
                   ToolApplication *application,
                   const char      *id)
{
  const char *slash = strchr (word, '/');
  g_autofree char *name = slash != NULL ? g_strndup (word, (gsize) (slash - word)) : NULL;

  if (slash == NULL)
    return g_str_equal (word, id);

  return g_str_equal (slash + 1, id) &&
         (g_str_equal (name, application->id) || is_exact (name, application));
}

static GPtrArray *
find_matches (ToolBus    *bus,
              const char *word)
{
  g_autofree char *name = g_strndup (word, strcspn (word, "/"));
  GPtrArray *matches = g_ptr_array_new ();
  ToolHost *exact = NULL;

  for (guint i = 0; i < bus->applications->len; i++)
    {
      ToolApplication *application = g_ptr_array_index (bus->applications, i);

      for (guint j = 0; j < application->hosts->len; j++)
        {
          ToolHost *host = g_ptr_array_index (application->hosts, j);

          if (!tool_host_matches (word, application, host->id))
            continue;

          g_ptr_array_add (matches, host);
          if (strchr (word, '/') != NULL && is_exact (name, application))
            exact = host;
        }
    }

  if (exact != NULL)
    {
      g_ptr_array_set_size (matches, 0);
      g_ptr_array_add (matches, exact);
    }

  return matches;
}

/* The shortest form that means this host and no other. */
char *
tool_host_dup_word (ToolBus  *bus,
                    ToolHost *host)
{
  g_autoptr(GPtrArray) matches = find_matches (bus, host->id);

  if (matches->len == 1)
    return g_strdup (host->id);

  return g_strconcat (host->application->address, "/", host->id, NULL);
}

static char *
dup_suggestions (ToolBus    *bus,
                 const char *word)
{
  const char *id = strrchr (word, '/') != NULL ? strrchr (word, '/') + 1 : word;
  GString *list = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < bus->applications->len && id[0] != '\0'; i++)
    {
      ToolApplication *application = g_ptr_array_index (bus->applications, i);

      for (guint j = 0; j < application->hosts->len && n < TOOL_NEAR_MAX; j++)
        {
          ToolHost *host = g_ptr_array_index (application->hosts, j);
          g_autofree char *form = NULL;

          if (!tool_is_near (id, host->id))
            continue;

          form = tool_host_dup_word (bus, host);
          g_string_append_printf (list, _("%s“%s”"), n++ > 0 ? ", " : "", form);
        }
    }

  return g_string_free (list, n == 0);
}

/* APP or APP/ is no host: what its hosts are called. Returns: (nullable) */
static char *
dup_hosts_of_application (ToolBus    *bus,
                          const char *word)
{
  g_autofree char *name = g_strndup (word, strcspn (word, "/"));
  GString *list = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < bus->applications->len; i++)
    {
      ToolApplication *application = g_ptr_array_index (bus->applications, i);

      if (!g_str_equal (name, application->id) && !is_exact (name, application))
        continue;

      for (guint j = 0; j < application->hosts->len && n < TOOL_NEAR_MAX; j++)
        {
          ToolHost *host = g_ptr_array_index (application->hosts, j);

          /* TRANSLATORS: a comma or nothing, and an application and a host of it */
          g_string_append_printf (list, _("%s“%s/%s”"), n++ > 0 ? ", " : "", application->address,
                                  host->id);
        }
    }

  return g_string_free (list, n == 0);
}

static void
tell_missing (ToolBus    *bus,
              const char *word)
{
  const char *slash = strchr (word, '/');
  g_autofree char *suggestions = NULL;

  if (slash == NULL || slash[1] == '\0')
    suggestions = dup_hosts_of_application (bus, word);
  if (suggestions == NULL)
    suggestions = dup_suggestions (bus, word);

  tool_bus_tell_silent (bus);
  tool_error (_("There is no host “%s”"), word);
  if (suggestions != NULL)
    tool_hint (_("Did you mean %s? “%s list” shows all hosts"), suggestions, TOOL_NAME);
  else if (bus->applications->len == 0)
    tool_hint (_("No application on this bus shows its hosts: it calls "
                 "extension_host_manager_publish_async () for that"));
  else
    tool_hint (_("“%s list” shows all hosts"), TOOL_NAME);
}

static void
tell_ambiguous (const char *word,
                GPtrArray  *matches)
{
  g_autoptr(GString) list = g_string_new (NULL);

  for (guint i = 0; i < matches->len; i++)
    {
      ToolHost *host = g_ptr_array_index (matches, i);

      g_string_append_printf (list, _("%s“%s/%s”"), i > 0 ? ", " : "", host->application->address,
                              host->id);
    }

  tool_error (_("“%s” may be one of %u hosts"), word, matches->len);
  tool_hint (_("Write one of %s"), list->str);
}

/* Returns: (nullable): NULL once it told why */
ToolHost *
tool_bus_find_host (ToolBus    *bus,
                    const char *word)
{
  g_autoptr(GPtrArray) matches = find_matches (bus, word);

  if (matches->len == 1)
    return g_ptr_array_index (matches, 0);

  if (matches->len == 0)
    tell_missing (bus, word);
  else
    tell_ambiguous (word, matches);

  return NULL;
}

/* Each once, in the order of WORDS. Returns: (transfer container): NULL once it told why */
GPtrArray *
tool_bus_find_hosts (ToolBus *bus,
                     GStrv    words)
{
  g_autoptr(GPtrArray) hosts = g_ptr_array_new ();

  for (guint i = 0; words[i] != NULL; i++)
    {
      ToolHost *host = tool_bus_find_host (bus, words[i]);

      if (host == NULL)
        return NULL;
      if (!g_ptr_array_find (hosts, host, NULL))
        g_ptr_array_add (hosts, host);
    }

  return g_steal_pointer (&hosts);
}
