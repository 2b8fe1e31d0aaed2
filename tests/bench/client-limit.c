/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* client-limit: how fast it could be at all. poll(), read(), write(); requests that are made
 * beforehand but for their id; no JSON, no main loop. It verifies its answers as all others do. */

#include "bench-client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (64 * 1024)
#define FIRST_ID 1000000000   /* all ids have as many digits, and all messages the same length */
#define ID_DIGITS 10
#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"

extern char **environ;

typedef struct
{
  char *text;
  size_t length;
} Message;

typedef struct
{
  Bench bench;
  int in;                  /* answers */
  int out;                 /* requests */
  Message request;
  Message answer;

  unsigned due;            /* requests that are to be written, but for those below */
  char *requests;          /* some that are being written */
  size_t requests_length;
  size_t requests_done;
  size_t requests_room;
  uint64_t next_id;

  char *answers;
  size_t answers_length;
  size_t answers_room;
  uint64_t expected_id;    /* the host answers in order */
} Client;

static Message
make_message (const char *member,
              const char *params)
{
  Message self = { .text = malloc (strlen (params) + 128) };

  self.length = sprintf (self.text, HEAD "%u,%s%s}\n", FIRST_ID, member, params);

  return self;
}

static void
put_id (char     *message,
        uint64_t  id)
{
  char *first = message + strlen (HEAD);

  for (char *p = first + ID_DIGITS - 1; p >= first; p--, id /= 10)
    *p = '0' + id % 10;
}

static void
start_host (Client *self)
{
  char *argv[] = { (char *) self->bench.options.host, NULL };
  posix_spawn_file_actions_t actions;
  int requests[2], answers[2];
  pid_t pid;

  if (pipe2 (requests, O_CLOEXEC) == -1 || pipe2 (answers, O_CLOEXEC) == -1)
    bench_fail ("no pipes");
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, requests[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, answers[1], STDOUT_FILENO);
  if (posix_spawn (&pid, argv[0], &actions, NULL, argv, environ) != 0)
    bench_fail ("the echo host cannot be started");
  posix_spawn_file_actions_destroy (&actions);
  close (requests[0]);
  close (answers[1]);

  self->out = requests[1];
  self->in = answers[0];
  fcntl (self->out, F_SETFL, O_NONBLOCK);
  fcntl (self->in, F_SETFL, O_NONBLOCK);
}

/* As many as a pipe takes at once, or one if it is larger. */
static void
fill_requests (Client *self)
{
  self->requests_length = self->requests_done = 0;
  while (self->due > 0 && self->requests_length + self->request.length <= self->requests_room)
    {
      char *place = self->requests + self->requests_length;

      memcpy (place, self->request.text, self->request.length);
      put_id (place, self->next_id++);
      self->requests_length += self->request.length;
      self->due--;
    }
}

static void
write_requests (Client *self)
{
  ssize_t n = 0;

  if (self->requests_done == self->requests_length)
    fill_requests (self);
  n = write (self->out, self->requests + self->requests_done,
             self->requests_length - self->requests_done);
  if (n > 0)
    self->requests_done += n;
  else if (errno != EAGAIN)
    bench_fail ("the echo host is gone");
}

static bool
has_requests (const Client *self)
{
  return self->due > 0 || self->requests_done < self->requests_length;
}

static void
verify (Client     *self,
        const char *answer)
{
  put_id (self->answer.text, self->expected_id++);
  if (memcmp (answer, self->answer.text, self->answer.length) != 0)
    bench_fail ("a wrong answer");
}

/* Each answer makes room for one more request. FALSE at the end. */
static bool
take_answers (Client *self)
{
  char *p = self->answers;
  char *end = self->answers + self->answers_length;
  bool goes_on = true;

  for (; (size_t) (end - p) >= self->answer.length && goes_on; p += self->answer.length)
    {
      verify (self, p);
      goes_on = bench_answered (&self->bench);
      self->due++;
    }
  self->answers_length = end - p;
  if (p != self->answers)
    memmove (self->answers, p, self->answers_length);

  return goes_on;
}

static void
read_answers (Client *self)
{
  size_t room = self->answers_room - self->answers_length;
  ssize_t n = read (self->in, self->answers + self->answers_length, room < CHUNK ? room : CHUNK);

  if (n > 0)
    self->answers_length += n;
  else if (n == 0 || errno != EAGAIN)
    bench_fail ("the echo host is gone");
}

static void
run (Client *self)
{
  bool goes_on = true;

  bench_begin (&self->bench);
  self->due = self->bench.options.in_flight;
  write_requests (self);

  while (goes_on)
    {
      struct pollfd fds[] = {
        { .fd = self->in, .events = POLLIN },
        { .fd = has_requests (self) ? self->out : -1, .events = POLLOUT },
      };

      poll (fds, 2, -1);
      if (fds[0].revents != 0)
        {
          read_answers (self);
          goes_on = take_answers (self);
        }
      if (has_requests (self))
        write_requests (self);
    }
}

int
main (int    argc,
      char **argv)
{
  Client self = { .next_id = FIRST_ID, .expected_id = FIRST_ID };

  bench_init (&self.bench, argc, argv);
  self.request = make_message ("\"method\":\"" BENCH_METHOD "\",\"params\":", self.bench.params);
  self.answer = make_message ("\"result\":", self.bench.params);
  self.requests_room = self.request.length > CHUNK ? self.request.length : CHUNK;
  self.requests = malloc (self.requests_room);
  self.answers_room = self.answer.length + CHUNK;
  self.answers = malloc (self.answers_room);

  start_host (&self);
  run (&self);
  bench_report (&self.bench, "limit");
  bench_clear (&self.bench);

  return 0;
}
