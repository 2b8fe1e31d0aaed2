/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-invocation.h"
#include "extension-host-rpc-private.h"

G_BEGIN_DECLS

/* Who answers for the invocation: told once, with the text of a result or with an error. */
typedef void (*ExtensionHostAnswerFunc) (ExtensionHostIncoming *request,
                                         const char            *result,
                                         gsize                  length,
                                         int                    code,
                                         const char            *message,
                                         gpointer               owner);

/* Takes over @request. @owner is referenced weakly: without it an answer goes nowhere. */
ExtensionHostInvocation *extension_host_invocation_new    (ExtensionHostIncoming   *request,
                                                           ExtensionHostAnswerFunc  answer,
                                                           GObject                 *owner);
void                     extension_host_invocation_cancel (ExtensionHostInvocation *self);
const char              *extension_host_invocation_get_id (ExtensionHostInvocation *self);

G_END_DECLS
