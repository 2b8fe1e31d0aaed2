/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

/* One spec file, and what is known of it. */
typedef struct
{
  char *name;                /* as somebody would write it on the command line */
  GFile *file;
  ExtensionHostSpec *spec;   /* NULL if the file is wrong by itself */
  GError *error;             /* the first thing that is wrong */
  GPtrArray *warnings;       /* of texts */
  guint mark;                /* of the search for circles */
} ToolFile;

GPtrArray *tool_files_new     (void);
gboolean   tool_files_add     (GPtrArray  *files,
                               const char *argument);
void       tool_files_load    (GPtrArray  *files);
void       tool_files_compare (GPtrArray  *files);

G_END_DECLS
