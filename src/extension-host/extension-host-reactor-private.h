/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One epoll descriptor and one heap of deadlines behind one GSource per main context, shared by
 * all hosts of that context: what a main loop turn costs does not depend on how many there are.
 *
 * In each turn all ready descriptors are served before any deadline is judged, so that news
 * that has arrived is seen before somebody concludes from its absence. Callbacks may run the main
 * context, and may drop any watch or deadline, their own included.
 *
 * All functions belong to the thread of the context. */

typedef struct _ExtensionHostReactor ExtensionHostReactor;

/* The rest of a burst of messages, or a chore, to be done when the user interface has been drawn. Those
 * of all hosts take turns. */
typedef struct
{
  ExtensionHostReactor *reactor;   /* NULL while there is no rest */
  GQueue *line;                    /* in which it stands */
  void (*run) (gpointer data);     /* may run user code; adds itself again if there is more */
  gpointer data;
  GList queued;
} ExtensionHostBacklog;

/* Embedded in its owner, zeroed before the first use. */
typedef struct
{
  ExtensionHostReactor *reactor;   /* NULL while not watching */
  int fd;
  void (*ready) (guint32  events,  /* of epoll_wait(2) */
                 gpointer data);
  gpointer data;

  guint32 events;                  /* not yet served; 0 while not queued */
  GList queued;

  guint32 wanted;
  guint full_turns;                /* in a row that left something to be read */
  gboolean is_flood;               /* served as a backlog, and not by epoll */
  ExtensionHostBacklog backlog;
} ExtensionHostWatch;

typedef struct
{
  ExtensionHostReactor *reactor;   /* NULL while not armed */
  gint64 due;                      /* monotonic, µs */
  void (*elapsed) (gpointer data);
  gpointer data;

  guint index;                     /* in the heap */
} ExtensionHostDeadline;

/* Something to be done once at the end of the turn, before the context sleeps: what was put off in
 * one turn is done in one go. It must not run user code. */
typedef struct
{
  ExtensionHostReactor *reactor;   /* NULL while not put off */
  void (*run) (gpointer data);
  gpointer data;
  GList queued;
} ExtensionHostAfterwork;

ExtensionHostReactor *extension_host_reactor_acquire (GMainContext          *context);
void                  extension_host_reactor_release (ExtensionHostReactor  *self);
gboolean              extension_host_reactor_exists  (GMainContext          *context);
gboolean              extension_host_reactor_is_foreign (ExtensionHostReactor *self);
void                  extension_host_reactor_enter   (ExtensionHostReactor  *self);
void                  extension_host_reactor_leave   (ExtensionHostReactor  *self);
gint64                extension_host_reactor_slice   (ExtensionHostReactor  *self);

gboolean extension_host_watch_start     (ExtensionHostWatch    *watch,
                                         ExtensionHostReactor  *reactor,
                                         int                    fd,
                                         guint32                events,
                                         void                 (*ready) (guint32  events,
                                                                        gpointer data),
                                         gpointer               data);
void     extension_host_watch_note      (ExtensionHostWatch    *watch,
                                         gboolean               has_more);
void     extension_host_watch_stop      (ExtensionHostWatch    *watch);

void     extension_host_afterwork_add   (ExtensionHostAfterwork *work,
                                         ExtensionHostReactor   *reactor,
                                         void                  (*run) (gpointer data),
                                         gpointer                data);
void     extension_host_afterwork_drop  (ExtensionHostAfterwork *work);

void     extension_host_backlog_add     (ExtensionHostBacklog   *backlog,
                                         ExtensionHostReactor   *reactor,
                                         void                  (*run) (gpointer data),
                                         gpointer                data);
void     extension_host_chore_add       (ExtensionHostBacklog   *backlog,
                                         ExtensionHostReactor   *reactor,
                                         void                  (*run) (gpointer data),
                                         gpointer                data);
void     extension_host_backlog_drop    (ExtensionHostBacklog   *backlog);

void     extension_host_deadline_arm    (ExtensionHostDeadline *deadline,
                                         ExtensionHostReactor  *reactor,
                                         gint64                 due,
                                         void                 (*elapsed) (gpointer data),
                                         gpointer               data);
void     extension_host_deadline_disarm (ExtensionHostDeadline *deadline);

G_END_DECLS
