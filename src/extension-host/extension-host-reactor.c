/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "extension-host-reactor-private.h"

#define TURN 4000      /* µs of messages of all hosts in one turn */
#define SLICE 1000     /* and of one host, or of the rest of all bursts */
#define CHORES 1000    /* and of chores of all hosts */
#define REST_PRIORITY (G_PRIORITY_HIGH_IDLE + 25)   /* below the redraw of GTK, which is at + 20 */
#define BREATH 500     /* µs between two turns in which all others had theirs */
#define PATIENCE 8000  /* µs of turns without a breath: half a frame */
#define FLOOD_TURNS 2  /* in a row with much to read make a flood */
#define BATCH 1024   /* all that may be ready in one turn with 300 busy hosts */

struct _ExtensionHostReactor
{
  GSource source;

  GMainContext *context;
  pid_t pid;             /* whose epoll it is: a forked child shares it */
  guint users;
  int epoll_fd;          /* -1 until something is watched: deadlines need no descriptor */
  GQueue ready;          /* of ExtensionHostWatch, through their link `queued` */
  GQueue afterwork;      /* of ExtensionHostAfterwork, through their link `queued` */
  GPtrArray *deadlines;  /* of ExtensionHostDeadline, a binary heap, the earliest first */
  GQueue backlogs;       /* of ExtensionHostBacklog, through their link `queued` */
  GQueue chores;         /* the same, for what has time */
  GSource *rest;         /* works on both; NULL while there are none */
  gint64 last_turn;      /* when the last turn ended, monotonic, µs */
  gint64 busy_since;     /* since when turn follows on turn */
  gboolean busy;         /* that is so long that the others must have a turn */
  gint64 turn_ends;      /* messages are told until then in this turn; monotonic, µs */
  gint64 serving;        /* deadlines up to this time are being served; 0 if none are */
};

static GMutex reactors_lock;
static GHashTable *reactors;   /* GMainContext → ExtensionHostReactor; NULL while there is none */

/* The heap */

static ExtensionHostDeadline *
deadline_at (ExtensionHostReactor *self,
             guint                 index)
{
  return g_ptr_array_index (self->deadlines, index);
}

static void
put (ExtensionHostReactor  *self,
     guint                  index,
     ExtensionHostDeadline *deadline)
{
  g_ptr_array_index (self->deadlines, index) = deadline;
  deadline->index = index;
}

static void
sift_up (ExtensionHostReactor  *self,
         ExtensionHostDeadline *deadline)
{
  guint index = deadline->index;

  while (index > 0 && deadline_at (self, (index - 1) / 2)->due > deadline->due)
    {
      put (self, index, deadline_at (self, (index - 1) / 2));
      index = (index - 1) / 2;
    }

  put (self, index, deadline);
}

static void
sift_down (ExtensionHostReactor  *self,
           ExtensionHostDeadline *deadline)
{
  guint index = deadline->index;

  while (TRUE)
    {
      guint child = 2 * index + 1;

      if (child + 1 < self->deadlines->len &&
          deadline_at (self, child + 1)->due < deadline_at (self, child)->due)
        child++;
      if (child >= self->deadlines->len || deadline_at (self, child)->due >= deadline->due)
        break;

      put (self, index, deadline_at (self, child));
      index = child;
    }

  put (self, index, deadline);
}

static void
update_ready_time (ExtensionHostReactor *self)
{
  g_source_set_ready_time (&self->source,
                           self->deadlines->len > 0 ? deadline_at (self, 0)->due : -1);
}

/* The source */

static void
collect (ExtensionHostReactor *self)
{
  struct epoll_event events[BATCH];
  int n = self->epoll_fd != -1 ? epoll_wait (self->epoll_fd, events, BATCH, 0) : 0;

  for (int i = 0; i < n; i++)
    {
      ExtensionHostWatch *watch = events[i].data.ptr;

      if (watch->events == 0)
        g_queue_push_tail_link (&self->ready, &watch->queued);
      watch->events |= events[i].events;
    }
}

static void
serve_watches (ExtensionHostReactor *self)
{
  /* Nothing is remembered across a callback: it may run this source again, or stop watches. */
  while (!g_queue_is_empty (&self->ready))
    {
      ExtensionHostWatch *watch = g_queue_pop_head_link (&self->ready)->data;
      guint32 events = watch->events;

      watch->events = 0;
      watch->ready (events, watch->data);
    }
}

static void
serve_deadlines (ExtensionHostReactor *self,
                 gint64                now)
{
  gint64 outer = self->serving;   /* a callback may have run the context, and us with it */

  while (self->deadlines->len > 0 && deadline_at (self, 0)->due <= now)
    {
      ExtensionHostDeadline *deadline = deadline_at (self, 0);

      self->serving = now;
      extension_host_deadline_disarm (deadline);
      deadline->elapsed (deadline->data);
    }
  self->serving = outer;
}

