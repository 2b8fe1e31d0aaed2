/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An extension that the command line names. */
typedef struct
{
  char *id;
  char *path;   /* absolute */
} ToolExtensionWord;

GPtrArray *tool_extension_words_parse (char   *words[],
                                       GError **error);
gboolean   tool_extension_words_check (GPtrArray  *words,
                                       GError    **error);

G_END_DECLS
