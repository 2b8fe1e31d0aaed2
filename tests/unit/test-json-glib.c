/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parser and the generator are used again and again: nothing of one text may be seen in the next. */

#include "extension-host-json-glib-private.h"

#include <string.h>

static JsonNode *
parse (const char  *text,
       gboolean     immutable,
       GError     **error)
{
  return extension_host_json_parse (text, strlen (text), immutable, error);
}

static void
assert_text (JsonNode   *node,
             const char *expected)
{
  gsize length = 0;
  g_autofree char *text = extension_host_json_to_text (node, &length);

  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (length, ==, strlen (expected));
}

static void
test_each_is_its_own (gconstpointer data)
{
  gboolean immutable = GPOINTER_TO_INT (data);
  g_autoptr(JsonNode) first = parse ("{ \"a\": [1, 2] }", immutable, NULL);
  g_autoptr(JsonNode) second = parse ("[ null ]", immutable, NULL);

  g_assert_cmpint (json_node_is_immutable (first) != FALSE, ==, immutable);
  g_assert_cmpint (json_node_is_immutable (second) != FALSE, ==, immutable);
  assert_text (first, "{\"a\":[1,2]}");
  assert_text (second, "[null]");
  assert_text (first, "{\"a\":[1,2]}");
}

static void
test_after_an_error (gconstpointer data)
{
  gboolean immutable = GPOINTER_TO_INT (data);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) next = NULL;

  g_assert_null (parse ("{\"a\":[1,", immutable, &error));
  g_assert_nonnull (error);
  next = parse ("[3]", immutable, NULL);
  assert_text (next, "[3]");
}

static void
test_written_is_appended (void)
{
  g_autoptr(JsonNode) node = parse ("[7]", FALSE, NULL);
  g_autoptr(GString) out = g_string_new ("<");

  extension_host_json_write (node, out);
  extension_host_json_write (node, out);
  g_assert_cmpstr (out->str, ==, "<[7][7]");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/json-glib/own/mutable", GINT_TO_POINTER (FALSE), test_each_is_its_own);
  g_test_add_data_func ("/json-glib/own/immutable", GINT_TO_POINTER (TRUE), test_each_is_its_own);
  g_test_add_data_func ("/json-glib/error/mutable", GINT_TO_POINTER (FALSE), test_after_an_error);
  g_test_add_data_func ("/json-glib/error/immutable", GINT_TO_POINTER (TRUE), test_after_an_error);
  g_test_add_func ("/json-glib/appended", test_written_is_appended);

  return g_test_run ();
}
