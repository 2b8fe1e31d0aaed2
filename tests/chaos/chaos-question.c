/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-question.h"

ChaosQuestion *
chaos_ask (Chaos      *chaos,
           ChaosHost  *host,
           const char *what,
           guint       timeout_ms)
{
  ChaosQuestion *self = g_new0 (ChaosQuestion, 1);

  self->chaos = chaos;
  self->host = host;
  self->what = what;
  self->asked = g_get_monotonic_time ();
  self->due = self->asked + (gint64) timeout_ms * 1000 + CHAOS_PATIENCE * G_USEC_PER_SEC;
  g_ptr_array_add (chaos->questions, self);
  chaos->tally.n_asked++;
  if (host != NULL)
    host->n_open++;

  return self;
}

/* One that is to change the state of the host */
ChaosQuestion *
chaos_ask_order (Chaos      *chaos,
                 ChaosHost  *host,
                 const char *what,
                 guint       timeout_ms)
{
  ChaosQuestion *self = chaos_ask (chaos, host, what, timeout_ms);

  self->is_order = TRUE;
  host->n_orders++;

  return self;
}

void
chaos_answered (ChaosQuestion *self,
                gboolean       had_result)
{
  chaos_check (self->chaos, self->host, !self->is_answered, "“%s” %u was answered twice",
               self->what, self->number);
  self->is_answered = TRUE;
  self->had_result = had_result;
  self->chaos->tally.n_answered++;
  if (self->host != NULL)
    {
      self->host->n_open--;
      self->host->n_orders -= self->is_order ? 1 : 0;
    }
}

gboolean
chaos_all_answered (Chaos *chaos)
{
  return chaos->tally.n_answered == chaos->tally.n_asked;
}

void
chaos_check_questions (Chaos *chaos)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < chaos->questions->len; i++)
    {
      ChaosQuestion *self = g_ptr_array_index (chaos->questions, i);

      chaos_check (chaos, self->host, self->is_answered || now < self->due,
                   "“%s” %u has not been answered for %" G_GINT64_FORMAT " ms", self->what,
                   self->number, (now - self->asked) / 1000);
    }
}

void
chaos_forget_questions (Chaos *chaos)
{
  chaos_check (chaos, NULL, chaos_all_answered (chaos),
               "%" G_GUINT64_FORMAT " were asked, and %" G_GUINT64_FORMAT " answered",
               chaos->tally.n_asked, chaos->tally.n_answered);
  g_ptr_array_set_size (chaos->questions, 0);
}
