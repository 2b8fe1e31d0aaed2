/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "supervise.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "application.h"
#include "clock.h"
#include "lifeline.h"
#include "tree.h"

/* How long what is left behind may take after TERM when nobody said. */
#define GRACE_AFTER_EXIT (1 * SECOND)

/* The application is gone: the program has seen the end of its stdin, and gets this much time to
 * act on that, and on TERM. What is left of the two seconds we promise is for KILL to do its
 * work. */
#define TERM_WITHOUT_APPLICATION (500 * MILLISECOND)
#define KILL_WITHOUT_APPLICATION (1250 * MILLISECOND)

/* Being adopted comes without any signal when the parent was not our child. */
#define ADOPTION_INTERVAL (50 * MILLISECOND)

/* Between passes of KILL. Growing, because passes take the processor from those who are to die. */
#define FIRST_PAUSE (1 * MILLISECOND)
#define LONGEST_PAUSE (50 * MILLISECOND)

/* Between reports of what is left, and between passes over that when no pass meets anyone new. */
#define LEFT_INTERVAL (1 * SECOND)

/* Only ever forward. */
enum stage
{
  STAGE_RUNNING,
  STAGE_TERMINATING,   /* everybody has been asked to end */
  STAGE_KILLING,
};

static enum stage stage = STAGE_RUNNING;
static bool application_gone;
static int64_t terminate_at = NEVER;
static int64_t kill_at = NEVER;
static int64_t pass_at = NEVER;
static int64_t report_at = NEVER;
static int64_t pause_after_pass;

/* Stages */

static void
begin_terminating (void)
{
  stage = STAGE_TERMINATING;
  terminate_at = NEVER;
  tree_terminate ();
}

static void
begin_killing (int64_t now)
{
  if (stage != STAGE_KILLING)
    report_at = now + LEFT_INTERVAL;
  stage = STAGE_KILLING;
  terminate_at = NEVER;
  kill_at = NEVER;
  pass_at = now;
  pause_after_pass = FIRST_PAUSE;
}

static void
kill_once (int64_t now)
{
  struct tree_pass pass;

  tree_kill (pause_after_pass > FIRST_PAUSE, &pass);
  if (now >= report_at)
    {
      lifeline_report_left (pass.left > 0 ? pass.left : 1);
      report_at = now + LEFT_INTERVAL;
      if (!pass.met_new)
        pause_after_pass = LEFT_INTERVAL;
    }
  if (pass.met_new && pause_after_pass > LONGEST_PAUSE)
    pause_after_pass = FIRST_PAUSE;

  pass_at = clock_now () + pause_after_pass;
  if (pause_after_pass < LONGEST_PAUSE)
    pause_after_pass = clock_earlier (2 * pause_after_pass, LONGEST_PAUSE);
}

static void
follow_clock (void)
{
  int64_t now = clock_now ();

  if (stage != STAGE_KILLING && now >= kill_at)
    begin_killing (now);
  else if (stage == STAGE_RUNNING && now >= terminate_at)
    begin_terminating ();

  if (stage == STAGE_TERMINATING)
    tree_terminate_newly_adopted ();
  else if (stage == STAGE_KILLING &&
           (now >= pass_at || now >= report_at || tree_has_newly_adopted ()))
    kill_once (now);
}

/* News */

static void
report_end (const siginfo_t *info)
{
  if (info->si_code == CLD_EXITED)
    lifeline_report_number ("exited", info->si_status);
  else
    lifeline_report_signalled (info->si_status, info->si_code == CLD_DUMPED);
}

static void
look_at_program (void)
{
  siginfo_t info;

  if (!tree_has_program_ended (&info))
    return;

  report_end (&info);
  if (stage != STAGE_RUNNING)
    return;

  /* What is left of a `term` is for those whom the program leaves behind, too. */
  if (kill_at == NEVER)
    kill_at = clock_now () + GRACE_AFTER_EXIT;
  begin_terminating ();
}

static void
lose_application (void)
{
  int64_t now = clock_now ();

  application_gone = true;
  if (stage == STAGE_RUNNING)
    terminate_at = now + TERM_WITHOUT_APPLICATION;
  if (stage != STAGE_KILLING)
    kill_at = clock_earlier (kill_at, now + KILL_WITHOUT_APPLICATION);
}

/* To the program alone: a wrapper knows best in which order its children should end. */
static void
obey_term (unsigned grace_ms)
{
  if (stage == STAGE_KILLING)
    return;

  tree_terminate_program ();
  kill_at = clock_earlier (kill_at, clock_now () + grace_ms * MILLISECOND);
}

static void
read_lifeline (void)
{
  enum lifeline_news news;
  unsigned grace_ms = 0;

  while (!application_gone && (news = lifeline_next (&grace_ms)) != LIFELINE_NOTHING)
    switch (news)
      {
      case LIFELINE_TERM:
        obey_term (grace_ms);
        break;
      case LIFELINE_KILL:
        begin_killing (clock_now ());
        break;
      case LIFELINE_LOST:
        lose_application ();
        break;
      case LIFELINE_NOTHING:
      default:
        break;
      }

  /* After the lifeline: what the application said last still counts. */
  if (!application_gone && application_is_gone ())
    lose_application ();
}

/* Waiting */

static int64_t
next_deadline (void)
{
  switch (stage)
    {
    case STAGE_RUNNING:
      return clock_earlier (terminate_at, kill_at);
    case STAGE_TERMINATING:
      return clock_earlier (kill_at, clock_now () + ADOPTION_INTERVAL);
    case STAGE_KILLING:
      return clock_earlier (pass_at, report_at);
    default:
      return NEVER;
    }
}

/* TERM, HUP, INT… are not for us to obey: whoever means the tree tells the application. */
static void
drain_signals (int signals_fd)
{
  struct signalfd_siginfo infos[8];

  while (read (signals_fd, infos, sizeof infos) > 0)
    continue;
}

static void
wait_for_news (int     signals_fd,
               int64_t deadline)
{
  int64_t left = deadline == NEVER ? 0 : deadline - clock_now ();
  struct timespec timeout = { 0 };
  struct pollfd items[] = {
    { .fd = signals_fd, .events = POLLIN },
    { .fd = application_gone ? -1 : LIFELINE_FD, .events = POLLIN },
    { .fd = application_gone ? -1 : application_get_fd (), .events = POLLIN },
  };

  if (left > 0)
    {
      timeout.tv_sec = left / SECOND;
      timeout.tv_nsec = left % SECOND * 1000;
    }
  ppoll (items, sizeof items / sizeof items[0], deadline == NEVER ? NULL : &timeout, NULL);
  drain_signals (signals_fd);
}

/* Each round looks at everything anew and does what the facts ask for, whatever woke it. */
void
supervise (int signals_fd)
{
  for (;;)
    {
      bool all_reaped;

      look_at_program ();
      all_reaped = tree_reap ();
      if (tree_is_gone ())
        return;
      read_lifeline ();
      follow_clock ();
      wait_for_news (signals_fd, all_reaped ? next_deadline () : 0);
    }
}
