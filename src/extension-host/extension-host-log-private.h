/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *key;
  const char *value;
} ExtensionHostLogField;

void extension_host_log (const char                  *id,
                         GLogLevelFlags               level,
                         const ExtensionHostLogField *fields,
                         gsize                        n_fields,
                         const char                  *format,
                         ...) G_GNUC_PRINTF (5, 6);

G_END_DECLS
