/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts from the spec files of a folder. */

#include "test-util.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  char *path;
  GFile *file;
} Folder;

static void
folder_init (Folder *self)
{
  g_autoptr(GError) error = NULL;

  self->path = g_dir_make_tmp ("manager-load-XXXXXX", &error);
  g_assert_no_error (error);
  self->file = g_file_new_for_path (self->path);
}

static void
folder_clear (Folder *self)
{
  g_autoptr(GDir) dir = g_dir_open (self->path, 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->path, name, NULL);

      g_remove (path);
    }
  g_assert_no_errno (g_rmdir (self->path));
  g_object_unref (self->file);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Folder, folder_clear)

static void
write_file (Folder     *self,
            const char *name,
            const char *contents)
{
  g_autofree char *path = g_build_filename (self->path, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, contents, -1, &error);
  g_assert_no_error (error);
}

/* A host of that id, which is the fake host. */
static void
write_spec (TestFixture *fixture,
            Folder      *self,
            const char  *name,
            const char  *id,
            const char  *more)
{
  g_autofree char *text =
    g_strdup_printf ("[Extension Host]\nId=%s\nExec=%s --live-for=60\nEnvironment=%s\n"
                     "Protocol=none\n%s", id, g_getenv ("FAKE_HOST"), fixture->tag, more);

  write_file (self, name, text);
}

static char *
list_ids (ExtensionHostManager *manager)
{
  GString *ids = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (manager)); i++)
    {
      g_autoptr(ExtensionHostProcess) process = g_list_model_get_item (G_LIST_MODEL (manager), i);

      g_string_append_printf (ids, "%s%s", i > 0 ? " " : "",
                              extension_host_process_get_id (process));
    }

  return g_string_free (ids, FALSE);
}

static void
assert_ids (ExtensionHostManager *manager,
            const char           *expected)
{
  g_autofree char *ids = list_ids (manager);

  g_assert_cmpstr (ids, ==, expected);
}

static void
test_good (TestFixture   *fixture,
           gconstpointer  data)
{
  g_auto(Folder) folder = { NULL };
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *second = NULL;

  folder_init (&folder);
  write_spec (fixture, &folder, "2.exthost", "second", "After=first\n");
  write_spec (fixture, &folder, "1.exthost", "first", "");
  write_spec (fixture, &folder, "3.exthost", "third", "Group=g\n");
  write_spec (fixture, &folder, ".4.exthost", "hidden", "");
  write_file (&folder, "notes.txt", "nothing of interest");
  g_assert_cmpuint (extension_host_manager_load_directory (manager, folder.file, &error), ==, 3);
  g_assert_no_error (error);
  assert_ids (manager, "first second third");

  second = extension_host_manager_lookup (manager, "second");
  g_assert_cmpuint (extension_host_process_get_generation (second), ==, 0);
  g_assert_true (extension_host_manager_start_all (manager, &error));
  g_assert_no_error (error);
  test_wait_until (fixture, extension_host_process_get_state (second) ==
                            EXTENSION_HOST_STATE_RUNNING);
}

static void
test_bad (TestFixture   *fixture,
          gconstpointer  data)
{
  g_auto(Folder) folder = { NULL };
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GError) error = NULL;

  folder_init (&folder);
  write_spec (fixture, &folder, "1.exthost", "good", "");
  write_spec (fixture, &folder, "2.exthost", "bad", "Surprise=1\n");
  write_file (&folder, "3.exthost", "not a key file");
  write_spec (fixture, &folder, "4.exthost", "fine", "");
  g_assert_cmpuint (extension_host_manager_load_directory (manager, folder.file, &error), ==, 2);
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  g_assert_nonnull (strstr (error->message, "2.exthost"));
  assert_ids (manager, "good fine");

  /* Who does not want to know need not. */
  g_assert_cmpuint (extension_host_manager_load_directory (manager, folder.file, NULL), ==, 0);
}

static void
test_taken (TestFixture   *fixture,
            gconstpointer  data)
{
  g_auto(Folder) folder = { NULL };
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GError) error = NULL;

  folder_init (&folder);
  write_spec (fixture, &folder, "1.exthost", "same", "");
  write_spec (fixture, &folder, "2.exthost", "same", "");
  write_spec (fixture, &folder, "3.exthost", "other", "");
  g_assert_cmpuint (extension_host_manager_load_directory (manager, folder.file, &error), ==, 2);
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "“same”"));
  assert_ids (manager, "same other");
}

static void
test_no_folder (TestFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(GFile) missing = g_file_new_for_path ("/nonexistent/folder");
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (extension_host_manager_load_directory (manager, missing, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
drop_manager (GListModel            *list G_GNUC_UNUSED,
              guint                  position G_GNUC_UNUSED,
              guint                  removed G_GNUC_UNUSED,
              guint                  added G_GNUC_UNUSED,
              ExtensionHostManager **place)
{
  g_clear_object (place);
}

static void
test_drop_in_handler (TestFixture   *fixture,
                      gconstpointer  data)
{
  g_auto(Folder) folder = { NULL };
  ExtensionHostManager *manager = extension_host_manager_new ();
  gpointer weak = manager;

  folder_init (&folder);
  write_spec (fixture, &folder, "1.exthost", "first", "");
  write_spec (fixture, &folder, "2.exthost", "second", "");
  g_object_add_weak_pointer (weak, &weak);
  g_signal_connect (manager, "items-changed", G_CALLBACK (drop_manager), &manager);
  g_assert_cmpuint (extension_host_manager_load_directory (weak, folder.file, NULL), ==, 2);
  g_assert_null (weak);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/manager-load/good", NULL, test_good);
  test_add ("/manager-load/bad", NULL, test_bad);
  test_add ("/manager-load/taken", NULL, test_taken);
  test_add ("/manager-load/no-folder", NULL, test_no_folder);
  test_add ("/manager-load/drop-in-handler", NULL, test_drop_in_handler);

  return g_test_run ();
}
