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
} SoakTally;

typedef struct
{
  TestFixture *fixture;
  SoakTally *tally;
  ExtensionHostProcess *process;   /* no reference: the manager has one */
  gboolean speaks;                 /* JSON-RPC */

  ExtensionHostState state;        /* the last one announced */
  guint64 sequence;
  GHashTable *open;                /* operations and calls that are not answered yet */

  pid_t frozen;                    /* its program, while stopped by a signal; 0 = none */
  guint64 frozen_generation;
  gboolean left_alone;             /* meanwhile */
  gint64 thaw_at;                  /* monotonic, µs: until then it stays so */
} SoakHost;

SoakHost *soak_host_new         (TestFixture          *fixture,
                                 ExtensionHostManager *manager,
                                 guint                 number,
                                 SoakTally            *tally);
void      soak_host_free        (SoakHost             *self);

void      soak_host_operate     (SoakHost             *self);
void      soak_host_look_after  (SoakHost             *self);
void      soak_host_thaw        (SoakHost             *self);
void      soak_host_start       (SoakHost             *self);
void      soak_host_stop        (SoakHost             *self);
gboolean  soak_host_is_at_rest  (SoakHost             *self);
void      soak_host_describe    (SoakHost             *self);

G_END_DECLS
