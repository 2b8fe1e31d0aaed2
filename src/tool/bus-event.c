/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bus-event.h"

#include "facts.h"

/* ID: NULL if it is about the application */
JsonBuilder *
tool_event_begin (const char      *event,
                  gint64           time,
                  ToolApplication *application,
                  const char      *id)
{
  JsonBuilder *builder = json_builder_begin_object (json_builder_new ());

  tool_event_add_text (builder, "event", event);
  tool_event_add_number (builder, "time", time);
  if (id != NULL)
    tool_event_add_text (builder, "id", id);
  tool_event_add_text (builder, "application", application->address);

  return builder;
}

/* The bus has no NULL: what is empty there is null here. */
void
tool_event_add_text (JsonBuilder *builder,
                     const char  *name,
                     const char  *text)
{
  json_builder_set_member_name (builder, name);
  if (text == NULL || text[0] == '\0')
    json_builder_add_null_value (builder);
  else
    json_builder_add_string_value (builder, text);
}

void
tool_event_add_number (JsonBuilder *builder,
                       const char  *name,
                       gint64       number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, number);
}

/* TRANSITION: as GetHistory () tells it. What is not in it is left out. */
char *
tool_dup_transition_event (ToolHost *host,
                           GVariant *transition)
{
  static const char * const texts[] = { "old", "new", "reason", "detail", "requester" };
  static const char * const numbers[] = { "generation", "sequence", "pid" };
  g_autoptr(JsonBuilder) builder =
    tool_event_begin ("state-changed", tool_facts_get_number (transition, "time", 0),
                      host->application, host->id);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GVariant) value = tool_facts_get (transition, texts[i], "s");

      if (value != NULL)
        tool_event_add_text (builder, texts[i], g_variant_get_string (value, NULL));
    }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      gint64 number = tool_facts_get_number (transition, numbers[i], -1);

      if (number >= 0)
        tool_event_add_number (builder, numbers[i], number);
    }

  return tool_facts_to_line (builder);
}

char *
tool_dup_log_event (ToolHost   *host,
                    gint64      time,
                    const char *stream,
                    const char *line)
{
  g_autoptr(JsonBuilder) builder = tool_event_begin ("log", time, host->application, host->id);

  tool_event_add_text (builder, "stream", stream);
  json_builder_set_member_name (builder, "line");
  json_builder_add_string_value (builder, line);

  return tool_facts_to_line (builder);
}

static void
add_facts (JsonBuilder        *builder,
           GVariant           *facts,
           const char * const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autoptr(GVariant) value = g_variant_lookup_value (facts, names[i], NULL);

      if (value == NULL)
        continue;

      json_builder_set_member_name (builder, names[i]);
      json_builder_add_value (builder, tool_variant_to_json (value));
    }
}

char *
tool_dup_application_event (ToolApplication *application,
                            gboolean         added)
{
  static const char * const names[] = { "access", "strategy", "version", NULL };
  g_autoptr(JsonBuilder) builder =
    tool_event_begin (added ? "application-added" : "application-removed", g_get_real_time (),
                      application, NULL);

  tool_event_add_number (builder, "pid", application->pid);
  if (added && application->facts != NULL)
    add_facts (builder, application->facts, names);

  return tool_facts_to_line (builder);
}

char *
tool_dup_host_event (ToolHost *host,
                     gboolean  added)
{
  static const char * const names[] = { "name", "state", "readiness", "control", "generation",
                                        "sequence", "pid", NULL };
  g_autoptr(JsonBuilder) builder =
    tool_event_begin (added ? "host-added" : "host-removed", g_get_real_time (),
                      host->application, host->id);

  if (added)
    add_facts (builder, host->facts, names);

  return tool_facts_to_line (builder);
}

char *
tool_dup_exit_event (ToolHost *host,
                     GVariant *last_exit)
{
  static const char * const exited[] = { "kind", "code", NULL };
  static const char * const signalled[] = { "kind", "signal", "core-dumped", NULL };
  static const char * const other[] = { "kind", NULL };
  static const char * const names[] = { "reason", "requested", "text", "generation", "pid",
                                        "runtime", "suspects", NULL };
  const char *kind = tool_facts_get_text (last_exit, "kind");
  g_autoptr(JsonBuilder) builder =
    tool_event_begin ("exit", tool_facts_get_number (last_exit, "time", 0), host->application,
                      host->id);

  add_facts (builder, last_exit, g_str_equal (kind, "exited") ? exited :
                                 g_str_equal (kind, "signalled") ? signalled : other);
  add_facts (builder, last_exit, names);

  return tool_facts_to_line (builder);
}

char *
tool_dup_extension_event (ToolHost   *host,
                          const char *id,
                          const char *state,
                          const char *error)
{
  g_autoptr(JsonBuilder) builder =
    tool_event_begin ("extension", g_get_real_time (), host->application, id);

  tool_event_add_text (builder, "host", host->id);
  tool_event_add_text (builder, "state", state);
  tool_event_add_text (builder, "error", error);

  return tool_facts_to_line (builder);
}

char *
tool_dup_health_event (ToolHost *host,
                       GVariant *health)
{
  static const char * const names[] = { "sequence", "generation", "ok", "latency", "failures",
                                        "rss", "cpu-percent", "processes", "pending-calls",
                                        "queued-bytes", "verdict", "text", NULL };
  g_autoptr(JsonBuilder) builder =
    tool_event_begin ("health", tool_facts_get_number (health, "time", 0), host->application,
                      host->id);

  add_facts (builder, health, names);

  return tool_facts_to_line (builder);
}
