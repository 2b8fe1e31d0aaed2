/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc-util.h"

G_BEGIN_DECLS

/* What the tests of extensions share. */

typedef ExtensionHostExtension Extension;
typedef ExtensionHostExtensionState ExtensionState;

#define INACTIVE EXTENSION_HOST_EXTENSION_STATE_INACTIVE
#define ACTIVATING EXTENSION_HOST_EXTENSION_STATE_ACTIVATING
#define ACTIVE EXTENSION_HOST_EXTENSION_STATE_ACTIVE
#define FAILED EXTENSION_HOST_EXTENSION_STATE_FAILED
#define LOST EXTENSION_HOST_EXTENSION_STATE_LOST
#define QUARANTINED EXTENSION_HOST_EXTENSION_STATE_QUARANTINED

/* A host, watched: whenever its state is announced, none of its extensions may look alive unless
 * it runs. */
typedef struct
{
  TestFixture *fixture;
  ExtensionHostProcess *process;   /* the only reference of the test */
  gpointer watched;                /* the same, without one; NULL once it is gone */
  GHashTable *traces;              /* id → GString: the states that were told */
  guint n_changes;                 /* of the state of the host */
  TestRecord *record;
  char *marks;                     /* the folder where hosts leave marks; NULL if there is none */
} ExtensionScene;

void        extension_scene_init     (ExtensionScene       *self,
                                      TestFixture          *fixture,
                                      ExtensionHostSpec    *spec);
void        extension_scene_clear    (ExtensionScene       *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ExtensionScene, extension_scene_clear)

/* Hosts that are restarted at once, as often as it takes, and may leave marks. */
void        extension_scene_init_immortal (ExtensionScene  *self,
                                      TestFixture          *fixture);

void        extension_scene_start    (ExtensionScene       *self);
void        extension_scene_stop     (ExtensionScene       *self);

Extension  *extension_add            (ExtensionScene       *scene,
                                      const char           *id,
                                      const char           *path);
gboolean    extension_is             (Extension            *extension,
                                      ExtensionState        state);
Extension  *extension_nth            (ExtensionHostProcess *process,
                                      guint                 position);

/* The states that were told of it, with a space between them. */
const char *extension_trace          (ExtensionScene       *scene,
                                      const char           *id);

/* TRUE if all extensions are in @state. */
gboolean    extension_all_are        (ExtensionScene       *scene,
                                      ExtensionState        state);

/* The last exit of the host names these, with a space between them. */
void        extension_assert_suspects (ExtensionScene      *scene,
                                      const char           *expected);

void        extension_call           (RpcCall              *call,
                                      Extension            *extension,
                                      ExtensionHostProcess *process,
                                      const char           *command,
                                      const char           *arguments,
                                      guint                 timeout_ms,
                                      GCancellable         *cancellable);

void        extension_order          (Extension            *extension,
                                      const char           *command);

#define extension_wait(scene, extension, state) \
  test_wait_until ((scene)->fixture, extension_is (extension, state))

G_END_DECLS
