/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "crash.h"

#include <string.h>

#include <glib/gi18n.h>

#include "hint.h"
#include "message.h"

#define MAX_LOG_LINES 10
#define MAX_DATA (8 * 1024)   /* bytes */

static void
tell_start_error (ExtensionHostProcess *process,
                  const GError         *error)
{
  g_autofree char *hint = tool_dup_start_hint (error, extension_host_process_get_spec (process));

  tool_error ("%s", error->message);
  if (hint != NULL)
    tool_hint ("%s", hint);
}

/* What the crash looked like from inside. */
static void
tell_log (ExtensionHostExit *exit)
{
  const char * const *log = extension_host_exit_get_log (exit);
  guint n_lines = g_strv_length ((char **) log);

  if (n_lines == 0)
    return;

  tool_note (_("The last lines it printed:"));
  for (guint i = n_lines > MAX_LOG_LINES ? n_lines - MAX_LOG_LINES : 0; i < n_lines; i++)
    tool_note ("| %s", log[i]);
}

/* The extensions that it was busy with. */
static void
tell_suspects (ExtensionHostExit *exit)
{
  const char * const *suspects = extension_host_exit_get_suspects (exit);
  guint n_suspects = g_strv_length ((char **) suspects);
  g_autofree char *list = g_strjoinv (", ", (char **) suspects);

  if (n_suspects > 0)
    tool_note (ngettext ("The extension it was busy with: %s",
                         "The extensions it was busy with: %s", n_suspects), list);
}

static void
tell_data (ExtensionHostCallFailure *failure)
{
  JsonNode *data = extension_host_call_failure_get_data (failure);
  g_autofree char *text = NULL;

  if (data == NULL || JSON_NODE_HOLDS_NULL (data))
    return;

  text = json_to_string (data, FALSE);
  if (strlen (text) > MAX_DATA)
    text[MAX_DATA] = '\0';
  tool_note (_("It said more: %s"), text);
}

static void
tell_exit (ExtensionHostCallFailure *failure,
           gboolean                  repeat_log)
{
  ExtensionHostExit *exit = extension_host_call_failure_get_exit (failure);
  g_autofree char *how = NULL;

  if (exit == NULL)
    return;

  how = extension_host_exit_to_string (exit);
  tool_note (_("How the host ended: %s"), how);
  tell_suspects (exit);
  if (repeat_log)
    tell_log (exit);
}

/* Says on stderr why a call has no result; REPEAT_LOG is as below. */
void
tool_tell_failed_call (const ToolAnswer *answer,
                       gboolean          repeat_log)
{
  if (answer->error->domain == EXTENSION_HOST_RPC_ERROR)
    tool_error (_("“%s” was answered with error %d: %s"), answer->method, answer->error->code,
                answer->error->message);
  else
    tool_error (_("“%s” failed: %s"), answer->method, answer->error->message);

  if (answer->failure != NULL)
    {
      tell_data (answer->failure);
      tell_exit (answer->failure, repeat_log);
    }
}

/* Says on stderr why a host rests in crashed, and what can be done. START_ERROR is NULL if it ran;
 * REPEAT_LOG is for those who have not seen its lines. */
void
tool_tell_crash (ExtensionHostProcess *process,
                 const GError         *start_error,
                 gboolean              repeat_log)
{
  const char *name = extension_host_process_get_name (process);
  g_autofree char *how = NULL;
  g_autoptr(ExtensionHostExit) exit = NULL;

  if (start_error != NULL)
    {
      tell_start_error (process, start_error);
      return;
    }

  g_object_get (process, "last-exit", &exit, NULL);
  if (exit == NULL)
    {
      tool_error (_("“%s” crashed"), name);
      return;
    }

  how = extension_host_exit_to_string (exit);
  tool_error (_("“%s” crashed: %s"), name, how);
  tell_suspects (exit);
  if (repeat_log)
    tell_log (exit);
  if (extension_host_exit_get_kind (exit) == EXTENSION_HOST_EXIT_KIND_EXITED &&
      extension_host_exit_get_code (exit) == 0)
    tool_hint (_("A program that is meant to end is run with --restart=on-failure"));
}
