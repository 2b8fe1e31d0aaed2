/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-host-row.h"

#include "notes-sparkline.h"

/* A host in the list. The template binds its labels to the properties of the host, by the
 * functions below; the diagrams get a value at each look at the health of the host. */

struct _NotesHostRow
{
  GtkListBoxRow parent_instance;

  ExtensionHostProcess *host;
  GtkButton *restart;
  GtkButton *toggle;
  GtkButton *quarantine;
  NotesSparkline *latency;
  NotesSparkline *memory;
};

enum
{
  PROP_0,
  PROP_HOST,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (NotesHostRow, notes_host_row, GTK_TYPE_LIST_BOX_ROW)

/* From properties of the host to those of widgets */

static char *
format_state (gpointer             self G_GNUC_UNUSED,
              ExtensionHostState   state,
              ExtensionHostControl control)
{
  if (control == EXTENSION_HOST_CONTROL_QUARANTINED && state == EXTENSION_HOST_STATE_STOPPED)
    return g_strdup ("Quarantined");

  return g_strdup (extension_host_state_get_label (state));
}

static char **
choose_dot_classes (gpointer           self G_GNUC_UNUSED,
                    ExtensionHostState state)
{
  const char *classes[] = { "dot", extension_host_state_to_string (state), NULL };

  return g_strdupv ((char **) classes);
}

static char *
format_latency (gpointer self G_GNUC_UNUSED,
                gint64   latency)
{
  return latency < 0 ? g_strdup ("–") : g_strdup_printf ("%.1f ms", latency / 1000.0);
}

static char *
format_memory (gpointer self G_GNUC_UNUSED,
               guint64  rss)
{
  return rss == 0 ? g_strdup ("–") : g_format_size_full (rss, G_FORMAT_SIZE_IEC_UNITS);
}

static char *
format_restarts (gpointer self G_GNUC_UNUSED,
                 guint    restarts)
{
  return g_strdup_printf (restarts == 1 ? "%u restart" : "%u restarts", restarts);
}

static char *
choose_toggle_icon (gpointer             self G_GNUC_UNUSED,
                    ExtensionHostDesired desired)
{
  return g_strdup (desired == EXTENSION_HOST_DESIRED_UP ? "media-playback-stop-symbolic"
                                                        : "media-playback-start-symbolic");
}

static const char *
name_toggle (ExtensionHostDesired desired)
{
  return desired == EXTENSION_HOST_DESIRED_UP ? "Stop" : "Start";
}

static char *
choose_toggle_tooltip (gpointer             self G_GNUC_UNUSED,
                       ExtensionHostDesired desired)
{
  return g_strdup (name_toggle (desired));
}

static char *
choose_toggle_action (gpointer             self G_GNUC_UNUSED,
                      ExtensionHostDesired desired)
{
  return g_strdup (desired == EXTENSION_HOST_DESIRED_UP ? "app.stop-host" : "app.start-host");
}

static char *
choose_quarantine_icon (gpointer             self G_GNUC_UNUSED,
                        ExtensionHostControl control)
{
  return g_strdup (control == EXTENSION_HOST_CONTROL_QUARANTINED ? "changes-allow-symbolic"
                                                                 : "changes-prevent-symbolic");
}

static const char *
name_quarantine (ExtensionHostControl control)
{
  return control == EXTENSION_HOST_CONTROL_QUARANTINED ? "Release From Quarantine" : "Quarantine";
}

static char *
choose_quarantine_tooltip (gpointer             self G_GNUC_UNUSED,
                           ExtensionHostControl control)
{
  return g_strdup (name_quarantine (control));
}

static char *
choose_quarantine_action (gpointer             self G_GNUC_UNUSED,
                          ExtensionHostControl control)
{
  return g_strdup (control == EXTENSION_HOST_CONTROL_QUARANTINED ? "app.release-host"
                                                                 : "app.quarantine-host");
}

static gboolean
may_start (gpointer             self G_GNUC_UNUSED,
           ExtensionHostControl control)
{
  return control != EXTENSION_HOST_CONTROL_QUARANTINED;
}

static void
set_accessible_label (gpointer    widget,
                      const char *label)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
}

