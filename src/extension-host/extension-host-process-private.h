/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-attempt-private.h"
#include "extension-host-health.h"
#include "extension-host-intake-private.h"
#include "extension-host-ladder-private.h"
#include "extension-host-lifecycle-private.h"
#include "extension-host-log-ring-private.h"
#include "extension-host-methods-private.h"
#include "extension-host-process.h"
#include "extension-host-restart-slot-private.h"
#include "extension-host-rpc-private.h"
#include "extension-host-watchdog-private.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_REQUESTER_APPLICATION (&(const ExtensionHostRequester) { "application", NULL })

/* What the outside has been told. The machine may be ahead of it, for as long as somebody is being
 * told what came before. */
typedef struct
{
  ExtensionHostState state;
  guint64 sequence;
  gint64 state_since;

  ExtensionHostDesired desired;
  ExtensionHostControl control;
  ExtensionHostReadiness readiness;
  guint pid;
  guint64 generation;
  guint restart_count;
  guint budget_limit;
  guint budget_used;
  guint budget_window;                   /* s */
  gint64 budget_since;                   /* wall clock, µs; 0 = no restart was counted yet */
  GVariant *budget;                      /* the three of them; NULL until somebody asks */
  gboolean pending_restart;
  gint64 next_restart;
  ExtensionHostExit *last_exit;
  GVariant *last_control_failure;
  guint64 stale_events;
  ExtensionHostHealth *last_health;
  gint64 latency;                        /* µs; -1 = not known */
  guint64 rss;
  double cpu_percent;
  char *status_text;
  double progress;
} ExtensionHostFace;

/* What to do with a message when its turn comes: user code may run. */
typedef void (*ExtensionHostDeliveryFunc) (ExtensionHostProcess *self,
                                           gpointer              data);

/* The payload of a message that is to be parsed before its turn; NULL if there is none. */
typedef ExtensionHostPayload *(*ExtensionHostDeliveryPayloadFunc) (ExtensionHostProcess *self,
                                                                   gpointer              data);

/* Who keeps the host among others is told first of what happens to it. User code may run in there,
 * except in `wished`, which is for each wish of an operator. */
typedef struct
{
  void (*wished)            (ExtensionHostProcess    *self,
                             gpointer                 keeper);
  void (*state_changed)     (ExtensionHostProcess    *self,
                             ExtensionHostTransition *transition,
                             gpointer                 keeper);
  void (*readiness_changed) (ExtensionHostProcess    *self,
                             gpointer                 keeper);
  void (*crashed)           (ExtensionHostProcess    *self,
                             ExtensionHostExit       *exit,
                             gpointer                 keeper);
  void (*line)              (ExtensionHostProcess    *self,
                             ExtensionHostLogStream   stream,
                             const char              *text,
                             gpointer                 keeper);
  void (*health_checked)    (ExtensionHostProcess    *self,
                             ExtensionHostHealth     *health,
                             gpointer                 keeper);
} ExtensionHostKeeperFuncs;

struct _ExtensionHostProcess
{
  GObject parent_instance;

  GMainContext *context;
  GThread *thread;
  ExtensionHostReactor *reactor;
  ExtensionHostSpec *spec;

  ExtensionHostLifecycle lifecycle;
  ExtensionHostAttempt *attempt;         /* NULL while there is no tree */
  ExtensionHostLadder ladder;            /* by which that is ended */
  ExtensionHostStopOutcome *outcome;     /* of the last end */
  ExtensionHostDeadline spawn_failure;   /* of an attempt that could not even begin */
  GError *spawn_error;

  ExtensionHostReadiness readiness;
  guint pid;
  gint64 spawned_at;                     /* monotonic, µs */
  gint64 next_restart;                   /* wall clock, µs; 0 = none */
  ExtensionHostExit *last_exit;
  GVariant *last_control_failure;        /* a{sv}, NULL if there was none */

  ExtensionHostRpc *rpc;
  gboolean rpc_attached;                 /* to the channel of a program that has not ended */
  gboolean was_ready;                    /* this generation */
  ExtensionHostMethods *methods;         /* that the host may call */
  ExtensionHostMethods *common_methods;  /* those of the manager; NULL without one */
  GHashTable *invocations;               /* raw id → ExtensionHostInvocation, not answered; NULL
                                          * before the first request */
  guint64 protocol_errors;
  guint recent_protocol_errors;
  gint64 protocol_errors_since;          /* monotonic, µs */
  ExtensionHostDeadline channel_patience;
  char *channel_loss;                    /* why it was lost */

