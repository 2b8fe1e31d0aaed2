/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-enum-types.h"
#include "extension-host-log-ring-private.h"

static ExtensionHostLogLine *
nth_line (ExtensionHostLogRing *self,
          guint                 n)
{
  return &self->lines[(self->first + n) % self->size];
}

void
extension_host_log_ring_clear (ExtensionHostLogRing *self)
{
  for (guint i = 0; i < self->size; i++)
    if (self->lines[i].text != NULL)
      g_string_free (self->lines[i].text, TRUE);

  g_clear_pointer (&self->lines, g_free);
  self->size = 0;
  self->first = 0;
  self->used = 0;
}

/* A silent host has no ring, and one that says little a small one. */
static void
resize (ExtensionHostLogRing *self,
        guint                 size)
{
  ExtensionHostLogLine *lines = g_new0 (ExtensionHostLogLine, size);
  guint used = MIN (self->used, size);

  for (guint i = 0; i < used; i++)
    {
      ExtensionHostLogLine *line = nth_line (self, self->used - used + i);

      lines[i] = *line;
      line->text = NULL;
    }

  extension_host_log_ring_clear (self);
  self->lines = lines;
  self->size = size;
  self->used = used;
}

void
extension_host_log_ring_push (ExtensionHostLogRing   *self,
                              guint                   max_lines,
                              gint64                  time,
                              guint64                 generation,
                              ExtensionHostLogStream  stream,
                              const char             *text,
                              gsize                   length)
{
  ExtensionHostLogLine *line = NULL;

  if (max_lines == 0)
    return;

  if (self->size > max_lines)
    resize (self, max_lines);
  else if (self->used == self->size && self->size < max_lines)
    resize (self, MIN (MAX (self->size * 2, 8), max_lines));

  line = nth_line (self, self->used);
  if (self->used < self->size)
    self->used++;
  else
    self->first = (self->first + 1) % self->size;

  line->time = time;
  line->generation = generation;
  line->stream = stream;
  if (line->text == NULL)
    line->text = g_string_new_len (text, length);
  else
    g_string_append_len (g_string_truncate (line->text, 0), text, length);
}

static const char *
stream_nick (ExtensionHostLogStream stream)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (EXTENSION_HOST_TYPE_LOG_STREAM);

  return g_enum_get_value (klass, stream)->value_nick;
}

static char *
dup_text (ExtensionHostLogLine *line)
{
  return g_utf8_make_valid (line->text->str, line->text->len);
}

/* The last @max lines, oldest first, as a(tss): time in µs since the epoch, stream, text. */
GVariant *
extension_host_log_ring_dup (ExtensionHostLogRing *self,
                             guint                 max)
{
  GVariantBuilder builder;
  guint n = MIN (self->used, max);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tss)"));
  for (guint i = self->used - n; i < self->used; i++)
    {
      ExtensionHostLogLine *line = nth_line (self, i);
      g_autofree char *text = dup_text (line);

      g_variant_builder_add (&builder, "(tss)", (guint64) line->time,
                             stream_nick (line->stream), text);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The last lines of one generation, oldest first, as many as fit EXTENSION_HOST_LOG_TAIL_BYTES. */
GStrv
extension_host_log_ring_dup_tail (ExtensionHostLogRing *self,
                                  guint64               generation)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  gsize bytes = 0;
  guint start = self->used;

  while (start > 0)
    {
      ExtensionHostLogLine *line = nth_line (self, start - 1);

      bytes += line->text->len;
      if (line->generation != generation || bytes > EXTENSION_HOST_LOG_TAIL_BYTES)
        break;
      start--;
    }

  for (guint i = start; i < self->used; i++)
    {
      g_autofree char *text = dup_text (nth_line (self, i));

      g_strv_builder_add (builder, text);
    }

  return g_strv_builder_end (builder);
}

/* Whether a line of @length bytes is to be told at @now, if there is room for it at all. */
gboolean
extension_host_log_limit_admit (ExtensionHostLogLimit *self,
                                gint64                 now,
                                gsize                  length,
                                gboolean               has_room)
{
  if (now - self->began >= G_USEC_PER_SEC && self->dropped_lines == 0)
    {
      self->began = now;
      self->told = 0;
    }

  if (has_room && self->told < EXTENSION_HOST_LOG_RATE)
    {
      self->told++;
      return TRUE;
    }

  self->dropped_lines++;
  self->dropped_bytes += length;

  return FALSE;
}

/* Ends a second in which lines were dropped. FALSE if none were, or the second is not over. */
gboolean
extension_host_log_limit_settle (ExtensionHostLogLimit *self,
                                 gint64                 now,
                                 guint64               *lines,
                                 guint64               *bytes)
{
  if (self->dropped_lines == 0 || now - self->began < G_USEC_PER_SEC)
    return FALSE;

  *lines = self->dropped_lines;
  *bytes = self->dropped_bytes;
  *self = (ExtensionHostLogLimit) { .began = now };

  return TRUE;
}
