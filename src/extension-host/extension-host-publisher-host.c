/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "extension-host-enum-types.h"
#include "extension-host-publisher-private.h"
#include "extension-host-records-private.h"
#include "extension-host-state-private.h"

/* One host on the bus: what it is, and what happens to it. */

#define LOG_RATE 100   /* lines a second */

struct _ExtensionHostPublishedHost
{
  ExtensionHostDBusHost1Skeleton parent_instance;

  ExtensionHostPublisher *publisher;   /* NULL once it is not on the bus any more */
  ExtensionHostProcess *process;       /* weak */
  char *path;

  ExtensionHostLogLimit log_limit;
  ExtensionHostDeadline log_settle;
  ExtensionHostLogStream log_dropped_stream;
  ExtensionHostBacklog extensions_changed;   /* and have not been shown since */
};

/* What is looked up when somebody asks, as nobody is told when it changes. */
enum
{
  PROP_0,
  PROP_PENDING_CALLS,
  PROP_QUEUED_BYTES,
  PROP_PROTOCOL_ERRORS,
  PROP_STALE_EVENTS,
  PROP_LAST_HEALTH
};

G_DEFINE_FINAL_TYPE (ExtensionHostPublishedHost, extension_host_published_host,
                     EXTENSION_HOST_DBUS_TYPE_HOST1_SKELETON)

