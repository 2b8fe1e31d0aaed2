/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-host.h"

G_BEGIN_DECLS

/* Whatever is asked and has to be answered once, in time: of the library, of a host, over the bus.
 * What was answered is kept until the end of the round, so that a second answer is seen. */

typedef struct
{
  Chaos *chaos;
  ChaosHost *host;   /* NULL if it is not about one */
  const char *what;
  guint number;      /* of a call: what it asks for */
  gint64 asked;      /* monotonic, µs */
  gint64 due;
  gboolean is_order;
  gboolean is_answered;
  gboolean had_result;
} ChaosQuestion;

ChaosQuestion *chaos_ask_order        (Chaos         *chaos,
                                       ChaosHost     *host,
                                       const char    *what,
                                       guint          timeout_ms);
ChaosQuestion *chaos_ask              (Chaos         *chaos,
                                       ChaosHost     *host,
                                       const char    *what,
                                       guint          timeout_ms);
void           chaos_answered         (ChaosQuestion *self,
                                       gboolean       had_result);

gboolean       chaos_all_answered     (Chaos         *chaos);
void           chaos_check_questions  (Chaos         *chaos);

/* They have all been answered. */
void           chaos_forget_questions (Chaos         *chaos);

G_END_DECLS
