/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-extension.h"

G_BEGIN_DECLS

/* What an extension asks its host for. */
typedef struct
{
  void     (*call)    (ExtensionHostExtension  *self,
                       const char              *command,
                       JsonNode                *arguments,
                       guint                    timeout_ms,
                       GTask                   *task,        /* taken over */
                       gpointer                 owner);
  gboolean (*release) (ExtensionHostExtension  *self,
                       gpointer                 owner,
                       GError                 **error);
} ExtensionHostExtensionFuncs;

struct _ExtensionHostExtension
{
  GObject parent_instance;

  char *id;
  char *path;
  const ExtensionHostExtensionFuncs *funcs;
  gpointer owner;                        /* the host; NULL once it was removed, or its host is gone */

  ExtensionHostExtensionState state;
  GError *error;                         /* why it failed, or was quarantined; NULL if it did not */
  guint activations;
  guint64 busy_in;                       /* the generation that went down while this was activating */
  guint crashes;                         /* in a row, of the host, each while this was activating */
  gboolean waits;                        /* until no suspect is left to be activated */
  guint n_calls;                         /* that have no answer yet */

  gboolean changed;                      /* since it was shown */

  /* What the outside has been told */
  ExtensionHostExtensionState shown_state;
  GError *shown_error;
  guint shown_activations;
  guint untold;                          /* bits, of what has been shown and not been told */
};

ExtensionHostExtension *extension_host_extension_new        (const char                        *id,
                                                             const char                        *path,
                                                             const ExtensionHostExtensionFuncs *funcs,
                                                             gpointer                           owner);
void                    extension_host_extension_set_state  (ExtensionHostExtension            *self,
                                                             ExtensionHostExtensionState        state,
                                                             const GError                      *error);
gboolean                extension_host_extension_show       (ExtensionHostExtension            *self);
gboolean                extension_host_extension_show_lost  (ExtensionHostExtension            *self);
void                    extension_host_extension_tell       (ExtensionHostExtension            *self);

G_END_DECLS
