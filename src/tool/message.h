/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define TOOL_NAME "extension-host"

/* All of these write one line to stderr. */
void tool_note    (const char *format, ...) G_GNUC_PRINTF (1, 2);   /* what is going on */
void tool_error   (const char *format, ...) G_GNUC_PRINTF (1, 2);   /* what went wrong */
void tool_warning (const char *format, ...) G_GNUC_PRINTF (1, 2);   /* what may be wrong */
void tool_hint    (const char *format, ...) G_GNUC_PRINTF (1, 2);   /* what to do about it */

G_END_DECLS
