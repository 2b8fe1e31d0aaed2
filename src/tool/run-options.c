/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "run-options.h"

#include <string.h>

#include <glib/gi18n.h>

#include "call-words.h"
#include "duration.h"
#include "flags.h"
#include "paint.h"
#include "run-spec.h"
#include "settings.h"

typedef struct
{
  RunOptions *options;
  ToolSettings settings;
  ToolCall *last_call;   /* of --call in this round of parsing */
} Parser;

static void
parser_clear (Parser *self)
{
  tool_settings_clear (&self->settings);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parser, parser_clear)

/* Options are called as the properties are: “--term-timeout” sets “term-timeout”. */
static GValue *
add_setting (Parser     *self,
             const char *option,
             GType       type)
{
  return tool_settings_add (&self->settings, option + strlen ("--"), type);
}

static gboolean
refuse (const char  *option,
        const char  *value,
        const char  *expected,
        GError     **error)
{
  /* TRANSLATORS: the last one says what is allowed, such as “a number” */
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _("Bad value “%s” for %s: expected %s"), value, option, expected);

  return FALSE;
}

static gboolean
on_text (const char  *option,
         const char  *text,
         gpointer     data,
         GError     **error)
{
  g_value_set_string (add_setting (data, option, G_TYPE_STRING), text);

  return TRUE;
}

static gboolean
on_flag (const char  *option,
         const char  *text,
         gpointer     data,
         GError     **error)
{
  g_value_set_boolean (add_setting (data, option, G_TYPE_BOOLEAN), TRUE);

  return TRUE;
}

static gboolean
on_duration (const char  *option,
             const char  *text,
             gpointer     data,
             GError     **error)
{
  guint duration = 0;

  if (!tool_parse_duration (text, &duration))
    return refuse (option, text, _("a duration such as 500ms, 5s or 2min"), error);

  g_value_set_uint (add_setting (data, option, G_TYPE_UINT), duration);

  return TRUE;
}

static gboolean
on_max_restarts (const char  *option,
                 const char  *text,
                 gpointer     data,
                 GError     **error)
{
  guint64 number = EXTENSION_HOST_UNLIMITED;

  if (!g_str_equal (text, "unlimited") &&
      !g_ascii_string_to_unsigned (text, 10, 0, EXTENSION_HOST_UNLIMITED - 1, &number, NULL))
    return refuse (option, text, _("a number or “unlimited”"), error);

  g_value_set_uint (add_setting (data, option, G_TYPE_UINT), (guint) number);

  return TRUE;
}

static gboolean
on_number (const char  *option,
           const char  *text,
           gpointer     data,
           GError     **error)
{
  char *end = NULL;
  double number = g_ascii_strtod (text, &end);

  /* As in a file; infinities and what is no number at all are words to it. */
  if (end == text || *end != '\0' || strspn (text, "0123456789-.") != strlen (text))
    return refuse (option, text, _("a number"), error);

  g_value_set_double (add_setting (data, option, G_TYPE_DOUBLE), number);

  return TRUE;
}

static char *
list_nicks (GEnumClass *values)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < values->n_values; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", values->values[i].value_nick);

  return g_string_free (list, FALSE);
}

static gboolean
set_by_nick (Parser      *self,
             GType        type,
             const char  *option,
             const char  *text,
             GError     **error)
{
  g_autoptr(GTypeClass) values = g_type_class_ref (type);
  const GEnumValue *value = g_enum_get_value_by_nick ((GEnumClass *) values, text);
  g_autofree char *nicks = NULL;
  g_autofree char *expected = NULL;

  if (value != NULL)
    {
      g_value_set_enum (add_setting (self, option, type), value->value);
      return TRUE;
    }

  nicks = list_nicks ((GEnumClass *) values);
  /* TRANSLATORS: a list of words follows, such as “always, on-failure, never” */
  expected = g_strdup_printf (_("one of %s"), nicks);

  return refuse (option, text, expected, error);
}

static gboolean
on_restart (const char  *option,
            const char  *text,
            gpointer     data,
            GError     **error)
{
  return set_by_nick (data, EXTENSION_HOST_TYPE_RESTART_POLICY, option, text, error);
}

static gboolean
on_protocol (const char  *option,
             const char  *text,
             gpointer     data,
             GError     **error)
{
  return set_by_nick (data, EXTENSION_HOST_TYPE_PROTOCOL, option, text, error);
}

static gboolean
on_transport (const char  *option,
              const char  *text,
              gpointer     data,
              GError     **error)
{
  return set_by_nick (data, EXTENSION_HOST_TYPE_TRANSPORT, option, text, error);
}

static gboolean
on_call (const char  *option,
         const char  *text,
         gpointer     data,
         GError     **error)
{
  Parser *self = data;

  if (!tool_check_method (text, error))
    return FALSE;

  if (self->options->calls == NULL)
    self->options->calls = g_ptr_array_new_with_free_func ((GDestroyNotify) tool_call_free);
  self->last_call = tool_call_new (text);
  g_ptr_array_add (self->options->calls, self->last_call);

  return TRUE;
}

