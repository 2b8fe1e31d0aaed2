/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "extension-host-error.h"
#include "extension-host-pipes-private.h"
#include "extension-host-place-private.h"
#include "extension-host-shim-private.h"
#include "extension-host-spec-private.h"

/* Where the shim is, how it is told what to launch, and what its failures mean. */

/* The code is not NOT_FOUND: that speaks of the program.
 *
 * `$EXTENSION_HOST_SHIM`; else beside the library, so that an installed tree may be moved; else where it
 * was installed. A program with more rights than who called it takes the last alone. */
char *
extension_host_shim_find (GError **error)
{
  const char *from_environment = g_getenv ("EXTENSION_HOST_SHIM");
  g_autofree char *beside = NULL;

  if (from_environment != NULL && from_environment[0] != '\0' && getauxval (AT_SECURE) == 0)
    {
      if (access (from_environment, X_OK) == 0)
        return g_strdup (from_environment);

      g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                   _("The helper “%s” named by $EXTENSION_HOST_SHIM cannot be executed: %s"),
                   from_environment, g_strerror (errno));
      return NULL;
    }

  beside = extension_host_place_resolve (EXTENSION_HOST_SHIM_FROM_LIBDIR);
  if (beside != NULL && access (beside, X_OK) == 0)
    return g_steal_pointer (&beside);
  if (access (EXTENSION_HOST_SHIM_PATH, X_OK) == 0)
    return g_strdup (EXTENSION_HOST_SHIM_PATH);

  g_set_error (error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
               _("The helper “extension-host-shim” is neither at “%s” nor at “%s”; "
                 "$EXTENSION_HOST_SHIM may name it, and “meson devenv -C BUILD” sets that for a "
                 "library that is not installed"),
               beside != NULL ? beside : "-", EXTENSION_HOST_SHIM_PATH);

  return NULL;
}

static void G_GNUC_PRINTF (2, 3)
add_option (GStrvBuilder *builder,
            const char   *format,
            ...)
{
  g_autofree char *option = NULL;
  va_list args;

  va_start (args, format);
  option = g_strdup_vprintf (format, args);
  va_end (args);
  g_strv_builder_add (builder, option);
}

static void
add_limit (GStrvBuilder *builder,
           const char   *name,
           guint64       limit)
{
  if (limit != G_MAXUINT64)
    add_option (builder, "--%s=%" G_GUINT64_FORMAT, name, limit);
}

GStrv
extension_host_shim_build_argv (const char        *path,
                                ExtensionHostSpec *spec)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, path);
  add_option (builder, "--application=%d", (int) getpid ());
  if (spec->working_directory != NULL)
    add_option (builder, "--chdir=%s", spec->working_directory);
  if (spec->umask >= 0)
    add_option (builder, "--umask=%o", (guint) spec->umask);
  if (spec->nice != G_MININT)
    add_option (builder, "--nice=%d", spec->nice);
  if (spec->oom_score_adj != G_MININT)
    add_option (builder, "--oom-score-adj=%d", spec->oom_score_adj);
  if (spec->no_new_privs)
    g_strv_builder_add (builder, "--no-new-privs");
  add_limit (builder, "limit-address-space", spec->limit_address_space);
  add_limit (builder, "limit-files", spec->limit_files);
  add_limit (builder, "limit-processes", spec->limit_processes);
  add_limit (builder, "limit-core", spec->limit_core);
  if (extension_host_spec_uses_ipc (spec))
    g_strv_builder_add (builder, "--ipc");
  g_strv_builder_add (builder, "--");
  g_strv_builder_addv (builder, (const char **) spec->argv);

  return g_strv_builder_end (builder);
}

/* Tells Node where its socket is, and that what goes over it is JSON, a message a line. Takes over
 * @environment, and returns what stands for it. */
GStrv
extension_host_shim_add_ipc (GStrv environment)
{
  environment = g_environ_setenv (environment, "NODE_CHANNEL_FD",
                                  G_STRINGIFY (EXTENSION_HOST_IPC_FD), TRUE);

  return g_environ_setenv (environment, "NODE_CHANNEL_SERIALIZATION_MODE", "json", TRUE);
}

/* GLib needs one more descriptor for each that it puts in its place, and without it (2.74) calls
 * the spawn a success and then aborts. FALSE with errno set. */
