/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bus-error.h"

#include <string.h>

#include <glib/gi18n.h>

#include "facts.h"
#include "lookup.h"
#include "message.h"

/* Why an application did not do what it was asked for. */

#define OURS "org.extensionhost.Error."

/* InvalidTransition → invalid-transition, as “run --json” calls it. ERROR must still have what the
 * bus put in front of its message. */
char *
tool_dup_error_kind (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  const char *kind = NULL;
  GString *dashed = g_string_new (NULL);

  if (name == NULL)
    {
      g_string_append (dashed, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
                                 ? "timed-out" : "failed");
      return g_string_free (dashed, FALSE);
    }

  kind = g_str_has_prefix (name, OURS) ? name + strlen (OURS) : strrchr (name, '.') + 1;
  for (const char *p = kind; *p != '\0'; p++)
    {
      if (g_ascii_isupper (*p) && p > kind)
        g_string_append_c (dashed, '-');
      g_string_append_c (dashed, g_ascii_tolower (*p));
    }

  return g_string_free (dashed, FALSE);
}

static void
hint_access (ToolHost   *host,
             const char *action)
{
  const char *access = tool_facts_get_text (host->application->facts, "access");
  gboolean call = g_strcmp0 (action, "call") == 0;

  tool_hint (_("“%s” publishes its hosts with access “%s”: it would have to pass %s to "
               "extension_host_manager_publish_async ()"),
             host->application->address, access,
             call ? "EXTENSION_HOST_ACCESS_CALL" : "EXTENSION_HOST_ACCESS_CONTROL");
}

/* WORD: what the host is typed as */
static void
hint_kind (const char *word,
           const char *kind)
{
  if (g_str_equal (kind, "quarantined"))
    tool_hint (_("“%s release %s” ends the quarantine"), TOOL_NAME, word);
  else if (g_str_equal (kind, "not-running"))
    tool_hint (_("“%s start %s” starts it"), TOOL_NAME, word);
  else if (g_str_equal (kind, "not-found") || g_str_equal (kind, "not-executable") ||
           g_str_equal (kind, "invalid-transition") || g_str_equal (kind, "host-exited"))
    tool_hint (_("“%s status %s” tells more"), TOOL_NAME, word);
}

/* ACTION is the command, such as “stop”; NULL for one that only looks. Afterwards the
 * message of ERROR is that for people. */
void
tool_tell_refusal (ToolBus    *bus,
                   ToolHost   *host,
                   const char *action,
                   GError     *error)
{
  g_autofree char *kind = tool_dup_error_kind (error);
  g_autofree char *word = tool_host_dup_word (bus, host);

  g_dbus_error_strip_remote_error (error);
  if (g_str_equal (kind, "rpc"))
    tool_error (_("“%s” answered with an error: %s"), host->id, error->message);
  else if (action == NULL)
    tool_error (_("Cannot look at “%s”: %s"), host->id, error->message);
  else
    /* TRANSLATORS: a command, such as stop or call; it is not translated */
    tool_error (_("Cannot %s “%s”: %s"), action, host->id, error->message);

  if (g_str_equal (kind, "access-denied"))
    hint_access (host, action);
  else
    hint_kind (word, kind);
}
