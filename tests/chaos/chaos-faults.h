/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-fault.h"

G_BEGIN_DECLS

/* All kinds of faults: which one is next, those that are under way, and the count of each kind. */

typedef struct
{
  const char *name;
  const char *why_not;      /* NULL if it can be done here */
  guint64 n_injected;
  guint64 n_survived;
  gint64 longest;           /* µs, that it took to be survived */
} ChaosFaultCount;

void     chaos_faults_set_up    (Chaos *chaos);
void     chaos_faults_tear_down (Chaos *chaos);

/* Begins one: at first each kind once, in an order that is drawn, then by their weights. */
void     chaos_faults_inject    (Chaos *chaos);

/* Goes on with those that are under way. */
void     chaos_faults_look      (Chaos *chaos);
gboolean chaos_faults_are_over  (Chaos *chaos);

guint                  chaos_faults_get_n_kinds (void);
const ChaosFaultCount *chaos_faults_get_count   (guint kind);

G_END_DECLS
