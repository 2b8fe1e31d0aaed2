/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdint.h>
#include <time.h>

/* Instants and durations are microseconds of the monotonic clock. */
#define MILLISECOND INT64_C (1000)
#define SECOND (1000 * MILLISECOND)
#define NEVER INT64_MAX

static inline int64_t
clock_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return now.tv_sec * SECOND + now.tv_nsec / 1000;
}

static inline int64_t
clock_earlier (int64_t a,
               int64_t b)
{
  return a < b ? a : b;
}
