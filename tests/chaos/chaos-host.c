/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-host.h"

#include <string.h>
#include <unistd.h>

#include "extension-host-state-private.h"

/* Those that are treated badly are watched closely; those that are not are given time, on a machine
 * that is as busy as this one. */
#define CLOSE_INTERVAL 200   /* ms */
#define CLOSE_TIMEOUT 200
#define CLOSE_FAILURES 2
#define CALM_INTERVAL 250
#define CALM_TIMEOUT 1000    /* shorter than many a stall of ours */
#define CALM_FAILURES 3

#define LARGEST_MESSAGE (1024 * 1024)

/* Announcements */

/* A start that was refused is told by the exit: by the reason only if nobody stopped the host meanwhile. */
static void
note_refusal (ChaosHost *self)
{
  ExtensionHostExit *exit = extension_host_process_get_last_exit (self->process);

  if (exit == NULL || extension_host_exit_get_kind (exit) != EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED ||
      extension_host_exit_get_generation (exit) == self->refused)
    return;

  self->refused = extension_host_exit_get_generation (exit);
  self->chaos->tally.n_no_resources++;
}

static void
on_state_changed (ExtensionHostProcess    *process,
                  ExtensionHostTransition *transition,
                  ChaosHost               *self)
{
  Chaos *chaos = self->chaos;
  ExtensionHostState old_state = extension_host_transition_get_old (transition);
  ExtensionHostState new_state = extension_host_transition_get_new (transition);
  ExtensionHostReason reason = extension_host_transition_get_reason (transition);
  guint64 generation = extension_host_transition_get_generation (transition);
  const char *detail = extension_host_transition_get_detail (transition);

  chaos_journal_note (&self->journal, "%s by %s, generation %" G_GUINT64_FORMAT "%s%s",
                      extension_host_state_to_string (new_state),
                      extension_host_reason_to_string (reason), generation,
                      detail != NULL ? ": " : "", detail != NULL ? detail : "");
  chaos_check (chaos, self, old_state == self->state, "it left %s while it was %s",
               extension_host_state_to_string (old_state),
               extension_host_state_to_string (self->state));
  chaos_check (chaos, self, extension_host_process_get_state (process) == new_state,
               "the state is not the one that is being announced");
  chaos_check (chaos, self, extension_host_state_has_edge (old_state, new_state, reason),
               "there is no way from %s to %s by %s", extension_host_state_to_string (old_state),
               extension_host_state_to_string (new_state),
               extension_host_reason_to_string (reason));
  chaos_check (chaos, self,
               extension_host_transition_get_sequence (transition) == self->sequence + 1,
               "number %" G_GUINT64_FORMAT " follows number %" G_GUINT64_FORMAT,
               extension_host_transition_get_sequence (transition), self->sequence);
  chaos_check (chaos, self, generation == self->generation ||
                            (generation == self->generation + 1 &&
                             new_state == EXTENSION_HOST_STATE_STARTING),
               "generation %" G_GUINT64_FORMAT " follows %" G_GUINT64_FORMAT, generation,
               self->generation);
  chaos_check (chaos, self, self->role == CHAOS_GUEST || new_state != EXTENSION_HOST_STATE_CRASHED,
               "it was given up, and its budget has no end");

  self->state = new_state;
  self->sequence++;
  self->generation = generation;
  self->told_at = extension_host_transition_get_time (transition);
  self->is_ready = self->is_ready && new_state == EXTENSION_HOST_STATE_RUNNING;
  if (new_state == EXTENSION_HOST_STATE_RUNNING)
    self->running_at = g_get_monotonic_time ();
  self->n_reasons[reason]++;
  chaos->tally.n_transitions++;
  chaos->tally.n_restarts += reason == EXTENSION_HOST_REASON_BACKOFF_ELAPSED;
  chaos->tally.n_verdicts += reason == EXTENSION_HOST_REASON_UNRESPONSIVE;
  note_refusal (self);
}

static void
on_log (ExtensionHostProcess   *process G_GNUC_UNUSED,
        ExtensionHostLogStream  stream G_GNUC_UNUSED,
        const char             *line,
        ChaosHost              *self)
{
  self->is_ready = self->is_ready || g_str_equal (line, "ready");
}

/* Making */

