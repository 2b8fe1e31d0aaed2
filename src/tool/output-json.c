/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "output.h"

#include <string.h>

#include <json-glib/json-glib.h>

static JsonBuilder *
begin_event_of (const char *event,
                gint64      time,
                const char *id)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "event");
  json_builder_add_string_value (builder, event);
  json_builder_set_member_name (builder, "time");
  json_builder_add_int_value (builder, time);
  json_builder_set_member_name (builder, "id");
  json_builder_add_string_value (builder, id);

  return builder;
}

static JsonBuilder *
begin_event (const char           *event,
             gint64                time,
             ExtensionHostProcess *process)
{
  return begin_event_of (event, time, extension_host_process_get_id (process));
}

/* NULL becomes null. */
static void
add_text (JsonBuilder *builder,
          const char  *name,
          const char  *text)
{
  json_builder_set_member_name (builder, name);
  if (text == NULL)
    json_builder_add_null_value (builder);
  else
    json_builder_add_string_value (builder, text);
}

static void
add_number (JsonBuilder *builder,
            const char  *name,
            gint64       number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, number);
}

static void
add_boolean (JsonBuilder *builder,
             const char  *name,
             gboolean     value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

/* NULL becomes null. */
static void
add_node (JsonBuilder *builder,
          const char  *name,
          JsonNode    *node)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_value (builder, node != NULL ? json_node_copy (node)
                                                : json_node_new (JSON_NODE_NULL));
}

static void
add_texts (JsonBuilder        *builder,
           const char         *name,
           const char * const *texts)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; texts[i] != NULL; i++)
    json_builder_add_string_value (builder, texts[i]);
  json_builder_end_array (builder);
}

static void
add_nick (JsonBuilder *builder,
          const char  *name,
          GType        type,
          int          value)
{
  g_autoptr(GTypeClass) values = g_type_class_ref (type);
  const GEnumValue *entry = g_enum_get_value ((GEnumClass *) values, value);

  add_text (builder, name, entry != NULL ? entry->value_nick : NULL);
}

static char *
finish_event (JsonBuilder *builder)
{
  g_autoptr(JsonNode) root = NULL;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);

  return json_to_string (root, FALSE);
}

static void
end_event (ToolOutput  *self,
           JsonBuilder *builder)
{
  g_autofree char *line = finish_event (builder);

  tool_output_write_line (self, self->events, line);
}

static void
print_transition (ToolOutput              *self,
                  ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition)
{
  g_autoptr(JsonBuilder) builder =
    begin_event ("state-changed", extension_host_transition_get_time (transition), process);

  add_text (builder, "old",
            extension_host_state_to_string (extension_host_transition_get_old (transition)));
  add_text (builder, "new",
            extension_host_state_to_string (extension_host_transition_get_new (transition)));
  add_text (builder, "reason",
            extension_host_reason_to_string (extension_host_transition_get_reason (transition)));
  add_text (builder, "detail", extension_host_transition_get_detail (transition));
  add_number (builder, "generation", extension_host_transition_get_generation (transition));
  add_number (builder, "sequence", extension_host_transition_get_sequence (transition));
  add_number (builder, "pid", extension_host_process_get_pid (process));
  add_text (builder, "requester", extension_host_transition_get_requester (transition));
  end_event (self, builder);
}

static void
print_log (ToolOutput             *self,
           ExtensionHostProcess   *process,
           ExtensionHostLogStream  stream,
           const char             *line)
{
  g_autoptr(JsonBuilder) builder = begin_event ("log", g_get_real_time (), process);

  add_nick (builder, "stream", EXTENSION_HOST_TYPE_LOG_STREAM, stream);
  add_text (builder, "line", line);
  end_event (self, builder);
}

static void
print_exit (ToolOutput           *self,
            ExtensionHostProcess *process,
            ExtensionHostExit    *exit)
{
  g_autoptr(JsonBuilder) builder =
    begin_event ("exit", extension_host_exit_get_time (exit), process);
  ExtensionHostExitKind kind = extension_host_exit_get_kind (exit);
  g_autofree char *text = extension_host_exit_to_string (exit);

  add_nick (builder, "kind", EXTENSION_HOST_TYPE_EXIT_KIND, kind);
  if (kind == EXTENSION_HOST_EXIT_KIND_EXITED)
    add_number (builder, "code", extension_host_exit_get_code (exit));
  if (kind == EXTENSION_HOST_EXIT_KIND_SIGNALLED)
    {
      add_number (builder, "signal", extension_host_exit_get_signal (exit));
      add_boolean (builder, "core-dumped", extension_host_exit_get_core_dumped (exit));
    }
  add_text (builder, "reason",
            extension_host_reason_to_string (extension_host_exit_get_reason (exit)));
  add_boolean (builder, "requested", extension_host_exit_get_requested (exit));
  add_text (builder, "text", text);
  add_number (builder, "generation", extension_host_exit_get_generation (exit));
  add_number (builder, "pid", extension_host_exit_get_pid (exit));
  add_number (builder, "runtime", extension_host_exit_get_runtime (exit));
  add_texts (builder, "suspects", extension_host_exit_get_suspects (exit));
  end_event (self, builder);
}

