/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define NOTES_TYPE_HOST_ROW (notes_host_row_get_type ())

G_DECLARE_FINAL_TYPE (NotesHostRow, notes_host_row, NOTES, HOST_ROW, GtkListBoxRow)

GtkWidget            *notes_host_row_new      (ExtensionHostProcess *host);
ExtensionHostProcess *notes_host_row_get_host (NotesHostRow         *self);

G_END_DECLS
