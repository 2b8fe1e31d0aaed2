/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-lifeline-private.h"

static const struct {
  const char *word;
  ExtensionHostReportKind kind;
  guint n_numbers;
  gboolean has_step;
  guint64 max;
} reports[] = {
  { "spawned",   EXTENSION_HOST_REPORT_SPAWNED,   1, FALSE, G_MAXINT },
  { "failed",    EXTENSION_HOST_REPORT_FAILED,    1, TRUE,  4095 },
  { "exited",    EXTENSION_HOST_REPORT_EXITED,    1, FALSE, 255 },
  { "signalled", EXTENSION_HOST_REPORT_SIGNALLED, 2, FALSE, 64 },
  { "left",      EXTENSION_HOST_REPORT_LEFT,      1, FALSE, G_MAXINT },
  { "gone",      EXTENSION_HOST_REPORT_GONE,      0, FALSE, 0 },
  { "ok",        EXTENSION_HOST_REPORT_OK,        0, FALSE, 0 },
};

/* Digits only: GLib lets a vertical tab in front of them pass for a part of the number. */
static gboolean
parse_number (const char *text,
              guint64     max,
              guint      *number)
{
  guint64 value = 0;

  if (text[strspn (text, "0123456789")] != '\0' ||
      !g_ascii_string_to_unsigned (text, 10, 0, max, &value, NULL))
    return FALSE;

  *number = (guint) value;

  return TRUE;
}

static gboolean
is_step (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length < EXTENSION_HOST_REPORT_STEP_SIZE &&
         strspn (text, "abcdefghijklmnopqrstuvwxyz-") == length;
}

/* Reads one packet. Whatever is not exactly one of the reports is refused: it did not come from
 * our shim. */
gboolean
extension_host_report_parse (const char          *packet,
                             gsize                length,
                             ExtensionHostReport *report)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) words = NULL;
  guint n_words = 0;

  if (length == 0 || length > EXTENSION_HOST_REPORT_MAX || memchr (packet, '\0', length) != NULL)
    return FALSE;

  text = g_strndup (packet, length);
  words = g_strsplit (text, " ", 4);
  n_words = g_strv_length (words);
  memset (report, 0, sizeof *report);

  for (gsize i = 0; i < G_N_ELEMENTS (reports); i++)
    {
      guint core = 0;

      if (strcmp (words[0], reports[i].word) != 0)
        continue;

      report->kind = reports[i].kind;
      if (n_words != 1 + reports[i].n_numbers + (reports[i].has_step ? 1 : 0))
        return FALSE;
      if (reports[i].n_numbers > 0 &&
          !parse_number (words[1], reports[i].max, &report->number))
        return FALSE;
      if (reports[i].n_numbers > 1 && !parse_number (words[2], 1, &core))
        return FALSE;
      if (reports[i].has_step && !is_step (words[2]))
        return FALSE;

      report->core_dumped = core != 0;
      if (reports[i].has_step)
        g_strlcpy (report->step, words[2], sizeof report->step);

      return TRUE;
    }

  return FALSE;
}
