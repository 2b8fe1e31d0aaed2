/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "extension-host-spec-table-private.h"

/* Writes the reference of the keys of *.exthost files, for the manual or as a part of a man page.
 *
 * What is in the table of properties comes from there. What is not, such as the default of a text,
 * stands below in the notation of the table: Markdown with code in `backticks`, in ASCII. */

/* The part of a row's line that the table does not have; NULL leaves the table's word. */
typedef struct
{
  const char *property;
  const char *fallback;
  const char *range;
  const char *doc;     /* instead of that of the table, which is for programmers */
  const char *more;
} Note;

static const Note notes[] = {
  { "id", .fallback = "the name of the file, without `.exthost`", .range = "1 to 255 bytes",
    .more = "No `/` and no control characters; unique within a manager." },
  { "name", .fallback = "the id", .range = "1 to 1024 bytes" },
  { "kind", .fallback = "none", .range = "1 to 1024 bytes",
    .more = "The library gives it no meaning." },
  { "argv", .fallback = "none: it is required",
    .doc = "The program and its arguments.",
    .more = "Split as a shell would, but no shell is run. A program without a slash is looked up "
            "in the `PATH` of the environment of the host; with one it is relative to the folder "
            "of the file." },
  { "working-directory", .fallback = "that of the application",
    .doc = "The folder that the program starts in.",
    .more = "Relative to the folder of the file. `PWD` is set to it." },
  { "environment", .fallback = "empty", .range = "each `NAME=VALUE`",
    .doc = "Variables that are added to the environment of the program.",
    .more = "Each name once. `EXTENSION_HOST_TREE` is reserved, and with "
            "`Transport=node-ipc` so are `NODE_CHANNEL_FD` and "
            "`NODE_CHANNEL_SERIALIZATION_MODE`." },
  { "transport",
    .more = "`node-ipc` is for scripts that talk by the `process.send()` of Node: all that they "
            "print is log, and stdin is `/dev/null`." },
  { "protocol",
    .more = "With `plain`, the default, stdin and stdout carry JSON-RPC, or what `Transport` "
            "says; with `none` stdout is log." },
  { "framing", .more = "`Transport=node-ipc` does not go with `content-length`." },
  { "ready-mode",
    .more = "`notification` waits for `host/ready`. `handshake` needs a protocol that has one." },
  { "handshake-params", .fallback = "by protocol", .range = "at most 1 MiB",
    .more = "Empty: none are sent." },
  { "probe-params", .fallback = "by protocol", .range = "at most 32 KiB",
    .more = "Empty: none are sent." },
  { "health-interval", .range = "`0`, or `10ms` to `576h`", .more = "`0`: never." },
  { "health-failures", .more = "`0`: they are told, and nothing is done." },
  { "health-method", .fallback = "by protocol", .range = "at most 1024 bytes",
    .more = "Empty: there is no probe." },
  { "memory-limit", .more = "`0`: no limit. Another value needs a `HealthInterval`." },
  { "restart",
    .more = "`always`: restart it, however it ended; `on-failure`: unless it exited with status "
            "0." },
  { "max-restarts", .more = "If it fails more often than that the host has crashed." },
  { "restart-window",
    .more = "`0`: until somebody starts the host. Else longer than the waits before `MaxRestarts` "
            "restarts are together, or that limit is never reached." },
  { "backoff-initial", .more = "`0`: no wait, which needs a limit of `MaxRestarts`." },
  { "backoff-max", .more = "Not less than `BackoffInitial`, and no more than the wait grows to." },
  { "backoff-jitter", .more = "`0.1`: each wait is up to a tenth longer or shorter." },
  { "no-restart-exits", .fallback = "empty", .range = "each `0` to `255`, or a signal",
    .more = "Exit statuses and signals that end programs, `SIGSEGV` or `SEGV`." },
  { "shutdown-method", .fallback = "by protocol", .range = "at most 1024 bytes",
    .more = "Empty: there is none." },
  { "ack-timeout", .doc = "How long to wait for the answer to the shutdown request.",
    .more = "`0`: it is not sent." },
  { "exit-timeout", .more = "`0`: `SIGTERM` is sent at once." },
  { "term-timeout", .more = "`0`: `SIGKILL` is sent at once." },
  { "capabilities", .fallback = "empty", .range = "each 1 to 1024 bytes",
    .more = "Names that the application demands for its methods." },
  { "after", .fallback = "empty", .range = "each an id" },
  { "group", .fallback = "none", .range = "1 to 1024 bytes" },
  { "limit-processes", .more = "The kernel counts all threads of the user." },
  { "umask", .doc = "The file mode bits that the program leaves out." },
};

