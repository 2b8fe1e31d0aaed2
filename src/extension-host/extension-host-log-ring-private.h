/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-enums.h"

G_BEGIN_DECLS

/* The last lines that a host wrote, and how many of them are worth telling. */

#define EXTENSION_HOST_LOG_TAIL_BYTES (16 * 1024)
#define EXTENSION_HOST_LOG_RATE 1000   /* lines a second that are told one by one */
#define EXTENSION_HOST_LOG_N_STREAMS (EXTENSION_HOST_LOG_STREAM_HOST + 1)

typedef struct
{
  guint64 number;               /* of all lines, in the order in which they were read */
  gint64 time;                  /* µs since the epoch */
  guint64 generation;
  GString *text;                /* as written; reused when the slot is */
} ExtensionHostLogLine;

/* A ring for each stream: what a host says on stderr before it dies must not be washed away by
 * what it chatters on stdout. */
typedef struct
{
  guint64 number;
  struct
  {
    ExtensionHostLogLine *lines;   /* oldest at `first` */
    guint size;
    guint first;
    guint used;
  } streams[EXTENSION_HOST_LOG_N_STREAMS];
} ExtensionHostLogRing;

void      extension_host_log_ring_clear    (ExtensionHostLogRing   *self);
void      extension_host_log_ring_push     (ExtensionHostLogRing   *self,
                                            guint                   max_lines,
                                            gint64                  time,
                                            guint64                 generation,
                                            ExtensionHostLogStream  stream,
                                            const char             *text,
                                            gsize                   length);
GVariant *extension_host_log_ring_dup      (ExtensionHostLogRing   *self,
                                            guint                   max);
GStrv     extension_host_log_ring_dup_tail (ExtensionHostLogRing   *self,
                                            guint64                 generation);

/* A flood is told by its first lines of each second, and by how much followed. */
typedef struct
{
  gint64 began;                 /* of the second under way, monotonic, µs */
  guint told;
  guint64 dropped_lines;
  guint64 dropped_bytes;
} ExtensionHostLogLimit;

gboolean  extension_host_log_limit_admit   (ExtensionHostLogLimit  *self,
                                            guint                   rate,
                                            gint64                  now,
                                            gsize                   length,
                                            gboolean                has_room);
gboolean  extension_host_log_limit_settle  (ExtensionHostLogLimit  *self,
                                            gint64                  now,
                                            guint64                *lines,
                                            guint64                *bytes);

G_END_DECLS
