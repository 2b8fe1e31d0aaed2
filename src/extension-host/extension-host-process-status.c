/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-output-private.h"
#include "extension-host-process-private.h"

/* What a host says of itself with `host/status`: one line, and how far it is. */

#define INTERVAL (G_USEC_PER_SEC / 10)   /* no more changes than people can see */

static void
show (ExtensionHostProcess *self)
{
  g_free (self->status_text);
  self->status_text = g_steal_pointer (&self->next_status_text);
  self->progress = self->next_progress;
}

static void
on_next (gpointer data)
{
  ExtensionHostProcess *self = data;

  show (self);
  extension_host_process_flush (self);
}

/* @text may be NULL for none; @progress is from 0 to 1, or negative for unknown. */
void
extension_host_process_take_status (ExtensionHostProcess *self,
                                    const char           *text,
                                    double                progress)
{
  gint64 now = g_get_monotonic_time ();

  g_free (self->next_status_text);
  self->next_status_text = text != NULL
    ? g_strdelimit (g_utf8_make_valid (text, (gssize) strnlen (text, EXTENSION_HOST_LINE_MAX)),
                    "\r\n", ' ') : NULL;
  self->next_progress = progress >= 0 ? MIN (progress, 1.0) : -1;
  if (self->next_status.reactor != NULL)
    return;

  if (now - self->status_since >= INTERVAL)
    {
      self->status_since = now;
      show (self);
      return;
    }

  self->status_since += INTERVAL;
  extension_host_deadline_arm (&self->next_status, self->reactor, self->status_since, on_next, self);
}

/* What it said is not true any more. */
void
extension_host_process_clear_status (ExtensionHostProcess *self)
{
  extension_host_deadline_disarm (&self->next_status);
  g_clear_pointer (&self->next_status_text, g_free);
  g_clear_pointer (&self->status_text, g_free);
  self->progress = -1;
}
