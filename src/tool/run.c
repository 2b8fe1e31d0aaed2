/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include <extension-host.h>

#include "calls.h"
#include "command.h"
#include "crash.h"
#include "extensions.h"
#include "message.h"
#include "output.h"
#include "run-options.h"
#include "terminal-input.h"
#include "urgent.h"

#define APP_ID "org.extensionhost.Run"   /* on the bus */

typedef struct
{
  RunOptions options;
  ToolOutput output;
  ToolExtensions extensions;
  ToolCalls calls;
  ToolTerminalInput input;        /* lines to call with */
  GMainLoop *loop;
  ExtensionHostManager *manager;
  ExtensionHostProcess *process;
  GSource *sources[4];            /* three signals and stdout */
  GSource *settling;

  gint64 started;                 /* monotonic, µs */
  guint restarts;
  guint stop_requests;            /* 0, then 1 = stop, 2 and more = kill */
  gboolean crashed;               /* where it rested last */
  gboolean crash_told;
  gboolean rest_awaited;
  gboolean useless;               /* none of its extensions could be activated */
  GError *start_error;            /* why the first start failed */
  ExtensionHostStopOutcome *outcome;
} Run;

/* The host rests or cannot be ended, and all that it said was printed. */
static gboolean
on_settled (gpointer user_data)
{
  Run *self = user_data;

  g_clear_pointer (&self->settling, g_source_unref);
  if (self->crashed && !self->crash_told)
    {
      /* The failed calls may have repeated its log already. */
      tool_tell_crash (self->process, self->start_error,
                       self->options.quiet && self->calls.log_told <
                       extension_host_process_get_generation (self->process));
      self->crash_told = TRUE;
    }

  if (self->options.keep && self->stop_requests == 0)
    tool_note (_("It is left at that, as --keep says; Ctrl-C ends this"));
  else
    g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

/* What is ready to be dispatched, such as the last lines of the host, goes first. */
static void
settle (Run *self)
{
  if (self->settling != NULL)
    return;

  self->settling = g_idle_source_new ();
  g_source_set_static_name (self->settling, "[extension-host] settle");
  g_source_set_callback (self->settling, on_settled, self, NULL);
  g_source_attach (self->settling, NULL);
}

static void
on_stopped (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostStopOutcome *outcome =
    extension_host_process_stop_finish (EXTENSION_HOST_PROCESS (object), result, &error);
  Run *self = user_data;

  if (outcome == NULL)
    tool_error ("%s", error->message);

  g_clear_pointer (&self->outcome, extension_host_stop_outcome_unref);
  self->outcome = outcome;
  settle (self);
}

static void
on_killed (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_kill_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  /* The stop that came before it ends with it and tells the outcome. */
  if (outcome == NULL && !g_error_matches (error, EXTENSION_HOST_ERROR,
                                           EXTENSION_HOST_ERROR_ALREADY_TERMINATED))
    tool_error ("%s", error->message);
}

static void
request_stop (Run *self)
{
  self->stop_requests++;
  if (self->stop_requests == 1)
    extension_host_process_stop_async (self->process, NULL, on_stopped, self);
  else
    extension_host_process_kill_async (self->process, NULL, on_killed, self);
}

static gboolean
is_at_rest (Run *self)
{
  ExtensionHostState state = extension_host_process_get_state (self->process);

  return state == EXTENSION_HOST_STATE_STOPPED || state == EXTENSION_HOST_STATE_CRASHED;
}

static gboolean
on_signal (gpointer user_data)
{
  Run *self = user_data;

  tool_urgent_take ();
  if (self->stop_requests > 0)
    tool_note (_("Killing “%s”"), extension_host_process_get_name (self->process));
  else if (!is_at_rest (self))
    tool_note (_("Stopping “%s” … press Ctrl-C again to kill it"),
               extension_host_process_get_name (self->process));

  request_stop (self);

  return G_SOURCE_CONTINUE;
}

/* Nobody reads what we print, as after `| head`: a host must not run on unseen. */
static void
end_if_unread (Run *self)
{
  if (self->output.closed && self->stop_requests == 0)
    request_stop (self);
}

static gboolean
on_stdout_closed (int          fd,
                  GIOCondition condition,
                  gpointer     user_data)
{
  Run *self = user_data;

  self->output.closed = TRUE;
  end_if_unread (self);

  return G_SOURCE_REMOVE;
}

static void
on_rest (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostExit) exit G_GNUC_UNUSED =
    extension_host_process_wait_finish (EXTENSION_HOST_PROCESS (object), result, &error);
  Run *self = user_data;

  self->rest_awaited = FALSE;
  if (error != NULL)
    tool_error ("%s", error->message);

  /* After a stop its own answer, which comes next, knows more. */
  if (self->stop_requests == 0)
    settle (self);
}

