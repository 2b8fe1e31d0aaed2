/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "extension-host-error.h"
#include "extension-host-rpc-private.h"

/* The calls of one host over real pipes, and the host, which is us. */

#define DEADLINE_SECONDS 30
#define SENT(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\"}\n"
#define CANCEL(id) \
  "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":" #id "}}\n"
#define RESULT(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}\n"

typedef struct
{
  ExtensionHostCall *call;    /* NULL: refused */
  guint n;                    /* times it was answered: 1 at the end, unless abandoned */
  guint rank;                 /* among all answers: 1 was the first */
  gboolean abandoned;
  ExtensionHostReply *reply;
} Answer;

typedef struct
{
  GMainContext *context;
  ExtensionHostReactor *reactor;
  ExtensionHostSpec *spec;
  ExtensionHostRpc *rpc;
  guint64 generation;
  ExtensionHostChannel *channel;
  int writer;
  int reader;

  GPtrArray *answers;         /* of Answer */
  GQueue incoming;            /* of ExtensionHostIncoming */
  GString *strays;
  guint n_problems;
  guint n_stale;
  guint n_lost;
  guint n_elapsed;
  guint n_replied;
  gboolean full;              /* there is no room for more of the host */
} Fixture;

static inline gboolean
on_expired (gpointer data)
{
  *(gboolean *) data = TRUE;

  return G_SOURCE_CONTINUE;
}

