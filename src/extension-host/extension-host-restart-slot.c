/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-restart-slot-private.h"

struct _ExtensionHostRestartSlots
{
  gatomicrefcount refs;   /* a host may be dropped in any thread */
  guint limit;
  guint used;
  GQueue waiting;         /* of ExtensionHostRestartSlot, through their link `queued` */
};

ExtensionHostRestartSlots *
extension_host_restart_slots_new (guint limit)
{
  ExtensionHostRestartSlots *self = g_new0 (ExtensionHostRestartSlots, 1);

  g_atomic_ref_count_init (&self->refs);
  self->limit = limit;
  g_queue_init (&self->waiting);

  return self;
}

void
extension_host_restart_slots_unref (ExtensionHostRestartSlots *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    g_free (self);
}

/* Who waits longest goes first. */
static void
grant (ExtensionHostRestartSlots *self)
{
  while (self->used < self->limit && !g_queue_is_empty (&self->waiting))
    {
      ExtensionHostRestartSlot *slot = g_queue_pop_head_link (&self->waiting)->data;

      slot->waiting = FALSE;
      slot->held = TRUE;
      self->used++;
      slot->granted (slot->owner);
    }
}

void
extension_host_restart_slots_set_limit (ExtensionHostRestartSlots *self,
                                        guint                      limit)
{
  self->limit = limit;
  grant (self);
}

guint
extension_host_restart_slots_get_limit (ExtensionHostRestartSlots *self)
{
  return self->limit;
}

void
extension_host_restart_slot_join (ExtensionHostRestartSlot  *slot,
                                  ExtensionHostRestartSlots *slots)
{
  extension_host_restart_slot_part (slot);
  g_atomic_ref_count_inc (&slots->refs);
  slot->slots = slots;
}

void
extension_host_restart_slot_part (ExtensionHostRestartSlot *slot)
{
  extension_host_restart_slot_leave (slot);
  g_clear_pointer (&slot->slots, extension_host_restart_slots_unref);
}

/* FALSE if there is none free: then it is granted later, unless left before. */
gboolean
extension_host_restart_slot_enter (ExtensionHostRestartSlot *slot)
{
  ExtensionHostRestartSlots *slots = slot->slots;

  if (slots == NULL || slot->held)
    return TRUE;
  if (slot->waiting)
    return FALSE;

  if (slots->used < slots->limit && g_queue_is_empty (&slots->waiting))
    {
      slots->used++;
      slot->held = TRUE;
      return TRUE;
    }

  slot->waiting = TRUE;
  slot->queued = (GList) { .data = slot };
  g_queue_push_tail_link (&slots->waiting, &slot->queued);

  return FALSE;
}

/* Gives it back, or waits for it no longer. Does nothing without one. */
void
extension_host_restart_slot_leave (ExtensionHostRestartSlot *slot)
{
  ExtensionHostRestartSlots *slots = slot->slots;

  if (slot->waiting)
    g_queue_unlink (&slots->waiting, &slot->queued);
  slot->waiting = FALSE;

  if (!slot->held)
    return;

  slot->held = FALSE;
  slots->used--;
  grant (slots);
}
