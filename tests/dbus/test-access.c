/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may do what. What there is to do comes from the introspection data, so that a method that is new
 * and not thought of here is an error. */

#include "dbus-fixture.h"

#define ACCESS_DENIED "org.freedesktop.DBus.Error.AccessDenied"

static const struct
{
  const char *method;
  ExtensionHostAccess need;
} expectations[] = {
  { "Call", EXTENSION_HOST_ACCESS_CALL },
  { "Describe", EXTENSION_HOST_ACCESS_STATUS },
  { "GetHistory", EXTENSION_HOST_ACCESS_STATUS },
  { "GetLog", EXTENSION_HOST_ACCESS_STATUS },
  { "Kill", EXTENSION_HOST_ACCESS_CONTROL },
  { "ListHosts", EXTENSION_HOST_ACCESS_STATUS },
  { "Pause", EXTENSION_HOST_ACCESS_CONTROL },
  { "Quarantine", EXTENSION_HOST_ACCESS_CONTROL },
  { "Release", EXTENSION_HOST_ACCESS_CONTROL },
  { "Reset", EXTENSION_HOST_ACCESS_CONTROL },
  { "Restart", EXTENSION_HOST_ACCESS_CONTROL },
  { "Resume", EXTENSION_HOST_ACCESS_CONTROL },
  { "Shutdown", EXTENSION_HOST_ACCESS_CONTROL },
  { "Start", EXTENSION_HOST_ACCESS_CONTROL },
  { "Stop", EXTENSION_HOST_ACCESS_CONTROL },
};

static ExtensionHostAccess
get_need (const char *method)
{
  for (gsize i = 0; i < G_N_ELEMENTS (expectations); i++)
    if (g_str_equal (expectations[i].method, method))
      return expectations[i].need;

  g_error ("nobody has thought about who may call %s", method);
}

static GDBusNodeInfo *
introspect (DBusScene  *scene,
            const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = dbus_call (scene->fixture, scene->client, scene->name, path,
                                         "org.freedesktop.DBus.Introspectable.Introspect", NULL,
                                         &error);
  const char *xml = NULL;
  GDBusNodeInfo *info = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(&s)", &xml);
  info = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);

  return info;
}

/* Of each kind the least: an empty string, nothing, no options. */
static GVariant *
new_arguments (const GDBusMethodInfo *method)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_TUPLE);
  for (guint i = 0; method->in_args[i] != NULL; i++)
    {
      const char *type = method->in_args[i]->signature;

      if (g_str_equal (type, "s"))
        g_variant_builder_add (&builder, "s", "");
      else if (g_str_equal (type, "u"))
        g_variant_builder_add (&builder, "u", 0);
      else if (g_str_equal (type, "a{sv}"))
        g_variant_builder_add_value (&builder, dbus_options (NULL));
      else
        g_error ("%s has an argument of a kind that is new: %s", method->name, type);
    }

  return g_variant_builder_end (&builder);
}

/* What is allowed may still fail, but for another reason. */
static void
try_method (DBusScene             *scene,
            const char            *path,
            const char            *interface,
            const GDBusMethodInfo *method,
            ExtensionHostAccess    access)
{
  g_autofree char *full = g_strconcat (interface, ".", method->name, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply G_GNUC_UNUSED = dbus_call (scene->fixture, scene->client, scene->name,
                                                       path, full, new_arguments (method), &error);
  g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;

  g_test_message ("%s with access %d: %s", method->name, (int) access,
                  error != NULL ? error->message : "done");
  if (access < get_need (method->name))
    g_assert_cmpstr (name, ==, ACCESS_DENIED);
  else
    g_assert_cmpstr (name, !=, ACCESS_DENIED);
}

static guint
try_methods (DBusScene           *scene,
             const char          *path,
             const char          *interface,
             ExtensionHostAccess  access)
{
  g_autoptr(GDBusNodeInfo) node = introspect (scene, path);
  GDBusInterfaceInfo *info = g_dbus_node_info_lookup_interface (node, interface);
  guint n = 0;

  g_assert_nonnull (info);
  for (; info->methods[n] != NULL; n++)
    try_method (scene, path, interface, info->methods[n], access);

  return n;
}

static void
test_methods (TestFixture   *fixture,
              gconstpointer  data)
{
  ExtensionHostAccess access = GPOINTER_TO_UINT (data);
  g_auto(DBusScene) scene = { NULL };
  ExtensionHostProcess *process = NULL;
  guint n = 0;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  dbus_scene_export (&scene, access);

  n += try_methods (&scene, DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE, access);
  n += try_methods (&scene, DBUS_MANAGER_PATH, DBUS_MANAGER_INTERFACE, access);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (expectations));

  /* What was denied was not done either. */
  if (access == EXTENSION_HOST_ACCESS_STATUS)
    {
      g_assert_cmpuint (extension_host_process_get_sequence (process), ==, 0);
      g_assert_cmpint (extension_host_process_get_control (process), ==,
                       EXTENSION_HOST_CONTROL_ACTIVE);
      g_assert_true (extension_host_process_start (process, NULL));
    }
}

