/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Short lines and paths, without stdio: a static shim would carry all of it in its memory. What
 * does not fit is cut off; the longest path and report need less than half of this. */
struct text
{
  char string[96];
  size_t length;
};

void text_add (struct text *self,
               const char  *string);
void text_add_number (struct text *self,
                      long long    number);

/* Reads a number made of digits only and moves *STRING behind it. */
bool text_take_number (const char         **string,
                       unsigned long long  *number);
