/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-process-private.h"

G_BEGIN_DECLS

/* Installed by the class, told of by the face. */

enum
{
  PROP_0,
  PROP_ID,
  PROP_NAME,
  PROP_KIND,
  PROP_SPEC,
  PROP_STATE,
  PROP_DESIRED,
  PROP_CONTROL,
  PROP_READINESS,
  PROP_PID,
  PROP_GENERATION,
  PROP_RESTART_COUNT,
  PROP_RESTART_BUDGET,
  PROP_SEQUENCE,
  PROP_STATE_SINCE,
  PROP_PENDING_RESTART,
  PROP_NEXT_RESTART,
  PROP_LAST_EXIT,
  PROP_LAST_CONTROL_FAILURE,
  PROP_STALE_EVENTS,
  PROP_PROTOCOL_ERRORS,
  PROP_PENDING_CALLS,
  PROP_QUEUED_BYTES,
  PROP_LAST_HEALTH,
  PROP_LATENCY,
  PROP_RSS,
  PROP_CPU_PERCENT,
  PROP_STATUS_TEXT,
  PROP_PROGRESS,
  PROP_EXTENSIONS,
  EXTENSION_HOST_PROCESS_N_PROPS
};

enum
{
  STATE_CHANGED,
  CRASHED,
  LOG,
  NOTIFICATION,
  CAPABILITY_DENIED,
  HEALTH_CHECKED,
  UNRESPONSIVE,
  EXTENSION_HOST_PROCESS_N_SIGNALS
};

extern GParamSpec *extension_host_process_properties[EXTENSION_HOST_PROCESS_N_PROPS];
extern guint extension_host_process_signals[EXTENSION_HOST_PROCESS_N_SIGNALS];

/* extension-host-process-class.c */
void extension_host_process_install_properties (GObjectClass *object_class);
void extension_host_process_install_signals    (GType         type);

G_END_DECLS
