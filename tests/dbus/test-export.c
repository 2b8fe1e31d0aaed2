/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that come to a connection of the application and go again. */

#include "dbus-fixture.h"

static ExtensionHostSpec *
new_spec (TestFixture *fixture,
          const char  *id)
{
  return test_spec_new (fixture, id, "--print=ready", NULL);
}

static gboolean
is_in (ExtensionHostProcess *process,
       ExtensionHostState    state)
{
  return extension_host_process_get_state (process) == state;
}

/* Whether @path is among what the object manager at @root tells of. */
static gboolean
has_object (DBusScene  *scene,
            const char *root,
            const char *path)
{
  g_autoptr(GVariant) objects = dbus_get_objects (scene->fixture, scene->client, scene->name, root);
  g_autoptr(GVariant) object = g_variant_lookup_value (objects, path, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_autoptr(GVariant) host =
    object != NULL ? g_variant_lookup_value (object, DBUS_HOST_INTERFACE, G_VARIANT_TYPE_VARDICT)
                   : NULL;

  return host != NULL;
}

static guint
count_objects (DBusScene *scene)
{
  g_autoptr(GVariant) objects = dbus_get_objects (scene->fixture, scene->client, scene->name,
                                                  DBUS_MANAGER_PATH);

  return (guint) g_variant_n_children (objects);
}

static char *
list_hosts (DBusScene  *scene,
            const char *root)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_call (scene->fixture, scene->client, scene->name, root,
                                         DBUS_MANAGER_INTERFACE ".ListHosts", NULL, &error);
  g_autofree const char **paths = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(^a&o)", &paths);

  return g_strjoinv (" ", (char **) paths);
}

static void
assert_nothing_at (DBusScene  *scene,
                   const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    dbus_call (scene->fixture, scene->client, scene->name, path, DBUS_PROPERTIES_INTERFACE ".GetAll",
               g_variant_new ("(s)", DBUS_MANAGER_INTERFACE), &error);

  g_assert_null (reply);
  g_assert_true (g_dbus_error_is_remote_error (error));
}

