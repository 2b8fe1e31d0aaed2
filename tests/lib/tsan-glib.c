/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells the thread sanitizer what it cannot see: GLib is not built with it, and its locks, reference
 * counts, thread pools and main contexts are system calls and atomic operations of its own. This is
 * linked into test programs, where each function stands in front of GLib's: it says which thread gets
 * to know, by this call, what another one has done before, and calls GLib's.
 *
 * Only what GLib promises is said here, about the object that it promises it of. Whatever else two
 * threads have in common stays a race. Calls that GLib makes of its own functions do not pass here;
 * those of GObject, GIO and json-glib do. This file is not sanitized itself. */

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <gio/gio.h>

#undef g_object_unref

static gpointer
find (gpointer   *place,
      const char *name)
{
  gpointer function = g_atomic_pointer_get (place);

  if (function == NULL)
    {
      function = dlsym (RTLD_NEXT, name);
      if (function == NULL)
        g_error ("There is no %s", name);
      g_atomic_pointer_set (place, function);
    }

  return function;
}

void AnnotateIgnoreWritesBegin (const char *file,
                                int         line);
void AnnotateIgnoreWritesEnd (const char *file,
                              int         line);

/* What was done before RELEASE in one thread is known after ACQUIRE of the same object in another. */
#define ACQUIRE(object) __tsan_acquire ((gpointer) (object))
#define RELEASE(object) __tsan_release ((gpointer) (object))

