/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-reactor-fixture.h"

/* Watches */

static void
test_ready_watch_is_served_until_read (Fixture       *fixture,
                                       gconstpointer  data)
{
  Probe *probe = &fixture->probes[0];

  start_watch (probe, EPOLLIN);
  turn (fixture);
  assert_served (fixture, "");
  make_ready (probe);
  probe->keeps_ready = TRUE;
  turn (fixture);
  turn (fixture);
  assert_served (fixture, "aa");
  probe->keeps_ready = FALSE;
  turn (fixture);
  turn (fixture);
  assert_served (fixture, "a");
  g_assert_cmphex (probe->events, ==, EPOLLIN);
}

static void
test_all_ready_watches_are_served_in_one_turn (Fixture       *fixture,
                                               gconstpointer  data)
{
  make_n_ready (fixture, 100);
  turn (fixture);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (fixture->probes[i].served, ==, 1);
}

static void
test_stopped_watch_is_not_served (Fixture       *fixture,
                                  gconstpointer  data)
{
  make_n_ready (fixture, 2);
  extension_host_watch_stop (&fixture->probes[0].watch);
  extension_host_watch_stop (&fixture->probes[0].watch);
  turn (fixture);
  assert_served (fixture, "b");
}

static void
test_watch_can_start_again (Fixture       *fixture,
                            gconstpointer  data)
{
  make_n_ready (fixture, 1);
  extension_host_watch_stop (&fixture->probes[0].watch);
  start_watch (&fixture->probes[0], EPOLLIN);
  turn (fixture);
  assert_served (fixture, "a");
}

static void
test_hang_up_is_told (Fixture       *fixture,
                      gconstpointer  data)
{
  Probe *probe = &fixture->probes[0];
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC | O_NONBLOCK), ==, 0);
  probe->fd = fds[0];
  start_watch (probe, EPOLLIN);
  close (fds[1]);
  turn (fixture);
  g_assert_cmphex (probe->events & EPOLLHUP, ==, EPOLLHUP);
}

static void
test_watch_of_no_descriptor_is_refused (Fixture       *fixture,
                                        gconstpointer  data)
{
  Probe *probe = &fixture->probes[0];

  g_assert_false (extension_host_watch_start (&probe->watch, fixture->reactor, -1, EPOLLIN,
                                              on_ready, probe));
  g_assert_cmpint (errno, ==, EBADF);
  g_assert_null (probe->watch.reactor);
}

/* Inside a ready callback */

static void
stop_all (gpointer data)
{
  Fixture *fixture = ((Probe *) data)->fixture;

  for (guint i = 0; i < 3; i++)
    extension_host_watch_stop (&fixture->probes[i].watch);
}

static void
test_stop_of_other_ready_watches_inside_one (Fixture       *fixture,
                                             gconstpointer  data)
{
  for (guint i = 0; i < 3; i++)
    fixture->probes[i].action = stop_all;
  make_n_ready (fixture, 3);
  turn (fixture);
  turn (fixture);
  g_assert_cmpuint (fixture->served->len, ==, 1);
}

static ExtensionHostWatch *heap_watch;

static void
free_heap_watch (gpointer probe)
{
  extension_host_watch_stop (heap_watch);
  g_clear_pointer (&heap_watch, g_free);
}

static void
test_watch_may_be_freed_inside_itself (Fixture       *fixture,
                                       gconstpointer  data)
{
  Probe *probe = &fixture->probes[0];

  heap_watch = g_new0 (ExtensionHostWatch, 1);
  probe->fd = eventfd (1, EFD_CLOEXEC | EFD_NONBLOCK);
  probe->action = free_heap_watch;
  g_assert_true (extension_host_watch_start (heap_watch, fixture->reactor, probe->fd, EPOLLIN,
                                             on_ready, probe));
  turn (fixture);
  turn (fixture);
  assert_served (fixture, "a");
  g_assert_null (heap_watch);
}