/* Each begins with a property, and goes on to the next. */
static const struct {
  const char *first;
  const char *title;
} sections[] = {
  { "id", "The program" },
  { "transport", "Messages and readiness" },
  { "health-interval", "Health" },
  { "restart", "Restarts" },
  { "shutdown-method", "Stopping" },
  { "request-timeout", "Calls and limits" },
  { "after", "Other hosts" },
  { "no-new-privs", "Privileges and resources" },
};

static const Note *
find_note (const ExtensionHostSpecRow *row)
{
  static const Note nothing = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      if (strcmp (notes[i].property, row->name) == 0)
        return &notes[i];
    }

  return &nothing;
}

static const char *
find_section (const ExtensionHostSpecRow *row)
{
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      if (strcmp (sections[i].first, row->name) == 0)
        return sections[i].title;
    }

  return NULL;
}

/* A name that the table does not have any more is a mistake of this file. */
static void
expect_row (const char *property)
{
  if (extension_host_spec_find_row (property) == NULL)
    g_error ("There is no property “%s”", property);
}

static void
check_names (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    expect_row (notes[i].property);
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    expect_row (sections[i].first);
}

/* The columns */

static const char *
get_type_word (const ExtensionHostSpecRow *row)
{
  switch (row->syntax)
    {
    case EXTENSION_HOST_SPEC_SYNTAX_TEXT:
      return "text";
    case EXTENSION_HOST_SPEC_SYNTAX_PATH:
      return "path";
    case EXTENSION_HOST_SPEC_SYNTAX_JSON:
      return "JSON object";
    case EXTENSION_HOST_SPEC_SYNTAX_COMMAND:
      return "command";
    case EXTENSION_HOST_SPEC_SYNTAX_LIST:
      return "list";
    case EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN:
      return "boolean";
    case EXTENSION_HOST_SPEC_SYNTAX_NICK:
      return "word";
    case EXTENSION_HOST_SPEC_SYNTAX_COUNT:
    case EXTENSION_HOST_SPEC_SYNTAX_INTEGER:
      return "number";
    case EXTENSION_HOST_SPEC_SYNTAX_DURATION:
      return "duration";
    case EXTENSION_HOST_SPEC_SYNTAX_SIZE:
      return "size";
    case EXTENSION_HOST_SPEC_SYNTAX_OCTAL:
      return "octal number";
    case EXTENSION_HOST_SPEC_SYNTAX_FRACTION:
      return "fraction";
    default:
      g_assert_not_reached ();
    }
}

static char *
dup_fraction (double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup_printf ("`%s`", g_ascii_formatd (text, sizeof text, "%g", number));
}

static char *
dup_nick (const ExtensionHostSpecRow *row,
          gint64                      number)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (row->get_type ());

  return g_strdup_printf ("`%s`", g_enum_get_value (klass, number)->value_nick);
}

static char *
dup_number (const ExtensionHostSpecRow *row,
            gint64                      number)
{
  g_autofree char *text = extension_host_spec_row_format (row, number);

  return g_strdup_printf ("`%s`", text);
}

static char *
dup_default (const ExtensionHostSpecRow *row)
{
  const Note *note = find_note (row);

  if (note->fallback != NULL)
    return g_strdup (note->fallback);

  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
      return g_strdup (row->fallback != 0 ? "`true`" : "`false`");
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
      return dup_nick (row, row->fallback);
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
      return dup_fraction (row->fraction.fallback);
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      return dup_number (row, row->fallback);
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
    default:
      g_error ("Say in the notes what the default of “%s” is", row->name);
    }
}

static char *
dup_nicks (const ExtensionHostSpecRow *row)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (row->get_type ());
  g_autoptr(GString) nicks = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    g_string_append_printf (nicks, "%s`%s`", i > 0 ? ", " : "", klass->values[i].value_nick);

  return g_string_free (g_steal_pointer (&nicks), FALSE);
}

static char *
dup_bounds (const ExtensionHostSpecRow *row)
{
  g_autofree char *minimum = dup_number (row, row->minimum);
  g_autofree char *maximum = dup_number (row, row->maximum);
  g_autofree char *word = row->word != NULL ? g_strdup_printf (", or `%s`", row->word) : NULL;

  if (row->maximum == G_MAXINT64)
    return g_strdup_printf ("at least %s%s", minimum, word != NULL ? word : "");

  return g_strdup_printf ("%s to %s%s", minimum, maximum, word != NULL ? word : "");
}

