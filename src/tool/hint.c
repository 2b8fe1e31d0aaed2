/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "hint.h"

#include <string.h>

#include <glib/gi18n.h>

#include "message.h"

/* The PATH that the program is looked up in: that of the host, not ours. */
static char *
dup_search_path (ExtensionHostSpec *spec)
{
  g_auto(GStrv) environment = NULL;
  gboolean clear = FALSE;
  const char *path = NULL;

  g_object_get (spec, "environment", &environment, "clear-environment", &clear, NULL);
  if (!clear)
    path = g_getenv ("PATH");
  for (guint i = 0; environment != NULL && environment[i] != NULL; i++)
    {
      if (g_str_has_prefix (environment[i], "PATH="))
        path = environment[i] + strlen ("PATH=");
    }

  return g_strdup (path);
}

/* By the suffix of a script; NULL if it is none that comes to mind */
static const char *
find_runtime (const char *program)
{
  if (g_str_has_suffix (program, ".mjs") || g_str_has_suffix (program, ".cjs") ||
      g_str_has_suffix (program, ".js"))
    return "node";

  return g_str_has_suffix (program, ".py") ? "python" : NULL;
}

static const char *
find_interpreter (const char *program)
{
  if (g_str_has_suffix (program, ".py"))
    return "python3";

  return g_str_has_suffix (program, ".sh") ? "sh" : "node";
}

static char *
dup_not_found_hint (ExtensionHostSpec *spec,
                    const char        *program)
{
  g_autofree char *path = NULL;

  if (strchr (program, ' ') != NULL && !g_file_test (program, G_FILE_TEST_EXISTS))
    return g_strdup (_("No shell takes it apart: the program and each argument are words of their own, "
                       "without quotes around all of them"));

  if (strchr (program, '/') != NULL)
    {
      if (g_file_test (program, G_FILE_TEST_EXISTS))
        return g_strdup_printf (_("“%s” exists, but the interpreter named in its first line, or "
                                  "the loader it needs, does not"), program);

      return g_strdup (_("Check the spelling; a relative path starts from the folder the host "
                         "runs in"));
    }

  path = dup_search_path (spec);
  if (path == NULL)
    return g_strdup (_("The host has no PATH, so that only /bin and /usr/bin were searched: give "
                       "the full path of the program, or --env PATH=…"));

  return g_strdup_printf (_("Searched in PATH=%s; install the program or give its full path"),
                          path);
}

static char *
dup_not_executable_hint (const char *program)
{
  const char *runtime = find_runtime (program);
  const char *interpreter = find_interpreter (program);

  if (g_file_test (program, G_FILE_TEST_IS_DIR))
    return g_strdup_printf (_("“%s” is a folder: name the program in it; one with an extension is run with "
                              "--runtime=NAME, one of spec files is checked with “%s check”"),
                            program, TOOL_NAME);

  if (runtime != NULL)
    return g_strdup_printf (_("Make it executable with “chmod +x %s”, or name its interpreter "
                              "first, such as “%s %s”; an extension is run with --runtime=%s"),
                            program, interpreter, program, runtime);

  return g_strdup_printf (_("Make it executable with “chmod +x %s”, or name its interpreter "
                            "first, such as “%s %s”"), program, interpreter, program);
}

/* What somebody at a terminal can do about a failed start; NULL if nothing comes to mind. */
char *
tool_dup_start_hint (const GError      *error,
                     ExtensionHostSpec *spec)
{
  const char *program = extension_host_spec_get_argv (spec)[0];

  if (error->domain != EXTENSION_HOST_ERROR)
    return NULL;

  switch (error->code)
    {
    case EXTENSION_HOST_ERROR_NOT_FOUND:
      return dup_not_found_hint (spec, program);

    case EXTENSION_HOST_ERROR_NOT_EXECUTABLE:
      return dup_not_executable_hint (program);

    case EXTENSION_HOST_ERROR_BAD_FORMAT:
      return g_strdup (_("A script needs a first line such as “#!/usr/bin/env node”; a binary must "
                         "be built for this machine"));

    case EXTENSION_HOST_ERROR_BAD_WORKING_DIRECTORY:
      return g_strdup (_("Create the folder, or give another one with --working-directory"));

    case EXTENSION_HOST_ERROR_NO_RESOURCES:
      return g_strdup (_("See “ulimit -a”: the limits on open files and processes are the usual "
                         "cause"));

    default:
      return NULL;
    }
}
