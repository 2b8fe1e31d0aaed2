/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-stock.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined (__GLIBC__) && __GLIBC_PREREQ (2, 33)
#define HAVE_MALLINFO
#endif

#define ROOM_OF_HOST 256    /* KiB in use, that come with time */
#define ROOM (16 * 1024)    /* KiB of what is resident, for holes and for code of others */

/* A new source gets a higher number than any there is. */
static guint
count_sources (GMainContext *context)
{
  g_autoptr(GSource) last = g_timeout_source_new_seconds (3600);
  guint last_id = g_source_attach (last, context);
  guint count = 0;

  for (guint id = 1; id < last_id; id++)
    count += g_main_context_find_source_by_id (context, id) != NULL;
  g_source_destroy (last);

  return count;
}

/* By whichever thread they were made */
static guint
count_children (void)
{
  g_autoptr(GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name = NULL;
  guint count = 0;

  while ((name = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/children", name);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        for (const char *at = text; (at = strchr (at, ' ')) != NULL; at++)
          count++;
    }

  return count;
}

static gsize
get_resident (void)
{
  g_autofree char *contents = NULL;
  unsigned long total = 0, resident = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &contents, NULL, NULL));
  g_assert_cmpint (sscanf (contents, "%lu %lu", &total, &resident), ==, 2);

  return resident * (gsize) sysconf (_SC_PAGESIZE) / 1024;
}

static gsize
get_allocated (void)
{
#ifdef HAVE_MALLINFO
  struct mallinfo2 info = mallinfo2 ();

  return (info.uordblks + info.hblkhd) / 1024;
#else
  return 0;
#endif
}

ChaosStock
chaos_stock_take (TestFixture *fixture)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
#ifdef HAVE_MALLINFO
  malloc_trim (0);   /* what was freed is no growth */
#endif

  return (ChaosStock) {
    .n_fds = test_count_fds (),
    .n_threads = test_count_threads (),
    .n_sources = count_sources (fixture->context),
    .n_processes = test_count_tagged (fixture),
    .n_children = count_children (),
    .resident = get_resident (),
    .allocated = get_allocated (),
  };
}

static guint
excess (guint before,
        guint after)
{
  return after > before ? after - before : 0;
}

/* How much more there is, memory excepted. */
guint
chaos_stock_count_leaks (const ChaosStock *before,
                         const ChaosStock *after)
{
  return excess (before->n_fds, after->n_fds) + excess (before->n_threads, after->n_threads) +
         excess (before->n_sources, after->n_sources) +
         excess (before->n_processes, after->n_processes) +
         excess (before->n_children, after->n_children);
}

/* FALSE if there is more than @before. What threads do, and what they close, takes a moment; there
 * may be less if that was still under way when the first stock was taken. */
gboolean
chaos_stock_match (TestFixture      *fixture,
                   const ChaosStock *before,
                   ChaosStock       *after)
{
  gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  *after = chaos_stock_take (fixture);
  while (chaos_stock_count_leaks (before, after) > 0 && g_get_monotonic_time () < end)
    {
      g_usleep (20 * 1000);
      *after = chaos_stock_take (fixture);
    }

  return chaos_stock_count_leaks (before, after) == 0;
}

/* There need not be more than in @other from now on. Threads are another matter: those of a pool
 * that has nothing to do end, and come again. */
void
chaos_stock_lower (ChaosStock       *self,
                   const ChaosStock *other)
{
  guint n_threads = self->n_threads;

  *self = *other;
  self->n_threads = MAX (n_threads, other->n_threads);
}

/* Whether there is more memory than when all had been done for a while. Hosts still fill up what
 * they keep of their past: 100 transitions, 200 lines of up to 8 KiB. */
gboolean
chaos_stock_has_grown (const ChaosStock *warm,
                       const ChaosStock *now,
                       guint             n_hosts)
{
  if (TEST_SANITIZED)
    return FALSE;   /* what is freed is kept there */

  return now->allocated > warm->allocated + n_hosts * ROOM_OF_HOST ||
         now->resident > warm->resident + ROOM;
}

void
chaos_stock_print (const char       *when,
                   const ChaosStock *stock)
{
  g_test_message ("%-12s %4u descriptors %3u threads %3u sources %3u processes %3u children %6"
                  G_GSIZE_FORMAT " KiB, %6" G_GSIZE_FORMAT " KiB in use", when, stock->n_fds,
                  stock->n_threads, stock->n_sources, stock->n_processes, stock->n_children,
                  stock->resident, stock->allocated);
}