static gboolean
on_call_timeout (const char  *option,
                 const char  *text,
                 gpointer     data,
                 GError     **error)
{
  Parser *self = data;
  guint duration = 0;

  if (!tool_parse_duration (text, &duration))
    return refuse (option, text, _("a duration such as 500ms, 5s or 2min"), error);

  self->options->call_timeout_ms = duration != 0 ? duration : EXTENSION_HOST_NO_TIMEOUT;

  return TRUE;
}

static gboolean
on_working_directory (const char  *option,
                      const char  *text,
                      gpointer     data,
                      GError     **error)
{
  if (text[0] == '\0')
    return refuse (option, text, _("a folder"), error);

  g_value_take_string (add_setting (data, option, G_TYPE_STRING),
                       g_canonicalize_filename (text, NULL));

  return TRUE;
}

static gboolean
on_env (const char  *option,
        const char  *text,
        gpointer     data,
        GError     **error)
{
  Parser *self = data;

  if (text[0] == '=' || strchr (text, '=') == NULL)
    return refuse (option, text, _("NAME=VALUE"), error);

  g_strv_builder_add (self->settings.environment, text);

  return TRUE;
}

static gboolean
on_no_restart_exit (const char  *option,
                    const char  *text,
                    gpointer     data,
                    GError     **error)
{
  Parser *self = data;

  g_strv_builder_add (self->settings.no_restart_exits, text);
  self->settings.has_no_restart_exits = TRUE;

  return TRUE;
}

static gboolean
on_color (const char  *option,
          const char  *text,
          gpointer     data,
          GError     **error)
{
  static const char * const words[] = { "auto", "always", "never" };
  Parser *self = data;

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      if (g_str_equal (text, words[i]))
        {
          self->options->color = i;
          return TRUE;
        }
    }

  return refuse (option, text, _("one of auto, always, never"), error);
}

static GOptionGroup *
create_main_group (Parser *parser)
{
  RunOptions *options = parser->options;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json,
      N_("Print events as JSON, one a line"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet,
      N_("Do not print what the host prints"), NULL },
    { "color", 0, 0, G_OPTION_ARG_CALLBACK, on_color,
      N_("Use colors: auto, always or never"), N_("WHEN") },
    { "runtime", 0, 0, G_OPTION_ARG_STRING, &options->runtime,
      N_("Run extensions in a host for node or python"), N_("NAME") },
    { "keep", 0, 0, G_OPTION_ARG_NONE, &options->keep,
      N_("Stay when the host is stopped or crashed"), NULL },
    { "call", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, on_call,
      N_("Call the host, print the result, stop it; may be repeated"), N_("METHOD [JSON]") },
    { "call-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_call_timeout,
      N_("How long to wait for an answer; 0: for ever [60s]"), N_("DURATION") },
    G_OPTION_ENTRY_NULL
  };
  GOptionGroup *group = g_option_group_new ("main", NULL, NULL, parser, NULL);

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);

  return group;
}

static GOptionGroup *
create_host_group (Parser *parser)
{
  static const GOptionEntry entries[] = {
    { "id", 0, 0, G_OPTION_ARG_CALLBACK, on_text,
      N_("What the host is called by programs"), N_("ID") },
    { "name", 0, 0, G_OPTION_ARG_CALLBACK, on_text,
      N_("What the host is called by people"), N_("NAME") },
    { "protocol", 0, 0, G_OPTION_ARG_CALLBACK, on_protocol,
      N_("plain, mcp, mcp-2026, lsp or none [none; with --call or --transport: plain]"),
      N_("PROTOCOL") },
    { "transport", 0, 0, G_OPTION_ARG_CALLBACK, on_transport,
      N_("stdio, or node-ipc for process.send() [stdio]"), N_("TRANSPORT") },
    { "env", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, on_env,
      N_("Set a variable for the host; may be repeated"), N_("NAME=VALUE") },
    { "clear-environment", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_flag,
      N_("Do not hand on the environment"), NULL },
    { "working-directory", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, on_working_directory,
      N_("Run the host in this folder"), N_("FOLDER") },
    { "no-new-privs", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_flag,
      N_("Bar the host from gaining privileges"), NULL },
    G_OPTION_ENTRY_NULL
  };
  GOptionGroup *group = g_option_group_new ("host", _("How the host is run:"),
                                            _("Show options for how the host is run"),
                                            parser, NULL);

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);

  return group;
}

