/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "extension-host-error.h"
#include "extension-host-spec-file-private.h"

#define GOOD "[Extension Host]\nExec=true\n"
#define BAD GOOD "Rastert=always\n"
#define DEADLINE_SECONDS 30

typedef struct
{
  char *path;
  GFile *folder;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->path = g_dir_make_tmp ("test-spec-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->folder = g_file_new_for_path (fixture->path);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GDir) dir = g_dir_open (fixture->path, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->path, name, NULL);

      g_assert_cmpint (g_remove (path), ==, 0);
    }
  if (dir != NULL)
    g_assert_cmpint (g_rmdir (fixture->path), ==, 0);
  g_object_unref (fixture->folder);
  g_free (fixture->path);
}

static char *
dup_path (Fixture    *fixture,
          const char *name)
{
  return g_build_filename (fixture->path, name, NULL);
}

static void
write_file (Fixture    *fixture,
            const char *name,
            const char *text)
{
  g_autofree char *path = dup_path (fixture, name);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
link_file (Fixture    *fixture,
           const char *name,
           const char *target)
{
  g_autofree char *path = dup_path (fixture, name);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

/* The ids in order, with commas. */
static char *
read_ids (Fixture  *fixture,
          GError  **file_error)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) specs =
    extension_host_spec_read_directory (fixture->folder, file_error, &error);
  g_autoptr(GString) ids = g_string_new (NULL);

  g_assert_no_error (error);
  g_assert_nonnull (specs);
  for (guint i = 0; i < specs->len; i++)
    g_string_append_printf (ids, "%s%s", i > 0 ? "," : "",
                            extension_host_spec_get_id (g_ptr_array_index (specs, i)));

  return g_string_free (g_steal_pointer (&ids), FALSE);
}

static void
assert_reads (Fixture    *fixture,
              const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *ids = read_ids (fixture, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ids, ==, expected);
}

/* The good ones are there all the same, whether or not the error is wanted. */
static void
assert_reads_but (Fixture    *fixture,
                  const char *expected,
                  GQuark      domain,
                  int         code,
                  const char *file)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *ids = read_ids (fixture, &error);
  g_autofree char *again = read_ids (fixture, NULL);
  g_autofree char *path = dup_path (fixture, file);

  g_assert_error (error, domain, code);
  if (strstr (error->message, path) == NULL)
    g_error ("“%s” does not name “%s”", error->message, path);
  g_assert_cmpstr (ids, ==, expected);
  g_assert_cmpstr (again, ==, expected);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  static const char * const names[] = { "b", "a", "B", "a-1", "10", "9", "a b", "é" };

  assert_reads (fixture, "");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = g_strconcat (names[i], ".exthost", NULL);

      write_file (fixture, name, GOOD);
    }
  /* By the names of the files, not by the ids: “a b.exthost” is before “a.exthost”. */
  assert_reads (fixture, "10,9,B,a b,a-1,a,b,é");

  write_file (fixture, "a.exthost", GOOD "Id=zzz\n");
  assert_reads (fixture, "10,9,B,a b,a-1,zzz,b,é");
}

