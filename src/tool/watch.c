/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "watch.h"

#include <glib/gi18n.h>

#include "facts.h"
#include "message.h"

#define BUS_NAME "org.freedesktop.DBus"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/* An application from the first sign of it on. Until it has said what hosts it has, its signals are
 * no news: it sends them and its answer in order, so that the answer knows all that they tell. */
typedef struct
{
  ToolWatch *watch;
  ToolApplication *application;
  GCancellable *cancellable;      /* the question; NULL once it was answered */
  GSource *impatience;            /* NULL once it was answered, or that it was not was told */
  gboolean known;
} Watched;

static void ask (Watched *self);

static void
stop_asking (Watched *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->impatience != NULL)
    g_source_destroy (self->impatience);
  g_clear_pointer (&self->impatience, g_source_unref);
}

static void
watched_free (gpointer data)
{
  Watched *self = data;

  stop_asking (self);
  tool_application_free (self->application);
  g_free (self);
}

static Watched *
find_watched (ToolWatch  *self,
              const char *owner)
{
  for (guint i = 0; i < self->watched->len; i++)
    {
      Watched *watched = g_ptr_array_index (self->watched, i);

      if (g_str_equal (watched->application->owner, owner))
        return watched;
    }

  return NULL;
}

/* One that is known, of an application that is: NULL for all others */
static ToolHost *
find_host (ToolWatch  *self,
           const char *owner,
           const char *path)
{
  Watched *watched = find_watched (self, owner);

  return watched != NULL && watched->known ? tool_application_lookup (watched->application, path)
                                           : NULL;
}

/* Applications come and go */

static void
on_asked (ToolApplication *application,
          gpointer         user_data)
{
  Watched *self = user_data;
  ToolWatch *watch = self->watch;

  stop_asking (self);
  if (application->error != NULL)
    {
      /* It may have left, which is told elsewhere, or not be done yet. */
      g_clear_error (&application->error);
      return;
    }

  self->known = TRUE;
  watch->watcher->application_added (application, watch->owner);
  for (guint i = 0; i < application->hosts->len; i++)
    watch->watcher->host_added (g_ptr_array_index (application->hosts, i), watch->owner);
}

static gboolean
on_impatient (gpointer user_data)
{
  Watched *self = user_data;

  g_clear_pointer (&self->impatience, g_source_unref);
  tool_warning (_("“%s” (process %u) did not answer within %d s: it may be stopped or busy"),
                self->application->address, self->application->pid, TOOL_ANSWER_MS / 1000);

  return G_SOURCE_REMOVE;
}

/* As long as it takes: one that is stopped may go on. */
static void
ask (Watched *self)
{
  self->cancellable = g_cancellable_new ();
  self->impatience = g_timeout_source_new (TOOL_ANSWER_MS);
  g_source_set_static_name (self->impatience, "[extension-host] impatience");
  g_source_set_callback (self->impatience, on_impatient, self, NULL);
  g_source_attach (self->impatience, NULL);
  tool_application_ask (self->application, self->watch->bus->connection, G_MAXINT,
                        self->cancellable, on_asked, self);
}

static void
add_application (ToolWatch       *self,
                 ToolApplication *application)
{
  Watched *watched = g_new0 (Watched, 1);

  watched->watch = self;
  watched->application = application;
  g_ptr_array_add (self->watched, watched);
  ask (watched);
}

static void
remove_application (ToolWatch *self,
                    Watched   *watched)
{
  gboolean known = watched->known;

  watched->known = FALSE;
  for (guint i = 0; known && i < watched->application->hosts->len; i++)
    self->watcher->host_removed (g_ptr_array_index (watched->application->hosts, i), self->owner);
  if (known)
    self->watcher->application_removed (watched->application, self->owner);
  g_ptr_array_remove (self->watched, watched);
}

static void
on_owner_changed (GDBusConnection *connection,
                  const char      *sender,
                  const char      *path,
                  const char      *interface,
                  const char      *signal,
                  GVariant        *arguments,
                  gpointer         user_data)
{
  ToolWatch *self = user_data;
  Watched *watched = NULL;
  const char *name = NULL;
  const char *old_owner = NULL;
  const char *new_owner = NULL;

  g_variant_get (arguments, "(&s&s&s)", &name, &old_owner, &new_owner);
  if (!tool_is_application (name))
    return;

  watched = find_watched (self, old_owner);
  if (watched != NULL)
    remove_application (self, watched);

  if (new_owner[0] != '\0' && find_watched (self, new_owner) == NULL)
    {
      ToolApplication *application = tool_application_new (name, new_owner);

      application->pid = tool_bus_get_pid (self->bus, new_owner);
      add_application (self, application);
    }
}

/* So do hosts */

