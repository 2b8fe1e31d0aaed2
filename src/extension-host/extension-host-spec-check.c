/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "extension-host-spec-check-private.h"

#define MAX_ID 255
#define MAX_LABEL 1024
#define MAX_HANDSHAKE_PARAMS (1024 * 1024)
#define MAX_PROBE_PARAMS (32 * 1024)
#define MIN_HEALTH_INTERVAL 10
#define MAX_SHOWN 40

/* What a handshake may take of the queue beyond max-write-queue. */
#define URGENT_ROOM (64 * 1024)

/* What the kernel takes as one string (32 pages, NUL included), and as all of them at most
 * (three quarters of its idea of a stack), less what the shim needs for its own arguments. */
#define MAX_ARGUMENT (128 * 1024)
#define MAX_ARGUMENTS (6 * 1024 * 1024)
#define SHIM_ARGUMENTS (16 * 1024)

typedef struct
{
  ExtensionHostSpec *spec;
  ExtensionHostSpecNames names;
  ExtensionHostSpecFault *fault;
} Check;

void
extension_host_spec_fault_free (ExtensionHostSpecFault *fault)
{
  g_free (fault->cause);
  g_free (fault);
}

/* What a cause quotes may be long; enough of it to find it again. */
char *
extension_host_spec_dup_shown (const char *text,
                               guint       length)
{
  g_autofree char *start = NULL;

  if (g_utf8_strlen (text, -1) <= length)
    return g_strdup (text);

  start = g_utf8_substring (text, 0, length);

  return g_strconcat (start, "…", NULL);
}

G_GNUC_PRINTF (4, 5)
static gboolean
fail (Check      *check,
      const char *property,
      const char *other,
      const char *format,
      ...)
{
  va_list args;

  g_assert (check->fault == NULL);

  check->fault = g_new0 (ExtensionHostSpecFault, 1);
  check->fault->property = property;
  check->fault->other = other;

  va_start (args, format);
  check->fault->cause = g_strdup_vprintf (format, args);
  va_end (args);

  return FALSE;
}

static char *
dup_called (Check      *check,
            const char *property)
{
  if (check->names == EXTENSION_HOST_SPEC_NAMES_PROPERTIES)
    return g_strdup (property);

  return extension_host_spec_row_dup_key (extension_host_spec_find_row (property));
}

gboolean
extension_host_spec_row_is_in_range (const ExtensionHostSpecRow *row,
                                     gint64                      number)
{
  /* The largest of all stands for what did not fit. */
  return number >= row->minimum && number <= row->maximum && number != G_MAXINT64;
}

char *
extension_host_spec_row_blame (const ExtensionHostSpecRow *row,
                               const char                 *text)
{
  g_autofree char *minimum = NULL;
  g_autofree char *maximum = NULL;

  if (row->storage == EXTENSION_HOST_SPEC_STORAGE_DOUBLE)
    /* Translators: a number, and the least and the greatest that are allowed */
    return g_strdup_printf (_("%s is not from %g to %g"),
                            text, row->fraction.minimum, row->fraction.maximum);

  minimum = extension_host_spec_row_format (row, row->minimum);
  maximum = extension_host_spec_row_format (row, row->maximum);

  if (row->maximum == G_MAXINT64 && row->word != NULL)
    /* Translators: the last one is a word of files and not translated */
    return g_strdup_printf (_("%s is neither at least %s nor “%s”"), text, minimum, row->word);
  if (row->maximum == G_MAXINT64)
    return g_strdup_printf (_("%s is too much"), text);
  if (row->word != NULL)
    return g_strdup_printf (_("%s is neither from %s to %s nor “%s”"),
                            text, minimum, maximum, row->word);

  return g_strdup_printf (_("%s is not from %s to %s"), text, minimum, maximum);
}

static gboolean
check_number (Check                      *check,
              const ExtensionHostSpecRow *row)
{
  gint64 number = extension_host_spec_get_number (check->spec, row);
  g_autofree char *text = NULL;
  g_autofree char *cause = NULL;

  if (extension_host_spec_row_is_in_range (row, number) ||
      (row->word != NULL && number == row->word_value))
    return TRUE;

  text = extension_host_spec_row_format (row, number);
  cause = extension_host_spec_row_blame (row, text);

  return fail (check, row->name, NULL, "%s", cause);
}

static gboolean
check_enum (Check                      *check,
            const ExtensionHostSpecRow *row)
{
  gint64 number = extension_host_spec_get_number (check->spec, row);
  g_autoptr(GEnumClass) klass = g_type_class_ref (row->get_type ());

  if (g_enum_get_value (klass, number) != NULL)
    return TRUE;

  return fail (check, row->name, NULL, _("%d is not one of its values"), (int) number);
}

