/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-spec-table-private.h"
#include "test-spec-fixture.h"

static ExtensionHostSpec *
load (Fixture    *fixture,
      const char *lines)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostSpec *spec = load_lines (fixture, lines, &error);

  g_assert_no_error (error);
  g_assert_nonnull (spec);

  return spec;
}

static void
assert_refuses (Fixture    *fixture,
                const char *lines,
                guint       line,
                const char *rest)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec = load_lines (fixture, lines, &error);

  assert_message (fixture, spec, error, line, rest);
}

#define assert_strv(actual, ...) \
  g_assert_cmpstrv (actual, ((const char * const []) { __VA_ARGS__, NULL }))

static const char every_key[] =
  "# a comment\n"
  "\n"
  "[Extension Host]\n"
  "Id=the-id\n"
  "Name = The\\sname\\\\ \n"
  "Kind=kind\n"
  "Exec=prog 'a b' \"c\\\"d\" e\\ f \\;\n"
  "WorkingDirectory=sub/../dir\n"
  "Environment=A=1; B=2\\;3 ;C=\\s4\\s;D=;\n"
  "ClearEnvironment=true\n"
  "Transport=stdio\n"
  "Protocol=mcp-2026\n"
  "Framing=content-length\n"
  "ReadyMode=handshake\n"
  "HandshakeParams={\"a\\u00e9\\n\": [1, 2]}\n"
  "ProbeParams={}\n"
  "StartTimeout=1.5s\n"
  "HealthInterval=20ms\n"
  "HealthTimeout=1min\n"
  "HealthFailures=4\n"
  "HealthMethod=are/you\n"
  "MemoryLimit=1.5G\n"
  "Restart=on-failure\n"
  "MaxRestarts=unlimited\n"
  "RestartWindow=0\n"
  "BackoffInitial=0.001s\n"
  "BackoffFactor=1.5\n"
  "BackoffMax=2h\n"
  "BackoffJitter=.25\n"
  "NoRestartExits=3;SEGV;SIGKILL\n"
  "ShutdownMethod=bye\n"
  "AckTimeout=1ms\n"
  "ExitTimeout=2ms\n"
  "TermTimeout=0\n"
  "KillTimeout=4ms\n"
  "RequestTimeout=never\n"
  "MaxPending=5\n"
  "MaxInbound=6\n"
  "MaxMessageSize=2M\n"
  "MaxWriteQueue=4096\n"
  "MaxProtocolErrors=0\n"
  "LogLines=7\n"
  "Capabilities=read;write;\n"
  "After=one;two\n"
  "Group=g\n"
  "NoNewPrivs=true\n"
  "LimitAddressSpace=4G\n"
  "LimitFiles=64\n"
  "LimitProcesses=inherit\n"
  "LimitCore=0\n"
  "Nice=-5\n"
  "OomScoreAdj=500\n"
  "Umask=027\n";

static void
assert_every_text (Fixture           *fixture,
                   ExtensionHostSpec *spec)
{
  g_autofree char *dir = g_build_filename (fixture->folder, "dir", NULL);

  g_assert_cmpstr (spec->id, ==, "the-id");
  g_assert_cmpstr (spec->name, ==, "The name\\");
  g_assert_cmpstr (spec->kind, ==, "kind");
  assert_strv (spec->argv, "prog", "a b", "c\"d", "e f", ";");
  g_assert_cmpstr (spec->working_directory, ==, dir);
  assert_strv (spec->environment, "A=1", "B=2;3", "C= 4 ", "D=");
  g_assert_cmpstr (spec->handshake_params, ==, "{\"a\\u00e9\\n\": [1, 2]}");
  g_assert_cmpstr (spec->probe_params, ==, "{}");
  g_assert_cmpstr (spec->health_method, ==, "are/you");
  assert_strv (spec->no_restart_exits, "3", "SEGV", "SIGKILL");
  g_assert_cmpstr (spec->shutdown_method, ==, "bye");
  assert_strv (spec->capabilities, "read", "write");
  assert_strv (spec->after, "one", "two");
  g_assert_cmpstr (spec->group, ==, "g");
}

