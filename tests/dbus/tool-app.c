/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An application that publishes its hosts, for tests of the command:
 *
 *   tool-app APP-ID ACCESS HOST…
 *
 * HOST is ID for a host that speaks JSON-RPC ($RPC_HOST), or ID=COMMAND for one that only prints. “ready”
 * on stdout says that they are on the bus, and were started. Lines on stdin: “add HOST”, “remove ID”. It
 * ends with stdin.
 */

#include <stdio.h>
#include <string.h>

#include <extension-host.h>

typedef struct
{
  ExtensionHostManager *manager;
  GMainLoop *loop;
} App;

static void
add_host (App        *self,
          const char *host)
{
  const char *equals = strchr (host, '=');
  g_autofree char *id = equals != NULL ? g_strndup (host, (gsize) (equals - host)) : g_strdup (host);
  g_autofree char *quoted = g_shell_quote (g_getenv ("RPC_HOST"));
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec = NULL;
  ExtensionHostProcess *process = NULL;

  if (!g_shell_parse_argv (equals != NULL ? equals + 1 : quoted, NULL, &argv, &error))
    g_error ("%s", error->message);

  spec = extension_host_spec_new (id, (const char * const *) argv);
  g_object_set (spec,
                "protocol", equals != NULL ? EXTENSION_HOST_PROTOCOL_NONE
                                           : EXTENSION_HOST_PROTOCOL_PLAIN,
                "exit-timeout", 100,
                "backoff-initial", 20,
                NULL);
  process = extension_host_manager_add (self->manager, spec, &error);
  if (process == NULL || !extension_host_process_start (process, &error))
    g_error ("%s", error->message);
}

static gboolean
is_starting (GListModel *hosts)
{
  for (guint i = 0; i < g_list_model_get_n_items (hosts); i++)
    {
      g_autoptr(ExtensionHostProcess) process = g_list_model_get_item (hosts, i);

      if (extension_host_process_get_state (process) == EXTENSION_HOST_STATE_STARTING)
        return TRUE;
    }

  return FALSE;
}

static void
on_published (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!extension_host_manager_publish_finish (EXTENSION_HOST_MANAGER (object), result, &error))
    g_error ("%s", error->message);

  while (is_starting (G_LIST_MODEL (object)))
    g_main_context_iteration (NULL, TRUE);
  printf ("ready\n");
  fflush (stdout);
}

static void
on_shut_down (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  App *self = user_data;

  g_main_loop_quit (self->loop);
}

static void
obey (App  *self,
      char *line)
{
  g_strchomp (line);
  if (g_str_has_prefix (line, "add "))
    add_host (self, line + strlen ("add "));
  else if (g_str_has_prefix (line, "remove "))
    extension_host_manager_remove_async (self->manager, line + strlen ("remove "), NULL, NULL, NULL);
  else
    g_error ("what is “%s”?", line);
}

static gboolean
on_input (GIOChannel   *channel,
          GIOCondition  condition,
          gpointer      user_data)
{
  App *self = user_data;
  g_autofree char *line = NULL;

  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) == G_IO_STATUS_NORMAL)
    {
      obey (self, line);
      return G_SOURCE_CONTINUE;
    }

  extension_host_manager_shutdown_async (self->manager, 1000, NULL, on_shut_down, self);

  return G_SOURCE_REMOVE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GTypeClass) levels = g_type_class_ref (EXTENSION_HOST_TYPE_ACCESS);
  g_autoptr(GIOChannel) input = g_io_channel_unix_new (0);
  App self = { NULL, };

  g_assert_cmpint (argc, >=, 3);
  self.manager = extension_host_manager_new ();
  self.loop = g_main_loop_new (NULL, FALSE);
  for (int i = 3; i < argc; i++)
    add_host (&self, argv[i]);

  extension_host_manager_publish_async (self.manager, argv[1],
                                        (ExtensionHostAccess) g_enum_get_value_by_nick (
                                          (GEnumClass *) levels, argv[2])->value,
                                        NULL, on_published, NULL);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_input, &self);
  g_main_loop_run (self.loop);

  extension_host_manager_unpublish (self.manager);
  g_main_loop_unref (self.loop);
  g_object_unref (self.manager);

  return 0;
}
