/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-error.h"
#include "extension-host-exit-private.h"
#include "extension-host-restart-budget-private.h"
#include "extension-host-spec-private.h"
#include "extension-host-transition-private.h"

G_BEGIN_DECLS

/* The life of one host as plain code: wishes and facts go in, transitions and orders come out.
 * It has no processes, no timers and no clock of its own, so that every operation and every event
 * can be tried in every state.
 *
 * The functions below are called last thing in an input, so they may feed the next fact at once;
 * `moved` alone is called in between and must only take note. */
typedef struct
{
  gint64 (*now)      (gpointer                 owner);   /* monotonic, µs */
  void   (*moved)    (ExtensionHostTransition *transition,
                      gboolean                 rests,
                      gpointer                 owner);
  void   (*spawn)    (gpointer                 owner);
  void   (*end_tree) (ExtensionHostStopRung    rung,
                      guint                    term_timeout,
                      gpointer                 owner);
  void   (*schedule) (gint64                   due,      /* monotonic, µs; 0 = nothing */
                      gpointer                 owner);
} ExtensionHostLifecycleFuncs;

typedef struct
{
  const ExtensionHostLifecycleFuncs *funcs;
  gpointer owner;
  ExtensionHostSpec *spec;

  ExtensionHostState state;          /* written by advance () and by nothing else */
  ExtensionHostDesired desired;
  ExtensionHostControl control;
  gboolean closed;                   /* nothing is spawned any more */
  guint64 sequence;
  guint64 generation;
  guint restart_count;               /* automatic restarts since the last operator start */
  guint operator_starts;             /* and restarts that somebody asked for */
  guint64 stale_events;              /* facts that came after their tree was gone */
  ExtensionHostRestartBudget budget;

  gboolean has_tree;                 /* spawned, and not yet known to be gone and reaped */
  ExtensionHostReason ending;        /* why the tree is being ended, in stopping or after a fault */
  ExtensionHostExit *exit;           /* of the current generation, once known */

  gboolean pending_restart;          /* start again once stopped */
  ExtensionHostReason pending_reason;
  char *pending_requester;           /* by name */
  char *pending_why;

  gint64 due;                        /* end of the backoff, monotonic; 0 = none */
  gint64 held;                       /* what was left of it when the host was paused */
} ExtensionHostLifecycle;

void     extension_host_lifecycle_init         (ExtensionHostLifecycle             *self,
                                                ExtensionHostSpec                  *spec,
                                                const ExtensionHostLifecycleFuncs  *funcs,
                                                gpointer                            owner);
void     extension_host_lifecycle_clear        (ExtensionHostLifecycle             *self);

/* Wishes. FALSE, with the error set and nothing changed, if refused. A requester may be NULL. */
gboolean extension_host_lifecycle_start        (ExtensionHostLifecycle             *self,
                                                ExtensionHostReason                 reason,
                                                const ExtensionHostRequester       *requester,
                                                GError                            **error);
gboolean extension_host_lifecycle_restart      (ExtensionHostLifecycle             *self,
                                                ExtensionHostReason                 reason,
                                                const ExtensionHostRequester       *requester,
                                                GError                            **error);
gboolean extension_host_lifecycle_stop         (ExtensionHostLifecycle             *self,
                                                ExtensionHostReason                 reason,
                                                ExtensionHostStopRung               rung,
                                                guint                               term_timeout,
                                                const ExtensionHostRequester       *requester,
                                                GError                            **error);
gboolean extension_host_lifecycle_reset        (ExtensionHostLifecycle             *self,
                                                const ExtensionHostRequester       *requester,
                                                GError                            **error);
gboolean extension_host_lifecycle_pause        (ExtensionHostLifecycle             *self,
                                                GError                            **error);
gboolean extension_host_lifecycle_resume       (ExtensionHostLifecycle             *self,
                                                GError                            **error);
void     extension_host_lifecycle_quarantine   (ExtensionHostLifecycle             *self,
                                                const ExtensionHostRequester       *requester);
void     extension_host_lifecycle_release      (ExtensionHostLifecycle             *self);
void     extension_host_lifecycle_close        (ExtensionHostLifecycle             *self);

/* What made it fail has been found and set aside: the failures so far are not the host's. */
void     extension_host_lifecycle_forgive      (ExtensionHostLifecycle             *self);

/* Facts, in the order in which an attempt tells them. What comes when its tree is gone is late news:
 * ignored, and counted. */
void     extension_host_lifecycle_spawned      (ExtensionHostLifecycle             *self);
void     extension_host_lifecycle_spawn_failed (ExtensionHostLifecycle             *self,
                                                ExtensionHostExit                  *exit);
void     extension_host_lifecycle_exited       (ExtensionHostLifecycle             *self,
                                                ExtensionHostExit                  *exit);
void     extension_host_lifecycle_fault        (ExtensionHostLifecycle             *self,
                                                ExtensionHostReason                 reason,
                                                const char                         *detail);
void     extension_host_lifecycle_gave_up      (ExtensionHostLifecycle             *self,
                                                guint                               left);
void     extension_host_lifecycle_tree_gone    (ExtensionHostLifecycle             *self);
void     extension_host_lifecycle_due          (ExtensionHostLifecycle             *self);

/* What an exit of the current generation is to be put down to, and whether it was asked for. */
ExtensionHostReason extension_host_lifecycle_explain_exit (ExtensionHostLifecycle *self,
                                                           ExtensionHostExitKind   kind,
                                                           gboolean               *requested);

G_END_DECLS
