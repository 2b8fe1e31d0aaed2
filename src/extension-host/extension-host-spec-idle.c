/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-spec-check-private.h"

/* What a file says and what then does nothing. A property may well have such a value; but who
 * wrote a key into a file believes that it does something. */

static gboolean
has_no_messages (ExtensionHostSpec *spec)
{
  return spec->protocol == EXTENSION_HOST_PROTOCOL_NONE;
}

static gboolean
never_restarts (ExtensionHostSpec *spec)
{
  return spec->restart == EXTENSION_HOST_RESTART_POLICY_NEVER;
}

static gboolean
may_not_restart (ExtensionHostSpec *spec)
{
  return spec->max_restarts == 0;
}

static gboolean
has_no_backoff (ExtensionHostSpec *spec)
{
  return spec->backoff_initial == 0;
}

static gboolean
has_constant_backoff (ExtensionHostSpec *spec)
{
  return spec->backoff_factor <= 1.0;
}

static gboolean
has_no_health_ticks (ExtensionHostSpec *spec)
{
  return spec->health_interval == 0;
}

static gboolean
has_no_probe (ExtensionHostSpec *spec)
{
  return extension_host_spec_get_health_method (spec) == NULL;
}

static gboolean
has_no_handshake (ExtensionHostSpec *spec)
{
  return extension_host_spec_get_handshake_method (spec) == NULL;
}

static gboolean
has_no_shutdown_request (ExtensionHostSpec *spec)
{
  return extension_host_spec_get_shutdown_method (spec) == NULL;
}

static gboolean
sends_no_shutdown_request (ExtensionHostSpec *spec)
{
  return spec->ack_timeout == 0 && !has_no_shutdown_request (spec);
}

static gboolean
lists_success_as_failure (ExtensionHostSpec *spec)
{
  return spec->restart == EXTENSION_HOST_RESTART_POLICY_ON_FAILURE &&
         extension_host_spec_is_final_exit (spec, EXTENSION_HOST_EXIT_KIND_EXITED, 0);
}

static const struct {
  gboolean (*holds) (ExtensionHostSpec *spec);
  const char *cause;
  const char *properties[20];
} idle[] = {
  { has_no_messages, N_("has no effect: there are no messages with “Protocol=none”"),
    { "transport", "framing", "ready-mode", "handshake-params", "probe-params",
      "health-timeout", "health-failures", "health-method", "shutdown-method", "ack-timeout",
      "request-timeout", "max-pending", "max-inbound", "max-message-size", "max-write-queue",
      "max-protocol-errors", "capabilities" } },
  { never_restarts, N_("has no effect: there are no restarts with “Restart=never”"),
    { "max-restarts", "restart-window", "backoff-initial", "backoff-factor", "backoff-max",
      "backoff-jitter", "no-restart-exits" } },
  { may_not_restart, N_("has no effect: there are no restarts with “MaxRestarts=0”"),
    { "restart-window", "backoff-initial", "backoff-factor", "backoff-max", "backoff-jitter",
      "no-restart-exits" } },
  { has_no_backoff, N_("has no effect: there is no wait with “BackoffInitial=0”"),
    { "backoff-factor", "backoff-max", "backoff-jitter" } },
  { has_constant_backoff, N_("has no effect: the wait does not grow with “BackoffFactor=1”"),
    { "backoff-max" } },
  { has_no_health_ticks, N_("has no effect: there are no probes with “HealthInterval=0”"),
    { "health-timeout", "health-failures", "health-method", "probe-params" } },
  { has_no_probe, N_("has no effect: there are no probes with an empty “HealthMethod”"),
    { "health-timeout", "health-failures", "probe-params" } },
  { has_no_handshake, N_("has no effect: there is no handshake with this “Protocol” and "
                         "“ReadyMode”"),
    { "handshake-params" } },
  { has_no_shutdown_request, N_("has no effect: there is no request to wait for with this "
                                "“Protocol” and “ShutdownMethod”"),
    { "ack-timeout" } },
  { sends_no_shutdown_request, N_("has no effect: it is not sent with “AckTimeout=0”"),
    { "shutdown-method" } },
  { lists_success_as_failure, N_("“0” has no effect: there is no restart after it with "
                                 "“Restart=on-failure”"),
    { "no-restart-exits" } },
};

static gboolean
is_given (const guint *given,
          const char  *property)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  return given[extension_host_spec_find_row (property) - rows] != 0;
}

ExtensionHostSpecFault *
extension_host_spec_find_idle (ExtensionHostSpec *self,
                               const guint       *given)
{
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    {
      if (!idle[i].holds (self))
        continue;

      for (guint j = 0; idle[i].properties[j] != NULL; j++)
        {
          ExtensionHostSpecFault *fault = NULL;

          if (!is_given (given, idle[i].properties[j]))
            continue;

          fault = g_new0 (ExtensionHostSpecFault, 1);
          fault->property = idle[i].properties[j];
          fault->cause = g_strdup (_(idle[i].cause));
          return fault;
        }
    }

  return NULL;
}