static void
assert_export_fails (DBusScene  *scene,
                     const char *path,
                     GIOErrorEnum code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (extension_host_manager_export (scene->manager, scene->service, path,
                                                 EXTENSION_HOST_ACCESS_CALL, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
}

/* Paths */

static void
test_path (TestFixture   *fixture,
           gconstpointer  data)
{
  const char *path = data;
  const char *root = path != NULL ? path : DBUS_MANAGER_PATH;
  g_autofree char *a = g_strconcat (g_str_equal (root, "/") ? "" : root, "/hosts/a", NULL);
  g_autofree char *b = g_strconcat (g_str_equal (root, "/") ? "" : root, "/hosts/b", NULL);
  g_autofree char *both = g_strconcat (b, " ", a, NULL);
  g_autofree char *listed = NULL;
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(GError) error = NULL;

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, new_spec (fixture, "b"));
  dbus_add (scene.manager, new_spec (fixture, "a"));
  g_assert_true (extension_host_manager_export (scene.manager, scene.service, path,
                                                EXTENSION_HOST_ACCESS_STATUS, &error));
  g_assert_no_error (error);
  g_assert_true (has_object (&scene, root, a));
  g_assert_true (has_object (&scene, root, b));
  listed = list_hosts (&scene, root);
  g_assert_cmpstr (listed, ==, both);
}

static void
test_refused (TestFixture   *fixture,
              gconstpointer  data)
{
  static const char * const paths[] = { "", "relative", "/end/", "//", "/a//b", "/a-b", "/\xc3\xa4" };
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(GDBusConnection) closed = NULL;
  g_autoptr(GError) error = NULL;

  dbus_scene_init (&scene, fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    assert_export_fails (&scene, paths[i], G_IO_ERROR_INVALID_ARGUMENT);

  closed = dbus_bus_connect (scene.bus);
  g_assert_true (g_dbus_connection_close_sync (closed, NULL, NULL));
  while (!g_dbus_connection_is_closed (closed))
    g_thread_yield ();   /* its thread says so a moment later */
  g_assert_false (extension_host_manager_export (scene.manager, closed, NULL,
                                                 EXTENSION_HOST_ACCESS_CALL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  assert_export_fails (&scene, NULL, G_IO_ERROR_EXISTS);
  assert_export_fails (&scene, "/elsewhere", G_IO_ERROR_EXISTS);
  assert_nothing_at (&scene, "/elsewhere");
}

/* Two managers beside each other, but not in the same place. */
static void
test_two_managers (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(ExtensionHostManager) other = extension_host_manager_new ();
  g_autoptr(GError) error = NULL;

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, new_spec (fixture, "a"));
  dbus_add (other, new_spec (fixture, "b"));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  g_assert_false (extension_host_manager_export (other, scene.service, NULL,
                                                 EXTENSION_HOST_ACCESS_STATUS, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_cmpuint (count_objects (&scene), ==, 1);

  g_assert_true (extension_host_manager_export (other, scene.service, "/other",
                                                EXTENSION_HOST_ACCESS_STATUS, &error));
  g_assert_no_error (error);
  g_assert_true (has_object (&scene, DBUS_MANAGER_PATH, DBUS_MANAGER_PATH "/hosts/a"));
  g_assert_true (has_object (&scene, "/other", "/other/hosts/b"));
}

/* Whatever of ours somebody else has there already, it is told as an error, and nothing is left. */
static void
test_foreign (TestFixture   *fixture,
              gconstpointer  data)
{
  const char *xml = data;
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  static const GDBusInterfaceVTable vtable = { NULL };
  guint registration = 0;

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, new_spec (fixture, "h"));
  registration = g_dbus_connection_register_object (scene.service, DBUS_MANAGER_PATH,
                                                    node->interfaces[0], &vtable, NULL, NULL, NULL);
  assert_export_fails (&scene, NULL, G_IO_ERROR_EXISTS);
  g_dbus_connection_unregister_object (scene.service, registration);
  assert_nothing_at (&scene, DBUS_MANAGER_PATH);

  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  g_assert_cmpuint (count_objects (&scene), ==, 1);
}

/* Going */

static void
test_unexport (TestFixture   *fixture,
               gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, new_spec (fixture, "a"));
  dbus_add (scene.manager, new_spec (fixture, "b"));
  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (fixture, process, RUNNING);

  for (guint round = 0; round < 3; round++)
    {
      g_autoptr(DBusRecord) record = dbus_record_new (scene.client, scene.name);

      extension_host_manager_unexport (scene.manager);   /* the first time there is nothing */
      dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
      g_assert_cmpuint (count_objects (&scene), ==, 2);
      extension_host_manager_unexport (scene.manager);
      dbus_settle (fixture, scene.client, scene.name);
      g_assert_cmpuint (dbus_record_count (record, "InterfacesRemoved"), ==, 2);
      assert_nothing_at (&scene, DBUS_MANAGER_PATH);
      assert_nothing_at (&scene, DBUS_MANAGER_PATH "/hosts/a");
      g_assert_true (is_in (process, EXTENSION_HOST_STATE_RUNNING));
    }
}

/* Nobody is told anything of hosts that are not there any more. */
static void
test_silent_after_unexport (TestFixture   *fixture,
                            gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) record = NULL;
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, new_spec (fixture, "a"));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  extension_host_manager_unexport (scene.manager);
  dbus_settle (fixture, scene.client, scene.name);
  record = dbus_record_new (scene.client, scene.name);
  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (fixture, process, RUNNING);
  dbus_settle (fixture, scene.client, scene.name);
  g_assert_cmpuint (record->signals->len, ==, 0);
}

static void
store_variant (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  GError **error = user_data;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result,
                                                             error);

  g_assert_null (reply);
}

/* With an operation of a caller under way, which is told. */
static void
test_manager_disposed (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) record = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager,
                      test_spec_new (fixture, "h", "--ignore-eof", "--ignore-term", NULL));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  record = dbus_record_new (scene.client, scene.name);
  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (fixture, process, RUNNING);
  g_dbus_connection_call (scene.client, scene.name, DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE,
                          "Stop", g_variant_new ("(@a{sv})", dbus_options (NULL)), NULL,
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, store_variant, &error);
  dbus_wait_state (fixture, process, STOPPING);
  g_clear_object (&scene.manager);

  test_wait_until (fixture, error != NULL);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "org.extensionhost.Error.Closed");
  dbus_settle (fixture, scene.client, scene.name);
  g_assert_cmpuint (dbus_record_count (record, "InterfacesRemoved"), ==, 1);
  assert_nothing_at (&scene, DBUS_MANAGER_PATH);
}

