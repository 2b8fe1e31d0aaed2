/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a program is given, and what becomes of a host that cannot be given what it needs. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "test-util.h"

#define OTHER_USER 64124

/* What cannot be spawned, and never will be */

typedef struct
{
  const char *name;
  const char *program;      /* below the folder of the test, if it begins with “./” */
  const char *contents;     /* of the file to make there, or NULL */
  int mode;
  const char *folder;       /* to run in, the same */
  ExtensionHostError code;
  const char *thing;        /* that the message names */
} BadCase;

static const BadCase bad_cases[] = {
  { "absolute-not-found", "./missing", NULL, 0, NULL, EXTENSION_HOST_ERROR_NOT_FOUND, "missing" },
  { "not-in-path", "no-such-program-anywhere", NULL, 0, NULL, EXTENSION_HOST_ERROR_NOT_FOUND,
    "no-such-program-anywhere" },
  { "below-a-file", "/dev/null/program", NULL, 0, NULL, EXTENSION_HOST_ERROR_NOT_FOUND,
    "/dev/null/program" },
  { "not-executable", "./plain", "#!/bin/sh\n", 0644, NULL, EXTENSION_HOST_ERROR_NOT_EXECUTABLE,
    "plain" },
  { "folder", "/tmp", NULL, 0, NULL, EXTENSION_HOST_ERROR_NOT_EXECUTABLE, "/tmp" },
  { "text", "./text", "echo hello\n", 0755, NULL, EXTENSION_HOST_ERROR_BAD_FORMAT, "text" },
  { "empty", "./empty", "", 0755, NULL, EXTENSION_HOST_ERROR_BAD_FORMAT, "empty" },
  { "cut-off", "./elf", "\177ELF\002\001\001", 0755, NULL, EXTENSION_HOST_ERROR_BAD_FORMAT,
    "elf" },
  { "interpreter", "./script", "#!/no/such/interpreter\n", 0755, NULL,
    EXTENSION_HOST_ERROR_NOT_FOUND, "script" },
  { "folder-not-found", "true", NULL, 0, "/no/such/folder",
    EXTENSION_HOST_ERROR_BAD_WORKING_DIRECTORY, "/no/such/folder" },
  { "folder-is-file", "true", NULL, 0, "/dev/null", EXTENSION_HOST_ERROR_BAD_WORKING_DIRECTORY,
    "/dev/null" },
  { "long-name", "./lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
    "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
    "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
    "llllllllllllllllllllllllllllllllllll", NULL, 0, NULL, EXTENSION_HOST_ERROR_FAILED, "llllll" },
};

static char *
place (const char *folder,
       const char *path)
{
  return g_str_has_prefix (path, "./") ? g_build_filename (folder, path + 2, NULL)
                                       : g_strdup (path);
}

static void
assert_at_rest (ExtensionHostProcess *process,
                ExtensionHostState    state)
{
  g_assert_cmpint (extension_host_process_get_state (process), ==, state);
  g_assert_cmpuint (extension_host_process_get_pid (process), ==, 0);
  g_assert_false (test_has_children ());
}

/* Starts it and expects the error; it rests in crashed with a record of that. */
static void
expect_spawn_error (TestFixture        *self,
                    ExtensionHostSpec  *spec,
                    ExtensionHostError  code,
                    const char         *thing)
{
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  ExtensionHostExit *exit = NULL;

  extension_host_process_start_async (process, NULL, test_store_result, &result);
  test_wait_until (self, result != NULL);
  g_assert_false (extension_host_process_start_finish (process, result, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, thing));
  g_assert_nonnull (strstr (error->message, "“host”"));

  path = test_record_path (record);
  g_assert_cmpstr (path, ==, "starting crashed");
  g_assert_cmpint (extension_host_transition_get_reason (test_record_last (record)), ==,
                   EXTENSION_HOST_REASON_SPAWN_FAILED);
  g_assert_cmpstr (extension_host_transition_get_detail (test_record_last (record)), ==,
                   error->message);

  exit = extension_host_process_get_last_exit (process);
  g_assert_nonnull (exit);
  g_assert_cmpint (extension_host_exit_get_kind (exit), ==, EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED);
  g_assert_cmpint (extension_host_exit_get_reason (exit), ==, EXTENSION_HOST_REASON_SPAWN_FAILED);
  g_assert_false (extension_host_exit_get_requested (exit));
  g_assert_cmpuint (extension_host_exit_get_generation (exit), ==, 1);
  assert_at_rest (process, EXTENSION_HOST_STATE_CRASHED);
}

