/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts that come for one bad thing, are started once, end in the state that is due to them, and
 * are removed. */

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "chaos-calls.h"
#include "chaos-cgroup.h"
#include "chaos-fault.h"
#include "chaos-operations.h"
#include "chaos-trees.h"

#define FLOOD "8388608"        /* bytes, of each stream */
#define BOMB "48"              /* processes at any time */
#define SESSION_BOMB "24"      /* the same, each in a session of its own */
#define MOST_PROCESSES "160"   /* whatever the bomb does */
#define SLOW "98304"           /* bytes/s */
#define SLOW_START 300         /* ms: to read a host from a slow disk takes longer */

static ChaosCgroup freezer;
static char freezer_state[PATH_MAX];
static ChaosCgroup pids;
static ChaosCgroup blkio;
static char *cold_program;     /* on a disk that can be slowed down; NULL if there is none */
static gboolean is_frozen;

/* Coming and going */

enum
{
  COMING,
  THERE,
  LEAVING,
};

static GStrv
make_argv (const char *program,
           const char *option,
           ...)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  va_list options;

  g_strv_builder_add_many (builder, program, "--live-for=300", NULL);
  va_start (options, option);
  for (; option != NULL; option = va_arg (options, const char *))
    g_strv_builder_add (builder, option);
  va_end (options);

  return g_strv_builder_end (builder);
}

/* The shell goes into the group, and becomes the program there: what that does at once is held up.
 * */
static GStrv
move_into (ChaosCgroup *group,
           GStrv        argv)
{
  g_autofree char *command = g_strdup_printf ("echo $$ > %s/cgroup.procs && exec \"$@\"",
                                              group->folder);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add_many (builder, "/bin/sh", "-c", command, "sh", NULL);
  g_strv_builder_addv (builder, (const char **) argv);
  g_strfreev (argv);

  return g_strv_builder_end (builder);
}

/* Takes @argv over. */
static ExtensionHostSpec *
make_spec (ChaosFault *fault,
           GStrv       argv,
           gboolean    speaks)
{
  g_autofree char *id = g_strdup_printf ("guest-%u", ++fault->chaos->n_guests);
  ExtensionHostSpec *spec = chaos_host_make_spec (fault->chaos, id, argv);

  if (speaks)
    chaos_host_make_speak (spec);
  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_NEVER,
                "health-timeout", 5000,
                NULL);
  g_strfreev (argv);

  return spec;
}

/* Takes @spec over. */
static void
come (ChaosFault        *fault,
      ExtensionHostSpec *spec)
{
  ChaosHost *host = chaos_host_new (fault->chaos, CHAOS_GUEST, spec);

  g_ptr_array_add (fault->chaos->guests, host);
  chaos_fault_hit (fault, host);
  chaos_start (host);
}

static void
on_removed (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  ChaosQuestion *question = user_data;
  g_autoptr(GError) error = NULL;
  gboolean done =
    extension_host_manager_remove_finish (EXTENSION_HOST_MANAGER (object), result, &error);

  chaos_answered (question, done);
  chaos_check (question->chaos, question->host, done, "it cannot be removed: %s",
               error != NULL ? error->message : "");
}

/* TRUE once it has gone, and nothing is left of it. */
static gboolean
leave (ChaosFault *fault)
{
  ChaosHost *host = fault->host;
  guint n_left = 0;

  if (fault->stage != LEAVING)
    {
      fault->stage = LEAVING;
      fault->question = chaos_ask_order (fault->chaos, host, "remove", 0);
      extension_host_manager_remove_async (fault->chaos->manager, host->id, NULL, on_removed,
                                           fault->question);
    }
  if (!fault->question->is_answered)
    return FALSE;

  n_left = chaos_count_tree (host);
  chaos_check (fault->chaos, host, n_left == 0, "it was removed, and left %u processes", n_left);

  return TRUE;
}

/* Closed pipes: it lives, and will never be heard of again. */