/* Not a number is in no range. */
static gboolean
check_fraction (Check                      *check,
                const ExtensionHostSpecRow *row)
{
  double fraction = extension_host_spec_field (check->spec, row, double);
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *cause = NULL;

  if (fraction >= row->fraction.minimum && fraction <= row->fraction.maximum)
    return TRUE;

  g_ascii_formatd (text, sizeof text, "%g", fraction);
  cause = extension_host_spec_row_blame (row, text);

  return fail (check, row->name, NULL, "%s", cause);
}

/* Text that people and programs may see in a line of their own. */
static gboolean
check_printable (Check      *check,
                 const char *property,
                 const char *text,
                 gsize       max_length)
{
  if (strlen (text) > max_length)
    return fail (check, property, NULL,
                 _("has more than %zu bytes"), max_length);
  if (!g_utf8_validate (text, -1, NULL))
    return fail (check, property, NULL, _("is not valid UTF-8"));

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (g_unichar_iscntrl (g_utf8_get_char (p)))
        return fail (check, property, NULL, _("contains a control character"));
    }

  return TRUE;
}

static gboolean
check_label (Check      *check,
             const char *property,
             const char *text,
             gsize       max_length)
{
  if (*text == '\0')
    return fail (check, property, NULL, _("is empty"));

  return check_printable (check, property, text, max_length);
}

static gboolean
check_id (Check      *check,
          const char *property,
          const char *id)
{
  if (id == NULL)
    return fail (check, property, NULL, _("is not set"));
  if (strchr (id, '/') != NULL)
    return fail (check, property, NULL, _("contains a slash"));

  return check_label (check, property, id, MAX_ID);
}

static gboolean
check_json (Check      *check,
            const char *property,
            const char *text,
            gsize       max_length)
{
  gsize offset = 0;

  if (text == NULL || *text == '\0')
    return TRUE;
  if (strlen (text) > max_length)
    return fail (check, property, NULL,
                 _("has more than %zu bytes"), max_length);
  if (!extension_host_spec_json_is_object (text, &offset))
    return fail (check, property, NULL,
                 _("is not a JSON object: the mistake is at byte %zu"), offset + 1);

  return TRUE;
}

static gboolean
check_texts (Check *check)
{
  ExtensionHostSpec *spec = check->spec;

  return check_id (check, "id", spec->id) &&
         (spec->name == NULL || check_label (check, "name", spec->name, MAX_LABEL)) &&
         (spec->kind == NULL || check_label (check, "kind", spec->kind, MAX_LABEL)) &&
         (spec->group == NULL || check_label (check, "group", spec->group, MAX_LABEL)) &&
         (spec->health_method == NULL ||
          check_printable (check, "health-method", spec->health_method, MAX_LABEL)) &&
         (spec->shutdown_method == NULL ||
          check_printable (check, "shutdown-method", spec->shutdown_method, MAX_LABEL)) &&
         check_json (check, "handshake-params", spec->handshake_params, MAX_HANDSHAKE_PARAMS) &&
         check_json (check, "probe-params", spec->probe_params, MAX_PROBE_PARAMS);
}

static gboolean
check_argv (Check *check)
{
  char **argv = check->spec->argv;

  if (argv[0] == NULL)
    return fail (check, "argv", NULL, _("names no program"));
  if (*argv[0] == '\0')
    return fail (check, "argv", NULL, _("the name of the program is empty"));

  for (guint i = 0; argv[i] != NULL; i++)
    {
      if (strlen (argv[i]) >= MAX_ARGUMENT)
        return fail (check, "argv", NULL,
                     _("string %u has more than %d bytes"), i, MAX_ARGUMENT - 1);
    }

  return TRUE;
}

static gboolean
is_reserved (ExtensionHostSpec *spec,
             const char        *entry)
{
  if (g_str_has_prefix (entry, "EXTENSION_HOST_TREE="))
    return TRUE;

  return spec->transport == EXTENSION_HOST_TRANSPORT_NODE_IPC &&
         (g_str_has_prefix (entry, "NODE_CHANNEL_FD=") ||
          g_str_has_prefix (entry, "NODE_CHANNEL_SERIALIZATION_MODE="));
}

/* The value may be a secret: a message has the name at most. */
static gboolean
check_environment_entry (Check      *check,
                         const char *entry,
                         guint       i)
{
  const char *value = strchr (entry, '=');
  g_autofree char *name = NULL;

  if (value == NULL || value == entry)
    return fail (check, "environment", NULL, _("entry %u is not of the form NAME=VALUE"), i + 1);

  name = g_utf8_make_valid (entry, value - entry);
  if (is_reserved (check->spec, entry))
    return fail (check, "environment", NULL, _("“%s” is reserved"), name);
  if (strlen (entry) >= MAX_ARGUMENT)
    return fail (check, "environment", NULL,
                 _("entry %u has more than %d bytes"), i + 1, MAX_ARGUMENT - 1);

  return TRUE;
}

