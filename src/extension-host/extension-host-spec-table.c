/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <math.h>
#include <string.h>

#include "extension-host-enum-types.h"
#include "extension-host-spec-table-private.h"

#define DURATION_MAX (G_GINT64_CONSTANT (24) * 24 * 60 * 60 * 1000)
#define INHERIT_UINT64 ((gint64) G_MAXUINT64)
#define INHERIT_INT G_MININT
#define INHERIT_UMASK (-1)

#define STORED(kind, field) \
  .storage = EXTENSION_HOST_SPEC_STORAGE_##kind, \
  .offset = G_STRUCT_OFFSET (ExtensionHostSpec, field)
#define WRITTEN(kind) .syntax = EXTENSION_HOST_SPEC_SYNTAX_##kind

/* Installs the properties, drives the loader of files and makes the documentation. */
static const ExtensionHostSpecRow rows[] = {
  { .name = "id", STORED (TEXT, id), WRITTEN (TEXT),
    .doc = "What the host is called by programs." },
  { .name = "name", STORED (TEXT, name), WRITTEN (TEXT),
    .doc = "What the host is called by people." },
  { .name = "kind", STORED (TEXT, kind), WRITTEN (TEXT),
    .doc = "What sort of host it is, for programs that list hosts." },
  { .name = "argv", STORED (STRV, argv), WRITTEN (COMMAND),
    .doc = "The program and its arguments; `Exec` in a file." },
  { .name = "working-directory", STORED (TEXT, working_directory), WRITTEN (PATH),
    .doc = "The folder that the program starts in, as an absolute path." },
  { .name = "environment", STORED (STRV, environment), WRITTEN (LIST),
    .doc = "Variables, as `NAME=VALUE`, added to the environment of the program." },
  { .name = "clear-environment", STORED (BOOLEAN, clear_environment), WRITTEN (BOOLEAN),
    .doc = "Whether the program gets nothing of the environment of the application." },
  { .name = "transport", STORED (ENUM, transport), WRITTEN (NICK),
    .get_type = extension_host_transport_get_type,
    .fallback = EXTENSION_HOST_TRANSPORT_STDIO,
    .doc = "Which descriptors carry the messages." },
  { .name = "protocol", STORED (ENUM, protocol), WRITTEN (NICK),
    .get_type = extension_host_protocol_get_type,
    .fallback = EXTENSION_HOST_PROTOCOL_PLAIN,
    .doc = "The preset that fills in whatever is left to it by the other properties." },
  { .name = "framing", STORED (ENUM, framing), WRITTEN (NICK),
    .get_type = extension_host_framing_get_type,
    .fallback = EXTENSION_HOST_FRAMING_BY_PROTOCOL,
    .doc = "How messages are told apart." },
  { .name = "ready-mode", STORED (ENUM, ready_mode), WRITTEN (NICK),
    .get_type = extension_host_ready_mode_get_type,
    .fallback = EXTENSION_HOST_READY_MODE_BY_PROTOCOL,
    .doc = "When the host counts as ready." },
  { .name = "handshake-params", STORED (TEXT, handshake_params), WRITTEN (JSON),
    .doc = "The parameters of the handshake, as the text of a JSON object." },
  { .name = "probe-params", STORED (TEXT, probe_params), WRITTEN (JSON),
    .doc = "The parameters of the health probe, as the text of a JSON object." },
  { .name = "start-timeout", STORED (UINT, start_timeout), WRITTEN (DURATION),
    .fallback = 30000, .minimum = 1, .maximum = DURATION_MAX,
    .word = "never", .word_value = EXTENSION_HOST_NO_TIMEOUT,
    .doc = "How long the host may take to become ready." },
  { .name = "health-interval", STORED (UINT, health_interval), WRITTEN (DURATION),
    .fallback = 5000, .minimum = 0, .maximum = DURATION_MAX,
    .doc = "How often the health of the host is looked at." },
  { .name = "health-timeout", STORED (UINT, health_timeout), WRITTEN (DURATION),
    .fallback = 5000, .minimum = 1, .maximum = DURATION_MAX,
    .doc = "How long a health probe may stay unanswered before it is a failure." },
  { .name = "health-failures", STORED (UINT, health_failures), WRITTEN (COUNT),
    .fallback = 3, .minimum = 0, .maximum = 1000,
    .doc = "How many failures in a row make the host unhealthy." },
  { .name = "health-method", STORED (TEXT, health_method), WRITTEN (TEXT),
    .doc = "The method of the health probe." },
  { .name = "memory-limit", STORED (UINT64, memory_limit), WRITTEN (SIZE),
    .fallback = 0, .minimum = 0, .maximum = G_MAXINT64,
    .doc = "How much memory the processes of the host may use together." },
  { .name = "restart", STORED (ENUM, restart), WRITTEN (NICK),
    .get_type = extension_host_restart_policy_get_type,
    .fallback = EXTENSION_HOST_RESTART_POLICY_ALWAYS,
    .doc = "What to do when the host ends without having been asked to." },
  { .name = "max-restarts", STORED (UINT, max_restarts), WRITTEN (COUNT),
    .fallback = 3, .minimum = 0, .maximum = 1000,
    .word = "unlimited", .word_value = EXTENSION_HOST_UNLIMITED,
    .doc = "How many automatic restarts are granted within the window." },
  { .name = "restart-window", STORED (UINT, restart_window), WRITTEN (DURATION),
    .fallback = 300000, .minimum = 0, .maximum = DURATION_MAX,
    .doc = "How long a failure is remembered." },
  { .name = "backoff-initial", STORED (UINT, backoff_initial), WRITTEN (DURATION),
    .fallback = 1000, .minimum = 0, .maximum = DURATION_MAX,
    .doc = "How long to wait before the first automatic restart." },
  { .name = "backoff-factor", STORED (DOUBLE, backoff_factor), WRITTEN (FRACTION),
    .fraction = { 2.0, 1.0, 100.0 },
    .doc = "By how much the wait grows from one restart to the next." },
  { .name = "backoff-max", STORED (UINT, backoff_max), WRITTEN (DURATION),
    .fallback = 30000, .minimum = 0, .maximum = DURATION_MAX,
    .doc = "How long the wait becomes at most." },
  { .name = "backoff-jitter", STORED (DOUBLE, backoff_jitter), WRITTEN (FRACTION),
    .fraction = { 0.0, 0.0, 1.0 },
    .doc = "The part of each wait that is left to chance." },
  { .name = "no-restart-exits", STORED (STRV, no_restart_exits), WRITTEN (LIST),
    .doc = "The exits after which the host is not restarted." },
  { .name = "shutdown-method", STORED (TEXT, shutdown_method), WRITTEN (TEXT),
    .doc = "The method of the request that asks the host to leave." },
  { .name = "ack-timeout", STORED (UINT, ack_timeout), WRITTEN (DURATION),
    .fallback = 2000, .minimum = 0, .maximum = DURATION_MAX,
    .doc = "How long to wait for the answer to that request." },
  { .name = "exit-timeout", STORED (UINT, exit_timeout), WRITTEN (DURATION),
    .fallback = 5000, .minimum = 0, .maximum = DURATION_MAX,
    .doc = "How long to wait for the exit once its input is closed." },
  { .name = "term-timeout", STORED (UINT, term_timeout), WRITTEN (DURATION),
    .fallback = 3000, .minimum = 0, .maximum = DURATION_MAX,
    .doc = "How long to wait for the exit after `SIGTERM`." },
  { .name = "kill-timeout", STORED (UINT, kill_timeout), WRITTEN (DURATION),
    .fallback = 5000, .minimum = 1, .maximum = DURATION_MAX,
    .doc = "How long to wait for the end of the tree after `SIGKILL`." },
  { .name = "request-timeout", STORED (UINT, request_timeout), WRITTEN (DURATION),
    .fallback = 60000, .minimum = 1, .maximum = DURATION_MAX,
    .word = "never", .word_value = EXTENSION_HOST_NO_TIMEOUT,
    .doc = "How long a call may take that gives no timeout of its own." },
  { .name = "max-pending", STORED (UINT, max_pending), WRITTEN (COUNT),
    .fallback = 1024, .minimum = 1, .maximum = 1000000,
    .doc = "How many calls may wait for their answers." },
  { .name = "max-inbound", STORED (UINT, max_inbound), WRITTEN (COUNT),
    .fallback = 128, .minimum = 1, .maximum = 1000000,
    .doc = "How many requests of the host may be in work." },
  { .name = "max-message-size", STORED (UINT, max_message_size), WRITTEN (SIZE),
    .fallback = 16 * 1024 * 1024, .minimum = 1024, .maximum = 1024 * 1024 * 1024,
    .doc = "How large a message of the host may be." },
  { .name = "max-write-queue", STORED (UINT, max_write_queue), WRITTEN (SIZE),
    .fallback = 8 * 1024 * 1024, .minimum = 1024, .maximum = 1024 * 1024 * 1024,
    .doc = "How much may wait to be written to the host." },
  { .name = "max-protocol-errors", STORED (UINT, max_protocol_errors), WRITTEN (COUNT),
    .fallback = 100, .minimum = 0, .maximum = 1000000,
    .doc = "How many errors of protocol in 10 s are forgiven." },
  { .name = "log-lines", STORED (UINT, log_lines), WRITTEN (COUNT),
    .fallback = 200, .minimum = 0, .maximum = 10000,
    .doc = "How many lines of its log are kept." },
  { .name = "capabilities", STORED (STRV, capabilities), WRITTEN (LIST),
    .doc = "What the host is allowed to ask for." },
  { .name = "after", STORED (STRV, after), WRITTEN (LIST),
    .doc = "The ids of the hosts that must be ready before this one is started." },
  { .name = "group", STORED (TEXT, group), WRITTEN (TEXT),
    .doc = "The group whose hosts are restarted together." },
  { .name = "no-new-privs", STORED (BOOLEAN, no_new_privs), WRITTEN (BOOLEAN),
    .doc = "Whether the host is barred from gaining privileges, by setuid programs for example." },
  { .name = "limit-address-space", STORED (UINT64, limit_address_space), WRITTEN (SIZE),
    .fallback = INHERIT_UINT64, .minimum = 1, .maximum = G_MAXINT64,
    .word = "inherit", .word_value = INHERIT_UINT64,
    .doc = "`RLIMIT_AS` of the program." },
  { .name = "limit-files", STORED (UINT64, limit_files), WRITTEN (COUNT),
    .fallback = INHERIT_UINT64, .minimum = 4, .maximum = G_MAXINT64,
    .word = "inherit", .word_value = INHERIT_UINT64,
    .doc = "`RLIMIT_NOFILE` of the program." },
  { .name = "limit-processes", STORED (UINT64, limit_processes), WRITTEN (COUNT),
    .fallback = INHERIT_UINT64, .minimum = 1, .maximum = G_MAXINT64,
    .word = "inherit", .word_value = INHERIT_UINT64,
    .doc = "`RLIMIT_NPROC` of the program." },
  { .name = "limit-core", STORED (UINT64, limit_core), WRITTEN (SIZE),
    .fallback = INHERIT_UINT64, .minimum = 0, .maximum = G_MAXINT64,
    .word = "inherit", .word_value = INHERIT_UINT64,
    .doc = "`RLIMIT_CORE` of the program." },
  { .name = "nice", STORED (INT, nice), WRITTEN (INTEGER),
    .fallback = INHERIT_INT, .minimum = -20, .maximum = 19,
    .word = "inherit", .word_value = INHERIT_INT,
    .doc = "The nice value of the program." },
  { .name = "oom-score-adj", STORED (INT, oom_score_adj), WRITTEN (INTEGER),
    .fallback = INHERIT_INT, .minimum = -1000, .maximum = 1000,
    .word = "inherit", .word_value = INHERIT_INT,
    .doc = "How readily the kernel kills the program when memory is short." },
  { .name = "umask", STORED (INT, umask), WRITTEN (OCTAL),
    .fallback = INHERIT_UMASK, .minimum = 0, .maximum = 0777,
    .word = "inherit", .word_value = INHERIT_UMASK,
    .doc = "The file mode bits that the program leaves out; octal in a file." },
};