static void
test_other_names (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char * const others[] = {
    ".exthost", ".hidden.exthost", ".#lock.exthost", "a.exthost~", "#a.exthost#", "a.exthost.bak",
    "a.exthost.swp", "a.EXTHOST", "exthost", "aexthost", "a.exthos", "README", "a.desktop",
  };
  static const char * const hosts[] = { "a.exthost", "..exthost2.exthost", "-.exthost", "~.exthost" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    write_file (fixture, others[i], BAD);
  assert_reads (fixture, "");

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    write_file (fixture, hosts[i], GOOD);
  assert_reads (fixture, "-,a,~");
}

static void
test_names_that_are_no_ids (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *ids = NULL;

  write_file (fixture, "a.exthost", GOOD);
  write_file (fixture, "line\nbreak.exthost", GOOD "Id=break\n");
  write_file (fixture, "not \xff utf-8.exthost", GOOD "Id=latin\n");
  assert_reads (fixture, "a,break,latin");

  write_file (fixture, "not \xff utf-8.exthost", GOOD);
  ids = read_ids (fixture, &error);
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpstr (ids, ==, "a,break");
}

static void
test_wrong_files (Fixture       *fixture,
                  gconstpointer  data)
{
  write_file (fixture, "a.exthost", GOOD);
  write_file (fixture, "c.exthost", BAD);
  write_file (fixture, "d.exthost", GOOD);
  write_file (fixture, "e.exthost", "");
  write_file (fixture, "f.exthost", GOOD);
  assert_reads_but (fixture, "a,d,f", EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC,
                    "c.exthost:3: key “Rastert”");

  /* The first is the first by name. */
  write_file (fixture, "b.exthost", "");
  assert_reads_but (fixture, "a,d,f", EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC,
                    "b.exthost:1: ");
}

static void
test_unreadable_file (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *path = dup_path (fixture, "b.exthost");

  write_file (fixture, "a.exthost", GOOD);
  write_file (fixture, "b.exthost", GOOD);
  write_file (fixture, "c.exthost", GOOD);
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  if (g_access (path, R_OK) == 0)
    {
      g_test_skip ("this user may read everything");
      return;
    }

  assert_reads_but (fixture, "a,c", G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "b.exthost");
}

static void
test_links (Fixture       *fixture,
            gconstpointer  data)
{
  write_file (fixture, "a.exthost", GOOD);
  write_file (fixture, "elsewhere", GOOD);
  link_file (fixture, "b.exthost", "elsewhere");
  link_file (fixture, "c.exthost", "b.exthost");
  link_file (fixture, "d.exthost", ".");
  link_file (fixture, "e.exthost", "/dev/null");
  link_file (fixture, "no-host", "a.exthost");
  assert_reads (fixture, "a,b,c");

  link_file (fixture, "f.exthost", "nowhere");
  assert_reads_but (fixture, "a,b,c", G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "f.exthost");

  link_file (fixture, "circle.exthost", "circle.exthost");
  assert_reads_but (fixture, "a,b,c", G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "circle.exthost");
}

static void
test_no_files (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *folder = dup_path (fixture, "folder.exthost");
  g_autofree char *fifo = dup_path (fixture, "fifo.exthost");

  write_file (fixture, "a.exthost", GOOD);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  link_file (fixture, "link.exthost", "fifo.exthost");

  /* To open a FIFO would wait for a writer that never comes. */
  alarm (DEADLINE_SECONDS);
  assert_reads (fixture, "a");
  alarm (0);
}

static void
test_many (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GString) expected = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf ("host-%03u.exthost", 999 - i);

      write_file (fixture, name, GOOD);
      g_string_append_printf (expected, "%shost-%03u", i > 0 ? "," : "", i);
    }

  assert_reads (fixture, expected->str);
}

static void
assert_fails (GFile      *directory,
              int         code,
              const char *word)
{
  g_autoptr(GError) file_error = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) specs = extension_host_spec_read_directory (directory, &file_error, &error);

  g_assert_null (specs);
  g_assert_null (extension_host_spec_read_directory (directory, NULL, NULL));
  g_assert_no_error (file_error);
  g_assert_error (error, G_IO_ERROR, code);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” does not have “%s”", error->message, word);
}

static void
test_no_folder (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GFile) missing = g_file_get_child (fixture->folder, "missing");
  g_autoptr(GFile) file = g_file_get_child (fixture->folder, "a.exthost");
  g_autoptr(GFile) resource = g_file_new_for_uri ("resource:///org/extensionhost/hosts");
  g_autoptr(GFile) unknown = g_file_new_for_uri ("no-such-scheme://hosts/");

  write_file (fixture, "a.exthost", GOOD);
  assert_fails (missing, G_IO_ERROR_NOT_FOUND, "missing");
  assert_fails (file, G_IO_ERROR_NOT_DIRECTORY, "a.exthost");
  assert_fails (resource, G_IO_ERROR_NOT_SUPPORTED,
                "“resource:///org/extensionhost/hosts” is not a local folder");
  assert_fails (unknown, G_IO_ERROR_NOT_SUPPORTED, "no-such-scheme:");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define TEST(name, func) \
  g_test_add ("/spec-directory/" name, Fixture, NULL, set_up, func, tear_down)
  TEST ("order", test_order);
  TEST ("other-names", test_other_names);
  TEST ("names-that-are-no-ids", test_names_that_are_no_ids);
  TEST ("wrong-files", test_wrong_files);
  TEST ("unreadable-file", test_unreadable_file);
  TEST ("links", test_links);
  TEST ("no-files", test_no_files);
  TEST ("many", test_many);
  TEST ("no-folder", test_no_folder);
#undef TEST

  return g_test_run ();
}
