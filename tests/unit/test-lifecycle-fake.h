/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-enum-types.h"
#include "extension-host-lifecycle-private.h"
#include "extension-host-state-private.h"

/* A lifecycle whose clock, tree and timer are plain variables. What it tells and orders is written
 * down as words: `running:spawned` for a transition (with `!` if the host rests there), `spawn`,
 * `end=term/250` for a rung and its time, `at=+1000` and `at=none` for the timer. What no order may
 * ever break is asserted here, whatever the test. */

#define FAKE_TERM_TIMEOUT 250
#define BECAUSE "they had to"
#define BY(who) (&(const ExtensionHostRequester) { (who), BECAUSE })   /* a requester */
#define FAKE_EPOCH (1000 * G_USEC_PER_SEC)

typedef struct
{
  ExtensionHostLifecycle lifecycle;
  ExtensionHostSpec *spec;
  gint64 now;
  GString *trace;

  gboolean tree;              /* ordered, and not yet told to be gone */
  guint spawns;
  gint64 due;                 /* of the timer; 0 = not set */
  ExtensionHostState state;   /* as told */
  guint64 sequence;           /* as told */
  gboolean rests;             /* as told */

  /* The functions of an owner may feed the next fact at once. */
  int spawn_error;            /* spawns fail with this; -1 = they do not */
  gboolean ends_at_once;      /* the tree, when ordered to */
  gboolean elapses_at_once;   /* the timer, when set */
} Fake;

static inline const char *
fake_nick (GType type,
           int   value)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);

  return g_enum_get_value (klass, value)->value_nick;
}

static inline void G_GNUC_PRINTF (2, 3)
fake_note (Fake       *fake,
           const char *format,
           ...)
{
  va_list args;

  if (fake->trace->len > 0)
    g_string_append_c (fake->trace, ' ');
  va_start (args, format);
  g_string_append_vprintf (fake->trace, format, args);
  va_end (args);
}

static inline gint64
fake_now (gpointer owner)
{
  return ((Fake *) owner)->now;
}

static inline void
fake_moved (ExtensionHostTransition *transition,
            gboolean                 rests,
            gpointer                 owner)
{
  Fake *fake = owner;
  gboolean at_rest = transition->new_state == EXTENSION_HOST_STATE_STOPPED ||
                     transition->new_state == EXTENSION_HOST_STATE_CRASHED;

  g_assert_cmpint (transition->old_state, ==, fake->state);
  g_assert_cmpint (transition->new_state, ==, fake->lifecycle.state);
  g_assert_true (extension_host_state_has_edge (transition->old_state, transition->new_state,
                                                transition->reason));
  g_assert_cmpuint (transition->sequence, ==, fake->sequence + 1);
  g_assert_cmpint (transition->monotonic_time, ==, fake->now);
  g_assert_cmpint (transition->time, !=, 0);
  g_assert_cmpuint (transition->generation, ==, fake->lifecycle.generation);
  g_assert_cmpint (rests, ==, at_rest && !fake->lifecycle.pending_restart);

  fake->state = transition->new_state;
  fake->sequence = transition->sequence;
  fake->rests = rests;
  fake_note (fake, "%s:%s%s", extension_host_state_to_string (transition->new_state),
             extension_host_reason_to_string (transition->reason), rests ? "!" : "");
}

/* The end of a tree, also told from within the orders below */

static inline ExtensionHostExit *
fake_make_exit (Fake                  *fake,
                ExtensionHostExitKind  kind,
                int                    value)
{
  ExtensionHostExit *exit = extension_host_exit_new ();

  exit->kind = kind;
  exit->code = kind == EXTENSION_HOST_EXIT_KIND_EXITED ? value : -1;
  exit->signal = kind == EXTENSION_HOST_EXIT_KIND_SIGNALLED ? value : 0;
  exit->reason = extension_host_lifecycle_explain_exit (&fake->lifecycle, kind, &exit->requested);
  exit->generation = fake->lifecycle.generation;

  return exit;
}

static inline void
fake_exited (Fake                  *fake,
             ExtensionHostExitKind  kind,
             int                    value)
{
  g_autoptr(ExtensionHostExit) exit = fake_make_exit (fake, kind, value);

  extension_host_lifecycle_exited (&fake->lifecycle, exit);
}

static inline void
fake_spawn_failed (Fake *fake,
                   int   code)
{
  g_autoptr(ExtensionHostExit) exit =
    fake_make_exit (fake, EXTENSION_HOST_EXIT_KIND_SPAWN_FAILED, 0);

  exit->error = g_error_new_literal (EXTENSION_HOST_ERROR, code, "no such luck");
  fake->tree = FALSE;
  extension_host_lifecycle_spawn_failed (&fake->lifecycle, exit);
}

static inline void
fake_gone (Fake *fake)
{
  fake->tree = FALSE;
  extension_host_lifecycle_tree_gone (&fake->lifecycle);
}

