/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "json-line.h"

#include <string.h>

#include <glib/gi18n.h>

/*
 * Valid JSON but for its UTF-8, as hosts send it, as valid JSON on one line that may go to a
 * terminal: what JSON allows raw in strings but controls terminals (DEL and U+0080 to U+009F) is
 * written as an escape. Line breaks stand between tokens only.
 */
char *
tool_dup_json_line (GBytes *json)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (json, &length);
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);
  GString *line = g_string_sized_new (length);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n' || c == '\r')
        g_string_append_c (line, ' ');
      else if (c >= 0x7f && c <= 0x9f)
        g_string_append_printf (line, "\\u%04x", c);
      else
        g_string_append_len (line, p, g_utf8_next_char (p) - p);
    }

  return g_string_free (line, FALSE);
}

static void
on_called (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GBytes) bytes G_GNUC_UNUSED =
    extension_host_process_call_bytes_finish (EXTENSION_HOST_PROCESS (object), result, user_data);
}

/* Calls a host that was never started. */
static GError *
call_nobody (GBytes *params)
{
  const char *argv[] = { "nobody", NULL };
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(ExtensionHostSpec) spec = extension_host_spec_new ("nobody", argv);
  g_autoptr(ExtensionHostProcess) process = NULL;
  GError *error = NULL;

  g_main_context_push_thread_default (context);
  process = extension_host_process_new (spec);
  extension_host_process_call_bytes_async (process, "nothing", params, 0, NULL, on_called, &error);
  while (error == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  return error;
}

/*
 * Whether text can be the parameters of a call: valid UTF-8, an object or an array, to the letter
 * of RFC 8259. The library judges it, so that its verdict and ours cannot differ: it looks at the
 * parameters of a call before it looks for a host.
 */
gboolean
tool_check_params (const char  *text,
                   GError     **error)
{
  g_autoptr(GBytes) params = g_bytes_new_static (text, strlen (text));
  g_autoptr(GError) verdict = NULL;
  const char *end = NULL;

  if (!g_utf8_validate (text, -1, &end))
    {
      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                   /* The words of the library, and its translation of them */
                   gettext ("Parameters must be a JSON object or array: see byte %"
                            G_GSIZE_FORMAT), (gsize) (end - text));
      return FALSE;
    }

  verdict = call_nobody (params);
  if (g_error_matches (verdict, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_RUNNING))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&verdict));

  return FALSE;
}
