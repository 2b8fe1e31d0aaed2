/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-tree-private.h"

#define SLICE 500       /* µs of freeing at once */
#define PAUSE 2000      /* µs between two slices: nobody waits for the memory */
#define PATIENCE (G_USEC_PER_SEC / 4)   /* with others that are being parsed */
#define CLOCK_EVERY 64  /* nodes: what is freed between two looks at the clock */
#define MANY 2000       /* nodes: fewer are freed at once */
#define CROWD (64 * 1024 * 1024)   /* bytes that wait to be freed: then nothing more is parsed */
#define PRIORITY (G_PRIORITY_HIGH_IDLE + 25)   /* below the redraw of GTK, which is at + 20 */

struct _ExtensionHostTree
{
  GMainContext *context;   /* NULL until it is used in one, and while it waits in there to be freed */
  GPtrArray *nodes;        /* of JsonNode, parents before their children */
  guint n_gone;            /* the first of them are not ours any more */
  gsize size;
  gint64 released;         /* monotonic, µs */
};

/* What waits to be freed in one context, which owns it: one slice is for all of it. */
typedef struct
{
  GSource source;

  GMainContext *context;
  GQueue trees;            /* of ExtensionHostTree, the first of which is being freed */
  gsize size;              /* of all of them */
} Remains;

static GMutex lock;              /* for all of these, and what they have in common with other threads */
static GHashTable *all_remains;  /* GMainContext → Remains; NULL while nothing waits anywhere */
static gsize parsing_size;       /* of what threads are making, or are about to */

/* From the decision to parse something to its tree. Who frees beside this what that thread has
 * allocated before waits for the same locks of the allocator, so that has some patience. */
void
extension_host_tree_begin_parsing (gsize size)
{
  g_mutex_lock (&lock);
  parsing_size += size;
  g_mutex_unlock (&lock);
}

void
extension_host_tree_end_parsing (gsize size)
{
  g_mutex_lock (&lock);
  parsing_size -= size;
  g_mutex_unlock (&lock);
}

/* Making */

static void hold (ExtensionHostTree *self,
                  JsonNode          *node);

static void
on_member (JsonObject *object G_GNUC_UNUSED,
           const char *name G_GNUC_UNUSED,
           JsonNode   *node,
           gpointer    data)
{
  hold (data, node);
}

static void
on_element (JsonArray *array G_GNUC_UNUSED,
            guint      index G_GNUC_UNUSED,
            JsonNode  *node,
            gpointer   data)
{
  hold (data, node);
}

/* What has passed the scan is not nested more deeply than is good for the stack. */
static void
hold (ExtensionHostTree *self,
      JsonNode          *node)
{
  g_ptr_array_add (self->nodes, json_node_ref (node));
  if (JSON_NODE_HOLDS_OBJECT (node))
    json_object_foreach_member (json_node_get_object (node), on_member, self);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    json_array_foreach_element (json_node_get_array (node), on_element, self);
}

/* Takes over @root. May be called in a thread, unlike what follows: the references of objects and
 * arrays are not atomic, so the nodes are freed where they are used. */
ExtensionHostTree *
extension_host_tree_new (JsonNode *root,
                         gsize     size)
{
  ExtensionHostTree *self = g_new0 (ExtensionHostTree, 1);

  self->nodes = g_ptr_array_new ();
  self->size = size;
  hold (self, root);
  json_node_unref (root);

  return self;
}

static void
free_some (ExtensionHostTree *self,
           guint              n)
{
  for (guint end = MIN (self->n_gone + n, self->nodes->len); self->n_gone < end; self->n_gone++)
    json_node_unref (g_ptr_array_index (self->nodes, self->n_gone));
}

/* All of it at once. */
void
extension_host_tree_free (ExtensionHostTree *self)
{
  free_some (self, self->nodes->len);
  g_ptr_array_unref (self->nodes);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self);
}

/* Using */

/* From now on it is used in @context alone. */
void
extension_host_tree_set_context (ExtensionHostTree *self,
                                 GMainContext      *context)
{
  self->context = g_main_context_ref (context);
}

JsonNode *
extension_host_tree_get_root (ExtensionHostTree *self)
{
  return g_ptr_array_index (self->nodes, 0);
}

/* The root for somebody whose own it is to be: json_node_free() would pull down one that has another
 * reference, too. NULL if it was taken before. */
JsonNode *
extension_host_tree_take_root (ExtensionHostTree *self)
{
  return self->n_gone == 0 ? g_ptr_array_index (self->nodes, self->n_gone++) : NULL;
}

/* Freeing */

static Remains *
find_remains (GMainContext *context)
{
  return all_remains != NULL ? g_hash_table_lookup (all_remains, context) : NULL;
}

