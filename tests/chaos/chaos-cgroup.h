/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Groups of processes that the kernel holds up or limits, of version 1: there a frozen process
 * takes its KILL, and does not die of it before it is thawed. */

typedef struct
{
  char *folder;       /* NULL if there is no such group to be had */
} ChaosCgroup;

void     chaos_cgroup_init   (ChaosCgroup *self,
                              const char  *controller);
gboolean chaos_cgroup_has    (ChaosCgroup *self);
gboolean chaos_cgroup_write  (ChaosCgroup *self,
                              const char  *file,
                              const char  *text);
char    *chaos_cgroup_read   (ChaosCgroup *self,
                              const char  *file);

/* FALSE while somebody is in there. */
gboolean chaos_cgroup_remove (ChaosCgroup *self);

G_END_DECLS
