/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chaos-bus.h"

#include <string.h>

#include "publish-util.h"

#define TIMEOUT 20000   /* ms */

struct _ChaosBus
{
  Chaos *chaos;
  DBusBus *bus;
  GDBusConnection *client;       /* NULL while there is no bus */
  guint subscription;
  guint n_lives;                 /* of the bus: what was asked in another one may fail */
  gboolean publishes;            /* has been asked to, and not yet said that it is done */
  GHashTable *sequences;         /* path → the last sequence told */
};

/* Listening */

static ChaosHost *
find_by_path (ChaosBus   *self,
              const char *path)
{
  for (guint i = 0; i < self->chaos->hosts->len; i++)
    {
      ChaosHost *host = g_ptr_array_index (self->chaos->hosts, i);
      g_autofree char *own = dbus_host_path (host->id);

      if (g_str_equal (own, path))
        return host;
    }

  return NULL;
}

static void
on_signal (GDBusConnection *connection G_GNUC_UNUSED,
           const char      *sender G_GNUC_UNUSED,
           const char      *path,
           const char      *interface G_GNUC_UNUSED,
           const char      *member G_GNUC_UNUSED,
           GVariant        *parameters,
           gpointer         user_data)
{
  ChaosBus *self = user_data;
  guint64 *last = g_hash_table_lookup (self->sequences, path);
  guint64 sequence = 0;

  g_variant_get_child (parameters, 5, "t", &sequence);
  self->chaos->tally.n_told++;
  if (last == NULL)
    {
      g_hash_table_insert (self->sequences, g_strdup (path),
                           g_memdup2 (&sequence, sizeof sequence));
      return;
    }

  chaos_check (self->chaos, find_by_path (self, path), sequence == *last + 1,
               "on the bus, number %" G_GUINT64_FORMAT " follows number %" G_GUINT64_FORMAT
               " of %s", sequence, *last, path);
  *last = sequence;
}

static void
join (ChaosBus *self)
{
  self->client = dbus_bus_connect (self->bus);
  self->subscription =
    g_dbus_connection_signal_subscribe (self->client, PUBLISH_NAME, DBUS_HOST_INTERFACE,
                                        "StateChanged", NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                        on_signal, self, NULL);
}

static void
leave (ChaosBus *self)
{
  g_dbus_connection_signal_unsubscribe (self->client, self->subscription);
  g_dbus_connection_close_sync (self->client, NULL, NULL);
  g_clear_object (&self->client);
  g_hash_table_remove_all (self->sequences);
}

/* Making */

void
chaos_bus_set_up (void)
{
  publish_set_up ();
}

void
chaos_bus_tear_down (void)
{
  publish_tear_down ();
}

static void
on_published (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  ChaosBus *self = user_data;
  g_autoptr(GError) error = NULL;

  extension_host_manager_publish_finish (EXTENSION_HOST_MANAGER (object), result, &error);
  g_assert_no_error (error);
  self->publishes = FALSE;
}

ChaosBus *
chaos_bus_new (Chaos *chaos)
{
  g_autofree char *daemon = g_find_program_in_path ("dbus-daemon");
  ChaosBus *self = NULL;

  if (daemon == NULL)
    return NULL;

  self = g_new0 (ChaosBus, 1);
  self->chaos = chaos;
  self->sequences = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->bus = dbus_bus_new ();
  publish_point_to (self->bus);
  join (self);
  self->publishes = TRUE;
  extension_host_manager_publish_async (chaos->manager, PUBLISH_APP_ID, EXTENSION_HOST_ACCESS_CALL,
                                        NULL, on_published, self);
  test_wait_until (chaos->fixture, !self->publishes);

  return self;
}

void
chaos_bus_free (ChaosBus *self)
{
  leave (self);
  publish_point_to (NULL);
  dbus_bus_free (self->bus);
  g_hash_table_unref (self->sequences);
  g_free (self);
}

void
chaos_bus_kill (ChaosBus *self)
{
  self->n_lives++;
  dbus_bus_kill (self->bus);
  leave (self);
}

void
chaos_bus_start (ChaosBus *self)
{
  dbus_bus_start (self->bus);
  join (self);
}

gboolean
chaos_bus_is_there (ChaosBus *self)
{
  return self->client != NULL;
}

gboolean
chaos_bus_is_joined (ChaosBus *self)
{
  return chaos_bus_is_there (self) &&
         extension_host_manager_get_bus_name (self->chaos->manager) != NULL;
}

/* Operating */

typedef struct
{
  ChaosBus *bus;
  ChaosQuestion *question;
  guint life;
  gboolean is_call;
} Request;