static void
do_afterwork (ExtensionHostReactor *self)
{
  while (!g_queue_is_empty (&self->afterwork))
    {
      ExtensionHostAfterwork *work = g_queue_peek_head (&self->afterwork);

      extension_host_afterwork_drop (work);
      work->run (work->data);
    }
}

/* What was put off outside of our own turn, by the application itself, is done before the poll. */
static gboolean
reactor_prepare (GSource *source,
                 int     *timeout)
{
  do_afterwork ((ExtensionHostReactor *) source);
  *timeout = -1;

  return FALSE;
}

/* Hosts that write little at a time but all the time keep us ready, too. */
static void
look_at_load (ExtensionHostReactor *self,
              gint64                now)
{
  if (now - self->last_turn > BREATH)
    self->busy_since = now;

  self->busy = now - self->busy_since > PATIENCE;
  if (self->busy)
    self->busy_since = now;
}

static gboolean
reactor_dispatch (GSource     *source,
                  GSourceFunc  callback G_GNUC_UNUSED,
                  gpointer     user_data G_GNUC_UNUSED)
{
  ExtensionHostReactor *self = (ExtensionHostReactor *) source;
  gint64 now = g_get_monotonic_time ();   /* what is armed below waits for the next turn */

  g_source_ref (source);
  self->turn_ends = now + TURN;
  look_at_load (self, now);
  collect (self);
  serve_watches (self);
  serve_deadlines (self, now);
  do_afterwork (self);
  self->last_turn = g_get_monotonic_time ();
  if (!g_source_is_destroyed (source))
    update_ready_time (self);
  g_source_unref (source);

  return G_SOURCE_CONTINUE;
}

static void
reactor_finalize (GSource *source)
{
  ExtensionHostReactor *self = (ExtensionHostReactor *) source;

  g_ptr_array_unref (self->deadlines);
  if (self->epoll_fd != -1)
    close (self->epoll_fd);
}

static GSourceFuncs reactor_funcs = {
  .prepare = reactor_prepare,
  .dispatch = reactor_dispatch,
  .finalize = reactor_finalize,
};

static ExtensionHostReactor *
reactor_new (GMainContext *context)
{
  ExtensionHostReactor *self =
    (ExtensionHostReactor *) g_source_new (&reactor_funcs, sizeof (ExtensionHostReactor));

  self->context = context;
  self->pid = getpid ();
  self->epoll_fd = -1;
  self->deadlines = g_ptr_array_new ();
  g_queue_init (&self->ready);
  g_queue_init (&self->afterwork);
  g_queue_init (&self->backlogs);
  g_queue_init (&self->chores);
  g_source_set_static_name (&self->source, "[extension-host] reactor");
  g_source_set_can_recurse (&self->source, TRUE);
  g_source_attach (&self->source, context);

  return self;
}

/* Gets the reactor of @context, making it for the first user. */
ExtensionHostReactor *
extension_host_reactor_acquire (GMainContext *context)
{
  ExtensionHostReactor *self = NULL;

  g_mutex_lock (&reactors_lock);
  if (reactors == NULL)
    reactors = g_hash_table_new (NULL, NULL);

  self = g_hash_table_lookup (reactors, context);
  if (self == NULL)
    {
      self = reactor_new (context);
      g_hash_table_insert (reactors, context, self);
    }
  self->users++;
  g_mutex_unlock (&reactors_lock);

  return self;
}

static void
drop_rest (ExtensionHostReactor *self)
{
  if (self->rest != NULL)
    g_source_destroy (self->rest);
  g_clear_pointer (&self->rest, g_source_unref);
}

