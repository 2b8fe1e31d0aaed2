/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-exit.h"
#include "extension-host-health.h"
#include "extension-host-shutdown-report.h"
#include "extension-host-transition.h"

G_BEGIN_DECLS

/* Records as a{sv}, for describe() and for the bus. The keys are the names of their getters, written
 * with dashes. All are floating. */

GVariant *extension_host_exit_to_variant            (ExtensionHostExit           *self);
GVariant *extension_host_health_to_variant          (ExtensionHostHealth         *self);
GVariant *extension_host_transition_to_variant      (ExtensionHostTransition     *self);
GVariant *extension_host_stop_outcome_to_variant    (ExtensionHostStopOutcome    *self);
GVariant *extension_host_shutdown_report_to_variant (ExtensionHostShutdownReport *self);

/* What is put into them: bytes that are no UTF-8 are replaced, NULL is an empty string. */
void      extension_host_records_add_enum           (GVariantDict                *dict,
                                                     const char                  *key,
                                                     GType                        type,
                                                     int                          value);
void      extension_host_records_add_string         (GVariantDict                *dict,
                                                     const char                  *key,
                                                     const char                  *value);
GVariant *extension_host_records_new_strv           (const char * const          *strings);

G_END_DECLS
