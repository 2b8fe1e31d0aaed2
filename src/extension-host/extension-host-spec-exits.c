/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "extension-host-spec-check-private.h"

/* The signals that end a program which does not handle them. */
static const struct {
  const char *name;
  int number;
} signals[] = {
#define SIGNAL(name) { #name, name }
  SIGNAL (SIGHUP), SIGNAL (SIGINT), SIGNAL (SIGQUIT), SIGNAL (SIGILL), SIGNAL (SIGTRAP),
  SIGNAL (SIGABRT), SIGNAL (SIGIOT), SIGNAL (SIGBUS), SIGNAL (SIGFPE), SIGNAL (SIGKILL),
  SIGNAL (SIGUSR1), SIGNAL (SIGSEGV), SIGNAL (SIGUSR2), SIGNAL (SIGPIPE), SIGNAL (SIGALRM),
  SIGNAL (SIGTERM), SIGNAL (SIGXCPU), SIGNAL (SIGXFSZ), SIGNAL (SIGVTALRM), SIGNAL (SIGPROF),
  SIGNAL (SIGIO), SIGNAL (SIGPOLL), SIGNAL (SIGSYS),
#ifdef SIGSTKFLT
  SIGNAL (SIGSTKFLT),
#endif
#ifdef SIGPWR
  SIGNAL (SIGPWR),
#endif
#undef SIGNAL
};

gboolean
extension_host_spec_parse_exit (const char            *text,
                                ExtensionHostExitKind *kind,
                                int                   *value)
{
  guint64 code = 0;

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      if (strcmp (text, signals[i].name) == 0 ||
          strcmp (text, signals[i].name + strlen ("SIG")) == 0)
        {
          *kind = EXTENSION_HOST_EXIT_KIND_SIGNALLED;
          *value = signals[i].number;
          return TRUE;
        }
    }

  /* g_ascii_string_to_unsigned() alone would skip a vertical tab. */
  if (!g_ascii_isdigit (text[0]) || !g_ascii_string_to_unsigned (text, 10, 0, 255, &code, NULL))
    return FALSE;

  *kind = EXTENSION_HOST_EXIT_KIND_EXITED;
  *value = code;

  return TRUE;
}

gboolean
extension_host_spec_is_final_exit (ExtensionHostSpec     *self,
                                   ExtensionHostExitKind  kind,
                                   int                    value)
{
  for (guint i = 0; self->no_restart_exits[i] != NULL; i++)
    {
      ExtensionHostExitKind listed_kind = EXTENSION_HOST_EXIT_KIND_EXITED;
      int listed_value = 0;

      if (extension_host_spec_parse_exit (self->no_restart_exits[i],
                                          &listed_kind, &listed_value) &&
          listed_kind == kind && listed_value == value)
        return TRUE;
    }

  return FALSE;
}
