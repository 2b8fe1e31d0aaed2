/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-restart-budget-private.h"

void
extension_host_restart_budget_clear (ExtensionHostRestartBudget *self)
{
  g_clear_pointer (&self->failures, g_free);
  self->size = 0;
  self->first = 0;
  self->used = 0;
}

static void
drop_oldest (ExtensionHostRestartBudget *self)
{
  self->first = (self->first + 1) % self->size;
  self->used--;
}

/* The failures within the last @window_ms, or all since the last clear if that is 0. A failure
 * leaves when it is strictly older than the window. */
guint
extension_host_restart_budget_count (ExtensionHostRestartBudget *self,
                                     gint64                      now,
                                     guint                       window_ms)
{
  gint64 window = (gint64) window_ms * 1000;

  while (window > 0 && self->used > 0 && now - self->failures[self->first] > window)
    drop_oldest (self);

  return self->used;
}

static void
make_room (ExtensionHostRestartBudget *self)
{
  guint size = CLAMP (self->size * 2, 4, EXTENSION_HOST_RESTART_BUDGET_MAX);
  gint64 *failures = NULL;

  if (self->used < self->size)
    return;

  if (self->size == EXTENSION_HOST_RESTART_BUDGET_MAX)
    {
      drop_oldest (self);
      return;
    }

  failures = g_new (gint64, size);
  for (guint i = 0; i < self->used; i++)
    failures[i] = self->failures[(self->first + i) % self->size];

  g_free (self->failures);
  self->failures = failures;
  self->size = size;
  self->first = 0;
}

/* Notes a failure at @now. Returns how many are within the window, this one included. */
guint
extension_host_restart_budget_record (ExtensionHostRestartBudget *self,
                                      gint64                      now,
                                      guint                       window_ms)
{
  extension_host_restart_budget_count (self, now, window_ms);
  make_room (self);
  self->failures[(self->first + self->used) % self->size] = now;
  self->used++;

  return self->used;
}
