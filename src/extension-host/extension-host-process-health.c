/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <time.h>

#include <glib/gi18n-lib.h>

#include "extension-host-health-private.h"
#include "extension-host-proc-private.h"
#include "extension-host-process-private.h"

/* The health of a host that is ready: a tick at regular times, which probes it unless it has answered
 * something else, measures its tree, and tells. The watchdog counts what was not answered.
 *
 * The ticks of all hosts with the same interval fall into the same turn, so that a hundred idle hosts wake
 * the application no more often than one does. What there is to do then is done in slices. */

#define EXCESSES_MAX 2            /* ticks in a row above the memory limit */
#define CPU_INTERVAL (100 * 1000) /* µs: the kernel counts in steps of 10 ms */

static void on_tick (gpointer data);

/* How long the system has been suspended so far: CLOCK_MONOTONIC stands still then (clock_gettime(2)). */
static gint64
get_time_slept (void)
{
  struct timespec with, without;

  if (clock_gettime (CLOCK_MONOTONIC, &without) == -1 || clock_gettime (CLOCK_BOOTTIME, &with) == -1)
    return 0;

  return (gint64) (with.tv_sec - without.tv_sec) * G_USEC_PER_SEC +
         (with.tv_nsec - without.tv_nsec) / 1000;
}

static void
arm_tick (ExtensionHostProcess *self)
{
  gint64 interval = (gint64) self->spec->health_interval * 1000;
  gint64 next = 0;

  if (interval == 0)   /* it may be switched off while the host runs */
    return;

  next = (g_get_monotonic_time () / interval + 1) * interval;
  extension_host_deadline_arm (&self->tick, self->reactor, next, on_tick, self);
}

/* Records */

static void
measure (ExtensionHostProcess *self,
         ExtensionHostHealth  *health)
{
  ExtensionHostProcTree tree;
  gint64 now = g_get_monotonic_time ();

  self->tree_memory = 0;   /* what was measured before proves nothing now */
  if (self->attempt == NULL ||
      !extension_host_proc_read_tree (extension_host_attempt_get_shim_pid (self->attempt), &tree))
    return;

  health->rss = tree.rss;
  health->processes = tree.processes;
  self->tree_memory = tree.memory;

  /* A verdict comes right behind a tick most often: too short a time to measure anything. */
  if (now - self->measured_at >= CPU_INTERVAL)
    {
      self->cpu_percent = extension_host_proc_get_cpu_percent (self->cpu_before, tree.cpu,
                                                               now - self->measured_at);
      self->cpu_before = tree.cpu;
      self->measured_at = now;
    }
  health->cpu_percent = self->cpu_percent;
}

static ExtensionHostHealth *
make_health (ExtensionHostProcess *self)
{
  ExtensionHostHealth *health = extension_host_health_new ();

  health->sequence = ++self->health_sequence;
  health->generation = self->lifecycle.generation;
  health->time = g_get_real_time ();
  health->latency = extension_host_watchdog_take_latency (&self->watchdog);
  health->failures = self->watchdog.failures;
  health->ok = health->failures == 0;
  health->pending_calls = extension_host_rpc_get_pending (self->rpc);
  health->queued_bytes = extension_host_rpc_get_queued (self->rpc);
  measure (self, health);

  return health;
}

static void
tell_health (ExtensionHostProcess *self,
             gpointer              data)
{
  g_clear_pointer (&self->last_health, extension_host_health_unref);
  self->last_health = extension_host_health_ref (data);
  if (self->last_health->latency >= 0)
    self->latency = self->last_health->latency;
  extension_host_process_update_face (self);
  extension_host_process_show_health (self, data);
}

/* The memory limit */

static void
check_memory (ExtensionHostProcess *self)
{
  guint64 limit = self->spec->memory_limit;
  g_autofree char *used = NULL;
  g_autofree char *allowed = NULL;
  g_autofree char *detail = NULL;

  if (limit == 0 || self->tree_memory <= limit ||
      self->lifecycle.control != EXTENSION_HOST_CONTROL_ACTIVE)
    {
      self->memory_excesses = 0;
      return;
    }

  if (++self->memory_excesses < EXCESSES_MAX)
    return;

  used = g_format_size_full (self->tree_memory, G_FORMAT_SIZE_IEC_UNITS);
  allowed = g_format_size_full (limit, G_FORMAT_SIZE_IEC_UNITS);
  detail = g_strdup_printf (_("uses %s of memory, and %s are allowed"), used, allowed);
  extension_host_lifecycle_fault (&self->lifecycle, EXTENSION_HOST_REASON_MEMORY_LIMIT, detail);
}

/* The verdict */

typedef struct
{
  ExtensionHostHealth *health;
  char *detail;
} Incident;

static void
incident_free (gpointer data)
{
  Incident *incident = data;

  extension_host_health_unref (incident->health);
  g_free (incident->detail);
  g_free (incident);
}

/* First the signal: who debugs or pauses the host then is listened to. */
static void
tell_incident (ExtensionHostProcess *self,
               gpointer              data)
{
  Incident *incident = data;

  tell_health (self, incident->health);
  extension_host_process_show_unresponsive (self, incident->health);
  if (self->spec->health_failures == 0 ||
      self->lifecycle.control != EXTENSION_HOST_CONTROL_ACTIVE ||
      self->lifecycle.generation != incident->health->generation)
    return;

  extension_host_lifecycle_fault (&self->lifecycle, EXTENSION_HOST_REASON_UNRESPONSIVE,
                                  incident->detail);
  extension_host_process_flush (self);
}

