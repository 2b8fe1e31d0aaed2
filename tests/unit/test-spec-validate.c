/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <math.h>
#include <string.h>

#include "extension-host-enum-types.h"
#include "extension-host-error.h"
#include "extension-host-spec-private.h"

static const char * const argv[] = { "true", NULL };

static void
assert_valid (ExtensionHostSpec *spec)
{
  g_autoptr(GError) error = NULL;
  gboolean valid = extension_host_spec_validate (spec, &error);

  g_assert_no_error (error);
  g_assert_true (valid);
}

static void
assert_invalid (ExtensionHostSpec *spec,
                const char        *property,
                const char        *cause)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *prefix = g_strdup_printf ("“%s”: ", property);

  g_assert_false (extension_host_spec_validate (spec, NULL));
  g_assert_false (extension_host_spec_validate (spec, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  if (!g_str_has_prefix (error->message, prefix) || strstr (error->message, cause) == NULL)
    g_error ("“%s” does not tell of “%s” with “%s”", error->message, property, cause);
  g_assert_false (g_str_has_suffix (error->message, "."));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* Sets properties of a new spec and looks whether it is valid with them. */
#define assert_accepts(...)                                                        \
  G_STMT_START {                                                                   \
    g_autoptr(ExtensionHostSpec) spec_ = extension_host_spec_new ("host", argv);   \
    g_object_set (spec_, __VA_ARGS__, NULL);                                       \
    assert_valid (spec_);                                                          \
  } G_STMT_END

#define assert_refuses(property, cause, ...)                                       \
  G_STMT_START {                                                                   \
    g_autoptr(ExtensionHostSpec) spec_ = extension_host_spec_new ("host", argv);   \
    g_object_set (spec_, __VA_ARGS__, NULL);                                       \
    assert_invalid (spec_, property, cause);                                       \
  } G_STMT_END

#define LIST(...) ((const char * const []) { __VA_ARGS__, NULL })

static void
assert_id (const char *id,
           const char *cause)
{
  g_autoptr(ExtensionHostSpec) spec = g_object_new (EXTENSION_HOST_TYPE_SPEC,
                                                    "id", id,
                                                    "argv", argv,
                                                    NULL);

  if (cause == NULL)
    assert_valid (spec);
  else
    assert_invalid (spec, "id", cause);
}

static void
test_id (void)
{
  g_autofree char *longest = g_strnfill (255, 'x');
  g_autofree char *longer = g_strnfill (256, 'x');

  assert_id ("a", NULL);
  assert_id ("größe 1.2:3", NULL);
  assert_id (longest, NULL);
  assert_id (NULL, "not set");
  assert_id ("", "empty");
  assert_id (longer, "255");
  assert_id ("a/b", "slash");
  assert_id ("a\nb", "control");
  assert_id ("a\xc2\x85" "b", "control");
  assert_id ("a\x7f", "control");
  assert_id ("\xff", "UTF-8");
}

static void
test_labels (void)
{
  assert_accepts ("name", "Mein Host", "kind", "x", "group", "y");
  assert_refuses ("name", "empty", "name", "");
  assert_refuses ("kind", "control", "kind", "a\tb");
  assert_refuses ("group", "UTF-8", "group", "\xc0\x80");
  assert_accepts ("health-method", "", "shutdown-method", "");
  assert_refuses ("health-method", "control", "health-method", "a\n");
  assert_refuses ("shutdown-method", "control", "shutdown-method", "a\n");
  assert_refuses ("capabilities", "empty", "capabilities", LIST ("a", ""));
  assert_accepts ("after", LIST ("other"));
  assert_refuses ("after", "itself", "after", LIST ("other", "host"));
  assert_refuses ("after", "slash", "after", LIST ("a/b"));
}

static void
test_argv (void)
{
  g_autofree char *longest = g_strnfill (131071, 'x');
  g_autofree char *longer = g_strnfill (131072, 'x');
  g_autoptr(GPtrArray) many = g_ptr_array_new ();

  assert_refuses ("argv", "no program", "argv", NULL);
  assert_refuses ("argv", "empty", "argv", LIST (""));
  assert_accepts ("argv", LIST ("true", ""));
  assert_accepts ("argv", LIST ("true", longest));
  assert_refuses ("argv", "string 1 has more than 131071", "argv", LIST ("true", longer));

  for (guint i = 0; i < 60; i++)
    g_ptr_array_add (many, longest);
  g_ptr_array_add (many, NULL);
  assert_refuses ("argv", "together", "argv", many->pdata);
}

static void
test_environment (void)
{
  g_autofree char *longer = g_strnfill (131072, 'x');

  longer[1] = '=';
  assert_accepts ("environment", LIST ("A=", "B=1=2"));
  assert_refuses ("environment", "entry 2 is not", "environment", LIST ("A=", "B"));
  assert_refuses ("environment", "entry 1 is not", "environment", LIST ("=1"));
  assert_refuses ("environment", "entry 1 has more", "environment", LIST (longer));
  assert_refuses ("environment", "“EXTENSION_HOST_TREE” is reserved",
                  "environment", LIST ("EXTENSION_HOST_TREE=1"));
  assert_accepts ("environment", LIST ("NODE_CHANNEL_FD=1"));
  assert_refuses ("environment", "“NODE_CHANNEL_FD” is reserved",
                  "environment", LIST ("NODE_CHANNEL_FD=1"),
                  "transport", EXTENSION_HOST_TRANSPORT_NODE_IPC);
  assert_refuses ("working-directory", "absolute", "working-directory", "a/b");
  assert_refuses ("working-directory", "absolute", "working-directory", "");
  assert_accepts ("working-directory", "/a/b");
}

/* What a property takes at the ends of its range, and what it refuses beyond them. backoff-max is
 * as wide as can be, and so is the window, so that backoff-initial is judged by its own range. */
static void
assert_range (const char *property,
              guint       minimum,
              guint       maximum)
{
#define WIDE "backoff-max", 2073600000u, "restart-window", 0
  assert_accepts (WIDE, property, minimum);
  assert_accepts (WIDE, property, maximum);
  if (minimum > 0)
    assert_refuses (property, "from", WIDE, property, minimum - 1);
  assert_refuses (property, "from", WIDE, property, maximum + 1);
#undef WIDE
}

static void
test_ranges (void)
{
  const guint longest = 24u * 24 * 60 * 60 * 1000;

  assert_range ("start-timeout", 1, longest);
  assert_accepts ("start-timeout", EXTENSION_HOST_NO_TIMEOUT);
  assert_range ("health-timeout", 1, longest);
  assert_refuses ("health-timeout", "from 1ms to 576h",
                  "health-timeout", EXTENSION_HOST_NO_TIMEOUT);
  assert_range ("health-failures", 0, 1000);
  assert_range ("max-restarts", 0, 1000);
  assert_accepts ("max-restarts", EXTENSION_HOST_UNLIMITED);
  assert_refuses ("max-restarts", "1001 is neither from 0 to 1000 nor “unlimited”",
                  "max-restarts", 1001);
  assert_range ("restart-window", 0, longest);
  assert_range ("backoff-initial", 0, longest);
  assert_refuses ("backoff-max", "from", "backoff-max", longest + 1);
  assert_range ("ack-timeout", 0, longest);
  assert_range ("exit-timeout", 0, longest);
  assert_range ("term-timeout", 0, longest);
  assert_range ("kill-timeout", 1, longest);
  assert_range ("request-timeout", 1, longest);
  assert_accepts ("request-timeout", EXTENSION_HOST_NO_TIMEOUT);
  assert_range ("max-pending", 1, 1000000);
  assert_range ("max-inbound", 1, 1000000);
  assert_range ("max-message-size", 1024, 1 << 30);
  assert_refuses ("max-message-size", "512 is not from 1K to 1G", "max-message-size", 512);
  assert_range ("max-write-queue", 1024, 1 << 30);
  assert_range ("max-protocol-errors", 0, 1000000);
  assert_range ("log-lines", 0, 10000);
}

static void
test_limits (void)
{
  assert_accepts ("limit-address-space", (guint64) 1, "limit-files", (guint64) 4,
                  "limit-processes", (guint64) 1, "limit-core", (guint64) 0,
                  "memory-limit", G_GUINT64_CONSTANT (1) << 40);
  assert_refuses ("limit-address-space", "0 is neither at least 1 nor “inherit”",
                  "limit-address-space", (guint64) 0);
  assert_refuses ("limit-files", "at least 4", "limit-files", (guint64) 3);
  assert_refuses ("limit-processes", "at least 1", "limit-processes", (guint64) 0);
  assert_refuses ("limit-core", "18446744073709551614", "limit-core", G_MAXUINT64 - 1);
  assert_refuses ("memory-limit", "too much", "memory-limit", G_MAXUINT64);
  assert_accepts ("nice", -20, "oom-score-adj", -1000, "umask", 0);
  assert_accepts ("nice", 19, "oom-score-adj", 1000, "umask", 0777);
  assert_refuses ("nice", "from -20 to 19", "nice", 20);
  assert_refuses ("nice", "from -20 to 19", "nice", -21);
  assert_refuses ("oom-score-adj", "-1001", "oom-score-adj", -1001);
  assert_refuses ("umask", "01000 is neither from 0000 to 0777", "umask", 01000);
  assert_refuses ("umask", "-2", "umask", -2);
}

static void
test_impossible_values (void)
{
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("host", argv);

  /* GObject lets nobody do that. */
  spec->backoff_factor = NAN;
  assert_invalid (spec, "backoff-factor", "nan");
  spec->protocol = 99;
  assert_invalid (spec, "protocol", "99");
}

static void
test_restarts (void)
{
  assert_refuses ("backoff-factor", "0.99 is not from 1 to 100", "backoff-factor", 0.99);
  assert_refuses ("backoff-factor", "inf", "backoff-factor", (double) INFINITY);
  assert_refuses ("backoff-jitter", "1.1", "backoff-jitter", 1.1);
  assert_refuses ("backoff-jitter", "-0.1", "backoff-jitter", -0.1);
  assert_accepts ("backoff-jitter", 1.0, "backoff-factor", 1.0);
  assert_refuses ("backoff-max", "“backoff-max” (999 ms) is less than “backoff-initial”",
                  "backoff-max", 999);
  assert_accepts ("backoff-max", 1000);
  assert_refuses ("backoff-initial", "“max-restarts”",
                  "backoff-initial", 0, "max-restarts", EXTENSION_HOST_UNLIMITED);
  assert_accepts ("backoff-initial", 0, "max-restarts", EXTENSION_HOST_UNLIMITED,
                  "restart", EXTENSION_HOST_RESTART_POLICY_NEVER);
  assert_accepts ("backoff-initial", 0);
  assert_accepts ("no-restart-exits", LIST ("0", "255", "SIGSEGV", "SEGV", "KILL"));
  assert_refuses ("no-restart-exits", "“256”", "no-restart-exits", LIST ("1", "256"));
  assert_refuses ("no-restart-exits", "“-1”", "no-restart-exits", LIST ("-1"));
  assert_refuses ("no-restart-exits", "“SIGCHLD”", "no-restart-exits", LIST ("SIGCHLD"));
  assert_refuses ("no-restart-exits", "“segv”", "no-restart-exits", LIST ("segv"));
  assert_refuses ("no-restart-exits", "“”", "no-restart-exits", LIST (""));
  assert_refuses ("no-restart-exits", "", "no-restart-exits", LIST ("\v1"));
}

static void
test_health (void)
{
  assert_accepts ("health-interval", 0);
  assert_accepts ("health-interval", 10);
  assert_refuses ("health-interval", "at least 10 ms", "health-interval", 9);
  assert_refuses ("memory-limit", "“health-interval”",
                  "health-interval", 0, "memory-limit", (guint64) 1000);
}

static void
test_talk (void)
{
  assert_refuses ("framing", "“transport”",
                  "framing", EXTENSION_HOST_FRAMING_CONTENT_LENGTH,
                  "transport", EXTENSION_HOST_TRANSPORT_NODE_IPC);
  assert_refuses ("ready-mode", "“protocol”",
                  "ready-mode", EXTENSION_HOST_READY_MODE_HANDSHAKE);
  assert_accepts ("ready-mode", EXTENSION_HOST_READY_MODE_HANDSHAKE,
                  "protocol", EXTENSION_HOST_PROTOCOL_MCP);
  assert_accepts ("ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION);
  assert_refuses ("ready-mode", "“protocol”",
                  "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,
                  "protocol", EXTENSION_HOST_PROTOCOL_NONE);
}

static void
test_json (void)
{
  static const char * const valid[] = {
    "", "{}", " {\t}\r\n", "{\"a\":[1,-0.5e+3,true,false,null,\"\\u00e9\\n\",{}],\"\":[[]]}",
    "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"é\"}",
  };
  static const char * const invalid[] = {
    "[]", "1", "null", "{", "{]", "{} {}", "{}x", "{a:1}", "{'a':1}", "{\"a\":1,}", "{,}",
    "{\"a\":01}", "{\"a\":.5}", "{\"a\":5.}", "{\"a\":+1}", "{\"a\":0x1}", "{\"a\":1e}",
    "{\"a\":-}", "{\"a\":[1,]}", "{\"a\":[1}", "{\"a\"}", "{\"a\":}", "{\"a\":tru}",
    "{\"a\":\"\\x41\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}",
    "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\n\"}", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":\"\\u",
    "/* */{}", "{\"a\":1 /* */}", "{\"a\":\"\xff\"}", "\xef\xbb\xbf{}", "{\"a\" 1}", "{\"a\":NaN}",
  };
  g_autoptr(GString) deep = g_string_new ("{\"a\":");
  g_autofree char *large = g_strnfill (32 * 1024 + 1, ' ');

  for (guint i = 0; i < G_N_ELEMENTS (valid); i++)
    {
      assert_accepts ("handshake-params", valid[i]);
      assert_accepts ("probe-params", valid[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      assert_refuses ("handshake-params", "JSON object", "handshake-params", invalid[i]);
      assert_refuses ("probe-params", "JSON object", "probe-params", invalid[i]);
    }

  assert_refuses ("probe-params", "at byte 6", "probe-params", "{\"a\":x}");
  for (guint i = 0; i < 200000; i++)
    g_string_append_c (deep, '[');
  assert_refuses ("handshake-params", "JSON object", "handshake-params", deep->str);
  large[0] = '{';
  large[1] = '}';
  assert_accepts ("handshake-params", large);
  assert_refuses ("probe-params", "32768", "probe-params", large);
}

int
main (int   argc,
      char *args[])
{
  g_test_init (&argc, &args, NULL);

  g_test_add_func ("/spec-validate/id", test_id);
  g_test_add_func ("/spec-validate/labels", test_labels);
  g_test_add_func ("/spec-validate/argv", test_argv);
  g_test_add_func ("/spec-validate/environment", test_environment);
  g_test_add_func ("/spec-validate/ranges", test_ranges);
  g_test_add_func ("/spec-validate/limits", test_limits);
  g_test_add_func ("/spec-validate/impossible-values", test_impossible_values);
  g_test_add_func ("/spec-validate/restarts", test_restarts);
  g_test_add_func ("/spec-validate/health", test_health);
  g_test_add_func ("/spec-validate/talk", test_talk);
  g_test_add_func ("/spec-validate/json", test_json);

  return g_test_run ();
}
