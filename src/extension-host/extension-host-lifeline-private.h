/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the shim says on the lifeline: one report a packet, plain text. */

typedef enum
{
  EXTENSION_HOST_REPORT_SPAWNED,    /* number: the pid of the program */
  EXTENSION_HOST_REPORT_FAILED,     /* number: errno; step: what failed */
  EXTENSION_HOST_REPORT_EXITED,     /* number: the exit status */
  EXTENSION_HOST_REPORT_SIGNALLED,  /* number: the signal; core_dumped */
  EXTENSION_HOST_REPORT_LEFT,       /* number: of processes that are still there */
  EXTENSION_HOST_REPORT_GONE,
  EXTENSION_HOST_REPORT_OK
} ExtensionHostReportKind;

#define EXTENSION_HOST_REPORT_STEP_SIZE 32
#define EXTENSION_HOST_REPORT_MAX 128   /* bytes in a packet */

typedef struct
{
  ExtensionHostReportKind kind;
  guint number;
  gboolean core_dumped;
  char step[EXTENSION_HOST_REPORT_STEP_SIZE];
} ExtensionHostReport;

gboolean extension_host_report_parse (const char          *packet,
                                      gsize                length,
                                      ExtensionHostReport *report);

G_END_DECLS