static void
start_next (gpointer data)
{
  Probe *next = (Probe *) data + 1;

  if (next->watch.reactor == NULL)
    start_watch (next, EPOLLIN);
  make_ready (next);
}

static void
test_watch_started_inside_another_is_served_next_turn (Fixture       *fixture,
                                                       gconstpointer  data)
{
  fixture->probes[0].action = start_next;
  make_n_ready (fixture, 1);
  turn (fixture);
  assert_served (fixture, "a");
  turn (fixture);
  assert_served (fixture, "b");
}

static void
test_nested_iteration_serves_the_others (Fixture       *fixture,
                                         gconstpointer  data)
{
  fixture->probes[0].action = iterate;
  make_n_ready (fixture, 3);
  arm (&fixture->probes[25], fixture->past);
  turn (fixture);
  assert_served (fixture, "abcz.");
  turn (fixture);
  assert_served (fixture, "");
}

static void
test_nested_iteration_twice_deep (Fixture       *fixture,
                                  gconstpointer  data)
{
  fixture->probes[0].action = iterate;
  fixture->probes[1].action = iterate;
  make_n_ready (fixture, 4);
  turn (fixture);
  assert_served (fixture, "abcd..");
}

static void
iterate_and_stop (gpointer data)
{
  Probe *probe = data;

  iterate (probe);
  stop_all (probe);
}

static void
test_stop_after_a_nested_iteration (Fixture       *fixture,
                                    gconstpointer  data)
{
  for (guint i = 0; i < 3; i++)
    fixture->probes[i].keeps_ready = TRUE;
  fixture->probes[0].action = iterate_and_stop;
  make_n_ready (fixture, 3);
  turn (fixture);
  g_string_truncate (fixture->served, 0);
  turn (fixture);
  assert_served (fixture, "");
}

/* A turn */

/* News that has arrived comes before the conclusion that there is none. */
static void
test_watches_are_served_before_deadlines (Fixture       *fixture,
                                          gconstpointer  data)
{
  arm (&fixture->probes[25], fixture->past);
  make_n_ready (fixture, 3);
  turn (fixture);
  assert_served (fixture, "abcz");
}

static void
disarm_last (gpointer data)
{
  extension_host_deadline_disarm (&((Probe *) data)->fixture->probes[25].deadline);
}

static void
test_watch_may_disarm_a_deadline_that_is_due (Fixture       *fixture,
                                              gconstpointer  data)
{
  fixture->probes[0].action = disarm_last;
  arm (&fixture->probes[25], fixture->past);
  make_n_ready (fixture, 1);
  turn (fixture);
  assert_served (fixture, "a");
}

/* The rest of bursts */

#define N_BURSTS 3

typedef struct
{
  Fixture *fixture;
  GSource *redraw;
  ExtensionHostBacklog backlogs[N_BURSTS];
} Bursts;

/* Takes all the time that one host is given, in which the user interface comes to want to be drawn. */
static void
tell_much (gpointer data)
{
  Bursts *bursts = data;
  gint64 ends = extension_host_reactor_slice (bursts->fixture->reactor);

  g_string_append_c (bursts->fixture->served, 'x');
  g_source_set_ready_time (bursts->redraw, 0);
  while (g_get_monotonic_time () <= ends)
    continue;
}

static gboolean
redraw (GSource     *source,
        GSourceFunc  callback,
        gpointer     data)
{
  callback (data);
  g_source_set_ready_time (source, -1);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs redraw_funcs = { .dispatch = redraw };

static gboolean
on_redraw (gpointer data)
{
  g_string_append_c (((Bursts *) data)->fixture->served, '|');

  return G_SOURCE_CONTINUE;
}

static void
test_redraw_comes_between_two_bursts (Fixture       *fixture,
                                      gconstpointer  data)
{
  Bursts bursts = { .fixture = fixture };

  bursts.redraw = g_source_new (&redraw_funcs, sizeof (GSource));
  g_source_set_priority (bursts.redraw, G_PRIORITY_HIGH_IDLE + 20);   /* of GTK */
  g_source_set_callback (bursts.redraw, on_redraw, &bursts, NULL);
  g_source_attach (bursts.redraw, fixture->context);
  for (guint i = 0; i < N_BURSTS; i++)
    extension_host_backlog_add (&bursts.backlogs[i], fixture->reactor, tell_much, &bursts);

  while (g_main_context_pending (fixture->context))
    turn (fixture);
  assert_served (fixture, "x|x|x|");
  g_source_destroy (bursts.redraw);
  g_source_unref (bursts.redraw);
}

/* The reactor */

static guint
count_epoll_fds (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name = NULL;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (g_strcmp0 (target, "anon_inode:[eventpoll]") == 0)
        n++;
    }

  return n;
}

