/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-spec-table-private.h"
#include "test-spec-fixture.h"

/* What is right value by value, and yet contradicts itself or does nothing. */

static void
assert_accepts (Fixture    *fixture,
                const char *lines)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec = load_lines (fixture, lines, &error);

  g_assert_no_error (error);
  g_assert_nonnull (spec);
}

/* The message begins with file, line and key, and has all of the words. */
static void
assert_refuses (Fixture            *fixture,
                const char         *lines,
                guint               line,
                const char         *key,
                const char * const *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec = load_lines (fixture, lines, &error);
  g_autofree char *prefix = g_strdup_printf ("%s:%u: key “%s”: ", fixture->path, line, key);

  g_assert_null (spec);
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  if (!g_str_has_prefix (error->message, prefix))
    g_error ("“%s” does not begin with “%s”", error->message, prefix);
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (strstr (error->message + strlen (prefix), words[i]) == NULL)
        g_error ("“%s” does not have “%s”", error->message, words[i]);
    }
}

#define WORDS(...) ((const char * const []) { __VA_ARGS__, NULL })

static void
test_waits_without_effect (Fixture       *fixture,
                           gconstpointer  data)
{
  static const struct { const char *lines; const char *key; const char *other; } idle[] = {
    { "BackoffFactor=3\nMaxRestarts=1", "BackoffFactor", "“MaxRestarts=1”" },
    { "BackoffMax=9s\nMaxRestarts=1", "BackoffMax", "“MaxRestarts=1”" },
    { "BackoffFactor=3\nBackoffMax=1s", "BackoffFactor", "“BackoffMax” is “BackoffInitial”" },
    { "BackoffFactor=3\nBackoffInitial=30s", "BackoffFactor", "“BackoffMax” is “BackoffInitial”" },
    { "BackoffFactor=3\nMaxRestarts=unlimited\nBackoffInitial=10s\nRestartWindow=10s",
      "BackoffFactor", "“RestartWindow” is not longer than “BackoffInitial”" },
    { "BackoffMax=1min\nMaxRestarts=unlimited\nBackoffInitial=10s\nRestartWindow=9s",
      "BackoffMax", "“RestartWindow” is not longer than “BackoffInitial”" },
    /* 1 + 2 + 4 s, and it has crashed */
    { "BackoffMax=5s", "BackoffMax", "“MaxRestarts”, “RestartWindow”" },
    { "BackoffMax=31s\nMaxRestarts=5", "BackoffMax", "“MaxRestarts”, “RestartWindow”" },
    /* After 1 + 2 + … + 128 s the next would be 256 s, and then the first are forgotten. */
    { "BackoffMax=5min\nMaxRestarts=unlimited", "BackoffMax", "“MaxRestarts”, “RestartWindow”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    assert_refuses (fixture, idle[i].lines, 3, idle[i].key,
                    WORDS ("has no effect", idle[i].other));
}

static void
test_waits_with_effect (Fixture       *fixture,
                        gconstpointer  data)
{
  static const char * const good[] = {
    "BackoffFactor=3\nMaxRestarts=2",
    "BackoffMax=4s",
    "BackoffMax=3s\nMaxRestarts=3",
    "BackoffMax=1s",
    "BackoffMax=16s\nMaxRestarts=5",
    /* 4 s, or up to 6 s with luck */
    "BackoffMax=5s\nBackoffJitter=0.5",
    "BackoffMax=4min\nMaxRestarts=unlimited",
    "BackoffMax=5min\nMaxRestarts=unlimited\nRestartWindow=1h",
    "BackoffMax=576h\nMaxRestarts=unlimited\nRestartWindow=0",
    "BackoffFactor=3\nMaxRestarts=unlimited\nBackoffInitial=10s\nRestartWindow=11s",
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    assert_accepts (fixture, good[i]);
}

static void
test_limits_out_of_reach (Fixture       *fixture,
                          gconstpointer  data)
{
  static const struct { const char *lines; const char *key; const char *waits; } bad[] = {
    { "RestartWindow=7s", "RestartWindow", "are 7s at least, and “RestartWindow” is 7s" },
    { "MaxRestarts=20", "MaxRestarts", "are 481s at least, and “RestartWindow” is 5min" },
    { "\nMaxRestarts=15\nBackoffMax=40s", "MaxRestarts", "“MaxRestarts” 15 is never reached" },
    { "BackoffInitial=150s\nBackoffMax=150s", "BackoffInitial", "are 450s at least" },
    { "BackoffFactor=100\nBackoffMax=300s", "BackoffFactor", "are 401s at least" },
    { "MaxRestarts=25\nBackoffJitter=0.5", "MaxRestarts", "are 315500ms at least" },
    { "RestartWindow=1s\nMaxRestarts=1", "RestartWindow", "“MaxRestarts” 1 is never reached" },
  };
  static const char * const good[] = {
    "RestartWindow=7001ms",
    "RestartWindow=0\nMaxRestarts=1000",
    "RestartWindow=1ms\nMaxRestarts=unlimited",
    "RestartWindow=1ms\nBackoffInitial=0",
    "RestartWindow=1ms\nMaxRestarts=3\nBackoffJitter=1",
    "MaxRestarts=13",
    "MaxRestarts=20\nBackoffJitter=0.5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      guint line = bad[i].lines[0] == '\n' ? 4 : 3;

      assert_refuses (fixture, bad[i].lines, line, bad[i].key,
                      WORDS ("“MaxRestarts”", "is never reached", "“RestartWindow”",
                             bad[i].waits));
    }
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    assert_accepts (fixture, good[i]);
}

static void
assert_valid (ExtensionHostSpec *spec)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (extension_host_spec_validate (spec, &error));
  g_assert_no_error (error);
}

static void
assert_invalid (ExtensionHostSpec *spec,
                const char        *message)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (extension_host_spec_validate (spec, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  g_assert_cmpstr (error->message, ==, message);
}

/* A contradiction is one in code, too, where what merely has no effect is not. */
static void
test_properties (void)
{
  const char *argv[] = { "true", NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("host", argv);

  g_object_set (spec, "restart-window", 5000, NULL);
  assert_invalid (spec, "“restart-window”: “max-restarts” 3 is never reached: the waits before so "
                        "many restarts are 7s at least, and “restart-window” is 5s");
  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_NEVER, NULL);
  assert_valid (spec);
  g_object_set (spec, "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS, "max-restarts", 0, NULL);
  assert_valid (spec);
  g_object_set (spec, "max-restarts", 1, "backoff-factor", 3.0, "backoff-max", 9999, NULL);
  assert_valid (spec);
  g_object_set (spec, "environment", ((const char *[]) { "A=1", "A=2", NULL }), NULL);
  assert_valid (spec);
}

/* Every property set to its default is as if it had not been set. */
static void
test_defaults (void)
{
  const char *argv[] = { "true", NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("host", argv);
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      g_autoptr(ExtensionHostSpec) fresh = extension_host_spec_new ("host", argv);
      g_auto(GValue) value = G_VALUE_INIT;
      GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (spec), rows[i].name);

      if (pspec->flags & G_PARAM_CONSTRUCT_ONLY)
        continue;

      g_object_get_property (G_OBJECT (fresh), rows[i].name, &value);
      g_object_set_property (G_OBJECT (spec), rows[i].name, &value);
      assert_valid (spec);
    }
}

static void
test_handshake_room (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *filling = g_strnfill (66 * 1024, 'x');
  g_autofree char *params = g_strdup_printf ("HandshakeParams={\"a\":\"%s\"}", filling);
  g_autofree char *small = g_strconcat ("Protocol=mcp\nMaxWriteQueue=1K\n", params, NULL);
  g_autofree char *large = g_strconcat ("Protocol=mcp\nMaxWriteQueue=4K\n", params, NULL);

  assert_refuses (fixture, small, 4, "MaxWriteQueue",
                  WORDS ("“HandshakeParams” (67592 bytes)", "“MaxWriteQueue” 1024"));
  assert_accepts (fixture, large);
}

static void
test_talk (Fixture       *fixture,
           gconstpointer  data)
{
  static const char * const framings[] = { "lines", "by-protocol" };

  for (guint i = 0; i < G_N_ELEMENTS (framings); i++)
    {
      g_autofree char *lines = g_strdup_printf ("Framing=%s\nTransport=node-ipc", framings[i]);

      assert_refuses (fixture, lines, 3, "Framing",
                      WORDS ("has no effect", "“Transport=node-ipc”"));
    }
  assert_accepts (fixture, "Transport=node-ipc");
}

static void
test_lists (Fixture       *fixture,
            gconstpointer  data)
{
  static const struct { const char *line; const char *key; const char *word; } twice[] = {
    { "Environment=A=1;B=2;A=1", "Environment", "“A” is in the list twice" },
    { "Environment=A=;A=secret", "Environment", "“A” is in the list twice" },
    { "NoRestartExits=1;2;1", "NoRestartExits", "“1” is in the list twice" },
    { "NoRestartExits=SEGV;SIGSEGV", "NoRestartExits", "“SIGSEGV” is in the list twice" },
    { "NoRestartExits=ABRT;IOT", "NoRestartExits", "“IOT” is in the list twice" },
    { "Capabilities=read;write;read", "Capabilities", "“read” is in the list twice" },
    { "After=one;two;one", "After", "“one” is in the list twice" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (twice); i++)
    assert_refuses (fixture, twice[i].line, 3, twice[i].key, WORDS (twice[i].word));
  assert_accepts (fixture, "NoRestartExits=9;KILL;15\nEnvironment=A=1;AA=1;a=1;B=A=1");

  assert_refuses (fixture, "Environment=A=1;PWD=/\nWorkingDirectory=/tmp", 3, "Environment",
                  WORDS ("“PWD” has no effect", "“WorkingDirectory”"));
  assert_accepts (fixture, "Environment=PWD=/");
  assert_accepts (fixture, "Environment=OLDPWD=/\nWorkingDirectory=/tmp");
}

/* Values that no key of that syntax takes, with bars between them. */
static const char *
get_nonsense (const ExtensionHostSpecRow *row)
{
  switch (row->syntax)
    {
    case EXTENSION_HOST_SPEC_SYNTAX_TEXT:
      return "\\q|a\\";
    case EXTENSION_HOST_SPEC_SYNTAX_LIST:
      return "\\q|a;\\q|A=1;b\\";
    case EXTENSION_HOST_SPEC_SYNTAX_PATH:
      return "|\\q|~/x|~";
    case EXTENSION_HOST_SPEC_SYNTAX_JSON:
      return "[]|{|{} {}|null|{'a':1}|{\"a\":01}";
    case EXTENSION_HOST_SPEC_SYNTAX_COMMAND:
      return "|''|'|\"|#|~/x";
    case EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN:
      return "|1|yes|True|true;|true false";
    case EXTENSION_HOST_SPEC_SYNTAX_NICK:
      return "|0|nonsense|ALWAYS|Plain";
    case EXTENSION_HOST_SPEC_SYNTAX_COUNT:
    case EXTENSION_HOST_SPEC_SYNTAX_INTEGER:
      return "|x|1x|1.5|1 2|0x1|1s|1K|99999999999999999999|-2000";
    case EXTENSION_HOST_SPEC_SYNTAX_OCTAL:
      return "|x|8|0o22|1.5|-2|7777|99999999999999999999";
    case EXTENSION_HOST_SPEC_SYNTAX_DURATION:
      return "|x|5|5m|5 s|-5s|1e3s|5sec|0.5ms|577h|1s 2s";
    case EXTENSION_HOST_SPEC_SYNTAX_SIZE:
      return "|x|5k|5KB|5 K|-5|1e3|0.5|5s|99999999999999999999G";
    case EXTENSION_HOST_SPEC_SYNTAX_FRACTION:
      return "|x|1x|1,5|1.5.5|-1|101|nan|inf|1e1|0x1";
    default:
      g_assert_not_reached ();
    }
}

/* No key takes everything, and none takes what is wrong for another reason than the others do. */
static void
test_bad_values_of_every_key (Fixture       *fixture,
                              gconstpointer  data)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *key = extension_host_spec_row_dup_key (&rows[i]);
      g_auto(GStrv) nonsense = g_strsplit (get_nonsense (&rows[i]), "|", -1);

      for (guint j = 0; nonsense[j] != NULL; j++)
        {
          gboolean is_exec = strcmp (key, "Exec") == 0;
          /* Exec stands in line 2 already: there it would be the one that is given twice. */
          g_autofree char *text =
            g_strdup_printf ("[Extension Host]\n%s\n%s=%s\n", is_exec ? "" : "Exec=true",
                             key, nonsense[j]);
          g_autofree char *prefix = g_strdup_printf ("%s:3: key “%s”: ", fixture->path, key);
          g_autoptr(GError) error = NULL;
          g_autoptr(ExtensionHostSpec) spec = load_bytes (fixture, text, -1, &error);

          if (spec != NULL || !g_str_has_prefix (error->message, prefix))
            g_error ("“%s=%s”: %s", key, nonsense[j], spec != NULL ? "taken" : error->message);
        }
    }
}

/* A value that most keys of that syntax take; the lines are judged one by one, before the whole. */
static char *
dup_good_value (const ExtensionHostSpecRow *row)
{
  g_autoptr(GEnumClass) klass = NULL;

  switch (row->syntax)
    {
    case EXTENSION_HOST_SPEC_SYNTAX_BOOLEAN:
      return g_strdup ("true");
    case EXTENSION_HOST_SPEC_SYNTAX_NICK:
      klass = g_type_class_ref (row->get_type ());
      return g_strdup (klass->values[0].value_nick);
    case EXTENSION_HOST_SPEC_SYNTAX_DURATION:
      return g_strdup ("1s");
    case EXTENSION_HOST_SPEC_SYNTAX_SIZE:
      return g_strdup ("1M");
    case EXTENSION_HOST_SPEC_SYNTAX_COUNT:
    case EXTENSION_HOST_SPEC_SYNTAX_INTEGER:
    case EXTENSION_HOST_SPEC_SYNTAX_OCTAL:
      return g_strdup ("5");
    case EXTENSION_HOST_SPEC_SYNTAX_FRACTION:
      return g_strdup ("1");
    case EXTENSION_HOST_SPEC_SYNTAX_PATH:
      return g_strdup ("/tmp");
    case EXTENSION_HOST_SPEC_SYNTAX_JSON:
      return g_strdup ("{}");
    case EXTENSION_HOST_SPEC_SYNTAX_TEXT:
    case EXTENSION_HOST_SPEC_SYNTAX_LIST:
    case EXTENSION_HOST_SPEC_SYNTAX_COMMAND:
      return g_strdup ("text");
    default:
      g_assert_not_reached ();
    }
}

static void
test_every_key_twice (Fixture       *fixture,
                      gconstpointer  data)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *key = extension_host_spec_row_dup_key (&rows[i]);
      g_autofree char *value = dup_good_value (&rows[i]);
      g_autofree char *lines = g_strdup_printf ("%s=%s\n# between\n%s=%s", key, value, key, value);

      if (strcmp (key, "Exec") == 0)
        assert_refuses (fixture, lines, 3, key, WORDS ("is given in line 2 already"));
      else
        assert_refuses (fixture, lines, 5, key, WORDS ("is given in line 3 already"));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define TEST(name, func) \
  g_test_add ("/spec-effect/" name, Fixture, NULL, set_up, func, tear_down)
  TEST ("waits-without-effect", test_waits_without_effect);
  TEST ("waits-with-effect", test_waits_with_effect);
  TEST ("limits-out-of-reach", test_limits_out_of_reach);
  TEST ("handshake-room", test_handshake_room);
  TEST ("talk", test_talk);
  TEST ("lists", test_lists);
  TEST ("bad-values-of-every-key", test_bad_values_of_every_key);
  TEST ("every-key-twice", test_every_key_twice);
#undef TEST
  g_test_add_func ("/spec-effect/properties", test_properties);
  g_test_add_func ("/spec-effect/defaults", test_defaults);

  return g_test_run ();
}
