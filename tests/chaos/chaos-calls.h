/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-question.h"

G_BEGIN_DECLS

/* Calls of hosts, by the application. What a bystander is asked it answers, whatever goes on around
 * it; what the others are asked they answer, or it fails for a reason that is true. */

/* Any method, with parameters that belong to it; whatever it answers will do. */
ChaosQuestion *chaos_call          (ChaosHost  *host,
                                    const char *method,
                                    const char *params);

/* “echo”, whose answer has to be its own; of “hold”, that is never answered */
ChaosQuestion *chaos_call_echo     (ChaosHost  *host);
ChaosQuestion *chaos_call_hold     (ChaosHost  *host);

/* “echo” of more than the host may answer */
ChaosQuestion *chaos_call_huge     (ChaosHost  *host);

/* Some calls of any that can be called, and one of each bystander that has none to answer */
void           chaos_call_often    (Chaos      *chaos);
void           chaos_call_standing (Chaos      *chaos);

G_END_DECLS