/* For those who see neither the dot nor the icons */
static void
update_labels (NotesHostRow *self)
{
  ExtensionHostControl control = extension_host_process_get_control (self->host);
  g_autofree char *state =
    format_state (NULL, extension_host_process_get_state (self->host), control);
  g_autofree char *label =
    g_strdup_printf ("%s: %s", extension_host_process_get_name (self->host), state);

  set_accessible_label (self, label);
  set_accessible_label (self->toggle,
                        name_toggle (extension_host_process_get_desired (self->host)));
  set_accessible_label (self->quarantine, name_quarantine (control));
}

static void
on_health_checked (ExtensionHostProcess *host G_GNUC_UNUSED,
                   ExtensionHostHealth  *health,
                   NotesHostRow         *self)
{
  gint64 latency = extension_host_health_get_latency (health);

  if (latency >= 0)
    notes_sparkline_add (self->latency, latency);
  notes_sparkline_add (self->memory, extension_host_health_get_rss (health));
}

static void
set_host (NotesHostRow         *self,
          ExtensionHostProcess *host)
{
  const char *id = extension_host_process_get_id (host);
  GtkButton *buttons[] = { self->restart, self->toggle, self->quarantine };

  self->host = g_object_ref (host);
  for (gsize i = 0; i < G_N_ELEMENTS (buttons); i++)
    gtk_actionable_set_action_target (GTK_ACTIONABLE (buttons[i]), "s", id);
  g_signal_connect_object (host, "health-checked", G_CALLBACK (on_health_checked), self, 0);
  g_signal_connect_object (host, "notify::state", G_CALLBACK (update_labels), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (host, "notify::control", G_CALLBACK (update_labels), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (host, "notify::desired", G_CALLBACK (update_labels), self,
                           G_CONNECT_SWAPPED);
  update_labels (self);
}

static void
notes_host_row_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  NotesHostRow *self = NOTES_HOST_ROW (object);

  switch (prop_id)
    {
    case PROP_HOST:
      g_value_set_object (value, self->host);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
notes_host_row_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  NotesHostRow *self = NOTES_HOST_ROW (object);

  switch (prop_id)
    {
    case PROP_HOST:
      set_host (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
notes_host_row_finalize (GObject *object)
{
  g_clear_object (&NOTES_HOST_ROW (object)->host);

  G_OBJECT_CLASS (notes_host_row_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/extensionhost/Notes/notes-host-row.ui");
  gtk_widget_class_bind_template_child (widget_class, NotesHostRow, restart);
  gtk_widget_class_bind_template_child (widget_class, NotesHostRow, toggle);
  gtk_widget_class_bind_template_child (widget_class, NotesHostRow, quarantine);
  gtk_widget_class_bind_template_child (widget_class, NotesHostRow, latency);
  gtk_widget_class_bind_template_child (widget_class, NotesHostRow, memory);
  gtk_widget_class_bind_template_callback (widget_class, format_state);
  gtk_widget_class_bind_template_callback (widget_class, choose_dot_classes);
  gtk_widget_class_bind_template_callback (widget_class, format_latency);
  gtk_widget_class_bind_template_callback (widget_class, format_memory);
  gtk_widget_class_bind_template_callback (widget_class, format_restarts);
  gtk_widget_class_bind_template_callback (widget_class, choose_toggle_icon);
  gtk_widget_class_bind_template_callback (widget_class, choose_toggle_tooltip);
  gtk_widget_class_bind_template_callback (widget_class, choose_toggle_action);
  gtk_widget_class_bind_template_callback (widget_class, choose_quarantine_icon);
  gtk_widget_class_bind_template_callback (widget_class, choose_quarantine_tooltip);
  gtk_widget_class_bind_template_callback (widget_class, choose_quarantine_action);
  gtk_widget_class_bind_template_callback (widget_class, may_start);
}

static void
notes_host_row_class_init (NotesHostRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = notes_host_row_get_property;
  object_class->set_property = notes_host_row_set_property;
  object_class->finalize = notes_host_row_finalize;

  properties[PROP_HOST] =
    g_param_spec_object ("host", NULL, NULL,
                         EXTENSION_HOST_TYPE_PROCESS,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (NOTES_TYPE_SPARKLINE);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
notes_host_row_init (NotesHostRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
notes_host_row_new (ExtensionHostProcess *host)
{
  return g_object_new (NOTES_TYPE_HOST_ROW, "host", host, NULL);
}

ExtensionHostProcess *
notes_host_row_get_host (NotesHostRow *self)
{
  return self->host;
}
