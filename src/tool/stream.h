/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "output.h"

G_BEGIN_DECLS

/* Lines that come for as long as somebody reads them, until Ctrl-C. */
typedef struct
{
  ToolOutput output;     /* where they go */
  GMainLoop *loop;
  GSource *sources[4];   /* three signals and stdout */
  gulong closed;         /* handler: the bus is gone */
  GDBusConnection *connection;
  gboolean failed;
} ToolStream;

void     tool_stream_init  (ToolStream      *self);
void     tool_stream_begin (ToolStream      *self,
                            GDBusConnection *connection);
void     tool_stream_write (ToolStream      *self,
                            const char      *line);
gboolean tool_stream_run   (ToolStream      *self);
void     tool_stream_end   (ToolStream      *self,
                            gboolean         failed);
void     tool_stream_clear (ToolStream      *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolStream, tool_stream_clear)

G_END_DECLS