static gboolean
close_pipes (ChaosFault *fault)
{
  GStrv argv = make_argv (g_getenv ("RPC_HOST"), "--close-stdout", NULL);
  ExtensionHostSpec *spec = make_spec (fault, argv, TRUE);

  g_object_set (spec, "health-interval", 0, NULL);   /* it would die of the answer */
  come (fault, spec);
  chaos_call (fault->host, "hold", "[]");

  return TRUE;
}

static gboolean
look_after_closed_pipes (ChaosFault *fault)
{
  ChaosHost *host = fault->host;

  if (fault->stage == COMING && host->state != EXTENSION_HOST_STATE_CRASHED)
    return FALSE;

  chaos_check (fault->chaos, host, host->n_reasons[EXTENSION_HOST_REASON_CHANNEL_LOST] == 1,
               "the loss of its channel was not told");

  return leave (fault);
}

/* A flood of output that is no message, before it reads anything */

static gboolean
flood_output (ChaosFault *fault)
{
  GStrv argv = make_argv (g_getenv ("RPC_HOST"), "--flood-stdout=" FLOOD, "--flood-stderr=" FLOOD,
                          NULL);
  ExtensionHostSpec *spec = make_spec (fault, argv, TRUE);

  g_object_set (spec, "health-interval", 0, NULL);   /* we are not that fast on any machine */
  come (fault, spec);
  fault->question = chaos_call_echo (fault->host);

  return TRUE;
}

static gboolean
look_after_answer (ChaosFault *fault)
{
  if (fault->stage == COMING && !fault->question->is_answered)
    return FALSE;

  chaos_check (fault->chaos, fault->host, fault->stage != COMING || fault->question->had_result,
               "it was not heard any more");

  return leave (fault);
}

/* Fork bombs, which never hold more processes than they are told, in a group that would not let
 * them; where there is none, that much is true all the same. */

static gboolean
throw_bomb (ChaosFault *fault)
{
  gboolean sessions = chaos_random (fault->chaos, 0, 2) == 0;
  GStrv argv = make_argv (g_getenv ("FAKE_HOST"), "--bomb-pause=20",
                          sessions ? "--setsid-fork-bomb=" SESSION_BOMB : "--fork-bomb=" BOMB,
                          "--print=ready", NULL);

  if (chaos_cgroup_has (&pids))
    argv = move_into (&pids, argv);
  come (fault, make_spec (fault, argv, FALSE));

  return TRUE;
}

/* For a while it goes off; then its first process dies, or it is stopped. One that finds the group
 * full of others gives up by itself. */
static gboolean
look_after_bomb (ChaosFault *fault)
{
  ChaosHost *host = fault->host;
  pid_t pid = 0;

  if (fault->stage == COMING && host->is_ready)
    {
      fault->stage = THERE;
      chaos_fault_wait (fault, chaos_random (fault->chaos, 1, 300));
    }
  if (fault->stage == COMING && host->state == EXTENSION_HOST_STATE_CRASHED)
    return leave (fault);
  if (fault->stage == COMING || !chaos_fault_is_time (fault))
    return FALSE;

  if (fault->stage == THERE && fault->pid == 0 && chaos_random (fault->chaos, 0, 2) == 0)
    pid = chaos_host_get_program (host);
  if (pid != 0)
    {
      kill (pid, SIGKILL);
      fault->pid = pid;
    }
  if (fault->pid != 0 && fault->stage == THERE && host->state != EXTENSION_HOST_STATE_CRASHED)
    return FALSE;

  return leave (fault);
}

/* What cannot be killed: it is frozen, stopped in vain, and told to be there; then it is thawed. */

static const char *
has_no_freezer (Chaos *chaos G_GNUC_UNUSED)
{
  return chaos_cgroup_has (&freezer) ? NULL : "no freezer of cgroup version 1 that we may use";
}

static gboolean
come_to_freeze (ChaosFault *fault)
{
  GStrv argv = make_argv (g_getenv ("FAKE_HOST"), "--ignore-eof", "--stubborn-children",
                          "--setsid-grandchild", "--print=ready", NULL);
  ExtensionHostSpec *spec = NULL;

  if (is_frozen)
    {
      g_strfreev (argv);
      return FALSE;
    }

  is_frozen = TRUE;
  spec = make_spec (fault, argv, FALSE);
  g_object_set (spec,
                "exit-timeout", 0,
                "term-timeout", 0,
                "kill-timeout", 300,
                NULL);
  come (fault, spec);

  return TRUE;
}

