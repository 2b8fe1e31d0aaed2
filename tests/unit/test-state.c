/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-enum-types.h"
#include "extension-host-error.h"
#include "extension-host-state-private.h"

#define N_STATES 7
#define N_REASONS 25

#define FAULTS "start-timeout unresponsive channel-lost protocol-error memory-limit shim-lost"
#define ORDERS "stop terminate kill quarantine restart group"

/* What the design grants, in its own words; nothing here is taken from the library. */
static const struct {
  const char *from;
  const char *to;
  const char *reasons;
} granted[] = {
  { "stopped crashed", "starting", "start restart group" },
  { "starting", "running", "spawned" },
  { "starting", "crashed", "spawn-failed" },
  { "starting", "unhealthy", "no-resources start-timeout shim-lost" },
  { "running", "unhealthy", "exited signalled " FAULTS },
  { "running", "stopped", "exited" },
  { "unhealthy", "restarting", "restart-scheduled" },
  { "unhealthy", "crashed", "restart-limit policy no-restart-exit" },
  { "restarting", "starting", "backoff-elapsed start" },
  { "starting running unhealthy restarting", "stopping", ORDERS },
  { "stopping", "stopped", "tree-gone" },
  { "crashed", "stopped", "stop reset quarantine" },
};

static gboolean
has_word (const char *words,
          const char *word)
{
  g_auto(GStrv) list = g_strsplit (words, " ", -1);

  return g_strv_contains ((const char * const *) list, word);
}

static gboolean
is_granted (const char *from,
            const char *to,
            const char *reason)
{
  for (gsize i = 0; i < G_N_ELEMENTS (granted); i++)
    {
      if (has_word (granted[i].from, from) && strcmp (granted[i].to, to) == 0 &&
          has_word (granted[i].reasons, reason))
        return TRUE;
    }

  return FALSE;
}

static void
assert_edge (int from,
             int to,
             int reason)
{
  const char *from_nick = extension_host_state_to_string (from);
  const char *to_nick = extension_host_state_to_string (to);
  const char *reason_nick = extension_host_reason_to_string (reason);
  gboolean expected = is_granted (from_nick, to_nick, reason_nick);

  if (extension_host_state_has_edge (from, to, reason) != expected)
    g_error ("%s -> %s by %s is %s", from_nick, to_nick, reason_nick,
             expected ? "missing" : "not in the design");
}

static void
test_edges_are_those_of_the_design (void)
{
  for (int from = 0; from < N_STATES; from++)
    for (int to = 0; to < N_STATES; to++)
      for (int reason = 0; reason < N_REASONS; reason++)
        assert_edge (from, to, reason);
}

static void
test_each_arrow_is_listed_once (void)
{
  guint n_edges = 0;
  const ExtensionHostEdge *edges = extension_host_state_get_edges (&n_edges);

  g_assert_cmpuint (n_edges, ==, 16);
  for (guint i = 0; i < n_edges; i++)
    {
      g_assert_cmphex (edges[i].reasons, !=, 0);
      g_assert_cmphex (edges[i].reasons >> N_REASONS, ==, 0);
      for (guint j = 0; j < i; j++)
        g_assert_false (edges[i].from == edges[j].from && edges[i].to == edges[j].to);
    }
}

static void
test_no_state_leads_to_itself (void)
{
  for (int state = 0; state < N_STATES; state++)
    for (int reason = 0; reason < N_REASONS; reason++)
      g_assert_false (extension_host_state_has_edge (state, state, reason));
}

/* Enums */

static const struct {
  GType (*get_type) (void);
  const char *nicks;
} enums[] = {
  { extension_host_state_get_type,
    "stopped starting running unhealthy restarting stopping crashed" },
  { extension_host_reason_get_type,
    "start stop restart terminate kill quarantine reset spawned spawn-failed no-resources exited "
    "signalled start-timeout unresponsive channel-lost protocol-error memory-limit shim-lost "
    "restart-scheduled backoff-elapsed restart-limit policy no-restart-exit tree-gone group" },
  { extension_host_error_get_type,
    "failed invalid-spec not-found not-executable bad-format bad-working-directory no-resources "
    "invalid-transition quarantined already-terminated not-running not-supported host-exited "
    "timed-out queue-full message-too-large superseded exists dependency closed "
    "capability-denied" },
  { extension_host_readiness_get_type, "unreported not-ready ready" },
  { extension_host_desired_get_type, "down up" },
  { extension_host_control_get_type, "active paused quarantined" },
  { extension_host_restart_policy_get_type, "always on-failure never" },
  { extension_host_transport_get_type, "stdio node-ipc" },
  { extension_host_protocol_get_type, "plain mcp mcp-2026 lsp none" },
  { extension_host_framing_get_type, "by-protocol lines content-length" },
  { extension_host_ready_mode_get_type, "by-protocol spawned notification handshake" },
  { extension_host_exit_kind_get_type, "exited signalled spawn-failed lost" },
  { extension_host_stop_rung_get_type, "none request eof term kill" },
  { extension_host_log_stream_get_type, "stdout stderr host" },
};

