/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <time.h>

/* What a host tells of its life in a page that it shares with the benchmark: that costs it nothing, and
 * takes no way of which the length would be measured along. Times are monotonic, in ns. */
typedef struct
{
  volatile int64_t began_ns;   /* its first instruction; 0 until then */
  volatile int64_t ended_ns;   /* its last one */
  volatile int64_t pid;
} BenchStamps;

static inline int64_t
bench_stamps_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}