/* Arguments are not looked at before it is known that they may be given. */
static void
test_denied_first (TestFixture   *fixture,
                   gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };
  GVariantDict dict;

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_STATUS);

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "no-such-option", "b", TRUE);
  dbus_host_fails (&scene, "h", "Start", g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)),
                   ACCESS_DENIED);
  dbus_host_fails (&scene, "h", "Call", g_variant_new ("(ssu)", "", "]", 0), ACCESS_DENIED);
}

/* The next export may grant something else. */
static void
test_changed (TestFixture   *fixture,
              gconstpointer  data)
{
  static const struct
  {
    ExtensionHostAccess access;
    const char *nick;
  } levels[] = {
    { EXTENSION_HOST_ACCESS_CALL, "call" },
    { EXTENSION_HOST_ACCESS_STATUS, "status" },
    { EXTENSION_HOST_ACCESS_CONTROL, "control" },
  };
  g_auto(DBusScene) scene = { NULL };

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      g_autoptr(GVariant) told = NULL;

      dbus_scene_export (&scene, levels[i].access);
      told = dbus_get_property (&scene, DBUS_MANAGER_PATH, DBUS_MANAGER_INTERFACE, "Access");
      g_assert_cmpstr (g_variant_get_string (told, NULL), ==, levels[i].nick);
      if (levels[i].access >= EXTENSION_HOST_ACCESS_CONTROL)
        dbus_host_does (&scene, "h", "Reset", NULL);
      else
        dbus_host_fails (&scene, "h", "Reset", g_variant_new ("(@a{sv})", dbus_options (NULL)),
                         ACCESS_DENIED);
      extension_host_manager_unexport (scene.manager);
    }
}

static void
try_to_set (DBusScene  *scene,
            const char *path,
            const char *interface)
{
  g_autoptr(GDBusNodeInfo) node = introspect (scene, path);
  GDBusInterfaceInfo *info = g_dbus_node_info_lookup_interface (node, interface);

  for (guint i = 0; info->properties[i] != NULL; i++)
    {
      const char *property = info->properties[i]->name;
      g_autoptr(GVariant) before = dbus_get_property (scene, path, interface, property);
      g_autoptr(GVariant) after = NULL;
      g_autoptr(GVariant) reply = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (info->properties[i]->flags, ==, G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
      reply = dbus_call (scene->fixture, scene->client, scene->name, path,
                         DBUS_PROPERTIES_INTERFACE ".Set",
                         g_variant_new ("(ssv)", interface, property, before), &error);
      g_assert_null (reply);
      g_assert_true (g_dbus_error_is_remote_error (error));
      after = dbus_get_property (scene, path, interface, property);
      g_assert_true (g_variant_equal (before, after));
    }
}

static void
test_properties (TestFixture   *fixture,
                 gconstpointer  data)
{
  g_auto(DBusScene) scene = { NULL };

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, rpc_spec_new (fixture, "h", NULL));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CALL);
  try_to_set (&scene, DBUS_MANAGER_PATH "/hosts/h", DBUS_HOST_INTERFACE);
  try_to_set (&scene, DBUS_MANAGER_PATH, DBUS_MANAGER_INTERFACE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/access/status", GUINT_TO_POINTER (EXTENSION_HOST_ACCESS_STATUS), test_methods);
  test_add ("/dbus/access/control", GUINT_TO_POINTER (EXTENSION_HOST_ACCESS_CONTROL), test_methods);
  test_add ("/dbus/access/call", GUINT_TO_POINTER (EXTENSION_HOST_ACCESS_CALL), test_methods);
  test_add ("/dbus/access/denied-first", NULL, test_denied_first);
  test_add ("/dbus/access/changed", NULL, test_changed);
  test_add ("/dbus/access/properties", NULL, test_properties);

  return g_test_run ();
}
