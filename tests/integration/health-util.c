/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "health-util.h"

static void
on_health_checked (ExtensionHostProcess *process G_GNUC_UNUSED,
                   ExtensionHostHealth  *health,
                   HealthRecord         *self)
{
  g_ptr_array_add (self->checks, extension_host_health_ref (health));
}

static void
on_unresponsive (ExtensionHostProcess *process G_GNUC_UNUSED,
                 ExtensionHostHealth  *health,
                 HealthRecord         *self)
{
  self->incident_at = g_get_monotonic_time ();
  g_ptr_array_add (self->incidents, extension_host_health_ref (health));
  g_string_append (self->order, self->order->len > 0 ? " u" : "u");
}

static void
on_state_changed (ExtensionHostProcess    *process G_GNUC_UNUSED,
                  ExtensionHostTransition *transition,
                  HealthRecord            *self)
{
  ExtensionHostState state = extension_host_transition_get_new (transition);

  g_string_append_printf (self->order, "%s%s", self->order->len > 0 ? " " : "",
                          extension_host_state_to_string (state));
}

HealthRecord *
health_record_new (ExtensionHostProcess *process)
{
  HealthRecord *self = g_new0 (HealthRecord, 1);

  self->process = process;
  self->checks = g_ptr_array_new_with_free_func ((GDestroyNotify) extension_host_health_unref);
  self->incidents = g_ptr_array_new_with_free_func ((GDestroyNotify) extension_host_health_unref);
  self->order = g_string_new (NULL);
  g_object_add_weak_pointer (G_OBJECT (process), (gpointer *) &self->process);
  g_signal_connect (process, "health-checked", G_CALLBACK (on_health_checked), self);
  g_signal_connect (process, "unresponsive", G_CALLBACK (on_unresponsive), self);
  g_signal_connect (process, "state-changed", G_CALLBACK (on_state_changed), self);

  return self;
}

void
health_record_free (HealthRecord *self)
{
  if (self->process != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->process, self);
      g_object_remove_weak_pointer (G_OBJECT (self->process), (gpointer *) &self->process);
    }
  g_ptr_array_unref (self->checks);
  g_ptr_array_unref (self->incidents);
  g_string_free (self->order, TRUE);
  g_free (self);
}

ExtensionHostSpec *
health_spec_new (TestFixture *fixture,
                 guint        failures)
{
  ExtensionHostSpec *spec = rpc_spec_new (fixture, "h", NULL);

  g_object_set (spec,
                "restart", EXTENSION_HOST_RESTART_POLICY_ALWAYS,
                "backoff-initial", 10,
                "health-interval", HEALTH_INTERVAL,
                "health-timeout", HEALTH_TIMEOUT,
                "health-failures", failures,
                NULL);

  return spec;
}

ExtensionHostHealth *
health_last (HealthRecord *self)
{
  g_assert_cmpuint (self->checks->len, >, 0);

  return g_ptr_array_index (self->checks, self->checks->len - 1);
}

gboolean
health_was_well (HealthRecord *self,
                 guint         n)
{
  for (guint i = n; i < self->checks->len; i++)
    if (extension_host_health_get_ok (g_ptr_array_index (self->checks, i)))
      return TRUE;

  return FALSE;
}

pid_t
health_get_pid (ExtensionHostProcess *process)
{
  return (pid_t) extension_host_process_get_pid (process);
}

void
health_hang (TestFixture          *fixture,
             ExtensionHostProcess *process,
             const char           *how)
{
  g_autofree char *params = g_strdup_printf ("[\"%s\"]", how);
  g_autofree char *answer = rpc_ask (fixture, process, "hang", params);

  g_assert_cmpstr (answer, ==, "true");
}

static void
on_fall (ExtensionHostProcess    *process G_GNUC_UNUSED,
         ExtensionHostTransition *transition,
         HealthDownfall          *fall)
{
  switch (extension_host_transition_get_new (transition))
    {
    case EXTENSION_HOST_STATE_UNHEALTHY:
      g_assert_null (fall->detail);
      fall->detail = g_strdup (extension_host_transition_get_detail (transition));
      fall->reason = extension_host_transition_get_reason (transition);
      break;
    case EXTENSION_HOST_STATE_RESTARTING:
      fall->all_gone = test_are_all_gone (fall->pids);
      break;
    case EXTENSION_HOST_STATE_STARTING:
      fall->all_gone = fall->all_gone && test_are_all_gone (fall->pids);
      break;
    case EXTENSION_HOST_STATE_STOPPED:
    case EXTENSION_HOST_STATE_RUNNING:
    case EXTENSION_HOST_STATE_STOPPING:
    case EXTENSION_HOST_STATE_CRASHED:
    default:
      break;
    }
}

void
health_downfall_watch (HealthDownfall       *self,
                       TestFixture          *fixture,
                       ExtensionHostProcess *process)
{
  self->pids = test_find_tagged (fixture);
  g_signal_connect (process, "state-changed", G_CALLBACK (on_fall), self);
}

void
health_downfall_clear (HealthDownfall *self)
{
  g_array_unref (self->pids);
  g_free (self->detail);
}

void
health_assert_replaced (TestFixture          *fixture,
                        HealthRecord         *record,
                        HealthDownfall       *fall,
                        ExtensionHostVerdict  verdict)
{
  ExtensionHostHealth *incident = NULL;

  test_wait_until (fixture, extension_host_process_get_generation (record->process) == 2 &&
                            extension_host_process_get_state (record->process) ==
                            EXTENSION_HOST_STATE_RUNNING);
  g_assert_cmpstr (record->order->str, ==, "u unhealthy restarting starting running");
  g_assert_cmpint (fall->reason, ==, EXTENSION_HOST_REASON_UNRESPONSIVE);
  g_assert_true (fall->all_gone);

  incident = g_ptr_array_index (record->incidents, 0);
  g_assert_cmpint (extension_host_health_get_verdict (incident), ==, verdict);
  g_assert_false (extension_host_health_get_ok (incident));
  g_assert_cmpuint (extension_host_health_get_generation (incident), ==, 1);
}
