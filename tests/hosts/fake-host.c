/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fake-host: an extension host that does what its command line says, above all the wrong thing.
 *
 * Settings count from the beginning, wherever they stand; actions are done in the order given. Then
 * it reads its standard input, which it does not understand, and exits with 0 at the end of it.
 *
 *   fake-host --ignore-term --daemon --print=ready --abort */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"
#include "facts.h"
#include "output.h"
#include "processes.h"

/* However a test ends, none of its hosts is alive the day after. */
#define DEFAULT_LIFE "300"

static char **arguments;

static bool ignores_eof;
static int term_code = -1;   /* -1: TERM does what it does to anyone */
static int eof_code;
static int64_t slow_death_ms;
static int64_t exit_at_ms = INT64_MAX;
static int exit_code;

/* Numbers and time */

static unsigned long
parse_number (const char *text)
{
  char *end = NULL;
  unsigned long number;

  errno = 0;
  number = strtoul (text, &end, 10);
  if (end == text || (*end != '\0' && *end != ':') || errno != 0)
    {
      fprintf (stderr, "fake-host: \"%s\" is no number\n", text);
      exit (2);
    }

  return number;
}

static int64_t
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}

static int64_t
now_ms (void)
{
  return now_ns () / 1000000;
}

static void
sleep_ms (int64_t duration)
{
  struct timespec rest = { duration / 1000, duration % 1000 * 1000000 };

  while (nanosleep (&rest, &rest) != 0 && errno == EINTR)
    continue;
}

/* Settings */

static void
set_live_for (const char *value)
{
  processes_live_for ((unsigned) parse_number (value));
}

static void
set_ignore_term (const char *value)
{
  signal (SIGTERM, SIG_IGN);
}

static void
set_ignore_eof (const char *value)
{
  ignores_eof = true;
}

static void
set_on_term_exit (const char *value)
{
  term_code = (int) parse_number (value);
}

static void
set_on_eof_exit (const char *value)
{
  eof_code = (int) parse_number (value);
}

static void
set_slow_death (const char *value)
{
  slow_death_ms = (int64_t) parse_number (value);
  if (term_code < 0)
    term_code = 0;
}

static void
set_exit_after (const char *value)
{
  const char *colon = strchr (value, ':');

  exit_at_ms = now_ms () + (int64_t) parse_number (value);
  if (colon != NULL)
    exit_code = (int) parse_number (colon + 1);
}

static void
set_stubborn_children (const char *value)
{
  processes_be_stubborn ();
}

static void
set_bomb_pause (const char *value)
{
  processes_live_short ((unsigned) parse_number (value));
}

static void
set_pids (const char *value)
{
  processes_note_in (value);
}

/* Endings */

static void
do_exit (const char *value)
{
  exit ((int) parse_number (value));
}

static void
do_exit_immediately (const char *value)
{
  _exit (0);
}

static void
do_segv (const char *value)
{
  signal (SIGSEGV, SIG_DFL);
  raise (SIGSEGV);
}

static void
do_abort (const char *value)
{
  abort ();
}

