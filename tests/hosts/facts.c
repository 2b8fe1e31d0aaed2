/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
print_string (const char *string)
{
  putchar ('"');
  for (; *string != '\0'; string++)
    {
      unsigned char byte = (unsigned char) *string;

      if (byte == '"' || byte == '\\')
        printf ("\\%c", byte);
      else if (byte < ' ')
        printf ("\\u%04x", byte);
      else
        putchar (byte);
    }
  putchar ('"');
}

static void
tell_strings (const char *name,
              char      **strings)
{
  printf ("{\"%s\":[", name);
  for (size_t i = 0; strings[i] != NULL; i++)
    {
      if (i > 0)
        putchar (',');
      print_string (strings[i]);
    }
  puts ("]}");
}

static void
tell_string (const char *name,
             const char *string)
{
  printf ("{\"%s\":", name);
  print_string (string);
  puts ("}");
}

static void
tell_number (const char *name,
             long long   number)
{
  printf ("{\"%s\":%lld}\n", name, number);
}

static void
tell_umask (void)
{
  mode_t mask = umask (0);
  char octal[8];

  umask (mask);
  snprintf (octal, sizeof octal, "%04o", (unsigned) mask);
  tell_string ("umask", octal);
}

/* Soft and hard limit; -1 is unlimited. */
static void
tell_limit (const char *name,
            int         resource)
{
  struct rlimit limit = { 0, 0 };

  getrlimit ((__rlimit_resource_t) resource, &limit);
  printf ("{\"%s\":[%lld,%lld]}\n", name, (long long) limit.rlim_cur, (long long) limit.rlim_max);
}

static void
tell_descriptors (void)
{
  DIR *folder = opendir ("/proc/self/fd");
  struct dirent *entry;
  const char *separator = "";

  if (folder == NULL)
    return;

  printf ("{\"fds\":[");
  while ((entry = readdir (folder)) != NULL)
    if (entry->d_name[0] != '.' && atoi (entry->d_name) != dirfd (folder))
      {
        printf ("%s%s", separator, entry->d_name);
        separator = ",";
      }
  puts ("]}");
  closedir (folder);
}

/* The hexadecimal masks of /proc/self/status, as they are. */
static void
tell_signals (void)
{
  static const char *const names[] = { "SigBlk", "SigIgn", "SigCgt" };
  FILE *status = fopen ("/proc/self/status", "re");
  char line[256];

  if (status == NULL)
    return;

  while (fgets (line, sizeof line, status) != NULL)
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
      if (strncmp (line, names[i], 6) == 0 && line[6] == ':')
        {
          line[strcspn (line, "\n")] = '\0';
          tell_string (names[i], line + 8);
        }
  fclose (status);
}

static void
tell_oom_score_adj (void)
{
  FILE *file = fopen ("/proc/self/oom_score_adj", "re");
  long long score = 0;

  if (file == NULL)
    return;

  if (fscanf (file, "%lld", &score) == 1)
    tell_number ("oom_score_adj", score);
  fclose (file);
}

void
facts_tell (char **argv)
{
  char folder[PATH_MAX];
  int parent_death_signal = 0;

  prctl (PR_GET_PDEATHSIG, &parent_death_signal);

  tell_strings ("argv", argv);
  tell_strings ("environ", environ);
  tell_string ("cwd", getcwd (folder, sizeof folder) != NULL ? folder : "");
  tell_umask ();
  tell_number ("nice", getpriority (PRIO_PROCESS, 0));
  tell_oom_score_adj ();
  tell_limit ("limit_address_space", RLIMIT_AS);
  tell_limit ("limit_files", RLIMIT_NOFILE);
  tell_limit ("limit_processes", RLIMIT_NPROC);
  tell_limit ("limit_core", RLIMIT_CORE);
  tell_number ("pid", getpid ());
  tell_number ("ppid", getppid ());
  tell_number ("pgid", getpgrp ());
  tell_number ("sid", getsid (0));
  tell_number ("no_new_privs", prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  tell_number ("dumpable", prctl (PR_GET_DUMPABLE, 0, 0, 0, 0));
  tell_number ("parent_death_signal", parent_death_signal);
  tell_descriptors ();
  tell_signals ();
  fflush (stdout);
}
