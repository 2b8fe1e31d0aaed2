/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <glib/gi18n.h>

#include "bus-error.h"
#include "bus-event.h"
#include "bus-options.h"
#include "call-words.h"
#include "command.h"
#include "duration.h"
#include "extension-call.h"
#include "extension-wait.h"
#include "facts.h"
#include "json-line.h"
#include "lookup.h"
#include "message.h"

/* How JSON-RPC numbers an unknown method */
#define NO_METHOD "-32601"

typedef struct
{
  ToolBusOptions options;
  ToolBus bus;
  const char *method;      /* or EXTENSION/COMMAND */
  const char *params;      /* JSON; empty for none */
  guint timeout_ms;        /* 0 for what the host has as default */
} Call;

static void
call_clear (Call *self)
{
  tool_bus_clear (&self->bus);
  tool_bus_options_clear (&self->options);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)

static JsonBuilder *
begin_event (Call       *self,
             ToolHost   *host,
             const char *event)
{
  JsonBuilder *builder =
    tool_event_begin (event, g_get_real_time (), host->application, host->id);

  tool_event_add_number (builder, "call", 1);
  tool_event_add_text (builder, "method", self->method);

  return builder;
}

/* The result goes out as it came in: json-glib would round its numbers. */
static void
print_result (Call       *self,
              ToolHost   *host,
              const char *json)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (json, strlen (json));
  g_autofree char *result = tool_dup_json_line (bytes);

  if (self->options.json)
    {
      g_autoptr(JsonBuilder) builder = begin_event (self, host, "result");
      g_autofree char *event = tool_facts_to_line (builder);

      printf ("%.*s,\"result\":%s}\n", (int) strlen (event) - 1, event, result);
    }
  else
    {
      printf ("%s\n", result);
    }
}

/* “-32601: There is no such method”, if it is one of JSON-RPC */
static void
add_message (JsonBuilder *builder,
             const char  *message)
{
  char *end = NULL;
  gint64 code = g_ascii_strtoll (message, &end, 10);

  if (end > message && g_str_has_prefix (end, ": "))
    {
      tool_event_add_number (builder, "code", code);
      message = end + strlen (": ");
    }
  tool_event_add_text (builder, "message", message);
}

static void
print_error (Call         *self,
             ToolHost     *host,
             const char   *kind,
             const GError *error)
{
  g_autoptr(JsonBuilder) builder = NULL;
  g_autofree char *line = NULL;

  if (!self->options.json)
    return;

  builder = begin_event (self, host, "error");
  tool_event_add_text (builder, "kind", kind);
  add_message (builder, error->message);
  line = tool_facts_to_line (builder);
  printf ("%s\n", line);
}

static void
take_error (Call     *self,
            ToolHost *host,
            GError   *error)
{
  g_autofree char *kind = tool_dup_error_kind (error);

  tool_tell_refusal (&self->bus, host, "call", error);
  if (g_str_equal (kind, "rpc") && g_str_has_prefix (error->message, NO_METHOD ": "))
    tool_extension_call_tell_hint (host, self->method);
  print_error (self, host, kind, error);
}

static gboolean
call_host (Call       *self,
           ToolHost   *host,
           const char *method,
           const char *params)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_sync (self->bus.connection, host->application->owner, host->path,
                                 TOOL_HOST_INTERFACE, "Call",
                                 g_variant_new ("(ssu)", method, params, self->timeout_ms),
                                 G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                 G_MAXINT, NULL, &error);
  const char *json = NULL;

  if (reply == NULL)
    {
      take_error (self, host, error);
      return FALSE;
    }

  g_variant_get (reply, "(&s)", &json);
  print_result (self, host, json);

  return TRUE;
}

