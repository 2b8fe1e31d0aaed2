/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-host.h"

G_BEGIN_DECLS

/* A look at all processes of the machine: each host has at most one tree, one that is at rest has
 * none, and what is nobody's is an orphan. */

void  chaos_look_at_trees  (Chaos     *chaos);

/* How many processes of the host are alive. */
guint chaos_count_tree     (ChaosHost *host);

G_END_DECLS
