/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stddef.h>

/* Unbuffered output: what was written is in the pipe, whatever happens next. */

void output_text (int         fd,
                  const char *text);
void output_line (int         fd,
                  const char *text);

/* Numbered lines; COUNT 0 is without end. */
void output_flood (int           fd,
                   unsigned long count);

void output_long_line (int    fd,
                       size_t length);
void output_nul_bytes (int fd);
