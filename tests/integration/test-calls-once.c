/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every call is answered exactly once, with its own answer, whenever the host dies. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "rpc-util.h"

#define N_CALLS 10000

/* As in the host: answers that it was about to write, and had written. */
typedef struct
{
  volatile unsigned long begun;
  volatile unsigned long done;
} Count;

typedef struct
{
  ExtensionHostProcess *process;
  GRand *rand;
  Count *count;
  guint8 answered[N_CALLS];
  guint n_answers;
  guint n_replies;
  guint n_failures;
  guint last_reply;      /* 1 + the number of the call; replies come in order */
  gboolean in_order;
} Round;

typedef struct
{
  Round *round;
  guint number;
  gboolean in_bytes;
} Call;

static void
take_reply (Round *round,
            Call  *call,
            int    number)
{
  g_assert_cmpint (number, ==, call->number);   /* its own */
  round->n_replies++;
  round->in_order = round->in_order && call->number >= round->last_reply;
  round->last_reply = call->number;
}

static void
on_answer (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Call *call = user_data;
  Round *round = call->round;
  g_autoptr(JsonNode) node = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  int number = -1;

  g_assert_cmpuint (++round->answered[call->number], ==, 1);
  round->n_answers++;
  if (call->in_bytes)
    {
      bytes = extension_host_process_call_bytes_finish (round->process, result, &error);
      if (bytes != NULL)
        {
          g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL),
                                             g_bytes_get_size (bytes));

          g_assert_cmpint (sscanf (text, "[%d]", &number), ==, 1);
        }
    }
  else
    {
      node = extension_host_process_call_finish (round->process, result, &error);
      if (node != NULL)
        number = (int) json_array_get_int_element (json_node_get_array (node), 0);
    }

  if (error == NULL)
    {
      take_reply (round, call, number);
    }
  else
    {
      ExtensionHostCallFailure *failure =
        extension_host_process_get_call_failure (round->process, result);

      g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_HOST_EXITED);
      g_assert_cmpint (extension_host_exit_get_signal (
                         extension_host_call_failure_get_exit (failure)), ==, SIGKILL);
      round->n_failures++;
    }
  g_free (call);
}

static void
make_call (Round *round,
           guint  number)
{
  char text[32];
  Call *call = g_new (Call, 1);
  g_autoptr(GBytes) bytes = NULL;

  *call = (Call) { round, number, number % 4 != 0 };
  g_snprintf (text, sizeof text, "[%u]", number);
  if (call->in_bytes)
    {
      bytes = g_bytes_new (text, strlen (text));
      extension_host_process_call_bytes_async (round->process, "echo", bytes,
                                               EXTENSION_HOST_NO_TIMEOUT, NULL, on_answer, call);
    }
  else
    {
      g_autoptr(JsonNode) node = rpc_json (text);

      extension_host_process_call_async (round->process, "echo", node, EXTENSION_HOST_NO_TIMEOUT,
                                         NULL, on_answer, call);
    }
}

/* From another thread, so that it hits the host wherever we are ourselves. */
typedef struct
{
  pid_t pid;
  const Count *count;
  unsigned long n_answers;   /* kill once the host is about to write this one, or, if 0 … */
  gulong delay;              /* … after so many µs */
} Killer;

static gpointer
kill_later (gpointer data)
{
  Killer *killer = data;
  gint64 give_up = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  g_usleep (killer->delay);
  while (killer->count->begun < killer->n_answers && g_get_monotonic_time () < give_up)
    g_usleep (20);
  kill (killer->pid, SIGKILL);

  return NULL;
}

/* Three of four come while the host answers, the others at any moment: before it read a call, or when it had
 * answered them all. */
static Killer
draw_death (GRand *rand,
            Count *count)
{
  if (g_rand_int_range (rand, 0, 4) > 0)
    return (Killer) { 0, count, (unsigned long) g_rand_int_range (rand, 1, N_CALLS), 0 };

  return (Killer) { 0, count, 0, (gulong) g_rand_int_range (rand, 0, 60 * 1000) };
}

static void
run_round (TestFixture *fixture,
           Round       *round)
{
  Killer killer = draw_death (round->rand, round->count);
  GThread *thread = NULL;

  memset (round->answered, 0, sizeof round->answered);
  round->n_answers = round->n_replies = round->n_failures = round->last_reply = 0;
  round->in_order = TRUE;
  *round->count = (Count) { 0, 0 };

  g_assert_true (extension_host_process_start (round->process, NULL));
  rpc_wait_running (fixture, round->process);
  killer.pid = (pid_t) extension_host_process_get_pid (round->process);
  g_assert_cmpint (killer.pid, >, 0);
  for (guint i = 0; i < N_CALLS; i++)
    make_call (round, i);
  g_assert_cmpuint (round->n_answers, ==, 0);
  thread = g_thread_new ("killer", kill_later, &killer);
  test_wait_until (fixture, extension_host_process_get_state (round->process) ==
                            EXTENSION_HOST_STATE_CRASHED && round->n_answers == N_CALLS);
  g_thread_join (thread);

  g_assert_cmpuint (round->n_replies + round->n_failures, ==, N_CALLS);
  g_assert_true (round->in_order);
  /* All that was on the wire was delivered, and nothing that was not. */
  g_assert_cmpuint (round->n_replies, >=, (guint) round->count->done);
  g_assert_cmpuint (round->n_replies, <=, (guint) round->count->begun);
  g_assert_cmpuint (extension_host_process_get_pending_calls (round->process), ==, 0);
}

static void
test_once (TestFixture   *fixture,
           gconstpointer  data)
{
  guint n_rounds = g_test_quick () || TEST_SANITIZED ? 20 : 200;
  g_autofree char *file = NULL;
  g_autofree char *option = NULL;
  g_autoptr(ExtensionHostSpec) spec = NULL;
  g_autofree Round *round = g_new0 (Round, 1);
  guint n_split = 0, n_replies = 0;
  int fd = g_file_open_tmp ("calls-once-XXXXXX", &file, NULL);

  g_assert_cmpint (ftruncate (fd, sizeof (Count)), ==, 0);
  round->count = mmap (NULL, sizeof (Count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  g_assert_true (round->count != MAP_FAILED);
  option = g_strconcat ("--count-in=", file, NULL);
  spec = rpc_spec_new (fixture, "h", option, NULL);
  g_object_set (spec, "max-pending", N_CALLS, NULL);
  round->process = extension_host_process_new (spec);
  round->rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());

  for (guint i = 0; i < n_rounds; i++)
    {
      run_round (fixture, round);
      n_replies += round->n_replies;
      n_split += round->n_replies > 0 && round->n_failures > 0;
    }
  g_test_message ("%u of %u rounds were cut in the middle; %u replies in all", n_split, n_rounds,
                  n_replies);
  g_assert_cmpuint (n_split, >, n_rounds / 10);
  g_assert_cmpuint (rpc_get_stale (round->process), ==, 0);
  g_assert_cmpuint (extension_host_process_get_protocol_errors (round->process), ==, 0);

  g_object_unref (round->process);
  g_rand_free (round->rand);
  munmap (round->count, sizeof (Count));
  close (fd);
  g_unlink (file);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/calls-once/ten-thousand", NULL, test_once);

  return g_test_run ();
}
