/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>
#include <extension-host.h>

G_BEGIN_DECLS

#define NOTES_TYPE_WINDOW (notes_window_get_type ())

G_DECLARE_FINAL_TYPE (NotesWindow, notes_window, NOTES, WINDOW, AdwApplicationWindow)

NotesWindow *notes_window_new  (GtkApplication       *application,
                                ExtensionHostManager *manager);
void         notes_window_open (NotesWindow          *self,
                                GFile                *file);

G_END_DECLS