ExtensionHostSpec *
chaos_host_make_spec (Chaos      *chaos,
                      const char *id,
                      GStrv       argv)
{
  ExtensionHostSpec *spec = extension_host_spec_new (id, (const char * const *) argv);
  g_autofree char *whose = g_strconcat (CHAOS_HOST "=", id, NULL);
  const char *environment[] = { chaos->fixture->tag, whose, NULL };

  g_object_set (spec,
                "environment", environment,
                "protocol", EXTENSION_HOST_PROTOCOL_NONE,
                "backoff-initial", 20,
                "backoff-factor", 1.0,
                "backoff-jitter", 0.5,
                "max-restarts", EXTENSION_HOST_UNLIMITED,
                "exit-timeout", 100,
                "term-timeout", 100,
                "kill-timeout", 20000,
                NULL);

  return spec;
}

void
chaos_host_make_speak (ExtensionHostSpec *spec)
{
  g_object_set (spec,
                "protocol", EXTENSION_HOST_PROTOCOL_PLAIN,
                "ack-timeout", 100,
                "health-interval", CLOSE_INTERVAL,
                "health-timeout", CLOSE_TIMEOUT,
                "health-failures", CLOSE_FAILURES,
                "max-message-size", LARGEST_MESSAGE,
                NULL);
}

ChaosHost *
chaos_host_new (Chaos             *chaos,
                ChaosRole          role,
                ExtensionHostSpec *spec)
{
  g_autoptr(GError) error = NULL;
  ChaosHost *self = g_new0 (ChaosHost, 1);
  ExtensionHostProcess *process = extension_host_manager_add (chaos->manager, spec, &error);

  g_assert_no_error (error);
  self->chaos = chaos;
  self->role = role;
  self->process = g_object_ref (process);
  self->id = g_strdup (extension_host_process_get_id (process));
  g_signal_connect (process, "state-changed", G_CALLBACK (on_state_changed), self);
  if (role == CHAOS_GUEST)
    g_signal_connect (process, "log", G_CALLBACK (on_log), self);
  g_object_unref (spec);

  return self;
}

void
chaos_host_free (ChaosHost *self)
{
  g_assert_cmpuint (self->n_open, ==, 0);
  g_signal_handlers_disconnect_by_data (self->process, self);
  g_object_unref (self->process);
  chaos_journal_clear (&self->journal);
  g_free (self->id);
  g_free (self);
}

/* One in five is a bystander; of the others every second one speaks. */
static ChaosRole
get_role (guint number)
{
  if (number % 5 == 0)
    return CHAOS_BYSTANDER;

  return number % 2 == 0 ? CHAOS_SPEAKER : CHAOS_MUTE;
}

static GStrv
make_argv (ChaosRole role,
           guint     number)
{
  static const char * const habits[][3] = {
    { "--grandchild", "--setsid-grandchild", NULL },
    { "--crash-randomly=3000", NULL },
    { "--exit-after=2000:0", "--daemon", NULL },
    { "--stubborn-children", "--slow-death=20", NULL },
  };
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, g_getenv (role == CHAOS_MUTE ? "FAKE_HOST" : "RPC_HOST"));
  g_strv_builder_add (builder, "--live-for=86400");
  if (role == CHAOS_MUTE)
    g_strv_builder_addv (builder, (const char **) habits[number / 2 % G_N_ELEMENTS (habits)]);
  else
    g_strv_builder_add (builder, "--raw={\"jsonrpc\":\"2.0\",\"id\":1,\"resu");

  return g_strv_builder_end (builder);
}

ChaosHost *
chaos_host_new_nth (Chaos *chaos,
                    guint  number)
{
  ChaosRole role = get_role (number);
  g_autofree char *id = g_strdup_printf ("%s-%u", role == CHAOS_BYSTANDER ? "bystander" : "host",
                                         number);
  g_auto(GStrv) argv = make_argv (role, number);
  ExtensionHostSpec *spec = chaos_host_make_spec (chaos, id, argv);
  ChaosHost *self = NULL;

  if (role != CHAOS_MUTE)
    chaos_host_make_speak (spec);
  if (role == CHAOS_BYSTANDER)
    g_object_set (spec,
                  "health-interval", CALM_INTERVAL,
                  "health-timeout", CALM_TIMEOUT,
                  "health-failures", CALM_FAILURES,
                  NULL);

  self = chaos_host_new (chaos, role, spec);
  self->is_quiet = role == CHAOS_BYSTANDER && number % 2 != 0;

  return self;
}

