/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *arrow;
  const char *bar;
} ToolGlyphs;

const ToolGlyphs *tool_get_glyphs     (void);
char             *tool_make_printable (const char *text);

G_END_DECLS