const ExtensionHostSpecRow *
extension_host_spec_get_rows (guint *n_rows)
{
  *n_rows = G_N_ELEMENTS (rows);

  return rows;
}

const ExtensionHostSpecRow *
extension_host_spec_find_row (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (strcmp (rows[i].name, name) == 0)
        return &rows[i];
    }

  return NULL;
}

/* max-restarts → MaxRestarts */
char *
extension_host_spec_row_dup_key (const ExtensionHostSpecRow *row)
{
  g_autoptr(GString) key = NULL;
  gboolean upper = TRUE;

  if (row->syntax == EXTENSION_HOST_SPEC_SYNTAX_COMMAND)
    return g_strdup ("Exec");

  key = g_string_new (NULL);
  for (const char *c = row->name; *c != '\0'; c++)
    {
      if (*c != '-')
        g_string_append_c (key, upper ? g_ascii_toupper (*c) : *c);
      upper = *c == '-';
    }

  return g_string_free (g_steal_pointer (&key), FALSE);
}

/* Numbers get the range of their type: what is out of range is for validate () to say, in words
 * that a user can read. Only id needs to be there from the beginning. */
GParamSpec *
extension_host_spec_row_to_pspec (const ExtensionHostSpecRow *row)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  if (strcmp (row->name, "id") == 0)
    flags |= G_PARAM_CONSTRUCT_ONLY;
  else
    flags |= G_PARAM_EXPLICIT_NOTIFY;

  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
      return g_param_spec_string (row->name, NULL, NULL, NULL, flags);
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
      return g_param_spec_boxed (row->name, NULL, NULL, G_TYPE_STRV, flags);
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
      return g_param_spec_boolean (row->name, NULL, NULL, row->fallback != 0, flags);
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
      return g_param_spec_enum (row->name, NULL, NULL, row->get_type (), row->fallback, flags);
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
      return g_param_spec_uint (row->name, NULL, NULL, 0, G_MAXUINT, row->fallback, flags);
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
      return g_param_spec_uint64 (row->name, NULL, NULL, 0, G_MAXUINT64,
                                  (guint64) row->fallback, flags);
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      return g_param_spec_int (row->name, NULL, NULL, G_MININT, G_MAXINT, row->fallback, flags);
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
      return g_param_spec_double (row->name, NULL, NULL, -INFINITY, INFINITY,
                                  row->fraction.fallback, flags);
    default:
      g_assert_not_reached ();
    }
}

