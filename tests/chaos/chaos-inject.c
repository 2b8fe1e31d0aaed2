/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-inject.h"

#include <dlfcn.h>
#include <spawn.h>
#include <sys/resource.h>
#include <time.h>

/* Clocks. Of these, g_get_real_time () and clock_gettime () are asked for by the library alone:
 * GLib has its own way to the first, and no use for CLOCK_BOOTTIME. */

static gint64 wall_offset;
static gint64 slept;

void
chaos_inject_wall (gint64 offset)
{
  wall_offset = offset;
}

void
chaos_inject_sleep (gint64 duration)
{
  slept += duration;
}

typedef int (*ClockFunc) (clockid_t        clock,
                          struct timespec *time);

/* Looked up once, and before there are threads or signals: main () comes later. */
static ClockFunc real_clock;

__attribute__ ((constructor)) static void
find_real_clock (void)
{
  real_clock = (ClockFunc) dlsym (RTLD_NEXT, "clock_gettime");
}

int
clock_gettime (clockid_t        clock,
               struct timespec *time)
{
  int result = 0;

  if (real_clock == NULL)
    find_real_clock ();
  result = real_clock (clock, time);
  if (result == 0 && clock == CLOCK_BOOTTIME)
    time->tv_sec += slept / G_USEC_PER_SEC;

  return result;
}

gint64
g_get_real_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);

  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + wall_offset;
}

/* Spawning */

static gboolean is_armed;

typedef int (*SpawnFunc) (pid_t                            *pid,
                          const char                       *path,
                          const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t          *attributes,
                          char * const                     *argv,
                          char * const                     *envp);

void
chaos_inject_no_memory (void)
{
  is_armed = TRUE;
}

gboolean
chaos_inject_is_armed (void)
{
  return is_armed;
}

/* The limit holds for this call only, in which nobody of ours asks for memory: GLib would abort. */
int
posix_spawn (pid_t                            *pid,
             const char                       *path,
             const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t          *attributes,
             char * const                      argv[],
             char * const                      envp[])
{
  SpawnFunc real_spawn = (SpawnFunc) dlsym (RTLD_NEXT, "posix_spawn");
  struct rlimit before, none;
  int result = 0;

  if (!is_armed)
    return real_spawn (pid, path, actions, attributes, argv, envp);

  is_armed = FALSE;
  getrlimit (RLIMIT_AS, &before);
  none = before;
  none.rlim_cur = 1;
  setrlimit (RLIMIT_AS, &none);
  result = real_spawn (pid, path, actions, attributes, argv, envp);
  setrlimit (RLIMIT_AS, &before);

  return result;
}
