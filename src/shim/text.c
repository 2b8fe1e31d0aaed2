/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "text.h"

void
text_add (struct text *self,
          const char  *string)
{
  while (*string != '\0' && self->length < sizeof self->string - 1)
    self->string[self->length++] = *string++;
  self->string[self->length] = '\0';
}

void
text_add_number (struct text *self,
                 long long    number)
{
  unsigned long long rest = (unsigned long long) number;
  char digits[24];
  char *first = digits + sizeof digits - 1;

  if (number < 0)
    rest = 0 - rest;
  *first = '\0';
  do
    *--first = (char) ('0' + rest % 10);
  while ((rest /= 10) != 0);
  if (number < 0)
    *--first = '-';

  text_add (self, first);
}

bool
text_take_number (const char         **string,
                  unsigned long long  *number)
{
  const char *first = *string;

  for (*number = 0; **string >= '0' && **string <= '9'; (*string)++)
    if (__builtin_mul_overflow (*number, 10, number) ||
        __builtin_add_overflow (*number, (unsigned) (**string - '0'), number))
      return false;

  return *string != first;
}
