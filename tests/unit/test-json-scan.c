/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "extension-host-json-repair-private.h"
#include "extension-host-json-scan-private.h"

#define REPLACEMENT "\357\277\275"

/* Scans a copy that ends with the text, so that a sanitizer sees each byte read too far. */
static ExtensionHostJsonScan
scan_bytes (const char *text,
            gsize       length)
{
  g_autofree char *exact = g_memdup2 (text, length);
  ExtensionHostJsonScan scan;
  gboolean is_valid = extension_host_json_scan (&scan, exact, length);

  g_assert_cmpint (is_valid, ==, scan.verdict == EXTENSION_HOST_JSON_VALID);
  g_assert_cmpuint (scan.error_offset, <=, length);

  return scan;
}

static ExtensionHostJsonScan
scan_text (const char *text)
{
  return scan_bytes (text, strlen (text));
}

static char *
dup_span (const char                  *text,
          const ExtensionHostJsonSpan *span)
{
  return span->length > 0 ? g_strndup (text + span->start, span->length) : NULL;
}

static void
assert_member (const char              *text,
               ExtensionHostJsonMember  member,
               const char              *expected)
{
  ExtensionHostJsonScan scan = scan_text (text);
  g_autofree char *found = dup_span (text, &scan.members[member]);

  g_assert_cmpint (scan.verdict, ==, EXTENSION_HOST_JSON_VALID);
  g_assert_cmpstr (found, ==, expected);
}

static void
test_members (void)
{
  const char *text = " { \"jsonrpc\" : \"2.0\" ,\"id\":7, \"method\":\"a\",\"params\":{ } ,"
                     "\"result\":[1, 2] , \"error\":null\n,\"other\":{\"id\":8},\"code\":-1,"
                     "\"message\":\"m\",\"data\":false,\"requestId\":\"r\"} ";

  assert_member (text, EXTENSION_HOST_JSON_MEMBER_JSONRPC, "\"2.0\"");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_ID, "7");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_METHOD, "\"a\"");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_PARAMS, "{ }");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_RESULT, "[1, 2]");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_ERROR, "null");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_CODE, "-1");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_MESSAGE, "\"m\"");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_DATA, "false");
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_REQUEST_ID, "\"r\"");
}

