/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-order-private.h"

#define MAX_NAMES 16   /* of a cycle, in a message; a longer one is abridged */

typedef struct
{
  const ExtensionHostOrderItem *items;
  guint n;
  GHashTable *indices;   /* by id */
  GSList **followers;    /* of each, the indices of those that are after it */
  guint *awaited;        /* of each, after how many it is that are not placed yet */
  gboolean *is_placed;
  GSequence *ready;      /* those that await nothing, the first given first */
  guint *order;          /* of those that are placed */
  guint n_placed;
} Order;

static int
compare_indices (gconstpointer a,
                 gconstpointer b,
                 gpointer      user_data G_GNUC_UNUSED)
{
  guint first = GPOINTER_TO_UINT (a);
  guint second = GPOINTER_TO_UINT (b);

  return first < second ? -1 : first > second;
}

static gboolean
find (Order      *self,
      const char *id,
      guint      *index)
{
  gpointer value = NULL;

  if (!g_hash_table_lookup_extended (self->indices, id, NULL, &value))
    return FALSE;
  *index = GPOINTER_TO_UINT (value);

  return TRUE;
}

static void
add_ready (Order *self,
           guint  index)
{
  g_sequence_insert_sorted (self->ready, GUINT_TO_POINTER (index), compare_indices, NULL);
}

/* A name that none of them has is nothing to wait for. */
static void
count_awaited (Order *self,
               guint  index)
{
  const char * const *after = self->items[index].after;
  guint other = 0;

  for (; after != NULL && *after != NULL; after++)
    {
      if (!find (self, *after, &other))
        continue;
      self->followers[other] = g_slist_prepend (self->followers[other], GUINT_TO_POINTER (index));
      self->awaited[index]++;
    }

  if (self->awaited[index] == 0)
    add_ready (self, index);
}

static void
order_init (Order                        *self,
            const ExtensionHostOrderItem *items,
            guint                         n)
{
  self->items = items;
  self->n = n;
  self->indices = g_hash_table_new (g_str_hash, g_str_equal);
  self->followers = g_new0 (GSList *, n);
  self->awaited = g_new0 (guint, n);
  self->is_placed = g_new0 (gboolean, n);
  self->ready = g_sequence_new (NULL);
  self->order = g_new0 (guint, n);
  self->n_placed = 0;

  for (guint i = 0; i < n; i++)
    g_hash_table_insert (self->indices, (gpointer) items[i].id, GUINT_TO_POINTER (i));
  for (guint i = 0; i < n; i++)
    count_awaited (self, i);
}

static void
order_clear (Order *self)
{
  for (guint i = 0; i < self->n; i++)
    g_slist_free (self->followers[i]);
  g_hash_table_unref (self->indices);
  g_sequence_free (self->ready);
  g_free (self->followers);
  g_free (self->awaited);
  g_free (self->is_placed);
  g_free (self->order);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Order, order_clear)

static void
place (Order *self,
       guint  index)
{
  self->order[self->n_placed++] = index;
  self->is_placed[index] = TRUE;

  for (GSList *l = self->followers[index]; l != NULL; l = l->next)
    {
      guint follower = GPOINTER_TO_UINT (l->data);

      self->awaited[follower]--;
      if (self->awaited[follower] == 0 && !self->is_placed[follower])
        add_ready (self, follower);
    }
}

/* Until there are none, or all that are left await each other. */
static void
place_ready (Order *self)
{
  while (!g_sequence_is_empty (self->ready))
    {
      GSequenceIter *first = g_sequence_get_begin_iter (self->ready);
      guint index = GPOINTER_TO_UINT (g_sequence_get (first));

      g_sequence_remove (first);
      place (self, index);
    }
}

static gboolean
check_names (Order   *self,
             GError **error)
{
  guint index = 0;

  for (guint i = 0; i < self->n; i++)
    {
      const char * const *after = self->items[i].after;

      for (; after != NULL && *after != NULL; after++)
        {
          if (find (self, *after, &index))
            continue;
          g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY,
                       _("Host “%s” is to start after “%s”, and there is no such host"),
                       self->items[i].id, *after);
          return FALSE;
        }
    }

  return TRUE;
}

/* One that is not placed awaits another that is not placed either. */
static guint
get_awaited (Order *self,
             guint  index)
{
  const char * const *after = self->items[index].after;
  guint other = 0;

  while (!find (self, *after, &other) || self->is_placed[other])
    after++;

  return other;
}

/* Whoever goes from one to the next that it awaits will come to a cycle. */
static guint
find_cycle (Order *self)
{
  g_autofree gboolean *was_seen = g_new0 (gboolean, self->n);
  guint index = 0;
  guint first = 0;

  while (self->is_placed[index])
    index++;
  while (!was_seen[index])
    {
      was_seen[index] = TRUE;
      index = get_awaited (self, index);
    }

  first = index;
  for (guint i = get_awaited (self, index); i != index; i = get_awaited (self, i))
    first = MIN (first, i);

  return first;
}

static char *
describe_cycle (Order *self,
                 guint  first)
{
  GString *text = g_string_new (self->items[first].id);
  guint index = get_awaited (self, first);

  for (guint i = 1; index != first && i < MAX_NAMES; i++)
    {
      g_string_append_printf (text, " → %s", self->items[index].id);
      index = get_awaited (self, index);
    }
  if (index != first)
    g_string_append (text, " → …");
  g_string_append_printf (text, " → %s", self->items[first].id);

  return g_string_free (text, FALSE);
}

/* Whether all can start: each name in `after` is that of one of them, and they do not await each
 * other in a cycle. */
gboolean
extension_host_order_check (const ExtensionHostOrderItem  *items,
                            guint                          n,
                            GError                       **error)
{
  g_auto(Order) order = { NULL };
  g_autofree char *cycle = NULL;

  order_init (&order, items, n);
  if (!check_names (&order, error))
    return FALSE;

  place_ready (&order);
  if (order.n_placed == n)
    return TRUE;

  cycle = describe_cycle (&order, find_cycle (&order));
  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_DEPENDENCY,
               _("Hosts wait for each other to start: “%s”"), cycle);

  return FALSE;
}

/* The indices of all, in an order in which each stands behind those that it is after; of several
 * that may stand next, the first given is. So one that waits for nobody is never overtaken.
 *
 * There is an order for those, too, that fail the check, as they must all be stopped in one: unknown
 * names do not count, and a cycle is cut before the first given of those that are left. */
guint *
extension_host_order_sort (const ExtensionHostOrderItem *items,
                           guint                         n)
{
  g_auto(Order) order = { NULL };

  order_init (&order, items, n);
  place_ready (&order);
  for (guint i = 0; i < n; i++)
    {
      if (order.is_placed[i])
        continue;
      place (&order, i);
      place_ready (&order);
    }

  return g_steal_pointer (&order.order);
}
