/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the command exits with. */
typedef enum
{
  TOOL_STATUS_OK = 0,
  TOOL_STATUS_FAILED = 1,   /* the host crashed or could not be started; a checked file is wrong;
                             * what was asked of the bus could not be done */
  TOOL_STATUS_USAGE = 2     /* wrong options, wrong file to run: nothing was started */
} ToolStatus;

/* argv[0] is the name of the command. */
typedef ToolStatus (*ToolCommandFunc) (int    argc,
                                       char **argv);

ToolStatus tool_command_call    (int    argc,
                                 char **argv);
ToolStatus tool_command_check   (int    argc,
                                 char **argv);
ToolStatus tool_command_history (int    argc,
                                 char **argv);
ToolStatus tool_command_list    (int    argc,
                                 char **argv);
ToolStatus tool_command_logs    (int    argc,
                                 char **argv);
ToolStatus tool_command_monitor (int    argc,
                                 char **argv);
ToolStatus tool_command_operate (int    argc,
                                 char **argv);
ToolStatus tool_command_run     (int    argc,
                                 char **argv);
ToolStatus tool_command_status  (int    argc,
                                 char **argv);

G_END_DECLS
