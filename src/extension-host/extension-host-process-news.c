/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-process-private.h"

/* What there is to tell of a host: transitions and lines of its output, one at a time and in the
 * order in which they happened, whatever handlers do meanwhile. */

#define HISTORY_MAX 100
#define ROOM_LOOK 2000   /* µs */
#define WITHIN_STEP 1000   /* µs that a main loop within has to itself, per depth */
#define WITHIN_STEPS 20    /* of them at most: longer than a frame */
#define QUEUED_LINES_MAX (2 * EXTENSION_HOST_LOG_RATE)   /* while handlers take their time */

typedef struct
{
  ExtensionHostTransition *transition;   /* one of these three */
  ExtensionHostExit *exit;
  ExtensionHostStopOutcome *outcome;
  gboolean rests;

  ExtensionHostLogStream stream;
  char *line;

  ExtensionHostDeliveryFunc deliver;
  ExtensionHostDeliveryPayloadFunc get_payload;
  gpointer data;
  GDestroyNotify destroy;
  gsize size;
} News;

static void
news_free (gpointer data)
{
  News *news = data;

  g_clear_pointer (&news->transition, extension_host_transition_unref);
  g_clear_pointer (&news->exit, extension_host_exit_unref);
  g_clear_pointer (&news->outcome, extension_host_stop_outcome_unref);
  if (news->destroy != NULL)
    news->destroy (news->data);
  g_free (news->line);
  g_free (news);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (News, news_free)

void
extension_host_process_drop_news (ExtensionHostProcess *self)
{
  News *news = NULL;

  while ((news = g_queue_pop_head (&self->news)) != NULL)   /* a call that is answered runs user code */
    news_free (news);
  self->queued_lines = 0;
  self->queued_bytes = 0;
  extension_host_backlog_drop (&self->rest);
  extension_host_deadline_disarm (&self->room);
  extension_host_afterwork_drop (&self->within);
  extension_host_deadline_disarm (&self->within_turn);
  self->parsing = NULL;
}

void
extension_host_process_queue_transition (ExtensionHostProcess    *self,
                                         ExtensionHostTransition *transition,
                                         gboolean                 rests)
{
  News *news = g_new0 (News, 1);

  news->transition = extension_host_transition_ref (transition);
  news->rests = rests;
  if (self->last_exit != NULL)
    news->exit = extension_host_exit_ref (self->last_exit);
  if (self->outcome != NULL)
    news->outcome = extension_host_stop_outcome_ref (self->outcome);
  g_queue_push_tail (&self->news, news);
}

/* Messages */

/* Takes over @data, which is for about @size bytes. @get_payload, if not NULL, says what of it is to
 * be parsed before. */
void
extension_host_process_queue_delivery (ExtensionHostProcess             *self,
                                       ExtensionHostDeliveryFunc         deliver,
                                       ExtensionHostDeliveryPayloadFunc  get_payload,
                                       gpointer                          data,
                                       GDestroyNotify                    destroy,
                                       gsize                             size)
{
  News *news = g_new0 (News, 1);

  news->deliver = deliver;
  news->get_payload = get_payload;
  news->data = data;
  news->destroy = destroy;
  news->size = size;
  g_queue_push_tail (&self->news, news);

  self->queued_bytes += size;
  extension_host_process_weigh (self);
}

/* Large payloads are parsed by a thread. One at a time, so that messages stay in order. */

static void
on_parsed (gpointer parsing,
           gpointer data)
{
  ExtensionHostProcess *self = data;

  if (self->parsing != parsing)
    return;   /* its message was dropped */

  extension_host_payload_take_parsed (parsing);
  self->parsing = NULL;
  extension_host_process_flush (self);
}

/* The trees of those before are freed between other things, and may not become ever more. */
static void
await_room (ExtensionHostProcess *self)
{
  if (self->room.reactor == NULL)
    extension_host_deadline_arm (&self->room, self->reactor, g_get_monotonic_time () + ROOM_LOOK,
                                 (void (*) (gpointer)) extension_host_process_flush, self);
}

/* TRUE if the payload of a message is being parsed, or will be, and will be there later. */
static gboolean
parse_elsewhere (ExtensionHostProcess *self,
                 News                 *news)
{
  ExtensionHostPayload *payload = news->get_payload != NULL
                                    ? news->get_payload (self, news->data) : NULL;

  if (payload == NULL || !extension_host_payload_is_large (payload))
    return FALSE;

  if (extension_host_tree_is_crowded (self->context))
    await_room (self);
  else
    self->parsing = extension_host_payload_parse_async (payload, self->context, on_parsed,
                                                        G_OBJECT (self));

  return TRUE;
}

/* Lines */

static void
push_line (ExtensionHostProcess   *self,
           ExtensionHostLogStream  stream,
           const char             *text,
           gsize                   length)
{
  extension_host_log_ring_push (&self->log, self->spec->log_lines, g_get_real_time (),
                                self->lifecycle.generation, stream, text, length);
}

static void
queue_line (ExtensionHostProcess   *self,
            ExtensionHostLogStream  stream,
            char                   *text)
{
  News *news = g_new0 (News, 1);

  news->stream = stream;
  news->line = text;
  g_queue_push_tail (&self->news, news);
  self->queued_lines++;
}

static void
on_log_settle (gpointer data)
{
  ExtensionHostProcess *self = data;
  guint64 lines = 0, bytes = 0;
  g_autofree char *count = NULL;
  g_autofree char *size = NULL;
  char *text = NULL;

  if (!extension_host_log_limit_settle (&self->log_limit, g_get_monotonic_time (), &lines, &bytes))
    return;

  count = g_strdup_printf ("%" G_GUINT64_FORMAT, lines);
  size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  /* Translators: a number, and a size such as 3.2 KiB */
  text = g_strdup_printf (_("(%s more lines, %s, came too fast and were dropped)"), count, size);
  push_line (self, self->log_dropped_stream, text, strlen (text));
  queue_line (self, self->log_dropped_stream, text);
  extension_host_process_flush (self);
}

/* A line of output. The ring gets every one, so that the last words before an end are there even
 * in a flood; only as many are told as somebody could read. */
void
extension_host_process_take_line (ExtensionHostLogStream  stream,
                                  const char             *text,
                                  gsize                   length,
                                  gpointer                data)
{
  ExtensionHostProcess *self = data;
  gint64 now = g_get_monotonic_time ();

  push_line (self, stream, text, length);
  if (extension_host_log_limit_admit (&self->log_limit, EXTENSION_HOST_LOG_RATE, now, length,
                                      self->queued_lines < QUEUED_LINES_MAX))
    {
      queue_line (self, stream, g_utf8_make_valid (text, length));
      return;
    }

  self->log_dropped_stream = stream;
  if (self->log_settle.reactor == NULL)
    extension_host_deadline_arm (&self->log_settle, self->reactor,
                                 self->log_limit.began + G_USEC_PER_SEC, on_log_settle, self);
}

/* Telling */

static void
remember (ExtensionHostProcess    *self,
          ExtensionHostTransition *transition)
{
  g_queue_push_tail (&self->history, extension_host_transition_ref (transition));
  if (self->history.length > HISTORY_MAX)
    extension_host_transition_unref (g_queue_pop_head (&self->history));
}

static void
tell (ExtensionHostProcess *self,
      News                 *news)
{
  if (news->deliver != NULL)
    {
      self->queued_bytes -= news->size;
      extension_host_process_weigh (self);
      news->deliver (self, news->data);
      return;
    }

  if (news->line != NULL)
    {
      self->queued_lines--;
      extension_host_process_show_line (self, news->stream, news->line);
      return;
    }

  remember (self, news->transition);
  self->announcing = TRUE;
  extension_host_process_show_transition (self, news->transition, news->exit);
  self->announcing = FALSE;
  extension_host_process_answer (self, news->transition, news->exit, news->outcome, news->rests);
}

/* Whether the next news may be told now. The user interface comes first: the rest of a burst waits
 * until that is drawn. And nothing overtakes a message that is being parsed. */
static gboolean
may_tell_next (ExtensionHostProcess *self,
               gint64                slice_ends,
               gboolean              nested)
{
  News *next = g_queue_peek_head (&self->news);

  if (next == NULL || self->parsing != NULL || (nested && next->transition == NULL))
    return FALSE;
  if (next->deliver == NULL)
    return TRUE;

  if (self->rest.reactor != NULL || g_get_monotonic_time () > slice_ends)
    {
      extension_host_backlog_add (&self->rest, self->reactor,
                                  (void (*) (gpointer)) extension_host_process_flush, self);
      return FALSE;
    }

  return !parse_elsewhere (self, next);
}

/* Only if that main loop is there to stay. A handler that no more than lets others have a turn would
 * else have the next message told within, and so on: a burst would overflow the stack. */
static void
go_on_within (gpointer data)
{
  ExtensionHostProcess *self = data;
  gint64 now = g_get_monotonic_time ();

  extension_host_deadline_arm (&self->within_turn, self->reactor,
                               now + WITHIN_STEP * MIN (self->telling, WITHIN_STEPS),
                               (void (*) (gpointer)) extension_host_process_flush, self);
}

/* What is left while a handler runs is nothing that a main loop of its own would learn of. That comes
 * to the end of a turn while we are still telling; ours does not. */
static void
prepare_for_main_loop (ExtensionHostProcess *self)
{
  if (!g_queue_is_empty (&self->news) || !g_queue_is_empty (&self->answers))
    extension_host_afterwork_add (&self->within, self->reactor, go_on_within, self);
}

/* Tells what there is to tell. Whoever changes something calls this last: user code runs here.
 * Within the announcement of a transition it does nothing, and within any other handler it tells
 * transitions only: the loop further up gets to the rest. Else thousands of callbacks that each
 * begin an operation would stand on each other. A main loop that a handler runs is another matter:
 * it goes on with everything. */
void
extension_host_process_flush (ExtensionHostProcess *self)
{
  g_autoptr(ExtensionHostProcess) hold G_GNUC_UNUSED = g_object_ref (self);
  gint64 slice_ends = extension_host_reactor_slice (self->reactor);
  gboolean may_look_new = TRUE;
  int outer = self->telling;
  gboolean nested = outer == g_main_depth () + 1;

  self->telling = g_main_depth () + 1;
  while (!self->announcing)
    {
      g_autoptr(News) news = NULL;

      prepare_for_main_loop (self);
      if (may_look_new)
        extension_host_process_update_face (self);   /* whoever is answered looks there */
      if (!nested && extension_host_process_give_answer (self))
        {
          may_look_new = TRUE;
          continue;
        }

      if (!may_tell_next (self, slice_ends, nested))
        {
          if (nested || g_queue_is_empty (&self->answers))
            break;
          continue;   /* a handler of what has just been shown brought one about */
        }

      news = g_queue_pop_head (&self->news);
      may_look_new = news->deliver == NULL;   /* a message alone changes nothing */
      tell (self, news);
    }
  self->telling = outer;
  if (nested)
    return;

  extension_host_afterwork_drop (&self->within);
  extension_host_deadline_disarm (&self->within_turn);
}
