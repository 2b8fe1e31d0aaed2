/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-transition-private.h"

G_DEFINE_BOXED_TYPE (ExtensionHostTransition, extension_host_transition,
                     extension_host_transition_ref, extension_host_transition_unref)

ExtensionHostTransition *
extension_host_transition_new (void)
{
  return g_atomic_rc_box_new0 (ExtensionHostTransition);
}

ExtensionHostTransition *
extension_host_transition_ref (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
extension_host_transition_clear (gpointer data)
{
  ExtensionHostTransition *self = data;

  g_free (self->detail);
  g_free (self->requester);
}

void
extension_host_transition_unref (ExtensionHostTransition *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, extension_host_transition_clear);
}

ExtensionHostState
extension_host_transition_get_old (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, EXTENSION_HOST_STATE_STOPPED);

  return self->old_state;
}

ExtensionHostState
extension_host_transition_get_new (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, EXTENSION_HOST_STATE_STOPPED);

  return self->new_state;
}

ExtensionHostReason
extension_host_transition_get_reason (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, EXTENSION_HOST_REASON_START);

  return self->reason;
}

const char *
extension_host_transition_get_detail (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->detail;
}

guint64
extension_host_transition_get_sequence (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->sequence;
}

guint64
extension_host_transition_get_generation (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->generation;
}

gint64
extension_host_transition_get_time (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->time;
}

gint64
extension_host_transition_get_monotonic_time (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->monotonic_time;
}

const char *
extension_host_transition_get_requester (ExtensionHostTransition *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->requester;
}

char *
extension_host_transition_to_string (ExtensionHostTransition *self)
{
  GString *line = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  line = g_string_new (NULL);
  g_string_append_printf (line, "#%" G_GUINT64_FORMAT " %s -> %s (%s)", self->sequence,
                          extension_host_state_to_string (self->old_state),
                          extension_host_state_to_string (self->new_state),
                          extension_host_reason_to_string (self->reason));
  if (self->generation != 0)
    g_string_append_printf (line, " generation=%" G_GUINT64_FORMAT, self->generation);
  if (self->requester != NULL)
    g_string_append_printf (line, " by=%s", self->requester);
  if (self->detail != NULL)
    g_string_append_printf (line, ": %s", self->detail);

  return g_string_free (line, FALSE);
}
