/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-intake-private.h"

#define BYTES_MAX (256 * 1024 * 1024)
#define BYTES_LOW (BYTES_MAX / 8 * 7)   /* nobody is held below this */
#define MODEST 16   /* one 16th of the whole, divided equally, is each host's in any case */

struct _ExtensionHostIntake
{
  gatomicrefcount refs;
  guint n_shares;   /* atomic: a host that was never started may be dropped in any thread */
  gsize bytes;
  gsize waiting;                    /* of them in whole messages */
  ExtensionHostIntakeShare *turn;   /* the one that goes on while others are held */
  GQueue held;                      /* of ExtensionHostIntakeShare, through their link `queued` */
};

ExtensionHostIntake *
extension_host_intake_new (void)
{
  ExtensionHostIntake *self = g_new0 (ExtensionHostIntake, 1);

  g_atomic_ref_count_init (&self->refs);
  g_queue_init (&self->held);

  return self;
}

void
extension_host_intake_unref (ExtensionHostIntake *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    g_free (self);
}

gsize
extension_host_intake_get_bytes (ExtensionHostIntake *self)
{
  return self->bytes;
}

/* Turns */

static ExtensionHostIntakeShare *
pop_held (ExtensionHostIntake *self)
{
  GList *link = g_queue_pop_head_link (&self->held);
  ExtensionHostIntakeShare *share = link != NULL ? link->data : NULL;

  if (share != NULL)
    share->held = FALSE;

  return share;
}

/* Whoever is held is resumed when there is room, and the next one also when nothing else can make room. */
static void
resume (ExtensionHostIntake *self)
{
  while (!g_queue_is_empty (&self->held) &&
         (self->bytes <= BYTES_LOW || (self->turn == NULL && self->waiting == 0)))
    {
      ExtensionHostIntakeShare *share = pop_held (self);

      self->turn = self->bytes <= BYTES_LOW ? NULL : share;
      share->resume (share->owner);
    }
}

/* FALSE if it is another one's turn, or nobody's: then this one is held until it is resumed. */
gboolean
extension_host_intake_share_take_turn (ExtensionHostIntakeShare *share)
{
  ExtensionHostIntake *intake = share->intake;

  if (intake->turn == NULL && intake->waiting == 0)
    intake->turn = share;
  if (intake->turn == share)
    return TRUE;

  if (!share->held)
    {
      share->held = TRUE;
      share->queued = (GList) { .data = share };
      g_queue_push_tail_link (&intake->held, &share->queued);
    }

  return FALSE;
}

gboolean
extension_host_intake_share_has_turn (ExtensionHostIntakeShare *share)
{
  return share->intake->turn == share;
}

void
extension_host_intake_share_end_turn (ExtensionHostIntakeShare *share)
{
  if (share->intake->turn != share)
    return;

  share->intake->turn = NULL;
  resume (share->intake);
}

/* Shares */

/* Leaves the one that it is part of. */
void
extension_host_intake_share_join (ExtensionHostIntakeShare *share,
                                  ExtensionHostIntake      *intake)
{
  gsize bytes = share->bytes, waiting = share->waiting;

  extension_host_intake_share_leave (share);
  g_atomic_ref_count_inc (&intake->refs);
  g_atomic_int_inc (&intake->n_shares);
  share->intake = intake;
  extension_host_intake_share_set (share, bytes, waiting);
}

void
extension_host_intake_share_leave (ExtensionHostIntakeShare *share)
{
  if (share->intake == NULL)
    return;

  if (share->held)
    g_queue_unlink (&share->intake->held, &share->queued);
  share->held = FALSE;
  extension_host_intake_share_set (share, 0, 0);
  extension_host_intake_share_end_turn (share);
  g_atomic_int_add (&share->intake->n_shares, -1);
  g_clear_pointer (&share->intake, extension_host_intake_unref);
}

/* @waiting of the @bytes are of whole messages. */
void
extension_host_intake_share_set (ExtensionHostIntakeShare *share,
                                 gsize                     bytes,
                                 gsize                     waiting)
{
  ExtensionHostIntake *intake = share->intake;

  if (bytes == share->bytes && waiting == share->waiting)
    return;

  intake->bytes += bytes - share->bytes;   /* modulo: these may be less than nothing */
  intake->waiting += waiting - share->waiting;
  share->bytes = bytes;
  share->waiting = waiting;
  resume (intake);
}

/* Above the limit those who have much get no more. Who has little is not to suffer for them. */
gboolean
extension_host_intake_share_may_grow (ExtensionHostIntakeShare *share)
{
  guint n_shares = (guint) g_atomic_int_get (&share->intake->n_shares);

  return share->intake->bytes <= BYTES_MAX || share->bytes <= BYTES_MAX / MODEST / n_shares;
}
