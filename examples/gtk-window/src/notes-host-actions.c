/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-host-actions.h"

#include "notes-hosts.h"

/* What can be done with a host, as actions whose target is its id: buttons and menus name them,
 * and the application offers them on the session bus.
 *
 * Nobody waits for the results: the state of the host tells, and the window shows it. */

#define FLOOD_SECONDS 5

static ExtensionHostProcess *
find_host (ExtensionHostManager *manager,
           GVariant             *id)
{
  return extension_host_manager_lookup (manager, g_variant_get_string (id, NULL));
}

static void
tell_refusal (GError *error)
{
  if (error != NULL)
    g_message ("%s", error->message);
}

static void
start_host (GSimpleAction *action G_GNUC_UNUSED,
            GVariant      *id,
            gpointer       manager)
{
  ExtensionHostProcess *host = find_host (manager, id);
  g_autoptr(GError) error = NULL;

  if (host != NULL)
    extension_host_process_start (host, &error);
  tell_refusal (error);
}

static void
stop_host (GSimpleAction *action G_GNUC_UNUSED,
           GVariant      *id,
           gpointer       manager)
{
  ExtensionHostProcess *host = find_host (manager, id);

  if (host != NULL)
    extension_host_process_stop_async (host, NULL, NULL, NULL);
}

static void
restart_host (GSimpleAction *action G_GNUC_UNUSED,
              GVariant      *id,
              gpointer       manager)
{
  ExtensionHostProcess *host = find_host (manager, id);

  if (host != NULL)
    extension_host_process_restart_async (host, NULL, NULL, NULL);
}

static void
quarantine_host (GSimpleAction *action G_GNUC_UNUSED,
                 GVariant      *id,
                 gpointer       manager)
{
  ExtensionHostProcess *host = find_host (manager, id);
  g_autoptr(GError) error = NULL;

  if (host != NULL)
    extension_host_process_quarantine (host, &error);
  tell_refusal (error);
}

/* Let go, it is wanted again. */
static void
release_host (GSimpleAction *action G_GNUC_UNUSED,
              GVariant      *id,
              gpointer       manager)
{
  ExtensionHostProcess *host = find_host (manager, id);
  g_autoptr(GError) error = NULL;

  if (host != NULL && extension_host_process_release (host, &error))
    extension_host_process_start (host, &error);
  tell_refusal (error);
}

/* Trouble */

static void
on_trouble_over (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data G_GNUC_UNUSED)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer =
    extension_host_extension_call_finish (EXTENSION_HOST_EXTENSION (object), result, &error);

  /* That it took the host along is what was asked for. */
  if (answer == NULL &&
      !g_error_matches (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED))
    tell_refusal (error);
}

/* The name of the command is the target: crash, hang, flood. */
static void
make_trouble (GSimpleAction *action G_GNUC_UNUSED,
              GVariant      *command,
              gpointer       manager)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr(JsonNode) arguments = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "seconds");
  json_builder_add_int_value (builder, FLOOD_SECONDS);
  json_builder_end_object (builder);
  arguments = json_builder_get_root (builder);

  extension_host_extension_call_async (notes_hosts_get_extension (manager, NOTES_HOST_PLAYGROUND),
                                       g_variant_get_string (command, NULL), arguments, 0, NULL,
                                       on_trouble_over, NULL);
}

static const GActionEntry entries[] = {
  { "start-host", start_host, "s", NULL, NULL, { 0 } },
  { "stop-host", stop_host, "s", NULL, NULL, { 0 } },
  { "restart-host", restart_host, "s", NULL, NULL, { 0 } },
  { "quarantine-host", quarantine_host, "s", NULL, NULL, { 0 } },
  { "release-host", release_host, "s", NULL, NULL, { 0 } },
  { "trouble", make_trouble, "s", NULL, NULL, { 0 } },
};

/* The manager has to live as long as the map. */
void
notes_host_actions_add (GActionMap           *map,
                        ExtensionHostManager *manager)
{
  g_action_map_add_action_entries (map, entries, G_N_ELEMENTS (entries), manager);
}
