/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A spec file that is written for each case. */

#include <string.h>

#include <glib/gstdio.h>

#include "extension-host-error.h"
#include "extension-host-spec.h"

typedef struct
{
  char *folder;
  char *path;      /* of the one file in it */
} Fixture;

static inline void
set_up (Fixture       *fixture,
        gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr(GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("test-spec-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "some host.exthost", NULL);
}

static inline void
tear_down (Fixture       *fixture,
           gconstpointer  data G_GNUC_UNUSED)
{
  g_remove (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static inline ExtensionHostSpec *
load_bytes (Fixture     *fixture,
            const char  *text,
            gssize       length,
            GError     **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (fixture->path);
  g_autoptr(GError) write_error = NULL;

  g_file_set_contents (fixture->path, text, length, &write_error);
  g_assert_no_error (write_error);

  return extension_host_spec_new_from_file (file, error);
}

/* A file with a group and a program, and these lines from line 3 on. */
static inline ExtensionHostSpec *
load_lines (Fixture     *fixture,
            const char  *lines,
            GError     **error)
{
  g_autofree char *text = g_strconcat ("[Extension Host]\nExec=true\n", lines, NULL);

  return load_bytes (fixture, text, -1, error);
}

/* It was refused for what is in that line, and the message says so. */
static inline void
assert_message (Fixture           *fixture,
                ExtensionHostSpec *spec,
                const GError      *error,
                guint              line,
                const char        *rest)
{
  g_autofree char *prefix = g_strdup_printf ("%s:%u: ", fixture->path, line);

  g_assert_null (spec);
  g_assert_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_INVALID_SPEC);
  if (!g_str_has_prefix (error->message, prefix) ||
      strstr (error->message + strlen (prefix), rest) == NULL)
    g_error ("“%s” does not have line %u and “%s”", error->message, line, rest);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, 2000);
}

static inline void
assert_refuses_bytes (Fixture    *fixture,
                      const char *text,
                      gssize      length,
                      guint       line,
                      const char *rest)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ExtensionHostSpec) spec = load_bytes (fixture, text, length, &error);

  assert_message (fixture, spec, error, line, rest);
}
