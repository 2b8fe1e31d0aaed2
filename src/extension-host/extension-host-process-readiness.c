/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-proc-private.h"
#include "extension-host-process-private.h"

/* Whether a host can be talked to, and how long it may take until then. */

#define EXTENSIONS_MAX 10             /* times the timeout of a phase that it may be made longer by */
#define SECOND_LOOK (20 * 1000)       /* µs */
#define DEBUGGER_INTERVAL G_USEC_PER_SEC

static void
arm (ExtensionHostProcess *self,
     gint64                due);

/* A message was waited for, and not even a stray line came: so it looks when the language of a host
 * keeps its output in a buffer because it goes to a pipe. */
static gboolean
is_mute (ExtensionHostProcess *self)
{
  ExtensionHostChannel *channel =
    self->attempt != NULL ? extension_host_attempt_get_channel (self->attempt) : NULL;

  return self->readiness == EXTENSION_HOST_READINESS_NOT_READY &&
         channel != NULL && !extension_host_channel_has_read (channel);
}

static char *
describe_start_timeout (ExtensionHostProcess *self)
{
  guint timeout = self->spec->start_timeout;

  if (is_mute (self))
    return g_strdup_printf (_("not ready within %u ms; nothing was received: "
                              "is its output buffered?"), timeout);

  return g_strdup_printf (_("not ready within %u ms"), timeout);
}

static void
on_start_timeout (gpointer data)
{
  ExtensionHostProcess *self = data;
  g_autofree char *detail = NULL;

  if (extension_host_process_is_behind (self, &self->start_horizon))
    {
      arm (self, g_get_monotonic_time () + SECOND_LOOK);
      return;
    }

  if (extension_host_process_is_debugged (self))
    {
      arm (self, g_get_monotonic_time () + DEBUGGER_INTERVAL);
      return;
    }

  detail = describe_start_timeout (self);
  extension_host_lifecycle_fault (&self->lifecycle, EXTENSION_HOST_REASON_START_TIMEOUT, detail);
  extension_host_process_flush (self);
}

static void
arm (ExtensionHostProcess *self,
     gint64                due)
{
  extension_host_deadline_arm (&self->start_timeout, self->reactor, due, on_start_timeout, self);
}

static void
disarm (ExtensionHostProcess *self)
{
  self->start_timeout_left = 0;
  extension_host_deadline_disarm (&self->start_timeout);
}

/* Its program is being spawned. */
void
extension_host_process_await_ready (ExtensionHostProcess *self)
{
  gint64 timeout = (gint64) self->spec->start_timeout * 1000;
  gint64 now = g_get_monotonic_time ();

  if (self->spec->start_timeout == EXTENSION_HOST_NO_TIMEOUT)
    return;

  self->start_horizon = 0;
  self->start_latest = now + timeout + EXTENSIONS_MAX * timeout;
  arm (self, now + timeout);
  if (self->lifecycle.control == EXTENSION_HOST_CONTROL_PAUSED)
    extension_host_process_hold_start (self);
}

/* While paused nothing is concluded from the time that passes. */
void
extension_host_process_hold_start (ExtensionHostProcess *self)
{
  if (self->start_timeout.reactor == NULL)
    return;

  self->start_held_at = g_get_monotonic_time ();
  self->start_timeout_left = MAX (self->start_timeout.due - self->start_held_at, 1);
  extension_host_deadline_disarm (&self->start_timeout);
}

void
extension_host_process_resume_start (ExtensionHostProcess *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->start_timeout_left != 0)
    {
      arm (self, now + self->start_timeout_left);
      self->start_latest += now - self->start_held_at;
    }
  self->start_timeout_left = 0;
}

/* The host asks for @ms more, from now. It has them in the phase that it is in, if that is its start or
 * one of the gentle rungs of its end. */
void
extension_host_process_extend_timeout (ExtensionHostProcess *self,
                                       gint64                ms)
{
  gint64 wanted = ms * 1000;
  gint64 due = g_get_monotonic_time () + wanted;
  gint64 ladder_due = extension_host_ladder_extend (&self->ladder, due, EXTENSIONS_MAX);

  self->start_horizon = 0;   /* what it writes until then is looked at, too */
  if (self->shutdown_call != NULL && ladder_due != 0)
    extension_host_rpc_postpone (self->shutdown_call, ladder_due);
  if (self->start_timeout.reactor != NULL)
    arm (self, MAX (self->start_timeout.due, MIN (due, self->start_latest)));
  else if (self->start_timeout_left != 0)
    self->start_timeout_left = MAX (self->start_timeout_left,
                                    MIN (wanted, self->start_latest - self->start_held_at));
}

static void
note_ready (ExtensionHostProcess *self)
{
  self->readiness = EXTENSION_HOST_READINESS_READY;
  self->was_ready = TRUE;
  self->ready_since = g_get_real_time ();
  disarm (self);
  extension_host_process_begin_health (self);
  extension_host_restart_slot_leave (&self->slot);
}

/* The host can be talked to: what waited for that goes on. */
void
extension_host_process_become_ready (ExtensionHostProcess *self)
{
  if (self->readiness != EXTENSION_HOST_READINESS_NOT_READY)
    return;

  note_ready (self);
  extension_host_process_activate_extensions (self);   /* before calls that waited, which may need them */
  extension_host_rpc_set_ready (self->rpc);
  extension_host_process_answer_kind (self, EXTENSION_HOST_WAIT_READY, NULL, NULL);
}

static void
leave_running (ExtensionHostProcess *self,
               ExtensionHostState    state)
{
  self->readiness = EXTENSION_HOST_READINESS_UNREPORTED;
  extension_host_rpc_hold (self->rpc);
  extension_host_process_end_health (self);
  extension_host_process_lose_extensions (self, state == EXTENSION_HOST_STATE_UNHEALTHY);
  extension_host_process_clear_status (self);
}

void
extension_host_process_follow_readiness (ExtensionHostProcess *self,
                                         ExtensionHostState    state)
{
  gboolean at_once =
    extension_host_spec_get_ready_mode (self->spec) == EXTENSION_HOST_READY_MODE_SPAWNED;

  if (state == EXTENSION_HOST_STATE_RUNNING && at_once)
    {
      note_ready (self);
    }
  else if (state == EXTENSION_HOST_STATE_RUNNING)
    {
      self->readiness = EXTENSION_HOST_READINESS_NOT_READY;
    }
  else if (state == EXTENSION_HOST_STATE_STARTING)
    {
      leave_running (self, state);
      self->was_ready = FALSE;
      self->ready_since = 0;
    }
  else
    {
      leave_running (self, state);
      disarm (self);
      extension_host_restart_slot_leave (&self->slot);
    }
}
