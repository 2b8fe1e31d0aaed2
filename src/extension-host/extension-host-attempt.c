/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <gio/gio.h>

#include "extension-host-attempt-private.h"
#include "extension-host-attempt-streams-private.h"
#include "extension-host-error.h"
#include "extension-host-lifeline-private.h"
#include "extension-host-pipes-private.h"
#include "extension-host-shim-private.h"
#include "extension-host-spec-private.h"
#include "extension-host-sweep-private.h"

#define SHIM_PATIENCE (1 * G_USEC_PER_SEC)   /* for its answer to a command, and for its exit */
#define REPORTS_AT_ONCE 16
#define SWEEP_INTERVAL (1 * G_USEC_PER_SEC)
#define SILENCE (G_USEC_PER_SEC / 2)         /* between the end of all output and its reason */

struct _ExtensionHostAttempt
{
  gatomicrefcount refs;
  ExtensionHostReactor *reactor;
  const ExtensionHostAttemptFuncs *funcs;   /* NULL once abandoned */
  gpointer owner;

  ExtensionHostSpec *spec;                  /* for messages */
  GSubprocess *shim;
  guint shim_pid;
  char *marker;
  ExtensionHostAttemptStreams streams;
  ExtensionHostWatch lifeline_watch;
  ExtensionHostChannel *channel;            /* over some of them, if the protocol has one */

  guint pid;                                /* of the program, while it is alive */
  guint left;                               /* processes that outlived their KILL */
  guint unanswered;                         /* commands that the shim has not said ok to */
  ExtensionHostDeadline patience;           /* with the shim */
  ExtensionHostDeadline next_sweep;
  ExtensionHostDeadline silence;
  GError *error;                            /* why the program could not be spawned */
  guint ended : 1;                          /* the program did, or never ran */
  guint tree_gone : 1;
  guint reaped : 1;
  guint finished : 1;
};

static void close_all (ExtensionHostAttempt *self);

static void
on_line (ExtensionHostLogStream  stream,
         const char             *text,
         gsize                   length,
         gpointer                data)
{
  ExtensionHostAttempt *self = data;

  if (self->funcs != NULL)
    self->funcs->line (stream, text, length, self->owner);
}

ExtensionHostAttempt *
extension_host_attempt_new (ExtensionHostReactor            *reactor,
                            const ExtensionHostAttemptFuncs *funcs,
                            gpointer                         owner)
{
  ExtensionHostAttempt *self = g_new0 (ExtensionHostAttempt, 1);

  g_atomic_ref_count_init (&self->refs);
  self->reactor = reactor;
  self->funcs = funcs;
  self->owner = owner;
  extension_host_attempt_streams_init (&self->streams, on_line, self);

  return self;
}

static ExtensionHostAttempt *
attempt_ref (ExtensionHostAttempt *self)
{
  g_atomic_ref_count_inc (&self->refs);

  return self;
}

void
extension_host_attempt_unref (ExtensionHostAttempt *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  close_all (self);
  g_clear_object (&self->spec);
  g_clear_object (&self->shim);
  g_clear_error (&self->error);
  g_free (self->marker);
  g_free (self);
}

guint
extension_host_attempt_get_pid (ExtensionHostAttempt *self)
{
  return self->pid;
}

guint
extension_host_attempt_get_shim_pid (ExtensionHostAttempt *self)
{
  return self->shim_pid;
}

guint
extension_host_attempt_get_left (ExtensionHostAttempt *self)
{
  return self->left;
}

/* Whether the program has ended, though others of its tree may live on. */
gboolean
extension_host_attempt_has_ended (ExtensionHostAttempt *self)
{
  return self->ended;
}

/* Whether all of the tree has, though the shim may still have to be reaped. */
gboolean
extension_host_attempt_is_tree_gone (ExtensionHostAttempt *self)
{
  return self->tree_gone;
}

static void
close_all (ExtensionHostAttempt *self)
{
  extension_host_deadline_disarm (&self->patience);
  extension_host_deadline_disarm (&self->next_sweep);
  extension_host_deadline_disarm (&self->silence);
  extension_host_watch_stop (&self->lifeline_watch);
  g_clear_pointer (&self->channel, extension_host_channel_free);
  extension_host_attempt_streams_close (&self->streams);
}

