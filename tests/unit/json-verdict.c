/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>

#include "extension-host-json-scan-private.h"

/* Prints what the scan says of each file, one line each: the verdict, the kind of document, and
 * what was noted. */

static const char *const verdicts[] = {
  [EXTENSION_HOST_JSON_VALID]    = "valid",
  [EXTENSION_HOST_JSON_NOT_JSON] = "not-json",
  [EXTENSION_HOST_JSON_TOO_DEEP] = "too-deep",
  [EXTENSION_HOST_JSON_TRAILING] = "trailing",
};

static const char *const documents[] = {
  [EXTENSION_HOST_JSON_OTHER]            = "other",
  [EXTENSION_HOST_JSON_OBJECT]           = "object",
  [EXTENSION_HOST_JSON_ARRAY]            = "array",
  [EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS] = "objects",
};

static gboolean
tell (const char *path)
{
  g_autofree char *text = NULL;
  g_autofree char *exact = NULL;
  g_autoptr(GError) error = NULL;
  ExtensionHostJsonScan scan;
  gsize length = 0;

  if (!g_file_get_contents (path, &text, &length, &error))
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }

  /* A copy without the NUL at its end, so that a sanitizer sees each byte read too far. */
  exact = g_memdup2 (text, length);
  extension_host_json_scan (&scan, exact, length);
  printf ("%s", verdicts[scan.verdict]);
  if (scan.verdict == EXTENSION_HOST_JSON_VALID)
    printf (" %s%s%s%s", documents[scan.document],
            scan.whole.needs_repair ? " repair" : "",
            scan.whole.has_nul ? " nul" : "",
            scan.has_duplicates ? " duplicates" : "");
  printf ("\n");

  return TRUE;
}

int
main (int   argc,
      char *argv[])
{
  for (int i = 1; i < argc; i++)
    if (!tell (argv[i]))
      return 1;

  return 0;
}
