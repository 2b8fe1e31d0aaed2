/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "extension-host-reactor-private.h"

/* A reactor of a context of its own, and things for it to serve, known by a letter each. */

#define N_PROBES 1000
#define FAR (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC)

typedef struct _Fixture Fixture;

/* A watched descriptor or a deadline, and what is to be done when it is served. */
typedef struct
{
  Fixture *fixture;
  char name;
  int fd;
  ExtensionHostWatch watch;
  ExtensionHostDeadline deadline;
  gint64 due;
  guint served;
  guint32 events;
  gboolean keeps_ready;
  void (*action) (gpointer probe);
} Probe;

struct _Fixture
{
  GMainContext *context;
  ExtensionHostReactor *reactor;
  gint64 past;
  Probe probes[N_PROBES];
  GString *served;      /* the names, in order */
};

static inline void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  fixture->context = g_main_context_new ();
  fixture->reactor = extension_host_reactor_acquire (fixture->context);
  fixture->past = g_get_monotonic_time () - FAR;
  fixture->served = g_string_new (NULL);
  for (guint i = 0; i < N_PROBES; i++)
    {
      fixture->probes[i].fixture = fixture;
      fixture->probes[i].name = 'a' + i % 26;
      fixture->probes[i].fd = -1;
    }
}

static inline void
release (Fixture *fixture)
{
  for (guint i = 0; i < N_PROBES; i++)
    {
      extension_host_deadline_disarm (&fixture->probes[i].deadline);
      extension_host_watch_stop (&fixture->probes[i].watch);
    }

  extension_host_reactor_release (fixture->reactor);
  fixture->reactor = NULL;
}

static inline void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  if (fixture->reactor != NULL)
    release (fixture);
  g_assert_false (extension_host_reactor_exists (fixture->context));

  for (guint i = 0; i < N_PROBES; i++)
    if (fixture->probes[i].fd != -1)
      close (fixture->probes[i].fd);
  g_string_free (fixture->served, TRUE);
  g_main_context_unref (fixture->context);
}

static inline void
turn (Fixture *fixture)
{
  g_main_context_iteration (fixture->context, FALSE);
}

static inline void
assert_served (Fixture    *fixture,
               const char *expected)
{
  g_assert_cmpstr (fixture->served->str, ==, expected);
  g_string_truncate (fixture->served, 0);
}

static inline void
serve (Probe *probe)
{
  g_string_append_c (probe->fixture->served, probe->name);
  probe->served++;
  if (probe->action != NULL)
    probe->action (probe);
}

static inline void
on_elapsed (gpointer data)
{
  serve (data);
}

static inline void
arm (Probe  *probe,
     gint64  due)
{
  probe->due = due;
  extension_host_deadline_arm (&probe->deadline, probe->fixture->reactor, due, on_elapsed, probe);
}

/* Watches */

static inline void
on_ready (guint32  events,
          gpointer data)
{
  Probe *probe = data;
  eventfd_t value = 0;

  probe->events = events;
  if (!probe->keeps_ready)
    eventfd_read (probe->fd, &value);
  serve (probe);
}

static inline void
start_watch (Probe   *probe,
             guint32  events)
{
  if (probe->fd == -1)
    probe->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_assert_true (extension_host_watch_start (&probe->watch, probe->fixture->reactor, probe->fd,
                                             events, on_ready, probe));
}

static inline void
make_ready (Probe *probe)
{
  g_assert_cmpint (eventfd_write (probe->fd, 1), ==, 0);
}

/* The first @n probes watch, in this order, and are ready. */
static inline void
make_n_ready (Fixture *fixture,
              guint    n)
{
  for (guint i = 0; i < n; i++)
    {
      start_watch (&fixture->probes[i], EPOLLIN);
      make_ready (&fixture->probes[i]);
    }
}

/* As a modal dialog or a blocking call would. */
static inline void
iterate (gpointer data)
{
  Probe *probe = data;

  probe->action = NULL;
  turn (probe->fixture);
  g_string_append_c (probe->fixture->served, '.');
}

static inline void
release_all (gpointer data)
{
  release (((Probe *) data)->fixture);
}
