/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-window.h"

#include "notes-crash-banner.h"
#include "notes-editor.h"
#include "notes-host-row.h"
#include "notes-hosts.h"
#include "notes-live-call.h"
#include "notes-log-view.h"
#include "notes-preview.h"

/* The window: the note and what extensions make of it, and beside it the hosts that these are
 * in. */

#define DOCUMENT "note"   /* there is one, and this is how the extensions call it */

struct _NotesWindow
{
  AdwApplicationWindow parent_instance;

  AdwWindowTitle *title;
  NotesCrashBanner *banner;
  AdwToastOverlay *toasts;
  AdwFlap *flap;
  NotesEditor *editor;
  NotesPreview *preview;
  GtkLabel *words;
  GtkListBox *hosts;
  NotesLogView *log;

  NotesLiveCall *count;
  NotesLiveCall *render;
};

G_DEFINE_FINAL_TYPE (NotesWindow, notes_window, ADW_TYPE_APPLICATION_WINDOW)

/* What extensions make of the note */

static JsonNode *
wrap_in_object (const char *member,
                const char *text)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, text);
  json_builder_end_object (builder);

  return json_builder_get_root (builder);
}

static JsonNode *
get_count_arguments (gpointer user_data G_GNUC_UNUSED)
{
  return wrap_in_object ("document", DOCUMENT);
}

static JsonNode *
get_render_arguments (gpointer user_data)
{
  NotesWindow *self = user_data;
  g_autofree char *text = notes_editor_dup_text (self->editor);

  return wrap_in_object ("text", text);
}

/* It is from an extension, and need not be what it should be. */
static JsonNode *
get_member (JsonNode   *result,
            const char *member,
            GType       type)
{
  JsonNode *node = NULL;

  if (result == NULL || !JSON_NODE_HOLDS_OBJECT (result))
    return NULL;

  node = json_object_get_member (json_node_get_object (result), member);

  return node != NULL && json_node_get_value_type (node) == type ? node : NULL;
}

static void
take_count (JsonNode *result,
            gpointer  user_data)
{
  NotesWindow *self = user_data;
  JsonNode *words = get_member (result, "words", G_TYPE_INT64);
  JsonNode *characters = get_member (result, "characters", G_TYPE_INT64);
  g_autofree char *text = NULL;

  if (words == NULL || characters == NULL)
    text = g_strdup ("…");
  else
    text = g_strdup_printf ("%" G_GINT64_FORMAT " words, %" G_GINT64_FORMAT " characters",
                            json_node_get_int (words), json_node_get_int (characters));
  gtk_label_set_label (self->words, text);
}

/* What is there stays while the extension is away. */
static void
take_rendering (JsonNode *result,
                gpointer  user_data)
{
  NotesWindow *self = user_data;
  JsonNode *html = get_member (result, "html", G_TYPE_STRING);

  gtk_widget_set_sensitive (GTK_WIDGET (self->preview), html != NULL);
  if (html != NULL)
    notes_preview_set_html (self->preview, json_node_get_string (html));
}

static void
on_text_changed (NotesWindow *self)
{
  notes_live_call_refresh (self->count);
  notes_live_call_refresh (self->render);
}

/* What extensions ask for: the text of the note */
static void
on_document_wanted (ExtensionHostProcess    *host G_GNUC_UNUSED,
                    ExtensionHostInvocation *invocation,
                    gpointer                 user_data)
{
  GWeakRef *window = user_data;
  g_autoptr(NotesWindow) self = g_weak_ref_get (window);
  JsonNode *document = get_member (extension_host_invocation_get_params (invocation), "document",
                                   G_TYPE_STRING);

  if (self != NULL && document != NULL &&
      g_str_equal (json_node_get_string (document), DOCUMENT))
    {
      g_autofree char *text = notes_editor_dup_text (self->editor);
      g_autoptr(JsonNode) answer = wrap_in_object ("text", text);

      extension_host_invocation_return_value (invocation, answer);
    }
  else
    extension_host_invocation_return_error (invocation, -32602, "There is no such document");
}

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static void
offer_document (NotesWindow          *self,
                ExtensionHostManager *manager)
{
  GWeakRef *window = g_new0 (GWeakRef, 1);

  g_weak_ref_init (window, self);
  extension_host_manager_add_method (manager, "document/get", NULL, on_document_wanted, window,
                                     weak_ref_free);
}

/* Files */

/* The name of a file is bytes, and need not be text. */
static char *
dup_name (GFile *file)
{
  g_autofree char *name = file != NULL ? g_file_get_basename (file) : NULL;

  return name != NULL ? g_filename_display_name (name) : g_strdup ("New Note");
}

static void
show_title (NotesWindow *self)
{
  g_autofree char *name = dup_name (notes_editor_get_file (self->editor));
  gboolean modified =
    gtk_text_buffer_get_modified (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->editor)));
  g_autofree char *title = g_strconcat (modified ? "• " : "", name, NULL);

  adw_window_title_set_title (self->title, title);
}

static void
say (NotesWindow *self,
     const char  *text)
{
  g_autofree char *markup = g_markup_escape_text (text, -1);   /* it may name a file */
  AdwToast *toast = adw_toast_new (markup);

  adw_toast_set_timeout (toast, 3);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

static void
on_loaded (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(NotesWindow) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!notes_editor_load_finish (NOTES_EDITOR (object), result, &error))
    say (self, error->message);
  show_title (self);
}

