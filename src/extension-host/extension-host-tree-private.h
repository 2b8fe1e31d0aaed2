/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A large tree of JSON. It does not come down as a whole when the last of its users lets it go, which
 * would hold up the main loop: of each node there is one more reference in here, and these are dropped
 * a few at a time when the user interface has been drawn. */
typedef struct _ExtensionHostTree ExtensionHostTree;

/* In a thread: the making. Sizes are in bytes, about. */
void               extension_host_tree_begin_parsing (gsize              size);
void               extension_host_tree_end_parsing   (gsize              size);
ExtensionHostTree *extension_host_tree_new           (JsonNode          *root,
                                                      gsize              size);
void               extension_host_tree_free          (ExtensionHostTree *self);

/* In the context that it is used in */
void               extension_host_tree_set_context   (ExtensionHostTree *self,
                                                      GMainContext      *context);
JsonNode          *extension_host_tree_get_root      (ExtensionHostTree *self);
JsonNode          *extension_host_tree_take_root     (ExtensionHostTree *self);
void               extension_host_tree_release       (ExtensionHostTree *self);

gsize              extension_host_tree_get_waiting   (GMainContext      *context);
gboolean           extension_host_tree_is_crowded    (GMainContext      *context);

G_END_DECLS
