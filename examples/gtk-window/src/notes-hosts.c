/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-hosts.h"

/* The hosts of this application: a process for each extension, so that none can take another
 * along. */

static const struct
{
  const char *id;
  const char *name;
  const char *extension;
} hosts[] = {
  { NOTES_HOST_WORDS, "Word Count", "word-count" },
  { NOTES_HOST_PREVIEW, "Preview", "markdown" },
  { NOTES_HOST_PLAYGROUND, "Playground", "troublemaker" },
};

/* A hang is noticed after 5 s at the latest, and the diagrams have a point for each second. */
static ExtensionHostSpec *
describe_host (const char *id,
               const char *name)
{
  const char *argv[] = { RUNTIME_DIR "/extension-host-python", NULL };
  ExtensionHostSpec *spec = extension_host_spec_new (id, argv);

  g_object_set (spec,
                "name", name,
                "ready-mode", EXTENSION_HOST_READY_MODE_NOTIFICATION,
                "health-interval", 1000,
                "health-timeout", 2000,
                "health-failures", 3,
                NULL);

  return spec;
}

static gboolean
add_host (ExtensionHostManager  *manager,
          const char            *id,
          const char            *name,
          const char            *extension,
          GError               **error)
{
  g_autoptr(ExtensionHostSpec) spec = describe_host (id, name);
  g_autofree char *path = g_strconcat (EXTENSIONS_DIR "/", extension, ".py", NULL);
  ExtensionHostProcess *host = extension_host_manager_add (manager, spec, error);

  return host != NULL &&
         extension_host_process_add_extension (host, extension, path, error) != NULL;
}

gboolean
notes_hosts_add (ExtensionHostManager  *manager,
                 GError               **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    if (!add_host (manager, hosts[i].id, hosts[i].name, hosts[i].extension, error))
      return FALSE;

  return TRUE;
}

/* Each has one. The host keeps it. */
ExtensionHostExtension *
notes_hosts_get_extension (ExtensionHostManager *manager,
                           const char           *host_id)
{
  ExtensionHostProcess *host = extension_host_manager_lookup (manager, host_id);
  g_autoptr(ExtensionHostExtension) extension =
    g_list_model_get_item (extension_host_process_get_extensions (host), 0);

  return extension;
}
