/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>

/* Processes that the fake host leaves behind. Whatever is made here has got ready (a session of
 * its own, TERM ignored…) by the time the call returns, and ends by itself when the host's time is
 * up. */

enum relation
{
  RELATION_CHILD,     /* in the group of the host */
  RELATION_SESSION,   /* a child that leads a session of its own */
  RELATION_DAEMON,    /* the same, and its parent is gone */
};

/* Sets the time after which this process and all it makes end by themselves. */
void processes_live_for (unsigned seconds);

/* From now on those that are made ignore TERM. */
void processes_be_stubborn (void);

/* Appends the pid of this process, and of each that is made, to FILE. */
void processes_note_in (const char *file);

/* Sleeps until it is killed or its time is up. */
void processes_make (enum relation relation,
                     bool          keeps_stdout);

/* A chain of processes, DEPTH deep, each the child of the one before and the leader of a
 * session. */
void processes_make_nested (unsigned depth);

/* A child that uses a processor for ever, and one that has MIB of memory of its own. */
void processes_make_busy (void);
void processes_make_large (unsigned mib);

/* How long each process of a bomb lives. The less, the more of the processor they take, up to
 * all. */
void processes_live_short (unsigned pause_ms);

/* COUNT processes that do nothing but fork and exit. */
void processes_make_bomb (unsigned count,
                          bool     sessions);
