/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-spec-check-private.h"

#define MAX_SHOWN 40

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
restarts_once (ExtensionHostSpec *spec)
{
  return spec->max_restarts == 1;
}

static gboolean
begins_with_longest_wait (ExtensionHostSpec *spec)
{
  return spec->backoff_initial == spec->backoff_max;
}

static gboolean
forgets_each_failure (ExtensionHostSpec *spec)
{
  return !extension_host_spec_can_wait_longer (spec);
}

static gboolean
never_waits_longest (ExtensionHostSpec *spec)
{
  return !extension_host_spec_can_reach_backoff_max (spec);
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

static gboolean
has_lines_only (ExtensionHostSpec *spec)
{
  return spec->transport == EXTENSION_HOST_TRANSPORT_NODE_IPC;
}

static gboolean
sets_pwd_twice (ExtensionHostSpec *spec)
{
  return spec->working_directory != NULL &&
         g_environ_getenv (spec->environment, "PWD") != NULL;
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
  { restarts_once, N_("has no effect: the wait does not grow with “MaxRestarts=1”"),
    { "backoff-factor", "backoff-max" } },
  { begins_with_longest_wait, N_("has no effect: the wait does not grow, as “BackoffMax” is "
                                 "“BackoffInitial”"),
    { "backoff-factor" } },
  { forgets_each_failure, N_("has no effect: the wait does not grow, as “RestartWindow” is not "
                             "longer than “BackoffInitial”"),
    { "backoff-factor", "backoff-max" } },
  { never_waits_longest, N_("has no effect: with “MaxRestarts”, “RestartWindow”, “BackoffInitial” "
                            "and “BackoffFactor” as they are, the wait does not become that long"),
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
  { has_lines_only, N_("has no effect: messages are lines with “Transport=node-ipc”"),
    { "framing" } },
  { sets_pwd_twice, N_("“PWD” has no effect: it is set to “WorkingDirectory”"),
    { "environment" } },
};

static gboolean
is_given (const guint *given,
          const char  *property)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);

  return given[extension_host_spec_find_row (property) - rows] != 0;
}

static ExtensionHostSpecFault *
fault_new (const char *property,
           char       *cause)
{
  ExtensionHostSpecFault *fault = g_new0 (ExtensionHostSpecFault, 1);

  fault->property = property;
  fault->cause = cause;

  return fault;
}

static ExtensionHostSpecFault *
find_idle_property (ExtensionHostSpec *self,
                    const guint       *given)
{
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    {
      if (!idle[i].holds (self))
        continue;

      for (guint j = 0; idle[i].properties[j] != NULL; j++)
        {
          if (is_given (given, idle[i].properties[j]))
            return fault_new (idle[i].properties[j], g_strdup (_(idle[i].cause)));
        }
    }

  return NULL;
}

/* What an element is about: two of a list must not be about the same. SEGV and SIGSEGV are one
 * signal, and of a variable only the last value would be seen. */
static char *
dup_subject (const char *property,
             const char *element)
{
  ExtensionHostExitKind kind = EXTENSION_HOST_EXIT_KIND_EXITED;
  int value = 0;

  if (strcmp (property, "environment") == 0)
    return g_strndup (element, strcspn (element, "="));
  if (strcmp (property, "no-restart-exits") == 0 &&
      extension_host_spec_parse_exit (element, &kind, &value))
    return g_strdup_printf ("%s %d", kind == EXTENSION_HOST_EXIT_KIND_EXITED ? "status" : "signal",
                            value);

  return g_strdup (element);
}

static ExtensionHostSpecFault *
find_repetition (const char  *property,
                 char       **list)
{
  g_autoptr(GHashTable) subjects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; list[i] != NULL; i++)
    {
      /* The value of a variable may be a secret. */
      gsize length = strcmp (property, "environment") == 0 ? strcspn (list[i], "=")
                                                           : strlen (list[i]);
      g_autofree char *named = g_strndup (list[i], length);
      g_autofree char *shown = NULL;

      if (g_hash_table_add (subjects, dup_subject (property, list[i])))
        continue;

      shown = extension_host_spec_dup_shown (named, MAX_SHOWN);
      return fault_new (property, g_strdup_printf (_("“%s” is in the list twice"), shown));
    }

  return NULL;
}

static ExtensionHostSpecFault *
find_idle_element (ExtensionHostSpec *self)
{
  guint n_rows = 0;
  const ExtensionHostSpecRow *rows = extension_host_spec_get_rows (&n_rows);
  ExtensionHostSpecFault *fault = NULL;

  for (guint i = 0; i < n_rows && fault == NULL; i++)
    {
      if (rows[i].syntax == EXTENSION_HOST_SPEC_SYNTAX_LIST)
        fault = find_repetition (rows[i].name, extension_host_spec_field (self, &rows[i], char **));
    }

  return fault;
}

ExtensionHostSpecFault *
extension_host_spec_find_idle (ExtensionHostSpec *self,
                               const guint       *given)
{
  ExtensionHostSpecFault *fault = find_idle_property (self, given);

  return fault != NULL ? fault : find_idle_element (self);
}