static void
assert_every_choice (ExtensionHostSpec *spec)
{
  g_assert_true (spec->clear_environment);
  g_assert_true (spec->no_new_privs);
  g_assert_cmpint (spec->transport, ==, EXTENSION_HOST_TRANSPORT_STDIO);
  g_assert_cmpint (spec->protocol, ==, EXTENSION_HOST_PROTOCOL_MCP_2026);
  g_assert_cmpint (spec->framing, ==, EXTENSION_HOST_FRAMING_CONTENT_LENGTH);
  g_assert_cmpint (spec->ready_mode, ==, EXTENSION_HOST_READY_MODE_HANDSHAKE);
  g_assert_cmpint (spec->restart, ==, EXTENSION_HOST_RESTART_POLICY_ON_FAILURE);
}

static void
assert_every_number (ExtensionHostSpec *spec)
{
  g_assert_cmpuint (spec->start_timeout, ==, 1500);
  g_assert_cmpuint (spec->health_interval, ==, 20);
  g_assert_cmpuint (spec->health_timeout, ==, 60000);
  g_assert_cmpuint (spec->health_failures, ==, 4);
  g_assert_cmpuint (spec->memory_limit, ==, G_GUINT64_CONSTANT (3) << 29);
  g_assert_cmpuint (spec->max_restarts, ==, EXTENSION_HOST_UNLIMITED);
  g_assert_cmpuint (spec->restart_window, ==, 0);
  g_assert_cmpuint (spec->backoff_initial, ==, 1);
  g_assert_cmpfloat (spec->backoff_factor, ==, 1.5);
  g_assert_cmpuint (spec->backoff_max, ==, 7200000);
  g_assert_cmpfloat (spec->backoff_jitter, ==, 0.25);
  g_assert_cmpuint (spec->ack_timeout, ==, 1);
  g_assert_cmpuint (spec->exit_timeout, ==, 2);
  g_assert_cmpuint (spec->term_timeout, ==, 0);
  g_assert_cmpuint (spec->kill_timeout, ==, 4);
  g_assert_cmpuint (spec->request_timeout, ==, EXTENSION_HOST_NO_TIMEOUT);
  g_assert_cmpuint (spec->max_pending, ==, 5);
  g_assert_cmpuint (spec->max_inbound, ==, 6);
  g_assert_cmpuint (spec->max_message_size, ==, 2 << 20);
  g_assert_cmpuint (spec->max_write_queue, ==, 4096);
  g_assert_cmpuint (spec->max_protocol_errors, ==, 0);
  g_assert_cmpuint (spec->log_lines, ==, 7);
  g_assert_cmpuint (spec->limit_address_space, ==, G_GUINT64_CONSTANT (4) << 30);
  g_assert_cmpuint (spec->limit_files, ==, 64);
  g_assert_cmpuint (spec->limit_processes, ==, G_MAXUINT64);
  g_assert_cmpuint (spec->limit_core, ==, 0);
  g_assert_cmpint (spec->nice, ==, -5);
  g_assert_cmpint (spec->oom_score_adj, ==, 500);
  g_assert_cmpint (spec->umask, ==, 027);
}

static void
test_every_key (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec = load_bytes (fixture, every_key, -1, &error);
  g_autoptr(GKeyFile) key_file = g_key_file_new ();
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  g_assert_no_error (error);
  assert_every_text (fixture, spec);
  assert_every_choice (spec);
  assert_every_number (spec);

  /* What is accepted is a key file, and no property was forgotten here. */
  g_key_file_load_from_file (key_file, fixture->path, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *key = extension_host_spec_row_dup_key (&rows[i]);

      g_assert_true (g_key_file_has_key (key_file, "Extension Host", key, NULL));
    }
}

static void
test_least (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec =
    load_bytes (fixture, "[Extension Host]\nExec=./bin/prog", -1, &error);
  g_autofree char *program = g_build_filename (fixture->folder, "bin", "prog", NULL);

  g_assert_no_error (error);
  g_assert_cmpstr (spec->id, ==, "some host");
  assert_strv (spec->argv, program);
  g_assert_null (spec->working_directory);
  g_assert_cmpuint (spec->start_timeout, ==, 30000);
}

static void
test_line_ends (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec =
    load_bytes (fixture, "\xef\xbb\xbf[Extension Host]\r\n\r\n  Exec = true \r\nName=x\r\n", -1,
                &error);

  g_assert_no_error (error);
  g_assert_cmpstr (spec->name, ==, "x");
  assert_strv (spec->argv, "true");
}