static void
print_extension (ToolOutput             *self,
                 ExtensionHostProcess   *process,
                 ExtensionHostExtension *extension)
{
  g_autoptr(JsonBuilder) builder =
    begin_event_of ("extension", g_get_real_time (), extension_host_extension_get_id (extension));
  const GError *error = extension_host_extension_get_error (extension);

  add_text (builder, "host", extension_host_process_get_id (process));
  add_nick (builder, "state", EXTENSION_HOST_TYPE_EXTENSION_STATE,
            extension_host_extension_get_state (extension));
  add_text (builder, "error", error != NULL ? error->message : NULL);
  add_number (builder, "activations", extension_host_extension_get_activations (extension));
  end_event (self, builder);
}

/* The result goes out as it came in: json-glib would round its numbers. */
static void
print_result (ToolOutput       *self,
              JsonBuilder      *builder,
              const ToolAnswer *answer)
{
  g_autofree char *event = finish_event (builder);
  g_autofree char *line = NULL;

  event[strlen (event) - 1] = '\0';
  line = g_strconcat (event, ",\"result\":", answer->result, "}", NULL);
  tool_output_write_line (self, self->events, line);
}

/* Whose code it is: the codes of hosts and ours overlap. */
static void
add_error_kind (JsonBuilder  *builder,
                const GError *error)
{
  if (error->domain == EXTENSION_HOST_RPC_ERROR)
    add_text (builder, "kind", "rpc");
  else if (error->domain == EXTENSION_HOST_ERROR)
    add_nick (builder, "kind", EXTENSION_HOST_TYPE_ERROR, error->code);
  else
    add_text (builder, "kind", "failed");
}

static void
print_error (ToolOutput       *self,
             JsonBuilder      *builder,
             const ToolAnswer *answer)
{
  ExtensionHostCallFailure *failure = answer->failure;
  JsonNode *data = failure != NULL ? extension_host_call_failure_get_data (failure) : NULL;

  add_error_kind (builder, answer->error);
  add_number (builder, "code", answer->error->code);
  add_text (builder, "message", answer->error->message);
  add_node (builder, "data", data);
  add_boolean (builder, "written",
               failure != NULL && extension_host_call_failure_get_written (failure));
  end_event (self, builder);
}

static void
print_answer (ToolOutput           *self,
              ExtensionHostProcess *process,
              const ToolAnswer     *answer)
{
  g_autoptr(JsonBuilder) builder =
    begin_event (answer->error == NULL ? "result" : "error", g_get_real_time (), process);

  add_number (builder, "call", answer->number);
  add_text (builder, "method", answer->method);
  if (answer->error == NULL)
    print_result (self, builder, answer);
  else
    print_error (self, builder, answer);
}

static void
print_notification (ToolOutput           *self,
                    ExtensionHostProcess *process,
                    const char           *method,
                    JsonNode             *params)
{
  g_autoptr(JsonBuilder) builder = begin_event ("notification", g_get_real_time (), process);

  add_text (builder, "method", method);
  add_node (builder, "params", params);
  end_event (self, builder);
}

static void
add_outcome (JsonBuilder              *builder,
             ExtensionHostStopOutcome *outcome)
{
  json_builder_set_member_name (builder, "stop");
  if (outcome == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }

  json_builder_begin_object (builder);
  add_nick (builder, "rung", EXTENSION_HOST_TYPE_STOP_RUNG,
            extension_host_stop_outcome_get_rung (outcome));
  add_boolean (builder, "forced", extension_host_stop_outcome_get_forced (outcome));
  add_number (builder, "duration", extension_host_stop_outcome_get_duration (outcome));
  add_number (builder, "leftover", extension_host_stop_outcome_get_leftover (outcome));
  json_builder_end_object (builder);
}

static void
print_summary (ToolOutput        *self,
               const ToolSummary *summary)
{
  ExtensionHostProcess *process = summary->process;
  g_autoptr(JsonBuilder) builder = begin_event ("summary", g_get_real_time (), process);

  add_text (builder, "state",
            extension_host_state_to_string (extension_host_process_get_state (process)));
  add_number (builder, "status", summary->status);
  add_number (builder, "duration", summary->duration);
  add_number (builder, "generation", extension_host_process_get_generation (process));
  add_number (builder, "sequence", extension_host_process_get_sequence (process));
  add_number (builder, "restarts", summary->restarts);
  add_number (builder, "calls", summary->calls);
  add_number (builder, "failed-calls", summary->failed_calls);
  add_outcome (builder, summary->outcome);
  end_event (self, builder);
}

void
tool_output_init_json (ToolOutput *self)
{
  *self = (ToolOutput) {
    .transition = print_transition,
    .log = print_log,
    .exit = print_exit,
    .extension = print_extension,
    .answer = print_answer,
    .notification = print_notification,
    .summary = print_summary,
    .events = stdout,
  };
}
