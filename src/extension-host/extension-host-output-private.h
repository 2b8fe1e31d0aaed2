/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-enums.h"
#include "extension-host-reactor-private.h"

G_BEGIN_DECLS

/* One output stream of a host, told line by line. A line ends at LF or at EXTENSION_HOST_LINE_MAX
 * bytes; the rest of a longer one is dropped. CR before LF is dropped too. */

#define EXTENSION_HOST_LINE_MAX (8 * 1024)

/* Must not run user code: lines are told while more of them wait in a buffer. */
typedef void (*ExtensionHostLineFunc) (ExtensionHostLogStream  stream,
                                       const char             *text,
                                       gsize                   length,
                                       gpointer                data);

typedef struct
{
  ExtensionHostWatch watch;
  int fd;                     /* ours; -1 when closed */
  ExtensionHostLogStream stream;
  ExtensionHostLineFunc line;
  gpointer data;

  GString *partial;           /* begin of a line whose end has not come; NULL if empty */
  gboolean cut;               /* skipping the rest of a line that was too long */
} ExtensionHostOutput;

void     extension_host_output_init  (ExtensionHostOutput     *self,
                                      int                      fd,
                                      ExtensionHostLogStream   stream,
                                      ExtensionHostLineFunc    line,
                                      gpointer                 data);
gboolean extension_host_output_read  (ExtensionHostOutput     *self);
void     extension_host_output_drain (ExtensionHostOutput     *self);
void     extension_host_output_close (ExtensionHostOutput     *self);

G_END_DECLS