static GVariant *
new_nothing (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

static const char *
nick (GType type,
      int   value)
{
  return extension_host_enum_to_nick (type, value);
}

/* Properties */

static void
show_constants (ExtensionHostDBusHost1 *iface,
                ExtensionHostSpec      *spec)
{
  g_autoptr(GVariant) argv =
    g_variant_ref_sink (extension_host_records_new_strv ((const char * const *) spec->argv));
  g_autofree const char **command_line = g_variant_get_strv (argv, NULL);
  const char *none[] = { NULL };

  extension_host_dbus_host1_set_id (iface, spec->id);
  extension_host_dbus_host1_set_name (iface, extension_host_spec_get_name (spec));
  extension_host_dbus_host1_set_kind (iface, spec->kind != NULL ? spec->kind : "");
  extension_host_dbus_host1_set_command_line (iface, command_line);
  extension_host_dbus_host1_set_capabilities (
    iface, spec->capabilities != NULL ? (const char * const *) spec->capabilities : none);
}

static void
show_records (ExtensionHostDBusHost1  *iface,
              const ExtensionHostFace *face)
{
  GVariant *exit = face->last_exit != NULL ? extension_host_exit_to_variant (face->last_exit) : NULL;

  extension_host_dbus_host1_set_last_exit (iface, exit != NULL ? exit : new_nothing ());
  extension_host_dbus_host1_set_last_control_failure (
    iface, face->last_control_failure != NULL ? face->last_control_failure : new_nothing ());
}

/* Changes only: the skeleton compares. */
static void
show_face (ExtensionHostDBusHost1  *iface,
           const ExtensionHostFace *face)
{
  extension_host_dbus_host1_set_state (iface, nick (EXTENSION_HOST_TYPE_STATE, (int) face->state));
  extension_host_dbus_host1_set_desired (iface, nick (EXTENSION_HOST_TYPE_DESIRED,
                                                      (int) face->desired));
  extension_host_dbus_host1_set_control (iface, nick (EXTENSION_HOST_TYPE_CONTROL,
                                                      (int) face->control));
  extension_host_dbus_host1_set_readiness (iface, nick (EXTENSION_HOST_TYPE_READINESS,
                                                        (int) face->readiness));
  extension_host_dbus_host1_set_pid (iface, face->pid);
  extension_host_dbus_host1_set_generation (iface, face->generation);
  extension_host_dbus_host1_set_restart_count (iface, face->restart_count);
  extension_host_dbus_host1_set_sequence (iface, face->sequence);
  extension_host_dbus_host1_set_state_since (iface, (guint64) face->state_since);
  extension_host_dbus_host1_set_status_text (iface,
                                             face->status_text != NULL ? face->status_text : "");
  extension_host_dbus_host1_set_pending_restart (iface, face->pending_restart);
  extension_host_dbus_host1_set_next_restart (iface, (guint64) face->next_restart);
  extension_host_dbus_host1_set_restart_budget (
    iface, g_variant_new ("(uuu)", face->budget_limit, face->budget_used, face->budget_window));
}

static gboolean
is_record (const char *property)
{
  return g_str_equal (property, "last-exit") || g_str_equal (property, "last-control-failure");
}

/* Those that change with every call or tick, and are not shown, are not worth a look at all others. */
static gboolean
is_shown (const char *property)
{
  static const char * const shown[] = {
    "state", "desired", "control", "readiness", "pid", "generation", "restart-count", "sequence",
    "state-since", "status-text", "pending-restart", "next-restart", "restart-budget", NULL
  };

  return g_strv_contains (shown, property);
}

static void
on_notify (ExtensionHostProcess       *process,
           GParamSpec                 *pspec,
           ExtensionHostPublishedHost *self)
{
  if (self->publisher == NULL)
    return;

  if (is_record (pspec->name))
    show_records (EXTENSION_HOST_DBUS_HOST1 (self), &process->face);
  else if (is_shown (pspec->name))
    show_face (EXTENSION_HOST_DBUS_HOST1 (self), &process->face);
}

static void show_extensions (gpointer data);

/* All of them are one property: it is made once when many of them change, as when their host ends. */
static void
show_extensions_soon (ExtensionHostPublishedHost *self)
{
  if (self->publisher != NULL && self->extensions_changed.reactor == NULL)
    extension_host_backlog_add (&self->extensions_changed, self->publisher->manager->reactor,
                                show_extensions, self);
}

static void
on_extension_notify (ExtensionHostExtension     *extension G_GNUC_UNUSED,
                     GParamSpec                 *pspec G_GNUC_UNUSED,
                     ExtensionHostPublishedHost *self)
{
  show_extensions_soon (self);
}

static void
on_extensions_changed (GListModel                 *extensions G_GNUC_UNUSED,
                       guint                       position G_GNUC_UNUSED,
                       guint                       removed G_GNUC_UNUSED,
                       guint                       added G_GNUC_UNUSED,
                       ExtensionHostPublishedHost *self)
{
  show_extensions_soon (self);
}

static void
follow_extension (ExtensionHostPublishedHost *self,
                  gpointer                    extension)
{
  if (g_signal_handler_find (extension, G_SIGNAL_MATCH_FUNC | G_SIGNAL_MATCH_DATA, 0, 0, NULL,
                             (gpointer) on_extension_notify, self) == 0)
    g_signal_connect_object (extension, "notify", G_CALLBACK (on_extension_notify), self, 0);
}

/* Positions of what was added are of no use here: a handler before us may have changed the list once more. */
static void
show_extensions (gpointer data)
{
  ExtensionHostPublishedHost *self = data;
  GListModel *extensions = NULL;

  extension_host_backlog_drop (&self->extensions_changed);
  if (self->process == NULL)
    return;

  extensions = extension_host_process_get_extensions (self->process);
  for (guint i = 0; i < g_list_model_get_n_items (extensions); i++)
    {
      g_autoptr(GObject) extension = g_list_model_get_item (extensions, i);

      follow_extension (self, extension);
    }
  extension_host_dbus_host1_set_extensions (EXTENSION_HOST_DBUS_HOST1 (self),
                                            extension_host_process_new_extensions (self->process));
}

static void
extension_host_published_host_get_property (GObject    *object,
                                            guint       prop_id,
                                            GValue     *value,
                                            GParamSpec *pspec)
{
  ExtensionHostPublishedHost *self = EXTENSION_HOST_PUBLISHED_HOST (object);
  ExtensionHostProcess *process = self->process;
  ExtensionHostHealth *health = process != NULL ? process->face.last_health : NULL;

  switch (prop_id)
    {
    case PROP_PENDING_CALLS:
      g_value_set_uint (value,
                        process != NULL ? extension_host_process_get_pending_calls (process) : 0);
      break;
    case PROP_QUEUED_BYTES:
      g_value_set_uint64 (value,
                          process != NULL ? extension_host_process_get_queued_bytes (process) : 0);
      break;
    case PROP_PROTOCOL_ERRORS:
      g_value_set_uint64 (value,
                          process != NULL ? extension_host_process_get_protocol_errors (process) : 0);
      break;
    case PROP_STALE_EVENTS:
      g_value_set_uint64 (value,
                          process != NULL ? extension_host_process_get_stale_events (process) : 0);
      break;
    case PROP_LAST_HEALTH:
      g_value_set_variant (value, health != NULL ? extension_host_health_to_variant (health)
                                                 : new_nothing ());
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* The skeleton's properties can be written; these have nothing to write to. */
static void
extension_host_published_host_set_property (GObject      *object,
                                            guint         prop_id,
                                            const GValue *value G_GNUC_UNUSED,
                                            GParamSpec   *pspec)
{
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

/* Signals */

static void
on_state_changed (ExtensionHostProcess       *process,
                  ExtensionHostTransition    *transition,
                  ExtensionHostPublishedHost *self)
{
  const char *old_state = extension_host_state_to_string (transition->old_state);
  const char *new_state = extension_host_state_to_string (transition->new_state);
  const char *reason = extension_host_reason_to_string (transition->reason);
  g_autofree char *detail = NULL;

  if (self->publisher == NULL)
    return;

  /* Set, flush, emit: a signal would overtake the properties that it is about. */
  show_face (EXTENSION_HOST_DBUS_HOST1 (self), &process->face);
  if (self->extensions_changed.reactor != NULL)
    show_extensions (self);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self));

  detail = g_utf8_make_valid (transition->detail != NULL ? transition->detail : "", -1);
  extension_host_dbus_host1_emit_state_changed (EXTENSION_HOST_DBUS_HOST1 (self), old_state,
                                                new_state, reason, detail, transition->generation,
                                                transition->sequence);
  extension_host_dbus_manager1_emit_host_state_changed (self->publisher->iface, self->path,
                                                        old_state, new_state, reason,
                                                        transition->sequence);
}

static void
on_crashed (ExtensionHostProcess       *process G_GNUC_UNUSED,
            ExtensionHostExit          *exit,
            ExtensionHostPublishedHost *self)
{
  if (self->publisher != NULL)
    extension_host_dbus_host1_emit_crashed (EXTENSION_HOST_DBUS_HOST1 (self),
                                            extension_host_exit_to_variant (exit));
}

static void
on_health_checked (ExtensionHostProcess       *process G_GNUC_UNUSED,
                   ExtensionHostHealth        *health,
                   ExtensionHostPublishedHost *self)
{
  if (self->publisher == NULL || !extension_host_drain_has_room (self->publisher->drain))
    return;

  extension_host_drain_note (self->publisher->drain);
  extension_host_dbus_host1_emit_health_checked (EXTENSION_HOST_DBUS_HOST1 (self),
                                                 extension_host_health_to_variant (health));
}

static void
emit_line (ExtensionHostPublishedHost *self,
           ExtensionHostLogStream      stream,
           const char                 *line)
{
  extension_host_drain_note (self->publisher->drain);
  extension_host_dbus_host1_emit_log (EXTENSION_HOST_DBUS_HOST1 (self),
                                      nick (EXTENSION_HOST_TYPE_LOG_STREAM, (int) stream), line);
}

static void
on_log_settle (gpointer data)
{
  ExtensionHostPublishedHost *self = data;
  gint64 now = g_get_monotonic_time ();
  g_autofree char *text = NULL;
  g_autofree char *count = NULL;
  g_autofree char *size = NULL;
  guint64 lines = 0, bytes = 0;

  if (!extension_host_drain_has_room (self->publisher->drain) ||
      !extension_host_log_limit_settle (&self->log_limit, now, &lines, &bytes))
    {
      extension_host_deadline_arm (&self->log_settle, self->publisher->manager->reactor,
                                   now + G_USEC_PER_SEC, on_log_settle, self);
      return;
    }

  count = g_strdup_printf ("%" G_GUINT64_FORMAT, lines);
  size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  text = g_strdup_printf (_("(%s more lines, %s, came too fast for the bus and were left out)"),
                          count, size);
  emit_line (self, self->log_dropped_stream, text);
}

static void
on_log (ExtensionHostProcess       *process G_GNUC_UNUSED,
        ExtensionHostLogStream      stream,
        const char                 *line,
        ExtensionHostPublishedHost *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->publisher == NULL)
    return;

  if (extension_host_log_limit_admit (&self->log_limit, LOG_RATE, now, strlen (line),
                                      extension_host_drain_has_room (self->publisher->drain)))
    {
      emit_line (self, stream, line);
      return;
    }

  self->log_dropped_stream = stream;
  if (self->log_settle.reactor == NULL)
    extension_host_deadline_arm (&self->log_settle, self->publisher->manager->reactor,
                                 self->log_limit.began + G_USEC_PER_SEC, on_log_settle, self);
}

/* The object */

static void
extension_host_published_host_finalize (GObject *object)
{
  ExtensionHostPublishedHost *self = EXTENSION_HOST_PUBLISHED_HOST (object);

  g_clear_weak_pointer (&self->process);
  g_free (self->path);

  G_OBJECT_CLASS (extension_host_published_host_parent_class)->finalize (object);
}

static void
extension_host_published_host_class_init (ExtensionHostPublishedHostClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = extension_host_published_host_get_property;
  object_class->set_property = extension_host_published_host_set_property;
  object_class->finalize = extension_host_published_host_finalize;

  g_object_class_override_property (object_class, PROP_PENDING_CALLS, "pending-calls");
  g_object_class_override_property (object_class, PROP_QUEUED_BYTES, "queued-bytes");
  g_object_class_override_property (object_class, PROP_PROTOCOL_ERRORS, "protocol-errors");
  g_object_class_override_property (object_class, PROP_STALE_EVENTS, "stale-events");
  g_object_class_override_property (object_class, PROP_LAST_HEALTH, "last-health");
}

static void
extension_host_published_host_init (ExtensionHostPublishedHost *self G_GNUC_UNUSED)
{
}

static void
follow (ExtensionHostPublishedHost *self)
{
  ExtensionHostProcess *process = self->process;
  GListModel *extensions = extension_host_process_get_extensions (process);

  g_signal_connect_object (process, "notify", G_CALLBACK (on_notify), self, 0);
  g_signal_connect_object (process, "state-changed", G_CALLBACK (on_state_changed), self, 0);
  g_signal_connect_object (process, "crashed", G_CALLBACK (on_crashed), self, 0);
  g_signal_connect_object (process, "health-checked", G_CALLBACK (on_health_checked), self, 0);
  g_signal_connect_object (process, "log", G_CALLBACK (on_log), self, 0);
  g_signal_connect_object (extensions, "items-changed", G_CALLBACK (on_extensions_changed), self, 0);
  show_extensions (self);
}

/* The thread-default main context must be that of the manager. */
ExtensionHostPublishedHost *
extension_host_published_host_new (ExtensionHostPublisher *publisher,
                                   ExtensionHostProcess   *process,
                                   const char             *path)
{
  ExtensionHostPublishedHost *self = g_object_new (EXTENSION_HOST_TYPE_PUBLISHED_HOST, NULL);
  ExtensionHostDBusHost1 *iface = EXTENSION_HOST_DBUS_HOST1 (self);

  self->publisher = publisher;
  self->path = g_strdup (path);
  g_set_weak_pointer (&self->process, process);

  show_constants (iface, process->spec);
  show_face (iface, &process->face);
  show_records (iface, &process->face);
  follow (self);

  extension_host_publisher_guard (G_DBUS_INTERFACE_SKELETON (self), publisher->manager);
  extension_host_publisher_serve_operations (iface, process);
  extension_host_publisher_serve_calls (iface, process);
  extension_host_publisher_serve_queries (iface, process);

  return self;
}

/* Whether it is @process that is shown, and not one before it that had the same id. */
gboolean
extension_host_published_host_is (ExtensionHostPublishedHost *self,
                                  ExtensionHostProcess       *process)
{
  return self->process == process;
}

const char *
extension_host_published_host_get_path (ExtensionHostPublishedHost *self)
{
  return self->path;
}

/* From now on nothing is told; GDBus may keep it a while. */
void
extension_host_published_host_detach (ExtensionHostPublishedHost *self)
{
  extension_host_deadline_disarm (&self->log_settle);
  extension_host_backlog_drop (&self->extensions_changed);
  self->publisher = NULL;
  if (self->process != NULL)
    {
      GListModel *extensions = extension_host_process_get_extensions (self->process);

      g_signal_handlers_disconnect_by_data (extensions, self);
      g_signal_handlers_disconnect_by_data (self->process, self);
    }
}