static void
remove_tree (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

/* A host that comes and goes, so that GLib has opened all that it keeps open. */
static void
warm_up (TestFixture *self)
{
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (self, "host", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;

  test_bring_up (self, process, record);
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_nonnull (outcome);
}

static void
test_bad (TestFixture   *self,
          gconstpointer  data)
{
  const BadCase *row = data;
  g_autofree char *folder = g_dir_make_tmp ("test-resources-XXXXXX", NULL);
  g_autofree char *program = place (folder, row->program);
  const char *argv[] = { program, NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("host", argv);
  guint n_fds;

  if (row->contents != NULL)
    {
      g_assert_true (g_file_set_contents (program, row->contents, -1, NULL));
      g_assert_cmpint (g_chmod (program, row->mode), ==, 0);
    }
  g_object_set (spec, "working-directory", row->folder, NULL);

  warm_up (self);
  n_fds = test_count_fds ();
  expect_spawn_error (self, spec, row->code, row->thing);
  test_wait_polling (self, 1, test_count_fds () <= n_fds);   /* GLib closes its pidfds in a thread */
  remove_tree (folder);
}

static void
expect_refused (TestFixture       *self,
                ExtensionHostSpec *spec)
{
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (extension_host_process_start (process, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  g_assert_nonnull (strstr (error->message, "argv"));
  g_clear_error (&error);

  extension_host_process_start_async (process, NULL, test_store_result, &result);
  test_wait_until (self, result != NULL);
  g_assert_false (extension_host_process_start_finish (process, result, &error));
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);

  g_assert_cmpuint (extension_host_process_get_sequence (process), ==, 0);
  g_assert_cmpuint (extension_host_process_get_generation (process), ==, 0);
  g_assert_null (extension_host_process_get_last_exit (process));
  assert_at_rest (process, EXTENSION_HOST_STATE_STOPPED);
}

static void
test_no_arguments (TestFixture   *self,
                   gconstpointer  data G_GNUC_UNUSED)
{
  const char *argv[] = { NULL };
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("host", argv);

  expect_refused (self, spec);
}

/* BYTES of arguments, none of them longer than one may be */
static ExtensionHostSpec *
spec_of_size (gsize bytes)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) argv = NULL;

  g_strv_builder_add (builder, "true");
  while (bytes > 0)
    {
      gsize size = MIN (bytes, 131072);
      g_autofree char *string = g_strnfill (size - 1, 'x');

      g_strv_builder_add (builder, string);
      bytes -= size;
    }
  argv = g_strv_builder_end (builder);

  return extension_host_spec_new ("host", (const char * const *) argv);
}

/* What the spec accepts the system must accept, with all that we add to it. */
static void
test_too_many_arguments (TestFixture   *self,
                         gconstpointer  data G_GNUC_UNUSED)
{
  gsize accepted = 0;
  gsize refused = 64 << 20;
  g_autoptr(ExtensionHostSpec) spec = spec_of_size (refused);

  expect_refused (self, spec);
  while (refused - accepted > 1)
    {
      gsize size = (accepted + refused) / 2;
      g_autoptr(ExtensionHostSpec) attempt = spec_of_size (size);

      if (extension_host_spec_validate (attempt, NULL))
        accepted = size;
      else
        refused = size;
    }

  for (gsize less = 0; less < 8192; less += 512)
    {
      g_autoptr(ExtensionHostSpec) largest = spec_of_size (accepted - less);
      g_autoptr(ExtensionHostProcess) process = extension_host_process_new (largest);
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      g_object_set (largest, "restart", EXTENSION_HOST_RESTART_POLICY_ON_FAILURE, NULL);
      extension_host_process_start_async (process, NULL, test_store_result, &result);
      test_wait_until (self, result != NULL);
      extension_host_process_start_finish (process, result, &error);
      g_assert_no_error (error);
      test_wait_until (self, extension_host_process_get_state (process) ==
                             EXTENSION_HOST_STATE_STOPPED);
    }
}

/* What is lacking now and may be there later */

static void
limit_files (rlim_t limit)
{
  struct rlimit value;

  getrlimit (RLIMIT_NOFILE, &value);
  value.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &value), ==, 0);
}

