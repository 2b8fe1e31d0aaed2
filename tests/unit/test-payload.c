/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-payload-private.h"

/* Bytes */

static void
take (ExtensionHostPayload *payload,
      GBytes               *whole,
      gsize                 start,
      gsize                 length)
{
  const ExtensionHostJsonSpan span = { .start = start, .length = length, .n_values = 1 };

  extension_host_payload_take_span (payload, g_bytes_get_data (whole, NULL), whole, &span);
  g_assert_cmpmem (g_bytes_get_data (payload->bytes, NULL), g_bytes_get_size (payload->bytes),
                   (const char *) g_bytes_get_data (whole, NULL) + start, length);
}

static gboolean
is_copy (ExtensionHostPayload *payload,
         GBytes               *whole)
{
  const char *text = g_bytes_get_data (whole, NULL);
  const char *taken = g_bytes_get_data (payload->bytes, NULL);

  return taken < text || taken >= text + g_bytes_get_size (whole);
}

static void
test_most_of_a_message_is_not_copied (void)
{
  g_autoptr(GBytes) whole = g_bytes_new_static ("{\"result\":\"much\"}", 17);
  ExtensionHostPayload payload = { NULL };

  take (&payload, whole, 1, 15);
  g_assert_false (is_copy (&payload, whole));
  extension_host_payload_clear (&payload);
}

/* Else a large message would be kept for the little that is wanted of it. */
static void
test_little_of_a_message_is_copied (void)
{
  g_autoptr(GBytes) whole = g_bytes_new_static ("{\"junk\":0,\"result\":1}", 21);
  ExtensionHostPayload payload = { NULL };

  take (&payload, whole, 19, 1);
  g_assert_true (is_copy (&payload, whole));
  extension_host_payload_clear (&payload);
}

/* Trees */

#define N_RECORDS 40000
#define MIB (1024 * 1024)

static char *
make_text (guint n_records)
{
  GString *text = g_string_new ("[");

  for (guint i = 0; i < n_records; i++)
    g_string_append_printf (text, "%s{\"n\":%u,\"list\":[true,\"x\"]}", i > 0 ? "," : "", i);

  return g_string_free (g_string_append_c (text, ']'), FALSE);
}

typedef struct
{
  GMainContext *context;
  ExtensionHostPayload payload;
  gboolean is_parsed;
} Fixture;

static void
on_parsed (gpointer parsing,
           gpointer owner)
{
  Fixture *fixture = g_object_get_data (owner, "fixture");

  extension_host_payload_take_parsed (parsing);
  fixture->is_parsed = TRUE;
}

static GObject *
begin (Fixture *fixture,
       guint    n_records)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  char *text = make_text (n_records);

  g_object_set_data (owner, "fixture", fixture);
  fixture->context = g_main_context_new ();
  fixture->payload.bytes = g_bytes_new_take (text, strlen (text));
  fixture->payload.n_values = 1 + 5 * n_records;
  g_assert_true (extension_host_payload_is_large (&fixture->payload));
  extension_host_payload_parse_async (&fixture->payload, fixture->context, on_parsed, owner);

  return owner;
}

static JsonNode *
parse (Fixture *fixture,
       guint    n_records)
{
  g_autoptr(GObject) owner G_GNUC_UNUSED = begin (fixture, n_records);

  while (!fixture->is_parsed)
    g_main_context_iteration (fixture->context, TRUE);

  return extension_host_payload_parse (&fixture->payload, NULL);
}

/* Lets go of it, and runs the context until all that waits in there has been freed. */
static guint
count_turns (Fixture *fixture)
{
  guint n = 0;

  extension_host_payload_clear (&fixture->payload);
  for (; extension_host_tree_get_waiting (fixture->context) > 0; n++)
    g_main_context_iteration (fixture->context, TRUE);

  return n;
}

static void
clear (Fixture *fixture)
{
  extension_host_payload_clear (&fixture->payload);
  g_main_context_unref (fixture->context);
}

static void
test_large_tree_is_freed_bit_by_bit (void)
{
  Fixture fixture = { NULL };
  JsonNode *root = parse (&fixture, N_RECORDS);

  json_node_unref (root);
  g_assert_cmpuint (count_turns (&fixture), >, 3);
  clear (&fixture);
}

/* What both want of the allocator only one of them gets, for a while. */
static void
test_tree_is_not_freed_beside_a_parser (void)
{
  Fixture fixture = { NULL };
  gint64 began = g_get_monotonic_time ();

  json_node_unref (parse (&fixture, 600));
  extension_host_tree_begin_parsing (1);
  count_turns (&fixture);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, G_USEC_PER_SEC / 4);
  extension_host_tree_end_parsing (1);
  clear (&fixture);
}

static void
leave_tree (GMainContext *context,
            gsize         size)
{
  g_autofree char *text = make_text (600);
  ExtensionHostTree *tree = extension_host_tree_new (json_from_string (text, NULL), size);

  extension_host_tree_set_context (tree, context);
  extension_host_tree_release (tree);
}

/* If too much waits nothing more is to be parsed until there is room again. */
static void
test_too_many_trees_make_a_crowd (void)
{
  Fixture fixture = { .context = g_main_context_new () };
  g_autoptr(GMainContext) other = g_main_context_new ();

  leave_tree (fixture.context, 40 * MIB);
  g_assert_false (extension_host_tree_is_crowded (fixture.context));
  leave_tree (fixture.context, 40 * MIB);
  g_assert_true (extension_host_tree_is_crowded (fixture.context));
  g_assert_false (extension_host_tree_is_crowded (other));
  count_turns (&fixture);
  g_assert_false (extension_host_tree_is_crowded (fixture.context));
  clear (&fixture);
}

