/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-exit.h"
#include "extension-host-stop-outcome.h"

G_BEGIN_DECLS

/* Both records are filled in by who makes them, and constant once somebody else has them. */

struct _ExtensionHostExit
{
  ExtensionHostExitKind kind;
  int code;
  int signal;
  gboolean core_dumped;
  ExtensionHostReason reason;
  gboolean requested;
  guint64 generation;
  guint pid;
  gint64 time;
  gint64 runtime;
  GError *error;      /* why it could not be spawned */
  char **log;
  char **suspects;
};

struct _ExtensionHostStopOutcome
{
  gboolean acknowledged;
  gboolean exited;
  gboolean forced;
  ExtensionHostStopRung rung;
  gint64 duration;
  guint leftover;
  ExtensionHostExit *exit;
};

ExtensionHostExit        *extension_host_exit_new         (void);
gboolean                  extension_host_exit_is_clean    (ExtensionHostExit *self);
ExtensionHostStopOutcome *extension_host_stop_outcome_new (void);

G_END_DECLS
