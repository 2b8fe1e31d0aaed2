/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-calls.h"

#include <string.h>

#define TIMEOUT 20000   /* ms */
#define HOLD 300
#define HUGE_RESULT (3 * 1024 * 1024 / 2)   /* more than a message may have, less than the queue */
#define BURST 20

static void
check_failure (ChaosQuestion *question,
               const GError  *error)
{
  ChaosHost *host = question->host;

  chaos_journal_note (&host->journal, "“%s” %u failed: %s", question->what, question->number,
                      error->message);
  chaos_check (host->chaos, host, error->domain == EXTENSION_HOST_ERROR,
               "“%s” %u failed with %s: %s", question->what, question->number,
               g_quark_to_string (error->domain), error->message);
  chaos_check (host->chaos, host, host->role != CHAOS_BYSTANDER,
               "a bystander failed in “%s” %u: %s", question->what, question->number,
               error->message);
  switch (error->code)
    {
    case EXTENSION_HOST_ERROR_HOST_EXITED:
    case EXTENSION_HOST_ERROR_NOT_RUNNING:
    case EXTENSION_HOST_ERROR_TIMED_OUT:
    case EXTENSION_HOST_ERROR_QUEUE_FULL:
    case EXTENSION_HOST_ERROR_CLOSED:
      break;

    case EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE:
      chaos_check (host->chaos, host, g_str_equal (question->what, "huge"),
                   "“%s” %u was too large", question->what, question->number);
      break;

    default:
      chaos_fail (host->chaos, host, "“%s” %u failed with code %d: %s", question->what,
                  question->number, error->code, error->message);
    }
}

static void
check_result (ChaosQuestion *question,
              GBytes        *bytes)
{
  ChaosHost *host = question->host;
  g_autofree char *expected = g_strdup_printf ("[%u]", question->number);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  chaos_check (host->chaos, host,
               !g_str_equal (question->what, "hold") && !g_str_equal (question->what, "huge"),
               "“%s” %u has a result", question->what, question->number);
  chaos_check (host->chaos, host,
               !g_str_equal (question->what, "echo") || g_str_equal (text, expected),
               "“echo” %s was answered with %.40s", expected, text);
}

static void
note_time (ChaosQuestion *question)
{
  Chaos *chaos = question->chaos;
  gint64 now = g_get_monotonic_time ();

  if (question->host->role == CHAOS_BYSTANDER && question->asked > chaos->excused_until)
    chaos->tally.worst_answer = MAX (chaos->tally.worst_answer, now - question->asked);
}

static void
on_replied (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  ChaosQuestion *question = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes =
    extension_host_process_call_bytes_finish (EXTENSION_HOST_PROCESS (object), result, &error);

  chaos_answered (question, bytes != NULL);
  if (bytes != NULL)
    {
      check_result (question, bytes);
      note_time (question);
      question->chaos->tally.n_results++;
    }
  else
    {
      check_failure (question, error);
      question->chaos->tally.n_failures++;
    }
}

static ChaosQuestion *
begin (ChaosHost  *host,
       const char *what,
       guint       timeout)
{
  ChaosQuestion *question = chaos_ask (host->chaos, host, what, timeout);

  question->number = (guint) ++host->chaos->tally.n_calls;

  return question;
}

/* Takes @params over. */
static void
send (ChaosQuestion *question,
      const char    *method,
      char          *params,
      guint          timeout)
{
  g_autoptr(GBytes) bytes = g_bytes_new_take (params, strlen (params));

  extension_host_process_call_bytes_async (question->host->process, method, bytes, timeout, NULL,
                                           on_replied, question);
}

ChaosQuestion *
chaos_call (ChaosHost  *host,
            const char *method,
            const char *params)
{
  ChaosQuestion *question = begin (host, method, TIMEOUT);

  send (question, method, g_strdup (params), TIMEOUT);

  return question;
}

ChaosQuestion *
chaos_call_echo (ChaosHost *host)
{
  ChaosQuestion *question = begin (host, "echo", TIMEOUT);

  send (question, "echo", g_strdup_printf ("[%u]", question->number), TIMEOUT);

  return question;
}

ChaosQuestion *
chaos_call_hold (ChaosHost *host)
{
  ChaosQuestion *question = begin (host, "hold", HOLD);

  send (question, "hold", g_strdup ("[]"), HOLD);

  return question;
}

ChaosQuestion *
chaos_call_huge (ChaosHost *host)
{
  ChaosQuestion *question = begin (host, "huge", TIMEOUT);
  g_autofree char *text = g_strnfill (HUGE_RESULT, 'x');

  send (question, "echo", g_strdup_printf ("[\"%s\"]", text), TIMEOUT);

  return question;
}

void
chaos_call_often (Chaos *chaos)
{
  ChaosHost *host = g_ptr_array_index (chaos->hosts,
                                       (guint) chaos_random (chaos, 0, (int) chaos->hosts->len));

  if (!chaos_host_takes_calls (host))
    return;

  for (int i = chaos_random (chaos, 1, BURST); i > 0; i--)
    if (host->role != CHAOS_BYSTANDER && chaos_random (chaos, 0, 10) == 0)
      chaos_call_hold (host);
    else
      chaos_call_echo (host);
}

void
chaos_call_standing (Chaos *chaos)
{
  for (guint i = 0; i < chaos->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (chaos->hosts, i);

      if (host->role == CHAOS_BYSTANDER && !host->is_quiet && host->n_open == 0)
        chaos_call_echo (host);
    }
}
