/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "extension-host-error.h"
#include "extension-host-spec-file-private.h"
#include "extension-host-spec-table-private.h"

#define MAX_MESSAGE 2000    /* bytes: what an error shows of a file is cut */

int LLVMFuzzerTestOneInput (const guint8 *data,
                            size_t        size);

/* In memory, so that nothing is left behind by an input that crashes. */
static GFile *
new_file (void)
{
  static int fd = -1;
  g_autofree char *path = NULL;

  if (fd == -1)
    fd = memfd_create ("spec", MFD_CLOEXEC);
  g_assert_cmpint (fd, !=, -1);
  path = g_strdup_printf ("/proc/self/fd/%d", fd);

  return g_file_new_for_path (path);
}

static void
write_file (GFile      *file,
            const char *text,
            gsize       size)
{
  g_autofree char *base_name = g_file_get_basename (file);
  int fd = atoi (base_name);

  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (pwrite (fd, text, size, 0), ==, size);
}

static void
check_error (GFile        *file,
             const GError *error)
{
  g_autofree char *name = g_file_get_parse_name (file);
  g_autofree char *prefix = g_strconcat (name, ":", NULL);
  const char *rest = error->message + strlen (prefix);

  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, MAX_MESSAGE);
  g_assert_true (g_str_has_prefix (error->message, prefix));
  g_assert_cmpuint (g_ascii_strtoull (rest, NULL, 10), >, 0);
  for (const char *c = error->message; *c != '\0'; c++)
    g_assert_true (*c == '\t' || !g_ascii_iscntrl (*c));
}

static ExtensionHostSpec *
load (const char *text,
      gsize       size)
{
  g_autoptr(GFile) file = new_file ();
  g_autoptr(GError) error = NULL;
  ExtensionHostSpec *spec = NULL;

  write_file (file, text, size);
  spec = extension_host_spec_file_load (file, &error);
  g_assert_true ((spec == NULL) == (error != NULL));
  if (error != NULL)
    check_error (file, error);

  return spec;
}

static gboolean
is_same (ExtensionHostSpec          *one,
         ExtensionHostSpec          *other,
         const ExtensionHostSpecRow *row)
{
  if (row->storage == EXTENSION_HOST_SPEC_STORAGE_TEXT)
    return g_strcmp0 (extension_host_spec_field (one, row, char *),
                      extension_host_spec_field (other, row, char *)) == 0;
  if (row->storage == EXTENSION_HOST_SPEC_STORAGE_STRV)
    {
      char **strings = extension_host_spec_field (one, row, char **);
      char **others = extension_host_spec_field (other, row, char **);

      /* No program at all is NULL, and no list that a file can give. */
      if (strings == NULL || others == NULL)
        return strings == others;

      return g_strv_equal ((const char * const *) strings, (const char * const *) others);
    }
  if (row->storage == EXTENSION_HOST_SPEC_STORAGE_DOUBLE)
    return memcmp (&extension_host_spec_field (one, row, double),
                   &extension_host_spec_field (other, row, double), sizeof (double)) == 0;

  return extension_host_spec_get_number (one, row) == extension_host_spec_get_number (other, row);
}

static void
assert_same (ExtensionHostSpec *one,
             ExtensionHostSpec *other)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    if (!is_same (one, other, &rows[i]))
      g_error ("“%s” differs", rows[i].name);
}

/* Writing */

static void
append_escaped (GString    *out,
                const char *text,
                gboolean    in_list)
{
  for (; *text != '\0'; text++)
    switch (*text)
      {
      case ' ':
        g_string_append (out, "\\s");
        break;
      case '\t':
        g_string_append (out, "\\t");
        break;
      case '\n':
        g_string_append (out, "\\n");
        break;
      case '\r':
        g_string_append (out, "\\r");
        break;
      case '\\':
        g_string_append (out, "\\\\");
        break;
      case ';':
        g_string_append (out, in_list ? "\\;" : ";");
        break;
      default:
        g_string_append_c (out, *text);
        break;
      }
}

static void
append_list (GString  *out,
             char    **strings)
{
  for (; *strings != NULL; strings++)
    {
      append_escaped (out, *strings, TRUE);
      g_string_append_c (out, ';');
    }
}

static void
append_command (GString  *out,
                char    **argv)
{
  for (; *argv != NULL; argv++)
    {
      g_autofree char *quoted = g_shell_quote (*argv);

      g_string_append_printf (out, "%s ", quoted);
    }
}

