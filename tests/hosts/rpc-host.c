/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host that speaks JSON-RPC, well or badly: rpc-host --help. What it hears apart from requests it
 * tells on stderr: “eof”, “shutdown”, “told METHOD”, “answer TEXT”, “cancel ID”. With --tell, it
 * tells requests and notifications alike: “asked METHOD PARAMS”, “told METHOD PARAMS”. */

#include "rpc-host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "processes.h"

Options options = { .big_kind = "objects", .raw = "", .shutdown_name = "shutdown" };

/* Reading: what the library writes has id, method and params in this order. */

static char *
find_value (char       *line,
            const char *name,
            const char *end)
{
  char *at = strstr (line, name);
  char *last = NULL;

  if (at == NULL)
    return NULL;

  at += strlen (name);
  last = strstr (at, end);
  if (last == NULL)
    return NULL;
  *last = '\0';

  return at;
}

/* Cuts off the parameters of a message: what comes behind the name of its method. */
static char *
cut_params (char *rest)
{
  static const char name[] = ",\"params\":";
  static char none[] = "null";

  if (strncmp (rest, name, strlen (name)) != 0)
    return none;

  rest += strlen (name);
  rest[strlen (rest) - 1] = '\0';

  return rest;
}

static void
tell (const char *what,
      const char *method,
      const char *params)
{
  dprintf (STDERR_FILENO, "%s %s %s\n", what, method, params);
}

static void
take_request (char *text)
{
  char *id = find_value (text, "\"id\":", ",\"method\":\"");
  char *method = id + strlen (id) + strlen (",\"method\":\"");
  char *end = strchr (method, '"');
  char *params = cut_params (end + 1);

  *end = '\0';
  if (options.tell)
    tell ("asked", method, params);
  if (options.never_reply && strcmp (method, options.shutdown_name) != 0)
    return;
  if (options.die_with_pending)
    {
      note ("last words", "");
      die ();
    }

  serve (id, method, params);
  if (options.answer_twice)
    answer (id, "\"again\"");
  if (options.reply_then_die || (options.die_after > 0 && get_answered () >= options.die_after))
    {
      note ("last words", "");
      die ();
    }
}

static void
take_notification (char *text)
{
  char *method = find_value (text, "\"method\":\"", "\"");
  char *params = cut_params (method + strlen (method) + 1);

  if (options.tell)
    tell ("told", method, params);
  else if (options.cancel_notices && strcmp (method, "$/cancelRequest") == 0)
    note ("cancel", find_value (params, "\"id\":", "}"));
  else
    note ("told", method);

  if (strcmp (method, "exit") == 0)
    _exit (EXIT_SUCCESS);
}

void
take_message (char *text)
{
  if (strstr (text, "\"method\":\"") == NULL)
    note ("answer", text);
  else if (strncmp (text, HEAD "\"id\":", strlen (HEAD "\"id\":")) == 0)
    take_request (text);
  else
    take_notification (text);
}

/* Options */

static const struct
{
  const char *name;
  bool *flag;
} flags[] = {
  { "--drip", &options.drip },
  { "--tell", &options.tell },
  { "--refuse-handshake", &options.refuse_handshake },
  { "--never-reply", &options.never_reply },
  { "--answer-twice", &options.answer_twice },
  { "--answer-ids-of-others", &options.ids_of_others },
  { "--string-ids", &options.string_ids },
  { "--id-last", &options.id_last },
  { "--batch", &options.batch },
  { "--crlf", &options.crlf },
  { "--bom", &options.bom },
  { "--two-documents", &options.two_documents },
  { "--reply-then-die", &options.reply_then_die },
  { "--die-with-pending", &options.die_with_pending },
  { "--cancel-notices", &options.cancel_notices },
  { "--garbage", &options.garbage },
  { "--nul-bytes", &options.nul_bytes },
  { "--half-line-then-die", &options.half_line_then_die },
  { "--close-stdout", &options.close_stdout },
  { "--never-read", &options.never_read },
  { "--deaf-to-eof", &options.deaf_to_eof },
};

