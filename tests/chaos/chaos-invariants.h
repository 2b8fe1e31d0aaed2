/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-question.h"
#include "chaos-trees.h"

G_BEGIN_DECLS

/* What holds all the time, looked at often: what is dear only now and then. */
void chaos_invariants_look             (Chaos  *chaos);

/* Those that nobody has touched run as they did at the beginning. */
void chaos_invariants_check_bystanders (Chaos  *chaos);

/* All that was asked is answered, and what there is to count agrees. */
void chaos_invariants_check_tally      (Chaos  *chaos);

/* A turn of the loop that began at @began is over. */
void chaos_invariants_note_turn        (Chaos  *chaos,
                                        gint64  began);

G_END_DECLS
