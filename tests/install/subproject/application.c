/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <extension-host.h>

/* An application with a host, which comes up and is stopped. */

static void
on_state_changed (ExtensionHostProcess    *host,
                  ExtensionHostTransition *transition,
                  GMainLoop               *loop)
{
  ExtensionHostState state = extension_host_transition_get_new (transition);

  g_print ("%s\n", extension_host_state_to_string (state));
  if (state == EXTENSION_HOST_STATE_RUNNING)
    extension_host_process_stop_async (host, NULL, NULL, NULL);
  else if (state == EXTENSION_HOST_STATE_STOPPED || state == EXTENSION_HOST_STATE_CRASHED)
    g_main_loop_quit (loop);
}

int
main (void)
{
  const char *argv[] = { "cat", NULL };
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("my-host", argv);
  g_autoptr(ExtensionHostProcess) host = NULL;
  g_autoptr(GError) error = NULL;

  g_object_set (spec, "protocol", EXTENSION_HOST_PROTOCOL_NONE, NULL);
  host = extension_host_process_new (spec);
  g_signal_connect (host, "state-changed", G_CALLBACK (on_state_changed), loop);
  if (!extension_host_process_start (host, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_main_loop_run (loop);

  return extension_host_process_get_state (host) == EXTENSION_HOST_STATE_STOPPED ? 0 : 1;
}
