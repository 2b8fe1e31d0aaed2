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
  gsize resident;      /* KiB */
} SoakStock;

SoakStock soak_stock_take        (TestFixture     *fixture);
guint     soak_stock_count_leaks (const SoakStock *before,
                                  const SoakStock *after);
void      soak_stock_match       (TestFixture     *fixture,
                                  const SoakStock *before,
                                  SoakStock       *after);
void      soak_stock_print       (const char      *when,
                                  const SoakStock *stock);

G_END_DECLS