static void
drain_outputs (ExtensionHostAttempt *self)
{
  if (self->channel != NULL)
    extension_host_channel_drain (self->channel);
  for (guint i = 0; i < G_N_ELEMENTS (self->streams.outputs); i++)
    extension_host_output_drain (&self->streams.outputs[i]);
}

static void
wake_shim (gpointer data)
{
  ExtensionHostAttempt *self = data;

  g_subprocess_send_signal (self->shim, SIGCONT);
}

/* A program that says no more has most likely ended. If the shim does not say so it may have been
 * stopped, and only a signal gets it to talk. Otherwise that does no harm. */
static void
expect_exit (ExtensionHostAttempt *self)
{
  if (!self->ended && self->streams.outputs[0].fd == -1 && self->streams.outputs[1].fd == -1)
    extension_host_deadline_arm (&self->silence, self->reactor, g_get_monotonic_time () + SILENCE,
                                 wake_shim, self);
}

static void
on_output (guint32  events G_GNUC_UNUSED,
           gpointer data)
{
  ExtensionHostOutput *output = data;
  g_autoptr(ExtensionHostAttempt) self = attempt_ref (output->data);

  if (!extension_host_output_read (output))
    expect_exit (self);
  if (self->funcs != NULL)
    self->funcs->lines_read (self->owner);
}

/* The end */

static void
finish_if_gone (ExtensionHostAttempt *self)
{
  const ExtensionHostAttemptFuncs *funcs = NULL;

  if (!self->tree_gone || !self->reaped || self->finished)
    return;

  self->finished = TRUE;
  drain_outputs (self);
  close_all (self);

  funcs = g_steal_pointer (&self->funcs);
  if (funcs == NULL)
    return;

  if (self->error != NULL)
    funcs->failed (self, self->error, self->owner);
  else
    funcs->gone (self, self->owner);
}

static void
on_reaped (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(ExtensionHostAttempt) self = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL);
  self->reaped = TRUE;
  finish_if_gone (self);
}

static void
kill_shim (gpointer data)
{
  ExtensionHostAttempt *self = data;

  self->unanswered = 0;
  g_subprocess_force_exit (self->shim);   /* the end of the lifeline follows */
}

/* The shim has nothing left to say: it has exited, or it is made to. */
static void
reap (ExtensionHostAttempt *self)
{
  extension_host_watch_stop (&self->lifeline_watch);
  extension_host_pipes_close (&self->streams.lifeline);
  extension_host_deadline_arm (&self->patience, self->reactor,
                               g_get_monotonic_time () + SHIM_PATIENCE, kill_shim, self);
  extension_host_reactor_enter (self->reactor);
  g_subprocess_wait_async (self->shim, NULL, on_reaped, attempt_ref (self));
  extension_host_reactor_leave (self->reactor);
}

static void
end_program (ExtensionHostAttempt   *self,
             const ExtensionHostEnd *end)
{
  if (self->ended)
    return;

  self->ended = TRUE;
  extension_host_deadline_disarm (&self->silence);
  self->pid = 0;   /* from now on the number may be given to another process */
  drain_outputs (self);
  if (self->funcs != NULL)
    self->funcs->exited (self, end, self->owner);
}

static void sweep (gpointer data);

static void
on_swept (GObject      *object G_GNUC_UNUSED,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(ExtensionHostAttempt) self = user_data;

  self->left = extension_host_sweep_finish (result);
  if (self->left == 0)
    {
      self->tree_gone = TRUE;
      finish_if_gone (self);
    }
  else if (self->funcs != NULL)
    {
      extension_host_deadline_arm (&self->next_sweep, self->reactor,
                                   g_get_monotonic_time () + SWEEP_INTERVAL, sweep, self);
    }
}

static void
sweep (gpointer data)
{
  ExtensionHostAttempt *self = data;

  extension_host_reactor_enter (self->reactor);
  extension_host_sweep_async (self->shim_pid, self->marker, on_swept, attempt_ref (self));
  extension_host_reactor_leave (self->reactor);
}

/* The lifeline ended before the tree did, or says what no shim of ours would: somebody killed it
 * or took it over. What it held is found by other means. */
static void
lose_shim (ExtensionHostAttempt *self)
{
  const ExtensionHostEnd end = { .kind = EXTENSION_HOST_EXIT_KIND_LOST, .code = -1 };

  kill_shim (self);
  reap (self);
  sweep (self);   /* under way before user code runs, which may block until it is done */
  end_program (self, &end);
}

/* The lifeline */

