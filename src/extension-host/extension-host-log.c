/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-log-private.h"

#define MAX_FIELDS 12

static const char *
priority (GLogLevelFlags level)
{
  /* The syslog levels that GLib's own writers use. */
  if (level & G_LOG_LEVEL_CRITICAL || level & G_LOG_LEVEL_WARNING)
    return "4";
  if (level & G_LOG_LEVEL_MESSAGE)
    return "5";
  if (level & G_LOG_LEVEL_INFO)
    return "6";

  return "7";
}

/* Everything the library logs about one host goes through here, so that
 * `journalctl EXTENSION_HOST_ID=…` finds it. */
void
extension_host_log (const char                  *id,
                    GLogLevelFlags               level,
                    const ExtensionHostLogField *fields,
                    gsize                        n_fields,
                    const char                  *format,
                    ...)
{
  g_autofree char *message = NULL;
  GLogField all[MAX_FIELDS + 4];
  gsize n = 0;
  va_list args;

  g_assert (n_fields <= MAX_FIELDS);

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  all[n++] = (GLogField) { "PRIORITY", priority (level), -1 };
  all[n++] = (GLogField) { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 };
  all[n++] = (GLogField) { "MESSAGE", message, -1 };
  all[n++] = (GLogField) { "EXTENSION_HOST_ID", id, -1 };
  for (gsize i = 0; i < n_fields; i++)
    if (fields[i].value != NULL)
      all[n++] = (GLogField) { fields[i].key, fields[i].value, -1 };

  g_log_structured_array (level, all, n);
}
