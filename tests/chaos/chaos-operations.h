/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-question.h"

G_BEGIN_DECLS

/* What the application asks of a host by the C API, and what may come of it. */

void     chaos_start         (ChaosHost    *host);
void     chaos_stop          (ChaosHost    *host);
gboolean chaos_is_refusal    (const GError *error);

/* One out of many, of any host */
void     chaos_operate       (Chaos        *chaos);

/* Ends what pauses and quarantines an operation has left behind, when their time is up; or all. */
void     chaos_resume_in_time (Chaos       *chaos);
void     chaos_resume_all     (Chaos       *chaos);

/* The host was paused, or is in quarantine: not for long. */
void     chaos_hold          (ChaosHost    *host);

G_END_DECLS
