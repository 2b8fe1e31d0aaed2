/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>

/* The lifeline: a SOCK_SEQPACKET pair between the library and the shim, one packet per line.
 * Reports go up, commands come down, and its end means that the application is gone. */
#define LIFELINE_FD 3

enum lifeline_news
{
  LIFELINE_NOTHING,
  LIFELINE_TERM,
  LIFELINE_KILL,
  LIFELINE_LOST,
};

/* False when the descriptor is no lifeline, that is: when somebody runs the shim by hand. */
bool lifeline_open (void);

/* Whether the other end is closed, even if commands are still to be read. */
bool lifeline_is_lost (void);

/* Takes the next command, which has been answered by `ok` when this returns. Commands that were
 * sent before the other end was closed come before LIFELINE_LOST. */
enum lifeline_news lifeline_next (unsigned *grace_ms);

/* Lets the other end read all reports: ending with commands unread would reset the connection, and
 * that is told before them. */
void lifeline_close (void);

/* Reports never block, and nobody being there to read them is no error: the end of the lifeline is
 * noticed where it is read. */
void lifeline_report (const char *word);
void lifeline_report_number (const char *word,
                             long        number);
void lifeline_report_failed (int         error,
                             const char *step);
void lifeline_report_signalled (int  signal_number,
                                bool core_dumped);

/* Unlike the others, this one may come any number of times. It is skipped while earlier ones are
 * unread, so that a stopped application cannot be the reason that `gone` finds no room. */
void lifeline_report_left (unsigned count);
