/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-publisher-private.h"

/* Who calls a method, why, and what it is told when that fails. */

#define MAX_WHY 1000   /* bytes */

typedef struct
{
  GDBusInterfaceSkeleton *skeleton;
  GDBusMethodInvocation *invocation;
  ExtensionHostCallerFunc func;
  gpointer data;
  GDestroyNotify drop;
} Request;

static void
request_free (Request *request)
{
  g_object_unref (request->skeleton);
  g_free (request);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

/* Takes over @invocation. */
void
extension_host_publisher_return_gone (GDBusMethodInvocation *invocation)
{
  g_dbus_method_invocation_return_error_literal (invocation, EXTENSION_HOST_ERROR,
                                                 EXTENSION_HOST_ERROR_CLOSED,
                                                 _("The host was removed meanwhile"));
}

/* NULL where there is no bus that vouches for it: a peer may write there what it likes. */
const char *
extension_host_publisher_get_sender (GDBusMethodInvocation *invocation)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);

  if (g_dbus_connection_get_unique_name (connection) == NULL)
    return NULL;

  return g_dbus_method_invocation_get_sender (invocation);
}

static void
on_pid (GObject      *object,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(Request) request = user_data;
  GDBusConnection *connection = G_DBUS_CONNECTION (object);
  g_autoptr(GVariant) reply = NULL;
  const char *sender = g_dbus_method_invocation_get_sender (request->invocation);
  g_autofree char *caller = NULL;
  guint32 pid = 0;

  /* Who has left already, and does not wait for an answer, has called all the same. */
  reply = g_dbus_connection_call_finish (connection, result, NULL);

  /* What was taken off the bus meanwhile does nothing for it any more. */
  if (!g_dbus_interface_skeleton_has_connection (request->skeleton, connection))
    {
      extension_host_publisher_return_gone (request->invocation);
      request->drop (request->data);
      return;
    }

  if (reply != NULL)
    g_variant_get (reply, "(u)", &pid);
  caller = pid != 0 ? g_strdup_printf ("%s (pid %u)", sender, pid) : g_strdup (sender);
  request->func (request->invocation, caller, request->data);
}

static void
ask_for_pid (Request      *request,
             const char   *sender,
             GMainContext *context)
{
  g_main_context_push_thread_default (context);
  g_dbus_connection_call (g_dbus_method_invocation_get_connection (request->invocation),
                          "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "GetConnectionUnixProcessID", g_variant_new ("(s)", sender),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_pid,
                          request);
  g_main_context_pop_thread_default (context);
}

/* Of a connection without a bus */
static char *
name_peer (GDBusConnection *connection)
{
  GCredentials *credentials = g_dbus_connection_get_peer_credentials (connection);
  pid_t pid = credentials != NULL ? g_credentials_get_unix_pid (credentials, NULL) : -1;

  return pid > 0 ? g_strdup_printf ("peer (pid %d)", (int) pid) : g_strdup ("peer");
}

/* Takes over @invocation and @data, which go to @func; if @skeleton is taken off the bus before, @drop frees
 * @data. Calls of the same caller are identified in the order in which they came. */
void
extension_host_publisher_identify (GDBusInterfaceSkeleton  *skeleton,
                                   GDBusMethodInvocation   *invocation,
                                   GMainContext            *context,
                                   ExtensionHostCallerFunc  func,
                                   gpointer                 data,
                                   GDestroyNotify           drop)
{
  const char *sender = extension_host_publisher_get_sender (invocation);
  g_autofree char *peer = NULL;
  Request *request = NULL;

  if (sender == NULL)
    {
      peer = name_peer (g_dbus_method_invocation_get_connection (invocation));
      func (invocation, peer, data);
      return;
    }

  request = g_new (Request, 1);
  request->skeleton = g_object_ref (skeleton);
  request->invocation = invocation;
  request->func = func;
  request->data = data;
  request->drop = drop;
  ask_for_pid (request, sender, context);
}

/* The option “reason” as one line, empty if it was not given. NULL if there is an option that makes no
 * sense. */
char *
extension_host_publisher_dup_why (GVariant  *options,
                                  GError   **error)
{
  g_autofree char *why = g_strdup ("");
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      if (!g_str_equal (key, "reason"))
        {
          g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                       _("There is no option “%s”"), key);
          g_variant_unref (value);
          return NULL;
        }
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
        {
          g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                       _("The option “%s” is a string"), key);
          g_variant_unref (value);
          return NULL;
        }
      g_free (why);
      why = g_utf8_make_valid (g_variant_get_string (value, NULL),
                               (gssize) MIN (MAX_WHY, strlen (g_variant_get_string (value, NULL))));
    }

  for (char *p = why; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';

  return g_steal_pointer (&why);
}

/* Takes over @invocation. */
void
extension_host_publisher_return_error (GDBusMethodInvocation *invocation,
                                       const GError          *error)
{
  g_autofree char *text = g_utf8_make_valid (error->message, -1);

  if (error->domain == EXTENSION_HOST_RPC_ERROR)
    {
      g_autofree char *message = g_strdup_printf ("%d: %s", error->code, text);

      g_dbus_method_invocation_return_dbus_error (invocation, "org.extensionhost.Error.Rpc",
                                                  message);
    }
  else if (error->domain == EXTENSION_HOST_ERROR || error->domain == G_DBUS_ERROR)
    {
      g_dbus_method_invocation_return_error_literal (invocation, error->domain, error->code, text);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
    {
      g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR,
                                                     G_DBUS_ERROR_INVALID_ARGS, text);
    }
  else
    {
      g_dbus_method_invocation_return_error_literal (invocation, EXTENSION_HOST_ERROR,
                                                     EXTENSION_HOST_ERROR_FAILED, text);
    }
}
