/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-process-private.h"

/* How much of what a host sends is taken in before the application has dealt with it. Three things
 * take room: messages that wait to be told, a message that is still coming, and requests in work.
 * Where there is none left, in this order: we do not read until what waits has been told; one host
 * after the other finishes its message; and requests are refused. So nobody waits for what cannot come:
 * whoever is at it and does not go on loses what was kept of the message, which then is too long. */

#define QUEUED_BYTES_HIGH (4 * 1024 * 1024)   /* of messages: above this we do not read */
#define QUEUED_BYTES_LOW (2 * 1024 * 1024)    /* and below this we do again */
#define TURN_PATIENCE (G_USEC_PER_SEC / 4)    /* with a message that does not go on */
#define PROGRESS (64 * 1024)                  /* by so much it is to go on in that time */

static ExtensionHostChannel *
get_channel (ExtensionHostProcess *self)
{
  return self->attempt != NULL ? extension_host_attempt_get_channel (self->attempt) : NULL;
}

static void
on_turn_ends (gpointer data)
{
  ExtensionHostProcess *self = data;
  ExtensionHostChannel *channel = get_channel (self);

  if (channel != NULL && !extension_host_intake_share_may_grow (&self->intake))
    extension_host_channel_drop_partial (channel);
  extension_host_intake_share_end_turn (&self->intake);
  extension_host_process_weigh (self);
}

/* A message that trickles in would keep all others waiting just as well as one that has stopped. */
static void
await_more (ExtensionHostProcess *self,
            gsize                 partial)
{
  if (self->turn_ends.reactor != NULL && partial < self->turn_partial + PROGRESS)
    return;

  self->turn_partial = partial;
  extension_host_deadline_arm (&self->turn_ends, self->reactor,
                               g_get_monotonic_time () + TURN_PATIENCE, on_turn_ends, self);
}

/* A message is coming of which @partial bytes are there. */
static void
take_turns (ExtensionHostProcess *self,
            gsize                 partial)
{
  if (partial > 0 && !extension_host_intake_share_may_grow (&self->intake))
    extension_host_intake_share_take_turn (&self->intake);
  else if (partial == 0)
    extension_host_intake_share_end_turn (&self->intake);

  if (extension_host_intake_share_has_turn (&self->intake))
    await_more (self, partial);
  else
    extension_host_deadline_disarm (&self->turn_ends);
}

static void
decide_on_reading (ExtensionHostProcess *self,
                   ExtensionHostChannel *channel)
{
  if (self->intake.held || self->queued_bytes > QUEUED_BYTES_HIGH ||
      (self->queued_bytes > 0 && !extension_host_intake_share_may_grow (&self->intake)))
    extension_host_channel_set_reading (channel, FALSE);
  else if (self->queued_bytes < QUEUED_BYTES_LOW)
    extension_host_channel_set_reading (channel, TRUE);
}

/* To be called when one of the three has changed. */
void
extension_host_process_weigh (ExtensionHostProcess *self)
{
  ExtensionHostChannel *channel = get_channel (self);
  gsize partial = channel != NULL ? extension_host_channel_get_partial (channel) : 0;

  extension_host_intake_share_set (&self->intake, self->queued_bytes + partial +
                                                  extension_host_rpc_get_inbound_bytes (self->rpc),
                                   self->queued_bytes);
  take_turns (self, partial);
  if (channel != NULL)
    decide_on_reading (self, channel);
}

/* It is this host's turn, or nobody needs to wait any more. */
void
extension_host_process_resume_intake (gpointer data)
{
  extension_host_process_weigh (data);
}

/* Whether one more request may be taken on. */
gboolean
extension_host_process_may_take_in (gpointer owner)
{
  ExtensionHostProcess *self = owner;

  return extension_host_intake_share_may_grow (&self->intake);
}

/* Whether there may be an answer among what the host has written and we have not read. Nothing is
 * concluded from silence until @horizon, which must be 0 at first, has been reached. */
gboolean
extension_host_process_is_behind (ExtensionHostProcess *self,
                                  guint64              *horizon)
{
  ExtensionHostChannel *channel = get_channel (self);

  return channel != NULL && extension_host_channel_is_behind (channel, horizon);
}
