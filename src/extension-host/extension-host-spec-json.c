/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-spec-check-private.h"

/* json-glib takes comments, single quotes and more for JSON and dies of deep nesting, so what a
 * spec sends to a host word for word is looked at here. Each function moves past what it knows
 * and stays at the mistake otherwise. The text is valid UTF-8 and ends with NUL. */

#define MAX_DEPTH 128

static gboolean scan_value (const char **p,
                            guint        depth);

static void
skip_space (const char **p)
{
  *p += strspn (*p, " \t\r\n");
}

static gboolean
scan_text (const char **p,
           const char  *text)
{
  if (!g_str_has_prefix (*p, text))
    return FALSE;

  *p += strlen (text);

  return TRUE;
}

/* Four hexadecimal digits, or −1. */
static int
scan_hex (const char **p)
{
  int code = 0;

  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value ((*p)[i]);

      if (digit < 0)
        return -1;
      code = code * 16 + digit;
    }
  *p += 4;

  return code;
}

/* After “\u”; a surrogate comes with its other half or not at all. */
static gboolean
scan_code (const char **p)
{
  int code = scan_hex (p);

  if (code < 0xd800 || code > 0xdfff)
    return code >= 0;
  if (code > 0xdbff || !scan_text (p, "\\u"))
    return FALSE;

  code = scan_hex (p);

  return code >= 0xdc00 && code <= 0xdfff;
}

static gboolean
scan_string (const char **p)
{
  if (!scan_text (p, "\""))
    return FALSE;

  while (**p != '"')
    {
      if ((guchar) **p < 0x20)
        return FALSE;
      if (*(*p)++ != '\\')
        continue;
      if (**p == '\0' || strchr ("\"\\/bfnrtu", **p) == NULL)
        return FALSE;
      if (*(*p)++ == 'u' && !scan_code (p))
        return FALSE;
    }
  (*p)++;

  return TRUE;
}

static gboolean
scan_digits (const char **p)
{
  gsize n = strspn (*p, "0123456789");

  *p += n;

  return n > 0;
}

static gboolean
scan_number (const char **p)
{
  if (**p == '-')
    (*p)++;

  if (**p == '0')
    (*p)++;
  else if (!scan_digits (p))
    return FALSE;

  if (scan_text (p, ".") && !scan_digits (p))
    return FALSE;

  if (**p == 'e' || **p == 'E')
    {
      (*p)++;
      if (**p == '+' || **p == '-')
        (*p)++;
      return scan_digits (p);
    }

  return TRUE;
}

static gboolean
scan_name (const char **p)
{
  if (!scan_string (p))
    return FALSE;

  skip_space (p);
  if (!scan_text (p, ":"))
    return FALSE;
  skip_space (p);

  return TRUE;
}

/* The members of an object or the elements of an array, after the bracket that opens it. */
static gboolean
scan_members (const char **p,
              const char  *end,
              guint        depth)
{
  gboolean named = *end == '}';

  skip_space (p);
  if (scan_text (p, end))
    return TRUE;

  for (;;)
    {
      skip_space (p);
      if (named && !scan_name (p))
        return FALSE;
      if (!scan_value (p, depth))
        return FALSE;
      skip_space (p);
      if (scan_text (p, end))
        return TRUE;
      if (!scan_text (p, ","))
        return FALSE;
    }
}

static gboolean
scan_value (const char **p,
            guint        depth)
{
  switch (**p)
    {
    case '{':
    case '[':
      if (depth == MAX_DEPTH)
        return FALSE;
      (*p)++;
      return scan_members (p, (*p)[-1] == '{' ? "}" : "]", depth + 1);
    case '"':
      return scan_string (p);
    case 't':
      return scan_text (p, "true");
    case 'f':
      return scan_text (p, "false");
    case 'n':
      return scan_text (p, "null");
    default:
      return scan_number (p);
    }
}

gboolean
extension_host_spec_json_is_object (const char *text,
                                    gsize      *offset)
{
  const char *p = text;
  gboolean valid = FALSE;

  if (g_utf8_validate (text, -1, &p))
    {
      p = text;
      skip_space (&p);
      valid = *p == '{' && scan_value (&p, 0);
      if (valid)
        skip_space (&p);
      valid = valid && *p == '\0';
    }
  *offset = p - text;

  return valid;
}