/* A connection that ends below the hosts: they go on, and can be exported to the next one. */
static void
test_connection_closed (TestFixture   *fixture,
                        gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, new_spec (fixture, "h"));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  g_assert_true (g_dbus_connection_close_sync (scene.service, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (extension_host_process_start (process, NULL));
  dbus_wait_state (fixture, process, RUNNING);
  assert_export_fails (&scene, NULL, G_IO_ERROR_EXISTS);

  extension_host_manager_unexport (scene.manager);
  g_object_unref (scene.service);
  scene.service = dbus_bus_connect (scene.bus);
  scene.name = g_dbus_connection_get_unique_name (scene.service);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  g_assert_cmpuint (count_objects (&scene), ==, 1);
}

/* Coming and going of single hosts */

static void
test_hosts (TestFixture   *fixture,
            gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) record = NULL;

  dbus_scene_init (&scene, fixture);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);
  record = dbus_record_new (scene.client, scene.name);
  g_assert_cmpuint (count_objects (&scene), ==, 0);

  dbus_add (scene.manager, new_spec (fixture, "a"));
  dbus_add (scene.manager, new_spec (fixture, "b"));
  g_assert_cmpuint (count_objects (&scene), ==, 2);
  g_assert_cmpuint (dbus_record_count (record, "InterfacesAdded"), ==, 2);

  dbus_remove (fixture, scene.manager, "a");
  g_assert_cmpuint (count_objects (&scene), ==, 1);
  g_assert_false (has_object (&scene, DBUS_MANAGER_PATH, DBUS_MANAGER_PATH "/hosts/a"));
  g_assert_cmpuint (dbus_record_count (record, "InterfacesRemoved"), ==, 1);
}

static void
assert_name (DBusScene  *scene,
             const char *id,
             const char *name)
{
  g_autofree char *path = dbus_host_path (id);
  g_autoptr(GVariant) told = dbus_get_property (scene, path, DBUS_HOST_INTERFACE, "Name");

  g_assert_cmpstr (g_variant_get_string (told, NULL), ==, name);
}

static ExtensionHostSpec *
new_named_spec (TestFixture *fixture,
                const char  *name)
{
  ExtensionHostSpec *spec = new_spec (fixture, "h");

  g_object_set (spec, "name", name, NULL);

  return spec;
}

typedef struct
{
  TestFixture *fixture;
  ExtensionHostProcess *added;
} Replacement;

/* It is the first handler there is: the export hears of the removal when the next one is there. */
static void
replace (GListModel  *list,
         guint        position G_GNUC_UNUSED,
         guint        removed,
         guint        added G_GNUC_UNUSED,
         Replacement *self)
{
  if (removed > 0 && self->added == NULL)
    self->added = dbus_add (EXTENSION_HOST_MANAGER (list), new_named_spec (self->fixture, "second"));
}

/* A stopped host is removed at once: its place is taken in the same turn. */
static void
test_same_id (TestFixture   *fixture,
              gconstpointer  data)
{
  gboolean in_handler = data != NULL;
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) record = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  Replacement replacement = { fixture, NULL };

  dbus_scene_init (&scene, fixture);
  if (in_handler)
    g_signal_connect (scene.manager, "items-changed", G_CALLBACK (replace), &replacement);
  dbus_add (scene.manager, new_named_spec (fixture, "first"));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  record = dbus_record_new (scene.client, scene.name);
  assert_name (&scene, "h", "first");

  extension_host_manager_remove_async (scene.manager, "h", NULL, test_store_result, &result);
  while (extension_host_manager_lookup (scene.manager, "h") != NULL && replacement.added == NULL)
    g_main_context_iteration (fixture->context, TRUE);
  if (!in_handler)
    replacement.added = dbus_add (scene.manager, new_named_spec (fixture, "second"));

  assert_name (&scene, "h", "second");
  g_assert_cmpuint (dbus_record_count (record, "InterfacesRemoved"), ==, 1);
  g_assert_cmpuint (dbus_record_count (record, "InterfacesAdded"), ==, 1);
  dbus_host_does (&scene, "h", "Start", NULL);
  g_assert_true (is_in (replacement.added, EXTENSION_HOST_STATE_RUNNING));
  dbus_settle (fixture, scene.client, scene.name);
  g_assert_cmpuint (dbus_record_count (record, "StateChanged"), ==, 2);
  g_assert_cmpuint (dbus_record_count (record, "HostStateChanged"), ==, 2);
}