/* Again, if somebody starts one that was kept. */
static void
await_rest (Run *self)
{
  if (self->rest_awaited)
    return;

  self->rest_awaited = TRUE;
  extension_host_process_wait_async (self->process, NULL, on_rest, self);
}

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  Run                     *self)
{
  self->output.transition (&self->output, process, transition);

  switch (extension_host_transition_get_new (transition))
    {
    case EXTENSION_HOST_STATE_CRASHED:
      self->crashed = TRUE;
      break;
    case EXTENSION_HOST_STATE_STARTING:
      self->crashed = FALSE;
      self->crash_told = FALSE;
      await_rest (self);
      break;
    case EXTENSION_HOST_STATE_RUNNING:
      g_clear_error (&self->start_error);
      break;
    case EXTENSION_HOST_STATE_RESTARTING:
      self->restarts++;
      break;
    case EXTENSION_HOST_STATE_STOPPED:
    case EXTENSION_HOST_STATE_UNHEALTHY:
    case EXTENSION_HOST_STATE_STOPPING:
    default:
      break;
    }

  end_if_unread (self);
}

static void
on_log (ExtensionHostProcess   *process,
        ExtensionHostLogStream  stream,
        const char             *line,
        Run                    *self)
{
  self->output.log (&self->output, process, stream, line);
  end_if_unread (self);
}

static void
on_exit_noted (ExtensionHostProcess *process,
               GParamSpec           *pspec,
               Run                  *self)
{
  g_autoptr(ExtensionHostExit) exit = NULL;

  g_object_get (process, "last-exit", &exit, NULL);
  if (exit != NULL)
    self->output.exit (&self->output, process, exit);
}

static void
on_started (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Run *self = user_data;

  g_clear_error (&self->start_error);
  extension_host_process_start_finish (EXTENSION_HOST_PROCESS (object), result,
                                       &self->start_error);
}

static void
on_notification (ExtensionHostProcess *process,
                 const char           *method,
                 JsonNode             *params,
                 Run                  *self)
{
  self->output.notification (&self->output, process, method, params);
  end_if_unread (self);
}

static void
on_extension_changed (gpointer owner)
{
  Run *self = owner;

  end_if_unread (self);
  tool_calls_go_on (&self->calls);
}

/* A host without extensions would run on, and look as if all were well. */
static void
on_none_active (gpointer owner)
{
  Run *self = owner;
  const char *name = extension_host_process_get_name (self->process);

  if (self->options.keep)
    {
      tool_hint (_("None of the extensions of “%s” is active; Ctrl-C stops it"), name);
      return;
    }

  tool_error (_("None of the extensions of “%s” is active"), name);
  self->useless = TRUE;
  if (self->stop_requests == 0)
    request_stop (self);
}

/* There is nothing more to say to the host. One that rests ends the run by itself, unless it is to
 * be kept. */
static void
on_calls_done (gpointer owner)
{
  Run *self = owner;

  if (self->stop_requests == 0 && (self->options.keep || !is_at_rest (self)))
    request_stop (self);
}

static void
on_line (const char *line,
         gpointer    owner)
{
  Run *self = owner;
  g_autoptr(GError) error = NULL;

  if (!tool_calls_take_line (&self->calls, line, &error))
    tool_error ("%s", error->message);
}

/* Ctrl-D, or the terminal is gone. */
static void
on_input_ended (gpointer owner)
{
  Run *self = owner;
  guint n_pending = self->calls.n_pending;

  if (n_pending > 0 && self->stop_requests == 0)
    tool_note (ngettext ("Waiting for %u answer … press Ctrl-C to stop “%s” without",
                         "Waiting for %u answers … press Ctrl-C to stop “%s” without", n_pending),
               n_pending, extension_host_process_get_name (self->process));

  tool_calls_end (&self->calls);
}

