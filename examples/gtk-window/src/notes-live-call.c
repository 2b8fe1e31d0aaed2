/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-live-call.h"

/* Keeps a result up to date: calls a command of an extension whenever that is wanted, and
 * whenever the extension has come back.
 *
 * There is one call at a time. What is wanted meanwhile is one more call after it, however often
 * it was wanted: so a slow extension is never behind by more than one, and no timer has to guess
 * its pace. */

struct _NotesLiveCall
{
  GObject parent_instance;

  ExtensionHostExtension *extension;
  char *command;
  NotesArgumentsFunc get_arguments;
  NotesResultFunc take_result;
  gpointer user_data;
  GCancellable *cancellable;
  guint is_wanted : 1;
  guint is_calling : 1;
};

G_DEFINE_FINAL_TYPE (NotesLiveCall, notes_live_call, G_TYPE_OBJECT)

static void call_if_wanted (NotesLiveCall *self);

static void
on_answered (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(NotesLiveCall) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer =
    extension_host_extension_call_finish (EXTENSION_HOST_EXTENSION (object), result, &error);

  self->is_calling = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    return;

  if (answer == NULL)
    g_debug ("%s", error->message);
  self->take_result (answer, self->user_data);
  call_if_wanted (self);
}

static void
call_if_wanted (NotesLiveCall *self)
{
  g_autoptr(JsonNode) arguments = NULL;

  if (!self->is_wanted || self->is_calling ||
      extension_host_extension_get_state (self->extension) != EXTENSION_HOST_EXTENSION_STATE_ACTIVE)
    return;

  self->is_wanted = FALSE;
  self->is_calling = TRUE;
  arguments = self->get_arguments (self->user_data);
  extension_host_extension_call_async (self->extension, self->command, arguments, 0,
                                       self->cancellable, on_answered, g_object_ref (self));
}

static void
on_state (NotesLiveCall *self)
{
  if (extension_host_extension_get_state (self->extension) == EXTENSION_HOST_EXTENSION_STATE_ACTIVE)
    notes_live_call_refresh (self);
  else
    self->take_result (NULL, self->user_data);
}

static void
notes_live_call_dispose (GObject *object)
{
  NotesLiveCall *self = NOTES_LIVE_CALL (object);

  g_clear_object (&self->extension);

  G_OBJECT_CLASS (notes_live_call_parent_class)->dispose (object);
}

static void
notes_live_call_finalize (GObject *object)
{
  NotesLiveCall *self = NOTES_LIVE_CALL (object);

  g_free (self->command);
  g_object_unref (self->cancellable);

  G_OBJECT_CLASS (notes_live_call_parent_class)->finalize (object);
}

static void
notes_live_call_class_init (NotesLiveCallClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = notes_live_call_dispose;
  object_class->finalize = notes_live_call_finalize;
}

static void
notes_live_call_init (NotesLiveCall *self)
{
  self->cancellable = g_cancellable_new ();
}

NotesLiveCall *
notes_live_call_new (ExtensionHostExtension *extension,
                     const char             *command,
                     NotesArgumentsFunc      get_arguments,
                     NotesResultFunc         take_result,
                     gpointer                user_data)
{
  NotesLiveCall *self = g_object_new (NOTES_TYPE_LIVE_CALL, NULL);

  self->extension = g_object_ref (extension);
  self->command = g_strdup (command);
  self->get_arguments = get_arguments;
  self->take_result = take_result;
  self->user_data = user_data;
  g_signal_connect_object (extension, "notify::state", G_CALLBACK (on_state), self,
                           G_CONNECT_SWAPPED);

  return self;
}

void
notes_live_call_refresh (NotesLiveCall *self)
{
  self->is_wanted = TRUE;
  call_if_wanted (self);
}

/* Whoever goes away says so before: nothing of what it gave is called any more. */
void
notes_live_call_end (NotesLiveCall *self)
{
  g_signal_handlers_disconnect_by_data (self->extension, self);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self);
}
