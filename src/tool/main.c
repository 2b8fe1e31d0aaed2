/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <stdio.h>

#include <glib/gi18n.h>

#include <extension-host.h>

#include "command.h"
#include "locale-folder.h"
#include "message.h"
#include "near.h"
#include "standard-fds.h"

static const struct
{
  const char *name;
  const char *summary;
  ToolCommandFunc func;
} commands[] = {
  { "run", N_("Run and supervise one extension host"), tool_command_run },
  { "list", N_("List the hosts of all applications"), tool_command_list },
  { "status", N_("Tell all there is to know of a host"), tool_command_status },
  { "monitor", N_("Show what happens to hosts as it happens"), tool_command_monitor },
  { "logs", N_("Show what a host has printed"), tool_command_logs },
  { "history", N_("Show the last changes of the state of a host"), tool_command_history },
  { "call", N_("Call a method of a host"), tool_command_call },
  { "start", N_("Start hosts"), tool_command_operate },
  { "stop", N_("Stop hosts, gently first"), tool_command_operate },
  { "restart", N_("Stop and start hosts"), tool_command_operate },
  { "kill", N_("Kill all processes of hosts"), tool_command_operate },
  { "pause", N_("Do nothing automatically for hosts"), tool_command_operate },
  { "resume", N_("End a pause"), tool_command_operate },
  { "quarantine", N_("Stop hosts and keep them from being started"), tool_command_operate },
  { "release", N_("End a quarantine"), tool_command_operate },
  { "reset", N_("Forget past failures of hosts"), tool_command_operate },
  { "check", N_("Look for mistakes in spec files"), tool_command_check },
};

static void
print_help (void)
{
  printf (_("Usage:\n  %s COMMAND [OPTION…]\n\n"), TOOL_NAME);
  printf (_("Runs extension hosts and keeps them alive, and shows and controls those of\napplications.\n\n"));
  printf (_("Commands:\n"));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("  %-12s %s\n", commands[i].name, _(commands[i].summary));
  printf ("  %-12s %s\n", "help", _("Show help, or that for a command"));
  printf (_("\nOptions:\n"));
  printf ("  %-12s %s\n", "-h, --help", _("Show help; also after a command"));
  printf ("  %-12s %s\n", "--version", _("Show the version"));
}

static void
tell_missing (const char *word)
{
  const char *known[G_N_ELEMENTS (commands) + 4] = { "help", "--help", "--version", NULL };
  g_autofree char *suggestions = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    known[i + 3] = commands[i].name;

  suggestions = tool_near_dup_list (word, known);
  tool_error (_("There is no command “%s”"), word);
  if (suggestions != NULL)
    tool_hint (_("Did you mean %s? “%s --help” lists the commands"), suggestions, TOOL_NAME);
  else if (word[0] == '-')
    tool_hint (_("Options follow the command; “%s --help” lists the commands"), TOOL_NAME);
  else
    tool_hint (_("“%s --help” lists the commands"), TOOL_NAME);
}

static ToolStatus
run_command (int    argc,
             char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_strcmp0 (argv[0], commands[i].name) == 0)
        {
          /* Shown by GOptionContext in the usage line. */
          g_autofree char *name = g_strdup_printf ("%s %s", TOOL_NAME, commands[i].name);

          g_set_prgname (name);
          return commands[i].func (argc, argv);
        }
    }

  tell_missing (argv[0]);

  return TOOL_STATUS_USAGE;
}

/* “help COMMAND” is “COMMAND --help”. */
static ToolStatus
run_help (int    argc,
          char **argv)
{
  char option[] = "--help";

  if (argc == 1 || argv[1][0] == '-' || g_str_equal (argv[1], "help"))
    {
      print_help ();
      return TOOL_STATUS_OK;
    }

  return run_command (2, (char *[]) { argv[1], option, NULL });
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *locale_folder = NULL;

  tool_open_standard_fds ();

  setlocale (LC_ALL, "");
  locale_folder = tool_dup_locale_folder ();
  bindtextdomain (GETTEXT_PACKAGE, locale_folder);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname (TOOL_NAME);

  if (argc < 2)
    {
      tool_error (_("No command given"));
      tool_hint (_("“%s --help” lists the commands"), TOOL_NAME);
      return TOOL_STATUS_USAGE;
    }

  if (g_str_equal (argv[1], "--version"))
    {
      printf ("%s %s\n", TOOL_NAME, EXTENSION_HOST_VERSION_S);
      return TOOL_STATUS_OK;
    }

  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))
    {
      print_help ();
      return TOOL_STATUS_OK;
    }

  if (g_str_equal (argv[1], "help"))
    return run_help (argc - 1, argv + 1);

  return run_command (argc - 1, argv + 1);
}