void
notes_window_open (NotesWindow *self,
                   GFile       *file)
{
  notes_editor_load_async (self->editor, file, on_loaded, g_object_ref (self));
}

static void
on_saved (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(NotesWindow) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!notes_editor_save_finish (NOTES_EDITOR (object), result, &error))
    say (self, error->message);
  show_title (self);
}

static void
on_chosen (NotesWindow          *self,
           int                   response,
           GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));

  if (response == GTK_RESPONSE_ACCEPT &&
      gtk_file_chooser_get_action (GTK_FILE_CHOOSER (chooser)) == GTK_FILE_CHOOSER_ACTION_OPEN)
    notes_window_open (self, file);
  else if (response == GTK_RESPONSE_ACCEPT)
    notes_editor_save_async (self->editor, file, on_saved, g_object_ref (self));
  g_object_unref (chooser);
}

static void
choose_file (NotesWindow          *self,
             const char           *title,
             GtkFileChooserAction  action)
{
  GtkFileChooserNative *chooser =
    gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, NULL, NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chosen), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
open_file (GtkWidget  *widget,
           const char *action G_GNUC_UNUSED,
           GVariant   *parameter G_GNUC_UNUSED)
{
  choose_file (NOTES_WINDOW (widget), "Open a Note", GTK_FILE_CHOOSER_ACTION_OPEN);
}

static void
save_file (GtkWidget  *widget,
           const char *action G_GNUC_UNUSED,
           GVariant   *parameter G_GNUC_UNUSED)
{
  NotesWindow *self = NOTES_WINDOW (widget);
  GFile *file = notes_editor_get_file (self->editor);

  if (file != NULL)
    notes_editor_save_async (self->editor, file, on_saved, g_object_ref (self));
  else
    choose_file (self, "Save the Note", GTK_FILE_CHOOSER_ACTION_SAVE);
}

/* Hosts */

static GtkWidget *
create_row (gpointer item,
            gpointer data G_GNUC_UNUSED)
{
  return notes_host_row_new (item);
}

static void
on_row_selected (NotesWindow  *self,
                 NotesHostRow *row)
{
  notes_log_view_set_host (self->log, row != NULL ? notes_host_row_get_host (row) : NULL);
}

static void
on_recovered (NotesWindow          *self,
              ExtensionHostProcess *host)
{
  g_autofree char *text =
    g_strdup_printf ("“%s” is back", extension_host_process_get_name (host));

  say (self, text);
}

/* Class */

static void
notes_window_dispose (GObject *object)
{
  NotesWindow *self = NOTES_WINDOW (object);

  g_clear_pointer (&self->count, notes_live_call_end);
  g_clear_pointer (&self->render, notes_live_call_end);

  G_OBJECT_CLASS (notes_window_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/extensionhost/Notes/notes-window.ui");
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, title);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, flap);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, editor);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, preview);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, words);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, hosts);
  gtk_widget_class_bind_template_child (widget_class, NotesWindow, log);
  gtk_widget_class_bind_template_callback (widget_class, on_text_changed);
  gtk_widget_class_bind_template_callback (widget_class, show_title);
  gtk_widget_class_bind_template_callback (widget_class, on_row_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_recovered);
}

static void
notes_window_class_init (NotesWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = notes_window_dispose;

  g_type_ensure (NOTES_TYPE_CRASH_BANNER);
  g_type_ensure (NOTES_TYPE_EDITOR);
  g_type_ensure (NOTES_TYPE_LOG_VIEW);
  g_type_ensure (NOTES_TYPE_PREVIEW);
  bind_template (widget_class);
  gtk_widget_class_install_action (widget_class, "win.open", NULL, open_file);
  gtk_widget_class_install_action (widget_class, "win.save", NULL, save_file);
}

static void
notes_window_init (NotesWindow *self)
{
  g_autoptr(GPropertyAction) action = NULL;

  gtk_widget_init_template (GTK_WIDGET (self));
  action = g_property_action_new ("hosts", self->flap, "reveal-flap");
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (action));
}

static void
set_manager (NotesWindow          *self,
             ExtensionHostManager *manager)
{
  self->count = notes_live_call_new (notes_hosts_get_extension (manager, NOTES_HOST_WORDS), "count",
                                     get_count_arguments, take_count, self);
  self->render = notes_live_call_new (notes_hosts_get_extension (manager, NOTES_HOST_PREVIEW),
                                      "render", get_render_arguments, take_rendering, self);
  offer_document (self, manager);
  notes_crash_banner_watch (self->banner, manager);
  gtk_list_box_bind_model (self->hosts, G_LIST_MODEL (manager), create_row, NULL, NULL);
  gtk_list_box_select_row (self->hosts, gtk_list_box_get_row_at_index (self->hosts, 0));
  on_text_changed (self);
}

NotesWindow *
notes_window_new (GtkApplication       *application,
                  ExtensionHostManager *manager)
{
  NotesWindow *self = g_object_new (NOTES_TYPE_WINDOW, "application", application, NULL);

  set_manager (self, manager);

  return self;
}
