/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos-question.h"

G_BEGIN_DECLS

/* The bus that the hosts are published on, and a client there that operates them as the application
 * does. What it is told of transitions has no gap, as long as the bus is the same. */

/* For main (): the session has no bus but ours. */
void      chaos_bus_set_up     (void);
void      chaos_bus_tear_down  (void);

/* NULL if there is no dbus-daemon. */
ChaosBus *chaos_bus_new        (Chaos    *chaos);
void      chaos_bus_free       (ChaosBus *self);

/* One out of many, of any host; nothing if there is no bus just now. */
void      chaos_bus_operate    (Chaos    *chaos);

/* Whoever waits for an answer does so in vain. */
void      chaos_bus_kill       (ChaosBus *self);
void      chaos_bus_start      (ChaosBus *self);
gboolean  chaos_bus_is_there   (ChaosBus *self);

/* The hosts are published. */
gboolean  chaos_bus_is_joined  (ChaosBus *self);

/* A call of a bystander, made by way of the bus */
ChaosQuestion *
          chaos_bus_call       (ChaosBus *self);

G_END_DECLS