static gboolean
watch_output (ExtensionHostAttempt *self,
              ExtensionHostOutput  *output)
{
  return extension_host_watch_start (&output->watch, self->reactor, output->fd, EPOLLIN, on_output,
                                     output);
}

static gboolean
open_channel (ExtensionHostAttempt *self)
{
  self->channel = extension_host_attempt_streams_take_channel (&self->streams, self->reactor,
                                                               self->spec, self->funcs->channel,
                                                               self->owner);

  return extension_host_channel_open (self->channel);
}

/* Only now: nothing of a generation is told before its spawn is. */
static void
watch_outputs (ExtensionHostAttempt *self)
{
  ExtensionHostOutput *outputs = self->streams.outputs;
  gboolean watching = !extension_host_spec_has_messages (self->spec) || open_channel (self);

  /* The channel may have taken stdout. */
  for (guint i = 0; i < G_N_ELEMENTS (self->streams.outputs); i++)
    watching = (outputs[i].fd == -1 || watch_output (self, &outputs[i])) && watching;

  if (!watching)
    extension_host_attempt_kill (self);   /* unheard, it would block for ever */
}

static void
on_report (ExtensionHostAttempt      *self,
           const ExtensionHostReport *report)
{
  switch (report->kind)
    {
    case EXTENSION_HOST_REPORT_SPAWNED:
      self->pid = report->number;
      watch_outputs (self);
      self->funcs->spawned (self, self->owner);
      break;

    case EXTENSION_HOST_REPORT_FAILED:
      self->ended = TRUE;
      self->error = extension_host_shim_spawn_error ((int) report->number, report->step,
                                                     self->spec);
      break;

    case EXTENSION_HOST_REPORT_EXITED:
      end_program (self, &(ExtensionHostEnd) { .kind = EXTENSION_HOST_EXIT_KIND_EXITED,
                                               .code = (int) report->number });
      break;

    case EXTENSION_HOST_REPORT_SIGNALLED:
      end_program (self, &(ExtensionHostEnd) { .kind = EXTENSION_HOST_EXIT_KIND_SIGNALLED,
                                               .code = -1,
                                               .signal = (int) report->number,
                                               .core_dumped = report->core_dumped });
      break;

    case EXTENSION_HOST_REPORT_LEFT:
      self->left = report->number;
      break;

    case EXTENSION_HOST_REPORT_GONE:
      self->left = 0;
      self->tree_gone = TRUE;
      reap (self);
      break;

    case EXTENSION_HOST_REPORT_OK:
      if (self->unanswered > 0 && --self->unanswered == 0)
        extension_host_deadline_disarm (&self->patience);
      break;

    default:
      g_assert_not_reached ();
    }
}

/* Each report once, in the order of a life: a lifeline that was taken over tells other tales. */
static gboolean
is_plausible (ExtensionHostAttempt      *self,
              const ExtensionHostReport *report)
{
  switch (report->kind)
    {
    case EXTENSION_HOST_REPORT_SPAWNED:
      return self->pid == 0 && !self->ended && report->number > 0;
    case EXTENSION_HOST_REPORT_FAILED:
      return self->pid == 0 && !self->ended && report->number > 0;
    case EXTENSION_HOST_REPORT_EXITED:
    case EXTENSION_HOST_REPORT_SIGNALLED:
      return self->pid != 0;
    case EXTENSION_HOST_REPORT_GONE:
      return self->ended;
    case EXTENSION_HOST_REPORT_LEFT:
    case EXTENSION_HOST_REPORT_OK:
      return TRUE;
    default:
      return FALSE;
    }
}

static void
on_lifeline (guint32  events G_GNUC_UNUSED,
             gpointer data)
{
  g_autoptr(ExtensionHostAttempt) self = attempt_ref (data);

  /* No more in one turn than a shim of ours ever has to say: the others want their turn, too. */
  for (guint i = 0; i < REPORTS_AT_ONCE && self->funcs != NULL && self->streams.lifeline != -1; i++)
    {
      char packet[EXTENSION_HOST_REPORT_MAX + 1];
      ExtensionHostReport report;
      gssize n = recv (self->streams.lifeline, packet, sizeof packet, 0);

      if (n == -1 && errno == EINTR)
        continue;
      if (n == -1 && errno == EAGAIN)
        return;

      if (n > 0 && extension_host_report_parse (packet, n, &report) &&
          is_plausible (self, &report))
        on_report (self, &report);
      else
        lose_shim (self);
    }
}

