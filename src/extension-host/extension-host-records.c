/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-exit-private.h"
#include "extension-host-health-private.h"
#include "extension-host-records-private.h"
#include "extension-host-shutdown-report-private.h"
#include "extension-host-state-private.h"
#include "extension-host-transition-private.h"

#define add_enum extension_host_records_add_enum
#define add_string extension_host_records_add_string

void
extension_host_records_add_enum (GVariantDict *dict,
                                 const char   *key,
                                 GType         type,
                                 int           value)
{
  g_variant_dict_insert (dict, key, "s", extension_host_enum_to_nick (type, value));
}

void
extension_host_records_add_string (GVariantDict *dict,
                                   const char   *key,
                                   const char   *value)
{
  g_autofree char *valid = g_utf8_make_valid (value != NULL ? value : "", -1);

  g_variant_dict_insert (dict, key, "s", valid);
}

/* @strings may be NULL for none. */
GVariant *
extension_host_records_new_strv (const char * const *strings)
{
  g_autoptr(GStrvBuilder) valid = g_strv_builder_new ();
  g_auto(GStrv) strv = NULL;

  for (guint i = 0; strings != NULL && strings[i] != NULL; i++)
    {
      g_autofree char *text = g_utf8_make_valid (strings[i], -1);

      g_strv_builder_add (valid, text);
    }
  strv = g_strv_builder_end (valid);

  return g_variant_new_strv ((const char * const *) strv, -1);
}

GVariant *
extension_host_exit_to_variant (ExtensionHostExit *self)
{
  g_autofree char *text = extension_host_exit_to_string (self);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_enum (&dict, "kind", EXTENSION_HOST_TYPE_EXIT_KIND, self->kind);
  g_variant_dict_insert (&dict, "code", "i", self->code);
  g_variant_dict_insert (&dict, "signal", "i", self->signal);
  g_variant_dict_insert (&dict, "core-dumped", "b", self->core_dumped);
  add_enum (&dict, "reason", EXTENSION_HOST_TYPE_REASON, self->reason);
  g_variant_dict_insert (&dict, "requested", "b", self->requested);
  g_variant_dict_insert (&dict, "generation", "t", self->generation);
  g_variant_dict_insert (&dict, "pid", "u", self->pid);
  g_variant_dict_insert (&dict, "time", "t", (guint64) self->time);
  g_variant_dict_insert (&dict, "runtime", "t", (guint64) self->runtime);
  g_variant_dict_insert_value (
    &dict, "log", extension_host_records_new_strv ((const char * const *) self->log));
  g_variant_dict_insert_value (
    &dict, "suspects", extension_host_records_new_strv ((const char * const *) self->suspects));
  add_string (&dict, "text", text);

  return g_variant_dict_end (&dict);
}

GVariant *
extension_host_health_to_variant (ExtensionHostHealth *self)
{
  g_autofree char *text = extension_host_health_to_string (self);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "sequence", "t", self->sequence);
  g_variant_dict_insert (&dict, "generation", "t", self->generation);
  g_variant_dict_insert (&dict, "time", "t", (guint64) self->time);
  g_variant_dict_insert (&dict, "ok", "b", self->ok);
  g_variant_dict_insert (&dict, "latency", "x", self->latency);
  g_variant_dict_insert (&dict, "failures", "u", self->failures);
  g_variant_dict_insert (&dict, "rss", "t", self->rss);
  g_variant_dict_insert (&dict, "cpu-percent", "d", self->cpu_percent);
  g_variant_dict_insert (&dict, "processes", "u", self->processes);
  g_variant_dict_insert (&dict, "pending-calls", "u", self->pending_calls);
  g_variant_dict_insert (&dict, "queued-bytes", "t", self->queued_bytes);
  add_enum (&dict, "verdict", EXTENSION_HOST_TYPE_VERDICT, self->verdict);
  add_string (&dict, "text", text);

  return g_variant_dict_end (&dict);
}

GVariant *
extension_host_transition_to_variant (ExtensionHostTransition *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_enum (&dict, "old", EXTENSION_HOST_TYPE_STATE, self->old_state);
  add_enum (&dict, "new", EXTENSION_HOST_TYPE_STATE, self->new_state);
  add_enum (&dict, "reason", EXTENSION_HOST_TYPE_REASON, self->reason);
  add_string (&dict, "detail", self->detail);
  g_variant_dict_insert (&dict, "sequence", "t", self->sequence);
  g_variant_dict_insert (&dict, "generation", "t", self->generation);
  g_variant_dict_insert (&dict, "time", "t", (guint64) self->time);
  add_string (&dict, "requester", self->requester);

  return g_variant_dict_end (&dict);
}

GVariant *
extension_host_stop_outcome_to_variant (ExtensionHostStopOutcome *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "acknowledged", "b", self->acknowledged);
  g_variant_dict_insert (&dict, "exited", "b", self->exited);
  g_variant_dict_insert (&dict, "forced", "b", self->forced);
  add_enum (&dict, "rung", EXTENSION_HOST_TYPE_STOP_RUNG, self->rung);
  g_variant_dict_insert (&dict, "duration", "t", (guint64) self->duration);
  g_variant_dict_insert (&dict, "leftover", "u", self->leftover);
  if (self->exit != NULL)
    g_variant_dict_insert_value (&dict, "exit", extension_host_exit_to_variant (self->exit));

  return g_variant_dict_end (&dict);
}

GVariant *
extension_host_shutdown_report_to_variant (ExtensionHostShutdownReport *self)
{
  GVariantDict dict;
  GVariantDict outcomes;

  g_variant_dict_init (&outcomes, NULL);
  for (guint i = 0; i < self->ids->len; i++)
    g_variant_dict_insert_value (
      &outcomes, g_ptr_array_index (self->ids, i),
      extension_host_stop_outcome_to_variant (g_ptr_array_index (self->outcomes, i)));

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "clean", "b", self->clean);
  g_variant_dict_insert (&dict, "duration", "t", (guint64) self->duration);
  g_variant_dict_insert_value (&dict, "outcomes", g_variant_dict_end (&outcomes));

  return g_variant_dict_end (&dict);
}
