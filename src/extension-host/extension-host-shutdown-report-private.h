/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-shutdown-report.h"

G_BEGIN_DECLS

/* Filled in by who makes it, and constant once somebody else has it. */
struct _ExtensionHostShutdownReport
{
  gboolean clean;      /* kept by add () */
  gint64 duration;
  GPtrArray *ids;
  GPtrArray *outcomes; /* of ExtensionHostStopOutcome, as many */
};

ExtensionHostShutdownReport *extension_host_shutdown_report_new (void);
void                         extension_host_shutdown_report_add (ExtensionHostShutdownReport *self,
                                                                 const char                  *id,
                                                                 ExtensionHostStopOutcome    *outcome);

G_END_DECLS
