/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-framer-private.h"
#include "extension-host-reactor-private.h"

G_BEGIN_DECLS

/* Frames over a pair of descriptors: bytes come in, whole messages are told; whole messages are
 * sent, and leave as bytes when the turn ends. It knows nothing of what the messages say. */

typedef struct _ExtensionHostChannel ExtensionHostChannel;

typedef struct
{
  /* These come in a burst and must not run user code; `burst` gives the chance afterwards. */
  ExtensionHostFramerFuncs framer;
  void (*burst)     (gpointer    owner);

  /* There is less than EXTENSION_HOST_CHANNEL_LOW left to write. Must not run user code. */
  void (*low)       (gpointer    owner);

  /* No more comes in, or nothing goes out any more. Told once. It must not free the channel. */
  void (*lost)      (const char *why,
                     gpointer    owner);
} ExtensionHostChannelFuncs;

#define EXTENSION_HOST_CHANNEL_LOW (64 * 1024)   /* bytes */

ExtensionHostChannel *extension_host_channel_new         (ExtensionHostReactor            *reactor,
                                                          int                              in_fd,
                                                          int                              out_fd,
                                                          ExtensionHostFraming             framing,
                                                          guint                            max_size,
                                                          const ExtensionHostChannelFuncs *funcs,
                                                          gpointer                         owner);
void                  extension_host_channel_free        (ExtensionHostChannel            *self);
gboolean              extension_host_channel_open        (ExtensionHostChannel            *self);
void                  extension_host_channel_send        (ExtensionHostChannel            *self,
                                                          const char                      *text,
                                                          gsize                            length);
GString              *extension_host_channel_begin_message (ExtensionHostChannel          *self);
void                  extension_host_channel_end_message (ExtensionHostChannel            *self);
void                  extension_host_channel_drop_message (ExtensionHostChannel            *self);
gboolean              extension_host_channel_can_send    (ExtensionHostChannel            *self);
gsize                 extension_host_channel_get_queued  (ExtensionHostChannel            *self);
void                  extension_host_channel_set_reading (ExtensionHostChannel            *self,
                                                          gboolean                         reading);
gboolean              extension_host_channel_is_input_full (ExtensionHostChannel          *self);
gsize                 extension_host_channel_get_partial (ExtensionHostChannel            *self);
void                  extension_host_channel_drop_partial (ExtensionHostChannel           *self);
gboolean              extension_host_channel_has_read    (ExtensionHostChannel            *self);
gboolean              extension_host_channel_is_behind   (ExtensionHostChannel            *self,
                                                          guint64                         *horizon);
void                  extension_host_channel_drain       (ExtensionHostChannel            *self);
void                  extension_host_channel_close_out   (ExtensionHostChannel            *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostChannel, extension_host_channel_free)

G_END_DECLS
