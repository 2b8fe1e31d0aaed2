/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-manager-private.h"
#include "extension-host-spec-file-private.h"

/**
 * extension_host_manager_load_directory:
 * @self: a manager
 * @directory: a local folder
 * @error: return location for an error
 *
 * Adds a host for each spec file (`*.exthost`) of a folder, in the order of their names, byte by
 * byte. Hidden files and folders are left out. Nothing is started by that.
 *
 * A file that is wrong does not keep the others from being added: see @error, and not the returned
 * number, for whether all is well. If several are wrong, the error is that of a file that cannot be
 * read or is not valid, of the first of those; else that of the first host that could not be added.
 *
 * Errors: those of [ctor@ExtensionHost.Spec.new_from_file]; `EXISTS` if the manager has a host with
 * that id; those of [error@Gio.IOErrorEnum] if the folder cannot be read, and then nothing is
 * added; `CLOSED`.
 *
 * Returns: how many hosts were added, also when @error is set
 *
 * Since: 0.1
 */
guint
extension_host_manager_load_directory (ExtensionHostManager  *self,
                                       GFile                 *directory,
                                       GError               **error)
{
  g_autoptr(ExtensionHostManager) hold G_GNUC_UNUSED = NULL;
  g_autoptr(GPtrArray) specs = NULL;
  g_autoptr(GError) first = NULL;
  guint n_added = 0;

  g_return_val_if_fail (EXTENSION_HOST_IS_MANAGER (self), 0);
  g_return_val_if_fail (G_IS_FILE (directory), 0);
  g_return_val_if_fail (extension_host_manager_is_own_thread (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  if (!extension_host_manager_check_open (self, error))
    return 0;

  specs = extension_host_spec_read_directory (directory, &first, error);
  if (specs == NULL)
    return 0;

  hold = g_object_ref (self);   /* who is told of an item may drop it */
  for (guint i = 0; i < specs->len; i++)
    {
      if (extension_host_manager_add (self, g_ptr_array_index (specs, i),
                                      first == NULL ? &first : NULL) != NULL)
        n_added++;
    }

  if (first != NULL)
    g_propagate_error (error, g_steal_pointer (&first));

  return n_added;
}
