/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "call-words.h"

#include <string.h>

#include <glib/gi18n.h>

#include "json-line.h"

/* The JSON of “--call METHOD [JSON]” among the words of a command line. */

/* Well or badly formed; programs are not called like that. Only objects and arrays are allowed, but
 * who gives a text or a number is to be told so. */
static gboolean
looks_like_json (const char *word)
{
  const char *start = word + strspn (word, " \t\r\n");
  char *end = NULL;

  if (*start == '\0' || strchr ("{[\"", *start) != NULL)
    return TRUE;

  g_ascii_strtod (start, &end);

  return *end == '\0' && (g_ascii_isdigit (*start) || *start == '-');
}

/* Whether the first of the words that are left is what is called with: it must stand right behind
 * the last “--call METHOD” or “--call=METHOD” of the original ones. */
gboolean
tool_call_has_params (const ToolCall *self,
                      GStrv           original,
                      char           *rest[])
{
  guint place = g_strv_length (original) - g_strv_length (rest);
  g_autofree char *joined = g_strconcat ("--call=", self->method, NULL);

  if (rest[0] == NULL || !looks_like_json (rest[0]))
    return FALSE;
  if (place >= 2 && g_str_equal (original[place - 1], joined))
    return TRUE;

  return place >= 3 && g_str_equal (original[place - 1], self->method) &&
         g_str_equal (original[place - 2], "--call");
}

gboolean
tool_call_take_params (ToolCall  *self,
                       char      *rest[],
                       GError   **error)
{
  g_autoptr(GError) problem = NULL;

  self->params = rest[0];
  for (guint i = 0; rest[i] != NULL; i++)
    rest[i] = rest[i + 1];

  if (tool_check_params (self->params, &problem))
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--call %s: %s", self->method,
               problem->message);

  return FALSE;
}

/* What a call can be written as on a line: one word, and none that is taken for something else. */
gboolean
tool_check_method (const char  *method,
                   GError     **error)
{
  if (method[0] != '\0' && strchr ("-!{[\"", method[0]) == NULL &&
      strpbrk (method, " \t\r\n") == NULL && g_utf8_validate (method, -1, NULL))
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _("“%s” is no method: expected METHOD [JSON], such as: add '[1, 2]'"), method);

  return FALSE;
}
