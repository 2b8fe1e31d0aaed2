/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos.h"

G_BEGIN_DECLS

/* What a run has come to: faults injected and survived, and what was lost, as messages of the test.
 * */
void chaos_table_print          (Chaos *chaos,
                                 guint  n_leaks);

/* The same in Markdown, to the file of the options */
void chaos_table_write_markdown (Chaos *chaos,
                                 guint  n_leaks);

/* Fails if a kind that can be injected here was not: such a run would have proved nothing of it. */
void chaos_table_expect_all     (Chaos *chaos);

G_END_DECLS