/* What is being parsed will be a tree that waits. */
static void
test_parsing_makes_a_crowd (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  extension_host_tree_begin_parsing (80 * MIB);
  g_assert_true (extension_host_tree_is_crowded (context));
  extension_host_tree_end_parsing (80 * MIB);
  g_assert_false (extension_host_tree_is_crowded (context));
}

static void
test_small_tree_is_freed_at_once (void)
{
  Fixture fixture = { NULL };
  JsonNode *root = parse (&fixture, 300);

  json_node_unref (root);
  g_assert_cmpuint (count_turns (&fixture), ==, 0);
  clear (&fixture);
}

/* Whatever else of it is freed. */
static void
test_kept_parts_of_a_tree_stay (void)
{
  Fixture fixture = { NULL };
  JsonNode *root = parse (&fixture, N_RECORDS);
  JsonNode *record = json_node_ref (json_array_get_element (json_node_get_array (root),
                                                            N_RECORDS / 2));
  JsonArray *list = json_array_ref (json_object_get_array_member (json_node_get_object (record),
                                                                  "list"));

  json_node_unref (root);
  count_turns (&fixture);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (record), "n"), ==,
                   N_RECORDS / 2);
  json_node_unref (record);
  g_assert_cmpstr (json_array_get_string_element (list, 1), ==, "x");
  json_array_unref (list);
  clear (&fixture);
}

/* json_node_free() frees the root whoever else has a reference of it. */
static void
test_root_may_be_freed (void)
{
  Fixture fixture = { NULL };

  json_node_free (parse (&fixture, N_RECORDS));
  count_turns (&fixture);
  clear (&fixture);
}

static void
test_root_of_parameters_stays (void)
{
  Fixture fixture = { NULL };
  JsonNode *root = NULL, *again = NULL;

  fixture.payload.is_shared = TRUE;
  root = parse (&fixture, 300);
  again = extension_host_payload_parse (&fixture.payload, NULL);
  g_assert_true (again == root);
  json_node_unref (again);
  json_node_unref (root);
  clear (&fixture);
}

static void
note (gpointer is_gone)
{
  g_atomic_int_set ((int *) is_gone, TRUE);
}

/* Sets @is_gone when @context is freed, by whatever thread. */
static void
watch (GMainContext *context,
       int          *is_gone)
{
  GSource *witness = g_timeout_source_new_seconds (G_MAXINT32);

  g_source_set_callback (witness, NULL, is_gone, note);
  g_source_attach (witness, context);
  g_source_unref (witness);
}

/* A thread that has parsed may have the last reference for a moment. */
static void
wait_until_gone (int *is_gone)
{
  while (!g_atomic_int_get (is_gone))
    g_usleep (1000);
}

/* A tree that waits to be freed does not keep a context that is never run again. */
static void
test_tree_goes_with_its_context (void)
{
  Fixture fixture = { NULL };
  JsonNode *root = parse (&fixture, N_RECORDS);
  int is_gone = FALSE;

  watch (fixture.context, &is_gone);
  json_node_unref (root);
  clear (&fixture);
  wait_until_gone (&is_gone);
}

/* Nor does one that nobody has been told of. */
static void
test_news_of_a_tree_go_with_their_context (void)
{
  Fixture fixture = { NULL };
  int is_gone = FALSE;

  g_object_unref (begin (&fixture, N_RECORDS));
  watch (fixture.context, &is_gone);
  clear (&fixture);
  wait_until_gone (&is_gone);
}

static void
test_requests_keep_their_bytes (void)
{
  Fixture fixture = { NULL };
  JsonNode *root = NULL;

  fixture.payload.is_shared = TRUE;
  root = parse (&fixture, 300);
  g_assert_nonnull (fixture.payload.bytes);
  json_node_unref (root);
  clear (&fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/payload/bytes/most-of-a-message-is-not-copied",
                   test_most_of_a_message_is_not_copied);
  g_test_add_func ("/payload/bytes/little-of-a-message-is-copied",
                   test_little_of_a_message_is_copied);
  g_test_add_func ("/payload/bytes/requests-keep-theirs", test_requests_keep_their_bytes);
  g_test_add_func ("/payload/tree/large-is-freed-bit-by-bit", test_large_tree_is_freed_bit_by_bit);
  g_test_add_func ("/payload/tree/is-not-freed-beside-a-parser",
                   test_tree_is_not_freed_beside_a_parser);
  g_test_add_func ("/payload/tree/too-many-make-a-crowd", test_too_many_trees_make_a_crowd);
  g_test_add_func ("/payload/tree/parsing-makes-a-crowd", test_parsing_makes_a_crowd);
  g_test_add_func ("/payload/tree/small-is-freed-at-once", test_small_tree_is_freed_at_once);
  g_test_add_func ("/payload/tree/kept-parts-stay", test_kept_parts_of_a_tree_stay);
  g_test_add_func ("/payload/tree/root-may-be-freed", test_root_may_be_freed);
  g_test_add_func ("/payload/tree/root-of-parameters-stays", test_root_of_parameters_stays);
  g_test_add_func ("/payload/tree/goes-with-its-context", test_tree_goes_with_its_context);
  g_test_add_func ("/payload/tree/news-go-with-their-context",
                   test_news_of_a_tree_go_with_their_context);

  return g_test_run ();
}