static GOptionGroup *
create_restart_group (Parser *parser)
{
  static const GOptionEntry entries[] = {
    { "restart", 0, 0, G_OPTION_ARG_CALLBACK, on_restart,
      N_("always, on-failure or never [always]"), N_("POLICY") },
    { "max-restarts", 0, 0, G_OPTION_ARG_CALLBACK, on_max_restarts,
      N_("How often within the window, or unlimited [3]"), N_("N") },
    { "restart-window", 0, 0, G_OPTION_ARG_CALLBACK, on_duration,
      N_("How long a failure is remembered [5min]"), N_("DURATION") },
    { "backoff-initial", 0, 0, G_OPTION_ARG_CALLBACK, on_duration,
      N_("Wait before the first restart [1s]"), N_("DURATION") },
    { "backoff-factor", 0, 0, G_OPTION_ARG_CALLBACK, on_number,
      N_("By how much the wait grows [2]"), N_("FACTOR") },
    { "backoff-max", 0, 0, G_OPTION_ARG_CALLBACK, on_duration,
      N_("Longest wait [30s]"), N_("DURATION") },
    { "backoff-jitter", 0, 0, G_OPTION_ARG_CALLBACK, on_number,
      N_("Part of the wait left to chance, 0 to 1 [0]"), N_("FRACTION") },
    { "no-restart-exit", 0, 0, G_OPTION_ARG_CALLBACK, on_no_restart_exit,
      N_("Never restart after this status or signal; may be repeated"), N_("EXIT") },
    G_OPTION_ENTRY_NULL
  };
  GOptionGroup *group = g_option_group_new ("restart", _("When and how often it is restarted:"),
                                            _("Show options for restarting"),
                                            parser, NULL);

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);

  return group;
}

static GOptionGroup *
create_stop_group (Parser *parser)
{
  static const GOptionEntry entries[] = {
    { "exit-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_duration,
      N_("Wait after its input was closed [5s]"), N_("DURATION") },
    { "term-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_duration,
      N_("Wait after SIGTERM [3s]"), N_("DURATION") },
    { "kill-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_duration,
      N_("Wait after SIGKILL [5s]"), N_("DURATION") },
    G_OPTION_ENTRY_NULL
  };
  GOptionGroup *group = g_option_group_new ("stop", _("How it is stopped:"),
                                            _("Show options for stopping"),
                                            parser, NULL);

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);

  return group;
}

static GOptionContext *
create_context (Parser *parser)
{
  GOptionContext *context = g_option_context_new (_("[--] COMMAND… | FILE.exthost | "
                                                     "--runtime=NAME EXTENSION…"));

  g_option_context_set_summary (context,
                                _("Runs an extension host in the foreground, shows what becomes "
                                  "of it and restarts it\nwhen it fails. Ctrl-C stops it, a "
                                  "second Ctrl-C kills it.\n\nAt a terminal, a host that "
                                  "speaks a protocol is called by typing METHOD [JSON],\nand "
                                  "notified by !METHOD [JSON]; Ctrl-D stops it.\n\nAn "
                                  "EXTENSION is a path, or ID=PATH; its commands are called as "
                                  "ID/COMMAND [JSON]."));
  g_option_context_set_description (context,
                                    _("Durations have a unit: 500ms, 5s, 2min, 1h.\n"
                                      "Exit status: 0 after a clean stop, 1 if the host crashed "
                                      "or could not be started,\nor a call failed, 2 for wrong "
                                      "usage."));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  /* What follows the program belongs to the program. */
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_main_group (context, create_main_group (parser));
  g_option_context_add_group (context, create_host_group (parser));
  g_option_context_add_group (context, create_restart_group (parser));
  g_option_context_add_group (context, create_stop_group (parser));

  return context;
}

/* GOption knows no option with two values: it stops at the second, which is taken away, and goes
 * on behind it. */
static gboolean
parse_words (Parser          *self,
             GOptionContext  *context,
             GStrv            original,
             GStrv           *words,
             GError         **error)
{
  for (;;)
    {
      self->last_call = NULL;
      if (!g_option_context_parse_strv (context, words, error))
        return FALSE;
      if (self->last_call == NULL || !tool_call_has_params (self->last_call, original, *words + 1))
        return TRUE;
      if (!tool_call_take_params (self->last_call, *words + 1, error))
        return FALSE;
    }
}

gboolean
run_options_parse (RunOptions  *self,
                   int          argc,
                   char       **argv,
                   GError     **error)
{
  g_auto(Parser) parser = { NULL, };
  g_autoptr(GOptionContext) context = NULL;
  g_auto(GStrv) original = g_strdupv (argv);
  g_auto(GStrv) words = g_strdupv (argv);

  parser.options = self;
  tool_settings_init (&parser.settings);
  context = create_context (&parser);
  if (!parse_words (&parser, context, original, &words, error) ||
      !tool_check_flags (original, g_strv_length (original) - g_strv_length (words + 1), error))
    return FALSE;

  /* “--” stays where it is if an option-like word follows it. */
  return tool_make_run_spec (self, &parser.settings, original,
                             g_strcmp0 (words[1], "--") == 0 ? words + 2 : words + 1, error);
}

/* FD is where the colors would go. */
gboolean
run_options_wants_color (const RunOptions *self,
                         int               fd)
{
  switch (self->color)
    {
    case TOOL_COLOR_ALWAYS:
      return TRUE;
    case TOOL_COLOR_NEVER:
      return FALSE;
    case TOOL_COLOR_AUTO:
    default:
      return tool_shows_color (fd);
    }
}

void
run_options_clear (RunOptions *self)
{
  g_clear_object (&self->spec);
  g_clear_pointer (&self->runtime, g_free);
  g_clear_pointer (&self->extensions, g_ptr_array_unref);
  g_clear_pointer (&self->calls, g_ptr_array_unref);
}
