/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus.h"

G_BEGIN_DECLS

/* What the bus tells of an extension, and what is called of it. */
typedef struct
{
  char *id;
  char *state;
  char *error;     /* empty if there is none */
  char *command;
} ToolExtensionCall;

ToolExtensionCall *tool_extension_call_find       (ToolHost           *host,
                                                   const char         *method);
void               tool_extension_call_free       (ToolExtensionCall  *self);
gboolean           tool_extension_call_check      (ToolExtensionCall  *self,
                                                   GError            **error);
char              *tool_extension_call_dup_params (ToolExtensionCall  *self,
                                                   const char         *arguments);
void               tool_extension_call_tell_hint  (ToolHost           *host,
                                                   const char         *method);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolExtensionCall, tool_extension_call_free)

G_END_DECLS
