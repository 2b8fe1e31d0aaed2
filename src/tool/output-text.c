/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "output.h"

#include <string.h>

#include "event-line.h"
#include "glyphs.h"
#include "paint.h"

/* Bytes of parameters that are shown, as many as of a log line. */
#define MAX_PARAMS (8 * 1024)

static const char *
paint (ToolOutput *self,
       const char *color)
{
  return self->color ? color : "";
}

static void
print_transition (ToolOutput              *self,
                  ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition)
{
  const ToolTransitionLine facts = {
    .time = extension_host_transition_get_time (transition),
    .host = extension_host_process_get_id (process),
    .old_state = extension_host_state_to_string (extension_host_transition_get_old (transition)),
    .new_state = extension_host_state_to_string (extension_host_transition_get_new (transition)),
    .reason = extension_host_reason_to_string (extension_host_transition_get_reason (transition)),
    .detail = extension_host_transition_get_detail (transition),
    .generation = extension_host_transition_get_generation (transition),
    .pid = extension_host_process_get_pid (process),
  };
  g_autofree char *line = tool_dup_transition_line (&facts, self->color);

  tool_output_write_line (self, self->events, line);
}

static void
print_said (ToolOutput           *self,
            ExtensionHostProcess *process,
            const char           *mark,
            const char           *text)
{
  g_autofree char *line =
    tool_dup_said_line (g_get_real_time (), extension_host_process_get_id (process), mark, text,
                        self->color);

  tool_output_write_line (self, self->events, line);
}

static void
print_log (ToolOutput             *self,
           ExtensionHostProcess   *process,
           ExtensionHostLogStream  stream,
           const char             *line)
{
  g_autoptr(GEnumClass) streams = g_type_class_ref (EXTENSION_HOST_TYPE_LOG_STREAM);

  print_said (self, process,
              tool_get_log_mark (g_enum_get_value (streams, (int) stream)->value_nick), line);
}

static void
print_notification (ToolOutput           *self,
                    ExtensionHostProcess *process,
                    const char           *method,
                    JsonNode             *params)
{
  g_autofree char *text = params != NULL ? json_to_string (params, FALSE) : NULL;
  g_autofree char *line = NULL;

  if (text != NULL && strlen (text) > MAX_PARAMS)
    text[MAX_PARAMS] = '\0';
  line = g_strjoin (" ", method, text, NULL);
  print_said (self, process, "note", line);
}

static void
print_extension (ToolOutput             *self,
                 ExtensionHostProcess   *process,
                 ExtensionHostExtension *extension)
{
  ExtensionHostExtensionState state = extension_host_extension_get_state (extension);
  const GError *error = extension_host_extension_get_error (extension);
  g_autoptr(GEnumClass) states = g_type_class_ref (EXTENSION_HOST_TYPE_EXTENSION_STATE);
  g_autofree char *line =
    tool_dup_extension_line (g_get_real_time (), extension_host_process_get_id (process),
                             extension_host_extension_get_id (extension),
                             g_enum_get_value (states, (int) state)->value_nick,
                             error != NULL ? error->message : NULL, self->color);

  tool_output_write_line (self, self->events, line);
}

/* Answers of several calls may come in any order, so that each names its method; a failure is
 * told on stderr. */
static void
print_answer (ToolOutput           *self,
              ExtensionHostProcess *process,
              const ToolAnswer     *answer)
{
  g_autofree char *method = tool_make_printable (answer->method);
  g_autofree char *line = NULL;

  if (answer->error != NULL)
    return;

  if (!self->bare_results)
    line = g_strdup_printf ("%s%s %s%s %s", paint (self, TOOL_DIM), method,
                            tool_get_glyphs ()->arrow, paint (self, TOOL_NORMAL), answer->result);
  tool_output_write_line (self, stdout, line != NULL ? line : answer->result);
}

/* The detail of the transition that the exit leads to says it already. */
static void
print_exit (ToolOutput           *self,
            ExtensionHostProcess *process,
            ExtensionHostExit    *exit)
{
}

/* The last transition is the end; what went wrong is told on stderr. */
static void
print_summary (ToolOutput        *self,
               const ToolSummary *summary)
{
}

void
tool_output_init_text (ToolOutput *self,
                       gboolean    color)
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
    .color = color,
  };
}
