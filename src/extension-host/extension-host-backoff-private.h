/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint extension_host_backoff_delay (guint  initial_ms,
                                    double factor,
                                    guint  max_ms,
                                    double jitter,
                                    guint  attempt,
                                    double random);

G_END_DECLS
