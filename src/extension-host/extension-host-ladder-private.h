/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-attempt-private.h"
#include "extension-host-exit-private.h"

G_BEGIN_DECLS

/* Ends the tree of one attempt, rung by rung, each with its time. It only climbs: who asks for a
 * lower rung than the one it is at joins in. */
typedef struct
{
  ExtensionHostAttempt *attempt;       /* NULL while there is no tree */
  ExtensionHostReactor *reactor;
  ExtensionHostSpec *spec;
  gboolean (*request) (gpointer owner);/* sends the shutdown request; FALSE if there is none */
  gboolean (*is_owed) (gpointer owner);/* replies, which would be lost if its input were closed */
  void (*gave_up) (guint    left,
                   gpointer owner);    /* the tree outlived its KILL; may come again */
  gpointer owner;

  ExtensionHostDeadline deadline;
  ExtensionHostStopRung rung;
  guint term_timeout;                  /* ms, at the rung of that name */
  gint64 rung_began;                   /* monotonic, µs */
  guint rung_timeout;                  /* ms */
  gint64 began;                        /* monotonic, µs; 0 = nobody asked for an end */
  gboolean acknowledged;               /* the shutdown request was answered */
  guint64 horizon;                     /* that is to be read before the request counts as unanswered */
  gboolean spent;                      /* the time of the last rung is over */
} ExtensionHostLadder;

void                      extension_host_ladder_reset       (ExtensionHostLadder   *self,
                                                             ExtensionHostAttempt  *attempt,
                                                             ExtensionHostReactor  *reactor,
                                                             ExtensionHostSpec     *spec);
void                      extension_host_ladder_climb       (ExtensionHostLadder   *self,
                                                             ExtensionHostStopRung  rung,
                                                             guint                  term_timeout);
void                      extension_host_ladder_answered    (ExtensionHostLadder   *self,
                                                             gboolean               acknowledged);
void                      extension_host_ladder_settled     (ExtensionHostLadder   *self);
void                      extension_host_ladder_exited      (ExtensionHostLadder   *self);
gint64                    extension_host_ladder_extend      (ExtensionHostLadder   *self,
                                                             gint64                 due,
                                                             guint                  times_max);
ExtensionHostStopOutcome *extension_host_ladder_get_outcome (ExtensionHostLadder   *self,
                                                             ExtensionHostExit     *exit,
                                                             guint                  leftover);

G_END_DECLS
