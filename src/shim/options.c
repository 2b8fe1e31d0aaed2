/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "options.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

enum kind
{
  KIND_FLAG,      /* bool */
  KIND_STRING,    /* const char * */
  KIND_PID,       /* pid_t */
  KIND_OCTAL,     /* the others: struct setting */
  KIND_SIGNED,
  KIND_UNSIGNED,
};

static const struct known_option
{
  const char *name;
  enum kind kind;
  size_t offset;
} known_options[] = {
  { "--application", KIND_PID, offsetof (struct options, application) },
  { "--ipc", KIND_FLAG, offsetof (struct options, ipc) },
  { "--chdir", KIND_STRING, offsetof (struct options, directory) },
  { "--umask", KIND_OCTAL, offsetof (struct options, umask) },
  { "--nice", KIND_SIGNED, offsetof (struct options, nice) },
  { "--oom-score-adj", KIND_SIGNED, offsetof (struct options, oom_score_adj) },
  { "--no-new-privs", KIND_FLAG, offsetof (struct options, no_new_privs) },
  { "--limit-address-space", KIND_UNSIGNED,
    offsetof (struct options, limits[LIMIT_ADDRESS_SPACE]) },
  { "--limit-files", KIND_UNSIGNED, offsetof (struct options, limits[LIMIT_FILES]) },
  { "--limit-processes", KIND_UNSIGNED, offsetof (struct options, limits[LIMIT_PROCESSES]) },
  { "--limit-core", KIND_UNSIGNED, offsetof (struct options, limits[LIMIT_CORE]) },
};

#define N_KNOWN_OPTIONS (sizeof known_options / sizeof known_options[0])

static bool
parse_unsigned (const char *string,
                long long  *value)
{
  unsigned long long number;

  if (!text_take_number (&string, &number) || *string != '\0')
    return false;

  *value = (long long) number;   /* every rlim_t survives the way there and back */

  return true;
}

static bool
parse_signed (const char *string,
              long long  *value)
{
  bool negative = *string == '-';
  unsigned long long number;

  string += negative;
  if (!text_take_number (&string, &number) || *string != '\0' || number > INT_MAX)
    return false;

  *value = negative ? -(long long) number : (long long) number;

  return true;
}

static bool
parse_octal (const char *string,
             long long  *value)
{
  const char *digit;

  *value = 0;
  for (digit = string; *digit >= '0' && *digit <= '7' && digit - string < 5; digit++)
    *value = *value * 8 + (*digit - '0');

  return digit != string && *digit == '\0' && *value <= 0777;
}

static bool
parse_setting (enum kind       kind,
               struct setting *setting,
               const char     *string)
{
  setting->given = true;

  switch (kind)
    {
    case KIND_OCTAL:
      return parse_octal (string, &setting->value);
    case KIND_SIGNED:
      return parse_signed (string, &setting->value);
    case KIND_UNSIGNED:
      return parse_unsigned (string, &setting->value);
    case KIND_FLAG:
    case KIND_STRING:
    case KIND_PID:
    default:
      return false;
    }
}

static bool
parse_pid (const char *string,
           pid_t      *pid)
{
  long long number;

  if (!parse_signed (string, &number) || number <= 0)
    return false;

  *pid = (pid_t) number;

  return true;
}

/* VALUE is what follows the equals sign, or NULL. */
static bool
store (struct options            *self,
       const struct known_option *known,
       const char                *value)
{
  void *field = (char *) self + known->offset;

  if (value == NULL)
    {
      if (known->kind == KIND_FLAG)
        *(bool *) field = true;
      return known->kind == KIND_FLAG;
    }

  switch (known->kind)
    {
    case KIND_STRING:
      *(const char **) field = value;
      return *value != '\0';
    case KIND_PID:
      return parse_pid (value, field);
    case KIND_OCTAL:
    case KIND_SIGNED:
    case KIND_UNSIGNED:
      return parse_setting (known->kind, field, value);
    case KIND_FLAG:
    default:
      return false;
    }
}

static bool
parse_option (struct options *self,
              const char     *argument)
{
  const char *equals = strchr (argument, '=');
  size_t length = equals != NULL ? (size_t) (equals - argument) : strlen (argument);
  size_t i;

  for (i = 0; i < N_KNOWN_OPTIONS; i++)
    if (strlen (known_options[i].name) == length &&
        memcmp (known_options[i].name, argument, length) == 0)
      return store (self, &known_options[i], equals != NULL ? equals + 1 : NULL);

  return false;
}

static bool
complain (const char *about,
          const char *argument)
{
  struct text line = { .length = 0 };

  text_add (&line, "extension-host-shim: ");
  text_add (&line, about);
  text_add (&line, argument);
  (void) !write (STDERR_FILENO, line.string, line.length);
  (void) !write (STDERR_FILENO, "\n", 1);

  return false;
}

bool
options_parse (struct options *self,
               char          **argv)
{
  char **argument = argv;

  *self = (struct options) { .application = 0 };

  if (*argument != NULL)
    argument++;
  for (; *argument != NULL && strcmp (*argument, "--") != 0; argument++)
    if (!parse_option (self, *argument))
      return complain ("bad option ", *argument);

  if (self->application == 0)
    return complain ("missing option ", "--application");
  if (*argument == NULL || argument[1] == NULL)
    return complain ("missing program after ", "--");

  self->argv = argument + 1;

  return true;
}
