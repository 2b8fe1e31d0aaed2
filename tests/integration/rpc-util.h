/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* What the tests of the channel share: hosts that speak, calls, and what became of them. */

/* The RPC host with the options given, up to NULL. It is tagged, ends by itself in two minutes, is
 * never restarted and not probed. */
ExtensionHostSpec    *rpc_spec_new    (TestFixture          *fixture,
                                       const char           *id,
                                       ...) G_GNUC_NULL_TERMINATED;

/* One of that spec, which is taken over, running. */
ExtensionHostProcess *rpc_start       (TestFixture          *fixture,
                                       ExtensionHostSpec    *spec);
void                  rpc_wait_running (TestFixture         *fixture,
                                       ExtensionHostProcess *process);
void                  rpc_stop        (ExtensionHostProcess *process);

JsonNode             *rpc_json        (const char           *text);

/* A call under way. The callback counts: more than one answer is an error in every test. */
typedef struct
{
  ExtensionHostProcess *process;   /* no reference */
  guint n_answers;
  char *text;                      /* of the answer; NULL if it failed */
  GError *error;
  ExtensionHostCallFailure *failure;
  gint64 took;                     /* µs */

  gint64 began;
  gboolean in_bytes;
} RpcCall;

void                  rpc_call        (RpcCall              *self,
                                       ExtensionHostProcess *process,
                                       const char           *method,
                                       const char           *params,
                                       guint                 timeout_ms,
                                       GCancellable         *cancellable);
void                  rpc_call_bytes  (RpcCall              *self,
                                       ExtensionHostProcess *process,
                                       const char           *method,
                                       const char           *params,
                                       guint                 timeout_ms,
                                       GCancellable         *cancellable);
void                  rpc_call_clear  (RpcCall              *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RpcCall, rpc_call_clear)

#define rpc_wait(fixture, call) test_wait_until (fixture, (call)->n_answers > 0)

#define rpc_assert_text(call, expected)                  \
  G_STMT_START {                                         \
    g_assert_no_error ((call)->error);                   \
    g_assert_cmpuint ((call)->n_answers, ==, 1);         \
    g_assert_cmpstr ((call)->text, ==, expected);        \
  } G_STMT_END

#define rpc_assert_error(call, domain, code)             \
  G_STMT_START {                                         \
    g_assert_cmpuint ((call)->n_answers, ==, 1);         \
    g_assert_error ((call)->error, domain, code);        \
    g_assert_nonnull ((call)->failure);                  \
    g_assert_cmpint (extension_host_call_failure_get_code ((call)->failure), ==, code); \
  } G_STMT_END

/* Calls, and waits for the answer. */
char                 *rpc_ask         (TestFixture          *fixture,
                                       ExtensionHostProcess *process,
                                       const char           *method,
                                       const char           *params);

guint64               rpc_get_stale   (ExtensionHostProcess *process);

/* The memory of this process, in MiB. */
gsize                 rpc_get_rss     (void);

G_END_DECLS
