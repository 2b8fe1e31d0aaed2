/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-json-scan-private.h"
#include "extension-host-message-private.h"
#include "extension-host-oversize-private.h"

/* The functions named after a place work there: each takes bytes, or changes the place, and
 * returns where it has come to. */

void
extension_host_oversize_init_line (ExtensionHostOversize *self)
{
  *self = (ExtensionHostOversize) { .place = EXTENSION_HOST_OVERSIZE_AT_START };
}

void
extension_host_oversize_init_counted (ExtensionHostOversize *self,
                                      guint64                length)
{
  extension_host_oversize_init_line (self);
  self->is_counted = TRUE;
  self->left = length;
  self->is_done = length == 0;
}

static gboolean
is_space (char c)
{
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void
keep_id (ExtensionHostOversize *self,
         const char            *bytes,
         gsize                  length)
{
  if (!self->is_id || self->id_length > sizeof self->id)
    return;

  if (length > sizeof self->id - self->id_length)
    self->id_length = sizeof self->id + 1;
  else
    {
      memcpy (self->id + self->id_length, bytes, length);
      self->id_length += length;
    }
}

/* Between the tokens of the outermost object, one byte that is no space. */
static void
between (ExtensionHostOversize      *self,
         char                        c,
         char                        expected,
         ExtensionHostOversizePlace  next)
{
  self->place = c == expected ? next : EXTENSION_HOST_OVERSIZE_PAST;
}

/* Names */

static void
add_to_name (ExtensionHostOversize *self,
             guint                  code)
{
  /* NUL stands for all that is in no name that is looked for. */
  if (self->name_length < sizeof self->name)
    self->name[self->name_length++] = code < 0x80 ? code : 0;
}

static gboolean
name_is (ExtensionHostOversize *self,
         const char            *name)
{
  return self->name_length == strlen (name) && memcmp (self->name, name, self->name_length) == 0;
}

static void
end_name (ExtensionHostOversize *self)
{
  self->is_id = name_is (self, "id");
  self->has_id = self->has_id || self->is_id;
  self->has_method = self->has_method || name_is (self, "method");
  self->has_answer = self->has_answer || name_is (self, "result") || name_is (self, "error");
  if (self->is_id)
    self->id_length = 0;   /* the last of several counts, as in the scan */
  self->place = EXTENSION_HOST_OVERSIZE_AT_COLON;
}

static void
hex_in_name (ExtensionHostOversize *self,
             char                   c)
{
  int digit = g_ascii_xdigit_value (c);

  if (digit < 0)
    self->place = EXTENSION_HOST_OVERSIZE_PAST;

  self->code = self->code << 4 | (digit & 0xf);
  if (--self->n_hex == 0)
    add_to_name (self, self->code);
}

static void
escape_in_name (ExtensionHostOversize *self,
                char                   c)
{
  self->is_escaped = FALSE;
  self->code = 0;
  if (c == 'u')
    self->n_hex = 4;
  else
    add_to_name (self, 0);   /* no name that is looked for has one of the other escapes */
}

static const char *
in_name (ExtensionHostOversize *self,
         const char            *p)
{
  if (self->n_hex > 0)
    hex_in_name (self, *p);
  else if (self->is_escaped)
    escape_in_name (self, *p);
  else if (*p == '\\')
    self->is_escaped = TRUE;
  else if (*p == '"')
    end_name (self);
  else
    add_to_name (self, (guchar) *p);

  return p + 1;
}

/* Values */

static const char *
at_value (ExtensionHostOversize *self,
          const char            *p)
{
  switch (*p)
    {
    case '"':
      self->place = EXTENSION_HOST_OVERSIZE_IN_STRING;
      break;
    case '{':
    case '[':
      self->place = EXTENSION_HOST_OVERSIZE_NESTED;
      self->depth = 1;
      return p + 1;
    case ',':
    case ':':
    case '}':
    case ']':
      self->place = EXTENSION_HOST_OVERSIZE_PAST;
      return p;
    default:
      self->place = EXTENSION_HOST_OVERSIZE_IN_SCALAR;
      break;
    }
  keep_id (self, p, 1);

  return p + 1;
}

static const char *
in_scalar (ExtensionHostOversize *self,
           const char            *p)
{
  if (is_space (*p) || *p == ',' || *p == '}')
    {
      self->place = EXTENSION_HOST_OVERSIZE_AT_COMMA;
      return p;
    }
  keep_id (self, p, 1);

  return p + 1;
}

/* A string of any place, from behind its first quote. Stops behind its last, or at the end. */
static const char *
in_string (ExtensionHostOversize      *self,
           const char                 *p,
           const char                 *end,
           ExtensionHostOversizePlace  next)
{
  while (p < end)
    {
      if (self->is_escaped)
        {
          self->is_escaped = FALSE;
          p++;
          continue;
        }

      p = extension_host_json_run (p, end);
      if (p == end)
        break;
      if (*p == '"')
        {
          self->place = next;
          return p + 1;
        }

      self->is_escaped = *p++ == '\\';
      /* A run would end at each byte of a text that is not ASCII. */
      while (p < end && (guchar) *p >= 0x80 && !self->is_escaped)
        p++;
    }

  return p;
}

static const char *
in_outer_string (ExtensionHostOversize *self,
                 const char            *p,
                 const char            *end)
{
  const char *stop = in_string (self, p, end, EXTENSION_HOST_OVERSIZE_AT_COMMA);

  keep_id (self, p, stop - p);

  return stop;
}

static const char *
nested (ExtensionHostOversize *self,
        const char            *p,
        const char            *end)
{
  while (p < end && self->depth > 0)
    {
      char c = *p++;

      if (c == '"')
        {
          self->place = EXTENSION_HOST_OVERSIZE_NESTED_STRING;
          return p;
        }
      /* { and [, } and ] differ in bit 5 only. */
      if ((c | 0x20) == '{')
        self->depth++;
      else if ((c | 0x20) == '}')
        self->depth--;
    }

  if (self->depth == 0)
    self->place = EXTENSION_HOST_OVERSIZE_AT_COMMA;

  return p;
}

/* The outermost object */

static const char *
at_name (ExtensionHostOversize *self,
         const char            *p)
{
  self->name_length = 0;
  between (self, *p, '"', EXTENSION_HOST_OVERSIZE_IN_NAME);

  return p + 1;
}

static const char *
step (ExtensionHostOversize *self,
      const char            *p,
      const char            *end)
{
  switch (self->place)
    {
    case EXTENSION_HOST_OVERSIZE_AT_START:
      between (self, *p, '{', EXTENSION_HOST_OVERSIZE_AT_NAME);
      return p + 1;
    case EXTENSION_HOST_OVERSIZE_AT_NAME:
      return at_name (self, p);
    case EXTENSION_HOST_OVERSIZE_IN_NAME:
      return in_name (self, p);
    case EXTENSION_HOST_OVERSIZE_AT_COLON:
      between (self, *p, ':', EXTENSION_HOST_OVERSIZE_AT_VALUE);
      return p + 1;
    case EXTENSION_HOST_OVERSIZE_AT_VALUE:
      return at_value (self, p);
    case EXTENSION_HOST_OVERSIZE_IN_STRING:
      return in_outer_string (self, p, end);
    case EXTENSION_HOST_OVERSIZE_IN_SCALAR:
      return in_scalar (self, p);
    case EXTENSION_HOST_OVERSIZE_AT_COMMA:
      between (self, *p, ',', EXTENSION_HOST_OVERSIZE_AT_NAME);
      return p + 1;
    case EXTENSION_HOST_OVERSIZE_NESTED:
      return nested (self, p, end);
    case EXTENSION_HOST_OVERSIZE_NESTED_STRING:
      return in_string (self, p, end, EXTENSION_HOST_OVERSIZE_NESTED);
    case EXTENSION_HOST_OVERSIZE_PAST:
    default:
      return end;
    }
}

static gboolean
skips_space (ExtensionHostOversize *self)
{
  switch (self->place)
    {
    case EXTENSION_HOST_OVERSIZE_AT_START:
    case EXTENSION_HOST_OVERSIZE_AT_NAME:
    case EXTENSION_HOST_OVERSIZE_AT_COLON:
    case EXTENSION_HOST_OVERSIZE_AT_VALUE:
    case EXTENSION_HOST_OVERSIZE_AT_COMMA:
      return TRUE;
    case EXTENSION_HOST_OVERSIZE_IN_NAME:
    case EXTENSION_HOST_OVERSIZE_IN_STRING:
    case EXTENSION_HOST_OVERSIZE_IN_SCALAR:
    case EXTENSION_HOST_OVERSIZE_NESTED:
    case EXTENSION_HOST_OVERSIZE_NESTED_STRING:
    case EXTENSION_HOST_OVERSIZE_PAST:
    default:
      return FALSE;
    }
}

static void
look_at (ExtensionHostOversize *self,
         const char            *p,
         const char            *end)
{
  while (p < end)
    {
      if (is_space (*p) && skips_space (self))
        p++;
      else
        p = step (self, p, end);
    }
}

gsize
extension_host_oversize_feed (ExtensionHostOversize *self,
                              const char            *bytes,
                              gsize                  length)
{
  const char *newline = NULL;

  if (self->is_done || length == 0)
    return 0;

  if (self->is_counted)
    {
      length = MIN (length, self->left);
      look_at (self, bytes, bytes + length);
      self->left -= length;
      self->is_done = self->left == 0;
      return length;
    }

  newline = memchr (bytes, '\n', length);
  if (newline != NULL)
    length = newline - bytes;
  look_at (self, bytes, bytes + length);
  self->is_done = newline != NULL;

  return length + (newline != NULL ? 1 : 0);
}

ExtensionHostOversizeKind
extension_host_oversize_get_kind (ExtensionHostOversize *self)
{
  if (self->has_method)
    return self->has_id ? EXTENSION_HOST_OVERSIZE_REQUEST : EXTENSION_HOST_OVERSIZE_NOTIFICATION;

  return self->has_answer ? EXTENSION_HOST_OVERSIZE_RESPONSE : EXTENSION_HOST_OVERSIZE_OTHER;
}

gint64
extension_host_oversize_get_call (ExtensionHostOversize *self)
{
  if (extension_host_oversize_get_kind (self) != EXTENSION_HOST_OVERSIZE_RESPONSE ||
      self->id_length > sizeof self->id)
    return EXTENSION_HOST_MESSAGE_NO_CALL;

  return extension_host_message_read_call (self->id, self->id_length);
}

const char *
extension_host_oversize_get_id (ExtensionHostOversize *self,
                                gsize                 *length)
{
  ExtensionHostJsonScan scan;

  /* Nobody has looked at it as JSON yet. */
  if (extension_host_oversize_get_kind (self) != EXTENSION_HOST_OVERSIZE_REQUEST ||
      self->id_length > sizeof self->id ||
      !extension_host_json_scan (&scan, self->id, self->id_length) ||
      !extension_host_message_is_request_id (self->id, self->id_length))
    return NULL;

  *length = self->id_length;

  return self->id;
}
