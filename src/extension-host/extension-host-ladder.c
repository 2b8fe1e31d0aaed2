/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>

#include "extension-host-ladder-private.h"
#include "extension-host-spec-private.h"

/* What the shim grants the rest of a tree whose program exited before it was told to. */
#define REST_GRACE 1000   /* ms */

#define SECOND_LOOK 20    /* ms */

static void allow    (ExtensionHostLadder   *self,
                      guint                  ms);

static void climb_to (ExtensionHostLadder   *self,
                      ExtensionHostStopRung  rung);

/* Leaves the tree of the attempt before, if any, and stands at the foot of that of @attempt. */
void
extension_host_ladder_reset (ExtensionHostLadder  *self,
                             ExtensionHostAttempt *attempt,
                             ExtensionHostReactor *reactor,
                             ExtensionHostSpec    *spec)
{
  extension_host_deadline_disarm (&self->deadline);
  self->attempt = attempt;
  self->reactor = reactor;
  self->spec = spec;
  self->rung = EXTENSION_HOST_STOP_RUNG_NONE;
  self->began = 0;
  self->acknowledged = FALSE;
  self->spent = FALSE;
  self->horizon = 0;
}

/* The acknowledgement may have come in time, and not been read yet. */
static gboolean
may_be_acknowledged (ExtensionHostLadder *self)
{
  ExtensionHostChannel *channel = extension_host_attempt_get_channel (self->attempt);

  return self->rung == EXTENSION_HOST_STOP_RUNG_REQUEST && channel != NULL &&
         extension_host_channel_is_behind (channel, &self->horizon);
}

static void
give_up (gpointer data)
{
  ExtensionHostLadder *self = data;

  self->spent = TRUE;
  self->gave_up (MAX (extension_host_attempt_get_left (self->attempt), 1), self->owner);
}

static void
on_time_up (gpointer data)
{
  ExtensionHostLadder *self = data;

  if (may_be_acknowledged (self))
    {
      allow (self, SECOND_LOOK);
      return;
    }

  /* The tree went at this rung, and there is nobody to climb for: what is waited for is that the shim
   * is reaped, which takes long where the machine has kept us, or it, from running. */
  if (self->rung < EXTENSION_HOST_STOP_RUNG_KILL && extension_host_attempt_is_tree_gone (self->attempt))
    {
      extension_host_deadline_arm (&self->deadline, self->reactor,
                                   g_get_monotonic_time () + (gint64) self->spec->kill_timeout * 1000,
                                   give_up, self);
      return;
    }

  if (self->rung < EXTENSION_HOST_STOP_RUNG_KILL)
    {
      climb_to (self, extension_host_attempt_has_ended (self->attempt)
                        ? EXTENSION_HOST_STOP_RUNG_KILL : self->rung + 1);
      return;
    }

  give_up (self);
}

static void
allow (ExtensionHostLadder *self,
       guint                ms)
{
  extension_host_deadline_arm (&self->deadline, self->reactor,
                               g_get_monotonic_time () + (gint64) ms * 1000, on_time_up, self);
}

/* One of the gentle ones, whose time may be extended. */
static void
begin_rung (ExtensionHostLadder *self,
            guint                timeout)
{
  self->rung_began = g_get_monotonic_time ();
  self->rung_timeout = timeout;
  allow (self, timeout);
}

/* A pipe has two ends of its own; a socket is closed as a whole by Node, with the answers that it
 * has not given yet. Those are waited for, in the time of the rung. */
static void
close_input_if_settled (ExtensionHostLadder *self)
{
  if (!extension_host_spec_uses_ipc (self->spec) || !self->is_owed (self->owner))
    extension_host_attempt_close_input (self->attempt);
}

/* FALSE if the rung does not apply, or has no time. */
static gboolean
stand_on (ExtensionHostLadder   *self,
          ExtensionHostStopRung  rung)
{
  self->rung = rung;   /* before the request: its answer may find us there */

  switch (rung)
    {
    case EXTENSION_HOST_STOP_RUNG_REQUEST:
      if (self->spec->ack_timeout == 0 || !self->request (self->owner))
        return FALSE;
      begin_rung (self, self->spec->ack_timeout);
      return TRUE;

    case EXTENSION_HOST_STOP_RUNG_EOF:
      if (self->spec->exit_timeout == 0)
        return FALSE;
      close_input_if_settled (self);
      begin_rung (self, self->spec->exit_timeout);
      return TRUE;

    case EXTENSION_HOST_STOP_RUNG_TERM:
      if (self->term_timeout == 0)
        return FALSE;
      extension_host_attempt_close_input (self->attempt);
      extension_host_attempt_terminate (self->attempt, self->term_timeout);
      allow (self, self->term_timeout);
      return TRUE;

    case EXTENSION_HOST_STOP_RUNG_KILL:
      self->spent = FALSE;
      extension_host_attempt_kill (self->attempt);
      allow (self, self->spec->kill_timeout);
      return TRUE;

    case EXTENSION_HOST_STOP_RUNG_NONE:
    default:
      return FALSE;
    }
}

