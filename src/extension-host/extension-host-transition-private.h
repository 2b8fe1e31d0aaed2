/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-transition.h"

G_BEGIN_DECLS

/* Filled in by the lifecycle, and constant from the moment it is announced. */
struct _ExtensionHostTransition
{
  ExtensionHostState old_state;
  ExtensionHostState new_state;
  ExtensionHostReason reason;
  char *detail;
  char *requester;
  guint64 sequence;
  guint64 generation;
  gint64 time;
  gint64 monotonic_time;
};

/* On whose behalf something is done, and why: one line, or NULL. A transition tells both. */
typedef struct
{
  const char *name;
  const char *why;
} ExtensionHostRequester;

ExtensionHostTransition *extension_host_transition_new (void);

G_END_DECLS
