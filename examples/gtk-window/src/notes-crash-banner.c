/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-crash-banner.h"

/* Tells that a host went down, who is to blame and what comes next, until the host is back or
 * somebody took care of it. Of several hosts it tells the last. */

struct _NotesCrashBanner
{
  AdwBin parent_instance;

  GtkRevealer *revealer;
  GtkLabel *title;
  GtkLabel *details;
  GtkButton *restart;
  ExtensionHostProcess *host;   /* NULL while there is nothing to tell */
};

enum
{
  RECOVERED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (NotesCrashBanner, notes_crash_banner, ADW_TYPE_BIN)

/* Texts */

static char *
describe_culprit (ExtensionHostProcess *host,
                  ExtensionHostExit    *last_exit)
{
  const char * const *suspects = extension_host_exit_get_suspects (last_exit);
  const char *name = extension_host_process_get_name (host);
  g_autofree char *names = NULL;

  if (suspects[0] == NULL)
    return g_strdup_printf ("“%s” went down", name);
  if (suspects[1] == NULL)
    return g_strdup_printf ("Extension “%s” took “%s” down", suspects[0], name);

  names = g_strjoinv ("”, “", (char **) suspects);

  return g_strdup_printf ("One of “%s” took “%s” down", names, name);
}

static char *
describe_exit (ExtensionHostExit *last_exit)
{
  ExtensionHostReason reason = extension_host_exit_get_reason (last_exit);

  if (reason == EXTENSION_HOST_REASON_SIGNALLED || reason == EXTENSION_HOST_REASON_EXITED)
    return extension_host_exit_to_string (last_exit);

  return g_strdup (extension_host_reason_get_label (reason));
}

static char *
describe_future (ExtensionHostProcess *host)
{
  gint64 wait = extension_host_process_get_next_restart (host) - g_get_real_time ();

  if (extension_host_process_get_state (host) == EXTENSION_HOST_STATE_CRASHED)
    return g_strdup ("It failed too often to be started again by itself.");

  return g_strdup_printf ("It comes back in %.0f s.", MAX (wait, 0) / (double) G_USEC_PER_SEC);
}

/* Appearance */

static void
hide (NotesCrashBanner *self)
{
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
  if (self->host != NULL)
    g_signal_handlers_disconnect_by_data (self->host, self);
  g_clear_object (&self->host);
}

static void
on_readiness (NotesCrashBanner *self)
{
  g_autoptr(ExtensionHostProcess) host = g_object_ref (self->host);

  if (extension_host_process_get_readiness (host) != EXTENSION_HOST_READINESS_READY)
    return;

  hide (self);
  g_signal_emit (self, signals[RECOVERED], 0, host);
}

static void
show (NotesCrashBanner     *self,
      ExtensionHostProcess *host)
{
  g_autoptr(ExtensionHostExit) last_exit =
    extension_host_exit_ref (extension_host_process_get_last_exit (host));
  g_autofree char *culprit = describe_culprit (host, last_exit);
  g_autofree char *what = describe_exit (last_exit);
  g_autofree char *future = describe_future (host);
  g_autofree char *details =
    g_strdup_printf ("%c%s. %s", g_ascii_toupper (what[0]), what + 1, future);

  hide (self);
  self->host = g_object_ref (host);
  g_signal_connect_object (host, "notify::readiness", G_CALLBACK (on_readiness), self,
                           G_CONNECT_SWAPPED);
  gtk_label_set_label (self->title, culprit);
  gtk_label_set_label (self->details, details);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->restart), "s",
                                    extension_host_process_get_id (host));
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
}

static void
on_state_changed (ExtensionHostManager    *manager G_GNUC_UNUSED,
                  ExtensionHostProcess    *host,
                  ExtensionHostTransition *transition,
                  NotesCrashBanner        *self)
{
  switch (extension_host_transition_get_new (transition))
    {
    case EXTENSION_HOST_STATE_RESTARTING:
    case EXTENSION_HOST_STATE_CRASHED:
      show (self, host);
      break;
    case EXTENSION_HOST_STATE_STOPPING:
    case EXTENSION_HOST_STATE_STOPPED:
      if (host == self->host)
        hide (self);
      break;
    case EXTENSION_HOST_STATE_STARTING:
    case EXTENSION_HOST_STATE_RUNNING:
    case EXTENSION_HOST_STATE_UNHEALTHY:
    default:
      break;
    }
}

static void
notes_crash_banner_dispose (GObject *object)
{
  NotesCrashBanner *self = NOTES_CRASH_BANNER (object);

  if (self->host != NULL)
    g_signal_handlers_disconnect_by_data (self->host, self);
  g_clear_object (&self->host);

  G_OBJECT_CLASS (notes_crash_banner_parent_class)->dispose (object);
}

static void
notes_crash_banner_class_init (NotesCrashBannerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = notes_crash_banner_dispose;

  /* The host that the banner was about is ready again. */
  signals[RECOVERED] =
    g_signal_new ("recovered",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, EXTENSION_HOST_TYPE_PROCESS);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/extensionhost/Notes/notes-crash-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, NotesCrashBanner, revealer);
  gtk_widget_class_bind_template_child (widget_class, NotesCrashBanner, title);
  gtk_widget_class_bind_template_child (widget_class, NotesCrashBanner, details);
  gtk_widget_class_bind_template_child (widget_class, NotesCrashBanner, restart);
}

static void
notes_crash_banner_init (NotesCrashBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
notes_crash_banner_watch (NotesCrashBanner     *self,
                          ExtensionHostManager *manager)
{
  g_signal_connect_object (manager, "state-changed", G_CALLBACK (on_state_changed), self, 0);
}
