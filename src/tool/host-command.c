/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "bus-error.h"
#include "bus-options.h"
#include "command.h"
#include "facts.h"
#include "glyphs.h"
#include "lookup.h"
#include "message.h"
#include "relative-time.h"

/* start, stop and all else that is done to hosts by a word */

typedef struct
{
  const char *name;      /* of the command */
  const char *method;
  const char *summary;
  const char *done;      /* what a host is then */
  const char *type;      /* what the method returns */
} Operation;

static const Operation operations[] = {
  { "start", "Start", N_("Starts hosts, and waits until they run."), N_("running"), "()" },
  { "stop", "Stop", N_("Stops hosts, gently first, and waits until their last process is gone."),
    N_("stopped"), "(a{sv})" },
  { "restart", "Restart", N_("Stops hosts if they are up, starts them, and waits until they run."),
    N_("running"), "()" },
  { "kill", "Kill", N_("Kills all processes of hosts, and waits until they are gone."),
    N_("killed"), "(a{sv})" },
  { "pause", "Pause", N_("Does nothing automatically for hosts from now on: they are neither "
                         "restarted nor ended for\nbeing unresponsive."), N_("paused"), "()" },
  { "resume", "Resume", N_("Ends a pause."), N_("resumed"), "()" },
  { "quarantine", "Quarantine", N_("Stops hosts, and keeps them from being started until they are "
                                   "released."), N_("quarantined"), "()" },
  { "release", "Release", N_("Ends a quarantine. The hosts are not started by that."),
    N_("released"), "()" },
  { "reset", "Reset", N_("Forgets past failures of hosts; who had crashed is stopped then."),
    N_("reset"), "()" },
};

typedef struct
{
  const Operation *operation;
  ToolBusOptions options;
  char *reason;
  ToolBus bus;
  guint pending;
  gboolean failed;
} Command;

typedef struct
{
  Command *command;
  ToolHost *host;
} Request;

static void
command_clear (Command *self)
{
  tool_bus_clear (&self->bus);
  tool_bus_options_clear (&self->options);
  g_clear_pointer (&self->reason, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Command, command_clear)

/* KIND: why it failed, NULL if it did not */
static void
print_json (Command      *self,
            ToolHost     *host,
            GVariant     *outcome,
            const char   *kind,
            const GError *error)
{
  g_autoptr(JsonBuilder) builder = json_builder_begin_object (json_builder_new ());
  g_autofree char *line = NULL;

  json_builder_set_member_name (builder, "id");
  json_builder_add_string_value (builder, host->id);
  json_builder_set_member_name (builder, "application");
  json_builder_add_string_value (builder, host->application->address);
  json_builder_set_member_name (builder, "operation");
  json_builder_add_string_value (builder, self->operation->name);
  json_builder_set_member_name (builder, "ok");
  json_builder_add_boolean_value (builder, kind == NULL);
  if (outcome != NULL)
    {
      json_builder_set_member_name (builder, "outcome");
      json_builder_add_value (builder, tool_variant_to_json (outcome));
    }
  if (kind != NULL)
    {
      json_builder_set_member_name (builder, "kind");
      json_builder_add_string_value (builder, kind);
      json_builder_set_member_name (builder, "error");
      json_builder_add_string_value (builder, error->message);
    }

  line = tool_facts_to_line (builder);
  printf ("%s\n", line);
}

/* (term, 3 s) */
static char *
dup_outcome (GVariant *outcome)
{
  const char *rung = outcome != NULL ? tool_facts_get_text (outcome, "rung") : "none";
  g_autofree char *duration = NULL;

  if (rung[0] == '\0' || g_str_equal (rung, "none"))
    return g_strdup ("");

  duration = tool_format_duration (tool_facts_get_number (outcome, "duration", 0));

  return g_strdup_printf (" (%s, %s)", rung, duration);
}

static void
print_text (Command  *self,
            ToolHost *host,
            GVariant *outcome)
{
  g_autofree char *how = dup_outcome (outcome);
  g_autofree char *line = g_strconcat (host->id, ": ", _(self->operation->done), how, NULL);
  g_autofree char *safe_line = tool_make_printable (line);

  printf ("%s\n", safe_line);
}

static void
tell_leftover (Command  *self,
               ToolHost *host,
               GVariant *outcome)
{
  guint n = outcome != NULL ? (guint) tool_facts_get_number (outcome, "leftover", 0) : 0;

  if (n == 0)
    return;

  self->failed = TRUE;
  tool_error (ngettext ("%u process of “%s” could not be killed",
                        "%u processes of “%s” could not be killed", n), n, host->id);
}

static void
take_success (Command  *self,
              ToolHost *host,
              GVariant *reply)
{
  g_autoptr(GVariant) outcome =
    g_variant_n_children (reply) > 0 ? g_variant_get_child_value (reply, 0) : NULL;

  if (self->options.json)
    print_json (self, host, outcome, NULL, NULL);
  else
    print_text (self, host, outcome);
  tell_leftover (self, host, outcome);
}

static void
take_failure (Command  *self,
              ToolHost *host,
              GError   *error)
{
  g_autofree char *kind = tool_dup_error_kind (error);

  self->failed = TRUE;
  tool_tell_refusal (&self->bus, host, self->operation->name, error);
  if (self->options.json)
    print_json (self, host, NULL, kind, error);
}

static void
on_done (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autofree Request *request = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);

  if (reply != NULL)
    take_success (request->command, request->host, reply);
  else
    take_failure (request->command, request->host, error);

  /* Some are done long before others. */
  fflush (stdout);
  request->command->pending--;
}