gboolean
extension_host_shim_has_room (ExtensionHostSpec *spec,
                              int                lifeline)
{
  int first = fcntl (lifeline, F_DUPFD_CLOEXEC, EXTENSION_HOST_IPC_FD + 1);
  int second = extension_host_spec_uses_ipc (spec)
                 ? fcntl (lifeline, F_DUPFD_CLOEXEC, EXTENSION_HOST_IPC_FD + 1) : first;
  gboolean has_room = first != -1 && second != -1;
  int error = errno;

  if (second != first)
    extension_host_pipes_close (&second);
  extension_host_pipes_close (&first);
  errno = error;

  return has_room;
}

static char *
describe_limit (int resource)
{
  struct rlimit limit;

  if (getrlimit (resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return g_strdup (_("no limit"));

  return g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64) limit.rlim_cur);
}

/* What was lacking. It may be there the next time. */
static GError *
resource_error (int                error_number,
                const char        *step,
                ExtensionHostSpec *spec)
{
  g_autofree char *limit = NULL;

  switch (error_number)
    {
    case EMFILE:
      limit = describe_limit (RLIMIT_NOFILE);
      return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NO_RESOURCES,
                          _("Cannot start “%s”: %s: too many open files; the limit of this "
                            "process (RLIMIT_NOFILE) is %s"), spec->id, step, limit);
    case EAGAIN:
      limit = describe_limit (RLIMIT_NPROC);
      return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NO_RESOURCES,
                          _("Cannot start “%s”: %s: too many processes; the limit of this "
                            "user (RLIMIT_NPROC) is %s, and the system has one too"),
                          spec->id, step, limit);
    default:
      return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NO_RESOURCES,
                          _("Cannot start “%s”: %s: %s"), spec->id, step,
                          g_strerror (error_number));
    }
}

static GError *
exec_error (int                error_number,
            ExtensionHostSpec *spec)
{
  const char *program = spec->argv[0];

  switch (error_number)
    {
    case ENOENT:
    case ENOTDIR:
      if (g_path_is_absolute (program) && g_file_test (program, G_FILE_TEST_EXISTS))
        return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
                            _("Cannot start “%s”: the interpreter that “%s” names in its first "
                              "line does not exist"), spec->id, program);
      return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_FOUND,
                          _("Cannot start “%s”: program “%s” not found"), spec->id, program);
    case EACCES:
    case EPERM:
    case EISDIR:
      return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NOT_EXECUTABLE,
                          _("Cannot start “%s”: “%s” is not executable: %s"), spec->id, program,
                          g_strerror (error_number));
    case ENOEXEC:
    case ELIBBAD:
    case EINVAL:
      return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_BAD_FORMAT,
                          _("Cannot start “%s”: “%s” is of a format that cannot be executed"),
                          spec->id, program);
    default:
      return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                          _("Cannot start “%s”: executing “%s”: %s"), spec->id, program,
                          g_strerror (error_number));
    }
}

/* Why the program could not be spawned: @error_number at @step, in the words of the shim or ours. */
GError *
extension_host_shim_spawn_error (int                error_number,
                                 const char        *step,
                                 ExtensionHostSpec *spec)
{
  switch (error_number)
    {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETXTBSY:
      return resource_error (error_number, step, spec);
    default:
      break;
    }

  if (g_str_equal (step, "exec"))
    return exec_error (error_number, spec);

  if (g_str_equal (step, "chdir"))
    return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_BAD_WORKING_DIRECTORY,
                        _("Cannot start “%s”: working directory “%s”: %s"), spec->id,
                        spec->working_directory, g_strerror (error_number));

  return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_FAILED,
                      _("Cannot start “%s”: %s: %s"), spec->id, step, g_strerror (error_number));
}

/* Why the shim itself could not be spawned, which GLib tells in words only. It was found and may be
 * executed: what is missing may be there later. */
GError *
extension_host_shim_own_error (const GError      *error,
                               ExtensionHostSpec *spec)
{
  static const int known[] = { EAGAIN, ENOMEM, EMFILE, ENFILE };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (strstr (error->message, g_strerror (known[i])) != NULL)
      return resource_error (known[i], "posix_spawn", spec);

  return g_error_new (EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_NO_RESOURCES,
                      _("Cannot start “%s”: %s"), spec->id, error->message);
}
