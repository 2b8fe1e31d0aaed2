/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-health.h"

G_BEGIN_DECLS

/* Filled in by who makes it, and constant once somebody else has it. */
struct _ExtensionHostHealth
{
  guint64 sequence;
  guint64 generation;
  gint64 time;
  gboolean ok;
  gint64 latency;
  guint failures;
  guint64 rss;
  double cpu_percent;
  guint processes;
  guint pending_calls;
  guint64 queued_bytes;
  ExtensionHostVerdict verdict;
};

ExtensionHostHealth *extension_host_health_new (void);

G_END_DECLS