static gboolean
has_protocol (Run *self)
{
  ExtensionHostProtocol protocol = EXTENSION_HOST_PROTOCOL_NONE;

  g_object_get (self->options.spec, "protocol", &protocol, NULL);

  return protocol != EXTENSION_HOST_PROTOCOL_NONE;
}

/* What is to be said to the host, by the command line or at a terminal. */
static void
begin_calls (Run *self)
{
  self->calls = (ToolCalls) {
    .process = self->process,
    .extensions = self->options.extensions != NULL ? &self->extensions : NULL,
    .output = &self->output,
    .timeout_ms = self->options.call_timeout_ms,
    .repeat_log = self->options.quiet || self->options.json,
    .list = self->options.calls,
    .done = on_calls_done,
    .owner = self,
  };

  if (self->options.calls != NULL)
    {
      tool_calls_make_list (&self->calls);
    }
  else if (has_protocol (self) && isatty (STDIN_FILENO))
    {
      tool_note (_("Type METHOD [JSON] to call “%s”, !METHOD [JSON] to notify it; Ctrl-D stops it"),
                 extension_host_process_get_name (self->process));
      if (self->options.extensions != NULL)
        tool_note (_("Commands of extensions are called as ID/COMMAND [JSON]"));
      tool_terminal_input_begin (&self->input, on_line, on_input_ended, self);
    }
}

static void
add_source (Run         *self,
            guint        place,
            GSource     *source,
            GSourceFunc  callback)
{
  g_source_set_static_name (source, "[extension-host] end");
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, NULL);
  self->sources[place] = source;
}

static void
watch_signals (Run *self)
{
  add_source (self, 0, g_unix_signal_source_new (SIGINT), on_signal);
  add_source (self, 1, g_unix_signal_source_new (SIGTERM), on_signal);
  /* Under nohup the end of the terminal is not meant for us. */
  if (!tool_signal_is_ignored (SIGHUP))
    add_source (self, 2, g_unix_signal_source_new (SIGHUP), on_signal);

  self->output.urgent_fd = tool_urgent_begin ();
  signal (SIGPIPE, SIG_IGN);
  /* A quiet host writes nothing for hours: the reader that left is seen without writing. */
  add_source (self, 3, g_unix_fd_source_new (STDOUT_FILENO, G_IO_ERR | G_IO_HUP),
              G_SOURCE_FUNC (on_stdout_closed));
}

static void
run_clear (Run *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sources); i++)
    {
      if (self->sources[i] != NULL)
        {
          g_source_destroy (self->sources[i]);
          g_clear_pointer (&self->sources[i], g_source_unref);
        }
    }

  if (self->settling != NULL)
    {
      g_source_destroy (self->settling);
      g_clear_pointer (&self->settling, g_source_unref);
    }
  tool_terminal_input_end (&self->input);
  tool_calls_clear (&self->calls);
  tool_extensions_clear (&self->extensions);
  if (self->process != NULL)
    g_signal_handlers_disconnect_by_data (self->process, self);
  g_clear_object (&self->process);
  g_clear_object (&self->manager);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->outcome, extension_host_stop_outcome_unref);
  g_clear_error (&self->start_error);
  run_options_clear (&self->options);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* A call that was interrupted has no result either. At a terminal mistakes are free. */
static gboolean
has_failed_calls (Run *self)
{
  return self->options.calls != NULL &&
         (self->calls.n_failed > 0 || self->calls.n_made < self->options.calls->len);
}

static ToolStatus
finish (Run *self)
{
  guint leftover =
    self->outcome != NULL ? extension_host_stop_outcome_get_leftover (self->outcome) : 0;
  ToolSummary summary = {
    .process = self->process,
    .outcome = self->outcome,
    .duration = g_get_monotonic_time () - self->started,
    .restarts = self->restarts,
    .calls = self->calls.n_made,
    .failed_calls = self->calls.n_failed,
    .status = TOOL_STATUS_OK,
  };

  if (self->crashed || self->useless || has_failed_calls (self) || self->output.write_error != 0 ||
      extension_host_process_get_state (self->process) != EXTENSION_HOST_STATE_STOPPED)
    summary.status = TOOL_STATUS_FAILED;

  self->output.summary (&self->output, &summary);
  if (self->output.write_error != 0)
    tool_error (_("Cannot write: %s"), g_strerror (self->output.write_error));
  if (leftover > 0)
    {
      tool_error (ngettext ("%u process of “%s” could not be killed",
                            "%u processes of “%s” could not be killed", leftover),
                  leftover, extension_host_process_get_name (self->process));
      tool_hint (_("It may belong to another user: --no-new-privs prevents that"));
    }

  return summary.status;
}

