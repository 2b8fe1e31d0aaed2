/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines of hosts on the bus: a few at once, and of a flood a part. */

#include <stdlib.h>
#include <string.h>

#include "dbus-fixture.h"

#define RATE 100          /* lines of a host that are told in a second */
#define MANY 700          /* lines: more than that, fewer than what the library tells one by one */

static const char *
get_line (DBusRecord *told,
          guint       nth)
{
  const char *line = NULL;

  g_variant_get (dbus_record_find (told, "Log", nth)->parameters, "(&s&s)", NULL, &line);

  return line;
}

/* How many lines this one stands for; 0 if it is one of the host. */
static guint
get_left_out (const char *line)
{
  if (line[0] != '(' || strstr (line, "left out") == NULL)
    return 0;

  return (guint) atoi (line + 1);
}

static guint
count_told (DBusRecord *told,
            guint      *left_out)
{
  guint n_lines = 0;

  *left_out = 0;
  for (guint i = 0; i < dbus_record_count (told, "Log"); i++)
    {
      guint n = get_left_out (get_line (told, i));

      *left_out += n;
      n_lines += n == 0;
    }

  return n_lines;
}

static void
test_lines (TestFixture   *fixture,
            gconstpointer  data)
{
  static const char * const expected[][2] = {
    { "stdout", "one" }, { "stderr", "two \xef\xbf\xbd" }, { "stdout", "" }, { "stdout", "(four" },
  };
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) told = NULL;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) kept = NULL;
  g_autoptr(GError) error = NULL;
  guint n_out = 0;

  dbus_scene_init (&scene, fixture);
  dbus_add (scene.manager, test_spec_new (fixture, "h", "--print=one", "--print-stderr=two \xff",
                                          "--print=", "--print=(four", NULL));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  told = dbus_record_new (scene.client, scene.name);
  dbus_host_does (&scene, "h", "Start", NULL);
  test_wait_until (fixture, dbus_record_count (told, "Log") == G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      const char *stream = NULL, *line = NULL;

      g_variant_get (dbus_record_find (told, "Log", i)->parameters, "(&s&s)", &stream, &line);
      if (!g_str_equal (stream, "stdout"))   /* which may come before or after the others */
        g_assert_cmpstr (line, ==, expected[1][1]);
      else
        n_out++;
    }
  g_assert_cmpuint (n_out, ==, 3);

  reply = dbus_host_call (&scene, "h", "GetLog", g_variant_new ("(u)", 0), &error);
  g_assert_no_error (error);
  kept = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (kept), ==, G_N_ELEMENTS (expected));
}

/* None is told twice, none is forgotten in the count, and the other host is not held up. */
static void
test_flood (TestFixture   *fixture,
            gconstpointer  data)
{
  g_autofree char *option = g_strdup_printf ("--stdout-flood=%d", MANY);
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) told = NULL;
  g_autoptr(TestRecord) seen = NULL;
  ExtensionHostProcess *process = NULL;
  guint n_lines = 0, left_out = 0;
  gint64 began = 0;

  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, test_spec_new (fixture, "h", option, NULL));
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  told = dbus_record_new (scene.client, scene.name);
  seen = test_record_new (process);
  began = g_get_monotonic_time ();
  dbus_host_does (&scene, "h", "Start", NULL);
  test_wait_until (fixture, seen->lines->len == MANY);
  dbus_settle (fixture, scene.client, scene.name);
  n_lines = count_told (told, &left_out);
  if (left_out == 0)   /* the first second is not over */
    g_assert_cmpuint (n_lines, ==, RATE);

  test_wait_until (fixture, (n_lines = count_told (told, &left_out)) + left_out == MANY);
  g_assert_cmpuint (n_lines, <=,
                    RATE * (1 + (g_get_monotonic_time () - began) / G_USEC_PER_SEC));
  g_assert_cmpuint (n_lines, >=, RATE);
  for (guint i = 0; i < RATE; i++)
    {
      g_autofree char *line = g_strdup_printf ("flood %u", i + 1);

      g_assert_cmpstr (get_line (told, i), ==, line);
    }
}

/* What was left out is told of although the host has gone. */
static void
test_flood_at_the_end (TestFixture   *fixture,
                       gconstpointer  data)
{
  g_autofree char *option = g_strdup_printf ("--stdout-flood=%d", MANY);
  g_auto(DBusScene) scene = { NULL };
  g_autoptr(DBusRecord) told = NULL;
  ExtensionHostSpec *spec = test_spec_new (fixture, "h", option, "--exit=0", NULL);
  ExtensionHostProcess *process = NULL;
  guint left_out = 0;

  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  dbus_scene_init (&scene, fixture);
  process = dbus_add (scene.manager, spec);
  dbus_scene_export (&scene, EXTENSION_HOST_ACCESS_CONTROL);
  told = dbus_record_new (scene.client, scene.name);
  dbus_host_does (&scene, "h", "Start", NULL);
  dbus_wait_state (fixture, process, STOPPED);
  test_wait_until (fixture, count_told (told, &left_out) + left_out == MANY);

  /* And nothing is left of it when nobody listens any more. */
  dbus_host_does (&scene, "h", "Start", NULL);
  dbus_wait_state (fixture, process, STOPPED);
  extension_host_manager_unexport (scene.manager);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/dbus/log/lines", NULL, test_lines);
  test_add ("/dbus/log/flood", NULL, test_flood);
  test_add ("/dbus/log/flood-at-the-end", NULL, test_flood_at_the_end);

  return g_test_run ();
}