/* With it, SPARE more descriptors can be had. */
static rlim_t
limit_with_room (guint spare)
{
  int fd = 0;

  for (guint n_free = 0; n_free <= spare; fd++)
    if (fcntl (fd, F_GETFD) == -1)
      n_free++;

  return (rlim_t) fd - 1;
}

/* Whichever step it is that finds no descriptor. FALSE if there were enough. */
static gboolean
try_with_few (TestFixture *self,
              gboolean     with_ipc,
              guint        spare)
{
  g_autoptr(ExtensionHostSpec) spec =
    test_spec_new (self, "host", "--print=ready", with_ipc ? "--ignore-eof" : NULL, NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autoptr(ExtensionHostStopOutcome) outcome = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  guint n_fds = test_count_fds ();
  ExtensionHostExit *exit = NULL;
  struct rlimit before;

  getrlimit (RLIMIT_NOFILE, &before);
  g_object_set (spec, "backoff-initial", 300, NULL);   /* the limit is lifted by then */
  if (with_ipc)
    g_object_set (spec,
                  "transport", EXTENSION_HOST_TRANSPORT_NODE_IPC,
                  "protocol", EXTENSION_HOST_PROTOCOL_PLAIN,
                  "shutdown-method", "",
                  "exit-timeout", 0,
                  NULL);

  limit_files (limit_with_room (spare));
  extension_host_process_start_async (process, NULL, test_store_result, &result);
  test_wait_until (self, result != NULL);
  limit_files (before.rlim_cur);

  if (!extension_host_process_start_finish (process, result, &error))
    {
      g_test_message ("room for %u: %s", spare, error->message);
      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NO_RESOURCES);
      g_assert_nonnull (strstr (error->message, "RLIMIT_NOFILE"));
      g_assert_nonnull (strstr (error->message, "“host”"));
      exit = extension_host_process_get_last_exit (process);
      g_assert_cmpint (extension_host_exit_get_kind (exit), ==,
                       EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED);
      g_assert_cmpint (extension_host_exit_get_reason (exit), ==,
                       EXTENSION_HOST_REASON_NO_RESOURCES);
    }

  /* It recovers by itself: the limit is as it was. */
  test_wait_until (self, test_record_has_line (record, "ready"));
  path = test_record_path (record);
  g_assert_cmpstr (path, ==, error == NULL ? "starting running"
                                           : "starting unhealthy restarting starting running");
  outcome = extension_host_process_stop (process, NULL, NULL);
  g_assert_nonnull (outcome);
  /* The epoll descriptor of the context stays; GLib closes one of its own a moment later. */
  test_wait_polling (self, 5, test_count_fds () <= n_fds + 1);

  return error == NULL;
}

static void
test_few_descriptors (TestFixture   *self,
                      gconstpointer  data)
{
  gboolean with_ipc = data != NULL;
  guint failures = 0;

  warm_up (self);
  while (!try_with_few (self, with_ipc, failures))
    failures++;

  g_test_message ("a start needs %u descriptors", failures);
  g_assert_cmpuint (failures, >=, 8);
  g_assert_cmpuint (failures, <, 40);
}

static void
on_exited (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  gboolean *exited = user_data;

  g_assert_true (g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL));
  *exited = TRUE;
}