static gboolean
add_extensions (Run     *self,
                GError **error)
{
  self->extensions = (ToolExtensions) {
    .process = self->process,
    .output = &self->output,
    .changed = on_extension_changed,
    .owner = self,
    .none_active = self->options.calls == NULL ? on_none_active : NULL,
  };

  return self->options.extensions == NULL ||
         tool_extensions_add (&self->extensions, self->options.extensions, error);
}

/* On the bus, where other terminals find the host */

static void
on_published (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data G_GNUC_UNUSED)
{
  g_autoptr(GError) error = NULL;

  /* It works as well without a bus. */
  if (!extension_host_manager_publish_finish (EXTENSION_HOST_MANAGER (object), result, &error))
    g_debug ("not on the bus: %s", error->message);
}

/* Who watches sees the last transition, too. The manager does not wait for ever. */
static void
unpublish (Run *self)
{
  extension_host_manager_unpublish (self->manager);
  while (extension_host_manager_get_bus_name (self->manager) != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static ToolStatus
supervise (Run *self)
{
  g_autoptr(GError) error = NULL;
  ExtensionHostProcess *process = NULL;

  self->manager = extension_host_manager_new ();
  process = extension_host_manager_add (self->manager, self->options.spec, &error);
  if (process == NULL)
    {
      tool_error ("%s", error->message);
      return TOOL_STATUS_USAGE;
    }

  self->process = g_object_ref (process);
  if (!add_extensions (self, &error))
    {
      tool_error ("%s", error->message);
      return TOOL_STATUS_USAGE;
    }

  g_signal_connect (process, "state-changed", G_CALLBACK (on_state_changed), self);
  g_signal_connect (process, "notify::last-exit", G_CALLBACK (on_exit_noted), self);
  if (!self->options.quiet)
    {
      g_signal_connect (process, "log", G_CALLBACK (on_log), self);
      g_signal_connect (process, "notification", G_CALLBACK (on_notification), self);
    }

  self->loop = g_main_loop_new (NULL, FALSE);
  self->started = g_get_monotonic_time ();
  watch_signals (self);
  extension_host_manager_publish_async (self->manager, APP_ID, EXTENSION_HOST_ACCESS_CALL, NULL,
                                        on_published, NULL);
  extension_host_process_start_async (process, NULL, on_started, self);
  await_rest (self);
  begin_calls (self);
  g_main_loop_run (self->loop);
  unpublish (self);

  return finish (self);
}

static void
init_output (Run *self)
{
  gboolean to_stderr = self->options.calls != NULL && !self->options.json;

  if (self->options.json)
    tool_output_init_json (&self->output);
  else
    tool_output_init_text (&self->output,
                           run_options_wants_color (&self->options, to_stderr ? STDERR_FILENO
                                                                        : STDOUT_FILENO));

  /* `run --call … | jq` gets the results and nothing else. */
  if (to_stderr)
    {
      self->output.events = stderr;
      self->output.bare_results = TRUE;
    }
}

ToolStatus
tool_command_run (int    argc,
                  char **argv)
{
  g_auto(Run) self = { .loop = NULL };
  g_autoptr(GError) error = NULL;

  if (!run_options_parse (&self.options, argc, argv, &error))
    {
      tool_error ("%s", error->message);
      if (error->domain == G_OPTION_ERROR)
        tool_hint (_("“%s run --help” lists the options"), TOOL_NAME);
      else if (self.options.extensions != NULL && self.options.spec == NULL)
        tool_hint (_("Runtimes come with the command; $EXTENSION_HOST_RUNTIME_DIR names another "
                     "folder of them"));
      return TOOL_STATUS_USAGE;
    }

  init_output (&self);

  self.output.urgent_fd = -1;
  return supervise (&self);
}
