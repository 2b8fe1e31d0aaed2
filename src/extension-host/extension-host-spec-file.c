/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-spec-check-private.h"
#include "extension-host-spec-file-private.h"
#include "extension-host-spec-value-private.h"

#define GROUP "[Extension Host]"
#define SUFFIX ".exthost"
#define MAX_FILE (1024 * 1024)
#define MAX_SHOWN 40
#define MAX_CAUSE 300

/* Such a file is a key file, but GKeyFile lets the last of two equal keys win and does not say
 * where a mistake is. So the lines are read here; what is accepted, GKeyFile reads too. */
typedef struct
{
  ExtensionHostSpec *spec;
  char *name;           /* of the file, to show */
  char *base_name;
  char *folder;         /* NULL = has no path */
  guint group_line;     /* 0 = not yet seen */
  guint *lines;         /* by row; 0 = not given */
  GError **error;
} Loader;

static void
loader_clear (Loader *self)
{
  g_clear_object (&self->spec);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->base_name, g_free);
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->lines, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Loader, loader_clear)

static void
loader_init (Loader  *self,
             GFile   *file,
             GError **error)
{
  g_autoptr(GFile) parent = g_file_get_parent (file);
  guint n_rows = 0;

  (void) extension_host_spec_get_rows (&n_rows);
  self->spec = g_object_new (EXTENSION_HOST_TYPE_SPEC, NULL);
  self->name = g_file_get_parse_name (file);
  self->base_name = g_file_get_basename (file);
  self->folder = parent != NULL ? g_file_get_path (parent) : NULL;
  self->lines = g_new0 (guint, n_rows);
  self->error = error;
}

static gboolean
fail_line (Loader     *self,
           guint       line,
           const char *cause)
{
  /* Translators: file, line and what is wrong there */
  g_set_error (self->error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC,
               _("%s:%u: %s"), self->name, line, cause);

  return FALSE;
}

static gboolean
fail_key (Loader     *self,
          guint       line,
          const char *key,
          const char *cause)
{
  g_autofree char *shown = extension_host_spec_dup_shown (cause, MAX_CAUSE);

  /* Translators: file, line, key and what is wrong with its value */
  g_set_error (self->error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC,
               _("%s:%u: key “%s”: %s"), self->name, line, key, shown);

  return FALSE;
}

/* How many letters to change, add or leave out to make one of the other; case does not count. */
static guint
distance (const char *a,
          const char *b)
{
  gsize n = strlen (b);
  g_autofree guint *row = g_new (guint, n + 1);

  for (gsize j = 0; j <= n; j++)
    row[j] = j;

  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint corner = row[0];

      row[0] = i + 1;
      for (gsize j = 0; j < n; j++)
        {
          guint change = corner + (g_ascii_tolower (a[i]) != g_ascii_tolower (b[j]));

          corner = row[j + 1];
          row[j + 1] = MIN (change, MIN (row[j], corner) + 1);
        }
    }

  return row[n];
}

/* Names of the property, such as max-restarts or Argv, lead to the key, too. */
static char *
dup_nearest_key (const char *key)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);
  g_autofree char *nearest = NULL;
  guint best = MIN (strlen (key) / 3, 3) + 1;

  if (strlen (key) > MAX_SHOWN)
    return NULL;

  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *candidate = extension_host_spec_row_dup_key (&rows[i]);
      guint d = MIN (distance (key, candidate), distance (key, rows[i].name));

      if (d < best)
        {
          best = d;
          g_free (nearest);
          nearest = g_steal_pointer (&candidate);
        }
    }

  return g_steal_pointer (&nearest);
}

static gboolean
fail_unknown_key (Loader     *self,
                  guint       line,
                  const char *key)
{
  g_autofree char *nearest = dup_nearest_key (key);
  g_autofree char *shown = extension_host_spec_dup_shown (key, MAX_SHOWN);
  g_autofree char *cause = NULL;

  if (nearest == NULL)
    return fail_key (self, line, shown, _("there is no such key"));

  cause = g_strdup_printf (_("there is no such key; did you mean “%s”?"), nearest);

  return fail_key (self, line, shown, cause);
}

