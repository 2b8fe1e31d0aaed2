/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Run: cc -o call examples/c/call.c $(pkg-config --cflags --libs extension-host-1) &&
 *      ./call python3 examples/hosts/echo.py
 *
 * Two calls that take too long: one has a deadline, the other is cancelled. That harms neither the
 * host nor the next call. */

#include <locale.h>

#include <extension-host.h>

typedef struct
{
  ExtensionHostProcess *host;
  GCancellable *cancellable;
  GMainLoop *loop;
  gboolean impatient;   /* by now */
  int status;
} Program;

static void ping (Program *self);

static void
leave (Program *self,
       int      status)
{
  self->status = status;
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

  leave (self, outcome != NULL ? 0 : 1);
}

static void
on_cancelled_call (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer = extension_host_process_call_finish (self->host, result, &error);

  if (answer != NULL)
    g_print ("sleep: done before it was cancelled\n");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_print ("sleep: cancelled, and the host was told\n");

  self->impatient = TRUE;
  ping (self);
}

static gboolean
on_second_thoughts (gpointer user_data)
{
  Program *self = user_data;

  g_cancellable_cancel (self->cancellable);

  return G_SOURCE_REMOVE;
}

static void
on_deadline (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(JsonNode) nap = json_from_string ("[1000]", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer = extension_host_process_call_finish (self->host, result, &error);

  if (answer != NULL)
    g_print ("sleep: done in time\n");
  else if (g_error_matches (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT))
    g_print ("sleep: no answer in 100 ms\n");

  extension_host_process_call_async (self->host, "sleep", nap, EXTENSION_HOST_NO_TIMEOUT,
                                     self->cancellable, on_cancelled_call, self);
  g_timeout_add (100, on_second_thoughts, self);
}

static void
on_pong (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(JsonNode) nap = json_from_string ("[1000]", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) answer = extension_host_process_call_bytes_finish (self->host, result, &error);

  /* Text in, text out: for those who pass it on, or parse it with something else than json-glib. */
  if (answer != NULL)
    g_print ("ping: %.*s\n", (int) g_bytes_get_size (answer),
             (const char *) g_bytes_get_data (answer, NULL));
  else
    g_printerr ("call: %s\n", error->message);

  if (answer == NULL || self->impatient)
    extension_host_process_stop_async (self->host, NULL, on_stopped, self);
  else
    extension_host_process_call_async (self->host, "sleep", nap, 100, NULL, on_deadline, self);
}

static void
ping (Program *self)
{
  extension_host_process_call_bytes_async (self->host, "ping", NULL, 0, NULL, on_pong, self);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!extension_host_process_start_finish (self->host, result, &error))
    {
      g_printerr ("call: %s\n", error->message);
      leave (self, 1);
      return;
    }

  /* A deadline runs from the moment of the call, and this host takes its time until it listens. */
  ping (self);
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
  self.cancellable = g_cancellable_new ();
  self.loop = g_main_loop_new (NULL, FALSE);

  extension_host_process_start_async (self.host, NULL, on_started, &self);
  g_main_loop_run (self.loop);

  g_clear_object (&self.host);
  g_object_unref (self.cancellable);
  g_main_loop_unref (self.loop);
  return self.status;
}