void
extension_host_reactor_release (ExtensionHostReactor *self)
{
  gboolean last = FALSE;

  g_mutex_lock (&reactors_lock);
  last = --self->users == 0;
  if (last)
    g_hash_table_remove (reactors, self->context);
  if (g_hash_table_size (reactors) == 0)
    g_clear_pointer (&reactors, g_hash_table_unref);
  g_mutex_unlock (&reactors_lock);

  if (!last)
    return;

  g_assert (self->deadlines->len == 0);
  g_assert (g_queue_is_empty (&self->ready));
  g_assert (g_queue_is_empty (&self->afterwork));
  g_assert (g_queue_is_empty (&self->backlogs));
  g_assert (g_queue_is_empty (&self->chores));
  drop_rest (self);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

/* Whether this is a forked child of the process that made it: it must let the hosts alone, which are
 * its parent's. */
gboolean
extension_host_reactor_is_foreign (ExtensionHostReactor *self)
{
  return self->pid != getpid ();
}

/* Between these, what is begun asynchronously answers to the context of the reactor, whichever is the
 * thread-default one: who runs a context need not have pushed it. */
void
extension_host_reactor_enter (ExtensionHostReactor *self)
{
  g_main_context_push_thread_default (self->context);
}

void
extension_host_reactor_leave (ExtensionHostReactor *self)
{
  g_main_context_pop_thread_default (self->context);
}

/* Whether @context has a reactor: tests ask this to see that nothing is left behind. */
gboolean
extension_host_reactor_exists (GMainContext *context)
{
  gboolean exists = FALSE;

  g_mutex_lock (&reactors_lock);
  exists = reactors != NULL && g_hash_table_contains (reactors, context);
  g_mutex_unlock (&reactors_lock);

  return exists;
}

static gboolean
ensure_epoll (ExtensionHostReactor *self)
{
  if (self->epoll_fd != -1)
    return TRUE;

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd == -1)
    return FALSE;

  g_source_add_unix_fd (&self->source, self->epoll_fd, G_IO_IN);

  return TRUE;
}

/* Calls @ready in each turn in which @fd is ready for one of the epoll @events, until stopped.
 * FALSE, with errno set, if there is no descriptor or memory to be had. */
gboolean
extension_host_watch_start (ExtensionHostWatch   *watch,
                            ExtensionHostReactor *reactor,
                            int                   fd,
                            guint32               events,
                            void                (*ready) (guint32  events,
                                                          gpointer data),
                            gpointer              data)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  g_assert (watch->reactor == NULL);

  if (!ensure_epoll (reactor) || epoll_ctl (reactor->epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1)
    return FALSE;

  watch->reactor = reactor;
  watch->fd = fd;
  watch->wanted = events;
  watch->full_turns = 0;
  watch->is_flood = FALSE;
  watch->ready = ready;
  watch->data = data;
  watch->events = 0;
  watch->queued = (GList) { .data = watch };

  return TRUE;
}

static void
serve_flood (gpointer data)
{
  ExtensionHostWatch *watch = data;

  watch->ready (watch->wanted, watch->data);
}

