/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean tool_check_flags (char   **words,
                           guint    n_words,
                           GError **error);

G_END_DECLS
