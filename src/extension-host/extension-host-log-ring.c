/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-enum-types.h"
#include "extension-host-log-ring-private.h"

static ExtensionHostLogLine *
nth_line (ExtensionHostLogRing   *self,
          ExtensionHostLogStream  stream,
          guint                   n)
{
  return &self->streams[stream].lines[(self->streams[stream].first + n) %
                                      self->streams[stream].size];
}

static void
clear_stream (ExtensionHostLogRing   *self,
              ExtensionHostLogStream  stream)
{
  for (guint i = 0; i < self->streams[stream].size; i++)
    if (self->streams[stream].lines[i].text != NULL)
      g_string_free (self->streams[stream].lines[i].text, TRUE);

  g_free (self->streams[stream].lines);
  memset (&self->streams[stream], 0, sizeof self->streams[stream]);
}

void
extension_host_log_ring_clear (ExtensionHostLogRing *self)
{
  for (guint stream = 0; stream < EXTENSION_HOST_LOG_N_STREAMS; stream++)
    clear_stream (self, stream);
}

/* A silent stream has no ring, and one that says little a small one. */
static void
resize (ExtensionHostLogRing   *self,
        ExtensionHostLogStream  stream,
        guint                   size)
{
  ExtensionHostLogLine *lines = g_new0 (ExtensionHostLogLine, size);
  guint all = self->streams[stream].used;
  guint used = MIN (all, size);

  for (guint i = 0; i < used; i++)
    {
      ExtensionHostLogLine *line = nth_line (self, stream, all - used + i);

      lines[i] = *line;
      line->text = NULL;
    }

  clear_stream (self, stream);
  self->streams[stream].lines = lines;
  self->streams[stream].size = size;
  self->streams[stream].used = used;
}

/* Keeps a line, and at most @max_lines of its stream. */
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
  guint size = self->streams[stream].size;

  if (max_lines == 0)
    return;

  if (size > max_lines)
    resize (self, stream, max_lines);
  else if (self->streams[stream].used == size && size < max_lines)
    resize (self, stream, MIN (MAX (size * 2, 8), max_lines));

  line = nth_line (self, stream, self->streams[stream].used);
  if (self->streams[stream].used < self->streams[stream].size)
    self->streams[stream].used++;
  else
    self->streams[stream].first = (self->streams[stream].first + 1) % self->streams[stream].size;

  line->number = ++self->number;
  line->time = time;
  line->generation = generation;
  if (line->text == NULL)
    line->text = g_string_new_len (text, length);
  else
    g_string_append_len (g_string_truncate (line->text, 0), text, length);
}

/* Reading, from the newest line back */

typedef struct
{
  ExtensionHostLogRing *ring;
  guint left[EXTENSION_HOST_LOG_N_STREAMS];
} Reader;

static void
reader_init (Reader               *reader,
             ExtensionHostLogRing *ring)
{
  reader->ring = ring;
  for (guint stream = 0; stream < EXTENSION_HOST_LOG_N_STREAMS; stream++)
    reader->left[stream] = ring->streams[stream].used;
}

static ExtensionHostLogLine *
read_back (Reader                 *reader,
           ExtensionHostLogStream *stream)
{
  ExtensionHostLogLine *newest = NULL;

  for (guint i = 0; i < EXTENSION_HOST_LOG_N_STREAMS; i++)
    {
      ExtensionHostLogLine *line = reader->left[i] > 0
                                     ? nth_line (reader->ring, i, reader->left[i] - 1) : NULL;

      if (line != NULL && (newest == NULL || line->number > newest->number))
        {
          newest = line;
          *stream = i;
        }
    }

  if (newest != NULL)
    reader->left[*stream]--;

  return newest;
}

static char *
dup_text (ExtensionHostLogLine *line)
{
  return g_utf8_make_valid (line->text->str, line->text->len);
}

static GVariant *
new_entry (ExtensionHostLogLine   *line,
           ExtensionHostLogStream  stream)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (EXTENSION_HOST_TYPE_LOG_STREAM);
  g_autofree char *text = dup_text (line);

  return g_variant_new ("(tss)", (guint64) line->time,
                        g_enum_get_value (klass, stream)->value_nick, text);
}

/* The last @max lines, oldest first, as a(tss): time in µs since the epoch, stream, text. */
GVariant *
extension_host_log_ring_dup (ExtensionHostLogRing *self,
                             guint                 max)
{
  g_autoptr(GPtrArray) entries = g_ptr_array_new ();
  ExtensionHostLogStream stream = EXTENSION_HOST_LOG_STREAM_STDOUT;
  ExtensionHostLogLine *line = NULL;
  GVariantBuilder builder;
  Reader reader;

  reader_init (&reader, self);
  while (entries->len < max && (line = read_back (&reader, &stream)) != NULL)
    g_ptr_array_add (entries, new_entry (line, stream));

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tss)"));
  for (guint i = entries->len; i > 0; i--)
    g_variant_builder_add_value (&builder, g_ptr_array_index (entries, i - 1));

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The last lines of one generation, oldest first, as many as fit EXTENSION_HOST_LOG_TAIL_BYTES, with
 * half of the room kept for stderr. */
GStrv
extension_host_log_ring_dup_tail (ExtensionHostLogRing *self,
                                  guint64               generation)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new ();
  ExtensionHostLogStream stream = EXTENSION_HOST_LOG_STREAM_STDOUT;
  ExtensionHostLogLine *line = NULL;
  gsize room = EXTENSION_HOST_LOG_TAIL_BYTES;
  gsize room_for_others = EXTENSION_HOST_LOG_TAIL_BYTES / 2 + 1;   /* so that one of 8 KiB fits */
  Reader reader;

  reader_init (&reader, self);
  while ((line = read_back (&reader, &stream)) != NULL)
    {
      g_autofree char *text = dup_text (line);
      gsize size = strlen (text) + 1;   /* as told: what is not UTF-8 has grown */
      gboolean is_stderr = stream == EXTENSION_HOST_LOG_STREAM_STDERR;

      if (line->generation != generation || size > room || (!is_stderr && size > room_for_others))
        {
          reader.left[stream] = 0;   /* what is older of this stream would leave a hole */
          continue;
        }

      room -= size;
      room_for_others -= is_stderr ? 0 : size;
      g_ptr_array_add (lines, g_steal_pointer (&text));
    }

  g_ptr_array_add (lines, NULL);
  for (guint i = 0, j = lines->len - 1; i + 1 < j; i++, j--)
    {
      gpointer swapped = lines->pdata[i];

      lines->pdata[i] = lines->pdata[j - 1];
      lines->pdata[j - 1] = swapped;
    }

  return (GStrv) g_ptr_array_free (g_steal_pointer (&lines), FALSE);
}

/* Whether a line of @length bytes is to be told at @now, with at most @rate a second, if there is room
 * for it at all. */
gboolean
extension_host_log_limit_admit (ExtensionHostLogLimit *self,
                                guint                  rate,
                                gint64                 now,
                                gsize                  length,
                                gboolean               has_room)
{
  if (now - self->began >= G_USEC_PER_SEC && self->dropped_lines == 0)
    {
      self->began = now;
      self->told = 0;
    }

  if (has_room && self->told < rate)
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
