/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lifeline.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "text.h"

/* In the currency of SO_SNDBUF, where a line costs less than 1 KiB and the default is over 200. */
#define ENOUGH_UNREAD (16 * 1024)

bool
lifeline_open (void)
{
  int type = 0;
  socklen_t size = sizeof type;

  return getsockopt (LIFELINE_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_SEQPACKET &&
         fcntl (LIFELINE_FD, F_SETFD, FD_CLOEXEC) == 0;
}

bool
lifeline_is_lost (void)
{
  struct pollfd item = { .fd = LIFELINE_FD, .events = 0 };

  return poll (&item, 1, 0) > 0;   /* nothing was asked for, so it is an end or an error */
}

static void
send_line (const struct text *line)
{
  while (send (LIFELINE_FD, line->string, line->length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
         errno == EINTR)
    continue;
}

void
lifeline_report (const char *word)
{
  struct text line = { .length = 0 };

  text_add (&line, word);
  send_line (&line);
}

void
lifeline_report_number (const char *word,
                        long        number)
{
  struct text line = { .length = 0 };

  text_add (&line, word);
  text_add (&line, " ");
  text_add_number (&line, number);
  send_line (&line);
}

void
lifeline_report_failed (int         error,
                        const char *step)
{
  struct text line = { .length = 0 };

  text_add (&line, "failed ");
  text_add_number (&line, error);
  text_add (&line, " ");
  text_add (&line, step);
  send_line (&line);
}

void
lifeline_report_signalled (int  signal_number,
                           bool core_dumped)
{
  struct text line = { .length = 0 };

  text_add (&line, "signalled ");
  text_add_number (&line, signal_number);
  text_add (&line, core_dumped ? " 1" : " 0");
  send_line (&line);
}

void
lifeline_report_left (unsigned count)
{
  int unread = 0;

  if (ioctl (LIFELINE_FD, SIOCOUTQ, &unread) == 0 && unread < ENOUGH_UNREAD)
    lifeline_report_number ("left", (long) count);
}

static enum lifeline_news
parse_command (const char *line,
               unsigned   *grace_ms)
{
  unsigned long long number;

  if (strcmp (line, "kill") == 0)
    return LIFELINE_KILL;

  if (strncmp (line, "term ", 5) != 0)
    return LIFELINE_NOTHING;
  line += 5;
  if (!text_take_number (&line, &number) || *line != '\0' || number > UINT_MAX)
    return LIFELINE_NOTHING;
  *grace_ms = (unsigned) number;

  return LIFELINE_TERM;
}

enum lifeline_news
lifeline_next (unsigned *grace_ms)
{
  char line[64];

  for (;;)
    {
      ssize_t length = recv (LIFELINE_FD, line, sizeof line, MSG_DONTWAIT | MSG_TRUNC);
      enum lifeline_news news;

      if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return LIFELINE_NOTHING;
      /* An application that leaves reports unread resets the connection as it goes, and that is
       * told once before the commands that are still in the queue: a last `kill` must not be
       * missed. */
      if (length < 0 && (errno == EINTR || errno == ECONNRESET))
        continue;
      if (length <= 0)
        return LIFELINE_LOST;
      if ((size_t) length >= sizeof line || memchr (line, '\0', (size_t) length) != NULL)
        continue;

      line[length] = '\0';
      news = parse_command (line, grace_ms);
      if (news == LIFELINE_NOTHING)
        continue;

      lifeline_report ("ok");

      return news;
    }
}

void
lifeline_close (void)
{
  char line[64];

  shutdown (LIFELINE_FD, SHUT_RD);   /* from now on nobody can send any more */
  while (recv (LIFELINE_FD, line, sizeof line, MSG_DONTWAIT) > 0)
    continue;
  close (LIFELINE_FD);
}
