/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <sys/stat.h>

#include "test-spec-fixture.h"

static void
test_hostile_bytes (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *zeroes = g_malloc0 (4096);
  g_autofree char *huge = g_strnfill (1024 * 1024 + 1, '#');
  g_autofree char *one_line = g_strnfill (1024 * 1024, 'x');

  assert_refuses_bytes (fixture, zeroes, 4096, 1, "UTF-8");
  assert_refuses_bytes (fixture, "[Extension Host]\nExec=a\0b\n", 25, 2, "UTF-8");
  assert_refuses_bytes (fixture, "[Extension Host]\nExec=\xff\n", -1, 2, "UTF-8");
  assert_refuses_bytes (fixture, "\x7f" "ELF\x02\x01\x01\n\x80", -1, 1, "control character");
  assert_refuses_bytes (fixture, "[Extension Host]\rExec=x\r", -1, 1, "control character");
  assert_refuses_bytes (fixture, "[Extension Host]\nExec=a\033[2J\n", -1, 2, "control character");
  assert_refuses_bytes (fixture, huge, 1024 * 1024 + 1, 1, "larger than 1 MiB");
  assert_refuses_bytes (fixture, huge, 1024 * 1024, 1, "there is no group");
  assert_refuses_bytes (fixture, one_line, 1024 * 1024, 1, "is neither a key");
}

static void
test_hostile_values (Fixture       *fixture,
                     gconstpointer  data)
{
  static const char * const keys[] = {
    "Exec", "Id", "Name", "Environment", "Protocol", "MaxRestarts", "ExitTimeout", "MemoryLimit",
    "BackoffFactor", "NoRestartExits", "HandshakeParams", "Umask", "ClearEnvironment", "After",
    "WorkingDirectory=\\", "K",
  };
  static const char fillers[] = "x9;[{\\";

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      for (const char *c = fillers; *c != '\0'; c++)
        {
          g_autofree char *filler = g_strnfill (1024 * 1024 - 64, *c);
          g_autofree char *text = g_strconcat ("[Extension Host]\n", keys[i], "=", filler, NULL);
          g_autoptr(GError) error = NULL;
          g_autoptr(ExtensionHostSpec) spec = load_bytes (fixture, text, -1, &error);

          g_assert_null (spec);
          g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
          g_assert_cmpuint (strlen (error->message), <, 2000);
        }
    }
}

static const char some_keys[] =
  "# a comment\n"
  "[Extension Host]\n"
  "Name = The\\sname\\\\ \n"
  "Exec=prog 'a b' \"c\\\"d\" e\\ f \\;\n"
  "WorkingDirectory=sub/../dir\n"
  "Environment=A=1; B=2\\;3 ;C=\\s4\\s;D=;\n"
  "Protocol=mcp-2026\n"
  "HandshakeParams={\"a\\u00e9\\n\": [1, -2.5e3, {}]}\n"
  "StartTimeout=1.5s\n"
  "MemoryLimit=1.5G\n"
  "MaxRestarts=unlimited\n"
  "BackoffJitter=.25\n"
  "NoRestartExits=3;SEGV;SIGKILL\n"
  "Nice=-5\n"
  "Umask=027\n";

/* Every beginning of a good file, and the file with each of its bytes changed: no crash. */
static void
test_mutations (Fixture       *fixture,
                gconstpointer  data)
{
  gsize length = strlen (some_keys);

  for (gsize i = 0; i < length; i++)
    {
      g_autofree char *changed = g_strdup (some_keys);
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) other_error = NULL;
      g_autoptr(ExtensionHostSpec) beginning = load_bytes (fixture, some_keys, i, &error);
      g_autoptr(ExtensionHostSpec) other = NULL;

      g_assert_true ((beginning == NULL) == (error != NULL));
      changed[i] = "\\;=[]\n\"\xc3#"[i % 9];
      other = load_bytes (fixture, changed, length, &other_error);
      g_assert_true ((other == NULL) == (other_error != NULL));
    }
}

static void
test_no_regular_file (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(GFile) folder = g_file_new_for_path (fixture->folder);
  g_autoptr(GFile) file = g_file_new_for_path (fixture->path);
  g_autoptr(GError) missing = NULL;
  g_autoptr(GError) not_regular = NULL;
  g_autoptr(GError) fifo = NULL;

  g_assert_null (extension_host_spec_new_from_file (file, &missing));
  g_assert_error (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (missing->message, fixture->path));

  g_assert_null (extension_host_spec_new_from_file (folder, &not_regular));
  g_assert_error (not_regular, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  g_assert_null (extension_host_spec_new_from_file (file, &fifo));
  g_assert_error (fifo, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define TEST(name, func) \
  g_test_add ("/spec-hostile/" name, Fixture, NULL, set_up, func, tear_down)
  TEST ("bytes", test_hostile_bytes);
  TEST ("values", test_hostile_values);
  TEST ("mutations", test_mutations);
  TEST ("no-regular-file", test_no_regular_file);
#undef TEST

  return g_test_run ();
}