static void
test_names (void)
{
  assert_member ("{\"\\u0069d\":1}", EXTENSION_HOST_JSON_MEMBER_ID, "1");
  assert_member ("{\"\\u0069\\u0064\" :1}", EXTENSION_HOST_JSON_MEMBER_ID, "1");
  assert_member ("{\"re\\u0073ult\":1}", EXTENSION_HOST_JSON_MEMBER_RESULT, "1");
  assert_member ("{\"request\\u0049d\":1}", EXTENSION_HOST_JSON_MEMBER_REQUEST_ID, "1");

  assert_member ("{\"i\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"Id\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"id \":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"idd\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"i\\u0064\\u0064\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"id\\u0000\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"i\\ud83d\\ude00\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"\\\\id\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"\\\"id\\\"\":1}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
}

static void
test_only_outermost (void)
{
  assert_member ("{\"a\":{\"id\":1}}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("[{\"id\":1}]", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("{\"a\":\"\\\",\\\"id\\\":1,\\\"\"}", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
  assert_member ("\"{\\\"id\\\":1}\"", EXTENSION_HOST_JSON_MEMBER_ID, NULL);
}

/* json-glib would take the quote for a part of the surrogate, and the member for a string. */
static void
test_nothing_hides (void)
{
  assert_member ("{\"a\":\"\\ud83d\",\"id\":1}", EXTENSION_HOST_JSON_MEMBER_ID, "1");
  assert_member ("{\"a\":\"\342\",\"id\":1}", EXTENSION_HOST_JSON_MEMBER_ID, "1");
  assert_member ("{\"a\":\"\\\\\",\"id\":1}", EXTENSION_HOST_JSON_MEMBER_ID, "1");
  assert_member ("{\"a\":\"\\u0000\",\"id\":1}", EXTENSION_HOST_JSON_MEMBER_ID, "1");
}

static void
test_duplicates (void)
{
  const char *text = "{\"id\":1,\"a\":0,\"a\":0,\"i\\u0064\":[\"\\u0000\"],\"id\":3}";
  ExtensionHostJsonScan scan = scan_text (text);

  g_assert_true (scan.has_duplicates);
  assert_member (text, EXTENSION_HOST_JSON_MEMBER_ID, "3");
  g_assert_cmpuint (scan.members[EXTENSION_HOST_JSON_MEMBER_ID].n_values, ==, 1);
  g_assert_false (scan.members[EXTENSION_HOST_JSON_MEMBER_ID].has_nul);
  g_assert_true (scan.whole.has_nul);

  scan = scan_text ("{\"id\":1,\"a\":0,\"a\":0}");
  g_assert_false (scan.has_duplicates);
}

static void
test_documents (void)
{
  static const struct {
    const char *text;
    ExtensionHostJsonDocument document;
  } cases[] = {
    { "{}",            EXTENSION_HOST_JSON_OBJECT },
    { "[]",            EXTENSION_HOST_JSON_ARRAY },
    { "[1]",           EXTENSION_HOST_JSON_ARRAY },
    { "[[{}]]",        EXTENSION_HOST_JSON_ARRAY },
    { "[{},1]",        EXTENSION_HOST_JSON_ARRAY },
    { "[1,{}]",        EXTENSION_HOST_JSON_ARRAY },
    { "[{}]",          EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS },
    { " [ {} , { } ]", EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS },
    { "1",             EXTENSION_HOST_JSON_OTHER },
    { "\"{}\"",        EXTENSION_HOST_JSON_OTHER },
    { "null",          EXTENSION_HOST_JSON_OTHER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ExtensionHostJsonScan scan = scan_text (cases[i].text);

      g_assert_cmpint (scan.verdict, ==, EXTENSION_HOST_JSON_VALID);
      g_assert_cmpint (scan.document, ==, cases[i].document);
    }
}

static void
test_verdicts (void)
{
  static const struct {
    const char *text;
    ExtensionHostJsonVerdict verdict;
    gsize offset;
  } cases[] = {
    { "",                 EXTENSION_HOST_JSON_NOT_JSON, 0 },
    { "  ",               EXTENSION_HOST_JSON_NOT_JSON, 2 },
    { " {} ",             EXTENSION_HOST_JSON_VALID,    4 },
    { "{\"a\":x}",        EXTENSION_HOST_JSON_NOT_JSON, 5 },
    { "[1,]",             EXTENSION_HOST_JSON_NOT_JSON, 3 },
    { "[01]",             EXTENSION_HOST_JSON_NOT_JSON, 2 },
    { "[\"a\nb\"]",       EXTENSION_HOST_JSON_NOT_JSON, 3 },
    { "\"\\q\"",          EXTENSION_HOST_JSON_NOT_JSON, 1 },
    { "\"abc",            EXTENSION_HOST_JSON_NOT_JSON, 4 },
    { "{} {}",            EXTENSION_HOST_JSON_TRAILING, 3 },
    { "[1]x",             EXTENSION_HOST_JSON_TRAILING, 3 },
    { "1 2",              EXTENSION_HOST_JSON_TRAILING, 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ExtensionHostJsonScan scan = scan_text (cases[i].text);

      g_assert_cmpint (scan.verdict, ==, cases[i].verdict);
      g_assert_cmpuint (scan.error_offset, ==, cases[i].offset);
    }
}

static void
assert_nesting (const char               *open,
                const char               *close,
                guint                     n,
                ExtensionHostJsonVerdict  verdict)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (text, open);
  g_string_append_c (text, '0');
  for (guint i = 0; i < n; i++)
    g_string_append (text, close);

  g_assert_cmpint (scan_bytes (text->str, text->len).verdict, ==, verdict);
}

static void
test_nesting (void)
{
  for (guint n = 1; n <= 300; n++)
    {
      ExtensionHostJsonVerdict verdict = n > 128   /* as is promised, whatever the scan has */
        ? EXTENSION_HOST_JSON_TOO_DEEP : EXTENSION_HOST_JSON_VALID;

      assert_nesting ("[", "]", n, verdict);
      assert_nesting ("{\"a\":", "}", n, verdict);
      if (n % 2 == 0)
        assert_nesting (n % 4 == 0 ? "[1,{\"a\":" : "{\"b\":2,\"a\":[", n % 4 == 0 ? "}]" : "]}",
                        n / 2, verdict);
    }

  /* Each level must close as what it was opened, at each depth. */
  for (guint n = 0; n < EXTENSION_HOST_JSON_MAX_DEPTH; n++)
    {
      g_autofree char *opened = g_strnfill (EXTENSION_HOST_JSON_MAX_DEPTH, '[');
      g_autofree char *closed = g_strnfill (EXTENSION_HOST_JSON_MAX_DEPTH, ']');
      g_autofree char *text = NULL;

      closed[n] = '}';
      text = g_strconcat (opened, closed, NULL);
      g_assert_cmpint (scan_text (text).verdict, ==, EXTENSION_HOST_JSON_NOT_JSON);
    }
}

static void
test_count (void)
{
  ExtensionHostJsonScan scan = scan_text ("{\"id\":1,\"result\":[{},[],{\"a\":1,\"b\":[null]},"
                                          "\"s\",true],\"error\":{}}");

  g_assert_cmpuint (scan.members[EXTENSION_HOST_JSON_MEMBER_ID].n_values, ==, 1);
  g_assert_cmpuint (scan.members[EXTENSION_HOST_JSON_MEMBER_RESULT].n_values, ==, 9);
  g_assert_cmpuint (scan.members[EXTENSION_HOST_JSON_MEMBER_ERROR].n_values, ==, 1);
  g_assert_cmpuint (scan.whole.n_values, ==, 12);
  g_assert_cmpuint (scan_bytes (NULL, 0).whole.n_values, ==, 0);
  g_assert_cmpuint (scan_text ("[]").whole.n_values, ==, 1);
  g_assert_cmpuint (scan_text ("[[],1]").whole.n_values, ==, 3);
  g_assert_cmpuint (scan_text ("7").whole.n_values, ==, 1);
}

static void
test_notes (void)
{
  ExtensionHostJsonScan scan = scan_text ("{\"id\":\"\377\",\"result\":\"\\u0000\","
                                          "\"params\":[\"\\udc00\"],\"error\":\"\\ud83d\\ude00\"}");

  g_assert_true (scan.members[EXTENSION_HOST_JSON_MEMBER_ID].needs_repair);
  g_assert_false (scan.members[EXTENSION_HOST_JSON_MEMBER_ID].has_nul);
  g_assert_false (scan.members[EXTENSION_HOST_JSON_MEMBER_RESULT].needs_repair);
  g_assert_true (scan.members[EXTENSION_HOST_JSON_MEMBER_RESULT].has_nul);
  g_assert_true (scan.members[EXTENSION_HOST_JSON_MEMBER_PARAMS].needs_repair);
  g_assert_false (scan.members[EXTENSION_HOST_JSON_MEMBER_ERROR].needs_repair);
  g_assert_false (scan.members[EXTENSION_HOST_JSON_MEMBER_ERROR].has_nul);
  g_assert_true (scan.whole.needs_repair);
  g_assert_true (scan.whole.has_nul);

  /* Names too: they go to json-glib with the rest. */
  scan = scan_text ("{\"result\":{\"\\ud800\":{\"\\u0000\":1}}}");
  g_assert_true (scan.members[EXTENSION_HOST_JSON_MEMBER_RESULT].needs_repair);
  g_assert_true (scan.members[EXTENSION_HOST_JSON_MEMBER_RESULT].has_nul);
}

/* No beginning of a document in brackets is a document. */
static void
test_cut_short (void)
{
  const char *text = "{\"a\":[1,-2.5e+7,\"x\\n\\ud83d\\ude00\360\237\230\200\",true,false,null],"
                     "\"id\":{\"b\":[[],{}]}}";

  for (gsize length = 0; length < strlen (text); length++)
    g_assert_cmpint (scan_bytes (text, length).verdict, ==, EXTENSION_HOST_JSON_NOT_JSON);
  g_assert_cmpint (scan_text (text).verdict, ==, EXTENSION_HOST_JSON_VALID);
}

/* Every byte at every place of a string long enough for each way to skip. */
static void
test_every_byte (void)
{
  for (gsize place = 1; place <= 40; place++)
    for (guint byte = 0; byte < 256; byte++)
      {
        char text[42];
        ExtensionHostJsonVerdict verdict = EXTENSION_HOST_JSON_VALID;
        ExtensionHostJsonScan scan;

        memset (text, 'a', sizeof text);
        text[0] = text[41] = '"';
        text[place] = byte;
        if (byte < 0x20 || byte == '\\')
          verdict = EXTENSION_HOST_JSON_NOT_JSON;   /* \a, and \" without an end */
        else if (byte == '"')
          verdict = EXTENSION_HOST_JSON_TRAILING;

        scan = scan_bytes (text, sizeof text);
        g_assert_cmpint (scan.verdict, ==, verdict);
        if (verdict == EXTENSION_HOST_JSON_VALID)
          g_assert_cmpint (scan.whole.needs_repair, ==, byte >= 0x80);
      }
}

static void
assert_runs (const char *text,
             gsize       length)
{
  g_autofree char *exact = g_memdup2 (text, length);
  const char *end = exact + length;

  for (const char *p = exact; p <= end; p++)
    {
      const char *stop = extension_host_json_run_bytes (p, end);

      g_assert_true (extension_host_json_run_words (p, end) == stop);
      g_assert_true (extension_host_json_run (p, end) == stop);
    }
}

static void
test_runs (void)
{
  char text[64];

  for (guint byte = 0; byte < 256; byte++)
    for (gsize place = 0; place < sizeof text; place++)
      {
        memset (text, 'x', sizeof text);
        text[place] = byte;
        assert_runs (text, sizeof text);
      }

  for (guint round = 0; round < 5000; round++)
    {
      gsize length = g_test_rand_int_range (1, sizeof text);

      for (gsize i = 0; i < length; i++)
        text[i] = g_test_rand_bit () ? g_test_rand_int_range (0, 256)
                                     : g_test_rand_int_range (0x1f, 0x24);
      assert_runs (text, length);
    }
}

static void
test_sequences (void)
{
  /* All of two bytes, and of a third, against GLib. */
  for (guint code = 0x8000; code <= 0xffff; code++)
    {
      const char text[] = { code >> 8, code & 0xff, '\200', '\200' };

      for (gsize length = 1; length <= sizeof text; length++)
        {
          gboolean is_valid = FALSE;
          guint n_bytes = extension_host_json_sequence (text, text + length, &is_valid);
          gunichar found = g_utf8_get_char_validated (text, length);

          g_assert_cmpuint (n_bytes, >=, 1);
          g_assert_cmpuint (n_bytes, <=, length);
          g_assert_cmpint (is_valid, ==, found < 0x110000);
          if (is_valid)
            g_assert_cmpuint (n_bytes, ==, g_unichar_to_utf8 (found, NULL));
        }
    }
}

static void
assert_repaired (const char *text,
                 const char *expected)
{
  g_autofree char *exact = g_memdup2 (text, strlen (text));
  g_autofree char *repaired = NULL;
  ExtensionHostJsonScan before = scan_text (text);
  ExtensionHostJsonScan after;
  gsize length = 0;

  repaired = extension_host_json_repair (exact, strlen (text), &length);
  g_assert_cmpstr (repaired, ==, expected);
  g_assert_cmpuint (length, ==, strlen (repaired));

  after = scan_text (repaired);
  g_assert_cmpint (after.verdict, ==, EXTENSION_HOST_JSON_VALID);
  g_assert_false (after.whole.needs_repair);
  g_assert_cmpint (after.whole.has_nul, ==, before.whole.has_nul);
  g_assert_cmpuint (after.whole.n_values, ==, before.whole.n_values);
  g_assert_cmpint (before.whole.needs_repair, ==, strcmp (text, repaired) != 0);
}

static void
test_repair (void)
{
  assert_repaired ("{\"a\":[1,\"\\\\ud83d\\n\"]}", "{\"a\":[1,\"\\\\ud83d\\n\"]}");
  assert_repaired ("\"\\ud83d\"", "\"\\ufffd\"");
  assert_repaired ("\"\\ude00\\ud83d\"", "\"\\ufffd\\ufffd\"");
  assert_repaired ("\"\\ude00\\ude00\"", "\"\\ufffd\\ufffd\"");
  assert_repaired ("\"\\ud83d\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"");
  assert_repaired ("\"\\ud83d\\u0041\"", "\"\\ufffd\\u0041\"");
  assert_repaired ("\"\\ud83d\\\"\"", "\"\\ufffd\\\"\"");
  assert_repaired ("{\"\\udfff\":0}", "{\"\\ufffd\":0}");
  assert_repaired ("\"a\\u0000b\"", "\"a\\u0000b\"");
  assert_repaired ("\"\\u0000\377\"", "\"\\u0000" REPLACEMENT "\"");

  /* One for each maximal subpart: as Node and Python decode. */
  assert_repaired ("\"\377\376\"", "\"" REPLACEMENT REPLACEMENT "\"");
  assert_repaired ("\"\342\202\"", "\"" REPLACEMENT "\"");
  assert_repaired ("\"\342\202x\"", "\"" REPLACEMENT "x\"");
  assert_repaired ("\"\360\237\230\342\202\254\"", "\"" REPLACEMENT "\342\202\254\"");
  assert_repaired ("\"\355\240\200\"", "\"" REPLACEMENT REPLACEMENT REPLACEMENT "\"");
  assert_repaired ("\"\300\257\"", "\"" REPLACEMENT REPLACEMENT "\"");
  assert_repaired ("\"\364\220\200\200\"",
                   "\"" REPLACEMENT REPLACEMENT REPLACEMENT REPLACEMENT "\"");
}

static void
test_repaired_parses (void)
{
  static const char *const texts[] = {
    "{\"a\":\"\\ud83d\",\"b\":\"\\ude00\"}",
    "{\"a\":\"\377\",\"b\":\"caf\351\"}",
    "{\"\\ud83d\":0,\"b\":\"\360\237\"}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(JsonParser) parser = json_parser_new_immutable ();
      g_autoptr(GError) error = NULL;
      g_autofree char *repaired = NULL;
      gsize length = 0;

      repaired = extension_host_json_repair (texts[i], strlen (texts[i]), &length);
      json_parser_load_from_data (parser, repaired, length, &error);
      g_assert_no_error (error);
      g_assert_true (json_object_has_member (json_node_get_object (json_parser_get_root (parser)),
                                             "b"));
    }
}

static void
assert_decoded (const char *text,
                const char *expected)
{
  g_autofree char *exact = g_memdup2 (text, strlen (text));
  g_autofree char *decoded = extension_host_json_decode_string (exact, strlen (text));

  g_assert_cmpstr (decoded, ==, expected);
}

static void
test_decode (void)
{
  assert_decoded ("\"\"", "");
  assert_decoded ("\"tools/call\"", "tools/call");
  assert_decoded ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
  assert_decoded ("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
                  "A\303\251\342\202\254\360\237\230\200");
  assert_decoded ("\"\303\251\"", "\303\251");
  assert_decoded ("\"a\\u0000b\"", "a" REPLACEMENT "b");
  assert_decoded ("\"\\ud83d\\ud83d\\ude00\"", REPLACEMENT "\360\237\230\200");
  assert_decoded ("\"\377\\udc00\"", REPLACEMENT REPLACEMENT);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-scan/members", test_members);
  g_test_add_func ("/json-scan/names", test_names);
  g_test_add_func ("/json-scan/only-outermost", test_only_outermost);
  g_test_add_func ("/json-scan/nothing-hides", test_nothing_hides);
  g_test_add_func ("/json-scan/duplicates", test_duplicates);
  g_test_add_func ("/json-scan/documents", test_documents);
  g_test_add_func ("/json-scan/verdicts", test_verdicts);
  g_test_add_func ("/json-scan/nesting", test_nesting);
  g_test_add_func ("/json-scan/count", test_count);
  g_test_add_func ("/json-scan/notes", test_notes);
  g_test_add_func ("/json-scan/cut-short", test_cut_short);
  g_test_add_func ("/json-scan/every-byte", test_every_byte);
  g_test_add_func ("/json-scan/runs", test_runs);
  g_test_add_func ("/json-scan/sequences", test_sequences);
  g_test_add_func ("/json-scan/repair", test_repair);
  g_test_add_func ("/json-scan/repaired-parses", test_repaired_parses);
  g_test_add_func ("/json-scan/decode", test_decode);

  return g_test_run ();
}
