/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-log-private.h"
#include "extension-host-manager-private.h"

/* Groups: with a host that has failed and is going to be restarted, others of its group are.
 *
 * They did not fail: nothing of it counts against their budget, and as they never are in
 * `restarting` for that, it does not go on from them to the next. */

static gboolean
is_up (ExtensionHostProcess *process)
{
  return process->lifecycle.state == EXTENSION_HOST_STATE_STARTING ||
         process->lifecycle.state == EXTENSION_HOST_STATE_RUNNING ||
         process->lifecycle.state == EXTENSION_HOST_STATE_UNHEALTHY;
}

static gboolean
is_of_group (ExtensionHostProcess *process,
             const char           *group)
{
  return g_strcmp0 (process->spec->group, group) == 0;
}

/* Whether it still is to be made good: a handler may have stopped or removed the host. */
static gboolean
comes_back (ExtensionHostManager *self,
            ExtensionHostProcess *failed)
{
  return extension_host_manager_has (self, failed) &&
         failed->lifecycle.desired == EXTENSION_HOST_DESIRED_UP;
}

/* The members of its group that share the fate of @failed, in the order of the list. */
static GPtrArray *
list_concerned (ExtensionHostManager *self,
                ExtensionHostProcess *failed)
{
  GPtrArray *concerned = g_ptr_array_new_with_free_func (g_object_unref);
  gboolean is_behind = self->strategy == EXTENSION_HOST_STRATEGY_ONE_FOR_ALL;

  for (guint i = 0; i < self->processes->len; i++)
    {
      ExtensionHostProcess *process = g_ptr_array_index (self->processes, i);

      if (process == failed)
        is_behind = TRUE;
      else if (is_behind && is_of_group (process, failed->spec->group))
        g_ptr_array_add (concerned, g_object_ref (process));
    }

  return concerned;
}

/* Runs user code. */
static void
restart_with (ExtensionHostProcess *process,
              ExtensionHostProcess *failed)
{
  const ExtensionHostRequester requester = { failed->spec->id, NULL };
  g_autoptr(GError) error = NULL;

  if (!extension_host_process_restart_as (process, EXTENSION_HOST_REASON_GROUP, &requester, &error))
    extension_host_log (process->spec->id, G_LOG_LEVEL_INFO, NULL, 0,
                        "%s: not restarted with %s: %s", process->spec->id, failed->spec->id,
                        error->message);
  extension_host_process_flush (process);
}

/* Last thing in the news of @transition: user code runs here. */
void
extension_host_manager_follow_group (ExtensionHostManager    *self,
                                     ExtensionHostProcess    *process,
                                     ExtensionHostTransition *transition)
{
  g_autoptr(GPtrArray) concerned = NULL;
  const char *group = process->spec->group;

  if (transition->new_state != EXTENSION_HOST_STATE_RESTARTING ||
      self->strategy == EXTENSION_HOST_STRATEGY_ONE_FOR_ONE || group == NULL || group[0] == '\0')
    return;

  concerned = list_concerned (self, process);
  for (guint i = 0; i < concerned->len; i++)
    {
      ExtensionHostProcess *other = g_ptr_array_index (concerned, i);

      /* Asked anew each time, for what handlers did meanwhile. One that was removed is down. */
      if (comes_back (self, process) && is_up (other) &&
          other->lifecycle.control == EXTENSION_HOST_CONTROL_ACTIVE)
        restart_with (other, process);
    }
}
