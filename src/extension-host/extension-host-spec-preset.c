/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "extension-host-spec-private.h"

#define CLIENT "\"name\":\"extension-host\",\"version\":\"" EXTENSION_HOST_VERSION_S "\""
#define MCP_2026_PARAMS \
  "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," \
  "\"io.modelcontextprotocol/clientInfo\":{" CLIENT "}," \
  "\"io.modelcontextprotocol/clientCapabilities\":{}}}"

static const ExtensionHostPreset presets[] = {
  [EXTENSION_HOST_PROTOCOL_PLAIN] = {
    .framing = EXTENSION_HOST_FRAMING_LINES,
    .ready_mode = EXTENSION_HOST_READY_MODE_SPAWNED,
    .health_method = "ping",
    .cancel_method = "$/cancelRequest", .cancel_id = "id",
    .shutdown_method = "shutdown",
  },
  [EXTENSION_HOST_PROTOCOL_MCP] = {
    .framing = EXTENSION_HOST_FRAMING_LINES,
    .ready_mode = EXTENSION_HOST_READY_MODE_HANDSHAKE,
    .handshake_method = "initialize",
    .handshake_params = "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
                        "\"clientInfo\":{" CLIENT "}}",
    .handshake_done = "notifications/initialized",
    .health_method = "ping",
    .cancel_method = "notifications/cancelled", .cancel_id = "requestId",
    .cancel_reason = "reason",
  },
  [EXTENSION_HOST_PROTOCOL_MCP_2026] = {
    .framing = EXTENSION_HOST_FRAMING_LINES,
    .ready_mode = EXTENSION_HOST_READY_MODE_HANDSHAKE,
    .handshake_method = "server/discover",
    .handshake_params = MCP_2026_PARAMS,
    .health_method = "server/discover",
    .probe_params = MCP_2026_PARAMS,
    .cancel_method = "notifications/cancelled", .cancel_id = "requestId",
    .cancel_reason = "reason",
  },
  [EXTENSION_HOST_PROTOCOL_LSP] = {
    .framing = EXTENSION_HOST_FRAMING_CONTENT_LENGTH,
    .ready_mode = EXTENSION_HOST_READY_MODE_HANDSHAKE,
    .handshake_method = "initialize",
    .handshake_params = "{\"processId\":null,\"clientInfo\":{" CLIENT "},"
                        "\"rootUri\":null,\"capabilities\":{}}",
    .handshake_done = "initialized", .handshake_done_params = "{}",
    .health_method = "$/ping",
    .cancel_method = "$/cancelRequest", .cancel_id = "id",
    .shutdown_method = "shutdown",
    .exit_method = "exit",
  },
  [EXTENSION_HOST_PROTOCOL_NONE] = {
    .framing = EXTENSION_HOST_FRAMING_LINES,
    .ready_mode = EXTENSION_HOST_READY_MODE_SPAWNED,
  },
};

const ExtensionHostPreset *
extension_host_spec_get_preset (ExtensionHostSpec *self)
{
  g_assert ((guint) self->protocol < G_N_ELEMENTS (presets));

  return &presets[self->protocol];
}

gboolean
extension_host_spec_has_messages (ExtensionHostSpec *self)
{
  return self->protocol != EXTENSION_HOST_PROTOCOL_NONE;
}

gboolean
extension_host_spec_uses_ipc (ExtensionHostSpec *self)
{
  return self->transport == EXTENSION_HOST_TRANSPORT_NODE_IPC &&
         extension_host_spec_has_messages (self);
}

/* Node writes one object per line whatever the protocol of the objects is. */
ExtensionHostFraming
extension_host_spec_get_framing (ExtensionHostSpec *self)
{
  if (self->transport == EXTENSION_HOST_TRANSPORT_NODE_IPC)
    return EXTENSION_HOST_FRAMING_LINES;
  if (self->framing == EXTENSION_HOST_FRAMING_BY_PROTOCOL)
    return extension_host_spec_get_preset (self)->framing;

  return self->framing;
}

ExtensionHostReadyMode
extension_host_spec_get_ready_mode (ExtensionHostSpec *self)
{
  if (self->ready_mode == EXTENSION_HOST_READY_MODE_BY_PROTOCOL)
    return extension_host_spec_get_preset (self)->ready_mode;

  return self->ready_mode;
}

/* NULL = as the preset says; empty = none */
static const char *
resolve (const char *own,
         const char *preset)
{
  if (own == NULL)
    return preset;

  return *own != '\0' ? own : NULL;
}

/* NULL, too, when the handshake is left to the application */
const char *
extension_host_spec_get_handshake_method (ExtensionHostSpec *self)
{
  if (extension_host_spec_get_ready_mode (self) != EXTENSION_HOST_READY_MODE_HANDSHAKE)
    return NULL;

  return extension_host_spec_get_preset (self)->handshake_method;
}

const char *
extension_host_spec_get_health_method (ExtensionHostSpec *self)
{
  if (self->protocol == EXTENSION_HOST_PROTOCOL_NONE)
    return NULL;

  return resolve (self->health_method, extension_host_spec_get_preset (self)->health_method);
}

const char *
extension_host_spec_get_shutdown_method (ExtensionHostSpec *self)
{
  if (self->protocol == EXTENSION_HOST_PROTOCOL_NONE)
    return NULL;

  return resolve (self->shutdown_method, extension_host_spec_get_preset (self)->shutdown_method);
}

/* JSON has line breaks between its tokens only; in a message they would end the line. */
static char *
dup_in_one_line (const char *json)
{
  return json != NULL ? g_strdelimit (g_strdup (json), "\r\n", ' ') : NULL;
}

char *
extension_host_spec_dup_handshake_params (ExtensionHostSpec *self)
{
  return dup_in_one_line (resolve (self->handshake_params,
                                   extension_host_spec_get_preset (self)->handshake_params));
}

char *
extension_host_spec_dup_probe_params (ExtensionHostSpec *self)
{
  return dup_in_one_line (resolve (self->probe_params,
                                   extension_host_spec_get_preset (self)->probe_params));
}
