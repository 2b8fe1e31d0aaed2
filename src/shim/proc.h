/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Who is whose child, as /proc tells it. Everything here is a rumour by the time it is returned. */

/* False when /proc is missing, or mounted for another pid namespace, where our numbers mean other
 * processes: then nothing below may be called. */
bool proc_open (void);

/* Store at most SIZE pids and return how many there are in PIDS. */
unsigned proc_get_own_children (pid_t    *pids,
                                unsigned  size);
unsigned proc_get_children (pid_t     pid,
                            pid_t    *pids,
                            unsigned  size);

/* 0 when there is no such process. */
pid_t proc_get_parent (pid_t pid);
