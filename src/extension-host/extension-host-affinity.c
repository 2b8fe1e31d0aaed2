/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-affinity-private.h"

/* Whether this thread may use what belongs to @context and was made by the thread @maker: whoever runs
 * the context may; and who made it, as long as no other thread runs the context. */
gboolean
extension_host_affinity_is_here (GMainContext *context,
                                 GThread      *maker)
{
  if (g_main_context_is_owner (context))
    return TRUE;

  if (maker != g_thread_self () || !g_main_context_acquire (context))
    return FALSE;
  g_main_context_release (context);

  return TRUE;
}

static gboolean
unref_here (gpointer data)
{
  /* The thread that handed it over may still be in its unref, which then is the last one, and
   * finalizes there: what belongs to this thread has to be gone before. */
  g_object_run_dispose (data);
  g_object_unref (data);

  return G_SOURCE_REMOVE;
}

/* For the dispose of an object whose last reference was dropped in another thread, as garbage
 * collectors do: it is kept, and dropped again where it belongs. */
void
extension_host_affinity_hand_over (GMainContext *context,
                                   gpointer      object)
{
  GSource *source = g_idle_source_new ();

  g_source_set_static_name (source, "[extension-host] last unref");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, unref_here, g_object_ref (object), NULL);
  g_source_attach (source, context);
  g_source_unref (source);
}