/* What comes next waits for another one. */
static void
forget_remains (Remains *self)
{
  if (find_remains (self->context) != self)
    return;

  g_hash_table_remove (all_remains, self->context);
  if (g_hash_table_size (all_remains) == 0)
    g_clear_pointer (&all_remains, g_hash_table_unref);
}

static ExtensionHostTree *
get_first (Remains *self)
{
  ExtensionHostTree *tree = NULL;

  g_mutex_lock (&lock);
  tree = g_queue_peek_head (&self->trees);
  g_mutex_unlock (&lock);

  return tree;
}

static void
end_first (Remains *self)
{
  ExtensionHostTree *tree = NULL;

  g_mutex_lock (&lock);
  tree = g_queue_pop_head (&self->trees);
  self->size -= tree->size;
  g_mutex_unlock (&lock);

  extension_host_tree_free (tree);
}

static gboolean
has_patience (Remains           *self,
              ExtensionHostTree *tree,
              gint64             now)
{
  gboolean patient = FALSE;

  g_mutex_lock (&lock);
  patient = parsing_size > 0 && self->size < CROWD && now < tree->released + PATIENCE;
  g_mutex_unlock (&lock);

  return patient;
}

static void
free_slice (Remains *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 ends = now + SLICE;
  ExtensionHostTree *tree = get_first (self);

  if (has_patience (self, tree, now))
    return;

  do
    {
      free_some (tree, CLOCK_EVERY);
      if (tree->n_gone < tree->nodes->len)
        continue;

      end_first (self);
      tree = get_first (self);
    }
  while (tree != NULL && g_get_monotonic_time () < ends);
}

/* Without a pause while somebody waits for the room: the user interface is drawn between two slices
 * in any case. */
static gboolean
remains_dispatch (GSource     *source,
                  GSourceFunc  callback G_GNUC_UNUSED,
                  gpointer     user_data G_GNUC_UNUSED)
{
  Remains *self = (Remains *) source;
  gboolean more = FALSE;

  free_slice (self);

  g_mutex_lock (&lock);
  more = !g_queue_is_empty (&self->trees);
  if (!more)
    forget_remains (self);
  else if (self->size < CROWD)
    g_source_set_ready_time (source, g_get_monotonic_time () + PAUSE);
  g_mutex_unlock (&lock);

  return more;
}

/* With its context, if not before. */
static void
remains_finalize (GSource *source)
{
  Remains *self = (Remains *) source;

  g_mutex_lock (&lock);
  forget_remains (self);
  g_mutex_unlock (&lock);
  g_queue_clear_full (&self->trees, (GDestroyNotify) extension_host_tree_free);
}

static GSourceFuncs remains_funcs = {
  .dispatch = remains_dispatch,
  .finalize = remains_finalize,
};

static Remains *
ensure_remains (GMainContext *context)
{
  Remains *self = find_remains (context);

  if (self != NULL)
    return self;

  self = (Remains *) g_source_new (&remains_funcs, sizeof (Remains));
  self->context = context;
  g_queue_init (&self->trees);
  g_source_set_static_name (&self->source, "[extension-host] freeing of large trees");
  g_source_set_priority (&self->source, PRIORITY);
  g_source_set_ready_time (&self->source, g_get_monotonic_time () + PAUSE);
  if (all_remains == NULL)
    all_remains = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (all_remains, context, self);
  g_source_attach (&self->source, context);
  g_source_unref (&self->source);

  return self;
}

/* Lets go of it. Its users need not have done so. */
void
extension_host_tree_release (ExtensionHostTree *self)
{
  g_autoptr(GMainContext) context = g_steal_pointer (&self->context);
  Remains *remains = NULL;

  if (self->nodes->len < MANY)
    {
      extension_host_tree_free (self);
      return;
    }

  self->released = g_get_monotonic_time ();
  g_mutex_lock (&lock);
  remains = ensure_remains (context);
  g_queue_push_tail (&remains->trees, self);
  remains->size += self->size;
  g_mutex_unlock (&lock);
}

/* Bytes of the trees that wait to be freed in @context. */
gsize
extension_host_tree_get_waiting (GMainContext *context)
{
  Remains *remains = NULL;
  gsize size = 0;

  g_mutex_lock (&lock);
  remains = find_remains (context);
  if (remains != NULL)
    size = remains->size;
  g_mutex_unlock (&lock);

  return size;
}

/* Whether so much waits to be freed in @context that no more is to be made for it: threads make trees
 * faster than they are freed between other things. What is being made is counted with it. */
gboolean
extension_host_tree_is_crowded (GMainContext *context)
{
  gsize size = extension_host_tree_get_waiting (context);

  g_mutex_lock (&lock);
  size += parsing_size;
  g_mutex_unlock (&lock);

  return size >= CROWD;
}
