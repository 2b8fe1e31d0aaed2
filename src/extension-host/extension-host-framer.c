/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-framer-private.h"

#define LARGE (64 * 1024)        /* bytes: such a message is handed over, and its memory not kept */
#define HEADER_MAX (8 * 1024)    /* bytes of a header block */

struct _ExtensionHostFramer
{
  const ExtensionHostFramerFuncs *funcs;
  gpointer owner;
  ExtensionHostFraming framing;
  gsize max_size;

  GString *partial;         /* begin of a frame, or of its header */
  gsize body;               /* content-length: bytes of the body still to come; 0 in the header */
  gboolean too_long;        /* the frame under way is not kept */
};

/* A single long message must not leave its memory with us for ever. */
static void
empty (GString **string)
{
  if ((*string)->allocated_len > LARGE)
    {
      g_string_free (*string, TRUE);
      *string = g_string_new (NULL);
    }
  g_string_truncate (*string, 0);
}

/* Lines */

static void
take_piece (ExtensionHostFramer *self,
            const char          *text,
            gsize                length,
            gboolean             last)
{
  self->funcs->too_long (text, length, last, self->owner);
  self->too_long = !last;
}

static void
give_up (ExtensionHostFramer *self)
{
  take_piece (self, self->partial->str, self->partial->len, FALSE);
  empty (&self->partial);
}

/* More of a frame that is not complete. From the moment that it is too long none of it is kept. */
static void
keep (ExtensionHostFramer *self,
      const char          *text,
      gsize                length)
{
  if (!self->too_long && self->partial->len + length > self->max_size)
    give_up (self);

  if (self->too_long)
    take_piece (self, text, length, FALSE);
  else
    g_string_append_len (self->partial, text, length);
}

static void
tell_message (ExtensionHostFramer *self,
              const char          *text,
              gsize                length)
{
  self->funcs->message (text, length, self->owner);
}

/* With its memory, of which there may have been twice as much as was needed. */
static void
tell_large (ExtensionHostFramer *self)
{
  gsize length = self->partial->len;
  char *text = g_string_free (g_steal_pointer (&self->partial), FALSE);
  g_autoptr(GBytes) message = g_bytes_new_take (g_realloc (text, length), length);

  self->partial = g_string_new (NULL);
  self->funcs->large (message, self->owner);
}

static void
end_frame (ExtensionHostFramer *self)
{
  if (self->too_long)
    take_piece (self, "", 0, TRUE);
  else if (self->partial->len > LARGE && self->funcs->large != NULL)
    tell_large (self);
  else
    tell_message (self, self->partial->str, self->partial->len);

  empty (&self->partial);
}

static void
split_lines (ExtensionHostFramer *self,
             const char          *text,
             gsize                length)
{
  const char *end = text + length;

  while (text < end)
    {
      const char *newline = memchr (text, '\n', end - text);
      gsize n = newline != NULL ? newline - text : end - text;

      if (newline == NULL)
        {
          keep (self, text, n);
          return;
        }

      if (self->partial->len == 0 && !self->too_long && n <= self->max_size)
        {
          tell_message (self, text, n);
        }
      else
        {
          keep (self, text, n);
          end_frame (self);
        }

      text = newline + 1;
    }
}

/* Content-length */

/* g_ascii_string_to_unsigned() alone would skip a vertical tab, which is no space for g_strstrip(). */
static gboolean
parse_length (const char *text,
              guint64    *length)
{
  return text[0] != '\0' && text[strspn (text, "0123456789")] == '\0' &&
         g_ascii_string_to_unsigned (text, 10, 0, G_MAXSSIZE, length, NULL);
}

/* FALSE if the block has no length of its body, or two that differ. Names are without case and
 * values without the space around them (Language Server Protocol, base protocol). */
static gboolean
parse_header (const char *block,
              gsize      *body)
{
  g_auto(GStrv) lines = g_strsplit (block, "\r\n", 0);
  gboolean found = FALSE;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *colon = strchr (lines[i], ':');
      guint64 value = 0;

      if (lines[i][0] == '\0')
        continue;
      if (colon == NULL)
        return FALSE;

      *colon = '\0';
      if (g_ascii_strcasecmp (g_strstrip (lines[i]), "Content-Length") != 0)
        continue;
      if (!parse_length (g_strstrip (colon + 1), &value) || (found && value != *body))
        return FALSE;

      *body = value;
      found = TRUE;
    }

  return found;
}