/* NULL if there is nothing to say. */
static char *
dup_range (const ExtensionHostSpecRow *row)
{
  g_autofree char *minimum = NULL;
  g_autofree char *maximum = NULL;

  if (find_note (row)->range != NULL)
    return g_strdup (find_note (row)->range);

  switch (row->storage)
    {
    case EXTENSION_HOST_SPEC_STORAGE_BOOLEAN:
      return g_strdup ("`true`, `false`");
    case EXTENSION_HOST_SPEC_STORAGE_ENUM:
      return dup_nicks (row);
    case EXTENSION_HOST_SPEC_STORAGE_DOUBLE:
      minimum = dup_fraction (row->fraction.minimum);
      maximum = dup_fraction (row->fraction.maximum);
      return g_strdup_printf ("%s to %s", minimum, maximum);
    case EXTENSION_HOST_SPEC_STORAGE_UINT:
    case EXTENSION_HOST_SPEC_STORAGE_UINT64:
    case EXTENSION_HOST_SPEC_STORAGE_INT:
      return dup_bounds (row);
    case EXTENSION_HOST_SPEC_STORAGE_TEXT:
    case EXTENSION_HOST_SPEC_STORAGE_STRV:
    default:
      return NULL;
    }
}

static char *
dup_meaning (const ExtensionHostSpecRow *row)
{
  const Note *note = find_note (row);

  return g_strconcat (note->doc != NULL ? note->doc : row->doc,
                      note->more != NULL ? " " : "",
                      note->more != NULL ? note->more : "", NULL);
}

/* Markdown */

static void
print_markdown_row (const ExtensionHostSpecRow *row)
{
  g_autofree char *key = extension_host_spec_row_dup_key (row);
  g_autofree char *fallback = dup_default (row);
  g_autofree char *range = dup_range (row);
  g_autofree char *meaning = dup_meaning (row);

  g_print ("| `%s` | %s | %s | %s | %s |\n", key, get_type_word (row), fallback,
           range != NULL ? range : "", meaning);
}

static void
print_markdown_title (const char *title)
{
  g_print ("\n### %s\n\n"
           "| key | type | default | range | meaning |\n"
           "|---|---|---|---|---|\n", title);
}

/* A man page */

/* A line of text with `code` in bold. What troff would take for its own is escaped. */
static void
append_man (GString    *out,
            const char *text)
{
  gboolean bold = FALSE;

  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c == '`')
        {
          bold = !bold;
          g_string_append (out, bold ? "\\fB" : "\\fR");
        }
      else if (*c == '-')
        g_string_append (out, "\\-");
      else if (*c == '\\')
        g_string_append (out, "\\e");
      else if (*c == '~')
        g_string_append (out, "\\(ti");
      else
        g_string_append_c (out, *c);
    }
}

static void
print_man_row (const ExtensionHostSpecRow *row)
{
  g_autofree char *key = extension_host_spec_row_dup_key (row);
  g_autofree char *fallback = dup_default (row);
  g_autofree char *range = dup_range (row);
  g_autofree char *meaning = dup_meaning (row);
  g_autoptr(GString) out = g_string_new (NULL);

  append_man (out, meaning);
  g_string_append (out, "\n.br\nType: ");
  append_man (out, get_type_word (row));
  if (range != NULL)
    {
      g_string_append (out, ", ");
      append_man (out, range);
    }
  g_string_append (out, ". Default: ");
  append_man (out, fallback);
  g_string_append (out, ".\n");

  g_print (".TP\n.B %s\n%s", key, out->str);
}

static void
print_man_title (const char *title)
{
  g_print (".SS %s\n", title);
}

/* For the lint */
static void
print_name (const ExtensionHostSpecRow *row)
{
  g_print ("%s\n", row->name);
}

static void
print_no_title (const char *title G_GNUC_UNUSED)
{
}

static void
print_rows (void (*print_title) (const char                 *title),
            void (*print_row)   (const ExtensionHostSpecRow *row))
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      const char *title = find_section (&rows[i]);

      g_assert (i > 0 || title != NULL);
      if (title != NULL)
        print_title (title);
      print_row (&rows[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  const char *format = argc == 2 ? argv[1] : "";

  check_names ();

  if (strcmp (format, "markdown") == 0)
    print_rows (print_markdown_title, print_markdown_row);
  else if (strcmp (format, "man") == 0)
    print_rows (print_man_title, print_man_row);
  else if (strcmp (format, "names") == 0)
    print_rows (print_no_title, print_name);
  else
    {
      g_printerr ("usage: %s markdown|man|names\n", argv[0]);
      return EXIT_FAILURE;
    }

  return EXIT_SUCCESS;
}
