/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"
#define NAME "extension-host-chaos-"

void
chaos_cgroup_init (ChaosCgroup *self,
                   const char  *controller)
{
  self->folder = g_strdup_printf (ROOT "/%s/" NAME "%d", controller, (int) getpid ());
  if (mkdir (self->folder, 0755) != 0 && errno != EEXIST)
    g_clear_pointer (&self->folder, g_free);
}

gboolean
chaos_cgroup_has (ChaosCgroup *self)
{
  return self->folder != NULL;
}

/* In one write: that is what the kernel takes for one word. */
gboolean
chaos_cgroup_write (ChaosCgroup *self,
                    const char  *file,
                    const char  *text)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gssize n = fd != -1 ? write (fd, text, strlen (text)) : -1;

  if (fd != -1)
    close (fd);

  return n > 0;
}

char *
chaos_cgroup_read (ChaosCgroup *self,
                   const char  *file)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strchomp (text) : NULL;
}

gboolean
chaos_cgroup_remove (ChaosCgroup *self)
{
  if (self->folder != NULL && rmdir (self->folder) != 0)
    return FALSE;

  g_clear_pointer (&self->folder, g_free);

  return TRUE;
}