/* Looking */

gboolean
chaos_host_is_up (ChaosHost *self)
{
  return self->state == EXTENSION_HOST_STATE_RUNNING;
}

/* Nothing is alive, and nobody waits for an answer. */
gboolean
chaos_host_is_at_rest (ChaosHost *self)
{
  return (self->state == EXTENSION_HOST_STATE_STOPPED ||
          self->state == EXTENSION_HOST_STATE_CRASHED) && self->n_open == 0;
}

gboolean
chaos_host_takes_calls (ChaosHost *self)
{
  return self->role == CHAOS_SPEAKER || (self->role == CHAOS_BYSTANDER && !self->is_quiet);
}

static gboolean
may_be_harmed (ChaosHost *self)
{
  return self->role != CHAOS_BYSTANDER && chaos_host_is_up (self) &&
         self->n_left_alone == 0 && self->resume_at == 0 &&
         extension_host_process_get_control (self->process) == EXTENSION_HOST_CONTROL_ACTIVE &&
         extension_host_process_get_desired (self->process) == EXTENSION_HOST_DESIRED_UP;
}

/* One that runs, and that anything may be done to; NULL if there is none just now. One that is
 * undisturbed has nothing else under way that would change its state. */
ChaosHost *
chaos_host_pick (Chaos    *chaos,
                 gboolean  speaks,
                 gboolean  undisturbed)
{
  guint first = (guint) chaos_random (chaos, 0, (int) chaos->hosts->len);

  for (guint i = 0; i < chaos->hosts->len; i++)
    {
      ChaosHost *self = g_ptr_array_index (chaos->hosts, (first + i) % chaos->hosts->len);

      if (may_be_harmed (self) && (!speaks || self->role == CHAOS_SPEAKER) &&
          (!undisturbed || (self->n_orders == 0 && self->n_faults == 0)))
        return self;
    }

  return NULL;
}

/* Any but a bystander and those that are left alone, in whatever state; NULL if there is none. */
ChaosHost *
chaos_host_pick_any (Chaos *chaos)
{
  guint first = (guint) chaos_random (chaos, 0, (int) chaos->hosts->len);

  for (guint i = 0; i < chaos->hosts->len; i++)
    {
      ChaosHost *self = g_ptr_array_index (chaos->hosts, (first + i) % chaos->hosts->len);

      if (self->role != CHAOS_BYSTANDER && self->n_left_alone == 0)
        return self;
    }

  return NULL;
}

static ChaosHost *
find_among (GPtrArray  *hosts,
            const char *id)
{
  for (guint i = 0; i < hosts->len; i++)
    if (g_str_equal (((ChaosHost *) g_ptr_array_index (hosts, i))->id, id))
      return g_ptr_array_index (hosts, i);

  return NULL;
}

ChaosHost *
chaos_host_find (Chaos      *chaos,
                 const char *id)
{
  ChaosHost *self = find_among (chaos->hosts, id);

  return self != NULL ? self : find_among (chaos->guests, id);
}

pid_t
chaos_host_get_program (ChaosHost *self)
{
  pid_t pid = (pid_t) extension_host_process_get_pid (self->process);
  g_autofree char *whose = g_strconcat (CHAOS_HOST "=", self->id, NULL);

  return pid > 0 && test_has_variable (pid, self->chaos->fixture->tag) &&
         test_has_variable (pid, whose) ? pid : 0;
}

/* It is our child, and the parent of the program. */
pid_t
chaos_host_get_shim (ChaosHost *self)
{
  pid_t pid = chaos_host_get_program (self);
  TestStat program, shim;

  if (pid == 0 || !test_stat (pid, &program) || program.parent <= 1 ||
      !test_stat (program.parent, &shim) || shim.parent != getpid ())
    return 0;

  return program.parent;
}

void
chaos_host_describe (ChaosHost *self)
{
  g_autofree char *whose =
    g_strdup_printf ("%s, which is %s, pid %u, with %u questions open", self->id,
                     extension_host_state_to_string (self->state),
                     extension_host_process_get_pid (self->process), self->n_open);

  chaos_journal_print (&self->journal, whose);
}
