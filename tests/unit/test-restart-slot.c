/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-restart-slot-private.h"

#define N_HOSTS 12
#define STEPS 100000

typedef struct _Host Host;

/* Hosts are called `a`, `b`, `c`… What is granted to them is written down in that order. */
typedef struct
{
  ExtensionHostRestartSlots *slots;
  Host *hosts;
  GString *granted;
} Fixture;

struct _Host
{
  Fixture *fixture;
  ExtensionHostRestartSlot slot;
  void (*react) (Host *self);   /* from within granted () */
};

static void
on_granted (gpointer owner)
{
  Host *self = owner;

  g_assert_true (self->slot.held);
  g_assert_false (self->slot.waiting);
  g_string_append_c (self->fixture->granted, (char) ('a' + (self - self->fixture->hosts)));
  if (self->react != NULL)
    self->react (self);
}

static Fixture *
fixture_new (guint limit)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->slots = extension_host_restart_slots_new (limit);
  self->hosts = g_new0 (Host, N_HOSTS);
  self->granted = g_string_new (NULL);
  for (guint i = 0; i < N_HOSTS; i++)
    {
      self->hosts[i].fixture = self;
      self->hosts[i].slot = (ExtensionHostRestartSlot) {
        .granted = on_granted,
        .owner = &self->hosts[i],
      };
      extension_host_restart_slot_join (&self->hosts[i].slot, self->slots);
    }

  return self;
}

