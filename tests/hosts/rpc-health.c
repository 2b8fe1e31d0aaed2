/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a host does that is not well, or seems so: it hangs in one way or another, takes memory, has
 * a tree that is at work, and talks all the while. */

#include "rpc-host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "processes.h"

/* Talking beside what the main thread does. Each message is one write, so that two do not mix. */

static void
start_thread (void *(*func) (void *))
{
  pthread_t thread;

  if (pthread_create (&thread, NULL, func, NULL) != 0)
    _exit (EXIT_FAILURE);
  pthread_detach (thread);
}

_Noreturn static void *
chatter (void *data)
{
  (void) data;
  for (unsigned long i = 0;; i++)
    {
      dprintf (STDOUT_FILENO, HEAD "\"method\":\"chatter\",\"params\":{\"n\":%lu}}\n", i);
      dprintf (STDOUT_FILENO,
               HEAD "\"method\":\"host/status\",\"params\":{\"text\":\"%lu\"}}\n", i);
      dprintf (STDOUT_FILENO, HEAD "\"id\":\"c%lu\",\"method\":\"chat\"}\n", i);
      dprintf (STDOUT_FILENO, "no message, number %lu\n", i);
      note ("chatting", "");
      sleep_ms (10);
    }
}

_Noreturn static void *
ask_for_time (void *data)
{
  (void) data;
  for (;;)
    {
      dprintf (STDOUT_FILENO, HEAD "\"method\":\"host/extend-timeout\",\"params\":{\"ms\":%lu}}\n",
               options.extend);
      sleep_ms (20);
    }
}

void
keep_asking_for_time (void)
{
  start_thread (ask_for_time);
}

/* Hanging */

/* A pipe of its own that nobody reads. */
_Noreturn static void
block_in_write (void)
{
  static const char block[CHUNK];
  int ends[2];

  if (pipe (ends) != 0)
    _exit (EXIT_FAILURE);
  for (;;)
    write_all (ends[1], block, sizeof block);
}

/* A child of it is its debugger: one from its own tree. */
static void
have_child_debug_us (void)
{
  pid_t self = getpid ();
  int ready[2];
  char byte = 0;
  pid_t child = 0;

  if (pipe (ready) != 0)
    _exit (EXIT_FAILURE);
  child = fork ();
  if (child == 0)
    {
      sleep_ms (20);   /* until we may be traced where only parents trace (Yama) */
      byte = ptrace (PTRACE_SEIZE, self, NULL, NULL) == 0 ? 'y' : 'n';
      write_all (ready[1], &byte, 1);
      for (;;)
        pause ();
    }

  prctl (PR_SET_PTRACER, child, 0, 0, 0);
  if (read (ready[0], &byte, 1) != 1 || byte != 'y')
    _exit (EXIT_FAILURE);
}

/* [HOW], after the answer: never to be heard of again */
void
hang (const char *id,
      char       *params)
{
  const char *how = first_string (params);

  answer (id, "true");
  if (strcmp (how, "debugged") == 0)
    have_child_debug_us ();
  flush_out ();

  if (strcmp (how, "chattering") == 0)
    start_thread (chatter);
  else if (strcmp (how, "writing") == 0)
    block_in_write ();
  else if (strcmp (how, "spinning") == 0)
    for (;;)
      continue;
  for (;;)
    pause ();
}

/* Memory */

static void *memory;
static size_t memory_size;

/* [MIB] */
void
take_memory (const char *id,
             char       *params)
{
  memory_size = (size_t) first_number (params) << 20;
  memory = mmap (NULL, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    _exit (EXIT_FAILURE);
  memset (memory, 1, memory_size);
  answer (id, "true");
}

void
give_memory (const char *id,
             char       *params)
{
  (void) params;
  munmap (memory, memory_size);
  answer (id, "true");
}

/* A tree */

/* [KIND, NUMBER] */
void
make_helper (const char *id,
             char       *params)
{
  const char *comma = strrchr (params, ',');
  unsigned number = comma != NULL ? (unsigned) atoi (comma + 1) : 0;
  const char *kind = first_string (params);

  flush_out ();
  if (strcmp (kind, "nested") == 0)
    processes_make_nested (number);
  else if (strcmp (kind, "large") == 0)
    processes_make_large (number);
  else if (strcmp (kind, "busy") == 0)
    processes_make_busy ();
  answer (id, "true");
}

/* Status */

/* [N] in one go, the last of which says “N” */
void
tell_status (const char *id,
             char       *params)
{
  for (int i = 1, n = first_number (params); i <= n; i++)
    {
      put_format (HEAD "\"method\":\"host/status\","
                  "\"params\":{\"text\":\"%d\",\"progress\":%.5f}}", i, (double) i / n);
      end_message ();
    }
  answer (id, "true");
}
