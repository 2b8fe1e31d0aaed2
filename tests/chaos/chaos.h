/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-journal.h"
#include "test-util.h"

G_BEGIN_DECLS

/* A run: an application with many hosts, the bus that it is on, all that is under way, and the
 * count of what has been done and seen. */

#define CHAOS_PATIENCE (TEST_SANITIZED ? 120 : 40)   /* s, for what takes a moment */
#define CHAOS_HOST "CHAOS_HOST"                      /* in the environment of each process */

typedef struct _Chaos Chaos;
typedef struct _ChaosHost ChaosHost;
typedef struct _ChaosBus ChaosBus;

typedef struct
{
  guint32 seed;
  guint n_hosts;
  guint seconds;
  char *markdown;   /* the file to write the table to, or NULL */
} ChaosOptions;

typedef struct
{
  guint64 n_operations;       /* of the application */
  guint64 n_bus_operations;   /* of a client on the bus */
  guint64 n_asked;            /* whatever is to be answered once: orders and calls, of both */
  guint64 n_answered;
  guint64 n_calls;            /* those among them that a host answers */
  guint64 n_results;
  guint64 n_failures;
  guint64 n_transitions;
  guint64 n_told;             /* of these, on the bus */
  guint64 n_restarts;         /* automatic ones */
  guint64 n_verdicts;         /* frozen or hanging, and ended for it */
  guint64 n_no_resources;     /* starts that found no descriptor or no memory */
  guint64 n_looks;            /* at all processes of the machine */
  guint64 n_seen;             /* of them, those of hosts */
  guint64 n_orphans;
  gint64 worst_answer;        /* µs, that an untouched host was waited for, and no fault of ours */
  gint64 worst_turn;          /* µs, between two turns of the loop, the same */
} ChaosTally;

struct _Chaos
{
  TestFixture *fixture;
  const ChaosOptions *options;
  GRand *rand;
  ExtensionHostManager *manager;
  GPtrArray *hosts;           /* of ChaosHost: those that are there from begin to end */
  GPtrArray *guests;          /* and those that come for one bad thing */
  guint n_guests;             /* that there ever were */
  GPtrArray *questions;       /* of this round */
  GPtrArray *faults;          /* under way */
  ChaosBus *bus;              /* NULL if there is none to be had */
  ChaosJournal journal;       /* of what befell all hosts */
  ChaosTally tally;
  guint64 n_manager_seen;       /* transitions, told by the manager */
  gboolean is_blind;          /* nothing can be opened just now */
  gint64 excused_until;       /* monotonic, µs: until then we are late ourselves */
};

/* Numbers that come of the seed alone */
int      chaos_random  (Chaos      *self,
                        int         begin,
                        int         end);

/* A promise was broken: tells the seed and the last events of the host, if it is about one. */
void     chaos_fail    (Chaos      *self,
                        ChaosHost  *host,
                        const char *format,
                        ...) G_GNUC_PRINTF (3, 4) G_GNUC_NORETURN;

#define chaos_check(self, host, condition, ...)     \
  G_STMT_START {                                    \
    if (!(condition))                               \
      chaos_fail (self, host, __VA_ARGS__);         \
  } G_STMT_END

/* A fault of ours holds up everything from now on, or has just done so. */
void     chaos_excuse  (Chaos      *self,
                        guint       ms);

G_END_DECLS