static gboolean
check_environment (Check *check)
{
  for (guint i = 0; check->spec->environment[i] != NULL; i++)
    {
      if (!check_environment_entry (check, check->spec->environment[i], i))
        return FALSE;
    }

  return TRUE;
}

static gsize
measure (char **strv)
{
  gsize size = sizeof (char *);

  for (guint i = 0; strv[i] != NULL; i++)
    size += strlen (strv[i]) + 1 + sizeof (char *);

  return size;
}

static gboolean
check_argument_space (Check *check)
{
  g_auto(GStrv) envp = extension_host_spec_dup_environ (check->spec);
  gsize size = measure (check->spec->argv) + measure (envp) + SHIM_ARGUMENTS;
  long system_limit = sysconf (_SC_ARG_MAX);
  gsize limit = MAX_ARGUMENTS;

  if (system_limit > 0)
    limit = MIN (limit, (gsize) system_limit);
  if (size <= limit)
    return TRUE;

  return fail (check, "argv", "environment",
               _("it and the environment have %zu bytes together, and the system takes %zu"), size, limit);
}

static gboolean
check_working_directory (Check *check)
{
  const char *path = check->spec->working_directory;

  if (path == NULL || g_path_is_absolute (path))
    return TRUE;

  return fail (check, "working-directory", NULL, _("is not an absolute path"));
}

static gboolean
check_exits (Check *check)
{
  char **exits = check->spec->no_restart_exits;

  for (guint i = 0; exits[i] != NULL; i++)
    {
      ExtensionHostExitKind kind = EXTENSION_HOST_EXIT_KIND_EXITED;
      int value = 0;
      g_autofree char *valid = NULL;
      g_autofree char *shown = NULL;

      if (extension_host_spec_parse_exit (exits[i], &kind, &value))
        continue;

      valid = g_utf8_make_valid (exits[i], -1);
      shown = extension_host_spec_dup_shown (valid, MAX_SHOWN);
      return fail (check, "no-restart-exits", NULL,
                   _("“%s” is neither an exit status from 0 to 255 nor a signal that ends "
                     "programs"), shown);
    }

  return TRUE;
}

static gboolean
check_names (Check *check)
{
  ExtensionHostSpec *spec = check->spec;

  for (guint i = 0; spec->capabilities[i] != NULL; i++)
    {
      if (!check_label (check, "capabilities", spec->capabilities[i], MAX_LABEL))
        return FALSE;
    }

  for (guint i = 0; spec->after[i] != NULL; i++)
    {
      if (!check_id (check, "after", spec->after[i]))
        return FALSE;
      if (strcmp (spec->after[i], spec->id) == 0)
        return fail (check, "after", NULL, _("names the host itself"));
    }

  return TRUE;
}

static gboolean
check_rows (Check *check)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);
  gboolean valid = TRUE;

  for (guint i = 0; i < n_rows && valid; i++)
    {
      switch (rows[i].storage)
        {
        case EXTENSION_HOST_SPEC_STORAGE_ENUM:
          valid = check_enum (check, &rows[i]);
          break;
        case EXTENSION_HOST_SPEC_STORAGE_UINT:
        case EXTENSION_HOST_SPEC_STORAGE_UINT64:
        case EXTENSION_HOST_SPEC_STORAGE_INT:
          valid = check_number (check, &rows[i]);
          break;
        case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
          valid = check_fraction (check, &rows[i]);
          break;
        case EXTENSION_HOST_SPEC_STORAGE_TEXT:
        case EXTENSION_HOST_SPEC_STORAGE_STRV:
        case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
        default:
          break;
        }
    }

  return valid;
}

static gboolean
check_handshake_room (Check *check)
{
  ExtensionHostSpec *spec = check->spec;
  gsize length = spec->handshake_params != NULL ? strlen (spec->handshake_params) : 0;
  g_autofree char *params = dup_called (check, "handshake-params");
  g_autofree char *queue = dup_called (check, "max-write-queue");

  if (extension_host_spec_get_handshake_method (spec) == NULL ||
      length <= (gsize) spec->max_write_queue + URGENT_ROOM)
    return TRUE;

  return fail (check, "max-write-queue", "handshake-params",
               _("“%s” (%zu bytes) can never be sent with “%s” %u"),
               params, length, queue, spec->max_write_queue);
}

