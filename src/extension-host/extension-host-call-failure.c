/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-call-failure-private.h"

G_DEFINE_BOXED_TYPE (ExtensionHostCallFailure, extension_host_call_failure,
                     extension_host_call_failure_ref, extension_host_call_failure_unref)

ExtensionHostCallFailure *
extension_host_call_failure_new (const GError *error)
{
  ExtensionHostCallFailure *self = g_atomic_rc_box_new0 (ExtensionHostCallFailure);

  self->code = error->code;
  self->message = g_strdup (error->message);

  return self;
}

ExtensionHostCallFailure *
extension_host_call_failure_ref (ExtensionHostCallFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
extension_host_call_failure_clear (gpointer data)
{
  ExtensionHostCallFailure *self = data;

  g_free (self->message);
  g_clear_pointer (&self->data, json_node_unref);
  g_clear_pointer (&self->exit, extension_host_exit_unref);
}

void
extension_host_call_failure_unref (ExtensionHostCallFailure *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, extension_host_call_failure_clear);
}

int
extension_host_call_failure_get_code (ExtensionHostCallFailure *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->code;
}

const char *
extension_host_call_failure_get_message (ExtensionHostCallFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->message;
}

JsonNode *
extension_host_call_failure_get_data (ExtensionHostCallFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->data;
}

ExtensionHostExit *
extension_host_call_failure_get_exit (ExtensionHostCallFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->exit;
}

guint64
extension_host_call_failure_get_generation (ExtensionHostCallFailure *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->generation;
}

gboolean
extension_host_call_failure_get_written (ExtensionHostCallFailure *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->written;
}

const char * const *
extension_host_call_failure_get_log (ExtensionHostCallFailure *self)
{
  static const char *const nothing[] = { NULL };

  g_return_val_if_fail (self != NULL, NULL);

  /* One copy for all the calls that failed with the host. */
  return self->exit != NULL ? extension_host_exit_get_log (self->exit) : nothing;
}
