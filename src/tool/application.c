/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bus.h"

#include <string.h>

#include "facts.h"

/* One application, and asking it for its hosts. */

#define SUFFIX ".ExtensionHosts"
#define INSTANCE SUFFIX ".instance"

typedef struct
{
  ToolApplication *application;
  GDBusConnection *connection;
  GCancellable *cancellable;
  gint64 deadline;                /* monotonic, µs */
  GVariant *paths;                /* of its hosts, in order */
  ToolApplicationFunc callback;
  gpointer user_data;
} Question;

static const char *
find_instance (const char *name)
{
  const char *instance = g_strrstr (name, INSTANCE);
  const char *digits = instance != NULL ? instance + strlen (INSTANCE) : "";

  return *digits != '\0' && strspn (digits, "0123456789") == strlen (digits) ? instance : NULL;
}

/* Whether hosts are to be found behind that name. */
gboolean
tool_is_application (const char *name)
{
  return name[0] != ':' && (g_str_has_suffix (name, SUFFIX) || find_instance (name) != NULL);
}

static void
host_free (gpointer data)
{
  ToolHost *self = data;

  g_free (self->path);
  g_free (self->id);
  g_variant_unref (self->facts);
  g_free (self);
}

/* NAME: one of those that tool_is_application () knows */
ToolApplication *
tool_application_new (const char *name,
                      const char *owner)
{
  ToolApplication *self = g_new0 (ToolApplication, 1);
  const char *instance = find_instance (name);

  self->name = g_strdup (name);
  self->owner = g_strdup (owner);
  self->id = g_strndup (name, instance != NULL ? (gsize) (instance - name)
                                               : strlen (name) - strlen (SUFFIX));
  self->address = g_strconcat (self->id, instance != NULL ? instance + strlen (SUFFIX) : "", NULL);
  self->hosts = g_ptr_array_new_with_free_func (host_free);

  return self;
}

void
tool_application_free (ToolApplication *self)
{
  g_free (self->name);
  g_free (self->owner);
  g_free (self->address);
  g_free (self->id);
  g_clear_pointer (&self->facts, g_variant_unref);
  g_ptr_array_unref (self->hosts);
  g_clear_error (&self->error);
  g_free (self);
}

ToolHost *
tool_application_lookup (ToolApplication *self,
                         const char      *path)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      ToolHost *host = g_ptr_array_index (self->hosts, i);

      if (g_str_equal (host->path, path))
        return host;
    }

  return NULL;
}

/* PROPERTIES are those of the interface of hosts. */
ToolHost *
tool_application_add (ToolApplication *self,
                      const char      *path,
                      GVariant        *properties)
{
  ToolHost *host = g_new0 (ToolHost, 1);

  host->application = self;
  host->path = g_strdup (path);
  host->facts = tool_facts_rename (properties);
  host->id = g_strdup (tool_facts_get_text (host->facts, "id"));
  host->sequence = tool_facts_get_number (host->facts, "sequence", 0);
  g_ptr_array_add (self->hosts, host);

  return host;
}

void
tool_application_remove (ToolApplication *self,
                         ToolHost        *host)
{
  g_ptr_array_remove (self->hosts, host);
}

/* PROPERTIES: those that have changed */
void
tool_host_update (ToolHost *self,
                  GVariant *properties)
{
  g_autoptr(GVariant) news = tool_facts_rename (properties);
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (self->facts);
  GVariantIter iter;
  const char *name = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, news);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    g_variant_dict_insert_value (&dict, name, value);

  g_variant_unref (self->facts);
  self->facts = g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* What each is, by path: looking for each of them in OBJECTS would take long if there are thousands. */
static GHashTable *
index_objects (GVariant *objects)
{
  GHashTable *by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify) g_variant_unref);
  GVariantIter iter;
  char *path = NULL;
  GVariant *interfaces = NULL;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{o@a{sa{sv}}}", &path, &interfaces))
    g_hash_table_insert (by_path, path, interfaces);

  return by_path;
}