static void
append_value (GString                    *out,
              ExtensionHostSpec          *spec,
              const ExtensionHostSpecRow *row)
{
  g_autoptr(GEnumClass) klass = row->get_type != NULL ? g_type_class_ref (row->get_type ()) : NULL;
  g_autofree char *number = NULL;

  switch (row->syntax)
    {
    case EXTENSION_HOST_SPEC_SYNTAX_TEXT:
    case EXTENSION_HOST_SPEC_SYNTAX_PATH:
      append_escaped (out, extension_host_spec_field (spec, row, char *), FALSE);
      break;
    case EXTENSION_HOST_SPEC_SYNTAX_JSON:
      g_string_append (out, extension_host_spec_field (spec, row, char *));
      break;
    case EXTENSION_HOST_SPEC_SYNTAX_COMMAND:
      append_command (out, extension_host_spec_field (spec, row, char **));
      break;
    case EXTENSION_HOST_SPEC_SYNTAX_LIST:
      append_list (out, extension_host_spec_field (spec, row, char **));
      break;
    case EXTENSION_HOST_SPEC_SYNTAX_FRACTION:
      /* In full: exponents are refused. */
      g_string_append_printf (out, "%.1100f", extension_host_spec_field (spec, row, double));
      break;
    case EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN:
      g_string_append (out, extension_host_spec_get_number (spec, row) != 0 ? "true" : "false");
      break;
    case EXTENSION_HOST_SPEC_SYNTAX_NICK:
      g_string_append (out, g_enum_get_value (klass, extension_host_spec_get_number (spec, row))
                              ->value_nick);
      break;
    case EXTENSION_HOST_SPEC_SYNTAX_COUNT:
    case EXTENSION_HOST_SPEC_SYNTAX_DURATION:
    case EXTENSION_HOST_SPEC_SYNTAX_SIZE:
    case EXTENSION_HOST_SPEC_SYNTAX_INTEGER:
    case EXTENSION_HOST_SPEC_SYNTAX_OCTAL:
      number = extension_host_spec_row_format (row, extension_host_spec_get_number (spec, row));
      g_string_append (out, number);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Only what is not as by default: a key without effect is refused. */
static void
check_written (ExtensionHostSpec *spec)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);
  g_autoptr(ExtensionHostSpec) plain = g_object_new (EXTENSION_HOST_TYPE_SPEC, NULL);
  g_autoptr(ExtensionHostSpec) again = NULL;
  g_autoptr(GString) text = g_string_new ("[Extension Host]\n");

  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *key = extension_host_spec_row_dup_key (&rows[i]);

      if (is_same (spec, plain, &rows[i]))
        continue;
      g_string_append_printf (text, "%s=", key);
      append_value (text, spec, &rows[i]);
      g_string_append_c (text, '\n');
    }

  again = load (text->str, text->len);
  if (again == NULL)
    g_error ("Written, it is refused:\n%s", text->str);
  assert_same (again, spec);
}

/* Reading in other ways */

/* With a byte order mark, other ends of lines, and comments between them. */
static void
check_dressed (ExtensionHostSpec *spec,
               const char        *text,
               gsize              size)
{
  g_autoptr(GString) dressed = g_string_new ("\xef\xbb\xbf#\r\n");
  g_autoptr(ExtensionHostSpec) again = NULL;

  if (size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    {
      text += 3;
      size -= 3;
    }
  for (gsize i = 0; i < size; i++)
    {
      if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
        g_string_append_c (dressed, '\r');
      g_string_append_c (dressed, text[i]);
      if (text[i] == '\n')
        g_string_append (dressed, " \t# a = b\n\n");
    }

  again = load (dressed->str, dressed->len);
  g_assert_nonnull (again);
  assert_same (again, spec);
}

/* It is a key file for others, too. */
static void
check_key_file (ExtensionHostSpec *spec,
                const char        *text,
                gsize              size)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);
  g_autoptr(GKeyFile) key_file = g_key_file_new ();
  g_autoptr(GError) error = NULL;

  if (size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    return;   /* which it skips in files only */

  g_key_file_load_from_data (key_file, text, size, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *key = extension_host_spec_row_dup_key (&rows[i]);
      g_autofree char *value = g_key_file_get_string (key_file, "Extension Host", key, NULL);

      if (value != NULL && rows[i].syntax == EXTENSION_HOST_SPEC_SYNTAX_TEXT)
        g_assert_cmpstr (value, ==, extension_host_spec_field (spec, &rows[i], char *));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        size_t        size)
{
  g_autofree char *text = g_memdup2 (data, size);
  g_autoptr(ExtensionHostSpec) spec = load (text, size);
  g_autoptr(ExtensionHostSpec) again = NULL;
  g_autoptr(ExtensionHostSpec) copy = NULL;
  g_autoptr(GError) error = NULL;

  if (spec == NULL)
    return 0;

  extension_host_spec_validate (spec, &error);
  g_assert_no_error (error);
  again = load (text, size);
  assert_same (again, spec);
  copy = extension_host_spec_copy (spec);
  assert_same (copy, spec);
  check_written (spec);
  check_dressed (spec, text, size);
  check_key_file (spec, text, size);

  return 0;
}