/* Root has no such limit, so an application of another user tries it. */
static void
test_few_processes (TestFixture   *self,
                    gconstpointer  data)
{
  const char *spare = data;
  g_autofree char *user = g_strdup_printf ("--uid=%d", geteuid () == 0 ? OTHER_USER : -1);
  g_autoptr(GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr(GSubprocess) app = NULL;
  g_autoptr(GDataInputStream) output = NULL;
  g_autofree char *expected = g_strdup_printf ("error %d ", EXTENSION_HOST_ERROR_NO_RESOURCES);
  g_autofree char *failure = NULL;
  g_autoptr(GError) error = NULL;
  gboolean exited = FALSE;
  gboolean is_ready = FALSE;
  char *line = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("the limit counts what else this user runs");
      return;
    }

  g_subprocess_launcher_setenv (launcher, TEST_TAG, self->tag + strlen (TEST_TAG "="), TRUE);
  app = g_subprocess_launcher_spawn (launcher, &error, g_getenv ("ORPHAN_APP"), user, spare, "--",
                                     g_getenv ("FAKE_HOST"), "--live-for=60", "--print=ready",
                                     NULL);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (app));
  while (!is_ready && (line = g_data_input_stream_read_line (output, NULL, NULL, NULL)) != NULL)
    {
      is_ready = g_str_equal (line, "ready");
      if (g_str_has_prefix (line, "error "))
        failure = g_steal_pointer (&line);
      g_free (line);
    }

  if (is_ready)
    {
      g_test_message ("%s", failure);
      g_assert_nonnull (failure);
      g_assert_true (g_str_has_prefix (failure, expected));
      g_assert_nonnull (strstr (failure, "RLIMIT_NPROC"));
      g_subprocess_force_exit (app);
    }
  g_subprocess_wait_async (app, NULL, on_exited, &exited);
  test_wait_until (self, exited);
  if (!is_ready && g_subprocess_get_if_exited (app) && g_subprocess_get_exit_status (app) == 77)
    g_test_skip ("the other user cannot run this build");
  else
    g_assert_true (is_ready);
}

/* What the program is given */

static void
assert_line (TestRecord *record,
             const char *line)
{
  if (!test_record_has_line (record, line))
    {
      for (guint i = 0; i < record->lines->len; i++)
        g_test_message ("%s", (char *) g_ptr_array_index (record->lines, i));
      g_error ("the program does not say %s", line);
    }
}

