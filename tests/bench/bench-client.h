/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What all clients of the echo host have in common: the options, the message, the clock and the report.
 * Without GLib, as the client that is the limit has none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_METHOD "echo"
#define BENCH_MEMBER "text"

typedef struct
{
  const char *host;       /* path of the echo host */
  const char *api;        /* which of the ways that a client knows; NULL if not given */
  bool pipelined;         /* else the next request waits for the answer */
  size_t size;            /* of the params, as JSON text, and of the result */
  unsigned in_flight;
  double warm_up;         /* s */
  double seconds;         /* that are measured */
  uint64_t count;         /* of answers after which it is enough; 0 if only the time says so */
  unsigned idle_hosts;    /* that do nothing meanwhile */
  unsigned pending;       /* calls that wait for an answer that never comes */
} BenchOptions;

typedef struct
{
  BenchOptions options;
  char *params;           /* {"text":"…"}, with a NUL behind */
  char *text;             /* the string in it */

  unsigned left_in_batch; /* answers until the clock is looked at */
  bool is_warm;
  double began;           /* µs */
  double last;
  double cpu_began;
  uint64_t n;
  double elapsed;
  double cpu;
  float *samples;         /* µs, of round trips */
  size_t n_samples;
  size_t room;
} Bench;

/* Reads the command line; says what is wrong with it, and exits. */
void bench_init (Bench *bench, int argc, char **argv);

/* To be called right before the first request. */
void bench_begin (Bench *bench);

/* To be called with each answer that was found to be right: whether there is more to do. */
bool bench_answered (Bench *bench);

/* An answer was wrong: there is no use in going on. */
void bench_fail (const char *why) __attribute__ ((noreturn));

/* One line of JSON for each measure. */
void bench_report (Bench *bench, const char *client);

void bench_clear (Bench *bench);
