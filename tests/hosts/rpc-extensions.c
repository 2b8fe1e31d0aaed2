/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host of extensions. How one is activated says the last part of its path, “NAME” or “NAME=VALUE”;
 * what comes of a call says the command. Answers that are held are given when “let” is asked. */

#include "rpc-host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIG 100000   /* values: more than are parsed at once */

static char *held[64];
static unsigned n_held;
static unsigned n_active;

/* The text of the string member @name, as it was written, without its quotes; it is cut off. */
static char *
cut_member (char       *params,
            const char *name)
{
  char *at = strstr (params, name);
  char *end = NULL;

  if (at == NULL)
    return NULL;

  at += strlen (name);
  for (end = at; *end != '"' && *end != '\0'; end++)
    if (*end == '\\')
      end++;
  *end = '\0';

  return at;
}

/* Without a word: not even what was answered before is written. */
static void
abort_now (void)
{
  kill (getpid (), SIGKILL);
  pause ();
}

/* FALSE if the file is there already. */
static bool
leave_mark (const char *file)
{
  const char *folder = getenv ("EXTENSION_MARKS");
  char *path = NULL;
  int fd = -1;

  if (folder == NULL || asprintf (&path, "%s/%s", folder, file) < 0)
    _exit (EXIT_FAILURE);
  fd = open (path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  free (path);
  if (fd >= 0)
    close (fd);

  return fd >= 0;
}

static void
hang_for_ever (void)
{
  flush_out ();
  for (;;)
    pause ();
}

static void
hold_answer (const char *id)
{
  if (n_held == sizeof held / sizeof *held)
    _exit (EXIT_FAILURE);
  held[n_held++] = strdup (id);
  note ("held", id);
}

static void
let_go (const char *id,
        char       *params)
{
  (void) params;
  for (unsigned i = 0; i < n_held; i++)
    {
      answer (held[i], "\"let\"");
      free (held[i]);
    }
  n_held = 0;
  answer (id, "true");
}

static void
refuse_activation (const char *id)
{
  put_answer (id, "\"error\":{\"code\":-32050,\"message\":\"cannot find its soul\",\"data\":{}}");
}

static void
activate (const char *id,
          char       *params)
{
  char *path = cut_member (params, "\"path\":\"");
  char *how = path != NULL && strrchr (path, '/') != NULL ? strrchr (path, '/') + 1 : path;
  char *value = how != NULL ? strchr (how, '=') : NULL;

  if (how == NULL)
    _exit (EXIT_FAILURE);
  if (value != NULL)
    *value++ = '\0';

  if (strcmp (how, "fail") == 0)
    refuse_activation (id);
  else if (strcmp (how, "never") == 0)
    return;
  else if (strcmp (how, "hold") == 0)
    hold_answer (id);
  else if (strcmp (how, "hang") == 0)
    hang_for_ever ();
  else if (strcmp (how, "crash") == 0)
    abort_now ();
  else if (strcmp (how, "die") == 0)   /* with what was answered before written */
    die ();
  else if (strcmp (how, "leave") == 0)
    _exit (EXIT_SUCCESS);
  else if (strcmp (how, "crash-first") == 0 && n_active == 0)   /* none before it */
    abort_now ();
  else if (strcmp (how, "crash-later") == 0 && n_active > 0)
    abort_now ();
  else if (value != NULL && strcmp (how, "crash-once") == 0 && leave_mark (value))
    abort_now ();
  else
    {
      if (value != NULL && strcmp (how, "slow") == 0)
        sleep_ms (strtoul (value, NULL, 10));
      answer (id, "null");
      n_active++;
    }
}

static void
call (const char *id,
      char       *params)
{
  char *copy = strdup (params);
  char *command = copy != NULL ? cut_member (copy, "\"command\":\"") : NULL;

  if (command == NULL)
    _exit (EXIT_FAILURE);

  if (strcmp (command, "fail") == 0)
    {
      put_answer (id, "\"error\":{\"code\":-7,\"message\":\"no such luck\","
                      "\"data\":{\"why\":[1]}}");
    }
  else if (strcmp (command, "hold") == 0)
    {
      hold_answer (id);
    }
  else if (strcmp (command, "hang") == 0)
    {
      hang_for_ever ();
    }
  else if (strcmp (command, "crash") == 0)
    {
      abort_now ();
    }
  else if (strcmp (command, "big-die") == 0)
    {
      put_format (HEAD "\"id\":%s,\"result\":[{}", id);
      put_repeated (",{}", BIG);
      put_text ("]}");
      end_message ();
      note ("last words", "");
      die ();
    }
  else
    {
      answer (id, params);
    }
  free (copy);
}

/* FALSE if it is no method of these. */
bool
serve_extensions (const char *id,
                  const char *method,
                  char       *params)
{
  if (strcmp (method, "extension/activate") == 0)
    activate (id, params);
  else if (strcmp (method, "extension/call") == 0)
    call (id, params);
  else if (strcmp (method, "extension/deactivate") == 0)
    answer (id, "null");
  else if (strcmp (method, "let") == 0)
    let_go (id, params);
  else
    return false;

  return true;
}