/* The design gives the order too: applications were built with the numbers. */
static void
assert_nicks (GType       type,
              const char *nicks)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);
  g_auto(GStrv) expected = g_strsplit (nicks, " ", -1);

  g_assert_cmpuint (klass->n_values, ==, g_strv_length (expected));
  for (guint i = 0; i < klass->n_values; i++)
    {
      g_assert_cmpstr (klass->values[i].value_nick, ==, expected[i]);
      g_assert_cmpint (klass->values[i].value, ==, i);
      g_assert_true (g_enum_get_value_by_nick (klass, expected[i]) == &klass->values[i]);
    }
}

static void
test_enums_have_the_nicks_of_the_design (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (enums); i++)
    assert_nicks (enums[i].get_type (), enums[i].nicks);
}

static void
test_state_is_its_nick_and_back (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (EXTENSION_HOST_TYPE_STATE);

  for (int state = 0; state < N_STATES; state++)
    {
      const char *nick = extension_host_state_to_string (state);

      g_assert_cmpint (g_enum_get_value_by_nick (klass, nick)->value, ==, state);
    }
}

static void
test_reason_is_its_nick_and_back (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (EXTENSION_HOST_TYPE_REASON);

  for (int reason = 0; reason < N_REASONS; reason++)
    {
      const char *nick = extension_host_reason_to_string (reason);

      g_assert_cmpint (g_enum_get_value_by_nick (klass, nick)->value, ==, reason);
    }
}

/* A label is something to read, and no two values share one. */
static void
assert_labels (const char *(*get_label) (int value),
               int           n_values)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (int value = 0; value < n_values; value++)
    {
      const char *label = get_label (value);

      g_assert_nonnull (label);
      g_assert_cmpstr (label, !=, "");
      g_assert_true (g_utf8_validate (label, -1, NULL));
      g_assert_true (g_hash_table_add (seen, (char *) label));
    }
}

static const char *
state_label (int value)
{
  return extension_host_state_get_label (value);
}

static const char *
reason_label (int value)
{
  return extension_host_reason_get_label (value);
}

static void
test_labels_are_there_and_differ (void)
{
  assert_labels (state_label, N_STATES);
  assert_labels (reason_label, N_REASONS);
}

/* Errors */

/* bad-working-directory → BadWorkingDirectory */
static char *
camel_case (const char *nick)
{
  GString *name = g_string_new (NULL);
  gboolean upper = TRUE;

  for (; *nick != '\0'; nick++)
    {
      if (*nick != '-')
        g_string_append_c (name, upper ? g_ascii_toupper (*nick) : *nick);
      upper = *nick == '-';
    }

  return g_string_free (name, FALSE);
}

static void
assert_bus_name (const GEnumValue *value)
{
  g_autofree char *name = camel_case (value->value_nick);
  g_autofree char *expected = g_strconcat ("org.extensionhost.Error.", name, NULL);
  g_autoptr(GError) error = g_error_new_literal (EXTENSION_HOST_ERROR, value->value, "text");
  g_autofree char *encoded = g_dbus_error_encode_gerror (error);
  g_autoptr(GError) back = g_dbus_error_new_for_dbus_error (expected, "text");

  g_assert_cmpstr (encoded, ==, expected);
  g_assert_error (back, EXTENSION_HOST_ERROR, value->value);
}

static void
test_each_error_has_its_name_on_the_bus (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (EXTENSION_HOST_TYPE_ERROR);

  for (guint i = 0; i < klass->n_values; i++)
    assert_bus_name (&klass->values[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/state/edges-are-those-of-the-design", test_edges_are_those_of_the_design);
  g_test_add_func ("/state/each-arrow-is-listed-once", test_each_arrow_is_listed_once);
  g_test_add_func ("/state/no-state-leads-to-itself", test_no_state_leads_to_itself);
  g_test_add_func ("/state/is-its-nick-and-back", test_state_is_its_nick_and_back);
  g_test_add_func ("/reason/is-its-nick-and-back", test_reason_is_its_nick_and_back);
  g_test_add_func ("/labels/are-there-and-differ", test_labels_are_there_and_differ);
  g_test_add_func ("/enums/have-the-nicks-of-the-design", test_enums_have_the_nicks_of_the_design);
  g_test_add_func ("/error/has-its-name-on-the-bus", test_each_error_has_its_name_on_the_bus);

  return g_test_run ();
}