static void
test_context_has_one_reactor (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  ExtensionHostReactor *again = extension_host_reactor_acquire (fixture->context);
  ExtensionHostReactor *another = extension_host_reactor_acquire (other);

  g_assert_true (again == fixture->reactor);
  g_assert_true (another != fixture->reactor);
  extension_host_reactor_release (again);
  extension_host_reactor_release (another);
  g_assert_true (extension_host_reactor_exists (fixture->context));
  g_assert_false (extension_host_reactor_exists (other));
}

static void
test_last_release_leaves_nothing (Fixture       *fixture,
                                  gconstpointer  data)
{
  guint n = count_epoll_fds ();

  arm (&fixture->probes[1], fixture->past);
  turn (fixture);
  g_assert_cmpuint (count_epoll_fds (), ==, n);   /* deadlines need no descriptor */
  make_n_ready (fixture, 1);
  g_assert_cmpuint (count_epoll_fds (), ==, n + 1);

  release (fixture);
  g_assert_false (extension_host_reactor_exists (fixture->context));
  g_assert_cmpuint (count_epoll_fds (), ==, n);
  g_assert_false (g_main_context_pending (fixture->context));
}

static void
test_last_release_inside_a_watch (Fixture       *fixture,
                                  gconstpointer  data)
{
  for (guint i = 0; i < 3; i++)
    fixture->probes[i].action = release_all;
  make_n_ready (fixture, 3);
  arm (&fixture->probes[25], fixture->past);
  turn (fixture);
  g_assert_cmpuint (fixture->served->len, ==, 1);
  g_assert_false (g_main_context_pending (fixture->context));
}

#define add(path, func) \
  g_test_add ("/reactor/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("watch/ready-is-served-until-read", test_ready_watch_is_served_until_read);
  add ("watch/all-ready-are-served-in-one-turn", test_all_ready_watches_are_served_in_one_turn);
  add ("watch/stopped-is-not-served", test_stopped_watch_is_not_served);
  add ("watch/can-start-again", test_watch_can_start_again);
  add ("watch/hang-up-is-told", test_hang_up_is_told);
  add ("watch/of-no-descriptor-is-refused", test_watch_of_no_descriptor_is_refused);
  add ("watch/stop-of-others-inside-one", test_stop_of_other_ready_watches_inside_one);
  add ("watch/may-be-freed-inside-itself", test_watch_may_be_freed_inside_itself);
  add ("watch/started-inside-another-is-served-next-turn",
       test_watch_started_inside_another_is_served_next_turn);
  add ("nested/serves-the-others", test_nested_iteration_serves_the_others);
  add ("nested/twice-deep", test_nested_iteration_twice_deep);
  add ("nested/stop-afterwards", test_stop_after_a_nested_iteration);
  add ("turn/watches-come-before-deadlines", test_watches_are_served_before_deadlines);
  add ("turn/watch-may-disarm-a-due-deadline", test_watch_may_disarm_a_deadline_that_is_due);
  add ("rest/redraw-comes-between-two-bursts", test_redraw_comes_between_two_bursts);
  add ("one-per-context", test_context_has_one_reactor);
  add ("release/last-leaves-nothing", test_last_release_leaves_nothing);
  add ("release/last-inside-a-watch", test_last_release_inside_a_watch);

  return g_test_run ();
}
