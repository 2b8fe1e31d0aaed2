/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Faults of what the application lives in: its descriptors, its memory, its clocks, its own loop,
 * and the bus. Those hosts that nobody kills do not notice. */

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "chaos-bus.h"
#include "chaos-calls.h"
#include "chaos-fault.h"
#include "chaos-inject.h"

#define LONGEST_STALL 3000   /* ms */
#define LONGEST_OUTAGE 800
#define YEAR (365 * G_TIME_SPAN_DAY)

/* EMFILE: a host that was killed finds no descriptors for its next life. */

static struct rlimit true_limit;
static GArray *taken;      /* descriptors; NULL while there are enough */

/* Above those that are open there are none, and below there soon are none left. */
static void
limit_descriptors (void)
{
  struct rlimit limit;
  int fd = 0;

  getrlimit (RLIMIT_NOFILE, &true_limit);
  limit = true_limit;
  for (fd = 1023; fd > 0 && fcntl (fd, F_GETFD) == -1; fd--)
    continue;
  limit.rlim_cur = (rlim_t) fd + 1;
  setrlimit (RLIMIT_NOFILE, &limit);
  taken = g_array_new (FALSE, FALSE, sizeof (int));
}

static void
take_rest (void)
{
  int fd = -1;

  while ((fd = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) != -1)
    g_array_append_val (taken, fd);
}

static gboolean
take_descriptors (ChaosFault *fault)
{
  if (!chaos_fault_kill (fault))
    return FALSE;

  chaos_fault_leave_alone (fault);
  fault->before = fault->host->n_reasons[EXTENSION_HOST_REASON_NO_RESOURCES];
  fault->chaos->is_blind = TRUE;
  limit_descriptors ();
  take_rest ();

  return TRUE;
}

static void
give_descriptors (ChaosFault *fault)
{
  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, int, i));
  g_clear_pointer (&taken, g_array_unref);
  setrlimit (RLIMIT_NOFILE, &true_limit);
  fault->chaos->is_blind = FALSE;
}

/* Others leave theirs meanwhile, and one may be enough: then the host has to die once more. */
static gboolean
look_after_descriptors (ChaosFault *fault)
{
  ChaosHost *host = fault->host;
  pid_t pid = 0;

  chaos_excuse (fault->chaos, 500);
  if (fault->stage > 0)
    return chaos_fault_is_back (fault);

  if (host->n_reasons[EXTENSION_HOST_REASON_NO_RESOURCES] > fault->before)
    {
      give_descriptors (fault);
      fault->stage = 1;
      return FALSE;
    }

  if (chaos_fault_is_back (fault))
    {
      give_descriptors (fault);
      fault->generation = host->generation;
      pid = chaos_host_get_program (host);
      if (pid != 0)
        kill (pid, SIGKILL);
      fault->chaos->is_blind = TRUE;
      limit_descriptors ();
    }
  take_rest ();

  return FALSE;
}

/* ENOMEM: the next process that is spawned is not. */

static gboolean
take_memory (ChaosFault *fault)
{
  if (!chaos_fault_kill (fault))
    return FALSE;

  fault->before = fault->chaos->tally.n_no_resources;
  chaos_inject_no_memory ();

  return TRUE;
}

/* It may have been another host that was the next. */
static gboolean
look_after_memory (ChaosFault *fault)
{
  return !chaos_inject_is_armed () && fault->chaos->tally.n_no_resources > fault->before &&
         chaos_fault_is_back (fault);
}

/* Clocks: the wall jumps, to and fro, and the machine has slept. Backoffs and deadlines do not
 * care. */

static gboolean
turn_clocks (ChaosFault *fault)
{
  static const gint64 jumps[] = {
    -YEAR, -G_TIME_SPAN_DAY, -G_TIME_SPAN_HOUR, 0, G_TIME_SPAN_HOUR, G_TIME_SPAN_DAY, 10 * YEAR,
  };

  if (!chaos_fault_kill (fault))
    return FALSE;

  chaos_inject_wall (jumps[chaos_random (fault->chaos, 0, G_N_ELEMENTS (jumps))]);
  chaos_inject_sleep (chaos_random (fault->chaos, 0, 2) * G_TIME_SPAN_HOUR);

  return TRUE;
}

static gboolean
look_after_clocks (ChaosFault *fault)
{
  if (!chaos_fault_is_back (fault))
    return FALSE;

  chaos_check (fault->chaos, fault->host,
               ABS (g_get_real_time () - fault->host->told_at) < G_TIME_SPAN_MINUTE * 10,
               "it was told at another time than that on the wall");

  return TRUE;
}

/* A loop that stands still, with a call under way */

static gboolean
stall (ChaosFault *fault)
{
  guint ms = (guint) chaos_random (fault->chaos, 100, LONGEST_STALL);

  chaos_fault_hit (fault, g_ptr_array_index (fault->chaos->hosts, 0));
  fault->question = chaos_call_echo (fault->host);
  chaos_journal_note (&fault->chaos->journal, "a stall of %u ms", ms);
  g_usleep (ms * 1000);
  chaos_excuse (fault->chaos, 500);
  chaos_fault_wait (fault, 1000);

  return TRUE;
}

/* By then a verdict that was rash would have been executed. */
static gboolean
look_after_stall (ChaosFault *fault)
{
  return chaos_fault_is_time (fault) && fault->question->is_answered;
}

/* The bus goes, and comes back. */

static const char *
has_no_bus (Chaos *chaos)
{
  return chaos->bus != NULL ? NULL : "no dbus-daemon";
}

static gboolean
kill_bus (ChaosFault *fault)
{
  if (!chaos_bus_is_joined (fault->chaos->bus))
    return FALSE;

  chaos_journal_note (&fault->chaos->journal, "the bus goes");
  chaos_bus_kill (fault->chaos->bus);
  chaos_fault_wait (fault, chaos_random (fault->chaos, 1, LONGEST_OUTAGE));

  return TRUE;
}

static gboolean
look_after_bus (ChaosFault *fault)
{
  ChaosBus *bus = fault->chaos->bus;

  if (fault->stage == 0 && chaos_fault_is_time (fault))
    {
      chaos_excuse (fault->chaos, 500);
      chaos_bus_start (bus);
      chaos_journal_note (&fault->chaos->journal, "the bus is back");
      fault->stage = 1;
    }
  if (fault->stage == 1 && chaos_bus_is_joined (bus))
    {
      fault->question = chaos_bus_call (bus);
      fault->stage = 2;
    }
  if (fault->stage < 2 || !fault->question->is_answered)
    return FALSE;

  chaos_check (fault->chaos, NULL, fault->question->had_result,
               "the bus is back, and a host does not answer there");

  return TRUE;
}

const ChaosFaultKind chaos_faults_on_world[] = {
  { "EMFILE", CHAOS_SHORTAGE, 3, 500, NULL, take_descriptors, look_after_descriptors },
  { "ENOMEM on spawn", CHAOS_SHORTAGE, 4, 0, NULL, take_memory, look_after_memory },
  { "clock jump", CHAOS_ON_WORLD, 4, 0, NULL, turn_clocks, look_after_clocks },
  { "stall of the application", CHAOS_ON_WORLD, 2, 4000, NULL, stall, look_after_stall },
  { "bus restart", CHAOS_ON_WORLD, 2, 2000, has_no_bus, kill_bus, look_after_bus },
  { NULL }
};
