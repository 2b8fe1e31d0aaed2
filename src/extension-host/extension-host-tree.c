/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-tree-private.h"

#define SLICE 500       /* µs of freeing at once */
#define PAUSE 2         /* ms between two slices: nobody waits for the memory */
#define PATIENCE (G_USEC_PER_SEC / 4)   /* with others that are being parsed */
#define CLOCK_EVERY 64  /* nodes: what is freed between two looks at the clock */
#define MANY 2000       /* nodes: fewer are freed at once */
#define PRIORITY (G_PRIORITY_HIGH_IDLE + 25)   /* below the redraw of GTK, which is at + 20 */

struct _ExtensionHostTree
{
  GMainContext *context;   /* NULL until it is used in one, and once its source is there: that owns it */
  GPtrArray *nodes;        /* of JsonNode, parents before their children */
  guint n_gone;            /* the first of them are not ours any more */
  gint64 released;         /* monotonic, µs */
};

static int n_parsing;      /* atomic: threads that are making trees */

/* Around the making of a tree in a thread. Who frees then what that thread has allocated before waits for
 * the same locks of the allocator, so that has some patience. */
void
extension_host_tree_begin_parsing (void)
{
  g_atomic_int_inc (&n_parsing);
}

void
extension_host_tree_end_parsing (void)
{
  g_atomic_int_add (&n_parsing, -1);
}

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
extension_host_tree_new (JsonNode *root)
{
  ExtensionHostTree *self = g_new0 (ExtensionHostTree, 1);

  self->nodes = g_ptr_array_new ();
  hold (self, root);
  json_node_unref (root);

  return self;
}

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

static gboolean
on_time_to_free (gpointer data)
{
  ExtensionHostTree *self = data;
  gint64 now = g_get_monotonic_time ();
  gint64 ends = now + SLICE;

  if (g_atomic_int_get (&n_parsing) > 0 && now < self->released + PATIENCE)
    return G_SOURCE_CONTINUE;

  do
    free_some (self, CLOCK_EVERY);
  while (self->n_gone < self->nodes->len && g_get_monotonic_time () < ends);

  return self->n_gone < self->nodes->len;
}

/* Lets go of it. Its users need not have done so. */
void
extension_host_tree_release (ExtensionHostTree *self)
{
  g_autoptr(GMainContext) context = g_steal_pointer (&self->context);
  g_autoptr(GSource) source = NULL;

  if (self->nodes->len < MANY)
    {
      extension_host_tree_free (self);
      return;
    }

  self->released = g_get_monotonic_time ();
  source = g_timeout_source_new (PAUSE);
  g_source_set_static_name (source, "[extension-host] freeing of a large tree");
  g_source_set_priority (source, PRIORITY);
  g_source_set_callback (source, on_time_to_free, self,
                         (GDestroyNotify) extension_host_tree_free);
  g_source_attach (source, context);
}