#define REAL(name) \
  static gpointer place; \
  __typeof__ (&(name)) real = (__typeof__ (&(name))) find (&place, #name)

/* Locks: until the unlock, from the lock */

#define LOCK(name, Type) \
  void (name) (Type *self) { REAL (name); real (self); ACQUIRE (self); }
#define TRYLOCK(name, Type) \
  gboolean (name) (Type *self) \
  { REAL (name); gboolean done = real (self); if (done) ACQUIRE (self); return done; }
#define UNLOCK(name, Type) \
  void (name) (Type *self) { REAL (name); RELEASE (self); real (self); }

LOCK (g_mutex_lock, GMutex)
TRYLOCK (g_mutex_trylock, GMutex)
UNLOCK (g_mutex_unlock, GMutex)
LOCK (g_rec_mutex_lock, GRecMutex)
TRYLOCK (g_rec_mutex_trylock, GRecMutex)
UNLOCK (g_rec_mutex_unlock, GRecMutex)
LOCK (g_rw_lock_writer_lock, GRWLock)
UNLOCK (g_rw_lock_writer_unlock, GRWLock)
LOCK (g_rw_lock_reader_lock, GRWLock)
UNLOCK (g_rw_lock_reader_unlock, GRWLock)

void
(g_cond_wait) (GCond  *cond,
               GMutex *mutex)
{
  REAL (g_cond_wait);

  RELEASE (mutex);
  real (cond, mutex);
  ACQUIRE (mutex);
}

gboolean
(g_cond_wait_until) (GCond  *cond,
                     GMutex *mutex,
                     gint64  end_time)
{
  REAL (g_cond_wait_until);
  gboolean signalled;

  RELEASE (mutex);
  signalled = real (cond, mutex, end_time);
  ACQUIRE (mutex);

  return signalled;
}

/* The macros of g_once_init_enter () read the place atomically, which is seen, and may then do without
 * the function. */
void
(g_once_init_leave) (volatile void *location,
                     gsize          result)
{
  REAL (g_once_init_leave);

  RELEASE (location);
  real (location, result);
}

gboolean
(g_once_init_enter) (volatile void *location)
{
  REAL (g_once_init_enter);
  gboolean first = real (location);

  ACQUIRE (location);

  return first;
}

/* Reference counts: whoever drops the last one knows what all others did before they dropped theirs */

#define UNREF(name, Type) \
  void (name) (Type *self) \
  { REAL (name); if (self != NULL) { RELEASE (self); ACQUIRE (self); } real (self); }

UNREF (g_object_unref, void)
UNREF (g_bytes_unref, GBytes)
UNREF (g_source_unref, GSource)
UNREF (g_hash_table_unref, GHashTable)
UNREF (g_ptr_array_unref, GPtrArray)
UNREF (g_variant_unref, GVariant)
UNREF (g_main_context_unref, GMainContext)
UNREF (g_atomic_rc_box_release, void)

void
(g_atomic_rc_box_release_full) (gpointer       box,
                                GDestroyNotify clear)
{
  REAL (g_atomic_rc_box_release_full);

  RELEASE (box);
  ACQUIRE (box);
  real (box, clear);
}

gboolean
(g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  REAL (g_atomic_ref_count_dec);
  gboolean last;

  RELEASE (count);
  last = real (count);
  ACQUIRE (count);

  return last;
}

/* The object may be in its last unref in another thread, and the reference says which came first. */

gpointer
(g_weak_ref_get) (GWeakRef *self)
{
  REAL (g_weak_ref_get);
  gpointer object = real (self);

  ACQUIRE (self);

  return object;
}

void
(g_weak_ref_set) (GWeakRef *self,
                  gpointer  object)
{
  REAL (g_weak_ref_set);

  RELEASE (self);
  real (self, object);
}

void
(g_weak_ref_clear) (GWeakRef *self)
{
  REAL (g_weak_ref_clear);

  ACQUIRE (self);
  real (self);
}

/* Thread pools: from the push to the work */


typedef struct
{
  GFunc func;
  gpointer user_data;
} Work;

static void
do_work (gpointer data,
         gpointer user_data)
{
  const Work *work = user_data;

  ACQUIRE (data);
  work->func (data, work->user_data);
}

/* The pools of the programs that are tested are never freed. */
GThreadPool *
(g_thread_pool_new) (GFunc      func,
                     gpointer   user_data,
                     int        max_threads,
                     gboolean   exclusive,
                     GError   **error)
{
  REAL (g_thread_pool_new);
  Work *work = g_new (Work, 1);

  work->func = func;
  work->user_data = user_data;

  return real (do_work, work, max_threads, exclusive, error);
}

/* The pool takes a place in its queue, which the thread frees before it comes to the work. */
gboolean
(g_thread_pool_push) (GThreadPool  *pool,
                      gpointer      data,
                      GError      **error)
{
  REAL (g_thread_pool_push);
  gboolean pushed;

  RELEASE (data);
  AnnotateIgnoreWritesBegin (__FILE__, __LINE__);
  pushed = real (pool, data, error);
  AnnotateIgnoreWritesEnd (__FILE__, __LINE__);

  return pushed;
}

/* Main contexts: from who ran it before to who runs it now */

static GMainContext *
or_default (GMainContext *context)
{
  return context != NULL ? context : g_main_context_default ();
}

gboolean
(g_main_context_iteration) (GMainContext *context,
                            gboolean      may_block)
{
  REAL (g_main_context_iteration);
  gboolean dispatched;

  ACQUIRE (or_default (context));
  dispatched = real (context, may_block);
  RELEASE (or_default (context));

  return dispatched;
}

void
(g_main_loop_run) (GMainLoop *loop)
{
  REAL (g_main_loop_run);

  ACQUIRE (g_main_loop_get_context (loop));
  real (loop);
  RELEASE (g_main_loop_get_context (loop));
}

gboolean
(g_main_context_acquire) (GMainContext *context)
{
  REAL (g_main_context_acquire);
  gboolean done = real (context);

  if (done)
    ACQUIRE (or_default (context));

  return done;
}

void
(g_main_context_release) (GMainContext *context)
{
  REAL (g_main_context_release);

  RELEASE (or_default (context));
  real (context);
}

void
(g_main_context_push_thread_default) (GMainContext *context)
{
  REAL (g_main_context_push_thread_default);

  real (context);
  ACQUIRE (or_default (context));
}

void
(g_main_context_pop_thread_default) (GMainContext *context)
{
  REAL (g_main_context_pop_thread_default);

  RELEASE (or_default (context));
  real (context);
}

/* Sources: from what attaches them, or makes them ready, to what they do */

typedef struct _Funcs Funcs;
struct _Funcs
{
  GSourceFuncs ours;   /* first: a source has a pointer to it */
  const GSourceFuncs *theirs;
  Funcs *next;
};

static Funcs *all_funcs;

static const GSourceFuncs *
come_to (GSource *source)
{
  GMainContext *context = g_source_get_context (source);

  ACQUIRE (source);
  if (context != NULL)
    ACQUIRE (context);

  return ((Funcs *) source->source_funcs)->theirs;
}

static gboolean
prepare (GSource *source,
         int     *timeout)
{
  return come_to (source)->prepare (source, timeout);
}

static gboolean
check (GSource *source)
{
  return come_to (source)->check (source);
}

static gboolean
dispatch (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  return come_to (source)->dispatch (source, callback, user_data);
}

/* It has no context any more. */
static void
finalize (GSource *source)
{
  ACQUIRE (source);
  ((Funcs *) source->source_funcs)->theirs->finalize (source);
}

static GSourceFuncs *
stand_before (const GSourceFuncs *theirs)
{
  Funcs *self = NULL;

  for (self = g_atomic_pointer_get (&all_funcs); self != NULL; self = self->next)
    if (self->theirs == theirs || &self->ours == theirs)
      return &self->ours;

  self = g_new0 (Funcs, 1);
  self->ours = *theirs;
  self->ours.prepare = theirs->prepare != NULL ? prepare : NULL;
  self->ours.check = theirs->check != NULL ? check : NULL;
  self->ours.dispatch = dispatch;
  self->ours.finalize = theirs->finalize != NULL ? finalize : NULL;
  self->theirs = theirs;
  do
    self->next = g_atomic_pointer_get (&all_funcs);
  while (!g_atomic_pointer_compare_and_exchange (&all_funcs, self->next, self));

  return &self->ours;
}

/* The context makes room for it, which the thread that runs the context frees. */
guint
(g_source_attach) (GSource      *source,
                   GMainContext *context)
{
  REAL (g_source_attach);
  guint id;

  source->source_funcs = stand_before (source->source_funcs);
  RELEASE (source);
  AnnotateIgnoreWritesBegin (__FILE__, __LINE__);
  id = real (source, context);
  AnnotateIgnoreWritesEnd (__FILE__, __LINE__);

  return id;
}

static gboolean
run_here (GMainContext *context)
{
  g_autoptr(GMainContext) own = g_main_context_ref_thread_default ();

  if (g_main_context_is_owner (context))
    return TRUE;
  if (context != own || !g_main_context_acquire (context))
    return FALSE;
  g_main_context_release (context);

  return TRUE;
}

/* GLib's would attach a source without passing here. */
void
(g_main_context_invoke_full) (GMainContext   *context,
                              int             priority,
                              GSourceFunc     func,
                              gpointer        data,
                              GDestroyNotify  notify)
{
  g_autoptr(GSource) source = NULL;

  if (run_here (or_default (context)))
    {
      while (func (data))
        ;
      if (notify != NULL)
        notify (data);
      return;
    }

  source = g_idle_source_new ();
  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, data, notify);
  g_source_attach (source, context);
}

void
(g_main_context_invoke) (GMainContext *context,
                         GSourceFunc   func,
                         gpointer      data)
{
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, func, data, NULL);
}

void
(g_source_set_ready_time) (GSource *source,
                           gint64   ready_time)
{
  REAL (g_source_set_ready_time);

  RELEASE (source);
  real (source, ready_time);
}

void
(g_source_destroy) (GSource *source)
{
  REAL (g_source_destroy);

  RELEASE (source);
  ACQUIRE (source);
  real (source);
}
