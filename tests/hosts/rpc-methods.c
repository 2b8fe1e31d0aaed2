/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the host does when it is asked: a method each. */

#include "rpc-host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
first_number (const char *params)
{
  int number = 0;

  sscanf (params, "[%d]", &number);

  return number;
}

/* The first string of @params, which is cut off behind it. */
char *
first_string (char *params)
{
  char *name = strchr (params, '"');

  if (name == NULL)
    return params;
  name++;
  name[strcspn (name, "\"")] = '\0';

  return name;
}

/* Answers */

static void
add (const char *id,
     char       *params)
{
  int a = 0, b = 0;
  char number[32];

  sscanf (params, "[%d,%d]", &a, &b);
  snprintf (number, sizeof number, "%d", a + b);
  answer (id, number);
}

static void
fail (const char *id,
      char       *params)
{
  (void) params;
  put_answer (id, "\"error\":{\"code\":-7,\"message\":\"no such luck\",\"data\":{\"why\":[1]}}");
}

static void
hold (const char *id,
      char       *params)
{
  (void) params;
  note ("held", id);
}

static void
sleep_long (const char *id,
            char       *params)
{
  flush_out ();
  sleep_ms ((unsigned long) first_number (params));
  answer (id, "true");
}

/* Messages of its own */

static void
notify (const char *id,
        char       *params)
{
  put_format (HEAD "\"method\":\"%s\",\"params\":{\"n\":1}}", first_string (params));
  end_message ();
  answer (id, "true");
}

static void
ask_back (const char *id,
          char       *params)
{
  static unsigned long n_asked;
  char number[32];

  snprintf (number, sizeof number, "\"r%lu\"", n_asked++);
  ask (number, first_string (params), "{\"n\":1}");
  answer (id, "true");
}

/* [MESSAGE], whatever it is */
static void
say (const char *id,
     char       *params)
{
  put (params + 1, strlen (params) - 2);
  end_message ();
  answer (id, "true");
}

/* [N] names made up */
static void
flood (const char *id,
       char       *params)
{
  for (int i = 0, n = first_number (params); i < n; i++)
    {
      put_format (HEAD "\"method\":\"made-up-%d-%d\"}", (int) getpid (), i);
      end_message ();
    }
  answer (id, "true");
}

/* [N] notifications, each written alone */
static void
trickle (const char *id,
         char       *params)
{
  for (int i = 0, n = first_number (params); i < n; i++)
    {
      put_format (HEAD "\"method\":\"tick\",\"params\":{\"n\":%d}}", i);
      end_message ();
      flush_out ();
    }
  answer (id, "true");
}

/* Mistakes */

/* [N]: more of them than are borne */
static void
spoil (const char *id,
       char       *params)
{
  for (int i = 0, n = first_number (params); i < n; i++)
    {
      put_text ("{}");
      end_message ();
    }
  answer (id, "true");
}

/* No message, and no answer either */
static void
say_raw (const char *id,
         char       *params)
{
  (void) id;
  (void) params;
  put_text (options.raw);
}

/* Ends */

static void
leave (const char *id,
       char       *params)
{
  (void) id;
  note ("last words", "");
  flush_out ();
  _exit (first_number (params));
}

static void
die_at_once (const char *id,
             char       *params)
{
  (void) id;
  (void) params;
  note ("last words", "");
  die ();
}

static void
shake_hands (const char *id,
             char       *params)
{
  (void) params;
  if (options.refuse_handshake)
    put_answer (id, "\"error\":{\"code\":-32602,\"message\":\"unknown revision\"}");
  else
    answer (id, "{\"capabilities\":{}}");
}

static void
shut_down (const char *id)
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

static const struct
{
  const char *name;
  void (*serve) (const char *id,
                 char       *params);
} methods[] = {
  { "add", add },
  { "ask", ask_back },
  { "die", die_at_once },
  { "echo", answer },
  { "exit", leave },
  { "fail", fail },
  { "floods", flood },
  { "give-memory", give_memory },
  { "hang", hang },
  { "helper", make_helper },
  { "hold", hold },
  { "initialize", shake_hands },
  { "notify", notify },
  { "raw", say_raw },
  { "say", say },
  { "server/discover", shake_hands },
  { "sleep", sleep_long },
  { "spoil", spoil },
  { "status", tell_status },
  { "take-memory", take_memory },
  { "trickle", trickle },
};

/* @params may be changed. */
void
serve (const char *id,
       const char *method,
       char       *params)
{
  if (strcmp (method, options.shutdown_name) == 0)
    {
      shut_down (id);
      return;
    }

  for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++)
    if (strcmp (method, methods[i].name) == 0)
      {
        methods[i].serve (id, params);
        return;
      }

  if (serve_extensions (id, method, params))
    return;

  put_answer (id, "\"error\":{\"code\":-32601,\"message\":\"method not found\"}");
}
