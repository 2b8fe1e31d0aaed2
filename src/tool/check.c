/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib/gi18n.h>

#include "check-files.h"
#include "flags.h"
#include "glyphs.h"
#include "json-line.h"
#include "message.h"

typedef struct
{
  gboolean json;
  gboolean quiet;
  GStrv arguments;
} Options;

static void
options_clear (Options *self)
{
  g_clear_pointer (&self->arguments, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options   *self,
               char     **argv,
               GError   **error)
{
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json,
      N_("Print the results as JSON, one file a line"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->quiet,
      N_("Say nothing about files without a mistake"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->arguments, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GOptionContext) context = g_option_context_new (_("FILE.exthost… | FOLDER…"));
  g_auto(GStrv) words = g_strdupv (argv);

  g_option_context_set_summary (context,
                                _("Looks for mistakes in spec files, without starting anything. A "
                                  "folder stands for\nall its *.exthost files."));
  g_option_context_set_description (context,
                                    _("Exit status: 0 if all files are right, 1 if one is wrong "
                                      "or cannot be read, 2 for\nwrong usage."));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse_strv (context, &words, error) ||
      !tool_check_flags (argv, g_strv_length (argv), error))
    return FALSE;

  if (self->arguments != NULL)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                       _("No file and no folder given"));

  return FALSE;
}

/* Those of the library and of GIO; a NULL is no error. */
static const char *
get_code (const GError *error)
{
  gboolean ours = error != NULL && error->domain == EXTENSION_HOST_ERROR;
  g_autoptr(GTypeClass) codes = g_type_class_ref (ours ? EXTENSION_HOST_TYPE_ERROR
                                                       : G_TYPE_IO_ERROR_ENUM);
  const GEnumValue *code = NULL;

  if (error == NULL)
    return NULL;

  if (ours || error->domain == G_IO_ERROR)
    code = g_enum_get_value ((GEnumClass *) codes, error->code);

  return code != NULL ? code->value_nick : "failed";
}

static void
add_text (JsonBuilder *builder,
          const char  *name,
          const char  *text)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;

  json_builder_set_member_name (builder, name);
  if (valid != NULL)
    json_builder_add_string_value (builder, valid);
  else
    json_builder_add_null_value (builder);
}

static void
print_json (const ToolFile *file)
{
  g_autoptr(JsonBuilder) builder = json_builder_begin_object (json_builder_new ());
  g_autoptr(JsonNode) root = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autofree char *line = NULL;
  char *text = NULL;

  add_text (builder, "file", file->name);
  json_builder_set_member_name (builder, "ok");
  json_builder_add_boolean_value (builder, file->error == NULL);
  add_text (builder, "id", file->spec != NULL ? extension_host_spec_get_id (file->spec) : NULL);
  if (file->error != NULL)
    {
      add_text (builder, "error", file->error->message);
      add_text (builder, "code", get_code (file->error));
    }
  json_builder_set_member_name (builder, "warnings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < file->warnings->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (file->warnings, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  bytes = g_bytes_new_take (text, strlen (text));
  line = tool_dup_json_line (bytes);
  printf ("%s\n", line);
}

static void
print_text (const ToolFile *file)
{
  g_autofree char *name = tool_make_printable (file->name);
  g_autofree char *id = tool_make_printable (extension_host_spec_get_id (file->spec));

  printf ("%s: %s\n", name, id);
}

static void
tell (const Options  *options,
      const ToolFile *file)
{
  if (file->error != NULL)
    tool_error ("%s", file->error->message);
  for (guint i = 0; i < file->warnings->len; i++)
    tool_warning ("%s", (const char *) g_ptr_array_index (file->warnings, i));

  if (options->quiet && file->error == NULL)
    return;

  if (options->json)
    print_json (file);
  else if (file->error == NULL)
    print_text (file);
}

/* Whoever reads a list that is cut off must not take it for the whole. */
static gboolean
flush (void)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;

  tool_error (_("Cannot write: %s"), g_strerror (errno));

  return FALSE;
}

ToolStatus
tool_command_check (int    argc,
                    char **argv)
{
  g_auto(Options) options = { FALSE, };
  g_autoptr(GPtrArray) files = tool_files_new ();
  g_autoptr(GError) error = NULL;
  gboolean folder = FALSE;
  ToolStatus status = TOOL_STATUS_OK;

  if (!parse_options (&options, argv, &error))
    {
      tool_error ("%s", error->message);
      tool_hint (_("“%s check --help” lists the options"), TOOL_NAME);
      return TOOL_STATUS_USAGE;
    }

  for (guint i = 0; options.arguments[i] != NULL; i++)
    folder |= tool_files_add (files, options.arguments[i]);
  tool_files_load (files);
  /* A single file is one of a set that nobody has shown us. */
  if (folder || files->len > 1)
    tool_files_compare (files);

  for (guint i = 0; i < files->len; i++)
    {
      const ToolFile *file = g_ptr_array_index (files, i);

      tell (&options, file);
      if (file->error != NULL)
        status = TOOL_STATUS_FAILED;
    }

  return flush () ? status : TOOL_STATUS_FAILED;
}