static void
do_crash_once (const char *value)
{
  int fd = open (value, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

  if (fd >= 0)
    abort ();
}

static void
do_crash_randomly (const char *value)
{
  srand ((unsigned) (now_ns () ^ getpid ()));
  sleep_ms (rand () % ((int64_t) parse_number (value) + 1));
  abort ();
}

static void
do_kill_group (const char *value)
{
  kill (0, SIGKILL);
}

/* Hanging */

/* For a setuid copy: nobody but root can signal what results. */
static void
do_become_root (const char *value)
{
  if (setresuid (0, 0, 0) != 0)
    perror ("fake-host: setresuid");
}

static void
do_stop_self (const char *value)
{
  raise (SIGSTOP);
}

static void
do_spin (const char *value)
{
  for (;;)
    continue;
}

static void
do_sleep (const char *value)
{
  sleep_ms ((int64_t) parse_number (value));
}

static void
do_take_memory (const char *value)
{
  size_t size = parse_number (value) << 20;
  void *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    perror ("fake-host: mmap");
  else
    memset (memory, 1, size);
}

/* Output */

static void
do_print (const char *value)
{
  output_line (STDOUT_FILENO, value);
}

static void
do_print_stderr (const char *value)
{
  output_line (STDERR_FILENO, value);
}

static void
do_partial (const char *value)
{
  output_text (STDOUT_FILENO, value);
}

static void
do_print_and_abort (const char *value)
{
  output_line (STDERR_FILENO, value);
  abort ();
}

static void
do_stdout_flood (const char *value)
{
  output_flood (STDOUT_FILENO, value != NULL ? parse_number (value) : 0);
}

static void
do_stderr_flood (const char *value)
{
  output_flood (STDERR_FILENO, value != NULL ? parse_number (value) : 0);
}

static void
do_long_line (const char *value)
{
  output_long_line (STDOUT_FILENO, parse_number (value));
}

static void
do_nul_bytes (const char *value)
{
  output_nul_bytes (STDOUT_FILENO);
}

static void
do_echo (const char *value)
{
  facts_tell (arguments);
}

/* Other processes */

static void
do_grandchild (const char *value)
{
  processes_make (RELATION_CHILD, false);
}

static void
do_grandchild_keeps_stdout (const char *value)
{
  processes_make (RELATION_CHILD, true);
}

static void
do_setsid_grandchild (const char *value)
{
  processes_make (RELATION_SESSION, false);
}

static void
do_daemon (const char *value)
{
  processes_make (RELATION_DAEMON, false);
}

static void
do_nested (const char *value)
{
  processes_make_nested ((unsigned) parse_number (value));
}

static void
do_fork_bomb (const char *value)
{
  processes_make_bomb ((unsigned) parse_number (value), false);
}

static void
do_setsid_fork_bomb (const char *value)
{
  processes_make_bomb ((unsigned) parse_number (value), true);
}

static void
do_attack_shim (const char *value)
{
  attack_lifeline (value);
}

static void
do_stop_shim (const char *value)
{
  attack_by_signal (SIGSTOP, "stop");
}

static void
do_kill_shim (const char *value)
{
  attack_by_signal (SIGKILL, "kill");
}

static void
do_touch (const char *value)
{
  int fd = open (value, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

  dprintf (fd, "%lld %d\n", (long long) now_ns (), (int) getpid ());
  close (fd);
}

static void do_help (const char *value);

/* The command line */

enum phase
{
  FIRST,
  SETTING,
  ACTION,
  N_PHASES
};

enum value
{
  WITHOUT,
  WITH,
  MAYBE
};

static const struct option
{
  const char *name;
  enum phase phase;
  enum value value;
  void (*apply) (const char *value);
  const char *help;
} options[] = {
  { "touch", FIRST, WITH, do_touch, "=FILE  before all else: write the monotonic ns and the pid" },

  { "live-for", SETTING, WITH, set_live_for, "=SECONDS  until it all ends at last; " DEFAULT_LIFE },
  { "ignore-term", SETTING, WITHOUT, set_ignore_term, "" },
  { "ignore-eof", SETTING, WITHOUT, set_ignore_eof, "  go on at the end of stdin" },
  { "on-term-exit", SETTING, WITH, set_on_term_exit, "=CODE  handle TERM by exiting" },
  { "on-eof-exit", SETTING, WITH, set_on_eof_exit, "=CODE  at the end of stdin; 0" },
  { "slow-death", SETTING, WITH, set_slow_death, "=MS  before exiting at end of stdin or TERM" },
  { "exit-after", SETTING, WITH, set_exit_after, "=MS[:CODE]" },
  { "stubborn-children", SETTING, WITHOUT, set_stubborn_children, "  grandchildren ignore TERM" },
  { "bomb-pause", SETTING, WITH, set_bomb_pause, "=MS  that each process of a bomb lives; 20" },
  { "pids", SETTING, WITH, set_pids, "=FILE  append the pid of each process there ever is" },

  { "exit", ACTION, WITH, do_exit, "=CODE" },
  { "exit-immediately", ACTION, WITHOUT, do_exit_immediately, "" },
  { "segv", ACTION, WITHOUT, do_segv, "" },
  { "abort", ACTION, WITHOUT, do_abort, "" },
  { "crash-loop", ACTION, WITHOUT, do_abort, "  the same" },
  { "crash-once", ACTION, WITH, do_crash_once, "=FILE  abort unless FILE exists, and create it" },
  { "crash-randomly", ACTION, WITH, do_crash_randomly, "=MAXMS  abort some time within" },
  { "kill-group", ACTION, WITHOUT, do_kill_group, "  KILL everybody in the own process group" },

  { "become-root", ACTION, WITHOUT, do_become_root, "  for a setuid copy of it" },
  { "stop-self", ACTION, WITHOUT, do_stop_self, "" },
  { "spin", ACTION, WITHOUT, do_spin, "  use the processor for ever" },
  { "sleep", ACTION, WITH, do_sleep, "=MS  hear nothing for that time" },
  { "take-memory", ACTION, WITH, do_take_memory, "=MIB" },

  { "print", ACTION, WITH, do_print, "=TEXT" },
  { "print-stderr", ACTION, WITH, do_print_stderr, "=TEXT" },
  { "partial", ACTION, WITH, do_partial, "=TEXT  without a newline" },
  { "print-and-abort", ACTION, WITH, do_print_and_abort, "=TEXT  on standard error" },
  { "stdout-flood", ACTION, MAYBE, do_stdout_flood, "[=LINES]" },
  { "stderr-flood", ACTION, MAYBE, do_stderr_flood, "[=LINES]" },
  { "long-line", ACTION, WITH, do_long_line, "=BYTES" },
  { "nul-bytes", ACTION, WITHOUT, do_nul_bytes, "  a line that holds some" },
  { "echo-argv-env-cwd", ACTION, WITHOUT, do_echo, "  all it was given, as JSON lines" },

  { "grandchild", ACTION, WITHOUT, do_grandchild, "  that sleeps for ever" },
  { "grandchild-keeps-stdout", ACTION, WITHOUT, do_grandchild_keeps_stdout, "" },
  { "setsid-grandchild", ACTION, WITHOUT, do_setsid_grandchild, "" },
  { "daemon", ACTION, WITHOUT, do_daemon, "  a grandchild without a parent" },
  { "nested", ACTION, WITH, do_nested, "=DEPTH  a chain of them, each a session leader" },
  { "fork-bomb", ACTION, WITH, do_fork_bomb, "=N  processes that fork and exit for ever" },
  { "setsid-fork-bomb", ACTION, WITH, do_setsid_fork_bomb, "=N  the same, each a session leader" },

  { "attack-shim", ACTION, WITH, do_attack_shim, "=ptrace|pidfd-getfd|procfd" },
  { "stop-shim", ACTION, WITHOUT, do_stop_shim, "" },
  { "kill-shim", ACTION, WITHOUT, do_kill_shim, "" },

  { "help", ACTION, WITHOUT, do_help, "" },
};

#define N_OPTIONS (sizeof options / sizeof options[0])

static void
do_help (const char *value)
{
  for (size_t i = 0; i < N_OPTIONS; i++)
    printf ("  --%s%s\n", options[i].name, options[i].help);
  exit (0);
}

static const struct option *
find_option (const char  *argument,
             const char **value)
{
  const char *equals = strchr (argument, '=');
  size_t length = equals != NULL ? (size_t) (equals - argument) : strlen (argument);

  *value = equals != NULL ? equals + 1 : NULL;
  for (size_t i = 0; i < N_OPTIONS; i++)
    if (length == strlen (options[i].name) + 2 &&
        strncmp (argument, "--", 2) == 0 &&
        strncmp (argument + 2, options[i].name, length - 2) == 0 &&
        (options[i].value == MAYBE || (options[i].value == WITH) == (*value != NULL)))
      return &options[i];

  fprintf (stderr, "fake-host: bad option \"%s\"\n", argument);
  exit (2);
}

static void
apply_options (char     **argv,
               enum phase phase)
{
  for (char **argument = argv + 1; *argument != NULL; argument++)
    {
      const char *value = NULL;
      const struct option *option = find_option (*argument, &value);

      if (option->phase == phase)
        option->apply (value);
    }
}

/* Serving */

static int
open_term_fd (void)
{
  sigset_t term;

  if (term_code < 0)
    return -1;

  sigemptyset (&term);
  sigaddset (&term, SIGTERM);
  sigprocmask (SIG_BLOCK, &term, NULL);

  return signalfd (-1, &term, SFD_CLOEXEC);
}

static void
die (int code)
{
  sleep_ms (slow_death_ms);
  exit (code);
}

/* False at the end of it. */
static bool
read_stdin (void)
{
  char buffer[4096];

  return read (STDIN_FILENO, buffer, sizeof buffer) > 0;
}

static int
poll_timeout (void)
{
  int64_t left = exit_at_ms - now_ms ();

  if (exit_at_ms == INT64_MAX)
    return -1;

  return left > 0 ? (int) left : 0;
}

static void
serve (int term_fd)
{
  struct pollfd items[] = { { STDIN_FILENO, POLLIN, 0 }, { term_fd, POLLIN, 0 } };

  for (;;)
    {
      if (poll (items, 2, poll_timeout ()) == 0)
        exit (exit_code);
      if (items[1].revents != 0)
        die (term_code);
      if (items[0].revents != 0 && !read_stdin ())
        {
          if (!ignores_eof)
            die (eof_code);
          items[0].fd = -1;
        }
    }
}

int
main (int    argc,
      char **argv)
{
  int term_fd;

  arguments = argv;
  apply_options (argv, FIRST);
  set_live_for (DEFAULT_LIFE);
  apply_options (argv, SETTING);
  term_fd = open_term_fd ();
  apply_options (argv, ACTION);
  serve (term_fd);
}