  ExtensionHostDeadline backoff;
  ExtensionHostRestartSlot slot;         /* among those of its manager */
  ExtensionHostDeadline start_timeout;
  gint64 start_timeout_left;             /* µs, while paused; 0 = none */
  gint64 start_held_at;                  /* monotonic, µs */
  gint64 start_latest;                   /* to which the host may extend it; monotonic, µs */
  guint64 start_horizon;                 /* that is to be read before it elapses */
  gint64 ready_since;                    /* wall clock, µs; 0 = not ready */
  ExtensionHostCall *shutdown_call;      /* NULL while it is not being asked to leave */

  ExtensionHostWatchdog watchdog;
  ExtensionHostDeadline tick;
  ExtensionHostBacklog tick_work;
  gboolean wants_probe;
  guint64 health_sequence;
  ExtensionHostHealth *last_health;
  gint64 latency;                        /* µs, of the last reply; -1 = there was none */
  gint64 replied_at;                     /* monotonic, µs; 0 = never */
  gint64 cpu_before;                     /* µs, of the tree when it was measured last */
  double cpu_percent;
  gint64 measured_at;                    /* monotonic, µs */
  guint64 tree_memory;                   /* bytes */
  guint memory_excesses;                 /* ticks in a row */

  GListStore *extensions;                /* of ExtensionHostExtension, in order of add; NULL until
                                          * there is one, or somebody asks for the list */
  GHashTable *extensions_by_id;          /* the same; the list has the references */
  gboolean extensions_changed;           /* since they were shown */
  gboolean on_trial;                     /* some may have brought down the host */

  char *status_text;                     /* that the host last told */
  double progress;                       /* 0 to 1; negative = not known */
  char *next_status_text;
  double next_progress;
  gint64 status_since;                   /* monotonic, µs */
  ExtensionHostDeadline next_status;

  ExtensionHostLogRing log;
  ExtensionHostLogLimit log_limit;
  ExtensionHostDeadline log_settle;
  ExtensionHostLogStream log_dropped_stream;

  GQueue news;                           /* to be told: transitions, lines, messages, in order */
  guint queued_lines;                    /* how many of them are lines */
  gsize queued_bytes;                    /* of the messages among them */
  ExtensionHostIntakeShare intake;       /* of what its manager takes in */
  ExtensionHostDeadline turn_ends;       /* unless it goes on with a message that all others wait for */
  gsize turn_partial;                    /* bytes of it that were there when it last went on */
  ExtensionHostBacklog rest;             /* of a burst */
  gpointer parsing;                      /* the payload that is being parsed; NULL if none is */
  ExtensionHostDeadline room;            /* to look again whether one more may be parsed */
  GQueue waiters;                        /* operations that are not done */
  GQueue answers;                        /* operations that are done, to be answered */
  gboolean announcing;                   /* a handler is being told of a transition */
  int telling;                           /* 1 + depth of the main loop in which news is told; 0 = none */
  ExtensionHostAfterwork within;         /* of a main loop that a handler runs: to go on there */
  ExtensionHostDeadline within_turn;     /* in which it does */
  gboolean closed;                       /* disposed, or its manager was */
  int was_busy;                          /* read by any thread: atomically */

  const ExtensionHostKeeperFuncs *keeper_funcs;
  gpointer keeper;                       /* the manager; NULL without one */

  ExtensionHostFace face;
  GQueue history;                        /* of ExtensionHostTransition, the latest last */
};

/* extension-host-process.c */
gboolean extension_host_process_is_own_thread  (ExtensionHostProcess          *self);

/* extension-host-process-describe.c */
GVariant *extension_host_process_new_extensions (ExtensionHostProcess         *self);

/* extension-host-process-face.c */
GVariant *extension_host_process_new_budget    (ExtensionHostProcess          *self);
void     extension_host_process_update_face    (ExtensionHostProcess          *self);
void     extension_host_process_show_transition (ExtensionHostProcess         *self,
                                                ExtensionHostTransition       *transition,
                                                ExtensionHostExit             *exit);
void     extension_host_process_show_line      (ExtensionHostProcess          *self,
                                                ExtensionHostLogStream         stream,
                                                const char                    *text);

