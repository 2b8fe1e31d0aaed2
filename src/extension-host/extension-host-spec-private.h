/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-spec.h"

G_BEGIN_DECLS

/* Read by the rest of the library, written by extension-host-spec*.c only. Strings may be NULL,
 * lists never are. The table in extension-host-spec-table.c has one row per field. */
struct _ExtensionHostSpec
{
  GObject parent_instance;

  char *id;
  char *name;
  char *kind;
  char **argv;
  char *working_directory;
  char **environment;
  gboolean clear_environment;
  ExtensionHostTransport transport;
  ExtensionHostProtocol protocol;
  ExtensionHostFraming framing;
  ExtensionHostReadyMode ready_mode;
  char *handshake_params;
  char *probe_params;
  guint start_timeout;
  guint health_interval;
  guint health_timeout;
  guint health_failures;
  char *health_method;
  guint64 memory_limit;
  ExtensionHostRestartPolicy restart;
  guint max_restarts;
  guint restart_window;
  guint backoff_initial;
  double backoff_factor;
  guint backoff_max;
  double backoff_jitter;
  char **no_restart_exits;
  char *shutdown_method;
  guint ack_timeout;
  guint exit_timeout;
  guint term_timeout;
  guint kill_timeout;
  guint request_timeout;
  guint max_pending;
  guint max_inbound;
  guint max_message_size;
  guint max_write_queue;
  guint max_protocol_errors;
  guint log_lines;
  char **capabilities;
  char **after;
  char *group;
  gboolean no_new_privs;
  guint64 limit_address_space;
  guint64 limit_files;
  guint64 limit_processes;
  guint64 limit_core;
  int nice;
  int oom_score_adj;
  int umask;
};

/* What a protocol stands for. NULL = it has none. */
typedef struct
{
  ExtensionHostFraming framing;
  ExtensionHostReadyMode ready_mode;
  const char *handshake_method;   /* a request */
  const char *handshake_params;
  const char *handshake_done;     /* a notification, sent when the request was answered */
  const char *handshake_done_params;
  const char *health_method;      /* a request */
  const char *probe_params;
  const char *cancel_method;      /* a notification */
  const char *cancel_id;          /* its member that holds the id of the request */
  const char *cancel_reason;      /* its member that holds the reason */
  const char *shutdown_method;    /* a request */
  const char *exit_method;        /* a notification, sent when the request was answered */
} ExtensionHostPreset;

ExtensionHostSpec         *extension_host_spec_copy                 (ExtensionHostSpec     *self);
const char                *extension_host_spec_get_name             (ExtensionHostSpec     *self);
char                     **extension_host_spec_dup_environ          (ExtensionHostSpec     *self);

/* Whether there are messages at all, and whether they go over a socket of their own. */
gboolean                   extension_host_spec_has_messages         (ExtensionHostSpec     *self);
gboolean                   extension_host_spec_uses_ipc             (ExtensionHostSpec     *self);

/* The properties that may be left to the protocol, resolved. */
const ExtensionHostPreset *extension_host_spec_get_preset           (ExtensionHostSpec     *self);
ExtensionHostFraming       extension_host_spec_get_framing          (ExtensionHostSpec     *self);
ExtensionHostReadyMode     extension_host_spec_get_ready_mode       (ExtensionHostSpec     *self);
const char                *extension_host_spec_get_handshake_method (ExtensionHostSpec     *self);
const char                *extension_host_spec_get_health_method    (ExtensionHostSpec     *self);
const char                *extension_host_spec_get_shutdown_method  (ExtensionHostSpec     *self);
char                      *extension_host_spec_dup_handshake_params (ExtensionHostSpec     *self);
char                      *extension_host_spec_dup_probe_params     (ExtensionHostSpec     *self);

/* Whether no-restart-exits lists such an end. The value is an exit status or a signal. */
gboolean                   extension_host_spec_is_final_exit        (ExtensionHostSpec     *self,
                                                                     ExtensionHostExitKind  kind,
                                                                     int                    value);

G_END_DECLS