static void
test_durations (Fixture       *fixture,
                gconstpointer  data)
{
  static const struct { const char *text; guint ms; } good[] = {
    { "0", 0 }, { "00", 0 }, { "0s", 0 }, { "1ms", 1 }, { "500ms", 500 }, { "5s", 5000 },
    { "1.5s", 1500 }, { "0.001s", 1 }, { "1.50000000s", 1500 }, { "5min", 300000 },
    { "0.5min", 30000 }, { "1h", 3600000 }, { "576h", 2073600000 },
  };
  static const struct { const char *text; const char *rest; } bad[] = {
    { "5", "no unit" }, { "5m", "ms, s, min or h" }, { "5 s", "no unit" }, { "5S", "no unit" },
    { "5d", "no unit" }, { "s", "not a number" }, { "-5s", "not a number" },
    { "+5s", "not a number" }, { "5.s", "not a number" }, { ".5s", "not a number" },
    { "1.5.5s", "no unit" }, { "1e3s", "no unit" }, { "0x5s", "no unit" }, { "", "not a number" },
    { "1.5ms", "whole number of ms" }, { "0.0001s", "whole number of ms" },
    { "1.0000000000s", "whole number" }, { "577h", "from 0 to 576h" },
    { "99999999999999999999999ms", "from 0 to 576h" }, { "18446744073709551615h", "from 0" },
    { "4294967295ms", "from 0" }, { "never", "not a number" }, { "inf", "not a number" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *line = g_strconcat ("ExitTimeout=", good[i].text, NULL);
      g_autoptr(ExtensionHostSpec) spec = load (fixture, line);

      g_assert_cmpuint (spec->exit_timeout, ==, good[i].ms);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *line = g_strconcat ("#\nExitTimeout=", bad[i].text, NULL);

      assert_refuses (fixture, line, 4, "key “ExitTimeout”: ");
      assert_refuses (fixture, line, 4, bad[i].rest);
    }
}

static void
test_sizes (Fixture       *fixture,
            gconstpointer  data)
{
  static const struct { const char *text; guint64 bytes; } good[] = {
    { "0", 0 }, { "1", 1 }, { "1K", 1024 }, { "1.5K", 1536 }, { "3M", 3 << 20 },
    { "2G", G_GUINT64_CONSTANT (2) << 30 }, { "9007199254740993", 9007199254740993 },
  };
  static const struct { const char *text; const char *rest; } bad[] = {
    { "1k", "K, M, G" }, { "1KiB", "K, M, G" }, { "1T", "K, M, G" }, { "1 K", "K, M, G" },
    { "-1", "not a number" }, { "1.5", "whole number of bytes" }, { "", "not a number" },
    { "9223372036854775807", "too much" }, { "99999999999999999999999", "too much" },
    { "99999999999999G", "too much" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *line = g_strconcat ("MemoryLimit=", good[i].text, NULL);
      g_autoptr(ExtensionHostSpec) spec = load (fixture, line);

      g_assert_cmpuint (spec->memory_limit, ==, good[i].bytes);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *line = g_strconcat ("MemoryLimit=", bad[i].text, NULL);

      assert_refuses (fixture, line, 3, "key “MemoryLimit”: ");
      assert_refuses (fixture, line, 3, bad[i].rest);
    }
}

static void
test_bad_values (Fixture       *fixture,
                 gconstpointer  data)
{
  static const struct { const char *line; const char *rest; } bad[] = {
    { "Id=a/b", "key “Id”: contains a slash" },
    { "Id=", "key “Id”: is empty" },
    { "Name=", "key “Name”: is empty" },
    { "Name=a\\qb", "key “Name”: “\\q” is not an escape" },
    { "Name=a\\;b", "key “Name”: “\\;” is not an escape" },
    { "Name=a\\é", "key “Name”: “\\é” is not an escape" },
    { "Name=a\\", "key “Name”: ends with a single backslash" },
    { "Name=a\\nb", "key “Name”: contains a control character" },
    { "Name[de]=x", "key “Name[de]”: there is no such key" },
    { "WorkingDirectory=", "key “WorkingDirectory”: is empty" },
    { "WorkingDirectory=~/x", "key “WorkingDirectory”: “~” is not expanded" },
    { "Environment=A=1;B", "key “Environment”: entry 2 is not" },
    { "Environment=A=1\\", "key “Environment”: ends with" },
    { "Environment=EXTENSION_HOST_TREE=1", "“EXTENSION_HOST_TREE” is reserved" },
    { "ClearEnvironment=yes", "key “ClearEnvironment”: “yes” is neither “true” nor “false”" },
    { "NoNewPrivs=1", "key “NoNewPrivs”: “1” is neither" },
    { "Protocol=http", "key “Protocol”: “http” is not one of: plain, mcp, mcp-2026, lsp, none" },
    { "Restart=Always", "key “Restart”: “Always” is not one of: always, on-failure, never" },
    { "Transport=0", "key “Transport”: “0” is not one of: stdio, node-ipc" },
    { "HealthFailures=three", "key “HealthFailures”: “three” is not a whole number" },
    { "HealthFailures=1.5", "key “HealthFailures”: “1.5” is not a whole number" },
    { "HealthFailures=", "key “HealthFailures”: “” is not a whole number" },
    { "HealthFailures=0x10", "key “HealthFailures”: “0x10” is not a whole number" },
    { "HealthFailures=-1", "key “HealthFailures”: -1 is not from 0 to 1000" },
    { "HealthFailures=1001", "key “HealthFailures”: 1001 is not from 0 to 1000" },
    { "HealthInterval=5ms", "key “HealthInterval”: must be 0 or at least 10 ms" },
    { "MaxRestarts=4294967295", "key “MaxRestarts”: 4294967295 is neither from 0 to 1000 nor" },
    { "MaxRestarts=99999999999999999999", "neither from 0 to 1000 nor “unlimited”" },
    { "StartTimeout=0", "key “StartTimeout”: 0 is neither from 1ms to 576h nor “never”" },
    { "RequestTimeout=unlimited", "key “RequestTimeout”: “unlimited” is not a number" },
    { "BackoffFactor=0.5", "key “BackoffFactor”: 0.5 is not from 1 to 100" },
    { "BackoffFactor=nan", "key “BackoffFactor”: “nan” is not a number" },
    { "BackoffFactor=inf", "key “BackoffFactor”: “inf” is not a number" },
    { "BackoffFactor=0x2", "key “BackoffFactor”: “0x2” is not a number" },
    { "BackoffFactor=1,5", "key “BackoffFactor”: “1,5” is not a number" },
    { "BackoffFactor=.", "key “BackoffFactor”: “.” is not a number" },
    { "BackoffFactor=", "key “BackoffFactor”: “” is not a number" },
    { "BackoffJitter=2", "key “BackoffJitter”: 2 is not from 0 to 1" },
    { "NoRestartExits=1;SIGFOO", "key “NoRestartExits”: “SIGFOO” is neither" },
    { "Capabilities=a;;b", "key “Capabilities”: is empty" },
    { "After=some host", "key “After”: names the host itself" },
    { "LimitFiles=-1", "key “LimitFiles”: -1 is neither at least 4 nor “inherit”" },
    { "LimitFiles=9223372036854775807", "key “LimitFiles”: 9223372036854775807 is neither" },
    { "Nice=20", "key “Nice”: 20 is neither from -20 to 19 nor “inherit”" },
    { "Umask=8", "key “Umask”: “8” is not an octal number" },
    { "Umask=1000", "key “Umask”: 1000 is neither from 0000 to 0777 nor “inherit”" },
    { "Umask=-1", "key “Umask”: -1 is neither" },
    { "HandshakeParams={", "key “HandshakeParams”: " },
    { "Protocol=mcp\nHandshakeParams=[1]", "key “HandshakeParams”: is not a JSON object" },
    { "ProbeParams={a:1}", "key “ProbeParams”: is not a JSON object: the mistake is at byte 2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refuses (fixture, bad[i].line, strchr (bad[i].line, '\n') != NULL ? 4 : 3, bad[i].rest);
}

static void
test_commands (Fixture       *fixture,
               gconstpointer  data)
{
#define HEAD "[Extension Host]\n"
  assert_refuses_bytes (fixture, HEAD "Exec=", -1, 2, "key “Exec”: cannot be split: ");
  assert_refuses_bytes (fixture, HEAD "Exec='a", -1, 2, "key “Exec”: cannot be split: ");
  assert_refuses_bytes (fixture, HEAD "Exec=# x", -1, 2, "key “Exec”: cannot be split: ");
  assert_refuses_bytes (fixture, HEAD "Exec=''", -1, 2, "key “Exec”: the name of the program");
  assert_refuses_bytes (fixture, HEAD "Exec=~/bin/x", -1, 2, "key “Exec”: “~” is not expanded");
  assert_refuses_bytes (fixture, HEAD "Name=x", -1, 1, "key “Exec”: is missing");
  assert_refuses_bytes (fixture, HEAD "Argv=x", -1, 2, "did you mean “Exec”?");
#undef HEAD
}

static void
test_structure (Fixture       *fixture,
                gconstpointer  data)
{
  assert_refuses_bytes (fixture, "", 0, 1, "there is no group “[Extension Host]”");
  assert_refuses_bytes (fixture, "\n# x\n", -1, 2, "there is no group “[Extension Host]”");
  assert_refuses_bytes (fixture, "Exec=true\n", -1, 1, "before the group");
  assert_refuses_bytes (fixture, "\n[Desktop Entry]\n", -1, 2,
                        "“[Desktop Entry]” is not the group");
  assert_refuses_bytes (fixture, "[Extension Host\n", -1, 1, "is not the group");
  assert_refuses (fixture, "\n[Other]\nA=1", 4, "“[Other]” is not the group");
  assert_refuses (fixture, "[Extension Host]", 3, "began in line 1 already");
  assert_refuses (fixture, "hello", 3, "“hello” is neither a key with a value");
  assert_refuses (fixture, "=x", 3, "“=x” is neither");
  assert_refuses (fixture, "Name=a\nKind=b\nName=a", 5, "key “Name”: is given in line 3 already");
  assert_refuses (fixture, "Foo=1", 3, "key “Foo”: there is no such key");
  assert_refuses (fixture, "MaxRestart=1", 3, "did you mean “MaxRestarts”?");
  assert_refuses (fixture, "max-restarts=1", 3, "did you mean “MaxRestarts”?");
  assert_refuses (fixture, "workingdirectory=/", 3, "did you mean “WorkingDirectory”?");
  assert_refuses (fixture, "UMask=1", 3, "did you mean “Umask”?");
}

static void
test_idle_keys (Fixture       *fixture,
                gconstpointer  data)
{
  static const struct { const char *condition; const char *lines; const char *key; } idle[] = {
    { "Restart=never", "MaxRestarts=1", "MaxRestarts" },
    { "Restart=never", "RestartWindow=1s", "RestartWindow" },
    { "Restart=never", "BackoffInitial=1s", "BackoffInitial" },
    { "Restart=never", "BackoffFactor=2", "BackoffFactor" },
    { "Restart=never", "BackoffMax=2s", "BackoffMax" },
    { "Restart=never", "BackoffJitter=0.1", "BackoffJitter" },
    { "Restart=never", "NoRestartExits=1", "NoRestartExits" },
    { "MaxRestarts=0", "RestartWindow=1s", "RestartWindow" },
    { "MaxRestarts=0", "BackoffInitial=1s", "BackoffInitial" },
    { "BackoffInitial=0", "BackoffFactor=3", "BackoffFactor" },
    { "BackoffInitial=0", "BackoffMax=3s", "BackoffMax" },
    { "BackoffInitial=0", "BackoffJitter=1", "BackoffJitter" },
    { "BackoffFactor=1", "BackoffMax=3s", "BackoffMax" },
    { "HealthInterval=0", "HealthTimeout=1s", "HealthTimeout" },
    { "HealthInterval=0", "HealthFailures=1", "HealthFailures" },
    { "HealthInterval=0", "HealthMethod=x", "HealthMethod" },
    { "HealthInterval=0", "ProbeParams={}", "ProbeParams" },
    { "HealthMethod=", "ProbeParams={}", "ProbeParams" },
    { "HealthMethod=", "HealthTimeout=1s", "HealthTimeout" },
    { "Protocol=plain", "HandshakeParams={}", "HandshakeParams" },
    { "Protocol=mcp\nReadyMode=spawned", "HandshakeParams={}", "HandshakeParams" },
    { "Protocol=mcp", "AckTimeout=1s", "AckTimeout" },
    { "ShutdownMethod=", "AckTimeout=1s", "AckTimeout" },
    { "AckTimeout=0", "ShutdownMethod=x", "ShutdownMethod" },
    { "Restart=on-failure", "NoRestartExits=1;0", "NoRestartExits" },
    { "Protocol=none", "Transport=node-ipc", "Transport" },
    { "Protocol=none", "Framing=lines", "Framing" },
    { "Protocol=none", "ReadyMode=spawned", "ReadyMode" },
    { "Protocol=none", "HandshakeParams={}", "HandshakeParams" },
    { "Protocol=none", "ProbeParams={}", "ProbeParams" },
    { "Protocol=none", "HealthTimeout=1s", "HealthTimeout" },
    { "Protocol=none", "HealthFailures=1", "HealthFailures" },
    { "Protocol=none", "HealthMethod=x", "HealthMethod" },
    { "Protocol=none", "ShutdownMethod=x", "ShutdownMethod" },
    { "Protocol=none", "AckTimeout=1s", "AckTimeout" },
    { "Protocol=none", "RequestTimeout=1s", "RequestTimeout" },
    { "Protocol=none", "MaxPending=1", "MaxPending" },
    { "Protocol=none", "MaxInbound=1", "MaxInbound" },
    { "Protocol=none", "MaxMessageSize=1M", "MaxMessageSize" },
    { "Protocol=none", "MaxWriteQueue=1M", "MaxWriteQueue" },
    { "Protocol=none", "MaxProtocolErrors=1", "MaxProtocolErrors" },
    { "Protocol=none", "Capabilities=x", "Capabilities" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    {
      g_autofree char *lines = g_strconcat (idle[i].lines, "\n", idle[i].condition, NULL);
      g_autofree char *rest = g_strdup_printf ("key “%s”: ", idle[i].key);
      g_autoptr(ExtensionHostSpec) spec G_GNUC_UNUSED = load (fixture, idle[i].condition);

      assert_refuses (fixture, lines, 3, rest);
      assert_refuses (fixture, lines, 3, "has no effect");
    }
}

static void
test_contradictions (Fixture       *fixture,
                     gconstpointer  data)
{
  assert_refuses (fixture, "Transport=node-ipc\nFraming=content-length", 4,
                  "key “Framing”: “Transport” node-ipc");
  assert_refuses (fixture, "ReadyMode=handshake", 3, "key “ReadyMode”: the “Protocol”");
  assert_refuses (fixture, "Protocol=none\nReadyMode=notification", 4, "key “ReadyMode”: there");
  assert_refuses (fixture, "\nBackoffInitial=1min", 4,
                  "key “BackoffInitial”: “BackoffMax” (30000 ms) is less than “BackoffInitial”");
  assert_refuses (fixture, "BackoffMax=10ms", 3, "key “BackoffMax”: “BackoffMax” (10 ms)");
  assert_refuses (fixture, "MaxRestarts=unlimited\nBackoffInitial=0", 4,
                  "key “BackoffInitial”: “BackoffInitial” 0 needs a limit of “MaxRestarts”");
  assert_refuses (fixture, "HealthInterval=0\nMemoryLimit=1G", 4,
                  "key “MemoryLimit”: “MemoryLimit” is never looked at with “HealthInterval” 0");
}

/* The name first, as in all messages about a file, and the code that GIO gives. */
static void
test_unreadable (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GFile) file = g_file_new_for_path (fixture->path);
  g_autofree char *expected = g_strdup_printf ("%s: there is no such file", fixture->path);
  g_autoptr(GError) error = NULL;

  g_assert_null (extension_host_spec_new_from_file (file, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, expected);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define TEST(name, func) \
  g_test_add ("/spec-file/" name, Fixture, NULL, set_up, func, tear_down)
  TEST ("every-key", test_every_key);
  TEST ("least", test_least);
  TEST ("line-ends", test_line_ends);
  TEST ("durations", test_durations);
  TEST ("sizes", test_sizes);
  TEST ("bad-values", test_bad_values);
  TEST ("commands", test_commands);
  TEST ("structure", test_structure);
  TEST ("unreadable", test_unreadable);
  TEST ("idle-keys", test_idle_keys);
  TEST ("contradictions", test_contradictions);
#undef TEST

  return g_test_run ();
}
