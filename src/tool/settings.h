/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

/* What the command line says about a host, before it is known which spec it applies to. */
typedef struct
{
  GHashTable *values;               /* name of a property of the spec → GValue */
  GStrvBuilder *environment;        /* both are added to what a file says */
  GStrvBuilder *no_restart_exits;
  gboolean has_no_restart_exits;    /* there is one in it */
} ToolSettings;

void               tool_settings_init  (ToolSettings      *self);
void               tool_settings_clear (ToolSettings      *self);
GValue            *tool_settings_add   (ToolSettings      *self,
                                        const char        *property,
                                        GType              type);
gboolean           tool_settings_has   (ToolSettings      *self,
                                        const char        *property);
ExtensionHostSpec *tool_settings_apply (ToolSettings      *self,
                                        ExtensionHostSpec *base);

G_END_DECLS
