/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-exit-private.h"

G_DEFINE_BOXED_TYPE (ExtensionHostExit, extension_host_exit,
                     extension_host_exit_ref, extension_host_exit_unref)

ExtensionHostExit *
extension_host_exit_new (void)
{
  ExtensionHostExit *self = g_atomic_rc_box_new0 (ExtensionHostExit);

  self->code = -1;
  self->log = g_new0 (char *, 1);
  self->suspects = g_new0 (char *, 1);

  return self;
}

ExtensionHostExit *
extension_host_exit_ref (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
extension_host_exit_clear (gpointer data)
{
  ExtensionHostExit *self = data;

  g_clear_error (&self->error);
  g_strfreev (self->log);
  g_strfreev (self->suspects);
}

void
extension_host_exit_unref (ExtensionHostExit *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, extension_host_exit_clear);
}

gboolean
extension_host_exit_is_clean (ExtensionHostExit *self)
{
  return self->kind == EXTENSION_HOST_EXIT_KIND_EXITED && self->code == 0;
}

ExtensionHostExitKind
extension_host_exit_get_kind (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, EXTENSION_HOST_EXIT_KIND_LOST);

  return self->kind;
}

int
extension_host_exit_get_code (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->code;
}

int
extension_host_exit_get_signal (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->signal;
}

gboolean
extension_host_exit_get_core_dumped (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->core_dumped;
}

ExtensionHostReason
extension_host_exit_get_reason (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, EXTENSION_HOST_REASON_EXITED);

  return self->reason;
}

gboolean
extension_host_exit_get_requested (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->requested;
}

guint64
extension_host_exit_get_generation (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->generation;
}

guint
extension_host_exit_get_pid (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->pid;
}

gint64
extension_host_exit_get_time (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->time;
}

gint64
extension_host_exit_get_runtime (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->runtime;
}

const char * const *
extension_host_exit_get_log (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char * const *) self->log;
}

const char * const *
extension_host_exit_get_suspects (ExtensionHostExit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char * const *) self->suspects;
}

static char *
describe (ExtensionHostExit *self)
{
  switch (self->kind)
    {
    case EXTENSION_HOST_EXIT_KIND_EXITED:
      return g_strdup_printf ("exited with status %d", self->code);
    case EXTENSION_HOST_EXIT_KIND_SIGNALLED:
      return g_strdup_printf ("killed by signal %d (%s)%s", self->signal, strsignal (self->signal),
                              self->core_dumped ? ", core dumped" : "");
    case EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED:
      return g_strdup (self->error != NULL ? self->error->message : "not spawned");
    case EXTENSION_HOST_EXIT_KIND_LOST:
      return g_strdup ("ended out of sight: the helper that held it was lost");
    default:
      g_return_val_if_reached (NULL);
    }
}

/* Whether the reason says more than the kind does. */
static gboolean
has_story (ExtensionHostExit *self)
{
  return self->requested || (self->reason != EXTENSION_HOST_REASON_EXITED &&
                             self->reason != EXTENSION_HOST_REASON_SIGNALLED &&
                             self->reason != EXTENSION_HOST_REASON_SPAWN_FAILED &&
                             self->reason != EXTENSION_HOST_REASON_NO_RESOURCES &&
                             self->reason != EXTENSION_HOST_REASON_SHIM_LOST);
}

char *
extension_host_exit_to_string (ExtensionHostExit *self)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  text = describe (self);
  if (!has_story (self))
    return g_steal_pointer (&text);

  return g_strdup_printf ("%s, reason: %s", text, extension_host_reason_to_string (self->reason));
}