static gboolean
is_output_full (ExtensionHostProcess *self)
{
  ExtensionHostChannel *channel = extension_host_attempt_get_channel (self->attempt);

  return channel != NULL && extension_host_channel_is_input_full (channel);
}

static void
judge (ExtensionHostProcess *self)
{
  Incident *incident = g_new0 (Incident, 1);
  ExtensionHostVerdict verdict = extension_host_proc_judge (self->pid, is_output_full (self));
  ExtensionHostHealth *health = make_health (self);
  g_autofree char *seen = extension_host_proc_describe (verdict, health->cpu_percent);

  health->verdict = verdict;
  incident->health = health;
  incident->detail =
    g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                  "%u probe was not answered within %u ms: %s",
                                  "%u probes in a row were not answered within %u ms: %s",
                                  health->failures),
                     health->failures, self->spec->health_timeout, seen);
  extension_host_process_queue_delivery (self, tell_incident, NULL, incident, incident_free, 0);
}

/* Whether somebody looks into the program with a debugger: then it is silent for good reason. */
gboolean
extension_host_process_is_debugged (ExtensionHostProcess *self)
{
  return self->attempt != NULL && self->pid != 0 &&
         extension_host_proc_is_debugged (self->pid,
                                          extension_host_attempt_get_shim_pid (self->attempt));
}

/* Probes */

static void
note_missed (ExtensionHostProcess *self,
             gint64                due)
{
  gint64 now = g_get_monotonic_time ();

  if (self->readiness != EXTENSION_HOST_READINESS_READY ||
      self->lifecycle.control != EXTENSION_HOST_CONTROL_ACTIVE || self->pid == 0)
    return;

  if (extension_host_process_is_debugged (self))
    extension_host_watchdog_grant_grace (&self->watchdog, now);
  else if (extension_host_watchdog_missed (&self->watchdog, due, now, get_time_slept ()))
    judge (self);
}

typedef struct
{
  ExtensionHostProcess *process;   /* no reference: it answers all its calls before it goes */
  gint64 due;
} Probe;

/* What the answer says does not matter: that there is one has been noted. */
static void
on_probe_reply (ExtensionHostReply *reply,
                gpointer            data)
{
  g_autofree Probe *probe = data;

  if (g_error_matches (reply->error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_TIMED_OUT))
    note_missed (probe->process, probe->due);
  extension_host_reply_free (reply);
}

static void
send_probe (ExtensionHostProcess *self)
{
  const char *method = extension_host_spec_get_health_method (self->spec);
  g_autofree char *params = extension_host_spec_dup_probe_params (self->spec);
  g_autofree Probe *probe = g_new (Probe, 1);
  gint64 now = g_get_monotonic_time ();

  if (method == NULL || !self->rpc_attached)
    return;

  *probe = (Probe) { self, now + (gint64) self->spec->health_timeout * 1000 };
  if (extension_host_rpc_call (self->rpc, method, params, params != NULL ? strlen (params) : 0,
                               self->spec->health_timeout, TRUE, on_probe_reply, probe, NULL) != NULL)
    g_steal_pointer (&probe);
  else
    note_missed (self, now);   /* it does not even read what we have for it */
}

/* A reply to a call of ours, whatever it says: the main loop of the host is at work. */
void
extension_host_process_note_reply (gint64   sent,
                                   gint64   now,
                                   gboolean urgent,
                                   gpointer owner)
{
  ExtensionHostProcess *self = owner;

  self->replied_at = now;
  if (urgent)
    extension_host_watchdog_probe_answered (&self->watchdog, now - sent);
  else
    extension_host_watchdog_replied (&self->watchdog, now - sent);
}

/* Ticks */

static void
work_off_tick (gpointer data)
{
  ExtensionHostProcess *self = data;
  ExtensionHostHealth *health = make_health (self);

  extension_host_process_queue_delivery (self, tell_health, NULL, health,
                                         (GDestroyNotify) extension_host_health_unref, 0);
  if (self->wants_probe && self->lifecycle.control == EXTENSION_HOST_CONTROL_ACTIVE)
    send_probe (self);
  self->wants_probe = FALSE;
  check_memory (self);
  extension_host_process_flush (self);
}

static void
on_tick (gpointer data)
{
  ExtensionHostProcess *self = data;

  self->wants_probe |= extension_host_watchdog_tick (&self->watchdog, self->tick.due,
                                                     g_get_monotonic_time (), get_time_slept ());
  arm_tick (self);
  extension_host_chore_add (&self->tick_work, self->reactor, work_off_tick, self);
}

/* The host has become ready. */
void
extension_host_process_begin_health (ExtensionHostProcess *self)
{
  ExtensionHostSpec *spec = self->spec;

  extension_host_watchdog_begin (&self->watchdog, spec->health_interval, spec->health_timeout,
                                 spec->health_failures, get_time_slept ());
  self->cpu_before = 0;
  self->cpu_percent = 0;
  self->measured_at = self->spawned_at;
  self->tree_memory = 0;
  self->memory_excesses = 0;
  self->replied_at = 0;
  self->latency = -1;
  arm_tick (self);
}

void
extension_host_process_end_health (ExtensionHostProcess *self)
{
  extension_host_deadline_disarm (&self->tick);
  extension_host_backlog_drop (&self->tick_work);
  self->wants_probe = FALSE;
}

/* What happened while it was paused is not held against it. */
void
extension_host_process_resume_health (ExtensionHostProcess *self)
{
  extension_host_watchdog_grant_grace (&self->watchdog, g_get_monotonic_time ());
}
