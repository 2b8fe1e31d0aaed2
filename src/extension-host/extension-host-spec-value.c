/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-spec-check-private.h"
#include "extension-host-spec-value-private.h"

#define DIGITS "0123456789"
#define MAX_DECIMALS 9

typedef struct
{
  const char *name;
  gint64 scale;
} Unit;

static const Unit time_units[] = {
  { "ms", 1 }, { "s", 1000 }, { "min", 60 * 1000 }, { "h", 60 * 60 * 1000 }, { NULL, 0 }
};

static const Unit size_units[] = {
  { "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { NULL, 0 }
};

static gboolean
blame (char **cause,
       char  *text)
{
  *cause = text;

  return FALSE;
}

/* The escapes of key files, and in lists that of the separator. */
static gboolean
unescape (const char **p,
          gboolean     in_list,
          GString     *out,
          char       **cause)
{
  static const char letters[] = "sntr\\";
  static const char meanings[] = " \n\t\r\\";
  char c = (*p)[1];
  const char *letter = c != '\0' ? strchr (letters, c) : NULL;

  if (letter != NULL)
    g_string_append_c (out, meanings[letter - letters]);
  else if (in_list && c == ';')
    g_string_append_c (out, ';');
  else if (c == '\0')
    return blame (cause, g_strdup (_("ends with a single backslash")));
  else
    return blame (cause, g_strdup_printf (_("“\\%.*s” is not an escape"),
                                          (int) (g_utf8_next_char (*p + 1) - (*p + 1)), *p + 1));
  *p += 2;

  return TRUE;
}

static char *
dup_unescaped (const char  *text,
               char       **cause)
{
  g_autoptr(GString) out = g_string_new (NULL);
  const char *p = text;

  while (*p != '\0')
    {
      if (*p != '\\')
        g_string_append_c (out, *p++);
      else if (!unescape (&p, FALSE, out, cause))
        return NULL;
    }

  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* One element, up to a separator or the end, without the plain spaces around it. */
static gboolean
read_element (const char **p,
              GString     *out,
              char       **cause)
{
  gsize kept = 0;

  *p += strspn (*p, " \t");
  while (**p != '\0' && **p != ';')
    {
      gboolean space = **p == ' ' || **p == '\t';

      if (**p != '\\')
        g_string_append_c (out, *(*p)++);
      else if (!unescape (p, TRUE, out, cause))
        return FALSE;
      if (!space)
        kept = out->len;
    }
  g_string_truncate (out, kept);

  return TRUE;
}

static gboolean
parse_list (const char   *text,
            char       ***field,
            char        **cause)
{
  g_autoptr(GPtrArray) elements = g_ptr_array_new_with_free_func (g_free);
  const char *p = text;

  while (*p != '\0')
    {
      g_autoptr(GString) element = g_string_new (NULL);

      if (!read_element (&p, element, cause))
        return FALSE;

      g_ptr_array_add (elements, g_string_free (g_steal_pointer (&element), FALSE));
      if (*p == ';')
        p++;
    }
  g_ptr_array_add (elements, NULL);

  g_strfreev (*field);
  *field = (char **) g_ptr_array_free (g_steal_pointer (&elements), FALSE);

  return TRUE;
}

static char *
dup_absolute (const char  *path,
              const char  *folder,
              char       **cause)
{
  if (g_path_is_absolute (path))
    return g_strdup (path);

  if (path[0] == '~' && (path[1] == '/' || path[1] == '\0'))
    *cause = g_strdup (_("“~” is not expanded; give the path in full"));
  else if (folder == NULL)
    *cause = g_strdup_printf (_("“%s” is relative, and this file is in no local folder"), path);
  else
    return g_canonicalize_filename (path, folder);

  return NULL;
}

static gboolean
replace_text (char **field,
              char  *text)
{
  if (text == NULL)
    return FALSE;

  g_free (*field);
  *field = text;

  return TRUE;
}

static gboolean
parse_path (const char  *text,
            const char  *folder,
            char       **field,
            char       **cause)
{
  g_autofree char *path = dup_unescaped (text, cause);

  if (path == NULL)
    return FALSE;
  if (*path == '\0')
    return blame (cause, g_strdup (_("is empty")));

  return replace_text (field, dup_absolute (path, folder, cause));
}

/* Backslashes are for g_shell_parse_argv (), as in a shell, and not doubled. */
static gboolean
parse_command (const char   *text,
               const char   *folder,
               char       ***field,
               char        **cause)
{
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;

  if (!g_shell_parse_argv (text, NULL, &argv, &error))
    return blame (cause, g_strdup_printf (_("cannot be split: %s"), error->message));

  if (strchr (argv[0], '/') != NULL &&
      !replace_text (&argv[0], dup_absolute (argv[0], folder, cause)))
    return FALSE;

  g_strfreev (*field);
  *field = g_steal_pointer (&argv);

  return TRUE;
}

static gboolean
parse_boolean (const char  *text,
               gint64      *number,
               char       **cause)
{
  *number = strcmp (text, "true") == 0;
  if (*number == 1 || strcmp (text, "false") == 0)
    return TRUE;

  return blame (cause, g_strdup_printf (_("“%s” is neither “true” nor “false”"), text));
}

static gboolean
parse_nick (const ExtensionHostSpecRow  *row,
            const char                  *text,
            gint64                      *number,
            char                       **cause)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (row->get_type ());
  const GEnumValue *value = g_enum_get_value_by_nick (klass, text);
  g_autoptr(GString) nicks = g_string_new (NULL);

  if (value != NULL)
    {
      *number = value->value;
      return TRUE;
    }

  for (guint i = 0; i < klass->n_values; i++)
    g_string_append_printf (nicks, "%s%s", i > 0 ? ", " : "", klass->values[i].value_nick);

  return blame (cause, g_strdup_printf (_("“%s” is not one of: %s"), text, nicks->str));
}

static const Unit *
find_unit (const Unit *units,
           const char *name)
{
  for (guint i = 0; units[i].name != NULL; i++)
    {
      if (strcmp (units[i].name, name) == 0)
        return &units[i];
    }

  return NULL;
}

/* The decimals of a number, times the scale. FALSE = that is not a whole number. */
static gboolean
scale_decimals (const char *decimals,
                gsize       n_decimals,
                gint64      scale,
                gint64     *part)
{
  gint64 value = 0;
  gint64 power = 1;

  for (gsize i = 0; i < n_decimals; i++)
    {
      value = value * 10 + (decimals[i] - '0');
      power *= 10;
    }
  *part = value * scale / power;

  return value * scale % power == 0;
}

/* More than fits into a gint64 becomes the largest, which is out of every range that matters. */
static gint64
scale_whole (const char *digits,
             gint64      scale,
             gint64      part)
{
  guint64 number = g_ascii_strtoull (digits, NULL, 10);

  if (!g_uint64_checked_mul (&number, number, (guint64) scale) ||
      !g_uint64_checked_add (&number, number, (guint64) part))
    return G_MAXINT64;

  return (gint64) MIN (number, (guint64) G_MAXINT64);
}

/* What is written like 1.5h, by a table of units. */
static gboolean
parse_scaled (const char  *text,
              const Unit  *units,
              const char  *hint,
              gint64      *number,
              char       **cause)
{
  gsize n_digits = strspn (text, DIGITS);
  const char *rest = text + n_digits;
  gsize n_decimals = *rest == '.' ? strspn (rest + 1, DIGITS) : 0;
  const Unit *unit = NULL;
  gint64 part = 0;

  *number = 0;
  if (n_digits > 0 && strspn (text, "0") == strlen (text))
    return TRUE;
  if (n_digits == 0 || (*rest == '.' && n_decimals == 0))
    return blame (cause, g_strdup_printf (_("“%s” is not a number with a unit (%s)"),
                                          text, hint));

  unit = find_unit (units, *rest == '.' ? rest + 1 + n_decimals : rest);
  if (unit == NULL)
    return blame (cause, g_strdup_printf (_("“%s” has no unit that is known (%s)"),
                                          text, hint));
  if (n_decimals > MAX_DECIMALS || !scale_decimals (rest + 1, n_decimals, unit->scale, &part))
    return blame (cause, g_strdup_printf (_("“%s” is not a whole number of %s"), text,
                                          units == time_units ? _("ms") : _("bytes")));

  *number = scale_whole (text, unit->scale, part);

  return TRUE;
}

static gboolean
parse_plain (const char  *text,
             guint        base,
             gint64      *number,
             char       **cause)
{
  g_autoptr(GError) error = NULL;

  if (g_ascii_string_to_signed (text, base, G_MININT64, G_MAXINT64, number, &error))
    return TRUE;

  if (g_error_matches (error, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
    *number = *text == '-' ? G_MININT64 : G_MAXINT64;
  else if (base == 8)
    return blame (cause, g_strdup_printf (_("“%s” is not an octal number"), text));
  else
    return blame (cause, g_strdup_printf (_("“%s” is not a whole number"), text));

  return TRUE;
}

static gboolean
parse_fraction (const ExtensionHostSpecRow  *row,
                const char                  *text,
                double                      *field,
                char                       **cause)
{
  char *end = NULL;
  double fraction = g_ascii_strtod (text, &end);

  if (*text == '\0' || *end != '\0' || strspn (text, DIGITS "-.") != strlen (text))
    return blame (cause, g_strdup_printf (_("“%s” is not a number"), text));
  if (fraction < row->fraction.minimum || fraction > row->fraction.maximum)
    return blame (cause, extension_host_spec_row_blame (row, text));

  *field = fraction;

  return TRUE;
}

static gboolean
read_number (const ExtensionHostSpecRow  *row,
             const char                  *text,
             gint64                      *number,
             char                       **cause)
{
  switch (row->syntax)
    {
    case EXTENSION_HOST_SPEC_SYNTAX_DURATION:
      return parse_scaled (text, time_units, _("ms, s, min or h"), number, cause);
    case EXTENSION_HOST_SPEC_SYNTAX_SIZE:
      return parse_scaled (text, size_units, _("K, M, G or none for bytes"), number, cause);
    case EXTENSION_HOST_SPEC_SYNTAX_OCTAL:
      return parse_plain (text, 8, number, cause);
    case EXTENSION_HOST_SPEC_SYNTAX_COUNT:
    case EXTENSION_HOST_SPEC_SYNTAX_INTEGER:
      return parse_plain (text, 10, number, cause);
    case EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN:
      return parse_boolean (text, number, cause);
    case EXTENSION_HOST_SPEC_SYNTAX_NICK:
      return parse_nick (row, text, number, cause);
    case EXTENSION_HOST_SPEC_SYNTAX_TEXT:
    case EXTENSION_HOST_SPEC_SYNTAX_PATH:
    case EXTENSION_HOST_SPEC_SYNTAX_JSON:
    case EXTENSION_HOST_SPEC_SYNTAX_COMMAND:
    case EXTENSION_HOST_SPEC_SYNTAX_LIST:
    case EXTENSION_HOST_SPEC_SYNTAX_FRACTION:
    default:
      g_assert_not_reached ();
    }
}

/* The range is looked at here, as a number beyond it may not fit into the field, or may be the one
 * that stands for the word. */
static gboolean
parse_number (ExtensionHostSpec           *self,
              const ExtensionHostSpecRow  *row,
              const char                  *text,
              char                       **cause)
{
  gboolean ranged = row->syntax != EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN &&
                    row->syntax != EXTENSION_HOST_SPEC_SYNTAX_NICK;
  gint64 number = 0;

  if (row->word != NULL && strcmp (text, row->word) == 0)
    number = row->word_value;
  else if (!read_number (row, text, &number, cause))
    return FALSE;
  else if (ranged && !extension_host_spec_row_is_in_range (row, number))
    return blame (cause, extension_host_spec_row_blame (row, text));

  extension_host_spec_set_number (self, row, number);

  return TRUE;
}

gboolean
extension_host_spec_parse_value (ExtensionHostSpec           *self,
                                 const ExtensionHostSpecRow  *row,
                                 const char                  *text,
                                 const char                  *folder,
                                 char                       **cause)
{
  switch (row->syntax)
    {
    case EXTENSION_HOST_SPEC_SYNTAX_TEXT:
      return replace_text (&extension_host_spec_field (self, row, char *),
                           dup_unescaped (text, cause));
    case EXTENSION_HOST_SPEC_SYNTAX_JSON:
      return replace_text (&extension_host_spec_field (self, row, char *), g_strdup (text));
    case EXTENSION_HOST_SPEC_SYNTAX_PATH:
      return parse_path (text, folder, &extension_host_spec_field (self, row, char *), cause);
    case EXTENSION_HOST_SPEC_SYNTAX_COMMAND:
      return parse_command (text, folder, &extension_host_spec_field (self, row, char **), cause);
    case EXTENSION_HOST_SPEC_SYNTAX_LIST:
      return parse_list (text, &extension_host_spec_field (self, row, char **), cause);
    case EXTENSION_HOST_SPEC_SYNTAX_FRACTION:
      return parse_fraction (row, text, &extension_host_spec_field (self, row, double), cause);
    case EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN:
    case EXTENSION_HOST_SPEC_SYNTAX_NICK:
    case EXTENSION_HOST_SPEC_SYNTAX_COUNT:
    case EXTENSION_HOST_SPEC_SYNTAX_DURATION:
    case EXTENSION_HOST_SPEC_SYNTAX_SIZE:
    case EXTENSION_HOST_SPEC_SYNTAX_INTEGER:
    case EXTENSION_HOST_SPEC_SYNTAX_OCTAL:
      return parse_number (self, row, text, cause);
    default:
      g_assert_not_reached ();
    }
}
