/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Methods that hosts may call, by name. One set belongs to each host and one to its manager. */

typedef struct
{
  gatomicrefcount refs;
  char *capability;        /* NULL: for everyone */
  GCallback func;
  gpointer user_data;
  GDestroyNotify destroy;
} ExtensionHostMethod;

typedef struct _ExtensionHostMethods ExtensionHostMethods;

ExtensionHostMethods *extension_host_methods_new    (void);
ExtensionHostMethods *extension_host_methods_ref    (ExtensionHostMethods *self);
void                  extension_host_methods_unref  (ExtensionHostMethods *self);
void                  extension_host_methods_add    (ExtensionHostMethods *self,
                                                     const char           *name,
                                                     const char           *capability,
                                                     GCallback             func,
                                                     gpointer              user_data,
                                                     GDestroyNotify        destroy);
ExtensionHostMethod  *extension_host_methods_lookup (ExtensionHostMethods *self,
                                                     const char           *name);
void                  extension_host_method_unref   (ExtensionHostMethod  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExtensionHostMethod, extension_host_method_unref)

G_END_DECLS