static gboolean
check_talk (Check *check)
{
  ExtensionHostSpec *spec = check->spec;
  g_autofree char *protocol = dup_called (check, "protocol");
  g_autofree char *transport = dup_called (check, "transport");

  if (spec->transport == EXTENSION_HOST_TRANSPORT_NODE_IPC &&
      spec->framing == EXTENSION_HOST_FRAMING_CONTENT_LENGTH)
    return fail (check, "framing", "transport",
                 _("“%s” node-ipc has no content-length framing"), transport);
  if (spec->ready_mode == EXTENSION_HOST_READY_MODE_HANDSHAKE &&
      extension_host_spec_get_handshake_method (spec) == NULL)
    return fail (check, "ready-mode", "protocol",
                 _("the “%s” of this host has no handshake"), protocol);
  if (spec->ready_mode == EXTENSION_HOST_READY_MODE_NOTIFICATION &&
      spec->protocol == EXTENSION_HOST_PROTOCOL_NONE)
    return fail (check, "ready-mode", "protocol",
                 _("there are no notifications with “%s” none"), protocol);

  return check_handshake_room (check);
}

/* The values are those of a table whose defaults go together: one at least was set. */
static const char *
find_set (Check              *check,
          const char * const *properties)
{
  for (guint i = 0; properties[i] != NULL; i++)
    {
      const ExtensionHostSpecRow *row = extension_host_spec_find_row (properties[i]);
      gboolean is_fraction = row->storage == EXTENSION_HOST_SPEC_STORAGE_DOUBLE;

      if (is_fraction
            ? extension_host_spec_field (check->spec, row, double) != row->fraction.fallback
            : extension_host_spec_get_number (check->spec, row) != row->fallback)
        return row->name;
    }

  return properties[0];
}

/* Else a host that fails at once is restarted without end, and whoever set a limit believes that
 * it is not. */
static gboolean
check_limit (Check *check)
{
  static const char * const involved[] = {
    "restart-window", "max-restarts", "backoff-initial", "backoff-factor", "backoff-max", NULL
  };
  ExtensionHostSpec *spec = check->spec;
  const ExtensionHostSpecRow *row = extension_host_spec_find_row ("restart-window");
  g_autofree char *restarts = dup_called (check, "max-restarts");
  g_autofree char *window = dup_called (check, "restart-window");
  g_autofree char *waits = NULL;
  g_autofree char *length = NULL;

  if (spec->restart == EXTENSION_HOST_RESTART_POLICY_NEVER ||
      extension_host_spec_can_reach_limit (spec))
    return TRUE;

  waits = extension_host_spec_row_format (row, extension_host_spec_get_least_waits (spec));
  length = extension_host_spec_row_format (row, spec->restart_window);

  return fail (check, find_set (check, involved), NULL,
               /* Translators: max-restarts, its value, a duration, restart-window, its value */
               _("“%s” %u is never reached: the waits before so many restarts are %s at least, "
                 "and “%s” is %s"), restarts, spec->max_restarts, waits, window, length);
}

static gboolean
check_backoff (Check *check)
{
  ExtensionHostSpec *spec = check->spec;
  g_autofree char *initial = dup_called (check, "backoff-initial");
  g_autofree char *max = dup_called (check, "backoff-max");
  g_autofree char *restarts = dup_called (check, "max-restarts");

  if (spec->backoff_initial > spec->backoff_max)
    return fail (check, "backoff-max", "backoff-initial",
                 _("“%s” (%u ms) is less than “%s” (%u ms)"),
                 max, spec->backoff_max, initial, spec->backoff_initial);
  if (spec->restart != EXTENSION_HOST_RESTART_POLICY_NEVER &&
      spec->max_restarts == EXTENSION_HOST_UNLIMITED && spec->backoff_initial == 0)
    return fail (check, "backoff-initial", "max-restarts",
                 _("“%s” 0 needs a limit of “%s”, or a host that fails at once is "
                   "restarted without end"), initial, restarts);

  return check_limit (check);
}

static gboolean
check_health (Check *check)
{
  ExtensionHostSpec *spec = check->spec;
  g_autofree char *interval = dup_called (check, "health-interval");
  g_autofree char *memory = dup_called (check, "memory-limit");

  if (spec->health_interval > 0 && spec->health_interval < MIN_HEALTH_INTERVAL)
    return fail (check, "health-interval", NULL,
                 _("must be 0 or at least %d ms"), MIN_HEALTH_INTERVAL);
  if (spec->memory_limit > 0 && spec->health_interval == 0)
    return fail (check, "memory-limit", "health-interval",
                 _("“%s” is never looked at with “%s” 0"), memory, interval);

  return TRUE;
}

ExtensionHostSpecFault *
extension_host_spec_check (ExtensionHostSpec      *self,
                           ExtensionHostSpecNames  names)
{
  Check check = { self, names, NULL };

  if (check_texts (&check) &&
      check_rows (&check) &&
      check_argv (&check) &&
      check_environment (&check) &&
      check_argument_space (&check) &&
      check_working_directory (&check) &&
      check_exits (&check) &&
      check_names (&check) &&
      check_talk (&check) &&
      check_backoff (&check) &&
      check_health (&check))
    return NULL;

  return check.fault;
}
