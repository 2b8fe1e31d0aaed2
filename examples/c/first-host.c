/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Run: cc -o first-host examples/c/first-host.c $(pkg-config --cflags --libs extension-host-1) &&
 *      ./first-host python3 examples/hosts/echo.py
 *
 * Starts a host, calls it twice, and stops it: each step in the callback of the one before. */

#include <locale.h>

#include <extension-host.h>

typedef struct
{
  ExtensionHostProcess *host;
  GMainLoop *loop;
  int status;
} Program;

static void
on_state_changed (ExtensionHostProcess    *host,
                  ExtensionHostTransition *transition,
                  gpointer                 user_data)
{
  g_print ("%s: %s → %s\n", extension_host_process_get_id (host),
           extension_host_state_to_string (extension_host_transition_get_old (transition)),
           extension_host_state_to_string (extension_host_transition_get_new (transition)));
}

static void
give_up (Program      *self,
         const GError *error)
{
  g_printerr ("first-host: %s\n", error->message);
  self->status = 1;
  g_main_loop_quit (self->loop);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostStopOutcome) outcome =
    extension_host_process_stop_finish (self->host, result, &error);

  if (outcome == NULL)
    {
      give_up (self, error);
      return;
    }

  g_print ("It was asked to leave, and %s\n",
           extension_host_stop_outcome_get_forced (outcome) ? "had to be killed" : "left");
  g_main_loop_quit (self->loop);
}

static void
on_subtracted (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer = extension_host_process_call_finish (self->host, result, &error);

  /* What the host refuses has a domain of its own: it is alive, and what it says can be shown. */
  if (answer != NULL)
    g_print ("It can subtract, too\n");
  else if (g_error_matches (error, EXTENSION_HOST_RPC_ERROR,
                            EXTENSION_HOST_RPC_ERROR_METHOD_NOT_FOUND))
    g_print ("It cannot subtract: %s\n", error->message);
  else
    g_printerr ("first-host: %s\n", error->message);

  extension_host_process_stop_async (self->host, NULL, on_stopped, self);
}

static void
on_added (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer = extension_host_process_call_finish (self->host, result, &error);

  if (answer == NULL)
    {
      give_up (self, error);
      return;
    }

  /* A host may answer with anything: look before reading. */
  if (JSON_NODE_HOLDS_OBJECT (answer))
    {
      JsonObject *object = json_node_get_object (answer);

      g_print ("1 + 2 + 39 = %" G_GINT64_FORMAT "\n",
               json_object_get_int_member_with_default (object, "sum", -1));
    }

  extension_host_process_call_async (self->host, "subtract", NULL, 0, NULL, on_subtracted, self);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(JsonNode) numbers = json_from_string ("[1, 2, 39]", NULL);
  g_autoptr(GError) error = NULL;

  if (extension_host_process_start_finish (self->host, result, &error))
    extension_host_process_call_async (self->host, "add", numbers, 0, NULL, on_added, self);
  else
    give_up (self, error);
}

int
main (int    argc,
      char **argv)
{
  Program self = { NULL };
  g_autoptr(ExtensionHostSpec) spec = NULL;

  setlocale (LC_ALL, "");
  if (argc < 2)
    {
      g_printerr ("Usage: %s PROGRAM [ARGUMENT…]\n", argv[0]);
      return 2;
    }

  spec = extension_host_spec_new ("echo", (const char *const *) argv + 1);
  self.host = extension_host_process_new (spec);
  self.loop = g_main_loop_new (NULL, FALSE);

  g_signal_connect (self.host, "state-changed", G_CALLBACK (on_state_changed), NULL);
  extension_host_process_start_async (self.host, NULL, on_started, &self);
  g_main_loop_run (self.loop);

  /* Dropping the last reference to a host that still runs would kill it. */
  g_clear_object (&self.host);
  g_main_loop_unref (self.loop);
  return self.status;
}