#define wait_until(fixture, condition)                                          \
  G_STMT_START {                                                                \
    GSource *source_ = g_timeout_source_new_seconds (DEADLINE_SECONDS);         \
    gboolean expired_ = FALSE;                                                  \
                                                                                \
    g_source_set_callback (source_, on_expired, &expired_, NULL);               \
    g_source_attach (source_, (fixture)->context);                              \
    while (!(condition) && !expired_)                                           \
      g_main_context_iteration ((fixture)->context, TRUE);                      \
    g_source_destroy (source_);                                                 \
    g_source_unref (source_);                                                   \
    if (expired_)                                                               \
      g_error ("%s: gave up waiting for %s", G_STRLOC, #condition);             \
  } G_STMT_END

/* What is told */

static inline void
on_message (const char *text,
            gsize       length,
            gpointer    owner)
{
  extension_host_rpc_take (((Fixture *) owner)->rpc, text, length);
}

static inline void
on_too_long (const char *piece,
             gsize       length,
             gboolean    last,
             gpointer    owner)
{
  extension_host_rpc_take_piece (((Fixture *) owner)->rpc, piece, length, last);
}

static inline void
on_burst (gpointer owner G_GNUC_UNUSED)
{
}

static inline gboolean
has_room (gpointer owner)
{
  return !((Fixture *) owner)->full;
}

static inline void
on_low (gpointer owner)
{
  extension_host_rpc_pump (((Fixture *) owner)->rpc);
}

static inline void
on_lost (const char *why G_GNUC_UNUSED,
         gpointer    owner)
{
  ((Fixture *) owner)->n_lost++;
}

static const ExtensionHostChannelFuncs channel_funcs = {
  .framer.message = on_message,
  .framer.too_long = on_too_long,
  .burst = on_burst,
  .low = on_low,
  .lost = on_lost,
};

static inline void
on_incoming (ExtensionHostIncoming *incoming,
             gpointer               owner)
{
  g_queue_push_tail (&((Fixture *) owner)->incoming, incoming);
}

static inline void
on_stray (const char *text,
          gsize       length,
          gpointer    owner)
{
  Fixture *fixture = owner;

  g_string_append_c (fixture->strays, '[');
  g_string_append_len (fixture->strays, text, length);
  g_string_append_c (fixture->strays, ']');
}

static inline void
on_problem (const char *what,
            gpointer    owner)
{
  g_assert_nonnull (what);
  ((Fixture *) owner)->n_problems++;
}

static inline void
on_stale (gpointer owner)
{
  ((Fixture *) owner)->n_stale++;
}

static inline void
on_elapsed (gpointer owner)
{
  ((Fixture *) owner)->n_elapsed++;
}

static inline void
on_replied (gint64   sent,
            gint64   now,
            gboolean urgent G_GNUC_UNUSED,
            gpointer owner)
{
  g_assert_cmpint (now, >=, sent);
  ((Fixture *) owner)->n_replied++;
}

static const ExtensionHostRpcFuncs rpc_funcs = {
  .incoming = on_incoming,
  .stray = on_stray,
  .problem = on_problem,
  .stale = on_stale,
  .replied = on_replied,
  .may_take_in = has_room,
  .elapsed = on_elapsed,
};

/* The host */

static inline void
hang_up (Fixture *fixture)
{
  if (fixture->reader != -1)
    close (fixture->reader);
  fixture->reader = -1;
}

static inline void
detach (Fixture *fixture)
{
  if (fixture->channel == NULL)
    return;

  extension_host_rpc_detach (fixture->rpc);
  g_clear_pointer (&fixture->channel, extension_host_channel_free);
  close (fixture->writer);
  hang_up (fixture);
}

static inline void
attach (Fixture  *fixture,
        gboolean  ready)
{
  int in[2], out[2];

  detach (fixture);
  g_assert_cmpint (pipe2 (in, O_CLOEXEC | O_NONBLOCK), ==, 0);
  g_assert_cmpint (pipe2 (out, O_CLOEXEC | O_NONBLOCK), ==, 0);
  fixture->writer = in[1];
  fixture->reader = out[0];
  fixture->channel = extension_host_channel_new (fixture->reactor, in[0], out[1],
                                                 EXTENSION_HOST_FRAMING_LINES,
                                                 fixture->spec->max_message_size, &channel_funcs,
                                                 fixture);
  g_assert_true (extension_host_channel_open (fixture->channel));
  extension_host_rpc_attach (fixture->rpc, fixture->channel, ++fixture->generation);
  if (ready)
    extension_host_rpc_set_ready (fixture->rpc);
}

static inline void
turn (Fixture *fixture)
{
  g_main_context_iteration (fixture->context, FALSE);
}

/* What the host writes arrives in one turn. */
static inline void
say_bytes (Fixture    *fixture,
           const char *text,
           gsize       length)
{
  g_assert_cmpint (write (fixture->writer, text, length), ==, length);
  turn (fixture);
}

static inline void
say (Fixture    *fixture,
     const char *text)
{
  say_bytes (fixture, text, strlen (text));
}

/* All that has reached the host and that it has not read. Free with g_free (). */
static inline char *
hear (Fixture *fixture)
{
  GString *heard = g_string_new (NULL);
  char buffer[4096];
  gssize n = 0;

  turn (fixture);
  while ((n = read (fixture->reader, buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (heard, buffer, n);
      turn (fixture);
    }
  g_assert_cmpint (errno, ==, EAGAIN);

  return g_string_free (heard, FALSE);
}

static inline void
assert_heard (Fixture    *fixture,
              const char *expected)
{
  g_autofree char *heard = hear (fixture);

  g_assert_cmpstr (heard, ==, expected);
}

/* Calls */

static guint n_answered;

static inline void
on_reply (ExtensionHostReply *reply,
          gpointer            data)
{
  Answer *answer = data;

  g_assert_false (answer->abandoned);
  g_assert_cmpuint (++answer->n, ==, 1);
  answer->rank = ++n_answered;
  answer->reply = reply;
}

static inline Answer *
call_full (Fixture    *fixture,
           const char *method,
           const char *params,
           guint       timeout_ms,
           gboolean    urgent,
           GError    **error)
{
  Answer *answer = g_new0 (Answer, 1);

  g_ptr_array_add (fixture->answers, answer);
  answer->call = extension_host_rpc_call (fixture->rpc, method, params,
                                          params != NULL ? strlen (params) : 0, timeout_ms, urgent,
                                          on_reply, answer, error);
  g_assert_cmpuint (answer->n, ==, 0);   /* never before the call has returned */

  return answer;
}

static inline Answer *
call (Fixture    *fixture,
      const char *method)
{
  GError *error = NULL;
  Answer *answer = call_full (fixture, method, NULL, EXTENSION_HOST_NO_TIMEOUT, FALSE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer->call);

  return answer;
}

static inline Answer *
call_urgently (Fixture    *fixture,
               const char *method)
{
  return call_full (fixture, method, NULL, EXTENSION_HOST_NO_TIMEOUT, TRUE, NULL);
}

static inline void
abandon (Fixture *fixture,
         Answer  *answer)
{
  answer->abandoned = TRUE;
  extension_host_rpc_abandon (fixture->rpc, answer->call, "not needed");
}

static inline void
assert_payload (const ExtensionHostPayload *payload,
                const char                 *expected)
{
  gsize length = 0;
  const char *text = NULL;

  if (expected == NULL)
    {
      g_assert_null (payload->bytes);
      return;
    }

  g_assert_nonnull (payload->bytes);
  text = g_bytes_get_data (payload->bytes, &length);
  g_assert_cmpmem (text, length, expected, strlen (expected));
}

static inline void
assert_result (Answer     *answer,
               const char *expected)
{
  g_assert_cmpuint (answer->n, ==, 1);
  g_assert_no_error (answer->reply->error);
  assert_payload (&answer->reply->payload, expected);
}

#define assert_failed(answer, domain, code)                 \
  G_STMT_START {                                            \
    g_assert_cmpuint ((answer)->n, ==, 1);                  \
    g_assert_error ((answer)->reply->error, domain, code);  \
  } G_STMT_END

static inline void
assert_pending (Answer *answer)
{
  g_assert_cmpuint (answer->n, ==, 0);
}

static inline void
assert_counted (Fixture *fixture,
                guint    n_problems,
                guint    n_stale)
{
  g_assert_cmpuint (fixture->n_problems, ==, n_problems);
  g_assert_cmpuint (fixture->n_stale, ==, n_stale);
  fixture->n_problems = 0;
  fixture->n_stale = 0;
}

static inline void
fail_all (Fixture *fixture)
{
  g_autoptr(GError) error = g_error_new_literal (EXTENSION_HOST_ERROR,
                                                 EXTENSION_HOST_ERROR_NOT_RUNNING, "over");

  extension_host_rpc_fail_all (fixture->rpc, error);
}

static inline void
fail_unwritten (Fixture *fixture)
{
  g_autoptr(GError) error = g_error_new_literal (EXTENSION_HOST_ERROR,
                                                 EXTENSION_HOST_ERROR_NOT_RUNNING, "stopping");

  extension_host_rpc_fail_unwritten (fixture->rpc, error);
}

static inline void
fail_written (Fixture *fixture)
{
  g_autoptr(GError) error = g_error_new_literal (EXTENSION_HOST_ERROR,
                                                 EXTENSION_HOST_ERROR_HOST_EXITED, "it went");

  extension_host_rpc_fail_written (fixture->rpc, error);
}

/* The fixture */

static inline void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_assert_cmpuint (answer->n, ==, answer->abandoned || answer->call == NULL ? 0 : 1);
  g_clear_pointer (&answer->reply, extension_host_reply_free);
  g_free (answer);
}

static inline void
incoming_free (gpointer data)
{
  extension_host_incoming_free (data);
}

/* Plain, or with any @data MCP. */
static inline void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  const char *argv[] = { "host", NULL };

  fixture->context = g_main_context_new ();
  fixture->reactor = extension_host_reactor_acquire (fixture->context);
  fixture->spec = extension_host_spec_new ("fake", argv);
  if (data != NULL)
    fixture->spec->protocol = EXTENSION_HOST_PROTOCOL_MCP;
  fixture->rpc = extension_host_rpc_new (fixture->reactor, fixture->spec, &rpc_funcs, fixture);
  fixture->answers = g_ptr_array_new_with_free_func (answer_free);
  fixture->strays = g_string_new (NULL);
  g_queue_init (&fixture->incoming);
}

static inline void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  fail_all (fixture);
  g_assert_cmpuint (extension_host_rpc_get_pending (fixture->rpc), ==, 0);
  detach (fixture);
  g_assert_cmpuint (extension_host_rpc_get_queued (fixture->rpc), ==, 0);
  extension_host_rpc_free (fixture->rpc);
  g_ptr_array_unref (fixture->answers);
  g_queue_clear_full (&fixture->incoming, incoming_free);
  g_string_free (fixture->strays, TRUE);
  g_object_unref (fixture->spec);
  extension_host_reactor_release (fixture->reactor);
  g_assert_false (extension_host_reactor_exists (fixture->context));
  g_main_context_unref (fixture->context);
}

#define add_for(protocol, path, func) \
  g_test_add ("/rpc/" path, Fixture, protocol, fixture_set_up, func, fixture_tear_down)
#define add(path, func) add_for (NULL, path, func)