static const ExtensionHostSpecRow *
find_row_by_key (const char *key,
                 guint      *index)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (*index = 0; *index < n_rows; (*index)++)
    {
      g_autofree char *candidate = extension_host_spec_row_dup_key (&rows[*index]);

      if (strcmp (key, candidate) == 0)
        return &rows[*index];
    }

  return NULL;
}

static gboolean
read_key (Loader     *self,
          guint       line,
          const char *key,
          const char *value)
{
  guint i = 0;
  const ExtensionHostSpecRow *row = find_row_by_key (key, &i);
  g_autofree char *cause = NULL;

  if (row == NULL)
    return fail_unknown_key (self, line, key);

  if (self->lines[i] != 0)
    {
      cause = g_strdup_printf (_("is given in line %u already"), self->lines[i]);
      return fail_key (self, line, key, cause);
    }

  self->lines[i] = line;
  if (!extension_host_spec_parse_value (self->spec, row, value, self->folder, &cause))
    return fail_key (self, line, key, cause);

  return TRUE;
}

static gboolean
read_group (Loader     *self,
            guint       line,
            const char *text)
{
  g_autofree char *shown = extension_host_spec_dup_shown (text, MAX_SHOWN);
  g_autofree char *cause = NULL;

  if (strcmp (text, GROUP) != 0)
    cause = g_strdup_printf (_("“%s” is not the group “[Extension Host]”"), shown);
  else if (self->group_line != 0)
    cause = g_strdup_printf (_("the group “[Extension Host]” began in line %u already"),
                             self->group_line);
  if (cause != NULL)
    return fail_line (self, line, cause);

  self->group_line = line;

  return TRUE;
}

static gboolean
read_line (Loader *self,
           guint   line,
           char   *text)
{
  char *value = NULL;

  g_strstrip (text);
  if (*text == '\0' || *text == '#')
    return TRUE;
  if (*text == '[')
    return read_group (self, line, text);

  value = strchr (text, '=');
  if (value == NULL || value == text)
    {
      g_autofree char *shown = extension_host_spec_dup_shown (text, MAX_SHOWN);
      g_autofree char *cause = g_strdup_printf (_("“%s” is neither a key with a value nor a "
                                                  "group nor a comment"), shown);

      return fail_line (self, line, cause);
    }
  if (self->group_line == 0)
    return fail_line (self, line, _("there is a key before the group “[Extension Host]”"));

  *value = '\0';

  return read_key (self, line, g_strchomp (text), g_strchug (value + 1));
}

static gboolean
check_line (Loader     *self,
            guint       line,
            const char *text,
            gsize       length)
{
  if (memchr (text, '\0', length) != NULL || !g_utf8_validate (text, length, NULL))
    return fail_line (self, line, _("is not text in UTF-8"));

  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_iscntrl (text[i]) && text[i] != '\t')
        return fail_line (self, line, _("contains a control character"));
    }

  return TRUE;
}

/* Lines end with LF or CRLF, the last one may end without. */
static gboolean
read_lines (Loader     *self,
            const char *text,
            gsize       length)
{
  const char *end = text + length;
  guint line = 0;

  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    text += 3;

  while (text < end)
    {
      const char *lf = memchr (text, '\n', end - text);
      gsize n = (lf != NULL ? lf : end) - text;
      g_autofree char *copy = NULL;

      line++;
      if (!check_line (self, line, text, n > 0 && text[n - 1] == '\r' ? n - 1 : n))
        return FALSE;

      copy = g_strndup (text, n);
      if (!read_line (self, line, copy))
        return FALSE;

      text += lf != NULL ? n + 1 : n;
    }

  if (self->group_line != 0)
    return TRUE;

  return fail_line (self, MAX (line, 1), _("there is no group “[Extension Host]”"));
}

static guint
get_line (Loader     *self,
          const char *property)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  return property != NULL ? self->lines[extension_host_spec_find_row (property) - rows] : 0;
}