static void
on_stopped_in_vain (GObject      *object,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  ChaosQuestion *question = user_data;
  ExtensionHostProcess *process = EXTENSION_HOST_PROCESS (object);
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_stop_finish (process, result, &error);
  guint n_left = outcome != NULL ? extension_host_stop_outcome_get_leftover (outcome) : 0;

  chaos_answered (question, outcome != NULL);
  chaos_check (question->chaos, question->host, outcome != NULL, "the stop in vain failed: %s",
               error != NULL ? error->message : "");
  chaos_check (question->chaos, question->host, n_left > 0, "it is frozen, and said to be gone");
  chaos_check (question->chaos, question->host,
               !extension_host_stop_outcome_get_exited (outcome),
               "it is frozen, and said to have exited");
  chaos_check (question->chaos, question->host,
               extension_host_process_get_state (process) == EXTENSION_HOST_STATE_STOPPING &&
               extension_host_process_get_last_control_failure (process) != NULL,
               "it cannot be killed, and that failure is not told");
}

enum
{
  FREEZING = LEAVING + 1,
  STOPPING,
  THAWING,
};

static gboolean
begin_freezing (ChaosFault *fault)
{
  g_autofree char *text = g_strdup_printf ("%d", (int) chaos_host_get_program (fault->host));

  if (!fault->host->is_ready || g_str_equal (text, "0") ||
      !chaos_cgroup_write (&freezer, "cgroup.procs", text) ||
      !chaos_cgroup_write (&freezer, "freezer.state", "FROZEN"))
    return FALSE;

  chaos_journal_note (&fault->host->journal, "frozen");

  return TRUE;
}

static gboolean
look_after_frozen (ChaosFault *fault)
{
  ChaosHost *host = fault->host;
  g_autofree char *state = chaos_cgroup_read (&freezer, "freezer.state");

  switch (fault->stage)
    {
    case COMING:
      fault->stage = begin_freezing (fault) ? FREEZING : COMING;
      return FALSE;

    case FREEZING:
      if (g_strcmp0 (state, "FROZEN") != 0)
        return FALSE;
      fault->stage = STOPPING;
      fault->question = chaos_ask_order (fault->chaos, host, "stop in vain", 0);
      extension_host_process_stop_async (host->process, NULL, on_stopped_in_vain, fault->question);
      return FALSE;

    case STOPPING:
      if (!fault->question->is_answered)
        return FALSE;
      fault->stage = THAWING;
      chaos_cgroup_write (&freezer, "freezer.state", "THAWED");
      chaos_journal_note (&host->journal, "thawed");
      return FALSE;

    case THAWING:
      if (host->state != EXTENSION_HOST_STATE_STOPPED)
        return FALSE;
      is_frozen = FALSE;
      return leave (fault);

    default:
      return leave (fault);
    }
}

/* A program on a slow disk: it is not in the memory of the system, and what there is read of it is
 * read slowly, page by page. */

static const char *
has_no_slow_disk (Chaos *chaos G_GNUC_UNUSED)
{
  return cold_program != NULL ? NULL
                              : "no disk that the blkio group of cgroup version 1 may slow down";
}

static gboolean
chill (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean done = fd != -1 && fsync (fd) == 0 &&
                  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED) == 0;

  if (fd != -1)
    close (fd);

  return done;
}