gboolean extension_host_process_has_listener   (ExtensionHostProcess          *self,
                                                const char                    *method);
void     extension_host_process_show_notification (ExtensionHostProcess       *self,
                                                const char                    *method,
                                                JsonNode                      *params);
void     extension_host_process_show_health    (ExtensionHostProcess          *self,
                                                ExtensionHostHealth           *health);
void     extension_host_process_show_unresponsive (ExtensionHostProcess       *self,
                                                ExtensionHostHealth           *health);
void     extension_host_process_show_denied    (ExtensionHostProcess          *self,
                                                const char                    *method);

/* extension-host-process-supervision.c */
extern const ExtensionHostLifecycleFuncs extension_host_process_lifecycle_funcs;

void     extension_host_process_note_control_failure (ExtensionHostProcess    *self,
                                                const char                    *phase,
                                                const char                    *text,
                                                guint                          left);
void     extension_host_process_on_gave_up     (guint                          left,
                                                gpointer                       data);
void     extension_host_process_close          (ExtensionHostProcess          *self);

void     extension_host_process_on_slot_granted (gpointer                      data);

/* extension-host-process-readiness.c */
void     extension_host_process_await_ready    (ExtensionHostProcess          *self);
void     extension_host_process_hold_start     (ExtensionHostProcess          *self);
void     extension_host_process_resume_start   (ExtensionHostProcess          *self);
void     extension_host_process_extend_timeout (ExtensionHostProcess          *self,
                                                gint64                         ms);
void     extension_host_process_become_ready   (ExtensionHostProcess          *self);
void     extension_host_process_follow_readiness (ExtensionHostProcess        *self,
                                                ExtensionHostState             state);

/* extension-host-process-health.c */
void     extension_host_process_begin_health   (ExtensionHostProcess          *self);
void     extension_host_process_end_health     (ExtensionHostProcess          *self);
void     extension_host_process_resume_health  (ExtensionHostProcess          *self);
void     extension_host_process_note_reply     (gint64                         sent,
                                                gint64                         now,
                                                gboolean                       urgent,
                                                gpointer                       owner);
gboolean extension_host_process_is_debugged    (ExtensionHostProcess          *self);

/* extension-host-process-status.c */
void     extension_host_process_take_status    (ExtensionHostProcess          *self,
                                                const char                    *text,
                                                double                         progress);
void     extension_host_process_clear_status   (ExtensionHostProcess          *self);

/* extension-host-process-extensions.c */
void     extension_host_process_activate_extensions (ExtensionHostProcess     *self);
void     extension_host_process_lose_extensions (ExtensionHostProcess         *self,
                                                gboolean                       crashed);
char   **extension_host_process_dup_suspects   (ExtensionHostProcess          *self);
void     extension_host_process_show_extensions (ExtensionHostProcess         *self);
void     extension_host_process_disown_extensions (ExtensionHostProcess       *self);

/* extension-host-process-calls.c */
gboolean extension_host_process_check_protocol (ExtensionHostProcess          *self,
                                                GError                       **error);
void     extension_host_process_call_for       (ExtensionHostProcess          *self,
                                                ExtensionHostExtension        *extension,
                                                const char                    *method,
                                                const char                    *params,
                                                gsize                          length,
                                                guint                          timeout_ms,
                                                GError                        *error,
                                                GTask                         *task);

/* extension-host-process-traffic.c */
void     extension_host_process_ignore_reply   (ExtensionHostReply            *reply,
                                                gpointer                       data);
extern const ExtensionHostRpcFuncs extension_host_process_rpc_funcs;
extern const ExtensionHostChannelFuncs extension_host_process_channel_funcs;

void     extension_host_process_open_traffic   (ExtensionHostProcess          *self);
void     extension_host_process_close_traffic  (ExtensionHostProcess          *self,
                                                const GError                  *error);
gboolean extension_host_process_is_owed_replies (gpointer                      data);
gboolean extension_host_process_request_shutdown (gpointer                     data);

/* extension-host-process-intake.c */
void     extension_host_process_resume_intake  (gpointer                       data);
void     extension_host_process_weigh          (ExtensionHostProcess          *self);
gboolean extension_host_process_may_take_in    (gpointer                       owner);
gboolean extension_host_process_is_behind      (ExtensionHostProcess          *self,
                                                guint64                       *horizon);

