/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host that speaks JSON-RPC in lines, well or badly: rpc-host --help. What it hears apart from
 * requests it tells on stderr: “eof”, “shutdown”, “told METHOD”, “answer TEXT”, “cancel ID”. */

#include "rpc-host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Options options = { .big_kind = "objects" };

static unsigned long n_asked;

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

static void
take_shutdown (const char *id)
{
  note ("shutdown", "");
  switch (options.shutdown)
    {
    case SHUTDOWN_LATE_ACK:
      sleep_ms (300);
      answer (id, "null");
      break;
    case SHUTDOWN_ACK:
    case SHUTDOWN_ACK_THEN_HANG:
      answer (id, "null");
      break;
    case SHUTDOWN_COOP:
      answer (id, "true");
      flush_out ();
      sleep_ms (10);
      _exit (EXIT_SUCCESS);
    case SHUTDOWN_REFUSE:
      answer (id, "false");
      break;
    case SHUTDOWN_ERROR:
      put_answer (id, "\"error\":{\"code\":-5,\"message\":\"not now\"}");
      break;
    case SHUTDOWN_EXIT_NO_ACK:
      _exit (EXIT_SUCCESS);
    case SHUTDOWN_IGNORE:
    default:
      break;
    }
}

/* The first string of @params, which is cut off behind it. */
static char *
first_string (char *params)
{
  char *name = strchr (params, '"');

  if (name == NULL)
    return params;
  name++;
  name[strcspn (name, "\"")] = '\0';

  return name;
}

static void
serve (const char *id,
       const char *method,
       char       *params)
{
  int a = 0, b = 0;
  char number[32];

  if (strcmp (method, "shutdown") == 0)
    {
      take_shutdown (id);
    }
  else if (strcmp (method, "hold") == 0)
    {
      note ("held", id);
    }
  else if (strcmp (method, "add") == 0 && sscanf (params, "[%d,%d]", &a, &b) == 2)
    {
      snprintf (number, sizeof number, "%d", a + b);
      answer (id, number);
    }
  else if (strcmp (method, "fail") == 0)
    {
      put_answer (id, "\"error\":{\"code\":-7,\"message\":\"no such luck\",\"data\":{\"why\":[1]}}");
    }
  else if (strcmp (method, "sleep") == 0 && sscanf (params, "[%d]", &a) == 1)
    {
      flush_out ();
      sleep_ms ((unsigned long) a);
      answer (id, "true");
    }
  else if (strcmp (method, "notify") == 0)
    {
      put_format (HEAD "\"method\":\"%s\",\"params\":{\"n\":1}}\n", first_string (params));
      answer (id, "true");
    }
  else if (strcmp (method, "ask") == 0)
    {
      char *name = first_string (params);

      snprintf (number, sizeof number, "\"r%lu\"", n_asked++);
      ask (number, name, "{\"n\":1}");
      answer (id, "true");
    }
  else if (strcmp (method, "floods") == 0)   /* names made up: [N] */
    {
      sscanf (params, "[%d]", &a);
      for (b = 0; b < a; b++)
        put_format (HEAD "\"method\":\"made-up-%d-%d\"}\n", (int) getpid (), b);
      answer (id, "true");
    }
  else if (strcmp (method, "exit") == 0 && sscanf (params, "[%d]", &a) == 1)
    {
      note ("last words", "");
      flush_out ();
      _exit (a);
    }
  else if (strcmp (method, "die") == 0)
    {
      note ("last words", "");
      die ();
    }
  else if (strcmp (method, "spoil") == 0)   /* more mistakes than are borne: [N] */
    {
      sscanf (params, "[%d]", &a);
      put_repeated ("{}\n", (unsigned long) a);
      answer (id, "true");
    }
  else if (strcmp (method, "echo") == 0)
    {
      answer (id, params);
    }
  else
    {
      put_answer (id, "\"error\":{\"code\":-32601,\"message\":\"method not found\"}");
    }
}

static void
take_request (char *line)
{
  char *id = find_value (line, "\"id\":", ",\"method\":\"");
  char *method = id + strlen (id) + strlen (",\"method\":\"");
  char *end = strchr (method, '"');
  char *params = "null";

  *end++ = '\0';
  if (strncmp (end, ",\"params\":", 10) == 0)
    {
      params = end + 10;
      params[strlen (params) - 1] = '\0';
    }

  if (options.never_reply && strcmp (method, "shutdown") != 0)
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
take_line (char *line)
{
  const char *method = NULL;

  if (strstr (line, "\"method\":\"") == NULL)
    {
      note ("answer", line);
      return;
    }
  if (strncmp (line, HEAD "\"id\":", strlen (HEAD "\"id\":")) == 0)
    {
      take_request (line);
      return;
    }

  if (strstr (line, "$/cancelRequest") != NULL && options.cancel_notices)
    {
      note ("cancel", find_value (line, "\"id\":", "}"));
      return;
    }
  method = find_value (line, "\"method\":\"", "\"");
  note ("told", method);
}

/* Options */

static const struct
{
  const char *name;
  bool *flag;
} flags[] = {
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
    alarm ((unsigned) atoi (value + 1));
  else if (strncmp (option, "--say=", 6) == 0)
    note (value + 1, "");
  else if (strncmp (option, "--notify=", 9) == 0)
    options.notify = value + 1;
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

/* Takes the whole lines in @text, and returns how much that was. */
static size_t
take_lines (char  *text,
            size_t length)
{
  size_t begin = 0;
  char *newline = NULL;

  while ((newline = memchr (text + begin, '\n', length - begin)) != NULL)
    {
      *newline = '\0';
      take_line (text + begin);
      begin = (size_t) (newline - text) + 1;
    }
  flush_out ();

  return begin;
}

static void
read_lines (void)
{
  size_t room = 2 * CHUNK, length = 0;
  char *text = malloc (room);
  ssize_t n = 0;

  while ((n = read (STDIN_FILENO, text + length, room - length)) > 0)
    {
      size_t taken = 0;

      length += (size_t) n;
      taken = take_lines (text, length);
      length -= taken;
      memmove (text, text + taken, length);
      if (length == room)
        text = realloc (text, room *= 2);
    }
  free (text);
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
    read_lines ();
  if (!options.never_read)
    note ("eof", "");
  while (options.deaf_to_eof || options.never_read)
    pause ();

  return EXIT_SUCCESS;
}
