/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>
#include <extension-host.h>

G_BEGIN_DECLS

#define NOTES_TYPE_CRASH_BANNER (notes_crash_banner_get_type ())

G_DECLARE_FINAL_TYPE (NotesCrashBanner, notes_crash_banner, NOTES, CRASH_BANNER, AdwBin)

void notes_crash_banner_watch (NotesCrashBanner     *self,
                               ExtensionHostManager *manager);

G_END_DECLS
