/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libintl.h>
#include <string.h>
#include <sys/auxv.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "extension-host-locale-private.h"
#include "extension-host-shim-private.h"

/* Which helper and which translations a program takes whose caller chose the folder that the library seems
 * to be in. The library is part of this program, so that folder is what the caller says in argv[0]. */

#define LURED "--lured"
#define RAISED "--raised"    /* as if it had more rights than who calls it */
#define SHARED "--shared"    /* as if the library were not part of it */
#define AWAY "--away"        /* called by a relative name, and looks when it is in another folder */

static gboolean has_raised_rights;
static gboolean is_shared;

unsigned long __real_getauxval (unsigned long type);
unsigned long __wrap_getauxval (unsigned long type);

unsigned long
__wrap_getauxval (unsigned long type)
{
  if (type == AT_SECURE)
    return (unsigned long) has_raised_rights;

  return type == AT_PHDR && is_shared ? 0 : __real_getauxval (type);
}

/* The program that is called: says where it looks. */
static int
look (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *shim = extension_host_shim_find (&error);

  extension_host_locale_bind ();
  g_print ("%s\n%s\n", shim != NULL ? shim : error->message, bindtextdomain (GETTEXT_PACKAGE, NULL));

  return 0;
}

typedef struct
{
  char *top;      /* the folder that is removed in the end */
  char *libdir;
  char *shim;
  char *locale;
} Lure;

/* Deep enough for all that a configuration may have between the folders of one prefix */
static void
lure_init (Lure *self)
{
  g_autofree char *folder = NULL;

  self->top = g_dir_make_tmp ("extension-host-lure-XXXXXX", NULL);
  g_assert_nonnull (self->top);
  self->libdir = g_build_filename (self->top, "a", "b", "c", "d", "lib", NULL);
  self->shim = g_canonicalize_filename (EXTENSION_HOST_SHIM_FROM_LIBDIR, self->libdir);
  self->locale = g_canonicalize_filename (EXTENSION_HOST_LOCALEDIR_FROM_LIBDIR, self->libdir);
  folder = g_path_get_dirname (self->shim);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (self->libdir, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (self->locale, 0700), ==, 0);
  g_assert_true (g_file_set_contents (self->shim, "#!/bin/false\n", -1, NULL));
  g_assert_cmpint (g_chmod (self->shim, 0700), ==, 0);
}

static void
lure_clear (Lure *self)
{
  const char *argv[] = { "rm", "-rf", "--", self->top, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                               NULL, NULL));
  g_free (self->top);
  g_free (self->libdir);
  g_free (self->shim);
  g_free (self->locale);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Lure, lure_clear)

/* What this program says when it is called as if it were in the folder of the lure. */
static GStrv
call (Lure       *lure,
      const char *linking,
      const char *rights)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  const char *folder = g_strcmp0 (rights, AWAY) == 0 ? "." : lure->libdir;
  g_autofree char *name = g_build_filename (folder, "program", NULL);
  g_auto(GStrv) environment = g_environ_unsetenv (g_get_environ (), "EXTENSION_HOST_SHIM");
  const char *argv[] = { program, name, LURED, linking, rights, NULL };
  g_autofree char *output = NULL;
  g_autoptr(GError) error = NULL;
  GStrv found = NULL;

  g_spawn_sync (lure->libdir, (char **) argv, environment, G_SPAWN_FILE_AND_ARGV_ZERO, NULL, NULL, &output, NULL,
                NULL, &error);
  g_assert_no_error (error);
  found = g_strsplit (output, "\n", 3);
  g_assert_cmpuint (g_strv_length (found), ==, 3);

  return found;
}

static void
check_not_lured (const char *linking,
                 const char *rights)
{
  g_auto(Lure) lure = { NULL };
  g_auto(GStrv) found = NULL;

  lure_init (&lure);
  found = call (&lure, linking, rights);
  g_assert_null (strstr (found[0], lure.top));
  g_assert_cmpstr (found[1], ==, EXTENSION_HOST_LOCALEDIR);
}

/* A tree that was moved: the lure would do. */
static void
test_shared (void)
{
  g_auto(Lure) lure = { NULL };
  g_auto(GStrv) found = NULL;

  lure_init (&lure);
  found = call (&lure, SHARED, NULL);
  g_assert_cmpstr (found[0], ==, lure.shim);
  g_assert_cmpstr (found[1], ==, lure.locale);
}

/* Where it was found once it stays, wherever the program goes. */
static void
test_shared_away (void)
{
  g_auto(Lure) lure = { NULL };
  g_auto(GStrv) found = NULL;

  lure_init (&lure);
  found = call (&lure, SHARED, AWAY);
  g_assert_cmpstr (found[0], ==, lure.shim);
  g_assert_cmpstr (found[1], ==, lure.locale);
}

static void
test_shared_raised (void)
{
  check_not_lured (SHARED, RAISED);
}

static void
test_static (void)
{
  check_not_lured (NULL, NULL);
}

static void
test_static_raised (void)
{
  check_not_lured (RAISED, NULL);
}

int
main (int    argc,
      char **argv)
{
  if (argc > 1 && g_str_equal (argv[1], LURED))
    {
      is_shared = g_strv_contains ((const char * const *) argv, SHARED);
      has_raised_rights = g_strv_contains ((const char * const *) argv, RAISED);
      if (g_strv_contains ((const char * const *) argv, AWAY))
        g_assert_no_errno (g_chdir ("/"));
      return look ();
    }

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/raised-rights/shared", test_shared);
  g_test_add_func ("/raised-rights/shared-away", test_shared_away);
  g_test_add_func ("/raised-rights/shared-raised", test_shared_raised);
  g_test_add_func ("/raised-rights/static", test_static);
  g_test_add_func ("/raised-rights/static-raised", test_static_raised);

  return g_test_run ();
}