/* It may take as long as it likes: that the application answers at all was seen. */
static void
make_request (Command  *self,
              ToolHost *host)
{
  Request *request = g_new0 (Request, 1);
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (self->reason != NULL)
    g_variant_builder_add (&options, "{sv}", "reason", g_variant_new_string (self->reason));

  request->command = self;
  request->host = host;
  self->pending++;
  g_dbus_connection_call (self->bus.connection, host->application->owner, host->path,
                          TOOL_HOST_INTERFACE, self->operation->method,
                          g_variant_new ("(a{sv})", &options),
                          G_VARIANT_TYPE (self->operation->type), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          G_MAXINT, NULL, on_done, request);
}

static gboolean
parse (Command  *self,
       char    **argv)
{
  const ToolUsage usage = {
    .arguments = _("HOST…"),
    .summary = _(self->operation->summary),
    .missing = _("No host given"),
    .min = 1,
    .max = G_MAXUINT,
  };
  const GOptionEntry entries[] = {
    { "reason", 0, 0, G_OPTION_ARG_STRING, &self->reason,
      N_("Why, for the history of the host"), N_("TEXT") },
    G_OPTION_ENTRY_NULL
  };

  return tool_bus_options_parse (&self->options, &usage, entries, argv);
}

/* argv[0] says which one. */
ToolStatus
tool_command_operate (int    argc,
                      char **argv)
{
  g_auto(Command) self = { NULL, };
  g_autoptr(GPtrArray) hosts = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      if (g_str_equal (operations[i].name, argv[0]))
        self.operation = &operations[i];
    }

  if (!parse (&self, argv))
    return TOOL_STATUS_USAGE;
  if (!tool_bus_open (&self.bus) || !tool_bus_load (&self.bus))
    return TOOL_STATUS_FAILED;

  /* All of them, or none: a mistyped one must not leave half of it done. */
  hosts = tool_bus_find_hosts (&self.bus, self.options.arguments);
  if (hosts == NULL)
    return TOOL_STATUS_FAILED;

  for (guint i = 0; i < hosts->len; i++)
    make_request (&self, g_ptr_array_index (hosts, i));
  while (self.pending > 0)
    g_main_context_iteration (NULL, TRUE);

  return tool_flush () && !self.failed ? TOOL_STATUS_OK : TOOL_STATUS_FAILED;
}
