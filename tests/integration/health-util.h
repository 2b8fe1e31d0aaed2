/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "rpc-util.h"

G_BEGIN_DECLS

/* What the tests of health share: hosts that are checked often, and what is told of them. */

/* In ms. A host that is well is never late by that much, however busy the machine: what keeps a probe
 * waiting is that the kernel does not get round to the host. */
#define HEALTH_INTERVAL 100
#define HEALTH_TIMEOUT (TEST_SANITIZED ? 4000 : 2000)

/* In checks: by then a host that is silent has been given up, were there no reason to spare it. */
#define HEALTH_LONG (HEALTH_TIMEOUT / HEALTH_INTERVAL + 10)

/* What was announced of one host, in order. */
typedef struct
{
  ExtensionHostProcess *process;   /* no reference */
  GPtrArray *checks;               /* of ExtensionHostHealth */
  GPtrArray *incidents;            /* the same, of `unresponsive` */
  gint64 incident_at;              /* monotonic, of the last one */
  GString *order;                  /* “u” for each incident, and the nick of each state */
} HealthRecord;

HealthRecord         *health_record_new  (ExtensionHostProcess *process);
void                  health_record_free (HealthRecord         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HealthRecord, health_record_free)

/* The RPC host without options, which is checked so often, and started anew after an end. */
ExtensionHostSpec    *health_spec_new    (TestFixture          *fixture,
                                          guint                 failures);

ExtensionHostHealth  *health_last        (HealthRecord         *self);

/* Whether one of the checks behind the first @n was as good as that. */
gboolean              health_was_well    (HealthRecord         *self,
                                          guint                 n);

pid_t                 health_get_pid     (ExtensionHostProcess *process);

/* Makes the host hang in that way. It has answered before. */
void                  health_hang        (TestFixture          *fixture,
                                          ExtensionHostProcess *process,
                                          const char           *how);

/* What becomes of the first generation of a host. */
typedef struct
{
  GArray *pids;             /* of all that belonged to it */
  gboolean all_gone;        /* when the next one began */
  char *detail;             /* of what made it unhealthy */
  ExtensionHostReason reason;
} HealthDownfall;

/* From now on. Those that are there belong to it. */
void                  health_downfall_watch (HealthDownfall       *self,
                                             TestFixture          *fixture,
                                             ExtensionHostProcess *process);
void                  health_downfall_clear (HealthDownfall       *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HealthDownfall, health_downfall_clear)

/* It was told once that it is unresponsive, ended with all that belongs to it, and replaced. */
void                  health_assert_replaced (TestFixture          *fixture,
                                              HealthRecord         *record,
                                              HealthDownfall       *fall,
                                              ExtensionHostVerdict  verdict);

#define health_assert_contains(text, part)                                           \
  G_STMT_START {                                                                     \
    if (strstr (text, part) == NULL)                                                 \
      g_error ("%s: “%s” is not in “%s”", G_STRLOC, part, text);                     \
  } G_STMT_END

#define health_wait_checks(fixture, record, n)                                       \
  G_STMT_START {                                                                     \
    guint enough_ = (record)->checks->len + (n);                                     \
                                                                                     \
    test_wait_until (fixture, (record)->checks->len >= enough_);                     \
  } G_STMT_END

#define health_wait_incident(fixture, record) \
  test_wait_until (fixture, (record)->incidents->len > 0)

/* No verdict: the host is the one that it was. */
#define health_assert_spared(record)                                                          \
  G_STMT_START {                                                                              \
    g_assert_cmpuint ((record)->incidents->len, ==, 0);                                       \
    g_assert_cmpstr ((record)->order->str, ==, "");                                           \
    g_assert_cmpint (extension_host_process_get_state ((record)->process), ==,                \
                     EXTENSION_HOST_STATE_RUNNING);                                           \
    g_assert_cmpuint (extension_host_process_get_generation ((record)->process), ==, 1);      \
  } G_STMT_END

G_END_DECLS