static void
command (ExtensionHostAttempt *self,
         const char           *text)
{
  if (self->streams.lifeline == -1 || extension_host_reactor_is_foreign (self->reactor))
    return;

  /* A shim that was stopped could neither obey nor answer. */
  g_subprocess_send_signal (self->shim, SIGCONT);
  if (send (self->streams.lifeline, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
    return;   /* its end comes next, or its patience runs out */

  self->unanswered++;
  if (self->patience.reactor == NULL)
    extension_host_deadline_arm (&self->patience, self->reactor,
                                 g_get_monotonic_time () + SHIM_PATIENCE, kill_shim, self);
}

/* SIGTERM to the program; its tree is ended once it has exited or @grace_ms are over. */
void
extension_host_attempt_terminate (ExtensionHostAttempt *self,
                                  guint                 grace_ms)
{
  char text[32];

  g_snprintf (text, sizeof text, "term %u", grace_ms);
  command (self, text);
}

void
extension_host_attempt_kill (ExtensionHostAttempt *self)
{
  command (self, "kill");
}

/* No more messages to it: stdin, or the socket that stands for it, ends. What is queued is written
 * before. */
void
extension_host_attempt_close_input (ExtensionHostAttempt *self)
{
  if (self->channel != NULL)
    extension_host_channel_close_out (self->channel);
  extension_host_pipes_close (&self->streams.stdin_fd);
}

/* NULL before the spawn, and if the protocol has none. */
ExtensionHostChannel *
extension_host_attempt_get_channel (ExtensionHostAttempt *self)
{
  return self->channel;
}

/* Kills the tree without waiting for it. Nothing is reported any more. */
void
extension_host_attempt_abandon (ExtensionHostAttempt *self)
{
  self->funcs = NULL;
  extension_host_attempt_kill (self);
  close_all (self);
}

/* The begin */

static GStrv
build_environment (ExtensionHostAttempt *self,
                   ExtensionHostSpec    *spec)
{
  GStrv environment = extension_host_spec_dup_environ (spec);

  if (extension_host_spec_uses_ipc (spec))
    environment = extension_host_shim_add_ipc (environment);

  return g_environ_setenv (environment, EXTENSION_HOST_TREE_VARIABLE, self->marker, TRUE);
}

/* With these flags, no working directory and no child setup, GLib takes posix_spawn(): the call
 * costs the same however much memory the application has. */
static gboolean
spawn_shim (ExtensionHostAttempt  *self,
            GSubprocessLauncher   *launcher,
            const char            *path,
            GError               **error)
{
  g_auto(GStrv) argv = extension_host_shim_build_argv (path, self->spec);
  g_auto(GStrv) environment = build_environment (self, self->spec);
  const char *identifier = NULL;
  g_autoptr(GError) local_error = NULL;

  g_subprocess_launcher_set_environ (launcher, environment);
  self->shim = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv, &local_error);
  if (self->shim == NULL)
    {
      g_propagate_error (error, extension_host_shim_own_error (local_error, self->spec));
      return FALSE;
    }

  /* A shim that has ended already, and was reaped in the worker of GLib, has no number any more. */
  identifier = g_subprocess_get_identifier (self->shim);
  self->shim_pid = identifier != NULL ? atoi (identifier) : 0;

  return TRUE;
}

/* Fails with the error of the lifecycle: NO_RESOURCES if it may work later. On success the rest is
 * reported; on failure nothing is. */
gboolean
extension_host_attempt_spawn (ExtensionHostAttempt  *self,
                              ExtensionHostSpec     *spec,
                              GError               **error)
{
  g_autoptr(GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  g_autofree char *path = extension_host_shim_find (error);

  if (path == NULL)
    return FALSE;

  self->spec = g_object_ref (spec);
  self->marker = g_uuid_string_random ();

  if (!extension_host_attempt_streams_open (&self->streams, spec, launcher) ||
      !extension_host_watch_start (&self->lifeline_watch, self->reactor, self->streams.lifeline,
                                   EPOLLIN, on_lifeline, self) ||
      !extension_host_shim_has_room (spec, self->streams.lifeline))
    {
      g_propagate_error (error, extension_host_shim_spawn_error (errno, "pipe", spec));
      close_all (self);
      return FALSE;
    }

  if (!spawn_shim (self, launcher, path, error))
    {
      close_all (self);
      return FALSE;
    }

  return TRUE;
}
