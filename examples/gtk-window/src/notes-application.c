/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-application.h"

#include <extension-host.h>
#include <glib-unix.h>

#include "notes-host-actions.h"
#include "notes-hosts.h"
#include "notes-window.h"

/* The application has the hosts: they are started for its window, and outlive it by as long as they
 * need to leave. Whoever wants a window meanwhile gets it when they are gone, with hosts of its
 * own: a manager that was shut down stays closed. */

#define APPLICATION_ID "org.extensionhost.Notes"
#define SHUTDOWN_MS 5000

typedef enum
{
  HOSTS_GONE,                    /* or not started yet */
  HOSTS_THERE,
  HOSTS_LEAVING,
} Hosts;

struct _NotesApplication
{
  AdwApplication parent_instance;

  ExtensionHostManager *manager; /* NULL until there are hosts */
  Hosts hosts;
  gboolean is_wanted;            /* again, while the hosts leave */
  GFile *wanted_file;            /* NULL for none */
  guint terminated;              /* source: SIGTERM */
  guint interrupted;             /* source: SIGINT */
};

G_DEFINE_FINAL_TYPE (NotesApplication, notes_application, ADW_TYPE_APPLICATION)

/* The beginning */

static void
on_published (GObject      *object,
              GAsyncResult *result,
              gpointer      data G_GNUC_UNUSED)
{
  g_autoptr(GError) error = NULL;

  /* Without a session bus it works as well. */
  if (!extension_host_manager_publish_finish (EXTENSION_HOST_MANAGER (object), result, &error))
    g_debug ("%s", error->message);
}

static void
start_hosts (NotesApplication *self)
{
  g_autoptr(ExtensionHostManager) before = g_steal_pointer (&self->manager);
  g_autoptr(GError) error = NULL;

  if (before != NULL)
    extension_host_manager_unpublish (before);   /* its place on the bus is needed */

  self->hosts = HOSTS_THERE;
  self->manager = extension_host_manager_new ();
  notes_host_actions_add (G_ACTION_MAP (self), self->manager);
  if (!notes_hosts_add (self->manager, &error) ||
      !extension_host_manager_start_all (self->manager, &error))
    g_warning ("%s", error->message);

  extension_host_manager_publish_async (self->manager, APPLICATION_ID, EXTENSION_HOST_ACCESS_STATUS,
                                        NULL, on_published, NULL);
}

static void
show_window (NotesApplication *self,
             GFile            *file)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  if (self->hosts == HOSTS_LEAVING)
    {
      self->is_wanted = TRUE;
      if (file != NULL)
        g_set_object (&self->wanted_file, file);
      return;
    }

  if (self->hosts == HOSTS_GONE)
    start_hosts (self);
  if (window == NULL)
    window = GTK_WINDOW (notes_window_new (GTK_APPLICATION (self), self->manager));
  if (file != NULL)
    notes_window_open (NOTES_WINDOW (window), file);
  gtk_window_present (window);
}

/* The end */

static void
on_shut_down (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(NotesApplication) self = user_data;
  g_autoptr(GFile) file = g_steal_pointer (&self->wanted_file);
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostShutdownReport) report =
    extension_host_manager_shutdown_finish (EXTENSION_HOST_MANAGER (object), result, &error);

  if (report == NULL)
    g_message ("%s", error->message);
  else if (!extension_host_shutdown_report_get_clean (report))
    g_message ("Not all extensions left by themselves");

  self->hosts = HOSTS_GONE;
  if (self->is_wanted)
    show_window (self, file);
  self->is_wanted = FALSE;
  g_application_release (G_APPLICATION (self));
}

static void
leave (NotesApplication *self)
{
  if (self->hosts != HOSTS_THERE)
    return;

  self->hosts = HOSTS_LEAVING;
  g_application_hold (G_APPLICATION (self));
  extension_host_manager_shutdown_async (self->manager, SHUTDOWN_MS, NULL, on_shut_down,
                                         g_object_ref (self));
}