/* Of an extension on its way the news are waited for. */
static gboolean
check_extension (Call               *self,
                 ToolHost           *host,
                 ToolExtensionCall **call,
                 GError            **error)
{
  ToolExtensionCall *news = NULL;

  if (!tool_extension_wait (&self->bus, host, self->method, self->timeout_ms))
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT,
                   _("Extension “%s” is not active yet"), (*call)->id);
      return FALSE;
    }

  /* It may have been removed meanwhile: the host says so. */
  news = tool_extension_call_find (host, self->method);
  if (news != NULL)
    {
      tool_extension_call_free (*call);
      *call = news;
    }

  return tool_extension_call_check (*call, error);
}

static gboolean
make_call (Call     *self,
           ToolHost *host)
{
  g_autoptr(ToolExtensionCall) call = tool_extension_call_find (host, self->method);
  g_autofree char *params = NULL;
  g_autofree char *kind = NULL;
  g_autoptr(GError) error = NULL;

  if (call == NULL)
    return call_host (self, host, self->method, self->params);

  if (!check_extension (self, host, &call, &error))
    {
      kind = tool_dup_error_kind (error);
      tool_error (_("Cannot %s “%s”: %s"), "call", host->id, error->message);
      print_error (self, host, kind, error);
      return FALSE;
    }

  params = tool_extension_call_dup_params (call, self->params);

  return call_host (self, host, "extension/call", params);
}

static gboolean
check_timeout (Call       *self,
               const char *text)
{
  if (text == NULL)
    return TRUE;

  if (tool_parse_duration (text, &self->timeout_ms))
    {
      if (self->timeout_ms == 0)
        self->timeout_ms = EXTENSION_HOST_NO_TIMEOUT;
      return TRUE;
    }

  tool_error (_("Bad value “%s” for %s: expected %s"), text, "--timeout",
              _("a duration such as 500ms, 5s or 2min"));
  tool_hint (_("“%s --help” lists the options"), g_get_prgname ());

  return FALSE;
}

static gboolean
check_params (Call *self)
{
  g_autoptr(GError) error = NULL;

  if (self->params[0] == '\0' || tool_check_params (self->params, &error))
    return TRUE;

  tool_error ("%s", error->message);
  tool_hint (_("JSON is one word for the shell: '{\"path\": \"/tmp\"}' or '[1, 2]'"));

  return FALSE;
}

static gboolean
check_method (Call *self)
{
  g_autoptr(GError) error = NULL;

  if (tool_check_method (self->method, &error))
    return TRUE;

  tool_error ("%s", error->message);
  tool_hint (_("“%s --help” lists the options"), g_get_prgname ());

  return FALSE;
}

static gboolean
parse (Call  *self,
       char **argv)
{
  g_autofree char *timeout = NULL;
  const ToolUsage usage = {
    .arguments = _("HOST METHOD|EXTENSION/COMMAND [JSON]"),
    .summary = _("Calls a method of a host, or a command of one of its extensions, and prints the\nresult as "
                 "JSON, on one line."),
    .missing = _("No host or no method given"),
    .min = 2,
    .max = 3,
  };
  const GOptionEntry entries[] = {
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &timeout,
      N_("How long to wait for the answer; 0 waits for ever"), N_("DURATION") },
    G_OPTION_ENTRY_NULL
  };

  if (!tool_bus_options_parse (&self->options, &usage, entries, argv))
    return FALSE;

  self->method = self->options.arguments[1];
  self->params = self->options.arguments[2] != NULL ? self->options.arguments[2] : "";

  return check_timeout (self, timeout) && check_method (self) && check_params (self);
}

ToolStatus
tool_command_call (int    argc,
                   char **argv)
{
  g_auto(Call) self = { .method = NULL };
  ToolHost *host = NULL;

  if (!parse (&self, argv))
    return TOOL_STATUS_USAGE;
  if (!tool_bus_open (&self.bus) || !tool_bus_load (&self.bus))
    return TOOL_STATUS_FAILED;

  host = tool_bus_find_host (&self.bus, self.options.arguments[0]);
  if (host == NULL)
    return TOOL_STATUS_FAILED;

  return make_call (&self, host) & tool_flush () ? TOOL_STATUS_OK : TOOL_STATUS_FAILED;
}
