/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "search.h"
#include "text.h"

/* Of <linux/landlock.h>, whose version of Debian 12 does not know scopes yet. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif
#define RULESET_VERSION 1
#define SCOPE_SIGNAL UINT64_C (2)
#define ABI_WITH_SCOPES 6

struct ruleset
{
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

static pid_t shim;
static int oom_score_adj_fd = -1;

/* Written by the child while it borrows our memory; the compiler cannot know that anybody does. */
static volatile struct
{
  const char *step;
  int error;
} failure;

bool
launch_prepare (const struct options *options)
{
  shim = getpid ();
  if (!options->oom_score_adj.given)
    return true;

  oom_score_adj_fd = open ("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

  return oom_score_adj_fd >= 0;
}

/* The steps between vfork and exec. Each returns 0, or -1 with errno. */

static int
lead_process_group (const struct options *options)
{
  return setpgid (0, 0);
}

static int
die_with_shim (const struct options *options)
{
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0)
    return -1;
  if (getppid () != shim)
    _exit (127);   /* it died before it could matter to us, and nobody is left to be told */

  return 0;
}

static int
change_directory (const struct options *options)
{
  return options->directory == NULL ? 0 : chdir (options->directory);
}

static int
set_umask (const struct options *options)
{
  if (options->umask.given)
    umask ((mode_t) options->umask.value);

  return 0;
}

static int
set_nice (const struct options *options)
{
  return options->nice.given ? setpriority (PRIO_PROCESS, 0, (int) options->nice.value) : 0;
}

static int
set_no_new_privs (const struct options *options)
{
  return options->no_new_privs ? prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
}

/* What may not gain privileges may not send signals out of its own tree either, where the kernel
 * can see to that: it could stop the shim or kill the application otherwise. */
static int
scope_signals (const struct options *options)
{
  struct ruleset ruleset = { .scoped = SCOPE_SIGNAL };
  int result;
  int fd;

  if (!options->no_new_privs ||
      syscall (SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION) < ABI_WITH_SCOPES)
    return 0;

  fd = (int) syscall (SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
  if (fd < 0)
    return -1;
  result = (int) syscall (SYS_landlock_restrict_self, fd, 0);

  return result;   /* the ruleset is closed by exec */
}

static int
set_limit (const struct options *options,
           enum limit            which,
           int                   resource)
{
  const struct setting *setting = &options->limits[which];
  struct rlimit limit = { (rlim_t) setting->value, (rlim_t) setting->value };

  return setting->given ? setrlimit ((__rlimit_resource_t) resource, &limit) : 0;
}

static int
limit_address_space (const struct options *options)
{
  return set_limit (options, LIMIT_ADDRESS_SPACE, RLIMIT_AS);
}

static int
limit_files (const struct options *options)
{
  return set_limit (options, LIMIT_FILES, RLIMIT_NOFILE);
}

static int
limit_processes (const struct options *options)
{
  return set_limit (options, LIMIT_PROCESSES, RLIMIT_NPROC);
}

static int
limit_core (const struct options *options)
{
  return set_limit (options, LIMIT_CORE, RLIMIT_CORE);
}

/* All signals are blocked in the shim. Now that this process is ready to be killed, it may be. */
static int
execute (const struct options *options)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);

  return search_and_execute (options->argv);
}

static const struct
{
  const char *name;
  int (*take) (const struct options *options);
} steps[] = {
  { "process-group", lead_process_group },
  { "parent-death-signal", die_with_shim },
  { "chdir", change_directory },
  { "umask", set_umask },
  { "nice", set_nice },
  { "no-new-privs", set_no_new_privs },
  { "signal-scope", scope_signals },      /* needs a descriptor: before limit-files */
  { "limit-address-space", limit_address_space },
  { "limit-files", limit_files },
  { "limit-processes", limit_processes },
  { "limit-core", limit_core },
  { "exec", execute },
};

static void
fail (const char *step)
{
  failure.error = errno;
  failure.step = step;
}

/* In the memory of the shim, but not in its life: returning would ruin the stack it wakes up on. */
__attribute__ ((noreturn, noinline)) static void
become_program (const struct options *options)
{
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    if (steps[i].take (options) != 0)
      {
        fail (steps[i].name);
        break;
      }

  _exit (127);
}

static bool
read_oom_score_adj (struct text *score)
{
  ssize_t length = pread (oom_score_adj_fd, score->string, sizeof score->string - 1, 0);

  if (length <= 0)
    return false;
  score->length = (size_t) length;
  score->string[length] = '\0';

  return true;
}

static bool
write_oom_score_adj (const struct text *score)
{
  return pwrite (oom_score_adj_fd, score->string, score->length, 0) == (ssize_t) score->length;
}

static void
fork_and_exec (const struct options *options,
               struct launch        *launch)
{
  siginfo_t info;
  pid_t pid;

  pid = vfork ();
  if (pid == 0)
    become_program (options);

  if (pid < 0)
    fail ("vfork");
  else if (failure.step == NULL)
    launch->pid = pid;
  else
    waitid (P_PID, (id_t) pid, &info, WEXITED);
}

/* Whoever lends the program its score must do so before it exists: the file of another process
 * might be another process's by the time it is opened. The shim has it only for as long as that
 * takes. */
static void
fork_with_oom_score_adj (const struct options *options,
                         struct launch        *launch)
{
  struct text wanted = { .length = 0 };
  struct text own;

  text_add_number (&wanted, options->oom_score_adj.value);
  if (!read_oom_score_adj (&own) || !write_oom_score_adj (&wanted))
    {
      fail ("oom-score-adj");
      return;
    }
  fork_and_exec (options, launch);
  write_oom_score_adj (&own);
  close (oom_score_adj_fd);
}

struct launch
launch_program (const struct options *options)
{
  struct launch launch = { .pid = 0 };

  if (options->oom_score_adj.given)
    fork_with_oom_score_adj (options, &launch);
  else
    fork_and_exec (options, &launch);

  launch.step = failure.step;
  launch.error = failure.error;

  return launch;
}