static const struct
{
  const char *name;
  unsigned long *number;
} numbers[] = {
  { "--die-after=", &options.die_after },
  { "--deep=", &options.deep },
  { "--deep-line=", &options.deep_line },
  { "--huge-line=", &options.huge_line },
  { "--huge-reply=", &options.huge_reply },
  { "--flood-notifications=", &options.notifications },
  { "--flood-stdout=", &options.stdout_bytes },
  { "--flood-stderr=", &options.stderr_bytes },
  { "--requests=", &options.requests },
  { "--batches=", &options.batches },
  { "--wrong-ids=", &options.wrong_ids },
  { "--ready-after=", &options.ready_after },
  { "--extend=", &options.extend },
};

static const struct
{
  const char *name;
  Shutdown shutdown;
  bool deaf_to_eof;
} shutdowns[] = {
  { "--ack-shutdown", SHUTDOWN_ACK, false },
  { "--coop", SHUTDOWN_COOP, false },
  { "--late-ack", SHUTDOWN_LATE_ACK, false },
  { "--ack-then-hang", SHUTDOWN_ACK_THEN_HANG, true },
  { "--ignore-shutdown", SHUTDOWN_IGNORE, true },
  { "--refuse-shutdown", SHUTDOWN_REFUSE, true },
  { "--shutdown-error", SHUTDOWN_ERROR, true },
  { "--exit-on-shutdown-no-ack", SHUTDOWN_EXIT_NO_ACK, false },
};

static void
on_term (int number)
{
  (void) number;
  write_all (STDERR_FILENO, "cleaned up\n", 11);
  _exit (EXIT_SUCCESS);
}

static bool
take_special (char *option)
{
  char *value = strchr (option, '=');

  if (strcmp (option, "--ignore-term") == 0)
    signal (SIGTERM, SIG_IGN);
  else if (strcmp (option, "--tidy-on-term") == 0)
    signal (SIGTERM, on_term);
  else if (strncmp (option, "--live-for=", 11) == 0)
    processes_live_for ((unsigned) atoi (value + 1));
  else if (strncmp (option, "--say=", 6) == 0)
    note (value + 1, "");
  else if (strncmp (option, "--first=", 8) == 0)
    options.first = value + 1;
  else if (strncmp (option, "--notify=", 9) == 0)
    options.notify = value + 1;
  else if (strcmp (option, "--framing=content-length") == 0)
    options.header = "Content-Length: #";
  else if (strncmp (option, "--header=", 9) == 0)
    options.header = value + 1;
  else if (strncmp (option, "--raw=", 6) == 0)
    options.raw = value + 1;
  else if (strncmp (option, "--shutdown-name=", 16) == 0)
    options.shutdown_name = value + 1;
  else if (strncmp (option, "--count-in=", 11) == 0)
    share_count (value + 1);
  else if (strncmp (option, "--big-result=", 13) == 0)   /* BYTES:KIND */
    {
      options.big_bytes = strtoul (value + 1, &value, 10);
      options.big_kind = value + 1;
    }
  else
    return false;

  return true;
}

static bool
take_option (char *option)
{
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
    if (strcmp (option, flags[i].name) == 0)
      {
        *flags[i].flag = true;
        return true;
      }
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strncmp (option, numbers[i].name, strlen (numbers[i].name)) == 0)
      {
        *numbers[i].number = strtoul (option + strlen (numbers[i].name), NULL, 10);
        return true;
      }
  for (unsigned i = 0; i < sizeof shutdowns / sizeof *shutdowns; i++)
    if (strcmp (option, shutdowns[i].name) == 0)
      {
        options.shutdown = shutdowns[i].shutdown;
        options.deaf_to_eof = shutdowns[i].deaf_to_eof;
        return true;
      }

  return take_special (option);
}

int
main (int    argc,
      char **argv)
{
  for (int i = 1; i < argc; i++)
    if (!take_option (argv[i]))
      {
        fprintf (stderr, "rpc-host: what is %s?\n", argv[i]);
        return 2;
      }

  misbehave ();
  if (!options.never_read)
    read_messages ();
  if (!options.never_read)
    note ("eof", "");
  while (options.deaf_to_eof || options.never_read)
    pause ();

  return EXIT_SUCCESS;
}