static gboolean
come_slowly (ChaosFault *fault)
{
  ExtensionHostSpec *spec = NULL;

  for (guint i = 0; i < fault->chaos->faults->len; i++)   /* while it runs it is in memory */
    if (((ChaosFault *) g_ptr_array_index (fault->chaos->faults, i))->kind == fault->kind)
      return FALSE;
  if (!chill (cold_program))
    return FALSE;

  spec = make_spec (fault, move_into (&blkio, make_argv (cold_program, "--ready-after=1", NULL)),
                    TRUE);
  g_object_set (spec, "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION, NULL);
  come (fault, spec);
  fault->question = chaos_call_echo (fault->host);

  return TRUE;
}

static gboolean
look_after_slow (ChaosFault *fault)
{
  if (fault->stage == COMING && fault->question->is_answered)
    chaos_check (fault->chaos, fault->host,
                 g_get_monotonic_time () - fault->began > SLOW_START * 1000,
                 "the disk was not slow");

  return look_after_answer (fault);
}

/* In a folder that is on a disk; a page cache is needed that can be told to forget. */
static gboolean
try_folder (const char *folder)
{
  g_autofree char *path = g_strdup_printf ("%s/extension-host-chaos-%d", folder, (int) getpid ());
  g_autofree char *limit = NULL;
  g_autofree char *contents = NULL;
  gsize length = 0;
  struct stat stat_of;

  if (stat (folder, &stat_of) != 0 || major (stat_of.st_dev) == 0)
    return FALSE;

  limit = g_strdup_printf ("%u:%u " SLOW, major (stat_of.st_dev), minor (stat_of.st_dev));
  if (!chaos_cgroup_write (&blkio, "blkio.throttle.read_bps_device", limit) ||
      !g_file_get_contents (g_getenv ("RPC_HOST"), &contents, &length, NULL) ||
      !g_file_set_contents (path, contents, (gssize) length, NULL))
    return FALSE;

  g_chmod (path, 0755);
  cold_program = g_steal_pointer (&path);

  return TRUE;
}

/* All of them */

/* The run ends in the middle: what is frozen could not end with it. */
static void
on_fatal (int number)
{
  static const char thawed[] = "THAWED";
  int fd = open (freezer_state, O_WRONLY | O_CLOEXEC);
  gssize n G_GNUC_UNUSED = write (fd, thawed, strlen (thawed));

  if (cold_program != NULL)
    unlink (cold_program);
  signal (number, SIG_DFL);
  raise (number);
}

void
chaos_guests_set_up (Chaos *chaos G_GNUC_UNUSED)
{
  static const int fatal[] = { SIGABRT, SIGTRAP, SIGTERM, SIGINT, SIGALRM };

  chaos_cgroup_init (&freezer, "freezer");
  chaos_cgroup_init (&pids, "pids");
  chaos_cgroup_init (&blkio, "blkio");
  if (chaos_cgroup_has (&freezer))
    g_snprintf (freezer_state, sizeof freezer_state, "%s/freezer.state", freezer.folder);
  for (gsize i = 0; i < G_N_ELEMENTS (fatal); i++)
    signal (fatal[i], on_fatal);
  if (chaos_cgroup_has (&pids) && !chaos_cgroup_write (&pids, "pids.max", MOST_PROCESSES))
    chaos_cgroup_remove (&pids);
  if (chaos_cgroup_has (&blkio) && !try_folder (g_get_tmp_dir ()))
    try_folder ("/var/tmp");
}

void
chaos_guests_tear_down (Chaos *chaos)
{
  test_wait_polling (chaos->fixture, 5, chaos_cgroup_remove (&freezer));
  test_wait_polling (chaos->fixture, 5, chaos_cgroup_remove (&pids));
  test_wait_polling (chaos->fixture, 5, chaos_cgroup_remove (&blkio));
  if (cold_program != NULL)
    g_unlink (cold_program);
  g_clear_pointer (&cold_program, g_free);
}

const ChaosFaultKind chaos_faults_by_guests[] = {
  { "closed pipes", CHAOS_ON_GUEST, 4, 0, NULL, close_pipes, look_after_closed_pipes },
  { "flood of output", CHAOS_ON_GUEST, 2, 1000, NULL, flood_output, look_after_answer },
  { "fork bomb", CHAOS_ON_GUEST, 2, 1000, NULL, throw_bomb, look_after_bomb },
  { "tree that cannot be killed", CHAOS_ON_GUEST, 2, 0, has_no_freezer, come_to_freeze,
    look_after_frozen },
  { "slow disk", CHAOS_ON_GUEST, 2, 0, has_no_slow_disk, come_slowly, look_after_slow },
  { NULL }
};