/* The key that is there is named: a default contradicts nobody. */
static gboolean
fail_fault (Loader                       *self,
            const ExtensionHostSpecFault *fault)
{
  gboolean swap = get_line (self, fault->property) == 0 && get_line (self, fault->other) != 0;
  const char *property = swap ? fault->other : fault->property;
  guint line = get_line (self, property);
  g_autofree char *key =
    extension_host_spec_row_dup_key (extension_host_spec_find_row (property));

  return fail_key (self, line != 0 ? line : self->group_line, key, fault->cause);
}

/* Without a key the name of the file is the id. */
static void
default_id (Loader *self)
{
  gsize n = 0;

  if (self->spec->id != NULL || self->base_name == NULL)
    return;

  n = strlen (self->base_name);
  if (n > strlen (SUFFIX) && g_str_has_suffix (self->base_name, SUFFIX))
    n -= strlen (SUFFIX);
  self->spec->id = g_strndup (self->base_name, n);
}

static gboolean
check_whole (Loader *self)
{
  g_autoptr(ExtensionHostSpecFault) fault = NULL;

  if (get_line (self, "argv") == 0)
    return fail_key (self, self->group_line, "Exec", _("is missing"));

  fault = extension_host_spec_check (self->spec, EXTENSION_HOST_SPEC_NAMES_KEYS);
  if (fault == NULL)
    fault = extension_host_spec_find_idle (self->spec, self->lines);

  return fault == NULL || fail_fault (self, fault);
}

/* What GIO says of a file does not always name it. Takes over @cause, and keeps its code. */
static void
fail_to_read (Loader *self,
              GError *cause)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (self->error, cause->domain, cause->code, _("%s: there is no such file"),
                 self->name);
  else
    g_set_error (self->error, cause->domain, cause->code, _("%s: cannot be read: %s"),
                 self->name, cause->message);

  g_error_free (cause);
}

/* Not more than the limit is read, whatever the file says of its size; and a FIFO is not opened,
 * as that may take for ever. */
static GBytes *
read_file (Loader *self,
           GFile  *file)
{
  g_autoptr(GFileInfo) info = NULL;
  g_autoptr(GFileInputStream) stream = NULL;
  g_autofree char *text = NULL;
  gsize n_read = 0;
  GError *cause = NULL;

  info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE, G_FILE_QUERY_INFO_NONE,
                            NULL, &cause);
  if (info == NULL)
    {
      fail_to_read (self, cause);
      return NULL;
    }

  /* Links are followed, and this one could not be. */
  if (g_file_info_get_file_type (info) == G_FILE_TYPE_SYMBOLIC_LINK)
    {
      g_set_error (self->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _("%s: is a link that leads nowhere"), self->name);
      return NULL;
    }

  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    {
      fail_line (self, 1, _("is not a regular file"));
      return NULL;
    }

  text = g_malloc (MAX_FILE + 1);
  stream = g_file_read (file, NULL, &cause);
  if (stream == NULL ||
      !g_input_stream_read_all (G_INPUT_STREAM (stream), text, MAX_FILE + 1, &n_read, NULL, &cause))
    {
      fail_to_read (self, cause);
      return NULL;
    }

  if (n_read > MAX_FILE)
    {
      fail_line (self, 1, _("is larger than 1 MiB"));
      return NULL;
    }

  return g_bytes_new_take (g_steal_pointer (&text), n_read);
}

ExtensionHostSpec *
extension_host_spec_file_load (GFile   *file,
                               GError **error)
{
  g_auto(Loader) self = { NULL, };
  g_autoptr(GBytes) bytes = NULL;
  const char *text = NULL;
  gsize length = 0;

  loader_init (&self, file, error);
  bytes = read_file (&self, file);
  if (bytes == NULL)
    return NULL;

  text = g_bytes_get_data (bytes, &length);
  if (!read_lines (&self, text, length))
    return NULL;

  default_id (&self);
  if (!check_whole (&self))
    return NULL;

  return g_steal_pointer (&self.spec);
}