static void
fixture_free (Fixture *self)
{
  for (guint i = 0; i < N_HOSTS; i++)
    self->hosts[i].react = NULL;
  for (guint i = 0; i < N_HOSTS; i++)
    extension_host_restart_slot_part (&self->hosts[i].slot);
  extension_host_restart_slots_unref (self->slots);
  g_string_free (self->granted, TRUE);
  g_free (self->hosts);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static ExtensionHostRestartSlot *
slot_of (Fixture *self,
         char     name)
{
  return &self->hosts[name - 'a'].slot;
}

static gboolean
enter (Fixture *self,
       char     name)
{
  return extension_host_restart_slot_enter (slot_of (self, name));
}

static void
leave (Fixture *self,
       char     name)
{
  extension_host_restart_slot_leave (slot_of (self, name));
}

static void
part (Fixture *self,
      char     name)
{
  extension_host_restart_slot_part (slot_of (self, name));
}

static void
set_limit (Fixture *self,
           guint    limit)
{
  extension_host_restart_slots_set_limit (self->slots, limit);
  g_assert_cmpuint (extension_host_restart_slots_get_limit (self->slots), ==, limit);
}

/* Has all of @names enter, and checks how many get in at once. */
static void
queue_up (Fixture    *self,
          const char *names,
          gsize       n_at_once)
{
  for (gsize i = 0; names[i] != '\0'; i++)
    g_assert_cmpint (enter (self, names[i]), ==, i < n_at_once);
  g_assert_cmpstr (self->granted->str, ==, "");
}

/* What was granted since the last call. */
#define assert_granted(fixture, expected)                         \
  G_STMT_START {                                                  \
    g_assert_cmpstr ((fixture)->granted->str, ==, (expected));    \
    g_string_truncate ((fixture)->granted, 0);                    \
  } G_STMT_END

static void
test_limit_holds (void)
{
  g_autoptr(Fixture) self = fixture_new (2);

  queue_up (self, "abcd", 2);
  leave (self, 'a');
  assert_granted (self, "c");
  leave (self, 'c');
  leave (self, 'b');
  assert_granted (self, "d");
  leave (self, 'd');
  assert_granted (self, "");
}

static void
test_longest_wait_goes_first (void)
{
  g_autoptr(Fixture) self = fixture_new (1);

  queue_up (self, "agcbfde", 1);
  for (const char *name = "agcbfd"; *name != '\0'; name++)
    leave (self, *name);

  assert_granted (self, "gcbfde");
}

static void
test_entering_twice_takes_one (void)
{
  g_autoptr(Fixture) self = fixture_new (2);

  g_assert_true (enter (self, 'a'));
  g_assert_true (enter (self, 'a'));
  g_assert_true (enter (self, 'b'));
  g_assert_false (enter (self, 'c'));
  g_assert_false (enter (self, 'c'));
  g_assert_false (enter (self, 'd'));

  leave (self, 'a');
  leave (self, 'b');
  assert_granted (self, "cd");
}

/* Asked again, it keeps its place in the queue. */
static void
test_asking_again_keeps_the_place (void)
{
  g_autoptr(Fixture) self = fixture_new (1);

  queue_up (self, "abc", 1);
  g_assert_false (enter (self, 'b'));
  leave (self, 'a');

  assert_granted (self, "b");
}

static void
test_leaving_twice_gives_back_one (void)
{
  g_autoptr(Fixture) self = fixture_new (2);

  queue_up (self, "abcd", 2);
  leave (self, 'a');
  leave (self, 'a');
  leave (self, 'e');   /* never had one */

  assert_granted (self, "c");
}

static void
test_leaving_while_waiting (void)
{
  g_autoptr(Fixture) self = fixture_new (1);

  queue_up (self, "abcd", 1);
  leave (self, 'c');   /* in the middle, at the head, at the tail */
  leave (self, 'b');
  leave (self, 'd');
  leave (self, 'a');
  assert_granted (self, "");

  queue_up (self, "dcb", 1);
  leave (self, 'c');
  g_assert_false (enter (self, 'c'));   /* at the end of the queue now */
  leave (self, 'd');
  leave (self, 'b');
  assert_granted (self, "bc");
}

static void
test_higher_limit_lets_in_at_once (void)
{
  g_autoptr(Fixture) self = fixture_new (1);

  queue_up (self, "abcde", 1);
  set_limit (self, 3);
  assert_granted (self, "bc");
  set_limit (self, 3);
  assert_granted (self, "");
  set_limit (self, G_MAXUINT);
  assert_granted (self, "de");
}

/* Nobody is thrown out: those that have one keep it. */
static void
test_lower_limit_waits (void)
{
  g_autoptr(Fixture) self = fixture_new (3);

  queue_up (self, "abcde", 3);
  set_limit (self, 1);
  leave (self, 'a');
  leave (self, 'b');
  assert_granted (self, "");
  leave (self, 'c');
  assert_granted (self, "d");
  g_assert_false (enter (self, 'a'));
}

static void
test_limit_0_lets_nobody_in (void)
{
  g_autoptr(Fixture) self = fixture_new (0);

  queue_up (self, "ab", 0);
  set_limit (self, 1);
  assert_granted (self, "a");
}

static void
test_no_slots_is_no_limit (void)
{
  ExtensionHostRestartSlot slot = { .granted = on_granted };

  g_assert_true (extension_host_restart_slot_enter (&slot));
  extension_host_restart_slot_leave (&slot);
  extension_host_restart_slot_part (&slot);
  g_assert_true (extension_host_restart_slot_enter (&slot));
}

static void
test_parting_gives_back (void)
{
  g_autoptr(Fixture) self = fixture_new (1);

  queue_up (self, "abc", 1);
  part (self, 'b');    /* waiting */
  part (self, 'a');    /* held */
  assert_granted (self, "c");
  g_assert_true (enter (self, 'a'));   /* on its own now */
  g_assert_true (enter (self, 'b'));
  g_assert_false (enter (self, 'd'));
  part (self, 'b');
  assert_granted (self, "");
}

static void
test_joining_elsewhere_gives_back (void)
{
  g_autoptr(Fixture) self = fixture_new (1);
  ExtensionHostRestartSlots *others = extension_host_restart_slots_new (1);

  queue_up (self, "abc", 1);
  extension_host_restart_slot_join (slot_of (self, 'a'), others);
  assert_granted (self, "b");
  g_assert_true (enter (self, 'a'));
  extension_host_restart_slot_join (slot_of (self, 'c'), others);
  g_assert_false (enter (self, 'c'));
  leave (self, 'b');
  assert_granted (self, "");
  leave (self, 'a');
  assert_granted (self, "c");

  part (self, 'c');
  part (self, 'a');
  extension_host_restart_slots_unref (others);
}

/* Those who wait may outlive the manager. */
static void
test_slots_live_as_long_as_their_hosts (void)
{
  g_autoptr(Fixture) self = fixture_new (1);

  queue_up (self, "ab", 1);
  extension_host_restart_slots_unref (self->slots);
  leave (self, 'a');
  assert_granted (self, "b");
  self->slots = extension_host_restart_slots_new (1);   /* the fixture drops it */
}

/* From within granted () */

static void
leave_at_once (Host *self)
{
  extension_host_restart_slot_leave (&self->slot);
}

static void
part_at_once (Host *self)
{
  extension_host_restart_slot_part (&self->slot);
}

/* A spawn that fails at once, and the next attempt */
static void
leave_and_enter (Host *self)
{
  self->react = NULL;
  extension_host_restart_slot_leave (&self->slot);
  extension_host_restart_slot_enter (&self->slot);
}

static void
raise_limit (Host *self)
{
  self->react = NULL;
  set_limit (self->fixture, 3);
}

static void
leave_the_next (Host *self)
{
  extension_host_restart_slot_leave (&self[1].slot);
}

/* The one that leaves has left when this is told. */
static void
bring_back_the_first (Host *self)
{
  g_assert_false (extension_host_restart_slot_enter (&self->fixture->hosts[0].slot));
}

static void
react_with (Fixture    *self,
            const char *names,
            void      (*react) (Host *host))
{
  for (; *names != '\0'; names++)
    self->hosts[*names - 'a'].react = react;
}

static const struct {
  const char *name;
  void (*react) (Host *host);
  const char *reacting;
  const char *granted;   /* when `a` leaves, with `bcde` waiting */
  const char *held;
} reactions[] = {
  { "leaves", leave_at_once, "bcd", "bcde", "e" },
  { "all-leave", leave_at_once, "bcde", "bcde", "" },
  { "parts", part_at_once, "bd", "bc", "c" },
  { "all-part", part_at_once, "bcde", "bcde", "" },
  { "enters-again", leave_and_enter, "b", "bc", "c" },
  { "all-enter-again", leave_and_enter, "bcde", "bcde", "e" },
  { "raises-the-limit", raise_limit, "b", "bcd", "bcd" },
  { "takes-the-next-out-of-the-queue", leave_the_next, "b", "b", "b" },
  { "brings-back-the-first", bring_back_the_first, "b", "b", "b" },
};

static void
test_reaction (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(Fixture) self = fixture_new (1);
  g_autoptr(GString) held = g_string_new (NULL);

  queue_up (self, "abcde", 1);
  react_with (self, reactions[i].reacting, reactions[i].react);
  leave (self, 'a');

  assert_granted (self, reactions[i].granted);
  for (guint k = 0; k < N_HOSTS; k++)
    if (self->hosts[k].slot.held)
      g_string_append_c (held, (char) ('a' + k));
  g_assert_cmpstr (held->str, ==, reactions[i].held);
}

/* Random operations, with a list of names as the oracle */

typedef struct
{
  guint limit;
  guint used;
  gboolean held[N_HOSTS];
  gboolean alone[N_HOSTS];   /* without a limit */
  char queue[N_HOSTS + 1];
  GString *granted;
} Oracle;

static void
oracle_grant (Oracle *oracle)
{
  while (oracle->used < oracle->limit && oracle->queue[0] != '\0')
    {
      g_string_append_c (oracle->granted, oracle->queue[0]);
      oracle->held[oracle->queue[0] - 'a'] = TRUE;
      oracle->used++;
      memmove (oracle->queue, oracle->queue + 1, strlen (oracle->queue));
    }
}

static gboolean
oracle_enter (Oracle *oracle,
              char    name)
{
  gboolean *held = &oracle->held[name - 'a'];
  gsize n_waiting = strlen (oracle->queue);

  if (oracle->alone[name - 'a'] || *held)
    return TRUE;

  if (strchr (oracle->queue, name) == NULL)
    {
      oracle->queue[n_waiting] = name;
      oracle->queue[n_waiting + 1] = '\0';
      if (oracle->used < oracle->limit)
        {
          oracle->queue[n_waiting] = '\0';
          oracle->used++;
          *held = TRUE;
        }
    }

  return *held;
}

static void
oracle_leave (Oracle *oracle,
              char    name)
{
  char *place = strchr (oracle->queue, name);

  if (place != NULL)
    memmove (place, place + 1, strlen (place));
  if (oracle->held[name - 'a'])
    oracle->used--;
  oracle->held[name - 'a'] = FALSE;
  oracle_grant (oracle);
}

static void
operate (Fixture *self,
         Oracle  *oracle)
{
  char name = (char) ('a' + g_test_rand_int_range (0, N_HOSTS));
  guint limit = 0;

  switch (g_test_rand_int_range (0, 20))
    {
    case 0:
      limit = (guint) g_test_rand_int_range (0, 6);
      oracle->limit = limit;
      oracle_grant (oracle);
      set_limit (self, limit);
      break;
    case 1:
      oracle_leave (oracle, name);
      oracle->alone[name - 'a'] = TRUE;
      part (self, name);
      break;
    case 2:
    case 3:
      oracle_leave (oracle, name);
      oracle->alone[name - 'a'] = FALSE;
      extension_host_restart_slot_join (slot_of (self, name), self->slots);
      break;
    case 4: case 5: case 6: case 7: case 8: case 9: case 10:
      oracle_leave (oracle, name);
      leave (self, name);
      break;
    default:
      g_assert_cmpint (enter (self, name), ==, oracle_enter (oracle, name));
      break;
    }
}

static void
check (Fixture *self,
       Oracle  *oracle)
{
  for (guint i = 0; i < N_HOSTS; i++)
    {
      ExtensionHostRestartSlot *slot = &self->hosts[i].slot;

      g_assert_cmpint (slot->held, ==, oracle->held[i]);
      g_assert_cmpint (slot->waiting, ==, strchr (oracle->queue, (int) ('a' + i)) != NULL);
      g_assert_cmpint (slot->slots == NULL, ==, oracle->alone[i]);
    }
}

static void
test_random (void)
{
  g_autoptr(Fixture) self = fixture_new (2);
  g_autoptr(GString) granted = g_string_new (NULL);
  Oracle oracle = { .limit = 2, .granted = granted };
  guint n_granted = 0;
  gsize longest = 0;

  for (guint i = 0; i < STEPS; i++)
    {
      operate (self, &oracle);
      check (self, &oracle);
      n_granted += granted->len;
      longest = MAX (longest, strlen (oracle.queue));
      assert_granted (self, granted->str);
      g_string_truncate (granted, 0);
    }

  g_assert_cmpuint (n_granted, >, STEPS / 50);
  g_assert_cmpuint (longest, >=, N_HOSTS / 2);
}

#define add(path, func) g_test_add_func ("/restart-slot/" path, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("limit-holds", test_limit_holds);
  add ("longest-wait-goes-first", test_longest_wait_goes_first);
  add ("entering-twice-takes-one", test_entering_twice_takes_one);
  add ("asking-again-keeps-the-place", test_asking_again_keeps_the_place);
  add ("leaving-twice-gives-back-one", test_leaving_twice_gives_back_one);
  add ("leaving-while-waiting", test_leaving_while_waiting);
  add ("higher-limit-lets-in-at-once", test_higher_limit_lets_in_at_once);
  add ("lower-limit-waits", test_lower_limit_waits);
  add ("limit-0-lets-nobody-in", test_limit_0_lets_nobody_in);
  add ("no-slots-is-no-limit", test_no_slots_is_no_limit);
  add ("parting-gives-back", test_parting_gives_back);
  add ("joining-elsewhere-gives-back", test_joining_elsewhere_gives_back);
  add ("slots-live-as-long-as-their-hosts", test_slots_live_as_long_as_their_hosts);
  for (gsize i = 0; i < G_N_ELEMENTS (reactions); i++)
    {
      g_autofree char *path = g_strconcat ("/restart-slot/from-within/", reactions[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_reaction);
    }
  add ("random", test_random);

  return g_test_run ();
}
