// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lines for the log of the application, with the extension that they are of.

import { currentScope } from './scope.mjs';

// An extension that writes in an endless loop leaves the application no chance to read. More than this is not
// kept for it.
const QUEUED_MAX = 64 * 1024 * 1024;

export class Log {
  #peer;
  #dropped = 0;

  constructor(peer) {
    this.#peer = peer;
  }

  write(level, text, extension = currentScope()?.extension) {
    for (const line of text.replace(/\n$/, '').split('\n'))
      this.#writeLine(level, line, extension);
  }

  #writeLine(level, text, extension) {
    if (this.#peer.queued > QUEUED_MAX) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      const count = this.#dropped;

      this.#dropped = 0;
      this.write('warning', `${count} lines of log were dropped: nobody read them`, undefined);
    }
    this.#peer.notify('host/log', { level, text, extension: extension?.id });
  }
}