/* Orders */

static inline void
fake_spawn (gpointer owner)
{
  Fake *fake = owner;

  g_assert_false (fake->tree);
  g_assert_cmpint (fake->due, ==, 0);
  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_STARTING);
  g_assert_cmpuint (fake->lifecycle.generation, ==, fake->spawns + 1);
  fake->spawns++;
  fake->tree = TRUE;
  fake_note (fake, "spawn");
  if (fake->spawn_error != -1)
    fake_spawn_failed (fake, fake->spawn_error);
}

static inline void
fake_end_tree (ExtensionHostStopRung rung,
               guint                 term_timeout,
               gpointer              owner)
{
  Fake *fake = owner;

  g_assert_true (fake->tree);
  fake_note (fake, "end=%s/%u", fake_nick (EXTENSION_HOST_TYPE_STOP_RUNG, rung), term_timeout);
  if (!fake->ends_at_once)
    return;

  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_SIGNALLED, 9);
  fake_gone (fake);
}

static inline void
fake_schedule (gint64   due,
               gpointer owner)
{
  Fake *fake = owner;

  fake->due = due;
  if (due == 0)
    {
      fake_note (fake, "at=none");
      return;
    }

  g_assert_cmpint (fake->state, ==, EXTENSION_HOST_STATE_RESTARTING);
  fake_note (fake, "at=+%" G_GINT64_FORMAT, (due - fake->now) / 1000);
  if (fake->elapses_at_once)
    {
      fake->now = due;
      extension_host_lifecycle_due (&fake->lifecycle);
    }
}

static inline Fake *
fake_new (void)
{
  static const ExtensionHostLifecycleFuncs funcs = {
    .now = fake_now,
    .moved = fake_moved,
    .spawn = fake_spawn,
    .end_tree = fake_end_tree,
    .schedule = fake_schedule,
  };
  static const char * const argv[] = { "true", NULL };
  Fake *fake = g_new0 (Fake, 1);

  fake->spec = extension_host_spec_new ("fake", argv);
  fake->now = FAKE_EPOCH;
  fake->spawn_error = -1;
  fake->trace = g_string_new (NULL);
  extension_host_lifecycle_init (&fake->lifecycle, fake->spec, &funcs, fake);

  return fake;
}

static inline void
fake_free (Fake *fake)
{
  extension_host_lifecycle_clear (&fake->lifecycle);
  g_object_unref (fake->spec);
  g_string_free (fake->trace, TRUE);
  g_free (fake);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fake, fake_free)

/* What happened since the last call, as words. */
#define assert_trace(fake, expected)                          \
  G_STMT_START {                                              \
    g_assert_cmpstr ((fake)->trace->str, ==, (expected));     \
    g_string_truncate ((fake)->trace, 0);                     \
  } G_STMT_END

/* Wishes */

static inline void
fake_start (Fake *fake)
{
  g_assert_true (extension_host_lifecycle_start (&fake->lifecycle, EXTENSION_HOST_REASON_START,
                                                 NULL, NULL));
}

static inline void
fake_restart (Fake *fake)
{
  g_assert_true (extension_host_lifecycle_restart (&fake->lifecycle, EXTENSION_HOST_REASON_RESTART,
                                                   NULL, NULL));
}

static inline void
fake_stop (Fake *fake)
{
  g_assert_true (extension_host_lifecycle_stop (&fake->lifecycle, EXTENSION_HOST_REASON_STOP,
                                                EXTENSION_HOST_STOP_RUNG_REQUEST, 0, NULL, NULL));
}

static inline void
fake_pause (Fake *fake)
{
  g_assert_true (extension_host_lifecycle_pause (&fake->lifecycle, NULL));
}

static inline void
fake_resume (Fake *fake)
{
  g_assert_true (extension_host_lifecycle_resume (&fake->lifecycle, NULL));
}

/* Facts */

static inline void
fake_spawned (Fake *fake)
{
  extension_host_lifecycle_spawned (&fake->lifecycle);
}

static inline void
fake_fault (Fake                *fake,
            ExtensionHostReason  reason)
{
  extension_host_lifecycle_fault (&fake->lifecycle, reason, NULL);
}

/* The timer, as its owner would: it is told once, and not before it is due. */
static inline void
fake_wait (Fake *fake)
{
  g_assert_cmpint (fake->due, !=, 0);
  fake->now = MAX (fake->now, fake->due);
  extension_host_lifecycle_due (&fake->lifecycle);
}

/* The whole of a life: spawned, exited with @code, and nothing left of it. */
static inline void
fake_live_and_die (Fake *fake,
                   int   code)
{
  fake_spawned (fake);
  fake_exited (fake, EXTENSION_HOST_EXIT_KIND_EXITED, code);
  fake_gone (fake);
}
