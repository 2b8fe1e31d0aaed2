// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whose code is running. A scope follows an extension into its promises, timers and callbacks:
// { extension, job }, where job is the request of the application that the extension works on.

import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage();

export function runIn(scope, fn) {
  return storage.run(scope, fn);
}

export function currentScope() {
  return storage.getStore();
}