/* Each is taken once. */
static void
take_object (ToolApplication *self,
             GHashTable      *by_path,
             const char      *path)
{
  GVariant *interfaces = g_hash_table_lookup (by_path, path);
  g_autoptr(GVariant) properties = NULL;

  if (interfaces == NULL)
    return;

  properties = g_variant_lookup_value (interfaces, TOOL_HOST_INTERFACE, G_VARIANT_TYPE_VARDICT);
  if (properties != NULL)
    tool_application_add (self, path, properties);
  g_hash_table_remove (by_path, path);
}

/* PATHS tell the order; who is not among them came up since, and follows. */
static void
take_objects (ToolApplication *self,
              GVariant        *objects,
              GVariant        *paths)
{
  g_autoptr(GHashTable) by_path = index_objects (objects);
  GVariantIter iter;
  const char *path = NULL;

  g_variant_iter_init (&iter, paths);
  while (g_variant_iter_next (&iter, "&o", &path))
    take_object (self, by_path, path);

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&oa{sa{sv}}}", &path, NULL))
    take_object (self, by_path, path);
}

static void
finish (Question *self,
        GError   *error)
{
  ToolApplication *application = self->application;
  ToolApplicationFunc callback = self->callback;
  gpointer user_data = self->user_data;
  /* An application may call its own error “cancelled”, too. */
  gboolean cancelled = self->cancellable != NULL && g_cancellable_is_cancelled (self->cancellable);

  g_clear_object (&self->connection);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->paths, g_variant_unref);
  g_free (self);

  /* Who cancelled may have freed the application. */
  if (cancelled)
    {
      g_clear_error (&error);
      return;
    }

  application->error = error;
  callback (application, user_data);
}

static void
ask (Question            *self,
     const char          *interface,
     const char          *method,
     GVariant            *arguments,
     const char          *type,
     GAsyncReadyCallback  callback)
{
  gint64 left = (self->deadline - g_get_monotonic_time ()) / 1000;

  g_dbus_connection_call (self->connection, self->application->owner, TOOL_MANAGER_PATH, interface,
                          method, arguments, G_VARIANT_TYPE (type),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, (int) CLAMP (left, 1, G_MAXINT),
                          self->cancellable, callback, self);
}

static void
on_objects (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Question *self = user_data;
  GError *error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);

  if (reply != NULL)
    {
      g_autoptr(GVariant) objects = g_variant_get_child_value (reply, 0);

      take_objects (self->application, objects, self->paths);
    }

  finish (self, error);
}

static void
on_paths (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Question *self = user_data;
  GError *error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);

  if (reply == NULL)
    {
      finish (self, error);
      return;
    }

  self->paths = g_variant_get_child_value (reply, 0);
  ask (self, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, "(a{oa{sa{sv}}})",
       on_objects);
}

static void
on_facts (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Question *self = user_data;
  GError *error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  g_autoptr(GVariant) properties = NULL;

  if (reply == NULL)
    {
      finish (self, error);
      return;
    }

  properties = g_variant_get_child_value (reply, 0);
  self->application->facts = tool_facts_rename (properties);
  ask (self, TOOL_MANAGER_INTERFACE, "ListHosts", NULL, "(ao)", on_paths);
}

/*
 * Asks it for all that there is. What hosts there are comes last: a signal that comes in before the
 * answer is known to the answer, and one that comes after it is news. CALLBACK is not called once
 * CANCELLABLE is cancelled.
 */
void
tool_application_ask (ToolApplication     *application,
                      GDBusConnection     *connection,
                      int                  timeout_ms,
                      GCancellable        *cancellable,
                      ToolApplicationFunc  callback,
                      gpointer             user_data)
{
  Question *self = g_new0 (Question, 1);

  self->application = application;
  self->connection = g_object_ref (connection);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->deadline = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  self->callback = callback;
  self->user_data = user_data;
  ask (self, "org.freedesktop.DBus.Properties", "GetAll",
       g_variant_new ("(s)", TOOL_MANAGER_INTERFACE), "(a{sv})", on_facts);
}