/* extension-host-process-news.c */
void     extension_host_process_queue_transition (ExtensionHostProcess        *self,
                                                ExtensionHostTransition       *transition,
                                                gboolean                       rests);
void     extension_host_process_take_line      (ExtensionHostLogStream         stream,
                                                const char                    *text,
                                                gsize                          length,
                                                gpointer                       data);
void     extension_host_process_queue_delivery (ExtensionHostProcess          *self,
                                                ExtensionHostDeliveryFunc      deliver,
                                                ExtensionHostDeliveryPayloadFunc get_payload,
                                                gpointer                       data,
                                                GDestroyNotify                 destroy,
                                                gsize                          size);
void     extension_host_process_drop_news      (ExtensionHostProcess          *self);
void     extension_host_process_flush          (ExtensionHostProcess          *self);

/* extension-host-process-waiters.c */
typedef enum
{
  EXTENSION_HOST_WAIT_RUNNING,   /* start, restart */
  EXTENSION_HOST_WAIT_READY,
  EXTENSION_HOST_WAIT_STOPPED,   /* stop, terminate, kill */
  EXTENSION_HOST_WAIT_REST,
  EXTENSION_HOST_WAIT_STATE,
  EXTENSION_HOST_WAIT_CHANGE
} ExtensionHostWaitKind;

void     extension_host_process_wait_for       (ExtensionHostProcess          *self,
                                                ExtensionHostWaitKind          kind,
                                                guint64                        after,
                                                GTask                         *task);
void     extension_host_process_wait_for_state  (ExtensionHostProcess          *self,
                                                ExtensionHostStateFlags        states,
                                                GTask                         *task);
void     extension_host_process_answer         (ExtensionHostProcess          *self,
                                                ExtensionHostTransition       *transition,
                                                ExtensionHostExit             *exit,
                                                ExtensionHostStopOutcome      *outcome,
                                                gboolean                       rests);
void     extension_host_process_answer_kind    (ExtensionHostProcess          *self,
                                                ExtensionHostWaitKind          kind,
                                                ExtensionHostStopOutcome      *outcome,
                                                const GError                  *error);
void     extension_host_process_answer_all     (ExtensionHostProcess          *self,
                                                const GError                  *error);
gboolean extension_host_process_give_answer    (ExtensionHostProcess          *self);

gboolean extension_host_process_check_open     (ExtensionHostProcess          *self,
                                                GError                       **error);
GTask   *extension_host_process_new_task       (ExtensionHostProcess          *self,
                                                gpointer                       tag,
                                                GCancellable                  *cancellable,
                                                GAsyncReadyCallback            callback,
                                                gpointer                       user_data);

/* extension-host-process-operations.c: the public operations, on behalf of @requester */
void     extension_host_process_supersede_starts (ExtensionHostProcess        *self);
gboolean extension_host_process_start_as       (ExtensionHostProcess          *self,
                                                const ExtensionHostRequester  *requester,
                                                GError                       **error);
void     extension_host_process_tell_wish      (ExtensionHostProcess          *self);
gboolean extension_host_process_restart_as     (ExtensionHostProcess          *self,
                                                ExtensionHostReason            reason,
                                                const ExtensionHostRequester  *requester,
                                                GError                       **error);
gboolean extension_host_process_stop_as        (ExtensionHostProcess          *self,
                                                ExtensionHostReason            reason,
                                                guint                          timeout_ms,
                                                const ExtensionHostRequester  *requester,
                                                GError                       **error);
void     extension_host_process_bring_up       (ExtensionHostProcess          *self,
                                                ExtensionHostReason            reason,
                                                const ExtensionHostRequester  *requester,
                                                GTask                         *task);
void     extension_host_process_bring_down     (ExtensionHostProcess          *self,
                                                ExtensionHostReason            reason,
                                                guint                          timeout_ms,
                                                const ExtensionHostRequester  *requester,
                                                GTask                         *task);

/* extension-host-process-control.c */
gboolean extension_host_process_quarantine_as  (ExtensionHostProcess          *self,
                                                const ExtensionHostRequester  *requester,
                                                GError                       **error);
gboolean extension_host_process_reset_as       (ExtensionHostProcess          *self,
                                                const ExtensionHostRequester  *requester,
                                                GError                       **error);

G_END_DECLS
