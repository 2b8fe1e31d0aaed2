/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How often a host has failed within a sliding window. Plain arithmetic on monotonic time (µs) that
 * comes in as an argument, so that it can be tested without waiting. The limit is an argument
 * too: a changed setting counts at once. */

#define EXTENSION_HOST_RESTART_BUDGET_MAX 1000   /* failures remembered: memory stays bounded */

typedef struct
{
  gint64 *failures;   /* a ring of monotonic times, oldest at `first` */
  guint size;         /* of the ring; grows up to EXTENSION_HOST_RESTART_BUDGET_MAX */
  guint first;
  guint used;
} ExtensionHostRestartBudget;

void  extension_host_restart_budget_clear  (ExtensionHostRestartBudget *self);
guint extension_host_restart_budget_count  (ExtensionHostRestartBudget *self,
                                            gint64                      now,
                                            guint                       window_ms);
guint extension_host_restart_budget_record (ExtensionHostRestartBudget *self,
                                            gint64                      now,
                                            guint                       window_ms);

G_END_DECLS
