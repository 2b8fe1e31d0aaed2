/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chaos.h"

G_BEGIN_DECLS

/* One of many hosts, and what has been seen of it. Whatever it tells is checked at once. */

typedef enum
{
  CHAOS_BYSTANDER,   /* speaks JSON-RPC, and nobody ever does anything to it */
  CHAOS_SPEAKER,     /* the same, and is treated badly */
  CHAOS_MUTE,        /* has children of all kinds, or crashes as it likes */
  CHAOS_GUEST,       /* comes for one bad thing */
} ChaosRole;

#define CHAOS_N_REASONS (EXTENSION_HOST_REASON_GROUP + 1)

struct _ChaosHost
{
  Chaos *chaos;
  ChaosRole role;
  gboolean is_quiet;                 /* a bystander that nobody calls: only its probes tell of it */
  char *id;
  ExtensionHostProcess *process;

  ExtensionHostState state;          /* the last one announced */
  guint64 sequence;
  guint64 generation;
  guint64 refused;                   /* the last generation that found no descriptor or no memory */
  guint64 n_reasons[CHAOS_N_REASONS];
  gint64 told_at;                    /* the time of the last transition, on the wall */
  gint64 running_at;                 /* monotonic, µs: since then */

  guint n_open;                      /* questions that are not answered yet */
  guint n_orders;                    /* those among them that are to change its state */
  guint n_faults;                    /* under way */
  guint n_left_alone;                /* faults that nobody may interfere with */
  gboolean is_ready;                 /* a mute one said so */
  gint64 resume_at;                  /* monotonic, µs: until then it is held; 0 = it is not */
  ChaosJournal journal;
};

/* Takes @spec over. */
ChaosHost *chaos_host_new         (Chaos             *chaos,
                                   ChaosRole          role,
                                   ExtensionHostSpec *spec);
ChaosHost *chaos_host_new_nth     (Chaos             *chaos,
                                   guint              number);
void       chaos_host_free        (ChaosHost         *self);

/* With what every host here has; to be given the rest. */
ExtensionHostSpec *
           chaos_host_make_spec   (Chaos             *chaos,
                                   const char        *id,
                                   GStrv              argv);
void       chaos_host_make_speak  (ExtensionHostSpec *spec);

gboolean   chaos_host_is_up       (ChaosHost         *self);
gboolean   chaos_host_is_at_rest  (ChaosHost         *self);
gboolean   chaos_host_takes_calls (ChaosHost         *self);
ChaosHost *chaos_host_pick        (Chaos             *chaos,
                                   gboolean           speaks,
                                   gboolean           undisturbed);
ChaosHost *chaos_host_pick_any    (Chaos             *chaos);
ChaosHost *chaos_host_find        (Chaos             *chaos,
                                   const char        *id);

/* Its processes, certainly: a number may be somebody else's by now. 0 if there is none. */
pid_t      chaos_host_get_program (ChaosHost         *self);
pid_t      chaos_host_get_shim    (ChaosHost         *self);

void       chaos_host_describe    (ChaosHost         *self);

G_END_DECLS
