/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <gio/gio.h>

#include "extension-host-call-failure.h"
#include "extension-host-enums.h"
#include "extension-host-exit.h"
#include "extension-host-extension.h"
#include "extension-host-health.h"
#include "extension-host-invocation.h"
#include "extension-host-spec.h"
#include "extension-host-stop-outcome.h"
#include "extension-host-transition.h"

G_BEGIN_DECLS

#define EXTENSION_HOST_TYPE_PROCESS (extension_host_process_get_type ())

EXTENSION_HOST_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (ExtensionHostProcess, extension_host_process, EXTENSION_HOST, PROCESS, GObject)

EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostProcess *extension_host_process_new (ExtensionHostSpec *spec);

/* The functions are documented beside their code, in the .c files; the reference shows it all. */

/* Operations */
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_start (ExtensionHostProcess  *self,
                                       GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_start_async (ExtensionHostProcess *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_start_finish (ExtensionHostProcess  *self,
                                              GAsyncResult          *result,
                                              GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_stop_async (ExtensionHostProcess *self,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStopOutcome *extension_host_process_stop_finish (ExtensionHostProcess  *self,
                                                              GAsyncResult          *result,
                                                              GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStopOutcome *extension_host_process_stop (ExtensionHostProcess  *self,
                                                       GCancellable          *cancellable,
                                                       GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_restart_async (ExtensionHostProcess *self,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_restart_finish (ExtensionHostProcess  *self,
                                                GAsyncResult          *result,
                                                GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_restart (ExtensionHostProcess  *self,
                                         GCancellable          *cancellable,
                                         GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_terminate_async (ExtensionHostProcess *self,
                                             guint                 timeout_ms,
                                             GCancellable         *cancellable,
                                             GAsyncReadyCallback   callback,
                                             gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStopOutcome *extension_host_process_terminate_finish (ExtensionHostProcess  *self,
                                                                   GAsyncResult          *result,
                                                                   GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_kill_async (ExtensionHostProcess *self,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostStopOutcome *extension_host_process_kill_finish (ExtensionHostProcess  *self,
                                                              GAsyncResult          *result,
                                                              GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_wait_ready_async (ExtensionHostProcess *self,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_wait_ready_finish (ExtensionHostProcess  *self,
                                                   GAsyncResult          *result,
                                                   GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_wait_ready (ExtensionHostProcess  *self,
                                            GCancellable          *cancellable,
                                            GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_wait_async (ExtensionHostProcess *self,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExit *extension_host_process_wait_finish (ExtensionHostProcess  *self,
                                                       GAsyncResult          *result,
                                                       GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExit *extension_host_process_wait (ExtensionHostProcess  *self,
                                                GCancellable          *cancellable,
                                                GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_wait_for_state_async (ExtensionHostProcess    *self,
                                                  ExtensionHostStateFlags  states,
                                                  GCancellable            *cancellable,
                                                  GAsyncReadyCallback      callback,
                                                  gpointer                 user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_wait_for_state_finish (ExtensionHostProcess  *self,
                                                       GAsyncResult          *result,
                                                       ExtensionHostState    *state,
                                                       GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_wait_change_async (ExtensionHostProcess *self,
                                               guint64               after,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostTransition *extension_host_process_wait_change_finish (ExtensionHostProcess  *self,
                                                                    GAsyncResult          *result,
                                                                    GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_pause (ExtensionHostProcess  *self,
                                       GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_resume (ExtensionHostProcess  *self,
                                        GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_quarantine (ExtensionHostProcess  *self,
                                            GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_release (ExtensionHostProcess  *self,
                                         GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_reset (ExtensionHostProcess  *self,
                                       GError               **error);

/* Messages */

/**
 * ExtensionHostMethodFunc:
 * @process: the host that calls
 * @invocation: what to answer with; keep a reference to answer later
 * @user_data: data given with the method
 *
 * Answers a request of a host.
 *
 * Since: 0.1
 */
typedef void (*ExtensionHostMethodFunc) (ExtensionHostProcess    *process,
                                         ExtensionHostInvocation *invocation,
                                         gpointer                 user_data);

EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_call_async (ExtensionHostProcess *self,
                                        const char           *method,
                                        JsonNode             *params,
                                        guint                 timeout_ms,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
JsonNode *extension_host_process_call_finish (ExtensionHostProcess  *self,
                                              GAsyncResult          *result,
                                              GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
JsonNode *extension_host_process_call (ExtensionHostProcess  *self,
                                       const char            *method,
                                       JsonNode              *params,
                                       guint                  timeout_ms,
                                       GCancellable          *cancellable,
                                       GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_call_bytes_async (ExtensionHostProcess *self,
                                              const char           *method,
                                              GBytes               *params,
                                              guint                 timeout_ms,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              user_data);
EXTENSION_HOST_AVAILABLE_IN_0_1
GBytes *extension_host_process_call_bytes_finish (ExtensionHostProcess  *self,
                                                  GAsyncResult          *result,
                                                  GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
GBytes *extension_host_process_call_bytes (ExtensionHostProcess  *self,
                                           const char            *method,
                                           GBytes                *params,
                                           guint                  timeout_ms,
                                           GCancellable          *cancellable,
                                           GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostCallFailure *extension_host_process_get_call_failure (ExtensionHostProcess *self,
                                                                   GAsyncResult         *result);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_send_notification (ExtensionHostProcess  *self,
                                                   const char            *method,
                                                   JsonNode              *params,
                                                   GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
void extension_host_process_add_method (ExtensionHostProcess    *self,
                                        const char              *method,
                                        const char              *capability,
                                        ExtensionHostMethodFunc  func,
                                        gpointer                 user_data,
                                        GDestroyNotify           destroy);

/* What is known of the host */
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_process_get_id (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_process_get_name (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_process_get_kind (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostSpec *extension_host_process_get_spec (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostState extension_host_process_get_state (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostDesired extension_host_process_get_desired (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostControl extension_host_process_get_control (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostReadiness extension_host_process_get_readiness (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_process_get_pid (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_process_get_generation (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_process_get_restart_count (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
GVariant *extension_host_process_get_restart_budget (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_process_get_sequence (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_process_get_state_since (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_get_pending_restart (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_process_get_next_restart (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExit *extension_host_process_get_last_exit (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
GVariant *extension_host_process_get_last_control_failure (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_process_get_stale_events (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_process_get_protocol_errors (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint extension_host_process_get_pending_calls (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_process_get_queued_bytes (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostHealth *extension_host_process_get_last_health (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
gint64 extension_host_process_get_latency (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
guint64 extension_host_process_get_rss (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
double extension_host_process_get_cpu_percent (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
const char *extension_host_process_get_status_text (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
double extension_host_process_get_progress (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
GVariant *extension_host_process_dup_log (ExtensionHostProcess *self,
                                          guint                 max);
EXTENSION_HOST_AVAILABLE_IN_0_1
GPtrArray *extension_host_process_dup_history (ExtensionHostProcess *self);
EXTENSION_HOST_AVAILABLE_IN_0_1
GVariant *extension_host_process_describe (ExtensionHostProcess *self);

EXTENSION_HOST_AVAILABLE_IN_0_1
ExtensionHostExtension *extension_host_process_add_extension (ExtensionHostProcess  *self,
                                                             const char            *id,
                                                             const char            *path,
                                                             GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
gboolean extension_host_process_remove_extension (ExtensionHostProcess  *self,
                                                  const char            *id,
                                                  GError               **error);
EXTENSION_HOST_AVAILABLE_IN_0_1
GListModel *extension_host_process_get_extensions (ExtensionHostProcess *self);

G_END_DECLS
