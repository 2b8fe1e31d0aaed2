/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "crash.h"

#include <glib/gi18n.h>

#include "hint.h"
#include "message.h"

#define MAX_LOG_LINES 10

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
  if (repeat_log)
    tell_log (exit);
  if (extension_host_exit_get_kind (exit) == EXTENSION_HOST_EXIT_KIND_EXITED &&
      extension_host_exit_get_code (exit) == 0)
    tool_hint (_("A program that is meant to end is run with --restart=on-failure"));
}
