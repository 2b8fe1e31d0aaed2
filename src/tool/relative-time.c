/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "relative-time.h"

#include <glib/gi18n.h>

/* Times and sizes for people. All are in µs, times since the epoch. */

#define SECOND G_USEC_PER_SEC
#define MINUTE (60 * (gint64) SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* 14:03:22.118 */
char *
tool_format_clock (gint64 time)
{
  g_autoptr(GDateTime) date = g_date_time_new_from_unix_local (time / G_USEC_PER_SEC);
  g_autofree char *seconds = date != NULL ? g_date_time_format (date, "%H:%M:%S") : NULL;

  return g_strdup_printf ("%s.%03d", seconds != NULL ? seconds : "--:--:--",
                          (int) (time % G_USEC_PER_SEC / 1000));
}

/* With the day, unless that is today. */
char *
tool_format_date (gint64 time,
                  gint64 now)
{
  g_autoptr(GDateTime) date = g_date_time_new_from_unix_local (time / G_USEC_PER_SEC);
  g_autoptr(GDateTime) today = g_date_time_new_from_unix_local (now / G_USEC_PER_SEC);
  g_autofree char *clock = tool_format_clock (time);
  g_autofree char *day = date != NULL ? g_date_time_format (date, "%F") : NULL;
  g_autofree char *this_day = today != NULL ? g_date_time_format (today, "%F") : NULL;

  if (day == NULL || g_strcmp0 (day, this_day) == 0)
    return g_steal_pointer (&clock);

  return g_strdup_printf ("%s %s", day, clock);
}

/* The two largest units at most, as more would be read by nobody. */
char *
tool_format_duration (gint64 duration)
{
  if (duration < SECOND)
    return g_strdup_printf (_("%d ms"), (int) (MAX (duration, 0) / 1000));
  if (duration < MINUTE)
    return g_strdup_printf (_("%d s"), (int) (duration / SECOND));
  if (duration < HOUR)
    return g_strdup_printf (_("%d min"), (int) (duration / MINUTE));
  if (duration < DAY)
    return g_strdup_printf (_("%d h %d min"), (int) (duration / HOUR),
                            (int) (duration % HOUR / MINUTE));

  /* TRANSLATORS: days and hours */
  return g_strdup_printf (_("%d d %d h"), (int) (duration / DAY),
                          (int) (duration % DAY / HOUR));
}

/* TIME may be any number. */
gint64
tool_get_age (gint64 time,
              gint64 now)
{
  return now - MAX (time, 0);
}

/* 3 min ago, in 2 s */
char *
tool_format_distance (gint64 time,
                      gint64 now)
{
  gint64 distance = tool_get_age (time, now);
  g_autofree char *length = tool_format_duration (ABS (distance));

  if (ABS (distance) < SECOND)
    return g_strdup (_("now"));

  return distance > 0 ? g_strdup_printf (_("%s ago"), length) : g_strdup_printf (_("in %s"), length);
}

char *
tool_format_latency (gint64 latency)
{
  if (latency < 10 * 1000)
    return g_strdup_printf (_("%.2f ms"), latency / 1000.0);
  if (latency < SECOND)
    return g_strdup_printf (_("%d ms"), (int) (latency / 1000));

  return g_strdup_printf (_("%.1f s"), (double) latency / SECOND);
}

char *
tool_format_size (guint64 size)
{
  return g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
}