/* Takes bytes of a header block up to its end. Returns how many, 0 if it is none. */
static gsize
take_header (ExtensionHostFramer *self,
             const char          *text,
             gsize                length)
{
  gsize before = self->partial->len;
  gsize taken = MIN (length, HEADER_MAX + 4 - MIN (before, HEADER_MAX + 4));
  const char *end = NULL;
  gsize body = 0;

  g_string_append_len (self->partial, text, taken);
  end = memmem (self->partial->str, self->partial->len, "\r\n\r\n", 4);
  if (end == NULL)
    return self->partial->len < HEADER_MAX + 4 ? taken : 0;

  taken = end + 4 - self->partial->str - before;
  g_string_truncate (self->partial, end - self->partial->str);
  if (strlen (self->partial->str) != self->partial->len ||
      !parse_header (self->partial->str, &body))
    return 0;

  g_string_truncate (self->partial, 0);
  self->body = body;
  self->too_long = FALSE;
  if (body == 0)
    tell_message (self, "", 0);

  return taken;
}

static gsize
take_body (ExtensionHostFramer *self,
           const char          *text,
           gsize                length)
{
  gsize taken = MIN (length, self->body);

  /* What is announced as too long is not kept in part either. */
  if (!self->too_long && self->partial->len + self->body > self->max_size)
    take_piece (self, "", 0, FALSE);

  self->body -= taken;
  if (self->body == 0 && self->partial->len == 0 && !self->too_long)
    {
      tell_message (self, text, taken);
    }
  else
    {
      keep (self, text, taken);
      if (self->body == 0)
        end_frame (self);
    }

  return taken;
}

/* FALSE if what comes is no frame: there is no telling where the next one begins. */
static gboolean
split_frames (ExtensionHostFramer *self,
              const char          *text,
              gsize                length)
{
  while (length > 0)
    {
      gsize taken = self->body > 0 ? take_body (self, text, length)
                                   : take_header (self, text, length);

      if (taken == 0)
        return FALSE;
      text += taken;
      length -= taken;
    }

  return TRUE;
}

/* Both */

/* FALSE if what comes is no frame: there is no telling where the next one begins, and it must not be
 * fed any more. */
gboolean
extension_host_framer_feed (ExtensionHostFramer *self,
                            const char          *text,
                            gsize                length)
{
  if (self->framing == EXTENSION_HOST_FRAMING_CONTENT_LENGTH)
    return split_frames (self, text, length);

  split_lines (self, text, length);

  return TRUE;
}

/* Nothing more comes. The last line needs no end. */
void
extension_host_framer_end (ExtensionHostFramer *self)
{
  if (self->framing != EXTENSION_HOST_FRAMING_CONTENT_LENGTH &&
      (self->partial->len > 0 || self->too_long))
    end_frame (self);
}

/* Bytes of a message that is still coming. */
gsize
extension_host_framer_get_partial (ExtensionHostFramer *self)
{
  return self->partial->len;
}

/* From now on the message that is still coming, if any, is one that is too long. */
void
extension_host_framer_drop_partial (ExtensionHostFramer *self)
{
  /* In front of a body there are only the names of headers. */
  if (self->partial->len > 0 &&
      (self->framing != EXTENSION_HOST_FRAMING_CONTENT_LENGTH || self->body > 0))
    give_up (self);
}

ExtensionHostFramer *
extension_host_framer_new (ExtensionHostFraming            framing,
                           gsize                           max_size,
                           const ExtensionHostFramerFuncs *funcs,
                           gpointer                        owner)
{
  ExtensionHostFramer *self = g_new0 (ExtensionHostFramer, 1);

  self->framing = framing;
  self->max_size = max_size;
  self->funcs = funcs;
  self->owner = owner;
  self->partial = g_string_new (NULL);

  return self;
}

void
extension_host_framer_free (ExtensionHostFramer *self)
{
  g_string_free (self->partial, TRUE);
  g_free (self);
}

/* What is sent */

/* Makes a frame of the message that begins at @begin and ends where @out does. One of lines must be
 * a single line. */
void
extension_host_framing_close (ExtensionHostFraming  framing,
                              GString              *out,
                              gsize                 begin)
{
  char header[64];

  if (framing != EXTENSION_HOST_FRAMING_CONTENT_LENGTH)
    {
      g_string_append_c (out, '\n');
      return;
    }

  g_snprintf (header, sizeof header, "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
              out->len - begin);
  g_string_insert (out, (gssize) begin, header);
}
