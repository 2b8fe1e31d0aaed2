/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-question.h"

G_BEGIN_DECLS

/* What is done to hosts and to the world, and how one sees that it was survived: the host is back
 * in order, or rests in a state that is legal, and what is told of it is true. */

typedef struct _ChaosFault ChaosFault;

typedef enum
{
  CHAOS_ON_HOST,     /* one of those that are there from begin to end */
  CHAOS_ON_GUEST,    /* one that comes for it */
  CHAOS_ON_WORLD,    /* all of them; only one at a time */
  CHAOS_SHORTAGE,    /* the same, and meanwhile no guest may come: it would get nothing */
} ChaosFaultScope;

typedef struct
{
  const char *name;
  ChaosFaultScope scope;
  int weight;
  guint every;                            /* ms, at least between two */
  const char *(*why_not) (Chaos      *chaos);   /* NULL if it can be done here; may be NULL */
  gboolean    (*begin)   (ChaosFault *fault);   /* FALSE if it cannot be done just now */
  gboolean    (*look)    (ChaosFault *fault);   /* TRUE when it is over, and survived */
} ChaosFaultKind;

struct _ChaosFault
{
  const ChaosFaultKind *kind;
  Chaos *chaos;
  ChaosHost *host;             /* NULL if it is about none */
  guint64 generation;          /* in which it was hit */
  gint64 began;                /* monotonic, µs */
  gint64 next;                 /* when to go on */
  guint stage;
  pid_t pid;
  gboolean leaves_alone;
  guint64 before;              /* a count, when it began */
  ChaosQuestion *question;
};

/* Each file has the kinds of one sort; a table ends with one that has no name. */
extern const ChaosFaultKind chaos_faults_on_hosts[];
extern const ChaosFaultKind chaos_faults_by_guests[];
extern const ChaosFaultKind chaos_faults_on_world[];

/* What they need */
void     chaos_guests_set_up    (Chaos      *chaos);
void     chaos_guests_tear_down (Chaos      *chaos);

/* The host is to be hit; nobody else may interfere until it is over. */
void     chaos_fault_hit        (ChaosFault *self,
                                 ChaosHost  *host);
void     chaos_fault_leave_alone (ChaosFault *self);

/* Kills the program of a host that may be harmed, for others to see what comes next. */
gboolean chaos_fault_kill       (ChaosFault *self);

/* The host runs again, or does not and need not. */
gboolean chaos_fault_is_back    (ChaosFault *self);

/* After @ms from now */
void     chaos_fault_wait       (ChaosFault *self,
                                 int         ms);
gboolean chaos_fault_is_time    (ChaosFault *self);

G_END_DECLS
