/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

#define NOTES_TYPE_LIVE_CALL (notes_live_call_get_type ())

G_DECLARE_FINAL_TYPE (NotesLiveCall, notes_live_call, NOTES, LIVE_CALL, GObject)

/* Makes the arguments of the next call: (transfer full) */
typedef JsonNode *(*NotesArgumentsFunc) (gpointer user_data);
/* Takes what the command returned, or NULL when the extension is not there */
typedef void      (*NotesResultFunc)    (JsonNode *result,
                                         gpointer  user_data);

NotesLiveCall *notes_live_call_new     (ExtensionHostExtension *extension,
                                        const char             *command,
                                        NotesArgumentsFunc      get_arguments,
                                        NotesResultFunc         take_result,
                                        gpointer                user_data);
void           notes_live_call_refresh (NotesLiveCall          *self);
void           notes_live_call_end     (NotesLiveCall          *self);

G_END_DECLS
