/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>
#include <extension-host.h>

G_BEGIN_DECLS

#define NOTES_TYPE_LOG_VIEW (notes_log_view_get_type ())

G_DECLARE_FINAL_TYPE (NotesLogView, notes_log_view, NOTES, LOG_VIEW, AdwBin)

void notes_log_view_set_host (NotesLogView         *self,
                              ExtensionHostProcess *host);

G_END_DECLS