/* Names */

static void
test_ids (TestFixture   *fixture,
          gconstpointer  data)
{
  g_autofree char *longest = g_strnfill (255, '-');
  g_autofree char *wide = NULL;
  const char *ids[] = {
    "two words", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9d", "org.example.Thing", "..", ".", "_", "_2e",
    "-", "%s%n", "\"'`$(reboot)", "\\", longest, NULL, NULL
  };
  GString *text = g_string_new (NULL);
  g_auto(DBusScene) scene = { NULL };

  while (text->len + 2 <= 255)
    g_string_append (text, "\xc3\xa4");
  wide = g_string_free (text, FALSE);
  ids[G_N_ELEMENTS (ids) - 2] = wide;

  dbus_scene_init (&scene, fixture);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  for (guint i = 0; ids[i] != NULL; i++)
    dbus_add (scene.manager, new_spec (fixture, ids[i]));
  g_assert_cmpuint (count_objects (&scene), ==, g_strv_length ((char **) ids));
  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_autofree char *path = dbus_host_path (ids[i]);
      g_autoptr(GVariant) id = dbus_get_property (&scene, path, DBUS_HOST_INTERFACE, "Id");

      g_assert_cmpstr (g_variant_get_string (id, NULL), ==, ids[i]);
      dbus_host_does (&scene, ids[i], "Reset", "by this name");
    }
}

/* Arguments are bytes to the kernel, and strings on the bus are not. */
static void
test_bad_utf8 (TestFixture   *fixture,
               gconstpointer  data)
{
  static const char *argv[] = { "/bin/\xff\xfe", "\xc3", "", "a\xe2\x82", NULL };
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("h", argv);
  g_autoptr(GVariant) line = NULL;
  g_autoptr(GVariant) described = NULL;
  g_autoptr(GVariant) description = NULL;
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = NULL;

  dbus_scene_init (&scene, fixture);
  g_object_set (spec, "working-directory", "/\xff", NULL);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  process = dbus_add (scene.manager, g_object_ref (spec));
  dbus_host_fails (&scene, "h", "Start", g_variant_new ("(@a{sv})", dbus_options (NULL)),
                   "org.extensionhost.Error.BadWorkingDirectory");

  line = dbus_get_property (&scene, DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE, "CommandLine");
  g_assert_cmpuint (g_variant_n_children (line), ==, G_N_ELEMENTS (argv) - 1);
  described = dbus_host_call (&scene, "h", "Describe", NULL, &error);
  g_assert_no_error (error);
  description = extension_host_process_describe (process);
  g_assert_true (g_variant_is_normal_form (line));
  g_assert_true (g_variant_is_normal_form (described));
  g_assert_true (g_variant_is_normal_form (description));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/export/default-path", NULL, test_path);
  test_add ("/dbus/export/own-path", "/org/example/Hosts", test_path);
  test_add ("/dbus/export/root", "/", test_path);
  test_add ("/dbus/export/refused", NULL, test_refused);
  test_add ("/dbus/export/two-managers", NULL, test_two_managers);
  test_add ("/dbus/export/foreign-manager",
            "<node><interface name='" DBUS_MANAGER_INTERFACE "'/></node>", test_foreign);
  test_add ("/dbus/export/foreign-objects",
            "<node><interface name='" DBUS_OBJECTS_INTERFACE "'/></node>", test_foreign);
  test_add ("/dbus/export/unexport", NULL, test_unexport);
  test_add ("/dbus/export/silent-after-unexport", NULL, test_silent_after_unexport);
  test_add ("/dbus/export/manager-disposed", NULL, test_manager_disposed);
  test_add ("/dbus/export/connection-closed", NULL, test_connection_closed);
  test_add ("/dbus/export/hosts", NULL, test_hosts);
  test_add ("/dbus/export/same-id", NULL, test_same_id);
  test_add ("/dbus/export/same-id-in-handler", "in handler", test_same_id);
  test_add ("/dbus/export/ids", NULL, test_ids);
  test_add ("/dbus/export/bad-utf8", NULL, test_bad_utf8);

  return g_test_run ();
}