static void
climb_to (ExtensionHostLadder   *self,
          ExtensionHostStopRung  rung)
{
  while (!stand_on (self, rung))
    rung++;
}

/* Who joins an end that is under way may make it faster, and not slower. */
static guint
allow_no_more (ExtensionHostLadder *self,
               guint                term_timeout)
{
  gint64 left = 0;

  if (self->rung == EXTENSION_HOST_STOP_RUNG_NONE)
    return term_timeout;

  if (self->deadline.reactor != NULL)
    left = MAX (self->deadline.due - g_get_monotonic_time (), 0) / 1000;

  return (guint) MIN ((gint64) term_timeout, left + self->spec->term_timeout);
}

/* Ends the tree, beginning at @rung. @term_timeout is that of the rung TERM, in ms. */
void
extension_host_ladder_climb (ExtensionHostLadder   *self,
                             ExtensionHostStopRung  rung,
                             guint                  term_timeout)
{
  if (self->attempt == NULL)
    return;

  if (self->began == 0)
    self->began = g_get_monotonic_time ();

  if (self->spent)
    {
      climb_to (self, EXTENSION_HOST_STOP_RUNG_KILL);   /* nothing else is left but to say it again */
      return;
    }

  if (self->rung >= rung)
    return;

  /* A program that has exited needs no gentle rung, and the shim is at the rest of its tree. */
  if (extension_host_attempt_has_ended (self->attempt) && rung < EXTENSION_HOST_STOP_RUNG_KILL)
    {
      if (self->deadline.reactor == NULL)
        allow (self, REST_GRACE);
      return;
    }

  self->term_timeout = allow_no_more (self, term_timeout);
  climb_to (self, rung);
}

/* The shutdown request was answered, by an error or a refusal if not @acknowledged. Either way there
 * is nothing more to be had from it. */
void
extension_host_ladder_answered (ExtensionHostLadder *self,
                                gboolean             acknowledged)
{
  self->acknowledged = acknowledged;
  if (self->rung == EXTENSION_HOST_STOP_RUNG_REQUEST &&
      !extension_host_attempt_has_ended (self->attempt))
    climb_to (self, EXTENSION_HOST_STOP_RUNG_EOF);
}

/* The host owes no reply any more. */
void
extension_host_ladder_settled (ExtensionHostLadder *self)
{
  if (self->attempt != NULL && self->rung == EXTENSION_HOST_STOP_RUNG_EOF)
    close_input_if_settled (self);
}

/* The program exited: at which rung is settled, and its tree has as long as the shim grants it. */
void
extension_host_ladder_exited (ExtensionHostLadder *self)
{
  if (self->rung < EXTENSION_HOST_STOP_RUNG_TERM)
    allow (self, REST_GRACE);
}

/* Gives a gentle rung time until @due, but in all no more than @times_max times its timeout in addition.
 * Returns until when it has, or 0 if it is at no such rung. */
gint64
extension_host_ladder_extend (ExtensionHostLadder *self,
                              gint64               due,
                              guint                times_max)
{
  gint64 latest = self->rung_began + (gint64) self->rung_timeout * 1000 * (1 + times_max);

  if (self->deadline.reactor == NULL ||
      (self->rung != EXTENSION_HOST_STOP_RUNG_REQUEST && self->rung != EXTENSION_HOST_STOP_RUNG_EOF) ||
      extension_host_attempt_has_ended (self->attempt))
    return 0;

  self->horizon = 0;
  due = MAX (self->deadline.due, MIN (due, latest));
  extension_host_deadline_arm (&self->deadline, self->reactor, due, on_time_up, self);

  return due;
}

/* The shim knows the time of the rung TERM, too, and may be the first to say that it is up. */
static ExtensionHostStopRung
get_rung (ExtensionHostLadder *self,
          ExtensionHostExit   *exit)
{
  if (self->rung == EXTENSION_HOST_STOP_RUNG_TERM && exit != NULL &&
      exit->kind == EXTENSION_HOST_EXIT_KIND_SIGNALLED && exit->signal == SIGKILL)
    return EXTENSION_HOST_STOP_RUNG_KILL;

  return self->rung;
}

ExtensionHostStopOutcome *
extension_host_ladder_get_outcome (ExtensionHostLadder *self,
                                   ExtensionHostExit   *exit,
                                   guint                leftover)
{
  ExtensionHostStopOutcome *outcome = extension_host_stop_outcome_new ();
  ExtensionHostStopRung rung = get_rung (self, exit);

  outcome->acknowledged = self->acknowledged;
  outcome->exited = leftover == 0;
  outcome->forced = rung == EXTENSION_HOST_STOP_RUNG_KILL;
  outcome->rung = rung;
  outcome->duration = self->began != 0 ? g_get_monotonic_time () - self->began : 0;
  outcome->leftover = leftover;
  outcome->exit = exit != NULL ? extension_host_exit_ref (exit) : NULL;

  return outcome;
}
