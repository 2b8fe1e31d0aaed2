/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* One of many hosts that are treated badly, and what has been seen of it. Whatever it tells is
 * checked at once; what it has not answered yet is in `open`. */

/* What a run has come to so far, over all hosts */
typedef struct
{
  guint n_operations;
  guint n_kills;           /* of programs, behind the back of the library */
  guint n_shim_kills;
  guint n_freezes;
  guint n_verdicts;        /* frozen hosts that the watchdog ended */
  guint n_restarts;        /* automatic ones */
  guint n_transitions;
  guint n_orders;          /* start, stop, terminate, kill, restart: asked and answered */
  guint n_order_answers;
  guint n_calls;
  guint n_replies;
  guint n_failures;        /* of calls */
} ChaosTally;

typedef struct
{
  TestFixture *fixture;
  ChaosTally *tally;
  ExtensionHostProcess *process;   /* no reference: the manager has one */
  gboolean speaks;                 /* JSON-RPC */

  ExtensionHostState state;        /* the last one announced */
  guint64 sequence;
  GHashTable *open;                /* operations and calls that are not answered yet */

  pid_t frozen;                    /* its program, while stopped by a signal; 0 = none */
  guint64 frozen_generation;
  gboolean left_alone;             /* meanwhile */
  gint64 thaw_at;                  /* monotonic, µs: until then it stays so */
} ChaosHost;

ChaosHost *chaos_host_new         (TestFixture          *fixture,
                                 ExtensionHostManager *manager,
                                 guint                 number,
                                 ChaosTally            *tally);
void      chaos_host_free        (ChaosHost             *self);

void      chaos_host_operate     (ChaosHost             *self);
void      chaos_host_look_after  (ChaosHost             *self);
void      chaos_host_thaw        (ChaosHost             *self);
void      chaos_host_start       (ChaosHost             *self);
void      chaos_host_stop        (ChaosHost             *self);
gboolean  chaos_host_is_at_rest  (ChaosHost             *self);
void      chaos_host_describe    (ChaosHost             *self);

G_END_DECLS
