// SPDX-License-Identifier: LGPL-2.1-or-later

export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const EXTENSION_FAILED = -32000;
export const CANCELLED = -32800;

// What the runtime itself answers. Whatever else is thrown was thrown by an extension.
export class RpcError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// What the application answered to a call of an extension.
export class ApplicationError extends Error {
  constructor({ code, message, data }) {
    super(String(message));
    this.name = 'ApplicationError';
    this.code = code;
    this.data = data;
  }
}

// Anything can be thrown, also what throws when it is looked at.
function attempt(fn, fallback) {
  try {
    return fn();
  } catch {
    return fallback;
  }
}

const isError = (thrown) => typeof thrown === 'object' && thrown !== null && 'message' in thrown;

export function messageOf(thrown) {
  return attempt(() => String(isError(thrown) ? thrown.message : thrown), 'unknown error');
}

export function stackOf(thrown) {
  return attempt(() => (typeof thrown?.stack === 'string' ? thrown.stack : undefined), undefined);
}

// A command finds fault with its arguments: the caller has made the mistake, and no stack helps him. What the
// application answered to the command, and was not caught there, is the command's own mistake.
function isComplaint(thrown) {
  return !(thrown instanceof ApplicationError) && attempt(() => thrown?.code === INVALID_PARAMS, false);
}

export function toReply(thrown) {
  if (thrown instanceof RpcError)
    return { code: thrown.code, message: thrown.message };
  if (isComplaint(thrown))
    return { code: INVALID_PARAMS, message: messageOf(thrown) };
  return { code: EXTENSION_FAILED, message: messageOf(thrown), data: { stack: stackOf(thrown) } };
}
