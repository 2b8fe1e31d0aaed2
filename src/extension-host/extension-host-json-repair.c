/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-json-repair-private.h"

#define REPLACEMENT "\357\277\275"
#define REPLACEMENT_ESCAPE "\\ufffd"

guint
extension_host_json_sequence (const char *text,
                              const char *end,
                              gboolean   *is_valid)
{
  const guchar *p = (const guchar *) text;
  guint n_more = *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
  guchar low = 0x80;
  guchar high = 0xbf;

  *is_valid = FALSE;
  if (*p < 0xc2 || *p > 0xf4)
    return 1;

  /* The second byte tells overlong forms, surrogates and what lies above U+10FFFF. */
  if (*p == 0xe0)
    low = 0xa0;
  else if (*p == 0xed)
    high = 0x9f;
  else if (*p == 0xf0)
    low = 0x90;
  else if (*p == 0xf4)
    high = 0x8f;

  for (guint i = 1; i <= n_more; i++)
    {
      if (text + i >= end || p[i] < low || p[i] > high)
        return i;
      low = 0x80;
      high = 0xbf;
    }

  *is_valid = TRUE;

  return n_more + 1;
}

static inline int
hex_digit (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;

  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The UTF-16 code unit of four hexadecimal digits, or −1. */
static int
read_code_unit (const char *text,
                const char *end)
{
  int a, b, c, d;

  if (end - text < 4)
    return -1;

  a = hex_digit (text[0]);
  b = hex_digit (text[1]);
  c = hex_digit (text[2]);
  d = hex_digit (text[3]);

  return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

int
extension_host_json_code_point (const char *text,
                                const char *end,
                                guint      *n_bytes)
{
  int high = read_code_unit (text, end);
  int low = 0;

  *n_bytes = 4;
  if (high < 0xd800 || high > 0xdbff || end - text < 6 || text[4] != '\\' || text[5] != 'u')
    return high;

  /* What stands there and is no other half is an escape, or a mistake, of its own. */
  low = read_code_unit (text + 6, end);
  if (low < 0xdc00 || low > 0xdfff)
    return high;

  *n_bytes = 10;

  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

gboolean
extension_host_json_string_equals (const char *text,
                                   gsize       length,
                                   const char *expected)
{
  const char *p = text + 1;
  const char *end = text + length - 1;

  for (; *expected != '\0'; expected++)
    {
      guint n_bytes = 0;
      int code = p < end ? *p : -1;

      if (code != '\\')
        p++;
      else if (p[1] == 'u')
        {
          code = extension_host_json_code_point (p + 2, end, &n_bytes);
          p += 2 + n_bytes;
        }
      else
        return FALSE;   /* nothing that is looked for has a character of the other escapes */

      if (code != *expected)
        return FALSE;
    }

  return p == end;
}

/* Where a copy goes. Without memory it is measured only: a repaired copy of hostile text may be
 * three times as long, and it is made once, at its size. */
typedef struct
{
  char *memory;
  gsize length;
} Copy;

static void
append (Copy       *copy,
        const char *text,
        gsize       length)
{
  if (copy->memory != NULL)
    memcpy (copy->memory + copy->length, text, length);
  copy->length += length;
}

static gboolean
is_surrogate (int code)
{
  return code >= 0xd800 && code <= 0xdfff;
}

/* An escape of valid JSON: how many bytes it has, and in @code what it stands for. */
static guint
read_escape (const char *text,
             const char *end,
             int        *code)
{
  static const char letters[] = "bfnrt";
  static const char meanings[] = "\b\f\n\r\t";
  const char *letter = NULL;
  guint n_bytes = 0;

  if (text[1] == 'u')
    {
      *code = extension_host_json_code_point (text + 2, end, &n_bytes);
      return 2 + n_bytes;
    }

  letter = strchr (letters, text[1]);
  *code = letter != NULL ? meanings[letter - letters] : text[1];

  return 2;
}

/* One character of valid JSON, raw or escaped: its length, and what to write in its stead, if
 * anything. */
static guint
look_at (const char  *text,
         const char  *end,
         const char **replacement)
{
  gboolean is_valid = TRUE;
  guint n_bytes = 1;
  int code = 0;

  *replacement = NULL;
  if (*text == '\\')
    {
      n_bytes = read_escape (text, end, &code);
      if (is_surrogate (code))
        *replacement = REPLACEMENT_ESCAPE;
    }
  else if ((guchar) *text >= 0x80)
    {
      n_bytes = extension_host_json_sequence (text, end, &is_valid);
      if (!is_valid)
        *replacement = REPLACEMENT;
    }

  return n_bytes;
}

static void
copy_repaired (Copy       *copy,
               const char *text,
               const char *end)
{
  const char *good = text;   /* begin of what is still to be copied as it is */

  while (text < end)
    {
      const char *replacement = NULL;
      guint n_bytes = look_at (text, end, &replacement);

      if (replacement != NULL)
        {
          append (copy, good, text - good);
          append (copy, replacement, strlen (replacement));
          good = text + n_bytes;
        }
      text += n_bytes;
    }
  append (copy, good, end - good);
}

char *
extension_host_json_repair (const char *text,
                            gsize       length,
                            gsize      *repaired_length)
{
  Copy measured = { NULL, 0 };
  Copy copy = { NULL, 0 };

  copy_repaired (&measured, text, text + length);
  copy.memory = g_malloc (measured.length + 1);
  copy_repaired (&copy, text, text + length);
  copy.memory[copy.length] = '\0';
  *repaired_length = copy.length;

  return copy.memory;
}

char *
extension_host_json_decode_string (const char *text,
                                   gsize       length)
{
  const char *end = text + length - 1;
  g_autoptr(GString) decoded = g_string_sized_new (length);

  text++;
  while (text < end)
    {
      gboolean is_valid = TRUE;
      guint n_bytes = 1;
      int code = 0;

      if (*text == '\\')
        {
          n_bytes = read_escape (text, end, &code);
          g_string_append_unichar (decoded, code == 0 || is_surrogate (code) ? 0xfffd : code);
          text += n_bytes;
          continue;
        }

      if ((guchar) *text >= 0x80)
        n_bytes = extension_host_json_sequence (text, end, &is_valid);
      if (is_valid)
        g_string_append_len (decoded, text, n_bytes);
      else
        g_string_append (decoded, REPLACEMENT);
      text += n_bytes;
    }

  return g_string_free (g_steal_pointer (&decoded), FALSE);
}
