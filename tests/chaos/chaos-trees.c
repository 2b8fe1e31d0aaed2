/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-trees.h"

/* One process that was there when we looked */
typedef struct
{
  pid_t pid;
  guint64 started;
  char *whose;
  char *marker;      /* that of its tree; each generation has another */
} Process;

static void
process_free (gpointer data)
{
  Process *self = data;

  g_free (self->whose);
  g_free (self->marker);
  g_free (self);
}

static gboolean
is_there (const Process *self)
{
  TestStat stat;

  return test_stat (self->pid, &stat) && stat.state != 'Z' && stat.state != 'X' &&
         stat.started == self->started;
}

/* NULL if it has nothing to do with us, or has ended. */
static Process *
look_at (Chaos *chaos,
         pid_t  pid)
{
  TestStat stat;
  Process *self = NULL;

  if (!test_has_variable (pid, chaos->fixture->tag) || !test_stat (pid, &stat))
    return NULL;

  self = g_new0 (Process, 1);
  self->pid = pid;
  self->started = stat.started;
  self->whose = test_get_variable (pid, CHAOS_HOST);
  self->marker = test_get_variable (pid, TEST_TREE);
  if (self->whose == NULL || self->marker == NULL || !is_there (self))
    g_clear_pointer (&self, process_free);

  return self;
}

static GPtrArray *
find_processes (Chaos *chaos)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (process_free);
  g_autoptr(GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name = NULL;

  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    {
      pid_t pid = (pid_t) g_ascii_strtoull (name, NULL, 10);
      Process *process = pid > 0 ? look_at (chaos, pid) : NULL;

      if (process != NULL)
        g_ptr_array_add (found, process);
    }

  return found;
}

/* States in which there must be no process: those that are told when the last one is gone. */
static gboolean
has_no_tree (ChaosHost *host)
{
  return host == NULL ||
         host->state == EXTENSION_HOST_STATE_STOPPED ||
         host->state == EXTENSION_HOST_STATE_CRASHED ||
         host->state == EXTENSION_HOST_STATE_RESTARTING;
}

static void
check_orphan (Chaos   *chaos,
              Process *process)
{
  ChaosHost *host = chaos_host_find (chaos, process->whose);
  g_auto(GStrv) argv = NULL;
  g_autofree char *line = NULL;

  if (!has_no_tree (host) || !is_there (process))
    return;

  chaos->tally.n_orphans++;
  argv = test_get_strings (process->pid, "cmdline");
  line = argv != NULL ? g_strjoinv (" ", argv) : NULL;
  chaos_fail (chaos, host, "process %d of %s is an orphan: %s", (int) process->pid, process->whose,
              line);
}

/* The look took its time, so one tree may have ended and the next have begun meanwhile. What is
 * still there after both were seen was there at once. */
static void
check_one_tree (Chaos     *chaos,
                GPtrArray *found,
                guint      nth)
{
  Process *process = g_ptr_array_index (found, nth);

  for (guint i = 0; i < nth; i++)
    {
      Process *other = g_ptr_array_index (found, i);

      if (g_str_equal (other->whose, process->whose) &&
          !g_str_equal (other->marker, process->marker) &&
          is_there (other) && is_there (process))
        chaos_fail (chaos, chaos_host_find (chaos, process->whose),
                    "%d and %d are of two trees of %s", (int) other->pid, (int) process->pid,
                    process->whose);
    }
}

void
chaos_look_at_trees (Chaos *chaos)
{
  g_autoptr(GPtrArray) found = find_processes (chaos);

  for (guint i = 0; i < found->len; i++)
    {
      check_orphan (chaos, g_ptr_array_index (found, i));
      check_one_tree (chaos, found, i);
    }
  chaos->tally.n_looks++;
  chaos->tally.n_seen += found->len;
}

guint
chaos_count_tree (ChaosHost *host)
{
  g_autoptr(GPtrArray) found = find_processes (host->chaos);
  guint n = 0;

  for (guint i = 0; i < found->len; i++)
    n += g_str_equal (((Process *) g_ptr_array_index (found, i))->whose, host->id);

  return n;
}
