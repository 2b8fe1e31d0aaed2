// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What an extension is given: its own face of the host.

function expect(condition, message) {
  if (!condition)
    throw new TypeError(message);
}

function checkMessage(method, params) {
  expect(typeof method === 'string', 'The method has to be a string');
  expect(params === undefined || (typeof params === 'object' && params !== null),
    'The params have to be an object, an array or left out');
}

export function makeContext(extension, peer, log) {
  return Object.freeze({
    id: extension.id,
    path: extension.path,
    signal: extension.signal,

    registerCommand(name, fn) {
      expect(typeof name === 'string' && name !== '', 'The name of a command has to be a string');
      expect(typeof fn === 'function', `The command “${name}” has to be a function`);
      extension.register(name, fn);
    },

    async call(method, params, { timeout, signal } = {}) {
      checkMessage(method, params);
      return extension.withAbort(signal, (either) => peer.call(method, params, { timeout, signal: either }));
    },

    notify(method, params) {
      checkMessage(method, params);
      peer.notify(method, params);
    },

    log(level, text) {
      log.write(String(level), String(text), extension);
    },

    status(text, progress) {
      peer.notify('host/status', { text: String(text), progress });
    },
  });
}
