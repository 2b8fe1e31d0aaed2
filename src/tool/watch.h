/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus.h"

G_BEGIN_DECLS

/* What happens to all hosts of all applications, those that come later included, in the order in
 * which each application tells it. None of the functions may be NULL. */
typedef struct
{
  void (*application_added)   (ToolApplication *application,
                               gpointer         owner);
  void (*application_removed) (ToolApplication *application,
                               gpointer         owner);
  void (*host_added)          (ToolHost        *host,
                               gpointer         owner);
  void (*host_removed)        (ToolHost        *host,
                               gpointer         owner);
  void (*transition)          (ToolHost        *host,
                               GVariant        *transition,   /* as GetHistory () tells it */
                               gpointer         owner);
  void (*exit)                (ToolHost        *host,
                               GVariant        *last_exit,
                               gpointer         owner);
  void (*extension)           (ToolHost        *host,
                               const char      *id,
                               const char      *state,
                               const char      *error,
                               gpointer         owner);
  void (*log)                 (ToolHost        *host,
                               const char      *stream,
                               const char      *line,
                               gpointer         owner);
  void (*health)              (ToolHost        *host,
                               GVariant        *health,
                               gpointer         owner);
} ToolWatcher;

typedef struct
{
  const ToolWatcher *watcher;
  gpointer owner;
  ToolBus *bus;
  GPtrArray *watched;         /* of Watched */
  GArray *subscriptions;      /* of guint */
} ToolWatch;

gboolean tool_watch_begin (ToolWatch         *self,
                           ToolBus           *bus,
                           const ToolWatcher *watcher,
                           gboolean           log,
                           gboolean           health,
                           gpointer           owner);
guint    tool_watch_count (ToolWatch         *self);
void     tool_watch_end   (ToolWatch         *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolWatch, tool_watch_end)

G_END_DECLS
