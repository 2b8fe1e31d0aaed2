/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "idle-options.h"

#include <glib/gi18n.h>

/* Options that have no effect beside others. Who gives them expects one; the library refuses such keys in
 * files for the same reason. What is not given contradicts nobody. */

static gboolean
never_restarts (ExtensionHostSpec *spec)
{
  ExtensionHostRestartPolicy policy = EXTENSION_HOST_RESTART_POLICY_ALWAYS;

  g_object_get (spec, "restart", &policy, NULL);

  return policy == EXTENSION_HOST_RESTART_POLICY_NEVER;
}

static guint
get_number (ExtensionHostSpec *spec,
            const char        *property)
{
  guint number = 0;

  g_object_get (spec, property, &number, NULL);

  return number;
}

static gboolean
may_not_restart (ExtensionHostSpec *spec)
{
  return get_number (spec, "max-restarts") == 0;
}

static gboolean
restarts_once (ExtensionHostSpec *spec)
{
  return get_number (spec, "max-restarts") == 1;
}

static gboolean
has_no_backoff (ExtensionHostSpec *spec)
{
  return get_number (spec, "backoff-initial") == 0;
}

static gboolean
has_constant_backoff (ExtensionHostSpec *spec)
{
  double factor = 0.0;

  g_object_get (spec, "backoff-factor", &factor, NULL);

  return factor <= 1.0;
}

static const struct
{
  gboolean (*holds) (ExtensionHostSpec *spec);
  const char *why;
  const char *cause;           /* as an option */
  const char *properties[8];   /* that have no effect then */
} idle[] = {
  { never_restarts, N_("there are no restarts"), "--restart=never",
    { "max-restarts", "restart-window", "backoff-initial", "backoff-factor", "backoff-max",
      "backoff-jitter", "no-restart-exits" } },
  { may_not_restart, N_("there are no restarts"), "--max-restarts=0",
    { "restart-window", "backoff-initial", "backoff-factor", "backoff-max", "backoff-jitter",
      "no-restart-exits" } },
  { has_no_backoff, N_("there is no wait"), "--backoff-initial=0",
    { "backoff-factor", "backoff-max", "backoff-jitter" } },
  { has_constant_backoff, N_("the wait does not grow"), "--backoff-factor=1", { "backoff-max" } },
  { restarts_once, N_("the wait does not grow"), "--max-restarts=1",
    { "backoff-factor", "backoff-max" } },
};

static gboolean
is_given (ToolSettings *settings,
          const char   *property)
{
  if (g_str_equal (property, "no-restart-exits"))
    return settings->has_no_restart_exits;

  return tool_settings_has (settings, property);
}

/* SPEC is what the SETTINGS made of a file or of the defaults. */
gboolean
tool_check_idle_options (ToolSettings       *settings,
                         ExtensionHostSpec  *spec,
                         GError            **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    {
      for (guint j = 0; idle[i].properties[j] != NULL && idle[i].holds (spec); j++)
        {
          const char *property = idle[i].properties[j];
          gboolean is_list = g_str_equal (property, "no-restart-exits");

          if (!is_given (settings, property))
            continue;

          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       /* TRANSLATORS: an option; why; another option */
                       _("--%s has no effect: %s with %s"), is_list ? "no-restart-exit" : property,
                       _(idle[i].why), idle[i].cause);
          return FALSE;
        }
    }

  return TRUE;
}