static char *
format_scaled (gint64              number,
               const gint64       *scales,
               const char * const *units)
{
  guint i = 0;

  if (number == 0)
    return g_strdup ("0");

  while (number % scales[i] != 0)
    i++;

  return g_strdup_printf ("%" G_GINT64_FORMAT "%s", number / scales[i], units[i]);
}

char *
extension_host_spec_row_format (const ExtensionHostSpecRow *row,
                                gint64                      number)
{
  static const gint64 time_scales[] = { 60 * 60 * 1000, 60 * 1000, 1000, 1 };
  static const char * const time_units[] = { "h", "min", "s", "ms" };
  static const gint64 size_scales[] = { 1 << 30, 1 << 20, 1 << 10, 1 };
  static const char * const size_units[] = { "G", "M", "K", "" };

  if (row->word != NULL && number == row->word_value)
    return g_strdup (row->word);
  if (row->storage == EXTENSION_HOST_SPEC_STORAGE_UINT64 && number < 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64) number);
  if (row->syntax == EXTENSION_HOST_SPEC_SYNTAX_DURATION)
    return format_scaled (number, time_scales, time_units);
  if (row->syntax == EXTENSION_HOST_SPEC_SYNTAX_SIZE)
    return format_scaled (number, size_scales, size_units);
  if (row->syntax == EXTENSION_HOST_SPEC_SYNTAX_OCTAL && number >= 0)
    return g_strdup_printf ("0%03" G_GINT64_MODIFIER "o", number);

  return g_strdup_printf ("%" G_GINT64_FORMAT, number);
}

gint64
extension_host_spec_get_number (ExtensionHostSpec          *self,
                                const ExtensionHostSpecRow *row)
{
  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      return extension_host_spec_field (self, row, int);
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
      return extension_host_spec_field (self, row, guint);
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
      return (gint64) extension_host_spec_field (self, row, guint64);
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
    default:
      g_assert_not_reached ();
    }
}

void
extension_host_spec_set_number (ExtensionHostSpec          *self,
                                const ExtensionHostSpecRow *row,
                                gint64                      number)
{
  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      extension_host_spec_field (self, row, int) = number;
      break;
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
      extension_host_spec_field (self, row, guint) = number;
      break;
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
      extension_host_spec_field (self, row, guint64) = (guint64) number;
      break;
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
    default:
      g_assert_not_reached ();
    }
}
