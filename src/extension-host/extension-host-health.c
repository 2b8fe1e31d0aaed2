/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-health-private.h"

G_DEFINE_BOXED_TYPE (ExtensionHostHealth, extension_host_health,
                     extension_host_health_ref, extension_host_health_unref)

ExtensionHostHealth *
extension_host_health_new (void)
{
  ExtensionHostHealth *self = g_atomic_rc_box_new0 (ExtensionHostHealth);

  self->ok = TRUE;
  self->latency = -1;

  return self;
}

ExtensionHostHealth *
extension_host_health_ref (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

void
extension_host_health_unref (ExtensionHostHealth *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release (self);
}

guint64
extension_host_health_get_sequence (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->sequence;
}

guint64
extension_host_health_get_generation (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->generation;
}

gint64
extension_host_health_get_time (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->time;
}

gboolean
extension_host_health_get_ok (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->ok;
}

gint64
extension_host_health_get_latency (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->latency;
}

guint
extension_host_health_get_failures (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->failures;
}

guint64
extension_host_health_get_rss (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->rss;
}

double
extension_host_health_get_cpu_percent (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0.0);

  return self->cpu_percent;
}

guint
extension_host_health_get_processes (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->processes;
}

guint
extension_host_health_get_pending_calls (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->pending_calls;
}

guint64
extension_host_health_get_queued_bytes (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->queued_bytes;
}

ExtensionHostVerdict
extension_host_health_get_verdict (ExtensionHostHealth *self)
{
  g_return_val_if_fail (self != NULL, EXTENSION_HOST_VERDICT_NONE);

  return self->verdict;
}

/* NULL where there is nothing to say. */
static const char *
describe_verdict (ExtensionHostVerdict verdict)
{
  switch (verdict)
    {
    case EXTENSION_HOST_VERDICT_NONE:
      return NULL;
    case EXTENSION_HOST_VERDICT_RUNNING:
      return "running";
    case EXTENSION_HOST_VERDICT_SLEEPING:
      return "sleeping";
    case EXTENSION_HOST_VERDICT_STOPPED:
      return "stopped";
    case EXTENSION_HOST_VERDICT_UNINTERRUPTIBLE:
      return "uninterruptible";
    case EXTENSION_HOST_VERDICT_BLOCKED:
      return "blocked";
    default:
      g_return_val_if_reached (NULL);
    }
}

/* In units with one decimal: a printf of floating point would ask the locale for the point. */
static void
append_decimal (GString    *text,
                guint64     value,
                guint64     unit,
                const char *name)
{
  guint64 tenth = unit / 10;
  guint64 tenths = value / tenth + (value % tenth >= tenth / 2 ? 1 : 0);

  g_string_append_printf (text, ", %" G_GUINT64_FORMAT ".%u %s",
                          tenths / 10, (guint) (tenths % 10), name);
}

char *
extension_host_health_to_string (ExtensionHostHealth *self)
{
  GString *text = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  text = g_string_new (self->ok ? "ok" : "not ok");
  if (self->failures > 0)
    g_string_printf (text, self->failures == 1 ? "%u failure" : "%u failures in a row",
                     self->failures);
  if (self->verdict != EXTENSION_HOST_VERDICT_NONE)
    g_string_append_printf (text, ", %s", describe_verdict (self->verdict));
  if (self->latency >= 0)
    append_decimal (text, self->latency, 1000, "ms");
  append_decimal (text, self->rss, 1024 * 1024, "MiB");
  g_string_append_printf (text, ", %.0f %% CPU", self->cpu_percent);
  g_string_append_printf (text, self->processes == 1 ? ", %u process" : ", %u processes",
                          self->processes);

  return g_string_free (text, FALSE);
}