static void
test_settings (TestFixture   *self,
               gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec =
    test_spec_new (self, "host", "--echo-argv-env-cwd", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  int nice_before = getpriority (PRIO_PROCESS, 0);

  g_object_set (spec,
                "working-directory", "/usr",
                "umask", 027,
                "nice", nice_before + 3,
                "oom-score-adj", 567,
                "no-new-privs", TRUE,
                "limit-files", (guint64) 321,
                "limit-processes", (guint64) 12345,
                "limit-core", (guint64) 0,
                NULL);
#if !TEST_SANITIZED   /* which needs terabytes of it */
  g_object_set (spec, "limit-address-space", (guint64) 1 << 32, NULL);
#endif

  test_bring_up (self, process, record);
  assert_line (record, "{\"cwd\":\"/usr\"}");
  assert_line (record, "{\"umask\":\"0027\"}");
  assert_line (record, "{\"oom_score_adj\":567}");
  assert_line (record, "{\"no_new_privs\":1}");
  assert_line (record, "{\"limit_files\":[321,321]}");
  assert_line (record, "{\"limit_processes\":[12345,12345]}");
  assert_line (record, "{\"limit_core\":[0,0]}");
#if !TEST_SANITIZED
  assert_line (record, "{\"limit_address_space\":[4294967296,4294967296]}");
#endif
  assert_line (record, "{\"fds\":[0,1,2]}");
  assert_line (record, "{\"SigBlk\":\"0000000000000000\"}");
  assert_line (record, "{\"parent_death_signal\":9}");
  g_assert_cmpint (getpriority (PRIO_PROCESS, extension_host_process_get_pid (process)), ==,
                   nice_before + 3);
}

/* Nothing of that is the shim's, and none of it is lent when it is not asked for. */
static void
test_inherited_settings (TestFixture   *self,
                         gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(ExtensionHostSpec) spec =
    test_spec_new (self, "host", "--echo-argv-env-cwd", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *cwd_line = g_strdup_printf ("{\"cwd\":\"%s\"}", folder);
  g_autofree char *mask_line = NULL;
  mode_t mask = umask (0);

  umask (mask);
  mask_line = g_strdup_printf ("{\"umask\":\"%04o\"}", (guint) mask);
  test_bring_up (self, process, record);
  assert_line (record, cwd_line);
  assert_line (record, mask_line);
  assert_line (record, "{\"no_new_privs\":0}");
  assert_line (record, "{\"fds\":[0,1,2]}");
  g_assert_cmpint (getpriority (PRIO_PROCESS, extension_host_process_get_pid (process)), ==,
                   getpriority (PRIO_PROCESS, 0));
}

static int
compare_strings (gconstpointer a,
                 gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static void
sort_strings (GStrv strings)
{
  qsort (strings, g_strv_length (strings), sizeof *strings, compare_strings);
}

static void
test_environment (TestFixture   *self,
                  gconstpointer  data)
{
  gboolean clears = GPOINTER_TO_INT (data);
  const char *given[] = { self->tag, "EMPTY=", "ODD=a=b \"c\"\n$HOME é", "HOME=/override", NULL };
  g_autoptr(ExtensionHostSpec) spec = test_spec_new (self, "host", "--print=ready", NULL);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(GStrv) expected = clears ? g_new0 (char *, 1) : g_get_environ ();
  g_auto(GStrv) actual = NULL;
  g_autofree char *marker = NULL;
  pid_t pid;

  g_object_set (spec, "environment", given, "clear-environment", clears, NULL);
  test_bring_up (self, process, record);
  pid = (pid_t) extension_host_process_get_pid (process);
  marker = test_get_variable (pid, TEST_TREE);
  g_assert_nonnull (marker);
  g_assert_true (g_uuid_string_is_valid (marker));

  expected = g_environ_setenv (expected, TEST_TREE, marker, TRUE);
  for (guint i = 0; given[i] != NULL; i++)
    {
      g_auto(GStrv) pair = g_strsplit (given[i], "=", 2);

      expected = g_environ_setenv (expected, pair[0], pair[1], TRUE);
    }
  actual = test_get_strings (pid, "environ");
  sort_strings (expected);
  sort_strings (actual);
  g_assert_cmpstrv (actual, expected);
}

static void
test_arguments (TestFixture   *self,
                gconstpointer  data G_GNUC_UNUSED)
{
  g_auto(GStrv) argv = test_argv_of ("--print=two words", "--print=", "--print='single' \"double\"",
                                     "--print=a\nb\tc", "--print=größe 漢字 🙂", "--print=$HOME `id`",
                                     "--print=\\ * ? ; & |", "--print=\xff\xfe", "--print=--",
                                     "--print=ready", NULL);
  const char *environment[] = { self->tag, NULL };
  g_autoptr(ExtensionHostSpec) spec =
    extension_host_spec_new ("host", (const char * const *) argv);
  g_autoptr(ExtensionHostProcess) process = extension_host_process_new (spec);
  g_autoptr(TestRecord) record = test_record_new (process);
  g_auto(GStrv) actual = NULL;

  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                "environment", environment,
                NULL);
  test_bring_up (self, process, record);
  actual = test_get_strings ((pid_t) extension_host_process_get_pid (process), "cmdline");
  g_assert_cmpstrv (actual, argv);
  assert_line (record, "größe 漢字 🙂");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/resources/bad/", bad_cases[i].name, NULL);

      test_add (path, &bad_cases[i], test_bad);
    }
  test_add ("/resources/too-many-arguments", NULL, test_too_many_arguments);
  test_add ("/resources/no-arguments", NULL, test_no_arguments);
  test_add ("/resources/few-descriptors/stdio", NULL, test_few_descriptors);
  test_add ("/resources/few-descriptors/node-ipc", "", test_few_descriptors);
  test_add ("/resources/few-processes/shim", "--spare-processes=0", test_few_processes);
  test_add ("/resources/few-processes/program", "--spare-processes=2", test_few_processes);
  test_add ("/resources/settings", NULL, test_settings);
  test_add ("/resources/inherited-settings", NULL, test_inherited_settings);
  test_add ("/resources/environment", GINT_TO_POINTER (FALSE), test_environment);
  test_add ("/resources/clear-environment", GINT_TO_POINTER (TRUE), test_environment);
  test_add ("/resources/arguments", NULL, test_arguments);

  return g_test_run ();
}
