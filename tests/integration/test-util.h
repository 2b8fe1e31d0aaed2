/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include <extension-host.h>

#include "timed.h"

G_BEGIN_DECLS

/* What the integration tests share: a main context of their own, waiting for conditions, and a look
 * at /proc that finds every process a test has brought into the world. */

#if defined (__SANITIZE_ADDRESS__)
#define TEST_SANITIZED 1
#elif defined (__has_feature)
#if __has_feature (address_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

#define TEST_DEADLINE (TEST_SANITIZED ? 120 : 40)   /* s */
#define TEST_TAG "EXTENSION_HOST_TEST_TAG"
#define TEST_TREE "EXTENSION_HOST_TREE"

typedef struct
{
  GMainContext *context;
  char *tag;               /* NAME=VALUE; it is in the environment of all that the test starts */
} TestFixture;

void test_set_up    (TestFixture   *self,
                     gconstpointer  data);
void test_tear_down (TestFixture   *self,
                     gconstpointer  data);

#define test_add(path, data, function) \
  g_test_add (path, TestFixture, data, test_set_up, function, test_tear_down)

/* With limits of time: see timed.h. */
typedef void (*TestFunction) (TestFixture   *fixture,
                              gconstpointer  data);

void test_add_timed (const char    *path,
                     gconstpointer  data,
                     TestFunction   function);

/* Waiting */

GSource *test_expire_after (GMainContext *context,
                            guint         seconds,
                            gboolean     *expired);
GSource *test_tick_every   (GMainContext *context,
                            guint         ms);

/* Iterates the context until @condition holds. Looks again every @ms, for conditions that nothing
 * in the context tells of; 0 is for those that an event brings about. */
#define test_wait_polling(fixture, ms, condition)                                              \
  G_STMT_START {                                                                               \
    gboolean expired_ = FALSE;                                                                 \
    GSource *deadline_ = test_expire_after ((fixture)->context, TEST_DEADLINE, &expired_);     \
    GSource *tick_ = test_tick_every ((fixture)->context, ms);                                 \
                                                                                               \
    while (!(condition) && !expired_)                                                          \
      g_main_context_iteration ((fixture)->context, TRUE);                                     \
    g_source_destroy (deadline_);                                                              \
    g_source_unref (deadline_);                                                                \
    g_source_destroy (tick_);                                                                  \
    g_source_unref (tick_);                                                                    \
    if (expired_)                                                                              \
      g_error ("%s: gave up waiting for %s", G_STRLOC, #condition);                            \
  } G_STMT_END

#define test_wait_until(fixture, condition) test_wait_polling (fixture, 0, condition)

/* GAsyncReadyCallback for a GAsyncResult * that is NULL so far. */
void test_store_result (GObject      *object,
                        GAsyncResult *result,
                        gpointer      user_data);

/* Hosts */

/* The fake host with the options given, up to NULL. It is tagged, and ends by itself in a minute. */
ExtensionHostSpec *test_spec_new (TestFixture *self,
                                  const char  *id,
                                  ...) G_GNUC_NULL_TERMINATED;
GStrv              test_argv_of  (const char  *option,
                                  ...) G_GNUC_NULL_TERMINATED;

/* The transitions and lines of one process, in the order in which they were announced. */
typedef struct
{
  ExtensionHostProcess *process;   /* no reference */
  GPtrArray *transitions;
  GPtrArray *lines;
} TestRecord;

TestRecord              *test_record_new      (ExtensionHostProcess *process);
void                     test_record_free     (TestRecord           *self);
ExtensionHostTransition *test_record_last     (TestRecord           *self);
gboolean                 test_record_entered  (TestRecord           *self,
                                               ExtensionHostState    state);
gboolean                 test_record_has_line (TestRecord           *self,
                                               const char           *line);
void                     test_record_clear    (TestRecord           *self);
char                    *test_record_path     (TestRecord           *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestRecord, test_record_free)

/* Starts @process and waits until the fake host has said “ready”. */
void test_bring_up (TestFixture          *self,
                    ExtensionHostProcess *process,
                    TestRecord           *record);

/* Processes */

typedef struct
{
  char state;         /* R, S, T, Z… */
  pid_t parent;
  pid_t session;
  guint64 started;    /* with the pid: who it is */
} TestStat;

gboolean test_stat           (pid_t       pid,
                              TestStat   *stat);
gboolean test_is_alive       (pid_t       pid);
gboolean test_has_variable   (pid_t       pid,
                              const char *entry);
char    *test_get_variable   (pid_t       pid,
                              const char *name);
GStrv    test_get_strings    (pid_t       pid,
                              const char *file);

/* Those alive that have the tag, in the order of their numbers. */
GArray  *test_find_tagged    (TestFixture *self);
guint    test_count_tagged   (TestFixture *self);
gboolean test_are_all_gone   (GArray      *pids);

/* The shim too has the environment of its program, but only root may see that. */
guint    test_expected_count (guint        n_processes,
                              guint        n_shims);

guint    test_count_fds      (void);
guint    test_count_threads  (void);
gboolean test_has_children   (void);

G_END_DECLS
