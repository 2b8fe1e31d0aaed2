/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "extension-host-enums.h"

G_BEGIN_DECLS

/* Bytes go in as they come, and whole messages are told; a message becomes a frame. Lines end with a
 * newline; content-length is the base protocol of the Language Server Protocol. */

typedef struct _ExtensionHostFramer ExtensionHostFramer;

typedef struct
{
  /* None may run user code or free the framer. The text of a message is only valid during the call.
   * One that is too long is told by its beginning and end: what does not fit has been told piece by
   * piece. */
  void (*message)   (const char *text,
                     gsize       length,
                     gpointer    owner);

  /* One that is so large that a copy of it would be noticed: its bytes may be kept. May be NULL. */
  void (*large)     (GBytes     *message,
                     gpointer    owner);
  void (*too_long)  (const char *piece,
                     gsize       length,
                     gboolean    last,
                     gpointer    owner);
} ExtensionHostFramerFuncs;

ExtensionHostFramer *extension_host_framer_new          (ExtensionHostFraming            framing,
                                                         gsize                           max_size,
                                                         const ExtensionHostFramerFuncs *funcs,
                                                         gpointer                        owner);
void                 extension_host_framer_free         (ExtensionHostFramer            *self);
gboolean             extension_host_framer_feed         (ExtensionHostFramer            *self,
                                                         const char                     *text,
                                                         gsize                           length);
void                 extension_host_framer_end          (ExtensionHostFramer            *self);
gsize                extension_host_framer_get_partial  (ExtensionHostFramer            *self);
void                 extension_host_framer_drop_partial (ExtensionHostFramer            *self);

void                 extension_host_framing_close       (ExtensionHostFraming            framing,
                                                         GString                        *out,
                                                         gsize                           begin);

G_END_DECLS