/* Nobody waits at a dead window: it is gone already. */
static void
notes_application_window_removed (GtkApplication *application,
                                  GtkWindow      *window)
{
  leave (NOTES_APPLICATION (application));

  GTK_APPLICATION_CLASS (notes_application_parent_class)->window_removed (application, window);
}

/* For good: not even for whoever waits for the hosts to be gone. */
static void
end (NotesApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  self->is_wanted = FALSE;
  g_clear_object (&self->wanted_file);
  if (window != NULL)
    gtk_window_close (window);
}

static gboolean
on_signal (gpointer user_data)
{
  end (user_data);

  return G_SOURCE_CONTINUE;
}

/* Actions */

static void
quit (GSimpleAction *action G_GNUC_UNUSED,
      GVariant      *parameter G_GNUC_UNUSED,
      gpointer       user_data)
{
  end (user_data);
}

static void
show_about (GSimpleAction *action G_GNUC_UNUSED,
            GVariant      *parameter G_GNUC_UNUSED,
            gpointer       user_data)
{
  adw_show_about_window (gtk_application_get_active_window (user_data),
                         "application-name", "Notes",
                         "application-icon", "accessories-text-editor-symbolic",
                         "comments", "An editor whose extensions cannot take it down",
                         "license-type", GTK_LICENSE_LGPL_2_1,
                         NULL);
}

static const GActionEntry entries[] = {
  { "about", show_about, NULL, NULL, NULL, { 0 } },
  { "quit", quit, NULL, NULL, NULL, { 0 } },
};

static const struct
{
  const char *action;
  const char *accels[2];
} shortcuts[] = {
  { "app.quit", { "<Primary>q" } },
  { "win.hosts", { "F9" } },
  { "win.open", { "<Primary>o" } },
  { "win.save", { "<Primary>s" } },
  { "window.close", { "<Primary>w" } },
};

/* Class */

static void
notes_application_startup (GApplication *application)
{
  NotesApplication *self = NOTES_APPLICATION (application);

  G_APPLICATION_CLASS (notes_application_parent_class)->startup (application);

  self->terminated = g_unix_signal_add (SIGTERM, on_signal, self);
  self->interrupted = g_unix_signal_add (SIGINT, on_signal, self);
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  for (gsize i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), shortcuts[i].action,
                                           shortcuts[i].accels);
}

static void
notes_application_activate (GApplication *application)
{
  show_window (NOTES_APPLICATION (application), NULL);
}

static void
notes_application_open (GApplication  *application,
                        GFile        **files,
                        int            n_files G_GNUC_UNUSED,
                        const char    *hint G_GNUC_UNUSED)
{
  show_window (NOTES_APPLICATION (application), files[0]);
}

static void
notes_application_shutdown (GApplication *application)
{
  NotesApplication *self = NOTES_APPLICATION (application);

  g_clear_handle_id (&self->terminated, g_source_remove);
  g_clear_handle_id (&self->interrupted, g_source_remove);

  G_APPLICATION_CLASS (notes_application_parent_class)->shutdown (application);
}

static void
notes_application_finalize (GObject *object)
{
  NotesApplication *self = NOTES_APPLICATION (object);

  g_clear_object (&self->manager);
  g_clear_object (&self->wanted_file);

  G_OBJECT_CLASS (notes_application_parent_class)->finalize (object);
}

static void
notes_application_class_init (NotesApplicationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  object_class->finalize = notes_application_finalize;
  application_class->startup = notes_application_startup;
  application_class->activate = notes_application_activate;
  application_class->open = notes_application_open;
  application_class->shutdown = notes_application_shutdown;
  GTK_APPLICATION_CLASS (klass)->window_removed = notes_application_window_removed;
}

static void
notes_application_init (NotesApplication *self G_GNUC_UNUSED)
{
}

NotesApplication *
notes_application_new (void)
{
  return g_object_new (NOTES_TYPE_APPLICATION,
                       "application-id", APPLICATION_ID,
                       "flags", G_APPLICATION_HANDLES_OPEN,
                       NULL);
}
