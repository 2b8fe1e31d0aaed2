/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "run-spec.h"

#include <glib/gi18n.h>

#include "extension-words.h"
#include "idle-options.h"
#include "runtimes.h"

/* What is run: a command, what a file describes, or a runtime with extensions. */

static gboolean
refuse (const char  *message,
        GError     **error)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, message);

  return FALSE;
}

static ExtensionHostSpec *
create_spec_for_command (RunOptions    *options,
                         ToolSettings  *settings,
                         char         **command)
{
  g_autofree char *id = g_path_get_basename (command[0]);
  ExtensionHostSpec *spec = extension_host_spec_new (id, (const char * const *) command);

  /* Who says how messages are carried, or calls, means that there are some. */
  if (options->calls == NULL && !tool_settings_has (settings, "transport"))
    g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_NONE, NULL);

  return spec;
}

/* What a shell and env exit with when a program is not there: that of a runtime is its interpreter,
 * and the next attempt would not find it either. */
static const char * const no_interpreter[] = { "126", "127", NULL };

static ExtensionHostSpec *
create_spec_for_runtime (const char  *name,
                         GError     **error)
{
  g_autofree char *program = tool_runtime_find (name, error);
  const char *argv[] = { program, NULL };
  ExtensionHostSpec *spec = NULL;

  if (program == NULL)
    return NULL;

  spec = extension_host_spec_new (name, argv);
  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_PLAIN,
                "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,
                "no-restart-exits", no_interpreter,
                NULL);

  return spec;
}

/* `run FILE.exthost`, unless it was written after “--”: then it is a program. */
static gboolean
names_a_file (GStrv original,
              char *words[])
{
  guint place = g_strv_length (original) - g_strv_length (words);

  return g_str_has_suffix (words[0], ".exthost") && !g_str_equal (original[place - 1], "--");
}

static ExtensionHostSpec *
create_spec_for_file (char    *words[],
                      GError **error)
{
  g_autoptr(GFile) file = g_file_new_for_commandline_arg (words[0]);

  if (words[1] != NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _("“%s” follows the spec file “%s”, which takes no arguments: extensions need "
                     "--runtime, and a program that is called like a spec file needs “--”"),
                   words[1], words[0]);
      return NULL;
    }

  return extension_host_spec_new_from_file (file, error);
}

static ExtensionHostSpec *
create_spec_for_extensions (RunOptions  *options,
                            char        *words[],
                            GError     **error)
{
  g_autoptr(ExtensionHostSpec) spec = NULL;

  options->extensions = tool_extension_words_parse (words, error);
  if (options->extensions == NULL)
    return NULL;

  spec = create_spec_for_runtime (options->runtime, error);
  if (spec == NULL || !tool_extension_words_check (options->extensions, error))
    return NULL;

  return g_steal_pointer (&spec);
}

static ExtensionHostSpec *
create_base (RunOptions    *options,
             ToolSettings  *settings,
             GStrv          original,
             char          *words[],
             GError       **error)
{
  if (words[0] == NULL)
    {
      refuse (options->runtime != NULL ? _("No extension given")
                                       : _("No command and no file given"), error);
      return NULL;
    }

  if (options->runtime != NULL)
    return create_spec_for_extensions (options, words, error);

  if (names_a_file (original, words))
    return create_spec_for_file (words, error);

  return create_spec_for_command (options, settings, words);
}

static gboolean
check_protocol (RunOptions         *options,
                ExtensionHostSpec  *spec,
                GError            **error)
{
  ExtensionHostProtocol protocol = EXTENSION_HOST_PROTOCOL_NONE;
  ExtensionHostTransport transport = EXTENSION_HOST_TRANSPORT_STDIO;

  g_object_get (spec, "protocol", &protocol, "transport", &transport, NULL);
  if (options->runtime != NULL && (protocol != EXTENSION_HOST_PROTOCOL_PLAIN ||
                                   transport != EXTENSION_HOST_TRANSPORT_STDIO))
    return refuse (_("A runtime speaks plain on stdio: --runtime excludes any other protocol and "
                     "transport"), error);
  if (options->calls != NULL && protocol == EXTENSION_HOST_PROTOCOL_NONE)
    return refuse (_("--call needs a protocol, and that of this host is none"), error);
  if (options->calls != NULL && options->keep)
    return refuse (_("--call ends with the last call: it excludes --keep"), error);

  return TRUE;
}

/* ORIGINAL is the command line, WORDS are those of its words that are no options. */
gboolean
tool_make_run_spec (RunOptions    *options,
                    ToolSettings  *settings,
                    GStrv          original,
                    char          *words[],
                    GError       **error)
{
  g_autoptr(ExtensionHostSpec) base = create_base (options, settings, original, words, error);

  if (base == NULL)
    return FALSE;

  options->spec = tool_settings_apply (settings, base);

  return extension_host_spec_validate (options->spec, error) &&
         check_protocol (options, options->spec, error) &&
         tool_check_idle_options (settings, options->spec, error);
}
