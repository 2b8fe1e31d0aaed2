/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all hosts of a manager may have sent together before the application has dealt with it. */

#include "rpc-util.h"
#include "extension-host-process-private.h"

#define MIB (1024 * 1024)
#define LIMIT (256 * MIB)
#define N_HOSTS 50
#define RESULT (8 * MIB)

typedef struct
{
  ExtensionHostManager *manager;
  ExtensionHostProcess *hosts[N_HOSTS];
  RpcCall calls[N_HOSTS];
} Crowd;

static void
start_crowd (TestFixture *fixture,
             Crowd       *self)
{
  g_autofree char *option = g_strdup_printf ("--big-result=%d:text", RESULT);

  self->manager = extension_host_manager_new ();
  for (guint i = 0; i < N_HOSTS; i++)
    {
      g_autofree char *id = g_strdup_printf ("h%u", i);
      g_autoptr(ExtensionHostSpec) spec = rpc_spec_new (fixture, id, option, NULL);
      GError *error = NULL;

      self->hosts[i] = extension_host_manager_add (self->manager, spec, &error);
      g_assert_no_error (error);
      g_assert_true (extension_host_process_start (self->hosts[i], NULL));
    }
  for (guint i = 0; i < N_HOSTS; i++)
    rpc_wait_running (fixture, self->hosts[i]);
}

/* What they have of it at the moment. */
static gsize
weigh (Crowd *self)
{
  return extension_host_intake_get_bytes (self->hosts[0]->intake.intake);
}

static gboolean
are_answered (Crowd *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    if (self->calls[i].n_answers == 0)
      return FALSE;

  return TRUE;
}

/* Fifty large answers at once: some have no room, and are told so. Nobody waits for ever. */
static void
test_large_answers_at_once (TestFixture   *fixture,
                            gconstpointer  in_bytes)
{
  g_autofree Crowd *crowd = g_new0 (Crowd, 1);
  g_auto(RpcCall) again = { NULL };
  gsize most = 0;
  guint n_whole = 0;

  start_crowd (fixture, crowd);
  for (guint i = 0; i < N_HOSTS; i++)
    {
      if (GPOINTER_TO_INT (in_bytes))
        rpc_call_bytes (&crowd->calls[i], crowd->hosts[i], "echo", NULL, 0, NULL);
      else
        rpc_call (&crowd->calls[i], crowd->hosts[i], "echo", NULL, 0, NULL);
    }
  test_wait_until (fixture, (most = MAX (most, weigh (crowd)), are_answered (crowd)));

  for (guint i = 0; i < N_HOSTS; i++)
    {
      RpcCall *call = &crowd->calls[i];

      g_assert_cmpuint (call->n_answers, ==, 1);
      if (call->error != NULL)
        g_assert_error (call->error, EXTENSION_HOST_ERROR, EXTENSION_HOST_ERROR_MESSAGE_TOO_LARGE);
      else
        n_whole++;
      rpc_call_clear (call);
    }
  g_test_message ("%u of %u answers were whole; at most %" G_GSIZE_FORMAT " MiB at a time",
                  n_whole, N_HOSTS, most / MIB);
  g_assert_cmpuint (n_whole, >, 0);
  g_assert_cmpuint (most, <, LIMIT + LIMIT / 16 + N_HOSTS * 64 * 1024);

  /* Now there is room again, for everyone. */
  g_assert_cmpuint (weigh (crowd), ==, 0);
  rpc_call_bytes (&again, crowd->hosts[N_HOSTS - 1], "echo", NULL, 0, NULL);
  rpc_wait (fixture, &again);
  g_assert_no_error (again.error);
  g_object_unref (crowd->manager);
}

/* Long lines that never end must not keep the others waiting. */
static void
test_stalled_messages (TestFixture   *fixture,
                       gconstpointer  data)
{
  const char * const argv[] =
    { "sh", "-c", "head -c 15000000 /dev/zero | tr '\\000' x; exec cat", NULL };
  const char *environment[] = { fixture->tag, NULL };
  g_autofree char *option = g_strdup_printf ("--big-result=%d:text", RESULT);
  g_autoptr(ExtensionHostManager) manager = extension_host_manager_new ();
  g_autoptr(ExtensionHostSpec) spec = NULL;
  g_auto(RpcCall) call = { NULL };
  ExtensionHostProcess *good = NULL;
  guint64 errors = 0;

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *id = g_strdup_printf ("bad%u", i);
      g_autoptr(ExtensionHostSpec) bad = extension_host_spec_new (id, argv);

      g_object_set (bad, "environment", environment, "health-interval", 0, NULL);   /* cat echoes */
      g_assert_nonnull (extension_host_manager_add (manager, bad, NULL));
    }
  spec = rpc_spec_new (fixture, "good", option, NULL);
  good = extension_host_manager_add (manager, spec, NULL);
  g_assert_true (extension_host_manager_start_all (manager, NULL));
  test_wait_until (fixture, extension_host_intake_get_bytes (good->intake.intake) > LIMIT);

  rpc_call_bytes (&call, good, "echo", NULL, 0, NULL);
  rpc_wait (fixture, &call);
  g_assert_no_error (call.error);
  test_wait_until (fixture, extension_host_intake_get_bytes (good->intake.intake) <= LIMIT);

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(ExtensionHostProcess) bad = g_list_model_get_item (G_LIST_MODEL (manager), i);

      g_assert_cmpint (extension_host_process_get_state (bad), ==, EXTENSION_HOST_STATE_RUNNING);
      errors += extension_host_process_get_protocol_errors (bad);
    }
  g_assert_cmpuint (errors, ==, 0);   /* a line that has not ended is no error yet */
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  test_add ("/intake/large-answers/as-bytes", GINT_TO_POINTER (TRUE), test_large_answers_at_once);
  test_add ("/intake/large-answers/as-nodes", GINT_TO_POINTER (FALSE), test_large_answers_at_once);
  test_add ("/intake/stalled-messages", NULL, test_stalled_messages);

  return g_test_run ();
}
