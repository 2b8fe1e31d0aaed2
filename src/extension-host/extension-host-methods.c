/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-methods-private.h"

struct _ExtensionHostMethods
{
  gatomicrefcount refs;
  GHashTable *by_name;   /* NULL while it is empty: most hosts have none of their own */
};

void
extension_host_method_unref (ExtensionHostMethod *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->capability);
  g_free (self);
}

ExtensionHostMethods *
extension_host_methods_new (void)
{
  ExtensionHostMethods *self = g_new0 (ExtensionHostMethods, 1);

  g_atomic_ref_count_init (&self->refs);

  return self;
}

ExtensionHostMethods *
extension_host_methods_ref (ExtensionHostMethods *self)
{
  g_atomic_ref_count_inc (&self->refs);

  return self;
}

void
extension_host_methods_unref (ExtensionHostMethods *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  g_clear_pointer (&self->by_name, g_hash_table_unref);
  g_free (self);
}

/* One of the same name is replaced. */
void
extension_host_methods_add (ExtensionHostMethods *self,
                            const char           *name,
                            const char           *capability,
                            GCallback             func,
                            gpointer              user_data,
                            GDestroyNotify        destroy)
{
  ExtensionHostMethod *method = g_new0 (ExtensionHostMethod, 1);

  g_atomic_ref_count_init (&method->refs);
  method->capability = g_strdup (capability);
  method->func = func;
  method->user_data = user_data;
  method->destroy = destroy;

  if (self->by_name == NULL)
    self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify) extension_host_method_unref);
  g_hash_table_replace (self->by_name, g_strdup (name), method);
}

/* A reference, as the method may be replaced while it runs. NULL if there is none. */
ExtensionHostMethod *
extension_host_methods_lookup (ExtensionHostMethods *self,
                               const char           *name)
{
  ExtensionHostMethod *method = self->by_name != NULL ? g_hash_table_lookup (self->by_name, name)
                                                      : NULL;

  if (method != NULL)
    g_atomic_ref_count_inc (&method->refs);

  return method;
}