/* Any error that the application would get, in the words of the bus; while the bus is away, or has
 * just come back, whatever. */
static void
check_error (Request      *self,
             const GError *error)
{
  Chaos *chaos = self->bus->chaos;
  ChaosHost *host = self->question->host;
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  gboolean is_ours = name != NULL && g_str_has_prefix (name, "org.extensionhost.Error.");

  chaos_journal_note (&host->journal, "bus: %s: %s", self->question->what, error->message);
  if (self->life != self->bus->n_lives)
    return;

  chaos_check (chaos, host, is_ours, "on the bus “%s” failed with %s", self->question->what,
               error->message);
  chaos_check (chaos, host, host->role != CHAOS_BYSTANDER, "a bystander failed on the bus: %s",
               error->message);
}

static void
check_reply (Request  *self,
             GVariant *reply)
{
  g_autofree char *expected = g_strdup_printf ("[%u]", self->question->number);
  const char *text = NULL;

  if (!self->is_call)
    return;

  g_variant_get (reply, "(&s)", &text);
  chaos_check (self->bus->chaos, self->question->host, g_str_equal (text, expected),
               "on the bus %s was answered with %s", expected, text);
}

static void
on_replied (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Request *self = user_data;
  Chaos *chaos = self->bus->chaos;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);

  chaos_answered (self->question, reply != NULL);
  if (reply != NULL)
    check_reply (self, reply);
  else
    check_error (self, error);
  if (self->is_call && reply != NULL)
    chaos->tally.n_results++;
  else if (self->is_call)
    chaos->tally.n_failures++;
  g_free (self);
}

/* Takes @parameters over. */
static ChaosQuestion *
request (ChaosBus   *self,
         ChaosHost  *host,
         const char *method,
         GVariant   *parameters,
         guint       number)
{
  ChaosQuestion *question = number != 0 ? chaos_ask (self->chaos, host, method, TIMEOUT)
                                        : chaos_ask_order (self->chaos, host, method, TIMEOUT);
  g_autofree char *path = dbus_host_path (host->id);
  Request *request = g_new (Request, 1);

  question->number = number;
  *request = (Request) { self, question, self->n_lives, number != 0 };
  chaos_journal_note (&host->journal, "bus: %s", method);
  self->chaos->tally.n_bus_operations++;
  g_dbus_connection_call (self->client, PUBLISH_NAME, path, DBUS_HOST_INTERFACE, method, parameters,
                          NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, on_replied,
                          request);

  return question;
}

static ChaosQuestion *
call (ChaosBus  *self,
      ChaosHost *host)
{
  guint number = (guint) ++self->chaos->tally.n_calls;
  g_autofree char *params = g_strdup_printf ("[%u]", number);

  return request (self, host, "Call", g_variant_new ("(ssu)", "echo", params, TIMEOUT), number);
}

ChaosQuestion *
chaos_bus_call (ChaosBus *self)
{
  return call (self, g_ptr_array_index (self->chaos->hosts, 0));
}

static const struct
{
  const char *method;
  int weight;
} operations[] = {
  { "Start", 30 },
  { "Restart", 6 },
  { "Stop", 4 },
  { "Kill", 4 },
  { "Pause", 2 },
  { "Resume", 2 },
  { "Quarantine", 2 },
  { "Release", 2 },
  { "Reset", 2 },
};

static void
operate (ChaosBus  *self,
         ChaosHost *host)
{
  int total = 0;
  int drawn = 0;
  gsize i = 0;

  for (gsize k = 0; k < G_N_ELEMENTS (operations); k++)
    total += operations[k].weight;
  for (drawn = chaos_random (self->chaos, 0, total); drawn >= operations[i].weight; i++)
    drawn -= operations[i].weight;

  request (self, host, operations[i].method,
           g_variant_new ("(@a{sv})", dbus_options ("chaos")), 0);
}

/* Every second one is a call, of whoever can be called. */
void
chaos_bus_operate (Chaos *chaos)
{
  ChaosBus *self = chaos->bus;
  ChaosHost *host = g_ptr_array_index (chaos->hosts,
                                       (guint) chaos_random (chaos, 0, (int) chaos->hosts->len));
  gboolean calls = chaos_random (chaos, 0, 2) == 0;

  if (self == NULL || !chaos_bus_is_joined (self))
    return;

  if (calls && chaos_host_takes_calls (host))
    call (self, host);
  else if (host->role != CHAOS_BYSTANDER && host->n_left_alone == 0)
    operate (self, host);
}
