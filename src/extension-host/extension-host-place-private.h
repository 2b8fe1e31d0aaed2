/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the library was loaded from, so that an installed tree may be moved as a whole. */

char *extension_host_place_resolve (const char *from_libdir);

G_END_DECLS
