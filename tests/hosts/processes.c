/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "processes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static time_t last_second;
static bool are_stubborn;
static unsigned bomb_pause_ms = 20;
static int notes_fd = -1;

static time_t
second_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return now.tv_sec;
}

/* An alarm does not survive fork, and the time is the same for all of a chain, however long. */
static void
arm_end (void)
{
  time_t now = second_now ();

  if (now >= last_second)
    _exit (EXIT_FAILURE);
  signal (SIGALRM, SIG_DFL);
  alarm ((unsigned) (last_second - now));
}

void
processes_live_for (unsigned seconds)
{
  last_second = second_now () + (time_t) seconds;
  arm_end ();
}

void
processes_be_stubborn (void)
{
  are_stubborn = true;
}

static void
note_self (void)
{
  if (notes_fd >= 0)
    dprintf (notes_fd, "%d\n", (int) getpid ());
}

void
processes_note_in (const char *file)
{
  notes_fd = open (file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (notes_fd < 0)
    perror (file);
  note_self ();
}

static pid_t
make_process (void)
{
  pid_t pid = fork ();

  if (pid < 0)
    {
      perror ("fake-host: fork");
      exit (EXIT_FAILURE);
    }
  if (pid == 0)
    {
      arm_end ();
      note_self ();
    }

  return pid;
}

static void
close_streams (bool keeps_stdout)
{
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  dup2 (null_fd, STDIN_FILENO);
  if (!keeps_stdout)
    dup2 (null_fd, STDOUT_FILENO);
  dup2 (null_fd, STDERR_FILENO);
  close (null_fd);
}

/* READY_FD is a pipe that the host reads until nobody has it open. */
_Noreturn static void
sleep_for_ever (int  ready_fd,
                bool keeps_stdout)
{
  signal (SIGTERM, are_stubborn ? SIG_IGN : SIG_DFL);
  close_streams (keeps_stdout);
  close (ready_fd);
  for (;;)
    pause ();
}

static void
open_ready_pipe (int ready[2])
{
  if (pipe2 (ready, O_CLOEXEC) != 0)
    {
      perror ("fake-host: pipe");
      exit (EXIT_FAILURE);
    }
}

static void
wait_until_ready (int ready[2])
{
  char byte;

  close (ready[1]);
  (void) !read (ready[0], &byte, 1);
  close (ready[0]);
}

void
processes_make (enum relation relation,
                bool          keeps_stdout)
{
  int ready[2];

  open_ready_pipe (ready);
  if (make_process () == 0)
    {
      close (ready[0]);
      if (relation != RELATION_CHILD)
        setsid ();
      if (relation == RELATION_DAEMON && make_process () != 0)
        _exit (EXIT_SUCCESS);
      sleep_for_ever (ready[1], keeps_stdout);
    }
  wait_until_ready (ready);
}

_Noreturn static void
nest (unsigned depth,
      int      ready_fd)
{
  do
    setsid ();
  while (--depth > 0 && make_process () == 0);
  sleep_for_ever (ready_fd, false);
}

void
processes_make_nested (unsigned depth)
{
  int ready[2];

  open_ready_pipe (ready);
  if (depth > 0 && make_process () == 0)
    {
      close (ready[0]);
      nest (depth, ready[1]);
    }
  wait_until_ready (ready);
}

void
processes_make_busy (void)
{
  if (make_process () != 0)
    return;

  close_streams (false);
  for (;;)
    continue;
}

void
processes_make_large (unsigned mib)
{
  size_t size = (size_t) mib << 20;
  void *memory = NULL;
  int ready[2];

  open_ready_pipe (ready);
  if (make_process () == 0)
    {
      close (ready[0]);
      memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED)
        _exit (EXIT_FAILURE);
      memset (memory, 1, size);
      sleep_for_ever (ready[1], false);
    }
  wait_until_ready (ready);
}

void
processes_live_short (unsigned pause_ms)
{
  bomb_pause_ms = pause_ms;
}

_Noreturn static void
refork_for_ever (bool sessions)
{
  for (;;)
    {
      pid_t pid;

      if (sessions)
        setsid ();
      usleep (bomb_pause_ms * 1000);
      pid = fork ();
      if (pid > 0)
        _exit (EXIT_SUCCESS);
      if (pid == 0)
        {
          arm_end ();
          note_self ();
        }
    }
}

void
processes_make_bomb (unsigned count,
                     bool     sessions)
{
  for (unsigned i = 0; i < count; i++)
    if (make_process () == 0)
      {
        close_streams (false);
        refork_for_ever (sessions);
      }
}
