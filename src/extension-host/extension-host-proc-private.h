/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "extension-host-enums.h"

G_BEGIN_DECLS

/* What one look at a tree may cost: files opened, and processes told apart. */
#define EXTENSION_HOST_PROC_MAX_FILES 2048
#define EXTENSION_HOST_PROC_MAX_PROCESSES 512

/* A tree below its shim, the shim itself left out. */
typedef struct
{
  guint processes;   /* zombies, too */
  guint64 rss;       /* bytes, of all; what they share counts in each */
  guint64 memory;    /* bytes of the same that belong to no file: anonymous, shared, swapped out */
  gint64 cpu;        /* µs used so far, by those that have ended and were waited for, too */
} ExtensionHostProcTree;

gboolean             extension_host_proc_is_own          (void);
gboolean             extension_host_proc_read_tree       (guint                  shim_pid,
                                                          ExtensionHostProcTree *tree);
double               extension_host_proc_get_cpu_percent (gint64                 cpu_before,
                                                          gint64                 cpu_now,
                                                          gint64                 interval);
ExtensionHostVerdict extension_host_proc_judge           (guint                  pid,
                                                          gboolean               output_is_full);
gboolean             extension_host_proc_is_debugged     (guint                  pid,
                                                          guint                  shim_pid);
char                *extension_host_proc_describe        (ExtensionHostVerdict   verdict,
                                                          double                 cpu_percent);

/* What the text of the kernel means, apart from reading it */
ExtensionHostVerdict extension_host_proc_judge_text      (const char            *stat,
                                                          const char            *wchan,
                                                          gboolean               output_is_full);
void                 extension_host_proc_add_memory      (ExtensionHostProcTree *tree,
                                                          const char            *status);

G_END_DECLS
