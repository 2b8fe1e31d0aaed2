/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-channel-private.h"
#include "extension-host-exit.h"
#include "extension-host-output-private.h"
#include "extension-host-reactor-private.h"
#include "extension-host-spec.h"

G_BEGIN_DECLS

/* One spawn of a host: a program and whatever it starts, held by a shim at the other end of a
 * lifeline. It reports facts and obeys; it decides nothing.
 *
 * The functions below are called from the main context, never from within the functions of the
 * attempt. In order: `spawned`, `exited`, `gone`; or `failed` alone; or `exited`, `gone` if the
 * shim is lost early. After `failed` and `gone` no process and no descriptor is left. */

typedef struct _ExtensionHostAttempt ExtensionHostAttempt;

/* How the program ended, as the shim or its loss told it. */
typedef struct
{
  ExtensionHostExitKind kind;
  int code;
  int signal;
  gboolean core_dumped;
} ExtensionHostEnd;

typedef struct
{
  void (*spawned) (ExtensionHostAttempt   *attempt,
                   gpointer                owner);
  void (*failed)  (ExtensionHostAttempt   *attempt,
                   const GError           *error,
                   gpointer                owner);
  void (*exited)  (ExtensionHostAttempt   *attempt,
                   const ExtensionHostEnd *end,
                   gpointer                owner);
  void (*gone)    (ExtensionHostAttempt   *attempt,
                   gpointer                owner);

  /* Lines come in a burst, with no chance to run user code; `lines_read` gives it afterwards. */
  ExtensionHostLineFunc line;
  void (*lines_read) (gpointer owner);

  const ExtensionHostChannelFuncs *channel;
} ExtensionHostAttemptFuncs;

ExtensionHostAttempt *extension_host_attempt_new         (ExtensionHostReactor             *reactor,
                                                          const ExtensionHostAttemptFuncs  *funcs,
                                                          gpointer                          owner);
void                  extension_host_attempt_unref       (ExtensionHostAttempt             *self);
gboolean              extension_host_attempt_spawn       (ExtensionHostAttempt             *self,
                                                          ExtensionHostSpec                *spec,
                                                          GError                          **error);
guint                 extension_host_attempt_get_shim_pid   (ExtensionHostAttempt            *self);
guint                 extension_host_attempt_get_pid     (ExtensionHostAttempt             *self);
guint                 extension_host_attempt_get_left    (ExtensionHostAttempt             *self);
gboolean              extension_host_attempt_has_ended   (ExtensionHostAttempt             *self);
gboolean              extension_host_attempt_is_tree_gone   (ExtensionHostAttempt          *self);
ExtensionHostChannel *extension_host_attempt_get_channel (ExtensionHostAttempt             *self);
void                  extension_host_attempt_close_input (ExtensionHostAttempt             *self);
void                  extension_host_attempt_terminate   (ExtensionHostAttempt             *self,
                                                          guint                             grace_ms);
void                  extension_host_attempt_kill        (ExtensionHostAttempt             *self);
void                  extension_host_attempt_abandon     (ExtensionHostAttempt             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostAttempt, extension_host_attempt_unref)

G_END_DECLS
