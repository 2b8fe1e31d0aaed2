/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-call-failure.h"

G_BEGIN_DECLS

struct _ExtensionHostCallFailure
{
  int code;
  char *message;
  JsonNode *data;
  ExtensionHostExit *exit;
  guint64 generation;
  gboolean written;
};

ExtensionHostCallFailure *extension_host_call_failure_new (const GError *error);

G_END_DECLS