static gboolean
return_to_epoll (ExtensionHostWatch *watch)
{
  struct epoll_event event = { .events = watch->wanted, .data.ptr = watch };

  return epoll_ctl (watch->reactor->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

/* For a ready function that reads: whether it found so much that there is most likely more. A source
 * that is ready all the time starves all those of lower priority: who floods is served below the
 * redraw of the user interface, until there is less to read. */
void
extension_host_watch_note (ExtensionHostWatch *watch,
                           gboolean            has_more)
{
  if (watch->reactor == NULL)
    return;

  watch->full_turns = has_more ? watch->full_turns + 1 : 0;
  if (!watch->is_flood && watch->full_turns <= FLOOD_TURNS && !watch->reactor->busy)
    return;

  if (watch->is_flood && !has_more && return_to_epoll (watch))
    {
      watch->is_flood = FALSE;
      return;
    }

  if (!watch->is_flood)
    epoll_ctl (watch->reactor->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->is_flood = TRUE;
  extension_host_backlog_add (&watch->backlog, watch->reactor, serve_flood, watch);
}

/* Must come before the descriptor is closed. Does nothing if it is not watching. */
void
extension_host_watch_stop (ExtensionHostWatch *watch)
{
  if (watch->reactor == NULL)
    return;

  extension_host_backlog_drop (&watch->backlog);
  if (!watch->is_flood && !extension_host_reactor_is_foreign (watch->reactor))
    epoll_ctl (watch->reactor->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  if (watch->events != 0)
    g_queue_unlink (&watch->reactor->ready, &watch->queued);
  watch->events = 0;
  watch->reactor = NULL;
}

/* Calls @elapsed once, as soon as the monotonic time is @due, but not in the turn in which others
 * are being called: who always arms anew must not hold up the rest. An armed deadline is moved. */
void
extension_host_deadline_arm (ExtensionHostDeadline *deadline,
                             ExtensionHostReactor  *reactor,
                             gint64                 due,
                             void                 (*elapsed) (gpointer data),
                             gpointer               data)
{
  extension_host_deadline_disarm (deadline);

  deadline->reactor = reactor;
  deadline->due = MAX (due, reactor->serving + 1);
  deadline->elapsed = elapsed;
  deadline->data = data;
  deadline->index = reactor->deadlines->len;
  g_ptr_array_add (reactor->deadlines, deadline);
  sift_up (reactor, deadline);
  if (deadline->index == 0)
    update_ready_time (reactor);
}

void
extension_host_deadline_disarm (ExtensionHostDeadline *deadline)
{
  ExtensionHostReactor *reactor = deadline->reactor;
  ExtensionHostDeadline *last = NULL;
  guint index = deadline->index;

  if (reactor == NULL)
    return;

  deadline->reactor = NULL;
  last = deadline_at (reactor, reactor->deadlines->len - 1);
  g_ptr_array_set_size (reactor->deadlines, reactor->deadlines->len - 1);
  if (last == deadline)
    return;   /* a ready time that is too early costs one turn, and the dispatch corrects it */

  put (reactor, index, last);
  sift_up (reactor, last);
  sift_down (reactor, last);
}

/* Calls @run once at the end of this turn, or of the next if there is none under way. */
void
extension_host_afterwork_add (ExtensionHostAfterwork *work,
                              ExtensionHostReactor   *reactor,
                              void                  (*run) (gpointer data),
                              gpointer                data)
{
  if (work->reactor != NULL)
    return;

  work->reactor = reactor;
  work->run = run;
  work->data = data;
  work->queued = (GList) { .data = work };
  g_queue_push_tail_link (&reactor->afterwork, &work->queued);
}

void
extension_host_afterwork_drop (ExtensionHostAfterwork *work)
{
  if (work->reactor == NULL)
    return;

  g_queue_unlink (&work->reactor->afterwork, &work->queued);
  work->reactor = NULL;
}

/* The time until which one host may tell messages now. */
gint64
extension_host_reactor_slice (ExtensionHostReactor *self)
{
  gint64 now = g_get_monotonic_time ();

  /* A turn that is long over was not the one that this is called in. */
  return self->turn_ends > now ? MIN (now + SLICE, self->turn_ends) : now + SLICE;
}

/* Nothing is remembered across a callback: it may run this again, or drop the last user. */
static void
work_off (GQueue *line,
          gint64  ends)
{
  while (!g_queue_is_empty (line) && g_get_monotonic_time () < ends)
    {
      ExtensionHostBacklog *backlog = g_queue_peek_head (line);

      extension_host_backlog_drop (backlog);
      backlog->run (backlog->data);
    }
}

/* No more than a slice: the main loop goes on with this at once, unless the user interface is to be
 * drawn, which then need not wait for the hosts that have not had their turn. */
static gboolean
on_rest (gpointer data)
{
  ExtensionHostReactor *self = data;
  gint64 now = g_get_monotonic_time ();
  gboolean more = FALSE;

  g_source_ref (&self->source);
  self->turn_ends = now + SLICE;
  self->busy = FALSE;
  work_off (&self->backlogs, now + SLICE);
  work_off (&self->chores, g_get_monotonic_time () + CHORES);

  more = !g_queue_is_empty (&self->backlogs) || !g_queue_is_empty (&self->chores);
  if (!more)
    drop_rest (self);
  g_source_unref (&self->source);

  return more;
}

static void
stand_in_line (ExtensionHostBacklog *backlog,
               ExtensionHostReactor *reactor,
               GQueue               *line,
               void                (*run) (gpointer data),
               gpointer              data)
{
  if (backlog->reactor != NULL)
    return;

  backlog->reactor = reactor;
  backlog->line = line;
  backlog->run = run;
  backlog->data = data;
  backlog->queued = (GList) { .data = backlog };
  g_queue_push_tail_link (line, &backlog->queued);
  if (reactor->rest != NULL)
    return;

  reactor->rest = g_idle_source_new ();
  g_source_set_static_name (reactor->rest, "[extension-host] rest of a burst");
  g_source_set_priority (reactor->rest, REST_PRIORITY);
  g_source_set_callback (reactor->rest, on_rest, reactor, NULL);
  g_source_set_can_recurse (reactor->rest, TRUE);
  g_source_attach (reactor->rest, reactor->context);
}

/* Calls @run once, when everything more urgent is done. */
void
extension_host_backlog_add (ExtensionHostBacklog *backlog,
                            ExtensionHostReactor *reactor,
                            void                (*run) (gpointer data),
                            gpointer              data)
{
  stand_in_line (backlog, reactor, &reactor->backlogs, run, data);
}

/* The same for what nobody waits for: all of them together get less time. */
void
extension_host_chore_add (ExtensionHostBacklog *backlog,
                          ExtensionHostReactor *reactor,
                          void                (*run) (gpointer data),
                          gpointer              data)
{
  stand_in_line (backlog, reactor, &reactor->chores, run, data);
}

void
extension_host_backlog_drop (ExtensionHostBacklog *backlog)
{
  if (backlog->reactor == NULL)
    return;

  g_queue_unlink (backlog->line, &backlog->queued);
  backlog->reactor = NULL;
}
