/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Functions of the system that the library asks this program for: the clocks, and posix_spawn ().
 * */

/* How far the clock on the wall is from the true time, in µs: people and NTP set it as they like.
 * */
void     chaos_inject_wall      (gint64 offset);

/* The machine slept for that long, and nobody's time passed: µs, in addition. */
void     chaos_inject_sleep     (gint64 duration);

/* The next process is spawned under a limit of memory that has been reached (RLIMIT_AS), so that
 * the kernel has none for it. */
void     chaos_inject_no_memory (void);
gboolean chaos_inject_is_armed  (void);

G_END_DECLS