static void
on_added (GDBusConnection *connection,
          const char      *sender,
          const char      *path,
          const char      *interface,
          const char      *signal,
          GVariant        *arguments,
          gpointer         user_data)
{
  ToolWatch *self = user_data;
  Watched *watched = find_watched (self, sender);
  g_autoptr(GVariant) interfaces = NULL;
  g_autoptr(GVariant) properties = NULL;
  const char *object = NULL;

  if (watched == NULL || !g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(oa{sa{sv}})")))
    return;

  /* It had nothing to show when it was asked, and has now. */
  if (!watched->known)
    {
      if (watched->cancellable == NULL)
        ask (watched);
      return;
    }

  g_variant_get (arguments, "(&o@a{sa{sv}})", &object, &interfaces);
  properties = g_variant_lookup_value (interfaces, TOOL_HOST_INTERFACE, G_VARIANT_TYPE_VARDICT);
  if (properties != NULL && tool_application_lookup (watched->application, object) == NULL)
    self->watcher->host_added (tool_application_add (watched->application, object, properties),
                               self->owner);
}

static void
on_removed (GDBusConnection *connection,
            const char      *sender,
            const char      *path,
            const char      *interface,
            const char      *signal,
            GVariant        *arguments,
            gpointer         user_data)
{
  ToolWatch *self = user_data;
  const char *object = NULL;
  ToolHost *host = NULL;

  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(oas)")))
    return;

  g_variant_get (arguments, "(&oas)", &object, NULL);
  host = find_host (self, sender, object);
  if (host == NULL)
    return;

  self->watcher->host_removed (host, self->owner);
  tool_application_remove (host->application, host);
}

/* What happens to them */

/* The signal says neither when nor with which process, but the properties do, which come before it. */
static GVariant *
complete (ToolHost *host,
          GVariant *arguments)
{
  GVariantDict dict;
  const char *words[4] = { NULL, };
  guint64 generation = 0;
  guint64 sequence = 0;
  gint64 time = tool_facts_get_number (host->facts, "state-since", 0);

  g_variant_get (arguments, "(&s&s&s&stt)", &words[0], &words[1], &words[2], &words[3],
                 &generation, &sequence);
  if (time == 0 || !g_str_equal (tool_facts_get_text (host->facts, "state"), words[1]))
    time = g_get_real_time ();

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "old", "s", words[0]);
  g_variant_dict_insert (&dict, "new", "s", words[1]);
  g_variant_dict_insert (&dict, "reason", "s", words[2]);
  g_variant_dict_insert (&dict, "detail", "s", words[3]);
  g_variant_dict_insert (&dict, "generation", "t", generation);
  g_variant_dict_insert (&dict, "sequence", "t", sequence);
  g_variant_dict_insert (&dict, "time", "t", (guint64) time);
  g_variant_dict_insert (&dict, "pid", "u",
                         (guint) tool_facts_get_number (host->facts, "pid", 0));

  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
on_state_changed (GDBusConnection *connection,
                  const char      *sender,
                  const char      *path,
                  const char      *interface,
                  const char      *signal,
                  GVariant        *arguments,
                  gpointer         user_data)
{
  ToolWatch *self = user_data;
  ToolHost *host = find_host (self, sender, path);
  g_autoptr(GVariant) transition = NULL;
  gint64 sequence;

  if (host == NULL || !g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(sssstt)")))
    return;

  transition = complete (host, arguments);
  sequence = tool_facts_get_number (transition, "sequence", 0);
  if (sequence <= host->sequence)
    return;   /* known with the host itself */

  if (sequence > host->sequence + 1)
    tool_warning (_("“%s” has not told of all its changes"), host->id);
  host->sequence = sequence;
  self->watcher->transition (host, transition, self->owner);
}

static gboolean
has_extension (GVariant   *extensions,
               const char *id,
               const char *state)
{
  GVariantIter iter;
  const char *each_id = NULL;
  const char *each_state = NULL;

  if (extensions == NULL)
    return FALSE;

  g_variant_iter_init (&iter, extensions);
  while (g_variant_iter_next (&iter, "(&s&s&s)", &each_id, &each_state, NULL))
    {
      if (g_str_equal (each_id, id) && g_str_equal (each_state, state))
        return TRUE;
    }

  return FALSE;
}

static void
tell_extensions (ToolWatch *self,
                 ToolHost  *host,
                 GVariant  *before)
{
  g_autoptr(GVariant) extensions = tool_facts_get (host->facts, "extensions", "a(sss)");
  GVariantIter iter;
  const char *id = NULL;
  const char *state = NULL;
  const char *error = NULL;

  if (extensions == NULL)
    return;

  g_variant_iter_init (&iter, extensions);
  while (g_variant_iter_next (&iter, "(&s&s&s)", &id, &state, &error))
    {
      if (!has_extension (before, id, state))
        self->watcher->extension (host, id, state, error, self->owner);
    }
}

static void
on_properties_changed (GDBusConnection *connection,
                       const char      *sender,
                       const char      *path,
                       const char      *interface,
                       const char      *signal,
                       GVariant        *arguments,
                       gpointer         user_data)
{
  ToolWatch *self = user_data;
  ToolHost *host = find_host (self, sender, path);
  g_autoptr(GVariant) properties = NULL;
  g_autoptr(GVariant) extensions = NULL;
  g_autoptr(GVariant) last_exit = NULL;

  if (host == NULL || !g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;

  extensions = tool_facts_get (host->facts, "extensions", "a(sss)");
  properties = g_variant_get_child_value (arguments, 1);
  tool_host_update (host, properties);

  last_exit = tool_facts_get (properties, "LastExit", "a{sv}");
  if (last_exit != NULL && g_variant_n_children (last_exit) > 0)
    self->watcher->exit (host, last_exit, self->owner);
  tell_extensions (self, host, extensions);
}

static void
on_log (GDBusConnection *connection,
        const char      *sender,
        const char      *path,
        const char      *interface,
        const char      *signal,
        GVariant        *arguments,
        gpointer         user_data)
{
  ToolWatch *self = user_data;
  ToolHost *host = find_host (self, sender, path);
  const char *stream = NULL;
  const char *line = NULL;

  if (host == NULL || !g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(ss)")))
    return;

  g_variant_get (arguments, "(&s&s)", &stream, &line);
  self->watcher->log (host, stream, line, self->owner);
}

static void
on_health (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *signal,
           GVariant        *arguments,
           gpointer         user_data)
{
  ToolWatch *self = user_data;
  ToolHost *host = find_host (self, sender, path);
  g_autoptr(GVariant) health = NULL;

  if (host == NULL || !g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(a{sv})")))
    return;

  health = g_variant_get_child_value (arguments, 0);
  self->watcher->health (host, health, self->owner);
}

static void
subscribe (ToolWatch           *self,
           const char          *sender,
           const char          *interface,
           const char          *signal,
           const char          *path,
           const char          *first,
           GDBusSignalCallback  callback)
{
  guint id = g_dbus_connection_signal_subscribe (self->bus->connection, sender, interface, signal,
                                                 path, first, G_DBUS_SIGNAL_FLAGS_NONE, callback,
                                                 self, NULL);

  g_array_append_val (self->subscriptions, id);
}

static void
subscribe_all (ToolWatch *self,
               gboolean   log,
               gboolean   health)
{
  subscribe (self, BUS_NAME, BUS_NAME, "NameOwnerChanged", "/org/freedesktop/DBus", NULL,
             on_owner_changed);
  subscribe (self, NULL, OBJECT_MANAGER, "InterfacesAdded", TOOL_MANAGER_PATH, NULL, on_added);
  subscribe (self, NULL, OBJECT_MANAGER, "InterfacesRemoved", TOOL_MANAGER_PATH, NULL,
             on_removed);
  subscribe (self, NULL, "org.freedesktop.DBus.Properties", "PropertiesChanged", NULL,
             TOOL_HOST_INTERFACE, on_properties_changed);
  subscribe (self, NULL, TOOL_HOST_INTERFACE, "StateChanged", NULL, NULL, on_state_changed);
  if (log)
    subscribe (self, NULL, TOOL_HOST_INTERFACE, "Log", NULL, NULL, on_log);
  if (health)
    subscribe (self, NULL, TOOL_HOST_INTERFACE, "HealthChecked", NULL, NULL, on_health);
}

/* It listens before it asks what is there, so that nothing can happen unseen in between. Returns:
 * FALSE once it told why not */
gboolean
tool_watch_begin (ToolWatch         *self,
                  ToolBus           *bus,
                  const ToolWatcher *watcher,
                  gboolean           log,
                  gboolean           health,
                  gpointer           owner)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) applications = NULL;

  self->bus = bus;
  self->watcher = watcher;
  self->owner = owner;
  self->watched = g_ptr_array_new_with_free_func (watched_free);
  self->subscriptions = g_array_new (FALSE, FALSE, sizeof (guint));

  subscribe_all (self, log, health);
  applications = tool_bus_list (bus, &error);
  if (applications == NULL)
    {
      tool_error (_("The session bus does not answer: %s"), error->message);
      return FALSE;
    }

  while (applications->len > 0)
    add_application (self, g_ptr_array_steal_index (applications, 0));

  return TRUE;
}

/* How many applications are there. */
guint
tool_watch_count (ToolWatch *self)
{
  return self->watched->len;
}

void
tool_watch_end (ToolWatch *self)
{
  for (guint i = 0; self->subscriptions != NULL && i < self->subscriptions->len; i++)
    g_dbus_connection_signal_unsubscribe (self->bus->connection,
                                          g_array_index (self->subscriptions, guint, i));
  g_clear_pointer (&self->subscriptions, g_array_unref);
  g_clear_pointer (&self->watched, g_ptr_array_unref);
}
