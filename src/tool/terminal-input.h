/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The lines that somebody types on stdin. */
typedef struct
{
  void (*line)  (const char *line,
                 gpointer    owner);
  void (*ended) (gpointer    owner);   /* end of the input; may be told once */
  gpointer owner;

  GSource *source;   /* NULL when nothing is read */
  GString *partial;
} ToolTerminalInput;

void tool_terminal_input_begin (ToolTerminalInput  *self,
                                void              (*line) (const char *line,
                                                           gpointer    owner),
                                void              (*ended) (gpointer owner),
                                gpointer            owner);
void tool_terminal_input_end   (ToolTerminalInput  *self);

G_END_DECLS
