/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-faults.h"

#define MOST_KINDS 32

static const ChaosFaultKind *kinds[MOST_KINDS];
static ChaosFaultCount counts[MOST_KINDS];
static gint64 last[MOST_KINDS];      /* monotonic, µs: when it was injected */
static guint n_kinds;

static void
add_kinds (Chaos                *chaos,
           const ChaosFaultKind *table)
{
  for (const ChaosFaultKind *kind = table; kind->name != NULL; kind++)
    {
      g_assert_cmpuint (n_kinds, <, MOST_KINDS);
      kinds[n_kinds] = kind;
      last[n_kinds] = 0;
      counts[n_kinds] = (ChaosFaultCount) {
        .name = kind->name,
        .why_not = kind->why_not != NULL ? kind->why_not (chaos) : NULL,
      };
      n_kinds++;
    }
}

void
chaos_faults_set_up (Chaos *chaos)
{
  chaos_guests_set_up (chaos);
  n_kinds = 0;
  add_kinds (chaos, chaos_faults_on_hosts);
  add_kinds (chaos, chaos_faults_by_guests);
  add_kinds (chaos, chaos_faults_on_world);
}

void
chaos_faults_tear_down (Chaos *chaos)
{
  g_assert_true (chaos_faults_are_over (chaos));
  chaos_guests_tear_down (chaos);
}

guint
chaos_faults_get_n_kinds (void)
{
  return n_kinds;
}

const ChaosFaultCount *
chaos_faults_get_count (guint kind)
{
  g_assert_cmpuint (kind, <, n_kinds);

  return &counts[kind];
}

/* Which one is next */

static gboolean
is_under_way (Chaos           *chaos,
              ChaosFaultScope  scope)
{
  for (guint i = 0; i < chaos->faults->len; i++)
    if (((ChaosFault *) g_ptr_array_index (chaos->faults, i))->kind->scope == scope)
      return TRUE;

  return FALSE;
}

static gboolean
may_begin (Chaos *chaos,
           guint  k)
{
  const ChaosFaultKind *kind = kinds[k];
  gboolean in_world = is_under_way (chaos, CHAOS_ON_WORLD) || is_under_way (chaos, CHAOS_SHORTAGE);

  if (counts[k].why_not != NULL ||
      g_get_monotonic_time () < last[k] + (gint64) kind->every * 1000)
    return FALSE;

  switch (kind->scope)
    {
    case CHAOS_ON_GUEST:
      return !is_under_way (chaos, CHAOS_SHORTAGE);
    case CHAOS_ON_WORLD:
      return !in_world;
    case CHAOS_SHORTAGE:
      return !in_world && !is_under_way (chaos, CHAOS_ON_GUEST);
    case CHAOS_ON_HOST:
    default:
      return TRUE;
    }
}

/* One that was never injected comes first, beginning at a place that is drawn. */
static guint
find_new (Chaos *chaos)
{
  guint first = (guint) chaos_random (chaos, 0, (int) n_kinds);

  for (guint i = 0; i < n_kinds; i++)
    {
      guint k = (first + i) % n_kinds;

      if (counts[k].n_injected == 0 && may_begin (chaos, k))
        return k;
    }

  return n_kinds;
}

static guint
draw (Chaos *chaos)
{
  int total = 0;
  int drawn = 0;
  guint k = 0;

  for (guint i = 0; i < n_kinds; i++)
    total += kinds[i]->weight;
  for (drawn = chaos_random (chaos, 0, total); drawn >= kinds[k]->weight; k++)
    drawn -= kinds[k]->weight;

  return k;
}

void
chaos_faults_inject (Chaos *chaos)
{
  guint new_kind = find_new (chaos);
  guint k = new_kind < n_kinds ? new_kind : draw (chaos);
  ChaosFault *fault = NULL;

  if (!may_begin (chaos, k))
    return;

  fault = g_new0 (ChaosFault, 1);
  fault->kind = kinds[k];
  fault->chaos = chaos;
  fault->began = g_get_monotonic_time ();
  if (!kinds[k]->begin (fault))
    {
      g_free (fault);
      return;
    }

  if (fault->host != NULL)
    fault->host->n_faults++;
  g_ptr_array_add (chaos->faults, fault);
  chaos_journal_note (&chaos->journal, "%s%s%s", fault->kind->name, fault->host != NULL ? ": " : "",
                      fault->host != NULL ? fault->host->id : "");
  last[k] = fault->began;
  counts[k].n_injected++;
}

/* Those that are under way */

static guint
find_kind (ChaosFault *fault)
{
  guint k = 0;

  while (kinds[k] != fault->kind)
    k++;

  return k;
}

static void
survive (ChaosFault *fault)
{
  ChaosFaultCount *count = &counts[find_kind (fault)];

  count->n_survived++;
  count->longest = MAX (count->longest, g_get_monotonic_time () - fault->began);
  if (fault->host != NULL)
    {
      chaos_journal_note (&fault->host->journal, "survived: %s", fault->kind->name);
      fault->host->n_faults--;
      fault->host->n_left_alone -= fault->leaves_alone ? 1 : 0;
    }
}

void
chaos_faults_look (Chaos *chaos)
{
  guint i = 0;

  while (i < chaos->faults->len)
    {
      ChaosFault *fault = g_ptr_array_index (chaos->faults, i);

      if (fault->kind->look (fault))
        {
          survive (fault);
          g_ptr_array_remove_index (chaos->faults, i);
          continue;
        }

      chaos_check (chaos, fault->host,
                   g_get_monotonic_time () < fault->began + CHAOS_PATIENCE * G_USEC_PER_SEC,
                   "“%s” has not been survived for %d s", fault->kind->name, CHAOS_PATIENCE);
      i++;
    }
}

gboolean
chaos_faults_are_over (Chaos *chaos)
{
  return chaos->faults->len == 0;
}
