/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* What this process holds: taken when all is quiet, it must not get more. */
typedef struct
{
  guint n_fds;
  guint n_threads;
  guint n_sources;     /* in the context of the test */
  guint n_processes;   /* with the tag of the test */
  guint n_children;    /* of ours, zombies included */
  gsize resident;      /* KiB */
  gsize allocated;     /* KiB, of what is in use; 0 if libc does not tell */
} ChaosStock;

ChaosStock chaos_stock_take         (TestFixture      *fixture);
guint      chaos_stock_count_leaks  (const ChaosStock *before,
                                     const ChaosStock *after);
gboolean   chaos_stock_match        (TestFixture      *fixture,
                                     const ChaosStock *before,
                                     ChaosStock       *after);
void       chaos_stock_lower        (ChaosStock       *self,
                                     const ChaosStock *other);
gboolean   chaos_stock_has_grown    (const ChaosStock *warm,
                                     const ChaosStock *now,
                                     guint             n_hosts);
void       chaos_stock_print        (const char       *when,
                                     const ChaosStock *stock);

G_END_DECLS
